//! What a user may set: the types live in `coevo_core::config` (edit them THERE), so that scenarios embed the same ones.

pub use coevo_core::config::*;
