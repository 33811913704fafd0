//! Draws a schedule: which kinds of steps are frequent in it differs from schedule to schedule, so
//! that rare things happen together in some of them.

use cartwright::sync::backoff::Random;

use crate::step::{Back, Disk, Edit, End, Fate, GATEWAY, INSTEAD, PORTAL, Signal, Step, What};
use crate::tab::Tab;
use crate::world::World;

/// A kind of step and how often it is drawn.
type Weights<T> = Vec<(u64, T)>;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Edit,
    Ask,
    Forget,
    Signal,
    Request,
    Answer,
    Commit,
    Tick,
    Pass,
    Jump,
    Crash,
    Open,
    Freeze,
    Thaw,
    PutAway,
    Back,
    Hear,
    Miss,
    Late,
    Disk,
    Foreign,
    ForeignClose,
    BackEnd,
    Prices,
}

/// Draws the steps of one schedule.
#[derive(Debug)]
pub struct Draw {
    random: Random,
    kinds: Weights<Kind>,
    edits: Weights<Edit>,
    asks: Weights<What>,
    fates: Weights<Fate>,
    backs: Weights<Back>,
    ends: Weights<End>,
    disks: Weights<Disk>,
}

/// Leaves half of what may be left out, and makes the rest more or less frequent.
fn vary<T: Copy>(random: &mut Random, always: &[(u64, T)], sometimes: &[(u64, T)]) -> Weights<T> {
    let mut weights: Weights<T> = always.to_vec();
    for (weight, kind) in sometimes {
        if random.up_to(1) == 0 {
            weights.push((weight * (1 + random.up_to(3)), *kind));
        }
    }
    weights
}

fn pick<T: Copy>(random: &mut Random, weights: &[(u64, T)]) -> T {
    let sum: u64 = weights.iter().map(|(weight, _)| weight).sum();
    let mut place = random.up_to(sum.saturating_sub(1));
    for (weight, kind) in weights {
        if place < *weight {
            return *kind;
        }
        place -= weight;
    }
    weights[0].1
}

/// Whether somebody may ask for an order to be reopened.
///
/// Only where a browser has one tab and nobody else ended the session: edits that waited when it ended
/// are nobody's to keep, so that what is in the cart after a reopening is not promised.
fn may_reopen(world: &World) -> bool {
    world.tabs.len() == 1 && !world.ended_elsewhere && !world.closed_by_back_end
}

/// Whether all of the store may give out, or a page be denied it, and a record be damaged.
///
/// Only where a browser has one tab: of several, one whose store gave out while no other one was awake to write for it
/// and one whose store works cannot tell each other everything, and what becomes of a session that both write to is
/// not promised.
fn store_may_fail(tabs: &[Tab]) -> bool {
    tabs.len() == 1
}

impl Draw {
    pub fn new(mut random: Random) -> Draw {
        let r = &mut random;
        let kinds = vary(
            r,
            &[
                (14, Kind::Edit),
                (20, Kind::Request),
                (10, Kind::Answer),
                (16, Kind::Commit),
                (12, Kind::Tick),
            ],
            &[
                (6, Kind::Ask),
                (1, Kind::Forget),
                (3, Kind::Signal),
                (3, Kind::Pass),
                (2, Kind::Jump),
                (3, Kind::Crash),
                (2, Kind::Freeze),
                (2, Kind::PutAway),
                (2, Kind::Miss),
                (1, Kind::Disk),
                (1, Kind::Foreign),
                (1, Kind::ForeignClose),
                (2, Kind::BackEnd),
                (1, Kind::Prices),
            ],
        );
        let ends = [(8, Kind::Open), (8, Kind::Thaw), (8, Kind::Back), (20, Kind::Hear), (4, Kind::Late)];
        let kinds = [&kinds[..], &ends].concat();
        let edits = vary(
            r,
            &[(10, Edit::Add)],
            &[
                (4, Edit::Share),
                (2, Edit::Both),
                (2, Edit::Remove),
                (2, Edit::Quantity),
                (1, Edit::Clear),
                (3, Edit::Note),
                (1, Edit::DropNote),
                (2, Edit::Coupon),
                (2, Edit::DropCoupon),
                (1, Edit::Cost),
                (1, Edit::DropCost),
                (1, Edit::Profile),
                (1, Edit::DropProfile),
            ],
        );
        let asks = vary(
            r,
            &[(2, What::Flush)],
            &[
                (2, What::Settled),
                (2, What::Refresh),
                (2, What::Preview),
                (2, What::Close),
                (2, What::CloseSeen),
                (1, What::CloseOther),
                (2, What::Prepare),
                (1, What::PrepareSeen),
                (2, What::Finish),
                (2, What::Release),
                (1, What::Cancel),
                (1, What::Reopen),
            ],
        );
        let mut fates = vary(
            r,
            &[(12, Fate::Serve), (4, Fate::Arrive)],
            &[
                (2, Fate::Lose),
                (1, Fate::Refuse),
                (2, Fate::Break),
                (2, Fate::BreakAfter),
                (1, Fate::Cut),
                (2, Fate::Copy),
                (1, Fate::NotSent),
                (1, Fate::ApiKey),
            ],
        );
        for at in 0..INSTEAD.len() {
            if r.up_to(3) == 0 {
                fates.push((1, Fate::Instead(at)));
            }
        }
        for at in 0..GATEWAY.len() {
            if r.up_to(3) == 0 {
                fates.push((1, Fate::Gateway(at)));
                fates.push((1, Fate::GatewayAfter(at)));
            }
        }
        for at in 0..PORTAL.len() {
            if r.up_to(7) == 0 {
                fates.push((1, Fate::Portal(at)));
            }
        }
        let backs = vary(r, &[(6, Back::Deliver)], &[(1, Back::Lose), (1, Back::Break), (1, Back::Cut)]);
        let ends = vary(
            r,
            &[(20, End::Done)],
            &[(1, End::Twice), (1, End::Fails), (1, End::FailsAfter), (1, End::FailsLate)],
        );
        let disks =
            vec![(2, Disk::Denied), (3, Disk::Granted), (2, Disk::Full), (3, Disk::Free), (1, Disk::Damaged)];
        Draw { random, kinds, edits, asks, fates, backs, ends, disks }
    }

