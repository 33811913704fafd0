//! Every limit of the session API that a client can check (API reference, section 7).

use crate::draft::refusal::{Code, Figure, Refusal};
use crate::model::text;
use crate::model::wire::Path;

/// Cart lines per request (`NewCustomerSessionV2.cartItems`).
pub const MAX_LINES: usize = 1000;
/// Units over all lines per request, where the server flattens (`NewCustomerSessionV2.cartItems`).
pub const MAX_UNITS: u64 = 10_000;
/// Units where the server does not flatten: what a script number holds exactly.
pub const MAX_UNITS_UNFLATTENED: u64 = (1 << 53) - 1;
/// Characters of a coupon code (`couponCodes` items).
pub const MAX_COUPON_LENGTH: usize = 100;
/// Characters of a referral code (`referralCode`).
pub const MAX_REFERRAL_LENGTH: usize = 100;
/// Loyalty cards per session (`loyaltyCards`).
pub const MAX_LOYALTY_CARDS: usize = 1;
/// Identifiers per session (`identifiers`).
pub const MAX_IDENTIFIERS: usize = 5;
/// Characters of a store id (`storeIntegrationId`); at least one.
pub const MAX_STORE_ID_LENGTH: usize = 1000;
/// Characters of a session id: the shortest of three published lengths (API reference, section 2).
pub const MAX_SESSION_ID_LENGTH: usize = 255;

/// Which of the two cart limits the deployment has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CartLimits {
    /// 1000 lines and 10 000 units; every deployment since October 2023.
    #[default]
    Flattened,
    /// 1000 lines only.
    Unflattened,
}

impl CartLimits {
    /// Units allowed over all lines.
    pub fn max_units(self) -> u64 {
        match self {
            CartLimits::Flattened => MAX_UNITS,
            CartLimits::Unflattened => MAX_UNITS_UNFLATTENED,
        }
    }
}

/// Counts as the refusals give them.
pub fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Lines and units of a whole cart.
pub fn cart(limits: CartLimits, lines: usize, units: u64, path: &Path) -> Result<(), Refusal> {
    if lines > MAX_LINES {
        return Err(Refusal::count(Code::LinesLimit, path.clone(), count(MAX_LINES), count(lines)));
    }
    if units > limits.max_units() {
        return Err(Refusal::count(Code::UnitsLimit, path.clone(), limits.max_units(), units));
    }
    Ok(())
}

/// A coupon code that is not empty and not too long.
pub fn coupon(code: &str, path: Path) -> Result<(), Refusal> {
    if code.is_empty() {
        return Err(Refusal::new(Code::CouponEmpty, path));
    }
    at_most(Code::CouponTooLong, MAX_COUPON_LENGTH, text::length(code), path)
}

/// A referral code that is not too long; an empty one clears.
pub fn referral(code: &str, path: Path) -> Result<(), Refusal> {
    at_most(Code::ReferralTooLong, MAX_REFERRAL_LENGTH, text::length(code), path)
}

/// Not more loyalty cards than allowed.
pub fn loyalty_cards(cards: usize, path: Path) -> Result<(), Refusal> {
    at_most(Code::LoyaltyCardsLimit, MAX_LOYALTY_CARDS, cards, path)
}

/// Not more identifiers than allowed.
pub fn identifiers(identifiers: usize, path: Path) -> Result<(), Refusal> {
    at_most(Code::IdentifiersLimit, MAX_IDENTIFIERS, identifiers, path)
}

/// A store id of 1 to 1000 characters.
pub fn store_id(id: &str, path: Path) -> Result<(), Refusal> {
    let length = text::length(id);
    if length == 0 {
        return Err(Refusal::count(Code::StoreIdLength, path, count(MAX_STORE_ID_LENGTH), 0));
    }
    at_most(Code::StoreIdLength, MAX_STORE_ID_LENGTH, length, path)
}

/// The API name of an attribute or a cost: `^[A-Za-z]\w*$`.
pub fn name(name: &str, path: Path) -> Result<(), Refusal> {
    let mut characters = name.bytes();
    let first = characters.next().is_some_and(|byte| byte.is_ascii_alphabetic());
    if first && characters.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Ok(());
    }
    Err(Refusal {
        limit: Some(Figure::Text(NAME_PATTERN.to_string())),
        ..Refusal::new(Code::NamePattern, path).with_actual(name)
    })
}

/// The pattern of the names of attributes and costs, for people.
pub const NAME_PATTERN: &str = "^[A-Za-z]\\w*$";

fn at_most(code: Code, limit: usize, actual: usize, path: Path) -> Result<(), Refusal> {
    if actual > limit {
        return Err(Refusal::count(code, path, count(limit), count(actual)));
    }
    Ok(())
}
