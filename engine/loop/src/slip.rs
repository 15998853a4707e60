//! How what an agent did in a turn departs from the reference: as few slips as possible, each of which can be made good
//! alone.

use coevo_core::episode::Parsed;
use coevo_core::protocol::parse;
use serde::Serialize;

/// One departure from the reference within a turn. Steps count from 0; `wanted` counts the reference's texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Slip {
    /// The reference's text number `wanted` is missing before step `step`.
    Missing { step: usize, wanted: usize },
    /// Step `step` is not in the reference; `repeats` where the very same call is.
    Extra { step: usize, repeats: bool },
    /// Step `step` stands where the reference has text number `wanted`.
    Changed { step: usize, wanted: usize },
    /// Step `step` is the reference's text number `wanted`, at the wrong time: it should come before step `to`.
    Moved { step: usize, to: usize, wanted: usize },
    /// The answer has another text than the reference's.
    Answer { step: usize, wanted: usize },
}

impl Slip {
    /// The step that it is about; of a missing call, the one before which it is missing.
    pub fn step(&self) -> usize {
        match *self {
            Slip::Missing { step, .. }
            | Slip::Extra { step, .. }
            | Slip::Changed { step, .. }
            | Slip::Moved { step, .. }
            | Slip::Answer { step, .. } => step,
        }
    }

    /// The number of the reference's text that should have been.
    pub fn wanted(&self) -> Option<usize> {
        match *self {
            Slip::Extra { .. } => None,
            Slip::Missing { wanted, .. }
            | Slip::Changed { wanted, .. }
            | Slip::Moved { wanted, .. }
            | Slip::Answer { wanted, .. } => Some(wanted),
        }
    }
}

const SAME: u32 = 0;
/// The same tool with other arguments, or another answer, is nearer than anything else.
const ALIKE: u32 = 3;
const OTHER: u32 = 5;
const GAP: u32 = 3;

fn cost(made: &Parsed, wanted: &Parsed) -> u32 {
    match (made, wanted) {
        (Parsed::Call(a), Parsed::Call(b)) if a == b => SAME,
        (Parsed::Call(a), Parsed::Call(b)) if a.name == b.name => ALIKE,
        (Parsed::Answer(a), Parsed::Answer(b)) if a == b => SAME,
        (Parsed::Answer(_), Parsed::Answer(_)) => 1,
        // Calls of two tools are two slips, so that a call that was made at another time is found there.
        (Parsed::Answer(_), _) | (_, Parsed::Answer(_)) | (Parsed::Call(_), Parsed::Call(_)) => 2 * GAP + 1,
        _ => OTHER,
    }
}

/// The slips of a turn, by step. `made` are the agent's texts, `wanted` the reference's, the answer last.
pub fn slips(made: &[String], wanted: &[String]) -> Vec<Slip> {
    let made: Vec<Parsed> = made.iter().map(|text| parse(text)).collect();
    let wanted: Vec<Parsed> = wanted.iter().map(|text| parse(text)).collect();
    let slips = align(&made, &wanted);
    merge_changes(merge_moves(slips, &made, &wanted))
}

/// The cheapest alignment, by dynamic programming.
fn align(made: &[Parsed], wanted: &[Parsed]) -> Vec<Slip> {
    let width = wanted.len() + 1;
    let mut best = vec![0; (made.len() + 1) * width];
    // From the end, so that the way back reads from the beginning.
    for i in (0..=made.len()).rev() {
        for j in (0..=wanted.len()).rev() {
            let mut least = if i == made.len() && j == wanted.len() { 0 } else { u32::MAX };
            if i < made.len() {
                least = least.min(best[(i + 1) * width + j] + GAP);
            }
            if j < wanted.len() {
                least = least.min(best[i * width + j + 1] + GAP);
            }
            if i < made.len() && j < wanted.len() {
                least = least.min(best[(i + 1) * width + j + 1] + cost(&made[i], &wanted[j]));
            }
            best[i * width + j] = least;
        }
    }
    let (mut i, mut j, mut slips) = (0, 0, Vec::new());
    while i < made.len() || j < wanted.len() {
        let here = best[i * width + j];
        if i < made.len() && j < wanted.len() {
            let pair = cost(&made[i], &wanted[j]);
            if here == best[(i + 1) * width + j + 1] + pair {
                if pair > SAME {
                    let answers = matches!((&made[i], &wanted[j]), (Parsed::Answer(_), Parsed::Answer(_)));
                    let (step, wanted) = (i, j);
                    slips.push(if answers { Slip::Answer { step, wanted } } else { Slip::Changed { step, wanted } });
                }
                (i, j) = (i + 1, j + 1);
                continue;
            }
        }
        if i < made.len() && here == best[(i + 1) * width + j] + GAP {
            slips.push(Slip::Extra { step: i, repeats: wanted.contains(&made[i]) });
            i += 1;
        } else {
            slips.push(Slip::Missing { step: i, wanted: j });
            j += 1;
        }
    }
    slips
}

/// A call that is too much here and missing there was made at the wrong time.
fn merge_moves(mut slips: Vec<Slip>, made: &[Parsed], wanted: &[Parsed]) -> Vec<Slip> {
    loop {
        let pair = slips.iter().enumerate().find_map(|(at, slip)| {
            let Slip::Extra { step, .. } = *slip else { return None };
            let (other, missing) = slips.iter().enumerate().find_map(|(other, slip)| match *slip {
                Slip::Missing { step: to, wanted: number } if wanted[number] == made[step] => {
                    Some((other, (to, number)))
                }
                _ => None,
            })?;
            Some((at, other, Slip::Moved { step, to: missing.0, wanted: missing.1 }))
        });
        let Some((extra, missing, moved)) = pair else { return slips };
        slips[extra] = moved;
        slips.remove(missing);
    }
}

