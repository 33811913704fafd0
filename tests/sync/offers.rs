//! Free items that were taken stay as long as they are offered, and are told when they go.

use cartwright::sync::{Ask, Notice};
use serde_json::{Value as Json, json};

use crate::desk::{Desk, ID, items};

/// What was taken out: SKU, units, and what was left of its line.
fn withdrawn(desk: &mut Desk) -> Vec<(String, u64, u64)> {
    let left = |line| desk.machine.draft().line(line).map_or(0, |line| line.item.quantity());
    let notices = std::mem::take(&mut desk.notices);
    let told = notices.into_iter().filter_map(|notice| match notice {
        Notice::Withdrawn(line, units) => Some((line.item.sku().to_string(), units, left(line.id))),
        _ => None,
    });
    told.collect()
}

fn gone(sku: &str, units: u64, left: u64) -> Vec<(String, u64, u64)> {
    vec![(sku.to_string(), units, left)]
}

/// Takes every free item that is offered.
fn accept(desk: &mut Desk) {
    let offers = desk.machine.quote().unwrap().0.free_items.clone();
    assert!(!offers.is_empty(), "something is offered");
    for offer in offers {
        let item = json!({ "sku": offer.sku, "name": offer.name, "quantity": offer.quantity });
        desk.edit(json!({ "do": "cart.accept", "freeItem": item }));
    }
}

/// The id of the line at an index.
fn line(desk: &Desk, index: usize) -> String {
    desk.machine.draft().lines()[index].id.to_text()
}

fn set_quantity(desk: &mut Desk, index: usize, quantity: u64) {
    let id = line(desk, index);
    desk.edit(json!({ "do": "cart.setQuantity", "lineId": id, "quantity": quantity }));
}

const SOCKS: &str = "GIFT-SOCKS";

/// Six tees for 119.94, and the socks that come with a cart from 100 on.
fn with_socks() -> Desk {
    let mut desk = Desk::new();
    desk.add("TEE", 6);
    desk.run();
    accept(&mut desk);
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("TEE", 6), (SOCKS, 1)]));
    let socks = desk.endpoint.session()["cartItems"][1].clone();
    assert_eq!((&socks["price"], &socks["name"]), (&json!(0), &json!("Free socks")));
    assert!(desk.machine.draft().lines()[1].free);
    assert_eq!(withdrawn(&mut desk), []);
    desk
}

#[test]
fn a_free_item_is_taken_out_when_its_offer_is_gone_and_told_once() {
    let mut desk = with_socks();
    set_quantity(&mut desk, 0, 5);
    assert_eq!(desk.items(), items(&[("TEE", 5), (SOCKS, 1)]), "nothing is known of it yet");
    desk.run();
    assert_eq!(withdrawn(&mut desk), gone(SOCKS, 1, 0));
    assert_eq!(desk.items(), items(&[("TEE", 5)]));
    assert_eq!(desk.endpoint.items(), items(&[("TEE", 5)]));
    desk.add("CUP", 1);
    desk.run();
    assert_eq!(withdrawn(&mut desk), []);
    // It is offered again, and not put back by itself.
    assert_eq!(desk.machine.quote().unwrap().0.free_items.len(), 1);
    assert_eq!(desk.items(), items(&[("TEE", 5), ("CUP", 1)]));
}

#[test]
fn an_answer_to_an_older_cart_takes_nothing_out() {
    let mut desk = with_socks();
    set_quantity(&mut desk, 0, 1);
    desk.next();
    set_quantity(&mut desk, 0, 7);
    // It says that one tee brings no socks.
    desk.serve();
    assert_eq!(withdrawn(&mut desk), []);
    desk.run();
    assert_eq!(withdrawn(&mut desk), []);
    assert_eq!(desk.endpoint.items(), items(&[("TEE", 7), (SOCKS, 1)]));
}

#[test]
fn an_answer_out_of_the_servers_memory_takes_nothing_out_before_a_fresh_one_says_so() {
    let mut desk = with_socks();
    set_quantity(&mut desk, 0, 1);
    desk.next();
    desk.lose_answer();
    desk.next();
    desk.serve();
    assert_eq!(withdrawn(&mut desk), []);
    desk.run();
    assert_eq!(withdrawn(&mut desk), gone(SOCKS, 1, 0));
    assert_eq!(desk.endpoint.items(), items(&[("TEE", 1)]));
}

#[test]
fn a_preview_takes_nothing_out() {
    let mut desk = with_socks();
    let changes = json!({ "cartItems": [{ "sku": "TEE", "price": 1 }] });
    let ticket = desk.ask(Ask::Preview(crate::desk::value(&changes)));
    desk.run();
    assert!(desk.done(ticket));
    assert_eq!(withdrawn(&mut desk), []);
    assert_eq!(desk.items(), items(&[("TEE", 6), (SOCKS, 1)]));
}

/// The endpoint answers the open request, without its free items.
fn serve_without_gifts(desk: &mut Desk) {
    let (status, body) = desk.apply();
    let mut body: Json = serde_json::from_str(&body).unwrap();
    let effects = body["effects"].as_array_mut().unwrap();
    effects.retain(|effect| effect["effectType"] != "addFreeItem");
    desk.answer(status, &body.to_string());
}

#[test]
fn a_read_that_does_not_offer_it_costs_one_update_which_decides() {
    let mut desk = with_socks();
    desk.ask(Ask::Refresh);
    assert!(desk.next().is_read());
    serve_without_gifts(&mut desk);
    assert_eq!(withdrawn(&mut desk), []);
    assert!(!desk.next().is_read());
    desk.run();
    assert_eq!((withdrawn(&mut desk), desk.rests()), (Vec::new(), true));
    assert_eq!(desk.items(), items(&[("TEE", 6), (SOCKS, 1)]));
    desk.ask(Ask::Refresh);
    desk.next();
    serve_without_gifts(&mut desk);
    desk.next();
    serve_without_gifts(&mut desk);
    assert_eq!(withdrawn(&mut desk), gone(SOCKS, 1, 0));
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("TEE", 6)]));
}

