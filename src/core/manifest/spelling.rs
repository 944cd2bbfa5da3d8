//! Takes a type's text apart: schema, words, what stands in parentheses, array or not. Knows no type.

use crate::text::joined;

/// A type's text, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spelling {
    /// What stood before the dot.
    pub(super) schema: Option<Word>,
    /// The words of the name. At least one.
    pub(super) words: Vec<Word>,
    /// What stood in parentheses.
    pub(super) modifiers: Vec<String>,
    /// Whether `[]`, `[3]` or `ARRAY` stood behind it.
    pub(super) array: bool,
}

/// A word, quoted or not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Its text, without quotes.
    pub(super) text: String,
    /// Whether it stood in quotes.
    pub(super) quoted: bool,
}

impl Spelling {
    /// Reads a type's text. `None` if it is none.
    pub(super) fn read(raw: &str) -> Option<Self> {
        let mut out = Self {
            schema: None,
            words: Vec::new(),
            modifiers: Vec::new(),
            array: false,
        };
        let mut rest = raw.trim_start();
        while let Some(first) = rest.chars().next() {
            rest = match first {
                '"' => out.quoted(rest)?,
                '.' => out.dot(rest)?,
                '(' => out.parentheses(rest)?,
                '[' => out.brackets(rest)?,
                _ => out.word(rest)?,
            }
            .trim_start();
        }
        (!out.words.is_empty()).then_some(out)
    }

    /// The name, if it stood in quotes and not in `pg_catalog`.
    pub(super) fn quoted_name(&self) -> Option<&str> {
        match self.words.as_slice() {
            [Word { text, quoted: true }] if self.schema.as_ref().is_none_or(|schema| schema.text != "pg_catalog") => {
                Some(text)
            }
            _ => None,
        }
    }

    /// The name as it was written: quoted parts as they are, words with one space between them.
    pub(super) fn written_name(&self) -> Option<String> {
        match self.words.as_slice() {
            [only] => Some(only.text.clone()),
            words if words.iter().any(|word| word.quoted) => None,
            words => {
                let words: Vec<String> = words.iter().map(|word| word.text.clone()).collect();
                Some(joined(&words, " "))
            }
        }
    }

    /// The name as Postgres folds it: an unquoted word in lower case.
    pub(super) fn folded_name(&self) -> Option<String> {
        match self.words.as_slice() {
            [Word { text, quoted: false }] => Some(text.to_ascii_lowercase()),
            _ => None,
        }
    }

    fn quoted<'a>(&mut self, rest: &'a str) -> Option<&'a str> {
        let (text, rest) = rest.strip_prefix('"')?.split_once('"')?;
        (!text.is_empty() && !rest.starts_with('"') && !self.array).then_some(())?;
        self.words.push(Word {
            text: text.to_owned(),
            quoted: true,
        });
        Some(rest)
    }

    fn dot<'a>(&mut self, rest: &'a str) -> Option<&'a str> {
        let one = self.words.len() == 1 && self.schema.is_none() && self.modifiers.is_empty() && !self.array;
        one.then_some(())?;
        self.schema = self.words.pop();
        rest.strip_prefix('.')
    }

    fn parentheses<'a>(&mut self, rest: &'a str) -> Option<&'a str> {
        (!self.words.is_empty() && self.modifiers.is_empty() && !self.array).then_some(())?;
        let (list, rest) = rest.strip_prefix('(')?.split_once(')')?;
        self.modifiers = list.split(',').map(|item| item.trim().to_owned()).collect();
        Some(rest)
    }

    fn brackets<'a>(&mut self, rest: &'a str) -> Option<&'a str> {
        (!self.words.is_empty()).then_some(())?;
        let (size, rest) = rest.strip_prefix('[')?.split_once(']')?;
        size.trim().chars().all(|c| c.is_ascii_digit()).then_some(())?;
        self.array = true;
        Some(rest)
    }

    fn word<'a>(&mut self, rest: &'a str) -> Option<&'a str> {
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '.' | '(' | ')' | '[' | ']' | ','))
            .unwrap_or(rest.len());
        let (text, rest) = rest.split_at_checked(end)?;
        (!text.is_empty() && !self.array).then_some(())?;
        if text.eq_ignore_ascii_case("array") && !self.words.is_empty() {
            self.array = true;
        } else {
            self.words.push(Word {
                text: text.to_owned(),
                quoted: false,
            });
        }
        Some(rest)
    }
}
