//! The snapshot: an object that stays the same until something changes, of parts that do.

use std::sync::Arc;

use js_sys::{Array, Object};
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};

use crate::browser::convert::{freeze, raw, script, set, to_js};
use crate::browser::view::{
    CouponView, ErrorView, LineView, LoyaltyView, OffersView, QuoteView, SyncView, TotalsView, effects,
};
use crate::draft::field::{FIELDS, Field};
use crate::draft::quote::Quote;
use crate::draft::{Line, LineChange};
use crate::model::index::Index;
use crate::model::json::{Object as Members, Value};
use crate::model::shape::Kind;
use crate::model::wire::Wire;
use crate::model::{CartItem, NewCustomerSessionV2};
use crate::sync::{Machine, SyncError};

/// A part of the snapshot: made anew when it differs from what it was.
#[derive(Debug)]
struct Part<T> {
    view: Option<T>,
    js: JsValue,
}

impl<T> Default for Part<T> {
    fn default() -> Part<T> {
        Part { view: None, js: JsValue::UNDEFINED }
    }
}

impl<T: PartialEq + Serialize> Part<T> {
    fn take(&mut self, view: T) -> &JsValue {
        if self.view.as_ref() != Some(&view) {
            self.js = deep_freeze(to_js(&view));
            self.view = Some(view);
        }
        &self.js
    }
}

/// A part that is made of something shared: made anew when that is another one.
#[derive(Debug)]
struct Raw<T> {
    of: Option<Arc<T>>,
    js: JsValue,
}

impl<T> Default for Raw<T> {
    fn default() -> Raw<T> {
        Raw { of: None, js: JsValue::UNDEFINED }
    }
}

impl<T> Raw<T> {
    fn take(&mut self, of: Option<&Arc<T>>, make: impl Fn(&T) -> JsValue) -> &JsValue {
        let same = match (&self.of, of) {
            (Some(known), Some(of)) => Arc::ptr_eq(known, of),
            (None, None) => true,
            _ => false,
        };
        if !same {
            self.js = of.map_or(JsValue::UNDEFINED, |of| make(of));
            self.of = of.cloned();
        }
        &self.js
    }
}

/// One line: what it was made of, and its two faces.
#[derive(Debug, Clone)]
struct LinePicture {
    line: Arc<Line>,
    view: LineView,
    /// Its place in the newest quote.
    quoted: Option<usize>,
    js: JsValue,
    item: JsValue,
}

impl LinePicture {
    fn new(
        machine: &Machine,
        line: &Arc<Line>,
        quoted: Option<usize>,
        known: Option<LinePicture>,
    ) -> LinePicture {
        let quote = machine.quote();
        let in_quote = quoted.and_then(|place| quote.and_then(|(quote, _)| quote.lines.get(place)));
        let view = LineView::new(machine, line, in_quote);
        if let Some(known) = known.as_ref().filter(|known| known.view == view && known.line.meta == line.meta)
        {
            return LinePicture { line: line.clone(), quoted, ..known.clone() };
        }
        let js = to_js(&view);
        if let Some(meta) = &line.meta {
            set(js.unchecked_ref(), "meta", &raw(meta));
        }
        let item = known.filter(|known| known.line.text() == line.text()).map(|known| known.item);
        let item = item.unwrap_or_else(|| {
            let members = Value::Object(line.item.members().clone());
            script(&CartItem::KIND, &members, machine.options().scale)
        });
        LinePicture { line: line.clone(), view, quoted, js: deep_freeze(js), item }
    }
}

