//! How fast does copying from the context emerge? A synthetic world of look-ups, as tool use needs them.
//!
//! Each episode: tools, a request with two names, a look-up call that copies both, a result of several `name → id` pairs,
//! a call that must copy the right id, an answer that repeats it. Prints loss, speed and exact-match success on unseen
//! episodes. `cargo run -p coevo-agents --example copying -- layers=3 width=128 mlp=512 heads=4 lr=3e-3 steps=300 batch=16`

use std::time::Instant;

use coevo_agents::config::{Backend, ImitationConfig, ModelConfig, SampleConfig, TokenizerConfig};
use coevo_agents::{Agent, EpisodeStart, Learner, Reply, Request, Tokenizer, TrainSequence};
use coevo_core::episode::TokenTrace;
use coevo_core::render::{Message, Role};
use coevo_core::seed::{Purpose, Stream, StreamKey};
use coevo_core::task::PublicTask;

const CITIES: [&str; 24] = [
    "Paris", "Rome", "Oslo", "Berlin", "Madrid", "Lisbon", "Vienna", "Prague", "Dublin", "Athens", "Warsaw", "Zagreb",
    "Geneva", "Milan", "Turin", "Naples", "Porto", "Seville", "Krakow", "Gdansk", "Bergen", "Malmo", "Tallinn", "Riga",
];
const AIRLINES: [&str; 8] = ["Aero", "Blue", "Condor", "Delta", "Eagle", "Falcon", "Globe", "Horizon"];

struct Episode {
    messages: Vec<Message>,
}

fn message(role: Role, text: String) -> Message {
    Message { role, text }
}

fn episode(stream: &mut Stream) -> Episode {
    let mut pick = |n: usize| stream.below(n as u64) as usize;
    let (from, to) = (CITIES[pick(24)], CITIES[pick(24)]);
    let start = pick(8);
    let quotes: Vec<(&str, String, usize)> = (0..4 + pick(3))
        .map(|i| (AIRLINES[(start + i) % 8], format!("q{}{}{}", pick(10), pick(10), pick(10)), 100 + pick(800)))
        .collect();
    let chosen = pick(quotes.len());
    let list: Vec<String> = quotes
        .iter()
        .map(|(airline, id, price)| format!("{{\"airline\":\"{airline}\",\"quote\":\"{id}\",\"price\":{price}}}"))
        .collect();
    let system = "You are a travel agent.\nfind_flights(from, to, date?) lists quotes of flights\nbook_flight(quote, card) books a quoted flight\ncancel_booking(booking) cancels a booking\nlookup_airport(city) gives the code of an airport\n";
    let ask = [
        format!("Please book me a flight from {from} to {to} with {}.", quotes[chosen].0),
        format!("I want to fly {} from {from} to {to}, can you book it?", quotes[chosen].0),
        format!("Need the {} flight, {from} to {to}. Book it please", quotes[chosen].0),
    ];
    let booking = format!("b{}{}", pick(10), pick(10));
    Episode {
        messages: vec![
            message(Role::System, system.repeat(2)),
            message(Role::User, ask[pick(3)].clone()),
            message(Role::Assistant, format!("@find_flights {{\"from\":\"{from}\",\"to\":\"{to}\"}}")),
            message(Role::Tool, format!("{{\"flights\":[{}]}}", list.join(","))),
            message(Role::Assistant, format!("@book_flight {{\"quote\":\"{}\",\"card\":\"visa\"}}", quotes[chosen].1)),
            message(Role::Tool, format!("{{\"booking\":\"{booking}\",\"price\":{}}}", quotes[chosen].2)),
            message(Role::Assistant, format!("Booked {booking} for {}.", quotes[chosen].2)),
        ],
    }
}

fn trace(tokenizer: &Tokenizer, episode: &Episode) -> TokenTrace {
    let mut trace = TokenTrace::default();
    let mut reader = tokenizer.reader();
    for message in &episode.messages {
        let start = trace.ids.len();
        reader.read(message, &mut trace.ids);
        trace.action.extend((start..trace.ids.len()).map(|t| message.role == Role::Assistant && t > start));
    }
    trace.log_probs = vec![0.0; trace.ids.len()];
    trace.turn = vec![0; trace.ids.len()];
    trace.step = vec![0; trace.ids.len()];
    trace
}

