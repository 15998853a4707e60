//! The host of environments: the wasmtime sandbox, schema validation, verification and the interface overlay.

pub mod build;
pub mod sandbox;
