//! COPY text, read as Postgres' documentation describes it.

/// Asserts that the text is so many whole rows of so many columns, each of which can be read back.
pub(crate) fn assert_rows(copy: &[u8], rows: u64, columns: usize) {
    let copy = std::str::from_utf8(copy).expect("COPY text is UTF-8");
    assert!(copy.is_empty() || copy.ends_with('\n'), "half a row");
    assert!(!copy.contains(['\r', '\0']), "a byte that COPY does not take");
    let mut seen = 0;
    for line in copy.split_terminator('\n') {
        let fields: Vec<&str> = line.split('\t').collect();
        assert_eq!(fields.len(), columns, "fields of a row");
        for field in fields {
            assert!(field == "\\N" || is_text(field), "a field that reads as another text");
        }
        assert_ne!(line, "\\.", "the end of the data");
        seen += 1;
    }
    assert_eq!(seen, rows, "rows");
}

/// Whether every backslash stands before a letter that means one character.
fn is_text(field: &str) -> bool {
    let mut characters = field.chars();
    while let Some(character) = characters.next() {
        if character == '\\' && !matches!(characters.next(), Some('b' | 'f' | 'n' | 'r' | 't' | '\\')) {
            return false;
        }
    }
    true
}
