//! `coevo`: the command line and composition root. Parses arguments, calls the loop, shows what came of it.

mod cli;
mod command;
mod progress;
mod report;
mod study;
mod table;
mod tui;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, EnvVerb, Verb};
use command::Failure;

/// Whoever reads what is printed may stop, as `| head` does: that is no defect, and what is committed stays committed.
fn end_quietly_with_the_reader() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let message = panic.payload_as_str().unwrap_or_default();
        if message.starts_with("failed printing to stdout") && message.contains("Broken pipe") {
            std::process::exit(0);
        }
        report(panic);
    }));
}

fn main() -> ExitCode {
    end_quietly_with_the_reader();
    let cli = Cli::parse();
    let done = match cli.verb {
        Verb::Run(args) => command::run::run(&args),
        Verb::Resume(args) => command::run::resume(&args),
        Verb::Eval(args) => command::eval::eval(&args),
        Verb::Replay(args) => command::replay::replay(&args),
        Verb::Table(args) => command::run::table(&args),
        Verb::Report(args) => command::report::report(&args),
        Verb::Export(args) => command::export::export(&args),
        Verb::Env(EnvVerb::List { folders, json }) => command::env::list(&folders, json),
        Verb::Env(EnvVerb::New { folder, lang }) => command::env::new::new(&folder, lang.into()),
        Verb::Env(EnvVerb::Play(args)) => command::env::play::play(&args),
        Verb::Env(EnvVerb::Show { env, task, json }) => command::env::show(&env, task, json),
        Verb::Env(EnvVerb::Build { folder, out }) => command::env::build(&folder, out.as_deref()),
        Verb::Env(EnvVerb::Check(args)) => command::env::check::check(&args),
        Verb::Env(EnvVerb::Import { kind, archive, out, official }) => {
            command::env::import(kind, &archive, out.as_deref(), official)
        }
        Verb::Schema => command::schema(),
        Verb::Bench(args) => command::bench::bench(&args),
        Verb::Episodes(args) => command::episodes::episodes(&args),
        Verb::Fork(args) => command::fork::fork(&args),
        Verb::Explain(args) => command::explain::explain(&args),
        Verb::Diff(args) => command::diff::diff(&args),
        Verb::Rescore(args) => command::rescore::rescore(&args),
        Verb::Import(args) => command::import::import(&args),
    };
    match done {
        Ok(code) => code,
        Err(Failure { message, code }) => {
            eprintln!("error: {message}");
            code
        }
    }
}
