//! The edge to JavaScript: it performs, converts, and decides nothing.

mod api;
mod clock;
mod convert;
mod fetch;
mod host;
mod snapshot;
mod view;

/// A third of the bytes of the default allocator, and as good for one page.
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

pub use api::{Core, limits, version};
pub use host::Host;
