//! Values of the core as values of JavaScript.

use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};

use crate::model::json::Value;
use crate::model::shape::Kind;

/// Plain objects, `undefined` for what is absent, numbers for counts.
pub fn to_js(value: &impl Serialize) -> JsValue {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible().serialize_missing_as_null(false);
    value.serialize(&serializer).unwrap_or(JsValue::UNDEFINED)
}

/// JSON text that this crate wrote, as a frozen value.
fn parse(text: &str) -> JsValue {
    let value = js_sys::JSON::parse(text).unwrap_or(JsValue::UNDEFINED);
    freeze(value)
}

/// A value of the API: numbers that a script would round arrive as text.
pub fn raw(value: &Value) -> JsValue {
    script(&Kind::Any, value, 0)
}

/// A value of a kind, amounts as texts padded to `scale` decimal places.
pub fn script(kind: &Kind, value: &Value, scale: u8) -> JsValue {
    let mut text = String::new();
    kind.write_script(value, scale, &mut text);
    parse(&text)
}

/// Freezes an object; anything else is as it was.
pub fn freeze(value: JsValue) -> JsValue {
    if value.is_object() {
        js_sys::Object::freeze(value.unchecked_ref::<js_sys::Object>());
    }
    value
}

/// Sets a member of an object that is being made.
pub fn set(object: &js_sys::Object, name: &str, value: &JsValue) {
    // It cannot fail on a fresh plain object.
    let _ = js_sys::Reflect::set(object, &JsValue::from_str(name), value);
}
