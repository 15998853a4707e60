//! The vocabulary of Coevo, shared by every other crate: tasks, episodes, evidence, labels, profile, interface,
//! advantages and seeds.
//!
//! Invariants: no I/O, no clock, no threads, no hash-map order. Everything here is a value or a pure function of values,
//! so that any result can be computed again from a record.

pub mod advantage;
pub mod config;
pub mod diagnose;
pub mod episode;
#[cfg(test)]
mod fixture;
pub mod hint;
pub mod id;
pub mod interface;
pub mod label;
pub mod profile;
pub mod protocol;
pub mod render;
pub mod seed;
pub mod stats;
pub mod task;
