//! The host with real guests in the real sandbox.

mod bfcl;
mod common;
mod episode;
mod golden;
mod hostile;
mod loading;
mod shipped;
mod stamps;
