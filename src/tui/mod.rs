//! `coevo replay RUN EPISODE` at a terminal: time travel through one episode, every state computed by re-execution in the
//! sandbox and checked against the recorded hash.
//!
//! `view` holds the episode and its re-execution, `panes` says what is known of a moment as rows of text, `app` turns keys
//! into positions, `draw` puts rows on the screen, `terminal` owns it, and `print` writes the same rows for pipes.

#[cfg(unix)]
mod app;
mod breakpoint;
#[cfg(unix)]
mod draw;
mod panes;
mod print;
mod rows;
mod state;
#[cfg(unix)]
mod terminal;
mod view;

use std::sync::Arc;

use coevo_agents::Tokenizer;
use coevo_core::episode::Episode;
use coevo_loop::recorded::Recorded;
use coevo_trace::{RunFile, split_branch};

pub use breakpoint::Breakpoint;
#[cfg(unix)]
pub use terminal::show;

use view::View;

use crate::command::Failure;

/// An episode, or a branch of one, executed again.
fn open(run: &RunFile, id: &str) -> Result<View, Failure> {
    let (summary, record) = run.record_of(id)?;
    let recorded = Recorded::open(run)?;
    let case = recorded.case(&record.episode)?.fitted(&record.episode);
    let name = match split_branch(id) {
        (_, Some(number)) => format!("{}~{number}", summary.name),
        (_, None) => summary.name,
    };
    let tokenizer = tokenizer(run, &record.episode);
    Ok(View::new(name, record, case, tokenizer))
}

/// The tokenizer of the policy that played; without one, tokens are shown by number.
fn tokenizer(run: &RunFile, episode: &Episode) -> Option<Arc<Tokenizer>> {
    if episode.tokens.ids.is_empty() {
        return None;
    }
    let keys = run.checkpoints().ok()?;
    // All arms of a run share the warm start's tokenizer, unless they have warm starts of their own.
    let key = keys.iter().find(|key| key.arm == episode.key.arm).or(keys.first())?;
    let file = run.checkpoint(key).ok()?.into_iter().find(|file| file.name == "tokenizer.json")?;
    Tokenizer::from_json(std::str::from_utf8(&file.bytes).ok()?).ok().map(Arc::new)
}

/// The walk through an episode as plain text.
///
/// # Errors
/// Where the run or the episode cannot be read.
pub fn text(run: &RunFile, id: &str, breakpoints: &[Breakpoint]) -> Result<String, Failure> {
    Ok(print::print(&open(run, id)?, breakpoints))
}
