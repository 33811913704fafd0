//! The session rules: `(stored session, request, campaigns, now) → (new session, answer)`.
//!
//! Pure: no input or output, no clock.

use std::ops::Range;

use cartwright::amount::{Amount, AmountError};
use cartwright::draft::state::{Endpoint, State, Transitions};
use cartwright::model::json::{Object, Value};
use cartwright::model::wire::Map;
use cartwright::model::{
    AdditionalCost, CartItem, CustomerSessionV2, Effect, IntegrationCustomerSessionResponse,
    IntegrationStateV2, NewCustomerSessionV2, ReopenSessionResponse, Return, ReturnedCartItem,
};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::problem::{Problem, at_pointer};
use crate::sandbox::answer::{self, Answer};
use crate::sandbox::books::Books;
use crate::sandbox::campaigns::Campaigns;
use crate::sandbox::evaluate::{self, Context};
use crate::sandbox::read::{Body, ReturnBody};
use crate::sandbox::{numbers, returns, rollback};

/// A session as it is stored: what the API shows of it, and what its later operations need.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stored {
    /// The session.
    pub session: CustomerSessionV2,
    /// Effects in force.
    pub effects: Vec<Effect>,
    /// Effects of earlier closings that reopening and cancelling left in force.
    pub kept: Vec<Effect>,
    /// Returns so far.
    pub returns: Vec<Return>,
}

/// What an operation needs to know beside its body.
#[derive(Debug, Clone)]
pub struct Facts<'f> {
    /// The session id of the address.
    pub integration_id: &'f str,
    /// The internal number that a new session gets.
    pub number: i64,
    /// Whether the profile (see [`profile`]) has no earlier session; true for an anonymous one.
    pub first_session: bool,
    /// The time.
    pub now: OffsetDateTime,
    /// The time for which a dry run evaluates, where it names one.
    pub evaluate_at: Option<OffsetDateTime>,
    /// Whether it is a dry run; `evaluableCampaignIds` has a meaning only there.
    pub dry: bool,
    /// What closed sessions, this one too, have booked for everybody, for the profile and for the
    /// loyalty card (see [`owners`](crate::sandbox::books::owners)).
    pub books: &'f Books,
}

/// The profile that a session will have after an update.
pub fn profile<'p>(stored: Option<&'p Stored>, change: &'p NewCustomerSessionV2) -> &'p str {
    let kept = stored.and_then(|stored| stored.session.profile_id.as_deref());
    change.profile_id.as_deref().or(kept).unwrap_or_default()
}

/// The loyalty cards that a session will have after an update.
pub fn cards<'c>(stored: Option<&'c Stored>, change: &'c NewCustomerSessionV2) -> &'c [String] {
    let kept = stored.and_then(|stored| stored.session.loyalty_cards.as_deref());
    change.loyalty_cards.as_deref().or(kept).unwrap_or_default()
}

/// Creates or changes a session. The caller stores the new session unless it was a dry run.
pub fn update(
    stored: Option<&Stored>,
    body: &Body,
    campaigns: &Campaigns,
    facts: &Facts<'_>,
) -> Result<(Stored, IntegrationStateV2), Problem> {
    let change = &body.customer_session;
    let state = next_state(stored, change)?;
    let mut session = match stored {
        None => created(facts, campaigns),
        Some(stored) => stored.session.clone(),
    };
    session.state = Some(state.as_str().to_string());
    touch(&mut session, facts.now);
    // Only the state of a session that is no longer open can change.
    if was_open(stored) {
        merge(&mut session, change, campaigns);
        session.profile_id = Some(profile(stored, change).to_string());
        session.first_session = Some(facts.first_session);
        total(&mut session).map_err(|_| out_of_range())?;
    }
    let evaluated = CustomerSessionV2 {
        evaluable_campaign_ids: change.evaluable_campaign_ids.clone().filter(|_| facts.dry),
        ..session.clone()
    };
    let mut next = Stored { session, ..stored.cloned().unwrap_or_default() };
    let (effects, verdicts) = match (stored, state) {
        (Some(stored), State::Cancelled) => (roll_back(stored, &mut next), Vec::new()),
        _ => {
            let context = Context {
                session: &evaluated,
                campaigns,
                now: facts.evaluate_at.unwrap_or(facts.now),
                books: facts.books,
                kept: &next.kept,
            };
            let evaluated = evaluate::evaluate(context).map_err(|_| out_of_range())?;
            next.effects.clone_from(&evaluated.effects);
            (evaluated.effects, evaluated.verdicts)
        }
    };
    let answer = Answer { before: stored, after: &next, effects, verdicts: &verdicts, is_return: false };
    let answer = answer.state(&body.response_content, campaigns, facts);
    Ok((next, answer))
}

