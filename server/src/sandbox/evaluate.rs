//! Which campaigns and codes hold for a session at a time, and why others do not.

use std::collections::{BTreeMap, HashSet};

use cartwright::amount::{Amount, AmountError, ONE};
use cartwright::model::json::{Object, Value};
use cartwright::model::{CustomerSessionV2, Effect};
use time::OffsetDateTime;

use crate::sandbox::books::{self, Books, EVERYBODY, account};
use crate::sandbox::campaigns::{Campaign, Campaigns, Code, Condition, Ledger, Mode, Rule, Status};
use crate::sandbox::effects::{integer, object, text};
use crate::sandbox::returns;

/// What an evaluation looks at.
#[derive(Debug, Clone, Copy)]
pub struct Context<'e> {
    /// The session as it would be.
    pub session: &'e CustomerSessionV2,
    /// The campaigns file.
    pub campaigns: &'e Campaigns,
    /// The time.
    pub now: OffsetDateTime,
    /// What closed sessions have booked.
    pub books: &'e Books,
    /// Effects of an earlier closing that are still in force; they are not given twice.
    pub kept: &'e [Effect],
}

/// What an evaluation gives.
#[derive(Debug, Clone, Default)]
pub struct Evaluated {
    /// All effects that hold, every discount computed on undiscounted totals: codes in the order in
    /// which they were sent, then the referral, then campaigns without codes.
    pub effects: Vec<Effect>,
    /// How each campaign that was looked at came off, once for each of its codes that was tried.
    pub verdicts: Vec<Verdict>,
}

/// How a campaign came off.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Its number.
    pub campaign: i64,
    /// The code that was tried.
    pub code: Option<TriedCode>,
    /// Whether it was picked and a rule of it held.
    pub passed: bool,
    /// Whether its group picked another one.
    pub skipped: bool,
    /// Its rules, in order; none where the code was refused before them.
    pub rules: Vec<Option<Failure>>,
}

/// A code that was tried.
#[derive(Debug, Clone)]
pub struct TriedCode {
    /// Whether it is a coupon; else a referral.
    pub is_coupon: bool,
    /// Internal number.
    pub id: i64,
    /// The code.
    pub value: String,
}

/// Why a rule gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The condition that did not hold.
    pub condition: Option<i64>,
    /// The effect that could not be applied.
    pub effect: Option<i64>,
    /// Text.
    pub details: String,
}

/// Why an effect was not made.
#[derive(Debug)]
pub(crate) enum Obstacle {
    /// It cannot be applied.
    NotApplied(&'static str),
    /// An amount is out of range, which refuses the whole request.
    Amount(AmountError),
}

impl From<AmountError> for Obstacle {
    fn from(error: AmountError) -> Obstacle {
        Obstacle::Amount(error)
    }
}

/// A kind of code, with the API's words for it.
struct Kind {
    noun: &'static str,
    accept: &'static str,
    reject: &'static str,
}

const COUPON: Kind = Kind { noun: "Coupon", accept: "acceptCoupon", reject: "rejectCoupon" };

const REFERRAL: Kind = Kind { noun: "Referral", accept: "acceptReferral", reject: "rejectReferral" };

/// Why a code is refused.
#[derive(Debug, Clone, Default)]
struct Rejection {
    reason: String,
    exclusion: Option<String>,
    failure: Option<Failure>,
}

impl Rejection {
    fn new(reason: impl Into<String>) -> Rejection {
        Rejection { reason: reason.into(), ..Rejection::default() }
    }
}

/// A campaign to be tried, with or without a code.
struct Entry<'e> {
    kind: &'static Kind,
    typed: &'e str,
    found: Option<(&'e Campaign, Option<&'e Code>)>,
}

/// All effects that hold for a session.
pub fn evaluate(context: Context<'_>) -> Result<Evaluated, AmountError> {
    let entries = entries(context);
    let mut evaluation = Evaluation::new(context);
    let losers = evaluation.losers(&entries)?;
    let mut verdicts = Vec::new();
    for entry in &entries {
        let lost = entry.found.and_then(|(campaign, _)| losers.get(&campaign.id).copied());
        verdicts.extend(evaluation.entry(entry, lost)?);
    }
    Ok(Evaluated { effects: evaluation.effects, verdicts })
}

