//! What no schedule of edits, answers, faults, clock steps and questions breaks.

use cartwright::draft::quote::Quote;
use cartwright::draft::state::State;
use cartwright::model::json::Value;
use cartwright::sync::{Action, Ask, Event, Failure, Machine, Options, Phase};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value as Json, json};

use crate::desk::{Desk, ID, START, known, new, value, with};
use crate::endpoint::Endpoint;

/// How a request fares.
#[derive(Debug, Clone)]
enum Fate {
    Served,
    Lost(Failure),
    /// It took effect, and its answer is lost.
    AnswerLost(Failure),
    Answered(u16, &'static str, Option<&'static str>),
    /// It took effect behind an answer that does not say so.
    AnsweredInstead(u16, &'static str),
}

#[derive(Debug, Clone)]
enum Step {
    Edit(Json),
    /// A line by its place, and its new quantity.
    Quantity(Index, u64),
    Ask(Ask),
    /// Close with the quote that is shown.
    CloseSeen,
    Forget(Index),
    Fate(Fate),
    Late(Index),
    Pass(u64),
    ClockBack(u64),
    Signal(Event),
    /// The back end closes what was prepared for it.
    BackEnd,
}

fn edit() -> impl Strategy<Value = Json> {
    let sku = prop_oneof![Just("A"), Just("B"), Just("C")];
    let item = (sku, 1..4_u64, prop_oneof![Just("0.10"), Just("19.99"), Just("33.33")]);
    let add = (item, any::<bool>()).prop_map(|((sku, quantity, price), merge)| {
        json!({ "do": "cart.add", "item": { "sku": sku, "quantity": quantity, "price": price }, "merge": merge })
    });
    let code = || prop_oneof![Just("XMAS-20-2021"), Just("SHIPFREE"), Just("NOPE")];
    prop_oneof![
        6 => add,
        1 => Just(json!({ "do": "cart.clear" })),
        2 => code().prop_map(|code| json!({ "do": "coupons.add", "code": code })),
        1 => code().prop_map(|code| json!({ "do": "coupons.remove", "code": code })),
        1 => Just(json!({ "do": "coupons.clear" })),
        1 => Just(json!({ "do": "referral.set", "code": "NT2K54D9" })),
        1 => Just(json!({ "do": "referral.clear" })),
        1 => (1..9_u64).prop_map(|price| json!({ "do": "costs.set", "name": "shipping", "amount": price })),
        1 => Just(json!({ "do": "costs.remove", "name": "shipping" })),
        1 => "[a-c]".prop_map(|note| json!({ "do": "attributes.set", "name": "Note", "value": note })),
        1 => Just(json!({ "do": "attributes.remove", "name": "Note" })),
        1 => Just(json!({ "do": "unset", "field": "attributes" })),
        1 => "[a-c]?".prop_map(|id| json!({ "do": "set", "field": "profileId", "value": id })),
        1 => Just(json!({ "do": "unset", "field": "profileId" })),
        1 => Just(json!({ "do": "load", "session": { "cartItems": [{ "sku": "L", "quantity": 1, "price": 2 }] } })),
    ]
}

fn ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        3 => Just(Ask::Flush),
        3 => Just(Ask::Settled),
        2 => Just(Ask::Refresh),
        2 => Just(Ask::Preview(value(&json!({ "couponCodes": ["XMAS-20-2021"] })))),
        1 => Just(Ask::Close(None)),
        1 => Just(Ask::Close(Some("another".to_string()))),
        1 => Just(Ask::Prepare(None)),
        1 => Just(Ask::Finish),
        2 => Just(Ask::Release),
        1 => Just(Ask::Cancel),
    ]
}

/// What a page may ask for in any state, in any form.
fn wild_ask() -> impl Strategy<Value = Ask> {
    let line = prop_oneof![
        Just(json!({ "position": 0, "quantity": 1 })),
        Just(json!({ "sku": "A" })),
        Just(json!({ "position": -1, "quantity": i64::MAX })),
        Just(json!({ "lineId": 1, "sku": null })),
        Just(json!(7)),
    ];
    prop_oneof![
        6 => ask(),
        1 => Just(Ask::Reopen),
        2 => prop::collection::vec(line, 0..3).prop_map(|lines| Ask::Return(value(&json!(lines)))),
    ]
}

