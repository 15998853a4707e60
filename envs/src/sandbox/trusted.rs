//! The only unsafe code of the host: loading machine code that this program compiled earlier.

use wasmtime::component::Component;
use wasmtime::{Engine, Module, Result};

/// What is compiled, kept and loaded again.
///
/// `load` is given what `code` returned in the same program, just now or in an earlier process: the cache compares a BLAKE3 hash that it wrote
/// beside the code, which finds any file that was cut short or damaged, and wasmtime itself refuses code of another
/// version or configuration. What this does not guard against is somebody who can already write to the user's own cache
/// folder, and so could replace the program too.
pub(super) trait Compiled: Sized {
    fn compile(engine: &Engine, wasm: &[u8]) -> Result<Self>;
    fn code(&self) -> Result<Vec<u8>>;
    fn load(engine: &Engine, code: &[u8]) -> Result<Self>;
}

macro_rules! compiled {
    ($of:ty) => {
        impl Compiled for $of {
            fn compile(engine: &Engine, wasm: &[u8]) -> Result<Self> {
                Self::from_binary(engine, wasm)
            }

            fn code(&self) -> Result<Vec<u8>> {
                self.serialize()
            }

            #[expect(
                unsafe_code,
                reason = "wasmtime cannot check that machine code is what its compiler wrote; see above"
            )]
            fn load(engine: &Engine, code: &[u8]) -> Result<Self> {
                // SAFETY: the cache has what it wrote itself, or has just compared it with the hash recorded then.
                unsafe { Self::deserialize(engine, code) }
            }
        }
    };
}

compiled!(Component);
compiled!(Module);
