//! A guest without the component around it: what an episode does often, through the module's own exports.
//!
//! An instance of a component is three instances of modules with tables between them, and each call of it goes through types
//! that are looked up; a bare module is one instance, entered directly. And the host sees its memory: an episode begins by
//! copying what `reset` left there ([`Image`]) instead of asking the guest to build it again.
//!
//! Chosen: the exports that an episode needs. Descriptions, tasks and simulated users are records that are seldom asked for: for
//! them the component's generated bindings are the one way; a verdict's records are laid out in [`lower`](super::lower). Of the
//! canonical ABI this is what a text in UTF-8 needs: the guest allocates
//! (`cabi_realloc`), the host writes; results are read where the guest says and then given back (`cabi_post_…`). Every
//! pointer is checked, and a wrong one is the same fault that it is in a component. Two things differ, for odd guests: a component
//! forbids calls of the host while the guest allocates or takes back, and a log line costs it a little more fuel there.

use wasmtime::{
    Caller, Engine, Extern, ExternType, Global, Instance, InstancePre, Linker, Memory, Module, ModuleExport, Store,
    TypedFunc, Val, ValType, WasmParams, WasmResults, bail,
};

use super::host::HostState;
use super::instance::ToolReply;
use super::lower;
use super::meter::FUEL;
use crate::abi::host::{Host as _, Level};
use crate::abi::{GUEST, HOST, types};

pub(super) const MEMORY: &str = "memory";
/// Exports of mutable globals begin so.
pub(super) const GLOBAL: &str = "coevo:global/";

/// What the host answers a bare module.
pub(super) fn linker(engine: &Engine) -> wasmtime::Result<Linker<HostState>> {
    let mut linker = Linker::new(engine);
    linker.func_wrap(HOST, "random-u64", |mut caller: Caller<'_, HostState>| caller.data_mut().random_u64())?;
    linker.func_wrap(HOST, "now-ms", |mut caller: Caller<'_, HostState>| caller.data_mut().now_ms())?;
    linker.func_wrap(HOST, "log", |mut caller: Caller<'_, HostState>, level: u32, start: u32, length: u32| {
        let level = match level {
            0 => Level::Debug,
            1 => Level::Info,
            2 => Level::Warn,
            3 => Level::Error,
            other => bail!("unexpected discriminant: {other}"),
        };
        let Some(Extern::Memory(memory)) = caller.get_export(MEMORY) else { bail!("no memory") };
        if length > caller.data().text_bytes {
            bail!("returned more than {} bytes", caller.data().text_bytes);
        }
        let Some(text) = part(memory.data(&caller), start, length) else {
            bail!("string pointer/length out of bounds of memory")
        };
        let text = std::str::from_utf8(text)?.to_owned();
        caller.data_mut().log(level, text)
    })?;
    Ok(linker)
}

/// Whose memory an instance has. A slot keeps every page that was written in it, for up to `resident_bytes`, and all of them are
/// cleaned when an instance of the same module is done: instances that write little do not share slots with those that
/// write much. For each kind there is a copy of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slots {
    /// Of episodes that begin with little.
    Small,
    /// Of those that begin with much.
    Large,
    /// Of tasks that are being prepared.
    Apart,
}

impl Slots {
    pub const KINDS: usize = 3;
}

/// A compiled module and where its exports are.
pub(crate) struct Bare {
    pre: InstancePre<HostState>,
    exports: Exports,
}

struct Exports {
    memory: ModuleExport,
    fuel: ModuleExport,
    realloc: ModuleExport,
    reset: [ModuleExport; 2],
    call: [ModuleExport; 2],
    state: [ModuleExport; 2],
    snapshot: [ModuleExport; 2],
    restore: [ModuleExport; 2],
    verify: [ModuleExport; 2],
    hash: ModuleExport,
    globals: Vec<ModuleExport>,
}

