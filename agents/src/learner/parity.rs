//! Every option of the loss against PyTorch's loss and gradients (`benches/peers/losses.py` makes `parity.json`): same
//! logits, same masks, same options; through the functions that training itself uses.

use coevo_core::config::RlConfig;
use serde::Deserialize;

use super::gradient::loss;
use super::objective::Objective;
use super::weighted;
use crate::sequence::TrainSequence;

#[derive(Deserialize)]
struct Stored {
    vocabulary: usize,
    sequences: Vec<Sequence>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Sequence {
    ids: Vec<u32>,
    action: Vec<bool>,
    old: Vec<f32>,
    reference: Vec<f32>,
    advantage: Vec<f32>,
    /// Of the action tokens, in order.
    logits: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    /// Absent for imitation.
    options: Option<RlConfig>,
    loss: f64,
    /// By the logits of all action tokens, in order.
    gradient: Vec<Vec<f64>>,
    clipped: u64,
    dual_clipped: u64,
}

#[test]
fn losses_and_gradients_agree_with_pytorch() {
    let stored: Stored = serde_json::from_str(include_str!("parity.json")).expect("the script writes JSON");
    let data: Vec<TrainSequence> = stored
        .sequences
        .iter()
        .map(|s| TrainSequence {
            ids: s.ids.clone(),
            action: s.action.clone(),
            log_probs: s.old.clone(),
            advantage: s.advantage.clone(),
            ..TrainSequence::default()
        })
        .collect();
    let references: Vec<Vec<f32>> = stored.sequences.iter().map(|s| s.reference.clone()).collect();
    let all: Vec<usize> = (0..data.len()).collect();
    let logits: Vec<f32> = stored.sequences.iter().flat_map(|s| s.logits.iter().flatten().copied()).collect();
    let mut moved = 0;
    for case in &stored.cases {
        let config = case.options.clone().unwrap_or_default();
        let inputs = weighted(&data, &all, config.aggregation, &references, false);
        let objective = match &case.options {
            Some(_) => Objective::Reinforcement(config),
            None => Objective::Imitation,
        };
        let mut gradient = logits.clone();
        let sums = loss(&objective, &inputs, &mut gradient, stored.vocabulary);
        assert!((sums.loss - case.loss).abs() < 1e-5 * (1.0 + case.loss.abs()), "{}: {}", case.name, sums.loss);
        assert_eq!((sums.clipped, sums.dual_clipped), (case.clipped, case.dual_clipped), "{}", case.name);
        let expected: Vec<f64> = case.gradient.iter().flatten().copied().collect();
        assert_eq!(gradient.len(), expected.len(), "{}", case.name);
        let largest = expected.iter().fold(0.0, |largest: f64, g| largest.max(g.abs()));
        for (at, (got, expected)) in gradient.iter().zip(&expected).enumerate() {
            let off = (f64::from(*got) - expected).abs();
            assert!(off < 1e-5 * largest, "{} at {at}: {got} is not PyTorch's {expected}", case.name);
        }
        moved += usize::from(largest > 0.0);
    }
    assert_eq!(moved, stored.cases.len());
    assert!(moved >= 10, "only {moved} cases");
}
