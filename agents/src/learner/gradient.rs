//! Gradients of one shard, in two ways that a test holds equal.
//!
//! - [`on_tape`]: the whole model on burn's tape, on any device.
//! - [`on_cut_tape`]: burn's tape for the dense algebra of each block, cut around attention, which runs in our own
//!   kernels ([`crate::learner::attention`]). For the CPU: no padding, no `T × T` matrices, a third of the time. A cut is a
//!   tensor read out of the tape and put back as a leaf; on the way back its gradient `g` is injected as the scalar `Σ y·g`.
//!
//! In both the loss itself is computed on the host ([`super::objective`]), its gradient injected at the logits.

use burn::tensor::activation::relu;
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use coevo_core::config::ModelConfig;

use super::attention::{Attention, Saved};
use super::batch::Input;
use super::objective::{LossSums, Objective};
use crate::model::tape::{self, PaddedBatch, indices, norm};
use crate::model::{Part, part};

/// Gradients on the host, in the model's layout, and the loss's sums.
#[derive(Clone, Debug)]
pub struct ShardGradient {
    pub matrices: Vec<Vec<f32>>,
    pub sums: LossSums,
}

/// Reads a tensor; the shape is known to the caller.
pub fn read(tensor: Tensor<2>) -> Vec<f32> {
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
fn loss(objective: &Objective, inputs: &[Input<'_>], logits: &mut [f32], vocabulary: usize) -> LossSums {
    let mut sums = LossSums::default();
    let tokens = inputs.iter().flat_map(|input| &input.actions);
    for (row, (_, token)) in logits.chunks_exact_mut(vocabulary).zip(tokens) {
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

/// What a block leaves for the way back.
struct Block {
    input: Tensor<2>,
    qkv: Tensor<2>,
    rows: Vec<f32>,
    saved: Saved,
    attended: Tensor<2>,
    output: Tensor<2>,
}

/// Burn's tape for the dense algebra, our kernels for attention. For CPU devices; `weights` carry no tape.
pub fn on_cut_tape(
    config: &ModelConfig,
    weights: &[Tensor<2>],
    inputs: &[Input<'_>],
    objective: &Objective,
) -> ShardGradient {
    let device = weights[0].device();
    let (vocabulary, width) = (weights[0].dims()[0], config.width);
    let leaves: Vec<Tensor<2>> = weights.iter().cloned().map(leaf).collect();
    let mut matrices: Vec<Vec<f32>> = weights.iter().map(|w| vec![0.0; w.dims().iter().product()]).collect();
    let lengths: Vec<usize> = inputs.iter().map(|input| input.ids.len()).collect();
    let ids: Vec<u32> = inputs.iter().flat_map(|input| input.ids.iter().copied()).collect();
    let mut rows: Vec<u32> = Vec::new();
    let mut start = 0;
    for input in inputs {
        rows.extend(input.actions.iter().map(|(at, _)| (start + at) as u32));
        start += input.ids.len();
    }

    let embedded = norm(leaves[0].clone().select(0, indices(&ids, &device)));
    let mut x = leaf(embedded.clone().inner());
    let mut blocks = Vec::with_capacity(config.layers);
    for layer in 0..config.layers {
        let weight = |which: Part| leaves[part(layer, which)].clone();
        let qkv = norm(x.clone()).matmul(weight(Part::Qkv));
        let rows = read(qkv.clone().inner());
        let mix = read(weights[part(layer, Part::Mix)].clone());
        let saved = Attention { config, lengths: &lengths, mix: &mix }.forward(&rows);
        let attended = leaf(tensor(saved.out.clone(), width, &device));
        let middle = x.clone() + attended.clone().matmul(weight(Part::Out));
        let hidden = relu(norm(middle.clone()).matmul(weight(Part::Up)));
        let output = middle + (hidden.clone() * hidden).matmul(weight(Part::Down));
        let next = leaf(output.clone().inner());
        blocks.push(Block { input: x, qkv, rows, saved, attended, output });
        x = next;
    }
    let last = norm(x.clone().select(0, indices(&rows, &device)));
    let logits = last.matmul(leaves[0].clone().transpose());
    let mut values = read(logits.clone().inner());
    let sums = loss(objective, inputs, &mut values, vocabulary);

    let mut grads = inject(logits, tensor(values, vocabulary, &device));
    let mut add = |index: usize, grads: &mut Gradients| {
        let gradient = read(leaves[index].grad_remove(grads).expect("the matrix took part"));
        matrices[index].iter_mut().zip(gradient).for_each(|(sum, g)| *sum += g);
    };
    add(0, &mut grads);
    let mut by_x = x.grad_remove(&mut grads).expect("the last block's output took part");
    let mut mixes = Vec::with_capacity(config.layers);
    for (layer, block) in blocks.into_iter().enumerate().rev() {
        let mut grads = inject(block.output, by_x);
        for which in [Part::Out, Part::Up, Part::Down] {
            add(part(layer, which), &mut grads);
        }
        let by_attended = read(block.attended.grad_remove(&mut grads).expect("attention took part"));
        let direct = block.input.grad_remove(&mut grads).expect("the residual took part");
        let mix = read(weights[part(layer, Part::Mix)].clone());
        let attention = Attention { config, lengths: &lengths, mix: &mix };
        let (by_rows, by_mix) = attention.backward(&block.rows, &block.saved, &by_attended);
        mixes.push((part(layer, Part::Mix), by_mix));
        let mut grads = inject(block.qkv, tensor(by_rows, 3 * width, &device));
        add(part(layer, Part::Qkv), &mut grads);
        by_x = direct + block.input.grad_remove(&mut grads).expect("queries, keys and values took part");
    }
    add(0, &mut inject(embedded, by_x));
    for (index, by_mix) in mixes {
        matrices[index] = by_mix;
    }
    ShardGradient { matrices, sums }
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
            super::objective::log_softmax(row);
            row[token.target as usize]
        })
        .collect()
}
