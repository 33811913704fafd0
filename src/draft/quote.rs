//! What an answer says about money and codes.
//!
//! A quote is made from the whole effect list of one answer and from the draft that was sent for
//! it; the list of an answer replaces the last one, always. What becomes of each effect type stands
//! in the table of [`effects`](crate::draft::effects); all of them are handed on raw too.

use std::sync::Arc;

use crate::amount::{Amount, AmountError, ONE, Sum};
use crate::draft::effects::{Code, On, Role, role};
use crate::draft::field::{FIELDS, Field};
use crate::draft::hash::Digest;
use crate::draft::points::{Points, collected, texts, wished};
use crate::draft::undo::{Claim, left};
use crate::draft::{Draft, Line, LineId};
use crate::model::index::{firsts, join, keys};
use crate::model::json::{Object, Value, write_string};
use crate::model::wire::write_integer;

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
    /// Discounts that are void since a cancellation, a return or a reopening, as they were sent.
    pub rolled_back: Vec<Discount>,
    /// Per line, in the order in which they were sent.
    pub lines: Vec<LineQuote>,
    /// What became of coupon codes, once per code.
    pub coupons: Vec<Verdict>,
    /// What became of the referral code.
    pub referrals: Vec<Verdict>,
    /// Free items that the shopper may take.
    pub free_items: Vec<FreeItem>,
    /// The props of giveaways: to come at the closing, or given with their code.
    pub giveaways: Vec<Value>,
    /// Messages to show.
    pub notifications: Vec<Notification>,
    /// Loyalty points earned, spent, taken back and given back.
    pub points: Vec<Points>,
    /// The props of the last change of the loyalty tier.
    pub tier: Option<Value>,
    /// The props of changes of the expiry of loyalty points.
    pub expiry: Vec<Value>,
    /// Balances and tiers of loyalty programs and cards, as the answer has them.
    pub loyalty: Option<Value>,
    /// Every effect, raw and in order.
    pub effects: Vec<Value>,
    /// How many of them earlier answers brought, of which this one takes something back.
    pub earlier: usize,
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
    /// What it would be without limits of budgets, where the answer says so.
    pub desired: Option<Amount>,
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
    /// What became of it.
    pub outcome: Outcome,
}

/// What an answer makes of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is valid, and redeemed at the closing.
    Accepted,
    /// It could not be used.
    Rejected(Rejection),
    /// Its redemption was undone, and it works again.
    RolledBack,
}

/// Why a code was rejected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rejection {
    /// The API's word.
    pub reason: String,
    /// Why its campaign was left out, as the API's word.
    pub exclusion: Option<String>,
    /// Free text.
    pub details: Option<String>,
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
    /// Units wished before a partial reward, where the answer says so.
    pub desired: Option<u64>,
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

/// One discount effect.
#[derive(Debug, Clone)]
struct Entry {
    on: On,
    /// Whether it undoes an earlier one.
    back: bool,
    /// Whether all of it was undone.
    void: bool,
    /// The line, where it lies on one.
    position: usize,
    /// The scope, or the name of the cost.
    word: String,
    /// The name that a shopper reads.
    label: String,
    value: Amount,
    desired: Option<Amount>,
    /// All that tells two discounts apart.
    key: String,
    /// How much of the key a roll-back names.
    named: usize,
}

impl Entry {
    fn scope(&self) -> Scope {
        match self.on {
            On::Session => Scope::Session,
            On::Cost => Scope::Cost,
            On::Line | On::LineCost => Scope::Line,
        }
    }

    fn claim(&self) -> Claim<'_> {
        let key = self.key.get(..self.named).unwrap_or_default();
        Claim { key, value: self.value, back: self.back }
    }

    fn is_on_line(&self) -> bool {
        self.scope() == Scope::Line
    }
}

/// What roll-backs leave of the discounts before them, and the roll-backs.
fn undone(mut entries: Vec<Entry>) -> (Vec<Entry>, Vec<Entry>) {
    let mut claims = Vec::new();
    for entry in &entries {
        claims.push(entry.claim());
    }
    let left = left(&claims);
    for (entry, left) in entries.iter_mut().zip(left) {
        entry.desired = entry.desired.filter(|_| left == Some(entry.value));
        entry.void = left.is_none();
        entry.value = left.unwrap_or_default();
    }
    let (back, mut kept): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| entry.back);
    // A void one has still replaced what stood before it.
    replace(&mut kept);
    kept.retain(|entry| !entry.void);
    (kept, back)
}