/// Opens a closed session again; what its closing booked is rolled back.
pub fn reopen(stored: &Stored, now: OffsetDateTime) -> Result<(Stored, ReopenSessionResponse), Problem> {
    let mut next = moved(stored, State::Open, Endpoint::Reopen, now)?;
    let effects = roll_back(stored, &mut next);
    Ok((next, ReopenSessionResponse { effects: Some(effects) }))
}

/// Takes units of a closed session back, and rolls back what was given for them.
pub fn returns(
    stored: &Stored,
    body: &ReturnBody,
    run_rule_engine: bool,
    campaigns: &Campaigns,
    facts: &Facts<'_>,
) -> Result<(Stored, IntegrationStateV2), Problem> {
    let mut next = moved(stored, State::PartiallyReturned, Endpoint::Returns, facts.now)?;
    let items = next.session.cart_items.get_or_insert_default();
    let units = returns::take(items, &body.returned_cart_items)?;
    let gone = |effect: &Effect| match rollback::place(effect) {
        None => false,
        Some((line, unit)) => {
            let line = usize::try_from(line).unwrap_or(usize::MAX);
            let whole = |item: &CartItem| item.remaining_quantity == Some(0);
            match unit {
                Some(unit) => units.iter().any(|(place, range)| *place == line && range.contains(&unit)),
                // What a line got as a whole is void when all of it came back.
                None => items.get(line).is_some_and(whole),
            }
        }
    };
    let profile = stored.session.profile_id.as_deref().unwrap_or_default();
    let (gone, stay): (Vec<Effect>, Vec<Effect>) = stored.effects.iter().cloned().partition(gone);
    let mut told: Vec<Effect> = gone.iter().filter_map(|effect| rollback::of(effect, profile)).collect();
    next.effects = stay;
    if run_rule_engine {
        told.extend(reevaluate(&mut next, campaigns, facts)?);
    }
    let made = made_return(&next, &units, campaigns, facts.now);
    let answer = Answer { before: Some(stored), after: &next, effects: told, verdicts: &[], is_return: true };
    let answer = IntegrationStateV2 {
        r#return: Some(made.clone()),
        ..answer.state(&body.response_content, campaigns, facts)
    };
    next.returns.push(made);
    Ok((next, answer))
}

/// Runs again, for what is left of the cart, the campaigns that ask for it and had an effect at the
/// closing; answers what is rolled back and what is new.
fn reevaluate(next: &mut Stored, campaigns: &Campaigns, facts: &Facts<'_>) -> Result<Vec<Effect>, Problem> {
    let had_effect = |id: i64| next.effects.iter().any(|effect| effect.campaign_id == Some(id));
    let again = campaigns.campaigns.iter().filter(|campaign| campaign.reevaluate_on_return);
    let again: Vec<i64> = again.map(|campaign| campaign.id).filter(|id| had_effect(*id)).collect();
    let of_these = |effect: &Effect| effect.campaign_id.is_some_and(|id| again.contains(&id));
    let mut left = next.session.clone();
    left.evaluable_campaign_ids = Some(again.clone());
    total(&mut left).map_err(|_| out_of_range())?;
    // What this session booked itself must not stand in its own way; what stays is not given twice.
    let profile = left.profile_id.clone().unwrap_or_default();
    let mut books = facts.books.clone();
    let (kept, undone): (Vec<&Effect>, Vec<&Effect>) =
        next.effects.iter().partition(|effect| rollback::stays(effect));
    let mut own = Books::default();
    undone.into_iter().for_each(|effect| own.add_effect(effect, &profile));
    books.subtract_all(&own);
    let kept: Vec<Effect> = kept.into_iter().chain(&next.kept).cloned().collect();
    let context = Context { session: &left, campaigns, now: facts.now, books: &books, kept: &kept };
    let mut fresh = evaluate::evaluate(context).map_err(|_| out_of_range())?.effects;
    fresh.retain(of_these);
    let void = next.effects.iter().filter(|effect| of_these(effect) && !fresh.contains(effect));
    let mut told: Vec<Effect> = void.filter_map(|effect| rollback::of(effect, &profile)).collect();
    told.extend(fresh.iter().filter(|effect| !next.effects.contains(effect)).cloned());
    next.effects.retain(|effect| !of_these(effect));
    next.effects.extend(fresh);
    Ok(told)
}

