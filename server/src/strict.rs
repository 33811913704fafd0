//! Strict reading of small files and control requests: a misspelt name is an error, with its place.

use std::fmt;

use cartwright::amount::Amount;
use cartwright::model::json::{Object, Value};

/// What is wrong with a file or a control request, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// JSON pointer to the place.
    pub pointer: String,
    /// What should stand there.
    pub wanted: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.pointer.as_str() {
            "" => "the top",
            pointer => pointer,
        };
        write!(f, "at {place}: {}", self.wanted)
    }
}

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Node<'v> {
    pub(crate) value: &'v Value,
    pub(crate) pointer: String,
}

/// One more step of a JSON pointer (RFC 6901).
pub(crate) fn step(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

impl<'v> Node<'v> {
    pub(crate) fn root(value: &'v Value) -> Node<'v> {
        Node { value, pointer: String::new() }
    }

    pub(crate) fn misfit<T>(&self, wanted: impl Into<String>) -> Result<T, Misfit> {
        Err(Misfit { pointer: self.pointer.clone(), wanted: wanted.into() })
    }

    fn members(&self) -> Result<&'v Object, Misfit> {
        match self.value {
            Value::Object(object) => Ok(object),
            _ => self.misfit("an object is expected"),
        }
    }

    /// Checks that this is an object with no other members than these.
    pub(crate) fn only(&self, names: &[&str]) -> Result<(), Misfit> {
        match self.members()?.iter().find(|(name, _)| !names.contains(name)) {
            None => Ok(()),
            Some((name, _)) => Err(Misfit {
                pointer: step(&self.pointer, name),
                wanted: format!("unknown name; known are {}", names.join(", ")),
            }),
        }
    }

    pub(crate) fn entries(&self) -> Result<Vec<(&'v str, Node<'v>)>, Misfit> {
        let entry = |(name, value)| {
            let pointer = step(&self.pointer, name);
            (name, Node { value, pointer })
        };
        Ok(self.members()?.iter().map(entry).collect())
    }

    pub(crate) fn member(&self, name: &str) -> Option<Node<'v>> {
        Some(Node { value: self.value.get(name)?, pointer: step(&self.pointer, name) })
    }

    pub(crate) fn required(&self, name: &str) -> Result<Node<'v>, Misfit> {
        match self.member(name) {
            Some(node) => Ok(node),
            None => self.misfit(format!("{name} is missing")),
        }
    }

    /// Reads a member that may be left out.
    pub(crate) fn optional<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Node<'v>) -> Result<T, Misfit>,
    ) -> Result<Option<T>, Misfit> {
        self.member(name).map(|node| read(&node)).transpose()
    }

    /// Reads every entry of a list that may be left out.
    pub(crate) fn each<T>(
        &self,
        name: &str,
        read: impl FnMut(&Node<'v>) -> Result<T, Misfit>,
    ) -> Result<Vec<T>, Misfit> {
        match self.member(name) {
            None => Ok(Vec::new()),
            Some(list) => list.list()?.iter().map(read).collect(),
        }
    }

    pub(crate) fn list(&self) -> Result<Vec<Node<'v>>, Misfit> {
        let Value::Array(items) = self.value else {
            return self.misfit("a list is expected");
        };
        let item = |(index, value)| Node { value, pointer: format!("{}/{index}", self.pointer) };
        Ok(items.iter().enumerate().map(item).collect())
    }

    pub(crate) fn text(&self) -> Result<String, Misfit> {
        match self.value {
            Value::String(text) => Ok(text.clone()),
            _ => self.misfit("a text is expected"),
        }
    }

    pub(crate) fn boolean(&self) -> Result<bool, Misfit> {
        match self.value {
            Value::Bool(truth) => Ok(*truth),
            _ => self.misfit("true or false is expected"),
        }
    }

    pub(crate) fn integer(&self) -> Result<i64, Misfit> {
        match self.value.as_integer() {
            Some(integer) => Ok(integer),
            None => self.misfit("an integer is expected"),
        }
    }

    /// A count from `least` up.
    pub(crate) fn count(&self, least: u64) -> Result<u64, Misfit> {
        match u64::try_from(self.integer()?) {
            Ok(count) if count >= least => Ok(count),
            _ => self.misfit(format!("a number from {least} up is expected")),
        }
    }

    pub(crate) fn amount(&self) -> Result<Amount, Misfit> {
        match self.value {
            Value::Number(digits) => Amount::parse(digits).ok(),
            _ => None,
        }
        .map_or_else(|| self.misfit("an amount is expected"), Ok)
    }
}
