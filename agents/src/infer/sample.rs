//! From logits to a token.

use coevo_core::config::SampleConfig;
use coevo_core::seed::Stream;

use super::grammar::contains;
use crate::kernels::math::{exp_neg, sum};
use crate::kernels::{LANES, vectorized};

/// A drawn token and its log-probability under the policy itself (temperature 1, no nucleus), which under a grammar is the
/// distribution over the allowed tokens: what the learner's ratio compares with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    pub token: u32,
    pub log_prob: f32,
}

/// Takes what is not allowed out of a row of logits: a softmax of the rest is the constrained policy's. Finite, so that no
/// arithmetic on the row makes a NaN.
pub fn restrict(logits: &mut [f32], allowed: &[u32]) {
    for (token, logit) in logits.iter_mut().enumerate() {
        if !contains(allowed, token) {
            *logit = IMPOSSIBLE;
        }
    }
}

const IMPOSSIBLE: f32 = -1e30;

/// Draws a token from one row of logits. `None` if a logit is not finite.
pub fn draw(logits: &[f32], config: &SampleConfig, stream: &mut Stream) -> Option<Draw> {
    let max = largest(logits)?;
    let (mut mass, sum) = exponentials(logits, max, 1.0);
    let token = if config.temperature <= 0.0 {
        logits.iter().position(|x| *x == max).expect("the maximum is among the logits")
    } else {
        if config.temperature != 1.0 {
            mass = exponentials(logits, max, config.temperature).0;
        }
        if config.top_p < 1.0 {
            keep_nucleus(&mut mass, config.top_p);
        }
        choose(&mass, stream.uniform())
    };
    Some(Draw { token: token as u32, log_prob: logits[token] - max - sum.ln() })
}

/// The largest, unless one is not finite.
fn largest(logits: &[f32]) -> Option<f32> {
    let (mut max, mut finite) = (f32::NEG_INFINITY, true);
    vectorized(
        #[inline(always)]
        || {
            let (mut lanes, mut odd) = ([f32::NEG_INFINITY; LANES], [0u32; LANES]);
            for chunk in logits.chunks(LANES) {
                for ((lane, odd), x) in lanes.iter_mut().zip(&mut odd).zip(chunk) {
                    *lane = lane.max(*x);
                    *odd |= u32::from(!x.is_finite());
                }
            }
            (max, finite) = (lanes.into_iter().fold(max, f32::max), odd == [0; LANES]);
        },
    );
    finite.then_some(max)
}

/// `exp((x − max) / temperature)`, and their sum.
fn exponentials(logits: &[f32], max: f32, temperature: f32) -> (Vec<f32>, f32) {
    let (mut out, mut total) = (logits.to_vec(), 0.0);
    let scale = 1.0 / temperature;
    vectorized(
        #[inline(always)]
        || {
            out.iter_mut().for_each(|x| *x = exp_neg((*x - max) * scale));
            total = sum(&out);
        },
    );
    (out, total)
}

/// Zeroes all but the likeliest tokens whose mass reaches `top_p` of the whole; ties go to the smaller id.
fn keep_nucleus(mass: &mut [f32], top_p: f32) {
    let total: f64 = mass.iter().map(|m| f64::from(*m)).sum();
    let mut order: Vec<usize> = (0..mass.len()).collect();
    order.sort_by(|a, b| mass[*b].total_cmp(&mass[*a]).then(a.cmp(b)));
    let mut kept = 0.0;
    for index in order {
        if kept >= f64::from(top_p) * total {
            mass[index] = 0.0;
        }
        kept += f64::from(mass[index]);
    }
}

/// Tokens whose mass is summed before one of them is looked for.
const BLOCK: usize = 64;

/// The token at `uniform` of the cumulative mass: first its block, then its place there.
fn choose(mass: &[f32], uniform: f64) -> usize {
    let mut sums = vec![0.0f32; mass.len().div_ceil(BLOCK)];
    vectorized(
        #[inline(always)]
        || sums.iter_mut().zip(mass.chunks(BLOCK)).for_each(|(out, block)| *out = sum(block)),
    );
    let mut left = uniform * sums.iter().map(|sum| f64::from(*sum)).sum::<f64>();
    let mut found = 0;
    for (number, sum) in sums.iter().enumerate().filter(|(_, sum)| **sum > 0.0) {
        found = number;
        if left < f64::from(*sum) {
            break;
        }
        left -= f64::from(*sum);
    }
    // Rounding may leave a little beyond a block's end: that is its last token's.
    let first = found * BLOCK;
    let mut last = first;
    for (token, mass) in mass.iter().enumerate().skip(first).take(BLOCK).filter(|(_, mass)| **mass > 0.0) {
        last = token;
        left -= f64::from(*mass);
        if left < 0.0 {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use coevo_core::seed::{Purpose, StreamKey};

    use super::*;

    fn frequencies(config: &SampleConfig) -> Vec<f64> {
        let logits = [0.0, 3f32.ln(), f32::ln(6.0), -50.0];
        let mut stream = StreamKey::new(1, Purpose::Action).stream();
        let mut counts = vec![0.0; 4];
        for _ in 0..20_000 {
            counts[draw(&logits, config, &mut stream).unwrap().token as usize] += 1.0 / 20_000.0;
        }
        counts
    }

    #[test]
    fn draws_follow_temperature_and_nucleus() {
        let at = |temperature, top_p| {
            frequencies(&SampleConfig { temperature, top_p, max_new_tokens: 1, ..SampleConfig::default() })
        };
        let close = |got: Vec<f64>, want: [f64; 4]| {
            assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() < 0.015), "{got:?} {want:?}");
        };
        close(at(1.0, 1.0), [0.1, 0.3, 0.6, 0.0]);
        close(at(0.5, 1.0), [1.0 / 46.0, 9.0 / 46.0, 36.0 / 46.0, 0.0]);
        close(at(1.0, 0.8), [0.0, 1.0 / 3.0, 2.0 / 3.0, 0.0]);
        close(at(1.0, 0.55), [0.0, 0.0, 1.0, 0.0]);
        // The nucleus is that of the distribution drawn from: 36/46 reach 0.75, 6/10 would not.
        close(at(0.5, 0.75), [0.0, 0.0, 1.0, 0.0]);
        close(at(0.0, 1.0), [0.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn what_is_not_allowed_is_never_drawn_and_the_rest_is_renormalised() {
        let mut stream = StreamKey::new(1, Purpose::Action).stream();
        let plain = SampleConfig::default();
        let allowed: [u32; 1] = [0b1011];
        for config in [plain, SampleConfig { top_p: 0.5, ..plain }, SampleConfig { temperature: 0.0, ..plain }] {
            for _ in 0..200 {
                let mut logits = [0.0, 3f32.ln(), f32::ln(6.0), -50.0];
                restrict(&mut logits, &allowed);
                let drawn = draw(&logits, &config, &mut stream).unwrap();
                let want = [0.25f32.ln(), 0.75f32.ln()];
                assert!((drawn.log_prob - want[drawn.token as usize]).abs() < 1e-5, "{config:?} {drawn:?}");
            }
        }
    }

    #[test]
    fn log_probabilities_are_those_of_the_policy() {
        let mut stream = StreamKey::new(1, Purpose::Action).stream();
        let draw = draw(&[0.0, 3f32.ln()], &SampleConfig::greedy(1), &mut stream).unwrap();
        assert_eq!(draw.token, 1);
        assert!((draw.log_prob - 0.75f32.ln()).abs() < 1e-6);
        assert_eq!(super::draw(&[0.0, f32::NAN], &SampleConfig::greedy(1), &mut stream), None);
    }
}
