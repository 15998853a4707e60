//! `coevo bench`: what this machine does. Prints numbers; judges nothing.

use std::process::ExitCode;

use coevo_agents::learner::backend;
use coevo_core::config::Backend;
use coevo_core::task::TaskRef;
use coevo_envs::bench::{CompareError, Effort, Pass, Trajectories, compare, live, measure};
use coevo_envs::{EnvPlugin, Sandbox, SandboxLimits};
use coevo_loop::bench::{learner_rate, loop_cost};
use coevo_loop::error::RunError;
use coevo_scenarios::ResolvedScenario;
use serde_json::{Map, Value, json};

use super::{Done, Failure, env, print_json, workers};
use crate::cli::{Bench, BenchArgs};

/// The environment that is measured.
const ENVIRONMENT: &str = "travel";
/// Slots of the loop's measurement.
const SLOTS: usize = 1000;

/// `coevo bench`.
pub fn bench(args: &BenchArgs) -> Done {
    let all = [Bench::Sandbox, Bench::Live, Bench::Loop, Bench::Learner];
    let what = if args.what.is_empty() { &all[..] } else { &args.what };
    let mut found = Map::new();
    for bench in what {
        let (name, value) = match bench {
            Bench::Sandbox => ("sandbox", sandbox(&args.env, args.json)?),
            Bench::Native => ("native", native(args)?),
            Bench::Live => ("live", living(args)?),
            Bench::Loop => ("loop", engine(args.json)?),
            Bench::Learner => ("learner", learner(args.json)?),
            Bench::Peers => ("peers", super::bench_peers::peers(args.folder.as_deref())?),
            Bench::Trace => ("trace", super::bench_trace::trace(args.json, args.episodes)?),
            Bench::Write => ("write", super::bench_trace::write(args.json, args.run.as_deref())?),
            Bench::Explain => ("explain", super::bench_explain::explain(args.json, &args.also)?),
            Bench::Bfcl => ("bfcl", super::bfcl::bench(&args.tasks, args.python.as_deref(), args.json)?),
        };
        found.insert(name.to_owned(), value);
    }
    if args.json {
        print_json(&found);
    }
    Ok(ExitCode::SUCCESS)
}

fn sandbox(name: &str, quiet: bool) -> Result<Value, Failure> {
    let plugin = env::load(name)?;
    let reference = TaskRef { env: plugin.spec().name.clone(), split: "test".to_owned(), index: 0, seed: 0 };
    let task = plugin.task(&reference).map_err(fault)?;
    let figures = measure(&plugin, &task, Effort::default()).map_err(fault)?;
    if !quiet {
        println!("sandbox ({name}, one core), µs: median, 90th percentile");
        for figure in &figures {
            println!("  {:28} {:>9.2} {:>9.2}  {}", figure.name, figure.median_us, figure.p90_us, figure.what);
        }
    }
    Ok(json!(figures))
}

fn fault(fault: coevo_core::episode::Fault) -> Failure {
    Failure::ours(format!("{}: {}", fault.during, fault.message))
}

/// Trajectories that are compared with native runs.
const TRAJECTORIES: u32 = 60;

fn native(args: &BenchArgs) -> Result<Value, Failure> {
    let Some(program) = &args.native else {
        let hint =
            "hint: in plugins/, `cargo build --release --example native_travel -p travel`, then --native its path";
        return Err(Failure::bad_input(format!("bench native: --native PROGRAM is missing\n{hint}")));
    };
    let plugin = env::load(&args.env)?;
    let of = Trajectories { split: "test".to_owned(), tasks: TRAJECTORIES, seed: 0, rounds: 5, millis: 400 };
    let found = compare(&plugin, program, &of).map_err(|error| match error {
        CompareError::Native { .. } => Failure::bad_input(error.to_string()),
        _ => Failure::ours(error.to_string()),
    })?;
    if !args.json {
        let calls = found.native.first().map_or(0, |pass| pass.calls);
        println!(
            "native ({}, {TRAJECTORIES} trajectories with {calls} calls, one core), µs a trajectory, least of many passes",
            args.env
        );
        println!("  {:28} {:>9} {:>9} {:>9}", "", "play", "verify", "whole");
        for (name, passes) in [
            ("native", &found.native),
            ("sandbox, reset from JSON", &found.sandbox),
            ("sandbox, as episodes begin", &found.begun),
        ] {
            let columns =
                [found.of(passes, |p| p.play_us), found.of(passes, |p| p.verify_us), found.of(passes, Pass::total_us)];
            println!("  {name:28} {:>9.1} {:>9.1} {:>9.1}", columns[0], columns[1], columns[2]);
        }
        for (name, passes) in [("ratio, reset from JSON", &found.sandbox), ("ratio, as episodes begin", &found.begun)] {
            let columns = [
                found.ratio(passes, |p| p.play_us),
                found.ratio(passes, |p| p.verify_us),
                found.ratio(passes, Pass::total_us),
            ];
            println!("  {name:28} {:>9.2} {:>9.2} {:>9.2}", columns[0], columns[1], columns[2]);
        }
    }
    Ok(json!(found))
}

