//! Exact decimal amounts.
//!
//! An [`Amount`] is a whole number of 10⁻²⁰ units in 128 bits: every operation is exact or an
//! error, nothing is ever rounded unless [`Amount::round`] is asked to. The range is a little over
//! ±1.7 · 10¹⁸, far above the API's largest number (`discountLimit`, 10¹⁵).

use core::fmt;

/// Decimal places that every amount carries.
pub const PLACES: u8 = 20;

/// Significant digits that a JavaScript number is trusted to carry exactly.
pub const NUMBER_DIGITS: usize = 15;

const UNIT: i128 = 100_000_000_000_000_000_000;

/// Longest text that is looked at; longer ones cannot be an amount in range without being noise.
const MAX_TEXT: usize = 400;

/// Why a text or a calculation gives no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmountError {
    /// Not a decimal number.
    Invalid,
    /// A JavaScript number with more than 15 significant digits: its text is already a guess.
    Inexact,
    /// Beyond ±1.7 · 10¹⁸, or finer than 10⁻²⁰.
    OutOfRange,
}

impl AmountError {
    /// The stable code of the JavaScript surface.
    pub fn code(self) -> &'static str {
        match self {
            AmountError::Invalid => "amount_invalid",
            AmountError::Inexact => "amount_inexact",
            AmountError::OutOfRange => "amount_out_of_range",
        }
    }
}

/// An exact decimal amount; equal amounts are equal values (`19.9` is `19.90`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Amount(i128);

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount(0);

    /// Reads a decimal text: `-12.50`, `1e3`, `0.1`; digits are required on both sides of a point,
    /// a leading `+`, white space and thousands separators are not accepted.
    pub fn parse(text: &str) -> Result<Amount, AmountError> {
        read(text, false).map(|(amount, _)| amount)
    }

    /// Reads a number of an answer: a server that calculates with floats sends tails far below
    /// 10⁻²⁰, which are rounded off there and mean nothing.
    pub fn parse_answer(text: &str) -> Result<Amount, AmountError> {
        read(text, true).map(|(amount, _)| amount)
    }

    /// Reads the shortest text of a JavaScript number, and refuses more than 15 significant digits.
    pub fn parse_number(text: &str) -> Result<Amount, AmountError> {
        let (amount, digits) = read(text, false)?;
        if digits > NUMBER_DIGITS {
            return Err(AmountError::Inexact);
        }
        Ok(amount)
    }

    /// The sum.
    #[expect(clippy::should_implement_trait, reason = "checked: it gives a Result")]
    pub fn add(self, other: Amount) -> Result<Amount, AmountError> {
        in_range(self.0.checked_add(other.0))
    }

    /// The difference.
    pub fn subtract(self, other: Amount) -> Result<Amount, AmountError> {
        in_range(self.0.checked_sub(other.0))
    }

    /// The amount `count` times.
    pub fn times(self, count: u64) -> Result<Amount, AmountError> {
        // By doubling: a product of 128 bits is a kilobyte of the wasm.
        let (mut product, mut double, mut left) = (Amount::ZERO, self, count);
        while left > 0 {
            if left & 1 == 1 {
                product = product.add(double)?;
            }
            left >>= 1;
            if left > 0 {
                double = double.add(double)?;
            }
        }
        Ok(product)
    }

    /// Moves the decimal point: `shift(-2)` is a hundredth. An error where digits would be lost.
    pub fn shift(self, places: i8) -> Result<Amount, AmountError> {
        if places >= 0 {
            return self.with_zeros(i64::from(places));
        }
        let mut rest = self.0.unsigned_abs();
        for _ in 0..places.unsigned_abs() {
            let (tenth, digit) = tenth(rest);
            if digit != 0 {
                return Err(AmountError::OutOfRange);
            }
            rest = tenth;
        }
        Ok(signed(rest, self.is_negative()))
    }

    /// Rounded half up (away from zero) to `scale` decimal places.
    pub fn round(self, scale: u8) -> Result<Amount, AmountError> {
        let places = i64::from(PLACES.saturating_sub(scale));
        signed(without_digits(self.0.unsigned_abs(), places), self.is_negative()).with_zeros(places)
    }

    /// Ten times the amount, so many times.
    fn with_zeros(self, count: i64) -> Result<Amount, AmountError> {
        let mut amount = self;
        let mut left = if self == Amount::ZERO { 0 } else { count };
        while left > 0 {
            amount = amount.times(10)?;
            left = left.saturating_sub(1);
        }
        Ok(amount)
    }

    /// The smaller of two amounts.
    pub fn least(self, other: Amount) -> Amount {
        if other < self { other } else { self }
    }

    /// The amount, or zero where it is negative.
    pub fn not_negative(self) -> Amount {
        if self.0 < 0 { Amount::ZERO } else { self }
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Decimal text without exponent, with at least `scale` decimal places: `19.90`, `9.999`, `100`.
    pub fn padded(self, scale: u8) -> String {
        let mut text = String::new();
        self.write(&mut text, usize::from(scale));
        text
    }

    /// Appends the shortest decimal text: a JSON number with exactly these digits.
    pub fn write_json(self, out: &mut String) {
        self.write(out, 0);
    }

    fn write(self, out: &mut String, scale: usize) {
        if self.0 < 0 {
            out.push('-');
        }
        // Digits come out last one first; 20 decimal places and at most 19 before the point.
        let mut rest = self.0.unsigned_abs();
        let mut digits = [b'0'; 40];
        let mut count = 0_usize;
        for slot in digits.iter_mut() {
            if rest == 0 && count > usize::from(PLACES) {
                break;
            }
            let (tenth, digit) = tenth(rest);
            *slot = b'0' | digit;
            rest = tenth;
            count = count.saturating_add(1);
        }
        let spare = digits
            .iter()
            .take(usize::from(PLACES).saturating_sub(scale))
            .take_while(|digit| **digit == b'0')
            .count();
        let (fraction, whole) = digits.get(..count).unwrap_or_default().split_at(usize::from(PLACES));
        out.extend(whole.iter().rev().map(|digit| char::from(*digit)));
        let fraction = fraction.get(spare..).unwrap_or_default();
        if !fraction.is_empty() {
            out.push('.');
            out.extend(fraction.iter().rev().map(|digit| char::from(*digit)));
        }
        for _ in usize::from(PLACES)..scale {
            out.push('0');
        }
    }
}

