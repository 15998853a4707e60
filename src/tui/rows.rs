//! Text with a meaning for each piece: what panes are made of, drawn in colours by the terminal and as plain text by pipes.

/// What a piece of text is; the terminal gives it a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Dim,
    Strong,
    User,
    Agent,
    Tool,
    /// An error that the agent was shown.
    Error,
    /// Added by the evolved interface.
    Cue,
    Good,
    Bad,
    Added,
    Removed,
    Changed,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    pub tone: Tone,
    pub text: String,
}

/// One line.
pub type Row = Vec<Piece>;

pub fn piece(tone: Tone, text: impl Into<String>) -> Piece {
    Piece { tone, text: text.into() }
}

pub fn row(tone: Tone, text: impl Into<String>) -> Row {
    vec![piece(tone, text)]
}

/// `name  value`, the name dimmed and padded.
pub fn field(name: &str, tone: Tone, value: impl Into<String>) -> Row {
    vec![piece(Tone::Dim, format!("{name:<11} ")), piece(tone, value)]
}

/// The text of a row.
pub fn plain(row: &Row) -> String {
    row.iter().map(|piece| piece.text.as_str()).collect()
}

/// Breaks rows at `width` characters, between words where there are some; what continues is indented like its row, or
/// stands under the text after its dimmed lead.
///
/// Characters count one column each; wider ones are rare in tool calls, and the terminal cuts what does not fit.
pub fn wrap(rows: &[Row], width: usize) -> Vec<Row> {
    let width = width.max(8);
    let mut out = Vec::new();
    for row in rows {
        let letters: Vec<(Tone, char)> =
            row.iter().flat_map(|piece| piece.text.chars().map(|c| (piece.tone, c))).collect();
        let blank = letters.iter().take_while(|(_, c)| *c == ' ').count();
        let indent = row.first().filter(|lead| lead.tone == Tone::Dim && lead.text.ends_with(' ') && row.len() > 1);
        let indent = indent.map_or(blank, |lead| lead.text.chars().count()).min(width / 4);
        let mut rest = &letters[..];
        let mut first = true;
        loop {
            let lead = if first { 0 } else { indent };
            let room = width - lead;
            let end = if rest.len() <= room { rest.len() } else { line_end(rest, room) };
            let mut line = vec![(Tone::Plain, ' '); lead];
            line.extend_from_slice(&rest[..end]);
            out.push(join(&line));
            rest = &rest[end..];
            if rest.is_empty() {
                break;
            }
            while !rest.is_empty() && rest[0].1 == ' ' {
                rest = &rest[1..];
            }
            if rest.is_empty() {
                break;
            }
            first = false;
        }
    }
    out
}

/// Where to end a line of at most `room` characters: after a space or a comma in its last two thirds.
fn line_end(letters: &[(Tone, char)], room: usize) -> usize {
    let breaks = |at: &usize| matches!(letters[*at - 1].1, ' ' | ',' | ';' | '/');
    (room / 3 + 1..=room).rev().find(breaks).unwrap_or(room)
}

/// Neighbouring characters of one tone become one piece.
fn join(letters: &[(Tone, char)]) -> Row {
    let mut row: Row = Vec::new();
    for (tone, c) in letters {
        match row.last_mut() {
            Some(last) if last.tone == *tone => last.text.push(*c),
            _ => row.push(piece(*tone, c.to_string())),
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping_keeps_every_word_and_the_width() {
        let rows = [vec![piece(Tone::Cue, "  note: "), piece(Tone::Plain, "search first, then book what was found")]];
        let wrapped = wrap(&rows, 20);
        assert!(wrapped.iter().all(|row| plain(row).chars().count() <= 20), "{wrapped:?}");
        assert!(wrapped[1..].iter().all(|row| plain(row).starts_with("  ")), "{wrapped:?}");
        let words = |rows: &[Row]| rows.iter().map(plain).collect::<Vec<_>>().join(" ");
        let squeeze = |text: String| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(squeeze(words(&wrapped)), squeeze(words(&rows)));
        assert_eq!(wrap(&[row(Tone::Plain, "x".repeat(50))], 20).len(), 3, "words longer than a line are cut");
        assert_eq!(wrap(&[Vec::new()], 20), [Vec::new()], "empty rows stay");
    }
}
