//! JSON text in and out, with every digit of every number kept.
//!
//! `JSON.parse` and `f64` round; amounts and 64-bit ids must not be. So numbers stay text until
//! somebody asks for an amount or an integer. The reader is strict (RFC 8259), keeps the order of
//! keys, lets the last of equal keys win as `JSON.parse` does, and goes at most
//! [`MAX_DEPTH`] levels deep.

use crate::amount::{Amount, whole};
use crate::model::index::{firsts, join, keys};

/// Levels of arrays and objects that are followed; the API's own bodies stay below 12.
pub const MAX_DEPTH: usize = 128;

/// A JSON value; numbers keep their text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// The number's text, exactly as it was written.
    Number(String),
    /// A text.
    String(String),
    /// A list.
    Array(Vec<Value>),
    /// An object.
    Object(Object),
}

/// The members of an object in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Object(Vec<(String, Value)>);

/// What is wrong with a text, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntaxError {
    /// Byte offset into the text.
    pub offset: usize,
    /// What is wrong there.
    pub kind: SyntaxErrorKind,
}

/// The kinds of faults in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyntaxErrorKind {
    /// A character that cannot stand there.
    Unexpected,
    /// The text ends too early.
    End,
    /// More than [`MAX_DEPTH`] levels.
    Depth,
    /// A `\u` escape of half a character.
    LoneSurrogate,
}

impl Object {
    /// An object without members.
    pub fn new() -> Object {
        Object::default()
    }

    /// An object of one member.
    pub fn of(name: &str, value: Value) -> Object {
        Object(vec![(name.to_string(), value)])
    }

    /// An object of these members; the last of equal names wins, at the place of the first.
    pub fn from_members(members: Vec<(String, Value)>) -> Object {
        let mut object = Object(members);
        last_of_equal_keys(&mut object.0);
        object
    }

    /// The member of that name.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The member of that name, or `null`.
    pub fn at(&self, key: &str) -> &Value {
        self.get(key).unwrap_or(&Value::Null)
    }

    /// Sets a member, in its place where it exists, else at the end.
    pub fn set(&mut self, key: &str, value: Value) {
        match self.0.iter_mut().find(|(name, _)| name == key) {
            Some((_, slot)) => *slot = value,
            None => self.0.push((key.to_string(), value)),
        }
    }

