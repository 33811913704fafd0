//! Time and timers.

use wasm_bindgen::prelude::*;

use crate::browser::host::{clear_timeout, set_timeout};

/// Longest time that a timer holds in every engine: 2³¹ − 1 milliseconds.
const MAX_TIMER: u64 = 0x7fff_ffff;

/// Milliseconds since 1970.
pub fn now() -> u64 {
    js_sys::Date::now() as u64
}

/// A timer that ends with its value.
#[derive(Debug)]
pub struct Timer {
    id: JsValue,
    /// Lives as long as the timer may call it.
    _callback: Closure<dyn FnMut()>,
}

impl Timer {
    /// Calls back after so many milliseconds.
    pub fn after(milliseconds: u64, callback: impl FnMut() + 'static) -> Timer {
        let callback = Closure::<dyn FnMut()>::new(callback);
        let function = callback.as_ref().unchecked_ref();
        let id = set_timeout(function, milliseconds.min(MAX_TIMER) as f64);
        Timer { id, _callback: callback }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(&self.id);
    }
}
