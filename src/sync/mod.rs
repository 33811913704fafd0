//! What to send, when, and what an answer means.
//!
//! [`Machine`] is a state machine without I/O, clock or randomness of its own: events come in with
//! the time in them, actions go out, and the same events with the same seed give the same actions.
//! The rules are numbered as in the protocol.

mod answer;
pub mod backoff;
mod closing;
mod error;
mod event;
mod journal;
mod keeping;
mod machine;
mod moves;
mod offers;
mod options;
mod order;
pub mod policy;
mod record;
mod send;
mod tabs;

pub use error::{SyncCode, SyncError};
pub use event::{
    Action, Actions, Ask, Coupon, Edit, Edited, Event, Failure, Method, Notice, Reply, Send, Status,
};
pub use machine::{Machine, Phase, Sums, codes};
pub use options::{Mode, Options};
pub use record::{Stored, Writes};
