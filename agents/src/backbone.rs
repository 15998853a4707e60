//! A trained policy to begin with: the one that comes with the program, or a folder of an exported checkpoint.

use std::path::Path;

use coevo_core::config::ModelConfig;

use crate::learner::LearnerError;
use crate::model::HostWeights;
use crate::tokenizer::Tokenizer;

/// Weights with the tokenizer they were trained with.
#[derive(Clone, Debug)]
pub struct Backbone {
    pub weights: HostWeights,
    pub tokenizer: Tokenizer,
}

const WEIGHTS: &[u8] = include_bytes!("../backbone/weights.safetensors");
const TOKENIZER: &str = include_str!("../backbone/tokenizer.json");
const CONFIG: &str = include_str!("../backbone/config.json");

impl Backbone {
    /// The one in `agents/backbone`, whose README says how it was made.
    pub fn shipped() -> Self {
        Self::read(WEIGHTS, TOKENIZER, CONFIG).expect("the shipped backbone is whole")
    }

    /// The one in a folder that `coevo export --format checkpoint` wrote.
    ///
    /// # Errors
    /// A missing or damaged file, named.
    pub fn from_folder(folder: &Path) -> Result<Self, LearnerError> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|error| LearnerError::Checkpoint(format!("{}: {error}", path.display())))
        };
        let text = |name: &str| {
            let bytes = read(name)?;
            String::from_utf8(bytes).map_err(|error| LearnerError::Checkpoint(format!("{name}: {error}")))
        };
        Self::read(&read("weights.safetensors")?, &text("tokenizer.json")?, &text("config.json")?)
    }

    fn read(weights: &[u8], tokenizer: &str, config: &str) -> Result<Self, LearnerError> {
        let weights = HostWeights::from_safetensors(weights, config)?;
        let tokenizer = Tokenizer::from_json(tokenizer)?.with_recall(weights.config.recall);
        if tokenizer.vocabulary() != weights.vocabulary {
            let (tokens, rows) = (tokenizer.vocabulary(), weights.vocabulary);
            return Err(LearnerError::Checkpoint(format!("the tokenizer has {tokens} tokens, the weights {rows}")));
        }
        Ok(Self { weights, tokenizer })
    }

    /// The same weights for conversations of another length.
    pub fn with_context(mut self, context: usize) -> Self {
        self.weights.config.context = context;
        self
    }

    /// The shape, as it was trained.
    pub fn config(&self) -> &ModelConfig {
        &self.weights.config
    }
}
