//! What has to hold, each with a name.

use cartwright::draft::quote::Quote;
use cartwright::draft::state::State;
use cartwright::model::json::Value;
use cartwright::sync::{Event, Machine, Phase, Reply, Send, SyncError};
use serde_json::Value as Json;

use crate::endpoint::Endpoint;
use crate::step::{Signal, Step, What};
use crate::tab::{self, Tab};
use crate::world::{ID, MAX_WAIT, World, is_close, is_closing, state_of};

/// An invariant that does not hold, and how that shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub invariant: &'static str,
    pub detail: String,
}

pub const ONE_ATTEMPT: &str = "one open attempt per session";
pub const ONE_SENDER: &str = "only the tab with the lock sends";
pub const TABS_AGREE: &str = "at rest all tabs show the same";
pub const ONE_TRANSACTION: &str = "one transaction after the other";
pub const RECORD_FIRST: &str = "no byte leaves before its record is stored";
pub const SAME_BYTES: &str = "a key belongs to exact bytes";
pub const NO_UPDATE_AFTER_CLOSE: &str = "no update after an acknowledged close";
pub const NOTHING_OMITTED: &str = "a field once sent is never omitted while the server has it";
pub const RETRY_AFTER: &str = "no request earlier than Retry-After";
pub const CEILING: &str = "no edit waits longer than maxWaitMs";
pub const NO_EDITS_WHILE_CLOSING: &str = "no edit is accepted while closing";
pub const NO_EDITS_AFTER_END: &str = "no edit is accepted after the end";
pub const HELD_FOR_A_REASON: &str = "nobody is kept from editing for nothing";
pub const FORWARD: &str = "acknowledged never goes back";
pub const QUOTE_FITS: &str = "a current quote is one of this draft";
pub const CLOSED_ONCE: &str = "close takes effect at most once";
pub const CLOSED_AS_AGREED: &str = "close keeps to the agreed quote";
pub const CLOSED_NEWEST: &str = "close carries the newest draft";
pub const CLOSE_IS_OURS: &str = "an own close is not told as somebody else's";
pub const PREPARED_IS_DURABLE: &str = "who pays relies on a record";
pub const CLOSE_IS_DURABLE: &str = "a close that left takes effect, or its caller is told";
pub const CLOSE_IS_TRUE: &str = "a close that resolved took effect";
pub const SETTLED_IS_TRUE: &str = "settled means a current quote";
pub const ANSWERED_ONCE: &str = "who waits is answered once";
pub const ANSWERED: &str = "who waits is answered";
pub const EDITS_ONCE: &str = "every stored edit is there exactly once, in order, or was given back";
pub const SERVER_HAS_DRAFT: &str = "at rest the server has the newest draft";
pub const FEW_REQUESTS: &str = "no more requests than their causes";
pub const SETTLES: &str = "when faults end, every schedule settles";
pub const REPLAYS: &str = "the same events lead to the same machine";

/// Fields of a session that the client owns.
const OWNED: [&str; 9] = [
    "profileId",
    "couponCodes",
    "referralCode",
    "loyaltyCards",
    "identifiers",
    "cartItems",
    "additionalCosts",
    "attributes",
    "total",
];

