//! The stamp of a guest: a hash of everything that decides its component, but for the compiler.
//!
//! That is: every file of the guest's package and of the packages it takes by path (the SDK), the workspace's manifest,
//! the locked versions of every crate it reaches, and the ABI of this host. Tests, build outputs and hidden files are
//! left out. Cargo itself says which packages are taken by path, so no manifest syntax is parsed here. For a guest in Python or
//! JavaScript it is the files of its folder, the SDK and the ABI.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::BuildError;
use crate::manifest::{FILE as MANIFEST, Language, Manifest};
use crate::scaffold;

/// The ABI text that this host was built with.
pub(super) const ABI: &str = include_str!("../../../plugins/wit/coevo-env.wit");

pub(super) struct Inputs {
    pub package: String,
    /// The stamp.
    pub hash: String,
    /// The same without the lock file, which a build may write itself.
    pub sources: String,
}

/// The stamp of the guest in `folder` as its sources are now.
///
/// # Errors
/// When the manifest cannot be read or cargo does not understand it.
pub fn stamp(folder: &Path) -> Result<String, BuildError> {
    match Manifest::of_folder(folder)? {
        Some(manifest) if manifest.language == Language::Python => script(folder, &scaffold::python_sdk()),
        Some(manifest) if manifest.language == Language::Js => script(folder, &scaffold::js_sdk()),
        _ => inputs(folder).map(|inputs| inputs.hash),
    }
}

/// The stamp of a guest in Python or JavaScript, with the SDK that is used where the folder has none of its own.
pub(super) fn script(folder: &Path, sdk: &[(&str, &str)]) -> Result<String, BuildError> {
    let mut files = BTreeMap::new();
    files.insert("abi".to_owned(), ABI.as_bytes().to_vec());
    collect(folder, "folder", &decides_script, &mut files)?;
    if !folder.join("sdk").is_dir() {
        for (name, text) in sdk {
            files.insert(format!("sdk/{name}"), text.as_bytes().to_vec());
        }
    }
    Ok(hash(&files))
}

/// Whether a file or folder of a guest in Python or JavaScript may reach the component.
pub(super) fn decides_script(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let output = name.ends_with(".wasm") || name.ends_with(".stamp") || name == "__pycache__";
    // Whatever is taken from it is bundled by the author.
    let output = output || name == "node_modules";
    let test = name == "tests" || name.starts_with("test_") || name.ends_with(".test.js");
    !(name.starts_with('.') || output || test || path.join("pyvenv.cfg").is_file())
}

/// Whether a file or folder of a Rust guest may reach the component.
fn decides_rust(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let output = name.ends_with(".wasm") || name.ends_with(".stamp") || name == "Cargo.lock";
    // A folder with a manifest of its own is another environment.
    let apart = ["target", "tests", "examples", "benches"].contains(&&*name) || path.join(MANIFEST).is_file();
    let apart = apart && path.is_dir();
    !(name.starts_with('.') || output || apart)
}

pub(super) fn inputs(folder: &Path) -> Result<Inputs, BuildError> {
    let folder = folder.canonicalize().map_err(|source| BuildError::Io { path: folder.to_owned(), source })?;
    let mut packages = BTreeMap::new();
    let own = visit(&folder, &mut packages)?;
    let mut files = BTreeMap::new();
    files.insert("abi".to_owned(), ABI.as_bytes().to_vec());
    for (name, package) in &packages {
        collect(&package.folder, name, &decides_rust, &mut files)?;
    }
    let read = |path: PathBuf| std::fs::read(&path).map_err(|source| BuildError::Io { path, source });
    files.insert("workspace".to_owned(), read(own.root.join("Cargo.toml"))?);
    let sources = hash(&files);
    // A guest that was never built has no lock file yet.
    let lock = std::fs::read_to_string(own.root.join("Cargo.lock")).unwrap_or_default();
    files.insert("locked".to_owned(), locked(&lock, &own.name).into_bytes());
    Ok(Inputs { package: own.name, hash: hash(&files), sources })
}

fn hash(files: &BTreeMap<String, Vec<u8>>) -> String {
    let mut hasher = blake3::Hasher::new();
    for (name, bytes) in files {
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    }
    hasher.finalize().to_hex().to_string()
}

#[derive(Clone)]
struct Package {
    name: String,
    folder: PathBuf,
    root: PathBuf,
}

