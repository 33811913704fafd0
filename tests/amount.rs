//! Amounts against `rust_decimal` where it reaches, and against `i128` at the edge of the range.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cartwright::amount::{Amount, AmountError, NUMBER_DIGITS, ONE, PLACES};
use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};

/// The largest and the smallest amount: 2¹²⁷ − 1 units of 10⁻²⁰ on either side of zero.
const MAX: &str = "1701411834604692317.31687303715884105727";
const MIN: &str = "-1701411834604692317.31687303715884105727";
/// One unit.
const UNIT: &str = "0.00000000000000000001";

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// The oracle's shortest text; it writes a negative zero, which amounts do not have.
fn shortest(decimal: Decimal) -> String {
    let text = decimal.normalize().to_string();
    if text == "-0" { "0".to_string() } else { text }
}

/// The text of so many units of 10⁻²⁰, written without help of the code under test.
fn units_text(units: i128) -> String {
    let digits = format!("{:021}", units.unsigned_abs());
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(PLACES));
    let sign = if units < 0 { "-" } else { "" };
    format!("{sign}{whole}.{fraction}")
}

/// Decimals small enough that sums and products stay exact in the oracle's 28 digits.
fn decimal() -> impl Strategy<Value = Decimal> {
    (-100_000_000_000_000_i64..=100_000_000_000_000, 0_u32..=12)
        .prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale))
}

/// Any number of units that an amount can hold, the edges more often than chance.
fn units() -> impl Strategy<Value = i128> {
    prop_oneof![
        -i128::MAX..=i128::MAX,
        (i128::MAX - 1000)..=i128::MAX,
        -i128::MAX..=(-i128::MAX + 1000),
        -1000_i128..=1000,
    ]
}

