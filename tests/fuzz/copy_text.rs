//! COPY text, read as Postgres' documentation describes it.

/// Asserts that the text is so many whole rows of so many columns, each of which can be read back. Answers them.
pub(crate) fn rows(copy: &[u8], rows: u64, columns: usize) -> Vec<Vec<Option<String>>> {
    let copy = std::str::from_utf8(copy).expect("COPY text is UTF-8");
    assert!(copy.is_empty() || copy.ends_with('\n'), "half a row");
    assert!(!copy.contains(['\r', '\0']), "a byte that COPY does not take");
    let mut all = Vec::new();
    for line in copy.split_terminator('\n') {
        let fields: Vec<&str> = line.split('\t').collect();
        assert_eq!(fields.len(), columns, "fields of a row");
        assert_ne!(line, "\\.", "the end of the data");
        let text = |field: &&str| (*field != "\\N").then(|| text(field).expect("a field that reads as another text"));
        all.push(fields.iter().map(text).collect());
    }
    assert_eq!(all.len() as u64, rows, "rows");
    all
}

/// What a field says, if every backslash stands before a letter that means one character.
fn text(field: &str) -> Option<String> {
    let mut text = String::new();
    let mut characters = field.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => match characters.next()? {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '\\' => '\\',
                _ => return None,
            },
            plain => plain,
        });
    }
    Some(text)
}
