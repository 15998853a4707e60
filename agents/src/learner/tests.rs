//! The learner against itself: two gradients, two engines, two runs.

use super::*;
use crate::agent::{Agent, EpisodeStart, Reply, Request};
use coevo_core::config::{SampleConfig, TokenizerConfig};
use coevo_core::episode::TokenTrace;
use coevo_core::render::{Message, Role};
use coevo_core::task::PublicTask;

fn tokenizer() -> Tokenizer {
    Tokenizer::train(["a b c 1 2 3"], &TokenizerConfig { vocabulary: 270, ..TokenizerConfig::default() }).unwrap()
}

fn small() -> ModelConfig {
    ModelConfig { layers: 2, width: 32, heads: 2, mlp: 64, context: 128, rope_base: 1000.0, recall: 0 }
}

fn learner() -> Learner {
    Learner::new(&small(), tokenizer(), Backend::Cpu, 5).unwrap()
}

fn tensors(learner: &Learner) -> Vec<burn::tensor::Tensor<2>> {
    upload(&learner.weights, &burn::tensor::Device::flex())
}

fn sequences(n: usize) -> Vec<TrainSequence> {
    (0..n)
        .map(|i| {
            let length = 12 + (i * 17) % 50;
            let ids: Vec<u32> = (0..length).map(|t| ((t * t * 3 + i * 11 + t) % 260) as u32).collect();
            let action: Vec<bool> = (0..length).map(|t| t > 2 && (t + i) % 3 == 0).collect();
            let log_probs = action.iter().map(|a| if *a { -5.5 } else { 0.0 }).collect();
            let advantage = action.iter().map(|a| if *a { if i % 2 == 0 { 1.0 } else { -0.5 } } else { 0.0 }).collect();
            TrainSequence { ids, action, log_probs, advantage, ..TrainSequence::default() }
        })
        .collect()
}

fn closeness(a: &[Vec<f32>], b: &[Vec<f32>]) -> f64 {
    let pairs = || a.iter().flatten().zip(b.iter().flatten());
    let difference: f64 = pairs().map(|(a, b)| f64::from(a - b).powi(2)).sum();
    let size: f64 = pairs().map(|(a, _)| f64::from(*a).powi(2)).sum();
    (difference / size).sqrt()
}

#[test]
fn the_forms_of_a_word_begin_alike() {
    let config = TokenizerConfig { vocabulary: 300, split: coevo_core::config::Split::Words };
    let tokenizer =
        Tokenizer::train(["open the door, shut door_open open_door, Open Door".repeat(9)], &config).unwrap();
    let kin = tokenizer.kin().expect("words have kin");
    let learner = Learner::new(&small(), tokenizer, Backend::Cpu, 5).unwrap();
    let row = |id: u32| &learner.weights.embed()[id as usize * 32..][..32];
    // By how much a token differs from the bare word is the same for all words of its form.
    let mut moved: std::collections::BTreeMap<_, Vec<Vec<f32>>> = std::collections::BTreeMap::new();
    for (id, (base, form)) in kin.iter().enumerate().filter(|(id, (base, _))| *id as u32 != *base) {
        let apart = row(id as u32).iter().zip(row(*base)).map(|(a, b)| a - b).collect();
        moved.entry(*form).or_default().push(apart);
    }
    assert_eq!(moved.len(), 3, "spaced, behind a line, with a capital");
    for (form, words) in moved {
        assert!(words.len() > 1, "{form:?}");
        for apart in words.windows(2) {
            assert!(closeness(&apart[..1], &apart[1..]) < 1e-3, "{form:?}");
        }
    }
}

#[test]
fn our_kernels_have_the_tapes_gradients() {
    let learner = learner();
    let data = sequences(5);
    let rl = Objective::Reinforcement(RlConfig { kl_weight: 0.1, entropy_weight: 0.01, ..RlConfig::default() });
    for objective in [Objective::Imitation, rl] {
        let inputs = weighted(&data, &[0, 1, 2, 3, 4], LossAggregation::TokenMean, &[], false);
        let whole = on_tape(&learner.weights.config, &tensors(&learner), &inputs, &objective);
        let packed = native::Packed::new(&learner.weights, learner.rope.clone());
        let ours = native::gradient(&packed, &inputs, &objective);
        assert!((whole.sums.loss / ours.sums.loss - 1.0).abs() < 1e-5, "{:?} {:?}", whole.sums, ours.sums);
        for (spec, (tape, ours)) in learner.specs.iter().zip(whole.matrices.iter().zip(&ours.matrices)) {
            let off = closeness(std::slice::from_ref(tape), std::slice::from_ref(ours));
            assert!(off < 1e-4, "{}: relative difference {off}", spec.name);
        }
    }
}

