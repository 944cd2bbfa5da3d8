//! Digits and marks in a short text, read from its beginning.

/// What is left to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan<'a>(pub(super) &'a [u8]);

impl Scan<'_> {
    /// Reads this very byte.
    pub(super) fn mark(&mut self, mark: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[mark])?;
        Some(())
    }

    /// Reads all digits that stand here. Answers their number, and how many they are: `least` to `most`.
    pub(super) fn digits(&mut self, least: usize, most: usize) -> Option<(u32, usize)> {
        let (mut number, mut count) = (0_u32, 0);
        while let [first @ b'0'..=b'9', rest @ ..] = self.0 {
            number = number.checked_mul(10)?.checked_add(u32::from(first - b'0'))?;
            count += 1;
            self.0 = rest;
        }
        (least..=most).contains(&count).then_some((number, count))
    }

    /// Reads two digits that say at most `most`.
    pub(super) fn pair(&mut self, most: u32) -> Option<u32> {
        let (number, _) = self.digits(2, 2)?;
        (number <= most).then_some(number)
    }

    /// Nothing is left.
    pub(super) fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}