#[test]
fn an_update_that_says_nothing_of_effects_takes_nothing_out() {
    let mut desk = with_socks();
    desk.add("CUP", 1);
    desk.next();
    let (status, body) = desk.apply();
    let mut body: Json = serde_json::from_str(&body).unwrap();
    body.as_object_mut().unwrap().remove("effects");
    desk.answer(status, &body.to_string());
    desk.run();
    assert_eq!(withdrawn(&mut desk), []);
}

#[test]
fn it_outlives_the_page_while_it_is_offered_and_goes_afterwards() {
    let mut desk = crate::desk::Desk::with(&crate::desk::with(crate::desk::new(), json!({ "stored": {} })));
    desk.add("TEE", 6);
    desk.run();
    accept(&mut desk);
    desk.run();
    let mut desk = desk.reload();
    desk.run();
    assert_eq!((withdrawn(&mut desk), desk.rests()), (Vec::new(), true));
    assert!(desk.machine.draft().lines()[1].free);
    // The page is left between the edit and its answer.
    set_quantity(&mut desk, 0, 1);
    desk.next();
    let mut desk = desk.reload();
    desk.run();
    assert_eq!(withdrawn(&mut desk), gone(SOCKS, 1, 0));
    assert_eq!(desk.endpoint.items(), items(&[("TEE", 1)]));
    let mut desk = desk.reload();
    desk.run();
    assert_eq!((withdrawn(&mut desk), desk.items()), (Vec::new(), items(&[("TEE", 1)])));
}

#[test]
fn of_several_units_those_that_are_offered_stay_and_bought_ones_are_not_touched() {
    let mut desk = Desk::new();
    desk.edit(json!({ "do": "coupons.add", "code": "BUY3GET1" }));
    desk.edit(json!({ "do": "cart.add", "item": { "sku": "PEN", "quantity": 9, "price": "0.10" } }));
    desk.run();
    let offered = desk.machine.quote().unwrap().0.free_items[0].quantity;
    accept(&mut desk);
    desk.run();
    assert_eq!((desk.items(), offered), (items(&[("PEN", 9), ("PEN", offered)]), 3));
    set_quantity(&mut desk, 0, 3);
    desk.run();
    let left = desk.items()[1].1;
    assert!(left > 0 && left < offered);
    assert_eq!(withdrawn(&mut desk), gone("PEN", offered - left, left));
    assert_eq!(desk.endpoint.items(), items(&[("PEN", 3), ("PEN", left)]));
    desk.edit(json!({ "do": "coupons.clear" }));
    desk.run();
    assert_eq!(withdrawn(&mut desk), gone("PEN", left, 0));
    assert_eq!(desk.endpoint.items(), items(&[("PEN", 3)]));
}

#[test]
fn more_units_than_are_offered_go() {
    let mut desk = with_socks();
    set_quantity(&mut desk, 1, 40);
    desk.run();
    assert_eq!(withdrawn(&mut desk), gone(SOCKS, 39, 1));
    assert_eq!(desk.endpoint.items(), items(&[("TEE", 6), (SOCKS, 1)]));
}

#[test]
fn what_gets_a_price_is_a_line_like_any_other() {
    let mut desk = with_socks();
    let id = line(&desk, 1);
    desk.edit(json!({ "do": "cart.update", "lineId": id, "patch": { "name": "Socks, a gift" } }));
    assert!(desk.machine.draft().lines()[1].free);
    desk.edit(json!({ "do": "cart.update", "lineId": id, "patch": { "price": "4.00" } }));
    assert!(!desk.machine.draft().lines()[1].free);
    set_quantity(&mut desk, 0, 1);
    desk.run();
    assert_eq!((withdrawn(&mut desk), desk.items()), (Vec::new(), items(&[("TEE", 1), (SOCKS, 1)])));
}

#[test]
fn an_order_placed_at_once_goes_without_it() {
    let mut desk = with_socks();
    set_quantity(&mut desk, 0, 1);
    let ticket = desk.ask(Ask::Close(None));
    desk.run();
    assert!(desk.done(ticket));
    assert_eq!(withdrawn(&mut desk), gone(SOCKS, 1, 0));
    assert_eq!((desk.endpoint.items(), desk.endpoint.state()), (items(&[("TEE", 1)]), "closed".to_string()));
}

#[test]
fn an_order_for_an_agreed_price_is_not_placed_without_it_unasked() {
    let mut desk = with_socks();
    let quote = desk.fingerprint();
    set_quantity(&mut desk, 0, 1);
    let ticket = desk.ask(Ask::Close(Some(quote)));
    desk.run();
    assert_eq!(desk.rejected(ticket), "quote_changed");
    assert_eq!((desk.endpoint.items(), desk.endpoint.state()), (items(&[("TEE", 1)]), "open".to_string()));
}

#[test]
fn a_session_that_somebody_else_wrote_is_not_written_over_because_of_it() {
    let mut desk = with_socks();
    desk.endpoint.foreign(ID, &json!({ "cartItems": [{ "sku": "OTHER", "quantity": 1, "price": 1 }] }));
    let sent = desk.sent.len();
    desk.ask(Ask::Refresh);
    desk.run();
    assert!(desk.sent[sent..].iter().all(crate::desk::Sent::is_read));
    assert_eq!(desk.endpoint.items(), items(&[("OTHER", 1)]));
}