impl Bare {
    /// `None` where the module is not what the component's interface makes one expect.
    pub fn new(linker: &Linker<HostState>, module: &Module, globals: usize) -> Option<Self> {
        let typed = |name: &str, params: usize, result: Option<ValType>| {
            let ExternType::Func(ty) = module.get_export(name)? else { return None };
            let fits = ty.params().len() == params && ty.params().all(|param| param.matches(&ValType::I32));
            let same = match (ty.results().collect::<Vec<_>>().as_slice(), result) {
                ([], None) => true,
                ([have], Some(want)) => have.matches(&want),
                _ => false,
            };
            module.get_export_index(name).filter(|_| fits && same)
        };
        let with_post = |name: &str, params: usize| {
            let name = format!("{GUEST}#{name}");
            let run = typed(&name, params, Some(ValType::I32))?;
            Some([run, typed(&format!("cabi_post_{name}"), 1, None)?])
        };
        let exports = Exports {
            memory: module.get_export_index(MEMORY)?,
            fuel: module.get_export_index(FUEL)?,
            realloc: typed("cabi_realloc", 4, Some(ValType::I32))?,
            reset: with_post("reset", 2)?,
            call: with_post("call", 5)?,
            state: with_post("state", 0)?,
            snapshot: with_post("snapshot", 0)?,
            restore: with_post("restore", 2)?,
            verify: with_post("verify", 1)?,
            hash: typed(&format!("{GUEST}#state-hash"), 0, Some(ValType::I64))?,
            globals: (0..globals)
                .map(|number| module.get_export_index(&format!("{GLOBAL}{number}")))
                .collect::<Option<_>>()?,
        };
        Some(Self { pre: linker.instantiate_pre(module).ok()?, exports })
    }

    pub fn engine(&self) -> &Engine {
        self.pre.module().engine()
    }

    pub fn instantiate(&self, store: &mut Store<HostState>) -> wasmtime::Result<BareInstance> {
        let instance = self.pre.instantiate(&mut *store)?;
        let Some(Extern::Memory(memory)) = instance.get_module_export(&mut *store, &self.exports.memory) else {
            bail!("no memory")
        };
        let fuel = global(instance, store, &self.exports.fuel)?;
        let realloc = func(instance, store, &self.exports.realloc)?;
        Ok(BareInstance { instance, memory, fuel, realloc, call: None })
    }
}

/// Address and length of a tool's name and of its arguments, and who calls.
type Called = (u32, u32, u32, u32, u32);

/// An instance of a bare module.
pub(crate) struct BareInstance {
    instance: Instance,
    memory: Memory,
    fuel: Global,
    realloc: TypedFunc<(u32, u32, u32, u32), u32>,
    /// `call` and its end, when it was called before.
    call: Option<(TypedFunc<Called, u32>, TypedFunc<u32, ()>)>,
}

/// Everything by which an instance differs from a fresh one.
pub(crate) struct Image {
    /// Length of the memory, in bytes.
    length: usize,
    /// What differs, in order of address.
    runs: Vec<(usize, Box<[u8]>)>,
    globals: Vec<Val>,
}

impl Image {
    /// The slots for instances that begin so.
    pub fn slots(&self) -> Slots {
        const LITTLE: usize = 16 << 10;
        if self.bytes() <= LITTLE { Slots::Small } else { Slots::Large }
    }

    /// How much differs.
    pub fn bytes(&self) -> usize {
        self.runs.iter().map(|(_, bytes)| bytes.len()).sum()
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image({} of {} bytes in {} runs)", self.bytes(), self.length, self.runs.len())
    }
}

/// Length of the blocks that are compared: small runs cost more than the bytes between them.
const BLOCK: usize = 128;

impl BareInstance {
    /// Lets the guest use so much fuel from now on.
    pub fn grant(&self, store: &mut Store<HostState>, fuel: u64) -> wasmtime::Result<()> {
        self.fuel.set(store, Val::I64(i64::try_from(fuel)?))
    }

    /// What is left of it; `None` if it did not suffice.
    pub fn left(&self, store: &mut Store<HostState>) -> Option<u64> {
        self.fuel.get(store).i64().and_then(|left| u64::try_from(left).ok())
    }

