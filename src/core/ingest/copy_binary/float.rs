//! Floating point, rounded to the nearest as IEEE 754 wants it.
//!
//! Not by the standard library's `parse`, whose tables alone are ten thousand bytes of the WebAssembly module. Postgres writes
//! the fewest digits that say which number it is, at most 17, so that whole numbers of some hundred bits are enough.

use super::scan::Scan;

/// How a number is laid out.
struct Layout {
    /// Binary digits of a number, with the first, which is not stored.
    digits: u32,
    /// The exponent of the smallest number that has all of them.
    least_exponent: i32,
    /// Infinity. Numbers are below it, and not a number is above.
    infinity: u64,
    /// The sign's bit.
    negative: u64,
}

const SINGLE: Layout = Layout {
    digits: 24,
    least_exponent: -126,
    infinity: 0x7F80_0000,
    negative: 0x8000_0000,
};

const DOUBLE: Layout = Layout {
    digits: 53,
    least_exponent: -1_022,
    infinity: 0x7FF0_0000_0000_0000,
    negative: 0x8000_0000_0000_0000,
};

/// The bits of a `float4`.
pub(super) fn single(text: &[u8]) -> Option<u32> {
    u32::try_from(SINGLE.read(text)?).ok()
}

/// The bits of a `float8`.
pub(super) fn double(text: &[u8]) -> Option<u64> {
    DOUBLE.read(text)
}

impl Layout {
    fn read(&self, text: &[u8]) -> Option<u64> {
        let unsigned = text.strip_prefix(b"-").unwrap_or(text);
        let sign = if unsigned.len() == text.len() { 0 } else { self.negative };
        match unsigned {
            // The one that Postgres makes itself, which is quiet.
            b"NaN" if sign == 0 => return Some(self.infinity | self.quiet()),
            b"Infinity" => return Some(sign | self.infinity),
            _ => {}
        }
        let decimal = Decimal::read(unsigned)?;
        if decimal.digits == 0 {
            return Some(sign);
        }
        let bits = self.round(&Binary::of(&decimal)?)?;
        // What is too large for the type Postgres refuses.
        (bits < self.infinity).then_some(sign | bits)
    }

    const fn quiet(&self) -> u64 {
        1 << (self.digits - 2)
    }

    /// The bits of the nearest number; of two, the even one.
    fn round(&self, binary: &Binary) -> Option<u64> {
        let exponent = binary.exponent.max(self.least_exponent);
        // Below the smallest exponent there are fewer digits.
        let lost = u32::try_from(exponent - binary.exponent).ok()?;
        let shift = u64::BITS - self.digits + lost;
        if shift > u64::BITS {
            // It would be zero, and Postgres refuses it. Half of the smallest number has more digits than are read.
            return None;
        }
        let top = u128::from(binary.top);
        let (kept, rest, half) = (top >> shift, top & ((1 << shift) - 1), 1 << (shift - 1));
        let up = rest > half || rest == half && (binary.has_more || kept & 1 == 1);
        let kept = u64::try_from(kept).ok()? + u64::from(up);
        // The first digit counts one up in the exponent's place, as does a carry out of the last.
        let biased = u64::try_from(exponent - self.least_exponent).ok()?;
        (biased << (self.digits - 1)).checked_add(kept)
    }
}

/// `digits` times ten to the power of `exponent`.
struct Decimal {
    digits: u64,
    exponent: i32,
}

impl Decimal {
    /// The exponents that matter. Those below are zero, those above too large, for either type.
    const LEAST: i32 = -360;
    const MOST: i32 = 310;

    /// Reads `-12.5` without its sign, and `1.5e-07`. More digits than 64 bits hold Postgres does not write.
    fn read(text: &[u8]) -> Option<Self> {
        let end = text.iter().position(|byte| *byte == b'e').unwrap_or(text.len());
        let (number, power) = text.split_at_checked(end)?;
        let (mut digits, mut exponent, mut point, mut last) = (0_u64, 0, false, b'.');
        for &byte in number {
            match byte {
                b'0'..=b'9' => {
                    digits = digits.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
                    exponent -= i32::from(point);
                }
                b'.' if !point && last != b'.' => point = true,
                _ => return None,
            }
            last = byte;
        }
        if last == b'.' {
            return None;
        }
        if let [_, sign @ (b'+' | b'-'), power @ ..] = power {
            let mut scan = Scan(power);
            let (power, _) = scan.digits(1, 4)?;
            scan.end()?;
            let power = i32::try_from(power).ok()?;
            exponent += if *sign == b'-' { -power } else { power };
        } else if !power.is_empty() {
            return None;
        }
        Some(Self { digits, exponent })
    }
}

