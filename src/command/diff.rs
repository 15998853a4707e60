//! `coevo diff`: two episodes turn by turn, or two arms or runs task by task.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use coevo_core::episode::Stage;
use coevo_loop::diff::{EpisodeDiff, Pair, Set, SetDiff, Side, diff_episodes, diff_sets};
use coevo_loop::json_diff::json_diff;
use coevo_loop::recorded::Recorded;
use coevo_loop::reexecute::Place;
use coevo_trace::{EpisodeFilter, EpisodeRecord, RunFile};
use serde_json::json;

use super::episodes::parse_where;
use super::{Done, Failure, hanging, print_json};

#[derive(Args, Debug)]
pub struct DiffArgs {
    /// The run folder
    pub run: PathBuf,
    /// An episode, a branch of one, or an arm [default: every episode of the run, with --with]
    pub left: Option<String>,
    /// What to compare it with [default: the same name in the run of --with]
    pub right: Option<String>,
    /// Another run folder, in which RIGHT is looked for
    #[arg(long, value_name = "RUN")]
    pub with: Option<PathBuf>,
    /// Of arms and runs: only episodes that pass the expression [default: the last test of each arm]
    #[arg(long = "where", value_name = "EXPRESSION")]
    pub matching: Option<String>,
    /// Of episodes: show how the states differ at the end of each turn, too
    #[arg(long)]
    pub state: bool,
    #[arg(long)]
    pub json: bool,
}

