//! Building a guest into a component, and a stamp of everything that it was made from beside it.
//!
//! Of a Rust guest cargo makes a core module, which `wit_component` wraps into a component inside this process: no tool is
//! needed but a Rust toolchain. Chosen: no `build.rs` and no `cargo component`, so that cloning and running the binary never
//! needs a WASM toolchain; the shipped components are checked in and a stale stamp fails a test. Of a Python guest
//! componentize-py makes the component (`python`), of one in JavaScript componentize-qjs (`js`).

mod js;
mod python;
mod stage;
mod stamp;
mod toolchain;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use wit_component::ComponentEncoder;

use crate::manifest::{Language, Manifest, ManifestError};
use crate::plugin::{EnvPlugin, LoadError};
use crate::sandbox::{Sandbox, SandboxError, SandboxLimits};

pub use js::find as find_componentize_qjs;
pub use python::Componentizer;
pub use stamp::stamp;
pub use toolchain::Toolchain;

/// What a build left behind.
#[derive(Clone)]
pub struct GuestBuild {
    /// Name of the guest's package.
    pub name: String,
    /// The component.
    pub component: PathBuf,
    /// Hash of everything it was built from, also in the `.stamp` file beside it.
    pub stamp: String,
    pub bytes: u64,
    /// What was built, loaded. It carries the folder's manifest, where there is one.
    pub plugin: EnvPlugin,
}

