//! The class that the shell drives.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortController, RequestCredentials};

use crate::browser::clock::{Timer, now};
use crate::browser::convert::{counts, member, parse};
use crate::browser::fetch::{Route, attempt};
use crate::browser::host::Host;
use crate::browser::snapshot::Picture;
use crate::browser::view::{View, object};
use crate::draft::field::Field;
use crate::draft::refusal::{Code, Refusal};
use crate::draft::{Draft, limits as limit};
use crate::model::json::Value;
use crate::model::wire::key;
use crate::sync::{
    Action, Ask, Edit, Edited, Event, Failure, Machine, Notice, Options, Reply, Send, SyncError, Writes,
};

/// One checkout.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Core {
    shared: Rc<Shared>,
}

#[derive(Debug)]
struct Shared {
    host: Host,
    route: Route,
    machine: RefCell<Machine>,
    picture: RefCell<Picture>,
    batch: RefCell<Option<Batch>>,
    wake: RefCell<Option<Timer>>,
    flights: RefCell<Vec<Flight>>,
    storing: Cell<bool>,
    notices: RefCell<VecDeque<Notice>>,
    telling: Cell<bool>,
    disposed: Cell<bool>,
}

/// Several edits on the way to being one.
#[derive(Debug)]
struct Batch {
    draft: Draft,
    edits: Vec<Edit>,
}

/// An attempt under way.
#[derive(Debug)]
struct Flight {
    id: u64,
    abort: Option<AbortController>,
    _timeout: Timer,
}

#[wasm_bindgen]
impl Core {
    /// Opens a checkout; `options` is JSON text. Throws a refusal for a bad option.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str, host: Host) -> Result<Core, JsValue> {
        let value = Value::parse_lenient(options).map_err(|_| refused(&[value_type("options")]))?;
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_string();
        let route = Route {
            endpoint: text("endpoint"),
            credentials: RequestCredentials::from_js_value(&JsValue::from_str(&text("credentials")))
                .unwrap_or(RequestCredentials::SameOrigin),
        };
        let options = Options::read(&value).map_err(|refusal| refused(&[refusal]))?;
        let machine = Machine::new(options).map_err(|refusals| refused(&refusals))?;
        let shared = Rc::new(Shared {
            host,
            route,
            machine: RefCell::new(machine),
            picture: RefCell::default(),
            batch: RefCell::default(),
            wake: RefCell::default(),
            flights: RefCell::default(),
            storing: Cell::new(false),
            notices: RefCell::default(),
            telling: Cell::new(false),
            disposed: Cell::new(false),
        });
        shared.dispatch(Event::Opened);
        Ok(Core { shared })
    }

    /// Applies a command, given as JSON text.
    pub fn apply(&self, command: &str) -> JsValue {
        let edit = Value::parse(command)
            .map_err(|_| vec![value_type("command")])
            .and_then(|value| self.shared.machine.borrow_mut().read_command(&value));
        result(edit.and_then(|edit| self.shared.apply(edit)))
    }

    /// From here on edits are collected.
    pub fn begin(&self) {
        let draft = self.shared.machine.borrow().draft().clone();
        *self.shared.batch.borrow_mut() = Some(Batch { draft, edits: Vec::new() });
    }

    /// The collected edits become one.
    pub fn commit(&self) -> JsValue {
        let batch = self.shared.batch.borrow_mut().take();
        let edits = batch.map(|batch| batch.edits).unwrap_or_default();
        result(self.shared.edit(edits))
    }

    /// The collected edits never were.
    pub fn rollback(&self) {
        self.shared.batch.borrow_mut().take();
    }

    /// The snapshot: the same object until something changes.
    pub fn snapshot(&self) -> JsValue {
        self.shared.snapshot()
    }

    /// A field of the draft by its API name; `undefined` while it is not set.
    pub fn get(&self, field: &str) -> Result<JsValue, JsValue> {
        match Field::from_name(field) {
            Some(_) => Ok(member(&member(&self.snapshot(), "draft"), field)),
            None => Err(refused(&[Refusal::new(Code::FieldUnknown, key(field))])),
        }
    }

    /// The `IntegrationRequest` that the next update sends.
    #[wasm_bindgen(js_name = toRequest)]
    pub fn to_request(&self) -> String {
        self.shared.machine.borrow().request_text()
    }

    /// Asks for something that needs the server; answered by `settle` with the same ticket.
    pub fn ask(&self, kind: &str, ticket: f64, arguments: &str) {
        let arguments = Value::parse(arguments).unwrap_or(Value::Null);
        let quote = || arguments.get("quote").and_then(Value::as_str).map(str::to_string);
        let ask = match kind {
            "flush" => Ask::Flush,
            "settled" => Ask::Settled,
            "refresh" => Ask::Refresh,
            "close" => Ask::Close(quote()),
            "prepare" => Ask::Prepare(quote()),
            "finish" => Ask::Finish,
            "release" => Ask::Release,
            "cancel" => Ask::Cancel,
            _ => Ask::Preview(arguments),
        };
        self.shared.dispatch(Event::Asked { ticket: ticket as u64, ask });
    }

    /// The caller no longer waits.
    pub fn forget(&self, ticket: f64) {
        self.shared.dispatch(Event::Forgotten { ticket: ticket as u64 });
    }

    /// What the page tells: `online`, `offline`, `shown`, `hidden`.
    pub fn signal(&self, name: &str) {
        let event = match name {
            "online" => Event::Online,
            "offline" => Event::Offline,
            "shown" => Event::Shown,
            "hidden" => Event::Hidden,
            _ => return,
        };
        self.shared.dispatch(event);
    }

    /// Sends what waits, once and without a retry, and tells nobody of anything any more; the draft
    /// stays readable. Whether nothing is under way; else `rest` is told when it is over.
    pub fn dispose(&self) -> bool {
        self.shared.telling.set(true);
        for event in [Event::Shown, Event::Hidden] {
            self.shared.dispatch(event);
        }
        self.shared.disposed.set(true);
        self.shared.wake.borrow_mut().take();
        self.shared.notices.borrow_mut().clear();
        self.shared.rests()
    }
}

