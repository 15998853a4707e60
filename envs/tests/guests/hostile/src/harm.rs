//! Ways to harm a host, apart from the counter that they hide in.

use crate::coevo::env::host;
use crate::coevo::env::types::{ErrorCode, Side, Tool};

#[used]
static BAKED: [u8; 44] = *b"hostile-mode:...............................";

/// Whether a test has written this mode over the dots of [`BAKED`]: for harm that is done before there is a state.
pub fn baked(mode: &str) -> bool {
    let bytes: &'static [u8] = std::hint::black_box(&BAKED[13..]);
    let end = bytes.iter().position(|byte| *byte == b'.').unwrap_or(bytes.len());
    &bytes[..end] == mode.as_bytes()
}

pub fn spin() -> ! {
    loop {
        std::hint::black_box(0);
    }
}

/// Hoards memory until there is none.
pub fn bomb() -> ! {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    loop {
        hoard.push(Vec::with_capacity(1 << 20));
        std::hint::black_box(&hoard);
    }
}

#[allow(unconditional_recursion)]
pub fn recurse(depth: u64) -> u64 {
    let filler = [depth; 64];
    std::hint::black_box(recurse(depth + 1) + filler[(depth % 64) as usize])
}

/// A text of a gigabyte that is not there: its length is a lie.
pub fn gigabyte() -> String {
    unsafe { String::from_raw_parts(std::ptr::without_provenance_mut(1024), 1 << 30, 1 << 30) }
}

/// A JSON text of this many bytes, honestly made.
pub fn long_text(bytes: usize) -> String {
    let mut text = vec![b's'; bytes];
    text[0] = b'"';
    text[bytes - 1] = b'"';
    unsafe { String::from_utf8_unchecked(text) }
}

/// Many texts that all lie in the same megabyte: the guest has one, the host would have them all.
pub fn same_text(count: usize) -> Vec<String> {
    let text = std::mem::ManuallyDrop::new("s".repeat(1 << 20));
    let copy = || unsafe { String::from_raw_parts(text.as_ptr().cast_mut(), text.len(), text.len()) };
    (0..count).map(|_| copy()).collect()
}

/// A list that claims a hundred million entries of this instance's memory.
pub fn long_list() -> Vec<String> {
    unsafe { Vec::from_raw_parts(std::ptr::without_provenance_mut(1024), 100_000_000, 100_000_000) }
}

/// What can be read of memory that nobody wrote: fresh heap, and the stack below. Leaves dirt for whoever comes next.
pub fn dirt() -> u64 {
    const SIZE: usize = 3 << 20;
    let mut heap: Vec<u8> = Vec::with_capacity(SIZE);
    let start = heap.as_mut_ptr();
    let mut sum = 0u64;
    for at in 0..SIZE {
        // Volatile, so that no optimiser may decide what uninitialised memory holds.
        let byte = unsafe { std::ptr::read_volatile(start.add(at)) };
        sum = sum.wrapping_mul(31).wrapping_add(u64::from(byte));
        unsafe { std::ptr::write_volatile(start.add(at), 0xa5) };
    }
    let mut stack = std::mem::MaybeUninit::<[u8; 4096]>::uninit();
    let start = stack.as_mut_ptr().cast::<u8>();
    for at in 0..4096 {
        let byte = unsafe { std::ptr::read_volatile(start.add(at)) };
        sum = sum.wrapping_mul(31).wrapping_add(u64::from(byte));
        unsafe { std::ptr::write_volatile(start.add(at), 0x5a) };
    }
    sum
}

/// The bits of numbers that are none, made in ways that leave them to the processor.
pub fn nan_bits() -> Vec<u64> {
    let zero = std::hint::black_box(0.0f64);
    let infinity = std::hint::black_box(f64::INFINITY);
    let odd = f64::from_bits(std::hint::black_box(0xfff8_dead_beef_0001));
    let odd32 = f32::from_bits(std::hint::black_box(0xffc1_2345));
    vec![
        (zero / zero).to_bits(),
        (infinity - infinity).to_bits(),
        (infinity * zero).to_bits(),
        (-1.0f64 * std::hint::black_box(1.0)).sqrt().to_bits(),
        (odd + 1.0).to_bits(),
        f64::from(odd32 * 2.0).to_bits(),
        u64::from((odd as f32).to_bits()),
    ]
}

