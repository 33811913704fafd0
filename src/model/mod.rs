//! The API's shapes, exactly as it spells them.

pub mod json;