/// `coevo diff`.
pub fn diff(args: &DiffArgs) -> Done {
    let left_run = RunFile::open_read_only(&args.run)?;
    let other = args.with.as_ref().map(|folder| RunFile::open_read_only(folder)).transpose()?;
    let right_run = other.as_ref().unwrap_or(&left_run);
    let right = args.right.as_ref().or(args.left.as_ref());
    if other.is_none() && args.right.is_none() {
        let hint = "coevo diff RUN LEFT RIGHT, or coevo diff RUN [LEFT] --with OTHER_RUN";
        return Err(Failure::bad_input(format!("there is nothing to compare with\n  hint: {hint}")));
    }
    match (&args.left, right) {
        (Some(left), Some(right)) if left.contains('/') || right.contains('/') => {
            let (_, a) = left_run.record_of(left)?;
            let (_, b) = right_run.record_of(right)?;
            episodes(args, (&left_run, left, &a), (right_run, right, &b))
        }
        (left, right) => {
            let a = Set { run: &left_run, filter: filter(&left_run, left.as_deref(), args)? };
            let b = Set { run: right_run, filter: filter(right_run, right.map(String::as_str), args)? };
            let diff = diff_sets(&a, &b)?;
            let name = |run: &RunFile, arm: Option<&String>| match arm {
                Some(arm) if other.is_some() => format!("{} {arm}", run.folder().display()),
                Some(arm) => arm.clone(),
                None => run.folder().display().to_string(),
            };
            let names = (name(&left_run, left.as_ref()), name(right_run, right));
            if args.json {
                print_json(&json!({"left": names.0, "right": names.1, "diff": diff}));
            } else {
                print!("{}", set_text(&diff, &names));
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The episodes of an arm that are compared: those of its last test, or those that are asked for.
fn filter(run: &RunFile, arm: Option<&str>, args: &DiffArgs) -> Result<EpisodeFilter, Failure> {
    if let Some(arm) = arm
        && !run.arms()?.iter().any(|known| known == arm)
    {
        let there = run.arms()?.join(", ");
        return Err(Failure::bad_input(format!(
            "`{arm}` is no arm of {}, and no episode\n  hint: there are {there}; episodes look like coevo/r003/train/0012/4",
            run.folder().display()
        )));
    }
    let mut filter = EpisodeFilter { arm: arm.map(str::to_owned), ..EpisodeFilter::default() };
    match &args.matching {
        Some(text) => filter.matching = Some(parse_where(text)?),
        None => {
            filter.stage = Some(Stage::Test);
            let last = run.episodes(&filter)?.iter().map(|summary| summary.key.round).max();
            filter.round = last;
        }
    }
    Ok(filter)
}

fn episodes(args: &DiffArgs, left: (&RunFile, &str, &EpisodeRecord), right: (&RunFile, &str, &EpisodeRecord)) -> Done {
    let diff = diff_episodes(left.2, right.2);
    let states = if args.state { Some(states(left, right)?) } else { None };
    if args.json {
        print_json(&json!({"left": left.1, "right": right.1, "diff": diff, "states": states}));
        return Ok(ExitCode::SUCCESS);
    }
    print!("{}", episode_text(&diff, left.1, right.1));
    for (turn, changes) in states.iter().flatten().enumerate().filter(|(_, changes)| !changes.is_empty()) {
        println!("state after turn {}", turn + 1);
        for change in changes {
            println!("  {change}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// How the states differ at the end of each turn that both have.
fn states(
    left: (&RunFile, &str, &EpisodeRecord),
    right: (&RunFile, &str, &EpisodeRecord),
) -> Result<Vec<Vec<String>>, Failure> {
    let ends = |(run, name, record): (&RunFile, &str, &EpisodeRecord)| {
        let case = Recorded::open(run)?.case(&record.episode)?;
        let wrong = |divergence| Failure::ours(format!("{name} cannot be repeated: {divergence}"));
        let seen = case.reexecute(&record.episode, Place::END).map_err(wrong)?;
        match seen.divergence {
            Some(divergence) => Err(wrong(divergence)),
            None => Ok(seen.turns),
        }
    };
    let (a, b) = (ends(left)?, ends(right)?);
    let end = |turn: &coevo_loop::reexecute::TurnFrames| turn.after.last().unwrap_or(&turn.before).state.clone();
    let changes = |(a, b)| json_diff(&end(a), &end(b)).iter().map(ToString::to_string).collect();
    Ok(a.iter().zip(&b).map(changes).collect())
}

fn episode_text(diff: &EpisodeDiff, left: &str, right: &str) -> String {
    let reward = |reward: Option<f64>| reward.map_or("unscored".to_owned(), |reward| format!("reward {reward}"));
    let mut lines = vec![
        format!("left   {left}  {}", reward(diff.rewards.0)),
        format!("right  {right}  {}", reward(diff.rewards.1)),
    ];
    if diff.first.is_empty() {
        lines.push("\nno difference: same texts, calls, replies and states".to_owned());
        return lines.join("\n") + "\n";
    }
    lines.push("\nfirst differences".to_owned());
    for first in &diff.first {
        let what = serde_json::to_value(first.what).ok().and_then(|what| what.as_str().map(str::to_owned));
        lines.push(format!("  {} in {}", what.unwrap_or_default(), first.at));
        lines.push(format!("    left   {}", hanging(&first.left, 11)));
        lines.push(format!("    right  {}", hanging(&first.right, 11)));
    }
    for (turn, turns) in diff.turns.iter().enumerate() {
        let shown = |side: &Option<Side>| match side {
            None => "not played".to_owned(),
            Some(side) => side.label.clone().unwrap_or_else(|| "unlabelled".to_owned()),
        };
        let same = if turns.same { "  (same)" } else { "" };
        lines.push(format!("\nturn {}  {} | {}{same}", turn + 1, shown(&turns.left), shown(&turns.right)));
        if turns.same {
            continue;
        }
        let texts = |side: &Option<Side>| side.as_ref().map_or(Vec::new(), |side| side.texts.clone());
        lines.extend(aligned(&texts(&turns.left), &texts(&turns.right)));
    }
    lines.join("\n") + "\n"
}

/// Two lists of texts as a diff: what both have once, else `-` for the left and `+` for the right.
fn aligned(left: &[String], right: &[String]) -> Vec<String> {
    let width = right.len() + 1;
    let mut common = vec![0usize; (left.len() + 1) * width];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            common[i * width + j] = if left[i] == right[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < left.len() || j < right.len() {
        if i < left.len() && j < right.len() && left[i] == right[j] {
            lines.push(format!("    {}", hanging(&left[i], 4)));
            (i, j) = (i + 1, j + 1);
        } else if j == right.len() || (i < left.len() && common[(i + 1) * width + j] >= common[i * width + j + 1]) {
            lines.push(format!("  - {}", hanging(&left[i], 4)));
            i += 1;
        } else {
            lines.push(format!("  + {}", hanging(&right[j], 4)));
            j += 1;
        }
    }
    lines
}

fn set_text(diff: &SetDiff, names: &(String, String)) -> String {
    let share = |passed: usize| 100.0 * passed as f64 / diff.tasks.max(1) as f64;
    let mut lines = vec![
        format!("left   {}: {:.1} % of {} tasks", names.0, share(diff.passed.0), diff.tasks),
        format!("right  {}: {:.1} %", names.1, share(diff.passed.1)),
        format!("fixed {}, broke {}", diff.fixed.len(), diff.broke.len()),
    ];
    if diff.unpaired != (0, 0) {
        let (left, right) = diff.unpaired;
        lines.push(format!("not compared: {left} of the left, {right} of the right (no partner, or unscored)"));
    }
    if diff.tasks > 0 {
        lines.push("\nlabel of the first failing turn, left -> right".to_owned());
    }
    let mut flow: Vec<(&String, &String, usize)> =
        diff.flow.iter().flat_map(|(from, row)| row.iter().map(move |(to, count)| (from, to, *count))).collect();
    flow.sort_by_key(|(_, _, count)| std::cmp::Reverse(*count));
    lines.extend(flow.into_iter().map(|(from, to, count)| format!("  {count:5}  {from} -> {to}")));
    let mut list = |title: &str, pairs: &[Pair]| {
        if !pairs.is_empty() {
            lines.push(format!("\n{title}"));
        }
        for pair in pairs {
            lines.push(format!(
                "  {}  {} ({}) -> {} ({})",
                pair.task, pair.left, pair.left_end, pair.right, pair.right_end
            ));
        }
    };
    list("fixed", &diff.fixed);
    list("broke", &diff.broke);
    lines.join("\n") + "\n"
}
