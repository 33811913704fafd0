//! When to try again (rule 7).

use crate::amount::whole;

/// Longest wait that a `Retry-After` may ask for: 5 minutes, in milliseconds.
pub const MAX_RETRY_AFTER: u64 = 300_000;

/// Random numbers from a seed (xorshift64*): the same seed gives the same numbers.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Numbers from a seed; zero is as good as any.
    pub fn new(seed: u64) -> Random {
        Random(seed ^ 0x9e37_79b9_7f4a_7c15 | 1)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number from 0 to `most`, both included.
    pub fn up_to(&mut self, most: u64) -> u64 {
        match most.checked_add(1) {
            Some(count) => self.bits() % count,
            None => self.bits(),
        }
    }
}

/// Full jitter: from nothing to the ceiling `min(cap, base · 2^attempt)`, in milliseconds.
pub fn delay(random: &mut Random, base: u64, cap: u64, attempt: u32) -> u64 {
    let factor = 1_u64.checked_shl(attempt).unwrap_or(u64::MAX);
    random.up_to(base.saturating_mul(factor).min(cap))
}

/// The wait that a `Retry-After` asks for, in milliseconds: seconds, or a date (RFC 9110, all three
/// forms of which only the first is still written). None for a malformed one.
pub fn retry_after(value: &str, now: u64) -> Option<u64> {
    let value = value.trim();
    let wait = match value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty() {
        true => count(value).unwrap_or(u64::MAX).saturating_mul(1000),
        false => http_date(value)?.saturating_sub(now),
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

fn count(digits: &str) -> Option<u64> {
    whole(digits.as_bytes()).ok().and_then(|count| u64::try_from(count).ok())
}

/// `Wed, 21 Oct 2015 07:28:00 GMT`, a form of fixed width, in milliseconds since 1970.
fn http_date(text: &str) -> Option<u64> {
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to)?;
        if digits.bytes().all(|byte| byte.is_ascii_digit()) { count(digits) } else { None }
    };
    let separators = [(3, ", "), (7, " "), (11, " "), (16, " "), (19, ":"), (22, ":"), (25, " GMT")];
    let stands = |(at, mark): (usize, &str)| text.get(at..at.saturating_add(mark.len())) == Some(mark);
    if text.len() != 29 || !separators.into_iter().all(stands) {
        return None;
    }
    let (day, month, year) = (number(5, 7)?, text.get(8..11)?, number(12, 16)?);
    let (hour, minute, second) = (number(17, 19)?, number(20, 22)?, number(23, 25)?);
    const MONTHS: [&str; 12] =
        ["Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb"];
    let months = MONTHS.iter().position(|name| *name == month)?;
    let months = u64::try_from(months).ok()?;
    if year < 1970 || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Years that begin in March have their leap day at the end.
    let year = if months < 10 { year } else { year.saturating_sub(1) };
    // None of these comes near its limit: a year has four digits.
    let leaps = (year / 4).saturating_sub(year / 100).saturating_add(year / 400);
    let before = times(months, 153).saturating_add(2) / 5;
    let days = times(year, 365).saturating_add(leaps).saturating_add(before).saturating_add(day);
    let hours = times(days.checked_sub(DAYS_TO_1970)?, 24).saturating_add(hour);
    let seconds = times(times(hours, 60).saturating_add(minute), 60).saturating_add(second);
    Some(times(seconds, 1000))
}

/// From the first of March of the year 0 to the last day of 1969, and the day that a month begins with.
const DAYS_TO_1970: u64 = 719_469;

/// A product far below the limit.
fn times(count: u64, factor: u64) -> u64 {
    count.wrapping_mul(factor)
}
