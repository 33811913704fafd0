//! Answers of an endpoint that means harm, or broke: they end, in memory that their length bounds, and do no harm.
//!
//! Nothing here is timed: what compares things in pairs would not end before the test is stopped.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cartwright::draft::effects::EFFECTS;
use cartwright::model::json::Value;
use cartwright::sync::{Action, Event, Machine, Notice, Options};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Largest answer that is tried, in bytes.
const LENGTH: usize = 5 * 1024 * 1024;

/// Effects of one answer.
const EFFECT_COUNT: usize = 100_000;

/// Bytes of memory at most per byte of an answer; a list of empty lists takes 42.
const MEMORY_PER_BYTE: usize = 64;

const SESSION: &str = r#""customerSession":{"integrationId":"s","state":"open","updateCount":1,"total":60"#;

/// A machine whose first update is under way, for a cart with a coupon, a referral, a cost and a free item.
fn sending() -> (Machine, u64) {
    let options = r#"{"sessionId":"s","sessionIsNew":true,"seed":"0123456789abcdef"}"#;
    let options = Options::read(&Value::parse(options).unwrap()).unwrap();
    let mut machine = Machine::new(options).unwrap();
    machine.handle(Event::Opened, 0);
    let commands = [
        r#"{"do":"cart.add","item":{"sku":"A","quantity":3,"price":20,"additionalCosts":{"wrap":{"price":1}}}}"#,
        r#"{"do":"cart.accept","freeItem":{"sku":"FREE-0"}}"#,
        r#"{"do":"coupons.add","code":"C-0"}"#,
        r#"{"do":"referral.set","code":"C-1"}"#,
        r#"{"do":"costs.set","name":"shipping","amount":9}"#,
    ];
    let edits = commands.map(|command| machine.read_command(&Value::parse(command).unwrap()).unwrap());
    // Who enters a code does not wait for further edits.
    let sent = request(machine.handle(Event::Edited(edits.to_vec()), 0).list);
    (machine, sent.unwrap())
}

fn request(actions: Vec<Action>) -> Option<u64> {
    actions.into_iter().find_map(|action| match action {
        Action::Send(send) => Some(send.id),
        _ => None,
    })
}

/// Answers the request under way; what the machine does then.
fn answer(machine: &mut Machine, id: u64, body: String) -> Vec<Action> {
    let length = body.len();
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let event = Event::Answered { id, status: 200, retry_after: None, body };
    let actions = machine.handle(event, 20_000).list;
    let used = MEMORY.peak_usage().saturating_sub(before);
    assert!(used <= length * MEMORY_PER_BYTE + 1_000_000, "{used} bytes for {length}");
    actions
}

