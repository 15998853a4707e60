//! Agents that are not learned: they bound what a policy can reach, demonstrate, and let a person or a file play.

mod human;
mod noisy;
mod oracle;
mod random;
mod simple;

pub use human::Human;
pub(crate) use noisy::misnamed;
pub use noisy::{Habits, NoisyOracle, Reads};
pub use oracle::Oracle;
pub use random::Random;
pub use simple::{DoNothing, Script};

#[cfg(test)]
mod tests;