/// Two groups of three that share their opening, and a sequence that another one continues.
fn groups() -> Vec<TrainSequence> {
    let mut data = sequences(7);
    for (i, sequence) in data.iter_mut().enumerate() {
        let opening: Vec<u32> =
            (0..45).map(|t| (t * 31 + 5) % 260).chain((0..20).map(|t| 7 + t * (i as u32 / 3))).collect();
        let n = opening.len();
        sequence.ids.splice(0..0, opening);
        sequence.action.splice(0..0, vec![false; n]);
        sequence.log_probs.splice(0..0, vec![0.0; n]);
        sequence.advantage.splice(0..0, vec![0.0; n]);
    }
    // A shared reply: the same tokens, each with an advantage of its own.
    let (reply, rest) = ([3, 9, 27, 81, 243, 4, 12, 36, 108, 11, 33, 99, 2, 6, 18, 54, 162], [5, 6, 7]);
    for (index, more) in [(0, &rest[..0]), (1, &rest[..])] {
        let ids = [&reply[..], more].concat();
        let sequence = &mut data[index];
        sequence.ids.splice(65.., ids.clone());
        sequence.action.splice(65.., vec![true; ids.len()]);
        sequence.log_probs.splice(65.., vec![-5.0; ids.len()]);
        sequence.advantage.splice(65.., vec![0.5 - index as f32; ids.len()]);
    }
    data
}

#[test]
fn shared_openings_change_no_gradient() {
    let learner = learner();
    let data = groups();
    let rl = Objective::Reinforcement(RlConfig { kl_weight: 0.1, entropy_weight: 0.01, ..RlConfig::default() });
    let packed = native::Packed::new(&learner.weights, learner.rope.clone());
    for objective in [Objective::Imitation, rl] {
        let inputs = weighted(&data, &[0, 1, 2, 3, 4, 5, 6], LossAggregation::TokenMean, &[], false);
        let rows = shared::Layout::of(&inputs).ids.len();
        let tokens: usize = inputs.iter().map(|input| input.ids.len()).sum();
        assert!(rows * 3 < tokens * 2, "{rows} of {tokens}");
        let together = native::gradient(&packed, &inputs, &objective);
        let tape = on_tape(&learner.weights.config, &tensors(&learner), &inputs, &objective);
        let mut apart: Option<ShardGradient> = None;
        for input in &inputs {
            let one = native::gradient(&packed, std::slice::from_ref(input), &objective);
            match &mut apart {
                None => apart = Some(one),
                Some(sum) => {
                    sum.sums.add(&one.sums);
                    let pairs = sum.matrices.iter_mut().zip(&one.matrices);
                    pairs.for_each(|(a, b)| a.iter_mut().zip(b).for_each(|(a, b)| *a += b));
                }
            }
        }
        let apart = apart.unwrap();
        assert!((together.sums.loss - apart.sums.loss).abs() < 1e-6, "{:?} {:?}", together.sums, apart.sums);
        for (index, spec) in learner.specs.iter().enumerate() {
            for other in [&apart, &tape] {
                let off = closeness(&together.matrices[index..=index], &other.matrices[index..=index]);
                assert!(off < 1e-4, "{}: relative difference {off}", spec.name);
            }
        }
    }
}

#[test]
fn tokens_without_an_advantage_may_be_left_out() {
    let learner = learner();
    let mut data = sequences(4);
    for sequence in &mut data {
        let half = sequence.ids.len() / 2;
        sequence.advantage[half..].fill(0.0);
    }
    data[3].advantage.fill(0.0);
    let objective = Objective::Reinforcement(RlConfig { kl_weight: 0.0, ..RlConfig::default() });
    let packed = native::Packed::new(&learner.weights, learner.rope.clone());
    let gradient = |only_advantages| {
        let inputs = weighted(&data, &[0, 1, 2, 3], LossAggregation::TokenMean, &[], only_advantages);
        (inputs.iter().map(|input| input.ids.len()).sum::<usize>(), native::gradient(&packed, &inputs, &objective))
    };
    let ((all, whole), (few, part)) = (gradient(false), gradient(true));
    assert!(few * 2 < all + 8, "{few} of {all} tokens");
    assert!((whole.sums.loss - part.sums.loss).abs() < 1e-6);
    let off = closeness(&whole.matrices, &part.matrices);
    assert!(off < 1e-5, "relative difference {off}");
}

