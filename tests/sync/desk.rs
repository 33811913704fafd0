//! A machine at work: a clock that only moves when it is told to, and requests that wait for their
//! answers.

use std::collections::BTreeMap;

use cartwright::draft::refusal::Refusal;
use cartwright::model::json::Value;
use cartwright::sync::{
    Action, Ask, Coupon, Edited, Event, Failure, Machine, Method, Notice, Options, Phase, Reply, Send,
    SyncError, Writes,
};
use serde_json::{Value as Json, json};

pub use crate::disk::Disk;
use crate::endpoint::{Answer, Endpoint};

pub const START: u64 = 1_800_000_000_000;
pub const ID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

pub type Settled = Result<Reply, SyncError>;

/// A request that left, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub at: u64,
    pub send: Send,
}

impl Sent {
    /// The body's `customerSession`.
    pub fn session(&self) -> Json {
        let body: Json = serde_json::from_str(self.send.body.as_ref().expect("a body")).unwrap();
        body["customerSession"].clone()
    }

    pub fn is_read(&self) -> bool {
        self.send.method == Method::Get
    }
}

pub struct Desk {
    pub disk: Disk,
    /// A transaction that is not committed.
    pub writing: Option<Writes>,
    /// Whether transactions are committed by the test.
    pub slow_disk: bool,
    pub machine: Machine,
    pub now: u64,
    pub endpoint: Endpoint,
    /// Every request so far.
    pub sent: Vec<Sent>,
    /// The one that is not answered.
    pub open: Option<Send>,
    pub wake: Option<u64>,
    pub notices: Vec<Notice>,
    pub settled: BTreeMap<u64, Settled>,
    next_ticket: u64,
}

/// A value of the core from one of the tests.
pub fn value(json: &Json) -> Value {
    Value::parse(&json.to_string()).unwrap()
}

/// Options of a session that the endpoint may know.
pub fn known() -> Json {
    json!({ "sessionId": ID, "seed": "0123456789abcdef" })
}

/// Options of a session that was made just now.
pub fn new() -> Json {
    json!({ "sessionId": ID, "sessionIsNew": true, "seed": "0123456789abcdef" })
}

/// The same options with others on top.
pub fn with(mut options: Json, more: Json) -> Json {
    for (name, value) in more.as_object().unwrap() {
        options[name] = value.clone();
    }
    options
}

impl Desk {
    /// A machine that has not begun.
    pub fn closed(options: &Json) -> Desk {
        let options = Options::read(&value(options)).expect("options");
        Desk {
            disk: Disk::default(),
            writing: None,
            slow_disk: false,
            machine: Machine::new(options).expect("a machine"),
            now: START,
            endpoint: Endpoint::default(),
            sent: Vec::new(),
            open: None,
            wake: None,
            notices: Vec::new(),
            settled: BTreeMap::new(),
            next_ticket: 1,
        }
    }

    /// A machine that has begun.
    pub fn with(options: &Json) -> Desk {
        let mut desk = Desk::closed(options);
        desk.handle(Event::Opened);
        desk
    }

    /// A new session.
    pub fn new() -> Desk {
        Desk::with(&new())
    }

    /// A new session with a line that the endpoint has.
    pub fn stocked() -> Desk {
        let mut desk = Desk::new();
        desk.add("A", 1);
        desk.run();
        assert_eq!((desk.machine.phase(), desk.open.is_none()), (Phase::Idle, true));
        desk
    }

