//! The class that the shell drives.

use serde::Serializer as _;
use wasm_bindgen::prelude::*;

use crate::browser::fetch;
use crate::browser::snapshot::Picture;
use crate::browser::view::{View, object};
use crate::draft::field::Field;
use crate::draft::refusal::{Code, Refusal};
use crate::draft::{Draft, limits as limit};
use crate::model::json::Value;
use crate::model::wire::key;
use crate::sync::{Action, Ask, Edit, Edited, Event, Failure, Machine, Notice, Options, Reply};

/// One checkout. It calls nobody: what there is to be done after a call stands in `actions`.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Core {
    machine: Machine,
    picture: Picture,
    batch: Option<Batch>,
    actions: View,
    disposed: bool,
}

/// Several edits on the way to being one.
#[derive(Debug)]
struct Batch {
    draft: Draft,
    edits: Vec<Edit>,
}

#[wasm_bindgen]
impl Core {
    /// Opens a checkout; `options` is JSON text. Throws the text of a refusal for a bad option.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str) -> Result<Core, JsValue> {
        let machine = Value::parse_lenient(options)
            .map_err(|_| vec![value_type("options")])
            .and_then(|value| Options::read(&value).map_err(|refusal| vec![refusal]))
            .and_then(Machine::new)
            .map_err(|refusals| refused(&refusals))?;
        let actions = View::new(machine.options().scale);
        Ok(Core { machine, picture: Picture::default(), batch: None, actions, disposed: false })
    }

    /// What is to be done since it was asked last: a list of pairs of what and its details, as JSON text.
    pub fn actions(&mut self) -> String {
        self.actions.take_list()
    }

    /// Applies a command, given as JSON text.
    pub fn apply(&mut self, command: &str) -> String {
        let edit = Value::parse(command)
            .map_err(|_| vec![value_type("command")])
            .and_then(|value| self.machine.read_command(&value));
        result(&edit.and_then(|edit| self.edit_or_collect(edit)))
    }

    /// From here on edits are collected.
    pub fn begin(&mut self) {
        self.batch = Some(Batch { draft: self.machine.draft().clone(), edits: Vec::new() });
    }

    /// The collected edits become one.
    pub fn commit(&mut self) -> String {
        let edits = self.batch.take().map(|batch| batch.edits).unwrap_or_default();
        result(&self.edit(edits))
    }

    /// The collected edits never were.
    pub fn rollback(&mut self) {
        self.batch = None;
    }

    /// What is new in the snapshot since it was asked last, as JSON text.
    pub fn snapshot(&mut self) -> String {
        self.picture.news(&mut self.machine)
    }

    /// Whether a session has a field of that name.
    pub fn knows(&self, field: &str) -> bool {
        Field::from_name(field).is_some()
    }

    /// The `IntegrationRequest` that the next update sends.
    #[wasm_bindgen(js_name = toRequest)]
    pub fn to_request(&self) -> String {
        self.machine.request_text()
    }

    /// Asks for something that needs the server; answered by the action `settle` with the same ticket.
    pub fn ask(&mut self, kind: &str, ticket: f64, arguments: &str) {
        let arguments = Value::parse(arguments).unwrap_or(Value::Null);
        let quote = || arguments.text("quote").map(str::to_string);
        let ask = match kind {
            "flush" => Ask::Flush,
            "settled" => Ask::Settled,
            "refresh" => Ask::Refresh,
            "close" => Ask::Close(quote()),
            "prepare" => Ask::Prepare(quote()),
            "finish" => Ask::Finish,
            "release" => Ask::Release,
            "cancel" => Ask::Cancel,
            "reopen" => Ask::Reopen,
            "return" => Ask::Return(arguments),
            _ => Ask::Preview(arguments),
        };
        self.dispatch(Event::Asked { ticket: ticket as u64, ask });
    }

    /// What happened outside, by a word; `id` is the attempt or the ticket that it speaks of.
    pub fn signal(&mut self, word: &str, id: f64) {
        let id = id as u64;
        let failed = |failure| Event::Failed { id, failure };
        let event = match word {
            "opened" => Event::Opened,
            "online" => Event::Online,
            "offline" => Event::Offline,
            "shown" => Event::Shown,
            "hidden" => Event::Hidden,
            "woke" => Event::Woke,
            "locked" => Event::LockGained,
            "unlocked" => Event::LockLost,
            "stored" => Event::Stored,
            "store_failed" => Event::StoreFailed,
            "network" => failed(Failure::Network),
            "timeout" => failed(Failure::Timeout),
            "not_sent" => failed(Failure::NotSent),
            "api_key" => failed(Failure::ApiKey),
            // The caller no longer waits.
            "forget" => Event::Forgotten { ticket: id },
            _ => return,
        };
        self.dispatch(event);
    }

    /// What another tab told.
    pub fn hear(&mut self, text: String) {
        self.dispatch(Event::Heard(text));
    }

    /// Nothing was stored, since the records are of another version: this is what they are, as JSON text.
    pub fn behind(&mut self, stored: &str) {
        self.dispatch(Event::behind(stored));
    }

    /// An attempt was answered: with a Response, or with whatever stood in for one.
    pub fn answered(&mut self, id: f64, answer: Option<web_sys::Response>, body: &str) {
        self.dispatch(fetch::answered(id as u64, answer, body));
    }

    /// Sends what waits, once and without a retry, and nothing more from then on; the draft stays readable.
    pub fn dispose(&mut self) {
        for event in [Event::Shown, Event::Hidden] {
            self.dispatch(event);
        }
        self.disposed = true;
    }
}