/// The package in `folder` and those it takes by path, by name.
fn visit(folder: &Path, seen: &mut BTreeMap<String, Package>) -> Result<Package, BuildError> {
    let bad = |reason: String| BuildError::Manifest { path: folder.join("Cargo.toml"), reason };
    let mut command = Command::new("cargo");
    command.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(folder);
    let shown = format!("{command:?}");
    let done = match command.output() {
        Ok(done) => done,
        Err(source) => return Err(BuildError::Start { command: shown, source }),
    };
    if !done.status.success() {
        return Err(bad(String::from_utf8_lossy(&done.stderr).trim().to_owned()));
    }
    let metadata: Value = serde_json::from_slice(&done.stdout).map_err(|error| bad(error.to_string()))?;
    let manifest = folder.join("Cargo.toml");
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let described =
        |wanted: &Path| packages.iter().find(|p| p["manifest_path"].as_str().map(Path::new) == Some(wanted));
    let found = described(&manifest).ok_or_else(|| bad("is no package".to_owned()))?;
    let package = Package {
        name: found["name"].as_str().unwrap_or_default().to_owned(),
        folder: folder.to_owned(),
        root: PathBuf::from(metadata["workspace_root"].as_str().unwrap_or_default()),
    };
    seen.insert(package.name.clone(), package.clone());
    for dependency in found["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let name = dependency["name"].as_str().unwrap_or_default();
        let wanted = dependency["kind"].as_str() != Some("dev");
        if let (Some(path), true, false) = (dependency["path"].as_str(), wanted, seen.contains_key(name)) {
            visit(Path::new(path), seen)?;
        }
    }
    Ok(package)
}

/// Every file that may decide the build, under `prefix`.
fn collect(
    folder: &Path,
    prefix: &str,
    decides: &dyn Fn(&Path) -> bool,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<(), BuildError> {
    let io = |source| BuildError::Io { path: folder.to_owned(), source };
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let path = entry.path();
        if !decides(&path) {
            continue;
        }
        let key = format!("{prefix}/{}", entry.file_name().to_string_lossy());
        if path.is_dir() {
            collect(&path, &key, decides, files)?;
        } else {
            let bytes = std::fs::read(&path).map_err(|source| BuildError::Io { path, source })?;
            files.insert(key, bytes);
        }
    }
    Ok(())
}

/// The lines of a lock file that name the crates reachable from `package`. A crate that only another guest of the same
/// workspace needs does not make this one stale.
fn locked(lock: &str, package: &str) -> String {
    let blocks: Vec<&str> = lock.split("[[package]]\n").skip(1).collect();
    let field = |block: &str, key: &str| {
        let start = format!("{key} = \"");
        let line = block.lines().find(|line| line.starts_with(&start));
        line.map(|line| line[start.len()..].trim_end_matches('"').to_owned()).unwrap_or_default()
    };
    let mut wanted = vec![package.to_owned()];
    let mut taken = BTreeSet::new();
    while let Some(next) = wanted.pop() {
        // "name", or "name version" where several versions are locked.
        let mut words = next.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next());
        for (at, block) in blocks.iter().enumerate() {
            let fits = field(block, "name") == name && version.is_none_or(|version| field(block, "version") == version);
            if fits && taken.insert(at) {
                let listed = block.split_once("dependencies = [").map_or("", |(_, rest)| rest);
                let listed = listed.split(']').next().unwrap_or_default();
                wanted.extend(listed.split('"').skip(1).step_by(2).map(str::to_owned));
            }
        }
    }
    taken.into_iter().map(|at| blocks[at].trim()).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::locked;

    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\n \"b 2.0.0\",\n]\n\n\
        [[package]]\nname = \"b\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\n\n\
        [[package]]\nname = \"z\"\nversion = \"1.0.0\"\ndependencies = [\n \"b 1.0.0\",\n]\n";

    #[test]
    fn only_reachable_crates_count() {
        let names = |package| {
            let text = locked(LOCK, package);
            text.lines().filter(|line| line.starts_with("version")).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(names("a"), ["version = \"1.0.0\"", "version = \"2.0.0\""]);
        assert!(locked(LOCK, "a").contains("name = \"b\"\nversion = \"2.0.0\""));
        assert!(!locked(LOCK, "a").contains("\"z\""));
        assert!(!locked(LOCK, "z").contains("2.0.0"));
    }
}
