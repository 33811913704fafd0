//! How the models are read from and written to JSON.
//!
//! Reading is tolerant: a missing member, `null` and (for lists) nothing are the same, unknown
//! members are passed over, and what cannot be read is left out and noted as a [`Fault`]. Who reads
//! an answer ignores the faults; who reads a person's input refuses it because of them.

use crate::amount::{Amount, AmountError, whole};
use crate::model::json::{Object, Value, write_string};
use crate::model::shape::Kind;

/// One step of a path into a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The member of an object.
    Key(String),
    /// The entry of a list, from 0.
    Index(usize),
}

/// Where something stands in a body.
pub type Path = Vec<Step>;

/// A path of one member name.
pub fn key(name: &str) -> Path {
    vec![Step::Key(name.to_string())]
}

/// Where the text that is read comes from, which decides how numbers are written in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The API or a client of it: amounts are JSON numbers with any count of digits.
    Api,
    /// Values of a script: a number has at most 15 digits that can be trusted, decimal texts and
    /// big integers (marked by the suffix `E0`, which no script number prints) have all of theirs.
    Script,
    /// JSON text that a person handed over: numbers are exact, decimal texts are amounts too.
    Text,
}

/// A member that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands.
    pub path: Path,
    /// What is wrong with it.
    pub kind: FaultKind,
}

/// Why a member could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// It is of another type; the documented one.
    Type(&'static str),
    /// It is no amount.
    Amount(AmountError),
}

/// The state of a reading: where it is and what went wrong so far.
#[derive(Debug)]
pub struct Reading {
    source: Source,
    path: Path,
    faults: Vec<Fault>,
}

impl Reading {
    /// Starts reading.
    pub fn new(source: Source) -> Reading {
        Reading { source, path: Vec::new(), faults: Vec::new() }
    }

    /// Starts reading something that stands below a place.
    pub fn below(source: Source, path: Path) -> Reading {
        Reading { source, path, faults: Vec::new() }
    }

    /// Where the text comes from.
    pub fn source(&self) -> Source {
        self.source
    }

    /// What went wrong.
    pub fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    /// Notes a fault at the present place.
    pub fn fault<T>(&mut self, kind: FaultKind) -> Option<T> {
        self.faults.push(Fault { path: self.path.clone(), kind });
        None
    }

    /// Reads something one step further in.
    pub fn inside<T>(&mut self, step: Step, read: impl FnOnce(&mut Reading) -> T) -> T {
        self.path.push(step);
        let result = read(self);
        self.path.pop();
        result
    }

    /// The members of an object.
    pub fn object<'v>(&mut self, value: &'v Value) -> Option<&'v Object> {
        match value {
            Value::Object(object) => Some(object),
            _ => self.fault(FaultKind::Type("object")),
        }
    }

    /// One member; none when it is missing, null or unreadable.
    pub fn field<T: Wire>(&mut self, object: &Object, name: &str) -> Option<T> {
        match object.get(name) {
            None | Some(Value::Null) => None,
            Some(value) => self.inside(Step::Key(name.to_string()), |reading| T::read(value, reading)),
        }
    }
}

/// Text being written.
#[derive(Debug, Default)]
pub struct Writer {
    /// What is written so far.
    pub text: String,
    /// Whether members that only the server sets are written too; never in a request.
    pub server_set: bool,
}

impl Writer {
    /// Appends an object; `members` writes its members.
    pub fn object(&mut self, members: impl FnOnce(&mut Members<'_>)) {
        self.text.push('{');
        members(&mut Members { writer: self, first: true });
        self.text.push('}');
    }

    /// Appends a list.
    pub fn list<T>(&mut self, items: impl IntoIterator<Item = T>, mut write: impl FnMut(T, &mut Writer)) {
        self.text.push('[');
        let mut separator = "";
        for item in items {
            self.text.push_str(separator);
            separator = ",";
            write(item, self);
        }
        self.text.push(']');
    }
}

/// The members of an object being written.
#[derive(Debug)]
pub struct Members<'w> {
    writer: &'w mut Writer,
    first: bool,
}

impl Members<'_> {
    /// Appends a member's name and gives the writer for its value.
    pub fn name(&mut self, name: &str) -> &mut Writer {
        if !self.first {
            self.writer.text.push(',');
        }
        self.first = false;
        write_string(name, &mut self.writer.text);
        self.writer.text.push(':');
        self.writer
    }

    /// Appends a member when it is there.
    pub fn member<T: Wire>(&mut self, name: &str, value: Option<&T>) {
        if let Some(value) = value {
            value.write(self.name(name));
        }
    }

    /// Appends a member that only the server sets, when it is there and such ones are wanted.
    pub fn server_member<T: Wire>(&mut self, name: &str, value: Option<&T>) {
        if self.writer.server_set {
            self.member(name, value);
        }
    }
}