/// Whether this word, which stands here only in disguise, is anywhere in this instance's memory.
pub fn finds(disguised: &[u8]) -> bool {
    let first = disguised[0] ^ 0x55;
    let end = core::arch::wasm32::memory_size::<0>() * 65_536;
    let byte = |at: usize| unsafe { std::ptr::read_volatile(std::ptr::without_provenance::<u8>(at)) };
    (1024..end - disguised.len())
        .any(|at| byte(at) == first && disguised.iter().enumerate().all(|(i, hidden)| byte(at + i) == hidden ^ 0x55))
}

/// Asks the host more often than anyone needs to.
pub fn flood(what: &str) {
    let text = "f".repeat(1 << 20);
    loop {
        match what {
            "random_flood" => _ = std::hint::black_box(host::random_u64()),
            "clock_flood" => _ = std::hint::black_box(host::now_ms()),
            "empty_log_flood" => host::log(host::Level::Debug, ""),
            _ => host::log(host::Level::Debug, &text),
        }
    }
}

/// Tools that no host should compile as they are, by the baked mode.
pub fn tools() -> Vec<Tool> {
    let tool = |name: String, arguments: String| Tool {
        name,
        description: String::new(),
        arguments,
        result: "{}".into(),
        errors: vec![],
        preconditions: vec![],
        side: Side::Agent,
        mutates: false,
    };
    let one = |arguments: String| vec![tool("look".into(), arguments)];
    if baked("many_tools") {
        return (0..2000).map(|at| tool(format!("t{at}"), "{}".into())).collect();
    }
    if baked("many_codes") {
        let mut tools = one("{}".into());
        tools[0].errors =
            (0..1000).map(|at| ErrorCode { code: format!("e{at}"), description: String::new() }).collect();
        return tools;
    }
    if baked("same_tools") {
        let texts = same_text(64);
        return texts.into_iter().enumerate().map(|(at, text)| tool(format!("t{at}"), text)).collect();
    }
    if baked("schema_deep") {
        return one(format!("{}{{}}{}", "{\"not\":".repeat(5000), "}".repeat(5000)));
    }
    if baked("schema_text") {
        return one(format!("{}{}", "[".repeat(200_000), "]".repeat(200_000)));
    }
    if baked("schema_wide") {
        return one(format!("{{\"allOf\":[{}{{}}]}}", "{},".repeat(21_000)));
    }
    if baked("schema_doubles") {
        // Thirty definitions, each of which asks twice for the next.
        let step = |at: u32| {
            let next = format!("{{\"$ref\":\"#/$defs/d{}\"}}", at + 1);
            format!("\"d{at}\":{{\"allOf\":[{next},{next}]}}")
        };
        let steps: Vec<String> = (0..30).map(step).collect();
        return one(format!("{{\"$ref\":\"#/$defs/d0\",\"$defs\":{{{},\"d30\":{{}}}}}}", steps.join(",")));
    }
    if baked("schema_itself") {
        return one("{\"allOf\":[{\"$ref\":\"#\"}]}".into());
    }
    if baked("schema_file") {
        return one("{\"$ref\":\"file:///etc/passwd\"}".into());
    }
    if baked("schema_network") {
        return one("{\"$ref\":\"https://example.org/schema.json\"}".into());
    }
    if baked("schema_id") {
        return one("{\"$id\":\"https://example.org/x\",\"$ref\":\"y\"}".into());
    }
    if baked("schema_pattern") {
        return one("{\"properties\":{\"x\":{\"pattern\":\"((((a{0,100}){0,100}){0,100}){0,100}){0,100}\"}}}".into());
    }
    if baked("schema_backtracks") {
        // Not refused: the host's engine takes it in linear time.
        return one(
            "{\"type\":\"object\",\"properties\":{\"x\":{\"type\":\"string\",\"pattern\":\"^(a|aa|a*)*$\"}}}".into()
        );
    }
    if baked("total_schemas") {
        let names: Vec<String> = (0..900).map(|at| format!("\"p{at}\":{{\"type\":\"string\"}}")).collect();
        let schema = format!("{{\"properties\":{{{}}}}}", names.join(","));
        return (0..150).map(|at| tool(format!("t{at}"), schema.clone())).collect();
    }
    Vec::new()
}
