//! A digest of text: for fingerprints of quotes.
//!
//! FNV-1a, twice from different starts: not against attackers (nothing is proved by it, the server
//! decides about money), but small, and far from accidental collisions.

use crate::model::index::{START, hash};

/// 128 bits of texts, the same in whatever order they come.
#[derive(Debug, Default)]
pub struct Digest([u64; 2]);

impl Digest {
    /// One text more, so many times.
    pub fn add(&mut self, text: &str, times: u64) {
        for (sum, start) in self.0.iter_mut().zip([START, START.rotate_left(32)]) {
            *sum = sum.wrapping_add(mixed(hash(text, start)).wrapping_mul(times));
        }
    }

    /// 32 hexadecimal digits.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for sum in self.0 {
            push_hex(sum, &mut out);
        }
        out
    }
}

/// Spreads each bit over all of them: sums of plain hashes would be equal where two texts swap their ends.
fn mixed(mut bits: u64) -> u64 {
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        bits = (bits ^ (bits >> 33)).wrapping_mul(factor);
    }
    bits ^ (bits >> 33)
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
