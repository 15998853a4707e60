//! What the backbone was trained on: no tool and, but for three by chance, no sentence of a shipped environment, so that what it
//! solves there it does not know by heart.

use std::collections::BTreeSet;

use coevo_core::render::{Role, listed};
use coevo_core::task::{TaskRef, UserMessage};
use coevo_envs::{EnvPlugin, EnvSource, SHIPPED, Sandbox, SandboxLimits};
use coevo_loop::demonstrate::made_up;
use coevo_scenarios::ResolvedScenario;

/// Sentences that name no tool and no thing, and a date.
const BY_CHANCE: [&str; 3] = [
    "travel has \"06-09, please.\", too",
    "travel has \"At what time is it?\", too",
    "vehicle has \"How far is it?\", too",
];

#[test]
fn made_up_conversations_have_no_tool_and_three_sentences_of_a_shipped_environment() {
    let (mut tools, mut sentences) = (BTreeSet::new(), BTreeSet::new());
    let recipe = ResolvedScenario::load("scenarios/backbone.yaml".as_ref(), &[]).expect("shipped");
    let settings = &recipe.arms[0].settings;
    let corpus = made_up(settings).expect("it is made of made-up conversations");
    let imitation = &settings.agent.warm_start.imitation;
    for step in 0..imitation.steps {
        for seen in corpus.drawn(step, imitation.batch).into_iter().flatten() {
            match seen.message.role {
                Role::System => {
                    let listed = listed(&seen.message.text).added;
                    tools.extend(listed.into_iter().map(|(name, _)| name.to_owned()));
                }
                Role::User => _ = sentences.insert(seen.message.text.to_lowercase()),
                Role::Assistant | Role::Tool => {}
            }
        }
    }
    assert!(tools.len() > 10_000 && sentences.len() > 4000, "{} tools, {} sentences", tools.len(), sentences.len());

    let (mut compared, mut known) = (0, BTreeSet::new());
    let sandbox = Sandbox::new(SandboxLimits::default()).expect("a sandbox");
    for (name, _) in SHIPPED {
        let source: EnvSource = name.parse().expect("a name");
        let plugin = EnvPlugin::load(&sandbox, &source).expect("shipped");
        for tool in &plugin.spec().tools {
            if tools.contains(&tool.name) {
                known.insert(format!("{name} has {}, too", tool.name));
            }
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
                    && sentences.contains(&text.to_lowercase())
                {
                    known.insert(format!("{name} has {text:?}, too"));
                }
            }
        }
    }
    assert_eq!(known.into_iter().collect::<Vec<_>>(), BY_CHANCE);
    assert!(compared >= 8 * 3 * 50, "only {compared} tasks were compared");
}
