//! What is done with an order that was placed: reopening it, or giving units of it back (rule 9).
//!
//! Neither may happen twice, and the second of two returns is a return like the first. So a new key
//! is used only when a read has shown that nothing came of the last one, and that nothing can any more.

use crate::draft::refusal::{Code, Refusal};
use crate::draft::state::Endpoint;
use crate::draft::{LineId, quantity_refusal};
use crate::model::json::Value;
use crate::model::wire::{Path, Step, key, write_integer};
use crate::sync::error::{SyncCode, SyncError};
use crate::sync::machine::Machine;
use crate::sync::moves::{Aim, Move};

/// Units of one line that come back.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Units {
    /// The line, as the server counts them.
    position: i64,
    quantity: i64,
    /// Units of it that had come back before.
    before: i64,
}

impl Machine {
    /// A move of an order is on its way to being recorded, together with the order.
    pub(super) fn keep_order(&mut self) {
        self.keeping.head |= !self.state.is_open();
    }

    /// Begins to reopen or to give back as soon as the session is known, and nothing else is under way.
    pub(super) fn begin_with_order(&mut self, quiet: bool) {
        let Some(moving) = self.moving.as_ref().filter(|_| self.opening.is_none()) else {
            return;
        };
        let mut found = Vec::new();
        let mut error = (!self.takes(moving)).then(|| self.forbidden());
        if let (None, Aim::Return { wanted, .. }) = (&error, &moving.aim) {
            error = self.find_units(wanted, &mut found).err().map(SyncError::from);
        }
        if let Some(error) = error {
            self.give_up_move(&error);
        } else if let Some(moving) = self.moving.as_mut().filter(|_| quiet && !self.read_wanted) {
            moving.begun = true;
            if let Aim::Return { units, .. } = &mut moving.aim {
                *units = found;
            }
            self.keep_order();
        }
    }

    /// Whether the state table lets the order be reopened, or units of it be given back.
    fn takes(&self, moving: &Move) -> bool {
        let by = if matches!(moving.aim, Aim::Reopen) { Endpoint::Reopen } else { Endpoint::Returns };
        self.options.transitions.endpoint(&self.state, &moving.goal()) == Some(by)
    }

    /// Which units of which lines are meant; refused where a line is unknown or has fewer left.
    fn find_units(&self, wanted: &Value, units: &mut Vec<Units>) -> Result<(), Refusal> {
        let items = cart_items(self.session.as_deref());
        for (place, item) in items.iter().enumerate() {
            units.push(Units { position: position(place, item), quantity: 0, before: returned(item) });
        }
        let wanted = wanted.items();
        if wanted.is_empty() {
            return Err(Refusal::new(Code::ValueType, Path::new()));
        }
        for (index, wanted) in wanted.iter().enumerate() {
            self.take_units(wanted, items, units).map_err(|refusal| refusal.inside(Step::Index(index)))?;
        }
        units.retain(|units| units.quantity > 0);
        Ok(())
    }

    /// Adds the units that one entry of a return means; those of an SKU are taken line by line.
    fn take_units(&self, wanted: &Value, items: &[Value], units: &mut [Units]) -> Result<(), Refusal> {
        let given = |name: &str| wanted.get(name).filter(|value| **value != Value::Null);
        let (name, value) = match (given("lineId"), given("sku"), given("position")) {
            (Some(id), None, None) => ("lineId", id),
            (None, Some(sku), None) => ("sku", sku),
            (None, None, Some(position)) => ("position", position),
            _ => return Err(Refusal::new(Code::ValueType, Path::new())),
        };
        let lines = self.draft.lines();
        let id = value.as_str().and_then(LineId::parse);
        let is_meant = |place: usize, item: &Value| match name {
            "position" => value.as_integer() == Some(position(place, item)),
            "sku" => value.as_str() == Some(sku(item)),
            // The lines of the draft are those of the order where both have the same SKU there.
            _ => lines.get(place).is_some_and(|line| Some(line.id) == id && sku(item) == line.item.sku()),
        };
        let (mut left, mut known) = (0_i64, false);
        for (place, (item, units)) in items.iter().zip(&*units).enumerate() {
            if is_meant(place, item) {
                known = true;
                left = left.saturating_add(remaining(item)).saturating_sub(units.quantity);
            }
        }
        if !known {
            let actual = value.as_str().map_or_else(|| value.to_text(), str::to_string);
            return Err(Refusal::new(Code::LineUnknown, key(name)).with_actual(&actual));
        }
        let quantity = match given("quantity") {
            // The whole rest; where there is none, one unit is too many.
            None => left.max(1),
            Some(quantity) => quantity.as_integer().unwrap_or_default(),
        };
        if quantity < 1 {
            return Err(quantity_refusal(given("quantity").and_then(Value::as_integer)));
        }
        if quantity > left {
            let count = i64::unsigned_abs;
            return Err(Refusal::count(Code::UnitsLimit, key("quantity"), count(left), count(quantity)));
        }
        let mut missing = quantity;
        for (place, (item, units)) in items.iter().zip(units).enumerate() {
            if is_meant(place, item) {
                let taken = remaining(item).saturating_sub(units.quantity).min(missing);
                units.quantity = units.quantity.saturating_add(taken);
                missing = missing.saturating_sub(taken);
            }
        }
        Ok(())
    }

