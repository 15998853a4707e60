//! `coevo fork`: continue a recorded episode from any step otherwise, keep the branch, show the tree of branches.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use coevo_agents::agents::{DoNothing, Human, Random};
use coevo_agents::{Agent, Learner, SampleConfig};
use coevo_core::config::Backend;
use coevo_core::episode::Verdict;
use coevo_core::task::ToolSpec;
use coevo_loop::error::RunError;
use coevo_loop::fork::{Change, Then};
use coevo_loop::recorded::Recorded;
use coevo_loop::reexecute::Place;
use coevo_loop::run;
use coevo_trace::{Branch, EpisodeRecord, EpisodeSummary, NewBranch, RunFile, split_branch};
use serde_json::json;

use super::replay::transcript;
use super::{Done, Failure, print_json};

/// Who goes on from a fork.
#[derive(Clone, Copy, Debug, ValueEnum, PartialEq, Eq)]
pub enum Continuer {
    /// The recorded texts, whatever comes of them now
    Recorded,
    /// The reference solution
    Oracle,
    Random,
    DoNothing,
    /// You, at this terminal
    Human,
    /// A policy of the run: --arm, --checkpoint
    Policy,
}

#[derive(Args, Debug)]
pub struct ForkArgs {
    /// The run folder
    pub run: PathBuf,
    /// An episode, or a branch of one such as coevo/r003/train/0012/4~2
    pub episode: String,
    /// Where it leaves the record: TURN or TURN.STEP, from 1; that step is the first that is played otherwise
    #[arg(long, value_name = "TURN[.STEP]", required_unless_present_any = ["list", "show"])]
    pub at: Option<Place>,
    /// Played there instead of the recorded step; may be given more than once
    #[arg(long = "call", value_name = "TEXT", allow_hyphen_values = true)]
    pub calls: Vec<String>,
    /// How many recorded steps --call stands for; 0 inserts [default: as many as there are --call]
    #[arg(long)]
    pub skip: Option<usize>,
    /// Who goes on [default: recorded after --call or --skip, policy with --arm, else oracle]
    #[arg(long, value_enum)]
    pub agent: Option<Continuer>,
    /// Which arm's policy goes on [default: the episode's]
    #[arg(long)]
    pub arm: Option<String>,
    /// Which round's checkpoint of it [default: the last]
    #[arg(long, value_name = "ROUND")]
    pub checkpoint: Option<u32>,
    /// Draws other actions from a random agent or policy
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Show what comes of it and keep nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Show the tree of the episode's branches
    #[arg(long, conflicts_with_all = ["at", "calls"])]
    pub list: bool,
    /// Show the transcript of a branch
    #[arg(long, conflicts_with_all = ["at", "calls", "list"])]
    pub show: bool,
    #[arg(long)]
    pub json: bool,
}

/// `coevo fork`.
pub fn fork(args: &ForkArgs) -> Done {
    let file = RunFile::open_read_only(&args.run)?;
    let (summary, record) = file.record_of(&args.episode)?;
    let (_, parent) = split_branch(&args.episode);
    if args.list {
        return list(&file, &summary, args.json);
    }
    if args.show {
        if args.json {
            print_json(&record)
        } else {
            print!("{}", transcript(&record))
        }
        return Ok(ExitCode::SUCCESS);
    }
    let at = args.at.expect("clap requires it");
    check_place(&record, at)?;
    let recorded = Recorded::open(&file)?;
    let case = recorded.case(&record.episode)?;
    let continuer = args.agent.unwrap_or(match (&args.arm, args.checkpoint) {
        (None, None) if args.calls.is_empty() && args.skip.is_none() => Continuer::Oracle,
        (None, None) => Continuer::Recorded,
        _ => Continuer::Policy,
    });
    let then = match continuer {
        Continuer::Recorded => Then::Recorded,
        Continuer::Oracle => Then::Reference,
        Continuer::Random => Then::Agent(Box::new(Random::new(case.plugin.spec().tools.clone()))),
        Continuer::DoNothing => Then::Agent(Box::new(DoNothing)),
        Continuer::Human => Then::Agent(Box::new(Human::default())),
        Continuer::Policy => Then::Agent(policy(args, &file, &recorded, &record, &case.plugin.spec().tools)?),
    };
    let who = match &then {
        Then::Recorded => "recorded".to_owned(),
        Then::Reference => "oracle".to_owned(),
        Then::Agent(agent) => agent.name(),
    };
    let how = args.calls.iter().map(String::as_str).chain([who.as_str()]).collect::<Vec<_>>().join(", then ");
    let skip = args.skip.unwrap_or(args.calls.len());
    let change = Change { at, texts: args.calls.clone(), skip, then, seed: args.seed };
    let branch = case.fork(&record.episode, change).map_err(|divergence| {
        let hint = "coevo replay --verify finds what else changed";
        Failure::ours(format!("{} cannot be repeated up to {at}: {divergence}\n  hint: {hint}", args.episode))
    })?;
    drop(file);
    let kept = if args.dry_run { None } else { Some(keep(args, &summary, parent, at, &how, &branch)?) };
    show(args, &summary, &record, &branch, kept, &how);
    Ok(ExitCode::SUCCESS)
}

