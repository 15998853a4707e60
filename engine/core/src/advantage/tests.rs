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

pub(super) fn of(labels: &[Label]) -> Diagnosis {
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
    GroupMember {
        reward: Some(reward),
        diagnosis: Some(diagnosis),
        turn_tokens: Vec::new(),
        steps: Vec::new(),
        from: 0,
    }
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
    let eq_10 = |rewards: &[Option<f64>]| relative(rewards, &AdvantageConfig::default());
    let got: Vec<f64> = eq_10(&[Some(1.0), Some(0.0), Some(0.0), Some(1.0)]).into_iter().flatten().collect();
    all_near(&got, &[0.5 / deviation, -0.5 / deviation, -0.5 / deviation, 0.5 / deviation]);
    // A fault is masked: it is in neither mean nor deviation, and gets no advantage.
    let got = eq_10(&[Some(1.0), None, Some(0.0)]);
    let deviation = 0.5f64.sqrt() + 1e-6;
    assert_eq!(got[1], None);
    all_near(&[got[0].expect("scored"), got[2].expect("scored")], &[0.5 / deviation, -0.5 / deviation]);
    assert_eq!(eq_10(&[Some(0.1); 3]), vec![Some(0.0); 3]);
    assert_eq!(eq_10(&[None, Some(1.0)]), [None, Some(0.0)]);
}

#[test]
fn eq_11_and_12_paper_weights() {
    let check = |labels: &[Label], expected: f64| {
        let (diagnosis, other) = (of(labels), of(&[PASS]));
        let group = [member(0.0, &diagnosis), member(1.0, &other)];
        let weighed = weighed(&group, WeightMode::Paper);
        let episode = weighed[0].as_ref().expect("scored");
        all_near(&episode.per_turn, &vec![expected; labels.len()]);
        near(episode.at(0, 0), expected * -0.5 / (0.5f64.sqrt() + 1e-6));
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
    let fault = GroupMember { reward: None, diagnosis: None, turn_tokens: Vec::new(), steps: Vec::new(), from: 0 };
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
        (0..3).map(|turn| episode.at(turn, 0)).collect::<Vec<_>>()
    };
    let near = |got: &[f64], wanted: &[f64]| {
        assert!(got.iter().zip(wanted).all(|(got, wanted)| (got - wanted).abs() < 1e-5), "{got:?} is not {wanted:?}");
    };
    let third = 3f64.sqrt() / 3.0;
    near(&turns(0), &[0.5, third, 0.0]);
    near(&turns(1), &[0.5, -2.0 * third, 0.0]);
    near(&turns(2), &[0.5, third, 0.0]);
    near(&turns(3), &[-1.5, 0.0, 0.0]);

    // Worth to the episode: chances (3+1)/(4+2), (2+1)/(3+2), (0+1)/(2+2), so J = 1/10 and √(J(1−J)) = 3/10; turn 0 counts
    // for 3/5 · 1/4 of what it passes, turn 1 for 1/4.
    let config = AdvantageConfig { credit: Credit::Value, ..config };
    let weighed = weigh(&group, &config, &WeightState::default(), key());
    let turns = |at: usize| (0..3).map(|turn| weighed[at].as_ref().expect("scored").at(turn, 0)).collect::<Vec<_>>();
    near(&turns(0), &[0.125, 1.0 / 3.6, 0.0]);
    near(&turns(1), &[0.125, -2.0 / 3.6, 0.0]);
    near(&turns(3), &[-0.375, 0.0, 0.0]);
    // A branch of `d` that mends its first turn counts from there on, and turn 0 for those that played it only.
    let mended = of(&[PASS, PASS, PASS]);
    let mut branched = group.to_vec();
    branched.push(GroupMember { from: 1, ..member(1.0, &mended) });
    let found = weigh(&branched, &config, &WeightState::default(), key());
    assert_eq!(found[4].as_ref().expect("scored").at(0, 0), 0.0);
    assert!(found[4].as_ref().expect("scored").at(1, 0) > 0.0 && found[4].as_ref().expect("scored").at(2, 0) > 0.0);
    let unscaled = AdvantageConfig { scale: Scale::None, ..config };
    let weighed = weigh(&group, &unscaled, &WeightState::default(), key());
    near(&[weighed[1].as_ref().expect("scored").at(1, 0)], &[-1.0 / 6.0]);
}

