//! The tasks of every split, for three seeds: solvable, not solvable by doing nothing, pure, and of the shape that their
//! category promises.

use std::collections::{BTreeMap, BTreeSet};

use coevo_sdk::conformance::{self, tasks};
use coevo_sdk::session::generate;
use coevo_sdk::task::{Task, UserMessage};
use coevo_sdk::{Environment, Session};
use travel::{State, Travel};

const SEEDS: [u64; 3] = [0, 1, 20_260_524];

#[test]
fn the_oracle_solves_every_task() {
    conformance::check_oracle::<Travel>(&SEEDS);
}

#[test]
fn doing_nothing_solves_no_task() {
    conformance::check_idle::<Travel>(&SEEDS);
}

#[test]
fn generation_is_pure() {
    conformance::check_generation::<Travel>([SEEDS[0], SEEDS[1]]);
}

#[test]
fn calls_results_and_snapshots_are_as_declared() {
    conformance::check_declarations::<Travel>(&SEEDS);
}

/// What a perturbed trace may get away with, and why:
/// - dropping a call that was bound to fail (a lucky guess of the fallback) changes nothing;
/// - dropping a lookup whose result the agent has had before, in an earlier turn;
/// - swapping two lookups, which may be made in any order;
/// - swapping a bag and a seat on one booking, which do not depend on each other;
/// - swapping a failing call with a fallback that succeeds: the failure comes late, and changes nothing either;
/// - repeating a change that then fails with a typed error (cancelled already, registered already), which changes
///   nothing.
#[test]
fn perturbed_traces_are_rejected() {
    let (tried, survivors) = conformance::perturb::<Travel>(&SEEDS[..1]);
    let mut unexcused = Vec::new();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for survivor in survivors {
        let excused = match survivor.kind {
            "drop" | "extra" => survivor.errs,
            "swap" => !survivor.mutates || survivor.errs || survivor.call.name == "add_bag",
            _ => survivor.errs,
        };
        *kinds.entry(format!("{} {}", survivor.kind, survivor.call.name)).or_default() += 1;
        if !excused {
            unexcused.push(survivor);
        }
    }
    assert!(unexcused.is_empty(), "{} of {tried}: {:#?}", unexcused.len(), unexcused.first());
    assert!(tried > 5_000, "{tried}");
    let passed: usize = kinds.values().sum();
    assert!(passed * 5 < tried, "{passed} of {tried} perturbed traces pass: {kinds:?}");
}

fn user(task: &Task, turn: usize) -> &str {
    match &task.turns[turn].message {
        UserMessage::Scripted(text) => text,
        UserMessage::Simulated => panic!("{}: every turn is scripted", task.id),
    }
}

#[test]
fn categories_have_their_shape() {
    let all: BTreeSet<String> = Travel::describe().tools.iter().map(|tool| tool.name.to_owned()).collect();
    for task in tasks::<Travel>(&SEEDS) {
        let id = &task.id;
        assert!((2..=6).contains(&task.turns.len()), "{id}: {} turns", task.turns.len());
        let silent: Vec<usize> = (0..task.turns.len()).filter(|at| task.reference[*at].calls.is_empty()).collect();
        let short: Vec<usize> = (0..task.turns.len()).filter(|at| task.turns[*at].offered.len() < all.len()).collect();
        match task.category.as_str() {
            "miss_func" => {
                let [gap] = silent[..] else { panic!("{id}: {silent:?}") };
                assert_eq!(short, (0..=gap).collect::<Vec<_>>(), "{id}: the tool is missing up to the gap");
                let offered: BTreeSet<String> = task.turns[gap].offered.iter().cloned().collect();
                let missing: Vec<&String> = all.difference(&offered).collect();
                assert_eq!(missing.len(), 1, "{id}");
                let needed = task.reference[gap + 1].calls.iter().any(|call| &call.name == missing[0]);
                assert!(needed, "{id}: the missing tool is needed next");
            }
            "miss_param" => {
                assert!(silent.len() == 1 && short.is_empty(), "{id}: {silent:?} {short:?}");
                assert!(task.reference[silent[0]].answer.ends_with('?'), "{id}");
            }
            _ => assert!(silent.is_empty() && short.is_empty(), "{id}: {silent:?} {short:?}"),
        }
    }
}

