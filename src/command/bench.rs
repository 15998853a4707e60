//! `coevo bench`: what this machine does, measured.

use std::process::ExitCode;

use super::Done;
use crate::cli::BenchArgs;

/// `coevo bench`.
pub fn bench(_args: &BenchArgs) -> Done {
    Ok(ExitCode::SUCCESS)
}
