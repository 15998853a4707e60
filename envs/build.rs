//! Lists what `coevo env new` writes: the templates, the SDKs and the interface, embedded by `src/scaffold.rs`.
//!
//! A list by hand would go stale with every file that an SDK gains; the folders are the list.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../plugins");
    let mut files = Vec::new();
    for part in ["sdk", "template", "template-js", "template-python", "wit"] {
        collect(&root, part, &mut files);
    }
    files.sort();
    let mut code = String::from("&[\n");
    for path in files {
        let full = root.join(&path);
        writeln!(code, "    ({path:?}, include_str!({:?})),", full.display().to_string()).expect("a string takes it");
    }
    code.push(']');
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets it")).join("embedded.rs");
    std::fs::write(out, code).expect("OUT_DIR is writable");
}

/// Adds the files below `root/path`, but for an SDK's own tests and what builds leave behind.
fn collect(root: &Path, path: &str, files: &mut Vec<String>) {
    let folder = root.join(path);
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in std::fs::read_dir(&folder).expect("a readable folder") {
        let entry = entry.expect("a readable entry");
        let name = entry.file_name().into_string().expect("names are UTF-8");
        let inner = format!("{path}/{name}");
        let output = ["target", "__pycache__", "node_modules"].contains(&name.as_str())
            || name.ends_with(".wasm")
            || name.ends_with(".stamp");
        let own_tests = path.starts_with("sdk/") && name == "tests";
        if name.starts_with('.') || output || own_tests {
            continue;
        }
        if entry.path().is_dir() {
            collect(root, &inner, files);
        } else {
            files.push(inner);
        }
    }
}
