//! The session rules: `(stored session, request, campaigns, now) → (new session, answer)`.
//!
//! Pure: no input or output, no clock.

use cartwright::amount::{Amount, AmountError};
use cartwright::draft::state::{Endpoint, State, Transitions};
use cartwright::model::json::{Object, Value};
use cartwright::model::wire::Map;
use cartwright::model::{
    AdditionalCost, CartItem, CustomerSessionV2, Effect, IntegrationCustomerSessionResponse,
    IntegrationStateV2, NewCustomerSessionV2,
};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::problem::{Problem, at_pointer};
use crate::sandbox::campaigns::Campaigns;
use crate::sandbox::effects;
use crate::sandbox::read::Body;

/// A session as it is stored: what the API shows of it, and the effects of its newest update.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stored {
    /// The session.
    pub session: CustomerSessionV2,
    /// Effects in force.
    pub effects: Vec<Effect>,
}

/// What an update needs to know beside its body.
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
}

/// The profile that a session will have after an update.
pub fn profile<'p>(stored: Option<&'p Stored>, change: &'p NewCustomerSessionV2) -> &'p str {
    let kept = stored.and_then(|stored| stored.session.profile_id.as_deref());
    change.profile_id.as_deref().or(kept).unwrap_or_default()
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
    session.update_count = session.update_count.map(|count| count.saturating_add(1));
    session.updated = date_time(facts.now);
    // Only the state of a session that is no longer open can change.
    if was_open(stored) {
        merge(&mut session, change, campaigns);
        session.profile_id = Some(profile(stored, change).to_string());
        session.first_session = Some(facts.first_session);
    }
    total(&mut session).map_err(|_| out_of_range())?;
    let evaluated = CustomerSessionV2 {
        evaluable_campaign_ids: change.evaluable_campaign_ids.clone().filter(|_| facts.dry),
        ..session.clone()
    };
    let effects = match state {
        State::Cancelled => Vec::new(),
        _ => effects::evaluate(&evaluated, campaigns, facts.evaluate_at.unwrap_or(facts.now))
            .map_err(|_| out_of_range())?,
    };
    let stored = Stored { session, effects };
    let answer = answer(&stored, &body.response_content);
    Ok((stored, answer))
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

/// The four totals, before discounts; the cost of an item counts once for its line.
fn total(session: &mut CustomerSessionV2) -> Result<(), AmountError> {
    let mut items = Amount::ZERO;
    let mut item_costs = Amount::ZERO;
    for item in session.cart_items.iter().flatten() {
        let units = u64::try_from(item.quantity.unwrap_or_default()).unwrap_or_default();
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

/// The answer to an update: effects always, other parts where they were asked for by a known word.
fn answer(stored: &Stored, response_content: &[String]) -> IntegrationStateV2 {
    let asked = |word: &str| response_content.iter().any(|asked| asked == word);
    IntegrationStateV2 {
        effects: Some(stored.effects.clone()),
        created_coupons: Some(Vec::new()),
        created_referrals: Some(Vec::new()),
        customer_session: asked("customerSession").then(|| stored.session.clone()),
        loyalty: asked("loyalty").then(no_loyalty),
        ..IntegrationStateV2::default()
    }
}

/// The balances of a sandbox without loyalty programs.
fn no_loyalty() -> Value {
    let programs = ("programs".to_string(), Value::Object(Object::new()));
    Value::Object([programs].into_iter().collect())
}
