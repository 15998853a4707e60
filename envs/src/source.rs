//! Where an environment's component comes from.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::plugin::LoadError;
use crate::tasks::TaskFile;

/// The shipped environments, by name: embedded, so that a first run needs no WASM toolchain. This is the one list.
pub const SHIPPED: &[(&str, &[u8])] = &[
    ("bfcl", include_bytes!("../../plugins/components/bfcl.wasm")),
    ("calendar", include_bytes!("../../plugins/components/calendar.wasm")),
    ("files", include_bytes!("../../plugins/components/files.wasm")),
    ("helpdesk", include_bytes!("../../plugins/components/helpdesk.wasm")),
    ("memory", include_bytes!("../../plugins/components/memory.wasm")),
    ("retail", include_bytes!("../../plugins/components/retail.wasm")),
    ("trading", include_bytes!("../../plugins/components/trading.wasm")),
    ("travel", include_bytes!("../../plugins/components/travel.wasm")),
    ("vehicle", include_bytes!("../../plugins/components/vehicle.wasm")),
];

/// Names an environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EnvSource {
    /// One of [`SHIPPED`].
    Shipped(String),
    /// A component, the folder of a guest that was built, or one with imported tasks.
    Path(PathBuf),
}

impl FromStr for EnvSource {
    type Err = std::convert::Infallible;

    /// Text with a separator or ending in `.wasm` is a path, anything else a shipped name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_path = text.contains(['/', std::path::MAIN_SEPARATOR]) || text.ends_with(".wasm") || text == ".";
        Ok(if is_path { Self::Path(text.into()) } else { Self::Shipped(text.to_owned()) })
    }
}

impl std::fmt::Display for EnvSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Shipped(name) => f.write_str(name),
            Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

impl EnvSource {
    /// The guest's folder, where it is named by one.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Path(path) if path.is_dir() => Some(path),
            _ => None,
        }
    }

    /// The task file of a folder with imported tasks.
    pub(crate) fn task_file(&self) -> Option<PathBuf> {
        match self {
            Self::Shipped(_) => None,
            Self::Path(path) => TaskFile::of(path),
        }
    }

    /// What a task file means by `name`: a path is relative to the file.
    pub(crate) fn beside(file: &Path, name: &str) -> Self {
        match name.parse().expect("any text names a source") {
            Self::Path(path) => Self::Path(file.parent().unwrap_or(Path::new("")).join(path)),
            shipped => shipped,
        }
    }

    /// The component's bytes.
    pub(crate) fn read(&self) -> Result<Vec<u8>, LoadError> {
        match self {
            Self::Shipped(name) => match SHIPPED.iter().find(|(shipped, _)| shipped == name) {
                Some((_, bytes)) => Ok(bytes.to_vec()),
                None if Path::new(name).exists() => Err(LoadError::UnknownName {
                    name: name.clone(),
                    hint: format!("a bare name is a shipped environment; write ./{name} for what lies here"),
                }),
                None => {
                    let shipped = SHIPPED.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
                    let hint = format!("shipped are {shipped}; a path to a component needs a / in it");
                    Err(LoadError::UnknownName { name: name.clone(), hint })
                }
            },
            Self::Path(path) => {
                let file = if path.is_dir() { in_folder(path)? } else { path.clone() };
                std::fs::read(&file).map_err(|source| LoadError::Read { path: file, source })
            }
        }
    }
}

/// Where a build of a shipped guest's folder goes.
fn shelved(folder: &Path) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    crate::build::default_output(folder).join(format!("{name}.wasm"))
}

/// The component of a guest's folder: `<folder's name>.wasm`, else the only one there, else the one that a build of it
/// put on the shelf of shipped components.
fn in_folder(folder: &Path) -> Result<PathBuf, LoadError> {
    let read = |source| LoadError::Read { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            found.push(path);
        }
    }
    found.sort();
    let whole = folder.canonicalize().map_err(read)?;
    let own = found.iter().find(|path| path.file_stem() == whole.file_name());
    match (own, found.as_slice()) {
        (Some(path), _) | (None, [path]) => Ok(path.clone()),
        (None, []) if shelved(&whole).is_file() => Ok(shelved(&whole)),
        (None, []) => Err(LoadError::NotBuilt { folder: folder.to_owned() }),
        (None, several) => {
            let names = several.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
            Err(LoadError::Several { folder: folder.to_owned(), names })
        }
    }
}
