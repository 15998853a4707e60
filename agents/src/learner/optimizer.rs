//! From gradients to updates, on the host, in our own kernels: the same bits whatever vector instructions a machine has.
//!
//! Reinforcement uses AdamW throughout. Imitation may use Muon (orthogonalised momentum) for the blocks' matrices: with
//! it copying from the context is learnt in about half the steps. Rejected: burn's optimisers, whose products add in an order that goes
//! by the machine's vector instructions, so that one seed gave two runs on two machines.

use coevo_core::config::Optimizer;
use rayon::prelude::*;

use crate::kernels::Panels;
use crate::kernels::math::dot;
use crate::model::ParamSpec;

/// Muon's learning rate as a share of AdamW's; found best of 0.25, 0.5 and 1 on cloned travel episodes.
const MUON_SHARE: f64 = 0.5;
/// Muon: momentum, with Nesterov's look ahead.
const MOMENTUM: f32 = 0.95;
/// Muon: the quintic iteration and how often it is applied (Jordan et al. 2024, "Muon").
const NEWTON_SCHULZ: (f32, f32, f32) = (3.4445, -4.775, 2.0315);
const ITERATIONS: usize = 5;
/// AdamW.
const BETAS: (f32, f32) = (0.9, 0.95);
const EPSILON: f32 = 1e-8;

/// First and second moments of one matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    pub first: Vec<f32>,
    pub second: Vec<f32>,
}

#[derive(Clone, Default)]
enum State {
    #[default]
    Fresh,
    AdamW(Moments),
    /// The running gradient.
    Muon(Vec<f32>),
}

/// The state of every matrix's rule.
#[derive(Clone)]
pub struct Updater {
    optimizer: Optimizer,
    states: Vec<State>,
    /// Updates so far.
    steps: u64,
}

/// One update's settings.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    pub learning_rate: f64,
    pub weight_decay: f64,
    pub gradient_clip: f64,
}

impl Updater {
    pub fn new(optimizer: Optimizer, matrices: usize) -> Self {
        Self { optimizer, states: vec![State::Fresh; matrices], steps: 0 }
    }

    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Updates `weights` in place. `norm` is the gradient's global norm.
    pub fn step(
        &mut self,
        specs: &[ParamSpec],
        weights: &mut [Vec<f32>],
        gradients: Vec<Vec<f32>>,
        norm: f64,
        rates: Rates,
    ) {
        self.steps += 1;
        let scale = if norm > rates.gradient_clip { (rates.gradient_clip / norm) as f32 } else { 1.0 };
        let (optimizer, steps) = (self.optimizer, self.steps);
        let matrices = weights.par_iter_mut().zip(&mut self.states).zip(gradients).zip(specs);
        matrices.for_each(|(((weight, state), mut gradient), spec)| {
            gradient.iter_mut().for_each(|g| *g *= scale);
            let muon = optimizer == Optimizer::Muon && spec.decay;
            let rate = rates.learning_rate * if muon { MUON_SHARE } else { 1.0 };
            let decay = if spec.decay { rate * rates.weight_decay } else { 0.0 };
            weight.iter_mut().for_each(|w| *w *= (1.0 - decay) as f32);
            if muon {
                by_muon(spec, weight, gradient, state, rate);
            } else {
                by_adam(weight, &gradient, state, steps, rate as f32);
            }
        });
    }

    /// AdamW's moments of every matrix; `None` before the first update.
    pub fn moments(&self) -> Vec<Option<&Moments>> {
        let of = self.states.iter().map(|state| match state {
            State::AdamW(moments) => Some(moments),
            _ => None,
        });
        of.collect()
    }

    /// AdamW in the state that [`Self::moments`] and [`Self::steps`] describe.
    pub fn restore(moments: Vec<Option<Moments>>, steps: u64) -> Self {
        let states = moments.into_iter().map(|moments| moments.map_or(State::Fresh, State::AdamW));
        Self { optimizer: Optimizer::AdamW, states: states.collect(), steps }
    }
}

