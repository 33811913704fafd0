//! Sessions and idempotency keys in one SQLite file: a transaction per request.

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cartwright::amount::Amount;
use cartwright::model::NewCustomerSessionV2;
use cartwright::model::json::Value;
use cartwright::model::wire::{Wire, read_answer};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use time::OffsetDateTime;

use crate::asked::{Asked, Operation};
use crate::problem::{Problem, at_parameter, no_session};
use crate::sandbox::books::{self, Books};
use crate::sandbox::campaigns::Campaigns;
use crate::sandbox::read::{self, Body, ReturnBody};
use crate::sandbox::rules::{self, Facts, Stored};

/// How long the answer of an idempotency key is kept, in milliseconds (API reference, section 1.1).
const KEY_LIFE_MS: i64 = 24 * 60 * 60 * 1000;

/// Sessions are numbered from here, beyond what a double holds exactly, so that a client which
/// rounds 64-bit ids is found out in development.
const FIRST_NUMBER: i64 = 9_007_199_254_740_993;

/// The layout of the tables, kept in SQLite's `user_version`.
const LAYOUT: i64 = 2;

const TABLES: &str = "
CREATE TABLE sessions (
    number INTEGER PRIMARY KEY,
    integration_id TEXT NOT NULL UNIQUE,
    profile_id TEXT NOT NULL,
    session TEXT NOT NULL,
    effects TEXT NOT NULL,
    kept TEXT NOT NULL DEFAULT '[]',
    returns TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE INDEX sessions_by_profile ON sessions (profile_id, number);
CREATE TABLE answers (
    key TEXT PRIMARY KEY,
    target TEXT NOT NULL,
    request BLOB NOT NULL,
    status INTEGER NOT NULL,
    answer TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX answers_by_age ON answers (at);
";

const BOOKS: &str = "
CREATE TABLE books (
    owner TEXT NOT NULL,
    account TEXT NOT NULL,
    amount TEXT NOT NULL,
    PRIMARY KEY (owner, account)
) STRICT, WITHOUT ROWID;
";

/// What layout 1 lacks beside the books.
const FROM_1: &str = "
ALTER TABLE sessions ADD COLUMN kept TEXT NOT NULL DEFAULT '[]';
ALTER TABLE sessions ADD COLUMN returns TEXT NOT NULL DEFAULT '[]';
";

/// Why the store could not do something.
#[derive(Debug)]
pub enum StoreError {
    /// SQLite's own error.
    Sqlite(rusqlite::Error),
    /// The file was written by another version.
    Layout(i64),
    /// A stored session cannot be read.
    Corrupt(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Sqlite(error) => write!(f, "{error}"),
            StoreError::Layout(found) => write!(
                f,
                "the file has layout {found}, this version reads layout {LAYOUT}; name another file with --db"
            ),
            StoreError::Corrupt(id) => write!(f, "the stored session {id} cannot be read"),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        StoreError::Sqlite(error)
    }
}

/// What changes a session.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Update(Box<Body>),
    Reopen,
    Return(ReturnBody),
}

impl Change {
    /// What a request changes; none where it only reads.
    pub(crate) fn of(request: &Asked, campaigns: &Campaigns) -> Option<Result<Change, Problem>> {
        match request.operation {
            Operation::Read => None,
            Operation::Update => {
                Some(read::body(&request.text, campaigns).map(|body| Change::Update(Box::new(body))))
            }
            Operation::Reopen => Some(Ok(Change::Reopen)),
            Operation::Return => Some(read::returns(&request.text).map(Change::Return)),
        }
    }
}

/// An answer: status and JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl From<&Problem> for Answer {
    fn from(problem: &Problem) -> Answer {
        Answer { status: problem.status, text: problem.body() }
    }
}

/// The store.
#[derive(Debug)]
pub(crate) struct Store {
    connection: Mutex<Connection>,
    /// Whether a refused update is remembered under its key, which the API does not tell.
    remember_errors: bool,
}

impl Store {
    pub(crate) fn open(file: &Path, remember_errors: bool) -> Result<Store, StoreError> {
        let mut connection = Connection::open(file)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let layout = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        match layout {
            0 => transaction.execute_batch(&[TABLES, BOOKS].concat())?,
            1 => transaction.execute_batch(&[FROM_1, BOOKS].concat())?,
            LAYOUT => {}
            other => return Err(StoreError::Layout(other)),
        }
        transaction.pragma_update(None, "user_version", LAYOUT)?;
        transaction.commit()?;
        Ok(Store { connection: Mutex::new(connection), remember_errors })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn read(&self, integration_id: &str) -> Result<Option<Stored>, StoreError> {
        read(&self.connection(), integration_id)
    }

    /// Forgets everything.
    pub(crate) fn reset(&self) -> Result<(), StoreError> {
        let sql = "BEGIN IMMEDIATE; DELETE FROM sessions; DELETE FROM answers; DELETE FROM books; COMMIT;";
        Ok(self.connection().execute_batch(sql)?)
    }

    /// Carries out a change, or repeats the answer that its key already has.
    pub(crate) fn change(
        &self,
        request: &Asked,
        change: &Result<Change, Problem>,
        campaigns: &Campaigns,
        now: OffsetDateTime,
    ) -> Result<Answer, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let now_ms = milliseconds(now);
        if let Some(key) = &request.key {
            let oldest = now_ms.saturating_sub(KEY_LIFE_MS);
            transaction.execute("DELETE FROM answers WHERE at < ?1", [oldest])?;
            if let Some(answer) = remembered(&transaction, key, request)? {
                return Ok(answer);
            }
        }
        let answer = match change {
            Err(problem) => Answer::from(problem),
            Ok(change) => apply(&transaction, request, change, campaigns, now)?,
        };
        if let Some(key) = &request.key
            && (answer.status < 300 || self.remember_errors)
        {
            transaction.execute(
                "INSERT INTO answers (key, target, request, status, answer, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![key, request.target, request.text, answer.status, answer.text, now_ms],
            )?;
        }
        transaction.commit()?;
        Ok(answer)
    }
}

