//! The parts of a snapshot, and whatever else a script gets to see, as JSON text.
//!
//! Text is the smallest common form: equal texts are equal parts, and `JSON.parse` makes the objects.

use crate::amount::Amount;
use crate::draft::effects::Flow;
use crate::draft::limits as limit;
use crate::draft::points::{HEAD, Points};
use crate::draft::quote::{Discount, LineQuote, Mismatch, Notification, Quote, Scope};
use crate::draft::refusal::{Figure, Refusal};
use crate::draft::{Draft, Line};
use crate::model::CustomerSessionV2;
use crate::model::json::{Value, write_string};
use crate::model::shape::Kind;
use crate::model::wire::{Path, Step, Wire, write_count};
use crate::sync::{Coupon, Edited, Machine, Method, Send, Status, SyncError};

/// JSON text in the making; amounts get at least `scale` decimal places.
#[derive(Debug, Default)]
pub struct View {
    text: String,
    scale: u8,
}

/// The text of one object.
pub fn object(scale: u8, members: &dyn Fn(&mut View)) -> String {
    let mut view = View::new(scale);
    view.braces(members);
    view.text
}

impl View {
    /// Nothing yet.
    pub fn new(scale: u8) -> View {
        View { text: String::new(), scale }
    }

    /// What is written, as the entries of a list; nothing is left here.
    pub fn take_list(&mut self) -> String {
        let entries = std::mem::take(&mut self.text);
        ["[", &entries, "]"].concat()
    }

    /// An entry of a list: a word, and an object.
    pub fn action(&mut self, word: &str, members: &dyn Fn(&mut View)) {
        self.pair(word, &|view| view.braces(members));
    }

    /// An entry of a list: a word, and a text.
    pub fn entry(&mut self, word: &str, text: &str) {
        self.pair(word, &|view| write_string(text, &mut view.text));
    }

    fn pair(&mut self, word: &str, write: &dyn Fn(&mut View)) {
        self.separate();
        self.text.push('[');
        write_string(word, &mut self.text);
        self.text.push(',');
        write(self);
        self.text.push(']');
    }

    /// Everything but an opening bracket has something after it only behind a comma.
    fn separate(&mut self) {
        if !matches!(self.text.as_bytes().last(), None | Some(b'{' | b'[' | b':' | b',')) {
            self.text.push(',');
        }
    }

    fn braces(&mut self, members: &dyn Fn(&mut View)) {
        self.separate();
        self.text.push('{');
        members(self);
        self.text.push('}');
    }

    fn list<T>(&mut self, name: &str, items: &[T], item: fn(&mut View, &T)) {
        self.name(name);
        self.text.push('[');
        for one in items {
            self.separate();
            item(self, one);
        }
        self.text.push(']');
    }

    fn objects<T>(&mut self, name: &str, items: &[T], members: fn(&mut View, &T)) {
        self.name(name);
        self.text.push('[');
        for item in items {
            self.braces(&|view| members(view, item));
        }
        self.text.push(']');
    }

    /// A member that is an object.
    pub fn object(&mut self, name: &str, members: &dyn Fn(&mut View)) {
        self.name(name);
        self.braces(members);
    }

    /// The name of a member; its value is to follow. The names are ours and need no escapes.
    fn name(&mut self, name: &str) {
        self.separate();
        self.text.push('"');
        self.text.push_str(name);
        self.text.push_str("\":");
    }

