//! What makes a study of a scenario: `seeds`, which repeats every arm, and `named_budgets`, overrides chosen by
//! `--budget NAME`.
//!
//! Seeds become arms here, so that everything after this file (plan, run file, queries, replay) knows arms only: `vanilla`
//! under the seeds 7 and 8 is the arms `vanilla.s7` and `vanilla.s8` of the family `vanilla`. A dot cannot stand in an arm's
//! name of the file, so the two never meet.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::check;
use crate::hint;
use crate::locate::End;
use crate::origin::Origin;
use crate::problem::{Place, Problem, dotted};
use crate::resolve::ArmPlan;
use crate::schema;

/// Key of the named overrides.
pub(crate) const BUDGETS: &str = "named_budgets";
/// Key of the seeds.
pub(crate) const SEEDS: &str = "seeds";

/// The override called `name`, with every problem of `named_budgets` as a whole.
pub(crate) fn budget(
    root: &mut Value,
    name: Option<&str>,
    origin: &Origin<'_>,
    problems: &mut Vec<Problem>,
) -> Option<(String, Value)> {
    let mut named = root.as_object_mut().and_then(|root| root.shift_remove(BUDGETS)).unwrap_or(Value::Null);
    let schema = schema::json_schema();
    let schema = &schema["properties"][BUDGETS];
    schema::fill_empty_sections(schema, &mut named);
    problems.extend(check::check(schema, &named).into_iter().map(|issue| {
        let path = [vec![BUDGETS.to_owned()], issue.path.clone()].concat();
        // The checker names paths below what it was given.
        let message = issue.message.replacen(&format!("`{}`", dotted(&issue.path)), &format!("`{}`", dotted(&path)), 1);
        Problem { place: origin.place(&path, issue.end), key: dotted(&path), message, hint: issue.hint }
    }));
    let name = name?;
    match named.get(name) {
        Some(over) => Some((name.to_owned(), over.clone())),
        None => {
            let known: Vec<&str> = named.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            let hint = match (hint::nearest(name, known.iter().copied()), known.is_empty()) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, true) => format!("add `{BUDGETS}: {{ {name}: {{ … }} }}` with what it overrides"),
                (None, false) => format!("the file has {}", hint::list(known.iter().copied())),
            };
            problems.push(Problem {
                place: Place::Flag(format!("--budget {name}")),
                key: BUDGETS.to_owned(),
                message: format!("the scenario names no budget {name:?} under `{BUDGETS}`"),
                hint: Some(hint),
            });
            None
        }
    }
}

/// The seeds of the study, and the problems with them; empty where the scenario has no `seeds`. Takes the key out, and
/// leaves `seed` as the first of them.
pub(crate) fn seeds(root: &mut Map<String, Value>, origin: &Origin<'_>, problems: &mut Vec<Problem>) -> Vec<u64> {
    let Some(value) = root.shift_remove(SEEDS) else { return Vec::new() };
    let path = [SEEDS.to_owned()];
    let mut wrong = |path: &[String], message: String, hint: &str| {
        problems.push(Problem {
            place: origin.place(path, End::Value),
            key: dotted(path),
            message,
            hint: Some(hint.to_owned()),
        });
    };
    let first = root.get("seed").and_then(Value::as_u64);
    let seeds: Vec<u64> = match &value {
        Value::Array(items) => items.iter().filter_map(Value::as_u64).collect(),
        count => {
            let (count, first) = (count.as_u64().unwrap_or(0), first.unwrap_or(0));
            if first.checked_add(count).is_none() {
                wrong(&path, format!("`seeds` is {count}, but no such number follows `seed` {first}"), "lower `seed`");
                return Vec::new();
            }
            (first..first + count).collect()
        }
    };
    if value.is_array() && first.is_some() {
        let hint = "leave one of them out; `seeds: 5` counts up from `seed`";
        wrong(&["seed".to_owned()], format!("`seed` is {}, but `seeds` lists them", first.unwrap_or(0)), hint);
    }
    if seeds.is_empty() {
        wrong(&path, "`seeds` names no seed".to_owned(), "write how many, such as `seeds: 5`, or list them");
    }
    let mut seen = BTreeSet::new();
    for (index, seed) in seeds.iter().enumerate().filter(|(_, seed)| !seen.insert(**seed)) {
        let path = [SEEDS.to_owned(), format!("[{index}]")];
        wrong(&path, format!("`{}` is {seed}, which stands there already", dotted(&path)), "name every seed once");
    }
    if let Some(seed) = seeds.first() {
        root.insert("seed".to_owned(), (*seed).into());
    }
    seeds
}

/// A seed set in an arm would make a study of unequal arms.
pub(crate) fn arms_leave_seeds_alone(
    arms: Option<&Value>,
    seeds: &[u64],
    origin: &Origin<'_>,
    problems: &mut Vec<Problem>,
) {
    for (name, over) in arms.and_then(Value::as_object).into_iter().flatten() {
        if let Some(seed) = over.get("seed").filter(|_| !seeds.is_empty()) {
            let path = ["arms".to_owned(), name.clone(), "seed".to_owned()];
            problems.push(Problem {
                place: origin.place(&path, End::Value),
                key: dotted(&path),
                message: format!("`{}` is {seed}, but `seeds` gives every arm the same ones", dotted(&path)),
                hint: Some("leave it out".to_owned()),
            });
        }
    }
}

/// Every arm under every seed, all arms of the first seed before those of the second: a study that is stopped early has
/// whole seeds.
pub(crate) fn expand(families: &[ArmPlan], seeds: &[u64]) -> Vec<ArmPlan> {
    if seeds.is_empty() {
        return families.to_vec();
    }
    let under = |seed: u64| {
        families.iter().map(move |family| {
            let mut arm = family.clone();
            arm.name = seeded(&family.name, seed);
            arm.settings.seed = seed;
            for named in arm.sequel.after.iter_mut().chain(&mut arm.sequel.start_from) {
                *named = seeded(named, seed);
            }
            arm
        })
    };
    seeds.iter().flat_map(|seed| under(*seed)).collect()
}

/// The name of an arm of a study under one seed.
fn seeded(family: &str, seed: u64) -> String {
    format!("{family}.s{seed}")
}

/// The arms as the file has them: [`expand`] undone.
pub(crate) fn families(arms: &[ArmPlan], seeds: &[u64]) -> Vec<ArmPlan> {
    let Some(first) = seeds.first() else { return arms.to_vec() };
    let suffix = seeded("", *first);
    let bare = |name: &String| name.strip_suffix(&suffix).unwrap_or(name).to_owned();
    let of_first = arms.iter().filter(|arm| arm.settings.seed == *first);
    of_first
        .map(|arm| {
            let mut family = ArmPlan { name: arm.family.clone(), ..arm.clone() };
            family.sequel.after = arm.sequel.after.iter().map(bare).collect();
            family.sequel.start_from = arm.sequel.start_from.as_ref().map(bare);
            family
        })
        .collect()
}
