//! The texts of JSON that cross the border between JavaScript and the core.

use electric_replica_core::host::{Answer, shape_head};
use electric_replica_core::options::Options;
use electric_replica_core::work::Work;
use serde_json::Value;

use crate::secret::{SECRET, assert_kept};

pub(super) const WORDS: &[&str] = &[
    "\"schema\":\"public\"",
    "\"versionUrl\":\"/v\"",
    "\"schemasUrl\":\"/s\"",
    "\"shapeUrl\":\"/e\"",
    "\"lockName\":\"l\"",
    "\"tables\":[",
    "\"strategy\":\"in-place\"",
    "\"scope\":\"all\"",
    "\"schemaSource\":\"electric\"",
    "\"remedy\":\"mend\"",
    "\"keepPreviousMs\":1000",
    "\"sync\":{\"keys\":[\"a\"]}",
    "\"expects\":",
    "\"limits\":{",
    "\"loads\":1",
    "\"pieceBytes\":",
    "{\"name\":\"users\",\"where\":\"x\",\"params\":[\"1\"],\"columns\":[\"id\"]}",
    "\"doing\":\"loading\"",
    "\"state\":\"22001\"",
    "\"message\":\"m\"",
    "\"isFull\":true",
    "[[\"a\",null]]",
    "[\"200\",\"content-type\",\"application/json\"]",
    "18446744073709551615",
    "-1",
    "1e400",
    "\\ud800",
    "null",
    "true",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"\"",
];

/// Options are a configuration that can be worked with, or refused without a condition or a parameter in the message.
pub(super) fn options(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Options::read(text) {
        Ok(options) => {
            let config = options.config;
            assert!(config.check().is_ok(), "what was read is let in");
            assert!(
                config.limits.loads > 0 && config.limits.live_connections > 0 && config.limits.piece_bytes > 0,
                "a limit of nothing"
            );
            let key = config.choice_key();
            assert_eq!(key, config.choice_key());
            for name in config.chosen() {
                assert!(!name.as_str().is_empty());
            }
            if let Ok(requests) = config.structure_requests(1) {
                assert!(requests.iter().all(|(_, request)| request.query.is_sorted()));
            }
        }
        // A message may tell the names that the app has chosen.
        Err(error) if !names(text).contains(SECRET) => assert_kept(&error.to_string(), data),
        Err(_) => {}
    }
}

/// The options but for conditions and their parameters.
fn names(text: &str) -> String {
    let mut options: Value = serde_json::from_str(text).unwrap_or_default();
    let tables = options.get_mut("tables").and_then(Value::as_array_mut);
    for table in tables.into_iter().flatten() {
        if let Some(table) = table.as_object_mut() {
            table.retain(|name, _| !matches!(name.as_str(), "where" | "params"));
        }
    }
    options.to_string()
}

/// What came of a transaction, and what an answer was: rows, an error without a row in it, a status.
pub(super) fn outcome(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(error) = Work::outcome(text) {
        // What PGlite says of a row, it says with a state of these classes. Of any other, its words may be told.
        if text.contains("\"state\":\"22") || text.contains("\"state\":\"23") {
            assert!(error.to_string().len() <= data.len() + 100);
        }
        assert_eq!(error, Work::outcome(text).expect_err("the same twice"));
    }
    let _ = Answer::read(text);
    for (name, value) in shape_head(text).headers {
        assert!(name.len() + value.len() <= text.len());
    }
}
