//! Random orders of updates, returns and reopenings on the rules themselves: every answer is what
//! the models say, a dry run says the same, and the books are the sum of the sessions.

use std::collections::BTreeMap;

use cartwright::model::json::Value;
use cartwright::model::wire::Wire;
use cartwright_server::problem::Problem;
use cartwright_server::sandbox::books::{self, Books};
use cartwright_server::sandbox::campaigns::Campaigns;
use cartwright_server::sandbox::read;
use cartwright_server::sandbox::rules::{self, Facts, Stored};
use time::OffsetDateTime;

use crate::harness::repository;
use crate::models::Models;

const SCHEDULES: u64 = 150;
const STEPS: u64 = 20;

const PARTS: &str = r#""responseContent":["customerSession","customerProfile","coupons","triggeredCampaigns","referral",
    "loyalty","event","awardedGiveaways","ruleFailureReasons","previousReturns","campaignEligibility","achievements"]"#;

/// A small generator (xorshift), so that a seed names a schedule for good.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }

    fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len())]
    }
}

/// The sessions and the books of a schedule.
struct World<'w> {
    campaigns: &'w Campaigns,
    coupons: Vec<&'w str>,
    referrals: Vec<&'w str>,
    sessions: BTreeMap<&'static str, Stored>,
    books: Books,
    now: i64,
}

enum Step {
    Update(String),
    Return(String, bool),
    Reopen,
}

