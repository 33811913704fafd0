//! The draft, and one command applied to it.

use std::sync::Arc;

use crate::amount::Amount;
use crate::draft::command::{Command, line_unknown};
use crate::draft::field::{FIELDS, Field, FieldSet};
use crate::draft::limits::{self, CartLimits};
use crate::draft::lines::{Item, Line, LineId, Lines, NewLine, costs};
use crate::draft::refusal::{Code, Refusal};
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

    fn of(field: Field) -> Change {
        let mut change = Change::default();
        change.fields.insert(field);
        change
    }

    fn of_line(line: LineChange) -> Change {
        Change { lines: vec![line], ..Change::of(Field::CartItems) }
    }

    /// Takes what another change did too.
    pub fn join(&mut self, other: Change) {
        self.lines.extend(other.lines);
        self.fields = self.fields.union(other.fields);
        self.line = other.line.or(self.line);
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
        let mut reading = Reading::new(Source::Api);
        let fields = NewCustomerSessionV2::SHAPE.read(session, &mut reading).unwrap_or_default();
        for (name, value) in fields {
            match Field::from_name(&name) {
                None | Some(Field::CartItems | Field::State | Field::EvaluableCampaignIds) => {}
                // Empty means none in an answer, and is refused in a request.
                Some(Field::StoreIntegrationId) if value.as_str() == Some("") => {}
                Some(Field::AdditionalCosts) => {
                    draft.set_costs(value.as_object().cloned().unwrap_or_default())?;
                }
                Some(_) => draft.fields.set(&name, value),
            }
        }
        if let Some(Value::Array(items)) = session.get(Field::CartItems.name()) {
            for (index, item) in items.iter().enumerate() {
                let (id, meta, free) = known(index, item);
                let item = Item::read(item, Source::Api)?;
                let free = free && item.price() == Some(Amount::ZERO);
                draft.push(NewLine { id, item, meta, free })?;
            }
            draft.cart_set = true;
        }
        draft.mark_sent();
        Ok(draft)
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
        let list = self.field(field).and_then(Value::as_array).unwrap_or_default();
        list.iter().filter_map(Value::as_str)
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
        let sent = FIELDS.into_iter().filter(|field| self.sent.contains(*field));
        let sent: Vec<&str> = sent.map(Field::name).collect();
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
        if let Some(Value::Object(costs)) = fields.get(Field::AdditionalCosts.name()) {
            draft.set_costs(costs.clone()).ok()?;
        }
        draft.fields = fields;
        if let Some(lines) = record.get("lines") {
            for line in lines.as_array()? {
                let id = LineId::parse(line.get("id")?.as_str()?)?;
                let item = Item::read(line.get("item")?, Source::Api).ok()?;
                let free = line.get("free").is_some();
                draft.push(NewLine { id, item, meta: line.get("meta").cloned(), free }).ok()?;
            }
            draft.cart_set = true;
        }
        draft.read_sent(record)?;
        reading.into_faults().is_empty().then_some(draft)
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
    pub fn apply_all(&mut self, commands: &[Command]) -> Applied {
        if let [command] = commands {
            return self.apply(command);
        }
        let mut next = self.clone();
        let mut change = Change::default();
        for command in commands {
            change.join(next.apply(command)?);
        }
        *self = next;
        Ok(change)
    }

    /// Applies a command, or refuses it and leaves the draft as it was.
    pub fn apply(&mut self, command: &Command) -> Applied {
        match command {
            Command::Add { line, merge } => self.add(line, *merge),
            Command::Update { id, patch, source } => self.update(*id, patch, *source),
            Command::SetQuantity { id, quantity } => self.set_quantity(*id, *quantity),
            Command::Remove { id } => self.set_quantity(*id, 0),
            Command::Clear => self.replace(&[]),
            Command::Replace { lines } => self.replace(lines),
            Command::Accept { line } => {
                let same = |known: &&Arc<Line>| known.free && known.item.sku() == line.item.sku();
                if let Some(known) = self.lines().iter().find(same) {
                    return Ok(Change { line: Some(known.id), ..Change::default() });
                }
                self.push(line.clone())
            }
            Command::AddCoupon(code) => {
                let mut codes = self.list(Field::CouponCodes);
                if !codes.iter().any(|known| known.as_str() == Some(code)) {
                    codes.push(Value::String(code.clone()));
                    return Ok(self.assign(Field::CouponCodes, Some(Value::Array(codes))));
                }
                Ok(Change::default())
            }
            Command::RemoveCoupon(code) => {
                let mut codes = self.list(Field::CouponCodes);
                if let Some(index) = codes.iter().position(|known| known.as_str() == Some(code)) {
                    codes.remove(index);
                    return Ok(self.assign(Field::CouponCodes, Some(Value::Array(codes))));
                }
                Ok(Change::default())
            }
            // Emptying what was never set would send a field for nothing.
            Command::Empty(field) if self.has(*field) => Ok(self.assign(*field, cleared(*field, true))),
            Command::Empty(_) => Ok(Change::default()),
            Command::SetMember(field, name, value) => {
                let mut members = self.members(*field);
                match value {
                    Some(value) => members.set(name, value.clone()),
                    None if members.remove(name).is_none() => return Ok(Change::default()),
                    None => {}
                }
                match field {
                    Field::AdditionalCosts => self.set_costs(members),
                    _ => Ok(self.assign(*field, Some(Value::Object(members)))),
                }
            }
            Command::UnsetAttribute(name) => self.unset_attribute(name),
            Command::Put { session, lines, whole } => self.put(session, lines.as_deref(), *whole),
            Command::Unset(field) => self.unset(*field),
        }
    }

    fn assign(&mut self, field: Field, value: Option<Value>) -> Change {
        if self.field(field) == value.as_ref() {
            return Change::default();
        }
        match value {
            Some(value) => self.fields.set(field.name(), value),
            None => {
                self.fields.remove(field.name());
            }
        }
        Change::of(field)
    }

    fn members(&self, field: Field) -> Object {
        self.field(field).and_then(Value::as_object).cloned().unwrap_or_default()
    }

    fn list(&self, field: Field) -> Vec<Value> {
        self.field(field).and_then(Value::as_array).unwrap_or_default().to_vec()
    }

    fn add(&mut self, line: &NewLine, merge: bool) -> Applied {
        let equal = if merge { self.lines.equal_to(&line.item).map(|line| line.id) } else { None };
        let Some(id) = equal else {
            return self.push(line.clone());
        };
        let units = self.lines.get(id).map_or(0, |line| line.item.quantity());
        let mut change = self.set_quantity(id, units.saturating_add(line.item.quantity()))?;
        change.line = Some(id);
        Ok(change)
    }

    fn push(&mut self, line: NewLine) -> Applied {
        let id = line.id;
        let lines = self.lines().len().saturating_add(1);
        self.within(lines, self.totals.units.saturating_add(line.item.quantity()))?;
        let part = line.item.part().map_err(|error| amount_refusal(error, key("price")))?;
        let totals = checked(&self.totals, &part)?;
        let index = self.lines.push(line).map_err(|error| amount_refusal(error, key("price")))?;
        self.totals = totals;
        self.cart_set = true;
        Ok(Change { line: Some(id), ..Change::of_line(LineChange::Inserted(index)) })
    }

    /// The limits of the cart, checked before a quantity becomes part of an amount.
    fn within(&self, lines: usize, units: u64) -> Result<(), Vec<Refusal>> {
        let cart = limits::cart(self.limits, lines, units, &key(Field::CartItems.name()));
        cart.map_err(|refusal| vec![refusal])
    }

    fn set_quantity(&mut self, id: LineId, quantity: u64) -> Applied {
        let index = self.index_of(id)?;
        let Some(line) = self.lines().get(index).cloned() else {
            return Ok(Change::default());
        };
        if quantity == 0 {
            self.totals =
                self.totals.minus(line.part()).map_err(|error| amount_refusal(error, key("price")))?;
            self.lines.remove(index);
            return Ok(Change::of_line(LineChange::Removed(index)));
        }
        if quantity == line.item.quantity() {
            return Ok(Change { line: Some(id), ..Change::default() });
        }
        self.units_within(&line, quantity)?;
        let item = line.item.with_quantity(quantity);
        self.exchange(index, &line, NewLine { id, item, meta: line.meta.clone(), free: line.free })
    }

    /// The limit of units where a line gets another quantity.
    fn units_within(&self, line: &Line, quantity: u64) -> Result<(), Vec<Refusal>> {
        let others = self.totals.units.saturating_sub(line.item.quantity());
        self.within(self.lines().len(), others.saturating_add(quantity))
    }

    fn update(&mut self, id: LineId, patch: &Object, source: Source) -> Applied {
        let index = self.index_of(id)?;
        let Some(line) = self.lines().get(index).cloned() else {
            return Ok(Change::default());
        };
        let quantity = patch.get("quantity").and_then(|units| i64::read(units, &mut Reading::new(source)));
        if quantity == Some(0) {
            return self.set_quantity(id, 0);
        }
        let item = patched(&line.item, patch, source)?;
        let meta = match patch.get("meta") {
            None => line.meta.clone(),
            Some(Value::Null) => None,
            Some(meta) => Value::read(meta, &mut Reading::new(source)),
        };
        if item == line.item && meta == line.meta {
            return Ok(Change { line: Some(id), ..Change::default() });
        }
        self.units_within(&line, item.quantity())?;
        // What has a price again is no gift any more.
        let free = line.free && item.price() == Some(Amount::ZERO);
        self.exchange(index, &line, NewLine { id, item, meta, free })
    }

    /// Puts a line into the place of `old`.
    fn exchange(&mut self, index: usize, old: &Line, new: NewLine) -> Applied {
        let id = new.id;
        let without = self.totals.minus(old.part()).map_err(|error| amount_refusal(error, key("price")))?;
        let part = new.item.part().map_err(|error| amount_refusal(error, key("price")))?;
        let totals = checked(&without, &part)?;
        self.lines.replace(index, new).map_err(|error| amount_refusal(error, key("price")))?;
        self.totals = totals;
        Ok(Change { line: Some(id), ..Change::of_line(LineChange::Updated(index)) })
    }

    fn replace(&mut self, lines: &[NewLine]) -> Applied {
        if self.cart_set && self.lines().is_empty() && lines.is_empty() {
            return Ok(Change::default());
        }
        let costs = Totals { costs: self.totals.costs, ..Totals::default() };
        let mut next =
            Draft { lines: Lines::default(), totals: costs, limits: self.limits, ..Draft::default() };
        for (index, line) in lines.iter().enumerate() {
            let place = |refusal: Refusal| refusal_at(index, refusal);
            next.push(line.clone()).map_err(|found| found.into_iter().map(place).collect::<Vec<_>>())?;
        }
        self.lines = next.lines;
        self.totals = next.totals;
        self.cart_set = true;
        Ok(Change::of_line(LineChange::All))
    }

    fn set_costs(&mut self, members: Object) -> Applied {
        let members = Value::Object(members);
        let mut totals = Totals { costs: Amount::ZERO, ..self.totals };
        for (name, price) in costs(Some(&members)) {
            let part = Totals { costs: price, ..Totals::default() };
            let sum = totals.plus(&part).and_then(|sum| sum.total().map(|_| sum));
            totals = sum.map_err(|error| amount_refusal(error, cost_path(name)))?;
        }
        self.totals = totals;
        Ok(self.assign(Field::AdditionalCosts, Some(members)))
    }

    fn unset_attribute(&mut self, name: &str) -> Applied {
        if self.sent_attributes.get(name).is_some() {
            let mut path = key(Field::Attributes.name());
            path.push(Step::Key(name.to_string()));
            return Err(vec![Refusal::new(Code::CannotUnset, path)]);
        }
        let mut attributes = self.members(Field::Attributes);
        if attributes.remove(name).is_none() {
            return Ok(Change::default());
        }
        let nothing = attributes.is_empty() && !self.sent.contains(Field::Attributes);
        Ok(self.assign(Field::Attributes, (!nothing).then_some(Value::Object(attributes))))
    }

    /// Session attributes as a whole: those that were sent and are not among them become `null`.
    fn set_attributes(&mut self, attributes: Object) -> Change {
        // Given, removed, and given once more, which wins.
        let attributes = attributes.clone().joined(self.sent_attributes.clone()).joined(attributes);
        self.assign(Field::Attributes, Some(Value::Object(attributes)))
    }

    fn put(&mut self, session: &Object, lines: Option<&[NewLine]>, whole: bool) -> Applied {
        let mut next = self.clone();
        let mut change = Change::default();
        let mut refusals = Vec::new();
        for field in FIELDS {
            let value = session.get(field.name());
            let applied = match (field, value, lines) {
                (Field::CartItems, _, Some(lines)) => next.replace(lines).map_err(in_cart),
                (Field::AdditionalCosts, Some(Value::Object(costs)), _) => next.set_costs(costs.clone()),
                (Field::Attributes, Some(Value::Object(attributes)), _) => {
                    Ok(next.set_attributes(attributes.clone()))
                }
                (_, Some(value), _) => Ok(next.assign(field, Some(value.clone()))),
                // It cannot be cleared: absent, the one that was sent stays.
                (Field::StoreIntegrationId, None, _) if self.sent.contains(field) => continue,
                (_, None, _) if whole => next.unset(field),
                (_, None, _) => continue,
            };
            match applied {
                Ok(part) => change.join(part),
                Err(found) => refusals.extend(found),
            }
        }
        if !refusals.is_empty() {
            return Err(refusals);
        }
        *self = next;
        Ok(change)
    }

    /// Stops sending a field, or clears it where the server may know it.
    fn unset(&mut self, field: Field) -> Applied {
        if !self.has(field) {
            return Ok(Change::default());
        }
        let sent = self.sent.contains(field);
        match field {
            Field::StoreIntegrationId if sent => {
                Err(vec![Refusal::new(Code::CannotUnset, key(field.name()))])
            }
            Field::Attributes if sent => Ok(self.set_attributes(Object::new())),
            Field::CartItems => {
                let mut change = self.replace(&[])?;
                if !sent {
                    self.cart_set = false;
                    change.fields.insert(field);
                }
                Ok(change)
            }
            Field::AdditionalCosts => {
                let mut change = self.set_costs(Object::new())?;
                change.join(self.assign(field, cleared(field, sent)));
                Ok(change)
            }
            _ => Ok(self.assign(field, cleared(field, sent))),
        }
    }

    fn index_of(&self, id: LineId) -> Result<usize, Vec<Refusal>> {
        self.lines.index_of(id).ok_or_else(|| vec![line_unknown(&id.to_text())])
    }
}

