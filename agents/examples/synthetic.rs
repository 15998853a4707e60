//! Prints made-up demonstrations, as a policy reads them: `cargo run --example synthetic -- 3 0.1` for three of those that are learnt
//! from after a tenth of the steps.

use coevo_agents::synth::{Mix, demonstrate};
use coevo_core::seed::{Purpose, StreamKey};

fn main() {
    let mut args = std::env::args().skip(1);
    let count: u64 = args.next().and_then(|text| text.parse().ok()).unwrap_or(2);
    let level: f64 = args.next().and_then(|text| text.parse().ok()).unwrap_or(1.0);
    for seed in 0..count {
        let mut stream = StreamKey::new(seed, Purpose::Action).stream();
        println!("--- {seed}");
        for seen in demonstrate(&mut stream, Mix { mistakes: 0.1, cues: 0.25, reads: true, level }) {
            let mark = if seen.lesson.is_imitated() { "*" } else { " " };
            println!("{mark}[{:?}] {}", seen.message.role, seen.message.text);
        }
    }
}
