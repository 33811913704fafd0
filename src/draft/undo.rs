//! What roll-backs undo within one list of effects.

use crate::amount::{Amount, Sum};
use crate::model::index::{firsts, keys};

/// Something that was given, or taken back.
#[derive(Debug)]
pub(crate) struct Claim<'c> {
    /// What a roll-back and what it undoes have in common.
    pub key: &'c str,
    /// How much.
    pub value: Amount,
    /// Whether it undoes what stands before it.
    pub back: bool,
}

/// What is left of each claim; none where a roll-back behind it took all of it. The last one
/// before a roll-back is undone first; roll-backs themselves stay as they are.
pub(crate) fn left(claims: &[Claim<'_>]) -> Vec<Option<Amount>> {
    let keys = keys(claims, |claim| claim.key);
    let mut owed = vec![Sum::ZERO; claims.len()];
    let mut left: Vec<Option<Amount>> = Vec::with_capacity(claims.len());
    for (claim, first) in claims.iter().zip(firsts(&keys)).rev() {
        let mut rest = Some(claim.value);
        if let Some(owed) = owed.get_mut(first) {
            if claim.back {
                owed.add(claim.value.into());
            } else if *owed != Sum::ZERO {
                let mut here = Sum::from(claim.value);
                here.take(*owed);
                owed.take(claim.value.into());
                rest = here.amount().ok().filter(|rest| *rest != Amount::ZERO);
            }
        }
        left.push(rest);
    }
    left.reverse();
    left
}
