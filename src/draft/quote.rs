//! What an answer says about money and codes.
//!
//! A quote is made from the whole effect list of one answer and from the draft that was sent for
//! it; the list of an answer replaces the last one, always. Effects that this first form does not
//! read are handed on raw.

use std::sync::Arc;

use crate::amount::{Amount, AmountError, Sum};
use crate::draft::field::{FIELDS, Field};
use crate::draft::hash::digest;
use crate::draft::{Draft, Line, LineId};
use crate::model::index::firsts;
use crate::model::json::{Object, Value, write_string};
use crate::model::wire::{write_count, write_integer};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    pub discounts: Vec<Discount>,
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

/// What a discount lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    Session,
    Cost,
    Line,
    LineCost,
}

/// One discount effect.
#[derive(Debug, Clone)]
struct Entry {
    on: On,
    /// The line, where it lies on one.
    position: usize,
    /// The scope, or the name of the cost.
    word: String,
    /// The name that a shopper reads.
    label: String,
    value: Amount,
    /// All that tells two discounts apart.
    key: String,
}

impl Entry {
    fn scope(&self) -> Scope {
        match self.on {
            On::Session => Scope::Session,
            On::Cost => Scope::Cost,
            On::Line | On::LineCost => Scope::Line,
        }
    }

    fn is_on_line(&self) -> bool {
        self.scope() == Scope::Line
    }
}

/// A later discount of the same name on the same thing replaces the earlier one.
fn replaced(entries: Vec<Entry>) -> Vec<Entry> {
    let keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    let firsts = firsts(&keys);
    let mut kept: Vec<Option<Entry>> = Vec::with_capacity(entries.len());
    for (index, (entry, first)) in entries.into_iter().zip(firsts).enumerate() {
        match kept.get_mut(first) {
            Some(slot) if first < index => {
                *slot = Some(entry);
                kept.push(None);
            }
            _ => kept.push(Some(entry)),
        }
    }
    kept.into_iter().flatten().collect()
}

/// The discounts on each line, and whether each of them is on a line that was sent.
fn by_line(entries: &[Entry], lines: usize) -> (Vec<Vec<&Entry>>, bool) {
    let mut by_line = vec![Vec::new(); lines];
    let mut placed = true;
    for entry in entries.iter().filter(|entry| entry.is_on_line()) {
        match by_line.get_mut(entry.position) {
            Some(entries) => entries.push(entry),
            None => placed = false,
        }
    }
    (by_line, placed)
}

/// Discounts of one label and kind together, in order.
fn by_label(entries: &[&Entry]) -> Result<Vec<Discount>, AmountError> {
    let label = |entry: &&Entry| {
        let kind = match entry.scope() {
            Scope::Session => "session ",
            Scope::Line => "line ",
            Scope::Cost => "cost ",
        };
        [kind, &entry.label].concat()
    };
    let labels: Vec<String> = entries.iter().map(label).collect();
    let texts: Vec<&str> = labels.iter().map(String::as_str).collect();
    let mut sums: Vec<Option<Discount>> = Vec::with_capacity(entries.len());
    for (index, (entry, first)) in entries.iter().zip(firsts(&texts)).enumerate() {
        match sums.get_mut(first) {
            Some(Some(sum)) if first < index => {
                sum.amount = sum.amount.add(entry.value)?;
                sums.push(None);
            }
            _ => sums.push(Some(Discount {
                name: entry.label.clone(),
                amount: entry.value,
                scope: entry.scope(),
            })),
        }
    }
    Ok(sums.into_iter().flatten().collect())
}

