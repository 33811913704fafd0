//! The session API reference, statement by statement: sections 3 to 8 as far as the sandbox claims
//! them. `statements.tsv` lists each one with its test, here or in another file.

use std::collections::BTreeSet;

use cartwright::amount::Amount;

use crate::harness::{Answer, Endpoint, repository, session_path, whole};

/// Every word of `responseContent` (section 8).
const WORDS: [&str; 12] = [
    "customerSession",
    "customerProfile",
    "coupons",
    "triggeredCampaigns",
    "referral",
    "loyalty",
    "event",
    "ruleFailureReasons",
    "awardedGiveaways",
    "previousReturns",
    "campaignEligibility",
    "achievements",
];

const CART: &str = r#""cartItems":[{"sku":"MUG","quantity":2,"price":10,"category":"kitchen"}]"#;

fn everything() -> Endpoint {
    let file = repository("server/campaigns/everything.json");
    Endpoint::start_with(&["--campaigns", file.to_str().unwrap()])
}

/// An update that asks for everything.
fn asked(endpoint: &Endpoint, id: &str, session: &str) -> Answer {
    let body = format!(r#"{{"customerSession":{session},"responseContent":["{}"]}}"#, WORDS.join("\",\""));
    let answer = endpoint.put(id, &body);
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

fn reopened(endpoint: &Endpoint, id: &str) -> Answer {
    let answer = endpoint.send("PUT", &format!("{}/reopen", session_path(id)), &[], b"");
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

fn returned(endpoint: &Endpoint, id: &str, query: &str, items: &str) -> Answer {
    let body = format!(
        r#"{{"return":{{"returnedCartItems":{items}}},"responseContent":["{}"]}}"#,
        WORDS.join("\",\"")
    );
    let path = format!("{}/returns{query}", session_path(id));
    let answer = endpoint.send("POST", &path, &[("content-type", "application/json")], body.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

fn reasons(answer: &Answer, kind: &str) -> Vec<String> {
    let effects = answer.effects().into_iter().filter(|(found, _)| found == kind);
    effects.map(|(_, props)| props.get("rejectionReason").unwrap().as_str().unwrap().to_string()).collect()
}

fn kinds(answer: &Answer) -> Vec<String> {
    answer.effects().into_iter().map(|(kind, _)| kind).collect()
}

fn balance(answer: &Answer, which: &str) -> String {
    answer.at(&format!("/loyalty/programs/5/ledger/{which}"))
}

#[test]
fn every_statement_has_its_test() {
    let text = std::fs::read_to_string(repository("server/tests/endpoint/statements.tsv")).unwrap();
    let mut sections = BTreeSet::new();
    for line in text.lines().skip(1) {
        let [section, statement, test] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let (file, name) = test.rsplit_once("::").unwrap();
        let file = file.split("::").next().unwrap();
        let source =
            std::fs::read_to_string(repository(&format!("server/tests/endpoint/{file}.rs"))).unwrap();
        assert!(source.contains(&format!("fn {name}() {{")), "{statement}: no test {test}");
        sections.insert(section.split('.').next().unwrap().to_string());
    }
    assert_eq!(sections.into_iter().collect::<Vec<_>>(), ["3", "4", "5", "6", "7", "8"]);
}

mod section_3 {
    use super::*;

    #[test]
    fn a_session_that_does_not_exist_is_created_else_changed() {
        let endpoint = Endpoint::start();
        assert_eq!(endpoint.session("c").status, 404);
        let created = endpoint.updated("c", "{}");
        let changed = endpoint.updated("c", "{}");
        assert_eq!(created.at("/customerSession/id"), changed.at("/customerSession/id"));
        assert_eq!(created.at("/customerSession/updateCount"), "1");
        assert_eq!(changed.at("/customerSession/updateCount"), "2");
    }

    #[test]
    fn a_profile_that_does_not_exist_is_created_empty() {
        let endpoint = everything();
        let answer = asked(&endpoint, "c", r#"{"profileId":"NEW"}"#);
        assert_eq!(answer.at("/customerProfile/integrationId"), "\"NEW\"");
        assert_eq!(answer.at("/customerProfile/attributes"), "{}");
        assert_eq!(answer.at("/customerProfile/closedSessions"), "0");
        assert_eq!(answer.at("/customerProfile/totalSales"), "0");
        assert!(asked(&endpoint, "anonymous", "{}").json().get("customerProfile").is_none());
    }

    #[test]
    fn an_update_builds_on_the_stored_session_and_a_dry_one_leaves_it() {
        let endpoint = Endpoint::start();
        endpoint.updated("c", &format!(r#"{{{CART},"couponCodes":["XMAS-20-2021"]}}"#));
        let dry = endpoint.put("c?dry=true", &whole(r#"{"couponCodes":[]}"#));
        assert_eq!(dry.props("setDiscount").len(), 0);
        let next = endpoint.updated("c", r#"{"attributes":{"Note":"n"}}"#);
        assert_eq!(next.props("setDiscount"), [r#"{"name":"20% off","value":4}"#]);
        assert_eq!(next.at("/customerSession/cartItems/0/sku"), "\"MUG\"");
        assert_eq!(next.at("/customerSession/updateCount"), "2");
    }

    #[test]
    fn the_answer_holds_all_effects_that_hold_now_and_no_earlier_ones() {
        let endpoint = Endpoint::start();
        endpoint.updated("c", &format!(r#"{{{CART},"couponCodes":["XMAS-20-2021"]}}"#));
        let again = endpoint.updated("c", "{}");
        assert_eq!(again.props("acceptCoupon"), [r#"{"value":"XMAS-20-2021"}"#]);
        let other = endpoint.updated("c", r#"{"couponCodes":["NOPE"]}"#);
        assert_eq!(other.props("acceptCoupon").len(), 0);
        assert_eq!(other.props("setDiscount").len(), 0);
        assert_eq!(endpoint.session("c").at("/effects"), other.at("/effects"));
    }

    #[test]
    fn a_coupon_is_redeemed_at_the_closing_and_not_before() {
        let endpoint = Endpoint::start();
        let once = |id: &str, state: &str| {
            endpoint.updated(
                id,
                &format!(r#"{{"profileId":"P","couponCodes":["ONCE"],"state":"{state}",{CART}}}"#),
            )
        };
        assert_eq!(reasons(&once("a", "open"), "rejectCoupon"), [""; 0]);
        assert_eq!(reasons(&once("b", "open"), "rejectCoupon"), [""; 0]);
        assert_eq!(once("a", "closed").props("acceptCoupon").len(), 1);
        assert_eq!(reasons(&once("b", "open"), "rejectCoupon"), ["ProfileLimitReached"]);
        let other = endpoint.updated("d", r#"{"profileId":"Q","couponCodes":["ONCE"]}"#);
        assert_eq!(other.props("acceptCoupon").len(), 1, "another profile has not used it");
    }

    #[test]
    fn a_referral_is_redeemed_at_the_closing() {
        let endpoint = Endpoint::start();
        let refer = |id: &str, state: &str| {
            let session =
                format!(r#"{{"profileId":"P","referralCode":"NT2K54D9","state":"{state}",{CART}}}"#);
            endpoint.updated(id, &session)
        };
        assert_eq!(refer("a", "closed").props("acceptReferral").len(), 1);
        assert_eq!(reasons(&refer("b", "open"), "rejectReferral"), ["ReferralCustomerAlreadyReferred"]);
    }

    #[test]
    fn points_are_booked_at_the_closing() {
        let endpoint = everything();
        let cart = format!(r#"{{"profileId":"P","couponCodes":["E-POINTS"],{CART}}}"#);
        let open = asked(&endpoint, "c", &cart);
        assert_eq!(balance(&open, "currentBalance"), "0");
        assert_eq!(balance(&open, "tentativeCurrentBalance"), "40");
        let closed = asked(&endpoint, "c", r#"{"state":"closed"}"#);
        assert_eq!(balance(&closed, "currentBalance"), "40");
        assert_eq!(closed.at("/loyalty/programs/5/subLedgers/kitchen/pendingBalance"), "6");
        let next = asked(&endpoint, "d", r#"{"profileId":"P"}"#);
        assert_eq!(balance(&next, "currentBalance"), "40");
    }

    #[test]
    fn a_closed_session_is_frozen() {
        let endpoint = Endpoint::start();
        endpoint.updated("c", &format!(r#"{{"state":"closed",{CART}}}"#));
        let before = endpoint.session("c").text;
        for session in ["{}", r#"{"cartItems":[]}"#, r#"{"couponCodes":["VIP"]}"#, r#"{"state":"closed"}"#] {
            assert_eq!(endpoint.put("c", &whole(session)).status, 400, "{session}");
        }
        assert_eq!(endpoint.session("c").text, before);
    }

    #[test]
    fn a_campaign_that_asks_for_identifiers_needs_them_in_the_session() {
        let endpoint = everything();
        let with = |identifiers: &str| {
            let session = format!(
                r#"{{"couponCodes":["R-CONDITION"],"attributes":{{"ShippingCity":"Berlin"}},"identifiers":{identifiers},{CART}}}"#
            );
            endpoint.updated("c", &session)
        };
        assert_eq!(reasons(&with(r#"["one"]"#), "rejectCoupon"), ["CouponRejectedByCondition"]);
        assert_eq!(with(r#"["one","two"]"#).props("acceptCoupon").len(), 1);
    }

    #[test]
    fn giveaway_codes_are_shown_only_at_the_closing() {
        let endpoint = everything();
        let cart = r#"{"profileId":"P","couponCodes":["E-GIVEAWAY"]}"#;
        let open = asked(&endpoint, "c", cart);
        assert_eq!(kinds(&open), ["acceptCoupon", "willAwardGiveaway"]);
        assert!(!open.text.contains("TICKET"), "{}", open.text);
        let closed = asked(&endpoint, "c", r#"{"state":"closed"}"#);
        assert_eq!(kinds(&closed), ["acceptCoupon", "awardGiveaway"]);
        assert_eq!(closed.at("/awardedGiveaways/0/code"), "\"TICKET-57638\"");
        let codes = |id: &str| {
            let closed =
                asked(&endpoint, id, r#"{"profileId":"Q","couponCodes":["E-GIVEAWAY"],"state":"closed"}"#);
            closed
                .effects()
                .into_iter()
                .filter_map(|(_, props)| Some(props.get("code")?.to_text()))
                .collect::<Vec<_>>()
        };
        assert_eq!(codes("d"), ["\"TICKET-67439\""]);
        assert_eq!(codes("e"), [""; 0], "two codes are in the pool");
    }
}

mod section_4 {
    use super::*;

    #[test]
    fn an_error_has_a_message_and_single_problems_with_their_places() {
        let endpoint = Endpoint::start();
        let answer = endpoint.put("c", &whole(r#"{"attributes":{"Foo":1},"cartItems":[{"quantity":0}]}"#));
        assert_eq!(answer.status, 400);
        assert!(answer.json().get("message").is_some());
        let problems = answer.json();
        for problem in problems.get("errors").unwrap().as_array().unwrap() {
            assert!(problem.get("title").is_some() && problem.get("details").is_some(), "{}", answer.text);
            assert_eq!(problem.get("source").unwrap().as_object().unwrap().len(), 1, "{}", answer.text);
        }
        let parameter = endpoint.put("c?dry=perhaps", &whole("{}"));
        assert_eq!(parameter.at("/errors/0/source"), r#"{"parameter":"dry"}"#);
    }

    #[test]
    fn pointers_start_at_the_entity() {
        let endpoint = Endpoint::start();
        let answer = endpoint.put("c", &whole(r#"{"attributes":{"Foo":1},"state":"unheard-of"}"#));
        assert_eq!(answer.places(), ["/attributes/Foo"]);
        assert_eq!(endpoint.put("c", &whole(r#"{"state":"unheard-of"}"#)).places(), ["/state"]);
    }
}

mod section_5 {
    use super::*;

    #[test]
    fn reopening_gives_the_redemption_back() {
        let endpoint = Endpoint::start();
        let session = format!(r#"{{"profileId":"P","couponCodes":["ONCE"],"state":"closed",{CART}}}"#);
        endpoint.updated("a", &session);
        reopened(&endpoint, "a");
        assert_eq!(endpoint.updated("b", &session).props("acceptCoupon").len(), 1);
        let own = endpoint.updated("a", "{}");
        assert_eq!(reasons(&own, "rejectCoupon"), ["ProfileLimitReached"], "the other session was quicker");
    }

    #[test]
    fn what_was_given_stays_after_reopening_and_is_not_given_twice() {
        let endpoint = everything();
        let codes = r#"["E-GIVEAWAY","E-CREATE","E-FREE","E-CUSTOM","E-ATTRIBUTE"]"#;
        let session = format!(r#"{{"profileId":"P","couponCodes":{codes},"state":"closed",{CART}}}"#);
        let closed = asked(&endpoint, "c", &session);
        reopened(&endpoint, "c");
        let stays = [
            "awardGiveaway",
            "couponCreated",
            "referralCreated",
            "reserveCoupon",
            "addFreeItem",
            "addFreeItem",
            "customEffect",
            "customEffect",
            "customEffect",
            "updateAttribute",
        ];
        assert_eq!(kinds(&endpoint.session("c")), stays);
        let again = asked(&endpoint, "c", r#"{"state":"closed"}"#);
        for part in ["awardedGiveaways/0/code", "createdCoupons/0/value", "createdReferrals/0/code"] {
            assert_eq!(again.at(&format!("/{part}")), closed.at(&format!("/{part}")), "{part}");
        }
        let other =
            asked(&endpoint, "d", r#"{"profileId":"Q","couponCodes":["E-GIVEAWAY"],"state":"closed"}"#);
        assert_eq!(other.at("/awardedGiveaways/0/code"), "\"TICKET-67439\"");
    }

    #[test]
    fn points_that_are_rolled_back_may_leave_a_negative_balance() {
        let endpoint = everything();
        let earning = r#"{"profileId":"P","couponCodes":["E-POINTS"],"state":"closed","cartItems":[{"sku":"A","quantity":1,"price":30}]}"#;
        asked(&endpoint, "earning", earning);
        let paying =
            asked(&endpoint, "paying", r#"{"profileId":"P","couponCodes":["E-PAY"],"state":"closed"}"#);
        assert_eq!(balance(&paying, "currentBalance"), "10");
        assert_eq!(kinds(&reopened(&endpoint, "earning")), ["rollbackCoupon", "rollbackAddedLoyaltyPoints"]);
        let after = asked(&endpoint, "later", r#"{"profileId":"P"}"#);
        assert_eq!(balance(&after, "currentBalance"), "0");
        assert_eq!(balance(&after, "negativeBalance"), "50");
        reopened(&endpoint, "paying");
        let settled = asked(&endpoint, "later", "{}");
        assert_eq!(balance(&settled, "currentBalance"), "0");
        assert_eq!(balance(&settled, "negativeBalance"), "0");
    }

    #[test]
    fn after_cancelling_coupons_are_usable_again_and_created_ones_stay() {
        let endpoint = everything();
        let codes = r#"["R-ONCE","E-CREATE","E-ATTRIBUTE"]"#;
        let session = format!(r#"{{"profileId":"P","couponCodes":{codes},"state":"closed",{CART}}}"#);
        asked(&endpoint, "a", &session);
        let cancelled = asked(&endpoint, "a", r#"{"state":"cancelled"}"#);
        assert_eq!(
            kinds(&cancelled),
            ["rollbackCoupon", "rollbackDiscount", "rollbackCoupon", "rollbackCoupon"]
        );
        assert_eq!(cancelled.at("/customerProfile/closedSessions"), "0");
        let stored = kinds(&endpoint.session("a"));
        assert!(["couponCreated", "updateAttribute"].iter().all(|kind| stored.contains(&kind.to_string())));
        let again = endpoint.updated("b", r#"{"profileId":"P","couponCodes":["R-ONCE"]}"#);
        assert_eq!(again.props("acceptCoupon").len(), 1);
    }

    #[test]
    fn a_return_evaluates_again_only_with_run_rule_engine_and_only_what_asks_for_it() {
        let endpoint = everything();
        // E-DISCOUNT (20 %) asks for it, R-PROFILE (10 off) does not.
        let session = format!(
            r#"{{"profileId":"P","couponCodes":["E-DISCOUNT","R-PROFILE"],"state":"closed",{CART}}}"#
        );
        for (id, query) in [("without", ""), ("with", "?runRuleEngine=true")] {
            endpoint.updated(id, &session);
            let answer = returned(&endpoint, id, query, r#"[{"position":0,"quantity":1}]"#);
            let expected: &[&str] = if query.is_empty() { &[] } else { &["rollbackDiscount", "setDiscount"] };
            assert_eq!(kinds(&answer), expected, "{id}");
        }
        let discounts = endpoint.session("with").props("setDiscount");
        assert_eq!(
            discounts,
            [
                r#"{"name":"10 off","value":10,"desiredValue":10}"#,
                r#"{"name":"20% off","value":2,"scope":"sessionTotal","desiredValue":2}"#,
            ]
        );
    }

    #[test]
    fn returning_every_unit_leads_to_no_other_state() {
        let endpoint = Endpoint::start();
        endpoint.updated("c", &format!(r#"{{"state":"closed",{CART}}}"#));
        let answer = returned(&endpoint, "c", "", r#"[{"position":0}]"#);
        assert_eq!(answer.at("/customerSession/state"), "\"partially_returned\"");
    }
}

mod section_6 {
    use super::*;

    #[test]
    fn an_omitted_state_keeps_the_stored_one() {
        let endpoint = Endpoint::start();
        assert_eq!(endpoint.updated("c", "{}").at("/customerSession/state"), "\"open\"");
        endpoint.updated("c", r#"{"state":"closed"}"#);
        assert_eq!(endpoint.put("c", &whole("{}")).places(), ["/state"], "it is not taken for open");
    }

    #[test]
    fn an_empty_text_is_a_value_of_an_attribute() {
        let endpoint = Endpoint::start();
        let answer = endpoint.updated("c", r#"{"attributes":{"Note":""}}"#);
        assert_eq!(answer.at("/customerSession/attributes"), r#"{"Note":""}"#);
    }
}

mod section_7 {
    use super::*;

    /// Whether these sessions are taken and refused, and where.
    fn limit(taken: &str, refused: &str, place: &str) {
        let endpoint = Endpoint::start();
        let answer = endpoint.put("c", &whole(taken));
        assert_eq!(answer.status, 200, "{}", answer.text);
        let answer = endpoint.put("c", &whole(refused));
        assert_eq!((answer.status, answer.places()), (400, vec![place.to_string()]), "{}", answer.text);
    }

    fn lines(count: usize, quantity: u64) -> String {
        let line = format!(r#"{{"sku":"A","quantity":{quantity},"price":1}}"#);
        format!(r#"{{"cartItems":[{}]}}"#, vec![line; count].join(","))
    }

    fn item(fields: &str) -> String {
        format!(r#"{{"cartItems":[{{{fields}}}]}}"#)
    }

    #[test]
    fn at_most_1000_lines() {
        limit(&lines(1000, 1), &lines(1001, 1), "/cartItems");
    }

    #[test]
    fn at_most_10_000_units() {
        limit(&lines(10, 1000), &lines(10, 1001), "/cartItems");
    }

    #[test]
    fn a_quantity_is_an_integer_of_at_least_1() {
        let of = |quantity: &str| item(&format!(r#""sku":"A","quantity":{quantity},"price":1"#));
        limit(&of("1"), &of("0"), "/cartItems/0/quantity");
        limit(&of("2.0"), &of("1.5"), "/cartItems/0/quantity");
    }

    #[test]
    fn a_sku_has_at_least_1_character() {
        let of = |sku: &str| item(&format!(r#""sku":"{sku}","quantity":1,"price":1"#));
        limit(&of("A"), &of(""), "/cartItems/0/sku");
    }

    #[test]
    fn a_name_is_free_and_optional() {
        let endpoint = Endpoint::start();
        let answer = endpoint.updated("c", &item(r#""sku":"A","quantity":1,"price":1,"name":"""#));
        assert_eq!(answer.at("/customerSession/cartItems/0/name"), "\"\"");
        endpoint.updated("c", &item(r#""sku":"A","quantity":1,"price":1"#));
    }

    #[test]
    fn a_coupon_code_has_at_most_100_characters() {
        let of = |length: usize| format!(r#"{{"couponCodes":["{}"]}}"#, "é".repeat(length));
        limit(&of(100), &of(101), "/couponCodes/0");
    }

    #[test]
    fn the_number_of_coupon_codes_is_not_limited() {
        let codes: Vec<String> = (0..5000).map(|code| format!("\"CODE-{code}\"")).collect();
        let answer = Endpoint::start().updated("c", &format!(r#"{{"couponCodes":[{}]}}"#, codes.join(",")));
        assert_eq!(answer.props("rejectCoupon").len(), 5000);
    }

    #[test]
    fn a_referral_code_has_at_most_100_characters() {
        let of = |length: usize| format!(r#"{{"referralCode":"{}"}}"#, "é".repeat(length));
        limit(&of(100), &of(101), "/referralCode");
    }

    #[test]
    fn at_most_1_loyalty_card() {
        limit(r#"{"loyaltyCards":["CARD"]}"#, r#"{"loyaltyCards":["CARD","CARD-2"]}"#, "/loyaltyCards");
    }

    #[test]
    fn at_most_5_identifiers() {
        let of = |count: usize| format!(r#"{{"identifiers":[{}]}}"#, vec!["\"i\""; count].join(","));
        limit(&of(5), &of(6), "/identifiers");
    }

    #[test]
    fn a_store_id_has_1_to_1000_characters() {
        let of = |length: usize| format!(r#"{{"storeIntegrationId":"{}"}}"#, "s".repeat(length));
        limit(&of(1), &of(0), "/storeIntegrationId");
        limit(&of(1000), &of(1001), "/storeIntegrationId");
    }

    #[test]
    fn names_of_attributes_and_costs_are_case_sensitive_and_declared() {
        limit(r#"{"attributes":{"Note":"n"}}"#, r#"{"attributes":{"note":"n"}}"#, "/attributes/note");
        limit(
            r#"{"additionalCosts":{"shipping":{"price":1}}}"#,
            r#"{"additionalCosts":{"Shipping":{"price":1}}}"#,
            "/additionalCosts/Shipping",
        );
    }

    #[test]
    fn attributes_have_the_declared_type() {
        let endpoint = everything();
        for (name, right, wrong) in [
            ("ShippingCity", "\"Berlin\"", "1"),
            ("StayNights", "2.5", "\"2\""),
            ("Newsletter", "true", "\"true\""),
            ("CheckInDate", "\"2030-01-01T00:00:00.5+02:00\"", "\"2030-01-01\""),
            ("Place", "{\"latitude\":1}", "\"here\""),
            ("Tags", "[\"a\"]", "\"a\""),
            ("Sizes", "[1,2]", "[\"1\"]"),
            ("Days", "[\"2030-01-01T00:00:00Z\"]", "[1]"),
            ("Places", "[{}]", "{}"),
        ] {
            let of = |value: &str| whole(&format!(r#"{{"attributes":{{"{name}":{value}}}}}"#));
            assert_eq!(endpoint.put("c", &of(right)).status, 200, "{name}");
            assert_eq!(endpoint.put("c", &of(wrong)).places(), [format!("/attributes/{name}")]);
        }
    }

    #[test]
    fn a_line_is_split_into_units_counted_from_0_and_stored_as_sent() {
        let endpoint = Endpoint::start();
        let answer = endpoint.updated(
            "c",
            r#"{"couponCodes":["SHOES5"],"cartItems":[{"sku":"A","quantity":2,"price":9,"category":"shoes"}]}"#,
        );
        let units: Vec<String> = answer
            .effects()
            .into_iter()
            .filter_map(|(_, props)| {
                Some(format!("{} {}", props.get("position")?.to_text(), props.get("subPosition")?.to_text()))
            })
            .collect();
        assert_eq!(units, ["0 0", "0 1"]);
        assert_eq!(answer.at("/customerSession/cartItems/0/quantity"), "2");
    }

    #[test]
    fn totals_are_before_discounts_and_add_up() {
        let endpoint = Endpoint::start();
        let answer = endpoint.updated(
            "c",
            r#"{"couponCodes":["XMAS-20-2021"],"cartItems":[{"sku":"A","quantity":1,"price":99.99,"additionalCosts":{"assembly":{"price":15}}}],
                "additionalCosts":{"shipping":{"price":20}}}"#,
        );
        assert_eq!(answer.at("/customerSession/total"), "134.99");
        assert_eq!(answer.at("/customerSession/cartItemTotal"), "99.99");
        assert_eq!(answer.at("/customerSession/additionalCostTotal"), "20");
        assert_eq!(answer.at("/customerSession/cartItemAdditionalCostTotal"), "15");
        assert_eq!(answer.props("setDiscount"), [r#"{"name":"20% off","value":19.998}"#]);
    }

    #[test]
    fn a_discount_that_is_spread_adds_up_exactly_below_the_cent() {
        let endpoint = everything();
        let answer = endpoint.updated(
            "c",
            r#"{"couponCodes":["E-PRORATA"],"cartItems":[{"sku":"A","quantity":3,"price":7.77},{"sku":"B","quantity":4,"price":0.03}]}"#,
        );
        let sum = answer
            .effects()
            .into_iter()
            .filter(|(kind, _)| kind == "setDiscountPerItem")
            .map(|(_, props)| Amount::parse(&props.get("value").unwrap().to_text()).unwrap())
            .fold(Amount::ZERO, |sum, value| sum.add(value).unwrap());
        assert_eq!(sum.to_string(), "10");
    }

    #[test]
    fn returned_and_remaining_units_are_the_quantity_and_totals_stay() {
        let endpoint = Endpoint::start();
        endpoint.updated(
            "c",
            r#"{"state":"closed","cartItems":[{"sku":"A","quantity":5,"price":2},{"sku":"B","quantity":1,"price":3}]}"#,
        );
        for so_far in [1, 2, 3] {
            let answer = returned(&endpoint, "c", "", r#"[{"position":0,"quantity":1}]"#);
            let of = |member: &str| {
                answer.at(&format!("/customerSession/cartItems/0/{member}")).parse::<i64>().unwrap()
            };
            assert_eq!(of("returnedQuantity"), so_far);
            assert_eq!(of("returnedQuantity") + of("remainingQuantity"), of("quantity"));
            assert_eq!(answer.at("/customerSession/total"), "13");
        }
    }
}

mod section_8 {
    use super::*;

    #[test]
    fn each_word_gives_its_part_and_no_other() {
        let endpoint = everything();
        let session = r#"{"profileId":"P","couponCodes":["E-DISCOUNT"],"referralCode":"E-REFERRAL"}"#;
        for word in WORDS {
            let body = format!(r#"{{"customerSession":{session},"responseContent":["{word}"]}}"#);
            let answer = endpoint.put("c?dry=true", &body).json();
            let parts: Vec<&str> = answer.as_object().unwrap().iter().map(|(name, _)| name).collect();
            let others: Vec<&&str> = parts
                .iter()
                .filter(|part| !["effects", "createdCoupons", "createdReferrals"].contains(*part))
                .collect();
            assert_eq!(others, [&word], "{word}");
        }
    }

    #[test]
    fn campaign_eligibility_comes_in_dry_runs_only() {
        let endpoint = everything();
        let answer = asked(&endpoint, "c", "{}");
        assert!(answer.json().get("campaignEligibility").is_none());
        let dry = asked(
            &endpoint,
            "c?dry=true",
            r#"{"couponCodes":["E-DISCOUNT","R-CONDITION","G-SMALL","G-LARGE"]}"#,
        );
        assert!(dry.text.contains(r#""failureCode":"CONDITION_NOT_MET""#), "{}", dry.text);
    }

    #[test]
    fn a_return_knows_fewer_words() {
        let endpoint = everything();
        endpoint.updated("c", &format!(r#"{{"profileId":"P","state":"closed",{CART}}}"#));
        let answer = returned(&endpoint, "c", "", r#"[{"position":0,"quantity":1}]"#).json();
        let parts: BTreeSet<&str> = answer.as_object().unwrap().iter().map(|(name, _)| name).collect();
        for word in [
            "customerSession",
            "customerProfile",
            "coupons",
            "triggeredCampaigns",
            "loyalty",
            "event",
            "previousReturns",
        ] {
            assert!(parts.contains(word), "{word}");
        }
        for word in ["ruleFailureReasons", "awardedGiveaways", "campaignEligibility", "achievements"] {
            assert!(!parts.contains(word), "{word}");
        }
    }

    #[test]
    fn card_details_come_only_with_a_card() {
        let endpoint = everything();
        assert!(asked(&endpoint, "c", "{}").json().get("loyalty").unwrap().get("cards").is_none());
        let with = asked(&endpoint, "c", r#"{"loyaltyCards":["CARD-0001"]}"#);
        assert_eq!(with.at("/loyalty/cards/0/identifier"), "\"CARD-0001\"");
        assert_eq!(with.at("/loyalty/cards/0/ledger/currentBalance"), "12");
    }
}
