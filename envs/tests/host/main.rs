//! The host with real guests in the real sandbox.

mod common;
mod episode;
mod golden;
mod hostile;
mod loading;
mod manifests;
mod shipped;
mod stamps;