    /// How many steps the schedule has.
    pub fn length(&mut self) -> u64 {
        let most = [20, 60, 60, 150][usize::try_from(self.random.up_to(3)).unwrap_or(0)];
        1 + self.random.up_to(most)
    }

    /// The next step: one that applies.
    pub fn step(&mut self, world: &World) -> Step {
        loop {
            if let Some(step) = self.try_step(world) {
                return step;
            }
        }
    }

    fn try_step(&mut self, world: &World) -> Option<Step> {
        let r = &mut self.random;
        let tabs = &world.tabs;
        let tab = usize::try_from(r.up_to(tabs.len() as u64 - 1)).unwrap_or(0);
        let page = &tabs[tab];
        let awake = page.is_awake();
        let place = r.bits() >> 32;
        let step = match pick(r, &self.kinds) {
            Kind::Edit if awake => Step::Edit { tab, edit: pick(r, &self.edits), pick: place },
            Kind::Ask if awake => match pick(r, &self.asks) {
                What::Reopen if !may_reopen(world) => return None,
                what => Step::Ask { tab, what },
            },
            Kind::Forget if awake && !page.waiting.is_empty() => Step::Forget { tab, pick: place },
            Kind::Signal if awake => {
                let signals =
                    [(1, Signal::Online), (1, Signal::Offline), (1, Signal::Shown), (1, Signal::Hidden)];
                Step::Signal { tab, signal: pick(r, &signals) }
            }
            Kind::Request if world.net.iter().any(|flying| flying.answer.is_none()) => {
                Step::Request { pick: place, fate: pick(r, &self.fates) }
            }
            Kind::Answer if world.net.iter().any(|flying| flying.answer.is_some()) => {
                Step::Answer { pick: place, fate: pick(r, &self.backs) }
            }
            Kind::Commit if page.writing.is_some() && !page.away => {
                let end = pick(r, &self.ends);
                let works = matches!(end, End::Done | End::Twice)
                    || store_may_fail(tabs)
                    || world.helper(tab).is_some();
                Step::Commit { tab, end: if works { end } else { End::Done } }
            }
            Kind::Tick if world.due().is_some() => Step::Tick,
            Kind::Pass => {
                let times = [(2, 1), (3, 150), (3, 1500), (2, 20_000), (1, 70_000), (1, 86_400_000)];
                Step::Pass { milliseconds: pick(r, &times) }
            }
            Kind::Jump => {
                let times = [1, 5000, 3_600_000, -1, -5000, -3_600_000, -30 * 86_400_000, 86_400_000];
                let times = times.map(|time| (1, time));
                Step::Jump { milliseconds: pick(r, &times) }
            }
            Kind::Crash if page.is_open() => Step::Crash { tab, commits: r.up_to(1) == 0 },
            Kind::Open if !page.is_open() => Step::Open { tab },
            Kind::Freeze if awake => Step::Freeze { tab },
            Kind::Thaw if page.frozen && !page.away => Step::Thaw { tab },
            Kind::PutAway if awake => Step::PutAway { tab },
            Kind::Back if page.away => Step::Back { tab },
            Kind::Hear if awake && !page.heard.is_empty() => Step::Hear { tab },
            Kind::Miss if page.frozen && !page.heard.is_empty() => Step::Miss { tab },
            Kind::Late if !world.store.late.is_empty() => Step::Late,
            Kind::Disk => match pick(r, &self.disks) {
                Disk::Denied | Disk::Full | Disk::Damaged if !store_may_fail(tabs) => return None,
                Disk::Damaged if tabs.iter().any(Tab::is_open) => return None,
                disk => Step::Disk(disk),
            },
            Kind::Foreign if world.is_open_there() => Step::Foreign,
            Kind::ForeignClose if world.is_open_there() => Step::ForeignClose,
            Kind::BackEnd if world.is_prepared() => Step::BackEnd,
            Kind::Prices => Step::Prices,
            _ => return None,
        };
        Some(step)
    }
}
