//! The promises that every environment makes, checked on every task of every split.

use coevo_sdk::conformance::{self, shape};
use vehicle::Vehicle;

const SEEDS: [u64; 2] = [1, 2];

#[test]
fn the_oracle_solves_every_task() {
    conformance::check_oracle::<Vehicle>(&SEEDS);
}

#[test]
fn doing_nothing_solves_none() {
    conformance::check_idle::<Vehicle>(&SEEDS);
}

#[test]
fn random_calls_solve_almost_none() {
    let (solved, tried) = conformance::random_agent::<Vehicle>(&SEEDS);
    println!("random calls solve {solved} of {tried}");
    assert!(solved * 200 < tried, "random calls solve {solved} of {tried}");
}

#[test]
fn generation_is_a_function_of_split_index_and_seed() {
    conformance::check_generation::<Vehicle>([4, 5]);
}

#[test]
fn declarations_hold_and_copies_are_equal() {
    conformance::check_declarations::<Vehicle>(&[6]);
}

/// What may pass although it departs from the reference: another order of independent calls, and calls that the car
/// refuses.
#[test]
fn perturbed_traces_are_rejected() {
    let (tried, survivors) = conformance::perturb::<Vehicle>(&[7]);
    let wrong: Vec<_> = survivors.iter().filter(|s| s.kind != "swap" && !s.errs).collect();
    assert!(wrong.is_empty(), "{} of {tried} pass, such as {:?}", wrong.len(), &wrong[..wrong.len().min(5)]);
    assert!(survivors.len() * 2 < tried, "{} of {tried} pass", survivors.len());
}

#[test]
fn tasks_are_short_enough_for_a_small_context() {
    shape::check_length::<Vehicle>(&SEEDS);
}

#[test]
fn variants_tell_one_story() {
    shape::check_variants::<Vehicle>(13);
}

#[test]
fn stories_are_varied() {
    shape::check_variety::<Vehicle>(17);
}

#[test]
fn every_argument_can_be_copied() {
    shape::check_inferable::<Vehicle>(&SEEDS);
}