impl Shared {
    fn snapshot(&self) -> JsValue {
        self.picture.borrow_mut().snapshot(&mut self.machine.borrow_mut())
    }

    fn apply(self: &Rc<Self>, edit: Edit) -> Result<Edited, Vec<Refusal>> {
        let mut batch = self.batch.borrow_mut();
        let Some(open) = batch.as_mut() else {
            drop(batch);
            return self.edit(vec![edit]);
        };
        let machine = self.machine.borrow();
        machine.may_edit().map_err(|refusal| vec![refusal])?;
        let change = open.draft.apply(&edit.command)?;
        open.edits.push(edit);
        Ok(Edited { revision: machine.revision(), line: change.line })
    }

    fn edit(self: &Rc<Self>, edits: Vec<Edit>) -> Result<Edited, Vec<Refusal>> {
        self.dispatch(Event::Edited(edits)).unwrap_or_else(|| Err(Vec::new()))
    }

    /// Hands an event to the machine and does what it says. Nobody outside is told of anything
    /// before the machine and everything around it are at rest.
    fn dispatch(self: &Rc<Self>, event: Event) -> Option<Result<Edited, Vec<Refusal>>> {
        // What is under way still ends: a newer draft may wait behind it.
        let disposed = self.disposed.get();
        if disposed
            && !matches!(
                event,
                Event::Answered { .. } | Event::Failed { .. } | Event::Stored | Event::StoreFailed
            )
        {
            return None;
        }
        let actions = self.machine.borrow_mut().handle(event, now());
        let tries_again = disposed && self.machine.borrow().error().is_some();
        for action in actions.list {
            match action {
                Action::Store(writes) => self.store(&writes),
                _ if tries_again => {}
                Action::Send(send) => self.send(send),
                _ if disposed => {}
                Action::WakeAt(time) => {
                    let shared = Rc::downgrade(self);
                    let timer = Timer::after(time.saturating_sub(now()), move || {
                        if let Some(shared) = shared.upgrade() {
                            shared.dispatch(Event::Woke);
                        }
                    });
                    *self.wake.borrow_mut() = Some(timer);
                }
                Action::Emit(notice) => {
                    self.picture.borrow_mut().stale();
                    self.notices.borrow_mut().push_back(notice);
                }
            }
        }
        if !self.telling.replace(true) {
            loop {
                let notice = self.notices.borrow_mut().pop_front();
                let Some(notice) = notice else {
                    break;
                };
                self.tell(notice);
            }
            self.telling.set(false);
        }
        actions.edited
    }

    fn rests(&self) -> bool {
        self.flights.borrow().is_empty() && !self.storing.get()
    }

    /// Tells that the last of what was under way when the checkout was disposed of is over.
    fn maybe_rest(&self) {
        if self.disposed.get() && self.rests() {
            let _ = self.host.emit("rest", &JsValue::UNDEFINED);
        }
    }

    fn store(self: &Rc<Self>, writes: &Writes) {
        self.storing.set(true);
        let promise = self.host.store(&writes.to_text());
        let shared = self.clone();
        spawn_local(async move {
            let stored = match promise {
                Ok(promise) => JsFuture::from(promise).await.is_ok(),
                Err(_) => false,
            };
            shared.storing.set(false);
            shared.dispatch(if stored { Event::Stored } else { Event::StoreFailed });
            shared.maybe_rest();
        });
    }

