//! Internal numbers: the same for the same thing, without a counter to keep.

use cartwright::model::index::{START, hash};

/// 63 bits of a name, nearly always above 2⁵³, so that a client which rounds them is found out.
pub(crate) fn integer(name: &str) -> i64 {
    i64::try_from(mixed(name, START) >> 1).unwrap_or_default()
}

/// The internal number of a profile.
pub(crate) fn profile(id: &str) -> i64 {
    integer(&format!("profile {id}"))
}

/// The hash with its bits spread, because near names have near hashes.
fn mixed(name: &str, start: u64) -> u64 {
    let spread = |bits: u64, by: u32| (bits ^ (bits >> by)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    spread(spread(hash(name, start), 30), 27)
}