/// The newest snapshot and everything that the next one may take over from it.
#[derive(Debug, Default)]
pub struct Picture {
    snapshot: Option<JsValue>,
    lines: Vec<LinePicture>,
    /// Never handed out: the snapshot gets copies.
    shadow: Array,
    items: Array,
    lines_part: JsValue,
    items_part: JsValue,
    fields: Members,
    draft: JsValue,
    draft_items: JsValue,
    sync: Part<SyncView>,
    error: Option<SyncError>,
    error_js: JsValue,
    totals: Part<TotalsView>,
    coupons: Part<Vec<CouponView>>,
    referral: Part<CouponView>,
    loyalty: Part<LoyaltyView>,
    offers: Part<OffersView>,
    quote: Part<QuoteView>,
    session: Raw<Value>,
    effects: Raw<Quote>,
    no_effects: Part<Vec<u8>>,
}

impl Picture {
    /// Forgets the newest snapshot, since something changed.
    pub fn stale(&mut self) {
        self.snapshot = None;
    }

    /// The snapshot of the machine as it is.
    pub fn snapshot(&mut self, machine: &mut Machine) -> JsValue {
        if let Some(snapshot) = &self.snapshot {
            return snapshot.clone();
        }
        let snapshot = self.paint(machine);
        self.snapshot = Some(snapshot.clone());
        snapshot
    }

    fn paint(&mut self, machine: &mut Machine) -> JsValue {
        let change = machine.take_changes();
        match change.lines.as_slice() {
            [] => {}
            [line] => self.paint_line(machine, *line),
            // Places of several changes speak of drafts in between, which nobody has any more.
            _ => self.paint_all(machine),
        }
        if !change.lines.is_empty() || self.lines_part.is_undefined() {
            self.lines_part = self.shadow.slice(0, self.shadow.length()).into();
            self.items_part = self.items.slice(0, self.items.length()).into();
        }
        let options = machine.options();
        let object = Object::new();
        let put = |name: &str, value: &JsValue| {
            if !value.is_undefined() {
                set(&object, name, value);
            }
        };
        put("sessionId", &JsValue::from_str(&options.session_id));
        put("revision", &number(machine.revision()));
        // Memory survives nothing, so nothing is persisted.
        put("persistedRevision", &number(0));
        put("acknowledgedRevision", &number(machine.acknowledged()));
        put("state", &JsValue::from_str(machine.state().as_str()));
        put("draft", &self.paint_draft(machine));
        put("lines", &self.lines_part);
        put("totals", self.totals.take(TotalsView::new(machine)));
        let (coupons, referral) = machine.codes();
        put("coupons", self.coupons.take(coupons.iter().map(CouponView::new).collect()));
        if let Some(referral) = referral {
            put("referral", self.referral.take(CouponView::new(&referral)));
        }
        put("loyalty", self.loyalty.take(LoyaltyView::default()));
        let quote = machine.quote();
        put("offers", self.offers.take(OffersView::new(quote.map(|(quote, _)| &**quote))));
        if let Some((quote, revision)) = quote {
            let view = QuoteView::new(quote, revision, machine.quote_is_current(), options.scale);
            put("quote", self.quote.take(view));
        }
        put("session", self.session.take(machine.session(), raw));
        match quote {
            Some((quote, _)) => put("effects", self.effects.take(Some(quote), effects)),
            None => put("effects", self.no_effects.take(Vec::new())),
        }
        if self.error.as_ref() != machine.error() {
            self.error = machine.error().cloned();
            let view = self.error.as_ref().map(|error| to_js(&ErrorView::new(error)));
            self.error_js = view.unwrap_or(JsValue::UNDEFINED);
        }
        put("sync", self.sync.take(SyncView::new(machine, self.error_js.clone())));
        put("persistence", &JsValue::from_str("memory"));
        put("restored", &JsValue::from_bool(machine.restored()));
        freeze(object.into())
    }

