//! The host with real guests in the real sandbox.

mod bfcl;
mod common;
mod components;
mod conformance;
mod episode;
mod golden;
mod harm;
mod hostile;
mod loading;
mod manifests;
mod shipped;
mod stamps;