fn step(world: &World<'_>, random: &mut Random) -> Step {
    match random.below(8) {
        0 => Step::Reopen,
        1 | 2 => {
            let quantity = random.of(&["", r#","quantity":1"#, r#","quantity":2"#]);
            let which = random.of(&[r#""position":0"#, r#""position":1"#, r#""sku":"MUG""#]);
            Step::Return(
                format!(r#"{{"return":{{"returnedCartItems":[{{{which}{quantity}}}]}},{PARTS}}}"#),
                random.below(2) == 0,
            )
        }
        _ => {
            let mut fields: Vec<String> = Vec::new();
            if random.below(2) == 0 {
                let codes: Vec<String> =
                    (0..random.below(4)).map(|_| format!("\"{}\"", random.of(&world.coupons))).collect();
                fields.push(format!(r#""couponCodes":[{}]"#, codes.join(",")));
            }
            if random.below(3) == 0 {
                fields.push(format!(r#""referralCode":"{}""#, random.of(&world.referrals)));
            }
            if random.below(2) == 0 {
                let lines = [
                    r#"{"sku":"MUG","quantity":3,"price":10,"category":"kitchen","additionalCosts":{"assembly":{"price":25}}}"#,
                    r#"{"sku":"TEE","quantity":1,"price":19.995}"#,
                    r#"{"sku":"NOTICE","quantity":2,"price":0}"#,
                    r#"{"sku":"SKU1241028","quantity":30}"#,
                ];
                let lines: Vec<&str> = (0..random.below(4)).map(|_| random.of(&lines)).collect();
                fields.push(format!(r#""cartItems":[{}]"#, lines.join(",")));
            }
            if random.below(3) == 0 {
                let profile = random.of(&["", "P", "LOYAL-1", "MEMBER-1", "REFERRED-1", "ADVOCATE-1"]);
                fields.push(format!(r#""profileId":"{profile}""#));
            }
            if random.below(4) == 0 {
                fields.push(
                    random.of(&[r#""loyaltyCards":["CARD-0001"]"#, r#""loyaltyCards":[]"#]).to_string(),
                );
            }
            if random.below(4) == 0 {
                fields.push(r#""additionalCosts":{"shipping":{"price":9}}"#.to_string());
            }
            if random.below(2) == 0 {
                let state =
                    random.of(&["open", "closed", "closed", "closed", "cancelled", "partially_returned"]);
                fields.push(format!(r#""state":"{state}""#));
            }
            Step::Update(format!(r#"{{"customerSession":{{{}}},{PARTS}}}"#, fields.join(",")))
        }
    }
}

/// What a step would do; the name of the answer's model and its text.
fn done(
    world: &World<'_>,
    id: &'static str,
    step: &Step,
    dry: bool,
) -> Result<(Stored, &'static str, String), Problem> {
    let stored = world.sessions.get(id);
    let now = OffsetDateTime::from_unix_timestamp(1_800_000_000 + world.now).unwrap();
    let number = 1 + i64::from(id.as_bytes()[0]);
    let facts = Facts {
        integration_id: id,
        number,
        first_session: true,
        now,
        evaluate_at: None,
        dry,
        books: &world.books,
    };
    let state = "IntegrationStateV2";
    let unknown = || Problem::new(404, "The session does not exist");
    match step {
        Step::Update(body) => {
            let body = read::body(body.as_bytes(), world.campaigns)?;
            let (after, answer) = rules::update(stored, &body, world.campaigns, &facts)?;
            Ok((after, state, answer.to_answer_text()))
        }
        Step::Return(body, again) => {
            let body = read::returns(body.as_bytes())?;
            let (after, answer) =
                rules::returns(stored.ok_or_else(unknown)?, &body, *again, world.campaigns, &facts)?;
            Ok((after, state, answer.to_answer_text()))
        }
        Step::Reopen => {
            let (after, answer) = rules::reopen(stored.ok_or_else(unknown)?, now)?;
            Ok((after, "ReopenSessionResponse", answer.to_answer_text()))
        }
    }
}

fn assert_right(models: &Models, model: &str, text: &str, case: &str) {
    let faults = models.faults(model, &Value::parse(text).unwrap());
    assert_eq!(faults, Vec::<String>::new(), "{case}: {text}");
}

#[test]
fn every_schedule_keeps_models_and_books() {
    let file = std::fs::read_to_string(repository("server/campaigns/everything.json")).unwrap();
    let campaigns = Campaigns::parse(&file).unwrap();
    let models = Models::load();
    let mut counts: BTreeMap<(&str, u16), u64> = BTreeMap::new();
    for seed in 1..=SCHEDULES {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut world = World {
            campaigns: &campaigns,
            coupons: campaigns
                .campaigns
                .iter()
                .flat_map(|one| &one.coupons)
                .map(|code| code.value.as_str())
                .collect(),
            referrals: campaigns
                .campaigns
                .iter()
                .flat_map(|one| &one.referrals)
                .map(|code| code.value.as_str())
                .collect(),
            sessions: BTreeMap::new(),
            books: Books::default(),
            now: 0,
        };
        for number in 0..STEPS {
            let id = random.of(&["a", "b", "c"]);
            let step = step(&world, &mut random);
            let (name, body) = match &step {
                Step::Update(body) => ("update", body.as_str()),
                Step::Return(body, _) => ("return", body.as_str()),
                Step::Reopen => ("reopen", ""),
            };
            let case = format!("seed {seed}, step {number}, {name} of {id} {body}");
            world.now += 1;
            let preview = done(&world, id, &step, true).map(|(after, ..)| after);
            let result = done(&world, id, &step, false);
            assert_eq!(preview.as_ref().ok(), result.as_ref().ok().map(|(after, ..)| after), "{case}");
            let status = match result {
                Err(problem) => {
                    let model =
                        if problem.status == 400 { "ErrorResponse" } else { "ErrorResponseWithStatus" };
                    assert_right(&models, model, &problem.body(), &case);
                    problem.status
                }
                Ok((after, model, text)) => {
                    assert_right(&models, model, &text, &case);
                    let read = rules::read(after.clone()).to_answer_text();
                    assert_right(&models, "IntegrationCustomerSessionResponse", &read, &case);
                    for item in after.session.cart_items.iter().flatten() {
                        if let (Some(returned), Some(left)) =
                            (item.returned_quantity, item.remaining_quantity)
                        {
                            assert_eq!(Some(returned + left), item.quantity, "{case}");
                        }
                    }
                    world.books.add_all(&books::difference(world.sessions.get(id), &after));
                    world.sessions.insert(id, after);
                    200
                }
            };
            let mut sum = Books::default();
            world.sessions.values().for_each(|stored| sum.add_all(&books::entries(stored)));
            let entries = |books: &Books| -> Vec<(String, String, String)> {
                let entry = |(owner, account, amount): (&str, &str, cartwright::amount::Amount)| {
                    (owner.to_string(), account.to_string(), amount.to_string())
                };
                books.iter().map(entry).collect()
            };
            assert_eq!(entries(&world.books), entries(&sum), "{case}");
            *counts.entry((name, status)).or_default() += 1;
        }
    }
    for (kind, least) in
        [(("update", 200), 500), (("return", 200), 50), (("reopen", 200), 20), (("update", 400), 50)]
    {
        assert!(counts.get(&kind).is_some_and(|count| *count >= least), "{counts:?}");
    }
}
