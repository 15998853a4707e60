//! What the terminal view knows and how keys change it. No terminal here: tests press keys and look at what came of them.

use coevo_core::label::Label;
use coevo_core::protocol::split_thoughts;
use ratatui::termion::event::Key;

use super::breakpoint::Breakpoint;
use super::panes::Pane;
use super::print::place;
use super::rows::plain;
use super::view::{Moment, View};

/// What a key asks of whoever owns the terminal and the run.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    Quit,
    /// Play the episode otherwise from the moment shown on.
    Fork(Otherwise),
}

/// How an episode is played otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum Otherwise {
    /// This text instead of the recorded one, then the recorded rest.
    Text(String),
    /// The reference goes on.
    Oracle,
}

/// What is being typed on the last line.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    pub asks: Asks,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    Search,
    Break,
    Label,
    Fork,
}

/// The view of one episode, and of the branches forked from it.
pub struct App {
    /// The episode, and after it each branch opened from the one before.
    views: Vec<View>,
    /// Where each view of `views` was left.
    cursors: Vec<usize>,
    pub focus: Pane,
    /// Lines scrolled in the focused pane; absent: where the pane wants to be.
    pub scroll: Option<usize>,
    /// First line and number of lines of the focused pane, as last drawn.
    pub shown: (usize, usize),
    pub unfolded: bool,
    pub help: bool,
    pub prompt: Option<Prompt>,
    pub search: String,
    /// The label last asked for.
    pub label: String,
    pub breakpoints: Vec<Breakpoint>,
    /// One line for the user.
    pub message: String,
}

impl App {
    pub fn new(view: View, breakpoints: Vec<Breakpoint>) -> Self {
        let mut app = Self {
            views: vec![view],
            cursors: vec![0],
            focus: Pane::Conversation,
            scroll: None,
            shown: (0, 0),
            unfolded: false,
            help: false,
            prompt: None,
            search: String::new(),
            label: String::new(),
            breakpoints,
            message: String::new(),
        };
        if !app.breakpoints.is_empty() && !app.stops_here(0) {
            app.go_on();
        }
        app
    }

    pub fn view(&self) -> &View {
        self.views.last().expect("the episode stays")
    }

    pub fn cursor(&self) -> usize {
        *self.cursors.last().expect("one for each view")
    }

    /// `None` for an episode without turns.
    pub fn moment(&self) -> Option<Moment> {
        self.view().moments.get(self.cursor()).copied()
    }

    /// Shows a branch; `u` goes back.
    pub fn open(&mut self, branch: View, at: Moment) {
        let cursor = branch.moments.iter().position(|moment| *moment == at).unwrap_or(0);
        self.views.push(branch);
        self.cursors.push(cursor);
        self.scroll = None;
    }

    fn jump(&mut self, to: Option<usize>, otherwise: &str) {
        match to {
            Some(to) if to < self.view().moments.len() => {
                *self.cursors.last_mut().expect("one for each view") = to;
                self.scroll = None;
            }
            _ => self.message = otherwise.to_owned(),
        }
    }

    fn stops_here(&self, at: usize) -> bool {
        let view = self.view();
        view.moments.get(at).is_some_and(|moment| self.breakpoints.iter().any(|point| point.holds(view, *moment)))
    }

    /// To the next moment at which a breakpoint holds.
    fn go_on(&mut self) {
        if self.breakpoints.is_empty() {
            self.message = "no breakpoint is set: B sets one".to_owned();
            return;
        }
        let next = (self.cursor() + 1..self.view().moments.len()).find(|at| self.stops_here(*at));
        let first = (self.cursor() == 0 && next.is_none() && self.stops_here(0)).then_some(0);
        self.jump(next.or(first), "no breakpoint holds after this");
        if let (Some(_), Some(moment)) = (next, self.moment()) {
            let view = self.view();
            let point = self.breakpoints.iter().find(|point| point.holds(view, moment));
            self.message = point.map_or(String::new(), |point| format!("stopped at {}", point.text));
        }
    }

