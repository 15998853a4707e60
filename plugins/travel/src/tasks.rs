//! Four tasks from each scenario: as it is, with a tool missing at first, with something left unsaid at first, and with
//! results full of irrelevant material.

use coevo_sdk::task::TurnDraft;
use coevo_sdk::{Rng, Script, TaskDraft};

use crate::plan::{Plan, draw};
use crate::stage::{Memory, play};
use crate::state::State;
use crate::words::{NO_TOOL, NO_TOOL_MENTIONS, enabled, greet, say};
use crate::{Travel, tools};

/// Where something is wrong at first, and what.
enum Twist {
    None,
    /// The tool of this turn's request is missing.
    MissingTool(usize, String),
    /// Something is left unsaid in this turn.
    MissingValue(usize),
}

/// The task at `index` of a split.
///
/// # Errors
/// Unknown split, index out of range, or a bug in the plan.
pub fn generate(split: &str, index: u32, rng: &mut Rng) -> Result<TaskDraft<State>, String> {
    let description = tools::describe();
    let at = description.splits.iter().position(|(name, _)| *name == split);
    let at = at.ok_or_else(|| format!("no split {split:?}"))?;
    let count = description.splits[at].1;
    if index >= count {
        return Err(format!("index {index} is beyond the {count} tasks of {split}"));
    }
    // Scenario numbers of different splits never meet.
    let number = at as u64 * 1_000_000 + u64::from(index / 4);
    let mut plan = draw(&mut rng.keyed("scenario", &[number]));
    let category = description.categories[index as usize % 4];
    plan.state.verbose = category == "long_context";
    let mut choice = rng.keyed("twist", &[number, u64::from(index % 4)]);
    let twist = match category {
        "miss_func" => missing_tool(&plan, rng, number, &mut choice)?,
        "miss_param" => {
            let able: Vec<usize> = (0..plan.intents.len()).filter(|at| plan.intents[*at].can_lack()).collect();
            Twist::MissingValue(able[choice.below(able.len())])
        }
        _ => Twist::None,
    };
    write(&plan, &twist, rng, number, category)
}

/// A turn whose main tool (the one of its last call) no earlier turn needs.
fn missing_tool(plan: &Plan, rng: &Rng, number: u64, choice: &mut Rng) -> Result<Twist, String> {
    let turns = write(plan, &Twist::None, rng, number, "base")?.turns;
    let uses = |turn: &TurnDraft, tool: &str| turn.reference.calls.iter().any(|call| call.name == tool);
    let candidates: Vec<(usize, &str)> = turns
        .iter()
        .enumerate()
        .filter_map(|(at, turn)| turn.reference.calls.last().map(|call| (at, call.name.as_str())))
        .filter(|(at, tool)| !turns[..*at].iter().any(|turn| uses(turn, tool)))
        .collect();
    let (at, tool) = candidates[choice.below(candidates.len())];
    Ok(Twist::MissingTool(at, tool.to_owned()))
}

fn write(plan: &Plan, twist: &Twist, rng: &Rng, number: u64, category: &str) -> Result<TaskDraft<State>, String> {
    let mut script: Script<Travel> = Script::new(plan.state.clone());
    let mut memory = Memory::default();
    if let Twist::MissingTool(_, tool) = twist {
        script.withhold(tool);
    }
    for (turn, intent) in plan.intents.iter().enumerate() {
        let mut voice = rng.keyed("voice", &[number, turn as u64]);
        let said = say(intent, plan.spoken_dates, &mut voice);
        let greeted = |text: &str, voice: &mut Rng| if turn == 0 { greet(text, voice) } else { text.to_owned() };
        match (twist, said.lack) {
            (Twist::MissingTool(at, tool), _) if *at == turn => {
                script.turn(greeted(&said.full, &mut voice));
                script.answer(NO_TOOL).mention(&NO_TOOL_MENTIONS);
                script.release(tool);
                script.turn(enabled(&mut voice));
            }
            (Twist::MissingValue(at), Some(lack)) if *at == turn => {
                script.turn(greeted(&lack.text, &mut voice));
                script.answer(lack.question).mention(lack.mention);
                script.turn(lack.supply);
            }
            _ => {
                script.turn(greeted(&said.full, &mut voice));
            }
        }
        play(intent, &mut script, &mut memory);
    }
    let system = format!(
        "Travel desk. Today is {}. If a tool or a detail is missing, make no call: say so or ask.",
        plan.state.today
    );
    script.finish(format!("{}-{number}", rng.seed()), category, system)
}