fn entries(context: Context<'_>) -> Vec<Entry<'_>> {
    let Context { session, campaigns, .. } = context;
    let mut seen = HashSet::new();
    let coupons = session.coupon_codes.iter().flatten().filter(|code| seen.insert(*code)).map(|code| {
        let found = campaigns.coupon(code).map(|(campaign, code)| (campaign, Some(code)));
        Entry { kind: &COUPON, typed: code, found }
    });
    let mut entries: Vec<Entry<'_>> = coupons.collect();
    if let Some(code) = session.referral_code.as_ref().filter(|code| !code.is_empty()) {
        let found = campaigns.referral(code).map(|(campaign, code)| (campaign, Some(code)));
        entries.push(Entry { kind: &REFERRAL, typed: code, found });
    }
    let without = |campaign: &&Campaign| campaign.coupons.is_empty() && campaign.referrals.is_empty();
    let others = campaigns.campaigns.iter().filter(without);
    entries.extend(others.map(|campaign| Entry { kind: &COUPON, typed: "", found: Some((campaign, None)) }));
    entries
}

/// An evaluation on its way.
pub(crate) struct Evaluation<'e> {
    pub(crate) context: Context<'e>,
    /// The books with what this evaluation would book.
    pub(crate) books: Books,
    pub(crate) effects: Vec<Effect>,
    pub(crate) profile: &'e str,
    pub(crate) total: Amount,
}

