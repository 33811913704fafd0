//! What is new in the snapshot, for the shell, which keeps the parts that stay as they are.

use std::sync::Arc;

use crate::browser::view::{View, object};
use crate::draft::LineChange;
use crate::draft::field::Field;
use crate::draft::quote::Quote;
use crate::model::json::{Object, Value};
use crate::model::shape::Kind;
use crate::model::wire::Wire;
use crate::model::{CartItem, NewCustomerSessionV2};
use crate::sync::Machine;

/// What the shell has already of what is large.
#[derive(Debug, Default)]
pub struct Picture {
    /// How many lines; nothing before the first picture.
    lines: Option<usize>,
    session: Option<Arc<Value>>,
    quote: Option<Arc<Quote>>,
}

/// Writes members of the snapshot.
type Members = fn(&mut View, &Machine);

/// All but lines, draft, and what is large.
const SMALL: [Members; 8] = [
    View::heads,
    View::totals,
    View::coupons,
    View::referral,
    View::loyalty,
    View::offers,
    View::quoted,
    View::sync,
];

/// Takes the newest one in; says whether it is another one.
fn take<T>(known: &mut Option<Arc<T>>, newest: Option<&Arc<T>>) -> bool {
    let news = known.as_ref().map(Arc::as_ptr) != newest.map(Arc::as_ptr);
    *known = newest.cloned();
    news
}

/// The text of a part, as the shell tells equal ones by.
fn members(kind: Kind, value: &Object, scale: u8) -> String {
    let mut text = String::new();
    kind.write_members(value, scale, &mut text);
    text
}

impl Picture {
    /// The news as JSON text. Every part is a text of its own, by which the shell finds the object that
    /// it has of it; an empty one stands for one that is as it was.
    pub fn news(&mut self, machine: &mut Machine) -> String {
        let change = machine.take_changes();
        let draft = machine.draft();
        let known = self.lines.replace(draft.lines().len());
        let first = known.is_none();
        let session = take(&mut self.session, machine.session());
        let effects = take(&mut self.quote, machine.quote().map(|(quote, _)| quote));
        let scale = machine.options().scale;
        let (mut from, mut gone) = (None, None);
        let (mut views, mut items) = (Vec::new(), Vec::new());
        // The place, how many lines are gone there, and how many stand there now.
        let lines = match change.lines.as_slice() {
            [] if !first => None,
            [LineChange::Inserted(index)] => Some((*index, 0, 1)),
            [LineChange::Updated(index)] => Some((*index, 1, 1)),
            [LineChange::Removed(index)] => Some((*index, 1, 0)),
            // Places of several changes speak of drafts in between, which nobody has any more.
            _ => Some((0, known.unwrap_or(0), usize::MAX)),
        };
        if let Some((index, removed, count)) = lines {
            (from, gone) = (Some(index), Some(removed));
            let mut quoted = machine.quote().map(|(quote, _)| quote.lines.as_slice()).unwrap_or_default();
            for line in draft.lines().iter().skip(index).take(count) {
                // Both are in the same order.
                let place = quoted.iter().position(|quoted| quoted.id == line.id);
                let rest = place.and_then(|place| quoted.get(place..)).unwrap_or_default();
                views.push(object(scale, &|view| view.line(machine, line, rest.first())));
                items.push(members(CartItem::KIND, line.item.members(), scale));
                if let [_, rest @ ..] = rest {
                    quoted = rest;
                }
            }
        }
        let mut texts = Vec::new();
        let mut put = |is_news: bool, part: Members| {
            texts.push(if is_news { object(scale, &|view| part(view, machine)) } else { String::new() });
        };
        for part in SMALL {
            put(true, part);
        }
        put(first || session, View::session);
        put(first || effects, View::effects);
        let fields = members(NewCustomerSessionV2::KIND, draft.fields(), scale);
        object(scale, &|news| {
            news.maybe_index("from", from);
            news.maybe_index("gone", gone);
            news.texts("lines", &views);
            news.texts("items", &items);
            news.flag("hasCart", draft.has(Field::CartItems));
            news.text("fields", &fields);
            news.texts("members", &texts);
        })
    }
}
