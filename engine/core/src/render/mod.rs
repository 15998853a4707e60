//! What an agent reads: the conversation as messages, and the pure text functions that write them.
//!
//! Every function takes the interface; with [`Interface::base`] the text is that of the untouched environment. Nothing
//! here can see a hidden label: it is not among the arguments.

mod feedback;
pub mod phrase;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use feedback::{is_failure, observation, recovery_cue, tool_message};

use crate::interface::{Interface, Phi, Target};
use crate::protocol::{CALL_FORM, THOUGHT};
use crate::task::{EnvSpec, PublicTask, ToolCall, ToolSpec};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    System,
    User,
    Assistant,
    Tool,
}

/// One message of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub role: Role,
    pub text: String,
}

/// What stands before a list of tools.
const TOOLS: &str = "tools, called as";
const NEW_TOOLS: &str = "new tools:";
const WITHDRAWN: &str = "tools withdrawn: ";

/// What a system message says of tools.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed<'a> {
    /// Name and line of each, notes left out.
    pub added: Vec<(&'a str, &'a str)>,
    /// Names.
    pub withdrawn: Vec<&'a str>,
}

/// Reads what [`opening`] and [`tools_changed`] wrote.
pub fn listed(text: &str) -> Listed<'_> {
    let mut listed = Listed::default();
    let mut in_list = false;
    for line in text.lines() {
        if let Some(names) = line.strip_prefix(WITHDRAWN) {
            listed.withdrawn.extend(names.split(", "));
        } else if line == NEW_TOOLS || line.starts_with(TOOLS) {
            in_list = true;
        } else if let (true, Some((name, _))) = (in_list, line.split_once('(')) {
            // `note: ` and `guide: ` have a space before any bracket.
            if !name.is_empty() && !name.contains(char::is_whitespace) {
                listed.added.push((name, line));
            }
        }
    }
    listed
}

/// The offered tools, one line each: `name(arg, arg?) description`, and under it a `note: ` line with what the interface's
/// φ_schema cues say of that tool and its arguments.
pub fn tool_list(tools: &[&ToolSpec], interface: &Interface) -> String {
    let mut lines = Vec::new();
    for tool in tools {
        lines.push(format!("{} {}", phrase::signature(tool), tool.description).trim_end().to_owned());
        let notes: Vec<&str> = schema_notes(interface, |target| concerns(target, tool)).collect();
        if !notes.is_empty() {
            lines.push(format!("note: {}", notes.join("; ")));
        }
    }
    lines.join("\n")
}

/// The first message of an episode: the task's system text, the tools of the first turn, the interface's global notes and
/// its guidelines.
pub fn opening(task: &PublicTask, tools: &[&ToolSpec], interface: &Interface) -> Message {
    let mut lines = Vec::new();
    if !task.system.is_empty() {
        lines.push(task.system.clone());
    }
    lines.push(format!("{TOOLS} {CALL_FORM}:"));
    if !tools.is_empty() {
        lines.push(tool_list(tools, interface));
    }
    lines.extend(schema_notes(interface, |target| *target == Target::Global).map(|text| format!("note: {text}")));
    let guides = interface.cues().iter().filter(|cue| cue.phi == Phi::Cap);
    lines.extend(guides.map(|cue| format!("guide: {}", cue.text)));
    Message { role: Role::System, text: lines.join("\n") }
}

/// What an agent thinks that reads its tools before it acts: a line for each tool that it wants, as the list of those
/// `offered` has it, or `none`.
pub fn plan<'a>(wanted: impl IntoIterator<Item = &'a str>, offered: &[&ToolSpec]) -> String {
    thoughts(wanted.into_iter().map(|name| (name, name)), offered, |tool, _| phrase::signature(tool))
}

/// As [`plan`], with the value of each argument that a tool requires, or `?` where it is not `given`:
/// `~set_vent(zone front, level ?)`.
pub fn plan_values(wanted: &[ToolCall], offered: &[&ToolSpec], given: impl Fn(&str) -> bool) -> String {
    let wanted = wanted.iter().map(|call| (call.name.as_str(), call));
    thoughts(wanted, offered, |tool, call| {
        let values = phrase::required(tool).into_iter().map(|name| {
            let value = call.arguments.get(name).map(phrase::scalar).filter(|value| given(value));
            format!("{name} {}", value.as_deref().unwrap_or("?"))
        });
        format!("{}({})", tool.name, values.collect::<Vec<_>>().join(", "))
    })
}

/// A line for each tool, once.
fn thoughts<'a, C>(
    wanted: impl IntoIterator<Item = (&'a str, C)>,
    offered: &[&ToolSpec],
    look: impl Fn(&ToolSpec, &C) -> String,
) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (name, call) in wanted {
        let line = match offered.iter().find(|tool| tool.name == name) {
            Some(tool) => format!("{THOUGHT}{}\n", look(tool, &call)),
            None => format!("{THOUGHT}{name} none\n"),
        };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.concat()
}

/// The message between two user turns whose offered tools differ; `None` where they do not.
pub fn tools_changed(added: &[&ToolSpec], withdrawn: &[String], interface: &Interface) -> Option<Message> {
    let mut lines = Vec::new();
    if !withdrawn.is_empty() {
        lines.push(format!("{WITHDRAWN}{}", withdrawn.join(", ")));
    }
    if !added.is_empty() {
        lines.push(NEW_TOOLS.to_owned());
        lines.push(tool_list(added, interface));
    }
    (!lines.is_empty()).then(|| Message { role: Role::System, text: lines.join("\n") })
}

/// The system message that a user turn begins with, if it has one: the opening of the first turn, or how the `offered` tools
/// differ from those of the turn `before`.
pub fn turn_system(
    task: &PublicTask,
    spec: &EnvSpec,
    before: Option<&[String]>,
    offered: &[String],
    interface: &Interface,
) -> Option<Message> {
    let specs = |names: &mut dyn Iterator<Item = &String>| names.filter_map(|name| spec.tool(name)).collect::<Vec<_>>();
    let Some(before) = before else { return Some(opening(task, &specs(&mut offered.iter()), interface)) };
    let added = specs(&mut offered.iter().filter(|name| !before.contains(name)));
    let withdrawn: Vec<String> = before.iter().filter(|name| !offered.contains(name)).cloned().collect();
    tools_changed(&added, &withdrawn, interface)
}

fn schema_notes<'a>(interface: &'a Interface, wanted: impl Fn(&Target) -> bool + 'a) -> impl Iterator<Item = &'a str> {
    let cues = interface.cues().iter().filter(move |cue| cue.phi == Phi::Schema && wanted(&cue.target));
    cues.map(|cue| cue.text.as_str())
}

fn concerns(target: &Target, tool: &ToolSpec) -> bool {
    match target {
        Target::Global => false,
        Target::Tool(name) | Target::Argument { tool: name, .. } => *name == tool.name,
    }
}
