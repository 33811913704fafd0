//! Which units a return takes back.

use std::ops::Range;

use cartwright::model::{CartItem, ReturnedCartItem};

use crate::problem::{Problem, at_pointer};

/// Units of lines, each told by its position and the range of its units.
pub(crate) type Units = Vec<(usize, Range<i64>)>;

/// The units of a line that are still kept: the first ones went first.
pub(crate) fn kept(item: &CartItem) -> Range<i64> {
    item.returned_quantity.unwrap_or_default()..item.quantity.unwrap_or_default()
}

/// Takes the units out of the lines, and says which they were.
pub(crate) fn take(items: &mut [CartItem], returned: &[ReturnedCartItem]) -> Result<Units, Problem> {
    let mut units = Units::new();
    for (index, wanted) in returned.iter().enumerate() {
        let refused = |member: &str, details: String| {
            let pointer = format!("/returnedCartItems/{index}/{member}");
            Problem::invalid(vec![at_pointer("Invalid return", details, pointer)])
        };
        let mut places = lines(items, wanted).map_err(|(member, details)| refused(member, details))?;
        let mut missing = match wanted.quantity {
            Some(quantity) => quantity,
            // Without a quantity the whole rest of the line comes back, or of the first with that sku.
            None => {
                places.truncate(1);
                places.iter().filter_map(|place| items.get(*place)).map(left).sum()
            }
        };
        for place in places {
            let Some(item) = items.get_mut(place) else { continue };
            let from = kept(item).start;
            let count = left(item).min(missing);
            let to = from.saturating_add(count);
            missing = missing.saturating_sub(count);
            item.returned_quantity = Some(to);
            if count > 0 {
                units.push((place, from..to));
            }
        }
        if missing > 0 {
            return Err(refused("quantity", format!("{missing} more than are left to give back")));
        }
    }
    for item in items {
        item.remaining_quantity = Some(left(item));
        item.returned_quantity = Some(kept(item).start);
    }
    Ok(units)
}

fn left(item: &CartItem) -> i64 {
    let kept = kept(item);
    kept.end.saturating_sub(kept.start).max(0)
}

/// The lines that an entry names and that have something left.
fn lines(items: &[CartItem], wanted: &ReturnedCartItem) -> Result<Vec<usize>, (&'static str, String)> {
    let named = |item: &CartItem| wanted.sku.is_none() || item.sku == wanted.sku;
    let found: Vec<usize> = match wanted.position {
        Some(position) => {
            let place = usize::try_from(position).ok().filter(|place| *place < items.len());
            let place = place.ok_or_else(|| ("position", format!("the session has no line {position}")))?;
            if !items.get(place).is_some_and(named) {
                return Err(("sku", format!("line {position} has another sku")));
            }
            vec![place]
        }
        None => (0..).zip(items).filter(|(_, item)| named(item)).map(|(place, _)| place).collect(),
    };
    if found.is_empty() {
        return Err(("sku", "the session has no line of that sku".to_string()));
    }
    let left: Vec<usize> =
        found.into_iter().filter(|place| items.get(*place).is_some_and(|item| left(item) > 0)).collect();
    if left.is_empty() {
        return Err(("quantity", "nothing is left to give back".to_string()));
    }
    Ok(left)
}
