//! `coevo bench`: what this machine does. Prints numbers; judges nothing.

use std::process::ExitCode;

use coevo_agents::learner::backend;
use coevo_core::config::Backend;
use coevo_core::task::TaskRef;
use coevo_envs::bench::{Effort, measure};
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
    let all = [Bench::Sandbox, Bench::Loop, Bench::Learner];
    let what = if args.what.is_empty() { &all[..] } else { &args.what };
    let mut found = Map::new();
    for bench in what {
        let (name, value) = match bench {
            Bench::Sandbox => ("sandbox", sandbox(args.json)?),
            Bench::Loop => ("loop", engine(args.json)?),
            Bench::Learner => ("learner", learner(args.json)?),
            Bench::Trace => ("trace", super::bench_trace::trace(args.json, args.episodes)?),
            Bench::Explain => ("explain", super::bench_explain::explain(args.json)?),
        };
        found.insert(name.to_owned(), value);
    }
    if args.json {
        print_json(&found);
    }
    Ok(ExitCode::SUCCESS)
}

fn sandbox(quiet: bool) -> Result<Value, Failure> {
    let plugin = env::load(ENVIRONMENT)?;
    let reference = TaskRef { env: plugin.spec().name.clone(), split: "test".to_owned(), index: 0, seed: 0 };
    let fault = |fault: coevo_core::episode::Fault| Failure::ours(format!("{}: {}", fault.during, fault.message));
    let task = plugin.task(&reference).map_err(fault)?;
    let figures = measure(&plugin, &task, Effort::default()).map_err(fault)?;
    if !quiet {
        println!("sandbox ({ENVIRONMENT}, one core), µs: median, 90th percentile");
        for figure in &figures {
            println!("  {:28} {:>9.2} {:>9.2}  {}", figure.name, figure.median_us, figure.p90_us, figure.what);
        }
    }
    Ok(json!(figures))
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
        if kind == Backend::Wgpu && backend::select(Backend::Auto).is_ok_and(|found| found.kind == Backend::Cpu) {
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
