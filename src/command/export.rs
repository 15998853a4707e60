//! `coevo export`: episodes as JSONL, or a checkpoint as files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::ExitCode;

use coevo_trace::{EpisodeFilter, RunFile, TraceError, export_jsonl};

use super::{Done, Failure};
use crate::cli::{ExportArgs, Format};

/// `coevo export`.
pub fn export(args: &ExportArgs) -> Done {
    let run = RunFile::open_read_only(&args.run)?;
    match args.format {
        Format::Jsonl => jsonl(&run, args),
        Format::Checkpoint => checkpoint(&run, args),
    }
}

fn jsonl(run: &RunFile, args: &ExportArgs) -> Done {
    let filter = EpisodeFilter { arm: args.arm.clone(), round: args.round, ..EpisodeFilter::default() };
    let mut out: Box<dyn Write> = match &args.out {
        Some(path) => Box::new(
            File::create(path)
                .map_err(|error| Failure::bad_input(format!("cannot write --out {}: {error}", path.display())))?,
        ),
        None => Box::new(std::io::stdout().lock()),
    };
    let mut buffered = BufWriter::new(&mut out);
    let written = export_jsonl(run, &filter, &mut buffered).and_then(|count| {
        let flushed = buffered.flush();
        flushed.map(|()| count).map_err(|source| TraceError::Io { path: "output".to_owned(), source })
    });
    match written {
        // A closed pipe (`| head`) is the reader's wish, not an error.
        Err(TraceError::Io { source, .. }) if source.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error.into()),
        Ok(count) => {
            if let Some(path) = &args.out {
                eprintln!("{count} episodes written to {}", path.display());
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn checkpoint(run: &RunFile, args: &ExportArgs) -> Done {
    let (Some(arm), Some(out)) = (&args.arm, &args.out) else {
        return Err(Failure::bad_input("--format checkpoint needs --arm NAME and --out FOLDER"));
    };
    let keys = run.checkpoints()?;
    let wanted = |key: &&coevo_trace::CommitKey| key.arm == *arm && args.round.is_none_or(|round| key.round == round);
    let Some(key) = keys.iter().rev().find(wanted) else {
        let mut there: Vec<String> = keys.iter().map(|key| format!("{} round {}", key.arm, key.round)).collect();
        there.dedup();
        return Err(Failure::bad_input(format!(
            "no such checkpoint of `{arm}`\n  hint: there are {}",
            there.join(", ")
        )));
    };
    for path in run.export_checkpoint(key, out)? {
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}
