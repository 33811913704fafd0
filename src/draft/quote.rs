//! What an answer says about money and codes.
//!
//! A quote is made from the whole effect list of one answer and from the draft that was sent for
//! it; the list of an answer replaces the last one, always. Effects that this first form does not
//! read are handed on raw.

use std::collections::BTreeMap;

use crate::amount::{Amount, AmountError};
use crate::draft::hash::digest;
use crate::draft::{Draft, LineId};
use crate::model::json::{Object, Value, write_string};
use crate::model::wire::{Writer, read_answer, write_count};
use crate::model::{CustomerSessionV2, Effect};

/// What the newest answer says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quote {
    /// The same while what the shopper pays and gets is the same.
    pub fingerprint: String,
    /// Before discounts: the server's total where it names one, else ours.
    pub total: Amount,
    /// Σ of all discounts as they were sent.
    pub discount: Amount,
    /// What is left to pay, exact; never below zero.
    pub payable: Amount,
    /// Whether every amount of the answer could be read and every line has a price.
    pub complete: bool,
    /// Where the answer does not say what was sent.
    pub mismatch: Option<Mismatch>,
    /// Discounts, one per name and kind.
    pub discounts: Vec<Discount>,
    /// Per line, in the order in which they were sent.
    pub lines: Vec<LineQuote>,
    /// What became of coupon codes.
    pub coupons: Vec<Verdict>,
    /// What became of the referral code.
    pub referrals: Vec<Verdict>,
    /// Free items that the shopper may take.
    pub free_items: Vec<FreeItem>,
    /// Messages to show.
    pub notifications: Vec<Notification>,
    /// Every effect, raw and in order.
    pub effects: Vec<Value>,
}

/// A difference between what was sent and what the server says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mismatch {
    /// Fields that the client owns and the server holds otherwise.
    pub fields: Vec<String>,
    /// Our total and the server's, where they differ.
    pub total: Option<(Amount, Amount)>,
}

/// What a discount takes its amount from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// The whole session.
    Session,
    /// Lines or their costs.
    Line,
    /// Costs of the session.
    Cost,
}

/// Discounts of one name and kind together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discount {
    /// Its label.
    pub name: String,
    /// Its amount as sent.
    pub amount: Amount,
    /// What it is taken from.
    pub scope: Scope,
}

/// What an answer says about one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineQuote {
    /// The line.
    pub id: LineId,
    /// Unit price, where the draft or the answer has one.
    pub price: Option<Amount>,
    /// Price × quantity.
    pub subtotal: Option<Amount>,
    /// Discounts by name.
    pub discounts: Vec<(String, Amount)>,
    /// Subtotal and costs of the line less its discounts; none without a price.
    pub payable: Option<Amount>,
    /// Units given back.
    pub returned: u64,
}

/// What became of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The code.
    pub code: String,
    /// Why it was rejected; none when it was accepted.
    pub rejected: Option<Rejection>,
}

/// Why a code was rejected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rejection {
    /// The API's word.
    pub reason: String,
    /// Why its campaign was left out, or free text.
    pub detail: Option<String>,
}

/// An item that the shopper may have for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeItem {
    /// Its SKU.
    pub sku: String,
    /// What the offer is called.
    pub name: String,
    /// Units given.
    pub quantity: u64,
}

/// A message to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// `Info`, `Offer`, `Error`, `Misc` or any other word.
    pub kind: String,
    /// Headline.
    pub title: String,
    /// Text.
    pub body: String,
}

/// What a discount lies on, with all that tells two of them apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Session { scope: String },
    Cost { cost: String },
    Unit { position: usize, unit: Option<i64>, bundle: Option<i64>, scope: String },
    UnitCost { position: usize, unit: Option<i64>, cost: String },
}

impl Target {
    fn line(&self) -> Option<usize> {
        match self {
            Target::Unit { position, .. } | Target::UnitCost { position, .. } => Some(*position),
            _ => None,
        }
    }

    fn scope(&self) -> Scope {
        match self {
            Target::Session { .. } => Scope::Session,
            Target::Cost { .. } => Scope::Cost,
            Target::Unit { .. } | Target::UnitCost { .. } => Scope::Line,
        }
    }
}

/// One discount effect.
#[derive(Debug, Clone)]
struct Entry {
    name: String,
    value: Amount,
    target: Target,
}

