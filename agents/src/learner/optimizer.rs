//! From gradients to updates: burn's rules, our bookkeeping, so that the state can be saved by name.
//!
//! Reinforcement uses AdamW throughout. Imitation may use Muon (orthogonalised momentum) for the blocks' matrices: with
//! it copying from the context is learnt in about half the steps.

use burn::optim::{
    AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, AdjustLrFn, Muon, MuonConfig, MuonState, Optimizer as _,
    decay::WeightDecayConfig,
};
use burn::tensor::{Device, Tensor, TensorData};
use coevo_core::config::Optimizer;
use rayon::prelude::*;

use super::gradient::read;
use crate::model::ParamSpec;

/// Muon's learning rate as a share of AdamW's; found best of 0.25, 0.5 and 1 on cloned travel episodes.
const MUON_SHARE: f64 = 0.5;

/// First and second moments of one matrix, on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    pub first: Vec<f32>,
    pub second: Vec<f32>,
}

#[expect(clippy::large_enum_variant, reason = "a dozen of them, one a matrix: a box would save nothing")]
#[derive(Clone, Default)]
enum State {
    #[default]
    Fresh,
    AdamW(AdamWState<2>),
    /// One for each matrix that the parameter is made of.
    Muon(Vec<Option<MuonState<2>>>),
}

/// The state of every matrix's rule.
#[derive(Clone)]
pub struct Updater {
    optimizer: Optimizer,
    states: Vec<State>,
    /// Updates so far.
    steps: u64,
}

/// One update's settings.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    pub learning_rate: f64,
    pub weight_decay: f64,
    pub gradient_clip: f64,
}

impl Updater {
    pub fn new(optimizer: Optimizer, matrices: usize) -> Self {
        Self { optimizer, states: vec![State::Fresh; matrices], steps: 0 }
    }

    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Updates `weights` in place. `norm` is the gradient's global norm.
    pub fn step(
        &mut self,
        specs: &[ParamSpec],
        weights: &mut [Tensor<2>],
        gradients: Vec<Vec<f32>>,
        norm: f64,
        rates: Rates,
    ) {
        let scale = if norm > rates.gradient_clip { (rates.gradient_clip / norm) as f32 } else { 1.0 };
        let optimizer = self.optimizer;
        let matrices = weights.par_iter_mut().zip(&mut self.states).zip(gradients).zip(specs);
        matrices.for_each(|(((weight, state), mut gradient), spec)| {
            gradient.iter_mut().for_each(|g| *g *= scale);
            let gradient = Tensor::from_data(TensorData::new(gradient, spec.shape), &weight.device());
            let old = weight.clone();
            *weight = match (optimizer, spec.decay) {
                (Optimizer::Muon, true) => by_muon(spec, old, gradient, state, rates),
                (_, decay) => {
                    let decay = if decay { rates.weight_decay } else { 0.0 };
                    let before = if let State::AdamW(before) = std::mem::take(state) { Some(before) } else { None };
                    let (new, after) = adam_w(decay).step(rates.learning_rate, old, gradient, before);
                    *state = after.map_or(State::Fresh, State::AdamW);
                    new
                }
            };
        });
        self.steps += 1;
    }

    /// AdamW's moments of every matrix; `None` before the first update.
    pub fn moments(&self) -> Vec<Option<Moments>> {
        let host = |state: &State| match state {
            State::AdamW(state) => Some(Moments {
                first: read(state.momentum.moment_1.clone()),
                second: read(state.momentum.moment_2.clone()),
            }),
            _ => None,
        };
        self.states.iter().map(host).collect()
    }

    /// AdamW in the state that [`Self::moments`] and [`Self::steps`] describe.
    pub fn restore(specs: &[ParamSpec], moments: Vec<Option<Moments>>, steps: u64, device: &Device) -> Self {
        let states = moments.into_iter().zip(specs).map(|(moments, spec)| {
            let tensor = |values| Tensor::from_data(TensorData::new(values, spec.shape), device);
            let momentum = |m: Moments| AdaptiveMomentumState::new(steps as usize, tensor(m.first), tensor(m.second));
            moments.map_or(State::Fresh, |m| State::AdamW(AdamWState::new(momentum(m))))
        });
        Self { optimizer: Optimizer::AdamW, states: states.collect(), steps }
    }
}

/// Norm of what an update changed, as a multiple of the weights' own. NaN where either is.
pub fn relative_change(before: &[Tensor<2>], after: &[Tensor<2>]) -> f64 {
    let square = |tensor: Tensor<2>| (tensor.clone() * tensor).sum();
    let changes = before.iter().zip(after).map(|(before, after)| square(after.clone() - before.clone()));
    let sums = Tensor::cat(changes.chain(before.iter().cloned().map(square)).collect(), 0);
    let sums = sums.into_data().try_into_vec::<f32>().expect("all our tensors are f32");
    let norm = |sums: &[f32]| sums.iter().map(|sum| f64::from(*sum)).sum::<f64>().sqrt();
    let (changed, own) = sums.split_at(before.len());
    norm(changed) / norm(own)
}

fn by_muon(spec: &ParamSpec, weight: Tensor<2>, gradient: Tensor<2>, state: &mut State, rates: Rates) -> Tensor<2> {
    let [rows, columns] = spec.shape;
    let width = columns / spec.stacked;
    let mut before = match std::mem::take(state) {
        State::Muon(states) => states,
        _ => vec![None; spec.stacked],
    };
    let rule = muon(rates.weight_decay);
    let parts = before.iter_mut().enumerate().map(|(index, state)| {
        let cut = |tensor: &Tensor<2>| tensor.clone().slice([0..rows, index * width..(index + 1) * width]);
        let (new, after) = rule.step(rates.learning_rate * MUON_SHARE, cut(&weight), cut(&gradient), state.take());
        *state = after;
        new
    });
    let updated = Tensor::cat(parts.collect(), 1);
    *state = State::Muon(before);
    updated
}

fn muon(weight_decay: f64) -> Muon {
    MuonConfig::new()
        .with_weight_decay(Some(WeightDecayConfig { penalty: weight_decay as f32 }))
        .with_adjust_lr_fn(AdjustLrFn::MatchRmsAdamW)
        .build()
}

fn adam_w(weight_decay: f64) -> AdamW {
    AdamWConfig::new()
        .with_beta_1(0.9)
        .with_beta_2(0.95)
        .with_epsilon(1e-8)
        .with_weight_decay(weight_decay as f32)
        .build()
}
