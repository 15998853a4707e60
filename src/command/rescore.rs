//! `coevo rescore`: diagnose recorded episodes again, or verify them again, and say what changes.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use coevo_core::diagnose::PriorityTable;
use coevo_loop::rescore::{Rescored, rescore as again};
use coevo_trace::{EpisodeFilter, RunFile};

use super::episodes::parse_where;
use super::{Done, Failure, print_json, workers};
use crate::progress::Progress;

/// Names that are listed of each kind of change.
const LISTED: usize = 20;

#[derive(Args, Debug)]
pub struct RescoreArgs {
    /// The run folder
    pub run: PathBuf,
    /// Version of the priority table [default: the newest]
    #[arg(long)]
    pub table: Option<u32>,
    /// Verify the recorded turns again first, each in a fresh sandbox
    #[arg(long)]
    pub reverify: bool,
    /// Only episodes that pass the expression
    #[arg(long = "where", value_name = "EXPRESSION")]
    pub matching: Option<String>,
    #[arg(long)]
    pub json: bool,
    /// Threads that run environments [default: the machine's cores]
    #[arg(long)]
    pub workers: Option<usize>,
}

/// `coevo rescore`. Exit 1 where a verdict changed: that is a difference between this program and the record.
pub fn rescore(args: &RescoreArgs) -> Done {
    let newest = PriorityTable::VERSIONS.into_iter().max().expect("there is a table");
    let version = args.table.unwrap_or(newest);
    let table = PriorityTable::version(version).ok_or_else(|| {
        let known = PriorityTable::VERSIONS.map(|version| version.to_string()).join(", ");
        Failure::bad_input(format!("--table {version}: there is no such priority table\n  hint: there are {known}"))
    })?;
    let matching = args.matching.as_deref().map(parse_where).transpose()?;
    let file = RunFile::open_read_only(&args.run)?;
    let filter = EpisodeFilter { matching, ..EpisodeFilter::default() };
    let found = again(&file, &table, args.reverify, &filter, workers(args.workers), &mut Progress::new())?;
    if args.json {
        print_json(&found);
    } else {
        print!("{}", text(&found, version));
    }
    Ok(if found.verdicts.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text(found: &Rescored, version: u32) -> String {
    let changed: usize = found.labels.values().flat_map(|row| row.values()).sum();
    let mut lines = vec![format!(
        "{} episodes diagnosed with table {version}: {changed} of {} labels change, in {} episodes something does",
        found.episodes,
        changed + found.same_labels,
        found.changed.len()
    )];
    for (from, row) in &found.labels {
        for (to, count) in row {
            lines.push(format!("  {count:5}  {from} -> {to}"));
        }
    }
    if found.attributions > 0 {
        lines.push(format!("causes change in {} episodes", found.attributions));
    }
    if !found.verdicts.is_empty() {
        lines.push(format!("{} verdicts change", found.verdicts.len()));
        let reward = |reward: Option<f64>| reward.map_or("unscored".to_owned(), |reward| reward.to_string());
        for (name, change) in found.verdicts.iter().take(LISTED) {
            lines.push(format!("  {name}  {} -> {}  {}", reward(change.before), reward(change.after), change.reason));
        }
    }
    let more = |count: usize| (count > LISTED).then(|| format!("  and {} more (--json lists all)", count - LISTED));
    if !found.changed.is_empty() {
        lines.push("changed".to_owned());
        lines.extend(found.changed.iter().take(LISTED).map(|name| format!("  {name}")));
        lines.extend(more(found.changed.len()));
    }
    for (name, reason) in found.skipped.iter().take(LISTED) {
        lines.push(format!("skipped {name}: {reason}"));
    }
    lines.join("\n") + "\n"
}