#[test]
fn the_sampler_has_the_trainers_log_probabilities() {
    let learner = learner();
    let data = sequences(4);
    let inputs = weighted(&data, &[0, 1, 2, 3], LossAggregation::TokenMean, &[], false);
    let network = Network::new(learner.host_weights());
    for input in &inputs {
        let sampler = gradient::log_probs(&network, input);
        let mut alone = input.clone();
        alone.actions.iter_mut().zip(&sampler).for_each(|((_, token), old)| token.old = *old);
        let tape = on_tape(&learner.weights.config, &tensors(&learner), &[alone], &Objective::Imitation);
        let drift = tape.sums.drift / tape.sums.tokens as f64;
        assert!(drift < 1e-4, "mean difference {drift}");
    }
}

/// What a run depends on, bit for bit.
fn train_a_little(learner: &mut Learner) -> Vec<TrainReport> {
    let data = sequences(10);
    let imitation = ImitationConfig { steps: 3, batch: 4, micro_batch_tokens: 64, ..ImitationConfig::default() };
    let rl = RlConfig { mini_batch: 4, micro_batch_tokens: 64, kl_weight: 0.01, ..RlConfig::default() };
    vec![learner.imitate(&data, &imitation).unwrap(), learner.reinforce(&data, &rl).unwrap()]
}

#[test]
fn a_restored_learner_goes_on_bit_for_bit() {
    let mut learner = learner();
    train_a_little(&mut learner);
    let saved = learner.checkpoint();
    let mut restored = Learner::restore(&saved, Backend::Cpu).unwrap();
    assert_eq!(restored.checkpoint(), saved);
    let rl = RlConfig { mini_batch: 5, ..RlConfig::default() };
    for round in 0..2 {
        let (a, b) = (learner.reinforce(&sequences(9), &rl).unwrap(), restored.reinforce(&sequences(9), &rl).unwrap());
        assert_eq!(a, b, "round {round}");
        assert_eq!(learner.checkpoint(), restored.checkpoint(), "round {round}");
    }
    assert_ne!(learner.checkpoint().weights, saved.weights);
}

#[test]
fn no_instruction_set_changes_a_bit() {
    let train = || {
        let mut learner = learner();
        (train_a_little(&mut learner), learner.checkpoint())
    };
    let best = train();
    crate::kernels::PLAIN.store(true, Ordering::Relaxed);
    let plain = train();
    crate::kernels::PLAIN.store(false, Ordering::Relaxed);
    assert_eq!(best, plain);
}

#[test]
fn damaged_checkpoints_are_named() {
    let good = learner().checkpoint();
    type Damage = fn(&mut CheckpointBytes);
    let cases: [(Damage, &str); 5] = [
        (|c| c.weights.truncate(100), "checkpoint: weights: "),
        (|c| c.optimizer.clear(), "checkpoint: optimizer: "),
        (|c| c.config = c.config.replace("\"layers\":2", "\"layers\":3"), "checkpoint: layers.2.qkv: "),
        (|c| c.config = c.config.replace("\"vocabulary\":2", "\"vocabulary\":3"), "checkpoint: tokenizer: has "),
        (|c| c.tokenizer = "{}".to_owned(), "not a tokenizer of this program: "),
    ];
    for (damage, want) in cases {
        let mut bytes = good.clone();
        damage(&mut bytes);
        let Err(error) = Learner::restore(&bytes, Backend::Cpu) else { panic!("accepted: {want}") };
        assert!(error.to_string().starts_with(want), "{error}, want {want}");
    }
}

