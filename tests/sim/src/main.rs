//! `npm run sim -- --seeds N`: plays N random schedules around the real machine, checks every
//! invariant of the protocol, and says what was exercised.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod checks;
#[path = "../../sync/disk.rs"]
#[allow(dead_code)]
mod disk;
mod draw;
mod edits;
#[path = "../../sync/endpoint.rs"]
#[allow(dead_code)]
mod endpoint;
mod network;
mod run;
mod shrink;
mod step;
mod store;
mod tab;
mod tally;
mod transitions;
mod world;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::run::{Found, Schedule, play, run};
use crate::tally::Tally;
use crate::transitions::TRANSITIONS;

/// Schedules that broke something once, one in a line.
const REGRESSIONS: &str = include_str!("../regressions.jsonl");

/// From this many schedules on, every kind of fault and event has to occur.
const ENOUGH: usize = 5000;

/// A browser has no more tabs than this.
const MOST_TABS: usize = 4;

/// Events that lead to each other at once stand on top of each other.
const STACK: usize = 64 << 20;

const USAGE: &str = "\
npm run sim -- [--seeds N] [--first N] [--tabs N] [--all] [--trace]
    plays the schedules that are kept and N drawn ones, with up to so many tabs; --all goes on when
    something breaks and tells the shortest schedule of each invariant, --trace tells all that happens
npm run sim -- --seed N [--tabs N] [--trace]
    plays one drawn schedule
npm run sim -- --play SCHEDULE [--trace]
    plays a schedule as it was printed";

#[derive(Debug)]
struct Args {
    first: u64,
    seeds: u64,
    tabs: usize,
    all: bool,
    trace: bool,
    play: Option<Schedule>,
}

fn args() -> Option<Args> {
    let mut args = Args { first: 1, seeds: 10_000, tabs: 1, all: false, trace: false, play: None };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let mut number = || given.next()?.parse::<u64>().ok();
        match name.as_str() {
            "--all" => args.all = true,
            "--trace" => args.trace = true,
            "--first" => args.first = number()?,
            "--seeds" => args.seeds = number()?,
            "--seed" => (args.first, args.seeds) = (number()?, 1),
            "--tabs" => args.tabs = usize::try_from(number()?.clamp(1, MOST_TABS as u64)).ok()?,
            "--play" => args.play = Some(serde_json::from_str(&given.next()?).ok()?),
            _ => return None,
        }
    }
    Some(args)
}

/// What is played: a schedule that is given, or one that its seed draws.
#[derive(Debug)]
enum Task {
    Kept(Schedule),
    Seed(u64),
}

impl Task {
    fn perform(&self, tabs: usize) -> (Tally, Option<Found>) {
        match self {
            Task::Seed(seed) => run(*seed, tabs),
            Task::Kept(schedule) => {
                let (tally, result) = play(schedule.setup, &schedule.steps, false);
                let schedule = schedule.clone();
                (tally, result.err().map(|broken| Found { schedule, broken }))
            }
        }
    }
}

fn kept() -> Vec<Task> {
    let read = |line: &str| Task::Kept(serde_json::from_str(line).expect("a schedule"));
    REGRESSIONS.lines().map(read).collect()
}

/// Performs the tasks on all cores, until something breaks.
fn perform(tasks: &[Task], args: &Args) -> (Tally, Vec<Found>) {
    let next = AtomicUsize::new(0);
    let sum = Mutex::new((Tally::default(), Vec::new()));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            let thread = std::thread::Builder::new().stack_size(STACK);
            let work = || {
                let mut own = Tally::default();
                while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (tally, found) = task.perform(args.tabs);
                    own.add(&tally);
                    if let Some(found) = found {
                        sum.lock().unwrap().1.push(found);
                        if !args.all {
                            next.store(tasks.len(), Ordering::Relaxed);
                        }
                    }
                }
                sum.lock().unwrap().0.add(&own);
            };
            thread.spawn_scoped(scope, work).expect("a thread");
        }
    });
    let (tally, mut finds) = sum.into_inner().unwrap();
    finds.sort_by_key(|found: &Found| {
        (found.broken.invariant, found.schedule.steps.len(), found.schedule.setup.seed)
    });
    (tally, finds)
}