/// The place must be one where the agent had to act.
fn check_place(record: &EpisodeRecord, at: Place) -> Result<(), Failure> {
    let turns = &record.episode.turns;
    let Some(turn) = turns.get(at.turn) else {
        let message = format!("--at {at}: the episode has {} turns", turns.len());
        return Err(Failure::bad_input(format!("{message}\n  hint: turns are counted from 1")));
    };
    // After the last step of a turn that was cut short there is still something to do.
    let last = if turn.answer().is_some() { turn.steps.len().saturating_sub(1) } else { turn.steps.len() };
    if at.step > last {
        let message = format!("--at {at}: turn {} has {} steps", at.turn + 1, turn.steps.len());
        return Err(Failure::bad_input(format!(
            "{message}\n  hint: use {}.1 to {}.{}",
            at.turn + 1,
            at.turn + 1,
            last + 1
        )));
    }
    Ok(())
}

fn policy(
    args: &ForkArgs,
    file: &RunFile,
    recorded: &Recorded,
    record: &EpisodeRecord,
    tools: &[ToolSpec],
) -> Result<Box<dyn Agent>, Failure> {
    let arm = args.arm.as_ref().unwrap_or(&record.episode.key.arm);
    let keys = file.checkpoints()?;
    let wanted = |key: &&coevo_trace::CommitKey| key.arm == *arm && args.checkpoint.is_none_or(|r| key.round == r);
    let key = keys.iter().rev().find(wanted).ok_or_else(|| {
        let there: Vec<String> = keys.iter().map(|key| format!("{} round {}", key.arm, key.round)).collect();
        let round = args.checkpoint.map_or(String::new(), |round| format!(" round {round}"));
        let message = format!("there is no checkpoint of `{arm}`{round}");
        Failure::bad_input(format!("{message}\n  hint: there are {}", there.join(", ")))
    })?;
    let learner = Learner::restore(&run::read_checkpoint(file, key)?, Backend::Cpu).map_err(RunError::from)?;
    let settings = recorded.settings(arm);
    // As it was when the episode was recorded: sampled in training, as in evaluation elsewhere.
    let trained = matches!(record.episode.key.stage, coevo_core::episode::Stage::Train);
    let temperature = if trained { settings.agent.sampling.temperature } else { settings.evaluation.temperature };
    Ok(Box::new(learner.policy().agent(SampleConfig { temperature, ..settings.agent.sampling }, tools)))
}

fn keep(
    args: &ForkArgs,
    summary: &EpisodeSummary,
    parent: Option<u32>,
    at: Place,
    how: &str,
    record: &EpisodeRecord,
) -> Result<u32, Failure> {
    let mut file = RunFile::open_to_annotate(&args.run)?;
    Ok(file.add_branch(summary, &NewBranch { parent, turn: at.turn, step: at.step, how, record })?)
}

