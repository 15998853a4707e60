//! `coevo report`: a run, or several, as one page.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{Done, Failure, print_json};
use crate::cli::ReportArgs;
use crate::report::{Report, page, serve};

/// `coevo report`.
pub fn report(args: &ReportArgs) -> Done {
    let report = Report::of(&args.runs)?;
    if args.live {
        drop(report);
        serve(&args.runs, args.port)?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.json {
        print_json(&report);
        return Ok(ExitCode::SUCCESS);
    }
    let out = args.out.clone().unwrap_or_else(|| default_out(&args.runs));
    write(&out, &page(&report, false))?;
    println!("{}", out.display());
    Ok(ExitCode::SUCCESS)
}

/// Inside the run's folder, or beside the caller for several runs.
fn default_out(runs: &[PathBuf]) -> PathBuf {
    match runs {
        [one] => one.join("report.html"),
        _ => PathBuf::from("report.html"),
    }
}

/// The page appears whole or not at all: someone may be looking at the one before.
fn write(out: &Path, page: &str) -> Result<(), Failure> {
    let refused = |error: std::io::Error| Failure::bad_input(format!("cannot write --out {}: {error}", out.display()));
    let draft = out.with_extension(format!("part-{}", std::process::id()));
    std::fs::write(&draft, page).map_err(refused)?;
    std::fs::rename(&draft, out).map_err(|error| {
        let _ = std::fs::remove_file(&draft);
        refused(error)
    })
}
