//! Whether a message gives away what stood in a row.

/// A value that stands in the seeds' rows, parameters and conditions, and nowhere else.
pub(crate) const SECRET: &str = "hushhush";

/// Asserts that an error's text holds no value of the input, and has an end. A mutant in which the secret has become a name is
/// passed over: a message may tell names.
pub(crate) fn assert_kept(message: &str, input: &[u8]) {
    assert!(message.len() <= 8_192, "a message of {} bytes", message.len());
    if message.contains(SECRET) {
        assert!(is_a_name(input), "a message holds a value: {message}");
    }
}

/// The same where the input is SQL: a message may tell a name, and an enum's label, but nothing else that stands between quotes.
pub(crate) fn assert_sql_kept(message: &str, input: &str) {
    let quoted = input.matches(&format!("'{SECRET}'")).count();
    if input.matches(SECRET).count() == quoted && !input.to_ascii_uppercase().contains("ENUM") {
        assert_kept(message, b"");
    }
}

/// Whether the secret stands in a string that a colon follows, or in one that could not be told from such.
fn is_a_name(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    text.match_indices(SECRET).any(|(at, _)| {
        let rest = &text[at + SECRET.len()..];
        let Some((inside, after)) = rest.split_once('"') else {
            return true;
        };
        inside.contains(['\\', '\n']) || after.trim_start().starts_with(':')
    })
}
