//! JSON text against `serde_json`, and the differences that are meant.
//!
//! Meant differences: `serde_json` follows 127 levels, this reader [`MAX_DEPTH`] (128); a number's
//! text is kept to the letter, where `serde_json` writes `1E5` as `1e+5`; and an object with the
//! key `$serde_json::private::Number` is an ordinary one here.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../fuzz/checks/json.rs"]
mod check;

use cartwright::model::json::{MAX_DEPTH, Object, SyntaxError, SyntaxErrorKind, Value};
use check::{agree, same};
use proptest::prelude::*;
use proptest::sample::Index;

fn parsed(text: &str) -> Value {
    Value::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error:?}"))
}

fn number(text: &str) -> Value {
    Value::Number(text.to_string())
}

fn string(text: &str) -> Value {
    Value::String(text.to_string())
}

fn digits() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,25})?([eE][-+]?[0-9]{1,5})?"
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c]{0,2}",
        "\\PC{0,8}",
        "[\\x00-\\x1f\"\\\\/\\x7f]{0,6}",
        Just("__proto__".to_string()),
        Just("\u{2028}\u{feff}😀".to_string()),
    ]
}

/// Values with few distinct keys, so that some objects repeat one.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        digits().prop_map(Value::Number),
        words().prop_map(Value::String),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((words(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The text with white space around it.
fn padded(inner: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let space = "[ \t\r\n]{0,2}";
    (space, inner, space).prop_map(|(before, text, after)| before + &text + &after).boxed()
}

/// Texts of any spelling: white space anywhere, characters escaped or not, keys repeated.
fn text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(vec!["null", "true", "false"]).prop_map(str::to_string),
        digits(),
        spelled_string(),
    ];
    padded(leaf.boxed()).prop_recursive(6, 48, 6, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..6);
        let member =
            (padded(spelled_string().boxed()), inner).prop_map(|(name, value)| format!("{name}:{value}"));
        let members = prop::collection::vec(member, 0..6);
        padded(
            prop_oneof![
                list.prop_map(|items| format!("[{}]", items.join(","))),
                members.prop_map(|members| format!("{{{}}}", members.join(","))),
            ]
            .boxed(),
        )
    })
}

/// A text in quotes in which any character may be escaped, in any of the ways there are.
fn spelled_string() -> BoxedStrategy<String> {
    let character = prop_oneof![
        "[^\\p{Cc}\"\\\\]".prop_map(|plain: String| plain),
        "\\\\[\"\\\\/bfnrt]".prop_map(|escape: String| escape),
        any::<char>().prop_map(|character| {
            let mut units = [0_u16; 2];
            let units = character.encode_utf16(&mut units);
            units.iter().map(|unit| format!("\\u{unit:04X}")).collect()
        }),
        "[ab]".prop_map(|key: String| key),
    ];
    prop::collection::vec(character, 0..4)
        .prop_map(|parts: Vec<String>| format!("\"{}\"", parts.concat()))
        .boxed()
}

