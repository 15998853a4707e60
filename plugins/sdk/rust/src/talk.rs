//! How scripted users put things: templates with `{slots}`, dressed as requests, and the two sentences that every
//! environment shares, "this cannot be done" and "go on, the tool is there now".

use crate::Rng;

/// (opening, ending)
const FRAMES: [(&str, &str); 8] = [
    ("", "."),
    ("", "."),
    ("", ", please."),
    ("", ", thanks."),
    ("please ", "."),
    ("now ", "."),
    ("could you ", "?"),
    ("i need you to ", "."),
];

/// What the user says when withheld tools have been enabled.
pub const ENABLED: [&str; 6] = [
    "More tools are enabled now, try again.",
    "You have the missing tool now. Please go on.",
    "I switched on more tools for you, please retry.",
    "The tool that you lacked is there now.",
    "Have a look: your tools were extended. Go ahead.",
    "It should work now, I gave you another tool.",
];

/// Any of these shows that the agent said it cannot.
pub const CANNOT: [&str; 8] =
    ["cannot", "can't", "can not", "unable", "no tool", "not able", "not available", "missing"];
/// Any of these shows that the agent asked.
pub const ASKS: [&str; 7] = ["?", "which", "what", "need", "missing", "tell me", "provide"];

/// Says one of the templates. Those without a final mark are requests, which get an opening and an ending; the others
/// are sentences as they stand.
pub fn say(rng: &mut Rng, templates: &[&'static str], slots: &[(&str, &str)]) -> String {
    let template = rng.pick(templates);
    let text = fill(template, slots);
    if template.ends_with(['.', '?', '!']) {
        return capital(&text);
    }
    let (opening, ending) = FRAMES[rng.below(FRAMES.len())];
    capital(&format!("{opening}{text}{ending}"))
}

/// Replaces `{slots}`.
pub fn fill(template: &str, slots: &[(&str, &str)]) -> String {
    slots.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// Free text as an environment should keep it, so that two agents who write the same thing leave the same state: words
/// with single spaces between them and no final mark.
pub fn tidy(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches(['.', '!', '?']).to_owned()
}

/// With a capital first letter, unless the text begins with an id, a number, a path or the name of a file, whose
/// spelling counts.
pub fn capital(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default().trim_end_matches(['.', ':', ',']);
    if first.contains(|c: char| c.is_ascii_digit() || matches!(c, '.' | '/' | '_')) {
        return text.to_owned();
    }
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_its_spelling() {
        for (text, want) in [
            ("show it", "Show it"),
            ("t14 is done", "t14 is done"),
            ("notes.txt, please", "notes.txt, please"),
            ("docs/old is full", "docs/old is full"),
            ("visa.", "Visa."),
            ("", ""),
        ] {
            assert_eq!(capital(text), want);
        }
        assert_eq!(tidy(" Call  Ana. "), "Call Ana");
        let said = say(&mut Rng::new(1, "say", &[]), &["Is {x} there?"], &[("x", "a.txt")]);
        assert_eq!(said, "Is a.txt there?");
    }
}
