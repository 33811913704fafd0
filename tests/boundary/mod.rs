//! What the class does at the edge: snapshots that stay themselves, results, and a shell that
//! misbehaves.

mod replay;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use cartwright::browser::{Core, limits, version};
use js_sys::{Array, Function, JSON, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

/// A core in the hands of the shell's driver.
struct Driven(JsValue);

impl Driven {
    fn method(&self, name: &str, args: &[JsValue]) -> JsValue {
        let method: Function = get(&self.0, name).unchecked_into();
        method.apply(&JsValue::NULL, &args.iter().collect()).unwrap()
    }

    fn call(&self, word: &str, text: &str, id: f64) -> JsValue {
        self.method("call", &[word.into(), text.into(), id.into()])
    }

    fn apply(&self, command: &str) -> JsValue {
        parse(&self.call("apply", command, 0.0))
    }

    fn begin(&self) {
        self.call("begin", "", 0.0);
    }

    fn commit(&self) -> JsValue {
        parse(&self.call("commit", "", 0.0))
    }

    fn rollback(&self) {
        self.call("rollback", "", 0.0);
    }

    fn snapshot(&self) -> JsValue {
        self.method("getSnapshot", &[])
    }

    fn to_request(&self) -> String {
        self.call("toRequest", "", 0.0).as_string().unwrap()
    }

    fn ask(&self, kind: &str, ticket: f64, arguments: &str) {
        self.call(kind, arguments, ticket);
    }

    fn signal(&self, word: &str) {
        self.call(word, "", 0.0);
    }

    fn dispose(&self) -> bool {
        self.method("dispose", &[]).is_truthy()
    }
}

/// The text of the core as a value.
#[track_caller]
fn parse(text: &JsValue) -> JsValue {
    JSON::parse(&text.as_string().unwrap()).unwrap()
}

/// A checkout with a shell of its own.
struct Bench {
    core: Rc<Driven>,
    host: JsValue,
}

/// Options that send nothing by themselves.
const MANUAL: &str = r#""sync":{"mode":"manual","timeoutMs":60000,"baseMs":1,"capMs":1}"#;
/// Options that send at once and come back at once.
const QUICK: &str = r#""sync":{"debounceMs":0,"maxWaitMs":0,"timeoutMs":60000,"baseMs":1,"capMs":1}"#;

fn host() -> JsValue {
    js_sys::eval(include_str!("host.js")).unwrap()
}

/// The shell's driver as it stands; scripts that are evaluated have no imports and exports.
fn drive(core: Core, host: &JsValue) -> Driven {
    let modules =
        [include_str!("../../www/shell/freeze.js"), include_str!("../../www/shell/drive.js")].concat();
    let lines = modules.lines().filter(|line| !line.starts_with("import "));
    let script: Vec<&str> = lines.map(|line| line.strip_prefix("export ").unwrap_or(line)).collect();
    let script = format!("(() => {{ {}\nreturn drive; }})()", script.join("\n"));
    let drive: Function = js_sys::eval(&script).unwrap().unchecked_into();
    Driven(drive.call2(&JsValue::NULL, &core.into(), host).unwrap())
}

fn options(more: &str) -> String {
    format!(r#"{{"sessionId":"s 1","sessionIsNew":true,"scale":2,"seed":"0123456789abcdef",{more}}}"#)
}

fn bench(more: &str) -> Bench {
    let host = host();
    let core = drive(Core::new(&options(more)).unwrap(), &host);
    Bench { core: Rc::new(core), host }
}

fn get(value: &JsValue, path: &str) -> JsValue {
    let member = |value: JsValue, name| match value.is_object() {
        true => Reflect::get(&value, &JsValue::from_str(name)).unwrap(),
        false => JsValue::UNDEFINED,
    };
    path.split('.').filter(|name| !name.is_empty()).fold(value.clone(), member)
}

fn text(value: &JsValue, path: &str) -> String {
    let value = get(value, path);
    value.as_string().unwrap_or_else(|| format!("{value:?}"))
}

fn number(value: &JsValue, path: &str) -> f64 {
    get(value, path).as_f64().unwrap_or(f64::NAN)
}

fn length(value: &JsValue, path: &str) -> u32 {
    number(value, path) as u32
}

fn json(value: &JsValue) -> String {
    if value.is_undefined() { String::new() } else { JSON::stringify(value).unwrap().into() }
}

/// The first arguments must be one and the same object.
#[track_caller]
fn same(one: &JsValue, other: &JsValue, path: &str) {
    assert!(get(one, path) == get(other, path), "{path} was made anew: {:?}", get(other, path));
}

#[track_caller]
fn differs(one: &JsValue, other: &JsValue, path: &str) {
    assert!(get(one, path) != get(other, path), "{path} stayed the same");
}

impl Bench {
    fn host(&self) -> &JsValue {
        &self.host
    }

    /// Applies a command that is accepted, and gives the id of its line.
    #[track_caller]
    fn apply(&self, command: &str) -> String {
        let result = self.core.apply(command);
        assert!(get(&result, "ok").is_truthy(), "{command}: {}", json(&result));
        get(&result, "lineId").as_string().unwrap_or_default()
    }

    #[track_caller]
    fn add(&self, sku: &str, quantity: u64, price: &str) -> String {
        self.apply(&format!(
            r#"{{"do":"cart.add","item":{{"sku":"{sku}","quantity":{quantity},"price":"{price}"}},"merge":true}}"#
        ))
    }

    fn set_quantity(&self, line: &str, quantity: u64) {
        self.apply(&format!(r#"{{"do":"cart.setQuantity","lineId":"{line}","quantity":{quantity}}}"#));
    }

    /// The codes of a refused edit.
    fn codes(&self, command: &str) -> Vec<String> {
        let result = self.core.apply(command);
        assert!(get(&result, "ok").is_falsy(), "{command} was accepted");
        Array::from(&get(&result, "errors")).iter().map(|error| text(&error, "code")).collect()
    }

    /// What the next requests are answered with; afterwards the endpoint is well.
    fn script(&self, words: &[&str]) {
        let script: Array = words.iter().map(|word| JsValue::from_str(word)).collect();
        Reflect::set(self.host(), &"script".into(), &script).unwrap();
    }

    /// Waits until an expression about `host` is true, looked at whenever the core says something.
    async fn until(&self, expression: &str) {
        let test = Function::new_with_args("host", &format!("return () => {expression}"));
        let test = test.call1(&JsValue::NULL, self.host()).unwrap();
        let until: Function = get(self.host(), "until").unchecked_into();
        let promise: Promise = until.call1(self.host(), &test).unwrap().unchecked_into();
        JsFuture::from(promise).await.unwrap();
    }

    /// Lets everything run that is ready to.
    async fn turn(&self) {
        let turn: Function = get(self.host(), "turn").unchecked_into();
        let promise: Promise = turn.call0(self.host()).unwrap().unchecked_into();
        JsFuture::from(promise).await.unwrap();
    }

    /// Asks and waits for the answer: the error's code, or nothing.
    async fn ask(&self, kind: &str, ticket: u32) -> Option<String> {
        self.core.ask(kind, f64::from(ticket), "{}");
        self.until(&format!("{ticket} in host.settled")).await;
        get(&get(self.host(), &format!("settled.{ticket}")), "error.code").as_string()
    }

    /// The number of updates so far.
    fn updates(&self) -> usize {
        let requests = Array::from(&get(self.host(), "requests"));
        requests.iter().filter(|request| text(request, "method") == "PUT").count()
    }

    fn request(&self, index: u32) -> JsValue {
        get(self.host(), &format!("requests.{index}"))
    }

    /// The types of all events so far.
    fn events(&self) -> Vec<String> {
        Array::from(&get(self.host(), "events")).iter().map(|event| text(&event, "type")).collect()
    }

    fn listen(&self, listener: impl FnMut(JsValue, JsValue) + 'static) {
        let listener = Closure::<dyn FnMut(JsValue, JsValue)>::new(listener).into_js_value();
        Reflect::set(self.host(), &"listener".into(), &listener).unwrap();
    }
}

#[wasm_bindgen_test]
fn parts_that_did_not_change_stay_the_same_objects() {
    let bench = bench(MANUAL);
    let first = bench.add("A", 1, "0.10");
    bench.add("B", 2, "19.99");
    bench.apply(r#"{"do":"attributes.set","name":"Note","value":"x"}"#);
    let before = bench.core.snapshot();
    assert!(before == bench.core.snapshot());
    assert!(Object::is_frozen(before.unchecked_ref::<Object>()));
    for path in ["totals", "lines.0", "draft", "draft.attributes", "coupons", "sync", "offers"] {
        assert!(Object::is_frozen(get(&before, path).unchecked_ref::<Object>()), "{path} can be written to");
    }

    // No change: a code that is there already, and a refusal.
    bench.apply(r#"{"do":"coupons.add","code":"X"}"#);
    let coupon = bench.core.snapshot();
    bench.apply(r#"{"do":"coupons.add","code":"X"}"#);
    assert_eq!(bench.codes(r#"{"do":"cart.remove","lineId":"nobody"}"#), ["line_unknown"]);
    assert!(coupon == bench.core.snapshot());
    differs(&before, &coupon, "coupons");
    for path in ["lines", "lines.0", "totals", "draft.cartItems", "offers", "loyalty", "effects"] {
        same(&before, &coupon, path);
    }

    bench.apply(r#"{"do":"costs.set","name":"shipping","amount":"4.90"}"#);
    let cost = bench.core.snapshot();
    differs(&coupon, &cost, "totals");
    for path in ["lines", "lines.0", "lines.1", "coupons", "draft.cartItems", "offers", "loyalty", "effects"]
    {
        same(&coupon, &cost, path);
    }

    bench.set_quantity(&first, 3);
    let changed = bench.core.snapshot();
    for path in ["lines", "lines.0", "totals", "draft", "draft.cartItems", "draft.cartItems.0"] {
        differs(&cost, &changed, path);
    }
    for path in
        ["lines.1", "lines.1.discounts", "draft.cartItems.1", "coupons", "offers", "loyalty", "effects"]
    {
        same(&cost, &changed, path);
    }
    assert_eq!(number(&cost, "lines.0.quantity"), 1.0, "an old snapshot changed");
    assert_eq!(text(&changed, "totals.total"), "45.18");
}

#[wasm_bindgen_test]
async fn an_answer_leaves_the_lines_it_says_nothing_new_of() {
    let bench = bench(MANUAL);
    let first = bench.add("A", 1, "0.10");
    bench.add("B", 2, "19.99");
    assert_eq!(bench.ask("flush", 1).await, None);
    let before = bench.core.snapshot();
    assert!(get(&before, "lines.1.pending").is_falsy());
    bench.set_quantity(&first, 2);
    let edited = bench.core.snapshot();
    assert!(get(&edited, "lines.0.pending").is_truthy());
    same(&before, &edited, "lines.1");
    assert_eq!(bench.ask("flush", 2).await, None);
    let after = bench.core.snapshot();
    same(&before, &after, "lines.1");
    same(&before, &after, "draft.cartItems.1");
    same(&edited, &after, "draft.cartItems.0");
    assert!(get(&after, "lines.0.pending").is_falsy());
    assert_eq!(text(&after, "session.id"), "9007199254740993");
    assert_eq!(number(&after, "acknowledgedRevision"), 3.0);
    assert_eq!(text(&after, "sync.phase"), "idle");
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end
    }
}

/// A line as the test expects it.
#[derive(Debug, Clone, PartialEq)]
struct Expected {
    id: String,
    sku: String,
    quantity: u64,
    cents: u64,
}

/// One random edit, made at the core and in the list that is expected.
fn edit(bench: &Bench, lines: &mut Vec<Expected>, dice: &mut Dice, made: &mut u64) {
    let choice = dice.below(12);
    let line = lines.get(dice.below(lines.len().max(1))).cloned();
    match (choice, line) {
        (0..=4, _) | (_, None) => {
            *made += 1;
            let (sku, quantity, cents) =
                (format!("N{made}"), 1 + dice.below(9) as u64, 1 + dice.below(9999) as u64);
            let id = bench.add(&sku, quantity, &format!("{}.{:02}", cents / 100, cents % 100));
            lines.push(Expected { id, sku, quantity, cents });
        }
        (5..=6, Some(line)) => {
            let quantity = dice.below(5) as u64;
            bench.set_quantity(&line.id, quantity);
            lines.iter_mut().filter(|known| known.id == line.id).for_each(|known| known.quantity = quantity);
            lines.retain(|known| known.quantity > 0);
        }
        (7..=9, Some(line)) => {
            bench.apply(&format!(r#"{{"do":"cart.remove","lineId":"{}"}}"#, line.id));
            lines.retain(|known| known.id != line.id);
        }
        (10, Some(line)) => {
            bench.apply(&format!(
                r#"{{"do":"cart.update","lineId":"{}","patch":{{"price":"7.77","name":"P"}}}}"#,
                line.id
            ));
            lines.iter_mut().filter(|known| known.id == line.id).for_each(|known| known.cents = 777);
        }
        (_, Some(line)) => {
            *made += 1;
            let sku = format!("R{made}");
            bench.apply(&format!(
                r#"{{"do":"cart.replace","items":[{{"sku":"{sku}","quantity":2,"price":"1.00"}},{{"sku":"{}","quantity":1,"price":"2.00"}}]}}"#,
                line.sku
            ));
            // Their ids are the core's to choose: read from the draft where the next check finds them.
            *lines = vec![
                Expected { id: String::new(), sku, quantity: 2, cents: 100 },
                Expected { id: String::new(), sku: line.sku, quantity: 1, cents: 200 },
            ];
        }
    }
}

/// The snapshot shows these lines, and everything in it agrees with a checkout that was made of
/// the same draft at one stroke.
#[track_caller]
fn assert_painted(bench: &Bench, lines: &mut [Expected], step: &str) {
    let snapshot = bench.core.snapshot();
    let shown = Array::from(&get(&snapshot, "lines"));
    assert_eq!(shown.length() as usize, lines.len(), "{step}: lines {}", json(&shown));
    for (line, expected) in shown.iter().zip(lines.iter_mut()) {
        let cents = expected.cents * expected.quantity;
        if expected.id.is_empty() {
            expected.id = text(&line, "id");
        }
        assert_eq!(text(&line, "id"), expected.id, "{step}: {}", json(&shown));
        assert_eq!(text(&line, "sku"), expected.sku, "{step}");
        assert_eq!(number(&line, "quantity"), expected.quantity as f64, "{step}");
        assert_eq!(text(&line, "subtotal"), format!("{}.{:02}", cents / 100, cents % 100), "{step}");
    }
    let request = JSON::parse(&bench.core.to_request()).unwrap();
    let draft = json(&get(&request, "customerSession"));
    let fresh = bench_of(&draft);
    let painted = fresh.core.snapshot();
    for path in ["draft", "totals"] {
        assert_eq!(json(&get(&snapshot, path)), json(&get(&painted, path)), "{step}: {path}");
    }
}

fn bench_of(draft: &str) -> Bench {
    bench(&format!(r#""initial":{{"draft":{draft}}},{MANUAL}"#))
}

#[wasm_bindgen_test]
fn a_snapshot_made_step_by_step_is_the_one_made_at_once() {
    for seed in 0..20 {
        let bench = bench(MANUAL);
        let (mut dice, mut lines, mut made) = (Dice(seed), Vec::new(), 0);
        for step in 0..25 {
            edit(&bench, &mut lines, &mut dice, &mut made);
            assert_painted(&bench, &mut lines, &format!("seed {seed}, edit {step}"));
        }
    }
}

#[wasm_bindgen_test]
fn a_batch_is_painted_as_if_it_were_one_edit() {
    for seed in 0..40 {
        let bench = bench(MANUAL);
        let (mut dice, mut lines, mut made) = (Dice(seed), Vec::new(), 0);
        for batch in 0..8 {
            let before = (bench.core.snapshot(), lines.clone(), number(&bench.core.snapshot(), "revision"));
            bench.core.begin();
            for _ in 0..=dice.below(5) {
                // Lines of a replaced cart have ids only once the batch is one.
                if lines.iter().all(|line: &Expected| !line.id.is_empty()) {
                    edit(&bench, &mut lines, &mut dice, &mut made);
                }
            }
            assert!(before.0 == bench.core.snapshot(), "seed {seed}: half a batch was shown");
            if dice.below(4) == 0 {
                bench.core.rollback();
                lines = before.1;
                assert!(before.0 == bench.core.snapshot());
            } else {
                assert!(get(&bench.core.commit(), "ok").is_truthy());
                assert!(number(&bench.core.snapshot(), "revision") <= before.2 + 1.0);
            }
            assert_painted(&bench, &mut lines, &format!("seed {seed}, batch {batch}"));
        }
    }
}

#[wasm_bindgen_test]
fn a_snapshot_tells_what_an_answer_says_beside_money() {
    let head = r#""programId":9007199254740993,"subLedgerId":"""#;
    let effects = [
        (
            "addLoyaltyPoints",
            format!(r#"{{"name":"N",{head},"value":1.5,"desiredValue":2,"transactionUUID":"t"}}"#),
        ),
        ("deductLoyaltyPoints", format!(r#"{{"name":"N",{head},"value":50,"transactionUUID":"u"}}"#)),
        ("rollbackAddedLoyaltyPoints", format!(r#"{{{head},"value":3,"transactionUUID":"v"}}"#)),
        (
            "changeLoyaltyTierLevel",
            format!(r#"{{{head},"newTierName":"Gold","expiryDate":"2030-01-01T00:00:00Z"}}"#),
        ),
        ("extendLoyaltyPointsExpiryDate", r#"{"programId":5,"extensionDuration":"12h"}"#.to_string()),
        ("willAwardGiveaway", r#"{"poolId":2,"poolName":"Pool"}"#.to_string()),
        ("addFreeItem", r#"{"sku":"S","name":"Socks","desiredQuantity":2}"#.to_string()),
        ("rollbackCoupon", r#"{"value":"A"}"#.to_string()),
        (
            "rejectCoupon",
            r#"{"value":"B","rejectionReason":"X","campaignExclusionReason":"E","details":"D"}"#.to_string(),
        ),
        ("rollbackDiscount", r#"{"name":"Off","value":5}"#.to_string()),
    ];
    let effects: Vec<String> =
        effects.iter().map(|(kind, props)| format!(r#"{{"effectType":"{kind}","props":{props}}}"#)).collect();
    let session = r#"{"integrationId":"s 1","state":"open","couponCodes":["A","B","C"]}"#;
    let balances = r#""programs":{"5":{"title":"P","ledger":{"currentBalance":0.10,"nextTierName":null}}},"cards":[{"identifier":"C"}]"#;
    let answer = format!(
        r#"{{"customerSession":{session},"loyalty":{{{balances},"brandNew":1}},"effects":[{}]}}"#,
        effects.join(",")
    );
    let snapshot = bench(&format!(r#""initial":{{"answer":{answer}}},{MANUAL}"#)).core.snapshot();
    let head = r#""programId":"9007199254740993","subLedgerId":"""#;
    let loyalty = [
        format!(r#""earned":[{{"name":"N",{head},"value":"1.5","desiredValue":"2"}}]"#),
        format!(r#""spent":[{{"name":"N",{head},"value":"50"}}]"#),
        format!(r#""takenBack":[{{{head},"value":"3"}}]"#),
        format!(r#""tier":{{"name":"Gold",{head},"expiryDate":"2030-01-01T00:00:00Z"}}"#),
        r#""expiry":[{"programId":5,"extensionDuration":"12h"}]"#.to_string(),
        balances.replace("0.10", "0.1"),
    ];
    assert_eq!(json(&get(&snapshot, "loyalty")), format!("{{{}}}", loyalty.join(",")));
    assert_eq!(
        json(&get(&snapshot, "offers")),
        r#"{"freeItems":[{"sku":"S","name":"Socks","quantity":1,"desiredQuantity":2}],"giveaways":[{"poolId":2,"poolName":"Pool"}],"notifications":[]}"#
    );
    let rejected =
        r#""status":"rejected","reason":"X","detail":"E","campaignExclusionReason":"E","details":"D""#;
    let codes = [
        r#"{"code":"A","status":"entered","rolledBack":true}"#,
        &format!(r#"{{"code":"B",{rejected}}}"#),
        r#"{"code":"C","status":"entered"}"#,
    ];
    assert_eq!(json(&get(&snapshot, "coupons")), format!("[{}]", codes.join(",")));
    assert_eq!(
        json(&get(&snapshot, "totals.rolledBack")),
        r#"[{"name":"Off","amount":"5.00","scope":"session"}]"#
    );
    let without = bench(MANUAL).core.snapshot();
    assert_eq!(json(&get(&without, "loyalty")), r#"{"earned":[],"spent":[]}"#);
    assert!(get(&without, "totals.rolledBack").is_undefined());
}

#[wasm_bindgen_test]
fn edits_say_what_they_did_or_why_not() {
    let bench = bench(MANUAL);
    let result = bench.core.apply(r#"{"do":"cart.add","item":{"sku":"A","quantity":1,"price":"0.10"}}"#);
    assert_eq!(number(&result, "revision"), 1.0);
    assert_eq!(text(&result, "lineId"), text(&bench.core.snapshot(), "lines.0.id"));
    let line = text(&result, "lineId");
    let refused =
        bench.core.apply(&format!(r#"{{"do":"cart.setQuantity","lineId":"{line}","quantity":10001}}"#));
    assert_eq!(
        json(&refused),
        r#"{"ok":false,"errors":[{"code":"units_limit","path":["cartItems"],"limit":10000,"actual":10001}]}"#
    );
    assert_eq!(bench.codes(r#"{"do":"cart.add","item":{"sku":"A","quantity":0.5}}"#), ["quantity_invalid"]);
    assert_eq!(
        bench.codes(r#"{"do":"load","session":{"cartItems":[{"sku":"","quantity":1}],"couponCodes":[""]}}"#),
        ["sku_empty", "coupon_empty"]
    );
    for nonsense in ["", "{", "null", "[]", r#"{"do":1}"#, r#"{"do":"cart.add"}"#] {
        assert_eq!(bench.codes(nonsense), ["value_type"], "{nonsense}");
    }
    assert_eq!(bench.codes(r#"{"do":"fly"}"#), ["field_unknown"]);
    assert_eq!(number(&bench.core.snapshot(), "revision"), 1.0);
    assert!(bench.core.call("knows", "profileId", 0.0).is_truthy());
    assert!(bench.core.call("knows", "nothing", 0.0).is_falsy());
    let refused = parse(&Core::new(&options(r#""sync":{"timeoutMs":0}"#)).unwrap_err());
    assert_eq!(text(&refused, "code"), "value_type");
    assert_eq!(json(&get(&refused, "path")), r#"["sync","timeoutMs"]"#);
    assert!(Core::new("no JSON").is_err());
    assert_eq!(number(&limits(), "units"), 10_000.0);
    assert_eq!(version(), env!("CARGO_PKG_VERSION"));
}

#[wasm_bindgen_test]
fn a_listener_may_edit() {
    let bench = bench(MANUAL);
    let (core, depth, seen) = (bench.core.clone(), Rc::new(Cell::new(0)), Rc::new(RefCell::new(Vec::new())));
    let (deepest, log) = (Rc::new(Cell::new(0)), seen.clone());
    let most = deepest.clone();
    bench.listen(move |kind, detail| {
        if kind != "change" {
            return;
        }
        depth.set(depth.get() + 1);
        most.set(most.get().max(depth.get()));
        assert!(detail == core.snapshot(), "the snapshot that is told is not the newest");
        let lines = length(&detail, "lines.length");
        log.borrow_mut().push(lines);
        if lines < 4 {
            let result =
                core.apply(&format!(r#"{{"do":"cart.add","item":{{"sku":"L{lines}","quantity":1}}}}"#));
            assert!(get(&result, "ok").is_truthy());
        }
        depth.set(depth.get() - 1);
    });
    bench.add("A", 1, "1.00");
    assert_eq!(*seen.borrow(), [1, 2, 3, 4]);
    assert_eq!(deepest.get(), 1, "a listener was told while it ran");
    assert_eq!(length(&bench.core.snapshot(), "lines.length"), 4);
}

#[wasm_bindgen_test]
fn a_listener_that_throws_harms_nobody() {
    let bench = bench(MANUAL);
    let thrower = Function::new_no_args("throw new Error('listener')");
    Reflect::set(bench.host(), &"listener".into(), &thrower).unwrap();
    bench.add("A", 1, "1.00");
    bench.add("B", 1, "1.00");
    assert_eq!(length(&bench.core.snapshot(), "lines.length"), 2);
}

#[wasm_bindgen_test]
async fn a_request_is_what_the_api_wants() {
    let bench = bench(QUICK);
    let headers = Function::new_no_args(
        "return Promise.resolve({ 'X-Token': 't', accept: 'text/plain', 'idempotency-key': 'mine' })",
    );
    Reflect::set(bench.host(), &"headersGiven".into(), &headers).unwrap();
    bench.add("A", 1, "0.10");
    bench.until("host.requests[0]?.body").await;
    let request = bench.request(0);
    assert_eq!(text(&request, "method"), "PUT");
    assert_eq!(text(&request, "url"), "http://127.0.0.1:9/session-api/v2/customer_sessions/s%201");
    assert_eq!(text(&request, "accept"), "application/json");
    assert_eq!(text(&request, "token"), "t");
    assert_eq!(text(&request, "key").len(), 32);
    assert!(get(&request, "keepalive").is_truthy());
    assert!(
        text(&request, "body").contains(r#""price":0.10"#)
            || text(&request, "body").contains(r#""price":0.1"#)
    );
    bench.until("host.events.some(({ type }) => type === 'quote')").await;
    assert_eq!(bench.ask("settled", 1).await, None);
    assert_eq!(bench.updates(), 1);
    assert_eq!(text(&bench.core.snapshot(), "quote.payable"), "0.10");
}

#[wasm_bindgen_test]
async fn a_preview_is_current_only_while_the_draft_is_the_one_it_was_made_of() {
    let bench = bench(MANUAL);
    bench.add("A", 1, "0.10");
    for (ticket, edited) in [(1, false), (2, true)] {
        bench.core.ask("preview", f64::from(ticket), "{}");
        if edited {
            bench.add("B", 1, "0.10");
        }
        bench.until(&format!("{ticket} in host.settled")).await;
        let value = get(bench.host(), &format!("settled.{ticket}.value"));
        assert_eq!((number(&value, "revision"), get(&value, "current").is_truthy()), (1.0, !edited));
    }
}

#[wasm_bindgen_test]
async fn whatever_fetch_fails_with_the_same_bytes_go_again() {
    let failures = [
        "text",
        "undefined",
        "error",
        "throws",
        "throwsText",
        "object",
        "nothing",
        "empty",
        "html",
        "broken",
    ];
    for failure in failures {
        let bench = bench(QUICK);
        bench.script(&[failure, failure]);
        bench.add("A", 1, "0.10");
        assert_eq!(bench.ask("flush", 1).await, None, "{failure}");
        bench.until("host.requests.every(({ body }) => body)").await;
        assert_eq!(bench.updates(), 3, "{failure}");
        for again in 1..3 {
            for field in ["key", "body"] {
                assert_eq!(
                    text(&bench.request(0), field),
                    text(&bench.request(again), field),
                    "{failure}: {field}"
                );
            }
        }
        let events = Array::from(&get(bench.host(), "events"));
        let errors: Vec<String> = events
            .iter()
            .filter(|event| text(event, "type") == "error")
            .map(|event| text(&event, "detail.code"))
            .collect();
        let code =
            if ["object", "nothing", "empty", "html"].contains(&failure) { "bad_answer" } else { "network" };
        assert_eq!(errors, [code], "{failure}");
        assert!(get(&bench.core.snapshot(), "sync.error").is_undefined());
    }
}

#[wasm_bindgen_test]
async fn three_answers_that_are_none_stop_it_until_somebody_asks() {
    let bench = bench(QUICK);
    bench.script(&["object", "nothing", "object"]);
    bench.add("A", 1, "0.10");
    assert_eq!(bench.ask("flush", 1).await.as_deref(), Some("bad_answer"));
    assert_eq!(text(&bench.core.snapshot(), "sync.phase"), "blocked");
    assert_eq!(bench.ask("flush", 2).await, None);
    assert_eq!(bench.updates(), 4);
    assert_eq!(text(&bench.request(0), "key"), text(&bench.request(3), "key"));
}

#[wasm_bindgen_test]
async fn headers_that_fail_send_nothing() {
    let bench = bench(QUICK);
    let set = |body: &str| {
        Reflect::set(bench.host(), &"headersGiven".into(), &Function::new_no_args(body)).unwrap();
    };
    set("return Promise.reject({ code: 'api_key_in_browser' })");
    bench.add("A", 1, "0.10");
    assert_eq!(bench.ask("flush", 1).await.as_deref(), Some("api_key_in_browser"));
    assert_eq!(bench.updates(), 0);
    assert_eq!(text(&bench.core.snapshot(), "sync.phase"), "blocked");

    // A token that cannot be had now may be had later.
    set(
        "this.asked = (this.asked ?? 0) + 1; return this.asked < 3 ? Promise.reject('no token') : Promise.resolve({})",
    );
    assert_eq!(bench.ask("flush", 2).await, None);
    assert_eq!(number(bench.host(), "asked"), 3.0);
    assert_eq!(bench.updates(), 1);

    set("throw new Error('at once')");
    bench.add("B", 1, "0.10");
    assert_eq!(bench.ask("flush", 4).await.as_deref(), Some("not_sent"));
    assert_eq!(text(&bench.core.snapshot(), "sync.phase"), "blocked");
    set("return Promise.resolve({ 'X-Token': 'ok' })");
    assert_eq!(bench.ask("flush", 3).await, None);
    assert_eq!(text(&bench.request(1), "token"), "ok");
}

#[wasm_bindgen_test]
async fn a_page_that_cannot_abort_fails_the_attempt() {
    let global = js_sys::global();
    // In Node only: the engine of a page may need the class itself while it is missing.
    if !get(&global, "document").is_undefined() {
        return;
    }
    let bench = bench(QUICK);
    let kept = get(&global, "AbortController");
    Reflect::set(&global, &"AbortController".into(), &JsValue::UNDEFINED).unwrap();
    bench.add("A", 1, "0.10");
    bench.until("host.events.some(({ detail }) => detail?.code === 'not_sent')").await;
    Reflect::set(&global, &"AbortController".into(), &kept).unwrap();
    assert_eq!(bench.ask("flush", 1).await, None);
    assert_eq!(bench.updates(), 1);
}

#[wasm_bindgen_test]
async fn an_answer_that_never_comes_is_given_up_in_time() {
    let bench = bench(r#""sync":{"debounceMs":0,"timeoutMs":20,"baseMs":1,"capMs":1}"#);
    bench.script(&["never"]);
    bench.add("A", 1, "0.10");
    bench
        .until("host.events.some(({ type, detail }) => type === 'error' && detail.code === 'timeout')")
        .await;
    assert!(get(&bench.request(0), "signal.aborted").is_truthy());
    bench.until("host.requests.length === 2").await;
    assert_eq!(text(&bench.request(0), "key"), text(&bench.request(1), "key"));
}

/// Options that debounce for longer than any test takes.
const SLOW: &str = r#""sync":{"debounceMs":60000,"maxWaitMs":60000,"timeoutMs":60000,"baseMs":1,"capMs":1}"#;

#[wasm_bindgen_test]
async fn dispose_sends_what_waits_and_is_silent_from_then_on() {
    let bench = bench(SLOW);
    bench.add("A", 1, "0.10");
    let events = bench.events().len();
    bench.core.dispose();
    bench.core.dispose();
    bench.core.ask("flush", 7.0, "{}");
    bench.core.signal("online");
    bench.until("host.requests[0]?.body").await;
    assert!(get(&bench.request(0), "keepalive").is_truthy());
    assert!(text(&bench.request(0), "body").contains(r#""sku":"A""#));
    bench.turn().await;
    assert_eq!((bench.events().len(), bench.updates()), (events, 1));
    assert!(get(bench.host(), "settled.7").is_undefined());
    assert_eq!(length(&bench.core.snapshot(), "lines.length"), 1);
}

#[wasm_bindgen_test]
async fn what_is_under_way_at_dispose_goes_on_and_a_newer_draft_follows_it() {
    let bench = bench(SLOW);
    let late = "return (this.late ??= new Promise((resolve) => { this.release = () => resolve({}); }))";
    Reflect::set(bench.host(), &"headersGiven".into(), &Function::new_no_args(late)).unwrap();
    bench.add("A", 1, "0.10");
    bench.core.ask("flush", 1.0, "{}");
    bench.add("B", 1, "0.10");
    let events = bench.events().len();
    assert!(!bench.core.dispose(), "something is under way");
    bench.until("host.release").await;
    assert_eq!(number(bench.host(), "rests"), 0.0);
    let release: Function = get(bench.host(), "release").unchecked_into();
    release.call0(&JsValue::NULL).unwrap();
    bench.until("host.requests[1]?.body").await;
    assert!(get(&bench.request(0), "signal.aborted").is_falsy());
    assert!(text(&bench.request(1), "body").contains(r#""sku":"B""#));
    bench.until("host.rests").await;
    bench.turn().await;
    assert_eq!(number(bench.host(), "rests"), 1.0);
    assert_eq!((bench.events().len(), bench.updates()), (events, 2));
    assert!(get(bench.host(), "settled.1").is_undefined());
}

#[wasm_bindgen_test]
fn a_core_without_anything_to_send_rests_at_once() {
    for more in [MANUAL, SLOW] {
        let bench = bench(more);
        if more == MANUAL {
            bench.add("A", 1, "0.10");
        }
        assert!(bench.core.dispose());
        assert_eq!(number(bench.host(), "rests"), 0.0);
    }
}

#[wasm_bindgen_test]
async fn after_dispose_nothing_is_tried_again() {
    // Waits of no time at all and of some, and headers that are asked for once more.
    for failure in ["error", "denied"] {
        let bench = bench(SLOW);
        bench.script(&[failure; 9]);
        bench.add("A", 1, "0.10");
        bench.core.dispose();
        bench.until("host.requests[0]?.body").await;
        bench.turn().await;
        // Timers fire in their order: one of a retry was set before and is shorter.
        let later = Function::new_no_args("return new Promise((resolve) => setTimeout(resolve, 2))");
        JsFuture::from(later.call0(&JsValue::NULL).unwrap().unchecked_into::<Promise>()).await.unwrap();
        assert_eq!(bench.updates(), 1, "{failure}");
    }
}

#[wasm_bindgen_test]
async fn dispose_sends_once_more_what_waits_for_another_try() {
    let bench = bench(r#""sync":{"debounceMs":0,"timeoutMs":60000,"baseMs":3600000,"capMs":3600000}"#);
    bench.script(&["error"]);
    bench.add("A", 1, "0.10");
    bench.until("host.events.at(-1)?.detail?.code === 'network'").await;
    bench.add("B", 1, "0.10");
    bench.core.dispose();
    bench.until("host.requests[2]?.body").await;
    assert_eq!(text(&bench.request(0), "key"), text(&bench.request(1), "key"));
    assert!(text(&bench.request(2), "body").contains(r#""sku":"B""#));
}

#[wasm_bindgen_test]
async fn a_listener_may_dispose() {
    let bench = bench(SLOW);
    let core = bench.core.clone();
    bench.listen(move |kind, _| assert!(kind != "change" || !core.dispose()));
    bench.add("A", 1, "0.10");
    bench.until("host.requests[0]?.body").await;
    bench.turn().await;
    assert_eq!(bench.events(), ["change"]);
    assert_eq!(length(&bench.core.snapshot(), "lines.length"), 1);
}

#[wasm_bindgen_test]
async fn a_core_that_is_gone_sends_what_waited_and_nothing_more() {
    for waits in ["debounce", "headers"] {
        let Bench { core, host } = bench(r#""sync":{"debounceMs":1,"timeoutMs":60000}"#);
        let late = Function::new_no_args(
            "return this.late ??= new Promise((resolve) => { this.release = resolve; })",
        );
        Reflect::set(&host, &"headersGiven".into(), &late).unwrap();
        let bench = Bench { core, host };
        bench.add("A", 1, "0.10");
        if waits == "headers" {
            bench.until("host.release").await;
        }
        let events = bench.events().len();
        bench.core.dispose();
        let Bench { core, host } = bench;
        drop(core);
        let turn: Promise =
            Function::new_no_args("return this.turn()").call0(&host).unwrap().unchecked_into();
        JsFuture::from(turn).await.unwrap();
        let release = Function::new_no_args(
            "this.release({}); return new Promise((resolve) => setTimeout(resolve, 2))",
        );
        let released: Promise = release.call0(&host).unwrap().unchecked_into();
        JsFuture::from(released).await.unwrap();
        assert_eq!(length(&host, "requests.length"), 1, "{waits}");
        assert_eq!(length(&host, "events.length") as usize, events, "{waits}");
    }
}

#[wasm_bindgen_test]
async fn headers_that_come_after_the_time_out_send_nothing() {
    let bench = bench(r#""sync":{"debounceMs":0,"timeoutMs":20,"baseMs":1,"capMs":1}"#);
    let headers = Function::new_no_args(
        "return this.late ? Promise.resolve({}) : (this.late = new Promise((resolve) => { this.release = resolve; }))",
    );
    Reflect::set(bench.host(), &"headersGiven".into(), &headers).unwrap();
    bench.add("A", 1, "0.10");
    assert_eq!(bench.ask("flush", 1).await, None);
    let updates = bench.updates();
    let release: Function = get(bench.host(), "release").unchecked_into();
    release.call1(&JsValue::NULL, &Object::new()).unwrap();
    bench.turn().await;
    assert_eq!((updates, bench.updates()), (1, 1));
}

fn pages() -> f64 {
    number(&wasm_bindgen::memory(), "buffer.byteLength") / 65536.0
}

/// Edits and snapshots of all kinds on a cart of some size.
fn work(bench: &Bench, rounds: u64) {
    for round in 0..rounds {
        let line = bench.add(&format!("S{}", round % 7), 1, "19.99");
        bench.core.snapshot();
        bench.set_quantity(&line, 2 + round % 5);
        bench.codes(r#"{"do":"cart.setQuantity","lineId":"nobody","quantity":1}"#);
        bench.core.begin();
        bench.apply(r#"{"do":"coupons.add","code":"XMAS"}"#);
        bench.apply(r#"{"do":"attributes.set","name":"Note","value":"a text of some length"}"#);
        bench.core.commit();
        bench.core.snapshot();
        bench.apply(r#"{"do":"coupons.remove","code":"XMAS"}"#);
        bench.apply(&format!(r#"{{"do":"cart.remove","lineId":"{line}"}}"#));
        bench.core.to_request();
        Reflect::set(bench.host(), &"events".into(), &Array::new()).unwrap();
    }
}

#[wasm_bindgen_test]
async fn memory_does_not_grow() {
    let long = bench(MANUAL);
    let round = async |ticket: u32| {
        work(&long, 100);
        assert_eq!(long.ask("flush", ticket).await, None);
        for _ in 0..20 {
            let short = bench(QUICK);
            short.script(&["error"]);
            short.add("A", 1, "0.10");
            assert_eq!(short.ask("flush", 1).await, None);
            short.core.dispose();
        }
    };
    for ticket in 0..3 {
        round(ticket).await;
    }
    let before = pages();
    for ticket in 3..13 {
        round(ticket).await;
    }
    assert_eq!(pages(), before, "pages of 64 KiB");
}
