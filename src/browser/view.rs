//! The parts of a snapshot in the form in which JavaScript sees them.

use serde::Serialize;
use serde::Serializer;
use wasm_bindgen::JsValue;

use crate::amount::Amount;
use crate::browser::convert::raw;
use crate::draft::quote::{Discount, LineQuote, Mismatch, Quote, Scope};
use crate::draft::refusal::{Figure, Refusal};
use crate::draft::{Draft, Line};
use crate::model::wire::{Path, Step};
use crate::sync::{Coupon, Machine, Status, SyncError};

/// A count of JavaScript: never a `BigInt`.
fn count<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(*value as f64)
}

fn maybe_count<S: Serializer>(value: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => count(value, serializer),
        None => serializer.serialize_none(),
    }
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum StepView {
    Key(String),
    Index(u32),
}

fn path(path: &Path) -> Vec<StepView> {
    let step = |step: &Step| match step {
        Step::Key(name) => StepView::Key(name.clone()),
        Step::Index(index) => StepView::Index(u32::try_from(*index).unwrap_or(u32::MAX)),
    };
    path.iter().map(step).collect()
}

/// A limit or an actual value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FigureView {
    #[serde(serialize_with = "count")]
    Count(u64),
    Text(String),
}

fn figure(figure: &Figure) -> FigureView {
    match figure {
        Figure::Count(count) => FigureView::Count(*count),
        Figure::Text(text) => FigureView::Text(text.clone()),
    }
}

/// A refusal; its message is the shell's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RefusalView {
    code: &'static str,
    path: Vec<StepView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<FigureView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<FigureView>,
}

impl RefusalView {
    pub fn new(refusal: &Refusal) -> RefusalView {
        RefusalView {
            code: refusal.code.as_str(),
            path: path(&refusal.path),
            limit: refusal.limit.as_ref().map(figure),
            actual: refusal.actual.as_ref().map(figure),
        }
    }
}

/// The result of an edit.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultView {
    pub ok: bool,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "maybe_count")]
    pub revision: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<RefusalView>>,
}

/// An error that has to do with the server.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ErrorView {
    code: &'static str,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "JsValue::is_undefined", with = "serde_wasm_bindgen::preserve")]
    problem: JsValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Vec<StepView>>,
}

impl ErrorView {
    pub fn new(error: &SyncError) -> ErrorView {
        ErrorView {
            code: error.code.as_str(),
            retryable: error.code.retryable(),
            status: error.status,
            problem: error.problem.as_ref().map_or(JsValue::UNDEFINED, raw),
            path: error.path.as_ref().map(path),
        }
    }
}

/// `snapshot.sync`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncView {
    phase: &'static str,
    attempt: u32,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "maybe_count")]
    retry_at: Option<u64>,
    suspect: bool,
    #[serde(skip_serializing_if = "JsValue::is_undefined", with = "serde_wasm_bindgen::preserve")]
    error: JsValue,
}

impl SyncView {
    pub fn new(machine: &Machine, error: JsValue) -> SyncView {
        SyncView {
            phase: machine.phase().as_str(),
            attempt: machine.attempt(),
            retry_at: machine.retry_at(),
            suspect: false,
            error,
        }
    }
}

/// A name with an amount.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DiscountView {
    name: String,
    amount: String,
    scope: &'static str,
}

fn discount(discount: &Discount, scale: u8) -> DiscountView {
    DiscountView {
        name: discount.name.clone(),
        amount: discount.amount.padded(scale),
        scope: match discount.scope {
            Scope::Session => "session",
            Scope::Line => "line",
            Scope::Cost => "cost",
        },
    }
}

/// `snapshot.totals`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TotalsView {
    items: String,
    item_costs: String,
    costs: String,
    total: String,
    discount: String,
    payable: String,
    payable_rounded: String,
    discounts: Vec<DiscountView>,
    complete: bool,
}

