//! Building a JavaScript guest: componentize-qjs puts QuickJS, the SDK and the author's modules into one component.
//!
//! Chosen over componentize-js (StarlingMonkey): a seventh of the size and an eighth of the time of a call (docs/authoring.md). What
//! the modules do when they are imported happens here, once, and stays in the component's memory image; WASI imports are
//! stubbed, by a second component around the first.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::stage::{Staging, copy, io, nowhere, programs, run, write};
use super::{BuildError, BuildStep, Finished, stamp};
use crate::manifest::Manifest;
use crate::scaffold;

/// The release that this program was tried with.
pub(super) const VERSION: &str = "0.4.5";

/// Names one that is used before all others.
const VARIABLE: &str = "COEVO_COMPONENTIZE_QJS";

/// Builds the component; nothing is written outside of the cache folder.
pub(super) fn build(
    folder: &Path,
    manifest: Manifest,
    tell: &mut dyn FnMut(BuildStep<'_>),
) -> Result<Finished, BuildError> {
    if !folder.join("environment.js").is_file() {
        return Err(BuildError::NoModuleJs { path: folder.to_owned() });
    }
    let tool = find(folder)?;
    tell(BuildStep::Found(&tool.display()));
    let before = stamp::script(folder, &scaffold::js_sdk())?;
    let stage = Staging::new("js");
    let at = |part: &str| stage.0.join(part);
    copy(folder, &at("app"))?;
    write(&at("wit"), &[("coevo-env.wit", stamp::ABI)])?;
    // An author's copy of the SDK is the one that the native tests ran with.
    match folder.join("sdk/js") {
        own if own.is_dir() => copy(&own, &at("app/sdk/js"))?,
        _ => write(&at("app/sdk/js"), &scaffold::js_sdk())?,
    }
    let out = at("component.wasm");
    let mut command = Command::new(&tool);
    command.current_dir(&stage.0).args(["--wit", "wit", "--world", "environment", "--stub-wasi", "--sync"]);
    command.args(["--module-root", "app", "--js", "app/sdk/js/coevo_guest.js", "--output"]).arg(&out);
    tell(BuildStep::Compiler("running the environment's modules, and keeping what they leave in memory"));
    let done = run(&mut command)?;
    if !done.status.success() || !out.is_file() {
        let said = [done.stdout, done.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        let said = said.split_once("Error: ").map_or(&*said, |(_, rest)| rest);
        let output = said.trim_start_matches([':', ' ']).trim().to_owned();
        return Err(BuildError::Script { folder: folder.to_owned(), output });
    }
    let component = std::fs::read(&out).map_err(io(&out))?;
    let stamp = stamp::script(folder, &scaffold::js_sdk())?;
    if before != stamp {
        return Err(BuildError::Changed { path: folder.to_owned() });
    }
    Ok(Finished { name: manifest.name.clone(), component, stamp, manifest: Some(manifest) })
}

/// The first of: the one that the variable names, the folder's own `node_modules`, the path.
///
/// # Errors
/// When there is none; the message says what to install.
pub fn find(folder: &Path) -> Result<PathBuf, BuildError> {
    let own = folder.join("node_modules/.bin");
    programs("componentize-qjs", VARIABLE, [Some(own)])
        .next()
        .ok_or_else(|| BuildError::NoQuickJs { looked: nowhere(VARIABLE, "not in node_modules, not on the path") })
}
