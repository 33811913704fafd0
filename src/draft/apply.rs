//! The draft, and one command applied to it.

use std::sync::Arc;

use crate::amount::{Amount, AmountError};
use crate::draft::command::{Command, line_unknown};
use crate::draft::field::{FIELDS, Field, FieldSet};
use crate::draft::limits::{self, CartLimits};
use crate::draft::lines::{Item, Line, LineId, Lines, NewLine, check_names, costs};
use crate::draft::refusal::{Code, Refusal, note};
use crate::draft::totals::Totals;
use crate::model::json::{Object, Value, write_list, write_string};
use crate::model::wire::{Path, Reading, Source, Step, Wire, key};
use crate::model::{CartItem, NewCustomerSessionV2};

/// What a shopper has now: fields that are set, lines, and their running totals.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    limits: CartLimits,
    lines: Lines,
    /// Whether `cartItems` is set, be it to an empty list.
    cart_set: bool,
    totals: Totals,
    /// Every field but `cartItems` and `state`, in its plain form.
    fields: Object,
    sent: FieldSet,
    /// Names of attributes that the server may know, each with `null`, which removes it there.
    sent_attributes: Object,
}

/// What a shop knows of a line that the server has: its id, `meta`, and whether it is free when it
/// has no price to pay.
pub type KnownLine = (LineId, Option<Value>, bool);

/// What a command changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Lines, one by one, each index as it was when that change was made.
    pub lines: Vec<LineChange>,
    /// Fields; `cartItems` where lines changed.
    pub fields: FieldSet,
    /// The line that an addition made or grew.
    pub line: Option<LineId>,
}

/// One change of the list of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineChange {
    /// A line at that index is new.
    Inserted(usize),
    /// The line at that index changed.
    Updated(usize),
    /// The line at that index is gone.
    Removed(usize),
    /// Everything may have changed.
    All,
}

impl Change {
    /// Whether the draft is as it was.
    pub fn is_none(&self) -> bool {
        self.fields.is_empty()
    }

    /// Takes what another change did too.
    pub fn join(&mut self, other: Change) {
        self.lines.extend(other.lines);
        self.fields = self.fields.union(other.fields);
        self.line = other.line.or(self.line);
    }
}

/// What a command comes to, noted as it goes: a change, or refusals, with which nothing is changed.
#[derive(Debug, Default)]
struct Outcome {
    change: Change,
    refusals: Vec<Refusal>,
}

impl Outcome {
    fn is_refused(&self) -> bool {
        !self.refusals.is_empty()
    }

    fn refuse(&mut self, code: Code, path: Path) {
        self.refusals.push(Refusal::new(code, path));
    }

    fn line(&mut self, change: LineChange) {
        self.change.lines.push(change);
        self.change.fields.insert(Field::CartItems);
    }

    /// What was calculated; none, with a refusal, where that is out of range.
    fn checked<T>(&mut self, result: Result<T, AmountError>, path: &dyn Fn() -> Path) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(Code::Amount(error), path());
                None
            }
        }
    }

    fn end(self) -> Applied {
        if self.is_refused() { Err(self.refusals) } else { Ok(self.change) }
    }
}

type Applied = Result<Change, Vec<Refusal>>;

impl Draft {
    /// An empty draft.
    pub fn new(limits: CartLimits) -> Draft {
        Draft { limits, ..Draft::default() }
    }

    /// The draft that a session of the server amounts to, all of it known to the server; `known`
    /// gives each line its id and what the shop stores with it. Refused when a line cannot be read:
    /// sending the rest would delete it.
    pub fn from_session(
        session: &Value,
        limits: CartLimits,
        known: &mut dyn FnMut(usize, &Value) -> KnownLine,
    ) -> Result<Draft, Vec<Refusal>> {
        let mut draft = Draft::new(limits);
        let mut out = Outcome::default();
        let mut reading = Reading::new(Source::Api);
        let fields = NewCustomerSessionV2::SHAPE.read(session, &mut reading).unwrap_or_default();
        for (name, value) in fields {
            match Field::from_name(&name) {
                None | Some(Field::CartItems | Field::State | Field::EvaluableCampaignIds) => {}
                // Empty means none in an answer, and is refused in a request.
                Some(Field::StoreIntegrationId) if value.as_str() == Some("") => {}
                Some(Field::AdditionalCosts) => {
                    draft.set_costs(value.as_object().cloned().unwrap_or_default(), &mut out);
                }
                Some(_) => draft.fields.set(&name, value),
            }
        }
        if let Some(Value::Array(items)) = session.get(Field::CartItems.name()) {
            for (index, item) in items.iter().enumerate() {
                let (id, meta, free) = known(index, item);
                let item = Item::read(item, Source::Api)?;
                draft.push(NewLine { id, item, meta, free }, &mut out);
            }
            draft.cart_set = true;
        }
        draft.mark_sent();
        out.end().map(|_| draft)
    }

