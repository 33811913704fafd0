//! One checkout as the shell drives it: by calls of texts, so that a list of calls is a log that can be made again.

use crate::browser::snapshot::Picture;
use crate::browser::view::{View, object};
use crate::draft::Draft;
use crate::draft::field::Field;
use crate::draft::refusal::{Code, Refusal};
use crate::model::json::Value;
use crate::model::wire::key;
use crate::sync::{Action, Ask, Edit, Edited, Event, Failure, Machine, Notice, Options, Reply};

/// One checkout. It calls nobody: what there is to be done after a call stands in its actions.
#[derive(Debug)]
pub struct Checkout {
    machine: Machine,
    picture: Picture,
    batch: Option<Batch>,
    actions: View,
    disposed: bool,
    now: u64,
}

/// Several edits on the way to being one.
#[derive(Debug)]
struct Batch {
    draft: Draft,
    edits: Vec<Edit>,
}

impl Checkout {
    /// Opens a checkout; `options` is JSON text. Fails with the text of a refusal for a bad option.
    pub fn new(options: &str) -> Result<Checkout, String> {
        let machine = Value::parse_lenient(options)
            .map_err(|_| vec![value_type("options")])
            .and_then(|value| Options::read(&value).map_err(|refusal| vec![refusal]))
            .and_then(Machine::new)
            .map_err(|refusals| refused(&refusals))?;
        let actions = View::new(machine.options().scale);
        Ok(Checkout { machine, picture: Picture::default(), batch: None, actions, disposed: false, now: 0 })
    }

    /// Does what the word says, at a time in milliseconds since 1970, and gives text where that has something to tell.
    ///
    /// - `actions`: what is to be done since it was asked last, a list of pairs of what and its details;
    ///   `snapshot`: what is new in the snapshot since it was asked last; `toRequest`: the
    ///   `IntegrationRequest` that the next update sends; `knows`: something, where a session has a
    ///   field of the name in `text`.
    /// - `apply`: the command in `text`; `begin`: from here on edits are collected; `commit`: the
    ///   collected edits become one; `rollback`: they never were. Gives the result of the edit.
    /// - What needs the server, with its arguments in `text`: answered by the action `settle` with `id` as ticket.
    /// - What happened outside; `id` is the attempt or the ticket that it speaks of.
    /// - `dispose`: sends what waits, once and without a retry, and nothing more from then on; the draft stays readable.
    pub fn call(&mut self, now: f64, word: &str, text: &str, id: f64) -> String {
        self.now = now as u64;
        let id = id as u64;
        let failed = |failure| Event::Failed { id, failure };
        let event = match word {
            "actions" => return self.actions.take_list(),
            "snapshot" => return self.picture.news(&mut self.machine),
            "toRequest" => return self.machine.request_text(),
            "knows" => return Field::from_name(text).map(|_| text.to_string()).unwrap_or_default(),
            "apply" => return self.apply(text),
            "begin" => {
                self.batch = Some(Batch { draft: self.machine.draft().clone(), edits: Vec::new() });
                return String::new();
            }
            "commit" => {
                let edits = self.batch.take().map(|batch| batch.edits).unwrap_or_default();
                return result(&self.edit(edits));
            }
            "rollback" => {
                self.batch = None;
                return String::new();
            }
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
            // Nothing was stored, since the records are of another version: this is what they are.
            "behind" => Event::behind(text),
            // What another tab told.
            "heard" => Event::Heard(text.to_string()),
            "network" => failed(Failure::Network),
            "timeout" => failed(Failure::Timeout),
            "not_sent" => failed(Failure::NotSent),
            "api_key" => failed(Failure::ApiKey),
            // Of a log: status, `Retry-After` and body.
            "answered" => {
                let answer = Value::parse_lenient(text).unwrap_or(Value::Null);
                let part = |index: usize| answer.as_array().and_then(|parts| parts.get(index));
                let text = |index| part(index).and_then(Value::as_str);
                let status = part(0).and_then(Value::as_integer).unwrap_or_default();
                let status = u16::try_from(status).unwrap_or_default();
                self.answered(now, id, status, text(1).map(str::to_string), text(2).unwrap_or_default());
                return String::new();
            }
            // The caller no longer waits.
            "forget" => Event::Forgotten { ticket: id },
            "dispose" => {
                self.dispatch(Event::Shown);
                self.dispatch(Event::Hidden);
                self.disposed = true;
                return String::new();
            }
            word => {
                let arguments = Value::parse(text).unwrap_or(Value::Null);
                let quote = || arguments.text("quote").map(str::to_string);
                let ask = match word {
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
                Event::Asked { ticket: id, ask }
            }
        };
        self.dispatch(event);
        String::new()
    }

    /// An attempt was answered; status 0 where that says nothing.
    pub fn answered(&mut self, now: f64, id: u64, status: u16, retry_after: Option<String>, body: &str) {
        self.now = now as u64;
        self.dispatch(Event::Answered { id, status, retry_after, body: body.to_string() });
    }

    /// Applies a command, given as JSON text.
    fn apply(&mut self, command: &str) -> String {
        let edit = Value::parse(command)
            .map_err(|_| vec![value_type("command")])
            .and_then(|value| self.machine.read_command(&value));
        result(&edit.and_then(|edit| self.edit_or_collect(edit)))
    }

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
        let actions = self.machine.handle(event, self.now);
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

fn value_type(name: &str) -> Refusal {
    Refusal::new(Code::ValueType, key(name))
}

/// The text of the first refusal.
fn refused(refusals: &[Refusal]) -> String {
    refusals.first().map(|refusal| object(0, &|view| view.refusal(refusal))).unwrap_or_default()
}

fn result(edited: &Result<Edited, Vec<Refusal>>) -> String {
    object(0, &|view| view.result(edited))
}
