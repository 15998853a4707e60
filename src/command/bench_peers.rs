//! `coevo bench peers`: our side of `benches/peers/run.py`. It writes a batch and the numbers that another framework must find, then
//! does what each line of its standard input asks for, one line of JSON an answer.

use std::io::BufRead;
use std::path::Path;

use coevo_loop::bench_peers::Peer;
use coevo_scenarios::ResolvedScenario;
use serde_json::{Value, json};

use super::{Failure, env, workers};

/// The quickstart's environment and model.
const SCENARIO: &str = "\
name: peers
environment: { name: vehicle }
agent:
  model: { layers: 2, width: 128, heads: 4, mlp: 256, context: 1536 }
  tokenizer: { vocabulary: 2048 }
";

/// Serves until standard input ends.
pub fn peers(folder: Option<&Path>) -> Result<Value, Failure> {
    let Some(folder) = folder else {
        let hint = "hint: `python benches/peers/run.py` starts this and measures";
        return Err(Failure::bad_input(format!("bench peers: --folder FOLDER is missing\n{hint}")));
    };
    let scenario = ResolvedScenario::parse(SCENARIO, "peers", Path::new("."), &[])?;
    let mut peer = Peer::new(&env::load("vehicle")?, &scenario.base, workers(None))?;
    println!("{}", peer.write(folder)?);
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| Failure::ours(format!("standard input: {error}")))?;
        let tokens_per_s = match line.as_str() {
            "train" => peer.train(true)?,
            "train-apart" => peer.train(false)?,
            "sample" => peer.sample(),
            other => {
                return Err(Failure::bad_input(format!(
                    "bench peers: {other:?} is none of train, train-apart, sample"
                )));
            }
        };
        println!("{}", json!({"tokens_per_s": tokens_per_s}));
    }
    Ok(Value::Null)
}