/// All discount effects in order; a later one of the same name on the same thing replaces the
/// earlier one.
#[derive(Debug, Default)]
struct Entries {
    list: Vec<Entry>,
    places: BTreeMap<(Target, String), usize>,
}

impl Entries {
    fn put(&mut self, entry: Entry) {
        let key = (entry.target.clone(), entry.name.clone());
        match self.places.get(&key).and_then(|place| self.list.get_mut(*place)) {
            Some(known) => *known = entry,
            None => {
                self.places.insert(key, self.list.len());
                self.list.push(entry);
            }
        }
    }

    /// The discounts on each line, and whether each of them is on a line that was sent.
    fn by_line(&self, lines: usize) -> (Vec<Vec<&Entry>>, bool) {
        let mut by_line = vec![Vec::new(); lines];
        let mut placed = true;
        for entry in &self.list {
            match entry.target.line().map(|line| by_line.get_mut(line)) {
                None => {}
                Some(Some(entries)) => entries.push(entry),
                Some(None) => placed = false,
            }
        }
        (by_line, placed)
    }

    /// Discounts of one label and kind together, in order.
    fn by_label(&self) -> Result<Vec<Discount>, AmountError> {
        let mut places = BTreeMap::<(Scope, &str), usize>::new();
        let mut discounts: Vec<Discount> = Vec::new();
        for entry in &self.list {
            let (scope, name) = (entry.target.scope(), label(entry));
            let place = *places.entry((scope, name)).or_insert(discounts.len());
            match discounts.get_mut(place) {
                Some(known) => known.amount = known.amount.add(entry.value)?,
                None => discounts.push(Discount { name: name.to_string(), amount: entry.value, scope }),
            }
        }
        Ok(discounts)
    }
}

/// Where money can be taken from on one line.
struct Base {
    id: LineId,
    price: Option<Amount>,
    quantity: u64,
    costs: Vec<(String, Amount)>,
    returned: u64,
}

impl Quote {
    /// The quote of an answer (`IntegrationStateV2` or the answer to a read) for the draft that was
    /// sent; `ours` is that draft.
    pub fn new(ours: &Draft, answer: &Value) -> Quote {
        let mut quote = Quote { complete: true, ..Quote::default() };
        quote.effects = answer.get("effects").and_then(Value::as_array).unwrap_or_default().to_vec();
        let session: Option<CustomerSessionV2> = answer.get("customerSession").and_then(read_answer);
        let entries = quote.read_effects();
        if quote.price(ours, session.as_ref(), &entries).is_err() {
            quote.complete = false;
            // Sums beyond the range: what there is to pay without discounts is still known.
            if quote.price(ours, session.as_ref(), &Entries::default()).is_err() {
                quote.payable = quote.total.not_negative();
            }
        }
        if let Some(session) = &session {
            quote.compare(ours, session);
        }
        quote.fingerprint = quote.digest(ours);
        quote
    }

    /// Whether a code was accepted, or why not; none while the answer says nothing of it.
    pub fn coupon(&self, code: &str) -> Option<&Verdict> {
        verdict(&self.coupons, code)
    }

    /// The same for the referral code.
    pub fn referral(&self, code: &str) -> Option<&Verdict> {
        verdict(&self.referrals, code)
    }

    fn read_effects(&mut self) -> Entries {
        let mut entries = Entries::default();
        for raw in std::mem::take(&mut self.effects) {
            if let Some(Effect { effect_type: Some(kind), props, .. }) = read_answer(&raw) {
                match self.read_effect(&kind, &props.unwrap_or(Value::Null)) {
                    Ok(None) => {}
                    Ok(Some(entry)) => entries.put(entry),
                    Err(_) => self.complete = false,
                }
            }
            self.effects.push(raw);
        }
        entries
    }