#[derive(Debug, Clone)]
enum Edit {
    Delete(Index),
    Insert(Index, String),
    Replace(Index, String),
    Cut(Index),
    Repeat(Index, Index),
    Swap(Index, Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let piece = || {
        prop_oneof![
            "[\\[\\]{},:\"\\\\0-9.eE+\\-ntfu /\\x00\\x1f]",
            prop::sample::select(vec![
                "\\u",
                "\\ud83d",
                "\\udc00",
                "\\u0000",
                "\\uD83D\\uDE00",
                "\\x",
                "null",
                "tru",
                "-",
                "1e",
                "01",
                "[[",
                "{}",
                ",]",
                ",}",
                "\"\"",
                "\u{feff}",
                "\u{a0}",
                "/*",
                "NaN",
            ])
            .prop_map(str::to_string),
            "\\PC",
        ]
    };
    let place = any::<Index>;
    prop_oneof![
        place().prop_map(Edit::Delete),
        (place(), piece()).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        (place(), piece()).prop_map(|(at, piece)| Edit::Replace(at, piece)),
        place().prop_map(Edit::Cut),
        (place(), place()).prop_map(|(from, to)| Edit::Repeat(from, to)),
        (place(), place()).prop_map(|(left, right)| Edit::Swap(left, right)),
    ]
}

fn edited(text: &str, edits: &[Edit]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for edit in edits {
        let size = characters.len();
        if size == 0 {
            break;
        }
        match edit {
            Edit::Delete(at) => drop(characters.remove(at.index(size))),
            Edit::Insert(at, piece) => {
                let at = at.index(size);
                characters.splice(at..at, piece.chars());
            }
            Edit::Replace(at, piece) => {
                let at = at.index(size);
                characters.splice(at..=at, piece.chars());
            }
            Edit::Cut(at) => characters.truncate(at.index(size)),
            Edit::Repeat(from, to) => {
                let (from, to) = (from.index(size), to.index(size));
                let part = characters[from.min(to)..=from.max(to)].to_vec();
                characters.splice(from..from, part);
            }
            Edit::Swap(left, right) => characters.swap(left.index(size), right.index(size)),
        }
    }
    characters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn values_go_round(value in value()) {
        let text = value.to_text();
        prop_assert_eq!(&Value::parse(&text), &Ok(value.clone()), "{}", text);
        let theirs: serde_json::Value = serde_json::from_str(&text).unwrap();
        prop_assert!(same(&value, &theirs), "{text}");
    }

    #[test]
    fn any_spelling_is_read_alike(text in text()) {
        prop_assert!(Value::parse(&text).is_ok(), "{text:?}");
        agree(&text).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn numbers_keep_their_text(text in digits()) {
        prop_assert_eq!(parsed(&text), number(&text));
        prop_assert_eq!(parsed(&format!(" [ {text}\n] ")).to_text(), format!("[{text}]"));
    }

    #[test]
    fn any_text_is_judged_alike(text in "[\\[\\]{},:\"\\\\0-9.eE+\\-ntrufalse \\x00]{0,16}|\\PC{0,16}") {
        agree(&text).map_err(TestCaseError::fail)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn spoilt_text_is_judged_alike(
        text in text(), edits in prop::collection::vec(edit(), 1..4),
    ) {
        agree(&edited(&text, &edits)).map_err(TestCaseError::fail)?;
    }
}

/// One text with every kind of value, every escape, and characters of one to four bytes.
const SPECIMEN: &str = "{\"a\": [null, true, false, -0, 12.50, 1E+05, 9223372036854775807],\n\
    \"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00\": {\"é€😀\": [], \"\": {}}}";

#[test]
fn specimen_reads_as_it_stands() {
    let value = parsed(SPECIMEN);
    assert_eq!(
        value.to_text(),
        "{\"a\":[null,true,false,-0,12.50,1E+05,9223372036854775807],\
         \"\\\"\\\\/\\u0008\\u000c\\n\\r\\té😀\":{\"é€😀\":[],\"\":{}}}"
    );
    assert_eq!(parsed(&value.to_text()), value);
}

#[test]
fn a_cut_text_ends_too_early() {
    for cut in 0..SPECIMEN.len() {
        // What a decoder makes of a text cut within a character.
        let text = String::from_utf8_lossy(&SPECIMEN.as_bytes()[..cut]);
        let error = Value::parse(&text).unwrap_err();
        let half = SPECIMEN.find("\\uD83D").unwrap() + 6;
        let expected = match cut.checked_sub(half) {
            // The first half of the pair is whole, the second is not there yet.
            Some(0..=1) => SyntaxErrorKind::LoneSurrogate,
            _ => SyntaxErrorKind::End,
        };
        assert_eq!(error.kind, expected, "{text}");
        assert!(error.offset <= text.len());
        assert!(Value::parse_lenient(&text).is_err());
    }
}

#[test]
fn faults_are_named_with_their_place() {
    use SyntaxErrorKind::{End, LoneSurrogate, Unexpected};
    for (text, offset, kind) in [
        ("", 0, End),
        ("  \n", 3, End),
        ("[", 1, End),
        ("[1", 2, End),
        ("[1,", 3, End),
        ("{\"a\"", 4, End),
        ("{\"a\":", 5, End),
        ("nul", 3, End),
        ("-", 1, End),
        ("1.", 2, End),
        ("1e", 2, End),
        ("1e-", 3, End),
        ("\"", 1, End),
        ("\"\\", 2, End),
        ("\"\\u00", 5, End),
        ("[1,]", 3, Unexpected),
        ("[,1]", 1, Unexpected),
        ("[1 2]", 3, Unexpected),
        ("[1}", 2, Unexpected),
        ("{,}", 1, Unexpected),
        ("{\"a\":1,}", 7, Unexpected),
        ("{\"a\",1}", 4, Unexpected),
        ("{a:1}", 1, Unexpected),
        ("{'a':1}", 1, Unexpected),
        ("{1:1}", 1, Unexpected),
        ("]", 0, Unexpected),
        ("1 1", 2, Unexpected),
        ("null,", 4, Unexpected),
        ("nulL", 3, Unexpected),
        ("True", 0, Unexpected),
        ("NaN", 0, Unexpected),
        ("Infinity", 0, Unexpected),
        ("-Infinity", 1, Unexpected),
        ("undefined", 0, Unexpected),
        ("+1", 0, Unexpected),
        ("01", 1, Unexpected),
        ("-01", 2, Unexpected),
        (".5", 0, Unexpected),
        ("1.e5", 2, Unexpected),
        ("0x10", 1, Unexpected),
        ("1_000", 1, Unexpected),
        ("1e5.5", 3, Unexpected),
        ("// comment\n1", 0, Unexpected),
        ("\u{feff}1", 0, Unexpected),
        ("\u{a0}1", 0, Unexpected),
        ("\u{b}1", 0, Unexpected),
        ("\"a\nb\"", 2, Unexpected),
        ("\"a\0b\"", 2, Unexpected),
        ("\"\\x41\"", 2, Unexpected),
        ("\"\\U0041\"", 2, Unexpected),
        ("\"\\'\"", 2, Unexpected),
        ("\"\\u00g0\"", 5, Unexpected),
        ("\"\\u+041\"", 3, Unexpected),
        ("\"\\ud800\"", 7, LoneSurrogate),
        ("\"\\udc00\"", 7, LoneSurrogate),
        ("\"\\ud800\\ud800\"", 7, LoneSurrogate),
        ("\"\\ud800\\u0041\"", 7, LoneSurrogate),
        ("\"\\ud800x\"", 7, LoneSurrogate),
        ("\"\\udc00\\ud800\"", 7, LoneSurrogate),
        ("\"\\ud800\\ue000\"", 7, LoneSurrogate),
        ("\"\\udbff\\uffff\"", 7, LoneSurrogate),
    ] {
        assert_eq!(Value::parse(text), Err(SyntaxError { offset, kind }), "{text:?}");
        agree(text).unwrap();
    }
}

#[test]
fn half_characters_are_replaced_where_wished() {
    for (text, read) in [
        ("\"\\ud800\"", "\u{fffd}"),
        ("\"\\udc00\"", "\u{fffd}"),
        ("\"a\\ud800b\"", "a\u{fffd}b"),
        ("\"\\ud800\\u0041\"", "\u{fffd}A"),
        ("\"\\ud800\\n\"", "\u{fffd}\n"),
        ("\"\\ud800\\ud800\"", "\u{fffd}\u{fffd}"),
        ("\"\\ud83d\\ud83d\\ude00\"", "\u{fffd}😀"),
        ("\"\\ude00\\ud83d\"", "\u{fffd}\u{fffd}"),
        ("\"\\ud83d\\ude00\"", "😀"),
    ] {
        assert_eq!(Value::parse_lenient(text), Ok(string(read)), "{text}");
    }
    for text in ["\"\\ud800", "\"\\ud800\\", "\"\\ud800\\u00", "\"\\ud800\\x\"", "[1,]"] {
        assert!(Value::parse_lenient(text).is_err(), "{text}");
    }
}

#[test]
fn every_escape_is_read() {
    for (escape, character) in [
        ("\\\"", '"'),
        ("\\\\", '\\'),
        ("\\/", '/'),
        ("\\b", '\u{8}'),
        ("\\f", '\u{c}'),
        ("\\n", '\n'),
        ("\\r", '\r'),
        ("\\t", '\t'),
        ("\\u0000", '\0'),
        ("\\u00e9", 'é'),
        ("\\u00E9", 'é'),
        ("\\uFFFF", '\u{ffff}'),
        ("\\ud800\\udc00", '\u{10000}'),
        ("\\uDBFF\\uDFFF", '\u{10ffff}'),
    ] {
        let text = format!("\"{escape}\"");
        assert_eq!(parsed(&text), string(&character.to_string()), "{escape}");
        agree(&text).unwrap();
    }
}

#[test]
fn every_character_is_written_so_that_it_is_read_back() {
    let all: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
    let text = string(&all).to_text();
    assert_eq!(parsed(&text), string(&all));
    assert_eq!(serde_json::from_str::<String>(&text).unwrap(), all);
    assert!(text.bytes().all(|byte| byte >= 0x20), "no control character stands in the text");
    for control in '\0'..' ' {
        let bare = format!("\"{control}\"");
        assert!(Value::parse(&bare).is_err() && Value::parse_lenient(&bare).is_err());
        agree(&bare).unwrap();
    }
}

fn nested(levels: usize, open: &[&str], close: &[&str]) -> String {
    let opening = (0..levels).map(|level| open[level % open.len()]);
    let closing = (0..levels).rev().map(|level| close[level % close.len()]);
    opening.chain(["0"]).chain(closing).collect()
}

/// Small, as the stacks of browsers are.
fn with_small_stack<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        std::thread::Builder::new().stack_size(512 * 1024).spawn_scoped(scope, run).unwrap().join().unwrap()
    })
}