    /// The lines in order.
    pub fn lines(&self) -> &[Arc<Line>] {
        self.lines.list()
    }

    /// The line of that id.
    pub fn line(&self, id: LineId) -> Option<&Arc<Line>> {
        self.lines.get(id)
    }

    /// The running totals.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Every field beside lines and state in its plain form; absent ones are not sent.
    pub fn fields(&self) -> &Object {
        &self.fields
    }

    /// A field; lines and state are not among them.
    pub fn field(&self, field: Field) -> Option<&Value> {
        self.fields.get(field.name())
    }

    /// The texts of a field that is a list.
    pub fn texts(&self, field: Field) -> impl Iterator<Item = &str> {
        self.fields.at(field.name()).items().iter().filter_map(Value::as_str)
    }

    /// The costs of the session by name.
    pub fn costs(&self) -> impl Iterator<Item = (&str, Amount)> {
        costs(self.field(Field::AdditionalCosts))
    }

    /// Whether a field is set.
    pub fn has(&self, field: Field) -> bool {
        match field {
            Field::CartItems => self.cart_set,
            _ => self.field(field).is_some(),
        }
    }

    /// Notes that everything set now may have reached the server: none of it may be omitted again.
    pub fn mark_sent(&mut self) {
        for field in FIELDS {
            if self.has(field) {
                self.sent.insert(field);
            }
        }
        let mut attributes = self.members(Field::Attributes);
        for (_, value) in attributes.iter_mut() {
            *value = Value::Null;
        }
        self.sent_attributes = std::mem::take(&mut self.sent_attributes).joined(attributes);
    }

    /// Takes what counts as sent from another draft.
    pub fn take_sent(&mut self, other: &Draft) {
        self.sent = other.sent;
        self.sent_attributes = other.sent_attributes.clone();
    }

    /// Appends the `NewCustomerSessionV2` of a request; `state` only for a move.
    pub fn write(&self, out: &mut String, state: Option<&str>) {
        out.push('{');
        let mut separator = "";
        for field in FIELDS {
            let given = match field {
                Field::State => state.is_some(),
                _ => self.has(field),
            };
            if !given {
                continue;
            }
            out.push_str(separator);
            separator = ",";
            write_string(field.name(), out);
            out.push(':');
            match field {
                Field::State => write_string(state.unwrap_or_default(), out),
                Field::CartItems => write_list(self.lines(), out, |line, out| out.push_str(line.text())),
                _ => {
                    if let Some(value) = self.field(field) {
                        value.write(out);
                    }
                }
            }
        }
        out.push('}');
    }

    /// Appends the draft's stored form, with the ids of its lines and what was sent of it.
    pub fn write_record(&self, out: &mut String) {
        out.push_str("{\"fields\":");
        self.fields.write(out);
        if self.cart_set {
            out.push_str(",\"lines\":");
            write_list(self.lines(), out, |line, out| {
                out.push_str("{\"id\":");
                write_string(&line.id.to_text(), out);
                out.push_str(",\"item\":");
                out.push_str(line.text());
                if let Some(meta) = &line.meta {
                    out.push_str(",\"meta\":");
                    meta.write(out);
                }
                out.push_str(if line.free { ",\"free\":true}" } else { "}" });
            });
        }
        out.push(',');
        self.write_sent(out);
        out.push('}');
    }

    /// Appends the members that tell what was sent.
    pub fn write_sent(&self, out: &mut String) {
        let mut sent = Vec::new();
        for field in FIELDS {
            if self.sent.contains(field) {
                sent.push(field.name());
            }
        }
        out.push_str("\"sent\":");
        write_list(&sent, out, |name, out| write_string(name, out));
        out.push_str(",\"attributes\":");
        self.sent_attributes.write(out);
    }

    /// Reads the stored form; none where it is damaged.
    pub fn read_record(record: &Value, limits: CartLimits) -> Option<Draft> {
        let mut draft = Draft::new(limits);
        let mut reading = Reading::new(Source::Api);
        let fields = NewCustomerSessionV2::SHAPE.read(record.get("fields")?, &mut reading)?;
        let mut out = Outcome::default();
        if let Some(Value::Object(costs)) = fields.get(Field::AdditionalCosts.name()) {
            draft.set_costs(costs.clone(), &mut out);
        }
        draft.fields = fields;
        if let Some(lines) = record.get("lines") {
            for line in lines.as_array()? {
                let id = LineId::parse(line.get("id")?.as_str()?)?;
                let item = Item::read(line.get("item")?, Source::Api).ok()?;
                let free = line.get("free").is_some();
                draft.push(NewLine { id, item, meta: line.get("meta").cloned(), free }, &mut out);
            }
            draft.cart_set = true;
        }
        draft.read_sent(record)?;
        (reading.into_faults().is_empty() && !out.is_refused()).then_some(draft)
    }

