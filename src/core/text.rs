//! Texts put together and taken apart in one way each: what the standard library makes anew for every type costs the
//! WebAssembly module kilobytes (docs/SIZE.md). So does its formatting: what every page loads has none of it, no
//! `format!` and no `to_string` of a number.

/// The parts, with a text between each two.
pub(crate) fn joined(parts: &[String], between: &str) -> String {
    let mut out = String::new();
    for (nth, part) in parts.iter().enumerate() {
        if nth > 0 {
            out.push_str(between);
        }
        out.push_str(part);
    }
    out
}

/// Adds a text where it belongs: of a list of texts that are few, as small as sorting can be.
pub(crate) fn put_in_order(texts: &mut Vec<String>, text: String) {
    texts.insert(texts.partition_point(|before| *before < text), text);
}

/// A whole number of 64 bits.
pub(crate) fn whole(raw: &str) -> Option<i64> {
    // Read without its sign: the module has the reader of `u64` in any case.
    match raw.strip_prefix('-') {
        Some(digits) => 0_i64.checked_sub_unsigned(digits.parse().ok()?),
        None => i64::try_from(raw.parse::<u64>().ok()?).ok(),
    }
}

/// A number in decimal digits.
pub(crate) fn digits(number: u64) -> String {
    let mut digits = String::new();
    let mut rest = number;
    loop {
        let last = u32::try_from(rest % 10)
            .ok()
            .and_then(|digit| char::from_digit(digit, 10));
        digits.insert(0, last.unwrap_or_default());
        rest /= 10;
        if rest == 0 {
            return digits;
        }
    }
}

/// A whole number of 32 bits.
pub(crate) fn number(raw: &str) -> Option<i32> {
    i32::try_from(whole(raw)?).ok()
}
