//! Counting by hand.

use super::*;
use crate::fixture::{diagnosis, episode, labelled};
use crate::label::Outcome;

const PASS: Label = Label::Outcome(Outcome::Pass);
const MISSING: Label = Label::Failure(Failure::MissingToolCall);
const STATE: Label = Label::Failure(Failure::StateMismatch);

fn card() -> Target {
    Target::Argument { tool: "book".to_owned(), argument: "card".to_owned() }
}

fn book() -> Target {
    Target::Tool("book".to_owned())
}

fn folded(window_rounds: u32, rounds: &[(u32, &[(&Diagnosis, f64)])]) -> Profile {
    let episode = episode(vec![]);
    rounds.iter().fold(Profile::new(&ProfileConfig { window_rounds }), |profile, (round, scored)| {
        let scored: Vec<(&Diagnosis, &Episode, f64)> = scored.iter().map(|(d, r)| (*d, &episode, *r)).collect();
        assess(&profile, &scored, *round)
    })
}

fn bad() -> Diagnosis {
    let wrong = [(Failure::ArgumentMismatch, "book", None), (Failure::ArgumentMismatch, "book", Some("card"))];
    let mut cascaded = labelled(STATE, &["book"], &[]);
    cascaded.cascaded_from = Some(1);
    diagnosis(vec![
        labelled(PASS, &["book"], &wrong),
        labelled(MISSING, &[], &[]),
        labelled(MISSING, &[], &[]),
        cascaded,
    ])
}

fn good() -> Diagnosis {
    diagnosis(vec![labelled(PASS, &["book", "find"], &[]), labelled(PASS, &["find"], &[])])
}

#[test]
fn counts_shares_and_mean_rewards() {
    let (bad, good) = (bad(), good());
    let profile = folded(3, &[(0, &[(&bad, 0.0), (&bad, 0.5), (&good, 1.0)])]);
    assert_eq!((profile.turns(), profile.count(MISSING), profile.count(PASS)), (10, 4, 4));
    assert_eq!((profile.count(STATE), profile.cascaded(STATE)), (0, 2), "cascaded failures are counted apart");
    assert_eq!((profile.prevalence(MISSING), profile.mean_reward(MISSING)), (0.4, Some(0.25)), "each episode once");
    assert_eq!(profile.mean_reward(PASS), Some(0.5));
    assert_eq!(profile.mean_reward(STATE), None);
    assert_eq!(profile.shares().len(), 12);
    assert_eq!(profile.shares().values().sum::<f64>(), 0.8);
    let signal = |target: &Target, failure| profile.signal(target, &[failure], 0);
    let global = signal(&Target::Global, Failure::MissingToolCall);
    assert_eq!((global.count, global.of, global.mean_reward, global.severity()), (4, 10, 0.25, 0.4 * 0.75));
    for target in [book(), card()] {
        let found = signal(&target, Failure::ArgumentMismatch);
        assert_eq!((found.count, found.of, found.mean_reward), (2, 5, 0.25), "{target}");
    }
    assert_eq!(signal(&Target::Tool("nowhere".to_owned()), Failure::ArgumentMismatch), Signal::default());
    assert_eq!(profile.rounds()[0].categories["base"], Tally { count: 10, episodes: 3, reward_sum: 1.5 });
}

#[test]
fn the_window_slides_and_can_be_asked_from_a_round_on() {
    let (bad, good) = (bad(), good());
    let rounds: [(u32, &[(&Diagnosis, f64)]); 4] =
        [(0, &[(&bad, 0.0)]), (1, &[(&bad, 0.0)]), (2, &[(&good, 1.0)]), (3, &[(&good, 1.0)])];
    let profile = folded(3, &rounds);
    assert_eq!(profile.rounds().iter().map(|round| round.round).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((profile.turns(), profile.count(MISSING)), (8, 2));
    assert_eq!(profile.signal(&Target::Global, &[Failure::MissingToolCall], 2).count, 0);
    assert_eq!(profile.signal(&Target::Global, &[Failure::MissingToolCall], 2).of, 4);
    assert_eq!(folded(2, &rounds).count(MISSING), 0);
}

#[test]
fn parts_of_a_round_fold_to_the_same_profile() {
    let (bad, good) = (bad(), good());
    let whole = folded(3, &[(0, &[(&bad, 0.0), (&good, 1.0)]), (1, &[(&good, 1.0)])]);
    let parts = folded(3, &[(0, &[(&bad, 0.0)]), (0, &[(&good, 1.0)]), (1, &[(&good, 1.0)])]);
    assert_eq!(whole, parts);
    let json = serde_json::to_string(&whole).expect("serializes");
    assert_eq!(serde_json::from_str::<Profile>(&json).expect("parses"), whole);
}
