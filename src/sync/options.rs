//! How a checkout is set up.

use crate::draft::hash::read_hex;
use crate::draft::limits::{CartLimits, MAX_SESSION_ID_LENGTH, count};
use crate::draft::refusal::{Code, Figure, Refusal};
use crate::draft::state::Transitions;
use crate::model::json::Value;
use crate::model::wire::{Path, Source, Step};

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
}

/// Longest time that may be given, a day: beyond it a timer would wrap around.
const MAX_TIME: u64 = 86_400_000;

impl Options {
    /// Reads the options of the JavaScript surface.
    pub fn read(value: &Value) -> Result<Options, Refusal> {
        let sync = value.get("sync").cloned().unwrap_or(Value::Null);
        let time = |name: &str, default: u64, least: u64| match sync.get(name) {
            None | Some(Value::Null) => Ok(default),
            Some(given) => given
                .as_integer()
                .and_then(|time| u64::try_from(time).ok())
                .filter(|time| (least..=MAX_TIME).contains(time))
                .ok_or_else(|| invalid(&["sync", name], given)),
        };
        let session_id = text(value, "sessionId")?.unwrap_or_default();
        let length = session_id.chars().count();
        if length == 0 || length > MAX_SESSION_ID_LENGTH {
            let path = path(&["sessionId"]);
            return Err(Refusal::count(Code::ValueType, path, count(MAX_SESSION_ID_LENGTH), count(length)));
        }
        let mode = choice(&sync, &["sync", "mode"], &[("auto", Mode::Auto), ("manual", Mode::Manual)])?;
        let limits = [("flattened", CartLimits::Flattened), ("unflattened", CartLimits::Unflattened)];
        let waves =
            [("current", Transitions::Current), ("2022", Transitions::Wave2022), ("v1", Transitions::V1)];
        choice(value, &["log"], &[("bounded", ()), ("full", ()), ("off", ())])?;
        let initial = value.get("initial");
        let scale = value.get("scale").and_then(Value::as_integer).and_then(|scale| u8::try_from(scale).ok());
        Ok(Options {
            session_id,
            session_is_new: matches!(value.get("sessionIsNew"), Some(Value::Bool(true))),
            scale: scale.unwrap_or(2).min(crate::amount::PLACES),
            limits: choice(value, &["limits"], &limits)?,
            transitions: choice(value, &["transitions"], &waves)?,
            response_content: response_content(value)?,
            mode,
            debounce: time("debounceMs", 150, 0)?,
            max_wait: time("maxWaitMs", 1500, 0)?,
            timeout: time("timeoutMs", 15_000, 1)?,
            base: time("baseMs", 300, 1)?,
            cap: time("capMs", 30_000, 1)?,
            settle: time("settleMs", 60_000, 0)?,
            seed: text(value, "seed")?.as_deref().and_then(read_hex).unwrap_or(0),
            initial_draft: part(initial, "draft")?,
            initial_answer: part(initial, "answer")?.map(|(_, answer)| answer),
        })
    }
}

/// The words of `responseContent`; without `customerSession` no answer could be checked.
fn response_content(value: &Value) -> Result<Vec<String>, Refusal> {
    let words = match value.get("responseContent") {
        None | Some(Value::Null) => vec!["customerSession".to_string(), "loyalty".to_string()],
        Some(Value::Array(words)) => {
            let word = |word: &Value| word.as_str().map(str::to_string);
            let read: Option<Vec<String>> = words.iter().map(word).collect();
            read.ok_or_else(|| Refusal::new(Code::ValueType, path(&["responseContent"])))?
        }
        Some(other) => return Err(invalid(&["responseContent"], other)),
    };
    Ok(with_session(words))
}

/// The words, with `customerSession` among them.
pub fn with_session(mut words: Vec<String>) -> Vec<String> {
    if !words.iter().any(|word| word == "customerSession") {
        words.insert(0, "customerSession".to_string());
    }
    words
}

/// A part of `initial`: an object of a script, or its JSON text.
fn part(initial: Option<&Value>, name: &str) -> Result<Option<(Source, Value)>, Refusal> {
    match initial.and_then(|initial| initial.get(name)) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => match Value::parse_lenient(text) {
            Ok(value) => Ok(Some((Source::Text, value))),
            Err(_) => Err(Refusal::new(Code::ValueType, path(&["initial", name]))),
        },
        Some(value @ Value::Object(_)) => Ok(Some((Source::Script, value.clone()))),
        Some(other) => Err(invalid(&["initial", name], other)),
    }
}

fn text(value: &Value, name: &str) -> Result<Option<String>, Refusal> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(invalid(&[name], other)),
    }
}

fn choice<T: Copy>(value: &Value, steps: &[&str], words: &[(&str, T)]) -> Result<T, Refusal> {
    let name = steps.last().copied().unwrap_or_default();
    let given = match value.get(name) {
        None | Some(Value::Null) => words.first(),
        Some(given) => words.iter().find(|(word, _)| Some(*word) == given.as_str()),
    };
    match given {
        Some((_, choice)) => Ok(*choice),
        None => Err(invalid(steps, value.get(name).unwrap_or(&Value::Null))),
    }
}

fn invalid(steps: &[&str], value: &Value) -> Refusal {
    let shown: String = value.to_text().chars().take(40).collect();
    Refusal { actual: Some(Figure::Text(shown)), ..Refusal::new(Code::ValueType, path(steps)) }
}

fn path(steps: &[&str]) -> Path {
    steps.iter().map(|step| Step::Key((*step).to_string())).collect()
}
