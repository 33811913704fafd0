//! The edge to JavaScript: it converts and decides nothing; what is to be done outside, the shell does.

#[cfg(target_arch = "wasm32")]
mod api;
mod checkout;
#[cfg(target_arch = "wasm32")]
mod fetch;
mod snapshot;
mod view;

/// A third of the bytes of the default allocator, and as good for one page.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

#[cfg(target_arch = "wasm32")]
pub use api::{Core, limits, version};
pub use checkout::Checkout;
