//! The version endpoint's answer.

use electric_replica_core::version::{MAX_VERSION_CHARS, Standing, parse_version, standing};

use crate::secret::assert_kept;

pub(super) const WORDS: &[&str] = &[
    "\"version\":\"1\"",
    "\"index\":",
    "\"timestamp\":",
    "\"dialect\":",
    "\"fingerprint\":\"00112233445566778899aabbccddeeff\"",
    "\"success\":true,\"data\":",
    "\"success\":false",
    "<!DOCTYPE html>",
    "9223372036854775807",
    "-9223372036854775808",
    "1e3",
    "1.0",
    "null",
    "{",
    "}",
    ",",
    "\\u0000",
];

/// A version is one that can be stored and is the same as itself; an error has an end.
pub(super) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for content_type in [None, Some("application/json"), Some("text/html")] {
        match parse_version(text, content_type) {
            Ok(version) => {
                let length = version.version.chars().count();
                assert!(
                    (1..=MAX_VERSION_CHARS).contains(&length),
                    "a version of {length} characters"
                );
                assert!(version.is_same(&version));
                assert_eq!(standing(&version, &version), Standing::Same);
            }
            Err(error) => assert_kept(&error.to_string(), data),
        }
    }
}
