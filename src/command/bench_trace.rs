//! `coevo bench trace`: what the run file costs with very many episodes. `coevo bench write`: what it cost a run.

use std::path::Path;

use coevo_loop::bench_trace::trace_cost;
use coevo_loop::bench_write::write_cost;
use coevo_scenarios::ResolvedScenario;
use coevo_trace::RunFile;
use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::{Failure, env};

const ENVIRONMENT: &str = "travel";

/// Makes, writes and reads so many episodes.
pub fn trace(quiet: bool, episodes: usize) -> Result<Value, Failure> {
    let plugin = env::load(ENVIRONMENT)?;
    let text = format!("name: bench\nenvironment: {{ name: {ENVIRONMENT} }}\n");
    let scenario = ResolvedScenario::parse(&text, "bench", std::path::Path::new("."), &[])?;
    let folder = std::env::temp_dir().join(format!("coevo-bench-trace-{}", std::process::id()));
    let bar = ProgressBar::new(episodes as u64);
    let mut progress = |done| bar.set_position(done as u64);
    let cost = trace_cost(&plugin, &scenario.base, episodes.max(1), &folder, &mut progress);
    bar.finish_and_clear();
    let _ = std::fs::remove_dir_all(&folder);
    let cost = cost?;
    if !quiet {
        let each = |bytes: u64| bytes as f64 / cost.episodes as f64;
        let times = |bytes: u64| bytes as f64 / cost.file_bytes as f64;
        println!("trace ({} episodes of {ENVIRONMENT}: {} steps, {} tokens)", cost.episodes, cost.steps, cost.tokens);
        println!(
            "  run file   {:>9.1} MB, {:.0} bytes an episode",
            cost.file_bytes as f64 / 1e6,
            each(cost.file_bytes)
        );
        println!(
            "    records  {:>9.1} MB, {:.0} bytes an episode",
            cost.body_bytes as f64 / 1e6,
            each(cost.body_bytes)
        );
        println!(
            "    tokens   {:>9.1} MB, {:.0} bytes an episode",
            cost.trace_bytes as f64 / 1e6,
            each(cost.trace_bytes)
        );
        for (name, bytes) in [("as JSONL", cost.jsonl_bytes), ("+ tokens", cost.jsonl_with_tokens_bytes)] {
            println!("  {name}   {:>9.1} MB, {:.1} times as much", bytes as f64 / 1e6, times(bytes));
        }
        let share = 100.0 * cost.write_ms / cost.play_ms;
        println!("  write      {:>9.1} ms, {share:.1} % of playing them ({:.1} ms)", cost.write_ms, cost.play_ms);
        println!("  open       {:>9.1} ms", cost.open_ms);
        println!("  read one   {:>9.1} µs, 99th percentile {:.1}", cost.read_us.0, cost.read_us.1);
        println!("  by name    {:>9.1} µs, 99th percentile {:.1}", cost.find_us.0, cost.find_us.1);
        println!("  list all   {:>9.1} ms", cost.list_ms);
        for (text, found, ms) in &cost.filters {
            println!("  {ms:>9.1} ms  {found:>6} of {text}");
        }
    }
    Ok(json!(cost))
}

/// Writes the commits of a run again and compares with the time of its stages.
pub fn write(quiet: bool, run: Option<&Path>) -> Result<Value, Failure> {
    let Some(run) = run else {
        return Err(Failure::bad_input("bench write: --run RUN is missing\n  hint: give the folder of a finished run"));
    };
    let file = RunFile::open_read_only(run)?;
    let folder = run.with_file_name(format!(".coevo-bench-write-{}", std::process::id()));
    let bar = ProgressBar::new(file.commits()?.len() as u64);
    let cost = write_cost(&file, &folder, &mut |done| bar.set_position(done as u64));
    bar.finish_and_clear();
    let _ = std::fs::remove_dir_all(&folder);
    let cost = cost?;
    if !quiet {
        println!("write (the commits of {} again, beside it)", run.display());
        println!(
            "  {:11} {:>8} {:>9} {:>9} {:>9} {:>10} {:>8}",
            "", "commits", "episodes", "ms", "slowest", "of stages", "share"
        );
        let row = |name: &str, commits: usize, episodes: usize, [write, slowest, stages]: [f64; 3]| {
            let share = 100.0 * write / (write + stages);
            println!(
                "  {name:11} {commits:>8} {episodes:>9} {write:>9.1} {slowest:>9.1} {stages:>10.0} {share:>6.2} %"
            );
        };
        for (name, of) in &cost {
            row(name, of.commits, of.episodes, [of.write_ms, of.slowest_ms, of.stages_ms]);
        }
        let sum = |of: fn(&coevo_loop::bench_write::WriteCost) -> f64| cost.values().map(of).sum::<f64>();
        let slowest = cost.values().map(|of| of.slowest_ms).fold(0.0, f64::max);
        let (commits, episodes) = (cost.values().map(|c| c.commits).sum(), cost.values().map(|c| c.episodes).sum());
        row("all", commits, episodes, [sum(|of| of.write_ms), slowest, sum(|of| of.stages_ms)]);
    }
    Ok(json!(cost))
}
