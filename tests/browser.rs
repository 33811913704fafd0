//! The edge to JavaScript, in browsers.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod boundary;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
