//! Content addresses: what is equal has an equal id, in every process and on every machine.

use serde::{Deserialize, Serialize};

/// A content address: the first 16 hex digits of the BLAKE3 hash of canonical bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct ContentId(String);

impl ContentId {
    /// Address of `bytes`.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes).to_hex()[..16].to_owned())
    }

    /// Address of a value's JSON form. Maps inside `value` must be ordered (`BTreeMap`), as all of ours are.
    pub fn of<T: Serialize>(value: &T) -> Self {
        Self::of_bytes(&serde_json::to_vec(value).expect("our own types serialize"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ContentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
