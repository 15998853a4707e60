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

fn main() -> ExitCode {
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