    /// Takes over what was sent; none where that is damaged.
    pub fn read_sent(&mut self, record: &Value) -> Option<()> {
        for name in record.get("sent")?.as_array()? {
            if let Some(field) = Field::from_name(name.as_str()?) {
                self.sent.insert(field);
            }
        }
        self.sent_attributes = record.get("attributes")?.as_object()?.clone();
        Some(())
    }

    /// Applies all commands or, when one is refused, none; the refusals are those of all commands
    /// up to and with the first refused one.
    pub fn apply_all(&mut self, commands: &[&Command]) -> Applied {
        if let [command] = commands {
            return self.apply(command);
        }
        let mut next = self.clone();
        let mut out = Outcome::default();
        for command in commands {
            next.perform(command, &mut out);
            if out.is_refused() {
                return out.end();
            }
        }
        *self = next;
        out.end()
    }

    /// Applies a command, or refuses it and leaves the draft as it was.
    pub fn apply(&mut self, command: &Command) -> Applied {
        let mut out = Outcome::default();
        self.perform(command, &mut out);
        out.end()
    }

    fn perform(&mut self, command: &Command, out: &mut Outcome) {
        match command {
            Command::Add { line, merge } => self.add(line, *merge, out),
            Command::Update { id, patch, source } => self.update(*id, patch, *source, out),
            Command::SetQuantity { id, quantity } => self.set_quantity(*id, *quantity, out),
            Command::Remove { id } => self.set_quantity(*id, 0, out),
            Command::Clear => self.replace(&[], &Path::new(), out),
            Command::Replace { lines } => self.replace(lines, &Path::new(), out),
            Command::Accept { line } => {
                let same = |known: &&Arc<Line>| known.free && known.item.sku() == line.item.sku();
                match self.lines().iter().find(same) {
                    Some(known) => out.change.line = Some(known.id),
                    None => self.push(line.clone(), out),
                }
            }
            Command::AddCoupon(code) | Command::RemoveCoupon(code) => {
                let mut codes = self.list(Field::CouponCodes);
                let place = codes.iter().position(|known| known.as_str() == Some(code));
                match (place, matches!(command, Command::AddCoupon(_))) {
                    (None, true) => codes.push(Value::String(code.clone())),
                    (Some(index), false) => {
                        codes.remove(index);
                    }
                    _ => return,
                }
                self.assign(Field::CouponCodes, Some(Value::Array(codes)), out);
            }
            // Emptying what was never set would send a field for nothing.
            Command::Empty(field) if self.has(*field) => self.assign(*field, cleared(*field, true), out),
            Command::Empty(_) => {}
            Command::SetMember(field, name, value) => {
                let mut members = self.members(*field);
                match value {
                    Some(value) => members.set(name, value.clone()),
                    None if members.remove(name).is_none() => return,
                    None => {}
                }
                match field {
                    Field::AdditionalCosts => self.set_costs(members, out),
                    _ => self.assign(*field, Some(Value::Object(members)), out),
                }
            }
            Command::UnsetAttribute(name) => self.unset_attribute(name, out),
            Command::Put { session, lines, whole } => self.put(session, lines.as_deref(), *whole, out),
            Command::Unset(field) => self.unset(*field, out),
        }
    }

    fn assign(&mut self, field: Field, value: Option<Value>, out: &mut Outcome) {
        if self.field(field) == value.as_ref() {
            return;
        }
        match value {
            Some(value) => self.fields.set(field.name(), value),
            None => {
                self.fields.remove(field.name());
            }
        }
        out.change.fields.insert(field);
    }

    fn members(&self, field: Field) -> Object {
        self.field(field).and_then(Value::as_object).cloned().unwrap_or_default()
    }

    fn list(&self, field: Field) -> Vec<Value> {
        self.fields.at(field.name()).items().to_vec()
    }

    fn add(&mut self, line: &NewLine, merge: bool, out: &mut Outcome) {
        let equal = if merge { self.lines.equal_to(&line.item) } else { None };
        match equal.map(|equal| (equal.id, equal.item.quantity())) {
            None => self.push(line.clone(), out),
            Some((id, units)) => {
                self.set_quantity(id, units.saturating_add(line.item.quantity()), out);
            }
        }
    }

