//! The parts of an answer (API reference, section 8): effects always, others where they are asked
//! for by a known word.

use std::collections::BTreeSet;

use cartwright::amount::Amount;
use cartwright::draft::state::State;
use cartwright::model::json::{Object, Value};
use cartwright::model::{CustomerSessionV2, Effect, IntegrationStateV2};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::sandbox::books::{self, Books, EVERYBODY, account};
use crate::sandbox::campaigns::{Campaign, Campaigns, Code, Program, Status};
use crate::sandbox::effects::{integer, number, object, text, tier};
use crate::sandbox::evaluate::{Failure, Verdict};
use crate::sandbox::numbers;
use crate::sandbox::rules::{Facts, Stored};

/// When everything of the campaigns file was made.
const CREATED: &str = "2020-01-01T00:00:00Z";

/// Words that a return does not know.
const NOT_OF_RETURNS: [&str; 4] =
    ["ruleFailureReasons", "awardedGiveaways", "campaignEligibility", "achievements"];

/// What an answer is about.
pub(crate) struct Answer<'a> {
    /// The session before.
    pub(crate) before: Option<&'a Stored>,
    /// The session after.
    pub(crate) after: &'a Stored,
    /// The effects to tell.
    pub(crate) effects: Vec<Effect>,
    /// How the campaigns came off; empty where none was evaluated.
    pub(crate) verdicts: &'a [Verdict],
    /// Whether it answers a return.
    pub(crate) is_return: bool,
}

impl Answer<'_> {
    pub(crate) fn state(
        self,
        response_content: &[String],
        campaigns: &Campaigns,
        facts: &Facts<'_>,
    ) -> IntegrationStateV2 {
        let asked = |word: &str| {
            response_content.iter().any(|asked| asked == word)
                && !(self.is_return && NOT_OF_RETURNS.contains(&word))
        };
        let session = &self.after.session;
        let mut books = Books::default();
        // Most answers have no part that needs them.
        if response_content.iter().any(|asked| asked != "customerSession") {
            books.clone_from(facts.books);
            books.add_all(&campaigns.start);
            books.add_all(&books::difference(self.before, self.after));
        }
        let view = View {
            campaigns,
            session,
            effects: &self.after.effects,
            profile: session.profile_id.as_deref().unwrap_or_default(),
            books: &books,
            now: facts.now,
        };
        IntegrationStateV2 {
            created_coupons: Some(view.created("couponCreated", |effect| view.created_coupon(effect))),
            created_referrals: Some(view.created("referralCreated", |effect| view.created_referral(effect))),
            customer_session: asked("customerSession").then(|| session.clone()),
            customer_profile: asked("customerProfile").then(|| view.profile()).flatten(),
            coupons: asked("coupons").then(|| view.coupons()),
            referral: asked("referral").then(|| view.referral()).flatten(),
            triggered_campaigns: asked("triggeredCampaigns").then(|| view.triggered()),
            loyalty: asked("loyalty").then(|| view.loyalty()),
            event: asked("event").then(|| view.event(self.before, self.is_return)),
            rule_failure_reasons: asked("ruleFailureReasons").then(|| view.failures(self.verdicts)),
            awarded_giveaways: asked("awardedGiveaways")
                .then(|| view.created("awardGiveaway", |effect| view.giveaway(effect))),
            achievements: asked("achievements").then(|| view.achievements()),
            campaign_eligibility: (facts.dry && asked("campaignEligibility"))
                .then(|| view.eligibility(self.verdicts)),
            previous_returns: asked("previousReturns")
                .then(|| self.before.map(|before| before.returns.clone()).unwrap_or_default()),
            effects: Some(self.effects),
            ..IntegrationStateV2::default()
        }
    }
}

/// What the parts are made of.
struct View<'v> {
    campaigns: &'v Campaigns,
    session: &'v CustomerSessionV2,
    /// Effects in force.
    effects: &'v [Effect],
    profile: &'v str,
    /// The books after the call, with what the file starts them at.
    books: &'v Books,
    now: OffsetDateTime,
}

