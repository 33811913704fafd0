//! Free items that were taken, as long as they are offered.

use std::sync::Arc;

use crate::draft::Line;
use crate::draft::command::Command;
use crate::model::json::Value;
use crate::model::wire::write_count;
use crate::sync::event::{Edit, Notice};
use crate::sync::machine::Machine;

impl Machine {
    /// Takes out what is in the cart for nothing and is offered no more, and tells it.
    ///
    /// Only a fresh answer to an update with the cart as it is says so: newer edits have an answer of
    /// their own, and what a read or an answer out of the server's memory does not offer is asked for
    /// by one more update.
    pub(super) fn withdraw(&mut self, updated: bool) {
        if self.is_dirty() || self.may_edit().is_err() {
            return;
        }
        let offers = self.quote.as_ref().map(|quote| quote.free_items.as_slice()).unwrap_or_default();
        let mut kept: Vec<(Arc<Line>, u64)> = Vec::new();
        for line in self.draft.lines().iter().filter(|line| line.free) {
            let mut left = 0_u64;
            for offer in offers.iter().filter(|offer| offer.sku == line.item.sku()) {
                left = left.saturating_add(offer.quantity);
            }
            for (known, units) in &kept {
                if known.item.sku() == line.item.sku() {
                    left = left.saturating_sub(*units);
                }
            }
            kept.push((line.clone(), left.min(line.item.quantity())));
        }
        kept.retain(|(line, units)| *units < line.item.quantity());
        if kept.is_empty() {
            return;
        }
        if !updated || !self.quote_fresh {
            // A session that somebody else wrote is not written over unasked.
            self.update_wanted |= updated || self.quote_fresh;
            return;
        }
        for (line, quantity) in kept {
            let mut raw = "{\"do\":\"cart.setQuantity\",\"lineId\":\"".to_string();
            raw.push_str(&line.id.to_text());
            raw.push_str("\",\"quantity\":");
            write_count(quantity, &mut raw);
            raw.push('}');
            let raw = Value::parse(&raw).unwrap_or(Value::Null);
            let command = Command::SetQuantity { id: line.id, quantity };
            let edit = Edit { command, raw, ids: self.ids.first() };
            if self.edit(vec![edit]).is_ok() {
                let gone = line.item.quantity().saturating_sub(quantity);
                self.emit(Notice::Withdrawn(line, gone));
            }
        }
    }
}
