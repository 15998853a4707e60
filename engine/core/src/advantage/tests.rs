//! Each equation against numbers worked by hand, each mode, and what must always hold.

use proptest::prelude::*;

use super::*;
use crate::diagnose::Diagnosis;
use crate::episode::VerdictFailure;
use crate::fixture::{diagnosis, labelled};
use crate::seed::Purpose;

const PASS: Label = Label::Outcome(Outcome::Pass);
const ABSTAIN: Label = Label::Outcome(Outcome::CorrectAbstention);
const SPURIOUS: Label = Label::Failure(Failure::SpuriousToolCall);
const EMPTY: Label = Label::Failure(Failure::EmptyTurn);
const STATE: Label = Label::Failure(Failure::StateMismatch);
const RESPONSE: Label = Label::Failure(Failure::ResponseMismatch);
const INSTANCE: Label = Label::Failure(Failure::InstanceMismatch);

fn of(labels: &[Label]) -> Diagnosis {
    let verdict = |label: Label| match label {
        STATE => Some(VerdictFailure::StateMismatch),
        INSTANCE => Some(VerdictFailure::InstanceMismatch),
        RESPONSE => Some(VerdictFailure::ResponseMismatch),
        SPURIOUS => Some(VerdictFailure::SpuriousCall),
        Label::Failure(_) => Some(VerdictFailure::EmptyTurn),
        Label::Outcome(_) => None,
    };
    let turn = |label: &Label| {
        let mut turn = labelled(*label, &[], &[]);
        turn.evidence.verdict = verdict(*label);
        turn
    };
    diagnosis(labels.iter().map(turn).collect())
}

fn member(reward: f64, diagnosis: &Diagnosis) -> GroupMember<'_> {
    GroupMember { reward: Some(reward), diagnosis: Some(diagnosis), turn_tokens: Vec::new() }
}

fn key() -> StreamKey {
    StreamKey::new(1, Purpose::Control)
}

fn config(mode: WeightMode) -> AdvantageConfig {
    AdvantageConfig { mode, ..AdvantageConfig::default() }
}

