//! Create, change, read: `session-api.md` sections 3, 5, 6, 7 and 8.

use crate::harness::{Endpoint, repository, whole};

#[test]
fn creates_then_keeps_what_is_left_out() {
    let endpoint = Endpoint::start();
    let first = endpoint.updated(
        "cart-1",
        r#"{"profileId":"P","storeIntegrationId":"S","couponCodes":["A-1"],"referralCode":"R",
            "loyaltyCards":["card"],"identifiers":["i"],"attributes":{"Note":"n"},
            "cartItems":[{"sku":"A","quantity":2,"price":19.99}],"additionalCosts":{"shipping":{"price":9}},
            "experimentVariantAllocations":[{"experimentID":1,"variantID":2}]}"#,
    );
    let second = endpoint.updated("cart-1", "{}");
    for field in [
        "profileId",
        "storeIntegrationId",
        "couponCodes",
        "referralCode",
        "loyaltyCards",
        "identifiers",
        "attributes",
        "cartItems",
        "additionalCosts",
        "experimentVariantAllocations",
        "total",
        "id",
        "created",
        "state",
    ] {
        let pointer = format!("/customerSession/{field}");
        assert_eq!(first.at(&pointer), second.at(&pointer), "{field}");
    }
    assert_eq!(first.at("/customerSession/updateCount"), "1");
    assert_eq!(second.at("/customerSession/updateCount"), "2");
    assert_eq!(second.at("/customerSession/integrationId"), "\"cart-1\"");
    assert_eq!(first.at("/createdCoupons"), "[]");
    assert_eq!(first.at("/createdReferrals"), "[]");
}

#[test]
fn empty_values_clear() {
    let endpoint = Endpoint::start();
    endpoint.updated(
        "c",
        r#"{"profileId":"P","couponCodes":["XMAS-20-2021"],"referralCode":"NT2K54D9","identifiers":["i"],
            "loyaltyCards":["card"],"cartItems":[{"sku":"A","quantity":1,"price":1}],
            "additionalCosts":{"shipping":{"price":9}}}"#,
    );
    let cleared = endpoint.updated(
        "c",
        r#"{"profileId":"","couponCodes":[],"referralCode":"","identifiers":[],"loyaltyCards":[],
            "cartItems":[],"additionalCosts":{}}"#,
    );
    for (field, value) in [
        ("profileId", "\"\""),
        ("couponCodes", "[]"),
        ("referralCode", "\"\""),
        ("identifiers", "[]"),
        ("loyaltyCards", "[]"),
        ("cartItems", "[]"),
        ("additionalCosts", "{}"),
        ("total", "0"),
    ] {
        assert_eq!(cleared.at(&format!("/customerSession/{field}")), value, "{field}");
    }
    assert!(cleared.effects().iter().all(|(kind, _)| kind == "showNotification"), "{}", cleared.text);
}

