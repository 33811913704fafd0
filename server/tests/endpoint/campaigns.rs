//! What the default campaigns give, and how a campaigns file is refused.

use std::process::Command;

use crate::harness::{Answer, Endpoint};

/// 3 × 33.33 shoes, 1 × 3.50 shoes, 2 × 0.10 of no category, shipping 9.
const CART: &str = r#""cartItems":[{"sku":"RUN","quantity":3,"price":33.33,"category":"shoes"},
    {"sku":"LACE","quantity":1,"price":3.50,"category":"shoes"},{"sku":"PEN","quantity":2,"price":0.10}],
    "additionalCosts":{"shipping":{"price":9}}"#;

fn with(endpoint: &Endpoint, more: &str) -> Answer {
    endpoint.updated("c", &format!("{{{CART}{more}}}"))
}

#[test]
fn xmas_gives_20_percent_of_the_items_exactly() {
    let endpoint = Endpoint::start();
    let answer = with(&endpoint, r#","couponCodes":["XMAS-20-2021"]"#);
    assert_eq!(answer.at("/customerSession/cartItemTotal"), "103.69");
    assert_eq!(answer.props("acceptCoupon"), [r#"{"value":"XMAS-20-2021"}"#]);
    assert_eq!(answer.props("setDiscount"), [r#"{"name":"20% off","value":20.738}"#]);
}

#[test]
fn shipfree_gives_the_whole_price_of_shipping() {
    let endpoint = Endpoint::start();
    let answer = with(&endpoint, r#","couponCodes":["SHIPFREE"]"#);
    assert_eq!(
        answer.props("setDiscountPerAdditionalCost"),
        [r#"{"name":"Free shipping","additionalCostId":1,"additionalCost":"shipping","value":9}"#]
    );
    let without = endpoint.updated("c", r#"{"additionalCosts":{}}"#);
    assert_eq!(without.props("acceptCoupon").len(), 1);
    assert_eq!(without.props("setDiscountPerAdditionalCost").len(), 0);
}

#[test]
fn shoes5_gives_5_per_unit_at_most_its_price() {
    let endpoint = Endpoint::start();
    let answer = with(&endpoint, r#","couponCodes":["SHOES5"]"#);
    assert_eq!(
        answer.props("setDiscountPerItem"),
        [
            r#"{"name":"5 off shoes#0","value":5,"position":0,"subPosition":0}"#,
            r#"{"name":"5 off shoes#0","value":5,"position":0,"subPosition":1}"#,
            r#"{"name":"5 off shoes#0","value":5,"position":0,"subPosition":2}"#,
            r#"{"name":"5 off shoes#1","value":3.5,"position":1,"subPosition":0}"#,
        ]
    );
}

#[test]
fn codes_are_refused_with_their_reasons() {
    let endpoint = Endpoint::start();
    let answer = with(
        &endpoint,
        r#","couponCodes":["EXPIRED","SOON","USEDUP","VIP","nope","","xmas-20-2021"],"referralCode":"nobody""#,
    );
    let reasons = [
        ("EXPIRED", "CouponExpired"),
        ("SOON", "CouponStartDateInFuture"),
        ("USEDUP", "CouponLimitReached"),
        ("VIP", "ProfileRequired"),
        ("nope", "CouponNotFound"),
        ("", "CouponNotFound"),
        ("xmas-20-2021", "CouponNotFound"),
    ];
    let reasons =
        reasons.map(|(code, reason)| format!(r#"{{"value":"{code}","rejectionReason":"{reason}"}}"#));
    assert_eq!(answer.props("rejectCoupon"), reasons);
    assert_eq!(
        answer.props("rejectReferral"),
        [r#"{"value":"nobody","rejectionReason":"ReferralNotFound"}"#]
    );
    assert_eq!(answer.props("setDiscount").len(), 0);
}

#[test]
fn an_unknown_code_is_worded_as_documented() {
    let endpoint = Endpoint::start();
    let answer = endpoint.updated("c", r#"{"couponCodes":["Cool-Summer!"]}"#);
    assert_eq!(
        answer.at("/effects/0"),
        r#"{"campaignId":0,"rulesetId":0,"ruleIndex":0,"ruleName":"","effectType":"rejectCoupon","props":{"value":"Cool-Summer!","rejectionReason":"CouponNotFound"}}"#
    );
}

#[test]
fn vip_works_with_a_profile_and_discounts_do_not_cascade() {
    let endpoint = Endpoint::start();
    let answer = with(
        &endpoint,
        r#","profileId":"P","couponCodes":["VIP","XMAS-20-2021","VIP"],"referralCode":"NT2K54D9""#,
    );
    assert_eq!(
        answer.props("setDiscount"),
        [
            r#"{"name":"10% off for members","value":10.369}"#,
            r#"{"name":"20% off","value":20.738}"#,
            r#"{"name":"Referral","value":5}"#,
        ]
    );
    assert_eq!(answer.props("acceptReferral"), [r#"{"value":"NT2K54D9"}"#]);
}

#[test]
fn a_fixed_discount_is_at_most_the_cart() {
    let endpoint = Endpoint::start();
    let answer = endpoint
        .updated("c", r#"{"referralCode":"NT2K54D9","cartItems":[{"sku":"A","quantity":1,"price":1.25}]}"#);
    assert_eq!(answer.props("setDiscount"), [r#"{"name":"Referral","value":1.25}"#]);
}

#[test]
fn a_notification_below_100_and_a_free_item_from_there_on() {
    let endpoint = Endpoint::start();
    let at = |price: &str| {
        endpoint.updated("c", &format!(r#"{{"cartItems":[{{"sku":"A","quantity":1,"price":{price}}}]}}"#))
    };
    let below = at("99.995");
    assert_eq!(
        below.props("showNotification"),
        [r#"{"notificationType":"Offer","title":"Almost there","body":"Spend 0.005 more for a free gift."}"#]
    );
    assert_eq!(below.props("addFreeItem").len(), 0);
    let from = at("100");
    assert_eq!(from.props("addFreeItem"), [r#"{"sku":"GIFT-SOCKS","name":"Free socks"}"#]);
    assert_eq!(from.props("showNotification").len(), 0);
}

#[test]
fn a_file_replaces_the_default_campaigns() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("campaigns.json");
    let campaigns = r#"{"applicationId":9007199254740995,"attributes":{},"campaigns":[{"id":1,"name":"C","rulesetId":2,
        "coupons":[{"id":3,"value":"HALF"}],"rules":[{"name":"R","then":[{"setDiscount":{"name":"Half","percent":50}}]}]}]}"#;
    std::fs::write(&file, campaigns).unwrap();
    let endpoint = Endpoint::start_with(&["--campaigns", file.to_str().unwrap()]);
    let answer = endpoint
        .updated("c", r#"{"couponCodes":["HALF","VIP"],"cartItems":[{"sku":"A","quantity":1,"price":3}]}"#);
    assert_eq!(answer.props("setDiscount"), [r#"{"name":"Half","value":1.5}"#]);
    assert_eq!(answer.props("rejectCoupon").len(), 1);
    assert_eq!(answer.at("/customerSession/applicationId"), "9007199254740995");
}

#[test]
fn a_wrong_campaigns_file_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("campaigns.json");
    let rule = |then: &str| {
        format!(
            r#"{{"applicationId":1,"attributes":{{}},"campaigns":[{{"id":1,"name":"C","rulesetId":2,"rules":[{{"name":"R","then":[{then}]}}]}}]}}"#
        )
    };
    let campaigns =
        |campaigns: &str| format!(r#"{{"applicationId":1,"attributes":{{}},"campaigns":[{campaigns}]}}"#);
    for (text, place) in [
        ("{".to_string(), "byte 1"),
        ("[]".to_string(), "the top"),
        (r#"{"applicationId":1,"attributes":{"session":{"A":"text"}}}"#.to_string(), "/attributes/session/A"),
        (r#"{"applicationId":1,"attributes":{},"campaign":[]}"#.to_string(), "/campaign"),
        (
            rule(r#"{"setDiscount":{"name":"D","percent":101}}"#),
            "/campaigns/0/rules/0/then/0/setDiscount/percent",
        ),
        (rule(r#"{"setDiscount":{"name":"D"}}"#), "/campaigns/0/rules/0/then/0/setDiscount"),
        (rule(r#"{"setDisount":{}}"#), "/campaigns/0/rules/0/then/0/setDisount"),
        (
            rule(r#"{"setDiscountPerAdditionalCost":{"name":"D","additionalCost":"shiping"}}"#),
            "/campaigns/0/rules/0/then/0/setDiscountPerAdditionalCost/additionalCost: this additional cost is not declared",
        ),
        (
            rule(r#"{"awardGiveaway":{"poolId":7}}"#),
            "/campaigns/0/rules/0/then/0/awardGiveaway/poolId: this giveaway pool is not declared",
        ),
        (
            campaigns(r#"{"id":1,"name":"A","rulesetId":2},{"id":1,"name":"B","rulesetId":3}"#),
            "/campaigns/1/id",
        ),
        (
            campaigns(
                r#"{"id":1,"name":"A","rulesetId":2,"coupons":[{"id":1,"value":"TWICE"},{"id":2,"value":"TWICE"}]}"#,
            ),
            "/campaigns/0/coupons/1/value",
        ),
        (campaigns(r#"{"id":1,"name":"A","rulesetId":2,"state":"running"}"#), "enabled, disabled, archived"),
    ] {
        std::fs::write(&file, &text).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_cartwright-server"))
            .args(["--port", "0", "--campaigns"])
            .arg(&file)
            .arg("--db")
            .arg(folder.path().join("s.sqlite"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(said.contains(place), "{text}: {said}");
    }
}
