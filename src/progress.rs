//! Progress on standard error: a bar with rate and time left at a terminal, plain lines in a pipe.

use std::io::IsTerminal;
use std::time::Duration;

use coevo_loop::observer::{Event, Observer};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows what a run is doing.
pub struct Progress {
    bar: ProgressBar,
    terminal: bool,
    title: String,
}

impl Progress {
    pub fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self { bar, terminal, title: String::new() }
    }

    fn line(&self, text: &str) {
        if self.terminal {
            self.bar.suspend(|| eprintln!("{text}"));
        } else {
            eprintln!("{text}");
        }
    }
}

impl Observer for Progress {
    fn event(&mut self, event: &Event<'_>) {
        match *event {
            Event::Began { arm, what, round, rounds, total } => {
                self.title = if rounds > 0 {
                    format!("{arm} {round}/{rounds} {}", what.name())
                } else {
                    format!("{arm} {}", what.name())
                };
                self.bar.finish_and_clear();
                if self.terminal {
                    self.bar = ProgressBar::new(total as u64);
                    self.bar.set_draw_target(ProgressDrawTarget::stderr());
                    let style = "{msg:32} {bar:28} {pos}/{len} {per_sec:>12} eta {eta}";
                    self.bar.set_style(ProgressStyle::with_template(style).expect("a valid template"));
                    self.bar.set_message(self.title.clone());
                    self.bar.enable_steady_tick(Duration::from_millis(500));
                }
            }
            Event::Progress { done } => self.bar.set_position(done as u64),
            Event::Ended { arm, line } => {
                self.bar.finish_and_clear();
                self.line(&format!("{arm:>12}  {line}"));
            }
            Event::Note(line) => self.line(line),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
