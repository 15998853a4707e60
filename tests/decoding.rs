//! Decoding under a grammar: whatever a policy's weights, every reply can be read and fits the offered schemas; and a run under a
//! grammar trains on what it drew.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use coevo_agents::config::{Backend, ModelConfig, RlConfig, SampleConfig, TokenizerConfig};
use coevo_agents::infer::Network;
use coevo_agents::infer::grammar::Grammars;
use coevo_agents::model::HostWeights;
use coevo_agents::tokenizer::{END, role_token};
use coevo_agents::{Agent, EpisodeStart, Learner, Policy, Reply, Request, Tokenizer, TrainSequence};
use coevo_core::config::Decoding;
use coevo_core::episode::{Parsed, StepOutcome, TokenTrace};
use coevo_core::interface::Interface;
use coevo_core::protocol::parse;
use coevo_core::render::{Message, Role, tool_list};
use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::task::{PublicTask, Side, ToolSpec};
use coevo_envs::{EnvPlugin, Sandbox, SandboxLimits};
use coevo_trace::{EpisodeFilter, RunFile};
use common::{records, succeed};

const SHIPPED: [&str; 9] =
    ["bfcl", "calendar", "files", "helpdesk", "memory", "retail", "trading", "travel", "vehicle"];
const GRAMMAR: SampleConfig =
    SampleConfig { temperature: 1.0, top_p: 1.0, max_new_tokens: 40, decoding: Decoding::Grammar };

fn task() -> PublicTask {
    PublicTask {
        id: String::new(),
        scenario: String::new(),
        category: String::new(),
        system: String::new(),
        initial_state: String::new(),
        turns: vec![],
        user_profile: String::new(),
    }
}

fn model() -> ModelConfig {
    ModelConfig { layers: 1, width: 32, heads: 2, mlp: 32, context: 1024, rope_base: 10_000.0, recall: 0 }
}

/// Random weights that like to begin calls: the row of `@` is large, and has the sign that favours it where a reply begins.
fn wild(tokenizer: &Tokenizer, seed: u64) -> HostWeights {
    let mut weights = HostWeights::init(&model(), tokenizer.vocabulary(), seed).expect("a valid shape");
    let at = tokenizer.encode("@")[0] as usize;
    let logits = Network::new(&weights).logits(&[role_token(Role::Assistant)]);
    let factor = if logits[at] < 0.0 { -40.0 } else { 40.0 };
    weights.matrices[0][at * 32..(at + 1) * 32].iter_mut().for_each(|x| *x *= factor);
    weights
}

/// Tokens of replies that were not drawn, the end among them.
fn forced(trace: &TokenTrace) -> usize {
    let (mut count, mut writing) = (0, false);
    for (id, action) in trace.ids.iter().zip(&trace.action) {
        count += usize::from(writing && !action);
        writing = (writing && *id != END) || *id == role_token(Role::Assistant);
    }
    count
}

/// One conversation a slot, two turns of which the second offers only every other tool.
fn play(policy: &Policy, config: SampleConfig, tools: &[ToolSpec], slots: usize) -> Vec<(Vec<String>, TokenTrace)> {
    let mut agent = policy.agent(config, tools);
    let (task, stream) = (task(), StreamKey::new(3, Purpose::Action));
    (0..slots).for_each(|slot| agent.begin(slot, &EpisodeStart { task: &task, stream: stream.task(slot as u64) }));
    let mut texts = vec![Vec::new(); slots];
    for turn in 0..2u16 {
        let said: Vec<[Message; 1]> =
            (0..slots).map(|slot| [Message { role: Role::User, text: format!("please, {slot}.{turn}") }]).collect();
        let offered = offered(tools, turn);
        let request = |slot: usize| Request { slot, turn, step: 0, messages: &said[slot], offered: &offered };
        let requests: Vec<Request<'_>> = (0..slots).map(request).collect();
        for (texts, reply) in texts.iter_mut().zip(agent.act(&requests)) {
            match reply {
                Reply::Text(text) => texts.push(text),
                other => panic!("{other:?}"),
            }
        }
    }
    texts.into_iter().enumerate().map(|(slot, texts)| (texts, agent.end(slot))).collect()
}

fn offered(tools: &[ToolSpec], turn: u16) -> Vec<String> {
    tools.iter().step_by(1 + usize::from(turn)).map(|tool| tool.name.clone()).collect()
}

fn tools_of(sandbox: &Sandbox, name: &str) -> Vec<ToolSpec> {
    let plugin = EnvPlugin::load(sandbox, &name.parse().expect("any text names a source")).expect("it ships");
    plugin.spec().tools.iter().filter(|tool| tool.side == Side::Agent).cloned().collect()
}