/// The next request, after one more edit.
fn next(machine: &mut Machine) -> u64 {
    let command = Value::parse(r#"{"do":"cart.add","item":{"sku":"B","price":1}}"#).unwrap();
    let edit = machine.read_command(&command).unwrap();
    let actions = machine.handle(Event::Edited(vec![edit]), 10_000_000);
    assert!(actions.edited.unwrap().is_ok());
    let later = || request(machine.handle(Event::Woke, 20_000_000).list);
    request(actions.list).or_else(later).unwrap()
}

/// After a bad answer a good one counts.
fn heals(machine: &mut Machine) {
    let id = next(machine);
    answer(machine, id, format!("{{{SESSION}}},\"effects\":[]}}"));
    assert!(machine.acknowledged() > 0 && machine.error().is_none());
}

/// As many copies of a text as an answer of the largest length holds.
fn filled(before: &str, part: &str, after: &str) -> String {
    let count = (LENGTH - before.len() - after.len()) / part.len();
    [before, &part.repeat(count), after].concat()
}

/// One after the other, since they share the measured memory.
#[test]
fn hostile_answers_end_in_bounded_memory() {
    no_answers();
    large_answers();
    many_effects();
}

/// Bodies that are no answer at all: the next attempt follows.
fn no_answers() {
    let brackets = ["[", r#"{"a":"#];
    let deep = brackets.map(|bracket| bracket.repeat(10_000));
    let closed = [
        format!("{}{}", deep[0], "]".repeat(10_000)),
        format!("{}1{}", deep[1], "}".repeat(10_000)),
        format!(r#"{{{SESSION},"attributes":{}1{}}},"effects":[]}}"#, deep[1], "}".repeat(10_000)),
    ];
    let endless =
        [filled("", "[", ""), filled("", r#"{"a":"#, ""), filled("\"", "\\u", ""), filled("", "-", "")];
    for body in deep.into_iter().chain(closed).chain(endless) {
        let (mut machine, id) = sending();
        let shown: String = body.chars().take(40).collect();
        answer(&mut machine, id, body);
        assert_eq!(machine.error().map(|error| error.code.as_str()), Some("bad_answer"), "{shown}");
        heals(&mut machine);
    }
}

/// Answers to the update whose size is in one place.
fn large_answers() {
    let session = |before: &str, part: &str, after: &str| {
        filled(&format!("{{{SESSION},{before}"), part, &format!("{after}}},\"effects\":[]}}"))
    };
    let mut names = String::new();
    for index in 0..300_000 {
        names.push_str(&format!("\"k{index}\":1,"));
    }
    for body in [
        filled(&format!("{{{SESSION}}},\"effects\":["), "[],", "[]]}"),
        filled(&format!("{{{SESSION}}},\"effects\":["), "{},", "{}]}"),
        filled(&format!("{{{SESSION}}},\"effects\":["), "1e999,", "0]}"),
        filled(&format!("{{{SESSION}}},\"loyalty\":{{\"programs\":["), "0,", "0]},\"effects\":[]}"),
        session("\"attributes\":{", "\"a\":1,", "\"b\":2}"),
        session(&format!("\"attributes\":{{{names}"), "\"a\":1,", "\"b\":2}"),
        session("\"profileId\":\"", "\\ud800", "\""),
        session("\"profileId\":\"", "x", "\""),
        session("\"id\":", "9", ""),
        session("\"couponCodes\":[", "\"\",", "\"\"]"),
        session("\"cartItems\":[", "{\"sku\":\"A\"},", "null]"),
        session("\"brandNew\":[", "null,", "null]"),
    ] {
        let (mut machine, id) = sending();
        answer(&mut machine, id, body);
        assert_eq!(machine.acknowledged(), 1);
        assert_eq!(machine.quote().unwrap().0.lines.len(), 2);
        heals(&mut machine);
    }
}

/// Long lists: of one kind, each effect another one, and of all kinds, each the same.
fn many_effects() {
    let props: [(&str, &dyn Fn(usize) -> String); 8] = [
        ("acceptCoupon", &|index| format!(r#""value":"C-{index}""#)),
        ("setDiscount", &|index| format!(r#""value":1,"name":"N{index}""#)),
        ("setDiscountPerItem", &|index| {
            format!(r#""value":1,"name":"N#0","position":0,"subPosition":{index}"#)
        }),
        ("addFreeItem", &|index| format!(r#""sku":"FREE-{index}""#)),
        ("showNotification", &|index| format!(r#""title":"T{index}""#)),
        ("addLoyaltyPoints", &|index| format!(r#""value":1,"programId":{index}"#)),
        ("rollbackDiscount", &|index| format!(r#""value":1,"name":"N{index}""#)),
        ("willAwardGiveaway", &|index| format!(r#""poolId":{index}"#)),
    ];
    for (kind, props) in props {
        let effect = |index| format!(r#"{{"effectType":"{kind}","props":{{{}}}}},"#, props(index));
        long_list(kind, (0..EFFECT_COUNT).map(effect).collect());
    }
    let same = |index: usize| {
        let (kind, _) = EFFECTS[index % EFFECTS.len()];
        format!(r#"{{"effectType":"{kind}","props":{{"value":1,"name":"N","position":0}}}},"#)
    };
    long_list("all kinds", (0..EFFECT_COUNT).map(same).collect());
}

fn long_list(kind: &str, effects: String) {
    let body = format!("{{{SESSION}}},\"effects\":[{}]}}", effects.trim_end_matches(','));
    let (mut machine, id) = sending();
    let told = answer(&mut machine, id, body.clone());
    assert!(told.iter().any(|action| matches!(action, Action::Emit(Notice::Quote))), "{kind}");
    let quote = machine.quote().unwrap().0.clone();
    assert_eq!(quote.effects.len(), EFFECT_COUNT, "{kind}");
    assert!(!quote.payable.is_negative(), "{kind}");
    if !["acceptCoupon", "showNotification"].contains(&kind) {
        return;
    }
    // The same list once more brings nothing new.
    let id = next(&mut machine);
    let news = |action: &&Action| matches!(action, Action::Emit(Notice::Notification(_) | Notice::Coupon(_)));
    assert_eq!(answer(&mut machine, id, body).iter().filter(news).count(), 0, "{kind}");
}