fn living(args: &BenchArgs) -> Result<Value, Failure> {
    let slots = args.instances.saturating_add(8);
    let limits = SandboxLimits { live_instances: slots, warm_instances: slots, ..SandboxLimits::default() };
    let sandbox = Sandbox::new(limits).map_err(RunError::from)?;
    let plugin = EnvPlugin::load(&sandbox, &args.env.parse().expect("any text names a source"))?;
    let found = live(&plugin, "test", args.instances as usize).map_err(fault)?;
    if !args.json {
        println!("live ({} episodes of {} at once, one core)", found.instances, args.env);
        println!("  begin   {:>9.2} µs each", found.begin_us);
        println!("  step    {:>9.2} µs each, {} steps, every episode in turn", found.step_us, found.steps);
        println!("  memory  {:>9.1} KiB each, {} MiB in all", found.each_kib(), found.after_kib >> 10);
    }
    Ok(json!(found))
}

fn engine(quiet: bool) -> Result<Value, Failure> {
    let plugin = env::load(ENVIRONMENT)?;
    let folder = std::env::temp_dir().join(format!("coevo-bench-{}", std::process::id()));
    let cost = loop_cost(&plugin, SLOTS, &folder);
    let _ = std::fs::remove_dir_all(&folder);
    let cost = cost?;
    if !quiet {
        println!("loop ({} oracle episodes of {ENVIRONMENT} in {SLOTS} slots, one worker)", cost.episodes);
        println!("  tools by hand {:>9.1} ms ({} steps)", cost.tools_ms, cost.steps);
        println!("  with engine   {:>9.1} ms ({:+.1} %)", cost.engine_ms, 100.0 * cost.engine_share());
        println!("  trace         {:>9.1} ms ({:+.1} %)", cost.trace_ms, 100.0 * cost.trace_share());
    }
    Ok(json!(cost))
}

fn learner(quiet: bool) -> Result<Value, Failure> {
    let plugin = env::load(ENVIRONMENT)?;
    let text = format!("name: bench\nenvironment: {{ name: {ENVIRONMENT} }}\n");
    let scenario = ResolvedScenario::parse(&text, "bench", std::path::Path::new("."), &[])?;
    let mut rates = Map::new();
    for (name, kind) in [("cpu", Backend::Cpu), ("wgpu", Backend::Wgpu)] {
        if let Err(error) = backend::select(kind) {
            if !quiet {
                println!("learner, {name}: not measured ({error})");
            }
            continue;
        }
        // The software adapter is for tests: it is not worth minutes of anyone's time.
        if kind == Backend::Wgpu && backend::select(Backend::Auto).is_ok_and(|found| found.kind() == Backend::Cpu) {
            continue;
        }
        let rate =
            learner_rate(&plugin, &scenario.base, kind, workers(None)).map_err(|e: RunError| Failure::from(e))?;
        if !quiet {
            println!("learner, {name} ({} parameters, default model), tokens/s", rate.parameters);
            println!("  trained {:>12.0}", rate.trained_tokens_per_s);
            println!("  sampled {:>12.0}  (rollout of 32 slots, environment included)", rate.sampled_tokens_per_s);
            println!("  rollout {:>12.0}  (prompts included)", rate.rollout_tokens_per_s);
        }
        rates.insert(name.to_owned(), json!(rate));
    }
    Ok(Value::Object(rates))
}
