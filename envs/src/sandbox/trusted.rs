//! The only unsafe code of the host: loading machine code that this program compiled earlier.

use wasmtime::Engine;
use wasmtime::component::Component;

/// Loads precompiled code.
///
/// `code` must come from [`Component::serialize`] of the same program: the cache compares a BLAKE3 hash that it wrote
/// beside the code, which finds any file that was cut short or damaged, and wasmtime itself refuses code of another
/// version or configuration. What this does not guard against is somebody who can already write to the user's own cache
/// folder, and so could replace the program too.
#[expect(unsafe_code, reason = "wasmtime cannot check that machine code is what its compiler wrote; see above")]
pub(super) fn load(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the caller has just compared `code` with the hash recorded when this program serialized it.
    unsafe { Component::deserialize(engine, code) }
}
