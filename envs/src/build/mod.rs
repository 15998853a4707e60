//! Building a Rust guest into a component, without any tool but a Rust toolchain.
//!
//! Cargo makes a core module, `wit_component` wraps it into a component inside this process, and a stamp of everything
//! it was made from is written beside it. Chosen: no `build.rs` and no `cargo component`, so that cloning and running
//! the binary never needs a WASM toolchain; the shipped components are checked in and a stale stamp fails a test.

mod stamp;
mod toolchain;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use wit_component::ComponentEncoder;

pub use stamp::stamp;
pub use toolchain::Toolchain;

/// What a build left behind.
#[derive(Clone, Debug)]
pub struct GuestBuild {
    /// Name of the guest's package.
    pub name: String,
    /// The component.
    pub component: PathBuf,
    /// Hash of everything it was built from, also in the `.stamp` file beside it.
    pub stamp: String,
    pub bytes: u64,
    pub toolchain: Toolchain,
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
    #[error("{command}: {source}")]
    Start { command: String, source: std::io::Error },
    #[error("{command} failed ({status})\n{output}")]
    Cargo { command: String, status: String, output: String },
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

/// Builds the guest in `folder` and writes `<package>.wasm` and `<package>.stamp` into `output`.
///
/// # Errors
/// No toolchain, a compile error (cargo's own words), or a module that exports no environment.
pub fn build_rust_guest(folder: &Path, output: &Path) -> Result<GuestBuild, BuildError> {
    if !folder.join("Cargo.toml").is_file() {
        return Err(BuildError::NoManifest { path: folder.to_owned() });
    }
    let toolchain = Toolchain::find(folder)?;
    let before = stamp::inputs(folder)?;
    let module_path = compile(folder, &toolchain)?;
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
    std::fs::create_dir_all(output).map_err(io(output))?;
    let path = output.join(format!("{}.wasm", stamp.package));
    write_whole(&path, &component).map_err(io(&path))?;
    let stamp_path = path.with_extension("stamp");
    write_whole(&stamp_path, format!("{}\n", stamp.hash).as_bytes()).map_err(io(&stamp_path))?;
    Ok(GuestBuild { name: stamp.package, component: path, stamp: stamp.hash, bytes: component.len() as u64, toolchain })
}

/// Runs cargo and returns the module it made.
fn compile(folder: &Path, toolchain: &Toolchain) -> Result<PathBuf, BuildError> {
    let mut command = toolchain.cargo(folder);
    command.args(["build", "--release", "--lib", "--target", "wasm32-unknown-unknown"]);
    command.arg("--message-format=json-render-diagnostics").arg("--target-dir").arg(target_folder());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let shown = format!("{command:?}");
    let done = command.output().map_err(|source| BuildError::Start { command: shown.clone(), source })?;
    if !done.status.success() {
        let output = String::from_utf8_lossy(&done.stderr).into_owned();
        return Err(BuildError::Cargo { command: shown, status: done.status.to_string(), output });
    }
    let wanted = folder.join("Cargo.toml");
    let wanted = wanted.canonicalize().unwrap_or(wanted);
    let messages = String::from_utf8_lossy(&done.stdout);
    let module =
        messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()).find_map(|m| {
            let ours = m["reason"] == "compiler-artifact" && Path::new(m["manifest_path"].as_str()?) == wanted;
            let files = m["filenames"].as_array().filter(|_| ours)?;
            files.iter().filter_map(|f| f.as_str()).find(|f| f.ends_with(".wasm")).map(PathBuf::from)
        });
    module.ok_or_else(|| BuildError::NoModule { path: folder.to_owned() })
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
