//! The learner against itself: two gradients, two engines, two runs.

use super::*;
use coevo_core::config::TokenizerConfig;

fn tokenizer() -> Tokenizer {
    Tokenizer::train(["a b c 1 2 3"], &TokenizerConfig { vocabulary: 270 }).unwrap()
}

fn small() -> ModelConfig {
    ModelConfig { layers: 2, width: 32, heads: 2, mlp: 64, context: 128, rope_base: 1000.0 }
}

fn learner() -> Learner {
    Learner::new(&small(), tokenizer(), Backend::Cpu, 5).unwrap()
}

fn sequences(n: usize) -> Vec<TrainSequence> {
    (0..n)
        .map(|i| {
            let length = 12 + (i * 17) % 50;
            let ids: Vec<u32> = (0..length).map(|t| ((t * t * 3 + i * 11 + t) % 260) as u32).collect();
            let action: Vec<bool> = (0..length).map(|t| t > 2 && (t + i) % 3 == 0).collect();
            let log_probs = action.iter().map(|a| if *a { -5.5 } else { 0.0 }).collect();
            let advantage = action.iter().map(|a| if *a { if i % 2 == 0 { 1.0 } else { -0.5 } } else { 0.0 }).collect();
            TrainSequence { ids, action, log_probs, advantage }
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
fn the_cut_tape_has_the_whole_tapes_gradients() {
    let learner = learner();
    let data = sequences(5);
    let rl = Objective::Reinforcement(RlConfig { kl_weight: 0.1, entropy_weight: 0.01, ..RlConfig::default() });
    for objective in [Objective::Imitation, rl] {
        let inputs = weighted(&data, &[0, 1, 2, 3, 4], LossAggregation::TokenMean, &[]);
        let whole = on_tape(&learner.config, &learner.weights, &inputs, &objective);
        let cut = on_cut_tape(&learner.config, &learner.weights, &inputs, &objective);
        assert!((whole.sums.loss / cut.sums.loss - 1.0).abs() < 1e-5, "{:?} {:?}", whole.sums, cut.sums);
        let off = closeness(&whole.matrices, &cut.matrices);
        assert!(off < 1e-4, "relative difference {off}");
    }
}

#[test]
fn the_sampler_has_the_trainers_log_probabilities() {
    let learner = learner();
    let data = sequences(4);
    let inputs = weighted(&data, &[0, 1, 2, 3], LossAggregation::TokenMean, &[]);
    let network = Network::new(&learner.host_weights());
    for input in &inputs {
        let sampler = gradient::log_probs(&network, input);
        let mut alone = input.clone();
        alone.actions.iter_mut().zip(&sampler).for_each(|((_, token), old)| token.old = *old);
        let tape = on_tape(&learner.config, &learner.weights, &[alone], &Objective::Imitation);
        let drift = tape.sums.drift / tape.sums.tokens as f64;
        assert!(drift < 1e-4, "mean difference {drift}");
    }
}
