//! `coevo replay`: shows a recorded episode, or re-executes recorded episodes and compares.

use std::io::IsTerminal;
use std::process::ExitCode;

use coevo_core::episode::{Ending, Parsed, StepOutcome, Verdict};
use coevo_loop::replay::replay_all;
use coevo_loop::run;
use coevo_loop::tasks::Pools;
use coevo_trace::{EpisodeFilter, EpisodeRecord, RunFile};
use serde_json::json;

use super::{Done, Failure, hanging, print_json, workers};
use crate::cli::ReplayArgs;
use crate::progress::Progress;
use crate::tui::{self, Breakpoint};

/// `coevo replay`.
pub fn replay(args: &ReplayArgs) -> Done {
    let file = RunFile::open_read_only(&args.run)?;
    if let Some(id) = &args.episode
        && !args.verify
        && !args.json
        && (args.print || !args.breakpoints.is_empty() || std::io::stdout().is_terminal())
    {
        return walk(&file, id, args);
    }
    if let (Some(id), false) = (&args.episode, args.verify) {
        let (_, record) = file.record_of(id)?;
        if args.json {
            print_json(&record);
        } else {
            print!("{}", transcript(&record));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let filter = match &args.episode {
        Some(id) => {
            let key = file.find_episode(id)?.key;
            EpisodeFilter {
                arm: Some(key.arm),
                stage: Some(key.stage),
                round: Some(key.round),
                task_index: Some(key.task.index),
                replica: Some(key.replica),
                ..EpisodeFilter::default()
            }
        }
        None => EpisodeFilter::default(),
    };
    let scenario = run::recorded_scenario(&file)?;
    let pools = Pools::load(&scenario.base)?;
    let outcome = replay_all(&file, &pools, &filter, workers(args.workers), &mut Progress::new())?;
    let bad = outcome.diverged.len() + outcome.damaged.len();
    if args.json {
        let diverged: Vec<_> = outcome
            .diverged
            .iter()
            .map(|(name, d)| json!({"episode": name, "turn": d.turn, "step": d.step, "what": d.what}))
            .collect();
        print_json(&json!({
            "episodes": outcome.episodes, "steps": outcome.steps, "faulted": outcome.faulted,
            "diverged": diverged, "damaged": outcome.damaged,
        }));
    } else {
        for (name, divergence) in &outcome.diverged {
            println!("{name}: {divergence}");
        }
        for (name, reason) in &outcome.damaged {
            println!("{name}: {reason}");
        }
        println!(
            "{} episodes re-executed, {} steps, {} ended by a recorded fault: {} diverged, {} damaged",
            outcome.episodes,
            outcome.steps,
            outcome.faulted,
            outcome.diverged.len(),
            outcome.damaged.len()
        );
    }
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Step by step: at a terminal, or as text.
fn walk(file: &RunFile, id: &str, args: &ReplayArgs) -> Done {
    let parse = |text: &String| text.parse::<Breakpoint>().map_err(Failure::bad_input);
    let breakpoints: Vec<Breakpoint> = args.breakpoints.iter().map(parse).collect::<Result<_, _>>()?;
    #[cfg(unix)]
    if !args.print && std::io::stdout().is_terminal() && std::io::stdin().is_terminal() {
        tui::show(file, id, breakpoints)?;
        return Ok(ExitCode::SUCCESS);
    }
    print!("{}", tui::text(file, id, &breakpoints)?);
    Ok(ExitCode::SUCCESS)
}

/// An episode as plain text: what was said, what came of it, and what is known of each turn.
pub fn transcript(record: &EpisodeRecord) -> String {
    let EpisodeRecord { episode, verdict, diagnosis, training } = record;
    let mut lines = vec![format!(
        "{} | task {} ({}) | agent {} | interface {}",
        coevo_trace::episode_name(&episode.key),
        episode.task_id,
        episode.category,
        episode.agent,
        episode.interface
    )];
    for (number, turn) in episode.turns.iter().enumerate() {
        lines.push(format!("\nturn {}  user: {}", number + 1, turn.user));
        for step in &turn.steps {
            lines.push(format!("  agent: {}", hanging(&step.text, 9)));
            let reply = match &step.outcome {
                StepOutcome::Answered => continue,
                _ if step.observation.is_empty() => continue,
                _ => &step.observation,
            };
            lines.push(format!("  tool:  {reply}"));
            if !step.cue.is_empty() {
                lines.push(format!("  cue:   {}", step.cue));
            }
            if matches!(step.parsed, Parsed::Malformed { .. }) {
                lines.push("  (malformed)".to_owned());
            }
        }
        if let Some(truncation) = turn.truncated {
            lines.push(format!("  (cut short: {truncation:?})"));
        }
        let label = diagnosis.as_ref().and_then(|diagnosis| diagnosis.turns.get(number));
        let detail = match verdict {
            Verdict::Scored { turns, .. } => turns.get(number).map_or("", |turn| turn.detail.as_str()),
            Verdict::Unscored(_) => "",
        };
        if let Some(diagnosed) = label {
            let cause = diagnosed.cascaded_from.map_or(String::new(), |turn| format!(", caused by turn {}", turn + 1));
            let weight =
                training.as_ref().map_or(String::new(), |t| format!(", weighted advantage {:+.3}", t.of_turn(number)));
            let line = format!("  => {}{cause}{weight} {detail}", diagnosed.label);
            lines.push(line.trim_end().to_owned());
        }
    }
    lines.push(match &episode.ending {
        Ending::Terminated => String::new(),
        Ending::Truncated(by) => format!("\ntruncated: {by:?}"),
        Ending::Faulted(fault) => format!("\nfault ({:?}) during {}: {}", fault.boundary, fault.during, fault.message),
    });
    lines.push(match verdict {
        Verdict::Scored { reward, .. } => format!("reward {reward}"),
        Verdict::Unscored(fault) => format!("unscored: {}", fault.message),
    });
    lines.join("\n") + "\n"
}