/// What holds after every event of a page.
pub fn always(world: &mut World, tab: usize) {
    let page = &mut world.tabs[tab];
    let machine = page.machine.as_ref().expect("an open page");
    let (acknowledged, revision) = (machine.acknowledged(), machine.revision());
    let mut broken: Option<(&'static str, String)> = None;
    let open = *machine.state() == State::Open;
    if open && (acknowledged < page.acknowledged || acknowledged > revision) {
        broken = Some((FORWARD, format!("{} to {acknowledged} of {revision}", page.acknowledged)));
    }
    // What becomes of an order is numbered anew.
    page.acknowledged = if open { acknowledged } else { 0 };
    if *machine.state() != State::Open && machine.may_edit().is_ok() {
        broken = Some((NO_EDITS_AFTER_END, String::new()));
    }
    let phase = machine.phase();
    let latest = page.first_edit.map(|first| (first + MAX_WAIT).max(world.time + 1));
    if phase == Phase::Scheduled
        && (world.holder == Some(tab) || !page.shares)
        && page.writing.is_none()
        && page.open.is_none()
        && let Some(latest) = latest
        && page.wake.is_none_or(|wake| wake > latest)
    {
        broken = Some((CEILING, format!("{:?} to {:?} at {}", page.first_edit, page.wake, world.time)));
    }
    let outruns = page.failed && (acknowledged >= machine.persisted() || !open);
    world.distrust[tab] |= outruns;
    world.note_safe(tab);
    if world.closings > 1 {
        broken = Some((CLOSED_ONCE, format!("{} closings took effect", world.closings)));
    }
    if let Some((invariant, detail)) = broken {
        world.fail(invariant, detail);
    }
    quote_fits(world, tab);
}

fn quote_fits(world: &mut World, tab: usize) {
    let page = &world.tabs[tab];
    let machine = page.machine();
    // What others ended has a quote of its own, and so has what another tab ended with edits that did
    // not get here any more.
    let others = world.ended_elsewhere || world.tabs.len() > 1;
    let over = others && *machine.state() != State::Open;
    if !machine.quote_is_current() || *machine.state() == State::Cancelled || world.blurred || over {
        return;
    }
    let Some((quote, revision)) = machine.quote() else { return };
    let seen = Some((revision, std::sync::Arc::as_ptr(quote) as usize));
    if page.compared == seen {
        return;
    }
    // Nothing in a read tells that it shows what a reopening left.
    let untold = page.unaware && world.unevaluated;
    let fits = untold || is_of_draft(world, tab);
    let detail = format!("revision {revision}, payable {:?}", quote.payable);
    if !fits || revision != machine.revision() {
        world.fail(QUOTE_FITS, detail);
    }
    world.tabs[tab].compared = seen;
}

/// Whether the quote is the one that the endpoint makes of the draft.
fn is_of_draft(world: &World, tab: usize) -> bool {
    let page = &world.tabs[tab];
    let machine = page.machine();
    // What campaigns made of it in between is as good; when the answer was given that another tab told, is not known.
    let first = if world.tabs.len() > 1 { 0 } else { page.prices };
    let prices = first..=world.prices.min(first + 1);
    machine.quote().is_some_and(|(quote, _)| {
        prices.into_iter().any(|prices| {
            let (_, answer) = wished(machine, prices);
            let right = Quote::new(machine.draft(), &Value::parse(&answer).expect("an answer"));
            quote.fingerprint == right.fingerprint
                && (quote.payable, &quote.coupons) == (right.payable, &right.coupons)
        })
    })
}

/// What the endpoint would have of the whole draft alone.
fn wished(machine: &Machine, prices: usize) -> (Endpoint, String) {
    let mut endpoint = Endpoint::default();
    endpoint.campaigns = prices % 2;
    let (status, answer) = endpoint.update(ID, &machine.request_text(), false);
    assert_eq!(status, 200, "{answer}");
    (endpoint, answer)
}

/// What holds when a request leaves.
pub fn leaving(world: &mut World, tab: usize, send: &Send) {
    let page = &world.tabs[tab];
    let machine = page.machine();
    let mut broken: Vec<(&'static str, String)> = Vec::new();
    let given_up = |other: &Tab| std::ptr::eq(other, page) && other.reads;
    // One that does not know yet that it lost the lock sends what is on record, which the next sender knows.
    let unaware = page.lost();
    let open = |page: &&Tab| page.open.is_some() && !page.abandoned && !given_up(page) && !page.lost();
    if let Some(other) = world.tabs.iter().find(open).filter(|_| !unaware) {
        broken.push((ONE_ATTEMPT, format!("{:?} and {} of tab {tab}", other.open, send.id)));
    }
    if page.shares && world.holder != Some(tab) && !unaware {
        broken.push((ONE_SENDER, format!("tab {tab}, but the lock is with {:?}", world.holder)));
    }
    if world.time < page.not_before {
        broken.push((RETRY_AFTER, format!("{} is earlier than {}", world.time, page.not_before)));
    }
    let state = state_of(send);
    let writes = send.key.is_some();
    if let (Some(key), Some(body)) = (&send.key, &send.body) {
        if machine.is_stored() && !world.store.records(key) && !unaware {
            broken.push((RECORD_FIRST, format!("attempt {} of tab {tab}", send.id)));
        }
        let first = !world.keys.contains_key(key);
        if world.keys.get(key).is_some_and(|known| known != body) {
            broken.push((SAME_BYTES, format!("{key}: {body}")));
        }
        world.keys.insert(key.clone(), body.clone());
        if state.as_deref() != Some("cancelled") {
            let fields = fields(body);
            // Who took over from a tab that has not put the end on record cannot know of it.
            let known = !page.shares || world.store.ended || *machine.state() != State::Open;
            if world.closed && first && known && !is_closing(send) && !world.blurred {
                broken.push((NO_UPDATE_AFTER_CLOSE, body.clone()));
            }
            let mut known = world.fields.values().flatten();
            let omitted = |field: &&String| !fields.contains(field) && holds(&world.endpoint, field);
            if let Some(field) = known.find(omitted).filter(|_| first && !world.foreign) {
                broken.push((NOTHING_OMITTED, format!("{field} in {body}")));
            }
            world.fields.insert(key.clone(), fields);
        }
        if is_closing(send) && first && !world.closing_begun {
            let shown = machine.quote().map(|(quote, _)| quote.fingerprint.clone());
            // Edits that were given back leave a number behind.
            let current = machine.quote_is_current() || is_of_draft(world, tab);
            let fits = |agreed: &String| current && Some(agreed) == shown.as_ref();
            let closes = page.waiting.iter().filter(|(_, what)| is_close(**what));
            let agreed: Vec<&String> = closes.filter_map(|(ticket, _)| page.agreed.get(ticket)).collect();
            if !agreed.iter().all(|agreed| fits(agreed)) {
                broken.push((CLOSED_AS_AGREED, format!("{agreed:?}, and the newest is {shown:?}")));
            }
            if carried(body) != carried(&machine.request_text()) {
                broken.push((CLOSED_NEWEST, format!("{body}, and the draft is {}", machine.request_text())));
            }
        }
    }
    if is_closing(send) {
        world.closing_since.get_or_insert(world.time);
        // The next sender cannot know of it when it reads.
        world.closing_excused |= world.tabs[tab].lost();
    }
    world.closing_begun |= is_closing(send);
    if writes {
        let page = &mut world.tabs[tab];
        page.first_edit = None;
        page.unrecorded |= !page.machine().is_stored();
    }
    for (invariant, detail) in broken {
        world.fail(invariant, detail);
    }
}

/// Whether the endpoint has something in a field.
fn holds(endpoint: &Endpoint, field: &str) -> bool {
    let session = endpoint.stored.as_ref().map(|_| endpoint.session()).unwrap_or_default();
    let held = field.strip_prefix("attributes.").map_or(&session[field], |name| &session["attributes"][name]);
    !is_empty(held)
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// The draft that a body carries.
fn carried(body: &str) -> Json {
    let mut body: Json = serde_json::from_str(body).expect("JSON");
    if let Some(session) = body["customerSession"].as_object_mut() {
        session.remove("state");
    }
    body["customerSession"].take()
}

/// The fields and the attributes of a body.
fn fields(body: &str) -> Vec<String> {
    let body: Json = serde_json::from_str(body).expect("JSON");
    let names = |json: &Json| -> Vec<String> {
        json.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    let session = &body["customerSession"];
    let attributes = names(&session["attributes"]).into_iter().map(|name| format!("attributes.{name}"));
    names(session).into_iter().filter(|name| name != "state").chain(attributes).collect()
}

/// What holds when a promise is answered.
pub fn promise(
    world: &mut World,
    tab: usize,
    ticket: u64,
    what: Option<What>,
    result: &Result<Reply, SyncError>,
) {
    let Some(what) = what else { return };
    world.closing_begun &= !is_close(what);
    let machine = world.tabs[tab].machine();
    match (what, result) {
        (What::Prepare | What::PrepareSeen, Ok(Reply::Prepared { quote, .. })) => {
            let agreed = world.tabs[tab].agreed.get(&ticket).cloned();
            let fits = agreed.as_ref().is_none_or(|agreed| *agreed == quote.fingerprint);
            let (current, stored) = (machine.quote_is_current(), machine.is_stored());
            if !fits || !current {
                let detail = format!("prepared with {}, agreed {agreed:?}", quote.fingerprint);
                world.fail(CLOSED_AS_AGREED, detail);
            }
            // What another tab told a moment ago may not have been heard.
            if stored && !world.store.records("\"prepare\"") && world.tabs[tab].heard.is_empty() {
                world.fail(PREPARED_IS_DURABLE, String::new());
            }
            world.tabs[tab].prepared = true;
        }
        (What::Settled, Ok(_)) => {
            let unused = machine.revision() == 0 && machine.session().is_none();
            if !(machine.quote_is_current() || unused || *machine.state() != State::Open) {
                world.fail(SETTLED_IS_TRUE, String::new());
            }
        }
        (what, Ok(_)) if is_close(what) => {
            let there = world.endpoint.state();
            if !["closed", "cancelled"].contains(&there.as_str()) && !world.reopened {
                world.fail(CLOSE_IS_TRUE, there);
            }
        }
        (what, Err(_)) if is_close(what) => world.closing_excused = true,
        _ => {}
    }
}

/// What holds when a page is told that the session is closed.
pub fn closed(world: &mut World, tab: usize, foreign: bool) {
    let ours = world.closings > 0 && !world.ended_elsewhere && !world.closed_by_back_end;
    // A page that opens after the end knows nothing of it.
    let known = world.closed;
    // What a tab does with a role that it lost, the next sender cannot know.
    world.closed |= !foreign && !world.tabs[tab].lost();
    world.tabs[tab].prepared = false;
    // Nobody knew any more what had become of it: whatever it left behind is nobody's to keep.
    world.ended_elsewhere |= foreign && world.closing_excused;
    if foreign && ours && !known && !world.closing_excused && !world.foreign && !world.blurred {
        world.fail(CLOSE_IS_OURS, format!("tab {tab}"));
    }
}

/// The events of a page lead to the same machine again.
pub fn replays(world: &mut World, tab: usize, machine: &Machine) {
    let page = &world.tabs[tab];
    let mut again = tab::machine(&page.options);
    for (now, event) in &page.log {
        // Ids of lines are made when a command is read.
        if let Event::Edited(edits) = event {
            for edit in edits {
                drop(again.read_command(&edit.raw));
            }
        }
        again.handle(event.clone(), *now);
    }
    let (left, right) = (format!("{machine:?}"), format!("{again:?}"));
    if left != right {
        let place = left.bytes().zip(right.bytes()).position(|(left, right)| left != right).unwrap_or(0);
        let around = |text: &str| text.chars().skip(place.saturating_sub(40)).take(120).collect::<String>();
        let detail = format!("{} … {}", around(&left), around(&right));
        world.fail(REPLAYS, detail);
    }
}

/// The faults end, everybody asks for what they still want, and everything comes to rest.
pub fn end(world: &mut World) -> Result<(), Broken> {
    for tab in 0..world.tabs.len() {
        world.take(Step::Disk(crate::step::Disk::Free))?;
        world.take(Step::Back { tab })?;
        world.take(Step::Thaw { tab })?;
        world.take(Step::Open { tab })?;
        world.take(Step::Signal { tab, signal: Signal::Online })?;
        world.take(Step::Signal { tab, signal: Signal::Shown })?;
    }
    for tab in 0..world.tabs.len() {
        // Whoever waits for a back end that never closes would wait for ever.
        let polls = world.tabs[tab].waiting.values().any(|what| *what == What::Finish);
        if polls && !world.is_over_there() {
            world.ask(tab, What::Release);
        }
    }
    settle(world)?;
    for tab in 0..world.tabs.len() {
        let back_end = world.closed_by_back_end;
        if world.tabs[tab].prepared || world.tabs[tab].machine().phase() == Phase::Closing {
            world.ask(tab, if back_end { What::Finish } else { What::Release });
            settle(world)?;
        }
        // A read that was refused is not made again by itself.
        let refused = world.is_over_there() && world.tabs[tab].machine().error().is_some();
        if back_end || world.ended_elsewhere || world.foreign || refused {
            // Nothing may have brought the page together with the endpoint since.
            world.ask(tab, What::Refresh);
            settle(world)?;
        }
        // A block is lifted by a person, or by an edit.
        for _ in 0..2 {
            world.ask(tab, What::Flush);
            settle(world)?;
            if world.tabs[tab].machine().phase() == Phase::Closing {
                world.ask(tab, What::Release);
                settle(world)?;
            }
            let machine = world.tabs[tab].machine();
            if machine.may_edit().is_ok() && machine.phase() == Phase::Blocked {
                world.take(Step::Edit { tab, edit: crate::step::Edit::Add, pick: 0 })?;
                settle(world)?;
            }
        }
    }
    for tab in 0..world.tabs.len() {
        let ticket = world.ask(tab, What::Settled);
        settle(world)?;
        if world.tabs[tab].waiting.contains_key(&ticket) {
            world.fail(SETTLES, format!("tab {tab}: {:?}", world.tabs[tab].machine().phase()));
        }
    }
    // Of a session that is over a tab shows what it knew: nothing of it is stored any more.
    let over = world.is_over_there();
    for tab in 1..world.tabs.len() {
        if over {
            break;
        }
        let [one, other] = [0, tab].map(|tab| shown(world.tabs[tab].machine()));
        if one != other {
            world.fail(TABS_AGREE, format!("{one}, and in tab {tab} {other}"));
        }
    }
    for tab in 0..world.tabs.len() {
        at_rest(world, tab);
        let machine = world.tabs[tab].machine.take();
        if let Some(machine) = machine {
            replays(world, tab, &machine);
        }
    }
    let most = 3 * world.causes + 3 * world.faults + world.polls + 5;
    if world.requests > most {
        world.fail(FEW_REQUESTS, format!("{} requests, at most {most}", world.requests));
    }
    world.broken.take().map_or(Ok(()), Err)
}

/// The draft as people see it: what is empty is not there.
fn shown(machine: &Machine) -> Json {
    let mut draft = carried(&machine.request_text());
    if let Some(fields) = draft.as_object_mut() {
        fields.retain(|_, value| !is_empty(value));
    }
    draft
}

fn settle(world: &mut World) -> Result<(), Broken> {
    let rests = world.calm();
    for tab in 0..world.tabs.len() {
        let Some(machine) = &world.tabs[tab].machine else { continue };
        let held = machine.phase() == Phase::Closing && machine.error().is_none();
        let prepared = world.tabs.iter().any(|tab| tab.prepared) || world.store.records("\"prepare\"");
        if rests && held && !prepared {
            world.fail(HELD_FOR_A_REASON, format!("tab {tab}"));
        }
    }
    if !rests {
        let tabs: Vec<_> = world.tabs.iter().filter(|tab| tab.is_open()).collect();
        let phases: Vec<_> =
            tabs.iter().map(|tab| (tab.machine().phase(), tab.machine().error().cloned())).collect();
        world.fail(SETTLES, format!("no rest is found: {phases:?}"));
    }
    world.broken.take().map_or(Ok(()), Err)
}

/// What holds for a page when nothing is left to do.
fn at_rest(world: &mut World, tab: usize) {
    let page = &world.tabs[tab];
    let machine = page.machine();
    let phase = if *machine.state() == State::Open { Phase::Idle } else { Phase::Finished };
    let mut broken: Vec<(&'static str, String)> = Vec::new();
    if machine.phase() != phase || page.open.is_some() || page.wake.is_some() {
        broken.push((SETTLES, format!("{:?} {:?}", machine.phase(), machine.error())));
    }
    if !page.waiting.is_empty() {
        broken.push((ANSWERED, format!("{:?} at {:?}", page.waiting, machine.phase())));
    }
    if machine.revision() > 0 || world.endpoint.stored.is_some() {
        broken.extend(same_as_server(world, machine));
    }
    let elsewhere = world.ended_elsewhere || world.closed_by_back_end;
    if world.closing_since.is_some() && !world.closing_excused && world.closings == 0 && !elsewhere {
        broken.push((CLOSE_IS_DURABLE, String::new()));
    }
    for (invariant, detail) in broken {
        world.fail(invariant, detail);
    }
}

fn same_as_server(world: &World, machine: &Machine) -> Option<(&'static str, String)> {
    let there = world.endpoint.stored.is_some().then(|| world.endpoint.state());
    if there.as_deref() != Some(machine.state().as_str()) {
        return Some((SERVER_HAS_DRAFT, format!("{:?}, and {there:?} there", machine.state())));
    }
    if *machine.state() == State::Cancelled || world.closed_by_back_end || world.ended_elsewhere {
        return None;
    }
    let held = world.endpoint.session();
    let (wished, _) = wished(machine, world.prices);
    let wished = wished.session();
    for field in OWNED {
        if wished[field] != held[field] && !world.blurred {
            return Some((SERVER_HAS_DRAFT, format!("{field}: {}, there: {}", wished[field], held[field])));
        }
    }
    if world.foreign || world.blurred {
        return None;
    }
    let items = world.endpoint.items();
    let note = held["attributes"]["Note"].as_str();
    world.edits.misfit(&items, note).map(|detail| (EDITS_ONCE, detail))
}
