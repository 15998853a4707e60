//! A new environment's folder: a small complete environment under the name that its author chose, and the SDK it builds
//! against.
//!
//! Both are embedded, so that one binary on a machine without network knows everything but what crates.io serves. Chosen
//! over a dependency on a published SDK: the copy always speaks this program's ABI, and an author can read it.

use std::path::{Path, PathBuf};

use crate::manifest::Language;

/// Everything below `plugins/template` (and those of other languages), `sdk` and `wit` (see `build.rs`): (path there, text).
const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// Files of the template that mean nothing outside of this repository.
const OURS: [&str; 1] = ["tests/by_hand.rs"];

/// Why a folder could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    #[error(
        "name {name:?}: {problem}\nhint: lower-case letters, digits, - and _, beginning with a letter, such as `my-env`"
    )]
    Name { name: String, problem: String },
    #[error("{folder}: is there already, and not empty\nhint: choose another name, or remove the folder")]
    Exists { folder: PathBuf },
    #[error("there is no template for {language}\nhint: `--lang rust`, `python` or `js`")]
    Language { language: &'static str },
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
}

/// Makes the folder of a new environment; its last component is the environment's name. Returns the name.
///
/// # Errors
/// A name that cargo or the ABI does not take, a folder that is there, or one that cannot be written: then nothing is left
/// behind.
pub fn scaffold(folder: &Path, language: Language) -> Result<String, ScaffoldError> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    check_name(&name)?;
    let files = match language {
        Language::Rust => rust(&name),
        Language::Python => script(&name, "python", "/.venv\n__pycache__/\n"),
        Language::Js => script(&name, "js", "/node_modules\n"),
        other => return Err(ScaffoldError::Language { language: other.name() }),
    };
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| ScaffoldError::Io { path, source }
    };
    let fresh = !folder.exists();
    if !fresh && folder.read_dir().map_err(io(folder))?.next().is_some() {
        return Err(ScaffoldError::Exists { folder: folder.to_owned() });
    }
    let write = || {
        for (path, text) in &files {
            let path = folder.join(path);
            let parent = path.parent().unwrap_or(folder);
            std::fs::create_dir_all(parent).map_err(io(parent))?;
            std::fs::write(&path, text).map_err(io(&path))?;
        }
        Ok(())
    };
    let written = write();
    if written.is_err() && fresh {
        // Half a folder would be in the way of the next attempt. That it cannot be removed is the lesser news.
        let _ = std::fs::remove_dir_all(folder);
    }
    written.map(|()| name)
}

/// What `name` must be so that cargo, Rust and the ABI all take it.
fn check_name(name: &str) -> Result<(), ScaffoldError> {
    // Rust's own crates and those that the template uses; keywords cannot be crate names either.
    const TAKEN: &str = "alloc core proc_macro std test coevo_sdk coevo_sdk_derive serde serde_json postcard dlmalloc \
        wit_bindgen as async await break const continue crate dyn else enum extern false fn for gen if impl in let loop \
        match mod move mut pub ref return self static struct super trait true type unsafe use where while abstract become \
        box do final macro override priv try typeof unsized virtual yield";
    let wrong = |problem: &str| Err(ScaffoldError::Name { name: name.to_owned(), problem: problem.to_owned() });
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(fits) || name.len() > 64 {
        return wrong("is no name for an environment");
    }
    if TAKEN.split_whitespace().any(|taken| taken == name.replace('-', "_")) {
        return wrong("is taken by Rust or by a crate that the environment uses");
    }
    Ok(())
}

/// The Rust template under another name, and the SDK beside it: (path, text).
fn rust(name: &str) -> Vec<(String, String)> {
    let mut files = vec![(".gitignore".to_owned(), "/target\n".to_owned())];
    for (path, text) in EMBEDDED {
        if let Some(path) = path.strip_prefix("template/") {
            if !OURS.contains(&path) {
                files.push((path.to_owned(), renamed(path, text, name)));
            }
        } else if path.starts_with("sdk/rust") || path.starts_with("wit/") {
            files.push(((*path).to_owned(), (*text).to_owned()));
        }
    }
    files
}