/// Something with a JSON form.
pub trait Wire: Sized {
    /// What kind of JSON it is.
    const KIND: Kind;

    /// Reads it; none (with a fault noted) when it cannot be read.
    fn read(value: &Value, reading: &mut Reading) -> Option<Self>;

    /// Appends its text.
    fn write(&self, out: &mut Writer);

    /// Its text as in a request: without what only the server sets.
    fn to_request_text(&self) -> String {
        let mut out = Writer::default();
        self.write(&mut out);
        out.text
    }

    /// Its text as in an answer.
    fn to_answer_text(&self) -> String {
        let mut out = Writer { server_set: true, ..Writer::default() };
        self.write(&mut out);
        out.text
    }
}

/// Reads a whole value of the API, passing over what cannot be read.
pub fn read_answer<T: Wire>(value: &Value) -> Option<T> {
    T::read(value, &mut Reading::new(Source::Api))
}

impl Wire for String {
    const KIND: Kind = Kind::Text;

    fn read(value: &Value, reading: &mut Reading) -> Option<String> {
        match value {
            Value::String(text) => Some(text.clone()),
            _ => reading.fault(FaultKind::Type("string")),
        }
    }

    fn write(&self, out: &mut Writer) {
        write_string(self, &mut out.text);
    }
}

impl Wire for bool {
    const KIND: Kind = Kind::Flag;

    fn read(value: &Value, reading: &mut Reading) -> Option<bool> {
        match value {
            Value::Bool(truth) => Some(*truth),
            _ => reading.fault(FaultKind::Type("boolean")),
        }
    }

    fn write(&self, out: &mut Writer) {
        out.text.push_str(if *self { "true" } else { "false" });
    }
}

/// Largest integer that a script number holds exactly, 2⁵³ − 1.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

impl Wire for i64 {
    const KIND: Kind = Kind::Integer;

    fn read(value: &Value, reading: &mut Reading) -> Option<i64> {
        let integer = match value {
            Value::String(text) if reading.source != Source::Api => whole(text.as_bytes()).ok(),
            Value::Number(text) => match (text.strip_suffix("E0"), reading.source) {
                (Some(digits), Source::Script) => whole(digits.as_bytes()).ok(),
                (None, Source::Script) => {
                    value.as_integer().filter(|integer| integer.unsigned_abs() <= MAX_SAFE_INTEGER)
                }
                _ => value.as_integer(),
            },
            _ => None,
        };
        if integer.is_none() {
            return reading.fault(FaultKind::Type("integer"));
        }
        integer
    }

    fn write(&self, out: &mut Writer) {
        write_integer(*self, &mut out.text);
    }
}

/// Appends an integer's digits.
pub fn write_integer(value: i64, out: &mut String) {
    if value < 0 {
        out.push('-');
    }
    write_count(value.unsigned_abs(), out);
}

/// Appends a count's digits; without the formatting machinery, which costs bytes in the wasm.
pub fn write_count(value: u64, out: &mut String) {
    if value >= 10 {
        write_count(value / 10, out);
    }
    out.push(char::from(b'0' | u8::try_from(value % 10).unwrap_or(0)));
}

impl Wire for Amount {
    const KIND: Kind = Kind::Amount;

    fn read(value: &Value, reading: &mut Reading) -> Option<Amount> {
        let amount = match (value, reading.source) {
            (Value::Number(text), Source::Script) => match text.strip_suffix("E0") {
                Some(digits) => Amount::parse(digits),
                None => Amount::parse_number(text),
            },
            (Value::Number(text), Source::Api) => Amount::parse_answer(text),
            (Value::Number(text), Source::Text) => Amount::parse(text),
            (Value::String(text), Source::Script | Source::Text) => Amount::parse(text),
            _ => return reading.fault(FaultKind::Type("number")),
        };
        match amount {
            Ok(amount) => Some(amount),
            Err(error) => reading.fault(FaultKind::Amount(error)),
        }
    }

    fn write(&self, out: &mut Writer) {
        self.write_json(&mut out.text);
    }
}

/// A number that is no amount of money: grams, millimetres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measure(pub Amount);

impl Wire for Measure {
    const KIND: Kind = Kind::Measure;

    fn read(value: &Value, reading: &mut Reading) -> Option<Measure> {
        Amount::read(value, reading).map(Measure)
    }

