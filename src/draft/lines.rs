//! The lines of the cart, in order, found by id without a scan.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::amount::{Amount, AmountError};
use crate::draft::hash::{START, fnv, push_hex, read_hex};
use crate::draft::limits;
use crate::draft::refusal::{Code, Refusal};
use crate::draft::totals::Totals;
use crate::model::json::{Object, Value, write_string};
use crate::model::wire::{Step, Wire, Writer, key};
use crate::model::{AdditionalCost, CartItem};

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
    model: CartItem,
    quantity: u64,
}

impl Item {
    /// Checks a cart item of the API.
    pub fn new(mut model: CartItem) -> Result<Item, Vec<Refusal>> {
        let mut refusals = Vec::new();
        if model.sku.as_deref().unwrap_or_default().is_empty() {
            refusals.push(Refusal::new(Code::SkuEmpty, key("sku")));
        }
        let quantity = match u64::try_from(model.quantity.unwrap_or(0)) {
            Ok(quantity) if quantity > 0 => quantity,
            _ => {
                refusals.push(quantity_refusal(model.quantity));
                1
            }
        };
        if let Some(product) = &model.product
            && product.name.is_none()
        {
            refusals
                .push(Refusal::new(Code::ValueType, key("name")).inside(Step::Key("product".to_string())));
        }
        for (name, _) in model.attributes.iter().flat_map(Object::iter) {
            check_name(name, "attributes", &mut refusals);
        }
        for (name, cost) in model.additional_costs.iter().flat_map(|costs| &costs.0) {
            check_name(name, "additionalCosts", &mut refusals);
            if cost.price.is_none() {
                refusals.push(price_missing(name));
            }
        }
        model.returned_quantity = None;
        model.remaining_quantity = None;
        model.position = None;
        model.catalog_item_id = None;
        model.selected_price_type = None;
        model.adjustment_reference_id = None;
        model.adjustment_effective_from = None;
        model.adjustment_effective_until = None;
        model.prices = None;
        if refusals.is_empty() { Ok(Item { model, quantity }) } else { Err(refusals) }
    }

    /// The same with another quantity of at least 1.
    pub fn with_quantity(&self, quantity: u64) -> Result<Item, Vec<Refusal>> {
        let quantity = i64::try_from(quantity).unwrap_or(i64::MAX);
        Item::new(CartItem { quantity: Some(quantity), ..self.model.clone() })
    }

    /// As the API has it.
    pub fn model(&self) -> &CartItem {
        &self.model
    }

    /// Its SKU.
    pub fn sku(&self) -> &str {
        self.model.sku.as_deref().unwrap_or_default()
    }

    /// Its units.
    pub fn quantity(&self) -> u64 {
        self.quantity
    }

    /// Price × quantity, where there is a price.
    pub fn subtotal(&self) -> Option<Amount> {
        self.model.price?.times(self.quantity).ok()
    }

    /// Its costs, each once whatever the quantity (the API does not say; `quote.mismatch` tells
    /// when a deployment counts otherwise).
    pub fn costs(&self) -> impl Iterator<Item = (&str, Amount)> {
        let costs = self.model.additional_costs.iter().flat_map(|costs| &costs.0);
        costs.filter_map(|(name, cost): &(String, AdditionalCost)| Some((name.as_str(), cost.price?)))
    }

    /// What it adds to the totals.
    pub fn part(&self) -> Result<Totals, AmountError> {
        let mut part = Totals { units: self.quantity, ..Totals::default() };
        match self.model.price {
            Some(price) => part.items = price.times(self.quantity)?,
            None => part.unpriced = 1,
        }
        for (_, price) in self.costs() {
            part.item_costs = part.item_costs.add(price)?;
        }
        Ok(part)
    }

    /// What equal lines have in common: SKU, price, attributes and costs.
    fn likeness(&self) -> String {
        let mut out = Writer::default();
        self.model.sku.clone().unwrap_or_default().write(&mut out);
        if let Some(price) = &self.model.price {
            price.write(&mut out);
        }
        let mut attributes: Vec<(&str, &Value)> =
            self.model.attributes.iter().flat_map(Object::iter).collect();
        attributes.sort_by_key(|(name, _)| *name);
        // Names go in with quotes, so that no name and value together read as another pair.
        for (name, value) in attributes {
            write_string(name, &mut out.text);
            value.write(&mut out.text);
        }
        let mut costs: Vec<(&str, Amount)> = self.costs().collect();
        costs.sort();
        for (name, price) in costs {
            out.text.push('+');
            write_string(name, &mut out.text);
            price.write(&mut out);
        }
        out.text
    }
}

