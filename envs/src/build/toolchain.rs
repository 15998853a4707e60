//! Finding a Rust toolchain that can build guests.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::BuildError;

const TARGET: &str = "wasm32-unknown-unknown";

/// A way to run cargo for guests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The active toolchain has the target's standard library (rustup's way).
    Installed { cargo: PathBuf, sysroot: PathBuf },
    /// A distribution's compiler with its sources: the standard library is built along (Debian's way).
    WithSources { cargo: PathBuf, rustc: PathBuf, sources: PathBuf },
}

impl Toolchain {
    /// The first that can build for the guest target, as seen from `folder` (which may hold a toolchain file).
    ///
    /// # Errors
    /// When there is none; the message says what was looked at and what to install.
    pub fn find(folder: &Path) -> Result<Self, BuildError> {
        let mut looked = Vec::new();
        for (cargo, rustc) in [("cargo", "rustc"), ("/usr/bin/cargo", "/usr/bin/rustc")] {
            let Some(sysroot) = sysroot(rustc, folder) else {
                looked.push(format!("{rustc}: not there"));
                continue;
            };
            if sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir() {
                return Ok(Self::Installed { cargo: cargo.into(), sysroot });
            }
            let sources = sysroot.join("lib/rustlib/src/rust/library");
            if rustc.starts_with('/') && sources.is_dir() {
                return Ok(Self::WithSources { cargo: cargo.into(), rustc: rustc.into(), sources });
            }
            looked.push(format!("{rustc}: no {TARGET} under {}", sysroot.display()));
        }
        Err(BuildError::NoToolchain { looked: looked.join("; ") })
    }

    /// Cargo, set up for a guest in `folder`: what the caller's own build set is not inherited, and no path of this
    /// machine ends up in the component (panic messages carry file names).
    pub(super) fn cargo(&self, folder: &Path) -> Command {
        let cargo = match self {
            Self::Installed { cargo, .. } | Self::WithSources { cargo, .. } => cargo,
        };
        let mut command = Command::new(cargo);
        command.current_dir(folder);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(is_of_the_host_build) {
                command.env_remove(name);
            }
        }
        let mut flags = vec!["-Clink-arg=-zstack-size=262144".to_owned()];
        let mut remap = |from: PathBuf, to: &str| flags.push(format!("--remap-path-prefix={}={to}", from.display()));
        // Cargo names files of the guest's own workspace relative to it. Flags that differ between guests would build
        // the standard library anew for each.
        for registry in registries() {
            remap(registry, "/crates");
        }
        match self {
            Self::Installed { sysroot, .. } => remap(sysroot.join("lib/rustlib/src/rust"), "/rust"),
            Self::WithSources { rustc, sources, .. } => {
                command.env("RUSTC", rustc).env("RUSTC_BOOTSTRAP", "1").arg("-Zbuild-std=std,panic_abort");
                for path in [sources.clone(), sources.canonicalize().unwrap_or_else(|_| sources.clone())] {
                    remap(path, "/rust/library");
                }
            }
        }
        command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
        command
    }
}

impl std::fmt::Display for Toolchain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Installed { sysroot, .. } => write!(f, "{TARGET} of {}", sysroot.display()),
            Self::WithSources { rustc, .. } => write!(f, "{} with its standard library's sources", rustc.display()),
        }
    }
}

/// Variables of the build that this process may itself be part of (`cargo run`, clippy, coverage wrappers).
fn is_of_the_host_build(name: &str) -> bool {
    let network = ["CARGO_HOME", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR", "CARGO_SOURCE_"];
    let cargo = name.starts_with("CARGO") && !network.iter().any(|kept| name.starts_with(kept));
    cargo || name.starts_with("RUSTFLAGS") || name.starts_with("RUSTDOC") || name.starts_with("RUSTC")
}

fn sysroot(rustc: &str, folder: &Path) -> Option<PathBuf> {
    let done = Command::new(rustc).args(["--print", "sysroot"]).current_dir(folder).output().ok()?;
    let path = PathBuf::from(String::from_utf8(done.stdout).ok()?.trim());
    (done.status.success() && path.is_dir()).then_some(path)
}

/// Folders in which cargo keeps the sources of crates, one for each registry.
fn registries() -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let Some(entries) = home.and_then(|home| std::fs::read_dir(home.join("registry/src")).ok()) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.sort();
    found
}
