//! Why an edit was refused.

use crate::amount::AmountError;
use crate::model::wire::{Fault, FaultKind, Path, Step};

/// The stable codes of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// More lines than a request may have.
    LinesLimit,
    /// More units over all lines than a request may have.
    UnitsLimit,
    /// Not an integer of at least 1.
    QuantityInvalid,
    /// A line without SKU.
    SkuEmpty,
    /// Not an amount, or not an exact one, or too large.
    Amount(AmountError),
    /// A coupon code over its length.
    CouponTooLong,
    /// A coupon code of nothing.
    CouponEmpty,
    /// A referral code over its length.
    ReferralTooLong,
    /// More loyalty cards than a session may have.
    LoyaltyCardsLimit,
    /// More identifiers than a session may have.
    IdentifiersLimit,
    /// A store id of no or too many characters.
    StoreIdLength,
    /// A name that the API cannot have for an attribute or a cost.
    NamePattern,
    /// No such line.
    LineUnknown,
    /// No such field.
    FieldUnknown,
    /// A value of another type.
    ValueType,
    /// A field that was sent and has no value that clears it.
    CannotUnset,
    /// A move that the state table does not have.
    StateForbidden,
    /// The session is being closed.
    SessionClosing,
    /// The session is closed or cancelled.
    SessionFinished,
}

impl Code {
    /// The code as the JavaScript surface spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::LinesLimit => "lines_limit",
            Code::UnitsLimit => "units_limit",
            Code::QuantityInvalid => "quantity_invalid",
            Code::SkuEmpty => "sku_empty",
            Code::Amount(error) => error.code(),
            Code::CouponTooLong => "coupon_too_long",
            Code::CouponEmpty => "coupon_empty",
            Code::ReferralTooLong => "referral_too_long",
            Code::LoyaltyCardsLimit => "loyalty_cards_limit",
            Code::IdentifiersLimit => "identifiers_limit",
            Code::StoreIdLength => "store_id_length",
            Code::NamePattern => "name_pattern",
            Code::LineUnknown => "line_unknown",
            Code::FieldUnknown => "field_unknown",
            Code::ValueType => "value_type",
            Code::CannotUnset => "cannot_unset",
            Code::StateForbidden => "state_forbidden",
            Code::SessionClosing => "session_closing",
            Code::SessionFinished => "session_finished",
        }
    }
}

/// A limit or an actual value, as a refusal names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Figure {
    /// A count.
    Count(u64),
    /// Anything else.
    Text(String),
}

/// An edit that was refused: what, where, the limit and the actual value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong.
    pub code: Code,
    /// Where, from the argument that was given.
    pub path: Path,
    /// The limit that was passed.
    pub limit: Option<Figure>,
    /// The value that passed it.
    pub actual: Option<Figure>,
}

impl Refusal {
    /// A refusal without figures.
    pub fn new(code: Code, path: Path) -> Refusal {
        Refusal { code, path, limit: None, actual: None }
    }

    /// A count over its limit.
    pub fn count(code: Code, path: Path, limit: u64, actual: u64) -> Refusal {
        Refusal {
            limit: Some(Figure::Count(limit)),
            actual: Some(Figure::Count(actual)),
            ..Refusal::new(code, path)
        }
    }

    /// The same one step further in.
    pub fn inside(mut self, step: Step) -> Refusal {
        self.path.insert(0, step);
        self
    }

    /// With the value that was refused.
    pub fn with_actual(mut self, actual: &str) -> Refusal {
        self.actual = Some(Figure::Text(actual.to_string()));
        self
    }
}

/// Notes what could not be read as refusals.
pub fn note(faults: Vec<Fault>, refusals: &mut Vec<Refusal>) {
    for fault in faults {
        refusals.push(Refusal::from(fault));
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Refusal {
        match fault.kind {
            FaultKind::Amount(error) => Refusal::new(Code::Amount(error), fault.path),
            // Whatever stands for a quantity and is no integer is a wrong quantity to a person.
            FaultKind::Type("integer") if fault.path.last() == Some(&Step::Key("quantity".to_string())) => {
                Refusal::new(Code::QuantityInvalid, fault.path)
            }
            FaultKind::Type(expected) => Refusal {
                limit: Some(Figure::Text(expected.to_string())),
                ..Refusal::new(Code::ValueType, fault.path)
            },
        }
    }
}
