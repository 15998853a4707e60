//! `coevo env new`: a complete environment under a new name, to be changed part by part.

use std::path::Path;
use std::process::ExitCode;

use coevo_envs::build::{Componentizer, Toolchain, find_componentize_qjs};
use coevo_envs::manifest::Language;
use coevo_envs::scaffold::scaffold;

use crate::command::{Done, Failure};

/// Makes the folder and says what comes next.
pub fn new(folder: &Path, language: Language) -> Done {
    let name = scaffold(folder, language).map_err(|error| Failure::bad_input(error.to_string()))?;
    let shown = folder.display();
    let (module, sdk, test, missing) = match language {
        Language::Python => (
            "environment.py",
            "sdk/           the SDK of this program; sdk/python/README.md explains it",
            "python3 -m unittest",
            Componentizer::find(folder).err(),
        ),
        Language::Js => (
            "environment.js",
            "sdk/           the SDK of this program; sdk/js/README.md explains it",
            "node --test",
            find_componentize_qjs(folder).err(),
        ),
        _ => (
            "src/lib.rs    ",
            "sdk/, wit/     the SDK of this program; sdk/rust/README.md explains it",
            "cargo test",
            Toolchain::find(folder).err(),
        ),
    };
    println!("{shown}: the environment `{name}`, complete: a list of things to do, to be changed part by part");
    println!("  {module} state, tools, tasks");
    println!("  env.toml       what it promises; checked by the build");
    println!("  {sdk}");
    println!("next");
    println!("  (cd {shown} && {test})   native tests: the oracle solves every task, and so on");
    println!("  coevo env build {shown}");
    let path = super::as_path(folder);
    println!("  coevo env play {path}");
    println!("  coevo env check {path}");
    if let Some(error) = missing {
        eprintln!("note: {error}");
    }
    Ok(ExitCode::SUCCESS)
}