/// Milliseconds since 1970.
pub(crate) fn milliseconds(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}

/// The answer that a key already has; a key of another request is refused.
fn remembered(connection: &Connection, key: &str, request: &Asked) -> Result<Option<Answer>, StoreError> {
    let found = connection
        .query_row(
            "SELECT status, answer, target = ?2 AND request = ?3 FROM answers WHERE key = ?1",
            params![key, request.target, request.text],
            |row| {
                let answer = Answer { status: row.get(0)?, text: row.get(1)? };
                Ok((answer, row.get::<_, bool>(2)?))
            },
        )
        .optional()?;
    Ok(found.map(|(answer, same)| if same { answer } else { (&reused_key()).into() }))
}

fn reused_key() -> Problem {
    Problem::invalid(vec![at_parameter(
        "Idempotency-Key",
        "The key belongs to another request",
        "Idempotency-Key",
    )])
}

fn apply(
    transaction: &Transaction<'_>,
    request: &Asked,
    change: &Change,
    campaigns: &Campaigns,
    now: OffsetDateTime,
) -> Result<Answer, StoreError> {
    let stored = read(transaction, &request.integration_id)?;
    let number = match stored.as_ref().and_then(|stored| stored.session.id) {
        Some(number) => number,
        None => next_number(transaction)?,
    };
    let nothing = NewCustomerSessionV2::default();
    let sent = if let Change::Update(body) = change { &body.customer_session } else { &nothing };
    let profile = rules::profile(stored.as_ref(), sent);
    let books = booked(transaction, &books::owners(profile, rules::cards(stored.as_ref(), sent)))?;
    // Reopening has no dry run.
    let dry = request.query.dry && !matches!(change, Change::Reopen);
    let facts = Facts {
        integration_id: &request.integration_id,
        number,
        first_session: profile.is_empty() || !earlier_session(transaction, profile, number)?,
        now,
        evaluate_at: request.query.now,
        dry,
        books: &books,
    };
    let again = request.query.run_rule_engine;
    let changed = match (change, &stored) {
        (Change::Update(body), _) => rules::update(stored.as_ref(), body, campaigns, &facts).map(text_of),
        (_, None) => Err(no_session()),
        (Change::Reopen, Some(stored)) => rules::reopen(stored, now).map(text_of),
        (Change::Return(body), Some(stored)) => {
            rules::returns(stored, body, again, campaigns, &facts).map(text_of)
        }
    };
    match changed {
        Err(problem) => Ok(Answer::from(&problem)),
        Ok((changed, text)) => {
            if !dry {
                write(transaction, number, &changed)?;
                book(transaction, &books::difference(stored.as_ref(), &changed))?;
            }
            Ok(Answer { status: 200, text })
        }
    }
}

fn text_of<T: Wire>((stored, answer): (Stored, T)) -> (Stored, String) {
    (stored, answer.to_answer_text())
}

/// What these owners have in the books.
fn booked(connection: &Connection, owners: &[String]) -> Result<Books, StoreError> {
    let mut books = Books::default();
    let mut accounts = connection.prepare_cached("SELECT account, amount FROM books WHERE owner = ?1")?;
    for owner in owners {
        let mut rows = accounts.query([owner])?;
        while let Some(row) = rows.next()? {
            let (account, amount): (String, String) = (row.get(0)?, row.get(1)?);
            books.add(owner, &account, Amount::parse(&amount).unwrap_or_default());
        }
    }
    Ok(books)
}

/// Adds to the books.
fn book(connection: &Connection, gain: &Books) -> Result<(), StoreError> {
    let mut find = connection.prepare_cached("SELECT amount FROM books WHERE owner = ?1 AND account = ?2")?;
    let mut set = connection
        .prepare_cached("INSERT OR REPLACE INTO books (owner, account, amount) VALUES (?1, ?2, ?3)")?;
    for (owner, account, amount) in gain.iter() {
        let held: Option<String> = find.query_row([owner, account], |row| row.get(0)).optional()?;
        let held = held.and_then(|held| Amount::parse(&held).ok()).unwrap_or_default();
        let sum = held.add(amount).unwrap_or(held);
        set.execute([owner, account, &sum.to_string()])?;
    }
    Ok(())
}

