//! (first part)
use std::path::PathBuf;

/// The user's cache folder: `XDG_CACHE_HOME`, else `~/.cache`.
pub(crate) fn user_cache() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))
}
