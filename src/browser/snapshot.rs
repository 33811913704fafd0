//! The snapshot: an object that stays the same until something changes, of parts that do.

use std::sync::Arc;

use js_sys::{Array, Object};
use wasm_bindgen::{JsCast, JsValue};

use crate::browser::convert::{freeze, parse, set};
use crate::browser::view::{View, object};
use crate::draft::field::Field;
use crate::draft::quote::Quote;
use crate::draft::{Line, LineChange};
use crate::model::index::Index;
use crate::model::json::Value;
use crate::model::wire::Wire;
use crate::model::{CartItem, NewCustomerSessionV2};
use crate::sync::Machine;

/// A part of the snapshot: made anew when its text is another one.
#[derive(Debug)]
struct Part {
    text: String,
    js: JsValue,
}

impl Default for Part {
    fn default() -> Part {
        Part { text: String::new(), js: JsValue::UNDEFINED }
    }
}

impl Part {
    /// Takes the newest text in; says whether it is another one.
    fn take(&mut self, text: String) -> bool {
        let news = self.text != text;
        if news {
            self.js = parse(&text);
            self.text = text;
        }
        news
    }
}

/// One line and its two faces.
#[derive(Debug, Default)]
struct LinePicture {
    line: Option<Arc<Line>>,
    /// Its place in the newest quote.
    quoted: Option<usize>,
    view: Part,
    item: Part,
}

impl LinePicture {
    fn paint(&mut self, machine: &Machine, line: &Arc<Line>, quoted: Option<usize>) {
        let quote = machine.quote();
        let in_quote = quoted.and_then(|place| quote.and_then(|(quote, _)| quote.lines.get(place)));
        let scale = machine.options().scale;
        self.view.take(object(scale, |view| view.line(machine, line, in_quote)));
        let same = |known: &Arc<Line>| Arc::ptr_eq(known, line);
        if !self.line.as_ref().is_some_and(same) {
            let mut item = String::new();
            CartItem::KIND.write_members(line.item.members(), scale, &mut item);
            self.item.take(item);
        }
        self.line = Some(line.clone());
        self.quoted = quoted;
    }
}

/// Whether both are the same shared thing, or both nothing.
fn is_same<T>(left: Option<&Arc<T>>, right: Option<&Arc<T>>) -> bool {
    left.map(Arc::as_ptr) == right.map(Arc::as_ptr)
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
    fields: Part,
    draft: JsValue,
    draft_items: JsValue,
    /// Objects whose members are members of the snapshot.
    parts: [Part; 8],
    session: Part,
    session_of: Option<Arc<Value>>,
    effects: Part,
    effects_of: Option<Arc<Quote>>,
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
            self.lines_part = freeze(self.shadow.slice(0, self.shadow.length()).into());
            self.items_part = freeze(self.items.slice(0, self.items.length()).into());
        }
        self.paint_draft(machine);
        let members: [fn(&mut View, &Machine); 8] = [
            View::heads,
            View::totals,
            View::coupons,
            View::referral,
            View::loyalty,
            View::offers,
            View::quoted,
            View::sync,
        ];
        let scale = machine.options().scale;
        for (part, members) in self.parts.iter_mut().zip(members) {
            part.take(object(scale, |view| members(view, machine)));
        }
        // What is large is written only where it is another one.
        let (session, quote) = (machine.session(), machine.quote().map(|(quote, _)| quote));
        if !is_same(self.session_of.as_ref(), session) {
            self.session_of = session.cloned();
            self.session.take(object(scale, |view| view.session(machine)));
        }
        if !is_same(self.effects_of.as_ref(), quote) || self.effects.js.is_undefined() {
            self.effects_of = quote.cloned();
            self.effects.take(object(scale, |view| view.effects(quote.map(Arc::as_ref))));
        }
        let snapshot = Object::new();
        set(&snapshot, "draft", &self.draft);
        set(&snapshot, "lines", &self.lines_part);
        for part in self.parts.iter().chain([&self.session, &self.effects]) {
            Object::assign(&snapshot, part.js.unchecked_ref());
        }
        freeze(snapshot.into())
    }

    /// The fields that are set, with the cart as the API spells it.
    fn paint_draft(&mut self, machine: &Machine) {
        let draft = machine.draft();
        let has_cart = draft.has(Field::CartItems);
        let items = if has_cart { self.items_part.clone() } else { JsValue::UNDEFINED };
        let mut fields = String::new();
        NewCustomerSessionV2::KIND.write_members(draft.fields(), machine.options().scale, &mut fields);
        if self.fields.take(fields) || self.draft_items != items {
            let object = Object::assign(&Object::new(), self.fields.js.unchecked_ref());
            if has_cart {
                set(&object, Field::CartItems.name(), &items);
            }
            self.draft = freeze(object.into());
            self.draft_items = items;
        }
    }

    fn paint_line(&mut self, machine: &Machine, change: LineChange) {
        let line = |index: usize| machine.draft().lines().get(index);
        match change {
            LineChange::Inserted(index) if index <= self.lines.len() && line(index).is_some() => {
                self.lines.insert(index, LinePicture::default());
                self.repaint(machine, index, 0);
            }
            LineChange::Updated(index) if index < self.lines.len() && line(index).is_some() => {
                self.repaint(machine, index, 1);
            }
            LineChange::Removed(index) if index < self.lines.len() => {
                self.lines.remove(index);
                let index = u32::try_from(index).unwrap_or(u32::MAX);
                self.shadow.splice_many(index, 1, &[]);
                self.items.splice_many(index, 1, &[]);
            }
            _ => self.paint_all(machine),
        }
    }

    /// Paints one line and puts it in the place of none or one.
    fn repaint(&mut self, machine: &Machine, index: usize, removed: u32) {
        let Some((picture, line)) = self.lines.get_mut(index).zip(machine.draft().lines().get(index)) else {
            return;
        };
        picture.paint(machine, line, picture.quoted);
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        self.shadow.splice(index, removed, &picture.view.js);
        self.items.splice(index, removed, &picture.item.js);
    }

    fn paint_all(&mut self, machine: &Machine) {
        let mut known = std::mem::take(&mut self.lines);
        let place = |index: usize| u64::try_from(index).unwrap_or(u64::MAX);
        let ids = known.iter().enumerate();
        let ids = ids.filter_map(|(index, picture)| Some((picture.line.as_ref()?.id.0, place(index))));
        let known_places = Index::of(ids.collect());
        let quote = machine.quote().map(|(quote, _)| quote.lines.as_slice()).unwrap_or_default();
        let ids = quote.iter().enumerate().map(|(index, line)| (line.id.0, place(index)));
        let quote_places = Index::of(ids.collect());
        let find = |index: &Index, id: u64| usize::try_from(index.places(id).next()?).ok();
        self.shadow.set_length(0);
        self.items.set_length(0);
        for line in machine.draft().lines() {
            let known = find(&known_places, line.id.0).and_then(|place| known.get_mut(place));
            let mut picture = known.map(std::mem::take).unwrap_or_default();
            picture.paint(machine, line, find(&quote_places, line.id.0));
            self.shadow.push(&picture.view.js);
            self.items.push(&picture.item.js);
            self.lines.push(picture);
        }
    }
}