#[test]
fn what_decides_counts_as_much_as_it_is_said_to() {
    let mut learner = learner();
    let mut data = sequences(2);
    let network = Network::new(learner.host_weights());
    let (mut sum, mut total) = (0.0, 0.0);
    for sequence in &mut data {
        sequence.emphasis = (0..sequence.ids.len()).map(|t| if t % 2 == 0 { 5.0 } else { 1.0 }).collect();
        let input = Input::new(sequence, 1.0, &[]).expect("it has actions");
        for ((at, _), log_prob) in input.actions.iter().zip(gradient::log_probs(&network, &input)) {
            let counts = if (at + 1) % 2 == 0 { 5.0 } else { 1.0 };
            sum -= counts * f64::from(log_prob);
            total += counts;
        }
    }
    let once = ImitationConfig { steps: 1, batch: 2, ..ImitationConfig::default() };
    let report = learner.imitate(&data, &once).unwrap();
    assert!((report.loss - sum / total).abs() < 1e-5, "{}, by hand {}", report.loss, sum / total);
}

#[test]
fn reinforcement_moves_probability_towards_advantage() {
    let mut learner = learner();
    let mut data = sequences(6);
    let score = |learner: &Learner, data: &[TrainSequence]| -> Vec<f32> {
        let network = Network::new(learner.host_weights());
        let all: Vec<usize> = (0..data.len()).collect();
        weighted(data, &all, LossAggregation::TokenMean, &[], false)
            .iter()
            .map(|input| gradient::log_probs(&network, input).iter().sum())
            .collect()
    };
    // On-policy: the log-probabilities are those of the policy that is trained.
    let network = Network::new(learner.host_weights());
    let all: Vec<usize> = (0..data.len()).collect();
    let own: Vec<Vec<f32>> = weighted(&data, &all, LossAggregation::TokenMean, &[], false)
        .iter()
        .map(|i| gradient::log_probs(&network, i))
        .collect();
    for (sequence, own) in data.iter_mut().zip(own) {
        let actions = (0..sequence.ids.len()).filter(|t| sequence.action[*t]);
        for (t, value) in actions.collect::<Vec<_>>().into_iter().zip(own) {
            sequence.log_probs[t] = value;
        }
    }
    let before = score(&learner, &data);
    let config = RlConfig { learning_rate: 3e-4, warmup_steps: 1, kl_weight: 0.0, ..RlConfig::default() };
    let report = learner.reinforce(&data, &config).unwrap();
    assert!(report.drift < 1e-5, "on-policy data drifts by {}", report.drift);
    assert_eq!((report.steps, report.clip_fraction, report.kl), (1, 0.0, 0.0));
    for (i, (before, after)) in before.iter().zip(score(&learner, &data)).enumerate() {
        assert_eq!(after > *before, i % 2 == 0, "sequence {i}: {before} to {after}");
    }
}

#[test]
fn aggregations_weigh_tokens_as_defined() {
    let data = sequences(3);
    let n: Vec<f32> = data.iter().map(|d| d.action_tokens() as f32).collect();
    let weights = |aggregation| -> Vec<f32> {
        weighted(&data, &[0, 1, 2], aggregation, &[], false).iter().map(|input| input.actions[0].1.weight).collect()
    };
    assert_eq!(weights(LossAggregation::TokenMean), [1.0 / n.iter().sum::<f32>(); 3]);
    assert_eq!(weights(LossAggregation::SequenceMean), [1.0 / (3.0 * n[0]), 1.0 / (3.0 * n[1]), 1.0 / (3.0 * n[2])]);
    assert_eq!(weights(LossAggregation::Constant { tokens: 50 }), [1.0 / 150.0; 3]);
}

#[test]
fn an_explosion_leaves_the_weights_alone_and_names_its_sequences() {
    let mut learner = learner();
    let before = learner.checkpoint();
    let mut data = sequences(4);
    data.iter_mut().for_each(|sequence| sequence.advantage.iter_mut().for_each(|a| *a *= 1e30));
    let error = learner.reinforce(&data, &RlConfig { mini_batch: 2, ..RlConfig::default() }).unwrap_err();
    assert!(
        matches!(&error, LearnerError::Diverged { step: 1, steps: 2, cause: Explosion::Gradient(_), sequences, .. } if sequences.len() == 2),
        "{error}"
    );
    assert_eq!(learner.checkpoint(), before);
    // A bounded loss of a policy that is thrown away by its update; and the same in the second step of two.
    for (learning_rate, warmup_steps) in [(1e6, 1), (f64::from(f32::MAX), 1), (4e38, 1)] {
        let config = RlConfig { mini_batch: 2, learning_rate, warmup_steps, ..RlConfig::default() };
        let error = learner.reinforce(&sequences(4), &config).unwrap_err();
        assert!(
            matches!(error, LearnerError::Diverged { step: 1, cause: Explosion::Update(_), .. }),
            "{learning_rate}: {error}"
        );
        assert_eq!(learner.checkpoint(), before);
    }
    let imitation = ImitationConfig { steps: 3, learning_rate: 1e6, ..ImitationConfig::default() };
    let error = learner.imitate(&sequences(4), &imitation).unwrap_err();
    assert!(error.to_string().starts_with("imitation diverged at optimiser step 1 of 3: its update is "), "{error}");
    assert_eq!(learner.checkpoint(), before);
}

