//! Prints a task with its reference solution: `cargo run --example show -- train 0 0`.

use coevo_sdk::golden::record;
use coevo_sdk::session::generate;
use travel::Travel;

fn main() -> Result<(), String> {
    let args: Vec<String> = std::env::args().collect();
    let number = |at: usize| -> Result<u64, String> {
        args.get(at).map_or(Ok(0), |text| text.parse().map_err(|error| format!("{text:?}: {error}")))
    };
    let split = args.get(1).map_or("train", String::as_str);
    let index = u32::try_from(number(2)?).map_err(|error| error.to_string())?;
    let task = generate::<Travel>(split, index, number(3)?)?;
    println!("{} ({}, scenario {})\nsystem: {}", task.id, task.category, task.scenario, task.system);
    let offered = |at: usize| &task.turns[at].offered;
    for (at, turn) in record::<Travel>(split, index, number(3)?)?.turns.iter().enumerate() {
        if at > 0 && offered(at) != offered(at - 1) {
            let new: Vec<_> = offered(at).iter().filter(|tool| !offered(at - 1).contains(tool)).collect();
            println!("system: new tools {new:?}");
        }
        println!("user: {}", turn.user);
        for call in &turn.calls {
            println!("  @{} {}", call.name, call.arguments);
            match (&call.result, &call.error) {
                (Some(result), _) => println!("  {result}"),
                (None, Some(error)) => println!("  error {}: {} {}", error.code, error.message, error.details),
                (None, None) => {}
            }
        }
        println!("  {}   (must mention {:?})", turn.answer, task.reference[at].mentions);
    }
    Ok(())
}
