//! One step of a schedule, as data: a list of them is a schedule, whoever drew it.
//!
//! Places (`pick`) are taken modulo what there is at the time, and a step that does not apply does
//! nothing, so that a schedule stays one whatever is cut out of it.

use serde::{Deserialize, Serialize};

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// The shopper or the shop edits.
    Edit { tab: usize, edit: Edit, pick: u64 },
    /// Somebody asks for something that needs the server.
    Ask { tab: usize, what: What },
    /// Somebody no longer waits.
    Forget { tab: usize, pick: u64 },
    /// The page is told something by the browser.
    Signal { tab: usize, signal: Signal },
    /// A request on its way meets its fate.
    Request { pick: u64, fate: Fate },
    /// An answer on its way back meets its fate.
    Answer { pick: u64, fate: Back },
    /// The running transaction of a tab ends.
    Commit { tab: usize, end: End },
    /// Time goes on to the next timer.
    Tick,
    /// Time goes on.
    Pass { milliseconds: u64 },
    /// The clock is set.
    Jump { milliseconds: i64 },
    /// A page is gone from one moment to the next; its running transaction may still be carried out.
    Crash { tab: usize, commits: bool },
    /// It is opened again.
    Open { tab: usize },
    /// A page stands still, with everything that it has.
    Freeze { tab: usize },
    /// It goes on.
    Thaw { tab: usize },
    /// A page is put away so that it may come back.
    PutAway { tab: usize },
    /// It is back.
    Back { tab: usize },
    /// A tab hears the next thing that another one told.
    Hear { tab: usize },
    /// A tab that stands still never hears of what was told meanwhile.
    Miss { tab: usize },
    /// A transaction that was given up is carried out.
    Late,
    /// Something becomes of the store.
    Disk(Disk),
    /// Somebody else writes to the session.
    Foreign,
    /// Somebody else closes it.
    ForeignClose,
    /// The shop's back end closes what was prepared for it.
    BackEnd,
    /// Campaigns change: the same cart has another price.
    Prices,
}

/// Kinds of edits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Edit {
    /// A line of its own.
    Add,
    /// A unit of a line that all tabs share.
    Share,
    /// Two lines as one edit.
    Both,
    Remove,
    Quantity,
    Clear,
    Note,
    DropNote,
    Coupon,
    DropCoupon,
    Cost,
    DropCost,
    Profile,
    DropProfile,
}

/// What may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    Flush,
    Settled,
    Refresh,
    Preview,
    Close,
    /// Close with the quote that is shown.
    CloseSeen,
    /// Close with a quote that nobody was shown.
    CloseOther,
    Prepare,
    PrepareSeen,
    Finish,
    Release,
    Cancel,
    Reopen,
}

/// What a browser tells a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signal {
    Online,
    Offline,
    Shown,
    Hidden,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// It arrives, and so does its answer.
    Serve,
    /// It arrives, and the answer is on its way.
    Arrive,
    /// It is lost, and nobody is told.
    Lose,
    /// No connection.
    Refuse,
    /// The connection breaks and the request goes on.
    Break,
    /// It takes effect, and then the connection breaks.
    BreakAfter,
    /// Something in front of the endpoint answers in its place.
    Instead(usize),
    /// A gateway gives up on a request that goes on.
    Gateway(usize),
    /// It takes effect behind a gateway that says otherwise.
    GatewayAfter(usize),
    /// A captive portal answers.
    Portal(usize),
    /// It takes effect, and the answer is cut off.
    Cut,
    /// The network makes a second one of it.
    Copy,
    /// The shop's headers could not be had.
    NotSent,
    /// They hold a key of the API.
    ApiKey,
}

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Back {
    Deliver,
    Lose,
    Break,
    Cut,
}

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    Done,
    /// Nothing of it is there.
    Fails,
    /// It is there, and the page hears otherwise.
    FailsAfter,
    /// The page hears that it failed, and it is carried out later.
    FailsLate,
    /// The page does not hear of it and tries once more.
    Twice,
}

/// What may become of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Disk {
    /// Pages that open from now on get none.
    Denied,
    /// They get one.
    Granted,
    /// No transaction succeeds.
    Full,
    /// They do again.
    Free,
    /// What it holds cannot be read.
    Damaged,
}

/// Answers in place of the endpoint's: status, body, `Retry-After`.
pub const INSTEAD: [(u16, &str, Option<&str>); 13] = [
    (409, "{}", None),
    (409, "{}", Some("1")),
    (429, "{}", None),
    (429, "{}", Some("7")),
    (429, "{}", Some("86400")),
    (429, "{}", Some("soon")),
    (503, "{}", Some("3")),
    (500, "<html>", None),
    (400, "{}", None),
    (400, r#"{"message":"no","errors":[{"source":{"pointer":"/cartItems/0"}}]}"#, None),
    (422, "{}", None),
    (401, "{}", None),
    (403, "{}", None),
];

/// Answers of a gateway behind which a request may live on.
pub const GATEWAY: [u16; 6] = [408, 425, 500, 502, 503, 504];

/// Answers of what is no endpoint at all.
pub const PORTAL: [(u16, &str); 4] = [
    (200, "<html>"),
    (200, "{}"),
    (204, ""),
    (200, r#"{"customerSession":{"integrationId":"other","state":"open"}}"#),
];

/// Every kind of fault, by the name under which it is counted.
pub const FAULTS: &[&str] = &[
    "answer cut",
    "answer late",
    "answer lost",
    "answer replaced: 204",
    "answer replaced: 400",
    "answer replaced: 401",
    "answer replaced: 403",
    "answer replaced: 409",
    "answer replaced: 422",
    "answer replaced: 429",
    "answer replaced: 5xx",
    "answer replaced: portal",
    "back end closes",
    "campaigns change",
    "clock back",
    "clock ahead",
    "connection breaks after",
    "connection breaks before",
    "connection refused",
    "crash",
    "foreign close",
    "foreign writer",
    "freeze",
    "gateway gives up after",
    "gateway gives up before",
    "headers fail",
    "headers hold a key",
    "late request arrives",
    "late request is lost",
    "lock stolen",
    "lock lost without a word",
    "page comes back",
    "page is put away",
    "request copied",
    "request lost",
    "request times out",
    "storage damaged",
    "storage denied",
    "storage full",
    "told and not heard",
    "transaction fails",
    "transaction fails after",
    "transaction fails and is late",
    "transaction of another page",
    "transaction tried twice",
];
