//! Building a Python guest: componentize-py puts CPython, the SDK and the author's modules into one component.
//!
//! What the modules do when they are imported happens here, once, and stays in the component's memory image. All WASI imports
//! are stubbed, so that a Python component imports what any other does, and the sandbox has no exception for it. The sources are
//! copied first: componentize-py lets Python write beside them, and what is not copied is not in the component.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::stage::{Staging, copy, io, nowhere, programs, run, write};
use super::{BuildError, BuildStep, Finished, stamp};
use crate::manifest::Manifest;
use crate::scaffold;

/// The release that this program was tried with. Another one of its series will do; another series may speak another
/// interface.
pub(super) const VERSION: &str = "0.25.1";
pub(super) const SERIES: &str = "0.25.";

/// Python inside of the component: what libraries are chosen for.
const INNER: &str = "3.14";

/// Names one that is used before all others.
const VARIABLE: &str = "COEVO_COMPONENTIZE_PY";

/// The file that lists libraries to build in.
const REQUIREMENTS: &str = "requirements.txt";

/// componentize-py, found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Componentizer {
    program: PathBuf,
    version: String,
}

impl std::fmt::Display for Componentizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "componentize-py {} ({})", self.version, self.program.display())
    }
}

impl Componentizer {
    /// The first of: the one that the variable names, the folder's own `.venv`, the active virtual environment, the path.
    ///
    /// # Errors
    /// When there is none of the right series; the message says what was looked at and what to install.
    pub fn find(folder: &Path) -> Result<Self, BuildError> {
        let active = std::env::var_os("VIRTUAL_ENV").map(|active| Path::new(&active).join("bin"));
        let mut looked = Vec::new();
        for program in programs("componentize-py", VARIABLE, [Some(folder.join(".venv/bin")), active]) {
            let said = Command::new(&program).arg("--version").stdin(Stdio::null()).output();
            let said = said.map(|done| String::from_utf8_lossy(&done.stdout).trim().to_owned()).unwrap_or_default();
            match said.strip_prefix("componentize-py ").filter(|version| version.starts_with(SERIES)) {
                Some(version) => return Ok(Self { program, version: version.to_owned() }),
                None => looked.push(format!("{}: {said:?}", program.display())),
            }
        }
        if looked.is_empty() {
            looked.push(nowhere(VARIABLE, "not in .venv, not in VIRTUAL_ENV, not on the path"));
        }
        Err(BuildError::NoComponentizer { looked: looked.join("; ") })
    }

    /// The Python that it was installed into, which has pip.
    fn python(&self) -> PathBuf {
        let beside = self.program.with_file_name("python3");
        if beside.is_file() { beside } else { PathBuf::from("python3") }
    }
}