    pub fn handle(&mut self, event: Event) -> Option<Result<Edited, Vec<Refusal>>> {
        if matches!(&event, Event::Answered { id, .. } | Event::Failed { id, .. }
            if self.open.as_ref().is_some_and(|open| open.id == *id))
        {
            self.open = None;
        }
        if event == Event::Woke {
            self.wake = None;
        }
        let actions = self.machine.handle(event, self.now);
        let mut takes_lock = false;
        for action in actions.list {
            match action {
                Action::Send(send) => {
                    assert!(self.open.is_none(), "rule 2: two open attempts");
                    self.open = Some(send.clone());
                    self.wake = None;
                    self.sent.push(Sent { at: self.now, send });
                }
                Action::Store(writes) => {
                    assert!(self.writing.is_none(), "one transaction after the other");
                    self.writing = Some(writes);
                }
                Action::TakeLock | Action::StealLock => takes_lock = true,
                Action::WakeAt(at) => self.wake = Some(at),
                Action::Emit(Notice::Settled { ticket, result }) => {
                    let twice = self.settled.insert(ticket, result);
                    assert!(twice.is_none(), "a promise is answered once");
                }
                Action::Emit(notice) => self.notices.push(notice),
                Action::Tell(_) | Action::YieldLock => {}
            }
        }
        if takes_lock {
            self.handle(Event::LockGained);
        }
        if !self.slow_disk && self.writing.is_some() {
            self.commit();
        }
        actions.edited
    }

    // What the store does.

    /// The open transaction is committed, and the machine hears of it.
    pub fn commit(&mut self) {
        let writes = self.writing.take().expect("a transaction");
        let event = self.disk.commit(writes);
        self.handle(event);
    }

    /// The page is left and opened again: what was under way there is nobody's any more.
    pub fn reload(self) -> Desk {
        self.reload_with(json!({}))
    }

    /// The same with other options.
    pub fn reload_with(self, more: Json) -> Desk {
        let stored = json!({ "stored": self.disk.option(), "seed": format!("{:016x}", self.now) });
        let mut desk = Desk::closed(&with(with(known(), stored), more));
        desk.disk = self.disk;
        desk.slow_disk = self.slow_disk;
        desk.endpoint = self.endpoint;
        desk.now = self.now + 1000;
        desk.sent = self.sent;
        desk.handle(Event::Opened);
        desk
    }

    // What the shopper does.

    pub fn try_edits(&mut self, commands: &[Json]) -> Result<Edited, Vec<Refusal>> {
        let mut edits = Vec::new();
        for command in commands {
            edits.push(self.machine.read_command(&value(command))?);
        }
        self.handle(Event::Edited(edits)).expect("what came of the edit")
    }

    pub fn edit(&mut self, command: Json) -> Edited {
        self.try_edits(&[command]).expect("an edit")
    }

    pub fn add(&mut self, sku: &str, quantity: u64) -> Edited {
        self.edit(json!({ "do": "cart.add", "item": { "sku": sku, "quantity": quantity, "price": "19.99" } }))
    }

