//! AdamW over the model's matrices: burn's rule, our bookkeeping, so that its state can be saved by name.

use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer};
use burn::tensor::{Device, Tensor, TensorData};

use super::gradient::read;
use crate::model::ParamSpec;

/// First and second moments of one matrix, on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    pub first: Vec<f32>,
    pub second: Vec<f32>,
}

/// AdamW's state for every matrix.
#[derive(Clone)]
pub struct Adam {
    states: Vec<Option<AdamWState<2>>>,
    /// Updates so far.
    steps: u64,
    muon: std::collections::BTreeMap<usize, burn::optim::MuonState<2>>,
}

/// One update's settings.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    pub learning_rate: f64,
    pub weight_decay: f64,
    pub gradient_clip: f64,
}

impl Adam {
    pub fn new(matrices: usize) -> Self {
        Self { states: vec![None; matrices], steps: 0, muon: Default::default() }
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
        for (index, mut gradient) in gradients.into_iter().enumerate() {
            gradient.iter_mut().for_each(|g| *g *= scale);
            let device = weights[index].device();
            let gradient = Tensor::from_data(TensorData::new(gradient, specs[index].shape), &device);
            if specs[index].decay && std::env::var("MUON").is_ok() {
                let scale: f64 = std::env::var("MUON").unwrap().parse().unwrap();
                let muon = burn::optim::MuonConfig::new().with_adjust_lr_fn(burn::optim::AdjustLrFn::MatchRmsAdamW).build();
                let [rows, columns] = specs[index].shape;
                let parts = if specs[index].name.ends_with("qkv") { 3 } else { 1 };
                let width = columns / parts;
                let mut new = vec![];
                for p in 0..parts {
                    let cut = |t: Tensor<2>| t.slice([0..rows, p * width..(p + 1) * width]);
                    let key = index * 3 + p;
                    let state = self.muon.remove(&key);
                    let (t, state) = muon.step(rates.learning_rate * scale, cut(weights[index].clone()), cut(gradient.clone()), state);
                    self.muon.insert(key, state.unwrap());
                    new.push(t);
                }
                weights[index] = Tensor::cat(new, 1);
                continue;
            }
            let decay = if specs[index].decay { rates.weight_decay } else { 0.0 };
            let (updated, state) =
                rule(decay).step(rates.learning_rate, weights[index].clone(), gradient, self.states[index].take());
            weights[index] = updated;
            self.states[index] = state;
        }
        self.steps += 1;
    }

    /// The moments of every matrix; `None` before the first update.
    pub fn moments(&self) -> Vec<Option<Moments>> {
        let host = |state: &AdamWState<2>| Moments {
            first: read(state.momentum.moment_1.clone()),
            second: read(state.momentum.moment_2.clone()),
        };
        self.states.iter().map(|state| state.as_ref().map(host)).collect()
    }

    /// The state that [`Self::moments`] and [`Self::steps`] describe.
    pub fn restore(specs: &[ParamSpec], moments: Vec<Option<Moments>>, steps: u64, device: &Device) -> Self {
        let states = moments
            .into_iter()
            .zip(specs)
            .map(|(moments, spec)| {
                let tensor = |values| Tensor::from_data(TensorData::new(values, spec.shape), device);
                moments.map(|m| {
                    AdamWState::new(AdaptiveMomentumState::new(steps as usize, tensor(m.first), tensor(m.second)))
                })
            })
            .collect();
        Self { states, steps, muon: Default::default() }
    }
}

fn rule(weight_decay: f64) -> AdamW {
    AdamWConfig::new()
        .with_beta_1(0.9)
        .with_beta_2(0.95)
        .with_epsilon(1e-8)
        .with_weight_decay(weight_decay as f32)
        .build()
}
