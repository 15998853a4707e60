//! The promises that every environment makes, checked on every task of every split.

use coevo_sdk::conformance;
use helpdesk::Helpdesk;

#[test]
fn the_oracle_solves_every_task() {
    conformance::check_oracle::<Helpdesk>(&[1, 2, 3]);
}

#[test]
fn doing_nothing_solves_none() {
    conformance::check_idle::<Helpdesk>(&[1, 2, 3]);
}

#[test]
fn generation_is_a_function_of_split_index_and_seed() {
    conformance::check_generation::<Helpdesk>([4, 5]);
}

#[test]
fn declarations_hold_and_copies_are_equal() {
    conformance::check_declarations::<Helpdesk>(&[6]);
}

/// What may pass although it departs from the reference: another order of independent calls, and calls that the world
/// refuses.
#[test]
fn perturbed_traces_are_rejected() {
    let (tried, survivors) = conformance::perturb::<Helpdesk>(&[7]);
    let wrong: Vec<_> = survivors.iter().filter(|s| s.kind != "swap" && !s.errs).collect();
    assert!(wrong.is_empty(), "{} of {tried} pass, such as {:?}", wrong.len(), &wrong[..wrong.len().min(5)]);
    assert!(survivors.len() * 2 < tried, "{} of {tried} pass", survivors.len());
}
