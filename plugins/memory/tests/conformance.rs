//! The promises that every environment makes, checked on every task of every split.

use coevo_sdk::conformance::{self, shape};
use memory::Memory;

const SEEDS: [u64; 2] = [1, 2];

#[test]
fn the_oracle_solves_every_task() {
    conformance::check_oracle::<Memory>(&SEEDS);
}

#[test]
fn doing_nothing_solves_none() {
    conformance::check_idle::<Memory>(&SEEDS);
}

#[test]
fn random_calls_solve_almost_none() {
    let (solved, tried) = conformance::random_agent::<Memory>(&SEEDS);
    println!("random calls solve {solved} of {tried}");
    assert!(solved * 200 < tried, "random calls solve {solved} of {tried}");
}

#[test]
fn generation_is_a_function_of_split_index_and_seed() {
    conformance::check_generation::<Memory>([4, 5]);
}

#[test]
fn declarations_hold_and_copies_are_equal() {
    conformance::check_declarations::<Memory>(&[6]);
}

/// What may pass although it departs from the reference: another order of independent calls, and calls that the memory
/// refuses.
#[test]
fn perturbed_traces_are_rejected() {
    let (tried, survivors) = conformance::perturb::<Memory>(&[7]);
    let wrong: Vec<_> = survivors.iter().filter(|s| s.kind != "swap" && !s.errs).collect();
    assert!(wrong.is_empty(), "{} of {tried} pass, such as {:?}", wrong.len(), &wrong[..wrong.len().min(5)]);
    assert!(survivors.len() * 2 < tried, "{} of {tried} pass", survivors.len());
}

#[test]
fn tasks_are_short_enough_for_a_small_context() {
    shape::check_length::<Memory>(&SEEDS);
}

#[test]
fn variants_tell_one_story() {
    shape::check_variants::<Memory>(13);
}

#[test]
fn stories_are_varied() {
    shape::check_variety::<Memory>(17);
}

#[test]
fn every_argument_can_be_copied() {
    shape::check_inferable::<Memory>(&SEEDS);
}

/// What this environment is about: most conversations come back to what they stored, by a call about the same key,
/// topic or list.
#[test]
fn later_turns_need_what_earlier_turns_stored() {
    let (mut back, mut stories) = (0, 0);
    for task in conformance::tasks::<Memory>(&SEEDS).filter(|task| task.category == "base") {
        let mut stored: Vec<String> = Vec::new();
        let mut again = false;
        for turn in &task.reference {
            let text = |call: &coevo_sdk::ToolCall, name: &str| call.arguments[name].as_str().map(str::to_owned);
            let named =
                |call| ["key", "list", "word"].iter().filter_map(move |name| text(call, name)).collect::<Vec<_>>();
            // A note deleted by an id that this turn did not look up.
            again |= matches!(&turn.calls[..], [only] if only.name == "archive_remove");
            again |= turn.calls.iter().flat_map(named).any(|name| stored.contains(&name));
            for call in &turn.calls {
                match call.name.as_str() {
                    "core_set" | "core_archive" | "list_add" => stored.extend(named(call)),
                    "archive_add" => stored
                        .extend(text(call, "text").iter().flat_map(|text| text.split(' ')).map(str::to_owned).take(1)),
                    _ => {}
                }
            }
        }
        stories += 1;
        back += usize::from(again);
    }
    println!("{back} of {stories} conversations come back to what they stored");
    assert!(back * 2 > stories, "{back} of {stories}");
}
