//! Rule 7: when it is tried again.

use cartwright::sync::backoff::{MAX_RETRY_AFTER, Random, delay, retry_after};
use cartwright::sync::{Event, Failure, Phase};
use proptest::prelude::*;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::desk::{Desk, items, new, with};

/// Wed, 21 Oct 2015 07:28:00 GMT in milliseconds since 1970.
const DATE: u64 = 1_445_412_480_000;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn rule_7_the_delay_lies_between_nothing_and_the_ceiling(
        seed: u64, base in 1_u64..=86_400_000, cap in 1_u64..=86_400_000, attempt: u32,
    ) {
        let ceiling = u128::from(base) << attempt.min(64);
        let ceiling = u64::try_from(ceiling).unwrap_or(u64::MAX).min(cap);
        let mut random = Random::new(seed);
        for _ in 0..10 {
            prop_assert!(delay(&mut random, base, cap, attempt) <= ceiling);
        }
    }

    #[test]
    fn rule_7_the_same_seed_gives_the_same_delays(seed: u64) {
        let delays = || {
            let mut random = Random::new(seed);
            (0..10).map(|attempt| delay(&mut random, 300, 30_000, attempt)).collect::<Vec<_>>()
        };
        prop_assert_eq!(delays(), delays());
    }

    #[test]
    fn rule_7_a_date_is_read_as_the_calendar_has_it(seconds in 0_u64..253_402_300_799) {
        let date = OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).unwrap()).unwrap();
        let text = date.format(&Rfc2822).unwrap().replace("+0000", "GMT");
        let before = (seconds * 1000).saturating_sub(200_000);
        prop_assert_eq!(retry_after(&text, before), Some((seconds * 1000).min(200_000)), "{}", text);
    }

    #[test]
    fn rule_7_any_header_is_read_or_passed_over(text in ".{0,60}", now: u64) {
        prop_assert!(retry_after(&text, now).is_none_or(|wait| wait <= MAX_RETRY_AFTER));
    }
}

#[test]
fn rule_7_the_whole_range_is_used() {
    let mut random = Random::new(7);
    let delays: Vec<u64> = (0..2000).map(|_| delay(&mut random, 300, 30_000, 3)).collect();
    assert!(delays.iter().any(|delay| *delay < 100) && delays.iter().any(|delay| *delay > 2300));
    let mean = delays.iter().sum::<u64>() / 2000;
    assert!((1100..1300).contains(&mean), "{mean}");
}

#[test]
fn rule_7_retry_after_in_every_form() {
    for (header, wait) in [
        ("0", Some(0)),
        ("7", Some(7000)),
        (" 7 ", Some(7000)),
        ("300", Some(300_000)),
        ("301", Some(300_000)),
        ("86400", Some(300_000)),
        ("99999999999999999999999999", Some(300_000)),
        ("Wed, 21 Oct 2015 07:28:10 GMT", Some(10_000)),
        ("Wed, 21 Oct 2015 07:28:00 GMT", Some(0)),
        ("Wed, 21 Oct 2015 07:27:00 GMT", Some(0)),
        ("Thu, 21 Oct 2055 07:28:00 GMT", Some(300_000)),
        ("", None),
        (" ", None),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("+5", None),
        ("soon", None),
        ("2015-10-21T07:28:10Z", None),
        ("Wed, 21 Oct 2015 07:28:10 CET", None),
        ("Wed, 21 Okt 2015 07:28:10 GMT", None),
        ("Wed, 21 Oct 2015 24:28:10 GMT", None),
        ("Wed, 21 Oct 2015 07:60:10 GMT", None),
        ("Wed, 00 Oct 2015 07:28:10 GMT", None),
        ("Wed, 32 Oct 2015 07:28:10 GMT", None),
        ("Wed, 1 Oct 2015 07:28:10 GMT", None),
        ("Wed, 21 Oct 1015 07:28:10 GMT", None),
        ("Wed, 21 Oct 2015 07:28:10 GMT more", None),
    ] {
        assert_eq!(retry_after(header, DATE), wait, "{header:?}");
    }
}