    /// Takes a member out.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let index = self.0.iter().position(|(name, _)| name == key)?;
        Some(self.0.remove(index).1)
    }

    /// Members in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Members in order, their values to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Value)> {
        self.0.iter_mut().map(|(name, value)| (name.as_str(), value))
    }

    /// With the members of another one behind it; the last of equal names wins, at the place of the first.
    pub fn joined(mut self, other: Object) -> Object {
        self.0.extend(other.0);
        last_of_equal_keys(&mut self.0);
        self
    }

    /// Each value with the one that another object has under the same name.
    pub fn beside<'o>(&'o self, other: &'o Object) -> impl Iterator<Item = (&'o Value, Option<&'o Value>)> {
        let mut names = Vec::new();
        for (name, _) in other.0.iter().chain(&self.0) {
            names.push(name.as_str());
        }
        let places = firsts(&names).into_iter().skip(other.len());
        let held = |place: usize| other.0.get(place).map(|(_, value)| value);
        self.0.iter().zip(places).map(move |((_, value), place)| (value, held(place)))
    }

    /// Appends the object's text.
    pub fn write(&self, out: &mut String) {
        out.push('{');
        let mut separator = "";
        for (name, value) in self.iter() {
            out.push_str(separator);
            separator = ",";
            write_string(name, out);
            out.push(':');
            value.write(out);
        }
        out.push('}');
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Object {
    type Item = (String, Value);
    type IntoIter = std::vec::IntoIter<(String, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<(String, Value)> for Object {
    /// The last of equal keys wins, at the place of the first.
    fn from_iter<T: IntoIterator<Item = (String, Value)>>(members: T) -> Object {
        Object::from_members(members.into_iter().collect())
    }
}

impl Value {
    /// Reads a whole text; half a character (`\ud800` alone) is an error.
    pub fn parse(text: &str) -> Result<Value, SyntaxError> {
        Reader { text, at: 0, lenient: false }.document()
    }

    /// Reads a whole text; half a character becomes U+FFFD, as in any other decoder of answers.
    pub fn parse_lenient(text: &str) -> Result<Value, SyntaxError> {
        Reader { text, at: 0, lenient: true }.document()
    }

    /// The value as text, numbers with exactly the digits that they came with.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    /// Appends the value's text.
    pub fn write(&self, out: &mut String) {
        match self {
            Value::Null => out.push_str("null"),
            Value::Bool(true) => out.push_str("true"),
            Value::Bool(false) => out.push_str("false"),
            Value::Number(digits) => out.push_str(digits),
            Value::String(text) => write_string(text, out),
            Value::Array(items) => write_list(items, out, Value::write),
            Value::Object(object) => object.write(out),
        }
    }

    /// The member of an object; none for anything else.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Object(object) => object.get(key),
            _ => None,
        }
    }

    /// The member of an object, or `null`.
    pub fn at(&self, key: &str) -> &Value {
        self.get(key).unwrap_or(&Value::Null)
    }

    /// The member of an object that is a text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.at(key).as_str()
    }

    /// The entries of a list; none of anything else.
    pub fn items(&self) -> &[Value] {
        match self {
            Value::Array(items) => items,
            _ => &[],
        }
    }

    /// The members of an object; none of anything else.
    pub fn members(&self) -> &[(String, Value)] {
        match self {
            Value::Object(object) => &object.0,
            _ => &[],
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The entries of a list.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Whether both are the same JSON: numbers by their value, members in any order.
    pub fn same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Number(left), Value::Number(right)) => {
                let value = |digits: &str| Amount::parse(digits);
                left == right || matches!((value(left), value(right)), (Ok(left), Ok(right)) if left == right)
            }
            (Value::Array(left), Value::Array(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.same(right))
            }
            (Value::Object(left), Value::Object(right)) => {
                let held =
                    |(value, held): (&Value, Option<&Value>)| held.is_some_and(|held| value.same(held));
                left.len() == right.len() && left.beside(right).all(held)
            }
            _ => self == other,
        }
    }

    /// The members of an object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// A 64-bit integer, where the number is one (`3`, `3.0`, `3e0`).
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Value::Number(digits) => integer(digits),
            _ => None,
        }
    }
}

/// The integer that a number's text stands for, where it is one and fits into 64 bits; one written
/// with a point or an exponent must be in the range of an amount too (±1.7 · 10¹⁸).
pub fn integer(digits: &str) -> Option<i64> {
    if let Ok(value) = whole(digits.as_bytes()) {
        return Some(value);
    }
    // Written with a point or an exponent, it may still be whole.
    whole(Amount::parse(digits).ok()?.padded(0).as_bytes()).ok()
}

/// Appends a list in brackets.
pub fn write_list<T>(items: &[T], out: &mut String, mut write: impl FnMut(&T, &mut String)) {
    out.push('[');
    let mut separator = "";
    for item in items {
        out.push_str(separator);
        separator = ",";
        write(item, out);
    }
    out.push(']');
}

/// Appends a text in quotes.
pub fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                out.push_str("\\u00");
                for shift in [4_u32, 0] {
                    let nibble = (u32::from(control) >> shift) & 15;
                    out.push(char::from_digit(nibble, 16).unwrap_or('0'));
                }
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Keeps the last of equal keys, at the place of the first.
fn last_of_equal_keys(members: &mut Vec<(String, Value)>) {
    if members.len() < 2 {
        return;
    }
    let names = keys(members, |(name, _)| name);
    let firsts = firsts(&names);
    join(members, &firsts, |known, member| std::mem::swap(&mut known.1, &mut member.1));
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    lenient: bool,
}

