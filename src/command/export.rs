//! `coevo export`: episodes, metrics, lineage or a checkpoint, in the forms that other tools read.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use coevo_trace::{
    EpisodeFilter, RunFile, TraceError, export_atif, export_dot, export_jsonl_with, export_parquet, export_tensorboard,
};

use super::episodes::parse_where;
use super::{Done, Failure};
use crate::cli::{ExportArgs, Format};

/// `coevo export`.
pub fn export(args: &ExportArgs) -> Done {
    let run = RunFile::open_read_only(&args.run)?;
    let filter = EpisodeFilter {
        arm: args.arm.clone(),
        round: args.round,
        matching: args.matching.as_deref().map(parse_where).transpose()?,
        ..EpisodeFilter::default()
    };
    match args.format {
        Format::Jsonl => stream(args, "episodes", |out| export_jsonl_with(&run, &filter, args.tokens, out)),
        Format::Atif => stream(args, "trajectories", |out| export_atif(&run, &filter, out)),
        Format::Dot => stream(args, "changes", |out| export_dot(&run, args.arm.as_deref(), out)),
        Format::Parquet => folder(args, "parquet", "episodes", |out| export_parquet(&run, &filter, out)),
        Format::Tensorboard => folder(args, "tensorboard", "scalars", |out| export_tensorboard(&run, out)),
        Format::Checkpoint => checkpoint(&run, args),
    }
}

/// Writes to a file or standard output.
fn stream(
    args: &ExportArgs,
    what: &str,
    write: impl FnOnce(&mut BufWriter<Box<dyn Write>>) -> coevo_trace::Result<u64>,
) -> Done {
    let out: Box<dyn Write> = match &args.out {
        Some(path) => Box::new(
            File::create(path)
                .map_err(|error| Failure::bad_input(format!("cannot write --out {}: {error}", path.display())))?,
        ),
        None => Box::new(std::io::stdout().lock()),
    };
    let mut buffered = BufWriter::new(out);
    let written = write(&mut buffered).and_then(|count| {
        let flushed = buffered.flush();
        flushed.map(|()| count).map_err(|source| TraceError::Io { path: "output".to_owned(), source })
    });
    match written {
        // A closed pipe (`| head`) is the reader's wish, not an error.
        Err(TraceError::Io { source, .. }) if source.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error.into()),
        Ok(count) => {
            if let Some(path) = &args.out {
                eprintln!("{count} {what} written to {}", path.display());
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Writes files into a folder.
fn folder(args: &ExportArgs, format: &str, what: &str, write: impl FnOnce(&Path) -> coevo_trace::Result<u64>) -> Done {
    let Some(out) = &args.out else {
        return Err(Failure::bad_input(format!(
            "--format {format} writes several files: name a folder with --out FOLDER"
        )));
    };
    let count = write(out)?;
    eprintln!("{count} {what} written to {}", out.display());
    Ok(ExitCode::SUCCESS)
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
