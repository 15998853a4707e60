//! Builds guests: `cargo run -p coevo-envs --example build_guest -- plugins/travel`. The same as `coevo env build`.

use std::path::PathBuf;
use std::process::ExitCode;

use coevo_envs::build::{build_rust_guest, default_output};

fn main() -> ExitCode {
    let folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if folders.is_empty() {
        eprintln!("usage: build_guest FOLDER…");
        return ExitCode::from(2);
    }
    for folder in folders {
        match build_rust_guest(&folder, &default_output(&folder)) {
            Ok(built) => println!("{} ({} bytes)", built.component.display(), built.bytes),
            Err(error) => {
                eprintln!("error: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
