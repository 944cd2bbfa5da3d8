//! Where a message ends.

use crate::json::plain_prefix;

/// Finds the end of a JSON object whose bytes come in pieces. It counts brackets outside strings and checks nothing
/// else: what it delimits is read by a parser that does.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Scanner {
    /// Reads on. Answers how many of these bytes belong to the object if it ends here, and is then ready for the
    /// next; `None` if all of them do and more must come.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            if self.escaped {
                bytes.get(at)?;
                self.escaped = false;
                at += 1;
            }
            if self.in_string {
                at += plain_prefix(bytes.get(at..)?);
                match bytes.get(at)? {
                    b'"' => self.in_string = false,
                    b'\\' => self.escaped = true,
                    // A control character: the parser says so.
                    _ => {}
                }
            } else {
                match bytes.get(at)? {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => {
                        self.depth = self.depth.saturating_sub(1);
                        if self.depth == 0 {
                            return Some(at + 1);
                        }
                    }
                    _ => {}
                }
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_escaped_quotes_in_strings_do_not_end_a_message_however_it_is_cut() {
        let message = br#"{"a":"}]\\","b":{"c":["\"}",{}]},"d":"\\\""}"#;
        let body = [message.as_slice(), b",{}"].concat();
        assert_eq!(Scanner::default().scan(&body), Some(message.len()));
        for cut in 0..message.len() {
            let mut scanner = Scanner::default();
            assert_eq!(scanner.scan(&body[..cut]), None);
            assert_eq!(scanner.scan(&body[cut..]), Some(message.len() - cut));
            assert_eq!(scanner.scan(b"{}"), Some(2), "ready for the next message");
        }
    }
}
