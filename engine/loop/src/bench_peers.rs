//! Our side of `benches/peers`: one training batch and one sampling batch whose numbers another framework can check and beat.
//!
//! The batch is six groups of eight: conversations of one environment, of which those of a group share the system message and the
//! first request and nothing else. For the figure without sharing the same conversations begin with different tokens.

use std::path::Path;

use coevo_agents::tokenizer::{END, role_token};
use coevo_agents::{Agent, EpisodeStart, ImitationConfig, Learner, Request, SampleConfig, TrainSequence};
use coevo_core::config::{Backend, Optimizer};
use coevo_core::render::{Message, Role};
use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::task::{PublicTask, ToolSpec};
use coevo_envs::{Budgets, EnvPlugin};
use coevo_scenarios::Settings;
use serde_json::{Value, json};

use crate::clock::Stopwatch;
use crate::demonstrate::demonstrate;
use crate::error::RunError;
use crate::slots::Parallelism;
use crate::tasks::TaskPool;

/// Sequences of a training step.
const SEQUENCES: usize = 48;
/// Conversations that are sampled at once, and tokens that are drawn in each.
const BATCH: usize = 32;
const COUNT: usize = 48;
/// Optimiser steps of one timed run.
const STEPS: u32 = 2;

/// Conversations of a group.
const GROUP: usize = 8;

/// A learner with its batch.
pub struct Peer {
    learner: Learner,
    tools: Vec<ToolSpec>,
    shared: Vec<TrainSequence>,
    apart: Vec<TrainSequence>,
    opening: [Message; 2],
}

impl Peer {
    /// # Errors
    /// As [`Learner::new`].
    pub fn new(plugin: &EnvPlugin, settings: &Settings, workers: usize) -> Result<Self, RunError> {
        let mut settings = settings.clone();
        settings.agent.warm_start.cues = 0.0;
        let pool = TaskPool::new(plugin.clone(), 0);
        let parallelism = Parallelism { slots: 32, workers };
        let pools = [(&pool, SEQUENCES as u32 * 2)];
        let shown = demonstrate("bench", &pools, &settings, None, &Budgets::default(), parallelism, &mut |_| ())?;
        let shared = grouped(&shown.sequences);
        let mut apart = shared.clone();
        apart.iter_mut().zip(0..).for_each(|(sequence, first)| sequence.ids[0] = first);
        let tools = plugin.spec().tools.clone();
        let text =
            coevo_core::render::tool_list(&tools.iter().collect::<Vec<_>>(), &coevo_core::interface::Interface::base());
        let opening = [
            Message { role: Role::System, text },
            Message { role: Role::User, text: "Please open the window on the left and start the engine.".to_owned() },
        ];
        let learner = Learner::new(&settings.agent.model, shown.tokenizer, Backend::Cpu, 0)?;
        Ok(Self { learner, tools, shared, apart, opening })
    }

    /// Writes weights, sequences, a prompt and the logits behind it; returns the loss and the gradient's norm of the batch.
    ///
    /// # Errors
    /// Where `folder` cannot be written.
    pub fn write(&mut self, folder: &Path) -> Result<Value, RunError> {
        let config = ImitationConfig { learning_rate: 0.0, ..Self::steps(1) };
        let report = self.learner.imitate(&self.shared, &config)?;
        let mut prompt = Vec::new();
        let mut reader = self.learner.tokenizer().reader();
        self.opening.iter().for_each(|message| reader.read(message, &mut prompt));
        prompt.push(role_token(Role::Assistant));
        let policy = self.learner.policy();
        let logits = policy.network().logits(&prompt);
        let sequence = |s: &TrainSequence| {
            let actions = || (1..s.ids.len()).filter(|t| s.action[*t]);
            let last = actions().next_back().unwrap_or(0);
            json!({
                "ids": s.ids[..last],
                "rows": actions().map(|t| t - 1).collect::<Vec<_>>(),
                "targets": actions().map(|t| s.ids[t]).collect::<Vec<_>>(),
            })
        };
        let peer = json!({
            "model": self.learner.model_config(),
            "sequences": self.shared.iter().map(sequence).collect::<Vec<_>>(),
            "prompt": prompt,
            "logits": logits[logits.len() - policy.network().vocabulary()..],
            "batch": BATCH,
            "count": COUNT,
        });
        let files =
            [("weights.safetensors", self.learner.checkpoint().weights), ("peer.json", peer.to_string().into_bytes())];
        for (name, bytes) in files {
            let path = folder.join(name);
            std::fs::write(&path, bytes).map_err(|error| RunError::Unfit {
                message: format!("{}: {error}", path.display()),
                hint: "name a folder that exists and can be written".to_owned(),
            })?;
        }
        Ok(json!({
            "loss": report.loss,
            "gradient_norm": report.grad_norm,
            "rows": self.learner.rows(&self.shared, config.micro_batch_tokens),
        }))
    }

