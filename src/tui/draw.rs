//! The screen: one pane at a time in a small terminal, all of them in a large one.

use coevo_core::episode::Verdict;
use coevo_core::label::Label;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Paragraph};

use super::app::{App, Asks};
use super::panes::Pane;
use super::rows::{Row, Tone, plain, wrap};
use super::view::View;

/// From this size on all panes fit at once.
const LARGE: (u16, u16) = (120, 36);

const HELP: &str = " → space l   next step              f   first failing turn
 ← h         step before            e   next failing turn
 ] [         next turn, turn before L   next turn with a label
 g G         beginning, end         /   search, n N next and before
 1 … 5 tab   choose a pane          b   on to the next breakpoint
 ↑ ↓ j k     scroll it              B   set one: tool=NAME label=LABEL
 PgUp PgDn   scroll it by pages         reward<1 /json/pointer=value
 z           fold or unfold state   c   fork: play another text here
 u esc       back from a branch     o   fork: the oracle goes on here
                                    q   quit

 + lines were added by the evolved interface; everything else is the
 base environment's. States come from re-execution in the sandbox and
 are checked against the recorded hashes.";

pub fn style(tone: Tone) -> Style {
    let plain = Style::new();
    match tone {
        Tone::Plain => plain,
        Tone::Dim => plain.fg(Color::DarkGray),
        Tone::Strong => plain.add_modifier(Modifier::BOLD),
        Tone::User => plain.fg(Color::Cyan),
        Tone::Agent => plain.add_modifier(Modifier::BOLD),
        Tone::Tool => plain,
        Tone::Error | Tone::Bad | Tone::Removed => plain.fg(Color::Red),
        Tone::Cue | Tone::Changed => plain.fg(Color::Yellow),
        Tone::Good | Tone::Added => plain.fg(Color::Green),
    }
}

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, app: &mut App) {
    let area = frame.area();
    let large = area.width >= LARGE.0 && area.height >= LARGE.1;
    let tabs = u16::from(!large);
    let [head, track, tab_row, body, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(tabs),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(area);
    frame.render_widget(header(app, head.width), head);
    frame.render_widget(timeline(app), track);
    if large {
        let [left, right] = Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)]).areas(body);
        let [top, middle, bottom] =
            Layout::vertical([Constraint::Fill(4), Constraint::Fill(5), Constraint::Fill(5)]).areas(right);
        let [below_left, below_right] =
            Layout::horizontal([Constraint::Percentage(58), Constraint::Percentage(42)]).areas(bottom);
        let places = [left, top, middle, below_left, below_right];
        for (pane, place) in Pane::ALL.into_iter().zip(places) {
            draw_pane(frame, app, pane, place, true);
        }
    } else {
        frame.render_widget(tab_line(app), tab_row);
        draw_pane(frame, app, app.focus, body, false);
    }
    frame.render_widget(footer(app, foot.width), foot);
    if app.help {
        help(frame, area);
    }
}

/// The episode, where we are in it, and what became of it.
fn header(app: &App, width: u16) -> Line<'static> {
    let view = app.view();
    let reward = match &view.record.verdict {
        Verdict::Scored { reward, .. } if *reward >= 1.0 => {
            Span::styled(" PASS ", Style::new().fg(Color::Black).bg(Color::Green))
        }
        Verdict::Scored { reward, .. } => {
            Span::styled(format!(" reward {reward} "), Style::new().fg(Color::Black).bg(Color::Red))
        }
        Verdict::Unscored(_) => Span::styled(" unscored ", Style::new().fg(Color::Black).bg(Color::Yellow)),
    };
    let label = app.moment().and_then(|moment| view.label(moment.turn));
    let label =
        label.map_or(Span::raw(""), |label| Span::styled(format!(" {}", label.name()), style(label_tone(label))));
    let mut name = view.name.clone();
    let position = app.position();
    // What became of it must be seen; of a long name the end is enough.
    let taken = reward.width() + position.chars().count() + label.width() + 2;
    let room = usize::from(width).saturating_sub(taken).max(8);
    if name.chars().count() > room {
        name = format!("…{}", name.chars().skip(name.chars().count() + 1 - room).collect::<String>());
    }
    Line::from(vec![
        Span::styled(format!("{name} "), Style::new().add_modifier(Modifier::BOLD)),
        reward,
        Span::raw(format!(" {position}")),
        label,
    ])
}

fn label_tone(label: Label) -> Tone {
    if label.is_failure() { Tone::Bad } else { Tone::Good }
}

/// Every turn with a dot for each step: where it failed, where we are.
fn timeline(app: &App) -> Line<'static> {
    let (view, cursor) = (app.view(), app.cursor());
    let mut spans = Vec::new();
    for (at, moment) in view.moments.iter().enumerate() {
        let turn = &view.record.episode.turns[moment.turn];
        let (text, tone) = match moment.step {
            None => {
                let tone = view.label(moment.turn).map_or(Tone::Dim, label_tone);
                (format!(" {}", moment.turn + 1), tone)
            }
            Some(step) if turn.steps[step].outcome.is_error() => ("×".to_owned(), Tone::Error),
            Some(step) if step + 1 == turn.steps.len() => ("■".to_owned(), Tone::Dim),
            Some(_) => ("•".to_owned(), Tone::Plain),
        };
        let mut look = style(tone);
        if at == cursor {
            look = look.add_modifier(Modifier::REVERSED | Modifier::BOLD);
        }
        if moment.step.is_none() {
            spans.push(Span::raw(" "));
            spans.push(Span::styled(text.trim_start().to_owned(), look));
            spans.push(Span::raw(" "));
        } else {
            spans.push(Span::styled(text, look));
        }
    }
    Line::from(spans)
}

