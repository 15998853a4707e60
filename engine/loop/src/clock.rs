//! The only clock of the loop. Times are shown and kept beside a run; none reaches a result.

use std::time::Instant;

/// Measures wall-clock time.
pub struct Stopwatch {
    begun: Instant,
    lap: Instant,
}

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "times are shown, never used in a result")]
    pub fn start() -> Self {
        let now = Instant::now();
        Self { begun: now, lap: now }
    }

    /// Since the start, in ms.
    pub fn elapsed_ms(&self) -> f64 {
        self.begun.elapsed().as_secs_f64() * 1000.0
    }

    /// Since the last call, or the start, in ms.
    #[expect(clippy::disallowed_methods, reason = "times are shown, never used in a result")]
    pub fn lap_ms(&mut self) -> f64 {
        let now = Instant::now();
        let lap = now - self.lap;
        self.lap = now;
        lap.as_secs_f64() * 1000.0
    }
}
