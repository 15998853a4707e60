//! A loaded environment: its description, its tasks, and the compiled component that episodes are instances of.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use coevo_core::episode::{Boundary, Fault};
use coevo_core::id::ContentId;
use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::task::{EnvSpec, Task, TaskRef, ToolSpec};
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use crate::abi;
use crate::check;
use crate::manifest::{Manifest, ManifestError};
use crate::sandbox::{Bare, HostState, Sandbox, SandboxLimits, Service, Slots, Unwrapped, World, unwrap};
use crate::schema::Schema;
use crate::source::EnvSource;
use crate::start::Starts;
use crate::tasks::{TaskFile, TaskFileError};

/// A loaded environment. Cheap to clone, and shared by all workers.
#[derive(Clone)]
pub struct EnvPlugin(Arc<Loaded>);

struct Loaded {
    sandbox: Sandbox,
    /// The sandbox's, and what the manifest needs beyond them.
    limits: Arc<SandboxLimits>,
    pre: abi::EnvironmentPre<HostState>,
    /// The component's module, where it can be run by itself.
    module: Option<Unwrapped>,
    /// The same, compiled when the first world is made: to describe an environment or make its tasks takes none.
    bare: OnceLock<Option<[Arc<Bare>; Slots::KINDS]>>,
    spec: EnvSpec,
    /// In the order of `spec.tools`.
    schemas: Vec<Schema>,
    component: ContentId,
    manifest: Option<Manifest>,
    starts: Starts,
    /// Imported tasks, instead of the guest's own.
    tasks: Option<TaskFile>,
}

/// Why an environment could not be loaded: the user's to mend.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("environment {name:?} does not exist\nhint: {hint}")]
    UnknownName { name: String, hint: String },
    #[error("{path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{folder}: no component in this folder\nhint: `coevo env build {folder}`")]
    NotBuilt { folder: PathBuf },
    #[error("{folder}: several components: {names}\nhint: name one of them")]
    Several { folder: PathBuf, names: String },
    #[error(
        "{source_name}: a core WebAssembly module, not a component\nhint: `coevo env build FOLDER` makes a component"
    )]
    CoreModule { source_name: String },
    #[error("{source_name}: not a WebAssembly component: {reason}\nhint: `coevo env build FOLDER` makes one")]
    NotAComponent { source_name: String, reason: String },
    #[error(
        "{source_name}: speaks {found}, this program speaks coevo:env/guest@{}\n\
         hint: build the environment again with the SDK of this program",
        abi::VERSION
    )]
    AbiVersion { source_name: String, found: String },
    #[error(
        "{source_name}: does not export coevo:env/guest@{}\nhint: is `coevo_sdk::export!(YourEnvironment);` in its lib.rs?",
        abi::VERSION
    )]
    NotAnEnvironment { source_name: String },
    #[error(
        "{source_name}: imports {import}, which an environment may not\n\
         hint: environments import coevo:env/host@{} only; build for wasm32-unknown-unknown (no WASI)",
        abi::VERSION
    )]
    Import { source_name: String, import: String },
    #[error("{source_name}: does not fit the interface coevo:env@{}: {reason}", abi::VERSION)]
    Link { source_name: String, reason: String },
    #[error("{source_name}: its description is wrong: {problem}")]
    Description { source_name: String, problem: String },
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Tasks(#[from] TaskFileError),
    #[error("{source_name}: {during} failed: {message}")]
    Fault { source_name: String, during: String, message: String },
}

impl EnvPlugin {
    /// Loads, checks and describes an environment.
    ///
    /// # Errors
    /// Anything wrong with the file, the component or its description, each with its fix.
    pub fn load(sandbox: &Sandbox, source: &EnvSource) -> Result<Self, LoadError> {
        if let Some(path) = source.task_file() {
            return Self::with_tasks(sandbox, &path);
        }
        let plugin = Self::from_bytes(sandbox, &source.to_string(), &source.read()?)?;
        // The folder's manifest may be newer than the one that the build carried into the component.
        if let Some(folder) = source.folder()
            && let Some(manifest) = Manifest::of_folder(folder)?
        {
            manifest.check(plugin.spec())?;
        }
        Ok(plugin)
    }

    /// The environment that a task file names, with the splits and tasks of the file. Its id covers both.
    fn with_tasks(sandbox: &Sandbox, path: &Path) -> Result<Self, LoadError> {
        let (file, bytes) = TaskFile::read(path)?;
        let wasm = EnvSource::beside(path, &file.header.environment).read()?;
        let Self(loaded) = Self::from_bytes(sandbox, &path.display().to_string(), &wasm)?;
        let mut loaded = Arc::into_inner(loaded).expect("a plugin that was just made has one owner");
        loaded.spec.splits.clone_from(&file.splits);
        loaded.component = ContentId::of_bytes(&[&wasm[..], &bytes].concat());
        loaded.tasks = Some(file);
        Ok(Self(Arc::new(loaded)))
    }

