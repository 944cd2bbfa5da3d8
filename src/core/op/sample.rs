//! A few rows of one table, for who builds an app and wants to see them. No page of an app asks for them by itself.

use crate::ident::{Name, literal, qualified};
use crate::text::{digits, joined};

/// The most characters that are read of one value.
const MOST_CHARACTERS: u64 = 200;

/// Reads so many rows of a table, each value as text and cut off where it is long, in whatever order they come.
#[must_use]
pub fn sample(schema: &Name, table: &Name, columns: &[Name], rows: u32) -> String {
    let value = |column: &Name| {
        let most = digits(MOST_CHARACTERS);
        ["left(", &column.quoted(), "::text, ", &most, ")"].concat()
    };
    let values: Vec<String> = columns.iter().map(value).collect();
    // A table without columns has rows all the same.
    let values = if values.is_empty() {
        literal("")
    } else {
        joined(&values, ", ")
    };
    [
        "SELECT ",
        &values,
        " FROM ",
        &qualified(schema, table),
        " LIMIT ",
        &digits(rows.into()),
    ]
    .concat()
}
