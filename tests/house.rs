//! The house rules that no compiler checks: imports point down, each heavy dependency has one home, every file says what
//! it is for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Normal dependencies of each workspace package, by name.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|package| {
            let normal = package["dependencies"]
                .as_array()
                .expect("dependencies")
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .map(|dependency| dependency["name"].as_str().expect("a name").to_owned())
                .collect();
            (package["name"].as_str().expect("a name").to_owned(), normal)
        })
        .collect()
}

#[test]
fn imports_point_down_and_siblings_do_not_know_each_other() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("coevo-core", &[] as &[&str]),
        ("coevo-envs", &["coevo-core"]),
        ("coevo-agents", &["coevo-core"]),
        ("coevo-scenarios", &["coevo-core"]),
        ("coevo-trace", &["coevo-core"]),
        ("coevo-loop", &["coevo-core", "coevo-envs", "coevo-agents", "coevo-scenarios", "coevo-trace"]),
        ("coevo", &["coevo-core", "coevo-envs", "coevo-agents", "coevo-scenarios", "coevo-trace", "coevo-loop"]),
    ]);
    let found = dependencies();
    assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), allowed.keys().copied().collect::<Vec<_>>());
    for (package, dependencies) in &found {
        let ours = dependencies.iter().filter(|name| name.starts_with("coevo"));
        for dependency in ours {
            assert!(
                allowed[package.as_str()].contains(&dependency.as_str()),
                "{package} imports {dependency}: imports point down only (ARCHITECTURE.md, Rooms)"
            );
        }
    }
}

#[test]
fn each_heavy_dependency_has_one_home() {
    let homes = [
        ("wasmtime", "coevo-envs"),
        ("burn", "coevo-agents"),
        ("llguidance", "coevo-agents"),
        ("bevy_ecs", "coevo-loop"),
        ("serde_yaml", "coevo-scenarios"),
        ("petgraph", "coevo-scenarios"),
        ("rand_chacha", "coevo-core"),
        ("rusqlite", "coevo-trace"),
        ("ratatui", "coevo"),
        ("parquet", "coevo-trace"),
    ];
    let found = dependencies();
    for (heavy, home) in homes {
        let users: Vec<&str> =
            found.iter().filter(|(_, uses)| uses.contains(heavy)).map(|(name, _)| name.as_str()).collect();
        assert_eq!(users, [home], "{heavy} lives in {home} only");
    }
}

#[test]
fn every_source_file_begins_with_its_purpose() {
    let mut files = Vec::new();
    for folder in ["src", "engine", "envs", "agents", "scenarios", "plugins", "tests"] {
        collect(&root().join(folder), &mut files);
    }
    assert!(files.len() > 30, "found only {} files", files.len());
    let silent: Vec<_> = files
        .iter()
        .filter(|file| !std::fs::read_to_string(file).expect("readable source").starts_with("//!"))
        .collect();
    assert!(silent.is_empty(), "these files do not begin with a `//!` line that says what they are for: {silent:#?}");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("readable folder") {
        let path = entry.expect("readable entry").path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                collect(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