    /// As [`EnvPlugin::load`], from a component in memory; `source_name` is what errors call it.
    ///
    /// # Errors
    /// As [`EnvPlugin::load`].
    pub fn from_bytes(sandbox: &Sandbox, source_name: &str, wasm: &[u8]) -> Result<Self, LoadError> {
        Self::with_manifest(sandbox, source_name, wasm, Manifest::of_component(source_name, wasm)?)
    }

    /// As [`EnvPlugin::from_bytes`], for a component whose manifest was read already.
    pub(crate) fn with_manifest(
        sandbox: &Sandbox,
        source_name: &str,
        wasm: &[u8],
        manifest: Option<Manifest>,
    ) -> Result<Self, LoadError> {
        let source_name = source_name.to_owned();
        // The preamble's layer field tells a component (1) from a core module (0).
        if wasm.starts_with(b"\0asm") && wasm.get(6..8) == Some(&[0, 0]) {
            return Err(LoadError::CoreModule { source_name });
        }
        if !wasm.starts_with(b"\0asm") {
            return Err(LoadError::NotAComponent { source_name, reason: "it is no WebAssembly at all".to_owned() });
        }
        let component = sandbox.compile(wasm).map_err(|error| LoadError::NotAComponent {
            source_name: source_name.clone(),
            reason: format!("{error:#}"),
        })?;
        interface(&component, sandbox, &source_name)?;
        let link =
            |error: wasmtime::Error| LoadError::Link { source_name: source_name.clone(), reason: format!("{error:#}") };
        let pre = sandbox.linker().instantiate_pre(&component).and_then(abi::EnvironmentPre::new).map_err(link)?;
        let fault = |fault: Fault| match (fault.boundary, fault.during.as_str()) {
            // Types are compared when the first instance is made.
            (Boundary::GuestOutput, "instantiate") => {
                LoadError::Link { source_name: source_name.clone(), reason: fault.message }
            }
            _ => LoadError::Fault { source_name: source_name.clone(), during: fault.during, message: fault.message },
        };
        let limits = match &manifest {
            Some(manifest) => manifest.limits(sandbox.limits())?,
            None => sandbox.limits().clone(),
        };
        let limits = Arc::new(limits);
        let host = HostState::new(StreamKey::new(0, Purpose::Environment), &limits);
        let said = Service::begin(sandbox.engine(), &pre, &limits, host)
            .and_then(|mut instance| instance.describe())
            .map_err(fault)?;
        let (spec, schemas) = check::description(said)
            .map_err(|problem| LoadError::Description { source_name: source_name.clone(), problem })?;
        if let Some(manifest) = &manifest {
            manifest.check(&spec)?;
        }
        let component = ContentId::of_bytes(wasm);
        let (module, bare) = (unwrap(wasm), OnceLock::new());
        let sandbox = sandbox.clone();
        let (starts, tasks) = (Starts::default(), None);
        Ok(Self(Arc::new(Loaded {
            sandbox,
            limits,
            pre,
            module,
            bare,
            spec,
            schemas,
            component,
            manifest,
            starts,
            tasks,
        })))
    }

    /// What the environment says of itself.
    pub fn spec(&self) -> &EnvSpec {
        &self.0.spec
    }