#[test]
fn null_codes_are_kept() {
    let endpoint = Endpoint::start();
    endpoint.updated("c", r#"{"couponCodes":["A-1"],"referralCode":"R"}"#);
    let kept = endpoint.updated("c", r#"{"couponCodes":null,"referralCode":null}"#);
    assert_eq!(kept.at("/customerSession/couponCodes"), r#"["A-1"]"#);
    assert_eq!(kept.at("/customerSession/referralCode"), "\"R\"");
}

#[test]
fn attribute_null_removes_one_and_others_stay() {
    let endpoint = Endpoint::start();
    endpoint.updated("c", r#"{"attributes":{"Note":"n","ShippingCity":"Berlin"}}"#);
    let answer = endpoint.updated("c", r#"{"attributes":{"ShippingCity":null,"Newsletter":true}}"#);
    assert_eq!(answer.at("/customerSession/attributes"), r#"{"Note":"n","Newsletter":true}"#);
}

#[test]
fn items_and_costs_are_replaced_as_a_whole() {
    let endpoint = Endpoint::start();
    endpoint.updated(
        "c",
        r#"{"cartItems":[{"sku":"A","quantity":1,"price":1,"attributes":{"color":"red","size":"L"}}],
            "additionalCosts":{"shipping":{"price":9},"giftWrap":{"price":2}}}"#,
    );
    let answer = endpoint.updated(
        "c",
        r#"{"cartItems":[{"sku":"A","quantity":1,"price":1,"attributes":{"color":"blue","size":null}}],
            "additionalCosts":{"giftWrap":{"price":3}}}"#,
    );
    assert_eq!(answer.at("/customerSession/cartItems/0/attributes"), r#"{"color":"blue"}"#);
    assert_eq!(answer.at("/customerSession/additionalCosts"), r#"{"giftWrap":{"price":3}}"#);
}

#[test]
fn every_documented_update_is_accepted() {
    let endpoint = Endpoint::start();
    let mut files = 0;
    for entry in std::fs::read_dir(repository("tests/fixtures/api")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_string();
        if !name.contains("put-req") {
            continue;
        }
        let id = name.replace('.', "-");
        endpoint.updated(&id, "{}");
        let query = if name.contains("dry") { "?dry=true" } else { "" };
        let answer = endpoint.put(&format!("{id}{query}"), &std::fs::read_to_string(&path).unwrap());
        assert_eq!(answer.status, 200, "{name}: {}", answer.text);
        files += 1;
    }
    assert_eq!(files, 18);
}

#[test]
fn positions_count_from_0_and_what_the_server_sets_cannot_be_sent() {
    let endpoint = Endpoint::start();
    let answer = endpoint.updated(
        "c",
        r#"{"cartItems":[{"sku":"A","quantity":1,"price":1,"position":7,"returnedQuantity":3},
                         {"sku":"B","quantity":1,"price":1,"position":0,"remainingQuantity":3}]}"#,
    );
    assert_eq!(
        answer.at("/customerSession/cartItems"),
        r#"[{"sku":"A","quantity":1,"price":1,"position":0},{"sku":"B","quantity":1,"price":1,"position":1}]"#
    );
}

#[test]
fn totals_are_exact_and_item_costs_count_once_per_line() {
    let endpoint = Endpoint::start();
    let answer = endpoint.updated(
        "c",
        r#"{"cartItems":[{"sku":"A","quantity":3,"price":0.10,"additionalCosts":{"assembly":{"price":25}}},
                         {"sku":"B","quantity":7,"price":9.999},{"sku":"C","quantity":1,"price":33.33}],
            "additionalCosts":{"shipping":{"price":9},"giftWrap":{"price":0.005}}}"#,
    );
    assert_eq!(answer.at("/customerSession/cartItemTotal"), "103.623");
    assert_eq!(answer.at("/customerSession/cartItemAdditionalCostTotal"), "25");
    assert_eq!(answer.at("/customerSession/additionalCostTotal"), "9.005");
    assert_eq!(answer.at("/customerSession/total"), "137.628");
}

#[test]
fn a_price_may_come_from_the_catalog() {
    let endpoint = Endpoint::start();
    let answer = endpoint.updated("c", r#"{"cartItems":[{"sku":"SKU1241028","quantity":2}]}"#);
    assert_eq!(answer.at("/customerSession/cartItems/0/price"), "24.5");
    assert_eq!(answer.at("/customerSession/cartItems/0/catalogItemID"), "786");
    assert_eq!(answer.at("/customerSession/total"), "49");
}

#[test]
fn session_ids_are_64_bit_and_one_per_session() {
    let endpoint = Endpoint::start();
    let id = |name| endpoint.updated(name, "{}").at("/customerSession/id").parse::<i64>().unwrap();
    let (first, second) = (id("one"), id("two"));
    assert!(first > 1 << 53, "{first} would survive a double");
    assert_ne!(first, second);
    assert_eq!(id("one"), first);
}

#[test]
fn times_are_rfc_3339_and_updated_moves() {
    let endpoint = Endpoint::start();
    let first = endpoint.updated("c", "{}");
    let second = endpoint.updated("c", "{}");
    assert_eq!(first.at("/customerSession/created"), first.at("/customerSession/updated"));
    assert_eq!(first.at("/customerSession/created"), second.at("/customerSession/created"));
    let time = |text: String| {
        let format = time::format_description::well_known::Rfc3339;
        time::OffsetDateTime::parse(text.trim_matches('"'), &format).unwrap()
    };
    assert!(time(second.at("/customerSession/updated")) > time(first.at("/customerSession/updated")));
}

#[test]
fn the_first_session_of_a_profile_is_told_from_later_ones() {
    let endpoint = Endpoint::start();
    let first = |id: &str, profile: &str| {
        endpoint.updated(id, &format!("{{\"profileId\":\"{profile}\"}}")).at("/customerSession/firstSession")
    };
    assert_eq!(first("a", "P"), "true");
    assert_eq!(first("b", "P"), "false");
    assert_eq!(first("a", "P"), "true");
    assert_eq!(first("c", ""), "true");
    assert_eq!(first("d", ""), "true");
}

#[test]
fn parts_come_only_when_asked_for_and_unknown_words_are_passed_over() {
    let endpoint = Endpoint::start();
    let bare = endpoint.put("c", r#"{"customerSession":{}}"#);
    assert_eq!(bare.status, 200);
    let json = bare.json();
    let names = |json: &cartwright::model::json::Value| match json {
        cartwright::model::json::Value::Object(object) => {
            object.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>()
        }
        _ => Vec::new(),
    };
    assert_eq!(names(&json), ["effects", "createdCoupons", "createdReferrals"]);
    let asked = endpoint
        .put("c", r#"{"customerSession":{},"responseContent":["loyalty","customerSession","novelty"]}"#);
    assert_eq!(asked.at("/loyalty/programs"), "{}");
    assert_eq!(asked.at("/customerSession/integrationId"), "\"c\"");
}

#[test]
fn reading_gives_the_stored_session_and_its_effects() {
    let endpoint = Endpoint::start();
    let updated = endpoint.updated(
        "c",
        r#"{"couponCodes":["XMAS-20-2021"],"cartItems":[{"sku":"A","quantity":1,"price":10}]}"#,
    );
    let read = endpoint.session("c");
    assert_eq!(read.status, 200);
    assert_eq!(read.at("/customerSession"), updated.at("/customerSession"));
    assert_eq!(read.at("/effects"), updated.at("/effects"));
    assert_eq!(endpoint.get("/sandbox/sessions/c").json(), read.json());
    assert_eq!(endpoint.session("c").at("/customerSession/updateCount"), "1");
}

#[test]
fn a_session_that_nobody_made_is_404() {
    let endpoint = Endpoint::start();
    let answer = endpoint.session("nobody");
    assert_eq!((answer.status, answer.at("/StatusCode")), (404, "404".to_string()));
    assert_eq!(endpoint.get("/sandbox/sessions/nobody").status, 404);
}

#[test]
fn session_ids_of_every_kind_of_character() {
    let endpoint = Endpoint::start();
    for (path, id) in [
        ("a%2Fb%20c", "a/b c"),
        ("%25", "%"),
        ("100%2525", "100%25"),
        ("%C3%A9%F0%9F%9B%92", "é🛒"),
        ("a+b", "a+b"),
        ("%00", "\u{0}"),
        ("x'%3B--", "x';--"),
        ("%2e%2e%2f", "../"),
    ] {
        endpoint.updated(path, "{}");
        let answer = endpoint.session(path);
        let read = answer.json();
        let read = read.get("customerSession").unwrap().get("integrationId").unwrap();
        assert_eq!(read.as_str(), Some(id), "{path}");
        assert_eq!(endpoint.get(&format!("/sandbox/sessions/{path}")).json(), answer.json(), "{path}");
    }
}

/// Every transition of section 5 by an update, and all that an update may not make.
#[test]
fn state_table() {
    let endpoint = Endpoint::start();
    let put = |id: &str, state: &str| match state {
        "" => endpoint.put(id, r#"{"customerSession":{}}"#),
        state => endpoint.put(id, &format!("{{\"customerSession\":{{\"state\":\"{state}\"}}}}")),
    };
    for (number, (before, to, allowed)) in [
        ("", "", true),
        ("", "open", true),
        ("", "closed", true),
        ("", "cancelled", false),
        ("", "partially_returned", false),
        ("", "OPEN", false),
        ("open", "", true),
        ("open", "open", true),
        ("open", "closed", true),
        ("open", "cancelled", true),
        ("open", "partially_returned", false),
        ("open", "unheard-of", false),
        ("closed", "", false),
        ("closed", "open", false),
        ("closed", "closed", false),
        ("closed", "cancelled", true),
        ("closed", "partially_returned", false),
        ("cancelled", "", false),
        ("cancelled", "open", false),
        ("cancelled", "closed", false),
        ("cancelled", "cancelled", false),
        ("cancelled", "partially_returned", false),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("session-{number}");
        match before {
            "" => {}
            "cancelled" => {
                assert_eq!(put(&id, "open").status, 200);
                assert_eq!(put(&id, "cancelled").status, 200);
            }
            before => assert_eq!(put(&id, before).status, 200),
        }
        let answer = put(&id, to);
        let case = format!("{before:?} -> {to:?}: {}", answer.text);
        if allowed {
            assert_eq!(answer.status, 200, "{case}");
            let state = if to.is_empty() { "open" } else { to };
            assert_eq!(endpoint.session(&id).at("/customerSession/state"), format!("\"{state}\""), "{case}");
        } else {
            assert_eq!((answer.status, answer.places()), (400, vec!["/state".to_string()]), "{case}");
        }
    }
}

#[test]
fn a_wrong_state_is_worded_as_documented() {
    let endpoint = Endpoint::start();
    endpoint.updated("c", "{}");
    let answer = endpoint.put("c", r#"{"customerSession":{"state":"partially_returned"}}"#);
    let example =
        std::fs::read_to_string(repository("tests/fixtures/api/042-put-res-400-bad-state.json")).unwrap();
    assert_eq!(answer.json(), cartwright::model::json::Value::parse(&example).unwrap());
}

#[test]
fn a_closed_session_keeps_its_content_when_it_is_cancelled() {
    let endpoint = Endpoint::start();
    endpoint.updated("c", r#"{"state":"closed","cartItems":[{"sku":"A","quantity":1,"price":10}]}"#);
    assert_eq!(endpoint.put("c", &whole(r#"{"cartItems":[]}"#)).status, 400);
    let cancelled = endpoint.updated("c", r#"{"state":"cancelled","cartItems":[]}"#);
    assert_eq!(cancelled.at("/customerSession/total"), "10");
    assert_eq!(cancelled.at("/effects"), "[]");
}

#[test]
fn a_dry_run_answers_and_stores_nothing() {
    let endpoint = Endpoint::start();
    endpoint.updated("c", r#"{"cartItems":[{"sku":"A","quantity":1,"price":50}]}"#);
    let before = endpoint.session("c");
    let dry = |id: &str, query: &str, session: &str| {
        let path = format!("/session-api/v2/customer_sessions/{id}?{query}");
        endpoint.send("PUT", &path, &[("content-type", "application/json")], whole(session).as_bytes())
    };
    let preview = dry("c", "dry=true", r#"{"couponCodes":["XMAS-20-2021"]}"#);
    assert_eq!(preview.status, 200);
    assert_eq!(preview.props("setDiscount"), [r#"{"name":"20% off","value":10}"#]);
    assert_eq!(endpoint.session("c").json(), before.json());
    assert_eq!(dry("fresh", "dry=true", "{}").status, 200);
    assert_eq!(endpoint.session("fresh").status, 404);
    let soon = r#"{"couponCodes":["SOON"]}"#;
    assert_eq!(dry("c", "dry=true", soon).props("acceptCoupon").len(), 0);
    let later = dry("c", "dry=true&now=2999-06-01T00:00:00%2B02:00", soon);
    assert_eq!(later.props("acceptCoupon"), [r#"{"value":"SOON"}"#]);
    assert_eq!(dry("c", "dry=false", "{}").status, 200);
    assert_eq!(endpoint.session("c").at("/customerSession/updateCount"), "2");
}

#[test]
fn a_dry_run_evaluates_only_the_campaigns_that_it_names() {
    let endpoint = Endpoint::start();
    let body = whole(
        r#"{"evaluableCampaignIds":[246],"couponCodes":["XMAS-20-2021"],"cartItems":[{"sku":"A","quantity":1,"price":50}]}"#,
    );
    let path = "/session-api/v2/customer_sessions/c?dry=true";
    let answer = endpoint.send("PUT", path, &[("content-type", "application/json")], body.as_bytes());
    assert_eq!(
        answer
            .effects()
            .iter()
            .map(|(kind, props)| format!("{kind} {}", props.to_text()))
            .collect::<Vec<_>>(),
        [
            r#"rejectCoupon {"value":"XMAS-20-2021","rejectionReason":"CouponPartOfNotTriggeredCampaign","campaignExclusionReason":"CampaignNotInEvaluationSet"}"#
        ]
    );
}
