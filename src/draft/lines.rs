//! The lines of the cart, in order, found by id without a scan.

use std::sync::Arc;

use crate::amount::{Amount, AmountError};
use crate::draft::field::Field;
use crate::draft::hash::{push_hex, read_hex};
use crate::draft::limits;
use crate::draft::refusal::{Code, Figure, Refusal, note};
use crate::draft::totals::Totals;
use crate::model::CartItem;
use crate::model::index::{Index, START, hash};
use crate::model::json::{Object, Value};
use crate::model::wire::{Reading, Source, Step, key, write_count, write_integer};

/// The id of a line; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineId(pub u64);

impl LineId {
    /// Reads the text of an id.
    pub fn parse(text: &str) -> Option<LineId> {
        read_hex(text).map(LineId)
    }

    /// 16 hexadecimal digits.
    pub fn to_text(self) -> String {
        let mut out = String::new();
        push_hex(self.0, &mut out);
        out
    }
}

/// What a line holds, checked: it has a SKU, a quantity of at least 1, exact amounts, and names
/// that the API accepts. Members that only the server sets are never in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    members: Object,
    quantity: u64,
    price: Option<Amount>,
}

impl Item {
    /// What stands for an item that was refused, until its refusal is told.
    pub(super) fn none() -> Item {
        Item { members: Object::new(), quantity: 1, price: None }
    }

    /// Reads and checks a `CartItem` of the API.
    pub fn read(value: &Value, source: Source) -> Result<Item, Vec<Refusal>> {
        let mut reading = Reading::new(source);
        let members = CartItem::SHAPE.read(value, &mut reading);
        let mut refusals = Vec::new();
        note(reading.into_faults(), &mut refusals);
        match members {
            Some(members) if refusals.is_empty() => Item::new(members),
            _ => Err(refusals),
        }
    }

    /// Checks the members of a cart item, read in their plain form.
    pub fn new(members: Object) -> Result<Item, Vec<Refusal>> {
        let mut refusals = Vec::new();
        if members.get("sku").and_then(Value::as_str).unwrap_or_default().is_empty() {
            refusals.push(Refusal::new(Code::SkuEmpty, key("sku")));
        }
        let given = members.get("quantity").and_then(Value::as_integer);
        let quantity =
            given.and_then(|quantity| u64::try_from(quantity).ok()).filter(|quantity| *quantity > 0);
        if quantity.is_none() {
            refusals.push(quantity_refusal(given));
        }
        if members.get("product").is_some_and(|product| product.get("name").is_none()) {
            refusals
                .push(Refusal::new(Code::ValueType, key("name")).inside(Step::Key("product".to_string())));
        }
        for name in [Field::Attributes, Field::AdditionalCosts].map(Field::name) {
            check_names(name, members.get(name), &mut refusals);
        }
        let price = members.get("price").and_then(amount);
        if refusals.is_empty() {
            Ok(Item { members, quantity: quantity.unwrap_or(1), price })
        } else {
            Err(refusals)
        }
    }

    /// The same with another quantity of at least 1.
    pub fn with_quantity(&self, quantity: u64) -> Item {
        let mut digits = String::new();
        write_count(quantity, &mut digits);
        let mut item = self.clone();
        item.members.set("quantity", Value::Number(digits));
        item.quantity = quantity;
        item
    }

    /// As the API has it.
    pub fn members(&self) -> &Object {
        &self.members
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name).and_then(Value::as_str)
    }

    /// Its SKU.
    pub fn sku(&self) -> &str {
        self.text("sku").unwrap_or_default()
    }

    /// What it is called.
    pub fn name(&self) -> Option<&str> {
        self.text("name")
    }

    /// Its units.
    pub fn quantity(&self) -> u64 {
        self.quantity
    }

    /// Its unit price; none where a catalogue has it.
    pub fn price(&self) -> Option<Amount> {
        self.price
    }

    /// Its costs, each once whatever the quantity (the API does not say; `quote.mismatch` tells
    /// when a deployment counts otherwise).
    pub fn costs(&self) -> impl Iterator<Item = (&str, Amount)> {
        costs(self.members.get(Field::AdditionalCosts.name()))
    }

    /// What it adds to the totals.
    pub fn part(&self) -> Result<Totals, AmountError> {
        let mut part = Totals { units: self.quantity, ..Totals::default() };
        match self.price {
            Some(price) => part.items = price.times(self.quantity)?,
            None => part.unpriced = 1,
        }
        for (_, price) in self.costs() {
            part.item_costs = part.item_costs.add(price)?;
        }
        Ok(part)
    }

    /// The same for equal items; members of objects count in any order.
    fn likeness(&self) -> u64 {
        let mut hash = hash(self.sku(), START);
        for field in [Field::Attributes, Field::AdditionalCosts] {
            for (name, value) in self.members.at(field.name()).members() {
                let mut text = name.clone();
                value.write(&mut text);
                hash = hash.wrapping_add(crate::model::index::hash(&text, START));
            }
        }
        hash
    }

    /// Whether units of both may stand on one line: SKU, price, attributes and costs are the same.
    pub fn is_like(&self, other: &Item) -> bool {
        let empty = Value::Object(Object::new());
        for field in [Field::Attributes, Field::AdditionalCosts] {
            let [one, other] = [self, other].map(|item| item.members.get(field.name()).unwrap_or(&empty));
            if !one.same(other) {
                return false;
            }
        }
        self.sku() == other.sku() && self.price == other.price
    }
}

