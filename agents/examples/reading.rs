//! How well does a policy read tools that it has never seen? The first reply to made-up requests, greedily, against the
//! demonstrator's: `cargo run --release --workspace --example reading -- FOLDER 400` prints shares, and what went wrong.

use coevo_agents::backbone::Backbone;
use coevo_agents::config::SampleConfig;
use coevo_agents::synth::{Mix, demonstrate};
use coevo_agents::{Agent, EpisodeStart, Policy, Reply, Request};
use coevo_core::protocol::split_thoughts;
use coevo_core::render::Message;
use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::task::PublicTask;

fn main() {
    let mut args = std::env::args().skip(1);
    let backbone = match args.next().as_deref() {
        None | Some("backbone") => Backbone::shipped(),
        Some(folder) => Backbone::from_folder(folder.as_ref()).expect("a checkpoint"),
    };
    let count: u64 = args.next().and_then(|text| text.parse().ok()).unwrap_or(200);
    let show: usize = args.next().and_then(|text| text.parse().ok()).unwrap_or(20);
    let policy = Policy::new(&backbone.weights, backbone.tokenizer, 0);
    let task = PublicTask::default();
    let sampling = SampleConfig::greedy(80);
    let (mut asked, mut thought, mut whole, mut shown) = (0, 0, 0, 0);
    for seed in 0..count {
        let stream = StreamKey::new(1_000_000 + seed, Purpose::Action);
        let seen = demonstrate(&mut stream.stream(), Mix { mistakes: 0.0, cues: 0.0, reads: true, level: 1.0 });
        let at = seen.iter().position(|seen| seen.lesson.is_imitated()).expect("a reply");
        let messages: Vec<Message> = seen[..at].iter().map(|seen| seen.message.clone()).collect();
        let mut agent = policy.agent(sampling, &[]);
        agent.begin(0, &EpisodeStart { task: &task, stream });
        let request = Request { slot: 0, turn: 0, step: 0, messages: &messages, offered: &[] };
        let Reply::Text(reply) = agent.act(&[request]).remove(0) else { continue };
        let wanted = &seen[at].message.text;
        asked += 1;
        thought += usize::from(split_thoughts(&reply).0 == split_thoughts(wanted).0);
        whole += usize::from(reply == *wanted);
        if reply != *wanted && shown < show {
            shown += 1;
            println!("--- {}\nwanted {wanted:?}\nwrote  {reply:?}", messages.last().expect("a request").text);
        }
    }
    let share = |of: usize| 100.0 * of as f64 / asked as f64;
    println!("{asked} requests: the same look {:.1} %, the same reply {:.1} %", share(thought), share(whole));
}
