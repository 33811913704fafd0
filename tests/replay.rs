//! The native run of the test of logs, which runs in the browsers and in Node too.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "boundary/replay.rs"]
mod replay;
