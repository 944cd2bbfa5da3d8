//! Reads COPY binary back into Postgres' text, as the documentation of Postgres describes both. Only for tests and fakes: slow,
//! plain, and without a line in common with what writes.

use std::fmt::Write as _;

use crate::manifest::{BaseType, ColumnType};

/// The rows of one COPY, of columns of these types, each value in Postgres' own text. `None` where it is no whole COPY of such
/// columns.
#[must_use]
pub fn rows(copy: &[u8], types: &[ColumnType]) -> Option<Vec<Vec<Option<String>>>> {
    let mut rest = Rest(copy);
    if rest.take(11)? != b"PGCOPY\n\xff\r\n\0" || rest.number(4)? != 0 || rest.number(4)? != 0 {
        return None;
    }
    let mut rows = Vec::new();
    loop {
        match rest.number(2)? {
            -1 => return rest.0.is_empty().then_some(rows),
            fields if fields != i64::try_from(types.len()).ok()? => return None,
            _ => rows.push(types.iter().map(|ty| field(&mut rest, ty)).collect::<Option<_>>()?),
        }
    }
}

/// `None` where it is no field; within it, `None` for NULL.
#[expect(clippy::option_option, reason = "NULL is a field, too")]
fn field(rest: &mut Rest<'_>, ty: &ColumnType) -> Option<Option<String>> {
    let length = rest.number(4)?;
    if length == -1 {
        return Some(None);
    }
    let bytes = rest.take(usize::try_from(length).ok()?)?;
    value(bytes, ty).map(Some)
}

