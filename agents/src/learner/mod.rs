//! The learner: behaviour cloning and group-relative policy optimisation on burn.
//!
//! A step's sequences are dealt to shards by length; each shard's gradient is computed by one thread alone, and shards are
//! summed in order. On the CPU the result is therefore the same to the last bit for any number of threads.

mod attention;
pub mod backend;
pub mod batch;
mod checkpoint;
mod gradient;
mod native;
pub mod objective;
mod optimizer;
mod shared;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::Tensor;
use coevo_core::config::{Backend, ImitationConfig, LossAggregation, ModelConfig, Optimizer, RlConfig};
use coevo_core::seed::{Purpose, StreamKey};
use rayon::prelude::*;

pub use backend::BackendError;
pub use checkpoint::CheckpointBytes;

use crate::backbone::Backbone;
use crate::infer::Network;
use crate::kernels::math::Rope;
use crate::model::{HostWeights, ModelError, ParamSpec};
use crate::policy::Policy;
use crate::sequence::{OffPolicy, StepReport, TrainReport, TrainSequence};
use crate::tokenizer::{Tokenizer, TokenizerError};
use batch::Input;
use gradient::{ShardGradient, on_tape, upload};
use objective::{LossSums, Objective};
use optimizer::{Rates, Updater, relative_change};

/// Gradient norms beyond this are an explosion, not a large step.
const LARGEST_NORM: f64 = 1e6;

/// A step that changes the weights by more than this multiple of their own norm replaces what was learnt. The losses cannot
/// tell: a clipped surrogate is bounded, however far the policy has gone.
const LARGEST_CHANGE: f64 = 1.0;

/// What was no optimiser step.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Explosion {
    #[error("its loss is {0}")]
    Loss(f64),
    #[error("the norm of its gradient is {0:.3e}")]
    Gradient(f64),
    #[error("its update is {0:.3e} times as large as the weights")]
    Update(f64),
}

/// Why training could not start or go on. The weights are as before the call.
#[derive(Debug, thiserror::Error)]
pub enum LearnerError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// `sequences` are the indices of the step's batch in the data.
    #[error("{what} diverged at optimiser step {step} of {steps}: {cause}")]
    Diverged { what: &'static str, step: u32, steps: u32, cause: Explosion, sequences: Vec<usize> },
    #[error("sequence {index} cannot be trained on: {problem}")]
    Sequence { index: usize, problem: String },
    #[error("checkpoint: {0}")]
    Checkpoint(String),
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
}

/// Sequences, and which of them make up an optimiser step.
type Batch<'d> = (Cow<'d, [TrainSequence]>, Vec<usize>);

/// Weights in training, with all that a resumed run needs to go on identically.
pub struct Learner {
    tokenizer: Tokenizer,
    seed: u64,
    backend: backend::Selected,
    specs: Vec<ParamSpec>,
    weights: HostWeights,
    /// The warm start, which the KL penalty refers to.
    reference: HostWeights,
    /// Of reinforcement; imitation starts a fresh one each time.
    adam: Updater,
    /// Calls of `imitate` and `reinforce` so far: the policy's version, and a key of the shuffles.
    updates: u32,
    /// For every position of the context.
    rope: Arc<Rope>,
    /// One thread each: a shard is computed by one thread, its inner parallelism included.
    pools: Vec<rayon::ThreadPool>,
}

impl Learner {
    /// Fresh weights, the same for the same seed on every backend.
    ///
    /// # Errors
    /// An invalid shape, or a backend that was asked for by name and is not there.
    pub fn new(config: &ModelConfig, tokenizer: Tokenizer, backend: Backend, seed: u64) -> Result<Self, LearnerError> {
        let mut host = HostWeights::init(config, tokenizer.vocabulary(), seed)?;
        if let Some(kin) = tokenizer.kin() {
            host.relate(&kin, seed);
        }
        Self::assemble(host.clone(), host, tokenizer, backend::select(backend)?, seed)
    }

