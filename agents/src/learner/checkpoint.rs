//! A learner as bytes: what a resumed run needs to go on bit for bit.

use std::borrow::Cow;
use std::collections::BTreeMap;

use coevo_core::config::{Backend, ModelConfig};
use safetensors::tensor::{Dtype, View};
use safetensors::{SafeTensors, serialize};
use serde::{Deserialize, Serialize};

use super::optimizer::{Moments, Updater};
use super::{Learner, LearnerError, backend};
use crate::model::{HostWeights, ParamSpec};
use crate::tokenizer::Tokenizer;

/// Four files. The weights are plain safetensors by name, readable by any tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointBytes {
    /// safetensors: the model.
    pub weights: Vec<u8>,
    /// safetensors: `first.*` and `second.*` moments, and `reference.*`, the warm start.
    pub optimizer: Vec<u8>,
    /// `tokenizer.json` of the `tokenizers` crate.
    pub tokenizer: String,
    /// Shape, seed and counters, as JSON.
    pub config: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta {
    model: ModelConfig,
    vocabulary: usize,
    seed: u64,
    updates: u32,
    optimizer_steps: u64,
}

struct Matrix<'a> {
    shape: &'a [usize; 2],
    values: &'a [f32],
}

impl View for Matrix<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }
    fn shape(&self) -> &[usize] {
        self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        self.values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>().into()
    }
    fn data_len(&self) -> usize {
        self.values.len() * 4
    }
}

/// Bytes of named matrices; equal matrices give equal bytes.
fn write<'a>(named: impl IntoIterator<Item = (String, &'a ParamSpec, &'a [f32])>) -> Vec<u8> {
    let views: BTreeMap<String, Matrix<'a>> =
        named.into_iter().map(|(name, spec, values)| (name, Matrix { shape: &spec.shape, values })).collect();
    serialize(views, None).expect("names and lengths agree")
}

/// Reads one matrix and checks its shape.
fn matrix(file: &SafeTensors<'_>, name: &str, spec: &ParamSpec) -> Result<Vec<f32>, LearnerError> {
    let fail = |problem: String| LearnerError::Checkpoint(format!("{name}: {problem}"));
    let view = file.tensor(name).map_err(|error| fail(error.to_string()))?;
    if view.dtype() != Dtype::F32 || view.shape() != spec.shape {
        return Err(fail(format!("is {:?} {:?}, want F32 {:?}", view.dtype(), view.shape(), spec.shape)));
    }
    Ok(view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
}

impl HostWeights {
    /// The weights as safetensors.
    pub fn to_safetensors(&self) -> Vec<u8> {
        let specs = self.layout();
        write(specs.iter().zip(&self.matrices).map(|(spec, values)| (spec.name.clone(), spec, values.as_slice())))
    }

    /// Weights of a folder of a checkpoint, read by [`crate::backbone`].
    pub(crate) fn from_safetensors(bytes: &[u8], meta: &str) -> Result<Self, LearnerError> {
        let meta: Meta = serde_json::from_str(meta).map_err(|e| LearnerError::Checkpoint(format!("config: {e}")))?;
        let file = SafeTensors::deserialize(bytes).map_err(|e| LearnerError::Checkpoint(format!("weights: {e}")))?;
        Self::read(&file, "", &meta.model, meta.vocabulary)
    }

    fn read(
        file: &SafeTensors<'_>,
        prefix: &str,
        model: &ModelConfig,
        vocabulary: usize,
    ) -> Result<Self, LearnerError> {
        crate::model::validate(model)?;
        let specs = crate::model::layout(model, vocabulary);
        let read = |spec: &ParamSpec| matrix(file, &format!("{prefix}{}", spec.name), spec);
        let matrices = specs.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self { config: model.clone(), vocabulary, matrices })
    }
}

impl Learner {
    /// Everything that training depends on.
    pub fn checkpoint(&self) -> CheckpointBytes {
        let moments = self.adam.moments();
        let reference = self.specs.iter().zip(&self.reference.matrices);
        let state = self.specs.iter().zip(moments).filter_map(|(spec, moments)| Some((spec, moments?)));
        let named = reference
            .map(|(spec, values)| (format!("reference.{}", spec.name), spec, values.as_slice()))
            .chain(state.flat_map(|(spec, moments)| {
                [
                    (format!("first.{}", spec.name), spec, moments.first.as_slice()),
                    (format!("second.{}", spec.name), spec, moments.second.as_slice()),
                ]
            }));
        let meta = Meta {
            model: self.weights.config.clone(),
            vocabulary: self.tokenizer.vocabulary(),
            seed: self.seed,
            updates: self.updates,
            optimizer_steps: self.adam.steps(),
        };
        CheckpointBytes {
            weights: self.weights.to_safetensors(),
            optimizer: write(named),
            tokenizer: self.tokenizer.to_json().to_owned(),
            config: serde_json::to_string(&meta).expect("our own types serialize"),
        }
    }

    /// The learner that wrote `bytes`. On the CPU it goes on bit for bit.
    ///
    /// # Errors
    /// Damaged or mismatched files, named; or a backend that is not there.
    pub fn restore(bytes: &CheckpointBytes, backend: Backend) -> Result<Self, LearnerError> {
        let fail = |what: &str, error: String| LearnerError::Checkpoint(format!("{what}: {error}"));
        let meta: Meta = serde_json::from_str(&bytes.config).map_err(|e| fail("config", e.to_string()))?;
        let tokenizer = Tokenizer::from_json(&bytes.tokenizer)?;
        if tokenizer.vocabulary() != meta.vocabulary {
            let problem = format!("has {} tokens, the model {}", tokenizer.vocabulary(), meta.vocabulary);
            return Err(fail("tokenizer", problem));
        }
        let weights = SafeTensors::deserialize(&bytes.weights).map_err(|e| fail("weights", e.to_string()))?;
        let state = SafeTensors::deserialize(&bytes.optimizer).map_err(|e| fail("optimizer", e.to_string()))?;
        let host = HostWeights::read(&weights, "", &meta.model, meta.vocabulary)?;
        let reference = HostWeights::read(&state, "reference.", &meta.model, meta.vocabulary)?;
        let mut learner = Self::assemble(host, reference, tokenizer, backend::select(backend)?, meta.seed)?;
        let moments = learner
            .specs
            .iter()
            .map(|spec| {
                if meta.optimizer_steps == 0 {
                    return Ok(None);
                }
                let first = matrix(&state, &format!("first.{}", spec.name), spec)?;
                let second = matrix(&state, &format!("second.{}", spec.name), spec)?;
                Ok(Some(Moments { first, second }))
            })
            .collect::<Result<_, LearnerError>>()?;
        learner.adam = Updater::restore(moments, meta.optimizer_steps);
        learner.updates = meta.updates;
        Ok(learner)
    }
}
