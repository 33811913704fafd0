//! One schedule from beginning to end.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};

use crate::checks::{self, Broken};
use crate::draw::Draw;
use crate::step::Step;
use crate::tally::Tally;
use crate::world::{Setup, World};

/// A schedule as it is kept, written and read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Schedule {
    /// What it broke once, in a few words.
    #[serde(default)]
    pub why: String,
    pub setup: Setup,
    pub steps: Vec<Step>,
}

/// A schedule that broke something.
#[derive(Debug, Clone)]
pub struct Found {
    pub schedule: Schedule,
    pub broken: Broken,
}

/// What a panic broke.
pub const NO_PANIC: &str = "nothing panics";

/// Draws and plays the schedule of a seed.
pub fn run(seed: u64, most_tabs: usize) -> (Tally, Option<Found>) {
    let (setup, random) = Setup::new(seed, most_tabs);
    let mut steps = Vec::new();
    let mut tally = Tally::default();
    let played = caught(|| {
        let mut world = World::new(setup);
        let mut draw = Draw::new(random);
        let length = draw.length();
        let result = (|| {
            world.broken.take().map_or(Ok(()), Err)?;
            for _ in 0..length {
                let step = draw.step(&world);
                steps.push(step);
                world.take(step)?;
            }
            checks::end(&mut world)
        })();
        tally = world.tally;
        result
    });
    let schedule = Schedule { why: String::new(), setup, steps };
    let found = played.err().map(|broken| Found { schedule, broken });
    (tally, found)
}

/// Plays a given schedule; `aloud` tells what happens.
pub fn play(setup: Setup, steps: &[Step], aloud: bool) -> (Tally, Result<(), Broken>) {
    let mut tally = Tally::default();
    let result = caught(|| {
        let mut world = if aloud { World::aloud(setup) } else { World::new(setup) };
        let result = (|| {
            world.broken.take().map_or(Ok(()), Err)?;
            for step in steps {
                world.take(*step)?;
            }
            checks::end(&mut world)
        })();
        tally = world.tally;
        result
    });
    (tally, result)
}

fn caught(work: impl FnOnce() -> Result<(), Broken>) -> Result<(), Broken> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_string()));
        Err(Broken { invariant: NO_PANIC, detail: text.unwrap_or_default() })
    })
}