impl TotalsView {
    pub fn new(machine: &Machine) -> TotalsView {
        let scale = machine.options().scale;
        let sums = machine.sums();
        let totals = machine.draft().totals();
        let rounded = sums.payable.round(scale).unwrap_or(sums.payable);
        TotalsView {
            items: totals.items.padded(scale),
            item_costs: totals.item_costs.padded(scale),
            costs: totals.costs.padded(scale),
            total: sums.total.padded(scale),
            discount: sums.discount.padded(scale),
            payable: sums.payable.padded(scale),
            payable_rounded: rounded.padded(scale),
            discounts: discounts(machine.quote().map(|(quote, _)| &**quote), scale),
            complete: sums.complete,
        }
    }
}

fn discounts(quote: Option<&Quote>, scale: u8) -> Vec<DiscountView> {
    let discounts = quote.map(|quote| quote.discounts.as_slice()).unwrap_or_default();
    discounts.iter().map(|entry| discount(entry, scale)).collect()
}

/// An entry of `snapshot.lines`; `meta` is set beside it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LineView {
    id: String,
    sku: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(serialize_with = "count")]
    quantity: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subtotal: Option<String>,
    discounts: Vec<DiscountView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payable: Option<String>,
    free: bool,
    #[serde(serialize_with = "count")]
    returned: u64,
    pending: bool,
}

impl LineView {
    pub fn new(machine: &Machine, line: &std::sync::Arc<Line>, quoted: Option<&LineQuote>) -> LineView {
        let scale = machine.options().scale;
        let price: Option<Amount> = line.item.price().or_else(|| quoted.and_then(|quoted| quoted.price));
        let discounts = quoted.map(|quoted| quoted.discounts.as_slice()).unwrap_or_default();
        LineView {
            id: line.id.to_text(),
            sku: line.item.sku().to_string(),
            name: line.item.name().map(str::to_string),
            quantity: line.item.quantity(),
            price: price.map(|price| price.padded(scale)),
            subtotal: price
                .and_then(|price| price.times(line.item.quantity()).ok())
                .map(|sum| sum.padded(scale)),
            discounts: discounts.iter().map(|entry| discount(entry, scale)).collect(),
            payable: quoted.and_then(|quoted| quoted.payable).map(|payable| payable.padded(scale)),
            free: line.free,
            returned: quoted.map_or(0, |quoted| quoted.returned),
            pending: machine.is_pending(line),
        }
    }
}

/// An entry of `snapshot.coupons`, and `snapshot.referral`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CouponView {
    code: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl CouponView {
    pub fn new(coupon: &Coupon) -> CouponView {
        CouponView {
            code: coupon.code.clone(),
            status: match coupon.status {
                Status::Entered => "entered",
                Status::Accepted => "accepted",
                Status::Rejected => "rejected",
            },
            reason: coupon.reason.clone(),
            detail: coupon.detail.clone(),
        }
    }
}

/// A free item that may be taken.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FreeItemView {
    sku: String,
    name: String,
    #[serde(serialize_with = "count")]
    quantity: u64,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NotificationView {
    r#type: String,
    title: String,
    body: String,
}

impl NotificationView {
    pub fn new(notification: &crate::draft::quote::Notification) -> NotificationView {
        NotificationView {
            r#type: notification.kind.clone(),
            title: notification.title.clone(),
            body: notification.body.clone(),
        }
    }
}

/// `snapshot.offers`. Giveaways stay among the raw effects in this form.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OffersView {
    free_items: Vec<FreeItemView>,
    giveaways: Vec<FreeItemView>,
    notifications: Vec<NotificationView>,
}

impl OffersView {
    pub fn new(quote: Option<&Quote>) -> OffersView {
        let Some(quote) = quote else {
            return OffersView::default();
        };
        let free = quote.free_items.iter().map(|item| FreeItemView {
            sku: item.sku.clone(),
            name: item.name.clone(),
            quantity: item.quantity,
        });
        OffersView {
            free_items: free.collect(),
            giveaways: Vec::new(),
            notifications: quote.notifications.iter().map(NotificationView::new).collect(),
        }
    }
}