    /// The fields that are set, with the cart as the API spells it.
    fn paint_draft(&mut self, machine: &Machine) -> JsValue {
        let draft = machine.draft();
        let has_cart = draft.has(Field::CartItems);
        let items = if has_cart { self.items_part.clone() } else { JsValue::UNDEFINED };
        if self.draft.is_undefined() || self.fields != *draft.fields() || self.draft_items != items {
            self.fields = draft.fields().clone();
            let object = Object::new();
            for field in FIELDS {
                if let Some(value) = draft.field(field) {
                    set(&object, field.name(), &field_value(machine, field, value));
                }
            }
            if has_cart {
                set(&object, Field::CartItems.name(), &items);
            }
            self.draft = freeze(object.into());
            self.draft_items = items;
        }
        self.draft.clone()
    }

    fn paint_line(&mut self, machine: &Machine, change: LineChange) {
        let line = |index: usize| machine.draft().lines().get(index);
        match change {
            LineChange::All => self.paint_all(machine),
            LineChange::Inserted(index) => {
                if let Some(line) = line(index) {
                    let picture = LinePicture::new(machine, line, None, None);
                    self.splice(index, 0, Some(&picture));
                    self.lines.insert(index.min(self.lines.len()), picture);
                } else {
                    self.paint_all(machine);
                }
            }
            LineChange::Updated(index) => match (line(index), self.lines.get(index).cloned()) {
                (Some(line), Some(known)) if known.line.id == line.id => {
                    let picture = LinePicture::new(machine, line, known.quoted, Some(known));
                    self.splice(index, 1, Some(&picture));
                    if let Some(slot) = self.lines.get_mut(index) {
                        *slot = picture;
                    }
                }
                _ => self.paint_all(machine),
            },
            LineChange::Removed(index) => {
                if index < self.lines.len() {
                    self.lines.remove(index);
                    self.splice(index, 1, None);
                }
            }
        }
    }

    fn splice(&self, index: usize, removed: u32, picture: Option<&LinePicture>) {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        match picture {
            Some(picture) => {
                self.shadow.splice(index, removed, &picture.js);
                self.items.splice(index, removed, &picture.item);
            }
            None => {
                self.shadow.splice_many(index, removed, &[]);
                self.items.splice_many(index, removed, &[]);
            }
        }
    }

    fn paint_all(&mut self, machine: &Machine) {
        let known = std::mem::take(&mut self.lines);
        let place = |index: usize| u64::try_from(index).unwrap_or(u64::MAX);
        let ids = known.iter().enumerate().map(|(index, picture)| (picture.line.id.0, place(index)));
        let known_places = Index::of(ids.collect());
        let quote = machine.quote().map(|(quote, _)| quote.lines.as_slice()).unwrap_or_default();
        let ids = quote.iter().enumerate().map(|(index, line)| (line.id.0, place(index)));
        let quote_places = Index::of(ids.collect());
        let find = |index: &Index, id: u64| usize::try_from(index.places(id).next()?).ok();
        self.shadow.set_length(0);
        self.items.set_length(0);
        for line in machine.draft().lines() {
            let quoted = find(&quote_places, line.id.0);
            let known = find(&known_places, line.id.0).and_then(|place| known.get(place).cloned());
            let picture = LinePicture::new(machine, line, quoted, known);
            self.shadow.push(&picture.js);
            self.items.push(&picture.item);
            self.lines.push(picture);
        }
    }
}

/// A field of the draft as a script sees it.
pub fn field_value(machine: &Machine, field: Field, value: &Value) -> JsValue {
    let member = NewCustomerSessionV2::SHAPE.0.iter().find(|member| member.name == field.name());
    let kind = member.map_or(&Kind::Any, |member| &member.kind);
    script(kind, value, machine.options().scale)
}

fn number(count: u64) -> JsValue {
    JsValue::from_f64(count as f64)
}

/// Freezes an object and the plain objects and lists inside it.
fn deep_freeze(value: JsValue) -> JsValue {
    if value.is_object() && !Object::is_frozen(value.unchecked_ref::<Object>()) {
        for member in Object::values(value.unchecked_ref::<Object>()).iter() {
            deep_freeze(member);
        }
    }
    freeze(value)
}
