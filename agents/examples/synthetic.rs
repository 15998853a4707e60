//! Prints made-up demonstrations, as a policy reads them: `cargo run --example synthetic -- 3`.

use coevo_agents::synth::{Mix, demonstrate};
use coevo_core::seed::{Purpose, StreamKey};

fn main() {
    let count: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(2);
    for seed in 0..count {
        let mut stream = StreamKey::new(seed, Purpose::Action).stream();
        println!("--- {seed}");
        for seen in demonstrate(&mut stream, Mix { mistakes: 0.1, cues: 0.25, reads: true }) {
            let mark = if seen.lesson.is_imitated() { "*" } else { " " };
            println!("{mark}[{:?}] {}", seen.message.role, seen.message.text);
        }
    }
}
