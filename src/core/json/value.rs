//! Any value.

use crate::text::{digits, number, whole};

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written.
    Number(String),
    /// A text.
    String(String),
    /// A list.
    Array(Vec<Value>),
    /// An object.
    Object(Object),
}

/// An object's members in the order they were written, doubles included. Where a name stands twice the last counts,
/// as it does in JavaScript.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Object(Vec<(String, Value)>);

impl Value {
    /// The text, if it is one.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The object, if it is one.
    pub(crate) const fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The whole number, if it is one: `1795155317198.0` and `1e12` are whole as well.
    pub(crate) fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(raw) => integral(raw),
            _ => None,
        }
    }

    /// The member of that name, if it is an object that has one.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }
}

/// A number as it is written, if it is whole and fits: the zeros at its end are a power of ten, to which an exponent
/// adds and from which digits of a fraction take away.
fn integral(raw: &str) -> Option<i64> {
    let mut digits = String::new();
    let mut power = 0_i32;
    let mut is_fraction = false;
    let mut exponent = "0";
    for (at, character) in raw.char_indices() {
        match character {
            '.' => is_fraction = true,
            'e' | 'E' => {
                exponent = raw.get(at + 1..)?;
                break;
            }
            _ => {
                digits.push(character);
                power -= i32::from(is_fraction);
            }
        }
    }
    while digits.as_bytes().last() == Some(&b'0') {
        digits.truncate(digits.len() - 1);
        power += 1;
    }
    if matches!(digits.as_str(), "" | "-") {
        return Some(0);
    }
    let zeros = power.checked_add(number(exponent)?)?;
    // No number of 64 bits has twenty digits.
    if !(0..20).contains(&zeros) {
        return None;
    }
    for _ in 0..zeros {
        digits.push('0');
    }
    whole(&digits)
}

impl Object {
    /// With these members.
    pub(crate) fn of(members: Vec<(&str, Value)>) -> Self {
        let mut object = Self(Vec::with_capacity(members.len()));
        for (name, value) in members {
            object.push(name.to_owned(), value);
        }
        object
    }

    /// The value of `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().rfind(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// Whether it has a member of that name.
    pub(crate) fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Adds a member at the end.
    pub(crate) fn push(&mut self, name: String, value: Value) {
        self.0.push((name, value));
    }

    /// Takes the value of `name` out.
    pub(crate) fn remove(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().rposition(|(other, _)| other == name)?;
        Some(self.0.remove(at).1)
    }

    /// How many members there are.
    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, (String, Value)> {
        self.0.iter()
    }
}

impl IntoIterator for Object {
    type Item = (String, Value);
    type IntoIter = std::vec::IntoIter<(String, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<const N: usize> From<[(&str, Value); N]> for Object {
    fn from(members: [(&str, Value); N]) -> Self {
        Self::of(members.into())
    }
}

impl<const N: usize> From<[(&str, Self); N]> for Value {
    fn from(members: [(&str, Self); N]) -> Self {
        Self::Object(members.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Self::Null, Self::from)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(digits(number))
    }
}

impl From<bool> for Value {
    fn from(set: bool) -> Self {
        Self::Bool(set)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number.to_string())
    }
}

impl<T: Into<Self>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }
}