/// What a build is doing, for people.
#[derive(Clone, Copy)]
pub enum BuildStep<'a> {
    /// A way to build was found.
    Found(&'a dyn std::fmt::Display),
    /// A line of the compiler's.
    Compiler(&'a str),
}

/// A component that is not yet written.
struct Finished {
    name: String,
    component: Vec<u8>,
    stamp: String,
    manifest: Option<Manifest>,
}

/// Why a guest could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("{path}: no Cargo.toml there\nhint: give the folder of a guest, such as plugins/travel")]
    NoManifest { path: PathBuf },
    #[error(
        "no Rust toolchain that can build for wasm32-unknown-unknown was found ({looked})\n\
         hint: `rustup target add wasm32-unknown-unknown`, or on Debian \
         `apt install rustc-web cargo-web rust-web-src rust-web-llvm lld-22`"
    )]
    NoToolchain { looked: String },
    #[error(
        "no componentize-py of the series {} was found ({looked})\n\
         hint: `pip install componentize-py=={}`, in a virtual environment that is active, or in the folder's own `.venv`",
        python::SERIES.trim_end_matches('.'),
        python::VERSION
    )]
    NoComponentizer { looked: String },
    #[error(
        "{path}: no environment.py there\nhint: `coevo env new NAME --lang python` makes a folder that has all it needs"
    )]
    NoModulePy { path: PathBuf },
    #[error(
        "no componentize-qjs was found ({looked})\n\
         hint: `npm install componentize-qjs@{}` in the environment's folder",
        js::VERSION
    )]
    NoQuickJs { looked: String },
    #[error(
        "{path}: no environment.js there\nhint: `coevo env new NAME --lang js` makes a folder that has all it needs"
    )]
    NoModuleJs { path: PathBuf },
    #[error("{folder} cannot be imported\n{output}")]
    Script { folder: PathBuf, output: String },
    #[error(
        "{list}: pip cannot install what it lists\n{output}\n\
         hint: only wheels of pure Python (py3-none-any) can be built in; libraries in C cannot"
    )]
    Libraries { list: PathBuf, output: String },
    #[error("{command}: {source}")]
    Start { command: String, source: std::io::Error },
    #[error("{folder} does not compile ({status})\n{output}")]
    Cargo { folder: PathBuf, status: String, output: String },
    #[error("{0}\nNothing was written.")]
    Load(#[from] LoadError),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error(transparent)]
    ManifestFile(#[from] ManifestError),
    #[error("{folder}: `coevo env build` cannot build {language}\nhint: name the .wasm file that its own tools made")]
    Language { folder: PathBuf, language: &'static str },
    #[error("{path}: cargo built no .wasm\nhint: add to Cargo.toml: [lib] crate-type = [\"cdylib\", \"rlib\"]")]
    NoModule { path: PathBuf },
    #[error("{path}: not an environment: {reason}\nhint: call `coevo_sdk::export!(YourEnvironment);` once in lib.rs")]
    NotAGuest { path: PathBuf, reason: String },
    #[error("{path}: the sources changed while they were built\nhint: build again")]
    Changed { path: PathBuf },
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{path}: {reason}")]
    Manifest { path: PathBuf, reason: String },
}

/// Where a guest's component goes unless told otherwise: `components/` beside its folder where there is one (the shipped
/// guests), else the guest's own folder.
pub fn default_output(folder: &Path) -> PathBuf {
    let shelf = folder.canonicalize().ok().and_then(|folder| Some(folder.parent()?.join("components")));
    match shelf {
        Some(shelf) if shelf.is_dir() => shelf,
        _ => folder.to_owned(),
    }
}

/// Builds the guest in `folder`, in the language that its manifest names (Rust, if there is none), and tells of it.
///
/// # Errors
/// As [`build_rust_guest`]; a language that cannot be built here.
pub fn build_guest(
    folder: &Path,
    output: &Path,
    tell: &mut dyn FnMut(BuildStep<'_>),
) -> Result<GuestBuild, BuildError> {
    let manifest = Manifest::of_folder(folder)?;
    let finished = match manifest.as_ref().map_or(Language::Rust, |manifest| manifest.language) {
        Language::Rust => build_rust(folder, tell)?,
        Language::Python => python::build(folder, manifest.expect("it names the language"), tell)?,
        Language::Js => js::build(folder, manifest.expect("it names the language"), tell)?,
        other => return Err(BuildError::Language { folder: folder.to_owned(), language: other.name() }),
    };
    place(folder, output, finished)
}

/// Builds the Rust guest in `folder` and writes `<package>.wasm` and `<package>.stamp` into `output`.
///
/// # Errors
/// No toolchain, a wrong manifest, a compile error (the compiler's own words), or a component that does not load or
/// contradicts its manifest. Then nothing is written.
pub fn build_rust_guest(folder: &Path, output: &Path) -> Result<GuestBuild, BuildError> {
    place(folder, output, build_rust(folder, &mut |_| ())?)
}

fn build_rust(folder: &Path, tell: &mut dyn FnMut(BuildStep<'_>)) -> Result<Finished, BuildError> {
    if !folder.join("Cargo.toml").is_file() {
        return Err(BuildError::NoManifest { path: folder.to_owned() });
    }
    let manifest = Manifest::of_folder(folder)?;
    let toolchain = Toolchain::find(folder)?;
    tell(BuildStep::Found(&toolchain));
    let before = stamp::inputs(folder)?;
    let module_path = compile(folder, &toolchain, tell)?;
    let stamp = stamp::inputs(folder)?;
    // An edit in between would give old code a fresh stamp.
    if before.sources != stamp.sources {
        return Err(BuildError::Changed { path: folder.to_owned() });
    }
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| BuildError::Io { path, source }
    };
    let module = std::fs::read(&module_path).map_err(io(&module_path))?;
    let component = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| BuildError::NotAGuest { path: folder.to_owned(), reason: format!("{error:#}") })?;
    Ok(Finished { name: stamp.package, component, stamp: stamp.hash, manifest })
}

/// Checks a component by loading it, and writes it with its stamp.
fn place(folder: &Path, output: &Path, finished: Finished) -> Result<GuestBuild, BuildError> {
    let Finished { name, component, stamp, manifest } = finished;
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| BuildError::Io { path, source }
    };
    let component = match &manifest {
        Some(manifest) => manifest.embed(&component),
        None => component,
    };
    let sandbox = Sandbox::new(SandboxLimits::default())?;
    let plugin = EnvPlugin::with_manifest(&sandbox, &folder.display().to_string(), &component, manifest)?;
    std::fs::create_dir_all(output).map_err(io(output))?;
    let path = output.join(format!("{name}.wasm"));
    write_whole(&path, &component).map_err(io(&path))?;
    let stamp_path = path.with_extension("stamp");
    write_whole(&stamp_path, format!("{stamp}\n").as_bytes()).map_err(io(&stamp_path))?;
    let bytes = component.len() as u64;
    Ok(GuestBuild { name, component: path, stamp, bytes, plugin })
}

/// Runs cargo and returns the module it made.
fn compile(folder: &Path, toolchain: &Toolchain, tell: &mut dyn FnMut(BuildStep<'_>)) -> Result<PathBuf, BuildError> {
    let mut command = toolchain.cargo(folder);
    command.args(["build", "--release", "--lib", "--target", "wasm32-unknown-unknown"]);
    command.arg("--message-format=json-render-diagnostics").arg("--target-dir").arg(target_folder());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let program = command.get_program().to_string_lossy().into_owned();
    let start = |source| BuildError::Start { command: program.clone(), source };
    let mut child = command.spawn().map_err(start)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (mut messages, mut output) = (String::new(), String::new());
    // Both pipes are read at once, so that neither fills up.
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| stdout.map(|mut pipe| pipe.read_to_string(&mut messages)));
        for line in stderr.into_iter().flat_map(|pipe| BufReader::new(pipe).lines()).map_while(Result::ok) {
            tell(BuildStep::Compiler(&line));
            output.push_str(&line);
            output.push('\n');
        }
        // What cannot be read holds no artefact, which is reported below.
        let _ = reader.join();
    });
    let status = child.wait().map_err(start)?;
    if !status.success() {
        let output = complaints(&output);
        return Err(BuildError::Cargo { folder: folder.to_owned(), status: status.to_string(), output });
    }
    let wanted = folder.join("Cargo.toml");
    let wanted = wanted.canonicalize().unwrap_or(wanted);
    let module =
        messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()).find_map(|m| {
            let ours = m["reason"] == "compiler-artifact" && Path::new(m["manifest_path"].as_str()?) == wanted;
            let files = m["filenames"].as_array().filter(|_| ours)?;
            files.iter().filter_map(|f| f.as_str()).find(|f| f.ends_with(".wasm")).map(PathBuf::from)
        });
    module.ok_or_else(|| BuildError::NoModule { path: folder.to_owned() })
}

/// What cargo said without its progress lines ("   Compiling serde v1.0.0").
fn complaints(output: &str) -> String {
    const PROGRESS: [&str; 9] =
        ["Compiling", "Downloading", "Downloaded", "Updating", "Locking", "Adding", "Blocking", "Checking", "Fresh"];
    let is_progress = |line: &&str| PROGRESS.contains(&line.split_whitespace().next().unwrap_or_default());
    let kept: Vec<&str> = output.lines().filter(|line| !(line.starts_with("  ") && is_progress(line))).collect();
    kept.join("\n").trim().to_owned()
}

/// Guests are built in a folder of their own: `COEVO_GUEST_TARGET`, else the user's cache folder.
fn target_folder() -> PathBuf {
    match std::env::var_os("COEVO_GUEST_TARGET") {
        Some(path) => path.into(),
        None => crate::sandbox::user_cache().unwrap_or_else(std::env::temp_dir).join("coevo-guest-target"),
    }
}

/// A reader sees the old file or the new one, never a part.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let part = path.with_extension(format!("part-{}", std::process::id()));
    std::fs::write(&part, bytes)?;
    std::fs::rename(&part, path)
}