fn tokenizer(tools: &[ToolSpec]) -> Tokenizer {
    let texts = tool_list(&tools.iter().collect::<Vec<_>>(), &Interface::base());
    Tokenizer::train(
        [texts.as_str(), r#"@x {"a":"b","c":"d"}"#],
        &TokenizerConfig { vocabulary: 420, ..TokenizerConfig::default() },
    )
    .expect("large enough")
}

#[test]
fn every_reply_of_random_weights_parses_and_fits_its_schema() {
    let sandbox = Sandbox::new(SandboxLimits::default()).expect("a sandbox");
    for name in SHIPPED {
        let tools = tools_of(&sandbox, name);
        let tokenizer = tokenizer(&tools);
        let schemas: BTreeMap<&str, jsonschema::Validator> = tools
            .iter()
            .map(|tool| (tool.name.as_str(), jsonschema::validator_for(&tool.arguments).expect("a sound schema")))
            .collect();
        let policy = Policy::new(&wild(&tokenizer, 1), tokenizer.clone(), 0);
        let played = play(&policy, GRAMMAR, &tools, 24);
        let mut called = std::collections::BTreeSet::new();
        for (texts, _) in &played {
            for (turn, text) in texts.iter().enumerate() {
                match parse(text) {
                    Parsed::Call(call) => {
                        assert!(offered(&tools, turn as u16).contains(&call.name), "{name}: {text}");
                        let errors: Vec<String> =
                            schemas[call.name.as_str()].iter_errors(&call.arguments).map(|e| e.to_string()).collect();
                        assert!(errors.is_empty(), "{name}: {text}: {errors:?}");
                        called.insert(call.name);
                    }
                    Parsed::Answer(_) => {}
                    Parsed::Malformed { reason } => panic!("{name}: {text}: {reason}"),
                }
            }
        }
        assert!(called.len() > 3, "{name}: only {called:?} were called");
    }
}

#[test]
fn same_seed_same_bytes_whoever_shares_the_batch_and_forced_tokens_are_not_drawn() {
    let sandbox = Sandbox::new(SandboxLimits::default()).expect("a sandbox");
    let tools = tools_of(&sandbox, "travel");
    let tokenizer = tokenizer(&tools);
    let policy = Policy::new(&wild(&tokenizer, 2), tokenizer.clone(), 0);
    let many = play(&policy, GRAMMAR, &tools, 30);
    assert!(play(&policy, GRAMMAR, &tools, 5)[..] == many[..5], "company changed a reply");
    let not_drawn: usize = many.iter().map(|(_, trace)| forced(trace)).sum();
    assert!(not_drawn > 200, "only {not_drawn} tokens were forced");
    // Free decoding of the same weights writes what no one can read.
    let free = play(&policy, SampleConfig { decoding: Decoding::Free, ..GRAMMAR }, &tools, 30);
    let malformed =
        free.iter().flat_map(|(texts, _)| texts).filter(|text| matches!(parse(text), Parsed::Malformed { .. }));
    assert!(malformed.count() > 5);
}

#[test]
fn the_learner_compares_with_the_distribution_drawn_from() {
    let sandbox = Sandbox::new(SandboxLimits::default()).expect("a sandbox");
    let tools = tools_of(&sandbox, "travel");
    let tokenizer = tokenizer(&tools);
    let mut learner = Learner::new(&model(), tokenizer.clone(), Backend::Cpu, 4).expect("a valid shape");
    let config = SampleConfig { max_new_tokens: 24, ..GRAMMAR };
    let played = play(&learner.policy(), config, &tools, 12);
    let grammars = Grammars::new(&tokenizer, &tools);
    let by_turn = [offered(&tools, 0), offered(&tools, 1)];
    let sequence = |trace: &TokenTrace, constrained: bool| TrainSequence {
        allowed: match constrained {
            true => grammars.allowed(trace, |turn| &by_turn[usize::from(turn)]).expect("its own grammar"),
            false => BTreeMap::new(),
        },
        ..TrainSequence::reinforcement(trace, |turn, _| if turn == 0 { 1.0 } else { -1.0 })
    };
    let data = |constrained| played.iter().map(|(_, trace)| sequence(trace, constrained)).collect::<Vec<_>>();
    let rl = RlConfig { learning_rate: 1e-4, ..RlConfig::default() };
    let drift =
        |learner: &mut Learner, constrained| learner.reinforce(&data(constrained), &rl).expect("it trains").drift;
    let with = drift(&mut learner, true);
    assert!(with < 1e-4, "the trainer's log-probabilities are {with} from the sampler's");
    let without = drift(&mut learner, false);
    assert!(without > 1e-3, "the grammar made no difference: {without}");
}

fn under_grammar(folder: &Path) -> &'static str {
    let text = common::COUNTER.replace("max_new_tokens: 24", "max_new_tokens: 24, decoding: grammar");
    common::counter(folder);
    std::fs::write(folder.join("counter.yaml"), text).expect("a writable folder");
    "counter.yaml"
}

#[test]
fn a_run_under_a_grammar_trains_repeats_and_makes_no_mistake_of_form() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (folder, scenario) = (folder.path(), under_grammar(folder.path()));
    succeed(folder, &["run", scenario, "--out", "one", "--workers", "1", "--slots", "3"]);
    succeed(folder, &["run", scenario, "--out", "two", "--workers", "4", "--slots", "64"]);
    let export = |run: &str| succeed(folder, &["export", run, "--format", "jsonl"]);
    assert!(export("one") == export("two"), "workers or slots reached the bytes");
    let run = RunFile::open_read_only(&folder.join("one")).expect("a readable run");
    let metrics = run.metrics().expect("metrics");
    let of = |name: &str| metrics.iter().filter_map(|(_, values)| values.get(name).copied()).collect::<Vec<f64>>();
    assert!(of("learn/grad_norm").iter().any(|norm| *norm > 0.0));
    assert!(of("learn/drift").iter().all(|drift| *drift < 1e-3), "{:?}", of("learn/drift"));
    let mut steps = 0;
    for record in records(&run, &EpisodeFilter::default()) {
        let by_policy = record.episode.agent.starts_with("policy");
        for step in record.episode.turns.iter().flat_map(|turn| &turn.steps).filter(|_| by_policy) {
            steps += 1;
            assert!(!matches!(step.outcome, StepOutcome::Rejected(_)), "{}: {:?}", step.text, step.outcome);
        }
    }
    assert!(steps > 100, "{steps} steps");
}
