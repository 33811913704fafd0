//! The edge to JavaScript: it converts and decides nothing; what is to be done outside, the shell does.

mod api;
mod fetch;
mod snapshot;
mod view;

/// A third of the bytes of the default allocator, and as good for one page.
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

pub use api::{Core, limits, version};
