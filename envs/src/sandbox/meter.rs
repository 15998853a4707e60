//! Counting what a guest does in the guest's own code: fuel for a module that runs by itself.
//!
//! A global of its own holds the fuel that is left. A function takes from it where it begins, a loop each time round, as much as can
//! follow until the next such place: so no work goes uncounted, and what branches is counted with all its branches. Below zero is a
//! trap. Short functions without loops and calls are counted by those that call them, and a byte that is filled or copied costs a
//! unit, as it does in wasmtime. Chosen over wasmtime's fuel, which counts block by block and writes the count back around every call;
//! what this leaves of that cost cannot be measured any more.
//!
//! A guest cannot name the global: wasmtime has validated the module without it before.

use super::copy;
use wasm_encoder::{BlockType, ConstExpr, Encode, GlobalType, Instruction, ValType};
use wasmparser::{FunctionBody, Operator, Parser, Payload, Result, TypeRef};

/// Export of the global that holds the fuel.
pub(super) const FUEL: &str = "coevo:fuel";

/// The longest function that is counted by those that call it, in operators.
const SHORT: u32 = 64;

/// What is to be known of a module before its functions are metered.
pub(super) struct Meter {
    /// Index of the fuel's global: the last.
    pub global: u32,
    imported: u32,
    /// How many types of functions there are.
    types: u32,
    /// Of each function of its own.
    functions: Vec<Function>,
}

struct Function {
    params: u32,
    /// Its length, if it is counted by those that call it.
    short: Option<u32>,
}

impl Meter {
    /// `None` where there are types of functions that this does not know.
    pub fn of(module: &[u8]) -> Result<Option<Self>> {
        let (mut params, mut types, mut functions) = (Vec::new(), Vec::new(), Vec::new());
        let (mut global, mut imported) = (0, 0);
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(section) => {
                    for ty in section.into_iter_err_on_gc_types() {
                        let Ok(ty) = ty else { return Ok(None) };
                        params.push(ty.params().len() as u32);
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::FunctionSection(section) => types = section.into_iter().collect::<Result<Vec<u32>>>()?,
                Payload::GlobalSection(section) => global = section.count(),
                Payload::CodeSectionEntry(body) => {
                    let params = types.get(functions.len()).and_then(|of| params.get(*of as usize));
                    let Some(params) = params.copied() else { return Ok(None) };
                    functions.push(Function { params, short: short(&body)? });
                }
                _ => {}
            }
        }
        Ok(Some(Self { global, imported, types: params.len() as u32, functions }))
    }

    /// How many functions the module has, its imports aside.
    pub fn functions(&self) -> usize {
        self.functions.len()
    }

    /// The content of a section of globals with the fuel's behind those of `before`.
    pub fn globals(before: &[u8]) -> Vec<u8> {
        struct Fuel;
        impl Encode for Fuel {
            fn encode(&self, sink: &mut Vec<u8>) {
                GlobalType { val_type: ValType::I64, mutable: true, shared: false }.encode(sink);
                ConstExpr::i64_const(0).encode(sink);
            }
        }
        with(before, &Fuel)
    }

    /// The content of a section of types with that of copying behind those of `before`.
    pub fn types(before: &[u8]) -> Vec<u8> {
        struct Copying;
        impl Encode for Copying {
            fn encode(&self, sink: &mut Vec<u8>) {
                sink.push(0x60);
                copy::PARAMS[..].encode(sink);
                0u32.encode(sink);
            }
        }
        with(before, &Copying)
    }

    /// The content of a section of functions with the one that copies behind those of `before`.
    pub fn function_types(&self, before: &[u8]) -> Vec<u8> {
        with(before, &self.types)
    }

