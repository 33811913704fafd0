//! What became of every edit that was accepted, kept apart from the machine that accepted it.
//!
//! Most edits add a line with a SKU of its own: whether it is there once, twice or not at all shows
//! in the cart, and so does its place among the others.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

/// SKU of the line that all tabs add units to.
pub const SHARED: &str = "S";

/// What an edit does, as far as it is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    Add(String),
    Remove(String),
    Quantity(String, u64),
    Clear,
    /// The note, or none.
    Note(Option<String>),
    /// Followed only by comparing with the endpoint.
    Other,
}

/// How sure it is that an edit stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Its page may have gone before it was stored.
    May,
    /// It was stored.
    Stored,
    /// It was acknowledged.
    Acknowledged,
    /// One that looks like it was given back once more.
    Perhaps,
    /// It was given back.
    Reported,
}

#[derive(Debug)]
struct Entry {
    tab: usize,
    life: u64,
    revision: u64,
    /// The command as it was given.
    raw: Json,
    deed: Deed,
    standing: Standing,
}

impl Entry {
    fn is_sure(&self) -> bool {
        matches!(self.standing, Standing::Stored | Standing::Acknowledged)
    }
}

/// The edits of all tabs, in the order in which they were accepted.
#[derive(Debug, Default)]
pub struct Edits {
    entries: Vec<Entry>,
    labels: u64,
    /// The note that the session began with.
    pub first_note: Option<String>,
}

impl Edits {
    /// A SKU or a note that no other edit has.
    pub fn label(&mut self) -> String {
        self.labels += 1;
        format!("e{}", self.labels)
    }

    pub fn accepted(&mut self, tab: usize, life: u64, revision: u64, raw: Json, deed: Deed) {
        let standing = Standing::May;
        self.entries.push(Entry { tab, life, revision, raw, deed, standing });
    }

    /// Everything of this page up to a revision is stored, or acknowledged.
    pub fn safe(&mut self, tab: usize, life: u64, revision: u64, standing: Standing) {
        let of_life =
            |entry: &&mut Entry| entry.tab == tab && entry.life == life && entry.revision <= revision;
        for entry in self.entries.iter_mut().filter(of_life) {
            entry.standing = entry.standing.max(standing);
        }
    }

    /// An edit was given back; false when nobody made it. A page that could not store that tells it
    /// again.
    pub fn reported(&mut self, raw: &Json, tab: usize, life: u64) -> bool {
        // One that the page made itself and could not store rather than one that it found, or one that was lost.
        let order = |entry: &&mut Entry| {
            let own = (entry.tab, entry.life) == (tab, life);
            (entry.standing != Standing::Reported, own, own != entry.is_sure())
        };
        let known = |entry: &Entry| entry.raw == *raw && entry.standing == Standing::Reported;
        let again = self.entries.iter().any(known);
        let entry = self.entries.iter_mut().filter(|entry| entry.raw == *raw).max_by_key(order);
        let standing = |entry: &Entry| match (entry.tab, entry.life) == (tab, life) || !again || known(entry)
        {
            true => Standing::Reported,
            // Another page tells of the same, or of one that looks like it.
            false => Standing::Perhaps,
        };
        entry.map(|entry| entry.standing = standing(entry)).is_some()
    }

    /// What was stored is not any more, or not what counts.
    pub fn weaken(&mut self) {
        for entry in &mut self.entries {
            if entry.standing == Standing::Stored {
                entry.standing = Standing::May;
            }
        }
    }

    /// An older update may have undone what was acknowledged, and whoever would have found out is gone.
    pub fn doubt(&mut self) {
        for entry in &mut self.entries {
            if entry.standing == Standing::Acknowledged {
                entry.standing = Standing::May;
            }
        }
    }

    /// What is wrong with a cart and a note, if anything.
    pub fn misfit(&self, items: &[(String, u64)], note: Option<&str>) -> Option<String> {
        self.misfit_of_items(items)
            .or_else(|| self.misfit_of_order(items))
            .or_else(|| self.misfit_of_note(note))
    }

    fn standing(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.entries.iter().enumerate().filter(|(_, entry)| entry.standing != Standing::Reported)
    }