    fn read_effect(&mut self, kind: &str, props: &Value) -> Result<Option<Entry>, AmountError> {
        let text = |name: &str| props.get(name).and_then(Value::as_str).unwrap_or_default().to_string();
        let number = |name: &str| props.get(name).and_then(Value::as_integer);
        let position = || usize::try_from(number("position").unwrap_or(-1)).map_err(|_| AmountError::Invalid);
        let target = match kind {
            "setDiscount" => Target::Session { scope: text("scope") },
            "setDiscountPerItem" => Target::Unit {
                position: position()?,
                unit: number("subPosition"),
                bundle: number("bundleIndex"),
                scope: text("scope"),
            },
            "setDiscountPerAdditionalCost" => Target::Cost { cost: text("additionalCost") },
            "setDiscountPerAdditionalCostPerItem" => Target::UnitCost {
                position: position()?,
                unit: number("subPosition"),
                cost: text("additionalCost"),
            },
            _ => {
                if matches!(props, Value::Object(_)) {
                    self.read_other(kind, &text);
                }
                return Ok(None);
            }
        };
        let value = match props.get("value") {
            Some(Value::Number(digits)) => Amount::parse(digits)?,
            _ => return Err(AmountError::Invalid),
        };
        Ok(Some(Entry { name: text("name"), value, target }))
    }

    fn read_other(&mut self, kind: &str, text: &dyn Fn(&str) -> String) {
        let verdict = |rejected| Verdict { code: text("value"), rejected };
        let rejection = || {
            let exclusion = Some(text("campaignExclusionReason")).filter(|reason| !reason.is_empty());
            let details = Some(text("details")).filter(|details| !details.is_empty());
            Some(Rejection { reason: text("rejectionReason"), detail: exclusion.or(details) })
        };
        match kind {
            "acceptCoupon" => self.coupons.push(verdict(None)),
            "rejectCoupon" => self.coupons.push(verdict(rejection())),
            "acceptReferral" => self.referrals.push(verdict(None)),
            "rejectReferral" => self.referrals.push(verdict(rejection())),
            "addFreeItem" => {
                let (sku, name) = (text("sku"), text("name"));
                let same = |known: &&mut FreeItem| known.sku == sku && known.name == name;
                match self.free_items.iter_mut().find(same) {
                    Some(known) => known.quantity = known.quantity.saturating_add(1),
                    None => self.free_items.push(FreeItem { sku, name, quantity: 1 }),
                }
            }
            "showNotification" => self.notifications.push(Notification {
                kind: text("notificationType"),
                title: text("title"),
                body: text("body"),
            }),
            _ => {}
        }
    }

    /// Lines, costs and sums. A discount larger than what it lies on is listed as sent and takes
    /// away only what is there.
    fn price(
        &mut self,
        ours: &Draft,
        session: Option<&CustomerSessionV2>,
        entries: &Entries,
    ) -> Result<(), AmountError> {
        let mut items_left = Amount::ZERO;
        let mut gross = Amount::ZERO;
        let mut lines = Vec::new();
        let (by_line, placed) = entries.by_line(ours.lines().len());
        self.complete &= placed;
        for (base, entries) in bases(ours, session).iter().zip(&by_line) {
            let line = line_quote(base, entries)?;
            self.complete &= line.price.is_some();
            items_left = items_left.add(line.payable.unwrap_or_default())?;
            gross = gross.add(line.subtotal.unwrap_or_default())?;
            for (_, cost) in &base.costs {
                gross = gross.add(*cost)?;
            }
            lines.push(line);
        }
        self.lines = lines;
        let mut costs_left = Amount::ZERO;
        for (name, cost) in ours.fields().additional_costs.iter().flat_map(|costs| &costs.0) {
            let cost = cost.price.unwrap_or_default();
            let taken = sum(&entries.list, |target| matches!(target, Target::Cost { cost } if cost == name))?;
            gross = gross.add(cost)?;
            costs_left = costs_left.add(less(cost, taken)?)?;
        }
        let scoped = |wanted: &[&str]| {
            sum(
                &entries.list,
                |target| matches!(target, Target::Session { scope } if wanted.contains(&scope.as_str())),
            )
        };
        items_left = less(items_left, scoped(&["cartItems"])?)?;
        costs_left = less(costs_left, scoped(&["additionalCosts"])?)?;
        let whole = sum(
            &entries.list,
            |target| matches!(target, Target::Session { scope } if scope != "cartItems" && scope != "additionalCosts"),
        )?;
        self.total = session.and_then(|session| session.total).unwrap_or(gross);
        // What the server counts and our lines do not (or the other way round) is paid as the server says.
        let left = items_left.add(costs_left)?.add(self.total.subtract(gross)?)?;
        let discounts = entries.by_label()?;
        self.discount =
            discounts.iter().map(|discount| discount.amount).try_fold(Amount::ZERO, Amount::add)?;
        self.discounts = discounts;
        self.payable = less(left, whole)?.not_negative();
        Ok(())
    }