/// Decimals near a tie at some scale: `n`, a five behind its last digit, and a little more or less.
fn near_tie() -> impl Strategy<Value = (Decimal, u32)> {
    (-100_000_i64..=100_000, 0_u32..=6, -1_i64..=1).prop_map(|(whole, scale, nudge)| {
        let tie = whole * 10_000 + 5_000 * whole.signum() + nudge;
        (Decimal::new(tie, scale + 4), scale)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn text_goes_round(value in decimal(), scale in 0_u8..=24) {
        let read = amount(&value.to_string());
        prop_assert_eq!(read.to_string(), shortest(value));
        prop_assert_eq!(amount(&read.to_string()), read);
        let padded = read.padded(scale);
        prop_assert_eq!(amount(&padded), read);
        let written = padded.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        prop_assert_eq!(written, usize::from(scale).max(value.normalize().scale() as usize));
        let mut json = String::from("[");
        read.write_json(&mut json);
        prop_assert_eq!(json, format!("[{}", shortest(value)));
    }

    #[test]
    fn every_unit_goes_round(units in units()) {
        let text = units_text(units);
        prop_assert_eq!(amount(&text).padded(PLACES), text);
    }

    #[test]
    fn scientific_text_is_the_same_amount(value in decimal(), exponent in -8_i32..=3) {
        let read = amount(&format!("{value}e{exponent}"));
        let mut expected = value;
        for _ in 0..exponent.unsigned_abs() {
            expected *= if exponent < 0 { Decimal::new(1, 1) } else { Decimal::TEN };
        }
        prop_assert_eq!(read.to_string(), shortest(expected));
        prop_assert_eq!(amount(&format!("{value}E{exponent:+}")), read);
    }

    #[test]
    fn sums_are_exact_in_any_order(
        (values, shuffled) in prop::collection::vec(decimal(), 1..40)
            .prop_flat_map(|values| (Just(values.clone()), Just(values).prop_shuffle())),
    ) {
        let sum = |values: &[Decimal]| {
            values.iter().try_fold(Amount::ZERO, |sum, value| sum.add(amount(&value.to_string())))
        };
        let expected: Decimal = values.iter().sum();
        prop_assert_eq!(sum(&values).unwrap().to_string(), shortest(expected));
        prop_assert_eq!(sum(&values).unwrap(), sum(&shuffled).unwrap());
    }

    #[test]
    fn differences_are_exact(left in decimal(), right in decimal()) {
        let (a, b) = (amount(&left.to_string()), amount(&right.to_string()));
        prop_assert_eq!(a.subtract(b).unwrap().to_string(), shortest(left - right));
        prop_assert_eq!(a.subtract(b).unwrap().add(b).unwrap(), a);
    }

    #[test]
    fn counts_are_exact(value in decimal(), count in 0_u32..=10_000) {
        let product = amount(&value.to_string()).times(u64::from(count)).unwrap();
        prop_assert_eq!(product.to_string(), shortest(value * Decimal::from(count)));
    }

    #[test]
    fn order_is_that_of_the_numbers(left in decimal(), right in decimal(), places in 0_u32..=8) {
        let mut wide = left;
        wide.rescale(left.scale() + places);
        let (a, b) = (amount(&left.to_string()), amount(&right.to_string()));
        prop_assert_eq!(a, amount(&wide.to_string()), "zeros behind change nothing");
        prop_assert_eq!(a.cmp(&b), left.cmp(&right));
        prop_assert_eq!(a.least(b).to_string(), shortest(left.min(right)));
        prop_assert_eq!(a.not_negative().to_string(), shortest(left.max(Decimal::ZERO)));
        prop_assert_eq!(a.is_negative(), left < Decimal::ZERO);
    }

    #[test]
    fn rounding_is_half_up_away_from_zero(value in decimal(), scale in 0_u32..=6) {
        rounds_as_the_oracle(value, scale)?;
    }

    #[test]
    fn ties_round_away_from_zero((value, scale) in near_tie()) {
        rounds_as_the_oracle(value, scale)?;
    }

    #[test]
    fn the_point_moves_exactly_or_not_at_all(value in decimal(), places in -30_i8..=3) {
        let start = amount(&value.to_string());
        let text = format!("{value}e{places}");
        prop_assert_eq!(start.shift(places), Amount::parse(&text), "{}", text);
        if let Ok(moved) = start.shift(places) {
            prop_assert_eq!(moved.shift(-places), Ok(start));
        }
    }

    #[test]
    fn beyond_the_range_is_an_error_never_a_wrap(a in units(), b in units(), count: u64) {
        let (left, right) = (amount(&units_text(a)), amount(&units_text(b)));
        let expected = |units: Option<i128>| match units {
            Some(units) if units != i128::MIN => Ok(amount(&units_text(units))),
            _ => Err(AmountError::OutOfRange),
        };
        prop_assert_eq!(left.add(right), expected(a.checked_add(b)));
        prop_assert_eq!(left.subtract(right), expected(a.checked_sub(b)));
        prop_assert_eq!(left.times(count), expected(a.checked_mul(i128::from(count))));
    }

    #[test]
    fn rounding_near_the_edge_is_an_error_never_a_wrap(units in units(), scale in 0_u8..=24) {
        let start = amount(&units_text(units));
        match start.round(scale) {
            Ok(rounded) => {
                prop_assert_eq!(rounded.round(scale), Ok(rounded), "rounding twice is rounding once");
                prop_assert!(rounded.padded(scale).split('.').nth(1).unwrap_or("").len() <= usize::from(scale));
                let gap = rounded.subtract(start).unwrap();
                let half = amount(&format!("5e-{}", scale.min(19) + 1));
                prop_assert!(gap <= half && Amount::ZERO.subtract(gap).unwrap() <= half);
            }
            Err(error) => {
                prop_assert_eq!(error, AmountError::OutOfRange);
                prop_assert!(units.unsigned_abs() > (i128::MAX as u128) / 2, "only at the edge");
            }
        }
    }

    #[test]
    fn fifteen_digits_of_a_script_number_are_trusted(
        digits in "[1-9][0-9]{0,20}", places in 0_usize..=12, negative: bool, zeros in 0_usize..=3,
    ) {
        let sign = if negative { "-" } else { "" };
        let point = digits.len().saturating_sub(places).max(1);
        let (whole, fraction) = digits.split_at(point);
        let text = match fraction {
            "" => format!("{sign}{whole}"),
            fraction => format!("{sign}{whole}.{fraction}{}", "0".repeat(zeros)),
        };
        let significant = digits.trim_end_matches('0').len();
        let expected = match Amount::parse(&text) {
            Ok(_) if significant > NUMBER_DIGITS => Err(AmountError::Inexact),
            exact => exact,
        };
        prop_assert_eq!(Amount::parse_number(&text), expected, "{}", text);
    }

    #[test]
    fn any_text_is_an_amount_or_an_error(text in "[-+.eE0-9 ,x]{0,24}|\\PC{0,12}") {
        let number = text.strip_prefix('-').unwrap_or(&text).to_ascii_lowercase();
        let (mantissa, exponent) = number.split_once('e').unwrap_or((&number, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let well_formed = digits(whole)
            && digits(fraction)
            && digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
        match Amount::parse(&text) {
            Ok(read) => {
                prop_assert!(well_formed, "{text} is no number");
                prop_assert_eq!(amount(&read.to_string()), read);
            }
            Err(AmountError::OutOfRange) => {}
            Err(error) => {
                prop_assert_eq!(error, AmountError::Invalid);
                prop_assert!(!well_formed, "{text} is a number");
            }
        }
    }
}

fn rounds_as_the_oracle(value: Decimal, scale: u32) -> Result<(), TestCaseError> {
    let expected = value.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero);
    let rounded = amount(&value.to_string()).round(u8::try_from(scale).unwrap()).unwrap();
    prop_assert_eq!(rounded.to_string(), shortest(expected));
    Ok(())
}

#[test]
fn good_texts() {
    for (text, shortest) in [
        ("0", "0"),
        ("-0", "0"),
        ("-0.00", "0"),
        ("0e999999999999999999999", "0"),
        ("19.9", "19.9"),
        ("19.90", "19.9"),
        ("007.50", "7.5"),
        ("-12.50", "-12.5"),
        ("1e3", "1000"),
        ("1E+3", "1000"),
        ("1.5e-7", "0.00000015"),
        ("120e-1", "12"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("1000000000000000", "1000000000000000"),
        (UNIT, UNIT),
        ("1e-20", UNIT),
        ("10e-21", UNIT),
        ("0.000000000000000000010000", UNIT),
        (MAX, MAX),
        (MIN, MIN),
    ] {
        assert_eq!(amount(text).to_string(), shortest, "{text}");
        assert_eq!(format!("{:?}", amount(text)), shortest, "{text}");
    }
    assert_eq!(amount("1"), ONE);
    assert_eq!(Amount::default(), Amount::ZERO);
    assert_eq!(amount(&format!("1.{}", "0".repeat(398))), ONE);
}

#[test]
fn bad_texts() {
    use AmountError::{Invalid, OutOfRange};
    let long = format!("1.{}", "0".repeat(399));
    for (text, error) in [
        ("", Invalid),
        ("-", Invalid),
        (".", Invalid),
        ("1.", Invalid),
        (".5", Invalid),
        ("-.5", Invalid),
        ("+1", Invalid),
        ("--1", Invalid),
        ("1-", Invalid),
        (" 1", Invalid),
        ("1 ", Invalid),
        ("1\n", Invalid),
        ("1\0", Invalid),
        ("1,5", Invalid),
        ("1_000", Invalid),
        ("1 000", Invalid),
        ("1.2.3", Invalid),
        ("0x10", Invalid),
        ("1e", Invalid),
        ("1e+", Invalid),
        ("1e-", Invalid),
        ("1e1.5", Invalid),
        ("1e2e3", Invalid),
        ("e5", Invalid),
        ("0e", Invalid),
        ("0ex", Invalid),
        ("NaN", Invalid),
        ("Infinity", Invalid),
        ("-Infinity", Invalid),
        ("null", Invalid),
        ("１", Invalid),
        ("٣", Invalid),
        ("−1", Invalid),
        ("1€", Invalid),
        (long.as_str(), Invalid),
        ("1e19", OutOfRange),
        ("-1e19", OutOfRange),
        ("1e400", OutOfRange),
        ("1e-21", OutOfRange),
        ("0.000000000000000000001", OutOfRange),
        ("1e99999999999999999999999", OutOfRange),
        ("1e-99999999999999999999999", OutOfRange),
        ("1701411834604692317.31687303715884105728", OutOfRange),
        ("-1701411834604692317.31687303715884105729", OutOfRange),
        ("100000000000000000000000000000000000000000000000000001", OutOfRange),
    ] {
        assert_eq!(Amount::parse(text), Err(error), "{text:?}");
        assert_eq!(Amount::parse_number(text), Err(error), "{text:?}");
    }
}

#[test]
fn codes_are_those_of_the_surface() {
    assert_eq!(AmountError::Invalid.code(), "amount_invalid");
    assert_eq!(AmountError::Inexact.code(), "amount_inexact");
    assert_eq!(AmountError::OutOfRange.code(), "amount_out_of_range");
}

#[test]
fn zeros_at_either_end_are_no_significant_digits() {
    for text in [
        "123456789012345",
        "0.00123456789012345",
        "1000000000000000000",
        "123456789012345000",
        "1.5e17",
        "1e+18",
        "9007199254740990",
    ] {
        assert_eq!(Amount::parse_number(text), Amount::parse(text), "{text}");
    }
    for text in [
        "1234567890123456",
        "9007199254740991",
        "0.30000000000000004",
        "100000000000000.1",
        "1.000000000000001",
        "-1234567890123456",
        "1.234567890123456e-3",
    ] {
        assert_eq!(Amount::parse_number(text), Err(AmountError::Inexact), "{text}");
        assert!(Amount::parse(text).is_ok(), "{text}");
    }
}

#[test]
fn padded_to_the_scale_of_the_currency() {
    for (text, scale, padded) in [
        ("19.9", 2, "19.90"),
        ("9.999", 2, "9.999"),
        ("100", 0, "100"),
        ("100", 2, "100.00"),
        ("1.50", 0, "1.5"),
        ("-0.05", 2, "-0.05"),
        ("-0.5", 2, "-0.50"),
        ("0", 0, "0"),
        ("0", 3, "0.000"),
        ("1.234", 3, "1.234"),
        ("10", 20, "10.00000000000000000000"),
        ("1.5", 22, "1.5000000000000000000000"),
    ] {
        assert_eq!(amount(text).padded(scale), padded);
    }
}

#[test]
fn prices_that_break_floats_add_up() {
    let sum = |text: &str, count| amount(text).times(count).unwrap().padded(2);
    assert_eq!(sum("0.10", 3), "0.30");
    assert_eq!(sum("19.99", 10_000), "199900.00");
    assert_eq!(sum("33.33", 3), "99.99");
    assert_eq!(amount("0.1").add(amount("0.2")).unwrap(), amount("0.3"), "not 0.30000000000000004");
}

#[test]
fn known_roundings() {
    for (text, scale, rounded) in [
        ("1.005", 2, "1.01"),
        ("-1.005", 2, "-1.01"),
        ("1.00499999999999999999", 2, "1"),
        ("2.5", 0, "3"),
        ("-2.5", 0, "-3"),
        ("0.5", 0, "1"),
        ("-0.4", 0, "0"),
        ("9.995", 2, "10"),
        (UNIT, 20, UNIT),
        (UNIT, 255, UNIT),
        (UNIT, 19, "0"),
    ] {
        assert_eq!(amount(text).round(scale).unwrap().to_string(), rounded, "{text} at {scale}");
    }
}

#[test]
fn the_edge_of_the_range_holds() {
    let unit = amount(UNIT);
    let gone = Err(AmountError::OutOfRange);
    assert_eq!(amount(MAX).add(unit), gone);
    assert_eq!(amount(MIN).add(unit).unwrap().subtract(unit), Ok(amount(MIN)));
    assert_eq!(amount(MAX).times(2), gone);
    assert_eq!(ONE.times(u64::MAX), gone);
    assert_eq!(amount(MAX).shift(1), gone);
    assert_eq!(amount(MAX).round(0), Ok(amount("1701411834604692317")));
    assert_eq!(amount("1701411834604692317.3").round(0).unwrap().round(0), Ok(amount("1701411834604692317")));
    assert_eq!(amount(MAX).round(1), Ok(amount("1701411834604692317.3")));
    assert_eq!(amount(MAX).round(2), gone, "…317.32 lies beyond");
    assert_eq!(amount(MIN).round(2), gone);
}

#[test]
fn what_can_be_calculated_can_be_written_and_read() {
    let below = amount(MIN).subtract(amount(UNIT));
    assert_eq!(below, Err(AmountError::OutOfRange), "2¹²⁷ units have no text that is read");
}

#[test]
fn a_hundredth_and_the_way_back() {
    assert_eq!(amount("20").shift(-2), Ok(amount("0.2")));
    assert_eq!(amount("0.2").shift(2), Ok(amount("20")));
    assert_eq!(amount("-1.5").shift(0), Ok(amount("-1.5")));
    assert_eq!(amount(UNIT).shift(-1), Err(AmountError::OutOfRange));
    assert_eq!(amount("1").shift(i8::MIN), Err(AmountError::OutOfRange));
    assert_eq!(amount("1").shift(i8::MAX), Err(AmountError::OutOfRange));
}

#[test]
fn nothing_moved_is_nothing() {
    for places in [i8::MIN, -39, 39, i8::MAX] {
        assert_eq!(Amount::ZERO.shift(places), Ok(Amount::ZERO), "{places}");
    }
}
