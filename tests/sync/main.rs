//! The sync machine, rule by rule, against the pure session rules of the sandbox.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod answers;
mod asks;
mod backoff;
mod desk;
mod disk;
mod endpoint;
mod exhaustive;
mod foreign;
mod moves;
mod offers;
mod opening;
mod order;
mod order_tabs;
mod policy;
mod properties;
mod sending;
mod stored;
mod suspicion;
mod tabs;
