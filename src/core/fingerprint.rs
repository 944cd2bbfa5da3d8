//! The structural hash: equal for equal structure, however it was written; different for any change a reader sees.

use sha2::{Digest, Sha256};

use crate::ident::Name;
use crate::manifest::{BaseType, EnumType, Manifest, Table};

/// 128 bits of SHA-256 over the canonical text, as 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub String);

impl Fingerprint {
    /// Reads 32 hexadecimal digits.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let digits = raw.len() == 32 && raw.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits.then(|| Self(raw.to_ascii_lowercase()))
    }

    /// Of one table: name, columns in order with type and NOT NULL, labels of the enums used, primary key.
    ///
    /// Not its indexes, which no reader sees; not its server schema, which decides what is asked of Electric and so
    /// belongs to a shape's definition. Two manifests give one table the same fingerprint if they agree on it.
    #[must_use]
    pub fn of_table(table: &Table, manifest: &Manifest) -> Self {
        Self::of_columns(table, &manifest.enums)
    }

    /// Of all tables. Enum types that no table uses do not count.
    #[must_use]
    pub fn of(manifest: &Manifest) -> Self {
        let mut tables: Vec<_> = manifest
            .tables
            .iter()
            .map(|table| Self::of_table(table, manifest).0)
            .collect();
        tables.sort_unstable();
        let mut text = Text::new("electric-replica/manifest/1");
        text.list(tables.iter().map(String::as_str));
        text.finish()
    }

    pub(crate) fn of_columns(table: &Table, enums: &[EnumType]) -> Self {
        let mut text = Text::new("electric-replica/table/1");
        text.field(table.name.as_str());
        text.count(table.columns.len());
        for column in &table.columns {
            text.field(column.name.as_str());
            match &column.ty.base {
                BaseType::Builtin(name) => {
                    text.field("builtin");
                    text.field(name);
                }
                BaseType::Enum(name) => {
                    text.field("enum");
                    text.field(name.as_str());
                    let ty = enums.iter().find(|ty| &ty.name == name);
                    text.list(ty.map_or(&[][..], |ty| &ty.labels).iter().map(String::as_str));
                }
            }
            let modifiers: Vec<_> = column.ty.modifiers.iter().map(ToString::to_string).collect();
            text.list(modifiers.iter().map(String::as_str));
            text.field(if column.ty.array { "array" } else { "scalar" });
            // The key's columns refuse NULL whether it was said or not.
            let not_null = column.not_null || table.primary_key.contains(&column.name);
            text.field(if not_null { "not null" } else { "null" });
        }
        text.list(table.primary_key.iter().map(Name::as_str));
        text.finish()
    }
}

/// The canonical text, hashed as it grows. Every field is preceded by its length, so that no two lists of fields give
/// one text.
struct Text(Sha256);

impl Text {
    fn new(domain: &str) -> Self {
        let mut text = Self(Sha256::new());
        text.field(domain);
        text
    }

    fn field(&mut self, field: &str) {
        self.count(field.len());
        self.0.update(field.as_bytes());
    }

    fn count(&mut self, count: usize) {
        self.0.update(count.to_string().as_bytes());
        self.0.update(b":");
    }

    fn list<'a>(&mut self, fields: impl ExactSizeIterator<Item = &'a str>) {
        self.count(fields.len());
        fields.for_each(|field| self.field(field));
    }

    fn finish(self) -> Fingerprint {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
        let mut digits = String::with_capacity(32);
        for byte in self.0.finalize().iter().take(16) {
            digits.push(digit(byte >> 4));
            digits.push(digit(byte & 15));
        }
        Fingerprint(digits)
    }
}

#[cfg(test)]
#[path = "fingerprint_tests.rs"]
mod tests;
