//! What a guest may use.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SandboxError;

/// A Rust guest's component is three core instances (module, shim, fixup); language runtimes link dozens.
pub(super) const CORE_INSTANCES: u32 = 64;
pub(super) const TABLES: u32 = 4;
/// A component may hold others that stub its imports (componentize-qjs makes three); what they have together is bounded (`HostState`).
pub(super) const MEMORIES: u32 = 4;

/// Bounds on what one guest instance may use, and on how many live at once.
///
/// A guest that goes over one of them ends its own episode with a fault; it never harms another. The limits are part of
/// what an episode's outcome depends on, so they are recorded with the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SandboxLimits {
    /// Fuel (about one unit per WASM instruction, and one per byte that is copied) of one call of a tool, and of every other small export.
    pub fuel_per_call: u64,
    /// Fuel of one `describe`, `generate`, `import-task`, `reset` or `verify`.
    pub fuel_per_task: u64,
    /// Linear memory of an instance.
    pub memory_bytes: u64,
    /// Elements of each table.
    pub table_elements: u32,
    /// Stack of a call.
    pub stack_bytes: u32,
    /// A tool's result or error, or a user's message.
    pub output_bytes: u32,
    /// A task, a state, a snapshot, a verdict or a description.
    pub data_bytes: u32,
    /// Log text kept for an episode; later lines are counted, not kept.
    pub log_bytes: u32,
    /// Instances alive at the same time, in the whole process.
    pub live_instances: u32,
    /// Unused instance slots that keep their memory mapped.
    pub warm_instances: u32,
    /// Memory of an unused slot that stays resident; a performance knob only.
    pub resident_bytes: u32,
    /// Greatest `fuel_per_call` that an environment may declare to need (`[needs]` of its manifest).
    pub most_fuel_per_call: u64,
    /// Greatest `fuel_per_task` that an environment may declare to need.
    pub most_fuel_per_task: u64,
    /// Greatest `memory_bytes` that an environment may declare to need.
    pub most_memory_bytes: u64,
}

impl Default for SandboxLimits {
    fn default() -> Self {
        Self {
            fuel_per_call: 200_000_000,
            fuel_per_task: 4_000_000_000,
            memory_bytes: 64 << 20,
            table_elements: 20_000,
            stack_bytes: 512 << 10,
            output_bytes: 1 << 20,
            data_bytes: 16 << 20,
            log_bytes: 64 << 10,
            live_instances: 4096,
            warm_instances: 256,
            resident_bytes: 512 << 10,
            most_fuel_per_call: 5_000_000_000,
            most_fuel_per_task: 100_000_000_000,
            most_memory_bytes: 512 << 20,
        }
    }
}

impl SandboxLimits {
    /// # Errors
    /// The first value that no guest could run with.
    pub fn check(&self) -> Result<(), SandboxError> {
        const MIB: u64 = 1 << 20;
        let least: [(&'static str, u64, u64); 9] = [
            ("fuel_per_call", self.fuel_per_call, 1000),
            ("fuel_per_task", self.fuel_per_task, 1000),
            ("memory_bytes", self.memory_bytes, 2 * MIB),
            ("table_elements", self.table_elements.into(), 100),
            ("stack_bytes", self.stack_bytes.into(), 16 << 10),
            ("output_bytes", self.output_bytes.into(), 256),
            ("data_bytes", self.data_bytes.into(), 4096),
            ("live_instances", self.live_instances.into(), 4),
            ("warm_instances", self.warm_instances.into(), 1),
        ];
        for (key, value, least) in least {
            if value < least {
                return Err(SandboxError::Limit { key, value, problem: "too small", fix: format!("at least {least}") });
            }
        }
        let most = [
            ("memory_bytes", self.memory_bytes, 4096 * MIB),
            ("most_memory_bytes", self.most_memory_bytes, 4096 * MIB),
            ("stack_bytes", self.stack_bytes.into(), MIB),
            ("live_instances", self.live_instances.into(), 200_000),
        ];
        for (key, value, most) in most {
            if value > most {
                return Err(SandboxError::Limit { key, value, problem: "too large", fix: format!("at most {most}") });
            }
        }
        Ok(())
    }
}
