//! A log that a browser wrote leads to the snapshot that it had there, byte for byte.

use cartwright::browser::Checkout;
use cartwright::model::json::Value;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// What `log()` gave, and the text of the snapshot at that time.
const LOG: &str = include_str!("../fixtures/log/order.json");
const SNAPSHOT: &str = include_str!("../fixtures/log/order.snapshot.json");

#[test]
fn a_kept_log_leads_to_the_kept_snapshot() {
    let log = Value::parse(LOG).unwrap();
    let mut checkout = Checkout::new(log.text("options").unwrap()).unwrap();
    let events = log.get("events").and_then(Value::as_array).unwrap();
    for event in events {
        let event = event.as_array().unwrap();
        let number = |place: usize| event[place].as_integer().unwrap() as f64;
        let text = |place: usize| event[place].as_str().unwrap();
        checkout.call(number(0), text(1), text(2), number(3));
    }
    assert_eq!(checkout.call(0.0, "snapshot", "", 0.0), SNAPSHOT.trim_end());
}