/// Norm of what an update changed, as a multiple of the weights' own. NaN where either is.
pub fn relative_change(before: &[Vec<f32>], after: &[Vec<f32>]) -> f64 {
    let squares = before.par_iter().zip(after).map(|(before, after)| {
        before.iter().zip(after).fold((0.0, 0.0), |(changed, own), (before, after)| {
            let (before, after) = (f64::from(*before), f64::from(*after));
            (changed + (after - before).powi(2), own + before * before)
        })
    });
    let (changed, own): (Vec<f64>, Vec<f64>) = squares.unzip();
    (changed.iter().sum::<f64>() / own.iter().sum::<f64>()).sqrt()
}

fn by_adam(weight: &mut [f32], gradient: &[f32], state: &mut State, steps: u64, rate: f32) {
    if !matches!(state, State::AdamW(_)) {
        *state = State::AdamW(Moments { first: vec![0.0; weight.len()], second: vec![0.0; weight.len()] });
    }
    let State::AdamW(Moments { first, second }) = state else { unreachable!("made above") };
    let unbiased = |beta: f32| 1.0 - beta.powi(i32::try_from(steps).unwrap_or(i32::MAX));
    let (first_share, second_share) = (unbiased(BETAS.0), unbiased(BETAS.1));
    for ((w, g), (m, v)) in weight.iter_mut().zip(gradient).zip(first.iter_mut().zip(second)) {
        *m = *m * BETAS.0 + g * (1.0 - BETAS.0);
        *v = *v * BETAS.1 + g * g * (1.0 - BETAS.1);
        *w -= rate * ((*m / first_share) / ((*v / second_share).sqrt() + EPSILON));
    }
}

/// Each of the matrices that stand side by side gets an update of its own, as large as AdamW's would be.
fn by_muon(spec: &ParamSpec, weight: &mut [f32], mut gradient: Vec<f32>, state: &mut State, rate: f64) {
    let [rows, columns] = spec.shape;
    let width = columns / spec.stacked;
    match state {
        State::Muon(velocity) => velocity.iter_mut().zip(&gradient).for_each(|(v, g)| *v = g + *v * MOMENTUM),
        _ => *state = State::Muon(gradient.clone()),
    }
    let State::Muon(velocity) = state else { unreachable!("made above") };
    gradient.iter_mut().zip(velocity).for_each(|(g, v)| *g += *v * MOMENTUM);
    let rate = (rate * 0.2 * (rows.max(width) as f64).sqrt()) as f32;
    for first in (0..columns).step_by(width) {
        let part: Vec<f32> =
            gradient.chunks_exact(columns).flat_map(|row| &row[first..first + width]).copied().collect();
        let update = orthogonal(part, rows, width);
        for (row, update) in weight.chunks_exact_mut(columns).zip(update.chunks_exact(width)) {
            row[first..first + width].iter_mut().zip(update).for_each(|(w, u)| *w -= rate * u);
        }
    }
}

/// About the nearest matrix whose singular values are one, by Newton and Schulz.
fn orthogonal(mut x: Vec<f32>, rows: usize, columns: usize) -> Vec<f32> {
    if rows > columns {
        return transposed(&orthogonal(transposed(&x, rows, columns), columns, rows), columns, rows);
    }
    let norm = dot(&x, &x).sqrt().max(1e-7);
    x.iter_mut().for_each(|x| *x /= norm);
    let (a, b, c) = NEWTON_SCHULZ;
    let product = |left: &[f32], right: &Panels| {
        let mut out = vec![0.0; left.len() / rows * right.columns()];
        right.apply(left, &mut out, false);
        out
    };
    for _ in 0..ITERATIONS {
        let mut square = vec![0.0; rows * rows];
        Panels::pack_transposed(&x, columns, rows).apply(&x, &mut square, false);
        let fourth = product(&square, &Panels::pack(&square, rows, rows));
        let both: Vec<f32> = square.iter().zip(&fourth).map(|(square, fourth)| b * square + c * fourth).collect();
        let more = product(&both, &Panels::pack(&x, rows, columns));
        x.iter_mut().zip(&more).for_each(|(x, more)| *x = a * *x + more);
    }
    x
}

