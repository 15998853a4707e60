//! The lineage of the interface as a GraphViz graph: one cluster an arm, one node an interface, one edge a change with its
//! cause and its measured effect. `dot -Tsvg` draws it.

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

use coevo_core::interface::{LineageNode, Mutation};

use super::io;
use crate::error::Result;
use crate::folder::RunFile;

/// Writes the lineage of one arm, or of every arm that has one. Returns how many changes were written.
///
/// # Errors
/// Where the run cannot be read or the graph not be written.
pub fn export_dot(run: &RunFile, arm: Option<&str>, out: &mut impl Write) -> Result<u64> {
    let mut text = String::from("digraph lineage {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n");
    text.push_str("  edge [fontname=\"sans-serif\", fontsize=10];\n");
    let mut changes = 0;
    for (number, name) in run.arms()?.into_iter().enumerate() {
        if arm.is_some_and(|arm| arm != name) {
            continue;
        }
        let lineage = run.lineage(&name)?;
        if !lineage.is_empty() {
            cluster(&mut text, number, &name, &lineage);
            changes += lineage.len() as u64;
        }
    }
    text.push_str("}\n");
    out.write_all(text.as_bytes()).map_err(io(Path::new("export")))?;
    Ok(changes)
}

fn cluster(text: &mut String, number: usize, arm: &str, lineage: &[LineageNode]) {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"));
    // Arms share interfaces (the base, at least); each is drawn once an arm.
    let node = |id: &str| quoted(&format!("{arm}/{id}"));
    let mut line = |text_line: String| writeln!(text, "{text_line}").expect("strings take any text");
    line(format!("  subgraph cluster_{number} {{\n    label={};", quoted(arm)));
    let mut seen = std::collections::BTreeSet::new();
    for change in lineage {
        for id in [&change.parent, &change.id] {
            if seen.insert(id.clone()) {
                line(format!(
                    "    {} [label={}];",
                    node(id.as_str()),
                    quoted(&id.as_str()[..8.min(id.as_str().len())])
                ));
            }
        }
        let (sign, colour) = match change.mutation {
            Mutation::Added => ("+", "darkgreen"),
            Mutation::Faded => ("−", "gray40"),
            Mutation::Reverted => ("−", "firebrick"),
        };
        let word = match change.mutation {
            Mutation::Added => "",
            Mutation::Faded => " (mastered)",
            Mutation::Reverted => " (did not help)",
        };
        let cause =
            format!("{} of {} turns, mean reward {:.2}", change.cause.count, change.cause.of, change.cause.mean_reward);
        let effect = change.effect.map_or(String::new(), |effect| format!("\nfailures {:+.1} points", 100.0 * effect));
        let label = format!("round {}: {sign} {}{word}\n{cause}{effect}", change.round, change.cue.rule);
        line(format!(
            "    {} -> {} [label={}, color={colour}, tooltip={}];",
            node(change.parent.as_str()),
            node(change.id.as_str()),
            quoted(&label),
            quoted(&change.cue.text)
        ));
    }
    line("  }".to_owned());
}