impl<'e> Evaluation<'e> {
    fn new(context: Context<'e>) -> Evaluation<'e> {
        Evaluation {
            context,
            books: context.books.clone(),
            effects: Vec::new(),
            profile: context.session.profile_id.as_deref().unwrap_or_default(),
            total: context.session.cart_item_total.unwrap_or_default(),
        }
    }

    /// What an account holds, with what the file starts it at.
    pub(crate) fn booked(&self, owner: &str, account: &str) -> Amount {
        let start = self.context.campaigns.start.get(owner, account);
        start.add(self.books.get(owner, account)).unwrap_or(start)
    }

    fn used_up(&self, owner: &str, account: &str, limit: u64) -> bool {
        limit > 0 && self.booked(owner, account) >= ONE.times(limit).unwrap_or_default()
    }

    /// Campaigns that lose in their group, with the reason.
    fn losers(&mut self, entries: &[Entry<'e>]) -> Result<BTreeMap<i64, &'static str>, AmountError> {
        let mut bids: BTreeMap<i64, (Mode, Vec<(i64, Amount)>)> = BTreeMap::new();
        for entry in entries {
            let Some((campaign, _)) = entry.found else { continue };
            let group = self.context.campaigns.group(campaign);
            let Some(group) = group.filter(|group| group.mode != Mode::Stackable) else { continue };
            let mut trial = Evaluation::new(self.context);
            let passed = trial.entry(entry, None)?.is_some_and(|verdict| verdict.passed);
            if passed && !trial.effects.is_empty() {
                let given = trial.effects.iter().map(discount).try_fold(Amount::ZERO, Amount::add)?;
                let (_, bids) = bids.entry(group.id).or_insert((group.mode, Vec::new()));
                match bids.iter_mut().find(|(id, _)| *id == campaign.id) {
                    Some((_, sum)) => *sum = sum.add(given)?,
                    None => bids.push((campaign.id, given)),
                }
            }
        }
        let mut losers = BTreeMap::new();
        for (mode, mut bids) in bids.into_values() {
            // The order of the file decides between equal ones.
            let place = |id: i64| self.context.campaigns.campaigns.iter().position(|one| one.id == id);
            bids.sort_by_key(|(id, _)| place(*id));
            let reason = match mode {
                Mode::HighestDiscount => {
                    bids.sort_by_key(|(_, given)| std::cmp::Reverse(*given));
                    "CampaignGaveLowerDiscount"
                }
                _ => "CampaignIsNotFirst",
            };
            losers.extend(bids.into_iter().skip(1).map(|(id, _)| (id, reason)));
        }
        Ok(losers)
    }

    /// Tries one campaign with one code or without; none where nothing is to be told of it.
    fn entry(&mut self, entry: &Entry<'e>, lost: Option<&str>) -> Result<Option<Verdict>, AmountError> {
        let Some((campaign, code)) = entry.found else {
            self.reject(entry, Rejection::new(format!("{}NotFound", entry.kind.noun)));
            return Ok(None);
        };
        let tried = code.map(|code| TriedCode {
            is_coupon: entry.kind.noun == COUPON.noun,
            id: code.id,
            value: code.value.clone(),
        });
        let mut verdict =
            Verdict { campaign: campaign.id, code: tried, passed: false, skipped: false, rules: Vec::new() };
        let rejection = self.not_running(campaign).or_else(|| self.refusal(entry, campaign, code?));
        let rejection = rejection.or_else(|| {
            let exclusion = lost?;
            verdict.skipped = true;
            Some(Rejection {
                exclusion: Some(exclusion.to_string()),
                ..Rejection::new("*PartOfNotTriggeredCampaign")
            })
        });
        if let Some(rejection) = rejection {
            if code.is_some() {
                self.reject(entry, rejection);
            }
            return Ok((verdict.skipped || code.is_some()).then_some(verdict));
        }
        let before = (self.effects.len(), self.books.clone());
        if let Some(code) = code {
            let head = self.head(campaign, 0, campaign.rules.first(), entry, Some(code));
            self.push(&head, entry.kind.accept, object([("value", text(&code.value))]));
        }
        verdict.rules = self.rules(entry, campaign, code)?;
        let not_applied = verdict.rules.iter().flatten().find(|failure| failure.effect.is_some());
        let all_failed = !campaign.rules.is_empty() && verdict.rules.iter().all(Option::is_some);
        let failure = match code {
            None => None,
            Some(_) if not_applied.is_some() => {
                not_applied.map(|failure| ("EffectCouldNotBeApplied", failure))
            }
            Some(_) if all_failed => {
                verdict.rules.iter().flatten().next().map(|failure| ("*RejectedByCondition", failure))
            }
            Some(_) => None,
        };
        if let Some((reason, failure)) = failure {
            let failure = Some(failure.clone());
            self.effects.truncate(before.0);
            self.books = before.1;
            self.reject(entry, Rejection { failure, ..Rejection::new(reason) });
        } else {
            verdict.passed = !all_failed;
        }
        Ok(Some(verdict))
    }

    /// Why a campaign is not looked at.
    fn not_running(&self, campaign: &Campaign) -> Option<Rejection> {
        let session = self.context.session;
        let named = session.evaluable_campaign_ids.as_ref().map(|ids| ids.contains(&campaign.id));
        let now = self.context.now;
        let store = session.store_integration_id.as_ref();
        let in_store =
            campaign.stores.is_empty() || store.is_some_and(|store| campaign.stores.contains(store));
        let in_time = campaign.start_time.is_none_or(|start| now >= start)
            && campaign.end_time.is_none_or(|end| now <= end);
        if campaign.status == Status::Archived || named == Some(false) {
            let exclusion = Some("CampaignNotInEvaluationSet".to_string());
            return Some(Rejection { exclusion, ..Rejection::new("*PartOfNotTriggeredCampaign") });
        }
        // A dry run that names a disabled campaign evaluates it all the same.
        let enabled = campaign.status == Status::Enabled || named == Some(true);
        (!enabled || !in_time || !in_store).then(|| Rejection::new("*PartOfNotRunningCampaign"))
    }

    /// Why a code is refused before its rules are looked at.
    fn refusal(&self, entry: &Entry<'_>, campaign: &Campaign, code: &Code) -> Option<Rejection> {
        if let Some(refused) = &code.rejected {
            let details = refused.details.clone();
            return Some(Rejection {
                exclusion: refused.campaign_exclusion_reason.clone(),
                failure: details.map(|details| Failure { condition: None, effect: None, details }),
                ..Rejection::new(refused.rejection_reason.as_str())
            });
        }
        let now = self.context.now;
        let is_coupon = entry.kind.noun == COUPON.noun;
        let owner = books::profile(self.profile);
        let anonymous = self.profile.is_empty();
        let redemptions =
            if is_coupon { account::coupon(&code.value) } else { account::referral(&code.value) };
        let of_campaign = account::campaign(campaign.id);
        let needs_profile = is_coupon
            && (code.profile_required
                || code.profile_limit > 0
                || campaign.profile_limit > 0
                || code.reservation_mandatory);
        let other = |wanted: &String| *wanted != self.profile;
        let known = |advocate: &String| self.context.campaigns.profiles.contains_key(advocate);
        let reserved = || self.booked(&owner, &account::reservation(&code.value)) > Amount::ZERO;
        // A referral that was redeemed before is no new referral, whichever code it was.
        let referred = !is_coupon && !anonymous && self.booked(&owner, account::REFERRED) > Amount::ZERO;
        let reason = if code.start_date.is_some_and(|start| now < start) {
            "*StartDateInFuture"
        } else if code.expiry_date.is_some_and(|end| now > end) {
            "*Expired"
        } else if self.used_up(EVERYBODY, &redemptions, code.usage_limit) {
            "*LimitReached"
        } else if self.used_up(EVERYBODY, &of_campaign, campaign.redemption_limit) {
            "CampaignLimitReached"
        } else if code.advocate.as_ref().is_some_and(|advocate| !known(advocate)) {
            "AdvocateNotFound"
        } else if code.advocate.as_deref() == Some(self.profile) {
            "ReferralRecipientIdSameAsAdvocate"
        } else if code.recipient.as_ref().is_some_and(other) {
            "*RecipientDoesNotMatch"
        } else if needs_profile && anonymous {
            "ProfileRequired"
        } else if self.used_up(&owner, &redemptions, code.profile_limit)
            || (!anonymous && self.used_up(&owner, &of_campaign, campaign.profile_limit))
        {
            "ProfileLimitReached"
        } else if referred {
            "ReferralCustomerAlreadyReferred"
        } else if code.reservation_mandatory && !reserved() {
            "CouponReservationRequired"
        } else {
            return None;
        };
        Some(Rejection::new(reason))
    }

    fn reject(&mut self, entry: &Entry<'e>, rejection: Rejection) {
        let reason = rejection.reason.replace('*', entry.kind.noun);
        let mut props = object([("value", text(entry.typed)), ("rejectionReason", text(&reason))]);
        if let Some(failure) = &rejection.failure {
            let mut index = |name: &str, index: Option<i64>| {
                if let Some(index) = index {
                    props.set(name, integer(index));
                }
            };
            index("conditionIndex", failure.condition);
            index("effectIndex", failure.effect);
            props.set("details", text(&failure.details));
        }
        if let Some(exclusion) = &rejection.exclusion {
            props.set("campaignExclusionReason", text(exclusion));
        }
        let head = match entry.found {
            Some((campaign, code)) => self.head(campaign, 0, campaign.rules.first(), entry, code),
            // Nobody owns an unknown code; the API's own sample has zeros here.
            None => Effect {
                campaign_id: Some(0),
                ruleset_id: Some(0),
                rule_index: Some(0),
                rule_name: Some(String::new()),
                ..Effect::default()
            },
        };
        self.push(&head, entry.kind.reject, props);
    }

    /// Runs the rules of a campaign; for each one why it gave nothing.
    fn rules(
        &mut self,
        entry: &Entry<'_>,
        campaign: &Campaign,
        code: Option<&Code>,
    ) -> Result<Vec<Option<Failure>>, AmountError> {
        let mut failures = Vec::new();
        for (index, rule) in (0_i64..).zip(&campaign.rules) {
            let condition = (0_i64..).zip(&rule.conditions).find(|(_, condition)| !self.holds(condition));
            if let Some((condition, _)) = condition {
                failures.push(Some(Failure {
                    condition: Some(condition),
                    effect: None,
                    details: "the condition does not hold".to_string(),
                }));
                continue;
            }
            let head = self.head(campaign, index, Some(rule), entry, code);
            let before = (self.effects.len(), self.books.clone());
            let mut failure = None;
            for (index, reward) in (0_i64..).zip(&rule.rewards) {
                match self.reward(&head, rule, index, reward, code) {
                    Ok(()) => {}
                    Err(Obstacle::Amount(error)) => return Err(error),
                    Err(Obstacle::NotApplied(details)) => {
                        failure = Some(Failure {
                            condition: None,
                            effect: Some(index),
                            details: details.to_string(),
                        });
                        break;
                    }
                }
            }
            if failure.is_some() {
                self.effects.truncate(before.0);
                self.books = before.1;
            }
            failures.push(failure);
        }
        Ok(failures)
    }

    fn holds(&self, condition: &Condition) -> bool {
        let session = self.context.session;
        match condition {
            Condition::CartItemTotal { from, below } => {
                from.is_none_or(|from| self.total >= from) && below.is_none_or(|below| self.total < below)
            }
            Condition::Items { items, from } => {
                let selected = session.cart_items.iter().flatten().filter(|item| items.selects(item));
                let units =
                    selected.map(|item| u64::try_from(returns::kept(item).count()).unwrap_or(u64::MAX));
                units.fold(0, u64::saturating_add) >= *from
            }
            Condition::Attribute { name, equals } => {
                let value = session.attributes.as_ref().and_then(|attributes| attributes.get(name));
                value.is_some_and(|value| value.same(equals))
            }
            Condition::Identifiers { from } => {
                let identifiers = session.identifiers.as_ref().map_or(0, Vec::len);
                u64::try_from(identifiers).unwrap_or(u64::MAX) >= *from
            }
            Condition::ProfileId(ids) => ids.iter().any(|id| id == self.profile),
            Condition::Audience(id) => self.is_member(*id),
            Condition::Points { ledger, from } => {
                self.holder(ledger).is_some_and(|(owner, _)| self.points(&owner, ledger) >= *from)
            }
            Condition::State(state) => session.state.as_ref() == Some(state),
        }
    }

    pub(crate) fn is_member(&self, audience: i64) -> bool {
        self.booked(&books::profile(self.profile), &account::audience(audience)) > Amount::ZERO
    }

    /// Who owns the points of a ledger in this session, and the card where it is one.
    pub(crate) fn holder(&self, ledger: &Ledger) -> Option<(String, Option<&'e str>)> {
        let program = self.context.campaigns.program(ledger.program)?;
        if program.cards.is_empty() {
            return (!self.profile.is_empty()).then(|| (books::profile(self.profile), None));
        }
        let sent = self.context.session.loyalty_cards.as_ref()?.first()?;
        let known = program.cards.iter().any(|card| card.identifier == *sent);
        known.then(|| (books::card(sent), Some(sent.as_str())))
    }

    pub(crate) fn points(&self, owner: &str, ledger: &Ledger) -> Amount {
        self.booked(owner, &account::points(ledger.program, &ledger.sub_ledger))
    }

    fn head(
        &self,
        campaign: &Campaign,
        index: i64,
        rule: Option<&Rule>,
        entry: &Entry<'_>,
        code: Option<&Code>,
    ) -> Effect {
        let group = self.context.campaigns.group(campaign);
        Effect {
            campaign_id: Some(campaign.id),
            ruleset_id: Some(campaign.ruleset_id),
            rule_index: Some(index),
            rule_name: Some(rule.map(|rule| rule.name.clone()).unwrap_or_default()),
            triggered_by_coupon: code.filter(|_| entry.kind.noun == COUPON.noun).map(|code| code.id),
            evaluation_group_id: group.map(|group| group.id),
            evaluation_group_mode: group.map(|group| group.mode.as_str().to_string()),
            ..Effect::default()
        }
    }

    /// Adds an effect, and what it books.
    pub(crate) fn push(&mut self, head: &Effect, effect_type: &str, props: Object) {
        let effect = Effect {
            effect_type: Some(effect_type.to_string()),
            props: Some(Value::Object(props)),
            ..head.clone()
        };
        self.books.add_effect(&effect, self.profile);
        self.effects.push(effect);
    }
}

/// What an effect takes off.
fn discount(effect: &Effect) -> Amount {
    let of = effect.effect_type.as_deref().unwrap_or_default().starts_with("setDiscount");
    match effect.props.as_ref().and_then(|props| props.get("value")) {
        Some(Value::Number(digits)) if of => Amount::parse(digits).unwrap_or_default(),
        _ => Amount::ZERO,
    }
}