    fn steps(steps: u32) -> ImitationConfig {
        let (optimizer, batch) = (Optimizer::AdamW, SEQUENCES);
        ImitationConfig { steps, batch, optimizer, learning_rate: 1e-4, ..ImitationConfig::default() }
    }

    /// Tokens a second of training: forward, backward and AdamW.
    ///
    /// # Errors
    /// As [`Learner::imitate`].
    pub fn train(&mut self, share: bool) -> Result<f64, RunError> {
        let data = if share { &self.shared } else { &self.apart };
        let watch = Stopwatch::start();
        let report = self.learner.imitate(data, &Self::steps(STEPS))?;
        Ok(report.tokens as f64 / watch.elapsed_ms() * 1000.0)
    }

    /// Tokens a second of drawing, behind a prompt that is known already.
    pub fn sample(&self) -> f64 {
        let task = PublicTask::default();
        let config = SampleConfig { max_new_tokens: COUNT, ..SampleConfig::default() };
        let mut agent = self.learner.policy().agent(config, &self.tools);
        let mut drawn = |seed: u64, slots: usize| {
            let stream = StreamKey::new(seed, Purpose::Action);
            (0..slots).for_each(|slot| {
                agent.begin(slot, &EpisodeStart { task: &task, stream: stream.task(slot as u64) });
            });
            let request = |slot| Request { slot, turn: 0, step: 0, messages: &self.opening, offered: &[] };
            let requests: Vec<Request<'_>> = (0..slots).map(request).collect();
            let watch = Stopwatch::start();
            agent.act(&requests);
            let seconds = watch.elapsed_ms() / 1000.0;
            let tokens: usize = (0..slots).map(|slot| agent.end(slot).action.iter().filter(|a| **a).count()).sum();
            tokens as f64 / seconds
        };
        drawn(0, 1); // reads the prompt
        drawn(1, BATCH)
    }
}

/// The first [`SEQUENCES`] conversations, each with the opening of its group's first one in place of its own.
fn grouped(sequences: &[TrainSequence]) -> Vec<TrainSequence> {
    let opening = |s: &TrainSequence| {
        let ends = s.ids.iter().enumerate().filter(|(_, id)| **id == END);
        ends.map(|(at, _)| at + 1).nth(1).unwrap_or(s.ids.len())
    };
    let sequence = |index: usize| {
        let (own, leader) = (&sequences[index], &sequences[index / GROUP * GROUP]);
        let (from, to) = (opening(own), opening(leader));
        let ids = [&leader.ids[..to], &own.ids[from..]].concat();
        let action = [&vec![false; to][..], &own.action[from..]].concat();
        let zeros = vec![0.0; ids.len()];
        TrainSequence { ids, action, log_probs: zeros.clone(), advantage: zeros, ..TrainSequence::default() }
    };
    (0..SEQUENCES.min(sequences.len())).map(sequence).collect()
}