fn passed(record: &EpisodeRecord) -> Vec<Option<bool>> {
    match &record.verdict {
        Verdict::Scored { turns, .. } => turns.iter().map(|turn| Some(turn.failure.is_none())).collect(),
        Verdict::Unscored(_) => vec![None; record.episode.turns.len()],
    }
}

fn show(
    args: &ForkArgs,
    summary: &EpisodeSummary,
    before: &EpisodeRecord,
    branch: &EpisodeRecord,
    kept: Option<u32>,
    how: &str,
) {
    let name = kept.map(|number| format!("{}~{number}", summary.name));
    let (then, now) = (passed(before), passed(branch));
    if args.json {
        print_json(&json!({
            "branch": name, "how": how, "reward_before": before.verdict.reward(), "reward": branch.verdict.reward(),
            "turns_before": then, "turns": now, "record": branch,
        }));
        return;
    }
    print!("{}", transcript(branch));
    let mark = |passed: Option<&Option<bool>>| match passed {
        Some(Some(true)) => "pass",
        Some(Some(false)) => "FAIL",
        Some(None) => "unscored",
        None => "-",
    };
    println!("\n{how}, from {}", args.at.expect("clap requires it"));
    for turn in 0..then.len().max(now.len()) {
        println!("  turn {:2}  {:8} -> {}", turn + 1, mark(then.get(turn)), mark(now.get(turn)));
    }
    let reward = |record: &EpisodeRecord| record.verdict.reward().map_or("unscored".to_owned(), |r| r.to_string());
    println!("  reward   {:8} -> {}", reward(before), reward(branch));
    if let Some(name) = name {
        println!("kept as {name}");
    }
}

/// `coevo fork --list`.
fn list(file: &RunFile, summary: &EpisodeSummary, json: bool) -> Done {
    let branches = file.branches(summary)?;
    if json {
        print_json(&branches);
        return Ok(ExitCode::SUCCESS);
    }
    let reward = |reward: Option<f64>| reward.map_or("unscored".to_owned(), |reward| format!("reward {reward}"));
    let failing = |turn: Option<usize>| turn.map_or(String::new(), |turn| format!(", turn {} fails", turn + 1));
    let first = summary.first_failing.map(|turn| turn as usize);
    println!("{}  {}{}", summary.name, reward(summary.reward), failing(first));
    let says = |branch: &Branch| {
        let place = Place { turn: branch.turn, step: branch.step };
        let (reward, failing) = (reward(branch.reward), failing(branch.first_failing));
        format!("~{} at {place}: {}  {reward}{failing}", branch.number, branch.how)
    };
    let mut lines = Vec::new();
    tree(&branches, None, "", &says, &mut lines);
    lines.iter().for_each(|line| println!("{line}"));
    Ok(ExitCode::SUCCESS)
}

/// The branches of `parent` and theirs, as lines of a tree; `indent` is what stands before each.
fn tree(
    branches: &[Branch],
    parent: Option<u32>,
    indent: &str,
    says: &dyn Fn(&Branch) -> String,
    lines: &mut Vec<String>,
) {
    let children: Vec<&Branch> = branches.iter().filter(|branch| branch.parent == parent).collect();
    for (at, branch) in children.iter().enumerate() {
        let (corner, below) = if at + 1 == children.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        lines.push(format!("{indent}{corner}{}", says(branch)));
        tree(branches, Some(branch.number), &format!("{indent}{below}"), says, lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_drawn_as_a_tree() {
        let branch = |number: u32, parent: Option<u32>| Branch {
            number,
            parent,
            turn: 0,
            step: 0,
            how: String::new(),
            reward: None,
            first_failing: None,
            turns: 1,
            steps: 1,
        };
        let all = [branch(1, None), branch(2, Some(1)), branch(3, None), branch(4, Some(2)), branch(5, Some(1))];
        let mut lines = Vec::new();
        tree(&all, None, "", &|branch| format!("~{}", branch.number), &mut lines);
        assert_eq!(lines, ["├─ ~1", "│  ├─ ~2", "│  │  └─ ~4", "│  └─ ~5", "└─ ~3"]);
    }
}