/// The totals with a part more, where they can be summed up.
fn checked(totals: &Totals, part: &Totals) -> Result<Totals, Vec<Refusal>> {
    let sum = totals.plus(part).and_then(|sum| sum.total().map(|_| sum));
    sum.map_err(|error| amount_refusal(error, key("price")))
}

/// The value that clears a field on the server, or nothing where the server never heard of it.
fn cleared(field: Field, sent: bool) -> Option<Value> {
    sent.then(|| match field {
        Field::ProfileId | Field::ReferralCode => Value::String(String::new()),
        Field::AdditionalCosts => Value::Object(Object::new()),
        _ => Value::Array(Vec::new()),
    })
}

/// Refusals of lines, placed in the list of them.
fn in_cart(refusals: Vec<Refusal>) -> Vec<Refusal> {
    let below = |refusal: Refusal| match refusal.path.first() {
        Some(Step::Index(_)) => refusal.inside(Step::Key(Field::CartItems.name().to_string())),
        _ => refusal,
    };
    refusals.into_iter().map(below).collect()
}

/// The item with the members of a patch; `null` unsets one.
fn patched(item: &Item, patch: &Object, source: Source) -> Result<Item, Vec<Refusal>> {
    let mut reading = Reading::new(source);
    let read = CartItem::SHAPE.read(&Value::Object(patch.clone()), &mut reading);
    let faults = reading.into_faults();
    if !faults.is_empty() {
        return Err(faults.into_iter().map(Refusal::from).collect());
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

fn cost_path(name: &str) -> Path {
    vec![Step::Key(Field::AdditionalCosts.name().to_string()), Step::Key(name.to_string())]
}

fn refusal_at(index: usize, refusal: Refusal) -> Refusal {
    match refusal.code {
        // The limits of the cart belong to the list, not to the line that passed them.
        Code::LinesLimit | Code::UnitsLimit => refusal,
        _ => refusal.inside(Step::Index(index)),
    }
}

fn amount_refusal(error: crate::amount::AmountError, path: Path) -> Vec<Refusal> {
    vec![Refusal::new(Code::Amount(error), path)]
}
