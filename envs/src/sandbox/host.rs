//! What a guest may ask of the host: a log, the episode's random stream, a logical clock; and the refusal to grow.

use coevo_core::seed::{Stream, StreamKey};
use serde::{Deserialize, Serialize};
use wasmtime::ResourceLimiter;

use crate::abi::{host, types};

/// How serious a guest takes a log line to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

/// One line that a guest logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    pub level: LogLevel,
    pub message: String,
}

/// What a guest logged in an episode, up to the sandbox's `log_bytes`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logs {
    pub lines: Vec<LogLine>,
    /// Lines that came after the bound was reached.
    pub dropped: u32,
    /// Bytes that may still be kept.
    #[serde(skip)]
    room: usize,
}

/// The data of a store: everything of one instance that lives on the host's side.
#[derive(Debug)]
pub(crate) struct HostState {
    stream: Stream,
    /// Random draws so far.
    pub draws: u64,
    pub now_ms: u64,
    pub logs: Logs,
    memory_bytes: usize,
    table_elements: usize,
    /// Why growth was refused in the current call.
    pub refused: Option<String>,
}

impl HostState {
    pub fn new(stream: StreamKey, limits: &super::SandboxLimits) -> Self {
        Self {
            stream: stream.stream(),
            draws: 0,
            now_ms: 0,
            logs: Logs { room: limits.log_bytes as usize, ..Logs::default() },
            memory_bytes: limits.memory_bytes as usize,
            table_elements: limits.table_elements as usize,
            refused: None,
        }
    }

    /// The same position of stream, clock and log, for an instance that continues another.
    pub fn fork(&self) -> Self {
        Self { stream: self.stream.clone(), logs: self.logs.clone(), refused: None, ..*self }
    }
}

impl types::Host for HostState {}

impl host::Host for HostState {
    fn log(&mut self, level: host::Level, message: String) {
        let level = match level {
            host::Level::Debug => LogLevel::Debug,
            host::Level::Info => LogLevel::Info,
            host::Level::Warn => LogLevel::Warn,
            host::Level::Error => LogLevel::Error,
        };
        // Empty lines cost too.
        match self.logs.room.checked_sub(message.len().max(16)) {
            Some(room) => {
                self.logs.room = room;
                self.logs.lines.push(LogLine { level, message });
            }
            None => self.logs.dropped = self.logs.dropped.saturating_add(1),
        }
    }

    fn random_u64(&mut self) -> u64 {
        self.draws += 1;
        self.stream.next_u64()
    }

    fn now_ms(&mut self) -> u64 {
        self.now_ms
    }
}

impl ResourceLimiter for HostState {
    fn memory_growing(&mut self, _now: usize, desired: usize, _declared: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.memory_bytes {
            self.refused = Some(format!("asked for {desired} bytes of memory, {} are allowed", self.memory_bytes));
        }
        Ok(desired <= self.memory_bytes)
    }

    fn table_growing(&mut self, _now: usize, desired: usize, _declared: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.table_elements {
            self.refused = Some(format!("asked for {desired} table elements, {} are allowed", self.table_elements));
        }
        Ok(desired <= self.table_elements)
    }
}
