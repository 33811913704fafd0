//! An endpoint without network or store: the sandbox's session rules and its idempotency keys.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use cartwright::model::wire::Wire;
use cartwright::sync::{Method, Send};
use cartwright_server::problem::Problem;
use cartwright_server::sandbox::books::Books;
use cartwright_server::sandbox::campaigns::{Campaigns, DEFAULT};
use cartwright_server::sandbox::read;
use cartwright_server::sandbox::rules::{self, Facts, Stored};
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

/// The default campaigns, and what they become when XMAS-20-2021 is worth half of it.
static CAMPAIGNS: LazyLock<[Campaigns; 2]> = LazyLock::new(|| {
    let later = DEFAULT.replace("\"percent\": 20", "\"percent\": 10");
    [DEFAULT, &later].map(|text| Campaigns::parse(text).unwrap())
});

/// How long the answer of a key is kept, in milliseconds.
const KEY_LIFE: u64 = 24 * 3_600_000;

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
}

static BOOKS: LazyLock<Books> = LazyLock::new(Books::default);

fn facts(id: &str) -> Facts<'_> {
    Facts {
        integration_id: id,
        number: 9_007_199_254_740_993,
        first_session: true,
        now: now(),
        evaluate_at: None,
        dry: false,
        books: &BOOKS,
    }
}

/// A status and a body.
pub type Answer = (u16, String);

/// One session and the keys that were used for it.
#[derive(Debug, Clone, Default)]
pub struct Endpoint {
    pub stored: Option<Stored>,
    /// Whether refused updates are remembered under their keys too.
    pub remember_errors: bool,
    /// Which campaigns hold.
    pub campaigns: usize,
    keys: BTreeMap<String, (String, Answer, u64)>,
    /// Bodies that took effect, in order.
    pub applied: Vec<Json>,
}

impl Endpoint {
    /// The keys that are remembered.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.keys.keys()
    }

    /// A request as it arrives at a time.
    pub fn take(&mut self, send: &Send, now: u64) -> Answer {
        let (path, query) = send.path.split_once('?').unwrap_or((&send.path, ""));
        let path = path.strip_prefix("/v2/customer_sessions/").unwrap();
        let (id, operation) = path.split_once('/').unwrap_or((path, ""));
        if send.method == Method::Get {
            assert_eq!((&send.body, &send.key, operation, query), (&None, &None, "", ""));
            return match self.stored.clone() {
                None => (404, json!({ "message": "The session does not exist" }).to_string()),
                Some(stored) => (200, rules::read(stored).to_answer_text()),
            };
        }
        let method = if operation == "returns" { Method::Post } else { Method::Put };
        assert_eq!((send.method, send.body.is_none()), (method, operation == "reopen"), "{path}");
        let body = send.body.as_deref().unwrap_or(operation);
        let dry = query.split('&').any(|pair| pair == "dry=true");
        if let Some(key) = &send.key {
            self.keys.retain(|_, (_, _, at)| now.saturating_sub(*at) <= KEY_LIFE);
            if let Some((known, answer, _)) = self.keys.get(key) {
                assert_eq!(known.as_str(), body, "a key belongs to exact bytes");
                return answer.clone();
            }
        }
        let answer = match operation {
            "reopen" => self.reopen(),
            "returns" => self.give_back(id, body),
            _ => self.update(id, body, dry),
        };
        if let Some(key) = &send.key
            && (answer.0 < 300 || self.remember_errors)
        {
            self.keys.insert(key.clone(), (body.to_string(), answer.clone(), now));
        }
        answer
    }

    /// An update by anybody; `body` is the text of an `IntegrationRequest`.
    pub fn update(&mut self, id: &str, body: &str, dry: bool) -> Answer {
        let facts = Facts { dry, ..facts(id) };
        let campaigns = &CAMPAIGNS[self.campaigns];
        let read = read::body(body.as_bytes(), campaigns);
        let done = read.and_then(|read| rules::update(self.stored.as_ref(), &read, campaigns, &facts));
        match done {
            Ok((_, answer)) if dry => (200, answer.to_answer_text()),
            done => {
                let done = done.map(|(stored, answer)| (stored, answer.to_answer_text()));
                self.done(done, serde_json::from_str(body).unwrap_or_default())
            }
        }
    }

    /// The order is opened again, by anybody.
    pub fn reopen(&mut self) -> Answer {
        let done = rules::reopen(self.stored.as_ref().expect("a session"), now());
        self.done(done.map(|(stored, answer)| (stored, answer.to_answer_text())), json!("reopen"))
    }

    /// Units of the order are given back by anybody; `body` is the text of a `ReturnIntegrationRequest`.
    pub fn give_back(&mut self, id: &str, body: &str) -> Answer {
        let stored = self.stored.as_ref().expect("a session");
        let done = read::returns(body.as_bytes())
            .and_then(|body| rules::returns(stored, &body, false, &CAMPAIGNS[self.campaigns], &facts(id)));
        let made = serde_json::from_str(body).unwrap();
        self.done(done.map(|(stored, answer)| (stored, answer.to_answer_text())), made)
    }

    fn done(&mut self, done: Result<(Stored, String), Problem>, made: Json) -> Answer {
        match done {
            Err(problem) => (problem.status, problem.body()),
            Ok((stored, answer)) => {
                self.stored = Some(stored);
                self.applied.push(made);
                (200, answer)
            }
        }
    }

    /// Somebody else writes.
    pub fn foreign(&mut self, id: &str, session: &Json) {
        let body = json!({ "customerSession": session }).to_string();
        let (status, answer) = self.update(id, &body, false);
        assert_eq!(status, 200, "{answer}");
        self.applied.pop();
    }

    /// Somebody else updates the session, or gives units of the order back.
    pub fn others(&mut self, id: &str, body: &Json) {
        if body["return"].is_null() {
            return self.foreign(id, body);
        }
        let (status, answer) = self.give_back(id, &body.to_string());
        assert_eq!(status, 200, "{answer}");
        self.applied.pop();
    }

    /// The session as JSON.
    pub fn session(&self) -> Json {
        let stored = self.stored.as_ref().expect("a session");
        serde_json::from_str(&stored.session.to_answer_text()).unwrap()
    }

    /// Units of each SKU, in order.
    pub fn items(&self) -> Vec<(String, u64)> {
        let session = self.session();
        let items = session["cartItems"].as_array().unwrap();
        let item =
            |item: &Json| (item["sku"].as_str().unwrap().to_string(), item["quantity"].as_u64().unwrap());
        items.iter().map(item).collect()
    }

    pub fn state(&self) -> String {
        self.session()["state"].as_str().unwrap().to_string()
    }
}
