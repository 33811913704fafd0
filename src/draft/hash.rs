//! A digest of text: for fingerprints of quotes.
//!
//! FNV-1a, twice from different starts: not against attackers (nothing is proved by it, the server
//! decides about money), but small, and far from accidental collisions.

use crate::model::index::{START, hash};

/// 128 bits of a text as 32 hexadecimal digits.
pub fn digest(text: &str) -> String {
    let mut out = String::new();
    push_hex(hash(text, START), &mut out);
    push_hex(hash(text, START.rotate_left(32)), &mut out);
    out
}

/// Appends 16 hexadecimal digits.
pub fn push_hex(value: u64, out: &mut String) {
    for place in (0..16_u32).rev() {
        let nibble = u32::try_from((value >> place.saturating_mul(4)) & 15).unwrap_or(0);
        out.push(char::from_digit(nibble, 16).unwrap_or('0'));
    }
}

/// Reads 16 hexadecimal digits.
pub fn read_hex(text: &str) -> Option<u64> {
    if text.len() != 16 {
        return None;
    }
    text.bytes().try_fold(0_u64, |value, byte| {
        let digit = char::from(byte).to_digit(16)?;
        Some((value << 4) | u64::from(digit))
    })
}