fn made_return(
    session: &Stored,
    units: &returns::Units,
    campaigns: &Campaigns,
    now: OffsetDateTime,
) -> Return {
    let Stored { session, returns, .. } = session;
    let number = session.id.unwrap_or_default();
    let nth = returns.len();
    let profile = session.profile_id.clone().filter(|profile| !profile.is_empty());
    let item = |(line, units): &(usize, Range<i64>)| ReturnedCartItem {
        position: i64::try_from(*line).ok(),
        quantity: Some(units.end.saturating_sub(units.start)),
        sku: None,
    };
    Return {
        id: Some(numbers::integer(&format!("return {number} {nth}"))),
        created: date_time(now),
        application_id: Some(campaigns.application_id),
        account_id: Some(campaigns.account_id),
        returned_cart_items: Some(units.iter().map(item).collect()),
        event_id: Some(answer::event_number(session)),
        session_id: Some(number),
        session_integration_id: session.integration_id.clone(),
        profile_id: profile.as_deref().map(numbers::profile),
        profile_integration_id: profile,
        created_by: None,
    }
}

/// The session in another state, when this endpoint may take it there.
fn moved(stored: &Stored, to: State, by: Endpoint, now: OffsetDateTime) -> Result<Stored, Problem> {
    let from = state_of(stored);
    if Transitions::Current.endpoint(&from, &to) != Some(by) {
        let what = if by == Endpoint::Reopen { "reopened" } else { "returned" };
        return Err(at_state("state", format!("a session that is {} cannot be {what}", from.as_str())));
    }
    let mut next = stored.clone();
    next.session.state = Some(to.as_str().to_string());
    touch(&mut next.session, now);
    Ok(next)
}

/// Counts the change and notes its time.
fn touch(session: &mut CustomerSessionV2, now: OffsetDateTime) {
    session.update_count = session.update_count.map(|count| count.saturating_add(1));
    session.updated = date_time(now);
}

/// Takes back what a closing gave; answers the roll-back effects. An open session has nothing to
/// take back, its effects are only forgotten.
fn roll_back(stored: &Stored, next: &mut Stored) -> Vec<Effect> {
    if state_of(stored) == State::Open {
        next.effects = stored.kept.clone();
        return Vec::new();
    }
    let profile = stored.session.profile_id.as_deref().unwrap_or_default();
    next.effects.retain(rollback::stays);
    for effect in &next.effects {
        if !next.kept.contains(effect) {
            next.kept.push(effect.clone());
        }
    }
    stored.effects.iter().filter_map(|effect| rollback::of(effect, profile)).collect()
}

/// Reads a session.
pub fn read(stored: Stored) -> IntegrationCustomerSessionResponse {
    IntegrationCustomerSessionResponse {
        customer_session: Some(stored.session),
        effects: Some(stored.effects),
    }
}

fn was_open(stored: Option<&Stored>) -> bool {
    stored.is_none_or(|stored| state_of(stored) == State::Open)
}

fn state_of(stored: &Stored) -> State {
    State::from_word(stored.session.state.as_deref().unwrap_or_default())
}

/// The state after an update, by the API's table; a new session starts as if it had been open.
fn next_state(stored: Option<&Stored>, change: &NewCustomerSessionV2) -> Result<State, Problem> {
    let from = stored.map(state_of).unwrap_or_default();
    let to = match change.state.as_deref() {
        None => from.clone(),
        Some(word) => State::from_word(word),
    };
    let settable = match stored {
        None => [State::Open, State::Closed].contains(&to),
        Some(_) => [State::Open, State::Closed, State::Cancelled].contains(&to),
    };
    if change.state.is_some() && !settable {
        let words = match stored {
            None => "\"open\", \"closed\"",
            Some(_) => "\"open\", \"closed\", \"cancelled\"",
        };
        return Err(at_state("enum", format!("state must be one of the following: {words}")));
    }
    if Transitions::Current.endpoint(&from, &to) == Some(Endpoint::Update) {
        return Ok(to);
    }
    Err(at_state(
        "state",
        format!("an update cannot take the session from {} to {}", from.as_str(), to.as_str()),
    ))
}

fn at_state(title: &str, details: String) -> Problem {
    Problem::invalid(vec![at_pointer(title, details, "/state".to_string())])
}