fn report(tally: &Tally) {
    println!("{} schedules, {} steps, {} requests", tally.schedules, tally.steps, tally.requests);
    for (title, counts) in [("faults", &tally.faults), ("events", &tally.events)] {
        println!("\n{title}");
        for (name, count) in counts {
            println!("  {name:30} {count}");
        }
    }
    println!("\ntransitions");
    for ((from, to), count) in &tally.transitions {
        println!("  {:30} {count}", format!("{from} → {to}"));
    }
    println!();
}

/// Kinds that never occurred.
fn missing(tally: &Tally) -> Vec<String> {
    let faults = step::FAULTS.iter().filter(|name| !tally.faults.contains_key(*name));
    let events = world::EVENTS.iter().filter(|name| !tally.events.contains_key(*name));
    let mut missing: Vec<String> = faults.chain(events).map(ToString::to_string).collect();
    for (from, to) in TRANSITIONS {
        for to in to.split(' ').filter(|to| !tally.transitions.contains_key(&(*from, *to))) {
            missing.push(format!("{from} → {to}"));
        }
    }
    missing
}

fn tell(found: &Found, trace: bool) {
    let steps = found.schedule.steps.len();
    let short = shrink::shrink(found);
    let Found { schedule, broken } = &short;
    println!("broken: {}\n  {}", broken.invariant, broken.detail);
    println!("  {:?}", schedule.setup);
    println!("{} of {steps} steps are enough:", schedule.steps.len());
    for step in &schedule.steps {
        println!("  {step:?}");
    }
    if trace {
        println!("what happens:");
        drop(play(schedule.setup, &schedule.steps, true));
    }
    println!("again: npm run sim -- --play '{}'\n", serde_json::to_string(schedule).expect("JSON"));
}

/// The seeds that broke each invariant, those of short schedules first.
fn by_invariant(finds: &[Found]) -> BTreeMap<&'static str, Vec<u64>> {
    let mut seeds: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for found in finds {
        seeds.entry(found.broken.invariant).or_default().push(found.schedule.setup.seed);
    }
    seeds
}

/// What came of it, as cargo tells what came of tests.
fn result(tally: &Tally, failed: usize) -> ExitCode {
    let word = if failed == 0 { "ok" } else { "FAILED" };
    let passed = tally.schedules.saturating_sub(u64::try_from(failed).unwrap_or(u64::MAX));
    println!("test result: {word}. {passed} passed; {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn main() -> ExitCode {
    let Some(mut args) = args() else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    // What panics is told as a broken invariant.
    std::panic::set_hook(Box::new(|_| {}));
    let drawn = (args.first..args.first.saturating_add(args.seeds)).map(Task::Seed);
    let tasks: Vec<Task> = match args.play.take() {
        Some(schedule) => vec![Task::Kept(schedule)],
        None if args.seeds == 1 => drawn.collect(),
        None => kept().into_iter().chain(drawn).collect(),
    };
    let (tally, finds) = perform(&tasks, &args);
    report(&tally);
    let mut told = "";
    for found in &finds {
        // Of each invariant the shortest schedule.
        if std::mem::replace(&mut told, found.broken.invariant) != found.broken.invariant {
            tell(found, args.trace);
        }
    }
    for (invariant, seeds) in by_invariant(&finds) {
        let list = seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
        println!("{:6}  {invariant} (seeds {list})", seeds.len());
    }
    if !finds.is_empty() {
        return result(&tally, finds.len());
    }
    let missing = missing(&tally);
    if tasks.len() >= ENOUGH && args.tabs == MOST_TABS && !missing.is_empty() {
        println!("never exercised: {}", missing.join(", "));
        return result(&tally, missing.len());
    }
    result(&tally, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_that_broke_something_once_do_not_any_more() {
        for task in kept() {
            assert!(task.perform(MOST_TABS).1.is_none(), "{task:?}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_schedule_again() {
        for seed in 1..30 {
            let [one, other] = [run(seed, MOST_TABS), run(seed, MOST_TABS)];
            assert_eq!(one.0, other.0);
            assert_eq!(format!("{:?}", one.1), format!("{:?}", other.1));
            assert!(one.0.steps > 0);
        }
    }
}
