//! Writes the JavaScript glue of the built wasm.
fn main() {}
