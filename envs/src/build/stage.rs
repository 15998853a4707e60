//! What builds of scripting languages share: finding their tool, and a folder in which it works on copies.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{BuildError, stamp};

/// Programs called `name`: the one that the variable names, or those in these folders and on the path.
pub(super) fn programs(
    name: &str,
    variable: &str,
    folders: impl IntoIterator<Item = Option<PathBuf>>,
) -> impl Iterator<Item = PathBuf> {
    let candidates: Vec<PathBuf> = match std::env::var_os(variable).filter(|value| !value.is_empty()) {
        Some(named) => vec![named.into()],
        None => {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let on_path = std::env::split_paths(&path).collect::<Vec<_>>();
            folders.into_iter().flatten().chain(on_path).map(|folder| folder.join(name)).collect()
        }
    };
    let found = candidates.into_iter().filter(|program| program.is_file());
    // They are run from elsewhere.
    found.map(|program| std::path::absolute(&program).unwrap_or(program))
}

/// Why no program was found.
pub(super) fn nowhere(variable: &str, looked: &str) -> String {
    match std::env::var_os(variable).filter(|value| !value.is_empty()) {
        Some(named) => format!("{variable} is {}", Path::new(&named).display()),
        None => looked.to_owned(),
    }
}

/// A folder that is gone when it is no longer needed.
pub(super) struct Staging(pub PathBuf);

impl Staging {
    /// In the cache folder; whoever needs it makes it.
    pub fn new(kind: &str) -> Self {
        Self(super::target_folder().join(format!("{kind}-{}", std::process::id())))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What cannot be removed lies in a cache folder, and harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An error of the file system at `path`.
pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> BuildError {
    let path = path.to_owned();
    move |source| BuildError::Io { path, source }
}

/// Writes files by their path below `root`.
pub(super) fn write(root: &Path, files: &[(&str, &str)]) -> Result<(), BuildError> {
    for (name, text) in files {
        let path = root.join(name);
        let parent = path.parent().unwrap_or(root);
        std::fs::create_dir_all(parent).map_err(io(parent))?;
        std::fs::write(&path, text).map_err(io(&path))?;
    }
    Ok(())
}

/// Runs a tool to its end.
pub(super) fn run(command: &mut Command) -> Result<std::process::Output, BuildError> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).output().map_err(|source| BuildError::Start { command: program, source })
}

/// Copies what may be imported or read at build time.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), BuildError> {
    std::fs::create_dir_all(to).map_err(io(to))?;
    for entry in std::fs::read_dir(from).map_err(io(from))? {
        let entry = entry.map_err(io(from))?;
        let (path, name) = (entry.path(), entry.file_name());
        if !stamp::decides_script(&path) {
            continue;
        }
        let target = to.join(&name);
        if path.is_dir() {
            // The SDK is taken from its own place.
            if name != "sdk" {
                copy(&path, &target)?;
            }
        } else {
            std::fs::copy(&path, &target).map_err(io(&path))?;
        }
    }
    Ok(())
}
