//! What the JavaScript shell does for the core.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The shell's side of one checkout.
    #[derive(Debug)]
    pub type Host;

    /// Makes a request with the user's or the global `fetch`.
    #[wasm_bindgen(method, catch)]
    pub fn fetch(this: &Host, request: &web_sys::Request, init: &JsValue)
    -> Result<js_sys::Promise, JsValue>;

    /// The headers that the user wants on an attempt, as an object.
    #[wasm_bindgen(method, catch)]
    pub fn headers(this: &Host) -> Result<js_sys::Promise, JsValue>;

    /// Stores what the text says, or rejects.
    #[wasm_bindgen(method, catch)]
    pub fn store(this: &Host, writes: &str) -> Result<js_sys::Promise, JsValue>;

    /// Tells whoever listens to this type of event.
    #[wasm_bindgen(method, catch)]
    pub fn emit(this: &Host, kind: &str, detail: &JsValue) -> Result<(), JsValue>;

    /// Answers an `ask()`.
    #[wasm_bindgen(method, catch)]
    pub fn settle(this: &Host, ticket: f64, error: &JsValue, value: &JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(js_name = setTimeout)]
    pub(super) fn set_timeout(callback: &js_sys::Function, milliseconds: f64) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    pub(super) fn clear_timeout(timer: &JsValue);
}