    fn push(&mut self, line: NewLine, out: &mut Outcome) {
        let lines = self.lines().len().saturating_add(1);
        let Some((totals, part)) = self.with(&line.item, lines, &Totals::default(), out) else {
            return;
        };
        self.totals = totals;
        self.cart_set = true;
        out.change.line = Some(line.id);
        out.line(LineChange::Inserted(self.lines.push(line, part)));
    }

    /// The totals with an item in the place of another one, and its own part of them. The limits of
    /// the cart are checked before a quantity becomes part of an amount.
    fn with(&self, item: &Item, lines: usize, old: &Totals, out: &mut Outcome) -> Option<(Totals, Totals)> {
        let units = self.totals.units.saturating_sub(old.units).saturating_add(item.quantity());
        if let Err(refusal) = limits::cart(self.limits, lines, units, &key(Field::CartItems.name())) {
            out.refusals.push(refusal);
            return None;
        }
        let sums = || {
            let part = item.part()?;
            let totals = self.totals.minus(old)?.plus(&part)?;
            totals.total()?;
            Ok((totals, part))
        };
        out.checked(sums(), &|| key("price"))
    }

    fn set_quantity(&mut self, id: LineId, quantity: u64, out: &mut Outcome) {
        let Some((index, line)) = self.find(id, out) else {
            return;
        };
        if quantity == 0 {
            if let Some(totals) = out.checked(self.totals.minus(line.part()), &|| key("price")) {
                self.totals = totals;
                self.lines.remove(index);
                out.line(LineChange::Removed(index));
            }
            return;
        }
        out.change.line = Some(id);
        if quantity != line.item.quantity() {
            let item = line.item.with_quantity(quantity);
            self.exchange(index, &line, item, line.meta.clone(), out);
        }
    }

    fn update(&mut self, id: LineId, patch: &Object, source: Source, out: &mut Outcome) {
        let Some((index, line)) = self.find(id, out) else {
            return;
        };
        let quantity = patch.get("quantity").and_then(|units| i64::read(units, &mut Reading::new(source)));
        if quantity == Some(0) {
            return self.set_quantity(id, 0, out);
        }
        let item = match patched(&line.item, patch, source) {
            Ok(item) => item,
            Err(found) => return out.refusals.extend(found),
        };
        let meta = match patch.get("meta") {
            None => line.meta.clone(),
            Some(Value::Null) => None,
            Some(meta) => Value::read(meta, &mut Reading::new(source)),
        };
        out.change.line = Some(id);
        if item != line.item || meta != line.meta {
            self.exchange(index, &line, item, meta, out);
        }
    }

    /// Gives a line another item and another `meta`.
    fn exchange(&mut self, index: usize, old: &Line, item: Item, meta: Option<Value>, out: &mut Outcome) {
        if let Some((totals, part)) = self.with(&item, self.lines().len(), old.part(), out) {
            self.lines.replace(index, NewLine { id: old.id, item, meta, free: old.free }, part);
            self.totals = totals;
            out.line(LineChange::Updated(index));
        }
    }

    /// All lines anew; `path` is where they were given.
    fn replace(&mut self, lines: &[NewLine], path: &Path, out: &mut Outcome) {
        if self.cart_set && self.lines().is_empty() && lines.is_empty() {
            return;
        }
        let costs = Totals { costs: self.totals.costs, ..Totals::default() };
        let mut next =
            Draft { lines: Lines::default(), totals: costs, limits: self.limits, ..Draft::default() };
        let mut pushed = Outcome::default();
        for (index, line) in lines.iter().enumerate() {
            next.push(line.clone(), &mut pushed);
            if let Some(mut refusal) = pushed.refusals.pop() {
                // The limits of the cart belong to the list, not to the line that passed them.
                if !matches!(refusal.code, Code::LinesLimit | Code::UnitsLimit) {
                    let below = std::mem::replace(&mut refusal.path, path.clone());
                    refusal.path.push(Step::Index(index));
                    refusal.path.extend(below);
                }
                return out.refusals.push(refusal);
            }
        }
        self.lines = next.lines;
        self.totals = next.totals;
        self.cart_set = true;
        out.line(LineChange::All);
    }