/// A sum on its way. Out of range it stays out of range, which is told once, at the end: a
/// calculation of many steps needs no check at each of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sum(Option<Amount>);

impl Sum {
    /// Nothing yet.
    pub const ZERO: Sum = Sum(Some(Amount::ZERO));

    /// What was added up.
    pub fn amount(self) -> Result<Amount, AmountError> {
        self.0.ok_or(AmountError::OutOfRange)
    }

    /// More.
    #[inline(never)]
    pub fn add(&mut self, other: Sum) {
        self.0 = match (self.0, other.0) {
            (Some(sum), Some(other)) => sum.add(other).ok(),
            _ => None,
        };
    }

    /// Less, be it below zero.
    #[inline(never)]
    pub fn subtract(&mut self, other: Sum) {
        self.0 = match (self.0, other.0) {
            (Some(sum), Some(other)) => sum.subtract(other).ok(),
            _ => None,
        };
    }

    /// Less, and not below zero where anything is taken.
    #[inline(never)]
    pub fn take(&mut self, other: Sum) {
        if other != Sum::ZERO {
            self.subtract(other);
            self.0 = self.0.map(Amount::not_negative);
        }
    }
}

impl From<Amount> for Sum {
    fn from(amount: Amount) -> Sum {
        Sum(Some(amount))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.padded(0))
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.padded(0))
    }
}

/// The range is the same on both sides of zero, so that every amount's text can be read again.
fn in_range(value: Option<i128>) -> Result<Amount, AmountError> {
    value.filter(|units| *units != i128::MIN).map(Amount).ok_or(AmountError::OutOfRange)
}

fn signed(magnitude: u128, negative: bool) -> Amount {
    let amount = i128::try_from(magnitude).unwrap_or(i128::MAX);
    Amount(if negative { -amount } else { amount })
}