#[test]
fn the_four_categories_are_variants_of_one_scenario() {
    for scenario in 0..100 {
        let four: Vec<Task> = (0..4).map(|i| generate::<Travel>("train", 4 * scenario + i, 5).unwrap()).collect();
        assert!(four.iter().all(|task| task.scenario == four[0].scenario));
        assert_eq!(user(&four[0], 0), user(&four[3], 0));
        let names = |task: &Task| -> Vec<String> {
            task.reference.iter().flat_map(|turn| turn.calls.iter().map(|call| call.name.clone())).collect()
        };
        for other in &four[1..] {
            assert_eq!(names(other), names(&four[0]), "{}", other.id);
        }
    }
}

/// What a small policy with a context of about a thousand tokens can read.
#[test]
fn texts_stay_short() {
    let words = |text: &str| text.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|w| !w.is_empty()).count();
    let mut sizes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for task in tasks::<Travel>(&SEEDS) {
        let id = &task.id;
        assert!(words(&task.system) <= 25, "{id}: {}", task.system);
        let mut session: Session<Travel> = Session::new();
        session.reset(&task.initial_state).unwrap();
        let mut around = coevo_sdk::session::Quiet::new();
        let mut bytes = 0;
        for (turn, reference) in task.turns.iter().zip(&task.reference) {
            let UserMessage::Scripted(text) = &turn.message else { panic!("{id}") };
            assert!(words(text) <= 22, "{id}: {text}");
            assert!(!text.contains(['{', '}']), "{id}: an open slot in {text}");
            assert!(reference.calls.len() <= 4, "{id}: {} calls in a turn", reference.calls.len());
            for call in &reference.calls {
                let side = coevo_sdk::Side::Agent;
                let result = match session.call(&call.name, &call.arguments, side, &mut around) {
                    Ok(result) => result.to_string(),
                    Err(error) => format!("error {}: {}", error.code, error.message),
                };
                let most = if task.category == "long_context" { 150 } else { 28 };
                assert!(words(&result) <= most, "{id}: {} words: {result}", words(&result));
                bytes += result.len();
            }
        }
        sizes.entry(task.category).or_default().push(bytes);
    }
    let mean = |category: &str| sizes[category].iter().sum::<usize>() / sizes[category].len();
    let (base, long) = (mean("base"), mean("long_context"));
    assert!(base < 400 && long > 3 * base && long < 6 * base, "bytes of results an episode: base {base}, long {long}");
}

#[test]
fn scenarios_are_varied() {
    let mut first = BTreeSet::new();
    let mut plans: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for index in (0..400).step_by(4) {
        let task = generate::<Travel>("train", index, 0).unwrap();
        first.insert(user(&task, 0).to_owned());
        let names = task.reference.iter().flat_map(|turn| turn.calls.iter().map(|call| call.name.clone())).collect();
        *plans.entry(names).or_default() += 1;
    }
    assert!(first.len() >= 95, "{} different first messages of 100", first.len());
    assert!(plans.len() >= 60, "{} different call sequences of 100", plans.len());
    let mut used: BTreeSet<String> = BTreeSet::new();
    used.extend(plans.into_keys().flatten());
    assert_eq!(used.len(), Travel::describe().tools.len(), "every tool is needed somewhere: {used:?}");
}

#[test]
fn an_inconsistent_initial_state_is_refused() {
    let task = generate::<Travel>("train", 0, 0).unwrap();
    let good: State = Travel::initial(&task.initial_state).unwrap();
    type Spoil = (&'static str, fn(&mut State));
    let breaks: [Spoil; 4] = [
        ("flight", |state| state.flights.clear()),
        ("card", |state| state.cards.clear()),
        ("traveler", |state| state.travelers.clear()),
        ("money", |state| state.spent = 0),
    ];
    for (what, spoil) in breaks {
        let mut bad = good.clone();
        spoil(&mut bad);
        let text = coevo_sdk::json!(bad).to_string();
        assert!(Travel::initial(&text).is_err(), "{what}");
    }
    assert!(Travel::initial("{}").is_err() && Travel::initial("").is_err());
}
