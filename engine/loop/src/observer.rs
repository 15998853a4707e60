//! What a run tells those who watch it. Nothing that an observer does can reach a result.

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A stage of an arm begins; `total` units of work follow (0 where unknown).
    Began { arm: &'a str, what: Activity, round: u32, rounds: u32, total: usize },
    /// Units of the current stage done so far.
    Progress { done: usize },
    /// A stage ended; the line says what came of it.
    Ended { arm: &'a str, line: &'a str },
    /// Worth a line of its own.
    Note(&'a str),
}

/// What a stage does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    Demonstrate,
    Imitate,
    Rollout,
    Learn,
    Evaluate,
    Probe,
    Test,
    Transfer,
    Replay,
}

impl Activity {
    pub fn name(self) -> &'static str {
        match self {
            Activity::Demonstrate => "demonstrate",
            Activity::Imitate => "imitate",
            Activity::Rollout => "rollout",
            Activity::Learn => "learn",
            Activity::Evaluate => "evaluate",
            Activity::Probe => "probe",
            Activity::Test => "test",
            Activity::Transfer => "transfer",
            Activity::Replay => "replay",
        }
    }
}

/// Whoever watches. Arms that run side by side tell it in turn.
pub trait Observer: Send {
    fn event(&mut self, event: &Event<'_>);
}

/// Watches nothing.
pub struct Silent;

impl Observer for Silent {
    fn event(&mut self, _event: &Event<'_>) {}
}