    /// A member that is a text.
    pub fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        write_string(text, &mut self.text);
    }

    /// A member that is a list of texts.
    pub fn texts(&mut self, name: &str, texts: &[String]) {
        self.list(name, texts, |view, text| write_string(text, &mut view.text));
    }

    fn maybe_text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    fn amount(&mut self, name: &str, amount: Amount) {
        self.text(name, &amount.padded(self.scale));
    }

    fn maybe_amount(&mut self, name: &str, amount: Option<Amount>) {
        if let Some(amount) = amount {
            self.amount(name, amount);
        }
    }

    /// A member that is a count; a script holds counts up to 2⁵³ exactly.
    pub fn count(&mut self, name: &str, count: u64) {
        self.name(name);
        write_count(count, &mut self.text);
    }

    /// A place in a list, where there is one.
    pub fn maybe_index(&mut self, name: &str, index: Option<usize>) {
        if let Some(index) = index {
            self.count(name, limit::count(index));
        }
    }

    /// A member that is true or false.
    pub fn flag(&mut self, name: &str, flag: bool) {
        self.name(name);
        self.text.push_str(if flag { "true" } else { "false" });
    }

    /// A member of the API: numbers that a script would round arrive as text.
    pub fn raw(&mut self, name: &str, value: &Value) {
        self.name(name);
        Kind::Any.write_script(value, 0, &mut self.text);
    }

    fn path(&mut self, path: &Path) {
        self.list("path", path, |view, step| match step {
            Step::Key(name) => write_string(name, &mut view.text),
            Step::Index(index) => write_count(limit::count(*index), &mut view.text),
        });
    }

    fn figure(&mut self, name: &str, figure: Option<&Figure>) {
        match figure {
            Some(Figure::Count(count)) => self.count(name, *count),
            Some(Figure::Text(text)) => self.text(name, text),
            None => {}
        }
    }

    /// A refusal; its message is the shell's.
    pub fn refusal(&mut self, refusal: &Refusal) {
        self.text("code", refusal.code.as_str());
        self.path(&refusal.path);
        self.figure("limit", refusal.limit.as_ref());
        self.figure("actual", refusal.actual.as_ref());
    }

    /// `errors`: refusals.
    pub fn errors(&mut self, refusals: &[Refusal]) {
        self.objects("errors", refusals, View::refusal);
    }

    /// The result of an edit.
    pub fn result(&mut self, result: &Result<Edited, Vec<Refusal>>) {
        self.flag("ok", result.is_ok());
        match result {
            Ok(edited) => {
                self.count("revision", edited.revision);
                if let Some(line) = edited.line {
                    self.text("lineId", &line.to_text());
                }
            }
            Err(refusals) => self.errors(refusals),
        }
    }

    /// An error that has to do with the server.
    pub fn error(&mut self, error: &SyncError) {
        self.text("code", error.code.as_str());
        self.flag("retryable", error.code.retryable());
        if let Some(status) = error.status {
            self.count("status", status.into());
        }
        if let Some(problem) = &error.problem {
            self.raw("problem", problem);
        }
        if let Some(path) = &error.path {
            self.path(path);
        }
        self.figure("limit", error.limit.as_ref());
        self.figure("actual", error.actual.as_ref());
    }

    /// The members of a snapshot that are no objects.
    pub fn heads(&mut self, machine: &Machine) {
        self.text("sessionId", &machine.options().session_id);
        self.count("revision", machine.revision());
        self.count("persistedRevision", machine.persisted());
        self.count("acknowledgedRevision", machine.acknowledged());
        self.text("state", machine.state().as_str());
        self.text("persistence", if machine.is_stored() { "indexeddb" } else { "memory" });
        self.flag("restored", machine.restored());
    }

    /// `snapshot.sync`.
    pub fn sync(&mut self, machine: &Machine) {
        self.object("sync", &|view| {
            view.text("phase", machine.phase().as_str());
            view.count("attempt", machine.attempt().into());
            if let Some(time) = machine.retry_at() {
                view.count("retryAt", time);
            }
            view.flag("suspect", machine.is_suspect());
            view.flag("foreign", machine.is_foreign());
            if let Some(error) = machine.error() {
                view.object("error", &|view| view.error(error));
            }
        });
    }

    /// `snapshot.totals`.
    pub fn totals(&mut self, machine: &Machine) {
        let sums = machine.sums();
        let totals = machine.draft().totals();
        self.object("totals", &|view| {
            view.amount("items", totals.items);
            view.amount("itemCosts", totals.item_costs);
            view.amount("costs", totals.costs);
            view.amount("total", sums.total);
            view.amount("discount", sums.discount);
            view.amount("payable", sums.payable);
            view.amount("payableRounded", view.rounded(sums.payable));
            let quote = machine.quote().map(|(quote, _)| quote.as_ref());
            view.discounts("discounts", quote.map(|quote| quote.discounts.as_slice()).unwrap_or_default());
            view.rolled_back(quote);
            view.flag("complete", sums.complete);
        });
    }

    fn rounded(&self, amount: Amount) -> Amount {
        amount.round(self.scale).unwrap_or(amount)
    }

    fn discounts(&mut self, name: &str, discounts: &[Discount]) {
        self.objects(name, discounts, |view, discount| {
            view.text("name", &discount.name);
            view.amount("amount", discount.amount);
            view.maybe_amount("desiredAmount", discount.desired);
            let scope = match discount.scope {
                Scope::Session => "session",
                Scope::Line => "line",
                Scope::Cost => "cost",
            };
            view.text("scope", scope);
        });
    }

    fn rolled_back(&mut self, quote: Option<&Quote>) {
        let discounts = quote.map(|quote| quote.rolled_back.as_slice()).unwrap_or_default();
        if !discounts.is_empty() {
            self.discounts("rolledBack", discounts);
        }
    }

    /// An entry of `snapshot.lines`.
    pub fn line(&mut self, machine: &Machine, line: &std::sync::Arc<Line>, quoted: Option<&LineQuote>) {
        let price = line.item.price().or_else(|| quoted.and_then(|quoted| quoted.price));
        self.text("id", &line.id.to_text());
        self.text("sku", line.item.sku());
        self.maybe_text("name", line.item.name());
        self.count("quantity", line.item.quantity());
        self.maybe_amount("price", price);
        let subtotal = price.and_then(|price| price.times(line.item.quantity()).ok());
        self.maybe_amount("subtotal", subtotal);
        self.discounts("discounts", quoted.map(|quoted| quoted.discounts.as_slice()).unwrap_or_default());
        self.maybe_amount("payable", quoted.and_then(|quoted| quoted.payable));
        self.flag("free", line.free);
        self.count("returned", quoted.map_or(0, |quoted| quoted.returned));
        self.flag("pending", machine.is_pending(line));
        if let Some(meta) = &line.meta {
            self.raw("meta", meta);
        }
    }

    /// An entry of `snapshot.coupons`, and `snapshot.referral`.
    pub fn coupon(&mut self, coupon: &Coupon) {
        self.text("code", &coupon.code);
        let status = match coupon.status {
            Status::Entered => "entered",
            Status::Accepted => "accepted",
            Status::Rejected => "rejected",
        };
        self.text("status", status);
        if let Some(why) = &coupon.rejection {
            self.text("reason", &why.reason);
            self.maybe_text("detail", why.exclusion.as_deref().or(why.details.as_deref()));
            self.maybe_text("campaignExclusionReason", why.exclusion.as_deref());
            self.maybe_text("details", why.details.as_deref());
        }
        if coupon.rolled_back {
            self.flag("rolledBack", true);
        }
    }

    /// `snapshot.coupons`.
    pub fn coupons(&mut self, machine: &Machine) {
        self.objects("coupons", &machine.codes().0, View::coupon);
    }

    /// `snapshot.referral`, where there is one.
    pub fn referral(&mut self, machine: &Machine) {
        self.maybe_referral(machine.codes().1.as_ref());
    }

    fn maybe_referral(&mut self, referral: Option<&Coupon>) {
        if let Some(referral) = referral {
            self.object("referral", &|view| view.coupon(referral));
        }
    }

    /// A message.
    pub fn notification(&mut self, notification: &Notification) {
        self.text("type", &notification.kind);
        self.text("title", &notification.title);
        self.text("body", &notification.body);
    }

    /// `snapshot.offers`.
    pub fn offers(&mut self, machine: &Machine) {
        self.offered(machine.quote().map(|(quote, _)| quote.as_ref()));
    }

    fn offered(&mut self, quote: Option<&Quote>) {
        let free = quote.map(|quote| quote.free_items.as_slice()).unwrap_or_default();
        let notifications = quote.map(|quote| quote.notifications.as_slice()).unwrap_or_default();
        self.object("offers", &|view| {
            view.objects("freeItems", free, |view, item| {
                view.text("sku", &item.sku);
                view.text("name", &item.name);
                view.count("quantity", item.quantity);
                if let Some(desired) = item.desired {
                    view.count("desiredQuantity", desired);
                }
            });
            view.raws("giveaways", quote.map(|quote| quote.giveaways.as_slice()).unwrap_or_default());
            view.objects("notifications", notifications, View::notification);
        });
    }

    /// `snapshot.loyalty`.
    pub fn loyalty(&mut self, machine: &Machine) {
        self.loyal(machine.quote().map(|(quote, _)| quote.as_ref()));
    }

    fn loyal(&mut self, quote: Option<&Quote>) {
        let points = quote.map(|quote| quote.points.as_slice()).unwrap_or_default();
        self.object("loyalty", &|view| {
            for (name, flow, always) in [
                ("earned", Flow::Earned, true),
                ("spent", Flow::Spent, true),
                ("takenBack", Flow::TakenBack, false),
                ("givenBack", Flow::GivenBack, false),
            ] {
                if always || points.iter().any(|points| points.flow == flow) {
                    view.name(name);
                    view.text.push('[');
                    for points in points.iter().filter(|points| points.flow == flow) {
                        view.braces(&|view| view.points(points));
                    }
                    view.text.push(']');
                }
            }
            let Some(quote) = quote else { return };
            if let Some(tier) = &quote.tier {
                view.object("tier", &|view| {
                    view.text("name", tier.text("newTierName").unwrap_or_default());
                    view.picked(tier, &["programId", "subLedgerId", "previousTierName", "expiryDate"]);
                });
            }
            if !quote.expiry.is_empty() {
                view.raws("expiry", &quote.expiry);
            }
            if let Some(loyalty) = &quote.loyalty {
                view.picked(loyalty, &["programs", "cards"]);
            }
        });
    }

    /// Points are no money: they are not padded to the currency's scale.
    fn points(&mut self, points: &Points) {
        self.picked(&points.props, &HEAD);
        self.picked(&points.props, &["startDate", "expiryDate"]);
        self.text("value", &points.value.padded(0));
        if let Some(desired) = points.desired {
            self.text("desiredValue", &desired.padded(0));
        }
    }

    /// Those members that are there, raw.
    fn picked(&mut self, props: &Value, names: &[&str]) {
        for name in names {
            if let Some(value) = props.get(name) {
                self.raw(name, value);
            }
        }
    }

    fn raws(&mut self, name: &str, values: &[Value]) {
        self.list(name, values, |view, value| Kind::Any.write_script(value, 0, &mut view.text));
    }

    /// `snapshot.quote`, where there is one.
    pub fn quoted(&mut self, machine: &Machine) {
        if let Some((quote, revision)) = machine.quote() {
            self.object("quote", &|view| view.quote(quote, revision, machine.quote_is_current()));
        }
    }

    fn quote(&mut self, quote: &Quote, revision: u64, current: bool) {
        self.text("fingerprint", &quote.fingerprint);
        self.count("revision", revision);
        self.flag("current", current);
        self.amount("total", quote.total);
        self.amount("payable", quote.payable);
        if let Some(mismatch) = &quote.mismatch {
            self.object("mismatch", &|view| view.mismatch(mismatch));
        }
    }

    /// `snapshot.session`, where the server said something.
    pub fn session(&mut self, machine: &Machine) {
        if let Some(session) = machine.session() {
            self.name("session");
            CustomerSessionV2::KIND.write_script(session, self.scale, &mut self.text);
        }
    }

    fn mismatch(&mut self, mismatch: &Mismatch) {
        self.texts("fields", &mismatch.fields);
        if let Some((ours, server)) = mismatch.total {
            self.object("total", &|view| {
                view.amount("ours", ours);
                view.amount("server", server);
            });
        }
    }

    /// `snapshot.effects`.
    pub fn effects(&mut self, machine: &Machine) {
        self.raw_effects(machine.quote().map(|(quote, _)| quote.as_ref()));
    }

    /// Every effect of the newest answer, raw and in order.
    fn raw_effects(&mut self, quote: Option<&Quote>) {
        let effects = quote.and_then(|quote| quote.effects.get(quote.earlier..)).unwrap_or_default();
        self.raws("effects", effects);
    }

    /// What `preview()` gives: a quote with everything that a snapshot would show of it.
    pub fn preview(&mut self, quote: &Quote, draft: &Draft, revision: u64, current: bool) {
        self.quote(quote, revision, current);
        self.amount("discount", quote.discount);
        self.amount("payableRounded", self.rounded(quote.payable));
        self.flag("complete", quote.complete);
        self.discounts("discounts", &quote.discounts);
        self.rolled_back(Some(quote));
        let (coupons, referral) = crate::sync::codes(draft, Some(quote));
        self.objects("coupons", &coupons, View::coupon);
        self.maybe_referral(referral.as_ref());
        self.loyal(Some(quote));
        self.offered(Some(quote));
        self.raw_effects(Some(quote));
    }

    /// A request to be made.
    pub fn send(&mut self, send: &Send) {
        self.count("id", send.id);
        let method = match send.method {
            Method::Get => "GET",
            Method::Put => "PUT",
            Method::Post => "POST",
        };
        self.text("method", method);
        self.text("path", &send.path);
        self.maybe_text("body", send.body.as_deref());
        self.maybe_text("key", send.key.as_deref());
        self.count("timeout", send.timeout);
        self.flag("keepalive", send.keepalive);
    }

    /// What `prepare()` gives.
    pub fn prepared(&mut self, session_id: &str, revision: u64, quote: &Quote) {
        self.text("sessionId", session_id);
        self.count("revision", revision);
        self.text("fingerprint", &quote.fingerprint);
        self.amount("payable", quote.payable);
    }
}