#[test]
fn nothing_but_action_tokens_is_trained() {
    let learner = learner();
    let objective = Objective::Reinforcement(RlConfig { kl_weight: 0.1, entropy_weight: 0.01, ..RlConfig::default() });
    let packed = native::Packed::new(&learner.weights, learner.rope.clone());
    let gradient = |data: &[TrainSequence]| {
        let all: Vec<usize> = (0..data.len()).collect();
        let references: Vec<Vec<f32>> = data.iter().map(|sequence| vec![-5.0; sequence.ids.len()]).collect();
        native::gradient(&packed, &weighted(data, &all, LossAggregation::TokenMean, &references, false), &objective)
    };
    let data = sequences(3);
    let plain = gradient(&data);
    // Whatever stands at tokens that were read, not written, is never looked at.
    let mut noisy = data.clone();
    for sequence in &mut noisy {
        for t in (0..sequence.ids.len()).filter(|t| !sequence.action[*t]).collect::<Vec<_>>() {
            (sequence.log_probs[t], sequence.advantage[t]) = (-3.0, 1e6);
        }
    }
    let other = gradient(&noisy);
    assert_eq!((plain.sums, plain.matrices), (other.sums, other.matrices));
    assert_eq!(plain.sums.tokens as usize, data.iter().map(TrainSequence::action_tokens).sum::<usize>());
    // And what stands at those that were written, is.
    let written = noisy[0].action.iter().position(|action| *action).unwrap();
    noisy[0].log_probs[written] = -3.0;
    assert_ne!(gradient(&noisy).sums, other.sums);
}

/// A trace of three turns by the learner's own policy, with what it wrote.
fn played(learner: &Learner) -> (TokenTrace, Vec<String>) {
    let task = PublicTask {
        id: "t".to_owned(),
        scenario: "s".to_owned(),
        category: "base".to_owned(),
        system: String::new(),
        initial_state: "{}".to_owned(),
        turns: vec![],
        user_profile: String::new(),
    };
    let mut agent = learner.policy().agent(SampleConfig { max_new_tokens: 12, ..SampleConfig::default() }, &[]);
    agent.begin(0, &EpisodeStart { task: &task, stream: StreamKey::new(3, Purpose::Action) });
    let messages = [Message { role: Role::User, text: "a b c".to_owned() }];
    let texts = (0..3).map(|turn| {
        match agent.act(&[Request { slot: 0, turn, step: 0, messages: &messages, offered: &[] }]).remove(0) {
            Reply::Text(text) => text,
            other => panic!("{other:?}"),
        }
    });
    let texts = texts.collect();
    (agent.end(0), texts)
}

#[test]
fn what_was_sampled_is_trained_on_and_no_text_is_tokenised_again() {
    let mut learner = learner();
    let (trace, texts) = played(&learner);
    let (mut told, tokenizer) = (0, learner.tokenizer().clone());
    for (turn, text) in texts.iter().enumerate() {
        let chosen = (0..trace.ids.len()).filter(|t| trace.action[*t] && usize::from(trace.turn[*t]) == turn);
        let ids: Vec<u32> = chosen.map(|t| trace.ids[t]).filter(|id| *id != crate::tokenizer::END).collect();
        assert_eq!(tokenizer.decode(&ids), *text);
        told += usize::from(tokenizer.encode(text) != ids);
    }
    // A policy that knows nothing writes what no tokenizer would: the difference could be seen.
    assert!(told > 0, "every reply reads the same when it is tokenised again: {texts:?}");
    let sequence = TrainSequence::reinforcement(&trace, |_, _| 1.0);
    assert_eq!((&sequence.ids, &sequence.action, &sequence.log_probs), (&trace.ids, &trace.action, &trace.log_probs));
    let report = learner.reinforce(&[sequence], &RlConfig { kl_weight: 0.0, ..RlConfig::default() }).unwrap();
    assert!(report.drift < 1e-5, "the trainer computes other log-probabilities: {}", report.drift);
}