/// One value's text.
#[must_use]
pub fn value(bytes: &[u8], ty: &ColumnType) -> Option<String> {
    let name = match ty.base {
        BaseType::Builtin(name) if !ty.array => name,
        BaseType::Enum(_) if !ty.array => "text",
        _ => return None,
    };
    let mut rest = Rest(bytes);
    let text = match name {
        "bool" => ["false", "true"]
            .get(usize::try_from(rest.number(1)?).ok()?)?
            .to_string(),
        "int2" => rest.number(2)?.to_string(),
        "int4" => rest.number(4)?.to_string(),
        "int8" => rest.number(8)?.to_string(),
        "oid" => (rest.number(4)? & 0xFFFF_FFFF).to_string(),
        "float4" => {
            let number = f32::from_be_bytes(rest.array()?);
            floating(number.is_nan(), number.is_infinite(), &format!("{number:e}"), 6)?
        }
        "float8" => {
            let number = f64::from_be_bytes(rest.array()?);
            floating(number.is_nan(), number.is_infinite(), &format!("{number:e}"), 15)?
        }
        "numeric" => numeric(&mut rest)?,
        "text" | "varchar" | "bpchar" | "json" | "name" => rest.text()?,
        "jsonb" => match rest.number(1)? {
            1 => rest.text()?,
            _ => return None,
        },
        "bytea" => ["\\x", &hex(rest.take(rest.0.len())?)].concat(),
        "uuid" => {
            let lengths = [4, 2, 2, 2, 6].map(|length| rest.take(length).map(hex));
            lengths.into_iter().collect::<Option<Vec<_>>>()?.join("-")
        }
        "date" => match rest.number(4)? {
            days if days == i64::from(i32::MAX) => "infinity".to_owned(),
            days if days == i64::from(i32::MIN) => "-infinity".to_owned(),
            days => {
                let (date, era) = date(days);
                date + era
            }
        },
        "time" => clock(rest.number(8)?),
        "timestamp" => instant(rest.number(8)?, ""),
        "timestamptz" => instant(rest.number(8)?, "+00"),
        _ => return None,
    };
    rest.0.is_empty().then_some(text)
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// A number with a sign.
    fn number(&mut self, bytes: usize) -> Option<i64> {
        let bytes = self.take(bytes)?;
        let sign = if *bytes.first()? < 0x80 { 0 } else { -1 };
        Some(bytes.iter().fold(sign, |number, byte| number << 8 | i64::from(*byte)))
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.take(self.0.len())?.to_vec()).ok()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Postgres writes an exponent below -4, and from `most` on. `written` is what Rust writes: `-1.5e-7`.
fn floating(is_nan: bool, is_infinite: bool, written: &str, most: i32) -> Option<String> {
    if is_nan {
        return Some("NaN".to_owned());
    }
    let (sign, written) = written.strip_prefix('-').map_or(("", written), |rest| ("-", rest));
    if is_infinite {
        return Some(format!("{sign}Infinity"));
    }
    let (number, exponent) = written.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    if exponent < -4 || exponent >= most {
        let of_exponent = if exponent < 0 { '-' } else { '+' };
        return Some(format!("{sign}{number}e{of_exponent}{:02}", exponent.abs()));
    }
    let digits = number.replace('.', "");
    Some(match usize::try_from(exponent) {
        Ok(before) if before + 1 >= digits.len() => format!("{sign}{digits:0<width$}", width = before + 1),
        Ok(before) => format!("{sign}{}.{}", digits.get(..=before)?, digits.get(before + 1..)?),
        Err(_) => format!("{sign}0.{}{digits}", "0".repeat(usize::try_from(-exponent - 1).ok()?)),
    })
}

fn numeric(rest: &mut Rest<'_>) -> Option<String> {
    let groups = rest.number(2)? & 0xFFFF;
    let weight = rest.number(2)?;
    let sign = rest.number(2)? & 0xFFFF;
    let scale = usize::try_from(rest.number(2)?).ok().filter(|scale| *scale <= 16_383)?;
    match (sign, groups) {
        (0xC000, 0) => return Some("NaN".to_owned()),
        (0xD000, 0) => return Some("Infinity".to_owned()),
        (0xF000, 0) => return Some("-Infinity".to_owned()),
        (0 | 0x4000, _) => {}
        _ => return None,
    }
    let mut whole = String::new();
    let mut fraction = "0000".repeat(usize::try_from(-1 - weight).unwrap_or_default());
    for place in 0..groups {
        let group = rest.number(2).filter(|group| (0..10_000).contains(group))?;
        let part = if place <= weight { &mut whole } else { &mut fraction };
        let _ = write!(part, "{group:04}");
    }
    whole += &"0000".repeat(usize::try_from(weight + 1 - groups).unwrap_or_default());
    // Postgres would cut off what stands behind the scale.
    if fraction
        .get(scale..)
        .is_some_and(|hidden| hidden.contains(|digit| digit != '0'))
    {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(scale).collect();
    let point = if scale > 0 { "." } else { "" };
    let is_zero = whole == "0" && digits.chars().all(|digit| digit == '0');
    let sign = if sign == 0x4000 && !is_zero { "-" } else { "" };
    Some([sign, whole, point, &digits].concat())
}

/// A date by counting: whole cycles of four hundred years, then years, then months. With what stands behind it.
fn date(days: i64) -> (String, &'static str) {
    let mut year = 2000 + days.div_euclid(146_097) * 400;
    let mut left = days.rem_euclid(146_097);
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    while left >= 365 + i64::from(is_leap(year)) {
        left -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + i64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    let (year, era) = if year < 1 { (1 - year, " BC") } else { (year, "") };
    (format!("{year:04}-{month:02}-{:02}", left + 1), era)
}

fn clock(micros: i64) -> String {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if fraction == 0 {
        return clock;
    }
    [&clock, format!(".{fraction:06}").trim_end_matches('0')].concat()
}

fn instant(micros: i64, zone: &str) -> String {
    match micros {
        i64::MAX => return "infinity".to_owned(),
        i64::MIN => return "-infinity".to_owned(),
        _ => {}
    }
    let (date, era) = date(micros.div_euclid(86_400_000_000));
    format!("{date} {}{zone}{era}", clock(micros.rem_euclid(86_400_000_000)))
}
