//! What there is to do with texts, byte by byte: the searches of the standard library are made for
//! speed, and each of them weighs more than all of these.

/// Longest part of a value that a refusal shows, in characters.
const MAX_SHOWN: usize = 40;

/// Whether a character begins with this byte.
fn begins(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

/// How many characters (code points) there are.
pub fn length(text: &str) -> usize {
    text.bytes().filter(|byte| begins(*byte)).count()
}

/// The beginning, as far as it is short enough to be shown.
pub fn shown(text: &str) -> &str {
    let mut starts = text.bytes().enumerate().filter(|(_, byte)| begins(*byte));
    match starts.nth(MAX_SHOWN) {
        Some((end, _)) => text.get(..end).unwrap_or_default(),
        None => text,
    }
}

/// What stands before and behind the first such mark.
pub fn cut(text: &str, mark: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == mark)?;
    Some((text.get(..at)?, text.get(at.saturating_add(1)..)?))
}
