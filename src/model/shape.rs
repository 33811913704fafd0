//! The models as data: one reader and one printer for all of them, where a draft or a script needs
//! their members and not their types.

use crate::amount::Amount;
use crate::model::json::{Object, Value, integer, write_string};
use crate::model::wire::{FaultKind, MAX_SAFE_INTEGER, Reading, Step, Wire, write_integer};

/// What kind of JSON a member is.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A 64-bit integer.
    Integer,
    /// An amount of money.
    Amount,
    /// A number that is no amount.
    Measure,
    /// Anything.
    Any,
    /// An object of anything.
    Members,
    /// A list of one kind.
    List(&'static Kind),
    /// An object that holds one kind by name.
    Map(&'static Kind),
    /// A model.
    Model(&'static Shape),
}

/// The members of a model.
#[derive(Debug)]
pub struct Shape(pub &'static [Member]);

/// A member of a model.
#[derive(Debug)]
pub struct Member {
    /// Its name in JSON.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Whether only the server sets it.
    pub server: bool,
}

impl Shape {
    /// The members that a client owns, as far as they can be read; `null` is as good as missing.
    pub fn read(&self, value: &Value, reading: &mut Reading) -> Option<Object> {
        let object = reading.object(value)?;
        let mut members = Vec::new();
        for member in self.0 {
            let value = object.at(member.name);
            if *value != Value::Null && !member.server {
                let step = Step::Key(member.name.to_string());
                let read = reading.inside(step, |reading| member.kind.read(value, reading));
                members.extend(read.map(|value| (member.name.to_string(), value)));
            }
        }
        Some(Object::from_members(members))
    }
}

impl Kind {
    /// The value in its plain form: amounts and integers as JSON numbers, unknown members left out.
    pub fn read(&self, value: &Value, reading: &mut Reading) -> Option<Value> {
        match self {
            Kind::Text => match value {
                Value::String(_) => Some(value.clone()),
                _ => reading.fault(FaultKind::Type("string")),
            },
            Kind::Flag => match value {
                Value::Bool(_) => Some(value.clone()),
                _ => reading.fault(FaultKind::Type("boolean")),
            },
            Kind::Integer => {
                let mut digits = String::new();
                write_integer(i64::read(value, reading)?, &mut digits);
                Some(Value::Number(digits))
            }
            Kind::Amount | Kind::Measure => Some(Value::Number(Amount::read(value, reading)?.padded(0))),
            Kind::Any => Value::read(value, reading),
            Kind::Members => Object::read(value, reading).map(Value::Object),
            Kind::List(kind) => {
                let Value::Array(items) = value else {
                    return reading.fault(FaultKind::Type("array"));
                };
                let mut read = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    read.extend(reading.inside(Step::Index(index), |reading| kind.read(item, reading)));
                }
                Some(Value::Array(read))
            }
            Kind::Map(kind) => {
                let mut read = Vec::new();
                for (name, value) in reading.object(value)?.iter() {
                    let step = Step::Key(name.to_string());
                    let value = reading.inside(step, |reading| kind.read(value, reading));
                    read.extend(value.map(|value| (name.to_string(), value)));
                }
                Some(Value::Object(Object::from_members(read)))
            }
            Kind::Model(shape) => shape.read(value, reading).map(Value::Object),
        }
    }

    /// Appends the value's JSON text for a script: amounts become texts with at least `scale` decimal
    /// places, and a number that a script would round becomes a text of all its digits.
    pub fn write_script(&self, value: &Value, scale: u8, out: &mut String) {
        match (self, value) {
            (Kind::Amount, Value::Number(digits)) => match Amount::parse(digits) {
                Ok(amount) => write_string(&amount.padded(scale), out),
                Err(_) => write_string(digits, out),
            },
            (_, Value::Number(digits)) if !is_exact(digits) => write_string(digits, out),
            (_, Value::Array(items)) => {
                let kind = if let Kind::List(kind) = self { kind } else { &Kind::Any };
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    separate(index, out);
                    kind.write_script(item, scale, out);
                }
                out.push(']');
            }
            (_, Value::Object(object)) => self.write_members(object, scale, out),
            (_, plain) => plain.write(out),
        }
    }

    /// The same for the members of an object.
    pub fn write_members(&self, object: &Object, scale: u8, out: &mut String) {
        out.push('{');
        for (index, (name, value)) in object.iter().enumerate() {
            separate(index, out);
            write_string(name, out);
            out.push(':');
            self.member(name).write_script(value, scale, out);
        }
        out.push('}');
    }

    fn member(&self, name: &str) -> &Kind {
        match self {
            Kind::Map(kind) => kind,
            Kind::Model(shape) => {
                let member = shape.0.iter().find(|member| member.name == name);
                member.map_or(&Kind::Any, |member| &member.kind)
            }
            _ => &Kind::Any,
        }
    }
}

fn separate(index: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
}

/// Whether a script's number holds exactly these digits.
fn is_exact(digits: &str) -> bool {
    let safe = |integer: i64| integer.unsigned_abs() <= MAX_SAFE_INTEGER;
    Amount::parse_number(digits).is_ok() || integer(digits).is_some_and(safe)
}