    fn compare(&mut self, ours: &Draft, session: &CustomerSessionV2) {
        let mut found = Mismatch { fields: differences(ours, session), total: None };
        if let (Ok(own), Some(server)) = (ours.totals().total(), session.total)
            && ours.totals().complete()
            && own != server
        {
            found.total = Some((own, server));
        }
        if found != Mismatch::default() {
            self.mismatch = Some(found);
        }
    }

    fn digest(&self, ours: &Draft) -> String {
        let mut out = Writer::default();
        let mut part = |parts: &[&str]| {
            for text in parts {
                write_string(text, &mut out.text);
            }
            out.text.push(';');
        };
        part(&[&self.total.padded(0), &self.payable.padded(0)]);
        for line in ours.lines() {
            part(&[line.text()]);
        }
        for discount in &self.discounts {
            part(&["discount", &discount.name, &discount.amount.padded(0)]);
        }
        for (kind, verdicts) in [("coupon", &self.coupons), ("referral", &self.referrals)] {
            for verdict in verdicts {
                part(&[kind, &verdict.code, if verdict.rejected.is_some() { "-" } else { "+" }]);
            }
        }
        for item in &self.free_items {
            let mut quantity = String::new();
            write_count(item.quantity, &mut quantity);
            part(&["free", &item.sku, &quantity]);
        }
        digest(&out.text)
    }
}

/// The name that a shopper reads: names of line discounts end in `#` and the position.
fn label(entry: &Entry) -> &str {
    match (entry.target.line(), entry.name.rsplit_once('#')) {
        (Some(_), Some((label, position))) if position.bytes().all(|byte| byte.is_ascii_digit()) => label,
        _ => &entry.name,
    }
}

/// An accepted code counts more than a refusal by another campaign; else the last word counts. A
/// deployment that ignores case may spell the code its own way.
fn verdict<'v>(verdicts: &'v [Verdict], code: &str) -> Option<&'v Verdict> {
    let find = |same: &dyn Fn(&str) -> bool| {
        let mut matching = verdicts.iter().filter(|verdict| same(&verdict.code));
        let accepted = matching.clone().find(|verdict| verdict.rejected.is_none());
        accepted.or_else(|| matching.next_back())
    };
    find(&|known| known == code).or_else(|| find(&|known| known.eq_ignore_ascii_case(code)))
}

/// What the lines hold: as the server echoes them, where it does, else as they were sent.
fn bases(ours: &Draft, session: Option<&CustomerSessionV2>) -> Vec<Base> {
    let echoed = session.and_then(|session| session.cart_items.as_deref()).unwrap_or_default();
    let base = |(index, line): (usize, &std::sync::Arc<crate::draft::Line>)| {
        let echo = echoed.get(index).filter(|item| item.sku.as_deref() == Some(line.item.sku()));
        Base {
            id: line.id,
            price: line.item.model().price.or_else(|| echo.and_then(|item| item.price)),
            quantity: line.item.quantity(),
            costs: line.item.costs().map(|(name, price)| (name.to_string(), price)).collect(),
            returned: echo
                .and_then(|item| item.returned_quantity)
                .and_then(|units| u64::try_from(units).ok())
                .unwrap_or(0),
        }
    };
    ours.lines().iter().enumerate().map(base).collect()
}

