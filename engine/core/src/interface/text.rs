//! Cue text from a rule template and a tool schema; nothing else is at hand, so nothing else can be said.

use crate::interface::{Cue, EvolutionConfig, Rule, Scope, Target};
use crate::protocol::CALL_FORM;
use crate::render::phrase;
use crate::task::{EnvSpec, Side, ToolSpec};

/// The placeholders that a rule of this scope may use.
pub(super) fn placeholders(scope: Scope) -> &'static [&'static str] {
    match scope {
        Scope::Global => &["form", "tools"],
        Scope::Tool => &["form", "tools", "tool", "description", "required", "constraints", "preconditions"],
        Scope::Argument => &[
            "form",
            "tools",
            "tool",
            "description",
            "required",
            "constraints",
            "preconditions",
            "argument",
            "constraint",
        ],
    }
}

/// The names between braces in a template, in order.
pub(super) fn used_placeholders(template: &str) -> Vec<&str> {
    template.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}

/// Every cue that the rules could ever show for this environment, in the order of rules, tools and arguments.
pub fn possible_cues(spec: &EnvSpec, config: &EvolutionConfig) -> Vec<Cue> {
    let allowed = config.rules.iter().filter(|rule| config.phis.contains(&rule.phi));
    allowed
        .flat_map(|rule| targets(rule.scope, spec).into_iter().filter_map(|target| cue(rule, target, spec)))
        .collect()
}

fn targets(scope: Scope, spec: &EnvSpec) -> Vec<Target> {
    let tools = spec.tools.iter().filter(|tool| tool.side == Side::Agent);
    match scope {
        Scope::Global => vec![Target::Global],
        Scope::Tool => tools.map(|tool| Target::Tool(tool.name.clone())).collect(),
        Scope::Argument => tools
            .flat_map(|tool| phrase::arguments(tool).into_iter().map(move |argument| (tool, argument)))
            .map(|(tool, argument)| Target::Argument { tool: tool.name.clone(), argument: argument.to_owned() })
            .collect(),
    }
}

/// The cue of a rule at a target; `None` where the schema has nothing to say there.
fn cue(rule: &Rule, target: Target, spec: &EnvSpec) -> Option<Cue> {
    let text = fill(&rule.text, &target, spec)?;
    let words: Vec<&str> = text.split_whitespace().take(rule.max_words as usize).collect();
    let text = words.join(" ");
    Some(Cue { rule: rule.id.clone(), phi: rule.phi, target, triggers: rule.triggers.clone(), text })
}

fn fill(template: &str, target: &Target, spec: &EnvSpec) -> Option<String> {
    let (tool, argument) = match target {
        Target::Global => (None, None),
        Target::Tool(tool) => (spec.tool(tool), None),
        Target::Argument { tool, argument } => (spec.tool(tool), Some(argument.as_str())),
    };
    let mut text = template.to_owned();
    for name in used_placeholders(template) {
        let value = expand(name, tool, argument, spec).filter(|value| !value.is_empty())?;
        text = text.replacen(&format!("{{{name}}}"), &value, 1);
    }
    Some(text)
}

fn expand(name: &str, tool: Option<&ToolSpec>, argument: Option<&str>, spec: &EnvSpec) -> Option<String> {
    match name {
        "form" => Some(CALL_FORM.to_owned()),
        "tools" => {
            let names = spec.tools.iter().filter(|tool| tool.side == Side::Agent).map(|tool| tool.name.as_str());
            Some(names.collect::<Vec<_>>().join(", "))
        }
        "tool" => tool.map(|tool| tool.name.clone()),
        "description" => tool.map(|tool| tool.description.clone()),
        "required" => tool.map(|tool| phrase::required(tool).join(", ")),
        "constraints" => tool.map(|tool| {
            let arguments = phrase::arguments(tool).into_iter();
            let pairs = arguments.map(|argument| (argument, phrase::value_constraint(tool, argument)));
            let said = pairs.filter(|(_, value)| !value.is_empty());
            said.map(|(argument, value)| format!("{argument}: {value}")).collect::<Vec<_>>().join("; ")
        }),
        "preconditions" => tool.map(|tool| tool.preconditions.join(" ")),
        "argument" => argument.map(str::to_owned),
        "constraint" => Some(phrase::constraint(tool?, argument?)),
        _ => None,
    }
}
