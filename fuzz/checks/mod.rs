//! What each fuzz target does with its input. `tests/fuzz.rs` does the same with what was found before.

pub mod draft;
pub mod json;

use cartwright::amount::Amount;
use cartwright::draft::Draft;
use cartwright::draft::command::{Command, LineIds};
use cartwright::draft::limits::CartLimits;
use cartwright::draft::quote::Quote;
use cartwright::model::json::{Object, Value};
use cartwright::model::wire::{Wire, read_answer};
use cartwright::model::{
    ErrorResponse, IntegrationCustomerSessionResponse, IntegrationStateV2, ReopenSessionResponse,
};
use cartwright::sync::{Action, Event, Machine, Options};

/// Longest input that is looked at, in bytes.
const LENGTH: usize = 100_000;

fn text(input: &[u8]) -> Option<&str> {
    std::str::from_utf8(input).ok().filter(|text| text.len() <= LENGTH)
}

/// The JSON reader: the same as the oracle's, and what it printed is read as the same again.
pub fn json(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let oracle = serde_json::from_str::<serde_json::Value>(text);
    // It keeps a number's text under a key of this name, and follows one level less.
    let differs = |error: &serde_json::Error| error.to_string().starts_with("recursion limit");
    if !text.contains("$serde_json") && !oracle.as_ref().is_err_and(differs) {
        json::agree(text).unwrap();
    }
    let (strict, lenient) = (Value::parse(text), Value::parse_lenient(text));
    if let Ok(value) = &lenient {
        assert!(strict.as_ref().is_err() || strict.as_ref() == Ok(value));
        let printed = value.to_text();
        assert_eq!(Value::parse(&printed).as_ref(), Ok(value));
        assert!(value.same(value));
    }
}

