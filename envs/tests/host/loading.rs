//! What cannot be loaded says what it is and what to do.

use crate::common::{HOSTILE, hostile, key, sandbox, task};
use coevo_envs::{Budgets, EnvPlugin, EnvSource, EvalEnv, LoadError, Sandbox, SandboxError, SandboxLimits};

/// The hostile guest with one string in it replaced by another of the same length.
fn renamed(old: &str, new: &str) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let mut bytes = HOSTILE.to_vec();
    let mut found = 0;
    for at in 0..bytes.len() - old.len() {
        if bytes[at..].starts_with(old.as_bytes()) {
            bytes[at..at + old.len()].copy_from_slice(new.as_bytes());
            found += 1;
        }
    }
    assert!(found > 0, "{old} is not in the component");
    bytes
}

#[test]
fn each_unusable_file_has_its_message() {
    let folder = tempfile::tempdir().unwrap();
    type Case<'a> = (&'a str, Option<Vec<u8>>, &'a [&'a str]);
    let cases: [Case; 7] = [
        ("none.wasm", None, &["none.wasm", "No such file"]),
        ("text.wasm", Some(b"hello".to_vec()), &["not a WebAssembly component", "env build"]),
        ("core.wasm", Some(b"\0asm\x01\0\0\0".to_vec()), &["a core WebAssembly module", "env build"]),
        ("half.wasm", Some(HOSTILE[..9000].to_vec()), &["not a WebAssembly component"]),
        (
            "old.wasm",
            Some(renamed("coevo:env/guest@1.0.0", "coevo:env/guest@0.9.0")),
            &["coevo:env/guest@0.9.0", "coevo:env/guest@1.0.0", "build the environment again"],
        ),
        ("other.wasm", Some(renamed("coevo:env/guest@1.0.0", "other:env/guest@1.0.0")), &["does not export"]),
        (
            "wants.wasm",
            Some(renamed("coevo:env/host@1.0.0", "world:sea/host@1.0.0")),
            &["imports world:sea/host@1.0.0", "no WASI"],
        ),
    ];
    for (name, bytes, says) in cases {
        let path = folder.path().join(name);
        if let Some(bytes) = bytes {
            std::fs::write(&path, bytes).unwrap();
        }
        let message = EnvPlugin::load(sandbox(), &EnvSource::Path(path)).unwrap_err().to_string();
        for text in says.iter().chain([&name]) {
            assert!(message.contains(text), "{text:?} not in {message:?}");
        }
    }
    let message = EnvPlugin::load(sandbox(), &"trvel".parse().unwrap()).unwrap_err().to_string();
    assert!(message.contains("\"trvel\"") && message.contains("helpdesk"), "{message}");
}

#[test]
fn a_folder_means_the_component_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let load = || EnvPlugin::load(sandbox(), &EnvSource::Path(folder.path().to_owned()));
    assert!(matches!(load(), Err(LoadError::NotBuilt { .. })));
    std::fs::write(folder.path().join("a.wasm"), HOSTILE).unwrap();
    assert_eq!(load().unwrap().component_id(), hostile().component_id());
    std::fs::write(folder.path().join("b.wasm"), HOSTILE).unwrap();
    assert!(matches!(load(), Err(LoadError::Several { .. })));
}

#[test]
fn a_damaged_cache_is_compiled_over() {
    let cache = tempfile::tempdir().unwrap();
    let folder = cache.path().join("components");
    let load = || {
        let sandbox = Sandbox::with_cache(crate::common::limits(), Some(folder.clone())).unwrap();
        let plugin = EnvPlugin::from_bytes(&sandbox, "hostile", HOSTILE).unwrap();
        EvalEnv::new(&plugin, &task("").public, key(), &Budgets::default()).unwrap();
        plugin.spec().clone()
    };
    let files = || {
        let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    };
    let spec = load();
    // The component, and the module in it.
    let all: [_; 2] = files().try_into().unwrap();
    assert_eq!(load(), spec);
    for file in &all {
        let sound = std::fs::read(file).unwrap();
        let mut flipped = sound.clone();
        flipped[sound.len() / 2] ^= 1;
        for damaged in [Vec::new(), vec![0; 31], sound[..sound.len() / 2].to_vec(), flipped, vec![7; 4096]] {
            std::fs::write(file, damaged).unwrap();
            assert_eq!(load(), spec);
            assert_eq!(files(), all);
            assert_eq!(std::fs::read(file).unwrap().len(), sound.len(), "the file was not mended");
        }
    }
}

#[test]
fn impossible_limits_name_the_key() {
    let cases = [
        (SandboxLimits { memory_bytes: 1, ..SandboxLimits::default() }, "sandbox.memory_bytes: 1 is too small"),
        (SandboxLimits { live_instances: 1 << 30, ..SandboxLimits::default() }, "sandbox.live_instances"),
        (SandboxLimits { fuel_per_call: 0, ..SandboxLimits::default() }, "sandbox.fuel_per_call"),
    ];
    for (limits, says) in cases {
        let error = Sandbox::with_cache(limits, None).err().unwrap();
        assert!(matches!(error, SandboxError::Limit { .. }) && error.to_string().contains(says), "{error}");
    }
}
