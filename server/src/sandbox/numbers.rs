//! Internal numbers and transaction ids: the same for the same thing, without a counter to keep.

use cartwright::model::index::{START, hash};

/// Another start of the hash, for the second half of longer ids.
const SECOND: u64 = 0x9e37_79b9_7f4a_7c15;

/// 63 bits of a name, nearly always above 2⁵³, so that a client which rounds them is found out.
pub(crate) fn integer(name: &str) -> i64 {
    i64::try_from(mixed(name, START) >> 1).unwrap_or_default()
}

/// The internal number of a profile.
pub(crate) fn profile(id: &str) -> i64 {
    integer(&format!("profile {id}"))
}

/// A UUID of a name, of the version for such ones (RFC 9562, version 8).
pub(crate) fn uuid(name: &str) -> String {
    let bits = (u128::from(mixed(name, START)) << 64) | u128::from(mixed(name, SECOND));
    let marked = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x8 << 76) | (0x2 << 62);
    let digits = format!("{marked:032x}");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// A pattern with each `#` replaced by a digit that depends on the name.
pub(crate) fn pattern(pattern: &str, name: &str) -> String {
    let mut digits = mixed(name, START);
    let digit = |character: char| match character {
        '#' => {
            let digit = u32::try_from(digits % 10).unwrap_or_default();
            digits /= 10;
            char::from_digit(digit, 10).unwrap_or('0')
        }
        other => other,
    };
    pattern.chars().map(digit).collect()
}

/// The hash with its bits spread, because near names have near hashes.
fn mixed(name: &str, start: u64) -> u64 {
    let spread = |bits: u64, by: u32| (bits ^ (bits >> by)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    spread(spread(hash(name, start), 30), 27)
}
