//! The sandbox: a stand-in for the session part of the API.

pub mod books;
pub mod campaigns;
pub mod evaluate;
pub mod read;
pub mod rules;

pub(crate) mod answer;
pub(crate) mod effects;
pub(crate) mod file;
pub(crate) mod numbers;
pub(crate) mod places;
pub(crate) mod returns;
pub(crate) mod rollback;
pub(crate) mod store;
