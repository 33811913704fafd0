//! How a checkout is set up.

use crate::draft::hash::read_hex;
use crate::draft::limits::{CartLimits, MAX_SESSION_ID_LENGTH, count};
use crate::draft::refusal::{Code, Refusal};
use crate::draft::state::Transitions;
use crate::model::json::Value;
use crate::model::text;
use crate::model::wire::{Path, Source, Step};
use crate::sync::record::Stored;

/// When updates leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// By themselves, after a short wait for further edits.
    #[default]
    Auto,
    /// When `flush()` or a move asks for it.
    Manual,
}

/// The options of a checkout; times in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Integration id of the session.
    pub session_id: String,
    /// Whether the id was made just now, so that the server cannot know it.
    pub session_is_new: bool,
    /// Decimal places of the currency.
    pub scale: u8,
    /// Which limits the cart has.
    pub limits: CartLimits,
    /// Which state table holds.
    pub transitions: Transitions,
    /// Parts wanted in answers; always with `customerSession`.
    pub response_content: Vec<String>,
    /// When updates leave.
    pub mode: Mode,
    /// Wait for the next edit.
    pub debounce: u64,
    /// Longest wait after the first edit.
    pub max_wait: u64,
    /// Longest wait for an answer.
    pub timeout: u64,
    /// First ceiling of the back-off.
    pub base: u64,
    /// Last ceiling of the back-off.
    pub cap: u64,
    /// How long an attempt of unknown fate may still arrive; used once drafts are stored.
    pub settle: u64,
    /// Randomness.
    pub seed: u64,
    /// A cart that the server rendered.
    pub initial_draft: Option<(Source, Value)>,
    /// An answer of the API that the server rendered.
    pub initial_answer: Option<Value>,
    /// What the store has of the session; none where nothing is stored.
    pub stored: Option<Stored>,
    /// Whether the lock of the session was taken before that was read.
    pub locked: bool,
}

/// Longest time that may be given, a day: beyond it a timer would wrap around.
const MAX_TIME: u64 = 86_400_000;

impl Options {
    /// Reads the options of the JavaScript surface.
    pub fn read(value: &Value) -> Result<Options, Refusal> {
        let mut form = Form { value, refusal: None };
        let session_id = form.text("sessionId");
        let length = text::length(&session_id);
        if length == 0 || length > MAX_SESSION_ID_LENGTH {
            let path = path("", "sessionId");
            form.refuse(Refusal::count(Code::ValueType, path, count(MAX_SESSION_ID_LENGTH), count(length)));
        }
        let scale = value.get("scale").and_then(Value::as_integer).and_then(|scale| u8::try_from(scale).ok());
        let options = Options {
            session_id,
            session_is_new: value.get("sessionIsNew") == Some(&Value::Bool(true)),
            scale: scale.unwrap_or(2).min(crate::amount::PLACES),
            limits: match form.choice("", "limits", &["flattened", "unflattened"]) {
                0 => CartLimits::Flattened,
                _ => CartLimits::Unflattened,
            },
            transitions: match form.choice("", "transitions", &["current", "2022", "v1"]) {
                0 => Transitions::Current,
                1 => Transitions::Wave2022,
                _ => Transitions::V1,
            },
            response_content: form.response_content(),
            mode: match form.choice("sync", "mode", &["auto", "manual"]) {
                0 => Mode::Auto,
                _ => Mode::Manual,
            },
            debounce: form.time("debounceMs", 150, 0),
            max_wait: form.time("maxWaitMs", 1500, 0),
            timeout: form.time("timeoutMs", 15_000, 1),
            base: form.time("baseMs", 300, 1),
            cap: form.time("capMs", 30_000, 1),
            settle: form.time("settleMs", 60_000, 0),
            seed: read_hex(&form.text("seed")).unwrap_or(0),
            initial_draft: form.initial("draft"),
            initial_answer: form.initial("answer").map(|(_, answer)| answer),
            stored: value.get("stored").map(Stored::read),
            locked: value.get("locked") == Some(&Value::Bool(true)),
        };
        match form.refusal {
            None => Ok(options),
            Some(refusal) => Err(refusal),
        }
    }
}

/// Options being read: the first thing that is wrong is kept, and its default stands in for it.
struct Form<'v> {
    value: &'v Value,
    refusal: Option<Refusal>,
}

impl Form<'_> {
    fn refuse(&mut self, refusal: Refusal) {
        self.refusal.get_or_insert(refusal);
    }

    fn invalid(&mut self, group: &str, name: &str, value: &Value) {
        let text = value.to_text();
        self.refuse(Refusal::new(Code::ValueType, path(group, name)).with_actual(text::shown(&text)));
    }

    /// What was given, in a group or beside them all; `null` is as good as nothing.
    fn given(&self, group: &str, name: &str) -> Option<Value> {
        let place = if group.is_empty() { Some(self.value) } else { self.value.get(group) };
        place.and_then(|place| place.get(name)).filter(|value| **value != Value::Null).cloned()
    }

    fn time(&mut self, name: &str, default: u64, least: u64) -> u64 {
        let Some(given) = self.given("sync", name) else {
            return default;
        };
        match given.as_integer().and_then(|time| u64::try_from(time).ok()) {
            Some(time) if (least..=MAX_TIME).contains(&time) => time,
            _ => {
                self.invalid("sync", name, &given);
                default
            }
        }
    }

    /// The place of the word that was given; the first word is the default.
    fn choice(&mut self, group: &str, name: &str, words: &[&str]) -> usize {
        let Some(given) = self.given(group, name) else {
            return 0;
        };
        words.iter().position(|word| Some(*word) == given.as_str()).unwrap_or_else(|| {
            self.invalid(group, name, &given);
            0
        })
    }

    fn text(&mut self, name: &str) -> String {
        match self.given("", name) {
            Some(Value::String(text)) => return text,
            Some(other) => self.invalid("", name, &other),
            None => {}
        }
        String::new()
    }

    /// The words of `responseContent`; without `customerSession` no answer could be checked.
    fn response_content(&mut self) -> Vec<String> {
        let name = "responseContent";
        let words = match self.given("", name) {
            None => vec!["customerSession".to_string(), "loyalty".to_string()],
            Some(given) => words(&given).unwrap_or_else(|| {
                self.invalid("", name, &given);
                Vec::new()
            }),
        };
        with_session(words)
    }

    /// A part of `initial`: an object of a script, or its JSON text.
    fn initial(&mut self, name: &str) -> Option<(Source, Value)> {
        let given = self.given("initial", name)?;
        match &given {
            Value::Object(_) => return Some((Source::Script, given)),
            Value::String(text) => {
                if let Ok(value) = Value::parse_lenient(text) {
                    return Some((Source::Text, value));
                }
            }
            _ => {}
        }
        self.invalid("initial", name, &given);
        None
    }
}

/// A list of words.
pub fn words(value: &Value) -> Option<Vec<String>> {
    let mut words = Vec::new();
    for word in value.as_array()? {
        words.push(word.as_str()?.to_string());
    }
    Some(words)
}

/// The words, with `customerSession` among them.
pub fn with_session(mut words: Vec<String>) -> Vec<String> {
    if !words.iter().any(|word| word == "customerSession") {
        words.insert(0, "customerSession".to_string());
    }
    words
}

fn path(group: &str, name: &str) -> Path {
    let mut path = Path::new();
    for step in [group, name] {
        if !step.is_empty() {
            path.push(Step::Key(step.to_string()));
        }
    }
    path
}
