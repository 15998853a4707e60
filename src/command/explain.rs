//! `coevo explain`: from the root cause of a failed episode to its failure, with the counterfactual that proves it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use coevo_loop::explain::{Cause, Explanation, dependency_phrase};
use coevo_loop::recorded::Recorded;
use coevo_loop::slip::Slip;
use coevo_trace::RunFile;
use serde_json::json;

use super::{Done, Failure, print_json};

#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// The run folder
    pub run: PathBuf,
    /// An episode, such as coevo/r003/train/0012/4, or a branch of one
    pub episode: String,
    #[arg(long)]
    pub json: bool,
}

/// `coevo explain`.
pub fn explain(args: &ExplainArgs) -> Done {
    let file = RunFile::open_read_only(&args.run)?;
    let (summary, record) = file.record_of(&args.episode)?;
    let case = Recorded::open(&file)?.case(&record.episode)?;
    let explained = case.explain(&record).map_err(|divergence| {
        let hint = "was the environment changed? coevo replay --verify finds what else differs";
        Failure::ours(format!("{} cannot be repeated: {divergence}\n  hint: {hint}", args.episode))
    })?;
    if args.json {
        print_json(&json!({ "episode": args.episode, "task": summary.task_id, "explanation": explained }));
    } else {
        let run = args.run.display().to_string();
        print!("{}", text(&explained, &run, &args.episode));
    }
    Ok(ExitCode::SUCCESS)
}

/// An explanation for people; `run` and `episode` are for the commands in it.
fn text(explained: &Explanation, run: &str, episode: &str) -> String {
    let reward = explained.reward.map_or("unscored".to_owned(), |reward| format!("reward {reward}"));
    let mut lines = vec![match explained.first_failing {
        Some(turn) => format!("{episode}: {reward}, turn {} is the first that fails", turn + 1),
        None => format!("{episode}: {reward}"),
    }];
    if let Some(root) = &explained.root {
        let proven = if root.proven { "proven below" } else { "not proven" };
        lines.push(format!("\nroot cause: turn {} ({proven})", root.turn + 1));
        for cause in &root.slips {
            lines.extend(cause_lines(cause));
        }
    }
    for link in &explained.links {
        lines.push(format!("\nturn {}  {}  {}", link.turn + 1, link.label, link.detail).trim_end().to_owned());
        for dependency in &link.dependencies {
            let phrase = dependency_phrase(dependency.kind);
            lines.push(format!("  because it {phrase}: turn {}", dependency.from + 1));
        }
        if !link.state.is_empty() {
            lines.push("  state after the turn, as recorded -> with the root made good".to_owned());
            lines.extend(link.state.iter().map(|change| format!("    {}", shorten(&change.to_string()))));
            if link.more > 0 {
                lines.push(format!("    and {} more", link.more));
            }
        }
        match link.passes_after_repair {
            Some(true) => lines.push("  passes once the root is made good".to_owned()),
            Some(false) => {
                lines.push("  fails all the same once the root is made good: it has a cause of its own".to_owned())
            }
            None => {}
        }
    }
    if let Some(proof) = &explained.counterfactual {
        let mark = |passed: bool| if passed { "pass" } else { "FAIL" };
        lines.push("\nwith the root made good and everything else as recorded".to_owned());
        for (turn, (then, now)) in proof.turns.iter().enumerate() {
            lines.push(format!("  turn {:2}  {} -> {}", turn + 1, mark(*then), now.map_or("not reached", mark)));
        }
        let reward = |reward: Option<f64>| reward.map_or("unscored".to_owned(), |reward| reward.to_string());
        lines.push(format!("  reward   {} -> {}", reward(explained.reward), reward(proof.reward)));
        let calls: String = proof.texts.iter().map(|text| format!(" --call {}", quote(text))).collect();
        let (at, skip) = (proof.at, proof.skip);
        lines.push(format!(
            "  to play it: coevo fork {} {} --at {at} --skip {skip}{calls}",
            quote(run),
            quote(episode)
        ));
    }
    lines.extend(explained.notes.iter().map(|note| format!("\nnote: {note}")));
    lines.join("\n") + "\n"
}

fn cause_lines(cause: &Cause) -> Vec<String> {
    let step = cause.slip.step() + 1;
    let mut lines = vec![match &cause.slip {
        Slip::Missing { .. } => format!("  before step {step} a call is missing"),
        Slip::Extra { repeats: true, .. } => format!("  step {step} repeats a call"),
        Slip::Extra { repeats: false, .. } => format!("  step {step} is one too many"),
        Slip::Changed { .. } => format!("  step {step} is not what was needed"),
        Slip::Moved { to, .. } => format!("  step {step} comes at the wrong time: it belongs before step {}", to + 1),
        Slip::Answer { .. } => format!("  step {step}: the answer lacks something"),
    }];
    let mut add = |name: &str, text: &Option<String>| {
        lines.extend(text.as_ref().map(|text| format!("    {name:9} {}", shorten(text))));
    };
    add("wrote", &cause.made);
    add("answered", &cause.reply);
    add("reference", &cause.wanted);
    lines
}

/// One line of it.
fn shorten(text: &str) -> String {
    const MOST: usize = 200;
    let line = text.replace('\n', " ");
    if line.chars().count() <= MOST { line } else { line.chars().take(MOST).chain("…".chars()).collect() }
}

/// As a shell takes it.
fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '~' | '@');
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with(['@', '~']) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