fn next_number(connection: &Connection) -> Result<i64, StoreError> {
    let highest: Option<i64> =
        connection.query_row("SELECT max(number) FROM sessions", [], |row| row.get(0))?;
    Ok(highest.map_or(FIRST_NUMBER, |number| number.saturating_add(1)))
}

fn earlier_session(connection: &Connection, profile: &str, number: i64) -> Result<bool, StoreError> {
    Ok(connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sessions WHERE profile_id = ?1 AND number < ?2)",
        params![profile, number],
        |row| row.get(0),
    )?)
}

fn read(connection: &Connection, integration_id: &str) -> Result<Option<Stored>, StoreError> {
    let texts: Option<[String; 4]> = connection
        .query_row(
            "SELECT session, effects, kept, returns FROM sessions WHERE integration_id = ?1",
            [integration_id],
            |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]),
        )
        .optional()?;
    let Some([session, effects, kept, returns]) = texts else {
        return Ok(None);
    };
    match (parsed(&session), parsed(&effects), parsed(&kept), parsed(&returns)) {
        (Some(session), Some(effects), Some(kept), Some(returns)) => {
            Ok(Some(Stored { session, effects, kept, returns }))
        }
        _ => Err(StoreError::Corrupt(integration_id.to_string())),
    }
}

fn parsed<T: Wire>(text: &str) -> Option<T> {
    read_answer(&Value::parse(text).ok()?)
}

fn write(connection: &Connection, number: i64, stored: &Stored) -> Result<(), StoreError> {
    let session = &stored.session;
    connection.execute(
        "INSERT INTO sessions (number, integration_id, profile_id, session, effects, kept, returns)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (number) DO UPDATE
         SET profile_id = excluded.profile_id, session = excluded.session, effects = excluded.effects,
             kept = excluded.kept, returns = excluded.returns",
        params![
            number,
            session.integration_id,
            session.profile_id,
            session.to_answer_text(),
            stored.effects.to_answer_text(),
            stored.kept.to_answer_text(),
            stored.returns.to_answer_text()
        ],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asked::Query;
    use crate::sandbox::campaigns::DEFAULT;

    const START: i64 = 1_800_000_000_000;

    fn count(store: &Store, now_ms: i64) -> Option<i64> {
        let campaigns = Campaigns::parse(DEFAULT).unwrap();
        let text = br#"{"customerSession":{},"responseContent":["customerSession"]}"#.to_vec();
        let request = Asked {
            operation: Operation::Update,
            integration_id: "c".to_string(),
            target: "/c".to_string(),
            key: Some("key".to_string()),
            text,
            query: Query::default(),
        };
        let now = OffsetDateTime::from_unix_timestamp_nanos(i128::from(now_ms) * 1_000_000).unwrap();
        let change = Change::of(&request, &campaigns).unwrap();
        let answer = store.change(&request, &change, &campaigns, now).unwrap();
        Value::parse(&answer.text).unwrap().get("customerSession")?.get("updateCount")?.as_integer()
    }

    #[test]
    fn a_key_is_kept_for_24_hours() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.sqlite"), true).unwrap();
        assert_eq!(count(&store, START), Some(1));
        assert_eq!(count(&store, START + KEY_LIFE_MS), Some(1));
        assert_eq!(count(&store, START + KEY_LIFE_MS + 1), Some(2));
        assert_eq!(count(&store, START + KEY_LIFE_MS + 2), Some(2));
    }

    #[test]
    fn a_file_of_the_first_layout_is_carried_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("s.sqlite");
        let older = Connection::open(&file).unwrap();
        let tables = TABLES
            .replace(",\n    kept TEXT NOT NULL DEFAULT '[]',\n    returns TEXT NOT NULL DEFAULT '[]'", "");
        assert_ne!(tables, TABLES);
        older.execute_batch(&tables).unwrap();
        older
            .execute_batch(
                "INSERT INTO sessions VALUES (7, 'c', '', '{\"id\":7,\"integrationId\":\"c\",\"profileId\":\"\",\"state\":\"open\",\"updateCount\":4}', '[]');
                 PRAGMA user_version = 1;",
            )
            .unwrap();
        drop(older);
        let store = Store::open(&file, true).unwrap();
        assert_eq!(count(&store, START), Some(5));
        drop(store);
        assert!(Store::open(&file, true).unwrap().read("c").unwrap().is_some());
    }

    #[test]
    fn a_file_of_another_layout_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("s.sqlite");
        let newer = Connection::open(&file).unwrap();
        newer.pragma_update(None, "user_version", LAYOUT + 1).unwrap();
        drop(newer);
        assert!(matches!(Store::open(&file, true), Err(StoreError::Layout(found)) if found == LAYOUT + 1));
    }

    #[test]
    fn a_session_that_cannot_be_read_is_said_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.sqlite"), true).unwrap();
        count(&store, START);
        store.connection().execute("UPDATE sessions SET session = '{'", []).unwrap();
        assert!(matches!(store.read("c"), Err(StoreError::Corrupt(id)) if id == "c"));
    }
}