/// The wait after an answer with that header.
fn waited(status: u16, header: Option<&str>) -> u64 {
    let mut desk = Desk::new();
    desk.add("A", 1);
    desk.next();
    desk.answer_after(status, "{}", header);
    let at = desk.wake.expect("a wait");
    assert_eq!(desk.machine.retry_at(), Some(at));
    at - desk.now
}

#[test]
fn rule_7_the_server_is_asked_again_no_earlier_than_it_wished() {
    for status in [409, 429, 408, 425, 500, 503] {
        assert_eq!(waited(status, Some("20")), 20_000, "{status}");
        assert_eq!(waited(status, Some("86400")), 300_000, "at most 5 minutes");
        // The request left after the debounce of an edit on the 15th of January 2027.
        assert_eq!(waited(status, Some("Fri, 15 Jan 2027 08:01:00 GMT")), 60_000 - 150, "{status}");
        for header in [None, Some("soon"), Some("0"), Some("")] {
            assert!((0..=300).contains(&waited(status, header)), "{status} {header:?}");
        }
    }
}

#[test]
fn rule_7_nothing_shortens_a_retry_after() {
    let mut desk = Desk::new();
    desk.add("A", 1);
    desk.next();
    desk.answer_after(429, "{}", Some("60"));
    let until = desk.now + 60_000;
    let flush = desk.ask(cartwright::sync::Ask::Flush);
    desk.edit(json!({ "do": "coupons.add", "code": "XMAS-20-2021" }));
    for event in [Event::Offline, Event::Online, Event::Hidden, Event::Shown, Event::Woke] {
        desk.handle(event);
        assert!(desk.open.is_none());
    }
    desk.wait();
    assert_eq!(desk.request().at, until);
    desk.run();
    assert!(desk.done(flush));
}

#[test]
fn rule_7_a_plain_wait_is_ended_by_the_network_or_a_look_at_the_page() {
    for event in [Event::Online, Event::Shown] {
        let mut desk = Desk::new();
        desk.add("A", 1);
        desk.next();
        for _ in 0..12 {
            desk.fail(Failure::Network);
            desk.next();
        }
        desk.fail(Failure::Network);
        if desk.open.is_none() {
            desk.handle(event);
        }
        assert_eq!(desk.request().at, desk.now);
    }
}

#[test]
fn rule_7_attempts_go_on_while_the_page_is_open_and_their_count_ends_with_success() {
    let mut desk = Desk::with(&with(new(), json!({ "sync": { "baseMs": 100, "capMs": 1000 } })));
    desk.add("A", 1);
    desk.next();
    for attempt in 1..=200 {
        desk.answer(503, "");
        assert_eq!((desk.machine.attempt(), desk.phase()), (attempt, Phase::Waiting));
        let ceiling = 1000.min(100 << (attempt - 1).min(20));
        let at = desk.now;
        assert!(desk.next().at - at <= ceiling, "{attempt}");
    }
    desk.serve();
    assert_eq!(desk.machine.attempt(), 0);
    desk.add("A", 1);
    desk.next();
    desk.answer(503, "");
    assert!(desk.next().at - desk.now <= 100, "the back-off begins anew");
}

#[test]
fn rule_7_offline_counts_no_attempts_and_probes_every_cap() {
    let mut desk = Desk::new();
    desk.add("A", 1);
    desk.handle(Event::Offline);
    assert_eq!(desk.phase(), Phase::Offline);
    for _ in 0..5 {
        assert_eq!(desk.wait(), 30_000);
        desk.fail(Failure::Network);
        assert_eq!((desk.phase(), desk.machine.attempt()), (Phase::Offline, 0));
    }
    desk.add("A", 1);
    desk.handle(Event::Online);
    assert_eq!(desk.request().at, desk.now, "the network is back");
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("A", 2)]));
    assert_eq!(desk.phase(), Phase::Idle);
}

#[test]
fn rule_7_a_probe_that_is_answered_heals_without_an_event() {
    let mut desk = Desk::new();
    desk.handle(Event::Offline);
    desk.add("A", 1);
    desk.run();
    assert_eq!(desk.endpoint.items(), items(&[("A", 1)]));
}