    /// A learner that begins with trained weights, which are its reference.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn begin_with(backbone: Backbone, backend: Backend, seed: u64) -> Result<Self, LearnerError> {
        let Backbone { weights, tokenizer } = backbone;
        Self::assemble(weights.clone(), weights, tokenizer, backend::select(backend)?, seed)
    }

    fn assemble(
        weights: HostWeights,
        reference: HostWeights,
        tokenizer: Tokenizer,
        backend: backend::Selected,
        seed: u64,
    ) -> Result<Self, LearnerError> {
        let specs = weights.layout();
        let threads = if backend.kind() == Backend::Cpu { rayon::current_num_threads() } else { 1 };
        let pool = |_| rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let pools = (0..threads).map(pool).collect::<Result<_, _>>().expect("the system gives a thread");
        Ok(Self {
            rope: Arc::new(Rope::new(
                weights.config.context,
                weights.config.width / weights.config.heads,
                weights.config.rope_base,
            )),
            tokenizer: tokenizer.with_recall(weights.config.recall),
            seed,
            adam: Updater::new(Optimizer::AdamW, specs.len()),
            specs,
            weights,
            reference,
            backend,
            updates: 0,
            pools,
        })
    }

    /// `Cpu` or `Wgpu`.
    pub fn backend(&self) -> Backend {
        self.backend.kind()
    }

    /// One line about the choice of backend, when there is something to say.
    pub fn backend_note(&self) -> Option<&str> {
        self.backend.note.as_deref()
    }

    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    pub fn model_config(&self) -> &ModelConfig {
        &self.weights.config
    }

    /// Number of scalars in the model.
    pub fn parameters(&self) -> usize {
        self.weights.parameters()
    }

    /// The current weights on the host.
    pub fn host_weights(&self) -> &HostWeights {
        &self.weights
    }

    /// A policy with the current weights; later training does not change it.
    pub fn policy(&self) -> Policy {
        Policy::new(&self.weights, self.tokenizer.clone(), u64::from(self.updates))
    }

    /// Behaviour cloning: cross-entropy on action tokens. Its result becomes the reference of the KL penalty.
    ///
    /// # Errors
    /// Unusable sequences, or a step that is none ([`Explosion`]); the weights are then as before.
    pub fn imitate(&mut self, data: &[TrainSequence], config: &ImitationConfig) -> Result<TrainReport, LearnerError> {
        self.imitate_with(data, config, &mut |_| ())
    }

    /// [`Self::imitate`], telling `on_step` of each optimiser step.
    ///
    /// # Errors
    /// As [`Self::imitate`].
    pub fn imitate_with(
        &mut self,
        data: &[TrainSequence],
        config: &ImitationConfig,
        on_step: &mut dyn FnMut(&StepReport),
    ) -> Result<TrainReport, LearnerError> {
        self.check(data)?;
        let (mut epoch, mut order) = (0, Vec::new());
        let mut pick = |learner: &Self, _: u32| {
            let mut batch = Vec::with_capacity(config.batch);
            while batch.len() < config.batch.min(data.len()) {
                if order.is_empty() {
                    order = learner.shuffled(data.len(), epoch);
                    epoch += 1;
                }
                batch.extend(order.pop());
            }
            Ok((Cow::Borrowed(data), batch))
        };
        self.imitation(&mut pick, config, on_step)
    }

    /// [`Self::imitate_with`] on sequences that are drawn for each step and seen once.
    ///
    /// # Errors
    /// As [`Self::imitate`].
    pub fn imitate_drawn(
        &mut self,
        draw: &mut dyn FnMut(u32) -> Vec<TrainSequence>,
        config: &ImitationConfig,
        on_step: &mut dyn FnMut(&StepReport),
    ) -> Result<TrainReport, LearnerError> {
        let mut pick = |learner: &Self, step: u32| {
            let data = draw(step);
            learner.check(&data)?;
            let batch = (0..data.len()).collect();
            Ok((Cow::Owned(data), batch))
        };
        self.imitation(&mut pick, config, on_step)
    }

    fn imitation<'d>(
        &mut self,
        pick: &mut dyn FnMut(&Self, u32) -> Result<Batch<'d>, LearnerError>,
        config: &ImitationConfig,
        on_step: &mut dyn FnMut(&StepReport),
    ) -> Result<TrainReport, LearnerError> {
        let before = self.weights.clone();
        let mut updater = Updater::new(config.optimizer, self.specs.len());
        let mut run = Run::default();
        for step in 0..config.steps {
            let (data, batch) = pick(self, step)?;
            let inputs = weighted(&data, &batch, LossAggregation::TokenMean, &[], false);
            let rates = Rates {
                learning_rate: config.learning_rate * schedule(step, config),
                weight_decay: config.weight_decay,
                gradient_clip: config.gradient_clip,
            };
            let loss = self
                .step(&mut updater, &inputs, &Objective::Imitation, config.micro_batch_tokens, rates, &mut run)
                .map_err(|cause| {
                    self.weights.clone_from(&before);
                    let (step, steps) = (step + 1, config.steps);
                    LearnerError::Diverged { what: "imitation", step, steps, cause, sequences: batch.clone() }
                })?;
            on_step(&StepReport { step, steps: config.steps, loss, tokens: run.tokens });
        }
        self.updates += 1;
        self.reference = self.weights.clone();
        let last = (config.steps as usize).div_ceil(10).max(1);
        Ok(run.report(last))
    }

    /// One round of policy optimisation on on-policy episodes (METHOD.md §4).
    ///
    /// # Errors
    /// Unusable sequences, or a step that is none ([`Explosion`]); the weights are then as before.
    pub fn reinforce(&mut self, data: &[TrainSequence], config: &RlConfig) -> Result<TrainReport, LearnerError> {
        self.reinforce_with(data, config, &mut |_| ())
    }

    /// [`Self::reinforce`], telling `on_step` of each optimiser step.
    ///
    /// # Errors
    /// As [`Self::reinforce`].
    pub fn reinforce_with(
        &mut self,
        data: &[TrainSequence],
        config: &RlConfig,
        on_step: &mut dyn FnMut(&StepReport),
    ) -> Result<TrainReport, LearnerError> {
        self.check(data)?;
        let before = self.weights.clone();
        let mut adam = self.adam.clone();
        let references = self.reference_log_probs(data, config);
        let objective = Objective::Reinforcement(config.clone());
        // Without a penalty or a bonus, a token without an advantage has no gradient: what comes after the last one that has
        // need not be computed.
        let only_advantages = config.kl_weight == 0.0 && config.entropy_weight == 0.0;
        let mut run = Run::default();
        let steps = config.epochs * data.len().div_ceil(config.mini_batch.max(1)) as u32;
        for epoch in 0..config.epochs {
            for batch in self.shuffled(data.len(), epoch).chunks(config.mini_batch.max(1)) {
                let inputs = weighted(data, batch, config.aggregation, &references, only_advantages);
                let warm = ((adam.steps() + 1) as f64 / f64::from(config.warmup_steps.max(1))).min(1.0);
                let rates = Rates {
                    learning_rate: config.learning_rate * warm,
                    weight_decay: config.weight_decay,
                    gradient_clip: config.gradient_clip,
                };
                let step = run.steps();
                let loss = self
                    .step(&mut adam, &inputs, &objective, config.micro_batch_tokens, rates, &mut run)
                    .map_err(|cause| {
                        self.weights.clone_from(&before);
                        let (step, sequences) = (step + 1, batch.to_vec());
                        LearnerError::Diverged { what: "reinforcement", step, steps, cause, sequences }
                    })?;
                on_step(&StepReport { step, steps, loss, tokens: run.tokens });
            }
        }
        self.adam = adam;
        self.updates += 1;
        let steps = run.steps() as usize;
        Ok(run.report(steps.max(1)))
    }

    fn shuffled(&self, n: usize, epoch: u32) -> Vec<usize> {
        let key = StreamKey::new(self.seed, Purpose::Shuffle).round(self.updates).task(u64::from(epoch));
        let mut order: Vec<usize> = (0..n).collect();
        key.stream().shuffle(&mut order);
        order
    }

    fn check(&self, data: &[TrainSequence]) -> Result<(), LearnerError> {
        for (index, sequence) in data.iter().enumerate() {
            let n = sequence.ids.len();
            let fail = |problem: String| Err(LearnerError::Sequence { index, problem });
            let alike = [sequence.action.len(), sequence.log_probs.len(), sequence.advantage.len()] == [n; 3];
            if !alike || ![0, n].contains(&sequence.emphasis.len()) {
                return fail("its vectors differ in length".to_owned());
            }
            if n > self.weights.config.context {
                return fail(format!("{n} tokens exceed the context of {}", self.weights.config.context));
            }
            if let Some(id) = sequence.ids.iter().find(|id| **id as usize >= self.tokenizer.vocabulary()) {
                return fail(format!("token {id} is not in the vocabulary"));
            }
            if sequence.advantage.iter().chain(&sequence.log_probs).chain(&sequence.emphasis).any(|x| !x.is_finite()) {
                return fail("an advantage, log-probability or emphasis is not finite".to_owned());
            }
        }
        Ok(())
    }

    fn reference_log_probs(&self, data: &[TrainSequence], config: &RlConfig) -> Vec<Vec<f32>> {
        if config.kl_weight == 0.0 {
            return Vec::new();
        }
        score(&Network::new(&self.reference), data)
    }

    /// Writes what the current policy makes of each action token over what was recorded: for sequences whose context is not the
    /// one that they were sampled in. Returns the mean |difference| over their action tokens.
    pub fn rescore(&self, data: &mut [TrainSequence]) -> f64 {
        let scored = score(&Network::new(&self.weights), data);
        let (mut sum, mut count) = (0.0, 0u32);
        for (sequence, scored) in data.iter_mut().zip(scored) {
            for (at, value) in scored.into_iter().enumerate().filter(|(at, _)| sequence.action[*at]) {
                sum += f64::from((value - sequence.log_probs[at]).abs());
                count += 1;
                sequence.log_probs[at] = value;
            }
        }
        sum / f64::from(count.max(1))
    }

    /// One optimiser step. After an explosion the weights and `updater` are not to be used.
    fn step(
        &mut self,
        updater: &mut Updater,
        inputs: &[Input<'_>],
        objective: &Objective,
        budget: usize,
        rates: Rates,
        run: &mut Run,
    ) -> Result<f64, Explosion> {
        let total = self.gradient(inputs, objective, budget);
        let squares = total.matrices.iter().flatten().map(|g| f64::from(*g) * f64::from(*g)).sum::<f64>();
        let norm = squares.sqrt();
        let loss = total.sums.loss;
        if !loss.is_finite() {
            return Err(Explosion::Loss(loss));
        }
        let before = self.weights.matrices.clone();
        // Both written so that NaN fails too.
        if norm.is_nan() || norm > LARGEST_NORM {
            return Err(Explosion::Gradient(norm));
        }
        updater.step(&self.specs, &mut self.weights.matrices, total.matrices, norm, rates);
        let change = relative_change(&before, &self.weights.matrices);
        if change.is_nan() || change > LARGEST_CHANGE {
            return Err(Explosion::Update(change));
        }
        run.add(inputs, &total.sums, norm);
        Ok(loss)
    }

    /// Tokens that a step of imitating `data` computes on the CPU: those that a shard's sequences open with in common count once.
    pub fn rows(&self, data: &[TrainSequence], budget: usize) -> usize {
        let all: Vec<usize> = (0..data.len()).collect();
        let inputs = weighted(data, &all, LossAggregation::TokenMean, &[], false);
        let ids: Vec<&[u32]> = inputs.iter().map(|input| input.ids).collect();
        let rows = |shard: &Vec<usize>| {
            let inputs: Vec<Input<'_>> = shard.iter().map(|index| inputs[*index].clone()).collect();
            shared::Layout::of(&inputs).ids.len()
        };
        batch::sharing_shards(&ids, budget).iter().map(rows).sum()
    }

    /// The gradient of all inputs together.
    fn gradient(&self, inputs: &[Input<'_>], objective: &Objective, budget: usize) -> ShardGradient {
        let (engine, shards) = match &self.backend.device {
            None => {
                let packed = native::Packed::new(&self.weights, self.rope.clone());
                let ids: Vec<&[u32]> = inputs.iter().map(|input| input.ids).collect();
                (Engine::Kernels(packed), batch::sharing_shards(&ids, budget))
            }
            Some(device) => {
                let lengths: Vec<usize> = inputs.iter().map(|input| input.ids.len()).collect();
                (Engine::Tape(upload(&self.weights, device)), batch::padded_shards(&lengths, budget))
            }
        };
        let of_shard = |shard: &Vec<usize>| {
            let inputs: Vec<Input<'_>> = shard.iter().map(|index| inputs[*index].clone()).collect();
            match &engine {
                Engine::Kernels(packed) => native::gradient(packed, &inputs, objective),
                Engine::Tape(weights) => on_tape(&self.weights.config, weights, &inputs, objective),
            }
        };
        // Threads take the next shard when they are free; results keep the shards' order.
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            while let Some(shard) = shards.get(next.fetch_add(1, Ordering::Relaxed)) {
                done.push((shard[0], of_shard(shard)));
            }
            done
        };
        let mut results: BTreeMap<usize, ShardGradient> = BTreeMap::new();
        std::thread::scope(|scope| {
            let workers: Vec<_> = self.pools.iter().map(|pool| scope.spawn(|| pool.install(work))).collect();
            for worker in workers {
                results.extend(worker.join().expect("a shard does not panic"));
            }
        });
        let zeros = self.weights.matrices.iter().map(|matrix| vec![0.0; matrix.len()]).collect();
        let mut total = ShardGradient { matrices: zeros, sums: LossSums::default() };
        for result in results.into_values() {
            total.sums.add(&result.sums);
            for (sum, matrix) in total.matrices.iter_mut().zip(&result.matrices) {
                sum.iter_mut().zip(matrix).for_each(|(sum, g)| *sum += g);
            }
        }
        total
    }
}