    /// The codes with which an edit is refused.
    pub fn refused(&mut self, command: Json) -> Vec<&'static str> {
        let refusals = self.try_edits(&[command]).expect_err("a refusal");
        refusals.iter().map(|refusal| refusal.code.as_str()).collect()
    }

    pub fn ask(&mut self, ask: Ask) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.handle(Event::Asked { ticket, ask });
        ticket
    }

    // What the network does.

    /// The request that is under way.
    pub fn request(&self) -> Sent {
        assert!(self.open.is_some(), "a request is under way");
        self.sent.last().unwrap().clone()
    }

    /// The endpoint's own answer to the open request, which arrives or not.
    pub fn apply(&mut self) -> Answer {
        let send = self.open.clone().expect("an open request");
        self.endpoint.take(&send, self.now)
    }

    /// The endpoint answers the open request.
    pub fn serve(&mut self) -> u16 {
        let (status, body) = self.apply();
        self.answer(status, &body);
        status
    }

    pub fn answer(&mut self, status: u16, body: &str) {
        self.answer_after(status, body, None);
    }

    pub fn answer_after(&mut self, status: u16, body: &str, retry_after: Option<&str>) {
        let id = self.open.as_ref().expect("an open request").id;
        let retry_after = retry_after.map(str::to_string);
        self.handle(Event::Answered { id, status, retry_after, body: body.to_string() });
    }

    pub fn fail(&mut self, failure: Failure) {
        let id = self.open.as_ref().expect("an open request").id;
        self.handle(Event::Failed { id, failure });
    }

    /// The request takes effect, and its answer is lost.
    pub fn lose_answer(&mut self) {
        self.apply();
        self.fail(Failure::Network);
    }

    // What time does.

    /// The clock goes on to the time that the machine wants to be woken at.
    pub fn wait(&mut self) -> u64 {
        let at = self.wake.expect("something to wait for");
        assert!(at > self.now, "a wake-up lies in the future");
        let waited = at - self.now;
        self.now = at;
        self.handle(Event::Woke);
        waited
    }

    /// The clock goes on; wake-ups on the way happen at their times.
    pub fn pass(&mut self, milliseconds: u64) {
        let end = self.now + milliseconds;
        while let Some(at) = self.wake.filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.handle(Event::Woke);
        }
        self.now = end;
    }

    /// The next request, after the wait that it takes.
    pub fn next(&mut self) -> Sent {
        if self.open.is_none() {
            self.wait();
        }
        self.request()
    }

    /// Serves and waits until nothing is left to do.
    pub fn run(&mut self) {
        for _ in 0..100 {
            if self.open.is_some() {
                self.serve();
            } else if self.wake.is_some() {
                self.wait();
            } else {
                return;
            }
        }
        panic!("no end: {:?}", self.machine.phase());
    }

    /// Whether neither a request nor a wake-up is outstanding.
    pub fn rests(&self) -> bool {
        self.open.is_none() && self.wake.is_none()
    }

    // What is seen.

    pub fn done(&self, ticket: u64) -> bool {
        matches!(self.settled.get(&ticket), Some(Ok(_)))
    }

    pub fn is_waiting(&self, ticket: u64) -> bool {
        !self.settled.contains_key(&ticket)
    }

    /// The error code with which a promise was rejected.
    pub fn rejected(&self, ticket: u64) -> &'static str {
        match self.settled.get(&ticket) {
            Some(Err(error)) => error.code.as_str(),
            other => panic!("rejected is expected, not {other:?}"),
        }
    }

    pub fn phase(&self) -> Phase {
        self.machine.phase()
    }

    /// The error code of the snapshot.
    pub fn error(&self) -> Option<&'static str> {
        self.machine.error().map(|error| error.code.as_str())
    }

    pub fn coupon(&self, code: &str) -> Coupon {
        self.machine.codes().0.into_iter().find(|coupon| coupon.code == code).expect("the code")
    }

    /// Units of each SKU of the draft, in order.
    pub fn items(&self) -> Vec<(String, u64)> {
        let lines = self.machine.draft().lines().iter();
        lines.map(|line| (line.item.sku().to_string(), line.item.quantity())).collect()
    }

    /// The notices since this was asked last.
    pub fn news(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    pub fn closed_notices(&self) -> Vec<(bool, bool)> {
        let closed = |notice: &Notice| match notice {
            Notice::Closed { foreign, quote_changed } => Some((*foreign, *quote_changed)),
            _ => None,
        };
        self.notices.iter().filter_map(closed).collect()
    }

    /// The edits that were given back, with the code of each refusal.
    pub fn conflicts(&self) -> Vec<(Json, Vec<&'static str>)> {
        let conflict = |notice: &Notice| match notice {
            Notice::Conflict { edit, errors } => {
                let codes = errors.iter().map(|error| error.code.as_str()).collect();
                Some((serde_json::from_str(&edit.to_text()).unwrap(), codes))
            }
            _ => None,
        };
        self.notices.iter().filter_map(conflict).collect()
    }

    pub fn fingerprint(&self) -> String {
        let (quote, _) = self.machine.quote().expect("a quote");
        quote.fingerprint.clone()
    }
}

pub fn items(list: &[(&str, u64)]) -> Vec<(String, u64)> {
    list.iter().map(|(sku, units)| ((*sku).to_string(), *units)).collect()
}
