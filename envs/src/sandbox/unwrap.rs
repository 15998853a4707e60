//! Taking the core module out of a component that is nothing but that module with its interface around it.
//!
//! What is taken must be a module whose instances the host can copy by what it sees: one memory and numeric globals are all
//! that may change. Whatever is not so (several memories, tables that are written to, segments that are dropped, texts in
//! another encoding than UTF-8, imports beside the host's, other modules) stays a component.

use wasm_encoder::{CodeSection, ExportKind, ExportSection, Module, RawSection, SectionId};
use wasmparser::{
    CanonicalFunction, CanonicalOption, Encoding, ExternalKind, Instance, Operator, Parser, Payload, Result, TypeRef,
    ValType,
};

use super::bare::{GLOBAL, MEMORY};
use super::meter::{FUEL, Meter};
use crate::abi::HOST;

/// Exports that a component would use, and a bare module would not.
const UNKNOWN: [&str; 4] = ["_initialize", "cabi_export_realloc", "__wasm_init_task", "__wasm_init_async_task"];

/// Each takes a lookup at the beginning of every episode; a Rust guest has one.
const MOST_GLOBALS: usize = 64;

/// The module of a component, as it is there.
pub(crate) struct Unwrapped {
    module: Vec<u8>,
    /// Indices of its mutable globals.
    globals: Vec<u32>,
}

impl Unwrapped {
    /// How many mutable globals it has.
    pub fn globals(&self) -> usize {
        self.globals.len()
    }

    /// The module metered ([`super::meter`]), with each mutable global exported as `GLOBAL` and its number among them. That takes
    /// milliseconds, and is only needed where episodes are played.
    pub fn metered(&self) -> Option<Vec<u8>> {
        prepared(&self.module, &self.globals).ok()?
    }
}

