//! The session endpoint.
fn main() {}
