//! Compiled code on disk, so that a component or module is compiled once per machine and not once per process.
//!
//! A file is named by the hash of what was compiled and of the engine's settings, and begins with the hash of its own
//! content. It is written beside its place and renamed, so a reader sees all of it or nothing. Whatever is wrong with a
//! file, the answer is to compile.

use std::hash::{Hash, Hasher};
use std::path::Path;

use wasmtime::Engine;

use super::trusted::Compiled;

const HASH: usize = blake3::OUT_LEN;

pub(super) fn compile<C: Compiled>(engine: &Engine, folder: Option<&Path>, wasm: &[u8]) -> wasmtime::Result<C> {
    let Some(folder) = folder else {
        return C::compile(engine, wasm);
    };
    let path = folder.join(format!("{}.code", key(engine, wasm)));
    if let Some(compiled) = read(engine, &path) {
        return Ok(compiled);
    }
    let compiled = C::compile(engine, wasm)?;
    // A cache that cannot be written costs time, nothing else.
    let _ = compiled.code().map(|code| write(folder, &path, &code));
    Ok(compiled)
}

/// Two more copies of what is compiled.
pub(super) fn copies<C: Compiled>(engine: &Engine, compiled: &C) -> wasmtime::Result<[C; 2]> {
    let code = compiled.code()?;
    Ok([C::load(engine, &code)?, C::load(engine, &code)?])
}

fn read<C: Compiled>(engine: &Engine, path: &Path) -> Option<C> {
    let file = std::fs::read(path).ok()?;
    let (recorded, code) = file.split_at_checked(HASH)?;
    if blake3::hash(code).as_bytes().as_slice() != recorded {
        return None;
    }
    C::load(engine, code).ok()
}

fn write(folder: &Path, path: &Path, code: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let unique = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let part = path.with_extension(format!("part-{}-{unique}", std::process::id()));
    let mut file = blake3::hash(code).as_bytes().to_vec();
    file.extend_from_slice(code);
    std::fs::write(&part, file).and_then(|()| std::fs::rename(&part, path)).inspect_err(|_| {
        let _ = std::fs::remove_file(&part);
    })
}

/// Name of the code of `wasm` under this engine.
fn key(engine: &Engine, wasm: &[u8]) -> String {
    struct Blake(blake3::Hasher);
    impl Hasher for Blake {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            self.0.finalize().as_bytes().iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        }
    }
    let mut hasher = Blake(blake3::Hasher::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.write(blake3::hash(wasm).as_bytes());
    hasher.0.finalize().to_hex()[..40].to_owned()
}
