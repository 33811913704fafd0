//! Cartwright: the checkout core for storefronts that run promotions on Talon.One.

pub mod amount;
#[cfg(target_arch = "wasm32")]
pub mod browser;
pub mod draft;
pub mod model;
pub mod sync;