/// The template of a scripting language under another name, and the SDK beside it: (path, text).
fn script(name: &str, language: &str, ignored: &str) -> Vec<(String, String)> {
    let mut files = vec![(".gitignore".to_owned(), ignored.to_owned())];
    for (path, text) in EMBEDDED {
        if let Some(path) = path.strip_prefix(&format!("template-{language}/")) {
            files.push((path.to_owned(), renamed(path, text, name)));
        } else if path.starts_with(&format!("sdk/{language}/")) {
            files.push(((*path).to_owned(), (*text).to_owned()));
        }
    }
    files
}

/// The files of an SDK of this program: (path below its folder, text).
fn sdk(folder: &str) -> Vec<(&'static str, &'static str)> {
    EMBEDDED.iter().filter_map(|(path, text)| Some((path.strip_prefix(folder)?, *text))).collect()
}

pub(crate) fn python_sdk() -> Vec<(&'static str, &'static str)> {
    sdk("sdk/python/")
}

pub(crate) fn js_sdk() -> Vec<(&'static str, &'static str)> {
    sdk("sdk/js/")
}

/// `todo` as the text of `path` uses it, replaced by `name`.
fn renamed(path: &str, text: &str, name: &str) -> String {
    let krate = name.replace('-', "_");
    let camel: String = name.split(['-', '_']).map(capitalised).collect();
    match path {
        // Written for its place in the repository; in the new folder the SDK lies inside.
        "Cargo.toml" => text.replace("\"todo\"", &format!("\"{name}\"")).replace("\"../sdk/rust\"", "\"sdk/rust\""),
        "Cargo.lock" | "env.toml" => text.replace("\"todo\"", &format!("\"{name}\"")),
        "README.md" => text.replace("todo", name),
        _ => text
            .replace("\"todo\"", &format!("\"{name}\""))
            .replace("`todo`", &format!("`{name}`"))
            .replace("todo::", &format!("{krate}::"))
            .replace("Todo", &camel),
    }
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_holds_all_that_a_build_reads_and_no_more() {
        let files: Vec<String> = rust("my-env").into_iter().map(|(path, _)| path).collect();
        for wanted in
            ["Cargo.lock", "sdk/rust/src/lib.rs", "sdk/rust-derive/src/lib.rs", "wit/coevo-env.wit", "env.toml"]
        {
            assert!(files.iter().any(|path| path == wanted), "{wanted} is not embedded");
        }
        assert!(!files.iter().any(|path| path.contains("sdk/rust/tests") || path.contains("by_hand")), "{files:?}");
    }

    #[test]
    fn names_that_cargo_or_rust_would_refuse_are_refused_first() {
        for name in ["my-env", "a", "a_b2", "todo", "template"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "My", "2x", "a b", "a/b", "test", "match", "serde-json", "coevo-sdk", "é", "-a"] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_template_takes_the_new_name_everywhere() {
        let own = |files: Vec<(String, String)>| files.into_iter().filter(|(path, _)| !path.starts_with("sdk/"));
        for (path, text) in
            own(rust("my-env")).chain(own(script("my-env", "python", ""))).chain(own(script("my-env", "js", "")))
        {
            assert!(!text.to_lowercase().contains("todo"), "{path} still says todo");
        }
        let text = |wanted: &str| rust("my-env").into_iter().find(|(path, _)| path == wanted).unwrap().1;
        assert!(text("src/lib.rs").contains("coevo_sdk::export!(MyEnv);"));
        assert!(text("tests/conformance.rs").contains("use my_env::MyEnv;"));
        assert!(text("Cargo.toml").contains("name = \"my-env\"") && text("Cargo.toml").contains("\"sdk/rust\""));
    }

    #[test]
    fn a_folder_that_is_there_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (new, file) = (folder.path().join("one"), folder.path().join("one/keep"));
        std::fs::create_dir(&new).unwrap();
        std::fs::write(&file, "mine").unwrap();
        assert!(matches!(scaffold(&new, Language::Rust), Err(ScaffoldError::Exists { .. })));
        assert_eq!(std::fs::read_dir(&new).unwrap().count(), 1);
        assert!(matches!(scaffold(&new.join("two"), Language::Other), Err(ScaffoldError::Language { .. })));
        assert_eq!(scaffold(&folder.path().join("three"), Language::Rust).unwrap(), "three");
        assert!(folder.path().join("three/wit/coevo-env.wit").is_file());
    }
}
