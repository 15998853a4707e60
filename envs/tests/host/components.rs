//! Components that no Rust guest can be, written as text: what they import, how they begin, what their tables do.
//!
//! Each is a core module that says of every export `unreachable`, but for the one that matters, inside a component of
//! any world that the case asks for.

use coevo_envs::{EnvPlugin, LoadError};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::common::{peak_memory, sandbox};

const WIT: &str = include_str!("../../../plugins/wit/coevo-env.wit");
/// Where `describe` finds its answer: nothing legal is there.
const MEMORY: &str = r#"(memory (export "memory") 2)"#;

/// The core module: `extra` items, and `describe` with the given body.
fn module(extra: &str, describe: &str) -> String {
    let guest = "coevo:env/guest@1.0.0";
    let dead = |name: &str, ty: &str| format!("(func (export \"{guest}#{name}\") {ty} unreachable)\n");
    let texts = [
        dead("generate", "(param i32 i32 i32 i64) (result i32)"),
        dead("import-task", "(param i32 i32) (result i32)"),
        dead("reset", "(param i32 i32) (result i32)"),
        dead("reset-user", "(param i32 i32) (result i32)"),
        dead("next-user", "(param i32 i32 i32) (result i32)"),
        dead("call", "(param i32 i32 i32 i32 i32) (result i32)"),
        dead("state-hash", "(result i64)"),
        dead("state", "(result i32)"),
        dead("snapshot", "(result i32)"),
        dead("restore", "(param i32 i32) (result i32)"),
        dead("verify", "(param i32) (result i32)"),
        dead("describe", "(result i32)").replace("unreachable", describe),
        "(func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) i32.const 65536)\n".to_owned(),
    ];
    format!("(module\n{extra}\n{}\n)", texts.concat())
}