    /// The body of the return that is under way. Lines go by their position, which every release of
    /// the API takes.
    pub(super) fn return_text(&self) -> Option<String> {
        let Some(Move { aim: Aim::Return { units, .. }, .. }) = &self.moving else {
            return None;
        };
        let mut out = "{\"return\":{\"returnedCartItems\":[".to_string();
        for (index, units) in units.iter().enumerate() {
            out.push_str(if index > 0 { ",{\"position\":" } else { "{\"position\":" });
            write_integer(units.position, &mut out);
            out.push_str(",\"quantity\":");
            write_integer(units.quantity, &mut out);
            out.push('}');
        }
        // Nothing else that an answer may hold is of use to the quote.
        let loyalty = self.options.response_content.iter().any(|word| word == "loyalty");
        out.push_str("]},\"responseContent\":[\"customerSession\"");
        out.push_str(if loyalty { ",\"loyalty\"]}" } else { "]}" });
        Some(out)
    }

    /// Whether a move that is on record no more took effect, as far as that is known here.
    pub(super) fn is_reached(&self, moving: &Move) -> bool {
        match &moving.aim {
            Aim::Return { units, .. } => {
                moving.begun && are_back(units, cart_items(self.session.as_deref())) == Some(true)
            }
            _ => moving.goal() == self.state,
        }
    }

    /// The order is open again, as an answer says; the session itself has to be read.
    pub(super) fn reopened(&mut self) {
        // A read that does not show it may not lead to a second reopening.
        self.move_refused(SyncError { status: Some(200), ..SyncError::new(SyncCode::BadAnswer) });
    }

    /// What a read that was sent then says of a move whose own answer is not known, or says too little.
    pub(super) fn order_read(&mut self, error: SyncError, session: &Value, sent: u64) -> bool {
        let Some(moving) = &self.moving else {
            return false;
        };
        let takes = self.takes(moving);
        let made = match &moving.aim {
            Aim::Return { units, .. } if takes => are_back(units, cart_items(Some(session))),
            Aim::Reopen if self.state.is_open() => Some(true),
            _ => takes.then_some(false),
        };
        if made == Some(true) {
            if self.state.is_open() {
                self.own = self.session.clone();
                self.keeping.head = true;
                self.quote_fresh = false;
                self.update_wanted = true;
                self.reopened = true;
            }
            self.moved();
            return true;
        }
        if made == Some(false) && error.status.is_none() && self.foreign.is_none() {
            if self.suspect.is_some() && sent < self.settled_at() {
                // What was sent may still arrive, and would come on top.
                self.resume_at = self.settled_at();
                self.read_wanted = true;
            } else {
                self.try_move_again();
            }
            return true;
        }
        let error = match error.status {
            Some(_) => error,
            // Somebody else does something like it just now.
            None if takes => {
                self.foreign.get_or_insert(0);
                SyncError::new(SyncCode::Overlap)
            }
            None => self.forbidden(),
        };
        self.give_up_move(&error);
        self.error = Some(error);
        false
    }
}

fn cart_items(session: Option<&Value>) -> &[Value] {
    session.and_then(|session| session.get("cartItems")?.as_array()).unwrap_or_default()
}

fn count(item: &Value, name: &str) -> Option<i64> {
    item.get(name).and_then(Value::as_integer)
}

/// Where a line stands in the order, as the server counts.
fn position(place: usize, item: &Value) -> i64 {
    count(item, "position").unwrap_or_else(|| i64::try_from(place).unwrap_or(i64::MAX))
}

fn sku(item: &Value) -> &str {
    item.text("sku").unwrap_or_default()
}

/// Units of a line that came back.
fn returned(item: &Value) -> i64 {
    count(item, "returnedQuantity").unwrap_or_default()
}

/// Units of a line that are still with the shopper.
fn remaining(item: &Value) -> i64 {
    let quantity = || count(item, "quantity").unwrap_or_default().saturating_sub(returned(item));
    count(item, "remainingQuantity").unwrap_or_else(quantity)
}

/// Whether these units came back: all of them, none of them, or nobody can tell.
fn are_back(units: &[Units], items: &[Value]) -> Option<bool> {
    let (mut all, mut none) = (true, true);
    for units in units {
        let mut now = None;
        for (place, item) in items.iter().enumerate() {
            if position(place, item) == units.position {
                now = Some(returned(item));
            }
        }
        let now = now?.saturating_sub(units.before);
        all &= now == units.quantity;
        none &= now == 0;
    }
    if all { Some(true) } else { none.then_some(false) }
}

/// Appends units as a record has them: three numbers of each.
pub(super) fn write_units(units: &[Units], out: &mut String) {
    for (index, units) in units.iter().enumerate() {
        for (nth, count) in [units.position, units.quantity, units.before].into_iter().enumerate() {
            out.push_str(if index > 0 || nth > 0 { "," } else { "" });
            write_integer(count, out);
        }
    }
}

/// Reads the units of a record.
pub(super) fn read_units(record: &Value) -> Option<Vec<Units>> {
    let mut units = Vec::new();
    let mut numbers = record.as_array()?.iter().map(Value::as_integer);
    while let Some(position) = numbers.next() {
        units.push(Units { position: position?, quantity: numbers.next()??, before: numbers.next()?? });
    }
    Some(units)
}