fn weighed(group: &[GroupMember<'_>], mode: WeightMode) -> Vec<Option<EpisodeWeights>> {
    weigh(group, &config(mode), &WeightState::default(), key())
}

fn near(got: f64, wanted: f64) {
    assert!((got - wanted).abs() < 1e-9, "{got} is not {wanted}");
}

fn all_near(got: &[f64], wanted: &[f64]) {
    assert_eq!(got.len(), wanted.len(), "{got:?} is not {wanted:?}");
    got.iter().zip(wanted).for_each(|(got, wanted)| near(*got, *wanted));
}

#[test]
fn eq_10_group_advantages() {
    // Rewards 1, 0, 0, 1: mean 0.5, sample variance 4·0.25/3.
    let deviation = (1.0f64 / 3.0).sqrt() + 1e-6;
    let got: Vec<f64> = group_advantages(&[Some(1.0), Some(0.0), Some(0.0), Some(1.0)]).into_iter().flatten().collect();
    all_near(&got, &[0.5 / deviation, -0.5 / deviation, -0.5 / deviation, 0.5 / deviation]);
    // A fault is masked: it is in neither mean nor deviation, and gets no advantage.
    let got = group_advantages(&[Some(1.0), None, Some(0.0)]);
    let deviation = 0.5f64.sqrt() + 1e-6;
    assert_eq!(got[1], None);
    all_near(&[got[0].expect("scored"), got[2].expect("scored")], &[0.5 / deviation, -0.5 / deviation]);
    assert_eq!(group_advantages(&[Some(0.1); 3]), vec![Some(0.0); 3]);
    assert_eq!(group_advantages(&[None, Some(1.0)]), [None, Some(0.0)]);
}

#[test]
fn eq_11_and_12_paper_weights() {
    let check = |labels: &[Label], expected: f64| {
        let (diagnosis, other) = (of(labels), of(&[PASS]));
        let group = [member(0.0, &diagnosis), member(1.0, &other)];
        let weighed = weighed(&group, WeightMode::Paper);
        let episode = weighed[0].as_ref().expect("scored");
        all_near(&episode.per_turn, &vec![expected; labels.len()]);
        near(episode.at(0), expected * -0.5 / (0.5f64.sqrt() + 1e-6));
    };
    check(&[SPURIOUS, PASS], 0.5 * 2.0 + 0.5 * 1.0);
    check(&[SPURIOUS, ABSTAIN, EMPTY, STATE], (2.0 + 1.8 + 1.5 + 1.0) / 4.0);
    check(&[RESPONSE, INSTANCE, PASS], (0.9 + 0.6 + 1.0) / 3.0);
    check(&[SPURIOUS, SPURIOUS], 2.0);
    check(&[Label::Failure(Failure::RecoveryFailure), Label::Failure(Failure::Truncated)], 1.0);
}

#[test]
fn released_weights_move_as_published() {
    // 8 turns: 2 spurious in one episode of reward 0, 1 state mismatch in one of reward 1, 5 passes.
    let (a, b, c) = (of(&[SPURIOUS, SPURIOUS, PASS, PASS]), of(&[STATE, PASS, PASS]), of(&[PASS]));
    let batch = [member(0.0, &a), member(1.0, &b), member(1.0, &c)];
    let state = WeightState::default().step(&batch);
    // 2·(1 + 0.25·1·2/32) = 2.03125, clipped to 2.
    near(state.weight(SPURIOUS), 0.75 * 2.0 + 0.25 * 2.0);
    // Reward 1: no push. 1·(1 + 0.125·0·1/32).
    near(state.weight(STATE), 1.0);
    near(state.weight(PASS), 1.0);
    near(state.weight(RESPONSE), 0.9);
    // Half of 64 turns instance mismatch at mean reward 0.25: 0.6·(1 + 0.5·0.75·1), and again from where it stands.
    let (failed, passed) = (of(&[INSTANCE; 8]), of(&[PASS; 8]));
    let mut batch: Vec<GroupMember<'_>> = (0..4).map(|i| member(f64::from(u8::from(i == 0)), &failed)).collect();
    batch.extend((0..4).map(|_| member(1.0, &passed)));
    let once = WeightState::default().step(&batch);
    near(once.weight(INSTANCE), 0.75 * 0.6 + 0.25 * 0.6 * 1.375);
    let twice = once.step(&batch);
    near(twice.weight(INSTANCE), 0.75 * (0.75 * 0.6 + 0.25 * 0.6 * 1.375) + 0.25 * 0.6 * 1.375);
    // Unseen labels drift back to their base.
    near(twice.step(&[]).weight(INSTANCE), 0.75 * twice.weight(INSTANCE) + 0.25 * 0.6);
    // They weigh whole trajectories: (w_instance + w_pass) / 2.
    let mixed = of(&[INSTANCE, PASS]);
    let group = [member(0.0, &mixed), member(1.0, &passed)];
    let weighed = weigh(&group, &config(WeightMode::Released), &once, key());
    all_near(&weighed[0].as_ref().expect("scored").per_turn, &[(once.weight(INSTANCE) + 1.0) / 2.0; 2]);
    let json = serde_json::to_string(&once).expect("serializes");
    assert_eq!(serde_json::from_str::<WeightState>(&json).expect("parses"), once);
}

#[test]
fn released_weights_read_the_verdict_and_mask_faults() {
    let mut missing = of(&[Label::Failure(Failure::MissingToolCall)]);
    missing.turns[0].evidence.verdict = Some(VerdictFailure::EmptyTurn);
    let passed = of(&[PASS]);
    let group = [member(0.0, &missing), member(1.0, &passed)];
    near(weighed(&group, WeightMode::Released)[0].as_ref().expect("scored").per_turn[0], 1.5);
    near(weighed(&group, WeightMode::Paper)[0].as_ref().expect("scored").per_turn[0], 1.0);
    let fault = GroupMember { reward: None, diagnosis: None, turn_tokens: Vec::new() };
    let state = WeightState::default().step(&group);
    assert_eq!(WeightState::default().step(&[fault, group[0].clone(), group[1].clone()]), state);
}

#[test]
fn coevo_weighs_turns_by_the_sign() {
    // Failing side: spurious 2, pass 1 (damped), abstention 1/1.8 (damped). Mass 3, raw sum 2 + 1 + 5/9 = 32/9.
    let (failed, passed) = (of(&[PASS, SPURIOUS, ABSTAIN]), of(&[PASS, ABSTAIN, SPURIOUS]));
    let group = [member(0.0, &failed), member(1.0, &passed)];
    let weighed = weighed(&group, WeightMode::Coevo);
    let turns = |at: usize| weighed[at].as_ref().expect("scored").per_turn.clone();
    all_near(&turns(0), &[27.0 / 32.0, 54.0 / 32.0, 15.0 / 32.0]);
    // Passing side: pass 1, abstention 1.8, spurious 1/2 (damped). Mass 3, raw sum 3.3.
    all_near(&turns(1), &[1.0 / 1.1, 1.8 / 1.1, 0.5 / 1.1]);
}

#[test]
fn coevo_keeps_a_damped_turn_at_one_and_hands_the_rest_on() {
    // Failing side: instance 0.6 and response 0.9 free, pass damped: scale 3/2.5 would lift the pass to 1.2.
    let (failed, passed) = (of(&[INSTANCE, RESPONSE, PASS]), of(&[PASS]));
    let group = [member(0.0, &failed), member(1.0, &passed)];
    let weighed = weighed(&group, WeightMode::Coevo);
    all_near(&weighed[0].as_ref().expect("scored").per_turn, &[0.6 * 2.0 / 1.5, 0.9 * 2.0 / 1.5, 1.0]);
    all_near(&weighed[1].as_ref().expect("scored").per_turn, &[1.0]);
}

#[test]
fn coevo_gives_caused_turns_the_weight_of_their_root() {
    let mut failed = of(&[SPURIOUS, STATE, STATE]);
    failed.turns[2].cascaded_from = Some(0);
    let passed = of(&[PASS]);
    let group = [member(0.0, &failed), member(1.0, &passed)];
    let weighed = weighed(&group, WeightMode::Coevo);
    all_near(&weighed[0].as_ref().expect("scored").per_turn, &[2.0 * 0.6, 0.6, 2.0 * 0.6]);
}

#[test]
fn coevo_counts_mass_in_tokens() {
    // 30 tokens of spurious, 10 of pass: mass 40, raw 70.
    let (failed, passed) = (of(&[SPURIOUS, PASS]), of(&[PASS]));
    let mut group = [member(0.0, &failed), member(1.0, &passed)];
    group[0].turn_tokens = vec![30, 10];
    let weighed = weighed(&group, WeightMode::Coevo);
    all_near(&weighed[0].as_ref().expect("scored").per_turn, &[2.0 * 4.0 / 7.0, 4.0 / 7.0]);
}

#[test]
fn turn_credit_compares_turns_of_members_on_track() {
    // Turn 0: 1, 1, 1, 0 (mean 3/4, sample deviation 1/2). Turn 1 among the first three: 1, 0, 1 (mean 2/3, deviation
    // 1/√3). Turn 2 among the first and third: both fail, so nothing is learnt of it.
    let (a, b) = (of(&[PASS, PASS, RESPONSE]), of(&[PASS, STATE, STATE]));
    let (c, d) = (of(&[PASS, PASS, STATE]), of(&[SPURIOUS, PASS, PASS]));
    let group = [member(0.0, &a), member(0.0, &b), member(0.0, &c), member(0.0, &d)];
    let config = AdvantageConfig { credit: Credit::Turn, ..config(WeightMode::Uniform) };
    let weighed = weigh(&group, &config, &WeightState::default(), key());
    let turns = |at: usize| {
        let episode = weighed[at].as_ref().expect("scored");
        assert!(episode.teaches() && episode.advantage == 0.0);
        (0..3).map(|turn| episode.at(turn)).collect::<Vec<_>>()
    };
    let near = |got: &[f64], wanted: &[f64]| {
        assert!(got.iter().zip(wanted).all(|(got, wanted)| (got - wanted).abs() < 1e-5), "{got:?} is not {wanted:?}");
    };
    let third = 3f64.sqrt() / 3.0;
    near(&turns(0), &[0.5, third, 0.0]);
    near(&turns(1), &[0.5, -2.0 * third, 0.0]);
    near(&turns(2), &[0.5, third, 0.0]);
    near(&turns(3), &[-1.5, 0.0, 0.0]);
}

#[test]
fn turn_credit_is_weighed_within_each_sign() {
    // Two turns on each side of the sign; the spurious call of a failing turn weighs 2 against a state mismatch's 1.
    let (a, b) = (of(&[PASS, SPURIOUS]), of(&[STATE, PASS]));
    let (c, d) = (of(&[PASS, PASS]), of(&[PASS, PASS]));
    let group = [member(0.0, &a), member(0.0, &b), member(1.0, &c), member(1.0, &d)];
    let config = AdvantageConfig { credit: Credit::Turn, ..config(WeightMode::Coevo) };
    let weighed = weigh(&group, &config, &WeightState::default(), key());
    let blamed = |at: usize, turn: usize| weighed[at].as_ref().expect("scored").at(turn);
    // Unweighted: −1.5 for the state mismatch, −2/√3 for the spurious call.
    let (state, spurious) = (1.5, 2.0 / 3f64.sqrt());
    let scale = (state + spurious) / (state + 2.0 * spurious);
    assert!((blamed(1, 0) + state * scale).abs() < 1e-5 && (blamed(0, 1) + 2.0 * spurious * scale).abs() < 1e-5);
    near(blamed(1, 1), 0.0);
}

#[test]
fn a_reward_without_a_diagnosis_reaches_no_mean() {
    let (failed, passed) = (of(&[STATE]), of(&[PASS]));
    let scored = [member(0.0, &failed), member(1.0, &passed)];
    let mut group = scored.to_vec();
    group.push(GroupMember { reward: Some(1.0), diagnosis: None, turn_tokens: Vec::new() });
    for mode in ALL_MODES {
        assert_eq!(weighed(&group, mode)[2], None);
        assert_eq!(weighed(&group, mode)[0], weighed(&scored, mode)[0]);
    }
}

#[test]
fn tokens_are_counted_by_turn() {
    let trace = TokenTrace {
        ids: vec![0; 6],
        log_probs: vec![0.0; 6],
        action: vec![false, true, true, false, true, true],
        turn: vec![0, 0, 0, 1, 1, 2],
        step: vec![0; 6],
    };
    assert_eq!(turn_tokens(&trace, 2), [2, 1]);
    assert_eq!(turn_tokens(&TokenTrace::default(), 1), [0]);
}

#[test]
fn configs_name_their_problems() {
    let check = |low, high, expected: &[&str]| {
        let config = AdvantageConfig { clip_low: low, clip_high: high, ..AdvantageConfig::default() };
        let paths: Vec<String> = config.problems().into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, expected);
    };
    check(0.5, 2.0, &[]);
    check(0.0, 2.0, &["clip_low"]);
    check(f64::NAN, 0.9, &["clip_low", "clip_high"]);
    let unknown = serde_json::from_str::<AdvantageConfig>(r#"{"mode":"coevo","weight":2}"#);
    assert!(unknown.expect_err("unknown key").to_string().contains("weight"));
}

/// Reward, and label and tokens of each turn.
type Played = (Option<f64>, Vec<(Label, u32)>);

fn any_group() -> impl Strategy<Value = Vec<Played>> {
    let labels: Vec<Label> = Label::all().collect();
    let turn = (prop::sample::select(labels), 0u32..40);
    let reward =
        prop_oneof![1 => Just(None), 4 => Just(Some(0.0)), 4 => Just(Some(1.0)), 1 => (0.0..1.0).prop_map(Some)];
    prop::collection::vec((reward, prop::collection::vec(turn, 0..5)), 1..7)
}

const ALL_MODES: [WeightMode; 6] = [
    WeightMode::Uniform,
    WeightMode::Paper,
    WeightMode::Released,
    WeightMode::Coevo,
    WeightMode::Shuffled,
    WeightMode::Random,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_always_holds(group in any_group()) {
        let diagnoses: Vec<Diagnosis> =
            group.iter().map(|(_, turns)| of(&turns.iter().map(|(label, _)| *label).collect::<Vec<_>>())).collect();
        let members: Vec<GroupMember<'_>> = group
            .iter()
            .zip(&diagnoses)
            .map(|((reward, turns), diagnosis)| GroupMember {
                reward: *reward,
                diagnosis: reward.map(|_| diagnosis),
                turn_tokens: turns.iter().map(|(_, tokens)| *tokens).collect(),
            })
            .collect();
        for (mode, credit) in ALL_MODES.into_iter().flat_map(|mode| [(mode, Credit::Episode), (mode, Credit::Turn)]) {
            let config = AdvantageConfig { credit, ..config(mode) };
            let weighed = weigh(&members, &config, &WeightState::default(), key());
            prop_assert_eq!(&weighed, &weigh(&members, &config, &WeightState::default(), key()));
            let (mut weighted, mut plain) = ([0.0f64; 2], [0.0f64; 2]);
            for ((reward, turns), episode) in group.iter().zip(&weighed) {
                // Faults are masked, and nothing else is.
                prop_assert_eq!(reward.is_some(), episode.is_some());
                let Some(episode) = episode else { continue };
                prop_assert_eq!(episode.per_turn.len(), turns.len());
                for (at, (label, tokens)) in turns.iter().enumerate() {
                    let (weight, advantage) = (episode.per_turn[at], episode.unweighted(at));
                    let side = usize::from(advantage > 0.0);
                    prop_assert!(weight.is_finite() && weight > 0.0);
                    weighted[side] += episode.at(at).abs() * f64::from(*tokens);
                    plain[side] += advantage.abs() * f64::from(*tokens);
                    let right_kind = label.is_failure() == (advantage < 0.0);
                    if mode == WeightMode::Coevo && !right_kind {
                        prop_assert!(weight <= 1.0 + 1e-9, "{label} of advantage {advantage} weighs {weight}");
                    }
                    // Under turn credit nothing is praised for a failure or blamed for a success.
                    prop_assert!(credit == Credit::Episode || advantage == 0.0 || right_kind);
                }
            }
            if matches!(mode, WeightMode::Uniform | WeightMode::Coevo | WeightMode::Shuffled | WeightMode::Random) {
                for side in 0..2 {
                    prop_assert!((weighted[side] - plain[side]).abs() < 1e-9 * (1.0 + plain[side]), "{mode:?}");
                }
            }
        }
    }

    #[test]
    fn the_controls_have_the_same_labels_and_weights_elsewhere(seed in 0u64..50) {
        // Equal tokens everywhere, one side only: dealing weights out again needs no rescaling.
        let (a, b) = (of(&[SPURIOUS, PASS, RESPONSE, STATE]), of(&[EMPTY, PASS, INSTANCE, PASS]));
        let passed = of(&[PASS]);
        let group = [member(0.0, &a), member(0.0, &b), member(1.0, &passed)];
        let sorted = |mode: WeightMode| {
            let weighed = weigh(&group, &config(mode), &WeightState::default(), StreamKey::new(seed, Purpose::Control));
            let mut weights: Vec<f64> = weighed.into_iter().flatten().take(2).flat_map(|e| e.per_turn).collect();
            weights.sort_by(f64::total_cmp);
            weights
        };
        all_near(&sorted(WeightMode::Random), &sorted(WeightMode::Coevo));
    }
}

#[test]
fn the_controls_move_something() {
    let (a, b) = (of(&[SPURIOUS, PASS, RESPONSE, STATE]), of(&[EMPTY, PASS, INSTANCE, PASS]));
    let passed = of(&[PASS]);
    let group = [member(0.0, &a), member(0.0, &b), member(1.0, &passed)];
    let coevo = weighed(&group, WeightMode::Coevo);
    assert_ne!(weighed(&group, WeightMode::Random), coevo);
    assert_ne!(weighed(&group, WeightMode::Shuffled), coevo);
}