impl Reader<'_> {
    fn document(mut self) -> Result<Value, SyntaxError> {
        let value = self.value(0)?;
        self.space();
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(self.fault(SyntaxErrorKind::Unexpected)),
        }
    }

    fn fault(&self, kind: SyntaxErrorKind) -> SyntaxError {
        SyntaxError { offset: self.at, kind }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.step();
        }
    }

    /// The fault at this place: the end of the text, or a character that cannot stand here.
    fn unexpected<T>(&self) -> Result<T, SyntaxError> {
        Err(self.fault(match self.peek() {
            None => SyntaxErrorKind::End,
            Some(_) => SyntaxErrorKind::Unexpected,
        }))
    }

    fn expect(&mut self, byte: u8) -> Result<(), SyntaxError> {
        if self.peek() != Some(byte) {
            return self.unexpected();
        }
        self.step();
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        self.space();
        match self.peek() {
            Some(b'n') => self.word("null", Value::Null),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'[' | b'{') if depth >= MAX_DEPTH => Err(self.fault(SyntaxErrorKind::Depth)),
            Some(b'[') => self.array(depth.saturating_add(1)),
            Some(b'{') => self.object(depth.saturating_add(1)),
            _ => self.unexpected(),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, SyntaxError> {
        for byte in word.bytes() {
            self.expect(byte)?;
        }
        Ok(value)
    }

    fn array(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        let mut items = Vec::new();
        self.members(b']', |reader| {
            items.push(reader.value(depth)?);
            Ok(())
        })?;
        Ok(Value::Array(items))
    }

    fn object(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        let mut members = Vec::new();
        self.members(b'}', |reader| {
            reader.space();
            let name = reader.string()?;
            reader.space();
            reader.expect(b':')?;
            members.push((name, reader.value(depth)?));
            Ok(())
        })?;
        Ok(Value::Object(Object::from_members(members)))
    }

    /// The commas and the closing bracket of a list or an object.
    fn members(
        &mut self,
        close: u8,
        mut member: impl FnMut(&mut Self) -> Result<(), SyntaxError>,
    ) -> Result<(), SyntaxError> {
        self.step();
        self.space();
        if self.peek() == Some(close) {
            self.step();
            return Ok(());
        }
        loop {
            member(self)?;
            self.space();
            if self.peek() == Some(b',') {
                self.step();
                continue;
            }
            return self.expect(close);
        }
    }

    fn number(&mut self) -> Result<Value, SyntaxError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.step();
        }
        if self.peek() == Some(b'0') {
            self.step();
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.step();
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.step();
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.step();
            }
            self.digits()?;
        }
        Ok(Value::Number(self.since(start).to_string()))
    }

    fn digits(&mut self) -> Result<(), SyntaxError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.unexpected();
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.step();
        }
        Ok(())
    }

    fn since(&self, start: usize) -> &str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn string(&mut self) -> Result<String, SyntaxError> {
        self.expect(b'"')?;
        let mut text = String::new();
        loop {
            let start = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.step();
            }
            text.push_str(self.since(start));
            match self.peek() {
                Some(b'"') => {
                    self.step();
                    return Ok(text);
                }
                Some(b'\\') => {
                    self.step();
                    text.push(self.escape()?);
                }
                _ => return self.unexpected(),
            }
        }
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        let character = match self.peek() {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'u') => {
                self.step();
                return self.unicode();
            }
            _ => return self.unexpected(),
        };
        self.step();
        Ok(character)
    }

    fn unicode(&mut self) -> Result<char, SyntaxError> {
        let first = self.hex()?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        let after = self.at;
        if first < 0xDC00 && self.peek() == Some(b'\\') {
            self.step();
            if self.peek() == Some(b'u') {
                self.step();
                let second = self.hex()?;
                if (0xDC00..0xE000).contains(&second) {
                    let high = (first & 0x3FF) << 10;
                    let joined = 0x1_0000_u32.saturating_add(high | (second & 0x3FF));
                    return Ok(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
            }
        }
        self.at = after;
        if self.lenient {
            Ok(char::REPLACEMENT_CHARACTER)
        } else {
            Err(self.fault(SyntaxErrorKind::LoneSurrogate))
        }
    }

    fn hex(&mut self) -> Result<u32, SyntaxError> {
        let mut value = 0_u32;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else {
                return self.unexpected();
            };
            value = (value << 4) | digit;
            self.step();
        }
        Ok(value)
    }
}