impl Core {
    fn edit_or_collect(&mut self, edit: Edit) -> Result<Edited, Vec<Refusal>> {
        let Some(open) = &mut self.batch else {
            return self.edit(vec![edit]);
        };
        self.machine.may_edit().map_err(|refusal| vec![refusal])?;
        let change = open.draft.apply(&edit.command)?;
        open.edits.push(edit);
        Ok(Edited { revision: self.machine.revision(), line: change.line })
    }

    fn edit(&mut self, edits: Vec<Edit>) -> Result<Edited, Vec<Refusal>> {
        self.dispatch(Event::Edited(edits)).unwrap_or_else(|| Err(Vec::new()))
    }

    /// Hands an event to the machine and notes what it says is to be done.
    fn dispatch(&mut self, event: Event) -> Option<Result<Edited, Vec<Refusal>>> {
        // What is under way still ends: a newer draft may wait behind it.
        let ends = matches!(
            event,
            Event::Answered { .. }
                | Event::Failed { .. }
                | Event::Stored
                | Event::Behind(_)
                | Event::StoreFailed
        );
        if self.disposed && !ends {
            return None;
        }
        let actions = self.machine.handle(event, js_sys::Date::now() as u64);
        let tries_again = self.disposed && self.machine.error().is_some();
        for action in actions.list {
            match action {
                Action::Store(writes) => self.actions.entry("store", &writes.to_text()),
                _ if tries_again => {}
                Action::Send(send) => self.actions.action("send", &|view| view.send(&send)),
                _ if self.disposed => {}
                Action::Tell(text) => self.actions.entry("tell", &text),
                Action::TakeLock => self.actions.entry("lock", "take"),
                Action::StealLock => self.actions.entry("lock", "steal"),
                Action::YieldLock => self.actions.entry("lock", "yield"),
                Action::WakeAt(time) => self.actions.action("wake", &|view| view.count("at", time)),
                Action::Emit(notice) => self.tell(notice),
            }
        }
        actions.edited
    }

    fn tell(&mut self, notice: Notice) {
        let machine = &self.machine;
        let out = &mut self.actions;
        match notice {
            // The shell has what these tell of.
            Notice::Change => out.action("change", &|_| {}),
            Notice::Quote => out.action("quote", &|_| {}),
            Notice::Sync => out.action("sync", &|_| {}),
            Notice::Coupon(coupon) => out.action("coupon", &|view| view.coupon(&coupon)),
            Notice::Notification(news) => out.action("notification", &|view| view.notification(&news)),
            Notice::Withdrawn(line, units) => out.action("withdrawn", &|view| {
                view.text("lineId", &line.id.to_text());
                view.text("sku", line.item.sku());
                view.text("name", line.item.name().unwrap_or_default());
                view.count("quantity", units);
            }),
            Notice::Conflict { edit, errors } => out.action("conflict", &|view| {
                view.text("code", "edit_conflict");
                view.raw("edit", &edit);
                view.errors(&errors);
            }),
            Notice::Error(error) => out.action("error", &|view| view.error(&error)),
            Notice::Closed { foreign, quote_changed } => out.action("closed", &|view| {
                view.flag("foreign", foreign);
                view.flag("quoteChanged", quote_changed);
            }),
            Notice::Settled { ticket, result } => out.action("settle", &|view| {
                view.count("ticket", ticket);
                match &result {
                    Err(error) => view.object("error", &|view| view.error(error)),
                    Ok(Reply::Done) => {}
                    Ok(Reply::Preview(quote, draft, revision)) => view.object("value", &|view| {
                        view.preview(quote, draft, *revision, *revision == machine.revision());
                    }),
                    Ok(Reply::Prepared { revision, quote }) => view.object("value", &|view| {
                        view.prepared(&machine.options().session_id, *revision, quote);
                    }),
                }
            }),
        }
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
    let counts = [
        ("lines", limit::count(limit::MAX_LINES)),
        ("units", limit::MAX_UNITS),
        ("couponLength", limit::count(limit::MAX_COUPON_LENGTH)),
        ("referralLength", limit::count(limit::MAX_REFERRAL_LENGTH)),
        ("loyaltyCards", limit::count(limit::MAX_LOYALTY_CARDS)),
        ("identifiers", limit::count(limit::MAX_IDENTIFIERS)),
        ("storeIdLength", limit::count(limit::MAX_STORE_ID_LENGTH)),
        ("sessionIdLength", limit::count(limit::MAX_SESSION_ID_LENGTH)),
    ];
    // Only for names of ours: serde's objects take a member `__proto__` for their prototype.
    let numbers = counts.map(|(name, count)| (name, count as f64));
    serde_wasm_bindgen::Serializer::json_compatible().collect_map(numbers).unwrap_or(JsValue::UNDEFINED)
}

fn value_type(name: &str) -> Refusal {
    Refusal::new(Code::ValueType, key(name))
}

/// The first refusal, to be thrown.
fn refused(refusals: &[Refusal]) -> JsValue {
    let text = |refusal: &Refusal| object(0, &|view| view.refusal(refusal));
    JsValue::from_str(&refusals.first().map(text).unwrap_or_default())
}

fn result(edited: &Result<Edited, Vec<Refusal>>) -> String {
    object(0, &|view| view.result(edited))
}
