//! Gradients of one shard on burn's tape: the whole model, on any device. The CPU has a faster way ([`super::native`]), which a
//! test holds equal to this one.
//!
//! The loss itself is computed on the host ([`super::objective`]), its gradient injected at the logits.

use burn::tensor::{Device, Gradients, Tensor, TensorData};
use coevo_core::config::ModelConfig;

use super::batch::Input;
use super::objective::{LossSums, Objective};
use crate::infer::sample::restrict;
use crate::kernels::math::log_softmax;
use crate::model::HostWeights;
use crate::model::tape::{self, PaddedBatch};

/// Gradients on the host, in the model's layout, and the loss's sums.
#[derive(Clone, Debug)]
pub struct ShardGradient {
    pub matrices: Vec<Vec<f32>>,
    pub sums: LossSums,
}

/// The weights as tensors on a device.
pub fn upload(weights: &HostWeights, device: &Device) -> Vec<Tensor<2>> {
    let matrices = weights.layout().into_iter().zip(&weights.matrices);
    matrices.map(|(spec, values)| tensor(values.clone(), spec.shape[1], device)).collect()
}

/// Reads a tensor; the shape is known to the caller.
fn read(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().expect("all our tensors are f32")
}

fn tensor(values: Vec<f32>, columns: usize, device: &Device) -> Tensor<2> {
    let rows = values.len() / columns;
    Tensor::from_data(TensorData::new(values, [rows, columns]), device)
}

fn leaf(tensor: Tensor<2>) -> Tensor<2> {
    tensor.autodiff().require_grad()
}

/// `Σ y·g`, walked back.
fn inject(y: Tensor<2>, gradient: Tensor<2>) -> Gradients {
    (y * gradient).sum().backward()
}

fn collect(leaves: &[Tensor<2>], grads: &mut Gradients) -> Vec<Vec<f32>> {
    leaves
        .iter()
        .map(|leaf| match leaf.grad_remove(grads) {
            Some(gradient) => read(gradient),
            None => vec![0.0; leaf.dims().iter().product()],
        })
        .collect()
}

/// Loss sums and the gradient by the logits, from the logits of all action rows in order.
pub(super) fn loss(objective: &Objective, inputs: &[Input<'_>], logits: &mut [f32], vocabulary: usize) -> LossSums {
    let mut sums = LossSums::default();
    let tokens = inputs.iter().flat_map(|input| input.actions.iter().map(|(at, token)| (input.allowed.get(at), token)));
    for (row, (allowed, token)) in logits.chunks_exact_mut(vocabulary).zip(tokens) {
        if let Some(allowed) = allowed {
            restrict(row, allowed);
        }
        objective.apply(token, row, &mut sums);
    }
    sums
}

/// The inputs padded to the longest, and the rows of their actions.
fn pad(inputs: &[Input<'_>]) -> PaddedBatch {
    let length = inputs.iter().map(|input| input.ids.len()).max().unwrap_or(0);
    let mut batch = PaddedBatch {
        sequences: inputs.len(),
        length,
        ids: vec![crate::tokenizer::PAD; inputs.len() * length],
        rows: vec![],
    };
    for (index, input) in inputs.iter().enumerate() {
        batch.ids[index * length..index * length + input.ids.len()].copy_from_slice(input.ids);
        batch.rows.extend(input.actions.iter().map(|(at, _)| (index * length + at) as u32));
    }
    batch
}

/// The whole model on burn's tape. `weights` carry no tape.
pub fn on_tape(
    config: &ModelConfig,
    weights: &[Tensor<2>],
    inputs: &[Input<'_>],
    objective: &Objective,
) -> ShardGradient {
    let device = weights[0].device();
    let vocabulary = weights[0].dims()[0];
    let leaves: Vec<Tensor<2>> = weights.iter().cloned().map(leaf).collect();
    let logits = tape::logits(config, &leaves, &pad(inputs), &device);
    let mut values = read(logits.clone().inner());
    let sums = loss(objective, inputs, &mut values, vocabulary);
    let mut grads = inject(logits, tensor(values, vocabulary, &device));
    ShardGradient { matrices: collect(&leaves, &mut grads), sums }
}

/// Log-probabilities of the action tokens of each input, without gradients.
pub fn log_probs(network: &crate::infer::Network, input: &Input<'_>) -> Vec<f32> {
    let vocabulary = network.vocabulary();
    let mut logits = network.logits(input.ids);
    input
        .actions
        .iter()
        .map(|(at, token)| {
            let row = &mut logits[at * vocabulary..(at + 1) * vocabulary];
            if let Some(allowed) = input.allowed.get(at) {
                restrict(row, allowed);
            }
            log_softmax(row);
            row[token.target as usize]
        })
        .collect()
}