/// Share of episodes in which every reply is exact, and of replies; and sampled tokens per second.
fn evaluate(learner: &Learner, episodes: &[Episode]) -> (f64, f64, f64) {
    let mut agent = learner.policy().agent(SampleConfig::greedy(48), &[]);
    let task = PublicTask::default();
    for slot in 0..episodes.len() {
        agent.begin(slot, &EpisodeStart { task: &task, stream: StreamKey::new(0, Purpose::Action).task(slot as u64) });
    }
    let (mut right, mut all_right, mut seconds) = (0, vec![true; episodes.len()], 0.0);
    for (step, (from, to)) in [(0, 2), (3, 4), (5, 6)].into_iter().enumerate() {
        let requests: Vec<Request<'_>> = episodes
            .iter()
            .enumerate()
            .map(|(slot, e)| Request {
                slot,
                turn: 0,
                step: step as u16,
                messages: &e.messages[from..to],
                offered: &[],
            })
            .collect();
        let before = clock();
        let replies = agent.act(&requests);
        seconds += before.elapsed().as_secs_f64();
        for ((slot, reply), episode) in replies.iter().enumerate().zip(episodes) {
            let ok = *reply == Reply::Text(episode.messages[to].text.clone());
            right += usize::from(ok);
            all_right[slot] &= ok;
        }
    }
    let tokens: usize = (0..episodes.len()).map(|slot| agent.end(slot).action.iter().filter(|a| **a).count()).sum();
    let n = episodes.len() as f64;
    (all_right.iter().filter(|ok| **ok).count() as f64 / n, right as f64 / n / 3.0, tokens as f64 / seconds)
}

#[expect(clippy::disallowed_methods, reason = "this program measures speed")]
fn clock() -> Instant {
    Instant::now()
}

fn main() {
    let argument = |name: &str, default: f64| {
        std::env::args()
            .find_map(|a| a.strip_prefix(&format!("{name}=")).map(|v| v.parse().expect("a number")))
            .unwrap_or(default)
    };
    let mut stream = StreamKey::new(argument("seed", 1.0) as u64, Purpose::Control).stream();
    let train: Vec<Episode> = (0..argument("episodes", 800.0) as usize).map(|_| episode(&mut stream)).collect();
    let test: Vec<Episode> = (0..100).map(|_| episode(&mut stream)).collect();
    let texts = train.iter().flat_map(|e| &e.messages).map(|m| m.text.as_str());
    let tokenizer = Tokenizer::train(texts, &TokenizerConfig::default()).expect("large enough");
    let data: Vec<TrainSequence> = train.iter().map(|e| TrainSequence::imitation(&trace(&tokenizer, e))).collect();
    let tokens: usize = data.iter().map(|d| d.ids.len()).sum();
    let actions: usize = data.iter().map(TrainSequence::action_tokens).sum();
    println!("{} tokens an episode, {} of them actions", tokens / data.len(), actions / data.len());
    let model = ModelConfig {
        layers: argument("layers", 3.0) as usize,
        width: argument("width", 128.0) as usize,
        heads: argument("heads", 4.0) as usize,
        mlp: argument("mlp", 512.0) as usize,
        context: 1024,
        rope_base: argument("rope", 10_000.0) as f32,
        recall: 0,
    };
    let backend = if argument("wgpu", 0.0) > 0.0 { Backend::Wgpu } else { Backend::Cpu };
    let mut learner = Learner::new(&model, tokenizer, backend, 7).expect("a valid model");
    println!("{} parameters, backend {:?} {:?}", learner.parameters(), learner.backend(), learner.backend_note());
    let steps = argument("steps", 300.0) as u32;
    let imitation = ImitationConfig {
        steps,
        batch: argument("batch", 16.0) as usize,
        learning_rate: argument("lr", 3e-3),
        micro_batch_tokens: argument("micro", 2048.0) as usize,
        ..ImitationConfig::default()
    };
    let before = clock();
    let every = (steps / 12).max(1);
    let report = learner
        .imitate_with(&data, &imitation, &mut |step| {
            if step.step % every == 0 || step.step + 1 == steps {
                let rate = step.tokens as f64 / before.elapsed().as_secs_f64();
                let seconds = before.elapsed().as_secs_f64();
                println!("step {:4}  loss {:.4}  {:.0} tokens/s  {:.1} s", step.step, step.loss, rate, seconds);
            }
        })
        .expect("training works");
    println!("{report:?}");
    if argument("evaluate", 1.0) == 0.0 {
        return;
    }
    let (episodes, replies, rate) = evaluate(&learner, &test);
    println!("success: {episodes:.2} of episodes, {replies:.2} of replies; sampled {rate:.0} tokens/s");
}
