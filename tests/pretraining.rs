//! What the backbone was trained on: but for two names that came about by chance, none of it is a tool or a sentence of a shipped
//! environment, so that what it solves there it does not know by heart.

use std::collections::BTreeSet;

use coevo_agents::synth::{Mix, demonstrate};
use coevo_core::render::Role;
use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::task::{TaskRef, UserMessage};
use coevo_envs::{EnvPlugin, EnvSource, SHIPPED, Sandbox, SandboxLimits};

/// Names that the worlds of the shipped backbone have from two words that came together; what is made next must do without.
const BY_CHANCE: [(&str, &str); 2] = [("bfcl", "retrieve_invoice"), ("retail", "track_order")];

#[test]
fn made_up_conversations_have_no_tool_and_no_sentence_of_a_shipped_environment() {
    let (mut tools, mut sentences) = (BTreeSet::new(), BTreeSet::new());
    // All worlds of `scenarios/backbone.yaml`: 6,000 steps of 4.
    for world in 0..24_000 {
        let mut stream = StreamKey::new(1, Purpose::Action).round(1).task(world).stream();
        let level = (world / 4) as f64 / 6000.0;
        for seen in demonstrate(&mut stream, Mix { mistakes: 0.15, cues: 0.25, reads: true, level }) {
            match seen.message.role {
                Role::System => {
                    let names = seen.message.text.lines().filter_map(|line| line.split_once('('));
                    tools.extend(names.map(|(name, _)| name.to_owned()).filter(|name| !name.contains(' ')));
                }
                Role::User => _ = sentences.insert(seen.message.text.to_lowercase()),
                Role::Assistant | Role::Tool => {}
            }
        }
    }
    assert!(tools.len() > 10_000 && sentences.len() > 4000, "{} tools, {} sentences", tools.len(), sentences.len());

    let mut compared = 0;
    let sandbox = Sandbox::new(SandboxLimits::default()).expect("a sandbox");
    for (name, _) in SHIPPED {
        let source: EnvSource = name.parse().expect("a name");
        let plugin = EnvPlugin::load(&sandbox, &source).expect("shipped");
        for tool in &plugin.spec().tools {
            let by_chance = BY_CHANCE.contains(&(name, &tool.name));
            assert_eq!(tools.contains(&tool.name), by_chance, "{name} has {}, too", tool.name);
        }
        let splits = plugin.spec().splits.iter().flat_map(|split| (0..50).map(|index| (split.name.clone(), index)));
        for (split, index) in splits {
            let key = TaskRef { env: (*name).to_owned(), split, index, seed: 1 };
            // `bfcl` has the tools, but no tasks before some are imported.
            let Ok(task) = plugin.task(&key) else { continue };
            compared += 1;
            for turn in &task.public.turns {
                if let UserMessage::Scripted(text) = &turn.message
                    // A number or a code by itself is a value, not a sentence.
                    && text.contains(' ')
                {
                    assert!(!sentences.contains(&text.to_lowercase()), "{name} has {text:?}, too");
                }
            }
        }
    }
    assert!(compared >= 8 * 3 * 50, "only {compared} tasks were compared");
}