fn tab_line(app: &App) -> Line<'static> {
    let tab = |(at, pane): (usize, &Pane)| {
        let text = format!(" {} {} ", at + 1, pane.title());
        let look = if *pane == app.focus { Style::new().add_modifier(Modifier::REVERSED) } else { style(Tone::Dim) };
        Span::styled(text, look)
    };
    Line::from(Pane::ALL.iter().enumerate().map(tab).collect::<Vec<_>>())
}

fn draw_pane(frame: &mut Frame<'_>, app: &mut App, pane: Pane, area: Rect, framed: bool) {
    let Some(moment) = app.moment() else {
        let fault = app.view().record.episode.fault();
        let says =
            fault.map_or("this episode has no turn".to_owned(), |fault| format!("{}: {}", fault.during, fault.message));
        frame.render_widget(Paragraph::new(says), area);
        return;
    };
    let focused = pane == app.focus;
    let inner = if framed {
        let look = if focused { Style::new().fg(Color::Blue) } else { style(Tone::Dim) };
        let number = Pane::ALL.iter().position(|other| *other == pane).unwrap_or(0) + 1;
        let block = Block::bordered()
            .border_type(BorderType::Rounded)
            .border_style(look)
            .title(format!(" {number} {} ", pane.title()));
        let inner = block.inner(area);
        frame.render_widget(block, area);
        inner
    } else {
        area
    };
    let rows = wrap(&pane.rows(app.view(), moment, app.unfolded), usize::from(inner.width));
    let (height, total) = (usize::from(inner.height), rows.len());
    let most = total.saturating_sub(height);
    // A conversation is read at its end, everything else from its beginning.
    let wanted = if pane == Pane::Conversation { most } else { 0 };
    let from = match (focused, app.scroll) {
        (true, Some(scroll)) => scroll.min(most),
        _ => wanted,
    };
    if focused && app.scroll.is_some() {
        app.scroll = Some(from);
    }
    if focused {
        app.shown = (from, height);
    }
    let lines: Vec<Line<'_>> =
        rows[from..(from + height).min(total)].iter().map(|row| line(row, &app.search)).collect();
    frame.render_widget(Paragraph::new(lines), inner);
    if from > 0 {
        edge(frame, inner, 0, "↑");
    }
    if from < most {
        edge(frame, inner, inner.height.saturating_sub(1), "↓");
    }
}

/// Says at the right edge that there is more.
fn edge(frame: &mut Frame<'_>, area: Rect, row: u16, mark: &'static str) {
    if area.width > 0 && area.height > 0 {
        let place = Rect { x: area.right() - 1, y: area.y + row, width: 1, height: 1 };
        frame.render_widget(Span::styled(mark, Style::new().fg(Color::Blue)), place);
    }
}

/// A row in its colours, what is searched for reversed.
fn line(row: &Row, search: &str) -> Line<'static> {
    let wanted = search.to_lowercase();
    let hit = !wanted.is_empty() && plain(row).to_lowercase().contains(&wanted);
    let look = |tone| if hit { style(tone).add_modifier(Modifier::REVERSED) } else { style(tone) };
    Line::from(row.iter().map(|piece| Span::styled(piece.text.clone(), look(piece.tone))).collect::<Vec<_>>())
}

fn footer(app: &App, width: u16) -> Line<'static> {
    if let Some(prompt) = &app.prompt {
        let asks = match prompt.asks {
            Asks::Search => "search: ",
            Asks::Break => "break at: ",
            Asks::Label => "next label: ",
            Asks::Fork => "play instead: ",
        };
        // The end of what is typed stays in sight.
        let room = usize::from(width).saturating_sub(asks.len() + 2);
        let skip = prompt.text.chars().count().saturating_sub(room);
        let text: String = prompt.text.chars().skip(skip).collect();
        return Line::from(vec![
            Span::styled(asks, Style::new().fg(Color::Yellow)),
            Span::raw(text),
            Span::styled(" ", Style::new().add_modifier(Modifier::REVERSED)),
        ]);
    }
    if !app.message.is_empty() {
        return Line::from(Span::styled(app.message.clone(), Style::new().fg(Color::Yellow)));
    }
    let view: &View = app.view();
    if let Some(divergence) = &view.divergence {
        return Line::from(Span::styled(format!("re-execution left the record: {divergence}"), style(Tone::Bad)));
    }
    Line::from(Span::styled(
        "← → step  f failure  e next  L label  / search  b break  c fork  ? help  q quit",
        style(Tone::Dim),
    ))
}

fn help(frame: &mut Frame<'_>, area: Rect) {
    let (width, height) = (72.min(area.width), 16.min(area.height));
    let place = Rect { x: (area.width - width) / 2, y: (area.height - height) / 2, width, height };
    frame.render_widget(Clear, place);
    let block = Block::bordered().border_type(BorderType::Rounded).title(" keys (any key closes this) ");
    frame.render_widget(Paragraph::new(HELP).block(block), place);
}