/// `snapshot.loyalty`. Loyalty effects stay among the raw effects in this form.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct LoyaltyView {
    earned: Vec<FreeItemView>,
    spent: Vec<FreeItemView>,
}

/// Our total and the server's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TotalMismatchView {
    ours: String,
    server: String,
}

/// Where the server does not hold what was sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MismatchView {
    fields: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<TotalMismatchView>,
}

fn mismatch(mismatch: &Mismatch, scale: u8) -> MismatchView {
    let total = mismatch
        .total
        .map(|(ours, server)| TotalMismatchView { ours: ours.padded(scale), server: server.padded(scale) });
    MismatchView { fields: mismatch.fields.clone(), total }
}

/// `snapshot.quote`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuoteView {
    fingerprint: String,
    #[serde(serialize_with = "count")]
    revision: u64,
    current: bool,
    total: String,
    payable: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mismatch: Option<MismatchView>,
}

impl QuoteView {
    pub fn new(quote: &Quote, revision: u64, current: bool, scale: u8) -> QuoteView {
        QuoteView {
            fingerprint: quote.fingerprint.clone(),
            revision,
            current,
            total: quote.total.padded(scale),
            payable: quote.payable.padded(scale),
            mismatch: quote.mismatch.as_ref().map(|found| mismatch(found, scale)),
        }
    }
}

/// What `preview()` gives: a quote with everything that a snapshot would show of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewView {
    fingerprint: String,
    #[serde(serialize_with = "count")]
    revision: u64,
    current: bool,
    total: String,
    payable: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mismatch: Option<MismatchView>,
    discount: String,
    payable_rounded: String,
    complete: bool,
    discounts: Vec<DiscountView>,
    coupons: Vec<CouponView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    referral: Option<CouponView>,
    offers: OffersView,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    effects: JsValue,
}

impl PreviewView {
    pub fn new(quote: &Quote, draft: &Draft, revision: u64, current: bool, scale: u8) -> PreviewView {
        let (coupons, referral) = crate::sync::codes(draft, Some(quote));
        let QuoteView { fingerprint, revision, current, total, payable, mismatch } =
            QuoteView::new(quote, revision, current, scale);
        PreviewView {
            fingerprint,
            revision,
            current,
            total,
            payable,
            mismatch,
            discount: quote.discount.padded(scale),
            payable_rounded: quote.payable.round(scale).unwrap_or(quote.payable).padded(scale),
            complete: quote.complete,
            discounts: discounts(Some(quote), scale),
            coupons: coupons.iter().map(CouponView::new).collect(),
            referral: referral.as_ref().map(CouponView::new),
            offers: OffersView::new(Some(quote)),
            effects: effects(quote),
        }
    }
}

/// Every effect of a quote, raw and in order.
pub fn effects(quote: &Quote) -> JsValue {
    raw(&crate::model::json::Value::Array(quote.effects.clone()))
}

/// What `prepare()` gives.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PreparedView {
    pub session_id: String,
    #[serde(serialize_with = "count")]
    pub revision: u64,
    pub fingerprint: String,
    pub payable: String,
}

/// The detail of `'closed'`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClosedView {
    pub foreign: bool,
    pub quote_changed: bool,
}

/// The detail of `'conflict'`.
#[derive(Debug, Serialize)]
pub struct ConflictView {
    pub code: &'static str,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub edit: JsValue,
    pub errors: Vec<RefusalView>,
}

/// The numbers of `LIMITS`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LimitsView {
    pub lines: usize,
    #[serde(serialize_with = "count")]
    pub units: u64,
    pub coupon_length: usize,
    pub referral_length: usize,
    pub loyalty_cards: usize,
    pub identifiers: usize,
    pub store_id_length: usize,
    pub session_id_length: usize,
}
