//! The terminal while an episode is shown: raw mode, keys, redrawing, and forking on request.

use std::io::{Stdout, stdin, stdout};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use coevo_loop::fork::{Change, Then};
use coevo_trace::{NewBranch, RunFile, split_branch};
use ratatui::Terminal;
use ratatui::backend::TermionBackend;
use ratatui::termion::event::Key;
use ratatui::termion::input::TermRead;
use ratatui::termion::raw::{IntoRawMode, RawTerminal};
use ratatui::termion::screen::{AlternateScreen, IntoAlternateScreen};

use super::app::{App, Otherwise, Wish};
use super::breakpoint::Breakpoint;
use super::view::View;
use super::{draw, open};
use crate::command::Failure;

type Screen = Terminal<TermionBackend<AlternateScreen<RawTerminal<Stdout>>>>;

/// How often the screen is drawn without a key: it may have another size.
const PATIENCE: Duration = Duration::from_millis(250);

/// Shows an episode at the terminal until the user quits.
///
/// # Errors
/// Where the run or the episode cannot be read, or the terminal cannot be used.
pub fn show(run: &RunFile, id: &str, breakpoints: Vec<Breakpoint>) -> Result<(), Failure> {
    let mut app = App::new(open(run, id)?, breakpoints);
    // Leaving the screen and raw mode is in their drops, so that a panic leaves a usable terminal, too.
    let screen = stdout().into_raw_mode().and_then(IntoAlternateScreen::into_alternate_screen).map_err(unusable)?;
    let mut screen: Screen = Terminal::new(TermionBackend::new(screen)).map_err(unusable)?;
    screen.hide_cursor().map_err(unusable)?;
    let shown = drive(&mut screen, &mut app, run, &keys());
    let _ = screen.show_cursor();
    shown
}

fn unusable(error: std::io::Error) -> Failure {
    Failure::bad_input(format!("this terminal cannot be used: {error}\n  hint: --print writes the same as plain text"))
}

/// Keys as they are pressed. The thread that reads them ends with the process.
fn keys() -> Receiver<Key> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for key in stdin().keys().map_while(Result::ok) {
            if send.send(key).is_err() {
                break;
            }
        }
    });
    receive
}

fn drive(screen: &mut Screen, app: &mut App, run: &RunFile, keys: &Receiver<Key>) -> Result<(), Failure> {
    loop {
        screen.draw(|frame| draw::draw(frame, app)).map_err(unusable)?;
        let key = match keys.recv_timeout(PATIENCE) {
            Ok(key) => key,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        match app.key(key) {
            Some(Wish::Quit) => return Ok(()),
            Some(Wish::Fork(how)) => fork(app, run, how),
            None => {}
        }
    }
}

/// Plays the episode otherwise from the moment shown on; opens the branch, which is kept in the run where it can be written.
fn fork(app: &mut App, run: &RunFile, how: Otherwise) {
    let Some(moment) = app.moment() else { return };
    let view = app.view();
    let place = view.place(moment);
    let (change, how) = match how {
        Otherwise::Text(text) => {
            let skip = usize::from(moment.step.is_some());
            (Change::texts(place, skip, vec![text.clone()]), format!("{text}, then recorded"))
        }
        Otherwise::Oracle => (Change::then(place, Then::Reference), "oracle".to_owned()),
    };
    let record = match view.case.fork(&view.record.episode, change) {
        Ok(record) => record,
        Err(divergence) => {
            app.message = format!("cannot fork here: {divergence}");
            return;
        }
    };
    let (episode, parent) = split_branch(&view.name);
    let new = NewBranch { parent, turn: place.turn, step: place.step, how: &how, record: &record };
    let (episode, case) = (episode.to_owned(), view.case.clone().fitted(&record.episode));
    let kept = RunFile::open_to_annotate(run.folder()).and_then(|mut file| {
        let summary = file.find_episode(&episode)?;
        file.add_branch(&summary, &new)
    });
    let (name, says) = match kept {
        Ok(number) => (format!("{episode}~{number}"), format!("kept as {episode}~{number}; u goes back")),
        Err(error) => (format!("{episode} (branch)"), format!("not kept: {}", first_line(&error.to_string()))),
    };
    let branch = View::new(name, record, case, view.tokenizer.clone());
    app.open(branch, moment);
    app.message = says;
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