fn date_time(time: OffsetDateTime) -> Value {
    Value::String(time.format(&Rfc3339).unwrap_or_default())
}

fn optional<const N: usize>(object: &mut Object, members: [(&str, Option<Value>); N]) {
    for (name, value) in members {
        if let Some(value) = value {
            object.set(name, value);
        }
    }
}

fn count(amount: Amount) -> Value {
    number(amount)
}

fn prop<'e>(effect: &'e Effect, name: &str) -> &'e str {
    effect.props.as_ref().and_then(|props| props.get(name)?.as_str()).unwrap_or_default()
}

impl<'v> View<'v> {
    fn of_type(&self, effect_type: &str) -> impl Iterator<Item = &'v Effect> {
        self.effects.iter().filter(move |effect| effect.effect_type.as_deref() == Some(effect_type))
    }

    fn created(&self, effect_type: &str, make: impl Fn(&Effect) -> Object) -> Vec<Value> {
        self.of_type(effect_type).map(|effect| Value::Object(make(effect))).collect()
    }

    fn state(&self) -> State {
        State::from_word(self.session.state.as_deref().unwrap_or_default())
    }

    fn created_coupon(&self, effect: &Effect) -> Object {
        let value = prop(effect, "value");
        object([
            ("id", integer(numbers::integer(&format!("coupon {value}")))),
            ("created", date_time(self.now)),
            ("campaignId", integer(effect.campaign_id.unwrap_or_default())),
            ("value", text(value)),
            ("usageLimit", integer(1)),
            ("usageCounter", integer(0)),
            ("attributes", Value::Object(Object::new())),
            ("recipientIntegrationId", text(prop(effect, "profileId"))),
        ])
    }

    fn created_referral(&self, effect: &Effect) -> Object {
        let code = prop(effect, "value");
        object([
            ("id", integer(numbers::integer(&format!("referral {code}")))),
            ("created", date_time(self.now)),
            ("usageLimit", integer(1)),
            ("campaignId", integer(effect.campaign_id.unwrap_or_default())),
            ("advocateProfileIntegrationId", text(self.profile)),
            ("attributes", Value::Object(Object::new())),
            ("code", text(code)),
            ("usageCounter", integer(0)),
        ])
    }

    fn giveaway(&self, effect: &Effect) -> Object {
        let prop = |name: &str| effect.props.as_ref().and_then(|props| props.get(name)).cloned();
        let mut giveaway = Object::new();
        optional(&mut giveaway, [("id", prop("giveawayId"))]);
        giveaway.set("created", text(CREATED));
        optional(&mut giveaway, [("code", prop("code")), ("poolId", prop("poolId"))]);
        giveaway.set("used", Value::Bool(true));
        giveaway.set("profileIntegrationId", text(self.profile));
        giveaway.set("profileId", integer(numbers::profile(self.profile)));
        giveaway
    }

    /// The profile; an anonymous session has none.
    fn profile(&self) -> Option<Value> {
        if self.profile.is_empty() {
            return None;
        }
        let owner = books::profile(self.profile);
        let declared = self.campaigns.profiles.get(self.profile);
        let joined = self
            .campaigns
            .audiences
            .iter()
            .filter(|audience| self.books.get(&owner, &account::audience(audience.id)) > Amount::ZERO);
        let membership = joined.map(|audience| {
            Value::Object(object([("id", integer(audience.id)), ("name", text(&audience.name))]))
        });
        Some(Value::Object(object([
            ("id", integer(numbers::profile(self.profile))),
            ("created", text(self.session.created.as_deref().unwrap_or(CREATED))),
            ("integrationId", text(self.profile)),
            ("attributes", Value::Object(declared.map(|one| one.attributes.clone()).unwrap_or_default())),
            ("accountId", integer(self.campaigns.account_id)),
            ("closedSessions", count(self.books.get(&owner, account::CLOSED_SESSIONS))),
            ("totalSales", number(self.books.get(&owner, account::TOTAL_SALES))),
            ("audienceMemberships", Value::Array(membership.collect())),
            ("lastActivity", date_time(self.now)),
        ])))
    }

    fn code(&self, code: &Code, redemptions: &str) -> Object {
        let mut object = object([
            ("id", integer(code.id)),
            ("created", text(CREATED)),
            ("usageLimit", Value::Number(code.usage_limit.to_string())),
            ("usageCounter", count(self.books.get(EVERYBODY, redemptions))),
            ("attributes", Value::Object(code.attributes.clone())),
        ]);
        optional(
            &mut object,
            [("startDate", code.start_date.map(date_time)), ("expiryDate", code.expiry_date.map(date_time))],
        );
        object
    }

    /// The coupons that are accepted.
    fn coupons(&self) -> Vec<Value> {
        let accepted = self.of_type("acceptCoupon").filter_map(|effect| {
            let (campaign, code) = self.campaigns.coupon(prop(effect, "value"))?;
            let redemptions = account::coupon(&code.value);
            let mut coupon = self.code(code, &redemptions);
            coupon.set("campaignId", integer(campaign.id));
            coupon.set("value", text(&code.value));
            if let Some(limit) = code.discount_limit {
                let used = self.books.get(EVERYBODY, &account::discount(code.id));
                coupon.set("discountLimit", number(limit));
                coupon.set("discountCounter", number(used));
                let left = limit.subtract(used).unwrap_or_default().not_negative();
                coupon.set("discountRemainder", number(left));
            }
            optional(&mut coupon, [("recipientIntegrationId", code.recipient.as_deref().map(text))]);
            coupon.set("isReservationMandatory", Value::Bool(code.reservation_mandatory));
            let owner = books::profile(self.profile);
            let own =
                if self.profile.is_empty() { Amount::ZERO } else { self.books.get(&owner, &redemptions) };
            coupon.set("profileRedemptionCount", count(own));
            Some(Value::Object(coupon))
        });
        accepted.collect()
    }

    /// The referral that is accepted.
    fn referral(&self) -> Option<Value> {
        let accepted = self.of_type("acceptReferral").next()?;
        let (campaign, code) = self.campaigns.referral(prop(accepted, "value"))?;
        let mut referral = self.code(code, &account::referral(&code.value));
        referral.set("campaignId", integer(campaign.id));
        referral.set("code", text(&code.value));
        referral.set("advocateProfileIntegrationId", text(code.advocate.as_deref().unwrap_or_default()));
        optional(&mut referral, [("friendProfileIntegrationId", code.recipient.as_deref().map(text))]);
        let referred = self.state() == State::Closed && !self.profile.is_empty();
        let customers = if referred { vec![text(self.profile)] } else { Vec::new() };
        referral.set("referredCustomers", Value::Array(customers));
        Some(Value::Object(referral))
    }

    /// Campaigns that gave something.
    fn triggered(&self) -> Vec<Value> {
        let gave = |campaign: &&Campaign| {
            self.effects.iter().any(|effect| {
                let kind = effect.effect_type.as_deref().unwrap_or_default();
                effect.campaign_id == Some(campaign.id) && !kind.starts_with("reject")
            })
        };
        self.campaigns.campaigns.iter().filter(gave).map(|campaign| self.campaign(campaign)).collect()
    }

    fn campaign(&self, campaign: &Campaign) -> Value {
        let (state, frontend_state) = match campaign.status {
            Status::Enabled => ("enabled", self.frontend_state(campaign)),
            Status::Disabled => ("disabled", "disabled"),
            Status::Archived => ("archived", "archived"),
        };
        let mut object = object([
            ("id", integer(campaign.id)),
            ("name", text(&campaign.name)),
            ("state", text(state)),
            ("frontendState", text(frontend_state)),
            ("tags", texts(&campaign.tags)),
            ("features", features(campaign)),
        ]);
        optional(
            &mut object,
            [
                ("description", campaign.description.as_deref().map(text)),
                ("startTime", campaign.start_time.map(date_time)),
                ("endTime", campaign.end_time.map(date_time)),
            ],
        );
        Value::Object(object)
    }

    fn frontend_state(&self, campaign: &Campaign) -> &'static str {
        if campaign.end_time.is_some_and(|end| self.now > end) {
            "expired"
        } else if campaign.start_time.is_some_and(|start| self.now < start) {
            "scheduled"
        } else {
            "running"
        }
    }

    /// Balances after the call, and as they would be if an open session closed now.
    fn loyalty(&self) -> Value {
        let mut tentative = self.books.clone();
        if self.state() == State::Open {
            self.effects.iter().for_each(|effect| tentative.add_effect(effect, self.profile));
        }
        let sent = self.session.loyalty_cards.iter().flatten();
        let cards = sent.filter_map(|sent| {
            let of_program = |program: &'v Program| {
                let card = program.cards.iter().find(|card| card.identifier == *sent)?;
                Some((program, card))
            };
            let (program, card) = self.campaigns.programs.iter().find_map(of_program)?;
            let mut object = object([
                ("id", integer(card.id)),
                ("created", text(CREATED)),
                ("programID", integer(program.id)),
                ("programName", text(&program.name)),
                ("programTitle", text(&program.title)),
                ("status", text("active")),
                ("identifier", text(&card.identifier)),
                ("usersPerCardLimit", integer(0)),
            ]);
            self.ledgers(&mut object, program, &books::card(&card.identifier), "subledgers", &tentative);
            Some(Value::Object(object))
        });
        let cards: Vec<Value> = cards.collect();
        let of_profile = |program: &&Program| program.cards.is_empty() && !self.profile.is_empty();
        let programs = self.campaigns.programs.iter().filter(of_profile).map(|program| {
            let mut object = object([
                ("id", integer(program.id)),
                ("title", text(&program.title)),
                ("name", text(&program.name)),
            ]);
            self.ledgers(&mut object, program, &books::profile(self.profile), "subLedgers", &tentative);
            (program.id.to_string(), Value::Object(object))
        });
        let mut loyalty = Object::new();
        if !cards.is_empty() {
            loyalty.set("cards", Value::Array(cards));
        }
        loyalty.set("programs", Value::Object(programs.collect()));
        Value::Object(loyalty)
    }

    fn ledgers(&self, into: &mut Object, program: &Program, owner: &str, subs: &str, tentative: &Books) {
        into.set("ledger", self.ledger(program, owner, "", tentative));
        let prefixes = [account::points(program.id, ""), account::pending(program.id, "")];
        let named = tentative.iter().filter(|(one, ..)| *one == owner).filter_map(|(_, account, _)| {
            prefixes.iter().find_map(|prefix| account.strip_prefix(prefix.as_str()))
        });
        let names: BTreeSet<&str> = named.filter(|name| !name.is_empty()).collect();
        let subs_of =
            names.into_iter().map(|name| (name.to_string(), self.ledger(program, owner, name, tentative)));
        let made: Object = subs_of.collect();
        if !made.is_empty() {
            into.set(subs, Value::Object(made));
        }
    }

    fn ledger(&self, program: &Program, owner: &str, sub_ledger: &str, tentative: &Books) -> Value {
        let balances = |books: &Books| {
            let points = books.get(owner, &account::points(program.id, sub_ledger));
            let owed = Amount::ZERO.subtract(points).unwrap_or_default().not_negative();
            let pending = books.get(owner, &account::pending(program.id, sub_ledger));
            (points.not_negative(), pending, owed)
        };
        let (current, pending, owed) = balances(self.books);
        let (then_current, then_pending, then_owed) = balances(tentative);
        let mut ledger = object([
            ("currentBalance", number(current)),
            ("pendingBalance", number(pending)),
            ("negativeBalance", number(owed)),
            ("expiredBalance", integer(0)),
            ("spentBalance", integer(0)),
            ("tentativeCurrentBalance", number(then_current)),
            ("tentativePendingBalance", number(then_pending)),
            ("tentativeNegativeBalance", number(then_owed)),
        ]);
        let next = program.tiers.iter().find(|tier| tier.from > current);
        let held = tier(&program.tiers, current)
            .map(|tier| Value::Object(object([("id", integer(tier.id)), ("name", text(&tier.name))])));
        let missing = next.and_then(|next| next.from.subtract(current).ok());
        optional(
            &mut ledger,
            [
                ("currentTier", held),
                ("pointsToNextTier", missing.map(number)),
                ("nextTierName", next.map(|next| text(&next.name))),
            ],
        );
        Value::Object(ledger)
    }

    /// The event that the call recorded.
    fn event(&self, before: Option<&Stored>, is_return: bool) -> Value {
        let kind = match self.state() {
            _ if is_return => "talon_session_cart_items_returned",
            State::Closed => "talon_session_closed",
            State::Cancelled => "talon_session_cancelled",
            _ if before.is_none() => "talon_session_created",
            _ => "talon_session_updated",
        };
        let mut event = object([
            ("id", integer(event_number(self.session))),
            ("created", date_time(self.now)),
            ("applicationId", integer(self.campaigns.application_id)),
            ("type", text(kind)),
            ("attributes", Value::Object(Object::new())),
            ("sessionId", text(self.session.integration_id.as_deref().unwrap_or_default())),
            ("effects", Value::Array(Vec::new())),
        ]);
        let profile = Some(self.profile).filter(|profile| !profile.is_empty());
        let store = self.session.store_integration_id.as_deref();
        optional(&mut event, [("profileId", profile.map(text)), ("storeIntegrationId", store.map(text))]);
        Value::Object(event)
    }

    fn failures(&self, verdicts: &[Verdict]) -> Vec<Value> {
        let mut reasons = Vec::new();
        for verdict in verdicts {
            let Some(campaign) = self.campaigns.campaigns.iter().find(|one| one.id == verdict.campaign)
            else {
                continue;
            };
            for (index, failure) in (0_i64..).zip(&verdict.rules) {
                let Some(failure) = failure else { continue };
                let rule = usize::try_from(index).ok().and_then(|index| campaign.rules.get(index));
                let mut reason = object([
                    ("campaignID", integer(campaign.id)),
                    ("campaignName", text(&campaign.name)),
                    ("rulesetID", integer(campaign.ruleset_id)),
                    ("ruleIndex", integer(index)),
                    ("ruleName", text(rule.map_or("", |rule| &rule.name))),
                ]);
                if let Some(code) = &verdict.code {
                    let names = if code.is_coupon {
                        ["couponID", "couponValue"]
                    } else {
                        ["referralID", "referralValue"]
                    };
                    let [id, value] = names;
                    reason.set(id, integer(code.id));
                    reason.set(value, text(&code.value));
                }
                explain(&mut reason, failure);
                let group = self.campaigns.group(campaign);
                optional(
                    &mut reason,
                    [
                        ("evaluationGroupID", group.map(|group| integer(group.id))),
                        ("evaluationGroupMode", group.map(|group| text(group.mode.as_str()))),
                    ],
                );
                reasons.push(Value::Object(reason));
            }
        }
        reasons
    }

    fn achievements(&self) -> Vec<Value> {
        if self.profile.is_empty() {
            return Vec::new();
        }
        let owner = books::profile(self.profile);
        let entry = |achievement: &crate::sandbox::campaigns::Achievement| {
            let progress = self.books.get(&owner, &account::achievement(achievement.id));
            let status = if progress >= achievement.target {
                "completed"
            } else if progress > Amount::ZERO {
                "inprogress"
            } else {
                "not_started"
            };
            Value::Object(object([
                ("id", integer(achievement.id)),
                ("name", text(&achievement.name)),
                ("title", text(&achievement.title)),
                ("description", text(&achievement.description)),
                ("target", number(achievement.target)),
                ("recurrencePolicy", text("no_recurrence")),
                ("activationPolicy", text("user_action")),
                ("allowRollbackAfterCompletion", Value::Bool(true)),
                (
                    "currentProgress",
                    Value::Object(object([("status", text(status)), ("progress", number(progress))])),
                ),
            ]))
        };
        self.campaigns.achievements.iter().map(entry).collect()
    }

    /// Per enabled campaign one verdict per code that was tried, or one without a code.
    fn eligibility(&self, verdicts: &[Verdict]) -> Vec<Value> {
        let enabled = self.campaigns.campaigns.iter().filter(|campaign| campaign.status == Status::Enabled);
        let entry = |campaign: &Campaign| {
            let own: Vec<&Verdict> =
                verdicts.iter().filter(|verdict| verdict.campaign == campaign.id).collect();
            if own.is_empty() {
                return None;
            }
            let told = own.iter().map(|verdict| {
                let failure = if verdict.skipped { "SKIPPED" } else { "ALL_RULES_FAILED" };
                let details = (!verdict.passed).then(|| object([("failureCode", text(failure))]));
                eligible(verdict, verdict.passed, details)
            });
            let rules = campaign.rules.iter().enumerate().map(|(index, rule)| {
                let told = own.iter().map(|verdict| {
                    let failure = verdict.rules.get(index).cloned().flatten();
                    let passed = failure.is_none() && !verdict.rules.is_empty();
                    let details = (!passed).then(|| {
                        let failed = failure.as_ref().is_some_and(|failure| failure.effect.is_some());
                        let code = if failed { "EFFECT_FAILED" } else { "CONDITION_NOT_MET" };
                        let mut details = object([("failureCode", text(code))]);
                        if let Some(failure) = &failure {
                            explain(&mut details, failure);
                        }
                        details
                    });
                    eligible(verdict, passed, details)
                });
                Value::Object(object([
                    ("title", text(&rule.name)),
                    ("eligibility", Value::Array(told.collect())),
                ]))
            });
            let mut object = object([
                ("applicationId", integer(self.campaigns.application_id)),
                ("id", integer(campaign.id)),
                ("name", text(&campaign.name)),
                ("state", text("enabled")),
                ("tags", texts(&campaign.tags)),
                ("features", features(campaign)),
                ("eligibility", Value::Array(told.collect())),
                ("rules", Value::Array(rules.collect())),
            ]);
            optional(
                &mut object,
                [
                    ("description", campaign.description.as_deref().map(text)),
                    ("startTime", campaign.start_time.map(date_time)),
                    ("endTime", campaign.end_time.map(date_time)),
                ],
            );
            Some(Value::Object(object))
        };
        enabled.filter_map(entry).collect()
    }
}