    fn misfit_of_items(&self, items: &[(String, u64)]) -> Option<String> {
        let mut bounds: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for entry in &self.entries {
            if let Deed::Add(sku) = &entry.deed {
                bounds.entry(sku).or_default();
            }
        }
        for (place, entry) in self.standing() {
            let Deed::Add(sku) = &entry.deed else { continue };
            let (least, most) = self.left_of(place, entry, sku);
            let bound = bounds.entry(sku).or_default();
            *bound = (bound.0 + least, bound.1 + most);
        }
        for (sku, (least, most)) in bounds {
            let units: u64 = items.iter().filter(|(known, _)| known == sku).map(|(_, units)| units).sum();
            let wanted = self.quantities(sku);
            let fits = match (units, wanted.is_empty()) {
                (0, _) => least == 0,
                (_, true) => (least..=most).contains(&units),
                (_, false) => most > 0 && wanted.contains(&units),
            };
            if !fits {
                return Some(format!("{sku}: {units} units, {least} to {most} expected, {wanted:?}"));
            }
        }
        None
    }

    /// How many units of an addition may be left: at least, at most.
    fn left_of(&self, place: usize, add: &Entry, sku: &str) -> (u64, u64) {
        let mut least = u64::from(add.is_sure());
        for (later, entry) in self.standing() {
            let takes = match &entry.deed {
                Deed::Remove(removed) => removed == sku,
                Deed::Clear => true,
                _ => false,
            };
            if !takes || (entry.tab == add.tab && later < place) {
                continue;
            }
            if entry.tab == add.tab && entry.is_sure() {
                return (0, 0);
            }
            least = 0;
        }
        (least, 1)
    }

    /// The quantities that a line may have been set to; empty where nobody set one.
    fn quantities(&self, sku: &str) -> BTreeSet<u64> {
        let set = |entry: &Entry| match &entry.deed {
            Deed::Quantity(known, units) if known == sku => Some(Some(*units)),
            _ => None,
        };
        let known = self.last_of(&set);
        let any = known.iter().any(Option::is_some);
        known.into_iter().map(|units| units.unwrap_or(1)).filter(|_| any).collect()
    }

    /// The values that something may have in the end: of each tab those after the last that is sure,
    /// and none where no tab is sure of one.
    fn last_of<T: Clone>(&self, value: &dyn Fn(&Entry) -> Option<Option<T>>) -> Vec<Option<T>> {
        let mut last: BTreeMap<usize, Vec<Option<T>>> = BTreeMap::new();
        let mut sure = false;
        for (_, entry) in self.standing() {
            let Some(value) = value(entry) else { continue };
            let values = last.entry(entry.tab).or_default();
            if entry.is_sure() {
                values.clear();
                sure = true;
            }
            values.push(value);
        }
        let none = (!sure).then_some(None);
        last.into_values().flatten().chain(none).collect()
    }

    /// Lines of one tab stand in the order in which it added them.
    fn misfit_of_order(&self, items: &[(String, u64)]) -> Option<String> {
        let mut last: BTreeMap<usize, usize> = BTreeMap::new();
        for (sku, _) in items.iter().filter(|(sku, _)| sku != SHARED) {
            let is_add = |entry: &Entry| entry.deed == Deed::Add(sku.clone());
            let Some(place) = self.entries.iter().position(is_add) else { continue };
            let tab = self.entries[place].tab;
            if last.insert(tab, place).is_some_and(|before| before > place) {
                return Some(format!("{sku} stands behind a later line of the same tab: {items:?}"));
            }
        }
        None
    }

    fn misfit_of_note(&self, note: Option<&str>) -> Option<String> {
        let set = |entry: &Entry| match &entry.deed {
            Deed::Note(note) => Some(Some(note.clone())),
            _ => None,
        };
        let known = self.last_of(&set);
        let fits = known.iter().any(|value| match value {
            Some(wanted) => wanted.as_deref() == note,
            None => self.first_note.as_deref() == note,
        });
        (!fits).then(|| format!("the note is {note:?}, expected is one of {known:?}"))
    }
}

/// `cart.add` of one unit.
pub fn add(sku: &str) -> Json {
    json!({ "do": "cart.add", "item": { "sku": sku, "quantity": 1, "price": "10.01" } })
}
