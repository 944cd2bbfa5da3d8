//! The structural hash: equal for equal structure, however it was written; different for any change a reader sees.

use serde::{Deserialize, Serialize};

/// 128 bits of SHA-256 over the canonical text, as 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint(pub String);