/// What computes an optimiser step's gradient, with the weights as it needs them.
enum Engine {
    Kernels(native::Packed),
    Tape(Vec<Tensor<2>>),
}

/// Log-probabilities of the action tokens of each sequence, at their places; 0 elsewhere.
fn score(network: &Network, data: &[TrainSequence]) -> Vec<Vec<f32>> {
    data.par_iter()
        .map(|sequence| {
            let mut all = vec![0.0; sequence.ids.len()];
            if let Some(input) = Input::new(sequence, 0.0, &[]) {
                for ((at, _), value) in input.actions.iter().zip(gradient::log_probs(network, &input)) {
                    all[at + 1] = value;
                }
            }
            all
        })
        .collect()
}

/// The inputs of one optimiser step with each token's weight, which counts all action tokens, also where `only_advantages`
/// leaves out those whose advantage is 0.
fn weighted<'a>(
    data: &'a [TrainSequence],
    batch: &[usize],
    aggregation: LossAggregation,
    references: &[Vec<f32>],
    only_advantages: bool,
) -> Vec<Input<'a>> {
    let tokens: f32 = batch.iter().map(|index| data[*index].total()).sum();
    let sequences = batch.len() as f32;
    batch
        .iter()
        .filter_map(|index| {
            let sequence = &data[*index];
            let weight = match aggregation {
                LossAggregation::TokenMean => 1.0 / tokens,
                LossAggregation::SequenceMean => 1.0 / (sequences * sequence.total()),
                LossAggregation::Constant { tokens } => 1.0 / (sequences * tokens as f32),
            };
            let wanted = |t: usize| !only_advantages || sequence.advantage[t] != 0.0;
            Input::of(sequence, weight, references.get(*index).map_or(&[], Vec::as_slice), wanted)
        })
        .collect()
}

