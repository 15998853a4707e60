//! What a learner eats and what it reports.

use std::collections::BTreeMap;

use coevo_core::episode::TokenTrace;
use serde::{Deserialize, Serialize};

use crate::infer::grammar::Allowed;

/// One episode as training data. All vectors have the episode's token count; entry `t` belongs to token `t`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainSequence {
    pub ids: Vec<u32>,
    /// Whether the token is trained on (it was chosen by the policy, or shown by a demonstrator).
    pub action: Vec<bool>,
    /// Log-probability at sampling time; 0 where `action` is false.
    pub log_probs: Vec<f32>,
    /// Advantage of the token, weights applied; 0 where `action` is false. Imitation ignores it.
    pub advantage: Vec<f32>,
    /// How many times as much as another action token each counts in the mean; empty where all count alike.
    pub emphasis: Vec<f32>,
    /// Tokens by position that were drawn under a grammar, with what it allowed there: probabilities are those among these, as
    /// they were at sampling time.
    pub allowed: BTreeMap<usize, Allowed>,
}

impl TrainSequence {
    /// An episode to imitate.
    pub fn imitation(trace: &TokenTrace) -> Self {
        Self {
            ids: trace.ids.clone(),
            action: trace.action.clone(),
            log_probs: trace.log_probs.clone(),
            advantage: vec![0.0; trace.ids.len()],
            emphasis: Vec::new(),
            allowed: BTreeMap::new(),
        }
    }

    /// An on-policy episode; `advantage(turn, step)` is asked for each action token.
    pub fn reinforcement(trace: &TokenTrace, advantage: impl Fn(u16, u16) -> f64) -> Self {
        let advantage = (0..trace.ids.len())
            .map(|t| if trace.action[t] { advantage(trace.turn[t], trace.step[t]) as f32 } else { 0.0 })
            .collect();
        Self { advantage, ..Self::imitation(trace) }
    }

    pub fn action_tokens(&self) -> usize {
        self.action.iter().filter(|a| **a).count()
    }

    /// What the token at `t` counts.
    pub fn emphasis(&self, t: usize) -> f32 {
        self.emphasis.get(t).copied().unwrap_or(1.0)
    }

    /// What the action tokens count together.
    pub fn total(&self) -> f32 {
        (0..self.action.len()).filter(|t| self.action[*t]).map(|t| self.emphasis(t)).sum()
    }
}

/// One optimiser step, for progress display.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// From 0.
    pub step: u32,
    pub steps: u32,
    pub loss: f64,
    /// Tokens read, padding excluded.
    pub tokens: u64,
}

/// How far a policy has moved from the one that drew its data, over action tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OffPolicy {
    /// Mean |log-probability now − at sampling time|.
    pub drift: f64,
    /// Of the importance ratio, probability now over that at sampling time.
    pub ratio_mean: f64,
    pub ratio_min: f64,
    pub ratio_max: f64,
    /// `(Σ ratio)² / (n · Σ ratio²)`: the share of the tokens that is left when each counts by its ratio.
    pub effective_share: f64,
}

/// What one call of the learner did: means over action tokens, unless said otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainReport {
    /// Mean over optimiser steps; the last tenth of them for imitation.
    pub loss: f64,
    /// k3 estimate of KL(policy ‖ warm start).
    pub kl: f64,
    /// Of the token distribution, in nats.
    pub entropy: f64,
    /// Share of action tokens whose ratio was clipped.
    pub clip_fraction: f64,
    pub dual_clip_fraction: f64,
    /// Global norm before clipping, mean over steps.
    pub grad_norm: f64,
    /// Mean |log-probability of the trainer − of the sampler| before the first step: how far the two engines differ.
    pub drift: f64,
    /// Of the steps after the first, whose data are no longer on-policy; absent where there was one step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off_policy: Option<OffPolicy>,
    /// Tokens read, padding excluded.
    pub tokens: u64,
    pub action_tokens: u64,
    pub sequences: u64,
    pub steps: u32,
}
