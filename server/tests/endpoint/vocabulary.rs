//! What the words of a campaigns file do.

use crate::harness::{Answer, Endpoint, repository, session_path, whole};

const CART: &str = r#""cartItems":[{"sku":"MUG","quantity":2,"price":10,"category":"kitchen"}]"#;

fn everything() -> Endpoint {
    let file = repository("server/campaigns/everything.json");
    Endpoint::start_with(&["--campaigns", file.to_str().unwrap()])
}

/// A sandbox with one campaign of these fields.
fn with_campaign(fields: &str) -> Endpoint {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("campaigns.json");
    let campaign = format!(r#"{{"id":1,"name":"C","rulesetId":2,{fields}}}"#);
    std::fs::write(&file, format!(r#"{{"applicationId":1,"attributes":{{}},"campaigns":[{campaign}]}}"#))
        .unwrap();
    Endpoint::start_with(&["--campaigns", file.to_str().unwrap()])
}

/// Effects in short: `acceptCoupon CODE`, `rejectCoupon CODE reason exclusion`, else the type.
fn short(answer: &Answer) -> Vec<String> {
    let effect = |(kind, props): (String, cartwright::model::json::Value)| {
        let text =
            |name: &str| props.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_string();
        let words = match kind.as_str() {
            "acceptCoupon" | "acceptReferral" | "rollbackCoupon" => vec![text("value")],
            "rejectCoupon" | "rejectReferral" => {
                vec![text("value"), text("rejectionReason"), text("campaignExclusionReason")]
            }
            _ => Vec::new(),
        };
        [vec![kind], words].concat().join(" ").trim_end().to_string()
    };
    answer.effects().into_iter().map(effect).collect()
}

fn codes(endpoint: &Endpoint, id: &str, codes: &[&str], more: &str) -> Answer {
    let codes = codes.join("\",\"");
    endpoint.updated(id, &format!(r#"{{"profileId":"P","couponCodes":["{codes}"],{CART}{more}}}"#))
}

#[test]
fn of_a_highest_discount_group_the_largest_counts_whatever_the_order() {
    let endpoint = everything();
    let answer = codes(&endpoint, "c", &["G-SMALL", "G-LARGE"], r#","referralCode":"F-SMALL""#);
    assert_eq!(
        short(&answer),
        [
            "rejectCoupon G-SMALL CouponPartOfNotTriggeredCampaign CampaignGaveLowerDiscount",
            "acceptCoupon G-LARGE",
            "setDiscount",
            "rejectReferral F-SMALL ReferralPartOfNotTriggeredCampaign CampaignGaveLowerDiscount",
        ]
    );
    let alone = codes(&endpoint, "c", &["G-SMALL"], r#","referralCode":"""#);
    assert_eq!(short(&alone), ["acceptCoupon G-SMALL", "setDiscount"]);
}

#[test]
fn of_a_first_group_the_first_of_the_file_counts_whatever_the_order() {
    let endpoint = everything();
    let answer = codes(&endpoint, "c", &["G-SECOND", "G-FIRST", "G-STACKED"], "");
    assert_eq!(
        short(&answer),
        [
            "rejectCoupon G-SECOND CouponPartOfNotTriggeredCampaign CampaignIsNotFirst",
            "acceptCoupon G-FIRST",
            "setDiscount",
            "acceptCoupon G-STACKED",
            "setDiscount",
        ]
    );
}

#[test]
fn a_code_whose_effect_cannot_be_applied_gives_nothing() {
    let endpoint = with_campaign(
        r#""coupons":[{"id":1,"value":"BOTH"}],"rules":[{"name":"R","then":[
            {"setDiscount":{"name":"10 off","amount":10}},{"couponCreated":{"value":"NEW-##"}}]}]"#,
    );
    let session = format!(r#"{{"couponCodes":["BOTH"],{CART}}}"#);
    let answer = endpoint.updated("c", &session);
    assert_eq!(
        answer.props("rejectCoupon"),
        [
            r#"{"value":"BOTH","rejectionReason":"EffectCouldNotBeApplied","effectIndex":1,"details":"the session has no profile"}"#
        ]
    );
    assert_eq!(answer.effects().len(), 1, "{}", answer.text);
}

#[test]
fn a_discount_limit_cuts_with_partial_discounts_and_holds_across_sessions() {
    let endpoint = everything();
    let cart = r#"{"couponCodes":["E-GIFTCARD"],"cartItems":[{"sku":"A","quantity":1,"price":20}],"state":"closed"}"#;
    let discount = |id: &str| endpoint.updated(id, cart).props("setDiscount");
    assert_eq!(discount("a"), [r#"{"name":"Gift card","value":20,"desiredValue":20}"#]);
    assert_eq!(discount("b"), [r#"{"name":"Gift card","value":5,"desiredValue":20}"#]);
    let spent = endpoint.updated("c", cart);
    assert_eq!(short(&spent), ["rejectCoupon E-GIFTCARD EffectCouldNotBeApplied"]);
}

#[test]
fn a_discount_limit_refuses_without_partial_discounts() {
    let endpoint = with_campaign(
        r#""coupons":[{"id":1,"value":"CARD","discountLimit":30,"discountCounter":12}],
           "rules":[{"name":"R","then":[{"setDiscount":{"name":"Card","percent":100}}]}]"#,
    );
    let at = |price: &str| {
        let cart =
            format!(r#"{{"couponCodes":["CARD"],"cartItems":[{{"sku":"A","quantity":1,"price":{price}}}]}}"#);
        endpoint.updated("c", &cart)
    };
    assert_eq!(at("18").props("setDiscount"), [r#"{"name":"Card","value":18}"#]);
    assert_eq!(short(&at("18.01")), ["rejectCoupon CARD EffectCouldNotBeApplied"]);
}

#[test]
fn what_was_free_earns_nothing_free() {
    let endpoint = Endpoint::start();
    let free = |price: &str| {
        let cart = format!(
            r#"{{"couponCodes":["BUY3GET1"],"cartItems":[{{"sku":"A","quantity":6,"price":{price}}},{{"sku":"B","quantity":2,"price":1}}]}}"#
        );
        endpoint.updated("c", &cart).props("addFreeItem")
    };
    assert_eq!(free("1"), [r#"{"sku":"A","name":"One for free"}"#; 2]);
    assert_eq!(free("0"), [""; 0]);
}

#[test]
fn a_reservation_lets_its_profile_use_the_coupon() {
    let endpoint = everything();
    let reserved = |profile: &str| {
        let session = format!(r#"{{"profileId":"{profile}","couponCodes":["R-RESERVED"]}}"#);
        short(&endpoint.updated("c", &session)).first().cloned().unwrap()
    };
    assert_eq!(reserved(""), "rejectCoupon R-RESERVED ProfileRequired");
    assert_eq!(reserved("P"), "rejectCoupon R-RESERVED CouponReservationRequired");
    assert_eq!(reserved("MEMBER-1"), "acceptCoupon R-RESERVED");
    let reserving = r#"{"profileId":"P","couponCodes":["E-CREATE"],"state":"closed"}"#;
    let effect = |again| {
        format!(r#"{{"couponValue":"R-RESERVED","profileIntegrationId":"P","isNewReservation":{again}}}"#)
    };
    assert_eq!(endpoint.updated("a", reserving).props("reserveCoupon"), [effect(true)]);
    assert_eq!(reserved("P"), "acceptCoupon R-RESERVED");
    assert_eq!(endpoint.updated("b", reserving).props("reserveCoupon"), [effect(false)]);
}

#[test]
fn a_campaign_has_limits_for_all_and_for_a_profile() {
    let endpoint = everything();
    let once = |id: &str, profile: &str, state: &str| {
        let session =
            format!(r#"{{"profileId":"{profile}","couponCodes":["R-CAMPAIGN-ONCE"],"state":"{state}"}}"#);
        short(&endpoint.updated(id, &session)).first().cloned().unwrap()
    };
    assert_eq!(once("a", "P", "closed"), "acceptCoupon R-CAMPAIGN-ONCE");
    assert_eq!(once("b", "P", "open"), "rejectCoupon R-CAMPAIGN-ONCE ProfileLimitReached");
    assert_eq!(once("b", "Q", "open"), "acceptCoupon R-CAMPAIGN-ONCE");
    assert_eq!(once("b", "", "open"), "rejectCoupon R-CAMPAIGN-ONCE ProfileRequired");
    let limited =
        with_campaign(r#""redemptionLimit":1,"coupons":[{"id":1,"value":"ONE"},{"id":2,"value":"TWO"}]"#);
    codes(&limited, "a", &["ONE"], r#","state":"closed""#);
    let second = codes(&limited, "b", &["TWO"], "");
    assert_eq!(short(&second), ["rejectCoupon TWO CampaignLimitReached"]);
}

#[test]
fn a_usage_limit_counts_closed_sessions() {
    let endpoint = with_campaign(r#""coupons":[{"id":1,"value":"TWICE","usageLimit":3,"usageCounter":1}]"#);
    for (id, accepted) in [("a", true), ("b", true), ("c", false)] {
        let answer = codes(&endpoint, id, &["TWICE"], r#","state":"closed""#);
        let expected = if accepted { "acceptCoupon TWICE" } else { "rejectCoupon TWICE CouponLimitReached" };
        assert_eq!(short(&answer), [expected], "{id}");
    }
    endpoint.updated("a", r#"{"state":"cancelled"}"#);
    assert_eq!(short(&codes(&endpoint, "d", &["TWICE"], "")), ["acceptCoupon TWICE"]);
}

#[test]
fn who_is_in_an_audience_does_not_join_and_who_is_not_does_not_leave() {
    let endpoint = everything();
    let joining = |id: &str, profile: &str| {
        let session = format!(r#"{{"profileId":"{profile}","couponCodes":["E-JOIN"],"state":"closed"}}"#);
        endpoint.updated(id, &session).props("addToAudience").len()
    };
    assert_eq!((joining("a", "P"), joining("b", "P"), joining("c", "MEMBER-1")), (1, 0, 0));
    let leave = r#"{"profileId":"STRANGER","couponCodes":["E-LEAVE"]}"#;
    assert_eq!(short(&endpoint.updated("d", leave)), ["rejectCoupon E-LEAVE CouponRejectedByCondition"]);
    let leave = r#"{"profileId":"MEMBER-1","couponCodes":["E-LEAVE"],"state":"closed"}"#;
    assert_eq!(endpoint.updated("e", leave).props("removeFromAudience").len(), 1);
    assert_eq!(joining("f", "MEMBER-1"), 1);
}

#[test]
fn stores_times_and_states_decide_whether_a_campaign_runs() {
    let endpoint = everything();
    let all = ["R-DISABLED", "R-OVER", "R-STORE", "R-ARCHIVED"];
    let refused = [
        "rejectCoupon R-DISABLED CouponPartOfNotRunningCampaign",
        "rejectCoupon R-OVER CouponPartOfNotRunningCampaign",
        "rejectCoupon R-STORE CouponPartOfNotRunningCampaign",
        "rejectCoupon R-ARCHIVED CouponPartOfNotTriggeredCampaign CampaignNotInEvaluationSet",
    ];
    assert_eq!(short(&codes(&endpoint, "c", &all, "")), refused);
    let in_store = codes(&endpoint, "c", &["R-STORE"], r#","storeIntegrationId":"STORE-1""#);
    assert_eq!(short(&in_store), ["acceptCoupon R-STORE", "setDiscount"]);
    let campaigns = std::fs::read_to_string(repository("server/campaigns/everything.json")).unwrap();
    let campaigns = cartwright::model::json::Value::parse(&campaigns).unwrap();
    let disabled = campaigns
        .get("campaigns")
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .find(|campaign| campaign.get("state").and_then(|state| state.as_str()) == Some("disabled"));
    let id = disabled.unwrap().get("id").unwrap().to_text();
    let dry = endpoint.put(
        "c?dry=true",
        &whole(&format!(r#"{{"evaluableCampaignIds":[{id}],"couponCodes":["R-DISABLED","R-STORE"]}}"#)),
    );
    assert_eq!(
        short(&dry),
        [
            "acceptCoupon R-DISABLED",
            "setDiscount",
            "rejectCoupon R-STORE CouponPartOfNotTriggeredCampaign CampaignNotInEvaluationSet",
        ]
    );
}

#[test]
fn balances_of_a_closed_session_count_it_once() {
    let endpoint = everything();
    let body = format!(
        r#"{{"customerSession":{{"profileId":"P","couponCodes":["E-POINTS"],"state":"closed",{CART}}},"responseContent":["loyalty"]}}"#
    );
    let answer = endpoint.put("c", &body);
    assert_eq!(answer.at("/loyalty/programs/5/ledger/currentBalance"), "40");
    assert_eq!(answer.at("/loyalty/programs/5/ledger/tentativeCurrentBalance"), "40");
}

#[test]
fn reopening_again_and_again_counts_what_was_given_once() {
    let endpoint = everything();
    for _ in 0..3 {
        codes(&endpoint, "c", &["E-GIVEAWAY"], r#","state":"closed""#);
        let path = format!("{}/reopen", session_path("c"));
        assert_eq!(endpoint.send("PUT", &path, &[], b"").status, 200);
    }
    let other = codes(&endpoint, "d", &["E-GIVEAWAY"], r#","state":"closed""#);
    assert!(other.text.contains("TICKET-67439"), "{}", other.text);
}

#[test]
fn a_return_evaluates_again_as_if_this_session_had_not_used_its_codes_up() {
    let endpoint = with_campaign(
        r#""reevaluateOnReturn":true,"coupons":[{"id":1,"value":"ONE","usageLimit":1}],
           "rules":[{"name":"R","then":[{"setDiscount":{"name":"Half","percent":50}}]}]"#,
    );
    codes(&endpoint, "c", &["ONE"], r#","state":"closed""#);
    let path = format!("{}/returns?runRuleEngine=true", session_path("c"));
    let body = br#"{"return":{"returnedCartItems":[{"position":0,"quantity":1}]}}"#;
    let answer = endpoint.send("POST", &path, &[("content-type", "application/json")], body);
    assert_eq!(short(&answer), ["rollbackDiscount", "setDiscount"]);
    assert_eq!(answer.props("setDiscount"), [r#"{"name":"Half","value":5}"#]);
    assert_eq!(short(&codes(&endpoint, "d", &["ONE"], "")), ["rejectCoupon ONE CouponLimitReached"]);
}

#[test]
fn a_condition_that_fails_is_named_with_its_place() {
    let endpoint = everything();
    let body = whole(r#"{"couponCodes":["R-CONDITION"],"attributes":{"ShippingCity":"Berlin"}}"#);
    let body = body.replace(r#"["customerSession"]"#, r#"["ruleFailureReasons"]"#);
    let answer = endpoint.put("c", &body);
    assert_eq!(answer.at("/ruleFailureReasons/0/conditionIndex"), "0");
    assert_eq!(
        answer.at("/ruleFailureReasons/1/conditionIndex"),
        "1",
        "the city is right, the identifiers lack"
    );
    assert_eq!(answer.at("/ruleFailureReasons/1/couponValue"), "\"R-CONDITION\"");
}

#[test]
fn total_sales_leave_out_what_was_returned_cancelled_or_reopened() {
    let endpoint = everything();
    let sales = || {
        let body = r#"{"customerSession":{"profileId":"P"},"responseContent":["customerProfile"]}"#;
        let answer = endpoint.put("look", body);
        (answer.at("/customerProfile/closedSessions"), answer.at("/customerProfile/totalSales"))
    };
    let told = |sessions: &str, sales: &str| (sessions.to_string(), sales.to_string());
    codes(&endpoint, "a", &["E-DISCOUNT"], r#","additionalCosts":{"shipping":{"price":9}},"state":"closed""#);
    codes(&endpoint, "b", &["E-DISCOUNT"], r#","state":"closed""#);
    assert_eq!(sales(), told("2", "49"), "before discounts");
    let body = br#"{"return":{"returnedCartItems":[{"position":0,"quantity":1}]}}"#;
    let path = format!("{}/returns", session_path("a"));
    endpoint.send("POST", &path, &[("content-type", "application/json")], body);
    assert_eq!(sales(), told("2", "39"));
    endpoint.updated("b", r#"{"state":"cancelled"}"#);
    assert_eq!(sales(), told("1", "19"));
}

#[test]
fn tiers_count_from_the_lowest_in_whichever_order_they_stand() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("campaigns.json");
    let text = r#"{"applicationId":1,"attributes":{},
        "loyaltyPrograms":[{"id":5,"name":"p","title":"P","tiers":[{"id":2,"name":"Gold","from":50},{"id":1,"name":"Silver","from":10}]}],
        "campaigns":[{"id":1,"name":"C","rulesetId":2,"rules":[{"name":"R","then":[
            {"addLoyaltyPoints":{"name":"Points","programId":5,"perCurrencyUnit":1}}]}]}]}"#;
    std::fs::write(&file, text).unwrap();
    let endpoint = Endpoint::start_with(&["--campaigns", file.to_str().unwrap()]);
    let tiers = |id: &str| codes(&endpoint, id, &[], r#","state":"closed""#).props("changeLoyaltyTierLevel");
    let change = |rest: &str| format!(r#"{{"ruleTitle":"R","programId":5,"subLedgerId":"",{rest}}}"#);
    assert_eq!(tiers("a"), [change(r#""newTierName":"Silver""#)]);
    assert_eq!(tiers("b"), [""; 0], "still Silver");
    assert_eq!(tiers("c"), [change(r#""previousTierName":"Silver","newTierName":"Gold""#)]);
}