/// `top` with its point behind the first digit, times two to the power of `exponent`.
struct Binary {
    /// The first 64 digits; the very first is 1.
    top: u64,
    exponent: i32,
    /// Whether a 1 follows anywhere.
    has_more: bool,
}

impl Binary {
    /// Ten to the power of something is five to that power, and so many places for the point to move.
    fn of(decimal: &Decimal) -> Option<Self> {
        if !(Decimal::LEAST..=Decimal::MOST).contains(&decimal.exponent) {
            return None;
        }
        let fives = decimal.exponent.unsigned_abs();
        let mut has_more = false;
        let (mut limbs, moved) = if decimal.exponent < 0 {
            // So many binary digits more than those of the divisor, that 64 are left: log2(5) is less than 7/3.
            let room = (u64::BITS + fives * 7 / 3) / u32::BITS + 1;
            (Limbs::new(decimal.digits, room), i32::try_from(room * u32::BITS).ok()?)
        } else {
            (Limbs::new(decimal.digits, 0), 0)
        };
        for power in powers_of_five(fives) {
            if decimal.exponent < 0 {
                has_more |= limbs.divide(power) != 0;
            } else {
                limbs.multiply(power)?;
            }
        }
        let (top, bits, rest) = limbs.top();
        Some(Self {
            top,
            exponent: bits - 1 + decimal.exponent - moved,
            has_more: has_more || rest,
        })
    }
}

/// Factors that make five to that power.
fn powers_of_five(power: u32) -> impl Iterator<Item = u32> {
    /// The most that 32 bits hold.
    const AT_ONCE: u32 = 13;
    let whole = usize::try_from(power / AT_ONCE).unwrap_or_default();
    std::iter::repeat_n(5_u32.pow(AT_ONCE), whole).chain(std::iter::once(5_u32.pow(power % AT_ONCE)))
}

/// A whole number, the lowest 32 bits first.
struct Limbs {
    limbs: [u32; Self::MOST],
    used: usize,
}

impl Limbs {
    /// Those of 360 fives to divide by, with what is divided.
    const MOST: usize = 32;

    /// A number, with so many times 32 zeros behind it.
    fn new(number: u64, zeros: u32) -> Self {
        let mut limbs = [0; Self::MOST];
        let zeros = usize::try_from(zeros).unwrap_or_default();
        let halves = [number & u64::from(u32::MAX), number >> u32::BITS];
        for (limb, half) in limbs.iter_mut().skip(zeros).zip(halves) {
            *limb = u32::try_from(half).unwrap_or_default();
        }
        let mut new = Self { limbs, used: zeros + 2 };
        new.trim();
        new
    }

    fn trim(&mut self) {
        while self.used > 0 && self.limbs.get(self.used - 1) == Some(&0) {
            self.used -= 1;
        }
    }

    fn multiply(&mut self, by: u32) -> Option<()> {
        let mut carry = 0_u64;
        for limb in self.limbs.iter_mut().take(self.used) {
            carry += u64::from(*limb) * u64::from(by);
            *limb = low(carry);
            carry >>= u32::BITS;
        }
        if carry > 0 {
            *self.limbs.get_mut(self.used)? = low(carry);
            self.used += 1;
        }
        Some(())
    }

    /// Answers what remains.
    fn divide(&mut self, by: u32) -> u64 {
        let mut rest = 0_u64;
        for limb in self.limbs.iter_mut().take(self.used).rev() {
            rest = rest << u32::BITS | u64::from(*limb);
            *limb = low(rest / u64::from(by));
            rest %= u64::from(by);
        }
        self.trim();
        rest
    }

    /// The first 64 binary digits, how many there are in all, and whether a 1 is among the others.
    fn top(&self) -> (u64, i32, bool) {
        let mut limbs = self.limbs.iter().take(self.used).rev().copied();
        let mut three = 0_u128;
        for _ in 0..3 {
            three = three << u32::BITS | u128::from(limbs.next().unwrap_or_default());
        }
        let zeros = three.leading_zeros() - u32::BITS;
        let shifted = three << zeros;
        let top = u64::try_from(shifted >> u32::BITS & u128::from(u64::MAX)).unwrap_or_default();
        let bits = i32::try_from(self.used).unwrap_or_default() * 32 - i32::try_from(zeros).unwrap_or_default();
        (top, bits, low_bits(shifted) || limbs.any(|limb| limb != 0))
    }
}

/// Whether a 1 is among the lowest 32 bits.
const fn low_bits(number: u128) -> bool {
    number & 0xFFFF_FFFF != 0
}

/// The lowest 32 bits.
fn low(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default()
}