#[test]
fn turn_credit_is_weighed_within_each_sign() {
    // Two turns on each side of the sign; the spurious call of a failing turn weighs 2 against a state mismatch's 1.
    let (a, b) = (of(&[PASS, SPURIOUS]), of(&[STATE, PASS]));
    let (c, d) = (of(&[PASS, PASS]), of(&[PASS, PASS]));
    let group = [member(0.0, &a), member(0.0, &b), member(1.0, &c), member(1.0, &d)];
    let config = AdvantageConfig { credit: Credit::Turn, ..config(WeightMode::Coevo) };
    let weighed = weigh(&group, &config, &WeightState::default(), key());
    let blamed = |at: usize, turn: usize| weighed[at].as_ref().expect("scored").at(turn, 0);
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
    group.push(GroupMember { reward: Some(1.0), diagnosis: None, turn_tokens: Vec::new(), steps: Vec::new(), from: 0 });
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
fn a_misspelt_key_is_named() {
    let unknown = serde_json::from_str::<AdvantageConfig>(r#"{"mode":"coevo","weight":2}"#);
    assert!(unknown.expect_err("unknown key").to_string().contains("weight"));
}

#[test]
fn baselines_and_scales_by_hand() {
    // Rewards 1, 0, 0, 1/2 and a fault: mean 3/8; the others of each have means 1/6, 1/2, 1/2, 1/3.
    let rewards = [Some(1.0), Some(0.0), None, Some(0.0), Some(0.5)];
    let check = |baseline, scale, expected: [f64; 4]| {
        let config = AdvantageConfig { baseline, scale, ..AdvantageConfig::default() };
        let got = relative(&rewards, &config);
        assert_eq!(got[2], None);
        all_near(&got.into_iter().flatten().collect::<Vec<_>>(), &expected);
        for equal in [0.0, 0.1, 1.0] {
            assert_eq!(relative(&[Some(equal); 3], &config), [Some(0.0); 3]);
        }
        assert_eq!(relative(&[Some(1.0), None], &config), [Some(0.0), None]);
    };
    check(Baseline::Mean, Scale::None, [5.0 / 8.0, -3.0 / 8.0, -3.0 / 8.0, 1.0 / 8.0]);
    check(Baseline::LeaveOneOut, Scale::None, [5.0 / 6.0, -1.0 / 2.0, -1.0 / 2.0, 1.0 / 6.0]);
    // Squared differences 25 + 9 + 9 + 1 = 44 sixty-fourths, over three.
    let deviation = (44.0f64 / 64.0 / 3.0).sqrt() + 1e-6;
    let scaled = |values: [f64; 4]| values.map(|value| value / deviation);
    check(Baseline::Mean, Scale::Std, scaled([5.0 / 8.0, -3.0 / 8.0, -3.0 / 8.0, 1.0 / 8.0]));
    check(Baseline::LeaveOneOut, Scale::Std, scaled([5.0 / 6.0, -1.0 / 2.0, -1.0 / 2.0, 1.0 / 6.0]));
}

#[test]
fn without_a_baseline_what_earned_something_is_imitated() {
    let zero = AdvantageConfig { baseline: Baseline::Zero, scale: Scale::None, ..AdvantageConfig::default() };
    assert_eq!(relative(&[Some(1.0), Some(0.0), None], &zero), [Some(1.0), Some(0.0), None]);
    assert_eq!(relative(&[Some(1.0); 2], &zero), [Some(1.0); 2]);
    // Turn by turn: every turn that passed on track, in groups that agree, too.
    let by_turn = AdvantageConfig { credit: Credit::Turn, mode: WeightMode::Uniform, ..zero };
    let (all, some) = (of(&[PASS, ABSTAIN]), of(&[PASS, STATE, PASS]));
    let group = [member(1.0, &all), member(0.0, &some)];
    let weighed = weigh(&group, &by_turn, &WeightState::default(), key());
    let turns: Vec<&[f64]> = weighed.iter().flatten().map(|weights| &weights.turns[..]).collect();
    assert_eq!(turns, [&[1.0, 1.0][..], &[1.0, 0.0, 0.0]]);
    assert!(teaches(&[member(1.0, &all), member(1.0, &all)], &by_turn));
}

#[test]
fn blame_is_kept_in_part_and_praise_in_full() {
    let (pass, fail) = (of(&[PASS, PASS]), of(&[PASS, STATE]));
    let group = [member(1.0, &pass), member(0.0, &fail)];
    for credit in [Credit::Episode, Credit::Turn, Credit::Value] {
        let full = AdvantageConfig { credit, ..config(WeightMode::Uniform) };
        let at = |blame| weigh(&group, &AdvantageConfig { blame, ..full.clone() }, &WeightState::default(), key());
        let (full, part, none) = (at(1.0), at(0.25), at(0.0));
        let last = |weighed: &[Option<EpisodeWeights>], member: usize| weighed[member].as_ref().unwrap().at(1, 0);
        assert!(last(&full, 0) > 0.0 && last(&full, 1) < 0.0, "{credit:?}");
        assert_eq!((last(&part, 0), last(&none, 0)), (last(&full, 0), last(&full, 0)), "{credit:?}");
        assert_eq!((last(&part, 1), last(&none, 1)), (0.25 * last(&full, 1), 0.0), "{credit:?}");
        assert!(!none[1].as_ref().unwrap().teaches(), "{credit:?}");
    }
}

#[test]
fn gigpo_by_hand() {
    // γ = 1/2, ω = 2, no deviation. One turn; states before each step. The first episode passes.
    //   a: state 1 (return 1/4), state 2 (1/2), state 3 (1)      b: state 1 (0), state 2 (0), state 2 (0)
    let (passed, failed) = (of(&[PASS]), of(&[STATE]));
    let visit = |state, reward| StepVisit { turn: 0, state, reward, tokens: 3 };
    let with = |reward, diagnosis, steps| GroupMember { steps, ..member(reward, diagnosis) };
    let group = [
        with(1.0, &passed, vec![visit(1, 0.0), visit(2, 0.0), visit(3, 1.0)]),
        with(0.0, &failed, vec![visit(1, 0.0), visit(2, 0.0), visit(2, 0.0)]),
    ];
    let config = AdvantageConfig {
        credit: Credit::Step,
        scale: Scale::None,
        discount: 0.5,
        step_weight: 2.0,
        ..config(WeightMode::Uniform)
    };
    let weighed = weigh(&group, &config, &WeightState::default(), key());
    let steps = |at: usize| (0..3).map(|step| weighed[at].as_ref().expect("scored").at(0, step)).collect::<Vec<_>>();
    // State 1: returns 1/4, 0, mean 1/8. State 2: 1/2, 0, 0, mean 1/6. State 3 stands alone.
    all_near(&steps(0), &[0.5 + 2.0 / 8.0, 0.5 + 2.0 / 3.0, 0.5]);
    all_near(&steps(1), &[-0.5 - 2.0 / 8.0, -0.5 - 2.0 / 6.0, -0.5 - 2.0 / 6.0]);
    near(weighed[0].as_ref().expect("scored").of_turn(0), 0.5 + (0.25 + 2.0 / 3.0) / 3.0);
    // The same state asked about in another turn is another anchor.
    let elsewhere = |steps: &[StepVisit]| steps.iter().map(|step| StepVisit { turn: 1, ..*step }).collect();
    let (passed, failed) = (of(&[PASS, PASS]), of(&[PASS, STATE]));
    let mut moved = group.clone();
    moved[0].diagnosis = Some(&passed);
    moved[1] = with(0.0, &failed, elsewhere(&group[1].steps));
    let weighed = weigh(&moved, &config, &WeightState::default(), key());
    near(weighed[0].as_ref().expect("scored").at(0, 1), 0.5);
    near(weighed[1].as_ref().expect("scored").at(1, 0), -0.5);
    // ω = 0 leaves the episode's advantage.
    let config = AdvantageConfig { step_weight: 0.0, ..config };
    let weighed = weigh(&group, &config, &WeightState::default(), key());
    all_near(&(0..3).map(|step| weighed[0].as_ref().expect("scored").at(0, step)).collect::<Vec<_>>(), &[0.5; 3]);
}

#[test]
fn gigpo_steps_are_weighed_by_the_label_of_their_turn_within_each_sign() {
    // Turn 0 passes, turn 1 is spurious (ρ = 2) and fails; every step has advantage −1/2 and one state of its own.
    let (failed, passed) = (of(&[PASS, SPURIOUS]), of(&[PASS, PASS]));
    let visit = |turn, state, tokens| StepVisit { turn, state, reward: 0.0, tokens };
    let steps =
        |from: u64| vec![visit(0, from, 4), visit(0, from + 1, 2), visit(1, from + 2, 1), visit(1, from + 3, 5)];
    let group = [
        GroupMember { steps: steps(0), ..member(0.0, &failed) },
        GroupMember { steps: steps(10), ..member(1.0, &passed) },
    ];
    let config = AdvantageConfig { credit: Credit::Step, scale: Scale::None, ..config(WeightMode::Coevo) };
    let weighed = weigh(&group, &config, &WeightState::default(), key());
    // Mass 6 + 6, raw 6·1 + 6·2: scale 2/3. A pass in a failing episode is damped and stays below 1.
    let failed = weighed[0].as_ref().expect("scored");
    let weights: Vec<f64> = failed.steps.iter().flatten().map(|step| step.weight).collect();
    all_near(&weights, &[2.0 / 3.0, 2.0 / 3.0, 4.0 / 3.0, 4.0 / 3.0]);
    all_near(&failed.per_turn, &[2.0 / 3.0, 4.0 / 3.0]);
    near(failed.at(1, 0), -0.5 * 4.0 / 3.0);
    // A token of a step that was never played out carries the episode's advantage.
    near(failed.at(1, 7), -0.5);
}

#[test]
fn steps_are_what_was_played() {
    use crate::fixture::{answered, ran, turn};
    let step = |hash| ran("find", serde_json::json!({}), serde_json::json!({}), hash);
    let turns = [turn("a", 7, vec![step(8), answered("done", 8)]), turn("b", 8, vec![]), turn("c", 8, vec![step(9)])];
    let trace = TokenTrace {
        ids: vec![0; 6],
        log_probs: vec![0.0; 6],
        action: vec![false, true, true, true, false, true],
        turn: vec![0, 0, 0, 0, 2, 2],
        step: vec![0, 0, 0, 1, 0, 0],
    };
    let visits = step_visits(&turns, &trace, &[0.25, 0.5, 0.125]);
    let visit = |turn, state, reward, tokens| StepVisit { turn, state, reward, tokens };
    // A turn without a step pays on the step before it.
    assert_eq!(visits, [visit(0, 7, 0.0, 2), visit(0, 8, 0.75, 1), visit(2, 8, 0.125, 1)]);
}

#[test]
fn a_group_teaches_where_its_members_differ() {
    let (failed, passed) = (of(&[STATE, STATE]), of(&[PASS, STATE]));
    let check = |group: &[GroupMember<'_>], credit, expected| {
        assert_eq!(teaches(group, &AdvantageConfig { credit, ..AdvantageConfig::default() }), expected, "{credit:?}");
    };
    let same = [member(0.0, &failed), member(0.0, &failed)];
    let turns_differ = [member(0.0, &failed), member(0.0, &passed)];
    let fault = GroupMember { reward: None, diagnosis: None, turn_tokens: Vec::new(), steps: Vec::new(), from: 0 };
    for credit in ALL_CREDITS {
        check(&same, credit, false);
        check(&turns_differ, credit, matches!(credit, Credit::Turn | Credit::Value));
        check(&[member(1.0, &passed), fault.clone()], credit, false);
        check(&[member(1.0, &passed), member(0.0, &failed)], credit, true);
    }
}

/// Reward, and label and steps (state, action tokens) of each turn.
type Played = (Option<f64>, Vec<(Label, Vec<(u64, u32)>)>);

const ALL_CREDITS: [Credit; 4] = [Credit::Episode, Credit::Turn, Credit::Value, Credit::Step];

fn any_group() -> impl Strategy<Value = Vec<Played>> {
    let labels: Vec<Label> = Label::all().collect();
    let turn = (prop::sample::select(labels), prop::collection::vec((0u64..3, 0u32..40), 0..4));
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

/// Every credit with every baseline and scale that a preset names.
const ESTIMATORS: [(Credit, Baseline, Scale); 7] = [
    (Credit::Episode, Baseline::Mean, Scale::Std),
    (Credit::Episode, Baseline::LeaveOneOut, Scale::None),
    (Credit::Turn, Baseline::Mean, Scale::Std),
    (Credit::Turn, Baseline::LeaveOneOut, Scale::None),
    (Credit::Value, Baseline::Mean, Scale::Std),
    (Credit::Step, Baseline::Mean, Scale::Std),
    (Credit::Step, Baseline::LeaveOneOut, Scale::None),
];

/// The member that a generated episode makes; its reward is paid on its last step.
fn played<'a>(((reward, turns), diagnosis): (&Played, &'a Diagnosis)) -> GroupMember<'a> {
    let visit =
        |(turn, (state, tokens)): (usize, &(u64, u32))| StepVisit { turn, state: *state, reward: 0.0, tokens: *tokens };
    let all = turns.iter().enumerate().flat_map(|(turn, (_, steps))| steps.iter().map(move |step| (turn, step)));
    let mut steps: Vec<StepVisit> = all.map(visit).collect();
    if let (Some(last), Some(reward)) = (steps.last_mut(), reward) {
        last.reward = *reward;
    }
    let of_turn = |(_, steps): &(Label, Vec<(u64, u32)>)| steps.iter().map(|(_, tokens)| tokens).sum();
    let turn_tokens = turns.iter().map(of_turn).collect();
    GroupMember { reward: *reward, diagnosis: reward.map(|_| diagnosis), turn_tokens, steps, from: 0 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_always_holds(group in any_group()) {
        let diagnoses: Vec<Diagnosis> =
            group.iter().map(|(_, turns)| of(&turns.iter().map(|(label, _)| *label).collect::<Vec<_>>())).collect();
        let members: Vec<GroupMember<'_>> = group.iter().zip(&diagnoses).map(played).collect();
        for mode in ALL_MODES {
            for (credit, baseline, scale) in ESTIMATORS {
                let config = AdvantageConfig { credit, baseline, scale, ..config(mode) };
                let weighed = weigh(&members, &config, &WeightState::default(), key());
                prop_assert_eq!(&weighed, &weigh(&members, &config, &WeightState::default(), key()));
                let (mut weighted, mut plain) = ([0.0f64; 2], [0.0f64; 2]);
                for ((reward, turns), episode) in group.iter().zip(&weighed) {
                    // Faults are masked, and nothing else is.
                    prop_assert_eq!(reward.is_some(), episode.is_some());
                    let Some(episode) = episode else { continue };
                    prop_assert_eq!(episode.per_turn.len(), turns.len());
                    for (turn, (label, steps)) in turns.iter().enumerate() {
                        for (step, (_, tokens)) in steps.iter().enumerate() {
                            let StepCredit { advantage, weight } = episode.credit(turn, step);
                            let side = usize::from(advantage > 0.0);
                            prop_assert!(advantage.is_finite() && weight.is_finite() && weight > 0.0);
                            weighted[side] += episode.at(turn, step).abs() * f64::from(*tokens);
                            plain[side] += advantage.abs() * f64::from(*tokens);
                            let right_kind = label.is_failure() == (advantage < 0.0);
                            if mode == WeightMode::Coevo && !right_kind {
                                prop_assert!(weight <= 1.0 + 1e-9, "{label} of advantage {advantage} weighs {weight}");
                            }
                            // Under turn credit nothing is praised for a failure or blamed for a success.
                            let by_turn = matches!(credit, Credit::Turn | Credit::Value);
                            prop_assert!(!by_turn || advantage == 0.0 || right_kind);
                            // The published modes have one weight a trajectory, within their bounds.
                            if matches!(mode, WeightMode::Paper | WeightMode::Released) {
                                prop_assert!((0.5..=2.0).contains(&weight) && weight == episode.per_turn[0]);
                            }
                        }
                    }
                }
                let keeps_the_mean = !matches!(mode, WeightMode::Paper | WeightMode::Released);
                for side in (0..2).filter(|_| keeps_the_mean) {
                    prop_assert!((weighted[side] - plain[side]).abs() < 1e-9 * (1.0 + plain[side]), "{config:?}");
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
