//! From what a guest says to values that the rest of the house may trust. Every rule of the ABI that types cannot express
//! is checked here, once.

use std::collections::BTreeSet;

use coevo_core::task::{
    EnvSpec, ErrorCode, HiddenLabel, PublicTask, ReferenceTurn, Side, SplitInfo, Task, ToolCall, ToolSpec, UserMessage,
    UserTurn,
};
use serde_json::Value;

use crate::abi::types;
use crate::schema::Schema;

/// Values in all argument schemas of an environment.
const NODES: usize = 200_000;

/// Turns of a task.
const TURNS: usize = 256;

/// Calls of a simulated user in one turn.
pub(crate) const USER_CALLS: usize = 64;

/// What is wrong, and where: `tools[3].arguments: …`.
pub(crate) type Problem = String;

/// A description that may be trusted, and the compiled argument schema of each tool, in order.
pub(crate) fn description(said: types::Description) -> Result<(EnvSpec, Vec<Schema>), Problem> {
    name_of(&said.name).map_err(|problem| format!("name {:?}: {problem}", said.name))?;
    semver::Version::parse(&said.version)
        .map_err(|error| format!("version {:?}: {error}; write three numbers, such as 1.0.0", said.version))?;
    if said.tools.is_empty() {
        return Err("tools: there are none".to_owned());
    }
    let finite = said.reward_min.is_finite() && said.reward_max.is_finite();
    if !finite || said.reward_min > said.reward_max {
        return Err(format!("reward range {}..{} is empty or not finite", said.reward_min, said.reward_max));
    }
    let codes = said.tools.iter().map(|tool| tool.errors.len()).max().unwrap_or(0);
    let lists = [
        ("tools", said.tools.len(), 1024),
        ("splits", said.splits.len(), 256),
        ("categories", said.categories.len(), 1024),
        ("errors of a tool", codes, 256),
    ];
    if let Some((what, count, most)) = lists.into_iter().find(|(_, count, most)| count > most) {
        return Err(format!("{what}: there are {count}, at most {most} are allowed"));
    }
    let (mut tools, mut schemas, mut nodes) = (Vec::new(), Vec::new(), 0);
    for tool in said.tools {
        let name = tool.name.clone();
        let (tool, schema) = self::tool(tool).map_err(|problem| format!("tool {name:?}: {problem}"))?;
        tools.push(tool);
        nodes += schema.nodes;
        schemas.push(schema);
        if nodes > NODES {
            return Err(format!("tools: their schemas have more than {NODES} values together, references written out"));
        }
    }
    distinct("tool", tools.iter().map(|tool| &tool.name))?;
    distinct("split", said.splits.iter().map(|split| &split.name))?;
    distinct("category", said.categories.iter())?;
    let spec = EnvSpec {
        name: said.name,
        version: said.version,
        summary: said.summary,
        tools,
        splits: said.splits.into_iter().map(|split| SplitInfo { name: split.name, tasks: split.tasks }).collect(),
        categories: said.categories,
        reward_min: said.reward_min,
        reward_max: said.reward_max,
    };
    Ok((spec, schemas))
}

fn tool(said: types::Tool) -> Result<(ToolSpec, Schema), Problem> {
    name_of(&said.name)?;
    let parse = |what: &str, text: &str| -> Result<Value, Problem> {
        let value: Value = serde_json::from_str(text).map_err(|error| format!("{what} schema is no JSON: {error}"))?;
        if value.is_object() { Ok(value) } else { Err(format!("{what} schema is no JSON object")) }
    };
    let arguments = parse("arguments", &said.arguments)?;
    let result = parse("result", &said.result)?;
    let schema = Schema::compile(&arguments).map_err(|error| format!("arguments schema: {error}"))?;
    Schema::compile(&result).map_err(|error| format!("result schema: {error}"))?;
    distinct("error code", said.errors.iter().map(|error| &error.code))?;
    let spec = ToolSpec {
        name: said.name,
        description: said.description,
        arguments,
        result,
        errors: said
            .errors
            .into_iter()
            .map(|error| ErrorCode { code: error.code, description: error.description })
            .collect(),
        preconditions: said.preconditions,
        side: match said.side {
            types::Side::Agent => Side::Agent,
            types::Side::User => Side::User,
        },
        mutates: said.mutates,
    };
    Ok((spec, schema))
}

/// Names that the text protocol can carry.
fn name_of(name: &str) -> Result<(), Problem> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        return Err("a name is 1 to 64 of a-z, A-Z, 0-9, _, - and .".to_owned());
    }
    Ok(())
}

fn distinct<'a>(what: &str, names: impl Iterator<Item = &'a String>) -> Result<(), Problem> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("{what} {name:?} is there twice"));
        }
    }
    Ok(())
}

