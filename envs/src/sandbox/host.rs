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
    /// The most that its memory has grown to.
    pub memory_peak: usize,
    table_elements: usize,
    /// Why growth was refused in the current call.
    pub refused: Option<String>,
    /// The end of what the guest logged last as an error in the current call: why it is about to trap, perhaps.
    pub last_words: Option<String>,
    /// What the current call may still ask of the host.
    patience: Patience,
    /// The longest text that the current call may bring.
    pub(super) text_bytes: u32,
}

/// Calls, refusals to grow among them, and log bytes that the host still answers. Fuel does not see them: a call of the host
/// costs the guest a few instructions, and the host as much as the text it is given.
#[derive(Clone, Copy, Debug)]
struct Patience {
    calls: u32,
    bytes: usize,
}

impl Patience {
    /// Of each call of the guest.
    const FULL: Self = Self { calls: 100_000, bytes: 16 << 20 };
}

/// The end of the host's patience: a kind of running out of fuel.
#[derive(Debug)]
pub(super) struct Flood;

impl std::fmt::Display for Flood {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Patience { calls, bytes } = Patience::FULL;
        write!(f, "asked more of the host than {calls} calls and {bytes} bytes of log in one call")
    }
}

impl std::error::Error for Flood {}

impl HostState {
    pub fn new(stream: StreamKey, limits: &super::SandboxLimits) -> Self {
        Self {
            stream: stream.stream(),
            draws: 0,
            now_ms: 0,
            logs: Logs { room: limits.log_bytes as usize, ..Logs::default() },
            memory_bytes: limits.memory_bytes as usize,
            memory_peak: 0,
            table_elements: limits.table_elements as usize,
            refused: None,
            last_words: None,
            patience: Patience::FULL,
            text_bytes: limits.data_bytes,
        }
    }

    /// A call of the guest begins, which may bring texts of so many bytes.
    pub fn enter(&mut self, text_bytes: u32) {
        self.text_bytes = text_bytes;
        self.refused = None;
        self.last_words = None;
        self.patience = Patience::FULL;
    }

    /// Answers one call of the guest, which brought `bytes`, or is out of patience.
    fn answer(&mut self, bytes: usize) -> wasmtime::Result<()> {
        let Patience { calls, bytes: left } = self.patience;
        match (calls.checked_sub(1), left.checked_sub(bytes)) {
            (Some(calls), Some(bytes)) => {
                self.patience = Patience { calls, bytes };
                Ok(())
            }
            _ => Err(Flood.into()),
        }
    }

    /// Goes on where `other` is in stream, clock and log, whatever was asked of this one while its instance was made.
    pub fn continue_from(&mut self, other: &Self) {
        let (stream, logs, memory_peak) = (other.stream.clone(), other.logs.clone(), self.memory_peak);
        *self = Self { stream, logs, refused: None, last_words: None, memory_peak, ..*other };
    }
}

impl types::Host for HostState {}

impl host::Host for HostState {
    fn log(&mut self, level: host::Level, message: String) -> wasmtime::Result<()> {
        self.answer(message.len())?;
        let level = match level {
            host::Level::Debug => LogLevel::Debug,
            host::Level::Info => LogLevel::Info,
            host::Level::Warn => LogLevel::Warn,
            host::Level::Error => LogLevel::Error,
        };
        if level == LogLevel::Error {
            self.last_words = message.trim_end().lines().last().map(str::to_owned);
        }
        // Empty lines cost too.
        match self.logs.room.checked_sub(message.len().max(16)) {
            Some(room) => {
                self.logs.room = room;
                self.logs.lines.push(LogLine { level, message });
            }
            None => self.logs.dropped = self.logs.dropped.saturating_add(1),
        }
        Ok(())
    }

    fn random_u64(&mut self) -> wasmtime::Result<u64> {
        self.answer(0)?;
        self.draws += 1;
        Ok(self.stream.next_u64())
    }

    fn now_ms(&mut self) -> wasmtime::Result<u64> {
        self.answer(0)?;
        Ok(self.now_ms)
    }
}

impl ResourceLimiter for HostState {
    fn memory_growing(&mut self, now: usize, desired: usize, declared: Option<usize>) -> wasmtime::Result<bool> {
        if declared.is_some_and(|most| desired > most && most < self.memory_bytes) {
            // The guest's own bound: no refusal of the host's. The pool's, which comes the same way, is not below the limit.
            self.answer(0)?;
            return Ok(false);
        }
        // Memories never shrink, so the peak is what there is now, in all of them.
        let total = self.memory_peak.saturating_add(desired.saturating_sub(now));
        let granted = total <= self.memory_bytes;
        match granted {
            true => self.memory_peak = total,
            false => {
                self.answer(0)?;
                self.refused = Some(format!("asked for {total} bytes of memory, {} are allowed", self.memory_bytes));
            }
        }
        Ok(granted)
    }

    fn table_growing(&mut self, _now: usize, desired: usize, _declared: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.table_elements {
            self.answer(0)?;
            self.refused = Some(format!("asked for {desired} table elements, {} are allowed", self.table_elements));
        }
        Ok(desired <= self.table_elements)
    }
}
