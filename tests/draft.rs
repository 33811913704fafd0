//! The draft: what every command does, every limit, the state table, and what no sequence of
//! commands can break.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

#[path = "../fuzz/checks/draft.rs"]
mod check;

use cartwright::amount::Amount;
use cartwright::draft::command::{Command, LineIds};
use cartwright::draft::field::{FIELDS, Field};
use cartwright::draft::limits::CartLimits;
use cartwright::draft::refusal::{Figure, Refusal};
use cartwright::draft::state::{Endpoint, State, Transitions};
use cartwright::draft::totals::Totals;
use cartwright::draft::{Change, Draft, Line, LineChange, LineId};
use cartwright::model::json::Value;
use cartwright::model::wire::{Step, Wire};
use check::{broken_limits, recount};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value as Json, json};

/// A draft at work: commands go in as the text that the surface sends.
#[derive(Clone)]
struct Desk {
    draft: Draft,
    ids: LineIds,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text().chars().take(400).collect::<String>())
    }
}

impl Desk {
    fn new() -> Desk {
        Desk::limited(CartLimits::Flattened)
    }

    fn limited(limits: CartLimits) -> Desk {
        Desk { draft: Draft::new(limits), ids: LineIds::new(0x5eed_0000_0000_0000) }
    }

    fn read(&mut self, command: &Json) -> Result<Command, Vec<Refusal>> {
        Command::read(&Value::parse(&command.to_string()).unwrap(), &mut self.ids)
    }

    fn run(&mut self, command: &Json) -> Result<Change, Vec<Refusal>> {
        let command = self.read(command)?;
        self.draft.apply(&command)
    }

    fn done(&mut self, command: Json) -> Change {
        self.run(&command).unwrap_or_else(|found| panic!("{command}: {found:?}"))
    }

    /// The command is accepted and changes nothing at all.
    fn idle(&mut self, command: Json) {
        let before = self.draft.clone();
        let change = self.done(command.clone());
        assert!(change.is_none() && change.lines.is_empty(), "{command}: {change:?}");
        assert!(self.draft == before, "{command} changed something");
    }

    /// What a refused command says; the draft must be as it was.
    fn refused(&mut self, command: Json) -> Vec<String> {
        let before = self.draft.clone();
        let found = self.run(&command).expect_err(&command.to_string());
        assert!(self.draft == before, "{command} was refused and changed something");
        assert!(!found.is_empty(), "{command} was refused without a reason");
        found.iter().map(told).collect()
    }

    /// Adds a line of that SKU and gives its id as text.
    fn line(&mut self, item: Json) -> String {
        let change = self.done(json!({"do": "cart.add", "item": item}));
        change.line.expect("an added line has an id").to_text()
    }

    fn text(&self) -> String {
        request(&self.draft, None)
    }

    fn body(&self) -> Json {
        serde_json::from_str(&self.text()).expect("a request is JSON")
    }

    fn sent(mut self) -> Desk {
        self.draft.mark_sent();
        self
    }
}

fn request(draft: &Draft, state: Option<&str>) -> String {
    let mut out = String::new();
    draft.write(&mut out, state);
    out
}

/// A refusal in one line: code, path, limit, actual.
fn told(refusal: &Refusal) -> String {
    let path: Vec<String> = refusal
        .path
        .iter()
        .map(|step| match step {
            Step::Key(key) => key.clone(),
            Step::Index(index) => index.to_string(),
        })
        .collect();
    let figure = |figure: &Option<Figure>| match figure {
        None => "-".to_string(),
        Some(Figure::Count(count)) => count.to_string(),
        Some(Figure::Text(text)) => text.clone(),
    };
    let (limit, actual) = (figure(&refusal.limit), figure(&refusal.actual));
    format!("{} {} {limit} {actual}", refusal.code.as_str(), path.join("/"))
}

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

fn changed(change: &Change) -> Vec<&'static str> {
    FIELDS.into_iter().filter(|field| change.fields.contains(*field)).map(Field::name).collect()
}

// ---- Commands, one test per member ----