/// What is left: a call that is too much at the very place where another one is missing stands in its stead. Next to it, so
/// that what else is missing there keeps its order.
fn merge_changes(mut slips: Vec<Slip>) -> Vec<Slip> {
    loop {
        // Texts that would be put in before a step, those of moved calls among them.
        let put_in = |before: usize| {
            slips.iter().filter_map(move |slip| match *slip {
                Slip::Missing { step, wanted } if step == before => Some(wanted),
                Slip::Moved { to, wanted, .. } if to == before => Some(wanted),
                _ => None,
            })
        };
        let pair = slips.iter().enumerate().find_map(|(at, slip)| {
            let Slip::Extra { step, repeats: false } = *slip else { return None };
            let nearest = [put_in(step).max(), put_in(step + 1).min()];
            let missing = slips.iter().enumerate().find_map(|(other, slip)| match *slip {
                Slip::Missing { step: to, wanted } if to == step && nearest[0] == Some(wanted) => Some((other, wanted)),
                Slip::Missing { step: to, wanted } if to == step + 1 && nearest[1] == Some(wanted) => {
                    Some((other, wanted))
                }
                _ => None,
            });
            missing.map(|(other, wanted)| (at, other, Slip::Changed { step, wanted }))
        });
        let Some((extra, missing, changed)) = pair else { return slips };
        slips[extra] = changed;
        slips.remove(missing);
    }
}

/// The texts of a turn with some of its slips made good.
pub fn repaired(made: &[String], wanted: &[String], slips: &[&Slip]) -> Vec<String> {
    let mut out = Vec::with_capacity(made.len() + slips.len());
    for step in 0..=made.len() {
        let inserted = slips.iter().filter_map(|slip| match **slip {
            Slip::Missing { step: at, wanted: number } if at == step => Some(number),
            Slip::Moved { to, wanted: number, .. } if to == step => Some(number),
            _ => None,
        });
        let inserted: std::collections::BTreeSet<usize> = inserted.collect();
        out.extend(inserted.into_iter().map(|number| wanted[number].clone()));
        let Some(text) = made.get(step) else { break };
        let slip = slips.iter().find(|slip| slip.step() == step && !matches!(slip, Slip::Missing { .. }));
        match slip {
            None => out.push(text.clone()),
            Some(Slip::Extra { .. } | Slip::Moved { .. } | Slip::Missing { .. }) => {}
            Some(Slip::Changed { wanted: number, .. } | Slip::Answer { wanted: number, .. }) => {
                out.push(wanted[*number].clone());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn slips_are_named_and_made_good() {
        let wanted = texts(&["@a {}", "@b {\"x\":1}", "@c {}", "done"]);
        let check = |made: &[&str], expected: &[Slip]| {
            let made = texts(made);
            let found = slips(&made, &wanted);
            assert_eq!(found, expected, "{made:?}");
            let all: Vec<&Slip> = found.iter().collect();
            assert_eq!(repaired(&made, &wanted, &all), wanted, "{made:?}");
            assert_eq!(repaired(&made, &wanted, &[]), made);
        };
        check(&["@a {}", "@b {\"x\":1}", "@c {}", "done"], &[]);
        check(&["@a {}", "@c {}", "done"], &[Slip::Missing { step: 1, wanted: 1 }]);
        check(&["@a {}", "@b {\"x\":1}", "@b {\"x\":1}", "@c {}", "done"], &[Slip::Extra { step: 2, repeats: true }]);
        check(&["@a {}", "@b {\"x\":2}", "@c {}", "done"], &[Slip::Changed { step: 1, wanted: 1 }]);
        check(&["@a {}", "@c {}", "@b {\"x\":1}", "done"], &[Slip::Moved { step: 1, to: 3, wanted: 2 }]);
        check(&["@a {}", "@b {\"x\":1}", "@c {}", "no"], &[Slip::Answer { step: 3, wanted: 3 }]);
        check(
            &["no"],
            &[
                Slip::Missing { step: 0, wanted: 0 },
                Slip::Missing { step: 0, wanted: 1 },
                Slip::Missing { step: 0, wanted: 2 },
                Slip::Answer { step: 0, wanted: 3 },
            ],
        );
        check(&["@a {}", "@d {}", "@b {\"x\":1}", "@c {}", "done"], &[Slip::Extra { step: 1, repeats: false }]);
        check(
            &["@a", "@b {\"x\":1}", "@c {}"],
            &[Slip::Changed { step: 0, wanted: 0 }, Slip::Missing { step: 3, wanted: 3 }],
        );
    }

    proptest::proptest! {
        #[test]
        fn all_slips_together_give_the_reference(
            made in proptest::collection::vec("@[abc] \\{\\}|x|y", 0..7),
            wanted in proptest::collection::vec("@[abc] \\{\\}|x|y", 0..7),
        ) {
            let found = slips(&made, &wanted);
            let all: Vec<&Slip> = found.iter().collect();
            let parse_all = |texts: &[String]| texts.iter().map(|text| parse(text)).collect::<Vec<_>>();
            proptest::prop_assert_eq!(parse_all(&repaired(&made, &wanted, &all)), parse_all(&wanted));
        }
    }
}
