//! Training on wgpu is the same training: losses and gradients equal the CPU's. Runs on any adapter, software ones (Mesa's
//! llvmpipe) included; where there is none, says so and passes.

mod common;

use coevo_agents::learner::backend;
use coevo_agents::{Learner, Tokenizer, TrainReport, TrainSequence};
use coevo_core::config::{Backend, ImitationConfig, ModelConfig, RlConfig, TokenizerConfig};
use coevo_trace::RunFile;
use common::{COUNTER, counter, succeed};

/// Largest relative difference of losses and gradient norms. Both sides compute in f32, in different orders; llvmpipe was
/// seen at 1e-7.
const TOLERANCE: f64 = 1e-4;

/// Whether there is an adapter; prints why not.
fn adapter() -> bool {
    match backend::select(Backend::Wgpu) {
        Ok(found) => {
            println!("wgpu: {}", found.note.unwrap_or_else(|| "a hardware adapter".to_owned()));
            true
        }
        Err(error) => {
            println!("skipped: {error}");
            false
        }
    }
}

#[track_caller]
fn same(what: &str, cpu: f64, wgpu: f64) {
    println!("{what}: cpu {cpu:.8}, wgpu {wgpu:.8}");
    assert!(cpu.is_finite() && (cpu - wgpu).abs() <= TOLERANCE * cpu.abs().max(1e-3), "{what}: {cpu} and {wgpu}");
}

/// Sequences that look like episodes: prompts, some tokens of the policy's own, both signs of advantage.
fn sequences() -> Vec<TrainSequence> {
    let one = |i: usize| {
        let length = 20 + 9 * i;
        let ids = (0..length).map(|t| ((t * t * 3 + i * 11 + t) % 260) as u32).collect();
        let action: Vec<bool> = (0..length).map(|t| t > 3 && (t + i).is_multiple_of(3)).collect();
        let each = |value: f32| action.iter().map(|own| if *own { value } else { 0.0 }).collect();
        let (log_probs, advantage) = (each(-5.4), each(if i.is_multiple_of(2) { 1.0 } else { -0.5 }));
        TrainSequence { ids, action, log_probs, advantage, ..TrainSequence::default() }
    };
    (0..6).map(one).collect()
}

/// Losses of three steps of imitation and two of reinforcement.
fn train(backend: Backend) -> (Vec<f64>, [TrainReport; 2]) {
    let model = ModelConfig { layers: 2, width: 32, heads: 2, mlp: 64, context: 128, rope_base: 1000.0, recall: 0 };
    let tokenizer =
        Tokenizer::train(["a b c 1 2 3"], &TokenizerConfig { vocabulary: 270, ..TokenizerConfig::default() })
            .expect("a tokenizer");
    let mut learner = Learner::new(&model, tokenizer, backend, 5).expect("a learner");
    let mut losses = Vec::new();
    let imitation = ImitationConfig { steps: 3, batch: 4, ..ImitationConfig::default() };
    let cloned = learner.imitate_with(&sequences(), &imitation, &mut |step| losses.push(step.loss)).expect("training");
    let rl = RlConfig { mini_batch: 3, kl_weight: 0.1, entropy_weight: 0.01, ..RlConfig::default() };
    let learnt = learner.reinforce_with(&sequences(), &rl, &mut |step| losses.push(step.loss)).expect("training");
    (losses, [cloned, learnt])
}

#[test]
fn losses_equal_the_cpus_step_by_step() {
    if !adapter() {
        return;
    }
    let ((cpu, cpu_reports), (wgpu, wgpu_reports)) = (train(Backend::Cpu), train(Backend::Wgpu));
    assert_eq!((cpu.len(), wgpu.len()), (5, 5));
    for (step, (cpu, wgpu)) in cpu.iter().zip(&wgpu).enumerate() {
        same(&format!("loss of step {step}"), *cpu, *wgpu);
    }
    assert!(cpu[2] < cpu[0], "imitation does not learn: {cpu:?}");
    for (what, cpu, wgpu) in
        [("imitation", &cpu_reports[0], &wgpu_reports[0]), ("reinforcement", &cpu_reports[1], &wgpu_reports[1])]
    {
        same(&format!("gradient norm of {what}"), cpu.grad_norm, wgpu.grad_norm);
        same(&format!("entropy in {what}"), cpu.entropy, wgpu.entropy);
        same(&format!("kl in {what}"), cpu.kl, wgpu.kl);
    }
}

#[test]
fn a_run_takes_the_flag_and_trains_there() {
    if !adapter() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = counter(folder.path());
    let text = COUNTER.replace("steps: 60", "steps: 2").replace("rounds: 2", "rounds: 1");
    std::fs::write(folder.path().join(scenario), text).expect("writable");
    let loss = |backend: &str| {
        succeed(folder.path(), &["run", scenario, "--out", backend, "--backend", backend]);
        let file = RunFile::open_read_only(&folder.path().join(backend)).expect("a run");
        let metrics = file.metrics().expect("readable");
        ["imitate/loss", "imitate/grad_norm"].map(|name| metrics[0].1[name])
    };
    let (cpu, wgpu) = (loss("cpu"), loss("wgpu"));
    same("loss of the warm start", cpu[0], wgpu[0]);
    same("gradient norm of the warm start", cpu[1], wgpu[1]);
    assert_ne!(cpu, wgpu, "bit for bit the CPU's: did the flag choose anything?");
}