/// A later discount of the same name on the same thing replaces the earlier one.
fn replace(entries: &mut Vec<Entry>) {
    let firsts = firsts(&keys(entries, |entry| &entry.key));
    join(entries, &firsts, std::mem::swap);
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
    let mut labels = Vec::new();
    for entry in entries {
        let kind = match entry.scope() {
            Scope::Session => "session ",
            Scope::Line => "line ",
            Scope::Cost => "cost ",
        };
        labels.push([kind, &entry.label].concat());
    }
    let (mut sums, mut places): (Vec<Discount>, Vec<usize>) = (Vec::new(), Vec::new());
    for (entry, first) in entries.iter().zip(firsts(&keys(&labels, String::as_str))) {
        let place = places.get(first).copied().unwrap_or(sums.len());
        places.push(place);
        match sums.get_mut(place) {
            Some(sum) => {
                sum.desired = wished((sum.desired, sum.amount), (entry.desired, entry.value));
                sum.amount = sum.amount.add(entry.value)?;
            }
            None => sums.push(Discount {
                name: entry.label.clone(),
                amount: entry.value,
                desired: entry.desired,
                scope: entry.scope(),
            }),
        }
    }
    Ok(sums)
}

impl Quote {
    /// The quote of an answer (`IntegrationStateV2` or the answer to a read) for the draft that was
    /// sent; `ours` is that draft.
    pub fn new(ours: &Draft, answer: &Value) -> Quote {
        Quote::after(Vec::new(), ours, answer)
    }