/// Builds the component; nothing is written outside of the cache folder.
pub(super) fn build(
    folder: &Path,
    manifest: Manifest,
    tell: &mut dyn FnMut(BuildStep<'_>),
) -> Result<Finished, BuildError> {
    if !folder.join("environment.py").is_file() {
        return Err(BuildError::NoModulePy { path: folder.to_owned() });
    }
    let tool = Componentizer::find(folder)?;
    tell(BuildStep::Found(&tool));
    let before = stamp::script(folder, &scaffold::python_sdk())?;
    let stage = Staging::new("python");
    let at = |part: &str| stage.0.join(part);
    copy(folder, &at("app"))?;
    write(&at("wit"), &[("coevo-env.wit", stamp::ABI)])?;
    // An author's copy of the SDK is the one that the native tests ran with.
    match folder.join("sdk/python") {
        own if own.is_dir() => copy(&own, &at("sdk"))?,
        _ => write(&at("sdk"), &scaffold::python_sdk())?,
    }
    // Else the tool would add the packages of whatever Python environment is active.
    let nothing = at("none/lib/site-packages");
    std::fs::create_dir_all(&nothing).map_err(io(&nothing))?;
    let libraries = libraries(folder, &tool, tell)?;
    let out = at("component.wasm");
    let mut command = Command::new(&tool.program);
    command.current_dir(&stage.0).env("VIRTUAL_ENV", at("none")).env("RUST_BACKTRACE", "0");
    command
        .args(["-q", "-d", "wit", "-w", "environment", "componentize", "coevo_guest", "--stub-wasi", "-o"])
        .arg(&out);
    command.args(["-p", "app", "-p", "sdk"]);
    if let Some(libraries) = &libraries {
        command.arg("-p").arg(libraries);
    }
    tell(BuildStep::Compiler("running the environment's imports, and keeping what they leave in memory"));
    let done = run(&mut command)?;
    if !done.status.success() {
        let output = complaint(&String::from_utf8_lossy(&done.stderr), folder);
        return Err(BuildError::Script { folder: folder.to_owned(), output });
    }
    let component = std::fs::read(&out).map_err(io(&out))?;
    let stamp = stamp::script(folder, &scaffold::python_sdk())?;
    if before != stamp {
        return Err(BuildError::Changed { path: folder.to_owned() });
    }
    Ok(Finished { name: manifest.name.clone(), component, stamp, manifest: Some(manifest) })
}

/// The libraries that the folder lists, installed into the cache; none where it lists none. Only pure Python runs inside of a
/// component, so nothing else is taken.
fn libraries(
    folder: &Path,
    tool: &Componentizer,
    tell: &mut dyn FnMut(BuildStep<'_>),
) -> Result<Option<PathBuf>, BuildError> {
    let list = folder.join(REQUIREMENTS);
    let text = match std::fs::read_to_string(&list) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(&list)(error)),
    };
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(None);
    }
    let shelf = super::target_folder().join("python-libraries");
    let place = shelf.join(&blake3::hash(text.as_bytes()).to_hex()[..24]);
    // A folder that is named in the list may change while its name stays.
    let lasting = text.lines().all(|line| !line.contains('/'));
    if lasting && place.is_dir() {
        return Ok(Some(place));
    }
    tell(BuildStep::Compiler("pip install of requirements.txt"));
    std::fs::create_dir_all(&shelf).map_err(io(&shelf))?;
    let part = Staging(place.with_extension(format!("part-{}", std::process::id())));
    let mut command = Command::new(tool.python());
    command.current_dir(folder).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    command.args([
        "--no-compile",
        "--only-binary=:all:",
        "--platform",
        "any",
        "--implementation",
        "py",
        "--abi",
        "none",
    ]);
    command.args(["--python-version", INNER, "-r", REQUIREMENTS, "--target"]).arg(&part.0);
    let done = run(&mut command)?;
    if !done.status.success() {
        let output = String::from_utf8_lossy(&done.stderr).trim().to_owned();
        return Err(BuildError::Libraries { list, output });
    }
    let _ = std::fs::remove_dir_all(&place);
    std::fs::rename(&part.0, &place).map_err(io(&place))?;
    Ok(Some(place))
}

/// What Python said, with the author's own file names.
fn complaint(said: &str, folder: &Path) -> String {
    let said = said.split_once("AssertionError: ").map_or(said, |(_, rest)| rest);
    let said = said.split("\n\nCaused by:").next().unwrap_or(said);
    let shown = folder.display().to_string();
    let mut text = said.trim().replace("\"/0/", &format!("\"{}/", shown.trim_end_matches('/')));
    text = text.replace("\"/1/", "\"sdk/python/").replace("\"/2/", "\"(libraries)/");
    if text.contains("ModuleNotFoundError") {
        text.push_str(
            "\nhint: list libraries in requirements.txt, those that they need in turn too; they must be pure Python",
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceback_names_the_authors_files() {
        let said = "Traceback (most recent call last):\n  File \"/x/bin/componentize-py\", line 8\nAssertionError: Traceback \
            (most recent call last):\n  File \"/1/coevo_guest.py\", line 25, in <module>\n    import environment\n  File \
            \"/0/environment.py\", line 4, in <module>\n    import nothing\nModuleNotFoundError: No module named 'nothing'\n\n\n\
            Caused by:\n    ModuleNotFoundError: No module named 'nothing'\n";
        let text = complaint(said, Path::new("my/env"));
        assert!(text.starts_with("Traceback (most recent"), "{text}");
        assert!(text.contains("\"my/env/environment.py\", line 4") && !text.contains("Caused by"), "{text}");
        assert!(text.ends_with("must be pure Python"), "{text}");
    }
}
