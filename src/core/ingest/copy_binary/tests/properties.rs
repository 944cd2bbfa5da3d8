//! Any value at all.

use proptest::prelude::*;

use super::super::float;
use super::{decoder, ty, written};

/// A number of so many digits, some of which are often zero.
fn digits(count: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = String> {
    let digit = prop_oneof![Just('0'), prop::char::range('0', '9')];
    prop::collection::vec(digit, count).prop_map(|digits| digits.into_iter().collect())
}

/// As Postgres writes an exponent.
fn scientific(number: &str) -> String {
    if number.contains("e-") {
        number.to_owned()
    } else {
        number.replace('e', "e+")
    }
}

/// One in two thousand comes so close to half way between two that its last digits decide, or what a division leaves.
#[test]
fn a_float_near_half_way_between_two_is_written_as_the_nearer_one() {
    let mut state = 1_u64;
    for exponent in (-40..=12).cycle().take(200_000) {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let text = scientific(&format!("{}e{exponent}", state >> 3));
        let nearest: f64 = text.parse().unwrap();
        assert_eq!(float::double(text.as_bytes()), Some(nearest.to_bits()), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_bytes_are_a_value_its_text_is_written_as_those_bytes(bytes in any::<[u8; 16]>(), kind in 0..8_usize) {
        let days = i32::from_be_bytes(bytes[..4].try_into().unwrap()).rem_euclid(2_451_545 + 2_145_031_949) - 2_451_545;
        let micros = i64::from_be_bytes(bytes[..8].try_into().unwrap()).max(-211_813_488_000_000_000);
        let micros = if micros < 9_223_371_331_200_000_000 { micros } else { 0 };
        let (raw, bytes) = match kind {
            0 => ("int2", bytes[..2].to_vec()),
            1 => ("int4", bytes[..4].to_vec()),
            2 => ("int8", bytes[..8].to_vec()),
            3 => ("oid", bytes[..4].to_vec()),
            4 => ("uuid", bytes.to_vec()),
            5 => ("bytea", bytes[..usize::from(bytes[0] % 16)].to_vec()),
            6 => ("date", days.to_be_bytes().to_vec()),
            _ => ("timestamptz", micros.to_be_bytes().to_vec()),
        };
        let text = decoder::value(&bytes, &ty(raw)).unwrap();
        prop_assert_eq!(written(raw, &text), Ok(bytes), "{}", text);
    }

    #[test]
    fn numbers_of_any_length_are_written_to_their_last_digit(
        whole in digits(0..=60),
        fraction in digits(0..=60),
        negative in any::<bool>(),
    ) {
        let whole = match whole.trim_start_matches('0') { "" => "0", whole => whole };
        let point = if fraction.is_empty() { "" } else { "." };
        let is_zero = whole == "0" && fraction.chars().all(|digit| digit == '0');
        let sign = if negative && !is_zero { "-" } else { "" };
        let text = format!("{sign}{whole}{point}{fraction}");
        prop_assert_eq!(decoder::value(&written("numeric", &text).unwrap(), &ty("numeric")), Some(text));
    }

    #[test]
    fn any_float_is_written_as_the_standard_library_reads_it(bits in any::<u64>(), small in -320..330_i32, digits in 1..999_999_999_999_999_999_u64) {
        let of_bits = f64::from_bits(bits);
        let singles = f32::from_bits(u32::try_from(bits >> 32).unwrap());
        if of_bits.is_finite() {
            let text = scientific(&format!("{of_bits:e}"));
            prop_assert_eq!(written("float8", &text).unwrap(), of_bits.to_be_bytes());
        }
        if singles.is_finite() {
            let text = scientific(&format!("{singles:e}"));
            prop_assert_eq!(written("float4", &text).unwrap(), singles.to_be_bytes());
        }
        // Digits that are no float's, as far as they go; what overflows, or rounds to zero, is left to text.
        let text = scientific(&format!("{digits}e{small}"));
        let (double, single): (f64, f32) = (text.parse().unwrap(), text.parse().unwrap());
        let fits = |is_finite: bool, is_zero: bool| is_finite && !is_zero;
        prop_assert_eq!(written("float8", &text).ok(), fits(double.is_finite(), double == 0.0).then(|| double.to_be_bytes().to_vec()));
        prop_assert_eq!(written("float4", &text).ok(), fits(single.is_finite(), single == 0.0).then(|| single.to_be_bytes().to_vec()));
    }

    #[test]
    fn a_float_half_way_between_two_is_written_as_the_even_one(mantissa in 0_u32..1 << 24, exponent in 0..12_i32) {
        // Halves, quarters, … behind a number of 24 binary digits end in few decimal digits.
        let exact = f64::from(mantissa * 2 + 1) / f64::from(exponent).exp2();
        let text = format!("{exact}");
        let single: f32 = text.parse().unwrap();
        prop_assert_eq!(written("float4", &text).unwrap(), single.to_be_bytes());
        prop_assert_eq!(written("float8", &text).unwrap(), exact.to_be_bytes());
    }

    #[test]
    fn any_text_is_written_as_its_bytes(text in prop::collection::vec(any::<char>().prop_filter("Postgres has no NUL", |&c| c != '\0'), 0..20)) {
        let text: String = text.into_iter().collect();
        prop_assert_eq!(written("text", &text).unwrap(), text.as_bytes());
        prop_assert_eq!(written("jsonb", &text).unwrap(), [b"\x01", text.as_bytes()].concat());
    }

    #[test]
    fn no_text_makes_a_writer_panic_or_write_what_does_not_read_back(
        text in prop::collection::vec(prop::sample::select("0123456789-+.:e BCxNaIfinity\\tu".chars().collect::<Vec<_>>()), 0..30),
        raw in prop::sample::select(vec!["bool", "int2", "int8", "oid", "float4", "float8", "numeric", "bytea", "uuid", "date", "time", "timestamp", "timestamptz"]),
    ) {
        let text: String = text.into_iter().collect();
        if let Ok(bytes) = written(raw, &text) {
            prop_assert!(decoder::value(&bytes, &ty(raw)).is_some(), "{} {}", raw, text);
        }
    }
}