    fn turn(&mut self, ahead: bool) {
        let here = self.moment().map_or(0, |moment| moment.turn);
        let moments = &self.view().moments;
        let to = if ahead {
            moments.iter().position(|moment| moment.turn == here + 1)
        } else {
            let begin = moments.iter().position(|moment| moment.turn == here).unwrap_or(0);
            let wanted = if self.cursor() > begin { here } else { here.saturating_sub(1) };
            moments.iter().position(|moment| moment.turn == wanted)
        };
        self.jump(to, "that was the last turn");
    }

    /// The next moment, cyclically, of which some pane says the searched text.
    fn find(&mut self, ahead: bool) {
        let wanted = self.search.to_lowercase();
        if wanted.is_empty() {
            self.message = "nothing to search for: / asks".to_owned();
            return;
        }
        let view = self.view();
        let count = view.moments.len();
        let order = (1..=count).map(|by| (self.cursor() + if ahead { by } else { count - by % count }) % count);
        let says = |at: &usize| {
            let moment = view.moments[*at];
            let turn = &view.record.episode.turns[moment.turn];
            let said = match moment.step {
                None => turn.user.to_lowercase(),
                Some(step) => {
                    let step = &turn.steps[step];
                    format!("{}\n{}\n{}", step.text, step.observation, step.cue).to_lowercase()
                }
            };
            let diagnosed =
                || Pane::Diagnosis.rows(view, moment, false).iter().map(plain).collect::<Vec<_>>().join("\n");
            said.contains(&wanted) || moment.step.is_none() && diagnosed().to_lowercase().contains(&wanted)
        };
        let to = order.into_iter().find(says);
        let missing = format!("nothing says `{}`", self.search);
        self.jump(to, &missing);
    }

    /// To the next turn, cyclically, with the label that was asked for. The beginning of its name is enough.
    fn jump_to_label(&mut self) {
        let wanted = self.label.trim().to_lowercase().replace([' ', '-'], "_");
        let known: Vec<&str> = Label::all().map(Label::name).filter(|name| name.starts_with(&wanted)).collect();
        if wanted.is_empty() || known.is_empty() {
            let all: Vec<&str> = Label::all().map(Label::name).collect();
            self.message = format!("no label begins with `{}`: {}", self.label, all.join(", "));
            return;
        }
        let view = self.view();
        let turns = view.record.episode.turns.len();
        let here = self.moment().map_or(0, |moment| moment.turn);
        let mut order = (1..=turns).map(|ahead| (here + ahead) % turns);
        let turn = order.find(|turn| view.label(*turn).is_some_and(|label| known.contains(&label.name())));
        let to = turn.and_then(|turn| view.moments.iter().position(|moment| moment.turn == turn));
        let missing = format!("no turn of this episode is labelled {}", known.join(" or "));
        self.jump(to, &missing);
    }