/// What the models read of an answer is read again from what they write of it; and a checkout takes the
/// answer in, to an update and to its first read.
pub fn answer(input: &[u8]) {
    let Some(Ok(mut body)) = text(input).map(Value::parse_lenient) else { return };
    twice::<IntegrationStateV2>(&body);
    twice::<IntegrationCustomerSessionResponse>(&body);
    twice::<ReopenSessionResponse>(&body);
    twice::<ErrorResponse>(&body);
    claim(&mut body);
    let body = body.to_text();

    let mut updating = machine(r#"{"sessionId":"s","sessionIsNew":true}"#);
    edit(&mut updating, ADD);
    edit(&mut updating, r#"{"do":"cart.accept","freeItem":{"sku":"GIFT"}}"#);
    edit(&mut updating, r#"{"do":"coupons.add","code":"XMAS-20-2021"}"#);
    serve(&mut updating, &body);
    edit(&mut updating, ADD);
    serve(&mut updating, &body);

    let mut opening = machine(r#"{"sessionId":"s"}"#);
    edit(&mut opening, ADD);
    serve(&mut opening, &body);
}

fn twice<T: Wire + PartialEq + std::fmt::Debug>(body: &Value) {
    if let Some(model) = read_answer::<T>(body) {
        let written = Value::parse(&model.to_answer_text()).unwrap();
        assert_eq!(read_answer::<T>(&written).as_ref(), Some(&model));
    }
}

/// Makes the session of an answer the one that is asked for.
fn claim(body: &mut Value) {
    let Value::Object(parts) = body else { return };
    let session = parts.remove("customerSession");
    let mut session = if let Some(Value::Object(session)) = session { session } else { Object::new() };
    session.set("integrationId", Value::String("s".to_string()));
    parts.set("customerSession", Value::Object(session));
}

const ADD: &str = r#"{"do":"cart.add","item":{"sku":"MUG","quantity":3,"price":"9.99"}}"#;

/// A checkout that has begun.
fn machine(options: &str) -> Machine {
    let options = Options::read(&Value::parse(options).unwrap()).unwrap();
    let mut machine = Machine::new(options).unwrap();
    machine.handle(Event::Opened, 1_000);
    machine
}

fn edit(machine: &mut Machine, command: &str) {
    if let Ok(edit) = machine.read_command(&Value::parse(command).unwrap()) {
        let _ = machine.handle(Event::Edited(vec![edit]), 2_000);
    }
}

/// Answers whatever is sent, for a while; the draft stays a draft and nothing becomes negative.
fn serve(machine: &mut Machine, body: &str) {
    let mut now = 10_000;
    let mut actions = machine.handle(Event::Woke, now).list;
    for _ in 0..8 {
        now += 100_000;
        let sent = actions.iter().find_map(|action| match action {
            Action::Send(send) => {
                Some(Event::Answered { id: send.id, status: 200, retry_after: None, body: body.to_string() })
            }
            _ => None,
        });
        actions = machine.handle(sent.unwrap_or(Event::Woke), now).list;
    }
    adds_up(machine.draft());
    assert!(!machine.sums().payable.is_negative());
    assert!(machine.acknowledged() <= machine.revision());
    let body = machine.request_text();
    assert!(Value::parse(&body).is_ok());
}

/// Limits are those of what a shop and its shoppers ask for; what a server or a store holds is taken as it is.
fn sound(draft: &Draft) {
    assert_eq!(draft::broken_limits(draft, CartLimits::Flattened), Vec::<String>::new());
    adds_up(draft);
}

fn adds_up(draft: &Draft) {
    assert_eq!(*draft.totals(), draft::recount(draft));
}

/// The first line is a draft, the rest an answer to it.
pub fn quote(input: &[u8]) {
    let Some((draft, answer)) = text(input).and_then(|text| text.split_once('\n')) else { return };
    let (Ok(session), Ok(answer)) = (Value::parse(draft), Value::parse_lenient(answer)) else { return };
    let mut draft = Draft::new(CartLimits::Flattened);
    let loaded = Command::load(&session, cartwright::model::wire::Source::Text, &mut LineIds::new(0));
    if loaded.and_then(|command| draft.apply(&command)).is_err() {
        return;
    }
    let quote = Quote::new(&draft, &answer);
    let effects = answer.get("effects").and_then(Value::as_array).unwrap_or_default();
    assert_eq!(quote.effects, effects);
    assert!(!quote.payable.is_negative());
    for (quote, line) in quote.lines.iter().zip(draft.lines()) {
        // A price or a cost may be below zero, such as a deposit that is paid back; discounts lead nobody there.
        let parts = line.item.costs().map(|(_, cost)| Some(cost)).chain([quote.subtotal]);
        let below = parts.flatten().any(Amount::is_negative);
        assert!(below || quote.payable.is_none_or(|payable| !payable.is_negative()));
    }
    assert!(quote.lines.is_empty() || quote.lines.len() == draft.lines().len());
    assert_eq!(quote, Quote::new(&draft, &answer));
    // The same effects alone leave the same discounts, whatever the session says.
    let alone = Value::Object(Object::from_iter([("effects".to_string(), Value::Array(effects.to_vec()))]));
    let alone = Quote::new(&draft, &alone);
    assert_eq!((&alone.coupons, &alone.free_items), (&quote.coupons, &quote.free_items));
}

/// Two amounts, one per line: what was read is printed and read as the same, and sums come out even.
pub fn amount(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let read = |text: &str| [Amount::parse(text), Amount::parse_answer(text), Amount::parse_number(text)];
    let (one, other) = text.split_once('\n').unwrap_or((text, ""));
    for amount in read(one).into_iter().flatten() {
        for scale in [0, 2, 3, 20] {
            let printed = amount.padded(scale);
            assert_eq!(Amount::parse(&printed), Ok(amount), "{printed}");
            assert!(!printed.contains(['e', 'E']));
            if let Ok(rounded) = amount.round(scale) {
                assert_eq!(rounded.round(scale), Ok(rounded));
                let far = rounded.subtract(amount).unwrap();
                assert!(far.round(scale).is_ok_and(|far| far == Amount::ZERO || scale < 20));
            }
        }
        assert!(!amount.not_negative().is_negative());
        if let Ok(twice) = amount.times(2) {
            assert_eq!(amount.add(amount), Ok(twice));
        }
        for other in read(other).into_iter().flatten() {
            assert_eq!(amount.add(other), other.add(amount));
            if let Ok(sum) = amount.add(other) {
                assert_eq!(sum.subtract(other), Ok(amount));
            }
            if let Ok(more) = amount.subtract(other) {
                assert_eq!(amount < other, more.is_negative());
            }
        }
    }
}

/// One command per line: a draft that keeps every limit, whose totals are those of its lines, which a
/// refused command leaves as it was, and which is the same after it was stored.
pub fn commands(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let mut draft = Draft::new(CartLimits::Flattened);
    let mut ids = LineIds::new(1 << 40);
    for (index, line) in text.lines().take(100).enumerate() {
        let Ok(value) = Value::parse(line) else { continue };
        let Ok(command) = Command::read(&value, &mut ids) else { continue };
        let before = draft.clone();
        if draft.apply(&command).is_err() {
            assert_eq!(draft, before);
        }
        if index % 7 == 6 {
            draft.mark_sent();
        }
    }
    sound(&draft);
    let mut record = String::new();
    draft.write_record(&mut record);
    let stored = Draft::read_record(&Value::parse(&record).unwrap(), CartLimits::Flattened).unwrap();
    // To the letter, since a request goes again under the same key.
    assert_eq!(draft::request(&stored), draft::request(&draft));
    sound(&stored);
}

/// What a store holds of a session, as the shell hands it over: whatever it is, a checkout opens, takes
/// an edit and stores.
pub fn record(input: &[u8]) {
    let Some(Ok(stored)) = text(input).map(Value::parse) else { return };
    let options = [("sessionId".to_string(), Value::String("s".to_string())), ("stored".to_string(), stored)];
    let options = Options::read(&Value::Object(Object::from_iter(options))).unwrap();
    let Ok(mut machine) = Machine::new(options) else { return };
    let mut now = 1_000;
    let mut actions = machine.handle(Event::Opened, now).list;
    edit(&mut machine, ADD);
    for _ in 0..10 {
        now += 100_000;
        let stores = actions.iter().any(|action| matches!(action, Action::Store(_)));
        let event = if stores { Event::Stored } else { Event::LockGained };
        actions = machine.handle(event, now).list;
    }
    adds_up(machine.draft());
    assert!(machine.draft().lines().iter().all(|line| !line.free || line.item.price() == Some(Amount::ZERO)));
    assert!(Value::parse(&machine.request_text()).is_ok());
}