fn line_quote(base: &Base, entries: &[&Entry]) -> Result<LineQuote, AmountError> {
    let subtotal = base.price.map(|price| price.times(base.quantity)).transpose()?;
    let mut discounts: Vec<(String, Amount)> = Vec::new();
    for entry in entries {
        let name = label(entry);
        match discounts.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum = sum.add(entry.value)?,
            None => discounts.push((name.to_string(), entry.value)),
        }
    }
    let mut costs_left = Amount::ZERO;
    for (name, cost) in &base.costs {
        let taken = sum(
            entries.iter().copied(),
            |target| matches!(target, Target::UnitCost { cost, .. } if cost == name),
        )?;
        costs_left = costs_left.add(less(*cost, taken)?)?;
    }
    let scoped = |wanted: fn(&str) -> bool| {
        sum(entries.iter().copied(), |target| matches!(target, Target::Unit { scope, .. } if wanted(scope)))
    };
    costs_left = less(costs_left, scoped(|scope| scope == "additionalCosts")?)?;
    // An absent scope reads as the price; a word that is not known takes from the whole line.
    let on_price = scoped(|scope| scope.is_empty() || scope == "price")?;
    let on_line = scoped(|scope| !scope.is_empty() && scope != "price" && scope != "additionalCosts")?;
    let payable = match subtotal {
        Some(subtotal) => Some(less(less(subtotal, on_price)?.add(costs_left)?, on_line)?),
        None => None,
    };
    Ok(LineQuote { id: base.id, price: base.price, subtotal, discounts, payable, returned: base.returned })
}

/// An amount less what is taken from it, and not below zero when something was taken.
fn less(amount: Amount, taken: Amount) -> Result<Amount, AmountError> {
    if taken == Amount::ZERO {
        return Ok(amount);
    }
    Ok(amount.subtract(taken)?.not_negative())
}

fn sum<'e>(
    entries: impl IntoIterator<Item = &'e Entry>,
    wanted: impl Fn(&Target) -> bool,
) -> Result<Amount, AmountError> {
    let mut values = entries.into_iter().filter(|entry| wanted(&entry.target)).map(|entry| entry.value);
    values.try_fold(Amount::ZERO, Amount::add)
}

/// The fields that were sent and that the server's session holds otherwise; missing, null and
/// empty are the same.
pub fn differences(ours: &Draft, session: &CustomerSessionV2) -> Vec<String> {
    let sent = ours.fields();
    let mut found = Vec::new();
    let mut note = |name: &str, differs: bool| {
        if differs {
            found.push(name.to_string());
        }
    };
    fn other<T: PartialEq + Default + Clone>(sent: Option<&T>, held: Option<&T>) -> bool {
        sent.is_some_and(|sent| *sent != held.cloned().unwrap_or_default())
    }
    note("profileId", other(sent.profile_id.as_ref(), session.profile_id.as_ref()));
    note(
        "storeIntegrationId",
        other(sent.store_integration_id.as_ref(), session.store_integration_id.as_ref()),
    );
    note("couponCodes", other(sent.coupon_codes.as_ref(), session.coupon_codes.as_ref()));
    note("referralCode", other(sent.referral_code.as_ref(), session.referral_code.as_ref()));
    note("loyaltyCards", other(sent.loyalty_cards.as_ref(), session.loyalty_cards.as_ref()));
    note("identifiers", other(sent.identifiers.as_ref(), session.identifiers.as_ref()));
    let (variants, held) = (&sent.experiment_variant_allocations, &session.experiment_variant_allocations);
    note("experimentVariantAllocations", other(variants.as_ref(), held.as_ref()));
    let held = session.additional_costs.clone().unwrap_or_default();
    let cost_differs = sent.additional_costs.as_ref().is_some_and(|costs| {
        costs.0.len() != held.0.len() || costs.0.iter().any(|(name, cost)| held.get(name) != Some(cost))
    });
    note("additionalCosts", cost_differs);
    let items = session.cart_items.as_deref().unwrap_or_default();
    let cart_differs = items.len() != ours.lines().len()
        || items.iter().zip(ours.lines()).any(|(held, line)| {
            let sent = line.item.model();
            held.sku != sent.sku
                || held.quantity != sent.quantity
                || (sent.price.is_some() && held.price != sent.price)
        });
    note("cartItems", ours.has(crate::draft::field::Field::CartItems) && cart_differs);
    let held = session.attributes.clone().unwrap_or_default();
    let attribute_differs = |(name, value): (&str, &Value)| {
        let held = held.get(name).unwrap_or(&Value::Null);
        !equal(value, held)
    };
    note("attributes", sent.attributes.iter().flat_map(Object::iter).any(attribute_differs));
    found
}

/// Equal JSON, numbers by their value.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || matches!((Amount::parse(left), Amount::parse(right)), (Ok(l), Ok(r)) if l == r)
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, value)| right.get(name).is_some_and(|held| equal(value, held)))
        }
        _ => left == right,
    }
}