    fn set_costs(&mut self, members: Object, out: &mut Outcome) {
        let members = Value::Object(members);
        // A server or a store may hold what no command could set.
        check_names(Field::AdditionalCosts.name(), Some(&members), &mut out.refusals);
        let mut totals = Totals { costs: Amount::ZERO, ..self.totals };
        for (name, price) in costs(Some(&members)) {
            let part = Totals { costs: price, ..Totals::default() };
            let sum = totals.plus(&part).and_then(|sum| sum.total().map(|_| sum));
            let Some(sum) = out.checked(sum, &|| member_path(Field::AdditionalCosts, name)) else {
                return;
            };
            totals = sum;
        }
        self.totals = totals;
        self.assign(Field::AdditionalCosts, Some(members), out);
    }

    fn unset_attribute(&mut self, name: &str, out: &mut Outcome) {
        if self.sent_attributes.get(name).is_some() {
            return out.refuse(Code::CannotUnset, member_path(Field::Attributes, name));
        }
        let mut attributes = self.members(Field::Attributes);
        if attributes.remove(name).is_some() {
            let nothing = attributes.is_empty() && !self.sent.contains(Field::Attributes);
            self.assign(Field::Attributes, (!nothing).then_some(Value::Object(attributes)), out);
        }
    }

    /// Session attributes as a whole: those that were sent and are not among them become `null`.
    fn set_attributes(&mut self, attributes: Object, out: &mut Outcome) {
        // Given, removed, and given once more, which wins.
        let attributes = attributes.clone().joined(self.sent_attributes.clone()).joined(attributes);
        self.assign(Field::Attributes, Some(Value::Object(attributes)), out);
    }

    fn put(&mut self, session: &Object, lines: Option<&[NewLine]>, whole: bool, out: &mut Outcome) {
        let mut next = self.clone();
        for field in FIELDS {
            let value = session.get(field.name());
            match (field, value, lines) {
                (Field::CartItems, _, Some(lines)) => next.replace(lines, &key(field.name()), out),
                (Field::AdditionalCosts, Some(Value::Object(costs)), _) => next.set_costs(costs.clone(), out),
                (Field::Attributes, Some(Value::Object(attributes)), _) => {
                    next.set_attributes(attributes.clone(), out);
                }
                (_, Some(value), _) => next.assign(field, Some(value.clone()), out),
                // It cannot be cleared: absent, the one that was sent stays.
                (Field::StoreIntegrationId, None, _) if self.sent.contains(field) => {}
                (_, None, _) if whole => next.unset(field, out),
                (_, None, _) => {}
            }
        }
        if !out.is_refused() {
            *self = next;
        }
    }

    /// Stops sending a field, or clears it where the server may know it.
    fn unset(&mut self, field: Field, out: &mut Outcome) {
        if !self.has(field) {
            return;
        }
        let sent = self.sent.contains(field);
        match field {
            Field::StoreIntegrationId if sent => {
                return out.refuse(Code::CannotUnset, key(field.name()));
            }
            Field::Attributes if sent => return self.set_attributes(Object::new(), out),
            Field::CartItems => {
                self.replace(&[], &Path::new(), out);
                if !sent {
                    self.cart_set = false;
                    out.change.fields.insert(field);
                }
                return;
            }
            Field::AdditionalCosts => self.set_costs(Object::new(), out),
            _ => {}
        }
        self.assign(field, cleared(field, sent), out);
    }

    fn find(&self, id: LineId, out: &mut Outcome) -> Option<(usize, Arc<Line>)> {
        let index = self.lines.index_of(id);
        let found = index.and_then(|index| Some((index, self.lines().get(index)?.clone())));
        if found.is_none() {
            out.refusals.push(line_unknown(&id.to_text()));
        }
        found
    }
}

/// The value that clears a field on the server, or nothing where the server never heard of it.
fn cleared(field: Field, sent: bool) -> Option<Value> {
    sent.then(|| match field {
        Field::ProfileId | Field::ReferralCode => Value::String(String::new()),
        Field::AdditionalCosts => Value::Object(Object::new()),
        _ => Value::Array(Vec::new()),
    })
}

/// The item with the members of a patch; `null` unsets one.
fn patched(item: &Item, patch: &Object, source: Source) -> Result<Item, Vec<Refusal>> {
    let mut reading = Reading::new(source);
    let read = CartItem::SHAPE.read(&Value::Object(patch.clone()), &mut reading);
    let mut refusals = Vec::new();
    note(reading.into_faults(), &mut refusals);
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let mut members = item.members().clone();
    for (name, value) in patch.iter() {
        if *value == Value::Null {
            members.remove(name);
        }
    }
    for (name, value) in read.unwrap_or_default() {
        members.set(&name, value);
    }
    // In their plain form already: read once more, they stand in the order of the model.
    Item::read(&Value::Object(members), Source::Api)
}

fn member_path(field: Field, name: &str) -> Path {
    vec![Step::Key(field.name().to_string()), Step::Key(name.to_string())]
}