    fn write(&self, out: &mut Writer) {
        self.0.write_json(&mut out.text);
    }
}

impl Wire for Value {
    const KIND: Kind = Kind::Any;

    fn read(value: &Value, reading: &mut Reading) -> Option<Value> {
        Some(match (value, reading.source) {
            (Value::Number(text), Source::Script) => {
                Value::Number(text.strip_suffix("E0").unwrap_or(text).to_string())
            }
            (Value::Array(items), Source::Script) => {
                let mut read = Vec::new();
                for item in items {
                    read.extend(Value::read(item, reading));
                }
                Value::Array(read)
            }
            (Value::Object(_), Source::Script) => Value::Object(Object::read(value, reading)?),
            _ => value.clone(),
        })
    }

    fn write(&self, out: &mut Writer) {
        Value::write(self, &mut out.text);
    }
}

impl Wire for Object {
    const KIND: Kind = Kind::Members;

    fn read(value: &Value, reading: &mut Reading) -> Option<Object> {
        let object = reading.object(value)?;
        let mut read = Vec::new();
        for (name, value) in object.iter() {
            read.extend(Value::read(value, reading).map(|value| (name.to_string(), value)));
        }
        Some(Object::from_members(read))
    }

    fn write(&self, out: &mut Writer) {
        out.object(|members| {
            for (name, value) in self.iter() {
                Wire::write(value, members.name(name));
            }
        });
    }
}

impl<T: Wire> Wire for Vec<T> {
    const KIND: Kind = Kind::List(&T::KIND);

    fn read(value: &Value, reading: &mut Reading) -> Option<Vec<T>> {
        let Value::Array(items) = value else {
            return reading.fault(FaultKind::Type("array"));
        };
        let item = |(index, item)| reading.inside(Step::Index(index), |reading| T::read(item, reading));
        Some(items.iter().enumerate().filter_map(item).collect())
    }

    fn write(&self, out: &mut Writer) {
        out.list(self, |item, out| item.write(out));
    }
}

/// An object that holds one kind of thing by name, in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map<T>(pub Vec<(String, T)>);

impl<T> Default for Map<T> {
    fn default() -> Map<T> {
        Map(Vec::new())
    }
}

impl<T> Map<T> {
    /// The thing of that name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

impl<T: Wire> Wire for Map<T> {
    const KIND: Kind = Kind::Map(&T::KIND);

    fn read(value: &Value, reading: &mut Reading) -> Option<Map<T>> {
        let object = reading.object(value)?;
        let entry = |(name, value): (&str, &Value)| {
            let read = reading.inside(Step::Key(name.to_string()), |reading| T::read(value, reading));
            Some((name.to_string(), read?))
        };
        Some(Map(object.iter().filter_map(entry).collect()))
    }

    fn write(&self, out: &mut Writer) {
        out.object(|members| {
            for (name, value) in &self.0 {
                value.write(members.name(name));
            }
        });
    }
}

/// A model of the API: each member optional, with the name that the API gives it.
///
/// `server` before a member marks it as set by the server: read always, written in answers only.
macro_rules! model {
    (@write server $members:ident $key:literal $value:expr) => { $members.server_member($key, $value) };
    (@write $members:ident $key:literal $value:expr) => { $members.member($key, $value) };
    (
        $(#[$meta:meta])*
        $name:ident { $( $(#[$doc:meta])* $([$server:ident])? $field:ident: $type:ty = $key:literal, )* }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct $name { $( $(#[$doc])* pub $field: Option<$type>, )* }

        impl $name {
            /// Its members as data.
            pub const SHAPE: $crate::model::shape::Shape = $crate::model::shape::Shape(&[
                $( $crate::model::shape::Member {
                    name: $key,
                    kind: <$type as $crate::model::wire::Wire>::KIND,
                    server: !matches!(stringify!($($server)?).as_bytes(), []),
                }, )*
            ]);
        }

        impl $crate::model::wire::Wire for $name {
            const KIND: $crate::model::shape::Kind = $crate::model::shape::Kind::Model(&$name::SHAPE);

            fn read(
                value: &$crate::model::json::Value,
                reading: &mut $crate::model::wire::Reading,
            ) -> Option<Self> {
                let object = reading.object(value)?;
                Some($name { $( $field: reading.field(object, $key), )* })
            }

            fn write(&self, out: &mut $crate::model::wire::Writer) {
                out.object(|members| {
                    $( model!(@write $($server)? members $key self.$field.as_ref()); )*
                });
            }
        }
    };
}
pub(crate) use model;