#[test]
fn steps_after_the_first_report_how_far_off_policy_they_are() {
    let mut learner = learner();
    let data = sequences(6);
    let one = learner.reinforce(&data, &RlConfig::default()).unwrap();
    assert_eq!((one.steps, one.off_policy), (1, None));
    let config = RlConfig { epochs: 2, mini_batch: 3, learning_rate: 1e-3, warmup_steps: 1, ..RlConfig::default() };
    let four = learner.reinforce(&data, &config).unwrap();
    let off = four.off_policy.expect("three steps came after the first");
    assert_eq!(four.steps, 4);
    assert!(off.drift > 0.0 && off.ratio_min < off.ratio_mean && off.ratio_mean < off.ratio_max, "{off:?}");
    assert!(off.effective_share > 0.0 && off.effective_share <= 1.0, "{off:?}");
}

#[test]
fn unusable_sequences_are_named() {
    let mut learner = learner();
    type Damage = fn(&mut TrainSequence);
    let cases: [(Damage, &str); 5] = [
        (|s| s.action.truncate(1), "its vectors differ in length"),
        (|s| s.emphasis.push(5.0), "its vectors differ in length"),
        (|s| s.ids[0] = 9999, "token 9999 is not in the vocabulary"),
        (|s| s.log_probs[0] = f32::NAN, "an advantage, log-probability or emphasis is not finite"),
        (
            |s| {
                *s = TrainSequence {
                    ids: vec![1; 129],
                    action: vec![true; 129],
                    log_probs: vec![0.0; 129],
                    advantage: vec![0.0; 129],
                    ..TrainSequence::default()
                }
            },
            "129 tokens exceed the context of 128",
        ),
    ];
    for (damage, want) in cases {
        let mut data = sequences(2);
        damage(&mut data[1]);
        let error = learner.imitate(&data, &ImitationConfig::default()).unwrap_err();
        assert_eq!(error.to_string(), format!("sequence 1 cannot be trained on: {want}"));
    }
}

/// Prints the hash of a little training; run by the test below with different numbers of threads.
#[test]
fn fingerprint() {
    let mut learner = learner();
    let reports = train_a_little(&mut learner);
    let saved = learner.checkpoint();
    let bytes = [saved.weights, saved.optimizer, format!("{reports:?}").into_bytes()].concat();
    println!("fingerprint {}", blake3::hash(&bytes));
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let run = |threads: &str| {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["learner::tests::fingerprint", "--exact", "--nocapture"])
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().find_map(|line| line.split("fingerprint ").nth(1).map(str::to_owned)).expect("a fingerprint")
    };
    let one = run("1");
    assert_eq!(one.len(), 64, "{one}");
    for threads in ["2", "3"] {
        assert_eq!(run(threads), one, "{threads} threads");
    }
}

#[test]
fn the_shipped_backbone_is_whole_and_trains_on() {
    let backbone = crate::Backbone::shipped().with_context(64);
    let ids = backbone.tokenizer.encode("@find {\"name\":\"Oslo\"}");
    let n = ids.len();
    let sequence = TrainSequence {
        ids,
        action: vec![true; n],
        log_probs: vec![0.0; n],
        advantage: vec![0.0; n],
        ..TrainSequence::default()
    };
    let mut learner = Learner::begin_with(backbone, Backend::Cpu, 1).unwrap();
    let before = learner.host_weights().clone();
    let config = ImitationConfig { steps: 1, batch: 1, ..ImitationConfig::default() };
    let drawn = sequence.clone();
    learner.imitate_drawn(&mut |_| vec![drawn.clone()], &config, &mut |_| ()).unwrap();
    assert_ne!(before, *learner.host_weights());
    // Drawn and held sequences are trained on alike.
    let mut held = Learner::begin_with(crate::Backbone::shipped().with_context(64), Backend::Cpu, 1).unwrap();
    held.imitate(&[sequence], &config).unwrap();
    assert_eq!(held.host_weights(), learner.host_weights());
}