/// A task that may be trusted.
pub(crate) fn task(said: types::Task, spec: &EnvSpec) -> Result<Task, Problem> {
    if said.id.is_empty() || said.scenario.is_empty() {
        return Err("id and scenario must not be empty".to_owned());
    }
    if !spec.categories.is_empty() && !spec.categories.contains(&said.category) {
        return Err(format!("category {:?} is not among those of the description", said.category));
    }
    if said.turns.is_empty() {
        return Err("turns: there are none".to_owned());
    }
    if said.turns.len() > TURNS {
        return Err(format!("turns: there are {}, at most {TURNS} are allowed", said.turns.len()));
    }
    if said.reference.len() != said.turns.len() {
        return Err(format!("{} turns but {} reference turns", said.turns.len(), said.reference.len()));
    }
    json("initial-state", &said.initial_state, false)?;
    json("user-profile", &said.user_profile, true)?;
    json("label", &said.label, true)?;
    let mut turns = Vec::with_capacity(said.turns.len());
    for (at, turn) in said.turns.into_iter().enumerate() {
        offered(&turn.offered, spec).map_err(|problem| format!("turns[{at}].offered: {problem}"))?;
        let message = match turn.message {
            types::UserMessage::Scripted(text) if text.trim().is_empty() => {
                return Err(format!("turns[{at}].message is empty"));
            }
            types::UserMessage::Scripted(text) => UserMessage::Scripted(text),
            types::UserMessage::Simulated => UserMessage::Simulated,
        };
        turns.push(UserTurn { message, offered: turn.offered });
    }
    let mut reference = Vec::with_capacity(turns.len());
    for (at, turn) in said.reference.into_iter().enumerate() {
        let calls = turn.calls.into_iter().map(|call| tool_call(call, spec)).collect::<Result<_, _>>();
        let calls = calls.map_err(|problem| format!("reference[{at}].calls: {problem}"))?;
        if turn.mentions.iter().any(Vec::is_empty) {
            return Err(format!("reference[{at}].mentions: an empty list of alternatives can never be met"));
        }
        reference.push(ReferenceTurn { calls, answer: turn.answer, mentions: turn.mentions });
    }
    Ok(Task {
        public: PublicTask {
            id: said.id,
            scenario: said.scenario,
            category: said.category,
            system: said.system,
            initial_state: said.initial_state,
            turns,
            user_profile: said.user_profile,
        },
        hidden: HiddenLabel { reference, label: said.label },
    })
}

/// Names offered to the agent: declared, the agent's, each once.
pub(crate) fn offered(names: &[String], spec: &EnvSpec) -> Result<(), Problem> {
    distinct("tool", names.iter())?;
    for name in names {
        match spec.tool(name) {
            None => return Err(format!("no tool {name:?}")),
            Some(tool) if tool.side == Side::User => return Err(format!("{name:?} is a tool of the user")),
            Some(_) => {}
        }
    }
    Ok(())
}

/// A call to a declared tool with an object of arguments.
pub(crate) fn tool_call(said: types::ToolCall, spec: &EnvSpec) -> Result<ToolCall, Problem> {
    if spec.tool(&said.name).is_none() {
        return Err(format!("no tool {:?}", said.name));
    }
    match serde_json::from_str(&said.arguments) {
        Ok(arguments @ Value::Object(_)) => Ok(ToolCall { name: said.name, arguments }),
        Ok(_) => Err(format!("arguments of {} are no JSON object", said.name)),
        Err(error) => Err(format!("arguments of {} are no JSON: {error}", said.name)),
    }
}

fn json(what: &str, text: &str, may_be_empty: bool) -> Result<(), Problem> {
    if may_be_empty && text.is_empty() {
        return Ok(());
    }
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{what} is no JSON: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> types::Description {
        types::Description {
            name: "toy".into(),
            version: "1.0.0".into(),
            summary: String::new(),
            tools: vec![types::Tool {
                name: "look".into(),
                description: String::new(),
                arguments: r#"{"type":"object"}"#.into(),
                result: "{}".into(),
                errors: vec![],
                preconditions: vec![],
                side: types::Side::Agent,
                mutates: false,
            }],
            splits: vec![],
            categories: vec![],
            reward_min: 0.0,
            reward_max: 1.0,
        }
    }

    #[test]
    fn descriptions_that_break_a_rule_are_refused_with_its_place() {
        assert!(description(sound()).is_ok());
        type Spoil = fn(&mut types::Description);
        let cases: [(Spoil, &str); 9] = [
            (|d| d.name = "a b".into(), "name \"a b\""),
            (|d| d.version = "1".into(), "version \"1\""),
            (|d| d.tools.clear(), "tools: there are none"),
            (|d| d.reward_max = f64::NAN, "reward range"),
            (|d| d.reward_min = 2.0, "reward range"),
            (|d| d.tools[0].arguments = "{".into(), "tool \"look\": arguments schema is no JSON"),
            (|d| d.tools[0].result = "3".into(), "tool \"look\": result schema is no JSON object"),
            (|d| d.tools[0].arguments = r#"{"type":"objekt"}"#.into(), "tool \"look\": arguments schema"),
            (|d| d.tools.push(d.tools[0].clone()), "tool \"look\" is there twice"),
        ];
        for (spoil, want) in cases {
            let mut said = sound();
            spoil(&mut said);
            let problem = description(said).unwrap_err();
            assert!(problem.contains(want), "{want:?} not in {problem:?}");
        }
    }
}
