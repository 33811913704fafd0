//! Values of the core as values of JavaScript.

use js_sys::Object;
use serde::Serializer as _;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::{JsCast, JsValue};

/// JSON text that this crate wrote, as a value frozen with everything in it.
pub fn parse(text: &str) -> JsValue {
    deep_freeze(js_sys::JSON::parse(text).unwrap_or(JsValue::UNDEFINED))
}

fn deep_freeze(value: JsValue) -> JsValue {
    if value.is_object() {
        for member in Object::values(value.unchecked_ref::<Object>()).iter() {
            deep_freeze(member);
        }
    }
    freeze(value)
}

/// Freezes an object; anything else is as it was.
pub fn freeze(value: JsValue) -> JsValue {
    if value.is_object() {
        Object::freeze(value.unchecked_ref::<Object>());
    }
    value
}

/// Sets a member of an object that is being made.
pub fn set(object: &Object, name: &str, value: &JsValue) {
    // It cannot fail on a fresh plain object.
    let _ = js_sys::Reflect::set(object, &JsValue::from_str(name), value);
}

/// A member of an object.
pub fn member(object: &JsValue, name: &str) -> JsValue {
    js_sys::Reflect::get(object, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

/// Counts by name. Only for names of ours: serde's objects take a member `__proto__` for their prototype, which
/// `JSON.parse` does not.
pub fn counts(counts: &[(&str, u64)]) -> JsValue {
    let numbers = counts.iter().map(|(name, count)| (name, *count as f64));
    Serializer::json_compatible().collect_map(numbers).unwrap_or(JsValue::UNDEFINED)
}
