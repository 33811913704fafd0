//! The endpoint as a client meets it: a process of its own, real sockets, a real SQLite file.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod bad_input;
mod campaigns;
mod everything;
mod faults;
mod harness;
mod hostile;
mod keys;
mod life;
mod models;
mod orders;
mod pages;
mod reference;
mod relay;
mod schedules;
mod schema;
mod tls;
mod updates;
mod vocabulary;
