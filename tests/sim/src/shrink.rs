//! A schedule that breaks something, made as short as it goes.

use crate::run::{Found, play};

/// Leaves out whatever is not needed to break the same invariant.
pub fn shrink(found: &Found) -> Found {
    let mut best = found.clone();
    let mut size = best.schedule.steps.len();
    while size > 0 {
        let mut at = 0;
        let mut shorter = false;
        while at < best.schedule.steps.len() {
            let steps = &best.schedule.steps;
            let end = (at + size).min(steps.len());
            let tried = [&steps[..at], &steps[end..]].concat();
            let broken = play(best.schedule.setup, &tried, false).1.err();
            match broken.filter(|broken| broken.invariant == best.broken.invariant) {
                Some(broken) => {
                    best.schedule.steps = tried;
                    best.broken = broken;
                    shorter = true;
                }
                None => at += size,
            }
        }
        if !shorter || size > 1 {
            size /= 2;
        }
    }
    best
}
