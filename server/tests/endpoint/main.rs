//! The endpoint as a client meets it: a process of its own, real sockets, a real SQLite file.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic)]

mod bad_input;
mod campaigns;
mod faults;
mod harness;
mod keys;
mod life;
mod orders;
mod pages;
mod relay;
mod tls;
mod updates;
