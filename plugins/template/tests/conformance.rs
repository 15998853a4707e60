//! The promises that every environment makes; keep these tests in every copy.

use coevo_sdk::conformance;
use todo::Todo;

#[test]
fn the_oracle_solves_every_task() {
    conformance::check_oracle::<Todo>(&[1, 2, 3]);
}

#[test]
fn doing_nothing_solves_none() {
    conformance::check_idle::<Todo>(&[1, 2, 3]);
}

#[test]
fn generation_is_a_function_of_split_index_and_seed() {
    conformance::check_generation::<Todo>([1, 2]);
}

#[test]
fn declarations_hold_and_copies_are_equal() {
    conformance::check_declarations::<Todo>(&[1]);
}

#[test]
fn perturbed_traces_are_rejected() {
    let (tried, survivors) = conformance::perturb::<Todo>(&[1]);
    let wrong: Vec<_> = survivors.iter().filter(|s| s.kind != "swap" && !s.errs).collect();
    assert!(wrong.is_empty(), "{} of {tried} pass: {wrong:?}", wrong.len());
}