impl Quote {
    /// The quote of an answer (`IntegrationStateV2` or the answer to a read) for the draft that was
    /// sent; `ours` is that draft.
    pub fn new(ours: &Draft, answer: &Value) -> Quote {
        let mut quote = Quote { complete: true, ..Quote::default() };
        quote.effects = answer.get("effects").and_then(Value::as_array).unwrap_or_default().to_vec();
        let session = answer.get("customerSession").filter(|session| session.as_object().is_some());
        let entries = quote.read_effects();
        if quote.price(ours, session, &entries).is_err() {
            quote.complete = false;
            // Sums beyond the range: what there is to pay without discounts is still known.
            if quote.price(ours, session, &[]).is_err() {
                quote.payable = quote.total.not_negative();
            }
        }
        if let Some(session) = session {
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

    fn read_effects(&mut self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for raw in std::mem::take(&mut self.effects) {
            if let Some(kind) = raw.get("effectType").and_then(Value::as_str) {
                let props = raw.get("props").unwrap_or(&Value::Null);
                match self.read_effect(kind, props) {
                    Ok(None) => {}
                    Ok(Some(entry)) => entries.push(entry),
                    Err(_) => self.complete = false,
                }
            }
            self.effects.push(raw);
        }
        replaced(entries)
    }

    fn read_effect(&mut self, kind: &str, props: &Value) -> Result<Option<Entry>, AmountError> {
        let text = |name: &str| props.get(name).and_then(Value::as_str).unwrap_or_default().to_string();
        let (on, word) = match kind {
            "setDiscount" => (On::Session, "scope"),
            "setDiscountPerItem" => (On::Line, "scope"),
            "setDiscountPerAdditionalCost" => (On::Cost, "additionalCost"),
            "setDiscountPerAdditionalCostPerItem" => (On::LineCost, "additionalCost"),
            _ => {
                if matches!(props, Value::Object(_)) {
                    self.read_other(kind, &text);
                }
                return Ok(None);
            }
        };
        let value = match props.get("value") {
            Some(Value::Number(digits)) => Amount::parse_answer(digits)?,
            _ => return Err(AmountError::Invalid),
        };
        let name = text("name");
        let mut entry =
            Entry { on, position: 0, word: text(word), label: name.clone(), value, key: kind.to_string() };
        write_string(&entry.word, &mut entry.key);
        write_string(&name, &mut entry.key);
        if entry.is_on_line() {
            let number = |name: &str| props.get(name).and_then(Value::as_integer);
            let position = number("position").and_then(|position| usize::try_from(position).ok());
            entry.position = position.ok_or(AmountError::Invalid)?;
            for place in ["position", "subPosition", "bundleIndex"].map(number) {
                entry.key.push(',');
                if let Some(place) = place {
                    write_integer(place, &mut entry.key);
                }
            }
            // Names of line discounts end in `#` and the position.
            if let Some((label, position)) = name.rsplit_once('#')
                && position.bytes().all(|byte| byte.is_ascii_digit())
            {
                entry.label = label.to_string();
            }
        }
        Ok(Some(entry))
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
    fn price(&mut self, ours: &Draft, session: Option<&Value>, entries: &[Entry]) -> Result<(), AmountError> {
        let mut items_left = Sum::ZERO;
        let mut gross = Sum::ZERO;
        let mut lines = Vec::new();
        let (by_line, placed) = by_line(entries, ours.lines().len());
        self.complete &= placed;
        let echoed = session.and_then(|session| session.get("cartItems")?.as_array()).unwrap_or_default();
        for (index, (line, entries)) in ours.lines().iter().zip(by_line).enumerate() {
            // What the draft does not know of its line stands in the echo of it.
            let sku = Some(line.item.sku());
            let echo = echoed.get(index).filter(|item| item.get("sku").and_then(Value::as_str) == sku);
            let quote = line_quote(line, echo, &entries)?;
            self.complete &= quote.price.is_some();
            items_left.add(quote.payable.unwrap_or_default().into());
            gross.add(quote.subtotal.unwrap_or_default().into());
            gross.add(line.part().item_costs.into());
            lines.push(quote);
        }
        self.lines = lines;
        let all: Vec<&Entry> = entries.iter().collect();
        let mut costs_left = Sum::ZERO;
        for (name, cost) in ours.costs() {
            gross.add(cost.into());
            let mut left = Sum::from(cost);
            left.take(sum(&all, &|entry| entry.on == On::Cost && entry.word == name));
            costs_left.add(left);
        }
        let scoped = |wanted: &dyn Fn(&str) -> bool| {
            sum(&all, &|entry| entry.on == On::Session && wanted(&entry.word))
        };
        items_left.take(scoped(&|scope| scope == "cartItems"));
        costs_left.take(scoped(&|scope| scope == "additionalCosts"));
        let gross = gross.amount()?;
        self.total = session.and_then(server_total).unwrap_or(gross);
        // What the server counts and our lines do not (or the other way round) is paid as the server says.
        let mut left = items_left;
        left.add(costs_left);
        left.add(self.total.into());
        left.subtract(gross.into());
        left.take(scoped(&|scope| scope != "cartItems" && scope != "additionalCosts"));
        let left = left.amount()?.not_negative();
        let discount = sum(&all, &|_| true).amount()?;
        self.discounts = by_label(&all)?;
        self.discount = discount;
        self.payable = left;
        Ok(())
    }

    fn compare(&mut self, ours: &Draft, session: &Value) {
        let mut found = Mismatch { fields: differences(ours, session), total: None };
        if let (Ok(own), Some(server)) = (ours.totals().total(), server_total(session))
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
        let mut out = String::new();
        let mut part = |parts: &[&str]| {
            for text in parts {
                write_string(text, &mut out);
            }
            out.push(';');
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
        digest(&out)
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

fn line_quote(line: &Line, echo: Option<&Value>, entries: &[&Entry]) -> Result<LineQuote, AmountError> {
    let echoed = |name: &str| echo.and_then(|item| item.get(name));
    let price = line.item.price().or_else(|| echoed("price").and_then(amount));
    let subtotal = price.map(|price| price.times(line.item.quantity())).transpose()?;
    let mut costs_left = Sum::ZERO;
    for (name, cost) in line.item.costs() {
        let mut left = Sum::from(cost);
        left.take(sum(entries, &|entry| entry.on == On::LineCost && entry.word == name));
        costs_left.add(left);
    }
    let scoped =
        |wanted: &dyn Fn(&str) -> bool| sum(entries, &|entry| entry.on == On::Line && wanted(&entry.word));
    costs_left.take(scoped(&|scope| scope == "additionalCosts"));
    let mut left = Sum::from(subtotal.unwrap_or_default());
    // An absent scope reads as the price; a word that is not known takes from the whole line.
    left.take(scoped(&|scope| scope.is_empty() || scope == "price"));
    left.add(costs_left);
    left.take(scoped(&|scope| !scope.is_empty() && scope != "price" && scope != "additionalCosts"));
    let payable = left.amount()?;
    let returned = echoed("returnedQuantity").and_then(Value::as_integer);
    Ok(LineQuote {
        id: line.id,
        price,
        subtotal,
        discounts: by_label(entries)?,
        payable: subtotal.map(|_| payable),
        returned: returned.and_then(|units| u64::try_from(units).ok()).unwrap_or(0),
    })
}

fn amount(value: &Value) -> Option<Amount> {
    match value {
        Value::Number(digits) => Amount::parse_answer(digits).ok(),
        _ => None,
    }
}

fn server_total(session: &Value) -> Option<Amount> {
    session.get("total").and_then(amount)
}

fn sum(entries: &[&Entry], wanted: &dyn Fn(&Entry) -> bool) -> Sum {
    let mut sum = Sum::ZERO;
    for entry in entries {
        if wanted(entry) {
            sum.add(entry.value.into());
        }
    }
    sum
}

/// The fields that were sent and that the server's session holds otherwise; missing, null and
/// empty are the same.
pub fn differences(ours: &Draft, session: &Value) -> Vec<String> {
    let held = |field: Field| session.get(field.name()).unwrap_or(&Value::Null);
    let none = Object::new();
    let differs = |field: &Field| match (field, ours.field(*field)) {
        (Field::CartItems, _) => {
            let items = held(*field).as_array().unwrap_or_default();
            let item_differs = |(item, line): (&Value, &Arc<Line>)| {
                let sent = line.item.members();
                ["sku", "quantity", "price"].into_iter().any(|name| {
                    sent.get(name).is_some_and(|sent| !item.get(name).is_some_and(|held| sent.same(held)))
                })
            };
            ours.has(*field)
                && (items.len() != ours.lines().len() || items.iter().zip(ours.lines()).any(item_differs))
        }
        // An attribute that was removed is gone, and others are none of ours.
        (Field::Attributes, Some(Value::Object(sent))) => {
            let held = held(*field).as_object().unwrap_or(&none);
            sent.beside(held).any(|(sent, held)| !sent.same(held.unwrap_or(&Value::Null)))
        }
        (Field::EvaluableCampaignIds, _) | (_, None) => false,
        (_, Some(sent)) => {
            let held = held(*field);
            let both_empty = is_empty(sent) && is_empty(held);
            !both_empty && !sent.same(held)
        }
    };
    FIELDS.into_iter().filter(differs).map(|field| field.name().to_string()).collect()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}
