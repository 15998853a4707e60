//! Prints tasks as transcripts: `cargo run --example show -- SPLIT FIRST COUNT SEED`.

use coevo_sdk::session::{Quiet, Session, Side, generate};
use coevo_sdk::task::UserMessage;
use coevo_sdk::{Environment, Tool};
use helpdesk::Helpdesk;

/// `name(arg, optional?) description`, as agents see it.
fn signature(tool: &Tool) -> String {
    let schema = tool.arguments_schema();
    let required = |name: &String| schema["required"].as_array().is_some_and(|list| list.iter().any(|r| r == name));
    let names = schema["properties"].as_object().into_iter().flat_map(|fields| fields.keys());
    let args: Vec<String> = names.map(|name| format!("{name}{}", if required(name) { "" } else { "?" })).collect();
    format!("{}({}) {}", tool.name, args.join(", "), tool.description)
}

fn main() -> Result<(), String> {
    let mut given = std::env::args().skip(1);
    let split = given.next().unwrap_or_else(|| "train".into());
    let mut number = |default: u64| given.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (first, count, seed) = (number(0) as u32, number(4) as u32, number(1));
    for index in first..first + count {
        let task = generate::<Helpdesk>(&split, index, seed)?;
        println!("== {} {} {}\nsystem: {}", task.id, task.scenario, task.category, task.system);
        for tool in
            Helpdesk::describe().tools.iter().filter(|tool| task.turns[0].offered.iter().any(|o| o == tool.name))
        {
            println!("{}", signature(tool));
        }
        let mut session: Session<Helpdesk> = Session::new();
        session.reset(&task.initial_state)?;
        for (turn, reference) in task.turns.iter().zip(&task.reference) {
            if let UserMessage::Scripted(text) = &turn.message {
                println!("user: {text}");
            }
            for call in &reference.calls {
                println!("  @{} {}", call.name, call.arguments);
                match session.call(&call.name, &call.arguments, Side::Agent, &mut Quiet::new()) {
                    Ok(result) => println!("    {result}"),
                    Err(error) => println!("    error {}: {}", error.code, error.message),
                }
            }
            println!("agent: {}", reference.answer);
        }
    }
    Ok(())
}