fn out_of_range() -> Problem {
    let details = "The amounts of the session are out of range".to_string();
    let problem = at_pointer("Invalid type", details, "/cartItems".to_string());
    Problem::invalid(vec![problem])
}

fn date_time(time: OffsetDateTime) -> Option<String> {
    time.format(&Rfc3339).ok()
}

fn created(facts: &Facts<'_>, campaigns: &Campaigns) -> CustomerSessionV2 {
    CustomerSessionV2 {
        id: Some(facts.number),
        created: date_time(facts.now),
        integration_id: Some(facts.integration_id.to_string()),
        application_id: Some(campaigns.application_id),
        profile_id: Some(String::new()),
        cart_items: Some(Vec::new()),
        attributes: Some(Object::new()),
        update_count: Some(0),
        ..CustomerSessionV2::default()
    }
}

/// Takes over the fields that were sent; what was left out stays.
fn merge(session: &mut CustomerSessionV2, change: &NewCustomerSessionV2, campaigns: &Campaigns) {
    keep(&mut session.store_integration_id, &change.store_integration_id);
    keep(&mut session.coupon_codes, &change.coupon_codes);
    keep(&mut session.referral_code, &change.referral_code);
    keep(&mut session.loyalty_cards, &change.loyalty_cards);
    keep(&mut session.additional_costs, &change.additional_costs);
    keep(&mut session.identifiers, &change.identifiers);
    keep(&mut session.experiment_variant_allocations, &change.experiment_variant_allocations);
    if let Some(items) = &change.cart_items {
        let items = (0_i64..).zip(items).map(|(position, item)| stored_item(position, item, campaigns));
        session.cart_items = Some(items.collect());
    }
    if let Some(attributes) = &change.attributes {
        let kept = session.attributes.take().unwrap_or_default();
        session.attributes = Some(merged(kept, attributes));
    }
}

fn keep<T: Clone>(stored: &mut Option<T>, sent: &Option<T>) {
    if sent.is_some() {
        stored.clone_from(sent);
    }
}

/// A line as it is stored: without what only the server sets, but with its place and price.
fn stored_item(position: i64, item: &CartItem, campaigns: &Campaigns) -> CartItem {
    let sku = item.sku.as_deref().unwrap_or_default();
    let catalog = campaigns.catalog.get(sku);
    CartItem {
        sku: item.sku.clone(),
        quantity: item.quantity,
        name: item.name.clone().or_else(|| catalog.and_then(|row| row.name.clone())),
        price: item.price.or_else(|| catalog.map(|row| row.price)),
        category: item.category.clone(),
        product: item.product.clone(),
        weight: item.weight,
        height: item.height,
        width: item.width,
        length: item.length,
        position: Some(position),
        attributes: item.attributes.as_ref().map(|sent| merged(Object::new(), sent)),
        additional_costs: item.additional_costs.clone(),
        catalog_item_id: catalog.and_then(|row| row.id),
        ..CartItem::default()
    }
}

/// Attributes with those that were sent; null takes one out.
fn merged(mut attributes: Object, sent: &Object) -> Object {
    for (name, value) in sent.iter() {
        match value {
            Value::Null => {
                attributes.remove(name);
            }
            value => attributes.set(name, value.clone()),
        }
    }
    attributes
}

/// The four totals, before discounts, of the units that were not returned; the cost of an item
/// counts once for its line.
fn total(session: &mut CustomerSessionV2) -> Result<(), AmountError> {
    let mut items = Amount::ZERO;
    let mut item_costs = Amount::ZERO;
    for item in session.cart_items.iter().flatten() {
        let kept = returns::kept(item);
        let units = u64::try_from(kept.end.saturating_sub(kept.start)).unwrap_or_default();
        items = items.add(item.price.unwrap_or_default().times(units)?)?;
        item_costs = item_costs.add(costs(item.additional_costs.as_ref())?)?;
    }
    let session_costs = costs(session.additional_costs.as_ref())?;
    session.cart_item_total = Some(items);
    session.additional_cost_total = Some(session_costs);
    session.cart_item_additional_cost_total = Some(item_costs);
    session.total = Some(items.add(session_costs)?.add(item_costs)?);
    Ok(())
}

fn costs(costs: Option<&Map<AdditionalCost>>) -> Result<Amount, AmountError> {
    let prices = costs.into_iter().flat_map(|costs| &costs.0);
    prices.filter_map(|(_, cost)| cost.price).try_fold(Amount::ZERO, Amount::add)
}