/// A tenth, and the digit that is lost: in three steps of 64 bits, since a division of 128 bits is
/// half a kilobyte of the wasm.
fn tenth(value: u128) -> (u128, u8) {
    let low = value as u64;
    let high = (value >> 64) as u64;
    let middle = (high % 10) << 32 | low >> 32;
    let last = (middle % 10) << 32 | low & 0xffff_ffff;
    let quotient = u128::from(high / 10) << 64 | u128::from(middle / 10) << 32 | u128::from(last / 10);
    (quotient, (last % 10) as u8)
}

/// What is left without the last digits, rounded half up.
fn without_digits(value: u128, count: i64) -> u128 {
    let (mut rest, mut lost, mut left) = (value, 0, count);
    while left > 0 && (rest != 0 || lost != 0) {
        (rest, lost) = tenth(rest);
        left = left.saturating_sub(1);
    }
    if lost >= 5 { rest.saturating_add(1) } else { rest }
}

/// The amount and the number of significant digits of its text.
fn read(text: &str, rounded: bool) -> Result<(Amount, usize), AmountError> {
    if text.len() > MAX_TEXT {
        return Err(AmountError::Invalid);
    }
    let (negative, unsigned) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (mantissa, exponent) = match unsigned.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(end) => {
            let (mantissa, exponent) = unsigned.split_at(end);
            (mantissa, read_exponent(exponent.get(1..).unwrap_or_default())?)
        }
        None => (unsigned, 0),
    };
    if !matches!(mantissa, [b'0'..=b'9'] | [b'0'..=b'9', .., b'0'..=b'9']) {
        return Err(AmountError::Invalid);
    }
    let mut value = Amount::ZERO;
    let mut significant = 0_usize;
    let mut trailing_zeros = 0_i64;
    let mut fraction_places = None;
    for digit in mantissa {
        if *digit == b'.' && fraction_places.is_none() {
            fraction_places = Some(0_i64);
            continue;
        }
        if !digit.is_ascii_digit() {
            return Err(AmountError::Invalid);
        }
        fraction_places = fraction_places.map(|places| places.saturating_add(1));
        if *digit == b'0' {
            if significant > 0 {
                trailing_zeros = trailing_zeros.saturating_add(1);
            }
            continue;
        }
        let digit = Amount(i128::from(digit.wrapping_sub(b'0')));
        value = value.with_zeros(trailing_zeros.saturating_add(1))?.add(digit)?;
        significant = significant
            .saturating_add(usize::try_from(trailing_zeros).unwrap_or(usize::MAX))
            .saturating_add(1);
        trailing_zeros = 0;
    }
    if value == Amount::ZERO {
        return Ok((Amount::ZERO, 0));
    }
    let shift = exponent
        .saturating_add(i64::from(PLACES))
        .saturating_add(trailing_zeros)
        .saturating_sub(fraction_places.unwrap_or(0));
    // The last digit that counts must not lie below the 20th decimal place.
    if shift < 0 && !rounded {
        return Err(AmountError::OutOfRange);
    }
    let kept = without_digits(value.0.unsigned_abs(), shift.saturating_neg());
    Ok((signed(kept, negative).with_zeros(shift)?, significant))
}

/// An exponent; one that no number can be meant by is as large as they get.
fn read_exponent(text: &[u8]) -> Result<i64, AmountError> {
    match (whole(text), text) {
        (Err(AmountError::OutOfRange), [b'-', ..]) => Ok(i64::MIN),
        (Err(AmountError::OutOfRange), _) => Ok(i64::MAX),
        (exponent, _) => exponent,
    }
}

/// Reads a whole number of 64 bits: digits behind a sign or none.
pub fn whole(text: &[u8]) -> Result<i64, AmountError> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() {
        return Err(AmountError::Invalid);
    }
    // Below zero, where there is one number more.
    let mut value = Some(0_i64);
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(AmountError::Invalid);
        }
        let room = value.filter(|value| *value >= i64::MIN / 10);
        let digit = i64::from(digit.wrapping_sub(b'0'));
        value = room.and_then(|value| value.wrapping_mul(10).checked_sub(digit));
    }
    let value = value.ok_or(AmountError::OutOfRange)?;
    if negative { Ok(value) } else { value.checked_neg().ok_or(AmountError::OutOfRange) }
}

/// One unit, for tests and constants.
pub const ONE: Amount = Amount(UNIT);