/// Linear warm-up, then a cosine down to the final share.
fn schedule(step: u32, config: &ImitationConfig) -> f64 {
    let (step, steps) = (f64::from(step) + 1.0, f64::from(config.steps).max(1.0));
    let warmup = config.warmup_fraction * steps;
    if step < warmup {
        return step / warmup;
    }
    let done = (step - warmup) / (steps - warmup).max(1.0);
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
    config.final_rate_fraction + (1.0 - config.final_rate_fraction) * cosine
}

/// What the steps of one call add up to.
#[derive(Default)]
struct Run {
    losses: Vec<f64>,
    norms: f64,
    sums: LossSums,
    first_drift: Option<f64>,
    /// Of the steps after the first.
    later: LossSums,
    tokens: u64,
    sequences: u64,
}

impl Run {
    fn steps(&self) -> u32 {
        self.losses.len() as u32
    }

    fn add(&mut self, inputs: &[Input<'_>], sums: &LossSums, norm: f64) {
        match self.first_drift {
            None => self.first_drift = Some(sums.drift / sums.tokens.max(1) as f64),
            Some(_) => self.later.add(sums),
        }
        self.losses.push(sums.loss);
        self.norms += norm;
        self.sums.add(sums);
        self.tokens += inputs.iter().map(|input| input.ids.len() as u64).sum::<u64>();
        self.sequences += inputs.len() as u64;
    }

    fn off_policy(&self) -> Option<OffPolicy> {
        let (sums, tokens) = (&self.later, self.later.tokens as f64);
        (sums.ratio > 0.0).then(|| OffPolicy {
            drift: sums.drift / tokens,
            ratio_mean: sums.ratio / tokens,
            ratio_min: sums.log_ratio_low.exp(),
            ratio_max: sums.log_ratio_high.exp(),
            effective_share: sums.ratio * sums.ratio / (tokens * sums.ratio_squares),
        })
    }

    /// The loss is the mean of the last `last` steps.
    fn report(&self, last: usize) -> TrainReport {
        let steps = self.losses.len().max(1) as f64;
        let tokens = self.sums.tokens.max(1) as f64;
        let tail = &self.losses[self.losses.len().saturating_sub(last)..];
        TrainReport {
            loss: tail.iter().sum::<f64>() / tail.len().max(1) as f64,
            kl: self.sums.kl / tokens,
            entropy: self.sums.entropy / tokens,
            clip_fraction: self.sums.clipped as f64 / tokens,
            dual_clip_fraction: self.sums.dual_clipped as f64 / tokens,
            grad_norm: self.norms / steps,
            drift: self.first_drift.unwrap_or(0.0),
            off_policy: self.off_policy(),
            tokens: self.tokens,
            action_tokens: self.sums.tokens,
            sequences: self.sequences,
            steps: self.steps(),
        }
    }
}

#[cfg(test)]
mod parity;
#[cfg(test)]
mod tests;