    /// The manifest that the component carries: licence and language, beside what [`EnvPlugin::spec`] says.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.0.manifest.as_ref()
    }

    /// Address of the component's bytes: two runs with equal ids ran the same environment.
    pub fn component_id(&self) -> &ContentId {
        &self.0.component
    }

    /// Generates a task, in an instance of its own.
    ///
    /// # Errors
    /// A `Host` fault when the reference names no task of this environment; the guest's faults otherwise.
    pub fn task(&self, of: &TaskRef) -> Result<Task, Fault> {
        let refuse = |message: String| Err(Fault { boundary: Boundary::Host, during: "generate".to_owned(), message });
        let spec = self.spec();
        let Some(split) = spec.splits.iter().find(|split| split.name == of.split) else {
            let known = spec.splits.iter().map(|split| split.name.as_str()).collect::<Vec<_>>().join(", ");
            return refuse(format!("{} has no split {:?}; it has {known}", spec.name, of.split));
        };
        if of.index >= split.tasks {
            return refuse(format!("split {:?} of {} has {} tasks, no {}", of.split, spec.name, split.tasks, of.index));
        }
        match &self.0.tasks {
            Some(file) => match file.data(&of.split, of.index) {
                Some(data) => self.import_task(&data),
                None => refuse(format!("split {:?} has no task {}", of.split, of.index)),
            },
            None => self.generate(&of.split, of.index, of.seed),
        }
    }

    /// What the guest makes an imported task of; nothing where it generates its tasks itself.
    pub(crate) fn imported(&self, of: &TaskRef) -> Option<String> {
        self.0.tasks.as_ref()?.data(&of.split, of.index)
    }

    /// As [`EnvPlugin::task`] without looking the split up: the guest itself must know it.
    pub(crate) fn generate(&self, split: &str, index: u32, seed: u64) -> Result<Task, Fault> {
        let mut instance = self.service(StreamKey::new(0, Purpose::Environment))?;
        let said = instance.generate(split, index, seed)?;
        check::task(said, self.spec()).map_err(|problem| instance.condemn("generate", problem))
    }

    /// Turns external task data (the environment's own JSON) into a task.
    ///
    /// # Errors
    /// The guest's own refusal, or a task that breaks the contract.
    pub fn import_task(&self, data: &str) -> Result<Task, Fault> {
        let mut instance = self.service(StreamKey::new(0, Purpose::Environment))?;
        let said = instance.import_task(data)?;
        check::task(said, self.spec()).map_err(|problem| instance.condemn("import-task", problem))
    }

    pub fn sandbox(&self) -> &Sandbox {
        &self.0.sandbox
    }

    /// What an instance may use: the sandbox's limits, with the needs of the manifest.
    pub fn limits(&self) -> &SandboxLimits {
        &self.0.limits
    }

    /// A fresh instance that makes tasks or plays a user, with the host's side at the beginning of `stream`.
    pub(crate) fn service(&self, stream: StreamKey) -> Result<Service, Fault> {
        let Loaded { sandbox, pre, limits, .. } = &*self.0;
        Service::begin(sandbox.engine(), pre, limits, HostState::new(stream, limits))
    }

    /// A fresh instance to play in or to judge in, with the host's side at the beginning of `stream`.
    pub(crate) fn world(&self, slots: Slots, stream: StreamKey) -> Result<World, Fault> {
        let Loaded { sandbox, module, bare, pre, limits, .. } = &*self.0;
        let bare = bare.get_or_init(|| module.as_ref().and_then(|module| sandbox.bare(module)));
        let host = HostState::new(stream, limits);
        match bare {
            Some(bare) => World::begin_bare(&bare[slots as usize], limits, host),
            None => World::begin(sandbox.engine(), pre, limits, host),
        }
    }

    /// As [`EnvPlugin::world`], but never by itself.
    #[cfg(test)]
    pub(crate) fn world_of_component(&self, host: HostState) -> Result<World, Fault> {
        let Loaded { sandbox, pre, limits, .. } = &*self.0;
        World::begin(sandbox.engine(), pre, limits, host)
    }

    /// A declared tool with its compiled schema.
    pub(crate) fn tool(&self, name: &str) -> Option<(&ToolSpec, &Schema)> {
        let at = self.0.spec.tools.iter().position(|tool| tool.name == name)?;
        Some((&self.0.spec.tools[at], &self.0.schemas[at]))
    }

    pub(crate) fn starts(&self) -> &Starts {
        &self.0.starts
    }
}

impl std::fmt::Debug for EnvPlugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EnvPlugin({} {}, {})", self.0.spec.name, self.0.spec.version, self.0.component)
    }
}

/// Checks by name what a component imports and exports, so that the commonest mistakes have messages of their own.
fn interface(component: &Component, sandbox: &Sandbox, source_name: &str) -> Result<(), LoadError> {
    let source_name = source_name.to_owned();
    let ty = component.component_type();
    let wanted = abi::GUEST;
    let exports: Vec<String> = ty.exports(sandbox.engine()).map(|(name, _)| name.to_owned()).collect();
    if !exports.iter().any(|name| name == wanted) {
        return match exports.into_iter().find(|name| name.starts_with("coevo:env/guest")) {
            Some(found) => Err(LoadError::AbiVersion { source_name, found }),
            None => Err(LoadError::NotAnEnvironment { source_name }),
        };
    }
    let allowed = ["host", "types"].map(|name| format!("coevo:env/{name}@{}", abi::VERSION));
    for (name, item) in ty.imports(sandbox.engine()) {
        let harmless = matches!(item.ty, ComponentItem::Type(_));
        if !harmless && !allowed.iter().any(|allowed| allowed == name) {
            return Err(match name.starts_with("coevo:env/") {
                true => LoadError::AbiVersion { source_name, found: name.to_owned() },
                false => LoadError::Import { source_name, import: name.to_owned() },
            });
        }
    }
    Ok(())
}

/// Calls `of` with the first tasks, at most `most`, of the first split of every shipped environment.
#[cfg(test)]
pub(crate) fn each_shipped(most: u32, mut of: impl FnMut(&EnvPlugin, &Task)) {
    let sandbox = Sandbox::with_cache(SandboxLimits::default(), None).unwrap();
    for (name, _) in crate::source::SHIPPED {
        let plugin = EnvPlugin::load(&sandbox, &name.parse::<EnvSource>().unwrap()).unwrap();
        let Some(split) = plugin.spec().splits.first() else { continue };
        for index in 0..most.min(split.tasks) {
            let reference = TaskRef { env: (*name).to_owned(), split: split.name.clone(), index, seed: 3 };
            of(&plugin, &plugin.task(&reference).unwrap());
        }
    }
}