    /// The body of the function at `index` among the module's own, metered.
    pub fn function(&self, index: usize, body: &FunctionBody<'_>, module: &[u8]) -> Result<Vec<u8>> {
        let Function { params, short } = self.functions[index];
        let operators = body.get_operators_reader()?.into_iter_with_offsets().collect::<Result<Vec<_>>>()?;
        let moves =
            |operator: &Operator<'_>| matches!(operator, Operator::MemoryFill { .. } | Operator::MemoryCopy { .. });
        let moves_memory = operators.iter().any(|(operator, _)| moves(operator));

        let mut locals = body.get_locals_reader()?;
        let (groups, mut length) = (locals.get_count(), params);
        let first = locals.original_position();
        for _ in 0..groups {
            length += locals.read()?.0;
        }
        let mut out = Vec::with_capacity(body.range().len() + 64);
        (groups + u32::from(moves_memory)).encode(&mut out);
        out.extend_from_slice(&module[first..locals.original_position()]);
        if moves_memory {
            1u32.encode(&mut out);
            ValType::I32.encode(&mut out);
        }

        let mut parts = self.parts(&operators).into_iter();
        let whole = parts.next().unwrap_or(0);
        if short.is_none() {
            self.charge(whole, &mut out);
        }
        let ends = operators.iter().skip(1).map(|(_, at)| *at).chain([body.range().end]);
        for ((operator, at), end) in operators.iter().zip(ends) {
            if moves(operator) {
                self.charge_length(length, &mut out);
            }
            match operator {
                Operator::MemoryCopy { .. } => {
                    Instruction::Call(self.imported + self.functions.len() as u32).encode(&mut out);
                }
                _ => out.extend_from_slice(&module[*at..end]),
            }
            if let Operator::Loop { .. } = operator {
                self.charge(parts.next().unwrap_or(0), &mut out);
            }
        }
        Ok(out)
    }