fn failure() -> impl Strategy<Value = Failure> {
    prop_oneof![Just(Failure::Network), Just(Failure::Timeout)]
}

const POINTER: &str = r#"{"message":"no","errors":[{"source":{"pointer":"/cartItems/0"}}]}"#;

/// A refusal that names the session.
const NAMED: &str = r#"{"message":"no session 0f8fad5b-d9cb-469f-a165-70867728950e"}"#;

fn fate() -> impl Strategy<Value = Fate> {
    let retry_after = || prop_oneof![3 => Just(None), 1 => Just(Some("2")), 1 => Just(Some("soon")), 1 => Just(Some("86400"))];
    let transient = prop_oneof![Just(408), Just(409), Just(425), Just(429), Just(500), Just(503)];
    let refused = prop_oneof![Just(400), Just(401), Just(403), Just(404), Just(422)];
    let foreign = r#"{"customerSession":{"integrationId":"other","state":"open"}}"#;
    prop_oneof![
        8 => Just(Fate::Served),
        2 => failure().prop_map(Fate::Lost),
        3 => failure().prop_map(Fate::AnswerLost),
        1 => prop_oneof![Just(Failure::NotSent), Just(Failure::ApiKey)].prop_map(Fate::Lost),
        3 => (transient.clone(), retry_after()).prop_map(|(status, wait)| Fate::Answered(status, "{}", wait)),
        2 => (refused, prop_oneof![Just("{}"), Just(POINTER), Just(NAMED)])
            .prop_map(|(status, body)| Fate::Answered(status, body, None)),
        1 => prop_oneof![Just("<html>"), Just("{}"), Just(foreign)].prop_map(|body| Fate::Answered(200, body, None)),
        2 => prop_oneof![Just(408), Just(500), Just(502), Just(200), Just(302)]
            .prop_map(|status| Fate::AnsweredInstead(status, "<html>")),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let signal =
        prop_oneof![Just(Event::Online), Just(Event::Offline), Just(Event::Shown), Just(Event::Hidden)];
    prop_oneof![
        8 => edit().prop_map(Step::Edit),
        3 => (any::<Index>(), 0..5_u64).prop_map(|(line, quantity)| Step::Quantity(line, quantity)),
        3 => ask().prop_map(Step::Ask),
        1 => Just(Step::CloseSeen),
        1 => any::<Index>().prop_map(Step::Forget),
        12 => fate().prop_map(Step::Fate),
        1 => any::<Index>().prop_map(Step::Late),
        4 => prop_oneof![Just(1), Just(150), Just(1500), Just(40_000)].prop_map(Step::Pass),
        1 => Just(Step::Pass(24 * 3_600_000)),
        1 => prop_oneof![Just(1), Just(5_000), Just(3_600_000)].prop_map(Step::ClockBack),
        2 => signal.prop_map(Step::Signal),
        1 => Just(Step::BackEnd),
    ]
}

#[derive(Debug, Clone)]
struct Schedule {
    seed: u64,
    /// What the endpoint has at first, where the session is known.
    known: Option<bool>,
    manual: bool,
    remember_errors: bool,
    steps: Vec<Step>,
}

fn schedule() -> impl Strategy<Value = Schedule> {
    let known = prop_oneof![3 => Just(None), 1 => Just(Some(false)), 2 => Just(Some(true))];
    (any::<u64>(), known, prop::bool::weighted(0.2), any::<bool>(), prop::collection::vec(step(), 0..60))
        .prop_map(|(seed, known, manual, remember_errors, steps)| Schedule {
            seed,
            known,
            manual,
            remember_errors,
            steps,
        })
}

/// A desk with what has to hold at every step.
struct World {
    desk: Desk,
    acknowledged: u64,
    tickets: Vec<u64>,
    forgotten: Vec<u64>,
    /// Edits, questions and signals: what may cause requests.
    causes: usize,
    /// Requests that did not simply succeed.
    faults: usize,
    prepared: bool,
    /// Whether the back end, not the page, closed the session.
    closed_by_back_end: bool,
    /// Those who wait for the back end.
    finishes: Vec<u64>,
    /// Requests that left while somebody did.
    polls: usize,
}

impl World {
    fn new(schedule: &Schedule) -> World {
        let options = if schedule.known.is_some() { known() } else { new() };
        let mode = if schedule.manual { "manual" } else { "auto" };
        let more = json!({ "seed": format!("{:016x}", schedule.seed), "sync": { "mode": mode } });
        let mut desk = Desk::closed(&with(options, more));
        desk.endpoint.remember_errors = schedule.remember_errors;
        if schedule.known == Some(true) {
            let line = json!({ "sku": "S", "quantity": 2, "price": 10.5 });
            desk.endpoint.foreign(ID, &json!({ "cartItems": [line], "attributes": { "Note": "kept" } }));
        }
        desk.handle(Event::Opened);
        World {
            desk,
            acknowledged: 0,
            tickets: Vec::new(),
            forgotten: Vec::new(),
            causes: 1,
            faults: 0,
            prepared: false,
            closed_by_back_end: false,
            finishes: Vec::new(),
            polls: 0,
        }
    }

    fn ask(&mut self, ask: Ask) -> u64 {
        self.causes += 1;
        let preparing = matches!(ask, Ask::Prepare(_));
        let releasing = ask == Ask::Release;
        let finishing = ask == Ask::Finish;
        let ticket = self.desk.ask(ask);
        self.tickets.push(ticket);
        self.finishes.extend(finishing.then_some(ticket));
        self.prepared |= preparing;
        self.prepared &= !releasing;
        ticket
    }

    fn take(&mut self, step: &Step) {
        let sent = self.desk.sent.len();
        let polling = self.finishes.iter().any(|ticket| self.desk.is_waiting(*ticket));
        match step {
            Step::Edit(command) => {
                self.causes += 1;
                // What no longer fits is refused, which is part of the schedule.
                drop(self.desk.try_edits(std::slice::from_ref(command)));
            }
            Step::Quantity(line, quantity) => {
                let lines = self.desk.machine.draft().lines();
                if !lines.is_empty() {
                    let id = line.get(lines).id.to_text();
                    self.causes += 1;
                    let command = json!({ "do": "cart.setQuantity", "lineId": id, "quantity": quantity });
                    drop(self.desk.try_edits(&[command]));
                }
            }
            Step::Ask(ask) => drop(self.ask(ask.clone())),
            Step::CloseSeen => {
                let seen = self.desk.machine.quote().map(|(quote, _)| quote.fingerprint.clone());
                self.ask(Ask::Close(seen));
            }
            Step::Forget(index) => {
                if !self.tickets.is_empty() {
                    let ticket = *index.get(&self.tickets);
                    self.forgotten.push(ticket);
                    self.desk.handle(Event::Forgotten { ticket });
                }
            }
            Step::Fate(fate) => self.fare(fate),
            Step::Late(index) => {
                let old: Vec<u64> = self.desk.sent.iter().map(|sent| sent.send.id).collect();
                let open = self.desk.open.as_ref().map(|open| open.id);
                let old: Vec<u64> = old.into_iter().filter(|id| Some(*id) != open).collect();
                if !old.is_empty() {
                    let body = json!({ "customerSession": { "integrationId": ID, "state": "closed" } });
                    let id = *index.get(&old);
                    let answer =
                        Event::Answered { id, status: 200, retry_after: None, body: body.to_string() };
                    self.desk.handle(answer);
                    assert_eq!(self.desk.sent.len(), sent, "a late answer leads to nothing");
                }
            }
            Step::Pass(time) => self.desk.pass(*time),
            Step::ClockBack(time) => {
                self.desk.now -= time;
                // A timer does not run longer because the clock was set.
                self.desk.handle(Event::Woke);
            }
            Step::Signal(event) => {
                self.causes += 1;
                self.desk.handle(event.clone());
            }
            Step::BackEnd => {
                let machine = &self.desk.machine;
                let held = machine.phase() == Phase::Closing && self.prepared && self.desk.open.is_none();
                if held && self.desk.endpoint.stored.is_some() && self.desk.endpoint.state() == "open" {
                    self.desk.endpoint.foreign(ID, &json!({ "state": "closed" }));
                    self.closed_by_back_end = true;
                }
            }
        }
        if polling {
            self.polls += self.desk.sent.len() - sent;
        }
        self.check();
    }

    fn fare(&mut self, fate: &Fate) {
        if self.desk.open.is_none() {
            if self.desk.wake.is_some_and(|at| at > self.desk.now) {
                self.desk.wait();
            }
            return;
        }
        if !matches!(fate, Fate::Served) {
            self.faults += 1;
        }
        match fate {
            Fate::Served => {
                let status = self.desk.serve();
                self.faults += usize::from(status != 200);
            }
            Fate::Lost(failure) => self.desk.fail(*failure),
            Fate::AnswerLost(failure) => {
                self.desk.apply();
                self.desk.fail(*failure);
            }
            Fate::Answered(status, body, retry_after) => {
                // A read is not told that the session is unknown while the endpoint has it.
                let held = self.desk.request().is_read() && self.desk.endpoint.stored.is_some();
                let status = if held && (*status == 404 || *body == NAMED) { 503 } else { *status };
                self.desk.answer_after(status, body, *retry_after);
            }
            Fate::AnsweredInstead(status, body) => {
                self.desk.apply();
                self.desk.answer(*status, body);
            }
        }
    }

    /// What the endpoint would have of the whole draft alone.
    fn wished(&self) -> (Endpoint, String) {
        let mut endpoint = Endpoint::default();
        let (status, answer) = endpoint.update(ID, &self.desk.machine.request_text(), false);
        assert_eq!(status, 200, "{answer}");
        (endpoint, answer)
    }

    /// What holds at every step. That no two attempts are open is the driver's own check.
    fn check(&mut self) {
        let machine = &self.desk.machine;
        assert!(machine.acknowledged() >= self.acknowledged, "acknowledged never goes back");
        assert!(machine.acknowledged() <= machine.revision());
        self.acknowledged = machine.acknowledged();
        assert!(!machine.is_foreign() || self.closed_by_back_end, "nobody else writes");
        if machine.quote_is_current() {
            let (quote, revision) = machine.quote().unwrap();
            assert_eq!(revision, machine.revision());
            if *machine.state() != State::Cancelled {
                let (_, answer) = self.wished();
                let right = Quote::new(machine.draft(), &Value::parse(&answer).unwrap());
                assert_eq!(quote.fingerprint, right.fingerprint, "a current quote is one of this draft");
                assert_eq!((quote.payable, &quote.coupons), (right.payable, &right.coupons));
            }
        }
        let closes: Vec<&Json> = self.closes();
        assert!(closes.len() <= 1, "close takes effect once");
        if *machine.state() != State::Open {
            assert!(machine.may_edit().is_err());
        }
        if self.desk.rests() {
            let held = machine.phase() == Phase::Closing;
            assert!(
                !held || self.prepared || machine.error().is_some(),
                "nobody is kept from editing for nothing"
            );
        }
    }

    fn closes(&self) -> Vec<&Json> {
        let closes = |body: &&Json| body["customerSession"]["state"] == "closed";
        self.desk.endpoint.applied.iter().filter(closes).collect()
    }

    /// Serves until nothing is left to do, in so many steps.
    fn calm(&mut self) {
        for _ in 0..60 {
            if self.desk.open.is_some() {
                self.desk.serve();
            } else if self.desk.wake.is_some() {
                self.desk.pass(0);
                if self.desk.open.is_none() && self.desk.wake.is_some() {
                    self.desk.wait();
                }
            } else {
                return;
            }
            self.check();
        }
        panic!("no rest is found: {:?} {:?}", self.desk.phase(), self.desk.error());
    }

    /// The faults end, and everybody asks for what they still want.
    fn end(&mut self) {
        self.desk.handle(Event::Online);
        if self.prepared {
            self.ask(if self.closed_by_back_end { Ask::Finish } else { Ask::Release });
        }
        self.calm();
        if self.closed_by_back_end {
            // The page may have been told otherwise before, by a release.
            self.ask(Ask::Refresh);
            self.calm();
        }
        // A block is lifted by a person.
        for _ in 0..2 {
            self.ask(Ask::Flush);
            self.calm();
            if self.desk.phase() == Phase::Closing {
                self.ask(Ask::Release);
            }
            if self.desk.machine.may_edit().is_ok() && self.desk.phase() == Phase::Blocked {
                self.causes += 1;
                self.desk.add("END", 1);
                self.calm();
            }
        }
        let settled = self.ask(Ask::Settled);
        self.calm();
        assert!(self.desk.settled.contains_key(&settled));
        let open = *self.desk.machine.state() == State::Open;
        assert!(self.desk.done(settled), "{:?}", self.desk.settled[&settled]);
        let phase = if open { Phase::Idle } else { Phase::Finished };
        assert_eq!((self.desk.phase(), self.desk.rests()), (phase, true));
        for ticket in &self.tickets {
            assert!(
                self.desk.settled.contains_key(ticket) || self.forgotten.contains(ticket),
                "who waits is answered: {ticket}"
            );
        }
        self.compare();
        let most = 3 * self.causes + 3 * self.faults + self.polls + 5;
        assert!(self.desk.sent.len() <= most, "{} requests, at most {most}", self.desk.sent.len());
    }

    /// At rest and settled the server's session equals the draft in every field the client owns.
    fn compare(&self) {
        let machine = &self.desk.machine;
        if machine.revision() == 0 && self.desk.endpoint.stored.is_none() {
            return;
        }
        assert_eq!(self.desk.endpoint.state(), machine.state().as_str());
        if *machine.state() == State::Cancelled || self.closed_by_back_end {
            return;
        }
        assert_eq!(machine.acknowledged(), machine.revision());
        let (wished, held) = (self.wished().0.session(), self.desk.endpoint.session());
        for field in [
            "profileId",
            "couponCodes",
            "referralCode",
            "loyaltyCards",
            "identifiers",
            "cartItems",
            "additionalCosts",
            "attributes",
            "total",
        ] {
            assert_eq!(wished[field], held[field], "{field}");
        }
    }
}

/// Whatever left after the session was known to be over.
fn updates_after_the_end(world: &World, from: usize) -> Vec<String> {
    let later =
        world.desk.sent[from..].iter().filter(|sent| !sent.is_read() && !sent.send.path.contains("dry=true"));
    let bodies = later.map(|sent| sent.session());
    bodies
        .filter(|session| *session != json!({ "state": "cancelled" }))
        .map(|session| session.to_string())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn every_schedule_keeps_the_promises_and_settles_when_the_faults_end(schedule in schedule()) {
        let mut world = World::new(&schedule);
        let mut over = None;
        for step in &schedule.steps {
            world.take(step);
            if *world.desk.machine.state() == State::Open {
                over = None;
            } else if over.is_none() {
                over = Some(world.desk.sent.len());
            }
        }
        world.end();
        if let Some(from) = over {
            prop_assert_eq!(updates_after_the_end(&world, from), Vec::<String>::new());
        }
    }
}

fn actions(schedule: &Schedule) -> Vec<String> {
    let mut world = World::new(schedule);
    for step in &schedule.steps {
        world.take(step);
    }
    let machine = &world.desk.machine;
    let mut all: Vec<String> = world.desk.sent.iter().map(|sent| format!("{sent:?}")).collect();
    all.extend(world.desk.notices.iter().map(|notice| format!("{notice:?}")));
    all.extend(world.desk.settled.iter().map(|settled| format!("{settled:?}")));
    all.push(format!("{machine:?}"));
    all
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn the_same_events_and_seed_give_the_same_actions(schedule in schedule()) {
        prop_assert_eq!(actions(&schedule), actions(&schedule));
    }
}

/// A body that may or may not make sense.
fn body() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        Just(json!(null)),
        Just(json!(-1)),
        Just(json!(1e30)),
        Just(json!("1")),
        Just(json!(2.5))
    ];
    let item =
        (prop_oneof![Just(json!("A")), Just(json!("")), Just(json!(7))], number.clone(), number.clone())
            .prop_map(|(sku, quantity, price)| json!({ "sku": sku, "quantity": quantity, "price": price, "returnedQuantity": price }));
    let state =
        prop_oneof![Just("open"), Just("closed"), Just("cancelled"), Just("partially_returned"), Just("odd")];
    let session = (state, prop::collection::vec(item, 0..4), number.clone(), number).prop_map(
        |(state, items, count, total)| {
            let session = json!({
                "integrationId": ID, "state": state, "cartItems": items, "updateCount": count, "total": total,
                "couponCodes": [total, "C"], "attributes": { "a": count }, "additionalCosts": { "b": { "price": total } },
            });
            let effect = json!({ "effectType": "setDiscount", "props": { "name": count, "value": total } });
            json!({ "customerSession": session, "effects": [effect, total, null] }).to_string()
        },
    );
    let cut = (session.clone(), any::<Index>()).prop_map(|(text, at)| {
        let end = at.index(text.len() + 1);
        text.chars().take(end).collect()
    });
    prop_oneof![
        4 => session,
        1 => cut,
        1 => ".{0,40}",
        1 => Just(POINTER.to_string()),
        1 => Just(NAMED.to_string()),
        1 => Just("[".repeat(10_000)),
    ]
}

