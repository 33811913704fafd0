//! Finding texts and numbers quickly, without the bytes of a general map.

use std::collections::BinaryHeap;

const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The usual start of FNV-1a.
pub const START: u64 = 0xcbf2_9ce4_8422_2325;

/// 64 bits of a text (FNV-1a): small, and equal texts are the usual cause of equal bits; whoever
/// looks something up by it compares the texts too.
pub fn hash(text: &str, start: u64) -> u64 {
    text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

/// Pairs of a key and a place, in order; several places may have one key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Index(Vec<(u64, u64)>);

impl Index {
    /// All pairs at once; quick for any number of them.
    pub fn of(pairs: Vec<(u64, u64)>) -> Index {
        Index(BinaryHeap::from(pairs).into_sorted_vec())
    }

    /// One pair more; quick for the thousand lines of a cart.
    pub fn insert(&mut self, key: u64, place: u64) {
        let index = self.first_from(key, place);
        self.0.insert(index, (key, place));
    }

    /// One pair less.
    pub fn remove(&mut self, key: u64, place: u64) {
        let index = self.first_from(key, place);
        if self.0.get(index) == Some(&(key, place)) {
            self.0.remove(index);
        }
    }

    /// The places of a key, the first one first.
    pub fn places(&self, key: u64) -> impl Iterator<Item = u64> {
        let from = self.0.get(self.first_from(key, 0)..).unwrap_or_default();
        from.iter().take_while(move |(known, _)| *known == key).map(|(_, place)| *place)
    }

    fn first_from(&self, key: u64, place: u64) -> usize {
        self.0.partition_point(|pair| *pair < (key, place))
    }
}

/// The keys of things as they are compared.
pub fn keys<'k, T>(things: &'k [T], key: fn(&'k T) -> &'k str) -> Vec<&'k str> {
    let mut keys = Vec::new();
    for thing in things {
        keys.push(key(thing));
    }
    keys
}

/// For each text the index of the first one that is equal to it.
pub fn firsts(texts: &[&str]) -> Vec<usize> {
    let mut hashes = Vec::new();
    for (place, text) in texts.iter().enumerate() {
        hashes.push((hash(text, START), u64::try_from(place).unwrap_or(u64::MAX)));
    }
    let index = Index::of(hashes);
    let mut firsts = Vec::new();
    for text in texts {
        let mut places = index.places(hash(text, START)).filter_map(|place| usize::try_from(place).ok());
        firsts.push(places.find(|place| texts.get(*place) == Some(text)).unwrap_or(usize::MAX));
    }
    firsts
}

/// Joins things into the first one of their key; `firsts` tells which that is.
pub fn join<T>(things: &mut Vec<T>, firsts: &[usize], join: fn(&mut T, &mut T)) {
    for (index, first) in firsts.iter().enumerate() {
        if let Some((before, [thing, ..])) = things.split_at_mut_checked(index)
            && let Some(known) = before.get_mut(*first)
        {
            join(known, thing);
        }
    }
    let mut index = 0_usize;
    things.retain(|_| {
        let is_first = firsts.get(index) == Some(&index);
        index = index.saturating_add(1);
        is_first
    });
}