    pub fn reset(
        &self,
        of: &Bare,
        store: &mut Store<HostState>,
        state: &str,
        most: u32,
    ) -> wasmtime::Result<Result<(), String>> {
        self.given(store, of.exports.reset, state.as_bytes(), most)
    }

    pub fn restore(
        &self,
        of: &Bare,
        store: &mut Store<HostState>,
        data: &[u8],
        most: u32,
    ) -> wasmtime::Result<Result<(), String>> {
        self.given(store, of.exports.restore, data, most)
    }

    pub fn hash(&self, of: &Bare, store: &mut Store<HostState>) -> wasmtime::Result<u64> {
        func::<(), u64>(self.instance, store, &of.exports.hash)?.call(store, ())
    }

    pub fn state(&self, of: &Bare, store: &mut Store<HostState>, most: u32) -> wasmtime::Result<String> {
        let [run, post] = of.exports.state;
        let at = func::<(), u32>(self.instance, store, &run)?.call(&mut *store, ())?;
        let mut reader = Reader::new(self.memory.data(&*store), at, most)?;
        let text = reader.text(0)?;
        self.post(store, &post, at)?;
        Ok(text)
    }

    pub fn snapshot(
        &self,
        of: &Bare,
        store: &mut Store<HostState>,
        most: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, String>> {
        let [run, post] = of.exports.snapshot;
        let at = func::<(), u32>(self.instance, store, &run)?.call(&mut *store, ())?;
        let mut reader = Reader::new(self.memory.data(&*store), at, most)?;
        let said = match reader.is_error()? {
            false => Ok(reader.bytes(4)?.to_vec()),
            true => Err(reader.text(4)?),
        };
        self.post(store, &post, at)?;
        Ok(said)
    }

    pub fn call(
        &mut self,
        of: &Bare,
        store: &mut Store<HostState>,
        (name, arguments, side): (&str, &str, types::Side),
        most: u32,
    ) -> wasmtime::Result<ToolReply> {
        let (name_at, name_length) = self.put(store, name.as_bytes())?;
        let (arguments_at, arguments_length) = self.put(store, arguments.as_bytes())?;
        let (run, post) = match &self.call {
            Some(both) => both,
            None => {
                let [run, post] = of.exports.call;
                let both = (func(self.instance, store, &run)?, func(self.instance, store, &post)?);
                self.call.insert(both)
            }
        };
        let side = match side {
            types::Side::Agent => 0,
            types::Side::User => 1,
        };
        let at = run.call(&mut *store, (name_at, name_length, arguments_at, arguments_length, side))?;
        let mut reader = Reader::new(self.memory.data(&*store), at, most)?;
        let reply = match reader.is_error()? {
            false => ToolReply::Result(reader.text(4)?),
            true => ToolReply::Error(types::ToolError {
                code: reader.text(4)?,
                message: reader.text(12)?,
                details: reader.text(20)?,
            }),
        };
        post.call(store, at)?;
        Ok(reply)
    }

    pub fn verify(
        &self,
        of: &Bare,
        store: &mut Store<HostState>,
        (task, turns): (&types::Task, &[types::TurnRecord]),
        most: u32,
    ) -> wasmtime::Result<Result<types::Verdict, String>> {
        let [run, post] = of.exports.verify;
        let mut writer = Writer { memory: self.memory, realloc: &self.realloc, store };
        let given = lower::arguments(&mut writer, task, turns)?;
        let at = func::<u32, u32>(self.instance, store, &run)?.call(&mut *store, given)?;
        if !at.is_multiple_of(8) {
            bail!("return pointer not aligned");
        }
        let mut reader = Reader::new(self.memory.data(&*store), at, most)?;
        let said = match reader.is_error()? {
            false => Ok(lower::verdict(&mut reader)?),
            true => Err(reader.text(8)?),
        };
        self.post(store, &post, at)?;
        Ok(said)
    }

    /// A call with bytes that answers `result<_, string>`.
    fn given(
        &self,
        store: &mut Store<HostState>,
        [run, post]: [ModuleExport; 2],
        bytes: &[u8],
        most: u32,
    ) -> wasmtime::Result<Result<(), String>> {
        let given = self.put(store, bytes)?;
        let at = func::<(u32, u32), u32>(self.instance, store, &run)?.call(&mut *store, given)?;
        let mut reader = Reader::new(self.memory.data(&*store), at, most)?;
        let said = if reader.is_error()? { Err(reader.text(4)?) } else { Ok(()) };
        self.post(store, &post, at)?;
        Ok(said)
    }

    fn post(&self, store: &mut Store<HostState>, post: &ModuleExport, at: u32) -> wasmtime::Result<()> {
        func::<u32, ()>(self.instance, store, post)?.call(store, at)
    }

    /// Copies bytes to where the guest has room for them.
    fn put(&self, store: &mut Store<HostState>, bytes: &[u8]) -> wasmtime::Result<(u32, u32)> {
        Writer { memory: self.memory, realloc: &self.realloc, store }.put(bytes)
    }

    /// By what this instance differs from `fresh`, another of the same module.
    pub fn image(
        &self,
        of: &Bare,
        store: &mut Store<HostState>,
        (fresh, fresh_store): (&Self, &Store<HostState>),
        most: usize,
    ) -> wasmtime::Result<Option<Image>> {
        let globals = of.exports.globals.iter().map(|of| Ok(global(self.instance, store, of)?.get(&mut *store)));
        let globals = globals.collect::<wasmtime::Result<_>>()?;
        let (now, before) = (self.memory.data(&*store), fresh.memory.data(fresh_store));
        let mut runs: Vec<(usize, Vec<u8>)> = Vec::new();
        let mut bytes = 0;
        for (at, block) in now.chunks(BLOCK).enumerate().map(|(number, block)| (number * BLOCK, block)) {
            // What has grown was zero.
            let same = match before.get(at..at + block.len()) {
                Some(before) => before == block,
                None => block.iter().all(|byte| *byte == 0),
            };
            if same {
                continue;
            }
            bytes += block.len();
            if bytes > most {
                return Ok(None);
            }
            match runs.last_mut() {
                Some((start, run)) if *start + run.len() == at => run.extend_from_slice(block),
                _ => runs.push((at, block.to_vec())),
            }
        }
        let runs = runs.into_iter().map(|(at, bytes)| (at, bytes.into_boxed_slice())).collect();
        Ok(Some(Image { length: now.len(), runs, globals }))
    }

    /// Makes of this fresh instance what the image was taken of.
    pub fn become_copy(&self, of: &Bare, store: &mut Store<HostState>, image: &Image) -> wasmtime::Result<()> {
        const PAGE: usize = 64 << 10;
        let more = image.length.saturating_sub(self.memory.data_size(&*store)) / PAGE;
        if more > 0 {
            self.memory.grow(&mut *store, more as u64)?;
        }
        let memory = self.memory.data_mut(&mut *store);
        for (at, bytes) in &image.runs {
            memory[*at..][..bytes.len()].copy_from_slice(bytes);
        }
        for (of, value) in of.exports.globals.iter().zip(&image.globals) {
            global(self.instance, store, of)?.set(&mut *store, *value)?;
        }
        Ok(())
    }
}

fn func<P: WasmParams, R: WasmResults>(
    instance: Instance,
    store: &mut Store<HostState>,
    export: &ModuleExport,
) -> wasmtime::Result<TypedFunc<P, R>> {
    match instance.get_module_export(&mut *store, export) {
        Some(Extern::Func(func)) => func.typed(store),
        _ => bail!("no such export"),
    }
}

fn global(instance: Instance, store: &mut Store<HostState>, export: &ModuleExport) -> wasmtime::Result<Global> {
    match instance.get_module_export(store, export) {
        Some(Extern::Global(global)) => Ok(global),
        _ => bail!("no such export"),
    }
}

/// What is given to the guest, in memory that it has made room in.
pub(super) struct Writer<'a> {
    memory: Memory,
    realloc: &'a TypedFunc<(u32, u32, u32, u32), u32>,
    store: &'a mut Store<HostState>,
}

