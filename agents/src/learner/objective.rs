//! Loss of one action token and its gradient by the logits, on the host and in closed form.
//!
//! Imitation is cross-entropy. Reinforcement is METHOD.md §4's optimiser: clipped surrogate with dual clip, low-variance
//! KL (k3) to a reference, entropy bonus. Written out by hand because each value can then be checked by hand.

use coevo_core::config::RlConfig;

use crate::kernels::math::{entropy, exp_neg, log_softmax};
use crate::kernels::vectorized;

/// What the objective knows of one action token.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ActionToken {
    /// The token that was chosen.
    pub target: u32,
    /// Factor of this token in the step's loss.
    pub weight: f32,
    /// Log-probability at sampling time.
    pub old: f32,
    /// Log-probability under the reference; unused where the KL weight is 0.
    pub reference: f32,
    pub advantage: f32,
}

/// Sums over tokens; each is divided by the token count for a report.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossSums {
    /// Already weighted: the step's loss is the plain sum.
    pub loss: f64,
    pub kl: f64,
    pub entropy: f64,
    pub clipped: u64,
    pub dual_clipped: u64,
    /// |log-probability now − at sampling time|.
    pub drift: f64,
    /// Importance ratios (now over sampling time) and their squares; reinforcement only.
    pub ratio: f64,
    pub ratio_squares: f64,
    /// Smallest and largest log-ratio; 0 is among them.
    pub log_ratio_low: f64,
    pub log_ratio_high: f64,
    pub tokens: u64,
}

impl LossSums {
    pub fn add(&mut self, other: &LossSums) {
        self.loss += other.loss;
        self.kl += other.kl;
        self.entropy += other.entropy;
        self.clipped += other.clipped;
        self.dual_clipped += other.dual_clipped;
        self.drift += other.drift;
        self.ratio += other.ratio;
        self.ratio_squares += other.ratio_squares;
        self.log_ratio_low = self.log_ratio_low.min(other.log_ratio_low);
        self.log_ratio_high = self.log_ratio_high.max(other.log_ratio_high);
        self.tokens += other.tokens;
    }
}

/// Which loss.
#[derive(Clone, Debug, PartialEq)]
pub enum Objective {
    Imitation,
    Reinforcement(RlConfig),
}

/// Ratios are computed from differences of log-probabilities no larger than this.
const LARGEST_DIFFERENCE: f32 = 20.0;

/// The surrogate's loss for one token, its derivative by the log-probability, and whether the ratio or the dual bound
/// clipped it.
pub fn surrogate(ratio: f32, advantage: f32, config: &RlConfig) -> (f32, f32, bool, bool) {
    let (low, high) = (1.0 - config.clip_low as f32, 1.0 + config.clip_high as f32);
    let plain = -advantage * ratio;
    let bounded = -advantage * ratio.clamp(low, high);
    let bound = config.dual_clip as f32 * advantage.abs();
    let (loss, clipped) = if bounded > plain { (bounded, true) } else { (plain, false) };
    if advantage < 0.0 && loss > bound {
        return (bound, 0.0, clipped, true);
    }
    (loss, if clipped { 0.0 } else { plain }, clipped, false)
}

/// The k3 estimate of KL(policy ‖ reference) from one token, and its derivative by the policy's log-probability.
pub fn low_variance_kl(log_prob: f32, reference: f32) -> (f32, f32) {
    let difference = (reference - log_prob).clamp(-LARGEST_DIFFERENCE, LARGEST_DIFFERENCE);
    let ratio = difference.exp();
    (ratio - difference - 1.0, 1.0 - ratio)
}

