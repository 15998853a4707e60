//! The forward pass on burn's tape, for any device.
//!
//! This is the definition that the other two implementations (the sampler's, and the CPU trainer's kernels) are tested
//! against. Sequences are padded on the right to a common length; causality keeps the padding out of every real token.

use burn::tensor::activation::{relu, softmax};
use burn::tensor::{Device, Int, Tensor, TensorData};
use coevo_core::config::ModelConfig;

use super::{Part, TAPS, part};
use crate::kernels::math::{NORM_EPSILON, Rope};

/// A batch of padded sequences and the rows whose logits are wanted.
#[derive(Clone, Debug)]
pub struct PaddedBatch {
    pub sequences: usize,
    pub length: usize,
    /// `[sequences · length]`.
    pub ids: Vec<u32>,
    /// Indices into `ids`.
    pub rows: Vec<u32>,
}

/// Integer tensor of one dimension.
fn indices(values: &[u32], device: &Device) -> Tensor<1, Int> {
    let count = values.len();
    let values: Vec<i32> = values.iter().map(|v| *v as i32).collect();
    Tensor::from_data(TensorData::new(values, [count]), device)
}

/// RMSNorm without gain over the last axis.
fn norm(x: Tensor<2>) -> Tensor<2> {
    let mean_square = (x.clone() * x.clone()).mean_dim(1);
    x / (mean_square + NORM_EPSILON).sqrt()
}

/// Logits of `batch.rows`.
///
/// # Shapes
/// - params: the model's layout
/// - output: `[rows, vocabulary]`
pub fn logits(config: &ModelConfig, params: &[Tensor<2>], batch: &PaddedBatch, device: &Device) -> Tensor<2> {
    let mut x = norm(params[0].clone().select(0, indices(&batch.ids, device)));
    let constants = Constants::new(config, batch.length, device);
    for layer in 0..config.layers {
        let weight = |which: Part| params[part(layer, which)].clone();
        let qkv = norm(x.clone()).matmul(weight(Part::Qkv));
        let attended = attention(config, qkv, weight(Part::Mix), batch, &constants);
        x = x + attended.matmul(weight(Part::Out));
        let hidden = relu(norm(x.clone()).matmul(weight(Part::Up)));
        x = x + (hidden.clone() * hidden).matmul(weight(Part::Down));
    }
    let x = norm(x.select(0, indices(&batch.rows, device)));
    x.matmul(params[0].clone().transpose())
}

struct Constants {
    cos: Tensor<4>,
    sin: Tensor<4>,
    mask: Tensor<4>,
}

impl Constants {
    fn new(config: &ModelConfig, length: usize, device: &Device) -> Self {
        let head = config.width / config.heads;
        let rope = Rope::new(length, head, config.rope_base);
        let (cos, sin) = rope.tables();
        let table =
            |values: &[f32]| Tensor::from_data(TensorData::new(values.to_vec(), [1, 1, length, head / 2]), device);
        let hidden: Vec<f32> = (0..length * length).map(|i| if i % length > i / length { -1e9 } else { 0.0 }).collect();
        Self {
            cos: table(cos),
            sin: table(sin),
            mask: Tensor::from_data(TensorData::new(hidden, [1, 1, length, length]), device),
        }
    }
}

/// Token mixing, rotary positions and causal attention: `[B·T, 3·width]` to `[B·T, width]`.
fn attention(
    config: &ModelConfig,
    qkv: Tensor<2>,
    mix: Tensor<2>,
    batch: &PaddedBatch,
    constants: &Constants,
) -> Tensor<2> {
    let (sequences, length, width) = (batch.sequences, batch.length, config.width);
    let head = width / config.heads;
    let qkv = qkv.reshape([sequences, length, 3 * width]);
    let weight = |tap: usize| mix.clone().slice([tap..tap + 1, 0..3 * width]).reshape([1, 1, 3 * width]);
    let mut mixed = qkv.clone() * weight(0);
    for tap in 1..=TAPS.min(length - 1) {
        let zeros = Tensor::zeros([sequences, tap, 3 * width], &qkv.device().inner());
        let earlier = qkv.clone().slice([0..sequences, 0..length - tap, 0..3 * width]);
        mixed = mixed + Tensor::cat(vec![zeros, earlier], 1) * weight(tap);
    }
    let mixed = mixed.reshape([sequences, length, 3 * config.heads, head]).swap_dims(1, 2);
    let take = |index: usize| {
        let heads = index * config.heads..(index + 1) * config.heads;
        mixed.clone().slice([0..sequences, heads, 0..length, 0..head])
    };
    let rotate = |x: Tensor<4>| {
        let half = |from: usize| x.clone().slice([0..sequences, 0..config.heads, 0..length, from..from + head / 2]);
        let (low, high) = (half(0), half(head / 2));
        let (cos, sin) = (constants.cos.clone(), constants.sin.clone());
        let new_low = low.clone() * cos.clone() - high.clone() * sin.clone();
        Tensor::cat(vec![new_low, high * cos + low * sin], 3)
    };
    let (q, k, v) = (rotate(take(0)), rotate(take(1)), take(2));
    let scores = q.matmul(k.swap_dims(2, 3)) * (head as f32).powf(-0.5) + constants.mask.clone();
    softmax(scores, 3).matmul(v).swap_dims(1, 2).reshape([sequences * length, width])
}
