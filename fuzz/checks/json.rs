//! The JSON reader beside `serde_json`.

use cartwright::model::json::Value;

/// A number's text as the oracle spells it: a small `e`, always with a sign.
fn spelled(text: &str) -> String {
    match text.split_once(['e', 'E']) {
        None => text.to_string(),
        Some((mantissa, exponent)) if exponent.starts_with(['+', '-']) => {
            format!("{mantissa}e{exponent}")
        }
        Some((mantissa, exponent)) => format!("{mantissa}e+{exponent}"),
    }
}

/// Whether two values are the same, in the order of members too.
pub fn same(ours: &Value, theirs: &serde_json::Value) -> bool {
    use serde_json::Value as Theirs;
    match (ours, theirs) {
        (Value::Null, Theirs::Null) => true,
        (Value::Bool(left), Theirs::Bool(right)) => left == right,
        (Value::Number(left), Theirs::Number(right)) => spelled(left) == right.to_string(),
        (Value::String(left), Theirs::String(right)) => left == right,
        (Value::Array(left), Theirs::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r))
        }
        (Value::Object(left), Theirs::Object(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|((l, left), (r, right))| l == r && same(left, right))
        }
        _ => false,
    }
}

/// Whether both readers take the text for the same value, or both refuse it; else what each made of it.
pub fn agree(text: &str) -> Result<(), String> {
    let theirs = serde_json::from_str::<serde_json::Value>(text);
    let agreed = match (&Value::parse(text), &theirs) {
        (Ok(ours), Ok(theirs)) => same(ours, theirs) && Value::parse_lenient(text).as_ref() == Ok(ours),
        (Err(ours), Err(_)) => ours.offset <= text.len(),
        _ => false,
    };
    if agreed { Ok(()) } else { Err(format!("{text:?}: {:?} or {theirs:?}", Value::parse(text))) }
}
