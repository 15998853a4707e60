//! The host of environments: the wasmtime sandbox, schema validation, verification and the interface overlay.