fn wild_event() -> impl Strategy<Value = Event> {
    let id = || prop_oneof![8 => 0..12_u64, 1 => any::<u64>()];
    let status = prop_oneof![3 => Just(200), 1 => 100..600_u16, 1 => any::<u16>()];
    let failure = prop_oneof![failure(), Just(Failure::NotSent), Just(Failure::ApiKey)];
    prop_oneof![
        1 => Just(Event::Opened),
        2 => Just(Event::Woke),
        8 => (id(), status, prop::option::of(".{0,12}"), body()).prop_map(|(id, status, retry_after, body)| {
            Event::Answered { id, status, retry_after, body }
        }),
        2 => (id(), failure).prop_map(|(id, failure)| Event::Failed { id, failure }),
        1 => prop_oneof![Just(Event::Online), Just(Event::Offline), Just(Event::Shown), Just(Event::Hidden)],
        4 => (0..9_u64, wild_ask()).prop_map(|(ticket, ask)| Event::Asked { ticket, ask }),
        1 => (0..9_u64).prop_map(|ticket| Event::Forgotten { ticket }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn rule_2_and_no_panic_whatever_comes(
        is_new: bool,
        events in prop::collection::vec(
            prop_oneof![3 => wild_event().prop_map(Ok), 1 => edit().prop_map(Err)],
            0..40,
        ),
        times in prop::collection::vec(prop_oneof![6 => START..START + 100_000, 1 => any::<u64>()], 40),
    ) {
        let options = Options::read(&value(&if is_new { new() } else { known() })).unwrap();
        let mut machine = Machine::new(options).unwrap();
        let mut open = None;
        let mut last = 0;
        for (event, now) in events.into_iter().zip(times) {
            let event = match event {
                Ok(event) => event,
                Err(command) => Event::Edited(machine.read_command(&value(&command)).into_iter().collect()),
            };
            if let Event::Answered { id, .. } | Event::Failed { id, .. } = &event
                && open == Some(*id)
            {
                open = None;
            }
            for action in machine.handle(event, now).list {
                match action {
                    Action::Send(send) => {
                        prop_assert_eq!(open, None, "two open attempts");
                        prop_assert!(send.id > last, "each attempt has an id of its own");
                        last = send.id;
                        open = Some(send.id);
                    }
                    Action::WakeAt(at) => {
                        prop_assert!(at > now, "no busy waiting");
                        prop_assert_eq!(open, None);
                    }
                    Action::Emit(_) => {}
                    other => prop_assert!(false, "there is no store and no other tab: {other:?}"),
                }
            }
            prop_assert!(machine.acknowledged() <= machine.revision());
            // What a snapshot is made of can always be asked for.
            let _ = (machine.phase(), machine.sums(), machine.codes(), machine.request_text(), machine.retry_at());
        }
    }
}