#[test]
fn add_makes_a_line_at_the_end() {
    let mut desk = Desk::new();
    let change = desk.done(json!({"do": "cart.add", "item": {"sku": "A", "price": "19.90", "quantity": 2}}));
    assert_eq!(change.lines, [LineChange::Inserted(0)]);
    assert_eq!(changed(&change), ["cartItems"]);
    let second = desk.done(json!({"do": "cart.add", "item": {
        "sku": "B", "name": "Bé", "category": "c", "product": {"name": "P"}, "price": 0.1, "quantity": 1,
        "weight": 1.5, "height": 2, "width": 3, "length": 4, "attributes": {"Size": "M"},
        "additionalCosts": {"assembly": {"price": "12.50"}}, "meta": {"image": "b.png"}}}));
    assert_eq!(second.lines, [LineChange::Inserted(1)]);
    assert_eq!(desk.draft.line(second.line.unwrap()).unwrap().item.sku(), "B");
    assert_eq!(
        desk.body(),
        json!({"cartItems": [
            {"sku": "A", "quantity": 2, "price": 19.9},
            {"name": "Bé", "sku": "B", "quantity": 1, "price": 0.1, "category": "c", "product": {"name": "P"},
             "weight": 1.5, "height": 2, "width": 3, "length": 4, "attributes": {"Size": "M"},
             "additionalCosts": {"assembly": {"price": 12.5}}}]}),
        "meta is never sent"
    );
    let meta = desk.draft.lines()[1].meta.as_ref().unwrap();
    assert_eq!(meta.to_text(), r#"{"image":"b.png"}"#);
}

#[test]
fn an_absent_quantity_is_one_unit() {
    let mut desk = Desk::new();
    desk.line(json!({"sku": "A"}));
    desk.line(json!({"sku": "B", "quantity": null}));
    assert_eq!(desk.draft.totals().units, 2);
}

#[test]
fn members_that_only_the_server_sets_are_not_taken_over() {
    let mut desk = Desk::new();
    desk.line(json!({"sku": "A", "position": 7, "returnedQuantity": 1, "remainingQuantity": 1,
        "catalogItemID": 9, "selectedPriceType": "member", "adjustmentReferenceId": "x",
        "adjustmentEffectiveFrom": "x", "adjustmentEffectiveUntil": "x", "prices": {"base": {"price": 1}}}));
    assert_eq!(desk.body(), json!({"cartItems": [{"sku": "A", "quantity": 1}]}));
}

#[test]
fn an_equal_line_grows() {
    let item = json!({"sku": "A", "price": "9.90", "quantity": 2,
        "attributes": {"Size": "M", "Colour": "red"},
        "additionalCosts": {"wrap": {"price": 1}, "assembly": {"price": "2.5"}}});
    let turned = json!({"sku": "A", "price": 9.9, "quantity": 3, "name": "another name",
        "attributes": {"Colour": "red", "Size": "M"},
        "additionalCosts": {"assembly": {"price": 2.5}, "wrap": {"price": "1.00"}}});
    let mut desk = Desk::new();
    let first = desk.line(item);
    desk.line(json!({"sku": "Z"}));
    let change = desk.done(json!({"do": "cart.add", "item": turned}));
    assert_eq!(change.line.unwrap().to_text(), first);
    assert_eq!(change.lines, [LineChange::Updated(0)]);
    assert_eq!(desk.draft.lines()[0].item.quantity(), 5);
    assert_eq!(desk.draft.lines().len(), 2);
}

#[test]
fn a_line_that_differs_in_what_matters_does_not_join() {
    let base = json!({"sku": "A", "price": 12, "attributes": {"a": 1, "b": 2}, "additionalCosts": {"c1": {"price": 2}}});
    let others = [
        json!({"sku": "a", "price": 12, "attributes": {"a": 1, "b": 2}, "additionalCosts": {"c1": {"price": 2}}}),
        json!({"sku": "A", "price": 12.01, "attributes": {"a": 1, "b": 2}, "additionalCosts": {"c1": {"price": 2}}}),
        json!({"sku": "A", "attributes": {"a": 1, "b": 2}, "additionalCosts": {"c1": {"price": 2}}}),
        json!({"sku": "A", "price": 12, "attributes": {"a": 1, "b": 3}, "additionalCosts": {"c1": {"price": 2}}}),
        json!({"sku": "A", "price": 12, "attributes": {"a": 1, "b": "2"}, "additionalCosts": {"c1": {"price": 2}}}),
        json!({"sku": "A", "price": 12, "attributes": {"a": 1}, "additionalCosts": {"c1": {"price": 2}}}),
        json!({"sku": "A", "price": 12, "attributes": {"a1b": 2}, "additionalCosts": {"c1": {"price": 2}}}),
        json!({"sku": "A", "price": 12, "attributes": {"a": 1, "b": 2}, "additionalCosts": {"c": {"price": 12}}}),
        json!({"sku": "A", "price": 12, "attributes": {"a": 1, "b": 2}, "additionalCosts": {"c1": {"price": 3}}}),
        json!({"sku": "A", "price": 12, "attributes": {"a": 1, "b": 2}}),
    ];
    let mut desk = Desk::new();
    desk.line(base);
    for (index, other) in others.iter().enumerate() {
        desk.line(other.clone());
        assert_eq!(desk.draft.lines().len(), index + 2, "{other}");
    }
}

#[test]
fn add_without_merge_always_makes_a_line() {
    let mut desk = Desk::new();
    let item = json!({"sku": "A", "price": 5});
    let first = desk.line(item.clone());
    let second = desk.done(json!({"do": "cart.add", "item": item, "merge": false}));
    assert_ne!(second.line.unwrap().to_text(), first);
    assert_eq!(desk.draft.lines().len(), 2);
    desk.line(item);
    let units: Vec<u64> = desk.draft.lines().iter().map(|line| line.item.quantity()).collect();
    assert_eq!(units, [2, 1], "the eldest equal line grows");
}

#[test]
fn a_line_that_became_equal_by_an_update_joins_too() {
    let mut desk = Desk::new();
    let id = desk.line(json!({"sku": "A", "price": 5}));
    desk.done(json!({"do": "cart.update", "lineId": id, "patch": {"price": 6}}));
    desk.line(json!({"sku": "A", "price": 5}));
    assert_eq!(desk.draft.lines().len(), 2);
    assert_eq!(desk.line(json!({"sku": "A", "price": 6})), id);
}

#[test]
fn an_edit_and_its_opposite_leave_nothing_behind() {
    let mut desk = Desk::new();
    let id = desk.line(json!({"sku": "A", "price": 5}));
    let before = desk.draft.clone();
    for (there, back) in
        [(json!({"price": 6}), json!({"price": 5})), (json!({"sku": "B"}), json!({"sku": "A"}))]
    {
        desk.done(json!({"do": "cart.update", "lineId": id, "patch": there}));
        desk.done(json!({"do": "cart.update", "lineId": id, "patch": back}));
        assert!(desk.draft == before);
    }
}

#[test]
fn update_changes_what_is_given_and_null_unsets() {
    let mut desk = Desk::new();
    let id =
        desk.line(json!({"sku": "A", "name": "n", "category": "c", "price": 5, "quantity": 2, "weight": 1,
        "height": 1, "width": 1, "length": 1, "product": {"name": "p"}, "attributes": {"Size": "M"},
        "additionalCosts": {"wrap": {"price": 1}}, "meta": {"note": 1}}));
    let before = desk.draft.lines()[0].clone();
    desk.idle(json!({"do": "cart.update", "lineId": id, "patch": {}}));
    let change =
        desk.done(json!({"do": "cart.update", "lineId": id, "patch": {"price": "6.50", "quantity": 3}}));
    assert_eq!((change.lines, change.line), (vec![LineChange::Updated(0)], Some(before.id)));
    let line = &desk.draft.lines()[0];
    assert_eq!(line.item.price(), Some(amount("6.5")));
    assert_eq!(line.item.quantity(), 3);
    assert_eq!(line.item.members().get("attributes"), before.item.members().get("attributes"));
    assert_eq!(line.meta, before.meta);
    desk.done(json!({"do": "cart.update", "lineId": id, "patch": {
        "name": null, "category": null, "price": null, "weight": null, "height": null, "width": null,
        "length": null, "product": null, "attributes": null, "additionalCosts": null, "meta": null}}));
    assert_eq!(desk.body(), json!({"cartItems": [{"sku": "A", "quantity": 3}]}));
    assert_eq!(desk.draft.lines()[0].meta, None);
    assert_eq!(desk.draft.totals().unpriced, 1);
    desk.done(json!({"do": "cart.update", "lineId": id, "patch": {
        "sku": "B", "attributes": {"Colour": null}, "additionalCosts": {}, "meta": [1]}}));
    assert_eq!(
        desk.body(),
        json!({"cartItems": [{"sku": "B", "quantity": 3, "attributes": {"Colour": null}, "additionalCosts": {}}]})
    );
    assert_eq!(
        desk.refused(json!({"do": "cart.update", "lineId": id, "patch": {"sku": null}})),
        ["sku_empty sku - -"]
    );
    assert_eq!(
        desk.refused(json!({"do": "cart.update", "lineId": id, "patch": {"quantity": null}})),
        ["quantity_invalid quantity 1 -"]
    );
}

#[test]
fn a_change_of_meta_alone_is_a_change_of_the_line() {
    let mut desk = Desk::new();
    let id = desk.line(json!({"sku": "A"}));
    let text = desk.text();
    let change = desk.done(json!({"do": "cart.update", "lineId": id, "patch": {"meta": {"note": "gift"}}}));
    assert_eq!(change.lines, [LineChange::Updated(0)]);
    assert_eq!(desk.text(), text);
}

#[test]
fn quantity_zero_removes() {
    for command in [
        json!({"do": "cart.setQuantity", "quantity": 0}),
        json!({"do": "cart.setQuantity", "quantity": "0"}),
        json!({"do": "cart.update", "patch": {"quantity": 0}}),
        json!({"do": "cart.update", "patch": {"quantity": "0"}}),
        json!({"do": "cart.remove"}),
    ] {
        let mut desk = Desk::new();
        desk.line(json!({"sku": "A", "price": 1}));
        let id = desk.line(json!({"sku": "B", "price": 2}));
        let mut with_id = command.clone();
        with_id["lineId"] = json!(id);
        let change = desk.done(with_id.clone());
        assert_eq!(change.lines, [LineChange::Removed(1)], "{command}");
        assert_eq!(desk.body(), json!({"cartItems": [{"sku": "A", "quantity": 1, "price": 1}]}));
        assert_eq!(desk.refused(with_id), [format!("line_unknown lineId - {id}")]);
    }
}

#[test]
fn removing_the_last_line_leaves_an_empty_list() {
    let mut desk = Desk::new();
    let id = desk.line(json!({"sku": "A"}));
    desk.done(json!({"do": "cart.remove", "lineId": id}));
    assert_eq!(desk.body(), json!({"cartItems": []}));
}

#[test]
fn set_quantity_sets() {
    let mut desk = Desk::new();
    let id = desk.line(json!({"sku": "A", "price": "0.10", "quantity": 2}));
    let change = desk.done(json!({"do": "cart.setQuantity", "lineId": id, "quantity": 3}));
    assert_eq!(change.lines, [LineChange::Updated(0)]);
    assert_eq!(desk.draft.totals().items, amount("0.3"));
    desk.idle(json!({"do": "cart.setQuantity", "lineId": id, "quantity": 3}));
}

#[test]
fn a_line_that_is_not_there_is_refused() {
    let mut desk = Desk::new();
    desk.line(json!({"sku": "A"}));
    for (id, actual) in [
        ("0123456789abcdef", "0123456789abcdef"),
        ("nonsense", "nonsense"),
        ("", ""),
        (&"x".repeat(100), &"x".repeat(40)),
    ] {
        for command in [
            json!({"do": "cart.setQuantity", "lineId": id, "quantity": 3}),
            json!({"do": "cart.update", "lineId": id, "patch": {}}),
            json!({"do": "cart.remove", "lineId": id}),
        ] {
            assert_eq!(desk.refused(command), [format!("line_unknown lineId - {actual}")]);
        }
    }
}

#[test]
fn clear_empties_the_cart() {
    let mut desk = Desk::new();
    desk.line(json!({"sku": "A", "price": 1, "additionalCosts": {"wrap": {"price": 1}}}));
    desk.done(json!({"do": "costs.set", "name": "shipping", "amount": 5}));
    let change = desk.done(json!({"do": "cart.clear"}));
    assert_eq!(change.lines, [LineChange::All]);
    assert_eq!(desk.body(), json!({"cartItems": [], "additionalCosts": {"shipping": {"price": 5}}}));
    assert_eq!(*desk.draft.totals(), Totals { costs: amount("5"), ..Totals::default() });
    desk.idle(json!({"do": "cart.clear"}));
}

#[test]
fn replace_takes_the_lines_as_they_are() {
    let mut desk = Desk::new();
    let old = desk.line(json!({"sku": "Z", "price": 100}));
    desk.done(json!({"do": "cart.replace", "items": [
        {"sku": "A", "price": 1}, {"sku": "A", "price": 1}, {"sku": "B", "quantity": 2, "meta": 1}]}));
    assert_eq!(
        desk.body(),
        json!({"cartItems": [
            {"sku": "A", "quantity": 1, "price": 1}, {"sku": "A", "quantity": 1, "price": 1},
            {"sku": "B", "quantity": 2}]})
    );
    assert!(desk.draft.line(LineId::parse(&old).unwrap()).is_none());
    assert_eq!(desk.draft.totals().items, amount("2"));
    assert_eq!(
        desk.refused(
            json!({"do": "cart.replace", "items": [{"sku": "A"}, {"sku": ""}, {"sku": "C", "quantity": 0}]})
        ),
        ["sku_empty 1/sku - -", "quantity_invalid 2/quantity 1 0"]
    );
}

#[test]
fn a_free_item_is_taken_once_at_no_price() {
    let mut desk = Desk::new();
    let bought = desk.line(json!({"sku": "MUG", "price": 0}));
    let offer = json!({"do": "cart.accept", "freeItem": {"sku": "MUG", "name": "Free gift", "price": 12, "quantity": 2}});
    let change = desk.done(offer.clone());
    let taken = change.line.unwrap();
    assert_eq!(change.lines, [LineChange::Inserted(1)]);
    let line = desk.draft.line(taken).unwrap();
    assert!(line.free);
    assert_eq!((line.item.price(), line.item.quantity()), (Some(Amount::ZERO), 2));
    assert_eq!(desk.done(offer.clone()).line, Some(taken));
    desk.idle(offer);
    assert_eq!(desk.line(json!({"sku": "MUG", "price": 0})), bought);
    desk.done(json!({"do": "cart.remove", "lineId": bought}));
    let again = desk.line(json!({"sku": "MUG", "price": 0}));
    assert_ne!(again, taken.to_text(), "a bought unit never joins a free line");
    desk.done(json!({"do": "cart.setQuantity", "lineId": taken.to_text(), "quantity": 1}));
    assert!(desk.draft.line(taken).unwrap().free, "it stays marked");
    desk.done(json!({"do": "cart.accept", "freeItem": {"sku": "CUP", "name": "Other gift"}}));
    assert_eq!(desk.draft.lines().len(), 3);
}

#[test]
fn coupons_are_trimmed_never_recased_and_listed_once() {
    let mut desk = Desk::new();
    let change = desk.done(json!({"do": "coupons.add", "code": " \t Xmas-20\u{a0}\n"}));
    assert_eq!(changed(&change), ["couponCodes"]);
    assert!(change.lines.is_empty());
    desk.idle(json!({"do": "coupons.add", "code": "Xmas-20"}));
    desk.idle(json!({"do": "coupons.add", "code": "Xmas-20  "}));
    desk.done(json!({"do": "coupons.add", "code": "XMAS-20"}));
    assert_eq!(desk.body(), json!({"couponCodes": ["Xmas-20", "XMAS-20"]}));
    desk.idle(json!({"do": "coupons.remove", "code": "xmas-20"}));
    desk.done(json!({"do": "coupons.remove", "code": " Xmas-20 "}));
    assert_eq!(desk.body(), json!({"couponCodes": ["XMAS-20"]}));
    desk.done(json!({"do": "coupons.remove", "code": "XMAS-20"}));
    assert_eq!(desk.body(), json!({"couponCodes": []}), "the last one leaves an empty list");
    desk.idle(json!({"do": "coupons.remove", "code": "XMAS-20"}));
    desk.done(json!({"do": "set", "field": "couponCodes", "value": [" B ", "A", "B", "b"]}));
    assert_eq!(desk.body(), json!({"couponCodes": ["B", "A", "b"]}));
    desk.done(json!({"do": "coupons.clear"}));
    assert_eq!(desk.body(), json!({"couponCodes": []}));
    desk.idle(json!({"do": "coupons.clear"}));
}

#[test]
fn the_referral_is_one_code() {
    let mut desk = Desk::new();
    desk.idle(json!({"do": "referral.clear"}));
    assert_eq!(changed(&desk.done(json!({"do": "referral.set", "code": " Nt2k54d9 "}))), ["referralCode"]);
    desk.idle(json!({"do": "referral.set", "code": "Nt2k54d9"}));
    assert_eq!(desk.body(), json!({"referralCode": "Nt2k54d9"}));
    desk.done(json!({"do": "referral.set", "code": "OTHER"}));
    assert_eq!(desk.body(), json!({"referralCode": "OTHER"}));
    desk.done(json!({"do": "referral.clear"}));
    assert_eq!(desk.body(), json!({"referralCode": ""}));
}

#[test]
fn the_loyalty_card_is_one_card() {
    let mut desk = Desk::new();
    desk.idle(json!({"do": "loyaltyCard.clear"}));
    assert_eq!(changed(&desk.done(json!({"do": "loyaltyCard.set", "id": "card-1"}))), ["loyaltyCards"]);
    desk.idle(json!({"do": "loyaltyCard.set", "id": "card-1"}));
    desk.done(json!({"do": "loyaltyCard.set", "id": "card-2"}));
    assert_eq!(desk.body(), json!({"loyaltyCards": ["card-2"]}));
    desk.done(json!({"do": "loyaltyCard.clear"}));
    assert_eq!(desk.body(), json!({"loyaltyCards": []}));
    assert_eq!(desk.refused(json!({"do": "loyaltyCard.set", "id": "  "})), ["value_type loyaltyCards - -"]);
}

#[test]
fn costs_are_set_and_removed_by_name() {
    let mut desk = Desk::new();
    desk.idle(json!({"do": "costs.remove", "name": "shipping"}));
    assert_eq!(
        changed(&desk.done(json!({"do": "costs.set", "name": "shipping", "amount": "4.90"}))),
        ["additionalCosts"]
    );
    desk.idle(json!({"do": "costs.set", "name": "shipping", "amount": 4.9}));
    desk.done(json!({"do": "costs.set", "name": "wrapping", "amount": 1}));
    desk.done(json!({"do": "costs.set", "name": "shipping", "amount": "5.10"}));
    assert_eq!(desk.text(), r#"{"additionalCosts":{"shipping":{"price":5.1},"wrapping":{"price":1}}}"#);
    assert_eq!(desk.draft.totals().costs, amount("6.1"));
    desk.done(json!({"do": "costs.remove", "name": "shipping"}));
    assert_eq!(desk.draft.totals().costs, amount("1"));
    desk.done(json!({"do": "costs.remove", "name": "wrapping"}));
    assert_eq!(desk.body(), json!({"additionalCosts": {}}));
    assert_eq!(
        desk.refused(json!({"do": "costs.set", "name": "shipping", "amount": "x"})),
        ["amount_invalid additionalCosts/shipping - -"]
    );
}

#[test]
fn an_attribute_is_set_deleted_or_no_longer_sent() {
    let mut desk = Desk::new();
    desk.idle(json!({"do": "attributes.unset", "name": "City"}));
    assert_eq!(
        changed(&desk.done(json!({"do": "attributes.set", "name": "City", "value": "Berlin"}))),
        ["attributes"]
    );
    desk.idle(json!({"do": "attributes.set", "name": "City", "value": "Berlin"}));
    desk.done(json!({"do": "attributes.set", "name": "Tags", "value": ["a", {"b": 1}]}));
    desk.done(json!({"do": "attributes.set", "name": "Empty", "value": ""}));
    desk.done(json!({"do": "attributes.remove", "name": "City"}));
    assert_eq!(
        desk.body(),
        json!({"attributes": {"City": null, "Tags": ["a", {"b": 1}], "Empty": ""}}),
        "null deletes it on the server"
    );
    for name in ["City", "Tags", "Empty"] {
        desk.done(json!({"do": "attributes.unset", "name": name}));
    }
    assert_eq!(desk.body(), json!({}));
}

#[test]
fn an_attribute_that_was_sent_cannot_be_unset() {
    let mut desk = Desk::new();
    desk.done(json!({"do": "attributes.set", "name": "City", "value": "Berlin"}));
    let mut desk = desk.sent();
    desk.done(json!({"do": "attributes.set", "name": "Zip", "value": "1"}));
    assert_eq!(
        desk.refused(json!({"do": "attributes.unset", "name": "City"})),
        ["cannot_unset attributes/City - -"]
    );
    desk.done(json!({"do": "attributes.unset", "name": "Zip"}));
    desk.done(json!({"do": "attributes.remove", "name": "City"}));
    assert_eq!(desk.body(), json!({"attributes": {"City": null}}));
    assert_eq!(
        desk.refused(json!({"do": "attributes.unset", "name": "City"})),
        ["cannot_unset attributes/City - -"],
        "the null must reach the server"
    );
}

#[test]
fn identifiers_and_profile_are_set_and_emptied() {
    let mut desk = Desk::new();
    assert_eq!(changed(&desk.done(json!({"do": "identifiers.set", "values": ["a", "b"]}))), ["identifiers"]);
    assert_eq!(changed(&desk.done(json!({"do": "profile.set", "id": "P-1"}))), ["profileId"]);
    desk.line(json!({"sku": "A"}));
    desk.idle(json!({"do": "identifiers.set", "values": ["a", "b"]}));
    desk.idle(json!({"do": "profile.set", "id": "P-1"}));
    desk.done(json!({"do": "profile.set", "id": "P-2"}));
    let cart = json!([{"sku": "A", "quantity": 1}]);
    assert_eq!(desk.body(), json!({"profileId": "P-2", "cartItems": cart, "identifiers": ["a", "b"]}));
    desk.done(json!({"do": "identifiers.clear"}));
    desk.done(json!({"do": "profile.anonymous"}));
    assert_eq!(desk.body(), json!({"profileId": "", "cartItems": cart, "identifiers": []}));
}

/// Every field but `state`: a value, its form in a request, and what clears it once it was sent.
fn fields() -> Vec<(&'static str, Json, Json, Option<Json>)> {
    let items = json!([{"sku": "A", "quantity": 2, "price": "1.50"}]);
    let costs = json!({"shipping": {"price": "4.90"}});
    let variants = json!([{"experimentID": 1, "variantID": 2}]);
    vec![
        ("profileId", json!("P"), json!("P"), Some(json!(""))),
        ("storeIntegrationId", json!("S"), json!("S"), None),
        ("evaluableCampaignIds", json!([1, 2]), json!([1, 2]), Some(json!([]))),
        ("couponCodes", json!(["C"]), json!(["C"]), Some(json!([]))),
        ("referralCode", json!("R"), json!("R"), Some(json!(""))),
        ("loyaltyCards", json!(["L"]), json!(["L"]), Some(json!([]))),
        ("cartItems", items, json!([{"sku": "A", "quantity": 2, "price": 1.5}]), Some(json!([]))),
        ("experimentVariantAllocations", variants.clone(), variants, Some(json!([]))),
        ("additionalCosts", costs, json!({"shipping": {"price": 4.9}}), Some(json!({}))),
        ("identifiers", json!(["I"]), json!(["I"]), Some(json!([]))),
        ("attributes", json!({"City": "B"}), json!({"City": "B"}), Some(json!({"City": null}))),
    ]
}

#[test]
fn every_field_is_set_and_unset_by_its_name() {
    let names: Vec<&str> = fields().iter().map(|(name, ..)| *name).chain(["state"]).collect();
    assert_eq!(names.len(), FIELDS.len());
    for (name, value, sent_as, _) in fields() {
        let field = Field::from_name(name).unwrap();
        let mut desk = Desk::new();
        desk.idle(json!({"do": "unset", "field": name}));
        let change = desk.done(json!({"do": "set", "field": name, "value": value}));
        assert_eq!(changed(&change), [name]);
        assert!(desk.draft.has(field));
        assert_eq!(desk.body(), json!({name: sent_as}), "{name}");
        assert_eq!(changed(&desk.done(json!({"do": "unset", "field": name}))), [name]);
        assert!(!desk.draft.has(field), "{name}");
        assert_eq!(desk.body(), json!({}), "{name} was never sent: it is omitted again");
        assert_eq!(*desk.draft.totals(), Totals::default(), "{name}");
    }
}

#[test]
fn an_empty_field_that_was_never_sent_is_unset_too() {
    let empty = |value: &Json| match value {
        Json::String(_) => json!(""),
        Json::Array(_) => json!([]),
        _ => json!({}),
    };
    for (name, value, ..) in fields().into_iter().filter(|(name, ..)| *name != "storeIntegrationId") {
        let mut desk = Desk::new();
        let set = json!({"do": "set", "field": name, "value": empty(&value)});
        assert_eq!(changed(&desk.done(set.clone())), [name]);
        desk.idle(set);
        assert_eq!(desk.body(), json!({name: empty(&value)}), "{name}");
        assert_eq!(changed(&desk.done(json!({"do": "unset", "field": name}))), [name]);
        assert_eq!(desk.body(), json!({}), "{name}");
    }
}

#[test]
fn a_field_that_was_sent_is_cleared_never_omitted() {
    for (name, value, _, clear) in fields() {
        let mut desk = Desk::new();
        desk.done(json!({"do": "set", "field": name, "value": value}));
        let mut desk = desk.sent();
        match clear {
            None => assert_eq!(
                desk.refused(json!({"do": "unset", "field": name})),
                [format!("cannot_unset {name} - -")]
            ),
            Some(clear) => {
                desk.done(json!({"do": "unset", "field": name}));
                assert_eq!(desk.body(), json!({name: clear}), "{name}");
                assert_eq!(*desk.draft.totals(), Totals::default(), "{name}");
                desk.idle(json!({"do": "unset", "field": name}));
            }
        }
    }
}

#[test]
fn unknown_fields_and_commands_and_null_values_are_refused() {
    let mut desk = Desk::new();
    for name in ["couponcodes", "", "__proto__", "total", "integrationId"] {
        let told = [format!("field_unknown {name} - -")];
        assert_eq!(desk.refused(json!({"do": "set", "field": name, "value": 1})), told);
        assert_eq!(desk.refused(json!({"do": "unset", "field": name})), told);
    }
    for field in FIELDS {
        let told = [format!("value_type {} - -", field.name())];
        assert_eq!(desk.refused(json!({"do": "set", "field": field.name(), "value": null})), told);
    }
    assert_eq!(desk.refused(json!({"do": "cart.explode"})), ["field_unknown do - -"]);
    for nonsense in
        [json!({}), json!(null), json!([]), json!({"do": 1}), json!("cart.add"), json!({"do": "set"})]
    {
        assert!(desk.refused(nonsense)[0].starts_with("value_type"));
    }
}

#[test]
fn state_is_never_in_the_body_unless_it_is_passed() {
    let mut desk = Desk::new();
    desk.line(json!({"sku": "A"}));
    desk.done(json!({"do": "set", "field": "state", "value": "open"}));
    desk.done(json!({"do": "unset", "field": "state"}));
    assert!(!desk.draft.has(Field::State));
    assert_eq!(desk.body(), json!({"cartItems": [{"sku": "A", "quantity": 1}]}));
    assert_eq!(
        serde_json::from_str::<Json>(&request(&desk.draft, Some("closed"))).unwrap(),
        json!({"state": "closed", "cartItems": [{"sku": "A", "quantity": 1}]})
    );
    for word in ["closed", "cancelled", "partially_returned", "Open", ""] {
        let told = [format!("state_forbidden state open {word}")];
        assert_eq!(desk.refused(json!({"do": "set", "field": "state", "value": word})), told);
        assert_eq!(desk.refused(json!({"do": "load", "session": {"state": word}})), told);
    }
    let mut loaded = Desk::new();
    loaded.done(json!({"do": "load", "session": {"state": "open", "profileId": "P"}}));
    assert_eq!(loaded.body(), json!({"profileId": "P"}));
}

#[test]
fn load_takes_a_whole_session() {
    let whole: serde_json::Map<String, Json> =
        fields().into_iter().map(|(name, value, ..)| (name.to_string(), value)).collect();
    let expected: serde_json::Map<String, Json> =
        fields().into_iter().map(|(name, _, sent_as, _)| (name.to_string(), sent_as)).collect();
    let mut by_object = Desk::new();
    by_object.done(json!({"do": "load", "session": whole.clone()}));
    assert_eq!(by_object.body(), Json::Object(expected.clone()));
    let mut by_text = Desk::new();
    by_text.done(json!({"do": "load", "text": Json::Object(whole).to_string()}));
    assert_eq!(by_text.body(), Json::Object(expected));
    assert_eq!(by_text.draft.totals().total().unwrap(), amount("7.9"));
}

#[test]
fn load_replaces_what_was_there() {
    let mut desk = Desk::new();
    desk.line(json!({"sku": "OLD", "price": 5}));
    desk.done(json!({"do": "profile.set", "id": "P"}));
    desk.done(json!({"do": "coupons.add", "code": "C"}));
    desk.done(json!({"do": "attributes.set", "name": "City", "value": "B"}));
    let mut sent = desk.clone().sent();
    let session = json!({"do": "load", "session": {"cartItems": [{"sku": "NEW"}], "attributes": {"Zip": 1}}});
    desk.done(session.clone());
    let cart = json!([{"sku": "NEW", "quantity": 1}]);
    assert_eq!(desk.body(), json!({"cartItems": cart, "attributes": {"Zip": 1}}));
    sent.done(session);
    assert_eq!(
        sent.body(),
        json!({"profileId": "", "couponCodes": [], "cartItems": cart, "attributes": {"Zip": 1, "City": null}}),
        "what was sent and is not in it is cleared"
    );
}

#[test]
fn load_is_all_or_none_and_tells_every_fault() {
    let mut desk = Desk::new();
    desk.line(json!({"sku": "KEPT"}));
    let long = "x".repeat(101);
    let faults = desk.refused(json!({"do": "load", "session": {
        "profileId": 7,
        "storeIntegrationId": "",
        "couponCodes": ["ok", long, " "],
        "referralCode": long,
        "loyaltyCards": ["a", "b"],
        "identifiers": ["1", "2", "3", "4", "5", "6"],
        "state": "closed",
        "additionalCosts": {"9x": {"price": 1}, "shipping": {}, "tax": {"price": "x"}},
        "attributes": {"a-b": 1},
        "experimentVariantAllocations": [{"experimentID": 1}],
        "cartItems": [{"sku": "A"}, {"quantity": 0.5, "sku": "B"}, {"sku": ""},
            {"sku": "C", "price": 1.2345678901234567, "attributes": {"1": 1}}],
    }}));
    let expected = [
        "quantity_invalid cartItems/1/quantity - -",
        "sku_empty cartItems/2/sku - -",
        "amount_inexact cartItems/3/price - -",
        "value_type profileId string -",
        "amount_invalid additionalCosts/tax/price - -",
        "coupon_too_long couponCodes/1 100 101",
        "coupon_empty couponCodes/2 - -",
        "referral_too_long referralCode 100 101",
        "loyalty_cards_limit loyaltyCards 1 2",
        "identifiers_limit identifiers 5 6",
        "store_id_length storeIntegrationId 1000 0",
        "name_pattern attributes/a-b ^[A-Za-z]\\w*$ a-b",
        "name_pattern additionalCosts/9x ^[A-Za-z]\\w*$ 9x",
        "value_type additionalCosts/shipping/price - -",
        "value_type experimentVariantAllocations/0/variantID - -",
        "state_forbidden state open closed",
    ];
    let found: BTreeSet<&str> = faults.iter().map(String::as_str).collect();
    for fault in expected {
        assert!(found.contains(fault), "{fault} is missing in {faults:#?}");
    }
    assert_eq!(desk.body(), json!({"cartItems": [{"sku": "KEPT", "quantity": 1}]}));
    for nonsense in [
        json!({"do": "load"}),
        json!({"do": "load", "session": null}),
        json!({"do": "load", "session": []}),
        json!({"do": "load", "text": "{"}),
        json!({"do": "load", "text": 5}),
        json!({"do": "load", "text": "\"x\""}),
    ] {
        assert!(desk.refused(nonsense)[0].starts_with("value_type"));
    }
}

#[test]
fn load_keeps_a_sent_field_that_has_no_clear_value() {
    let mut desk = Desk::new();
    desk.done(json!({"do": "set", "field": "storeIntegrationId", "value": "S"}));
    let mut desk = desk.sent();
    desk.done(json!({"do": "load", "session": {"profileId": "P"}}));
    assert_eq!(desk.body(), json!({"profileId": "P", "storeIntegrationId": "S"}));
    desk.done(json!({"do": "load", "session": {"storeIntegrationId": "T"}}));
    assert_eq!(desk.body(), json!({"storeIntegrationId": "T"}));
}

#[test]
fn load_tells_the_limits_of_the_cart_together_with_the_rest() {
    let mut desk = Desk::new();
    assert_eq!(
        desk.refused(json!({"do": "load", "session": {
            "cartItems": [{"sku": "A", "quantity": 10_001}],
            "additionalCosts": {"a": {"price": "1000000000000000000"}, "b": {"price": "1000000000000000000"}}}})),
        [
            "units_limit cartItems 10000 10001",
            "amount_out_of_range additionalCosts/b - -"
        ]
    );
}

#[test]
fn amounts_are_read_as_they_were_written() {
    let price = |value: &str| {
        let text = format!(r#"{{"do":"cart.add","item":{{"sku":"A","price":{value}}}}}"#);
        let command = Command::read(&Value::parse(&text).unwrap(), &mut LineIds::new(0))?;
        let mut draft = Draft::new(CartLimits::Flattened);
        draft.apply(&command)?;
        Ok::<_, Vec<Refusal>>(draft.lines()[0].item.price().unwrap().padded(0))
    };
    let refused = |value: &str| price(value).expect_err(value).iter().map(told).collect::<Vec<_>>();
    for (written, read) in [
        ("19.99", "19.99"),
        (r#""19.990""#, "19.99"),
        ("0.1", "0.1"),
        ("123456789012345", "123456789012345"),
        (r#""1234567890123456.78""#, "1234567890123456.78"),
        (r#""0.00000000000000000001""#, "0.00000000000000000001"),
        ("1234567890123456789E0", "1234567890123456789"),
        ("1e3", "1000"),
        ("-5", "-5"),
        ("0", "0"),
    ] {
        assert_eq!(price(written).as_deref(), Ok(read), "{written}");
    }
    for (written, why) in [
        ("1234567890123456", "amount_inexact price - -"),
        ("0.1234567890123456", "amount_inexact price - -"),
        (r#""0.000000000000000000001""#, "amount_out_of_range price - -"),
        (r#""2000000000000000000""#, "amount_out_of_range price - -"),
        ("1e300", "amount_out_of_range price - -"),
        (r#""NaN""#, "amount_invalid price - -"),
        (r#""Infinity""#, "amount_invalid price - -"),
        (r#""1,5""#, "amount_invalid price - -"),
        (r#""""#, "amount_invalid price - -"),
        ("true", "value_type price number -"),
        ("[]", "value_type price number -"),
        ("{}", "value_type price number -"),
    ] {
        assert_eq!(refused(written), [why], "{written}");
    }
}

#[test]
fn a_big_integer_keeps_its_digits_in_every_command() {
    let digits = "1234567890123456789";
    let mut desk = Desk::new();
    let id = desk.line(json!({"sku": "A"}));
    let mut run = |text: String| {
        let command = Command::read(&Value::parse(&text).unwrap(), &mut desk.ids);
        desk.draft.apply(&command.expect(&text)).expect(&text);
    };
    run(format!(
        r#"{{"do":"cart.update","lineId":"{id}","patch":{{"price":{digits}E0,"meta":{{"n":{digits}E0}}}}}}"#
    ));
    run(format!(r#"{{"do":"cart.accept","freeItem":{{"sku":"F","weight":{digits}E0}}}}"#));
    run(format!(r#"{{"do":"attributes.set","name":"N","value":[{digits}E0]}}"#));
    assert_eq!(
        desk.text(),
        format!(
            r#"{{"cartItems":[{{"sku":"A","quantity":1,"price":{digits}}},{{"sku":"F","quantity":1,"price":0,"weight":{digits}}}],"attributes":{{"N":[{digits}]}}}}"#
        )
    );
    assert_eq!(desk.draft.lines()[0].meta.as_ref().unwrap().to_text(), format!(r#"{{"n":{digits}}}"#));
}

// ---- Limits ----

/// One row: commands before, one that is at the limit, one that is over it, what that says.
struct Row {
    name: &'static str,
    limits: CartLimits,
    before: Vec<Json>,
    at: Json,
    over: Json,
    told: &'static str,
}

fn row(name: &'static str, at: Json, over: Json, told: &'static str) -> Row {
    Row { name, limits: CartLimits::Flattened, before: Vec::new(), at, over, told }
}

fn add(item: Json) -> Json {
    json!({"do": "cart.add", "item": item})
}

fn items(count: usize) -> Json {
    (0..count).map(|number| json!({"sku": format!("S{number}")})).collect()
}

fn set(field: &str, value: Json) -> Json {
    json!({"do": "set", "field": field, "value": value})
}

fn load(field: &str, value: Json) -> Json {
    json!({"do": "load", "session": {field: value}})
}

fn cart_rows() -> Vec<Row> {
    let replace = |items: Json| json!({"do": "cart.replace", "items": items});
    let lines = "lines_limit cartItems 1000 1001";
    let units = "units_limit cartItems 10000 10001";
    let exact = "units_limit cartItems 9007199254740991 9007199254740992";
    let of = |quantity: u64| json!({"sku": "A", "quantity": quantity});
    let two = |first: u64, second: u64| json!([of(first), of(second)]);
    let full = vec![replace(items(999))];
    let free = |sku: &str| json!({"do": "cart.accept", "freeItem": {"sku": sku}});
    let max = 9_007_199_254_740_991_u64;
    let half = 4_503_599_627_370_495_u64;
    let unflattened = |row: Row| Row { limits: CartLimits::Unflattened, ..row };
    vec![
        Row {
            before: full.clone(),
            ..row("lines, one by one", add(json!({"sku": "L"})), add(json!({"sku": "M"})), lines)
        },
        Row { before: full.clone(), ..row("lines, free ones too", free("F"), free("G"), lines) },
        row("lines, replaced", replace(items(1000)), replace(items(1001)), lines),
        row("lines, set", set("cartItems", items(1000)), set("cartItems", items(1001)), lines),
        row("lines, loaded", load("cartItems", items(1000)), load("cartItems", items(1001)), lines),
        row(
            "units on one line",
            add(of(10_000)),
            json!({"do": "cart.add", "item": of(10_001), "merge": false}),
            "units_limit cartItems 10000 20001",
        ),
        row("units, growing", add(of(10_000)), add(of(1)), units),
        Row {
            before: vec![add(of(9_000))],
            ..row(
                "units over lines",
                add(json!({"sku": "B", "quantity": 1000})),
                add(json!({"sku": "C"})),
                units,
            )
        },
        row("units, replaced", replace(two(4000, 6000)), replace(two(4001, 6000)), units),
        row("units, set", set("cartItems", two(1, 9999)), set("cartItems", two(2, 9999)), units),
        row("units, loaded", load("cartItems", two(1, 9999)), load("cartItems", two(2, 9999)), units),
        unflattened(row("lines without flattening", replace(items(1000)), replace(items(1001)), lines)),
        unflattened(row(
            "units without flattening",
            replace(json!([of(10_001)])),
            replace(two(max, 1)),
            exact,
        )),
        unflattened(row("most units without flattening", add(of(max)), add(json!({"sku": "B"})), exact)),
        unflattened(row(
            "units over lines without flattening",
            replace(two(half, half)),
            replace(two(max, 1)),
            exact,
        )),
    ]
}

/// 100 characters of four bytes and two UTF-16 units each.
fn emoji(count: usize) -> String {
    "\u{1f381}".repeat(count)
}

fn field_rows() -> Vec<Row> {
    let coupon = |code: String| json!({"do": "coupons.add", "code": code});
    let referral = |code: String| json!({"do": "referral.set", "code": code});
    let store = |length: usize| set("storeIntegrationId", json!(emoji(length)));
    let list = |count: usize| (0..count).map(|number| json!(number.to_string())).collect::<Json>();
    let identify = |count: usize| json!({"do": "identifiers.set", "values": list(count)});
    let cost = |name: &str| json!({"do": "costs.set", "name": name, "amount": 1});
    let attribute = |name: &str| json!({"do": "attributes.set", "name": name, "value": 1});
    let with = |member: &str, value: Json| add(json!({"sku": "A", member: value}));
    let price = json!({"price": 1});
    vec![
        row(
            "coupon",
            coupon("x".repeat(100)),
            coupon("x".repeat(101)),
            "coupon_too_long couponCodes 100 101",
        ),
        row("coupon of emoji", coupon(emoji(100)), coupon(emoji(101)), "coupon_too_long couponCodes 100 101"),
        row(
            "coupon, trimmed",
            coupon(format!(" {} ", "x".repeat(100))),
            coupon(" \n\t".into()),
            "coupon_empty couponCodes - -",
        ),
        row("coupon, shortest", coupon("x".into()), coupon(String::new()), "coupon_empty couponCodes - -"),
        row(
            "coupons, set",
            set("couponCodes", json!([emoji(100)])),
            set("couponCodes", json!(["a", emoji(101)])),
            "coupon_too_long couponCodes/1 100 101",
        ),
        row(
            "coupons, loaded",
            load("couponCodes", json!([emoji(100)])),
            load("couponCodes", json!([emoji(101)])),
            "coupon_too_long couponCodes/0 100 101",
        ),
        row(
            "referral",
            referral("x".repeat(100)),
            referral("x".repeat(101)),
            "referral_too_long referralCode 100 101",
        ),
        row(
            "referral of emoji",
            referral(emoji(100)),
            referral(emoji(101)),
            "referral_too_long referralCode 100 101",
        ),
        row(
            "referral, set",
            set("referralCode", json!(emoji(100))),
            set("referralCode", json!(emoji(101))),
            "referral_too_long referralCode 100 101",
        ),
        row(
            "cards",
            set("loyaltyCards", list(1)),
            set("loyaltyCards", list(2)),
            "loyalty_cards_limit loyaltyCards 1 2",
        ),
        row(
            "cards, loaded",
            load("loyaltyCards", list(1)),
            load("loyaltyCards", list(2)),
            "loyalty_cards_limit loyaltyCards 1 2",
        ),
        row("identifiers", identify(5), identify(6), "identifiers_limit identifiers 5 6"),
        row(
            "identifiers, loaded",
            load("identifiers", list(5)),
            load("identifiers", list(6)),
            "identifiers_limit identifiers 5 6",
        ),
        row("store id, longest", store(1000), store(1001), "store_id_length storeIntegrationId 1000 1001"),
        row("store id, shortest", store(1), store(0), "store_id_length storeIntegrationId 1000 0"),
        row("name of a cost", cost("Az_09"), cost("_a"), "name_pattern additionalCosts/_a ^[A-Za-z]\\w*$ _a"),
        row("name of a cost, shortest", cost("z"), cost(""), "name_pattern additionalCosts/ ^[A-Za-z]\\w*$ "),
        row(
            "name of an attribute",
            attribute("A"),
            attribute("9"),
            "name_pattern attributes/9 ^[A-Za-z]\\w*$ 9",
        ),
        row(
            "name of an attribute in ASCII",
            attribute("Groesse"),
            attribute("Größe"),
            "name_pattern attributes/Größe ^[A-Za-z]\\w*$ Größe",
        ),
        row(
            "name of an attribute without a line end",
            attribute("a"),
            attribute("a\n"),
            "name_pattern attributes/a\n ^[A-Za-z]\\w*$ a\n",
        ),
        row(
            "name of a removed attribute",
            json!({"do": "attributes.remove", "name": "a"}),
            json!({"do": "attributes.remove", "name": "a b"}),
            "name_pattern attributes/a b ^[A-Za-z]\\w*$ a b",
        ),
        row(
            "name of a line's attribute",
            with("attributes", json!({"aB_1": 1})),
            with("attributes", json!({"__proto__": 1})),
            "name_pattern attributes/__proto__ ^[A-Za-z]\\w*$ __proto__",
        ),
        row(
            "name of a line's cost",
            with("additionalCosts", json!({"aB_1": price})),
            with("additionalCosts", json!({"a.b": price})),
            "name_pattern additionalCosts/a.b ^[A-Za-z]\\w*$ a.b",
        ),
        row(
            "price of a line's cost",
            with("additionalCosts", json!({"a": price})),
            with("additionalCosts", json!({"a": {}})),
            "value_type additionalCosts/a/price - -",
        ),
        row(
            "name of a product",
            with("product", json!({"name": ""})),
            with("product", json!({})),
            "value_type product/name - -",
        ),
        row("sku, shortest", add(json!({"sku": " "})), add(json!({"sku": ""})), "sku_empty sku - -"),
        row("sku, missing", add(json!({"sku": "A"})), add(json!({})), "sku_empty sku - -"),
    ]
}

fn quantity_rows() -> Vec<Row> {
    let of = |quantity: Json| add(json!({"sku": "A", "quantity": quantity}));
    vec![
        row("quantity, least", of(json!(1)), of(json!(0)), "quantity_invalid quantity 1 0"),
        row("quantity, negative", of(json!(1)), of(json!(-1)), "quantity_invalid quantity 1 -1"),
        row("quantity, whole", of(json!(2)), of(json!(0.5)), "quantity_invalid quantity - -"),
        row("quantity, a number", of(json!("3")), of(json!("three")), "quantity_invalid quantity - -"),
        row(
            "quantity, exact",
            of(json!(9999)),
            of(json!(9_007_199_254_740_992_u64)),
            "quantity_invalid quantity - -",
        ),
    ]
}

#[test]
fn every_limit_holds_at_its_edge() {
    for row in cart_rows().into_iter().chain(field_rows()).chain(quantity_rows()) {
        let mut desk = Desk::limited(row.limits);
        for command in row.before {
            desk.done(command);
        }
        if let Err(found) = desk.run(&row.at) {
            panic!("{}: refused at its limit: {found:?}", row.name);
        }
        assert_eq!(desk.refused(row.over), [row.told], "{}", row.name);
    }
}

#[test]
fn set_quantity_and_update_keep_the_limit_of_units() {
    let mut desk = Desk::new();
    desk.line(json!({"sku": "A", "price": 1, "quantity": 9_000}));
    let id = desk.line(json!({"sku": "B", "price": 1}));
    for (command, value) in [("cart.setQuantity", "quantity"), ("cart.update", "patch")] {
        let with = |quantity: u64| {
            let argument = if value == "patch" { json!({"quantity": quantity}) } else { json!(quantity) };
            json!({"do": command, "lineId": id, value: argument})
        };
        desk.done(with(1_000));
        assert_eq!(desk.refused(with(1_001)), ["units_limit cartItems 10000 10001"]);
        assert_eq!(
            desk.refused(with(9_007_199_254_740_991)),
            ["units_limit cartItems 10000 9007199254749991"]
        );
        desk.done(with(1));
    }
    for quantity in [json!(-1), json!(0.5), json!(1e300), json!("x"), json!(null), json!([1]), json!(true)] {
        let shown = quantity.to_string();
        let told = desk.refused(json!({"do": "cart.setQuantity", "lineId": id, "quantity": quantity}));
        assert!(told[0].starts_with("quantity_invalid quantity 1 "), "{shown}: {told:?}");
    }
}

#[test]
fn too_many_units_are_told_as_units_whatever_they_cost() {
    let item = json!({"sku": "A", "price": 1000, "quantity": 9_007_199_254_740_991_u64});
    let mut desk = Desk::new();
    assert_eq!(desk.refused(add(item.clone())), ["units_limit cartItems 10000 9007199254740991"]);
    assert_eq!(
        desk.refused(json!({"do": "cart.replace", "items": [item.clone()]})),
        ["units_limit cartItems 10000 9007199254740991"]
    );
    let mut unflattened = Desk::limited(CartLimits::Unflattened);
    assert_eq!(unflattened.refused(add(item)), ["amount_out_of_range price - -"]);
}

#[test]
fn a_total_beyond_the_range_is_refused() {
    let mut desk = Desk::new();
    desk.line(json!({"sku": "A", "price": "1000000000000000000"}));
    assert_eq!(
        desk.refused(add(json!({"sku": "B", "price": "1000000000000000000"}))),
        ["amount_out_of_range price - -"]
    );
    assert_eq!(
        desk.refused(json!({"do": "costs.set", "name": "shipping", "amount": "1000000000000000000"})),
        ["amount_out_of_range additionalCosts/shipping - -"]
    );
}

// ---- States ----

#[test]
fn the_state_table_is_the_one_of_the_reference() {
    use Endpoint::{Reopen, Returns, Update};
    let words = ["open", "closed", "partially_returned", "cancelled", "brand_new"];
    // Rows: from; columns: to, in the order of the words.
    let current = [
        [Some(Update), Some(Update), None, Some(Update), None],
        [Some(Reopen), None, Some(Returns), Some(Update), None],
        [None, None, Some(Returns), Some(Update), None],
        [None, None, None, None, None],
        [None, None, None, None, None],
    ];
    let older = [
        [Some(Update), Some(Update), None, Some(Update), None],
        [None, None, Some(Returns), Some(Update), None],
        [None, None, Some(Returns), Some(Update), None],
        [None, None, None, None, None],
        [None, None, None, None, None],
    ];
    for (profile, table) in
        [(Transitions::Current, current), (Transitions::Wave2022, older), (Transitions::V1, older)]
    {
        for (from, row) in words.iter().zip(table) {
            for (to, endpoint) in words.iter().zip(row) {
                let (start, end) = (State::from_word(from), State::from_word(to));
                assert_eq!(profile.endpoint(&start, &end), endpoint, "{profile:?}: {from} to {to}");
            }
        }
    }
    assert_eq!(Transitions::default(), Transitions::Current);
    assert_eq!(State::default(), State::Open);
    for word in words {
        assert_eq!(State::from_word(word).as_str(), word);
    }
    assert_eq!(State::from_word("brand_new"), State::Other("brand_new".to_string()));
}

// ---- Sessions of the server ----

fn session(text: &str) -> Value {
    Value::parse(text).unwrap()
}

fn restored(text: &str) -> Desk {
    let mut ids = LineIds::new(0);
    let mut known = |_: usize, _: &Value| (ids.make(), None, false);
    let draft = Draft::from_session(&session(text), CartLimits::Flattened, &mut known).unwrap();
    Desk { draft, ids }
}

#[test]
fn a_session_of_the_server_is_a_draft_that_was_sent() {
    let mut desk = restored(
        r#"{"id":1,"integrationId":"s","profileId":"P","state":"open","couponCodes":["C"],"referralCode":"",
        "cartItems":[{"sku":"A","quantity":2,"price":1.5,"position":0,"remainingQuantity":2,
            "additionalCosts":{"wrap":{"price":1}}}],
        "additionalCosts":{"shipping":{"price":4.9}},"attributes":{"City":"B"},"total":8.9}"#,
    );
    assert_eq!(
        desk.body(),
        json!({"profileId": "P", "couponCodes": ["C"], "referralCode": "",
            "cartItems": [{"sku": "A", "quantity": 2, "price": 1.5, "additionalCosts": {"wrap": {"price": 1}}}],
            "additionalCosts": {"shipping": {"price": 4.9}}, "attributes": {"City": "B"}})
    );
    assert_eq!(desk.draft.totals().total().unwrap(), amount("8.9"));
    assert_eq!(
        desk.refused(json!({"do": "attributes.unset", "name": "City"})),
        ["cannot_unset attributes/City - -"]
    );
    desk.done(json!({"do": "unset", "field": "couponCodes"}));
    assert_eq!(desk.body()["couponCodes"], json!([]));
}

#[test]
fn missing_null_and_empty_parts_of_a_session_make_no_draft_that_breaks_a_limit() {
    for text in [
        "{}",
        r#"{"cartItems":null,"couponCodes":null,"attributes":null,"storeIntegrationId":null}"#,
        r#"{"cartItems":[],"couponCodes":[],"referralCode":"","attributes":{},"storeIntegrationId":""}"#,
    ] {
        let desk = restored(text);
        assert_eq!(broken_limits(&desk.draft, CartLimits::Flattened), Vec::<String>::new(), "{text}");
        assert!(desk.draft.lines().is_empty());
    }
}

#[test]
fn a_session_with_a_line_or_a_cost_that_cannot_be_read_is_refused() {
    for (broken, why) in [
        (r#"{"cartItems":[{"sku":"A","quantity":1},{"quantity":1}]}"#, "sku_empty sku - -"),
        (
            r#"{"additionalCosts":{"shipping":{"price":"?"}}}"#,
            "value_type additionalCosts/shipping/price - -",
        ),
    ] {
        let mut ids = LineIds::new(0);
        let mut known = |_: usize, _: &Value| (ids.make(), None, false);
        let refused = Draft::from_session(&session(broken), CartLimits::Flattened, &mut known).unwrap_err();
        assert_eq!(refused.iter().map(told).collect::<Vec<_>>(), [why]);
    }
}

// ---- Properties ----

fn ids(draft: &Draft) -> Vec<LineId> {
    draft.lines().iter().map(|line| line.id).collect()
}

/// Replays changes over the lines as they were; an added line is not known before the end.
fn replayed(before: &[Arc<Line>], change: &Change, after: &Draft) -> Result<(), TestCaseError> {
    if change.lines.contains(&LineChange::All) {
        return Ok(());
    }
    let mut list: Vec<Option<Arc<Line>>> = before.iter().cloned().map(Some).collect();
    let mut known: Vec<Option<LineId>> = before.iter().map(|line| Some(line.id)).collect();
    for step in &change.lines {
        match *step {
            LineChange::Inserted(index) => {
                list.insert(index, None);
                known.insert(index, None);
            }
            LineChange::Updated(index) => list[index] = None,
            LineChange::Removed(index) => {
                list.remove(index);
                known.remove(index);
            }
            LineChange::All => {}
        }
    }
    prop_assert_eq!(list.len(), after.lines().len());
    for ((line, id), now) in list.iter().zip(known).zip(after.lines()) {
        prop_assert!(id.is_none_or(|id| id == now.id), "the order of lines changed");
        prop_assert!(!before.iter().any(|old| id.is_none() && old.id == now.id), "an id was used twice");
        if let Some(line) = line {
            prop_assert!(Arc::ptr_eq(line, now), "a line that is not told as changed was made anew");
        }
    }
    Ok(())
}

/// Everything that holds for every draft.
fn sound(draft: &Draft, limits: CartLimits) -> Result<(), TestCaseError> {
    prop_assert_eq!(broken_limits(draft, limits), Vec::<String>::new());
    prop_assert_eq!(*draft.totals(), recount(draft));
    let unique: BTreeSet<LineId> = ids(draft).into_iter().collect();
    prop_assert_eq!(unique.len(), draft.lines().len());
    for line in draft.lines() {
        prop_assert!(Arc::ptr_eq(draft.line(line.id).unwrap(), line));
        prop_assert_eq!(LineId::parse(&line.id.to_text()), Some(line.id));
        prop_assert_eq!(line.text(), line.item.members().to_request_text());
        prop_assert_eq!(*line.part(), line.item.part().unwrap());
    }
    let body: Json = serde_json::from_str(&request(draft, None)).unwrap();
    let sent: BTreeSet<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    let set: BTreeSet<&str> = FIELDS.into_iter().filter(|field| draft.has(*field)).map(Field::name).collect();
    prop_assert_eq!(sent, set, "what is sent is what is set");
    Ok(())
}

fn one_of(values: &[Json]) -> BoxedStrategy<Json> {
    prop::sample::select(values.to_vec()).boxed()
}

fn nonsense() -> BoxedStrategy<Json> {
    one_of(&[
        json!(null),
        json!(true),
        json!(-1),
        json!(0.5),
        json!(""),
        json!("x"),
        json!([]),
        json!({}),
        json!([null]),
        json!({"__proto__": {}}),
        json!(9_007_199_254_740_992_u64),
        json!("x".repeat(1001)),
    ])
}

fn mostly(sense: BoxedStrategy<Json>) -> BoxedStrategy<Json> {
    prop_oneof![9 => sense, 1 => nonsense()].boxed()
}

fn price() -> BoxedStrategy<Json> {
    let prices = ["0.10", "19.99", "33.33", "-5", "0", "0.00000000000000000001", "900000000000000000"];
    let mut prices: Vec<Json> = prices.iter().map(|price| json!(price)).collect();
    prices.extend([json!(0.1), json!(1e21)]);
    mostly(one_of(&prices))
}

fn quantity() -> BoxedStrategy<Json> {
    mostly(one_of(&[0, 1, 1, 1, 2, 3, 10, 5000, 9999, 10_000, 10_001].map(|count| json!(count))))
}

fn name() -> BoxedStrategy<Json> {
    mostly(one_of(&["a", "b", "a1", "Size", "shipping", "_", "1", "ü", ""].map(|name| json!(name))))
}

fn code() -> BoxedStrategy<Json> {
    let texts = ["A", " A ", "b", "B", ""].map(str::to_string);
    let long = [emoji(100), emoji(101)];
    mostly(one_of(&texts.iter().chain(&long).map(|text| json!(text)).collect::<Vec<_>>()))
}

/// An object of some of these members.
fn object(members: Vec<(&'static str, BoxedStrategy<Json>)>) -> BoxedStrategy<Json> {
    let optional = |(name, value): (&'static str, BoxedStrategy<Json>)| {
        prop::option::of(value).prop_map(move |value| value.map(|value| (name.to_string(), value)))
    };
    let members: Vec<_> = members.into_iter().map(optional).collect();
    members.prop_map(|members| Json::Object(members.into_iter().flatten().collect())).boxed()
}

fn costs() -> BoxedStrategy<Json> {
    object(vec![
        ("a", object(vec![("price", price())])),
        ("shipping", price().prop_map(|price| json!({"price": price})).boxed()),
        ("1", nonsense()),
    ])
}

fn attributes() -> BoxedStrategy<Json> {
    object(vec![("a", nonsense()), ("b", quantity()), ("a1", nonsense()), ("Size", name())])
}

fn item() -> BoxedStrategy<Json> {
    let parts = object(vec![
        ("price", price()),
        ("quantity", quantity()),
        ("name", code()),
        ("weight", price()),
        ("product", mostly(json_name())),
        ("meta", nonsense()),
    ]);
    let extras = object(vec![("attributes", attributes()), ("additionalCosts", costs())]);
    let sku = mostly(one_of(&["A", "B", "C"].map(|sku| json!(sku))));
    let whole =
        (sku, parts, prop_oneof![3 => Just(json!({})), 1 => extras]).prop_map(|(sku, parts, extras)| {
            let mut item = json!({"sku": sku});
            for (name, value) in parts.as_object().unwrap().iter().chain(extras.as_object().unwrap()) {
                item[name] = value.clone();
            }
            item
        });
    mostly(whole.boxed())
}

fn json_name() -> BoxedStrategy<Json> {
    Just(json!({"name": "P"})).boxed()
}

/// The id of a line is put in when the command is run: `@` and a number pick one.
fn line_id() -> BoxedStrategy<Json> {
    mostly((0..2000_u32).prop_map(|number| json!(format!("@{number}"))).boxed())
}

fn list(of: BoxedStrategy<Json>, most: usize) -> BoxedStrategy<Json> {
    mostly(prop::collection::vec(of, 0..=most).prop_map(Json::Array).boxed())
}

fn field_value() -> BoxedStrategy<(&'static str, Json)> {
    let with =
        |name: &'static str, value: BoxedStrategy<Json>| value.prop_map(move |value| (name, value)).boxed();
    let variant = object(vec![("experimentID", quantity()), ("variantID", quantity())]);
    prop_oneof![
        with("profileId", code()),
        with("storeIntegrationId", code()),
        with("evaluableCampaignIds", list(quantity(), 3)),
        with("couponCodes", list(code(), 3)),
        with("referralCode", code()),
        with("loyaltyCards", list(code(), 2)),
        with("state", mostly(one_of(&[json!("open"), json!("closed")]))),
        with("cartItems", list(item(), 4)),
        with("experimentVariantAllocations", list(variant, 2)),
        with("additionalCosts", mostly(costs())),
        with("identifiers", list(code(), 7)),
        with("attributes", mostly(attributes())),
    ]
    .boxed()
}

fn session_value() -> BoxedStrategy<Json> {
    prop::collection::vec(field_value(), 0..5)
        .prop_map(|fields| {
            fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect::<Json>()
        })
        .boxed()
}

fn command() -> BoxedStrategy<Json> {
    let with = |what: &'static str, members: Vec<(&'static str, BoxedStrategy<Json>)>| {
        let (names, values): (Vec<_>, Vec<_>) = members.into_iter().unzip();
        values
            .prop_map(move |values| {
                let mut command = json!({"do": what});
                for (name, value) in names.iter().zip(values) {
                    command[*name] = value;
                }
                command
            })
            .boxed()
    };
    let patch = object(vec![
        ("sku", code()),
        ("quantity", quantity()),
        ("price", price()),
        ("attributes", mostly(attributes())),
        ("additionalCosts", mostly(costs())),
        ("meta", nonsense()),
    ]);
    let flag = one_of(&[json!(true), json!(false), json!(null), json!("no")]);
    let fields = FIELDS.map(|field| json!(field.name()));
    prop_oneof![
        6 => with("cart.add", vec![("item", item()), ("merge", flag)]),
        4 => with("cart.update", vec![("lineId", line_id()), ("patch", mostly(patch))]),
        3 => with("cart.setQuantity", vec![("lineId", line_id()), ("quantity", quantity())]),
        2 => with("cart.remove", vec![("lineId", line_id())]),
        1 => with("cart.clear", vec![]),
        1 => with("cart.replace", vec![("items", list(item(), 5))]),
        1 => with("cart.accept", vec![("freeItem", item())]),
        2 => with("coupons.add", vec![("code", code())]),
        1 => with("coupons.remove", vec![("code", code())]),
        1 => with("coupons.clear", vec![]),
        1 => with("referral.set", vec![("code", code())]),
        1 => with("referral.clear", vec![]),
        1 => with("loyaltyCard.set", vec![("id", code())]),
        1 => with("loyaltyCard.clear", vec![]),
        2 => with("costs.set", vec![("name", name()), ("amount", price())]),
        1 => with("costs.remove", vec![("name", name())]),
        2 => with("attributes.set", vec![("name", name()), ("value", nonsense())]),
        1 => with("attributes.remove", vec![("name", name())]),
        1 => with("attributes.unset", vec![("name", name())]),
        1 => with("identifiers.set", vec![("values", list(code(), 7))]),
        1 => with("identifiers.clear", vec![]),
        1 => with("profile.set", vec![("id", code())]),
        1 => with("profile.anonymous", vec![]),
        3 => field_value().prop_map(|(field, value)| json!({"do": "set", "field": field, "value": value})),
        2 => with("unset", vec![("field", mostly(one_of(&fields)))]),
        2 => with("load", vec![("session", mostly(session_value()))]),
        1 => mostly(session_value()).prop_map(|session| json!({"do": "load", "text": session.to_string()})),
    ]
    .boxed()
}

/// Replaces the sign for a line by the id of one that is there.
fn placed(mut command: Json, draft: &Draft) -> Json {
    let picked = command["lineId"].as_str().and_then(|text| text.strip_prefix('@')).map(str::to_string);
    if let Some(number) = picked {
        let lines = draft.lines();
        let index = number.parse::<usize>().unwrap();
        if !lines.is_empty() {
            command["lineId"] = json!(lines[index % lines.len()].id.to_text());
        }
    }
    command
}

/// Drafts that sequences start from: empty, nearly full of lines, nearly full of units, restored.
static STARTS: LazyLock<[(Desk, CartLimits); 5]> = LazyLock::new(|| {
    let flattened = CartLimits::Flattened;
    let mut lines = Desk::new();
    lines.done(json!({"do": "cart.replace", "items": items(999)}));
    let mut units = Desk::new();
    units.line(json!({"sku": "A", "price": "19.99", "quantity": 9_998}));
    let server = restored(
        r#"{"profileId":"P","storeIntegrationId":"S","couponCodes":["A"],"referralCode":"R","loyaltyCards":["L"],
        "cartItems":[{"sku":"A","quantity":2,"price":1.5},{"sku":"B","quantity":1}],"identifiers":["I"],
        "additionalCosts":{"shipping":{"price":4.9}},"attributes":{"a":1,"b":2}}"#,
    );
    let unflattened = CartLimits::Unflattened;
    [
        (Desk::new(), flattened),
        (lines, flattened),
        (units.sent(), flattened),
        (server, flattened),
        (Desk::limited(unflattened), unflattened),
    ]
});

fn start() -> impl Strategy<Value = (Desk, CartLimits)> {
    any::<Index>().prop_map(|index| index.get(&*STARTS).clone())
}

/// Any JSON at all, with the names that commands use among its keys and texts.
fn any_json() -> BoxedStrategy<Json> {
    let words = [
        "do",
        "item",
        "items",
        "lineId",
        "patch",
        "quantity",
        "price",
        "sku",
        "session",
        "text",
        "field",
        "value",
        "cart.add",
        "cart.update",
        "cart.replace",
        "cart.accept",
        "load",
        "set",
        "attributes",
        "additionalCosts",
        "cartItems",
        "couponCodes",
        "freeItem",
        "name",
        "amount",
        "code",
        "costs.set",
        "0000000000000001",
    ];
    let word = prop::sample::select(words.to_vec()).prop_map(str::to_string);
    let text = prop_oneof![3 => word, 1 => any::<String>()];
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        text.clone().prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::Array),
            prop::collection::vec((text.clone(), inner), 0..6)
                .prop_map(|members| members.into_iter().collect::<Json>()),
        ]
    })
    .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, max_shrink_iters: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_commands_breaks_the_draft(
        (mut desk, limits) in start(),
        commands in prop::collection::vec((command(), prop::bool::weighted(0.1)), 1..25),
    ) {
        for (command, send) in commands {
            let command = placed(command, &desk.draft);
            let before = desk.draft.clone();
            match desk.run(&command) {
                Ok(change) => {
                    replayed(before.lines(), &change, &desk.draft)?;
                    prop_assert!(!change.is_none() || desk.draft == before, "{command} told no change");
                    if let Some(line) = change.line {
                        prop_assert!(desk.draft.line(line).is_some());
                    }
                }
                Err(refusals) => {
                    prop_assert!(!refusals.is_empty());
                    prop_assert!(desk.draft == before, "{command} was refused and changed something");
                }
            }
            if send {
                desk.draft.mark_sent();
            }
        }
        sound(&desk.draft, limits)?;
    }

    #[test]
    fn a_batch_is_all_or_none(
        (desk, limits) in start(),
        commands in prop::collection::vec(command(), 0..6),
    ) {
        let mut one_by_one = desk.clone();
        let mut batch = Vec::new();
        let mut refused = None;
        for command in commands {
            let command = placed(command, &one_by_one.draft);
            // What is refused as it is read never becomes part of a batch.
            let Ok(command) = one_by_one.read(&command) else { continue };
            if refused.is_none()
                && let Err(found) = one_by_one.draft.apply(&command)
            {
                refused = Some(found);
            }
            batch.push(command);
        }
        let mut together = desk.draft.clone();
        match (together.apply_all(&batch.iter().collect::<Vec<_>>()), refused) {
            (Ok(change), None) => {
                prop_assert!(together == one_by_one.draft);
                replayed(desk.draft.lines(), &change, &together)?;
            }
            (Err(found), Some(expected)) => {
                prop_assert_eq!(found, expected);
                prop_assert!(together == desk.draft, "a refused batch changed something");
            }
            (outcome, expected) => prop_assert!(false, "{:?} instead of {:?}", outcome, expected),
        }
        sound(&together, limits)?;
    }

    #[test]
    fn what_was_sent_is_never_omitted_again(
        (desk, _) in start(),
        commands in prop::collection::vec(command(), 1..20),
    ) {
        let mut desk = desk.sent();
        let sent = desk.body();
        for command in commands {
            let command = placed(command, &desk.draft);
            let _ = desk.run(&command);
        }
        let body = desk.body();
        for (field, value) in sent.as_object().unwrap() {
            prop_assert!(body.get(field).is_some(), "{field} is missing");
            if field == "attributes" {
                for name in value.as_object().unwrap().keys() {
                    prop_assert!(body["attributes"].get(name).is_some(), "the attribute {name} is missing");
                }
            }
        }
    }

    #[test]
    fn a_whole_request_loads_into_the_same_request((desk, limits) in start(), commands in prop::collection::vec(command(), 1..12)) {
        let mut desk = desk;
        for command in commands {
            let command = placed(command, &desk.draft);
            let _ = desk.run(&command);
        }
        let mut copy = Desk::limited(limits);
        copy.done(json!({"do": "load", "text": desk.text()}));
        prop_assert_eq!(copy.text(), desk.text());
        prop_assert_eq!(copy.draft.totals(), desk.draft.totals());
    }

    #[test]
    fn reading_any_json_never_panics(value in any_json()) {
        let mut desk = Desk::new();
        let _ = desk.run(&value);
        sound(&desk.draft, CartLimits::Flattened)?;
    }
}

#[test]
fn ids_of_lines_are_never_used_twice_and_only_their_own_text_is_read() {
    let mut made = LineIds::new(0xffff_ffff_ffff_ffff);
    let ids: BTreeSet<LineId> = (0..10_000).map(|_| made.make()).collect();
    assert_eq!(ids.len(), 10_000);
    for text in ["", "0", "000000000000000g", "00000000000000000", "-000000000000001", "00000000000000ü"] {
        assert_eq!(LineId::parse(text), None, "{text}");
    }
    assert_eq!(LineId::parse("00000000000000ff"), Some(LineId(255)));
}

#[test]
fn a_command_without_its_argument_gives_one_refusal() {
    let mut desk = Desk::new();
    for name in
        ["cart.add", "cart.replace", "cart.accept", "coupons.add", "referral.set", "loyaltyCard.set", "load"]
    {
        assert_eq!(desk.refused(json!({"do": name})).len(), 1, "{name}");
    }
}