fn check_name(name: &str, member: &str, refusals: &mut Vec<Refusal>) {
    if let Err(refusal) = limits::name(name, vec![Step::Key(member.to_string()), Step::Key(name.to_string())])
    {
        refusals.push(refusal);
    }
}

/// A cost without a price.
pub fn price_missing(name: &str) -> Refusal {
    let path = ["additionalCosts", name, "price"];
    Refusal::new(Code::ValueType, path.iter().map(|step| Step::Key((*step).to_string())).collect())
}

/// A quantity that is no count of at least 1.
pub fn quantity_refusal(actual: Option<i64>) -> Refusal {
    let mut refusal = Refusal::new(Code::QuantityInvalid, key("quantity"));
    refusal.limit = Some(crate::draft::refusal::Figure::Count(1));
    match actual {
        Some(actual) => {
            let mut text = String::new();
            crate::model::wire::write_integer(actual, &mut text);
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

/// All lines in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lines {
    list: Vec<Arc<Line>>,
    /// (id, order): the order of a line by its id; its index is then found by bisection.
    by_id: BTreeSet<(u64, u64)>,
    /// (likeness, order): the lines that may be equal to an item.
    by_likeness: BTreeSet<(u64, u64)>,
    next_order: u64,
}

impl Lines {
    /// The lines in order.
    pub fn list(&self) -> &[Arc<Line>] {
        &self.list
    }

    /// The index of a line.
    pub fn index_of(&self, id: LineId) -> Option<usize> {
        let (_, order) = self.by_id.range((id.0, 0)..=(id.0, u64::MAX)).next()?;
        self.index_of_order(*order)
    }

    /// The line of that id.
    pub fn get(&self, id: LineId) -> Option<&Arc<Line>> {
        self.list.get(self.index_of(id)?)
    }

    /// The eldest line that an equal item may join.
    pub fn equal_to(&self, item: &Item) -> Option<&Arc<Line>> {
        let text = item.likeness();
        let hash = fnv(&text, START);
        self.by_likeness
            .range((hash, 0)..=(hash, u64::MAX))
            .filter_map(|(_, order)| self.list.get(self.index_of_order(*order)?))
            .find(|line| !line.free && line.item.likeness() == text)
    }

    /// Adds a line at the end.
    pub fn push(&mut self, new: NewLine) -> Result<usize, AmountError> {
        let line = self.line(new, self.next_order)?;
        self.next_order = self.next_order.saturating_add(1);
        self.enter(&line);
        self.list.push(Arc::new(line));
        Ok(self.list.len().saturating_sub(1))
    }

    /// Puts another line into the place of one.
    pub fn replace(&mut self, index: usize, new: NewLine) -> Result<(), AmountError> {
        let Some(old) = self.list.get(index).cloned() else {
            return Ok(());
        };
        let line = self.line(new, old.order)?;
        self.leave(&old);
        self.enter(&line);
        if let Some(slot) = self.list.get_mut(index) {
            *slot = Arc::new(line);
        }
        Ok(())
    }

    /// Takes a line out.
    pub fn remove(&mut self, index: usize) {
        if index < self.list.len() {
            let line = self.list.remove(index);
            self.leave(&line);
        }
    }

    fn line(&self, new: NewLine, order: u64) -> Result<Line, AmountError> {
        Ok(Line {
            id: new.id,
            order,
            likeness: fnv(&new.item.likeness(), START),
            part: new.item.part()?,
            text: new.item.model().to_request_text(),
            item: new.item,
            meta: new.meta,
            free: new.free,
        })
    }

    fn enter(&mut self, line: &Line) {
        self.by_id.insert((line.id.0, line.order));
        self.by_likeness.insert((line.likeness, line.order));
    }

    fn leave(&mut self, line: &Line) {
        self.by_id.remove(&(line.id.0, line.order));
        self.by_likeness.remove(&(line.likeness, line.order));
    }

    fn index_of_order(&self, order: u64) -> Option<usize> {
        self.list.binary_search_by(|line| line.order.cmp(&order)).ok()
    }
}