impl Objective {
    /// Replaces one row of logits by the loss's gradient and adds the row to `sums`.
    pub fn apply(&self, token: &ActionToken, row: &mut [f32], sums: &mut LossSums) {
        let entropy = vectorized(
            #[inline(always)]
            || {
                log_softmax(row);
                entropy(row)
            },
        );
        let log_prob = row[token.target as usize];
        sums.tokens += 1;
        sums.drift += f64::from((log_prob - token.old).abs());
        sums.entropy += f64::from(entropy);
        let (loss, slope, entropy_weight) = match self {
            Objective::Imitation => (-log_prob, -1.0, 0.0),
            Objective::Reinforcement(config) => {
                let difference = (log_prob - token.old).clamp(-LARGEST_DIFFERENCE, LARGEST_DIFFERENCE);
                let ratio = difference.exp();
                sums.ratio += f64::from(ratio);
                sums.ratio_squares += f64::from(ratio) * f64::from(ratio);
                sums.log_ratio_low = sums.log_ratio_low.min(f64::from(difference));
                sums.log_ratio_high = sums.log_ratio_high.max(f64::from(difference));
                let (mut loss, mut slope, clipped, dual) = surrogate(ratio, token.advantage, config);
                sums.clipped += u64::from(clipped);
                sums.dual_clipped += u64::from(dual);
                if config.kl_weight > 0.0 {
                    let (kl, kl_slope) = low_variance_kl(log_prob, token.reference);
                    sums.kl += f64::from(kl);
                    loss += config.kl_weight as f32 * kl;
                    slope += config.kl_weight as f32 * kl_slope;
                }
                let entropy_weight = config.entropy_weight as f32;
                (loss - entropy_weight * entropy, slope, entropy_weight)
            }
        };
        sums.loss += f64::from(token.weight) * f64::from(loss);
        // ∂log p(target)/∂z = 1[target] − p; ∂H/∂z = −p (log p + H).
        vectorized(
            #[inline(always)]
            || {
                for value in row.iter_mut() {
                    let (log, p) = (*value, exp_neg(*value));
                    *value = token.weight * p * (entropy_weight * (log + entropy) - slope);
                }
            },
        );
        row[token.target as usize] += token.weight * slope;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> RlConfig {
        RlConfig {
            clip_low: 0.2,
            clip_high: 0.3,
            dual_clip: 3.0,
            kl_weight: 0.1,
            entropy_weight: 0.05,
            ..RlConfig::default()
        }
    }

    #[test]
    fn surrogate_by_hand() {
        // (ratio, advantage) → (loss, derivative by the log-probability, clipped, dual-clipped); clip [0.8, 1.3], dual 3.
        let cases = [
            ((1.0, 2.0), (-2.0, -2.0, false, false)),
            ((1.2, 2.0), (-2.4, -2.4, false, false)),
            ((1.5, 2.0), (-2.6, 0.0, true, false)),
            ((0.5, 2.0), (-1.0, -1.0, false, false)),
            ((0.5, -1.0), (0.8, 0.0, true, false)),
            ((2.0, -1.0), (2.0, 2.0, false, false)),
            ((5.0, -1.0), (3.0, 0.0, false, true)),
            ((5.0, 0.0), (0.0, 0.0, false, false)),
        ];
        for ((ratio, advantage), (loss, slope, clipped, dual)) in cases {
            let got = surrogate(ratio, advantage, &config());
            assert!((got.0 - loss).abs() < 1e-6 && (got.1 - slope).abs() < 1e-6, "{ratio} {advantage}: {got:?}");
            assert_eq!((got.2, got.3), (clipped, dual), "{ratio} {advantage}");
        }
    }

    #[test]
    fn k3_by_hand() {
        // reference − policy = ln 2: 2 − ln 2 − 1 = 0.306853, slope 1 − 2.
        let (kl, slope) = low_variance_kl(-1.0, -1.0 + std::f32::consts::LN_2);
        assert!((kl - 0.306_853).abs() < 1e-5 && (slope + 1.0).abs() < 1e-6, "{kl} {slope}");
        assert_eq!(low_variance_kl(-1.0, -1.0), (0.0, 0.0));
    }

    #[test]
    fn entropy_and_cross_entropy_by_hand() {
        let mut row = [0.0, 3f32.ln()];
        let mut sums = LossSums::default();
        let token = ActionToken { target: 1, weight: 0.5, ..ActionToken::default() };
        Objective::Imitation.apply(&token, &mut row, &mut sums);
        // p = (1/4, 3/4).
        assert!((sums.loss - 0.5 * (4.0f64 / 3.0).ln()).abs() < 1e-6, "{sums:?}");
        assert!((sums.entropy - 0.562_335).abs() < 1e-5, "{sums:?}");
        assert!((row[0] - 0.125).abs() < 1e-6 && (row[1] + 0.125).abs() < 1e-6, "{row:?}");
    }

    #[test]
    fn gradients_agree_with_finite_differences() {
        let logits = [0.3, -1.2, 0.8, 0.1f32];
        for (objective, old, advantage) in [
            (Objective::Imitation, 0.0, 0.0),
            (Objective::Reinforcement(config()), -0.9, 1.5),
            (Objective::Reinforcement(config()), -0.7, -0.5),
            (Objective::Reinforcement(config()), -3.0, 1.0),
            (Objective::Reinforcement(config()), -3.0, -1.0),
        ] {
            let token = ActionToken { target: 2, weight: 0.7, old, reference: -1.1, advantage };
            let loss = |logits: &[f32; 4]| {
                let (mut row, mut sums) = (*logits, LossSums::default());
                objective.apply(&token, &mut row, &mut sums);
                (sums.loss, row)
            };
            let (_, gradient) = loss(&logits);
            for i in 0..4 {
                let (mut up, mut down) = (logits, logits);
                up[i] += 1e-3;
                down[i] -= 1e-3;
                let want = (loss(&up).0 - loss(&down).0) / 2e-3;
                assert!((f64::from(gradient[i]) - want).abs() < 1e-3, "{objective:?} at {i}: {} {want}", gradient[i]);
            }
        }
    }
}