    fn send(self: &Rc<Self>, send: Send) {
        // Where there is none, the attempt fails, so that it is made again and told of.
        let abort = AbortController::new().ok();
        let id = send.id;
        let signal = abort.as_ref().map(AbortController::signal);
        let shared = Rc::downgrade(self);
        let timeout = Timer::after(send.timeout, move || {
            if let Some(shared) = shared.upgrade() {
                shared.landed(id, Event::Failed { id, failure: Failure::Timeout });
            }
        });
        self.flights.borrow_mut().push(Flight { id, abort, _timeout: timeout });
        let shared = self.clone();
        spawn_local(async move {
            let event = match attempt(&shared.host, &shared.route, &send, signal).await {
                Ok(answer) => Event::Answered {
                    id,
                    status: answer.status,
                    retry_after: answer.retry_after,
                    body: answer.body,
                },
                Err(failure) => Event::Failed { id, failure },
            };
            shared.landed(id, event);
        });
    }

    /// The first end of an attempt counts; a request that timed out is given up for good.
    fn landed(self: &Rc<Self>, id: u64, event: Event) {
        let mut flights = self.flights.borrow_mut();
        let Some(place) = flights.iter().position(|flight| flight.id == id) else {
            return;
        };
        let flight = flights.swap_remove(place);
        drop(flights);
        if let (Some(abort), Event::Failed { failure: Failure::Timeout, .. }) = (flight.abort, &event) {
            abort.abort();
        }
        self.dispatch(event);
        self.maybe_rest();
    }

    fn tell(&self, notice: Notice) {
        let say = |members: &dyn Fn(&mut View)| parse(&object(0, members));
        let (kind, detail) = match notice {
            Notice::Change => ("change", self.snapshot()),
            Notice::Quote => ("quote", member(&self.snapshot(), "quote")),
            Notice::Coupon(coupon) => ("coupon", say(&|view| view.coupon(&coupon))),
            Notice::Notification(news) => ("notification", say(&|view| view.notification(&news))),
            Notice::Sync => ("sync", member(&self.snapshot(), "sync")),
            Notice::Conflict { edit, errors } => {
                let conflict = say(&|view| {
                    view.text("code", "edit_conflict");
                    view.raw("edit", &edit);
                    view.errors(&errors);
                });
                ("conflict", conflict)
            }
            Notice::Error(error) => ("error", say(&|view| view.error(&error))),
            Notice::Closed { foreign, quote_changed } => {
                let closed = say(&|view| {
                    view.flag("foreign", foreign);
                    view.flag("quoteChanged", quote_changed);
                });
                ("closed", closed)
            }
            Notice::Settled { ticket, result } => {
                self.settle(ticket, result);
                return;
            }
        };
        // Whatever a listener throws is the shell's to report; the core goes on.
        let _ = self.host.emit(kind, &detail);
    }

    fn settle(&self, ticket: u64, result: Result<Reply, SyncError>) {
        let machine = self.machine.borrow();
        let options = machine.options();
        let mut error = JsValue::UNDEFINED;
        let mut value = JsValue::UNDEFINED;
        match result {
            Err(reason) => error = parse(&object(0, |view| view.error(&reason))),
            Ok(Reply::Done) => {}
            Ok(Reply::Preview(quote, draft, revision)) => {
                let current = revision == machine.revision();
                let members = |view: &mut View| view.preview(&quote, &draft, revision, current);
                value = parse(&object(options.scale, members));
            }
            Ok(Reply::Prepared { revision, quote }) => {
                let members = |view: &mut View| view.prepared(&options.session_id, revision, &quote);
                value = parse(&object(options.scale, members));
            }
        }
        drop(machine);
        let _ = self.host.settle(ticket as f64, &error, &value);
    }
}

/// The version of this crate.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_string()
}

/// The numbers of `LIMITS`.
#[wasm_bindgen]
pub fn limits() -> JsValue {
    counts(&[
        ("lines", limit::count(limit::MAX_LINES)),
        ("units", limit::MAX_UNITS),
        ("couponLength", limit::count(limit::MAX_COUPON_LENGTH)),
        ("referralLength", limit::count(limit::MAX_REFERRAL_LENGTH)),
        ("loyaltyCards", limit::count(limit::MAX_LOYALTY_CARDS)),
        ("identifiers", limit::count(limit::MAX_IDENTIFIERS)),
        ("storeIdLength", limit::count(limit::MAX_STORE_ID_LENGTH)),
        ("sessionIdLength", limit::count(limit::MAX_SESSION_ID_LENGTH)),
    ])
}

fn value_type(name: &str) -> Refusal {
    Refusal::new(Code::ValueType, key(name))
}

/// The first refusal, to be thrown.
fn refused(refusals: &[Refusal]) -> JsValue {
    refusals.first().map_or(JsValue::UNDEFINED, |refusal| parse(&object(0, |view| view.refusal(refusal))))
}

fn result(edited: Result<Edited, Vec<Refusal>>) -> JsValue {
    parse(&object(0, |view| view.result(&edited)))
}
