//! The edge to JavaScript: it performs, converts, and decides nothing.

mod api;
mod clock;
mod convert;
mod fetch;
mod host;
mod snapshot;
mod view;

pub use api::{Core, limits, version};
pub use host::Host;