    /// What the operators outside of loops cost, then those of each loop without the loops in it.
    fn parts(&self, operators: &[(Operator<'_>, usize)]) -> Vec<i64> {
        let mut parts = vec![0i64];
        // For each block around an operator, the part that it belongs to.
        let mut around = vec![0];
        for (operator, _) in operators {
            let part = around.last().copied().unwrap_or(0);
            parts[part] += 1 + self.called(operator);
            match operator {
                Operator::Loop { .. } => {
                    around.push(parts.len());
                    parts.push(0);
                }
                Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => around.push(part),
                Operator::End => drop(around.pop()),
                _ => {}
            }
        }
        parts
    }

    /// What the caller counts of what an operator calls.
    fn called(&self, operator: &Operator<'_>) -> i64 {
        match operator {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                let own = function_index.checked_sub(self.imported);
                let short = own.and_then(|index| self.functions.get(index as usize)?.short);
                short.unwrap_or(0).into()
            }
            Operator::CallIndirect { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::ReturnCallRef { .. } => SHORT.into(),
            _ => 0,
        }
    }

    /// Takes what it costs, and traps where there is less.
    fn charge(&self, cost: i64, out: &mut Vec<u8>) {
        let fuel = self.global;
        let charge = [
            Instruction::GlobalGet(fuel),
            Instruction::I64Const(cost),
            Instruction::I64Sub,
            Instruction::GlobalSet(fuel),
            Instruction::GlobalGet(fuel),
            Instruction::I64Const(0),
            Instruction::I64LtS,
            Instruction::If(BlockType::Empty),
            Instruction::Unreachable,
            Instruction::End,
        ];
        charge.iter().for_each(|instruction| instruction.encode(out));
    }

    /// Takes what moving memory costs, whose length is on the stack and stays there; `local` is free. The next charge checks it.
    fn charge_length(&self, local: u32, out: &mut Vec<u8>) {
        let fuel = self.global;
        let charge = [
            Instruction::LocalSet(local),
            Instruction::GlobalGet(fuel),
            Instruction::LocalGet(local),
            Instruction::I64ExtendI32U,
            Instruction::I64Sub,
            Instruction::GlobalSet(fuel),
            Instruction::LocalGet(local),
        ];
        charge.iter().for_each(|instruction| instruction.encode(out));
    }
}

/// The content of a section with one more entry behind those of `before`.
fn with(before: &[u8], entry: &impl Encode) -> Vec<u8> {
    let mut section = Vec::new();
    // Their number comes first, in seven bits a byte.
    let length = before.iter().take_while(|byte| **byte >= 0x80).count() + 1;
    let number = before.iter().take(length).rev().fold(0u32, |number, byte| number << 7 | u32::from(byte & 0x7f));
    (number + 1).encode(&mut section);
    section.extend(before.get(length..).unwrap_or_default());
    entry.encode(&mut section);
    section
}

/// The length of a function that is short and neither calls nor loops.
fn short(body: &FunctionBody<'_>) -> Result<Option<u32>> {
    let mut length = 0;
    for operator in body.get_operators_reader()? {
        let ends = !matches!(
            operator?,
            Operator::Loop { .. }
                | Operator::Call { .. }
                | Operator::CallIndirect { .. }
                | Operator::CallRef { .. }
                | Operator::ReturnCall { .. }
                | Operator::ReturnCallIndirect { .. }
                | Operator::ReturnCallRef { .. }
        );
        length += 1;
        if !ends || length > SHORT {
            return Ok(None);
        }
    }
    Ok(Some(length))
}

#[cfg(test)]
mod tests {
    use super::super::unwrap::prepared;
    use wasmtime::{Engine, Instance, Module, Store, Trap, Val};

    /// The export `f` of a metered module: what it returns for a number, and the fuel that it took.
    fn instance(text: &str) -> impl FnMut(i64, i64) -> (wasmtime::Result<i64>, i64) {
        let module = wat::parse_str(format!("(module (memory 16) {text})")).unwrap();
        let engine = Engine::default();
        Module::new(&engine, &module).expect("valid without a meter");
        let metered = prepared(&module, &[]).unwrap().expect("a module that can be metered");
        let module = Module::new(&engine, &metered).expect("valid with it");
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let global = instance.get_global(&mut store, super::FUEL).unwrap();
        let f = instance.get_typed_func::<i64, i64>(&mut store, "f").unwrap();
        move |argument, fuel| {
            global.set(&mut store, Val::I64(fuel)).unwrap();
            let result = f.call(&mut store, argument);
            let left = global.get(&mut store).i64().unwrap();
            (result, fuel - left)
        }
    }

    fn run(text: &str, argument: i64, fuel: i64) -> (wasmtime::Result<i64>, i64) {
        instance(text)(argument, fuel)
    }

    const PLENTY: i64 = 1_000_000_000;

    #[test]
    fn fuel_goes_by_what_is_done() {
        // The sum of the numbers up to n, each doubled by a short function; the fuel is linear in n.
        let sum = r#"
            (func $double (param i64) (result i64) (i64.shl (local.get 0) (i64.const 1)))
            (func (export "f") (param $n i64) (result i64) (local $sum i64)
                (block $out
                    (loop $next
                        (br_if $out (i64.eqz (local.get $n)))
                        (local.set $sum (i64.add (local.get $sum) (call $double (local.get $n))))
                        (local.set $n (i64.sub (local.get $n) (i64.const 1)))
                        (br $next)))
                (local.get $sum))"#;
        let used = |n: i64| {
            let (result, used) = run(sum, n, PLENTY);
            assert_eq!(result.unwrap(), n * (n + 1));
            used
        };
        let each = used(11) - used(10);
        // 14 operators, and the four of the function that is called.
        assert_eq!((each, used(1000) - used(0)), (18, 18_000));
    }

    #[test]
    fn loops_count_their_own_part_only() {
        let nested = r#"(func (export "f") (param $n i64) (result i64) (local $m i64)
            (loop $outer
                (local.set $m (i64.const 10))
                (loop $inner
                    (local.set $m (i64.sub (local.get $m) (i64.const 1)))
                    (br_if $inner (i64.ne (local.get $m) (i64.const 0))))
                (local.set $n (i64.sub (local.get $n) (i64.const 1)))
                (br_if $outer (i64.ne (local.get $n) (i64.const 0))))
            (local.get $n))"#;
        let used = |n: i64| run(nested, n, PLENTY).1;
        // 12 operators of the outer loop, ten times the 9 of the inner one.
        assert_eq!(used(8) - used(7), 12 + 90);
    }

    #[test]
    fn nothing_goes_on_without_end() {
        let endless = [
            ("a loop", "(func (export \"f\") (param i64) (result i64) (loop $l (br $l)) (i64.const 0))"),
            (
                "a loop with values on the stack",
                r#"(func (export "f") (param i64) (result i64)
                    (local.get 0) (local.get 0) (loop $l (param i64 i64) (result i64) (br $l)))"#,
            ),
            (
                "two functions that call each other",
                r#"(func $g (param i64) (result i64) (return_call $f (local.get 0)))
                   (func $f (export "f") (param i64) (result i64) (return_call $g (local.get 0)))"#,
            ),
            (
                "a function that calls itself through a table",
                r#"(type $t (func (param i64) (result i64))) (table funcref (elem $f))
                   (func $f (export "f") (type $t) (return_call_indirect (type $t) (local.get 0) (i32.const 0)))"#,
            ),
            (
                "more calls than there is time for, without a loop",
                r#"(func $a (nop)) (func $b (call $a) (call $a)) (func $c (call $b) (call $b)) (func $d (call $c) (call $c))
                   (func $e (call $d) (call $d)) (func $g (call $e) (call $e)) (func $h (call $g) (call $g))
                   (func $i (call $h) (call $h)) (func $j (call $i) (call $i)) (func $k (call $j) (call $j))
                   (func (export "f") (param i64) (result i64) (call $k) (call $k) (i64.const 0))"#,
            ),
        ];
        for (what, text) in endless {
            let (result, used) = run(text, 0, 1000);
            assert_eq!(result.unwrap_err().downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached), "{what}");
            assert!((1001..1200).contains(&used), "{what}: {used}");
        }
    }

    #[test]
    fn memory_costs_by_length() {
        let fill = r#"(func (export "f") (param $n i64) (result i64) (local i32)
                (memory.fill (i32.const 0) (i32.const 7) (i32.wrap_i64 (local.get $n)))
                (memory.copy (i32.const 500000) (i32.const 0) (i32.wrap_i64 (local.get $n)))
                (i64.load8_u (i32.const 500003)))"#;
        let (few, many) = (run(fill, 8, PLENTY), run(fill, 160_000, PLENTY));
        assert_eq!((few.0.unwrap(), many.0.unwrap()), (7, 7));
        assert_eq!(many.1 - few.1, 2 * (160_000 - 8));
    }
    #[test]
    fn little_is_copied_as_much_is() {
        // Bytes 0 to 255 counted up, a copy within them, and a sum in which every byte counts by its place.
        let copy = r#"(func (export "f") (param $n i64) (result i64) (local $at i64) (local $sum i64)
                (loop $fill
                    (i64.store8 (i32.wrap_i64 (local.get $at)) (local.get $at))
                    (local.set $at (i64.add (local.get $at) (i64.const 1)))
                    (br_if $fill (i64.lt_u (local.get $at) (i64.const 256))))
                (memory.copy
                    (i32.wrap_i64 (i64.and (local.get $n) (i64.const 255)))
                    (i32.wrap_i64 (i64.and (i64.shr_u (local.get $n) (i64.const 8)) (i64.const 255)))
                    (i32.wrap_i64 (i64.shr_u (local.get $n) (i64.const 16))))
                (local.set $at (i64.const 0))
                (loop $read
                    (local.set $sum (i64.add
                        (i64.mul (local.get $sum) (i64.const 31))
                        (i64.load8_u (i32.wrap_i64 (local.get $at)))))
                    (local.set $at (i64.add (local.get $at) (i64.const 1)))
                    (br_if $read (i64.lt_u (local.get $at) (i64.const 256))))
                (local.get $sum))"#;
        let mut f = instance(copy);
        for length in 0..=130usize {
            for (to, from) in [(0, 100), (100, 0), (50, 51), (51, 50), (50, 50), (40, 47), (47, 40), (20, 52), (52, 20)]
            {
                let mut bytes: Vec<u8> = (0..=255).collect();
                bytes.copy_within(from..from + length, to);
                let sum = bytes.iter().fold(0i64, |sum, byte| sum.wrapping_mul(31).wrapping_add(i64::from(*byte)));
                let argument = (to | from << 8 | length << 16) as i64;
                assert_eq!(f(argument, PLENTY).0.unwrap(), sum, "{length} bytes from {from} to {to}");
            }
        }
    }

    #[test]
    fn a_copy_beyond_the_end_is_a_trap() {
        let copy = r#"(func (export "f") (param $n i64) (result i64)
                (memory.copy (i32.const 1048540) (i32.const 0) (i32.wrap_i64 (local.get $n)))
                (memory.copy (i32.const 0) (i32.const 1048540) (i32.wrap_i64 (local.get $n)))
                (i64.const 0))"#;
        let mut f = instance(copy);
        for length in 1..=100 {
            let result = f(length, PLENTY).0;
            match length {
                ..=36 => assert_eq!(result.unwrap(), 0),
                _ => assert_eq!(result.unwrap_err().downcast_ref::<Trap>(), Some(&Trap::MemoryOutOfBounds), "{length}"),
            }
        }
    }
}