/// The module of a component.
pub(crate) fn unwrap(component: &[u8]) -> Option<Unwrapped> {
    // Encodings of what encloses the present payload, the modules in order, and which of them are instantiated.
    let (mut around, mut modules, mut instantiated) = (Vec::new(), Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(component) {
        // A component inside may hold types and names only.
        let inner = around.iter().filter(|encoding| **encoding == Encoding::Component).count() > 1;
        match payload.ok()? {
            Payload::Version { encoding, .. } => around.push(encoding),
            Payload::End(_) => drop(around.pop()),
            Payload::ModuleSection { .. } | Payload::InstanceSection(_) | Payload::ComponentCanonicalSection(_)
                if inner =>
            {
                return None;
            }
            Payload::ModuleSection { unchecked_range, .. } => modules.push(component.get(unchecked_range)?),
            Payload::InstanceSection(section) => {
                for instance in section {
                    if let Instance::Instantiate { module_index, .. } = instance.ok()? {
                        instantiated.push(module_index as usize);
                    }
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section {
                    if !is_plain(&function.ok()?) {
                        return None;
                    }
                }
            }
            _ => {}
        }
    }
    let mut wrapped = None;
    for (index, module) in modules.iter().enumerate() {
        if hands_through(module).ok()? {
            continue;
        }
        let once = instantiated.iter().filter(|at| **at == index).count() == 1;
        if !once || wrapped.replace(*module).is_some() {
            return None;
        }
    }
    let module = wrapped?;
    let globals = mutable_globals(module).ok()??;
    Some(Unwrapped { module: module.to_vec(), globals })
}

/// Whether a function goes between component and module by the rules that `bare` knows.
fn is_plain(function: &CanonicalFunction) -> bool {
    let (CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. }) = function else {
        return false;
    };
    let known = |option: &CanonicalOption| {
        matches!(
            option,
            CanonicalOption::UTF8
                | CanonicalOption::Memory(_)
                | CanonicalOption::Realloc(_)
                | CanonicalOption::PostReturn(_)
        )
    };
    options.iter().all(known)
}

/// Whether a module has nothing of its own and hands calls through: wit-component puts two such beside the one that it wraps, to lower
/// texts of the host's functions once there is a memory to lower them from.
fn hands_through(module: &[u8]) -> Result<bool> {
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::MemorySection(_)
            | Payload::GlobalSection(_)
            | Payload::StartSection { .. }
            | Payload::DataSection(_) => return Ok(false),
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader()? {
                    let handed = matches!(
                        operator?,
                        Operator::LocalGet { .. }
                            | Operator::I32Const { .. }
                            | Operator::CallIndirect { .. }
                            | Operator::End
                    );
                    if !handed {
                        return Ok(false);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(true)
}

/// Indices of the mutable globals, if these and one memory are all that an instance of the module can change.
fn mutable_globals(module: &[u8]) -> Result<Option<Vec<u32>>> {
    let (mut globals, mut memories) = (Vec::new(), 0);
    for payload in Parser::new(0).parse_all(module) {
        let fits = match payload? {
            Payload::ImportSection(section) => {
                let mut fits = true;
                for import in section.into_imports() {
                    let import = import?;
                    fits &= import.module == HOST && matches!(import.ty, TypeRef::Func(_));
                }
                fits
            }
            Payload::MemorySection(section) => {
                memories += section.count();
                let mut fits = true;
                for memory in section {
                    let memory = memory?;
                    fits &= !memory.memory64 && !memory.shared && memory.page_size_log2.is_none();
                }
                fits
            }
            Payload::GlobalSection(section) => {
                let mut fits = true;
                for (at, global) in section.into_iter().enumerate() {
                    let ty = global?.ty;
                    if ty.mutable {
                        fits &= matches!(ty.content_type, ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64);
                        globals.push(at as u32);
                    }
                }
                fits
            }
            Payload::CodeSectionEntry(body) => {
                let mut fits = true;
                for operator in body.get_operators_reader()? {
                    fits &= !matches!(
                        operator?,
                        Operator::MemoryInit { .. }
                            | Operator::DataDrop { .. }
                            | Operator::ElemDrop { .. }
                            | Operator::TableInit { .. }
                            | Operator::TableSet { .. }
                            | Operator::TableGrow { .. }
                            | Operator::TableFill { .. }
                            | Operator::TableCopy { .. }
                    );
                }
                fits
            }
            _ => true,
        };
        if !fits {
            return Ok(None);
        }
    }
    Ok((memories == 1 && globals.len() <= MOST_GLOBALS).then_some(globals))
}

/// The module, metered, with `globals` and its fuel exported.
pub(super) fn prepared(module: &[u8], globals: &[u32]) -> Result<Option<Vec<u8>>> {
    let Some(meter) = Meter::of(module)? else { return Ok(None) };
    let (mut out, mut code, mut functions) = (Module::new(), CodeSection::new(), 0);
    let fuel = |before: &[u8], out: &mut Module| {
        out.section(&RawSection { id: SectionId::Global.into(), data: &Meter::globals(before) });
    };
    let mut has_globals = false;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        match &payload {
            Payload::TypeSection(section) => {
                out.section(&RawSection { id: SectionId::Type.into(), data: &Meter::types(&module[section.range()]) });
            }
            Payload::FunctionSection(section) => {
                let data = &meter.function_types(&module[section.range()]);
                out.section(&RawSection { id: SectionId::Function.into(), data });
            }
            Payload::GlobalSection(section) => {
                has_globals = true;
                fuel(&module[section.range()], &mut out);
            }
            Payload::ExportSection(section) => {
                if !has_globals {
                    fuel(&[0], &mut out);
                }
                let mut exports = ExportSection::new();
                for export in section.clone() {
                    let export = export?;
                    let kind = match export.kind {
                        ExternalKind::Func => ExportKind::Func,
                        ExternalKind::Memory => ExportKind::Memory,
                        ExternalKind::Global => ExportKind::Global,
                        // Another module could fill it.
                        _ => return Ok(None),
                    };
                    let misnamed = export.kind == ExternalKind::Memory && export.name != MEMORY;
                    if misnamed || UNKNOWN.contains(&export.name) {
                        return Ok(None);
                    }
                    exports.export(export.name, kind, export.index);
                }
                for (number, index) in globals.iter().enumerate() {
                    exports.export(&format!("{GLOBAL}{number}"), ExportKind::Global, *index);
                }
                exports.export(FUEL, ExportKind::Global, meter.global);
                out.section(&exports);
            }
            // It would run before there is fuel.
            Payload::StartSection { .. } => return Ok(None),
            Payload::CodeSectionStart { count, .. } if *count == 0 => return Ok(None),
            Payload::CodeSectionStart { .. } => {}
            Payload::CodeSectionEntry(body) => {
                code.raw(&meter.function(functions, body, module)?);
                functions += 1;
                if functions == meter.functions() {
                    code.raw(&super::copy::body());
                    out.section(&code);
                }
            }
            // Hints about code are by its place.
            Payload::CustomSection(section) if section.name().starts_with("metadata.code.") => {}
            _ => {
                if let Some((id, range)) = payload.as_section() {
                    out.section(&RawSection { id, data: &module[range] });
                }
            }
        }
    }
    Ok(Some(out.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a component is run as, if not as a component, and the number of its globals.
    fn taken(component: &[u8]) -> Option<(Vec<u8>, usize)> {
        let unwrapped = unwrap(component)?;
        Some((unwrapped.metered()?, unwrapped.globals()))
    }

    /// A component around `module`, with an option of a lifted function.
    fn component(module: &str, option: &str) -> Vec<u8> {
        with_more(module, option, "")
    }

    fn with_more(module: &str, option: &str, more: &str) -> Vec<u8> {
        let text = format!(
            r#"(component
                (core module $m {module})
                (import "coevo:env/host@1.0.0" (instance $host (export "now-ms" (func (result u64)))))
                (alias export $host "now-ms" (func $now))
                (core func $now (canon lower (func $now)))
                (core instance $imports (export "now-ms" (func $now)))
                (core instance $i (instantiate $m (with "coevo:env/host@1.0.0" (instance $imports))))
                (func (export "f") (result u64) (canon lift (core func $i "f") {option})) {more})"#
        );
        wat::parse_str(text).unwrap()
    }

    const F: &str = r#"(func (export "f") (result i64) (i64.const 1))"#;

    #[test]
    fn mutable_globals_are_exported() {
        let module = format!(
            r#"(import "coevo:env/host@1.0.0" "now-ms" (func (result i64)))
               (memory (export "memory") 1) (global (mut i32) (i32.const 1)) (global i32 (i32.const 2)) (global (mut f64) (f64.const 3)) {F}"#
        );
        let (bytes, globals) = taken(&component(&module, "")).unwrap();
        assert_eq!(globals, 2);
        let mut exports = Vec::new();
        for payload in Parser::new(0).parse_all(&bytes) {
            if let Payload::ExportSection(section) = payload.unwrap() {
                exports.extend(section.into_iter().map(|export| export.unwrap()).map(|e| (e.name.to_owned(), e.index)));
            }
        }
        let want = [("memory", 0), ("f", 1), ("coevo:global/0", 0), ("coevo:global/1", 2), (FUEL, 3)];
        assert_eq!(exports, want.map(|(name, index)| (name.to_owned(), index)));
    }

    #[test]
    fn what_an_image_would_miss_stays_a_component() {
        let memory = r#"(memory (export "memory") 1)"#;
        let cases = [
            ("no memory", String::new(), ""),
            ("two memories", format!("{memory} (memory 1)"), ""),
            ("a foreign import", format!(r#"(import "else" "f" (func)) {memory}"#), ""),
            ("a memory of another name", r#"(memory (export "mem") 1)"#.to_owned(), ""),
            ("a global that is a reference", format!("{memory} (global (mut funcref) (ref.null func))"), ""),
            (
                "a table that is written to",
                format!("{memory} (table 1 funcref) (func (table.set (i32.const 0) (ref.null func)))"),
                "",
            ),
            (
                "a table that grows",
                format!("{memory} (table 1 funcref) (func (result i32) (table.grow (ref.null func) (i32.const 1)))"),
                "",
            ),
            ("a table that others may fill", format!(r#"{memory} (table (export "t") 1 funcref)"#), ""),
            ("a segment that is dropped", format!(r#"{memory} (data $d "x") (func (data.drop $d))"#), ""),
            ("a start", format!("{memory} (func $s) (start $s)"), ""),
            ("a start that the component calls", format!(r#"{memory} (func (export "_initialize"))"#), ""),
            ("UTF-16", memory.to_owned(), "string-encoding=utf16"),
        ];
        for (what, module, option) in cases {
            let text = format!("{module} {F}");
            let made = std::panic::catch_unwind(|| component(&text, option));
            // The component must be one, or this proves nothing; imports that are missing are no error of parsing.
            let made = made.unwrap_or_else(|_| panic!("{what}: no component"));
            assert!(taken(&made).is_none(), "{what}");
        }
        let module = format!("{memory} {F}");
        assert!(taken(&component(&module, "")).is_some());
        for more in [
            "(core module $more (global (mut i32) (i32.const 0)))",
            "(core instance (instantiate $m (with \"coevo:env/host@1.0.0\" (instance $imports))))",
            "(core module $more (import \"m\" \"memory\" (memory 1)) (data (i32.const 8) \"x\"))",
            "(component (core module))",
        ] {
            assert!(taken(&with_more(&module, "", more)).is_none(), "{more}");
        }
    }
}