impl Writer<'_> {
    /// Room for so many bytes; whether it is in the memory, [`Self::write`] finds.
    pub fn room(&mut self, bytes: usize, align: u32) -> wasmtime::Result<u32> {
        let length = u32::try_from(bytes)?;
        let at = self.realloc.call(&mut *self.store, (0, 0, align, length))?;
        if !at.is_multiple_of(align) {
            bail!("realloc return: result not aligned");
        }
        Ok(at)
    }

    /// Bytes of their own: where they are, and how many.
    pub fn put(&mut self, bytes: &[u8]) -> wasmtime::Result<(u32, u32)> {
        let at = self.room(bytes.len(), 1)?;
        self.write(at, bytes)?;
        Ok((at, bytes.len() as u32))
    }

    /// Writes into room that there is.
    pub fn write(&mut self, at: u32, bytes: &[u8]) -> wasmtime::Result<()> {
        let memory = self.memory.data_mut(&mut *self.store);
        match memory.get_mut(at as usize..).and_then(|from| from.get_mut(..bytes.len())) {
            Some(place) => place.copy_from_slice(bytes),
            None => bail!("realloc return: beyond end of memory"),
        }
        Ok(())
    }
}

/// A result in the guest's memory.
pub(super) struct Reader<'a> {
    memory: &'a [u8],
    at: u32,
    /// Bytes that may still be read.
    left: u32,
    most: u32,
}

