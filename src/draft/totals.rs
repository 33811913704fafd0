//! Running totals: an edit moves them by its own difference and never walks the lines.

use crate::amount::{Amount, AmountError};

/// What the lines and costs of a draft add up to, before discounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Σ price × quantity over the lines with a price.
    pub items: Amount,
    /// Σ costs of lines, each once per line.
    pub item_costs: Amount,
    /// Σ costs of the session.
    pub costs: Amount,
    /// Units over all lines.
    pub units: u64,
    /// Lines without a price: their catalogue price is not known here.
    pub unpriced: u64,
}

impl Totals {
    /// Items, their costs and the session's costs together.
    pub fn total(&self) -> Result<Amount, AmountError> {
        self.items.add(self.item_costs)?.add(self.costs)
    }

    /// Whether every line has a price.
    pub fn complete(&self) -> bool {
        self.unpriced == 0
    }

    /// With these parts more.
    pub fn plus(&self, part: &Totals) -> Result<Totals, AmountError> {
        Ok(Totals {
            items: self.items.add(part.items)?,
            item_costs: self.item_costs.add(part.item_costs)?,
            costs: self.costs.add(part.costs)?,
            units: self.units.saturating_add(part.units),
            unpriced: self.unpriced.saturating_add(part.unpriced),
        })
    }

    /// With these parts less.
    pub fn minus(&self, part: &Totals) -> Result<Totals, AmountError> {
        Ok(Totals {
            items: self.items.subtract(part.items)?,
            item_costs: self.item_costs.subtract(part.item_costs)?,
            costs: self.costs.subtract(part.costs)?,
            units: self.units.saturating_sub(part.units),
            unpriced: self.unpriced.saturating_sub(part.unpriced),
        })
    }
}