/// A component around `text`, of `world` in the package `wit` (other packages it names in `others`).
fn component(text: &str, others: &[&str], wit: &str, world: &str) -> Vec<u8> {
    let mut module = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut resolve = Resolve::default();
    for other in others {
        resolve.push_str("other.wit", other).unwrap();
    }
    let package = resolve.push_str("env.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let encoder = ComponentEncoder::default().module(&module).unwrap();
    encoder.validate(true).encode().unwrap_or_else(|error| panic!("{error:#}\n{text}"))
}

fn plain(extra: &str, describe: &str) -> Vec<u8> {
    component(&module(extra, describe), &[], WIT, "environment")
}

fn load(bytes: &[u8]) -> LoadError {
    EnvPlugin::from_bytes(sandbox(), "odd.wasm", bytes).expect_err("it must not load")
}

#[test]
fn components_that_misbehave_before_they_are_an_environment_are_refused_with_a_reason() {
    let before = peak_memory();
    let grow = |what: &str| format!("loop $again {what} drop br $again end unreachable");
    let table = format!("{MEMORY} (table $t 1 funcref)");
    // Until the refusal, then a trap: the reason is the refusal.
    let bomb =
        "loop $again (table.grow $t (ref.null func) (i32.const 1000)) i32.const -1 i32.ne br_if $again end unreachable";
    let cases: [(&str, Vec<u8>, &[&str]); 13] = [
        ("a trap at once", plain(MEMORY, "unreachable"), &["describe failed", "unreachable"]),
        ("a table bomb", plain(&table, bomb), &["describe failed", "table elements", "20000 are allowed"]),
        (
            "a table bomb that goes on",
            plain(&table, &grow("(table.grow $t (ref.null func) (i32.const 100000))")),
            &["describe failed", "fuel"],
        ),
        (
            "a memory bomb that goes on",
            plain(MEMORY, &grow("(memory.grow (i32.const 1000))")),
            &["describe failed", "more of the host than 100000 calls"],
        ),
        (
            "a table that is large from the start",
            plain(&format!("{MEMORY} (table 1000000 funcref)"), "unreachable"),
            &["table"],
        ),
        (
            "a memory that is large from the start",
            plain(r#"(memory (export "memory") 60000)"#, "unreachable"),
            &["memory"],
        ),
        ("two memories", plain(&format!("{MEMORY} (memory 1)"), "unreachable"), &["memor"]),
        (
            "a start that spins",
            plain(&format!("{MEMORY} (func $s (loop $again (br $again))) (start $s)"), "unreachable"),
            &["instantiate failed", "fuel"],
        ),
        (
            "a start that traps",
            plain(&format!("{MEMORY} (func $s unreachable) (start $s)"), "unreachable"),
            &["instantiate failed", "unreachable"],
        ),
        (
            "a start that recurses",
            plain(&format!("{MEMORY} (func $s (call $s)) (start $s)"), "unreachable"),
            &["instantiate failed", "stack"],
        ),
        ("an answer outside its memory", plain(MEMORY, "i32.const 0x7ffffff8"), &["describe failed", "bound"]),
        (
            "an answer that points nowhere",
            // The name: 16 bytes at the end of the addresses.
            plain(
                MEMORY,
                "(i32.store (i32.const 1024) (i32.const -32)) (i32.store (i32.const 1028) (i32.const 16)) i32.const 1024",
            ),
            &["describe failed", "bound"],
        ),
        (
            "a tool list of a billion",
            plain(
                MEMORY,
                "(i32.store (i32.const 1048) (i32.const 8)) (i32.store (i32.const 1052) (i32.const 1000000000)) i32.const 1024",
            ),
            &["describe failed", "bound"],
        ),
    ];
    for (name, bytes, says) in cases {
        let error = load(&bytes);
        let text = error.to_string();
        for needle in says {
            assert!(text.contains(needle), "{name}: no {needle:?} in {text:?}");
        }
    }
    let grown = peak_memory().saturating_sub(before);
    assert!(grown < 512 << 20, "the host's memory grew by {} MiB", grown >> 20);
}

/// An environment's world with one more import; the module imports it, so that it is not left out.
fn with_import(package: &str, interface: &str, function: &str, core: &str) -> Vec<u8> {
    let name = package.lines().next().unwrap().trim_start_matches("package ").trim_end_matches(';').to_owned();
    let (path, version) = name.split_once('@').map_or((name.as_str(), String::new()), |(p, v)| (p, format!("@{v}")));
    let wit =
        WIT.replace("    import host;\n", &format!("    import host;\n    import {path}/{interface}{version};\n"));
    let import = format!("(import \"{path}/{interface}{version}\" \"{function}\" (func {core}))");
    component(&module(&format!("{import} {MEMORY}"), "unreachable"), &[package], &wit, "environment")
}

#[test]
fn nothing_but_the_host_interface_can_be_imported() {
    let cases = [
        (
            "package wasi:clocks@0.2.0;\ninterface wall-clock { now: func() -> u64; }",
            "wall-clock",
            "now",
            "(result i64)",
        ),
        (
            "package wasi:clocks@0.2.0;\ninterface monotonic-clock { now: func() -> u64; }",
            "monotonic-clock",
            "now",
            "(result i64)",
        ),
        (
            "package wasi:filesystem@0.2.0;\ninterface preopens { count: func() -> u32; }",
            "preopens",
            "count",
            "(result i32)",
        ),
        ("package wasi:sockets@0.2.0;\ninterface network { open: func() -> u32; }", "network", "open", "(result i32)"),
        ("package wasi:random@0.2.0;\ninterface random { next: func() -> u64; }", "random", "next", "(result i64)"),
        (
            "package wasi:cli@0.2.0;\ninterface environment { size: func() -> u32; }",
            "environment",
            "size",
            "(result i32)",
        ),
        ("package nobody:knows;\ninterface this-one { act: func(); }", "this-one", "act", ""),
    ];
    for (package, interface, function, core) in cases {
        let error = load(&with_import(package, interface, function, core));
        assert!(matches!(error, LoadError::Import { .. }), "{interface}: {error}");
        let text = error.to_string();
        assert!(text.contains(interface) && text.contains("coevo:env/host@1.0.0 only"), "{interface}: {text}");
    }
}

#[test]
fn exports_of_the_wrong_types_are_refused() {
    let cases = [
        ("state: func() -> string;", "state: func() -> list<string>;"),
        ("state-hash: func() -> u64;", "state-hash: func() -> s64;"),
        ("enum side { agent, user }", "enum side { agent, user, nobody }"),
        ("describe: func() -> description;", "describe: func() -> string;"),
    ];
    for (right, wrong) in cases {
        assert!(WIT.contains(right), "{right}");
        let error = load(&component(&module(MEMORY, "unreachable"), &[], &WIT.replace(right, wrong), "environment"));
        let text = error.to_string();
        assert!(matches!(error, LoadError::Link { .. }), "{wrong}: {text}");
        assert!(text.contains("does not fit the interface coevo:env@1.0.0"), "{text}");
    }
    let newer = WIT.replace("package coevo:env@1.0.0;", "package coevo:env@2.1.0;");
    let text = module(MEMORY, "unreachable").replace("guest@1.0.0", "guest@2.1.0");
    let error = load(&component(&text, &[], &newer, "environment"));
    assert!(matches!(error, LoadError::AbiVersion { .. }) && error.to_string().contains("guest@2.1.0"), "{error}");
}

/// A component of `count` others, each with a memory, that pass a text from the first to the next: what wasmtime puts between
/// them touches two memories at once.
fn nested(count: usize) -> Vec<u8> {
    let memory =
        r#"(memory (export "memory") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)"#;
    let mut text = format!(
        r#"(component (component $first (core module $m {memory} (func (export "f") (param i32 i32)))
            (core instance $i (instantiate $m))
            (func (export "f") (param "x" string)
                (canon lift (core func $i "f") (memory $i "memory") (realloc (func $i "realloc")))))
        (component $next (import "f" (func $f (param "x" string))) (core module $l {memory})
            (core instance $l (instantiate $l)) (core func $f (canon lower (func $f) (memory $l "memory")))
            (core module $m (import "" "f" (func (param i32 i32))))
            (core instance (instantiate $m (with "" (instance (export "f" (func $f)))))))
        (instance $first (instantiate $first))"#
    );
    for _ in 1..count {
        text.push_str(r#"(instance (instantiate $next (with "f" (func $first "f"))))"#);
    }
    wat::parse_str(text + ")").unwrap()
}

/// Some tools stub imports by a second component around the first. It is no reason to panic, nor a way to more memory.
#[test]
fn components_inside_of_components_are_bounded() {
    assert!(matches!(load(&nested(2)), LoadError::NotAnEnvironment { .. }));
    let many = load(&nested(6)).to_string();
    assert!(many.contains("memories"), "{many}");
}
