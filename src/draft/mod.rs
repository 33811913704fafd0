//! The draft: what the shopper wants, checked as it enters.
//!
//! A [`Command`](command::Command) is one intent; [`Draft::apply`](Draft::apply) either
//! carries it out or refuses it and leaves the draft as it was.

mod apply;
pub mod command;
pub mod effects;
pub mod field;
pub mod hash;
pub mod limits;
mod lines;
pub mod points;
pub mod quote;
pub mod refusal;
pub mod state;
pub mod totals;
mod undo;

pub use apply::{Change, Draft, KnownLine, LineChange};
pub use lines::{Item, Line, LineId, quantity_refusal};