    /// The same where the effects of the answer come on top of those before it: reopening and giving
    /// back answer nothing but what is taken back.
    pub fn after(earlier: Vec<Value>, ours: &Draft, answer: &Value) -> Quote {
        let known = earlier.len();
        let mut quote = Quote { complete: true, effects: earlier, earlier: known, ..Quote::default() };
        quote.effects.extend_from_slice(answer.at("effects").items());
        quote.loyalty = part(answer, "loyalty").cloned();
        let session = part(answer, "customerSession");
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

    /// Reads all effects and gives the discounts that hold.
    fn read_effects(&mut self) -> Vec<Entry> {
        let (mut entries, mut points, mut giveaways) = (Vec::new(), Vec::new(), Vec::new());
        for raw in std::mem::take(&mut self.effects) {
            let kind = raw.text("effectType").unwrap_or_default();
            let props = raw.get("props").unwrap_or(&Value::Null);
            let discount = |on| discount(on, props);
            match (role(kind), props) {
                (Role::Discount(on), _) => self.enter(discount(Some(on)), &mut entries),
                (Role::DiscountBack, _) => self.enter(discount(None), &mut entries),
                (Role::Points(flow), Value::Object(_)) => points.extend(Points::new(flow, props)),
                (Role::GiveawayToCome, Value::Object(_)) => giveaways.push((props.clone(), false)),
                (Role::Giveaway, Value::Object(_)) => giveaways.push((props.clone(), true)),
                (role, Value::Object(_)) => self.read_other(role, props),
                _ => {}
            }
            self.effects.push(raw);
        }
        settle(&mut self.coupons);
        settle(&mut self.referrals);
        gather(&mut self.free_items);
        self.points = collected(points);
        self.giveaways = awarded(giveaways);
        let (entries, back) = undone(entries);
        let back: Vec<&Entry> = back.iter().collect();
        match by_label(&back) {
            Ok(back) => self.rolled_back = back,
            Err(_) => self.complete = false,
        }
        entries
    }

    fn enter(&mut self, entry: Option<Entry>, entries: &mut Vec<Entry>) {
        self.complete &= entry.is_some();
        entries.extend(entry);
    }

    fn read_other(&mut self, role: Role, props: &Value) {
        let given = |name: &str| props.text(name).filter(|text| !text.is_empty());
        let text = |name: &str| given(name).unwrap_or_default().to_string();
        let (code, outcome) = match role {
            Role::Accept(code) => (code, Outcome::Accepted),
            Role::CodeBack(code) => (code, Outcome::RolledBack),
            Role::Reject(code) => {
                let exclusion = given("campaignExclusionReason").map(str::to_string);
                let details = given("details").map(str::to_string);
                (code, Outcome::Rejected(Rejection { reason: text("rejectionReason"), exclusion, details }))
            }
            Role::FreeItem => {
                let desired = props.get("desiredQuantity").and_then(Value::as_integer);
                let desired = desired.and_then(|units| u64::try_from(units).ok());
                let (sku, name) = (text("sku"), text("name"));
                return self.free_items.push(FreeItem { sku, name, quantity: 1, desired });
            }
            Role::Notification => {
                let (title, body) = (text("title"), text("body"));
                return self.notifications.push(Notification { kind: text("notificationType"), title, body });
            }
            Role::Tier => return self.tier = Some(props.clone()),
            Role::Expiry => return self.expiry.push(props.clone()),
            _ => return,
        };
        let verdicts = match code {
            Code::Coupon => &mut self.coupons,
            Code::Referral => &mut self.referrals,
        };
        verdicts.push(Verdict { code: text("value"), outcome });
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
            let echo = echoed.get(index).filter(|item| item.text("sku") == sku);
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

    /// Times are left out: an expiry that is counted from the evaluation is another one each time.
    /// So are codes that only the closing gives, and whatever has no effect, such as a refused code.
    fn digest(&self, ours: &Draft) -> String {
        let mut digest = Digest::default();
        let mut part = |times: u64, texts: &[&str]| {
            let mut out = String::new();
            for text in texts {
                write_string(text, &mut out);
            }
            digest.add(&out, times);
        };
        part(1, &["total", &self.total.padded(0)]);
        part(1, &["payable", &self.payable.padded(0)]);
        for (index, line) in ours.lines().iter().enumerate() {
            let payable = self.lines.get(index).and_then(|line| line.payable).unwrap_or_default();
            part(1, &["line", line.text(), &payable.padded(0)]);
        }
        for discount in &self.discounts {
            part(1, &["discount", &discount.name, &discount.amount.padded(0)]);
        }
        for (kind, verdicts) in [("coupon", &self.coupons), ("referral", &self.referrals)] {
            for verdict in verdicts.iter().filter(|verdict| verdict.outcome == Outcome::Accepted) {
                part(1, &[kind, &verdict.code]);
            }
        }
        for item in &self.free_items {
            part(item.quantity, &["free", &item.sku]);
        }
        for points in &self.points {
            part(1, &["points", &points.label(), &points.value.padded(0)]);
        }
        for giveaway in &self.giveaways {
            part(1, &["giveaway", &pool(giveaway)]);
        }
        if let Some(props) = &self.tier {
            part(1, &["tier", &texts(props, &["programId", "subLedgerId", "newTierName"])]);
        }
        for props in &self.expiry {
            part(1, &["expiry", &texts(props, &["programId", "subLedgerId", "extensionDuration"])]);
        }
        digest.to_text()
    }
}

/// A discount, or what takes one back where it has no place of its own; none where it cannot be read.
fn discount(on: Option<On>, props: &Value) -> Option<Entry> {
    let back = on.is_none();
    let has = |name: &str| props.get(name).is_some_and(|value| *value != Value::Null);
    let on = on.unwrap_or_else(|| match (has("additionalCost"), has("cartItemPosition")) {
        (true, true) => On::LineCost,
        (true, false) => On::Cost,
        (false, true) => On::Line,
        (false, false) => On::Session,
    });
    let text = |name: &str| props.text(name).unwrap_or_default();
    let number = |name: &str| props.get(name).and_then(Value::as_integer);
    let (name, of_cost) = (text("name"), matches!(on, On::Cost | On::LineCost));
    let mut entry = Entry {
        on,
        back,
        void: false,
        position: 0,
        word: text(if of_cost { "additionalCost" } else { "scope" }).to_string(),
        label: name.to_string(),
        value: props.get("value").and_then(amount)?,
        desired: props.get("desiredValue").and_then(amount),
        key: String::new(),
        named: 0,
    };
    let key = &mut entry.key;
    key.push_str(match on {
        On::Session => "s",
        On::Cost => "c",
        On::Line => "l",
        On::LineCost => "k",
    });
    write_string(name, key);
    if of_cost {
        write_string(&entry.word, key);
    }
    let mut bundle = None;
    if matches!(on, On::Line | On::LineCost) {
        let places =
            if back { ["cartItemPosition", "cartItemSubPosition"] } else { ["position", "subPosition"] };
        let places = places.map(number);
        let [position, _] = places;
        entry.position = usize::try_from(position?).ok()?;
        for place in places {
            write_place(place, key);
        }
        bundle = number("bundleIndex");
        // Names of line discounts end in `#` and the position.
        let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
        let label = name.get(..name.len().saturating_sub(digits)).unwrap_or_default();
        if let Some(label) = label.strip_suffix('#') {
            entry.label = label.to_string();
        }
    }
    entry.named = key.len();
    write_string(&entry.word, key);
    write_place(bundle, key);
    Some(entry)
}

fn write_place(place: Option<i64>, out: &mut String) {
    out.push(',');
    if let Some(place) = place {
        write_integer(place, out);
    }
}

/// What a giveaway is, whether it is to come or was given.
fn pool(props: &Value) -> String {
    texts(props, &["poolId", "recipientIntegrationId"])
}

/// The giveaways, each once: one that was given stands for one that was to come.
fn awarded(giveaways: Vec<(Value, bool)>) -> Vec<Value> {
    let mut keys = Vec::new();
    for (props, _) in &giveaways {
        keys.push(pool(props));
    }
    let mut claims = Vec::new();
    for (key, (_, given)) in keys.iter().zip(&giveaways) {
        claims.push(Claim { key, value: ONE, back: *given });
    }
    let mut kept = Vec::new();
    for ((props, _), left) in giveaways.iter().zip(left(&claims)) {
        kept.extend(left.map(|_| props.clone()));
    }
    kept
}

/// Gathers units of one offer; the wish is told anew with each unit.
fn gather(units: &mut Vec<FreeItem>) {
    let mut texts = Vec::new();
    for unit in &*units {
        let mut key = String::new();
        write_string(&unit.sku, &mut key);
        write_string(&unit.name, &mut key);
        texts.push(key);
    }
    join(units, &firsts(&keys(&texts, String::as_str)), |offer, unit| {
        offer.quantity = offer.quantity.saturating_add(1);
        offer.desired = offer.desired.max(unit.desired);
    });
}

/// Each code once. Accepted counts more than a refusal by another campaign; else the last word counts.
fn settle(verdicts: &mut Vec<Verdict>) {
    let firsts = firsts(&keys(verdicts, |verdict| &verdict.code));
    join(verdicts, &firsts, |known, verdict| {
        let refused = matches!(verdict.outcome, Outcome::Rejected(_));
        if !(refused && known.outcome == Outcome::Accepted) {
            std::mem::swap(&mut known.outcome, &mut verdict.outcome);
        }
    });
}

/// What became of a code. A deployment that ignores case may spell the code its own way.
fn verdict<'v>(verdicts: &'v [Verdict], code: &str) -> Option<&'v Verdict> {
    verdicts.iter().find(|verdict| verdict.code == code).or_else(|| {
        let mut alike = verdicts.iter().filter(|verdict| verdict.code.eq_ignore_ascii_case(code));
        let accepted = alike.clone().find(|verdict| verdict.outcome == Outcome::Accepted);
        accepted.or_else(|| alike.next_back())
    })
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

/// A part of an answer that is an object.
pub fn part<'v>(answer: &'v Value, name: &str) -> Option<&'v Value> {
    answer.get(name).filter(|part| part.as_object().is_some())
}

/// A number of an answer as an amount.
pub(crate) fn amount(value: &Value) -> Option<Amount> {
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
            let items = held(*field).items();
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
    let mut differences = Vec::new();
    for field in FIELDS {
        if differs(&field) {
            differences.push(field.name().to_string());
        }
    }
    differences
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
