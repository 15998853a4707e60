//! `coevo episodes`: which episodes, chosen by an expression, in any order.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use coevo_trace::{EpisodeFilter, EpisodeSummary, Expr, ExprError, RunFile, Sort, field_help, stage_name};
use serde_json::{Value, json};

use super::{Done, Failure, print_json};

/// Lines of a listing, unless told otherwise.
const LIMIT: u32 = 50;

#[derive(Args, Debug)]
pub struct EpisodesArgs {
    /// The run folder
    pub run: PathBuf,
    /// Which episodes, such as 'label=state_mismatch and round>5 and not passed' (--fields lists what can be asked)
    #[arg(long = "where", value_name = "EXPRESSION")]
    pub matching: Option<String>,
    /// Order, such as -reward,round; a minus sign means descending [default: arm,stage,round,task,replica]
    #[arg(long, value_name = "FIELDS", allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// At most so many; 0 means all [default: 50, with --json all]
    #[arg(long)]
    pub limit: Option<u32>,
    /// Print only how many there are
    #[arg(long)]
    pub count: bool,
    /// Read everything and say what is damaged; exit 1 if anything is
    #[arg(long)]
    pub check: bool,
    /// List the fields that expressions can ask for
    #[arg(long)]
    pub fields: bool,
    #[arg(long)]
    pub json: bool,
}

/// `coevo episodes`.
pub fn episodes(args: &EpisodesArgs) -> Done {
    if args.fields {
        for (name, about) in field_help() {
            println!("{name:14} {about}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let sort = args.sort.as_deref().map(Sort::parse).transpose().map_err(|error| wrong("--sort", &error))?;
    let filter = EpisodeFilter {
        matching: args.matching.as_deref().map(parse_where).transpose()?,
        sort: sort.unwrap_or_default(),
        ..EpisodeFilter::default()
    };
    let run = RunFile::open_read_only(&args.run)?;
    if args.check {
        return check(&run, args.json);
    }
    let count = run.count(&filter)?;
    if args.count {
        if args.json {
            print_json(&json!({ "count": count }))
        } else {
            println!("{count}")
        }
        return Ok(ExitCode::SUCCESS);
    }
    let limit = match args.limit {
        Some(0) => None,
        None if args.json => None,
        limit => Some(limit.unwrap_or(LIMIT)),
    };
    let found = run.episodes(&EpisodeFilter { limit, ..filter })?;
    let labels = found.iter().map(|summary| run.labels(summary.row)).collect::<Result<Vec<_>, _>>()?;
    if args.json {
        let all: Vec<Value> = found.iter().zip(&labels).map(|(summary, labels)| object(summary, labels)).collect();
        print_json(&all);
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = std::io::stdout().lock();
    let written = lines(&found, &labels).into_iter().try_for_each(|line| writeln!(out, "{line}"));
    // A closed pipe (`| head`) is the reader's wish.
    if written.is_ok() && (found.len() as u64) < count {
        eprintln!("{} of {count} episodes; --limit 0 shows all", found.len());
    } else if written.is_ok() {
        eprintln!("{count} episodes");
    }
    Ok(ExitCode::SUCCESS)
}

fn check(run: &RunFile, json: bool) -> Done {
    let found = run.survey();
    if json {
        print_json(&found);
    } else {
        for (what, reason) in &found.damaged {
            println!("{what}: {reason}");
        }
        println!(
            "readable: {} episodes, {} commits, {} checkpoints, {} interfaces, {} branches; damaged: {}",
            found.episodes,
            found.commits,
            found.checkpoints,
            found.interfaces,
            found.branches,
            found.damaged.len()
        );
    }
    Ok(if found.damaged.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads `--where`.
pub fn parse_where(text: &str) -> Result<Expr, Failure> {
    text.parse().map_err(|error| wrong("--where", &error))
}

fn wrong(flag: &str, error: &ExprError) -> Failure {
    Failure::bad_input(format!("{flag}, {error}"))
}

fn object(summary: &EpisodeSummary, labels: &[(String, bool)]) -> Value {
    let labels: Vec<Value> =
        labels.iter().map(|(label, cascaded)| json!({"label": label, "cascaded": cascaded})).collect();
    let key = &summary.key;
    json!({
        "episode": summary.name, "arm": key.arm, "stage": stage_name(key.stage), "round": key.round, "env": key.task.env,
        "split": key.task.split, "task": key.task.index, "seed": key.task.seed, "replica": key.replica,
        "id": summary.task_id, "category": summary.category, "scenario": summary.scenario, "interface": summary.interface,
        "reward": summary.reward, "ending": summary.ending, "fault": summary.boundary,
        "first_failing": summary.first_failing.map(|turn| turn + 1), "labels": labels, "turns": summary.turns,
        "steps": summary.steps, "tokens": summary.tokens, "sampled": summary.sampled_tokens, "advantage": summary.advantage,
    })
}

/// A header and one line an episode.
fn lines(found: &[EpisodeSummary], labels: &[Vec<(String, bool)>]) -> Vec<String> {
    if found.is_empty() {
        return Vec::new();
    }
    let width = found.iter().map(|summary| summary.name.len()).max().unwrap_or(0).max(7);
    let categories = found.iter().map(|summary| summary.category.len()).max().unwrap_or(0).max(8);
    let mut lines = vec![format!(
        "{:width$}  {:categories$}  {:>6}  {:>5} {:>5} {:>6}  first failing turn",
        "episode", "category", "reward", "turns", "steps", "tokens"
    )];
    for (summary, labels) in found.iter().zip(labels) {
        let reward = summary.reward.map_or_else(|| "-".to_owned(), |reward| format!("{reward:.2}"));
        let first =
            summary.first_failing.map(|turn| (turn + 1, labels.get(turn as usize).map_or("", |(name, _)| name)));
        let why = match (&summary.boundary, first) {
            (Some(boundary), _) => format!("fault: {boundary}"),
            (None, Some((turn, label))) => format!("{turn} {label}"),
            (None, None) => String::new(),
        };
        let line = format!(
            "{:width$}  {:categories$}  {reward:>6}  {:>5} {:>5} {:>6}  {why}",
            summary.name, summary.category, summary.turns, summary.steps, summary.tokens
        );
        lines.push(line.trim_end().to_owned());
    }
    lines
}
