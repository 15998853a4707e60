//! The whole walk through an episode as plain text: what the panes say, moment by moment.

use std::fmt::Write;

use super::breakpoint::Breakpoint;
use super::panes::{Pane, conversation};
use super::rows::{Row, plain, wrap};
use super::view::{Moment, View};

/// Width of the text.
const WIDTH: usize = 100;

/// Every moment, or those at which a breakpoint holds.
pub fn print(view: &View, breakpoints: &[Breakpoint]) -> String {
    let episode = &view.record.episode;
    let mut out = format!(
        "{} | task {} ({}) | agent {} | interface {}\n",
        view.name, episode.task_id, episode.category, episode.agent, episode.interface
    );
    if let Some(divergence) = &view.divergence {
        let _ = writeln!(out, "re-execution left the record: {divergence}");
    }
    let mut said = 0;
    for moment in &view.moments {
        if !breakpoints.is_empty() && !breakpoints.iter().any(|breakpoint| breakpoint.holds(view, *moment)) {
            continue;
        }
        let _ = writeln!(out, "\n=== {}", place(*moment));
        let rows = conversation(view, *moment);
        // Without breakpoints only what is new since the last moment; with them, all of it.
        let from = if breakpoints.is_empty() { said } else { 0 };
        section(&mut out, Pane::Conversation.title(), rows.get(from..).unwrap_or_default());
        said = rows.len();
        for pane in [Pane::Step, Pane::State] {
            section(&mut out, pane.title(), &pane.rows(view, *moment, false));
        }
        if moment.step.is_some() {
            section(&mut out, Pane::Tokens.title(), &Pane::Tokens.rows(view, *moment, false));
        }
        let turn = &episode.turns[moment.turn];
        let over = moment.step.map_or(0, |step| step + 1) == turn.steps.len();
        if over || !breakpoints.is_empty() {
            section(&mut out, Pane::Diagnosis.title(), &Pane::Diagnosis.rows(view, *moment, false));
        }
    }
    out
}

/// `turn 2, step 1`, as people count.
pub fn place(moment: Moment) -> String {
    match moment.step {
        None => format!("turn {}, the user speaks", moment.turn + 1),
        Some(step) => format!("turn {}, step {}", moment.turn + 1, step + 1),
    }
}

fn section(out: &mut String, title: &str, rows: &[Row]) {
    let _ = writeln!(out, "--- {title}");
    for row in wrap(rows, WIDTH) {
        let _ = writeln!(out, "{}", plain(&row).trim_end());
    }
}