#[test]
fn depth_is_limited() {
    assert_eq!(MAX_DEPTH, 128);
    let kinds: [(&[&str], &[&str]); 3] =
        [(&["["], &["]"]), (&["{\"a\":"], &["}"]), (&["[", "{\"a\":"], &["]", "}"])];
    for (open, close) in kinds {
        for levels in [127, 128] {
            let text = nested(levels, open, close);
            let value = with_small_stack(|| parsed(&text));
            assert_eq!(value.to_text(), text);
        }
        for levels in [129, 130, 20_000] {
            let text = nested(levels, open, close);
            let before = nested(128, open, close).find('0').unwrap();
            let error = SyntaxError { offset: before, kind: SyntaxErrorKind::Depth };
            // The place proves that nothing behind the 129th bracket is looked at.
            assert_eq!(with_small_stack(|| Value::parse(&text)), Err(error));
            assert_eq!(with_small_stack(|| Value::parse_lenient(&text)), Err(error));
        }
    }
    let open_only = "[".repeat(20_000);
    assert_eq!(Value::parse(&open_only).unwrap_err().kind, SyntaxErrorKind::Depth);
    let beside = format!("[{}]", vec![nested(127, &["["], &["]"]); 50].join(","));
    assert_eq!(parsed(&beside).as_array().unwrap().len(), 50, "depth, not count");
    // The one level by which the oracle is stricter.
    agree(&nested(127, &["["], &["]"])).unwrap();
    let deepest = nested(128, &["["], &["]"]);
    assert!(serde_json::from_str::<serde_json::Value>(&deepest).is_err());
}

