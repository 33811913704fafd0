//! Cartwright: the checkout core for storefronts that run promotions on Talon.One.

pub mod amount;
pub mod browser;
pub mod draft;
pub mod model;
pub mod sync;