/// The amount of a number that was read in its plain form.
fn amount(value: &Value) -> Option<Amount> {
    match value {
        Value::Number(digits) => Amount::parse(digits).ok(),
        _ => None,
    }
}

/// The costs of a line or of a session by name.
pub fn costs(costs: Option<&Value>) -> impl Iterator<Item = (&str, Amount)> {
    let costs = costs.map(Value::members).unwrap_or_default().iter();
    costs.filter_map(|(name, cost)| Some((name.as_str(), amount(cost.at("price"))?)))
}

/// Names of attributes and costs that the API accepts, and a price for each cost.
pub fn check_names(member: &str, value: Option<&Value>, refusals: &mut Vec<Refusal>) {
    for (name, value) in value.map(Value::members).unwrap_or_default() {
        let mut path = key(member);
        path.push(Step::Key(name.to_string()));
        refusals.extend(limits::name(name, path.clone()).err());
        if member == Field::AdditionalCosts.name() && value.get("price").is_none() {
            path.push(Step::Key("price".to_string()));
            refusals.push(Refusal::new(Code::ValueType, path));
        }
    }
}

/// A quantity that is no count of at least 1.
pub fn quantity_refusal(actual: Option<i64>) -> Refusal {
    let mut refusal = Refusal::new(Code::QuantityInvalid, key("quantity"));
    refusal.limit = Some(Figure::Count(1));
    match actual {
        Some(actual) => {
            let mut text = String::new();
            write_integer(actual, &mut text);
            refusal.with_actual(&text)
        }
        None => refusal,
    }
}

/// One line of the cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: LineId,
    /// What it holds.
    pub item: Item,
    /// Whatever the shop keeps with it; stored, never sent.
    pub meta: Option<Value>,
    /// Whether it is an offer of the rule engine that the shopper took.
    pub free: bool,
    order: u64,
    likeness: u64,
    part: Totals,
    text: String,
}

impl Line {
    /// Its text in a request, kept until the line changes.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it adds to the totals.
    pub fn part(&self) -> &Totals {
        &self.part
    }
}

/// What a new line is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLine {
    /// Its id.
    pub id: LineId,
    /// What it holds.
    pub item: Item,
    /// Whatever the shop keeps with it.
    pub meta: Option<Value>,
    /// Whether it is an offer that the shopper took.
    pub free: bool,
}

fn line(new: NewLine, order: u64, part: Totals) -> Line {
    let mut text = String::new();
    new.item.members.write(&mut text);
    let likeness = new.item.likeness();
    // What has a price is no gift.
    let free = new.free && new.item.price() == Some(Amount::ZERO);
    Line { id: new.id, order, likeness, part, text, item: new.item, meta: new.meta, free }
}

/// All lines in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lines {
    list: Vec<Arc<Line>>,
    /// (id, order): the order of a line by its id; its index is then found by bisection.
    by_id: Index,
    /// (likeness, order): the lines that may be equal to an item.
    by_likeness: Index,
    next_order: u64,
}

impl Lines {
    /// The lines in order.
    pub fn list(&self) -> &[Arc<Line>] {
        &self.list
    }

    /// The index of a line.
    pub fn index_of(&self, id: LineId) -> Option<usize> {
        self.index_of_order(self.by_id.places(id.0).next()?)
    }

    /// The line of that id.
    pub fn get(&self, id: LineId) -> Option<&Arc<Line>> {
        self.list.get(self.index_of(id)?)
    }

    /// The eldest line that an equal item may join.
    pub fn equal_to(&self, item: &Item) -> Option<&Arc<Line>> {
        self.by_likeness
            .places(item.likeness())
            .filter_map(|order| self.list.get(self.index_of_order(order)?))
            .find(|line| !line.free && line.item.is_like(item))
    }

    /// Adds a line, with its part of the totals, at the end.
    pub fn push(&mut self, new: NewLine, part: Totals) -> usize {
        let line = line(new, self.next_order, part);
        self.next_order = self.next_order.saturating_add(1);
        self.enter(&line);
        self.list.push(Arc::new(line));
        self.list.len().saturating_sub(1)
    }

    /// Puts another line into the place of one.
    pub fn replace(&mut self, index: usize, new: NewLine, part: Totals) {
        let Some(old) = self.list.get(index).cloned() else {
            return;
        };
        let line = line(new, old.order, part);
        self.leave(&old);
        self.enter(&line);
        if let Some(slot) = self.list.get_mut(index) {
            *slot = Arc::new(line);
        }
    }

    /// Takes a line out.
    pub fn remove(&mut self, index: usize) {
        if index < self.list.len() {
            let line = self.list.remove(index);
            self.leave(&line);
        }
    }

    fn enter(&mut self, line: &Line) {
        self.by_id.insert(line.id.0, line.order);
        self.by_likeness.insert(line.likeness, line.order);
    }

    fn leave(&mut self, line: &Line) {
        self.by_id.remove(line.id.0, line.order);
        self.by_likeness.remove(line.likeness, line.order);
    }

    fn index_of_order(&self, order: u64) -> Option<usize> {
        self.list.binary_search_by(|line| line.order.cmp(&order)).ok()
    }
}