#[test]
fn huge_numbers_stay_text() {
    for text in [
        "18446744073709551616".to_string(),
        "-9223372036854775809".to_string(),
        "1e999999999".to_string(),
        "0.30000000000000004".to_string(),
        "1.0".to_string(),
        "-0".to_string(),
        "-0.0e-0".to_string(),
        "9".repeat(100_000),
        format!("0.{}1", "0".repeat(100_000)),
    ] {
        assert_eq!(parsed(&text), Value::Number(text.clone()));
        assert_eq!(parsed(&text).to_text(), text);
        agree(&text).unwrap();
    }
}

#[test]
fn integers() {
    for (text, integer) in [
        ("0", Some(0)),
        ("-0", Some(0)),
        ("3", Some(3)),
        ("3.0", Some(3)),
        ("3.000", Some(3)),
        ("3e0", Some(3)),
        ("0.3e1", Some(3)),
        ("30E-1", Some(3)),
        ("-12", Some(-12)),
        ("9007199254740993", Some(9_007_199_254_740_993)),
        ("9223372036854775807", Some(i64::MAX)),
        ("-9223372036854775808", Some(i64::MIN)),
        ("9223372036854775808", None),
        ("-9223372036854775809", None),
        ("0.5", None),
        ("3.1", None),
        ("1e-1", None),
        ("1e400", None),
        ("1e18", Some(1_000_000_000_000_000_000)),
        ("9e18", None),
    ] {
        assert_eq!(parsed(text).as_integer(), integer, "{text}");
    }
    for value in [Value::Null, Value::Bool(true), string("3"), Value::Array(vec![number("3")])] {
        assert_eq!(value.as_integer(), None);
    }
}

