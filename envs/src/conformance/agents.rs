//! The three agents that bound every other: the reference, silence, and chance.

use coevo_core::episode::{StepOutcome, Verdict};
use coevo_core::protocol::format_call;
use coevo_core::shape;
use coevo_core::task::ToolCall;

use super::player::{Played, Player, answer_text};
use super::{Check, Sample, Tally};

/// Random episodes of each task.
const RANDOM: u32 = 4;
/// Steps of a random turn, after which the agent answers.
const STEPS: usize = 12;
/// Share of random episodes that may pass by luck.
const LUCK: f64 = 0.05;

/// Whether the reference calls any tool: a task without calls is solved by not calling.
pub(super) fn needs_calls(sample: &Sample) -> bool {
    sample.task.hidden.reference.iter().any(|turn| !turn.calls.is_empty())
}

/// The reference passes, turn by turn.
pub(super) fn oracle(player: &mut Player<'_>, oracles: &[Played]) -> Check {
    let mut tally = Tally::default();
    for (at, played) in oracles.iter().enumerate() {
        let id = &player.samples[at].task.public.id;
        for (number, turn) in played.turns.iter().enumerate() {
            for step in &turn.steps {
                if let StepOutcome::Rejected(why) = &step.outcome {
                    let value = format!("the reference's {} was rejected: {why:?}", step.text);
                    let fix = "offer the tool in that turn, and fit the call to its schema";
                    tally.find(format!("{id}, turn {}", number + 1), value, fix);
                }
            }
        }
        if let Some(fault) = &played.fault {
            let value = format!("{}: {}", fault.during, fault.message);
            tally.find(format!("{id}, turn {}", played.turns.len()), value, "the reference must play without a fault");
            continue;
        }
        match player.judge(at, &played.turns) {
            Verdict::Scored { reward, turns } => {
                let failed = turns.iter().enumerate().filter_map(|(at, turn)| Some((at, turn.failure?, &turn.detail)));
                for (turn, failure, detail) in failed {
                    let value = format!("the reference fails with {failure:?}: {detail}");
                    tally.find(format!("{id}, turn {}", turn + 1), value, "mend the reference or the verifier");
                }
                if reward < player.plugin.spec().reward_max {
                    let most = player.plugin.spec().reward_max;
                    tally.find(
                        id.clone(),
                        format!("the reference earns {reward} of {most}"),
                        "mend the reference or the verifier",
                    );
                }
            }
            Verdict::Unscored(fault) => {
                tally.find(id.clone(), format!("verify: {}", fault.message), "mend the verifier")
            }
        }
    }
    let turns: usize = oracles.iter().map(|played| played.turns.len()).sum();
    let tried = format!("{} tasks with {turns} turns, played with the reference's calls and answers", oracles.len());
    tally.close("reference", "the reference solution passes every turn", tried, oracles.is_empty())
}

/// An agent that calls nothing solves nothing, even with the reference's own answers.
pub(super) fn idle(player: &mut Player<'_>) -> Check {
    let mut tally = Tally::default();
    let mut tried = 0;
    for at in 0..player.samples.len() {
        let sample = &player.samples[at];
        if !needs_calls(sample) {
            continue;
        }
        let answers = sample.task.hidden.reference.iter().map(|turn| vec![answer_text(turn)]).collect();
        let silent = vec![vec!["I cannot help with that.".to_owned()]; sample.task.public.turns.len()];
        for (who, texts) in [("silence", silent), ("answers without calls", answers)] {
            tried += 1;
            let played = player.play_texts(at, who, &texts);
            if played.fault.is_none() && player.solved(at, &played.turns, who, &mut tally) {
                let fix = "let the verifier ask for the state or the results that the calls bring about";
                tally.find(sample.task.public.id.clone(), format!("is solved by {who}"), fix);
            }
        }
    }
    let skipped = player.samples.iter().filter(|sample| !needs_calls(sample)).count();
    if skipped > 0 {
        tally.note(format!("{skipped} tasks need no call and were left out"));
    }
    let claim = "an agent that makes no call solves no task";
    tally.close("do nothing", claim, format!("{tried} episodes"), tried == 0)
}

/// An agent that calls offered tools at random solves next to nothing.
pub(super) fn random(player: &mut Player<'_>) -> Check {
    let mut tally = Tally::default();
    let (mut tried, mut solved) = (0, 0);
    let mut example = None;
    for at in 0..player.samples.len() {
        let sample = &player.samples[at];
        if !needs_calls(sample) {
            continue;
        }
        for replica in 0..RANDOM {
            tried += 1;
            let texts = random_texts(player, at, replica);
            let played = player.play_texts(at, "random", &texts);
            if played.fault.is_none() && player.solved(at, &played.turns, "random", &mut tally) {
                solved += 1;
                example.get_or_insert((sample.task.public.id.clone(), texts));
            }
        }
    }
    if let Some((id, texts)) = example
        && f64::from(solved) > LUCK * f64::from(tried)
    {
        let calls = texts.concat().join(" ");
        tally.find(
            id,
            format!("{solved} of {tried} random episodes are solved, this one by: {calls}"),
            "ask for more than luck can bring",
        );
    }
    let claim = "an agent that calls at random solves at most 1 in 20 tasks";
    tally.close("random", claim, format!("{tried} episodes, {solved} solved"), tried == 0)
}

/// What a random agent writes in every turn of a sample: decided before it plays.
pub(super) fn random_texts(player: &Player<'_>, at: usize, replica: u32) -> Vec<Vec<String>> {
    let mut stream = player.stream(at, replica);
    let spec = player.plugin.spec();
    let turn = |offered: &[String]| {
        let mut texts = Vec::new();
        while !offered.is_empty() && texts.len() < STEPS && stream.below(4) > 0 {
            let name = offered[stream.below(offered.len() as u64) as usize].clone();
            let Some(tool) = spec.tool(&name) else { break };
            let arguments = shape::value(&tool.arguments, &mut stream);
            texts.push(format_call(&ToolCall { name, arguments }));
        }
        texts.push("Done.".to_owned());
        texts
    };
    player.samples[at].task.public.turns.iter().map(|turn| turn.offered.as_slice()).map(turn).collect()
}