/// The internal number of the event that the newest change of a session recorded.
pub(crate) fn event_number(session: &CustomerSessionV2) -> i64 {
    let number = session.id.unwrap_or_default();
    numbers::integer(&format!("event {number} {}", session.update_count.unwrap_or_default()))
}

fn explain(object: &mut Object, failure: &Failure) {
    optional(
        object,
        [
            ("conditionIndex", failure.condition.map(integer)),
            ("effectIndex", failure.effect.map(integer)),
            ("details", Some(text(&failure.details))),
        ],
    );
}

fn eligible(verdict: &Verdict, passed: bool, details: Option<Object>) -> Value {
    let coupon = verdict.code.as_ref().filter(|code| code.is_coupon);
    let mut object = object([("passed", Value::Bool(passed))]);
    optional(
        &mut object,
        [("couponCode", coupon.map(|code| text(&code.value))), ("details", details.map(Value::Object))],
    );
    Value::Object(object)
}

fn texts(texts: &[String]) -> Value {
    Value::Array(texts.iter().map(|one| text(one)).collect())
}

/// What a campaign makes use of.
fn features(campaign: &Campaign) -> Value {
    use crate::sandbox::campaigns::Reward;
    let gives =
        |wanted: fn(&Reward) -> bool| campaign.rules.iter().flat_map(|rule| &rule.rewards).any(wanted);
    let used = [
        ("coupons", !campaign.coupons.is_empty()),
        ("referrals", !campaign.referrals.is_empty()),
        ("loyalty", gives(|reward| matches!(reward, Reward::AddPoints { .. } | Reward::DeductPoints { .. }))),
        ("giveaways", gives(|reward| matches!(reward, Reward::Giveaway { .. }))),
        ("achievements", gives(|reward| matches!(reward, Reward::Progress { .. }))),
    ];
    Value::Array(used.into_iter().filter(|(_, used)| *used).map(|(name, _)| text(name)).collect())
}