#[test]
fn the_last_of_equal_keys_wins_in_the_place_of_the_first() {
    let value = parsed(r#"{"a":1,"b":2,"a":3,"\u0061":{"x":1},"c":null}"#);
    assert_eq!(value.to_text(), r#"{"a":{"x":1},"b":2,"c":null}"#);
    // Many keys, each twice: the order holds, and the later values.
    let member = |round: usize| (0..10_000).map(move |key| format!("\"{key}\":{round}"));
    let text = format!("{{{}}}", member(1).chain(member(2)).collect::<Vec<_>>().join(","));
    let expected = format!("{{{}}}", member(2).collect::<Vec<_>>().join(","));
    assert_eq!(parsed(&text).to_text(), expected);
}

#[test]
fn special_keys_are_ordinary() {
    for key in ["__proto__", "constructor", "$serde_json::private::Number", "", "\0"] {
        let text = format!("{{{}:\"1\"}}", string(key).to_text());
        let value = parsed(&text);
        assert_eq!(value.get(key), Some(&string("1")));
        assert!(matches!(&value, Value::Object(object) if object.len() == 1));
        assert_eq!(parsed(&value.to_text()), value);
    }
}

#[test]
fn objects_keep_their_order() {
    let mut object = Object::new();
    assert!(object.is_empty());
    for (key, value) in [("b", "1"), ("a", "2"), ("c", "3"), ("b", "4")] {
        object.set(key, number(value));
    }
    assert_eq!(Value::Object(object.clone()).to_text(), r#"{"b":4,"a":2,"c":3}"#);
    assert_eq!(object.remove("a"), Some(number("2")));
    assert_eq!(object.remove("a"), None);
    assert_eq!((object.len(), object.get("a")), (2, None));
    let keys: Vec<&str> = object.iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["b", "c"]);
    let again: Object = object.clone().into_iter().collect();
    assert_eq!(again, object);
}

#[test]
fn looking_into_values() {
    let value = parsed(r#"{"s":"x","l":[1]}"#);
    assert_eq!(value.get("s").and_then(Value::as_str), Some("x"));
    assert_eq!(value.get("l").and_then(Value::as_array), Some(&[number("1")][..]));
    assert_eq!(value.get("none"), None);
    assert_eq!(parsed("[1]").get("0"), None);
    assert_eq!((value.as_str(), value.as_array()), (None, None));
}

#[test]
fn the_same_json_in_another_order_is_the_same() {
    let value = |text: &str| Value::parse(text).unwrap();
    let one = value(r#"{"a":1,"b":{"c":[1,2],"d":null},"e":"x"}"#);
    assert!(one.same(&value(r#"{"e":"x","b":{"d":null,"c":[1.0,2]},"a":1e0}"#)));
    for other in [
        r#"{"a":1,"b":{"c":[1,2],"d":null}}"#,
        r#"{"a":1,"b":{"c":[1,2],"d":null},"f":"x"}"#,
        r#"{"a":1,"b":{"c":[2,1],"d":null},"e":"x"}"#,
        r#"{"a":1,"b":{"c":[1,2],"d":null},"e":"y"}"#,
        r#"{"a":1,"b":{"c":[1,2],"d":null},"e":"x","g":1}"#,
    ] {
        assert!(!one.same(&value(other)) && !value(other).same(&one), "{other}");
    }
    // Whatever looks each key up in a list would still be at it when the test run is given up.
    let members: Vec<String> = (0..200_000).map(|key| format!("\"{key}\":{key}")).collect();
    let backwards: Vec<String> = members.iter().rev().cloned().collect();
    let object = |members: &[String]| value(&format!("{{{}}}", members.join(",")));
    assert!(object(&members).same(&object(&backwards)));
}
