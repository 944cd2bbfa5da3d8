//! An input of several parts, in the order they happen: `WORDS` in a first line, then whatever belongs to them, and a line
//! `<<<<` between two parts. A part that is an answer has headers, an empty line and a body, as HTTP has them.

use electric_replica_core::shape::ResponseHead;

/// One part.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    /// The first line's words, missing ones empty.
    pub(crate) words: [&'a str; 3],
    /// What follows the first line.
    pub(crate) rest: &'a str,
}

/// The parts. Bytes that are no text are none.
pub(crate) fn parts(data: &[u8]) -> impl Iterator<Item = Part<'_>> {
    let text = std::str::from_utf8(data).unwrap_or_default();
    text.split("\n<<<<\n").take(40).map(|part| {
        let (first, rest) = part.split_once('\n').unwrap_or((part, ""));
        let mut given = first.split(' ');
        let words = std::array::from_fn(|_| given.next().unwrap_or_default());
        Part { words, rest }
    })
}

impl<'a> Part<'a> {
    /// The third word as a number; 0 where it is none.
    pub(crate) fn number(&self) -> u64 {
        self.words[2].parse().unwrap_or_default()
    }

    /// The answer: the second word is its status.
    pub(crate) fn answer(&self) -> (ResponseHead, &'a str) {
        let (head, body) = match self.rest.split_once("\n\n") {
            Some((head, body)) => (head, body),
            None => self.rest.strip_prefix('\n').map_or((self.rest, ""), |body| ("", body)),
        };
        let headers = head.lines().filter_map(|line| line.split_once(": "));
        let head = ResponseHead {
            status: self.words[1].parse().unwrap_or_default(),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
        };
        (head, body)
    }
}