fn transposed(x: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..rows * columns).map(|i| x[i % rows * columns + i / rows]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What burn-optim 0.22.1 makes of the same matrices and gradients in three steps.
    #[test]
    fn updates_are_burns() {
        let made = |salt: usize| -> Vec<f32> {
            (0..15).map(|i| ((i * 37 + salt * 101 + i * i * 7) % 97) as f32 / 97.0 - 0.5).collect()
        };
        #[rustfmt::skip]
        let wanted: [(Optimizer, [usize; 2], [f32; 15]); 3] = [
            (Optimizer::Muon, [3, 5], [
                -0.49120376, -0.046292756, -0.44235653, 0.28517178, 0.17494819, 0.20456076, 0.38191187, -0.28722715,
                0.16590625, -0.21716334, -0.4621673, 0.42663926, 0.47649857, -0.33756626, -0.01499001,
            ]),
            (Optimizer::Muon, [5, 3], [
                -0.49164143, -0.04836682, -0.44045198, 0.2885643, 0.17472702, 0.20534472, 0.38080457, -0.2866608,
                0.165756, -0.22063243, -0.45927238, 0.42750323, 0.47620013, -0.34003502, -0.01896362,
            ]),
            (Optimizer::AdamW, [3, 5], [
                -0.46862328, -0.05034626, -0.417251, 0.26296535, 0.1499391, 0.1807592, 0.3632483, -0.2632229,
                0.13966726, -0.19152248, -0.4377991, 0.42131922, 0.49755362, -0.31453976, -0.04382033,
            ]),
        ];
        for (optimizer, shape, wanted) in wanted {
            let spec = ParamSpec { name: String::new(), shape, deviation: 0.0, decay: true, stacked: 1 };
            let (mut weights, mut updater) = (vec![made(0)], Updater::new(optimizer, 1));
            let share = if optimizer == Optimizer::Muon { MUON_SHARE } else { 1.0 };
            let rates = Rates { learning_rate: 0.01 / share, weight_decay: 0.1, gradient_clip: 1e9 };
            for step in 1..4 {
                updater.step(std::slice::from_ref(&spec), &mut weights, vec![made(step)], 1.0, rates);
            }
            for (got, wanted) in weights[0].iter().zip(wanted) {
                assert!((got - wanted).abs() < 2e-6, "{optimizer:?} {shape:?}: {got}, burn has {wanted}");
            }
        }
    }

    #[test]
    fn matrices_side_by_side_are_updated_each_for_itself() {
        let made =
            |salt: usize, n: usize| -> Vec<f32> { (0..n).map(|i| ((i * 29 + salt) % 23) as f32 - 11.0).collect() };
        let spec = |columns, stacked| ParamSpec {
            name: String::new(),
            shape: [4, columns],
            deviation: 0.0,
            decay: true,
            stacked,
        };
        let rates = Rates { learning_rate: 0.1, weight_decay: 0.0, gradient_clip: 1e9 };
        let (weight, gradient) = (made(1, 24), made(5, 24));
        let mut whole = vec![weight.clone()];
        Updater::new(Optimizer::Muon, 1).step(&[spec(6, 2)], &mut whole, vec![gradient.clone()], 1.0, rates);
        for half in 0..2 {
            let cut = |of: &[f32]| -> Vec<f32> {
                of.chunks(6).flat_map(|row| &row[half * 3..half * 3 + 3]).copied().collect()
            };
            let mut alone = vec![cut(&weight)];
            Updater::new(Optimizer::Muon, 1).step(&[spec(3, 1)], &mut alone, vec![cut(&gradient)], 1.0, rates);
            assert_eq!(alone[0], cut(&whole[0]), "half {half}");
        }
    }
}