    /// What a key does.
    pub fn key(&mut self, key: Key) -> Option<Wish> {
        self.message.clear();
        if key == Key::Ctrl('c') {
            return Some(Wish::Quit);
        }
        if self.prompt.is_some() {
            return self.typed(key);
        }
        if self.help {
            self.help = false;
            return None;
        }
        let cursor = self.cursor();
        match key {
            Key::Char('q') => return Some(Wish::Quit),
            Key::Char('?') => self.help = true,
            Key::Right | Key::Char(' ' | 'l') => self.jump(Some(cursor + 1), "this is the end"),
            Key::Left | Key::Char('h') => self.jump(cursor.checked_sub(1), "this is the beginning"),
            Key::Home | Key::Char('g') => self.jump(Some(0), ""),
            Key::End | Key::Char('G') => self.jump(self.view().moments.len().checked_sub(1), ""),
            Key::Char(']') => self.turn(true),
            Key::Char('[') => self.turn(false),
            Key::Char('f') => self.jump(self.view().first_failing(), "no turn of this episode failed"),
            Key::Char('e') => self.jump(self.view().next_failing(cursor), "no turn of this episode failed"),
            Key::Char('b') => self.go_on(),
            Key::Char('n') => self.find(true),
            Key::Char('N') => self.find(false),
            Key::Char('z') => self.unfolded = !self.unfolded,
            Key::Char('u') | Key::Esc => self.back(),
            Key::Char('/') => self.ask(Asks::Search, String::new()),
            Key::Char('B') => self.ask(Asks::Break, String::new()),
            // With the last one to begin with: L and Enter go on to the next of the same kind.
            Key::Char('L') => self.ask(Asks::Label, self.label.clone()),
            Key::Char('o') if self.moment().is_some() => return Some(Wish::Fork(Otherwise::Oracle)),
            Key::Char('c') => self.ask(Asks::Fork, self.recorded_text()),
            Key::Char(number @ '1'..='5') => self.focus_on(Pane::ALL[number as usize - '1' as usize]),
            Key::Down | Key::Char('j') => self.scroll = Some(self.shown.0 + 1),
            Key::Up | Key::Char('k') => self.scroll = Some(self.shown.0.saturating_sub(1)),
            Key::PageDown => self.scroll = Some(self.shown.0 + self.shown.1.max(1)),
            Key::PageUp => self.scroll = Some(self.shown.0.saturating_sub(self.shown.1.max(1))),
            Key::Char('\t') => self.focus_by(1),
            Key::BackTab => self.focus_by(Pane::ALL.len() - 1),
            _ => {}
        }
        None
    }

    fn back(&mut self) {
        if self.views.len() > 1 {
            self.views.pop();
            self.cursors.pop();
            self.scroll = None;
        } else {
            self.message = "this is the episode itself; q quits".to_owned();
        }
    }

    fn focus_on(&mut self, pane: Pane) {
        (self.focus, self.scroll) = (pane, None);
    }

    fn focus_by(&mut self, by: usize) {
        let here = Pane::ALL.iter().position(|pane| *pane == self.focus).unwrap_or(0);
        self.focus_on(Pane::ALL[(here + by) % Pane::ALL.len()]);
    }

    /// What was written at the moment shown, without its thoughts: the beginning of a substitute.
    fn recorded_text(&self) -> String {
        let turn =
            self.moment().and_then(|moment| Some((moment.step?, &self.view().record.episode.turns[moment.turn])));
        turn.map_or(String::new(), |(step, turn)| split_thoughts(&turn.steps[step].text).1.to_owned())
    }

    fn ask(&mut self, asks: Asks, text: String) {
        if asks == Asks::Fork && self.moment().is_none() {
            self.message = "there is no step to play otherwise".to_owned();
            return;
        }
        self.prompt = Some(Prompt { asks, text });
    }

    fn typed(&mut self, key: Key) -> Option<Wish> {
        let mut prompt = self.prompt.take()?;
        match key {
            Key::Esc => return None,
            Key::Char('\n') => return self.answered(prompt),
            Key::Backspace => drop(prompt.text.pop()),
            Key::Ctrl('u') => prompt.text.clear(),
            Key::Char(c) => prompt.text.push(c),
            _ => {}
        }
        self.prompt = Some(prompt);
        None
    }

    fn answered(&mut self, prompt: Prompt) -> Option<Wish> {
        match prompt.asks {
            Asks::Search => {
                self.search = prompt.text;
                if !self.search.is_empty() {
                    self.find(true);
                }
                None
            }
            Asks::Break => {
                match prompt.text.parse::<Breakpoint>() {
                    Ok(point) => {
                        self.breakpoints.push(point);
                        self.go_on();
                    }
                    Err(error) => self.message = error.lines().next().unwrap_or_default().to_owned(),
                }
                None
            }
            Asks::Label => {
                self.label = prompt.text;
                self.jump_to_label();
                None
            }
            Asks::Fork => Some(Wish::Fork(Otherwise::Text(prompt.text))),
        }
    }

    /// `episode, turn 2, step 1`.
    pub fn position(&self) -> String {
        self.moment().map_or("no turn was played".to_owned(), place)
    }
}
