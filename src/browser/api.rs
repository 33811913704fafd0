//! The class that the shell drives.

use serde::Serializer as _;
use wasm_bindgen::prelude::*;

use crate::browser::{Checkout, fetch};
use crate::draft::limits as limit;

/// One checkout.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Core(Checkout);

#[wasm_bindgen]
impl Core {
    /// Opens a checkout; `options` is JSON text. Throws the text of a refusal for a bad option.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str) -> Result<Core, JsValue> {
        Checkout::new(options).map(Core).map_err(|refusal| JsValue::from_str(&refusal))
    }

    /// Does what the word says, see [`Checkout::call`].
    pub fn call(&mut self, now: f64, word: &str, text: &str, id: f64) -> String {
        self.0.call(now, word, text, id)
    }

    /// An attempt was answered: with a Response, or with whatever stood in for one.
    pub fn answered(&mut self, now: f64, id: f64, answer: Option<web_sys::Response>, body: &str) {
        let (status, retry_after) = fetch::head(answer);
        self.0.answered(now, id as u64, status, retry_after, body);
    }
}

/// The version of this crate.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_string()
}

/// The numbers of `LIMITS`.
#[wasm_bindgen]
pub fn limits() -> JsValue {
    let counts = [
        ("lines", limit::count(limit::MAX_LINES)),
        ("units", limit::MAX_UNITS),
        ("couponLength", limit::count(limit::MAX_COUPON_LENGTH)),
        ("referralLength", limit::count(limit::MAX_REFERRAL_LENGTH)),
        ("loyaltyCards", limit::count(limit::MAX_LOYALTY_CARDS)),
        ("identifiers", limit::count(limit::MAX_IDENTIFIERS)),
        ("storeIdLength", limit::count(limit::MAX_STORE_ID_LENGTH)),
        ("sessionIdLength", limit::count(limit::MAX_SESSION_ID_LENGTH)),
    ];
    // Only for names of ours: serde's objects take a member `__proto__` for their prototype.
    let numbers = counts.map(|(name, count)| (name, count as f64));
    serde_wasm_bindgen::Serializer::json_compatible().collect_map(numbers).unwrap_or(JsValue::UNDEFINED)
}