impl<'a> Reader<'a> {
    fn new(memory: &'a [u8], at: u32, most: u32) -> wasmtime::Result<Self> {
        if !at.is_multiple_of(4) {
            bail!("return pointer not aligned");
        }
        Ok(Self { memory, at, left: most, most })
    }

    pub fn word(&self, offset: u32) -> wasmtime::Result<u32> {
        let at = self.at as usize + offset as usize;
        match self.memory.get(at..at + 4).map(<[u8; 4]>::try_from) {
            Some(Ok(bytes)) => Ok(u32::from_le_bytes(bytes)),
            _ => bail!("pointer out of bounds of memory"),
        }
    }

    /// The discriminant of a result.
    fn is_error(&self) -> wasmtime::Result<bool> {
        match self.word(0)? as u8 {
            0 => Ok(false),
            1 => Ok(true),
            other => bail!("unexpected discriminant: {other}"),
        }
    }

    /// The entries, of `size` bytes each, of the list whose place is at `offset`.
    pub fn entries(&mut self, offset: u32, size: u32) -> wasmtime::Result<impl Iterator<Item = u32> + use<>> {
        let (start, count) = (self.word(offset)?, self.word(offset + 4)?);
        if !start.is_multiple_of(4) {
            bail!("list pointer is not aligned");
        }
        // More than a number can say is more than the memory has.
        self.take(start, count.saturating_mul(size))?;
        Ok((0..count).map(move |index| start + index * size))
    }

    /// The same result, read from another place on.
    pub fn moved(&mut self, at: u32) -> &mut Self {
        self.at = at;
        self
    }

    /// The text or list whose place is at `offset`.
    fn bytes(&mut self, offset: u32) -> wasmtime::Result<&'a [u8]> {
        self.take(self.word(offset)?, self.word(offset + 4)?)
    }

    /// What lies there, taken off what may still be read.
    fn take(&mut self, start: u32, length: u32) -> wasmtime::Result<&'a [u8]> {
        let Some(bytes) = part(self.memory, start, length) else { bail!("pointer/length out of bounds of memory") };
        match self.left.checked_sub(length) {
            Some(left) => self.left = left,
            None => bail!("returned more than {} bytes", self.most),
        }
        Ok(bytes)
    }

    pub fn text(&mut self, offset: u32) -> wasmtime::Result<String> {
        Ok(std::str::from_utf8(self.bytes(offset)?)?.to_owned())
    }
}

/// What the guest points at, if it is in its memory.
fn part(memory: &[u8], start: u32, length: u32) -> Option<&[u8]> {
    memory.get(start as usize..)?.get(..length as usize)
}
