//! The draft, and one command applied to it.

use std::sync::Arc;

use crate::amount::Amount;
use crate::draft::command::{Command, line_unknown};
use crate::draft::field::{FIELDS, Field, FieldSet};
use crate::draft::limits::{self, CartLimits};
use crate::draft::lines::{Item, Line, LineId, Lines, NewLine};
use crate::draft::refusal::{Code, Refusal};
use crate::draft::totals::Totals;
use crate::model::json::{Object, Value};
use crate::model::wire::{Map, Members, Path, Reading, Source, Step, Wire, Writer, key};
use crate::model::{AdditionalCost, CartItem, CustomerSessionV2, NewCustomerSessionV2};

/// What a shopper has now: fields that are set, lines, and their running totals.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    limits: CartLimits,
    lines: Lines,
    /// Whether `cartItems` is set, be it to an empty list.
    cart_set: bool,
    totals: Totals,
    /// Every field but `cartItems` and `state`.
    fields: NewCustomerSessionV2,
    sent: FieldSet,
    sent_attributes: Vec<String>,
}

/// What a command changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Lines, one by one, each index as it was when that change was made.
    pub lines: Vec<LineChange>,
    /// Fields; `cartItems` where lines changed.
    pub fields: FieldSet,
    /// The line that an addition made or grew.
    pub line: Option<LineId>,
}

/// One change of the list of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineChange {
    /// A line at that index is new.
    Inserted(usize),
    /// The line at that index changed.
    Updated(usize),
    /// The line at that index is gone.
    Removed(usize),
    /// Everything may have changed.
    All,
}

impl Change {
    /// Whether the draft is as it was.
    pub fn is_none(&self) -> bool {
        self.fields.is_empty()
    }

    fn of(field: Field) -> Change {
        let mut change = Change::default();
        change.fields.insert(field);
        change
    }

    fn of_line(line: LineChange) -> Change {
        Change { lines: vec![line], ..Change::of(Field::CartItems) }
    }

    fn join(&mut self, other: Change) {
        self.lines.extend(other.lines);
        self.fields = self.fields.union(other.fields);
        self.line = other.line.or(self.line);
    }
}

type Applied = Result<Change, Vec<Refusal>>;

impl Draft {
    /// An empty draft.
    pub fn new(limits: CartLimits) -> Draft {
        Draft { limits, ..Draft::default() }
    }

    /// The draft that a session of the server amounts to, all of it known to the server; `known`
    /// gives each line its id and what the shop stores with it. Refused when a line cannot be read:
    /// sending the rest would delete it.
    pub fn from_session(
        session: &CustomerSessionV2,
        limits: CartLimits,
        mut known: impl FnMut(usize, &CartItem) -> (LineId, Option<Value>, bool),
    ) -> Result<Draft, Vec<Refusal>> {
        let mut draft = Draft::new(limits);
        let fields = session.clone();
        draft.fields = NewCustomerSessionV2 {
            profile_id: fields.profile_id,
            // Empty means none in an answer, and is refused in a request.
            store_integration_id: fields.store_integration_id.filter(|id| !id.is_empty()),
            evaluable_campaign_ids: None,
            coupon_codes: fields.coupon_codes,
            referral_code: fields.referral_code,
            loyalty_cards: fields.loyalty_cards,
            state: None,
            cart_items: None,
            experiment_variant_allocations: fields.experiment_variant_allocations,
            additional_costs: fields.additional_costs,
            identifiers: fields.identifiers,
            attributes: fields.attributes,
        };
        for (name, cost) in draft.fields.additional_costs.iter().flat_map(|costs| &costs.0) {
            let price = cost.price.unwrap_or_default();
            let part = Totals { costs: price, ..Totals::default() };
            draft.totals =
                draft.totals.plus(&part).map_err(|error| amount_refusal(error, cost_path(name)))?;
        }
        for (index, model) in session.cart_items.iter().flatten().enumerate() {
            let (id, meta, free) = known(index, model);
            let item = Item::new(model.clone())?;
            draft.push(NewLine { id, item, meta, free })?;
        }
        draft.cart_set = session.cart_items.is_some();
        draft.mark_sent();
        Ok(draft)
    }

    /// The lines in order.
    pub fn lines(&self) -> &[Arc<Line>] {
        self.lines.list()
    }

    /// The line of that id.
    pub fn line(&self, id: LineId) -> Option<&Arc<Line>> {
        self.lines.get(id)
    }

    /// The running totals.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Every field beside lines and state; absent ones are not sent.
    pub fn fields(&self) -> &NewCustomerSessionV2 {
        &self.fields
    }

    /// Whether a field is set.
    pub fn has(&self, field: Field) -> bool {
        let fields = &self.fields;
        match field {
            Field::ProfileId => fields.profile_id.is_some(),
            Field::StoreIntegrationId => fields.store_integration_id.is_some(),
            Field::EvaluableCampaignIds => fields.evaluable_campaign_ids.is_some(),
            Field::CouponCodes => fields.coupon_codes.is_some(),
            Field::ReferralCode => fields.referral_code.is_some(),
            Field::LoyaltyCards => fields.loyalty_cards.is_some(),
            Field::State => false,
            Field::CartItems => self.cart_set,
            Field::ExperimentVariantAllocations => fields.experiment_variant_allocations.is_some(),
            Field::AdditionalCosts => fields.additional_costs.is_some(),
            Field::Identifiers => fields.identifiers.is_some(),
            Field::Attributes => fields.attributes.is_some(),
        }
    }

    /// Notes that everything set now may have reached the server: none of it may be omitted again.
    pub fn mark_sent(&mut self) {
        for field in FIELDS {
            if self.has(field) {
                self.sent.insert(field);
            }
        }
        for (name, _) in self.fields.attributes.iter().flat_map(Object::iter) {
            if !self.sent_attributes.iter().any(|known| known == name) {
                self.sent_attributes.push(name.to_string());
            }
        }
    }

    /// Notes that what was sent since that draft was refused as a whole: it may be omitted again.
    pub fn mark_refused(&mut self, before: &Draft) {
        self.sent = before.sent;
        self.sent_attributes = before.sent_attributes.clone();
    }

    /// The `NewCustomerSessionV2` of a request; `state` only for a move.
    pub fn write(&self, out: &mut Writer, state: Option<&str>) {
        let fields = &self.fields;
        out.object(|members: &mut Members<'_>| {
            members.member(Field::ProfileId.name(), fields.profile_id.as_ref());
            members.member(Field::StoreIntegrationId.name(), fields.store_integration_id.as_ref());
            members.member(Field::EvaluableCampaignIds.name(), fields.evaluable_campaign_ids.as_ref());
            members.member(Field::CouponCodes.name(), fields.coupon_codes.as_ref());
            members.member(Field::ReferralCode.name(), fields.referral_code.as_ref());
            members.member(Field::LoyaltyCards.name(), fields.loyalty_cards.as_ref());
            members.member(Field::State.name(), state.map(str::to_string).as_ref());
            if self.cart_set {
                let list = members.name(Field::CartItems.name());
                list.list(self.lines(), |line, out| out.text.push_str(line.text()));
            }
            let variants = fields.experiment_variant_allocations.as_ref();
            members.member(Field::ExperimentVariantAllocations.name(), variants);
            members.member(Field::AdditionalCosts.name(), fields.additional_costs.as_ref());
            members.member(Field::Identifiers.name(), fields.identifiers.as_ref());
            members.member(Field::Attributes.name(), fields.attributes.as_ref());
        });
    }

    /// Applies all commands or, when one is refused, none; the refusals are those of all commands
    /// up to and with the first refused one.
    pub fn apply_all(&mut self, commands: &[Command]) -> Applied {
        if let [command] = commands {
            return self.apply(command);
        }
        let mut next = self.clone();
        let mut change = Change::default();
        for command in commands {
            change.join(next.apply(command)?);
        }
        *self = next;
        Ok(change)
    }

    /// Applies a command, or refuses it and leaves the draft as it was.
    pub fn apply(&mut self, command: &Command) -> Applied {
        match command {
            Command::Add { line, merge } => self.add(line, *merge),
            Command::Update { id, patch, source } => self.update(*id, patch, *source),
            Command::SetQuantity { id, quantity } => self.set_quantity(*id, *quantity),
            Command::Remove { id } => self.set_quantity(*id, 0),
            Command::Clear => self.replace(&[]),
            Command::Replace { lines } => self.replace(lines),
            Command::Accept { line } => {
                let same = |known: &&Arc<Line>| known.free && known.item.sku() == line.item.sku();
                if let Some(known) = self.lines().iter().find(same) {
                    return Ok(Change { line: Some(known.id), ..Change::default() });
                }
                self.push(line.clone())
            }
            Command::AddCoupon(code) => {
                let codes = self.fields.coupon_codes.get_or_insert_default();
                if codes.contains(code) {
                    return Ok(Change::default());
                }
                codes.push(code.clone());
                Ok(Change::of(Field::CouponCodes))
            }
            Command::RemoveCoupon(code) => {
                let codes = self.fields.coupon_codes.as_mut();
                let found = codes.and_then(|codes| {
                    let index = codes.iter().position(|known| known == code)?;
                    Some(codes.remove(index))
                });
                Ok(found.map_or_else(Change::default, |_| Change::of(Field::CouponCodes)))
            }
            Command::SetReferral(code) => {
                // Clearing what was never set would send a field for nothing.
                if code.is_empty() && self.fields.referral_code.is_none() {
                    return Ok(Change::default());
                }
                Ok(assign(&mut self.fields.referral_code, Some(code.clone()), Field::ReferralCode))
            }
            Command::SetLoyaltyCards(cards) => {
                if cards.is_empty() && self.fields.loyalty_cards.is_none() {
                    return Ok(Change::default());
                }
                Ok(assign(&mut self.fields.loyalty_cards, Some(cards.clone()), Field::LoyaltyCards))
            }
            Command::SetCost(name, amount) => {
                let mut costs = self.fields.additional_costs.clone().unwrap_or_default();
                let cost = AdditionalCost { price: Some(*amount) };
                match costs.0.iter_mut().find(|(known, _)| known == name) {
                    Some((_, slot)) => *slot = cost,
                    None => costs.0.push((name.clone(), cost)),
                }
                self.set_costs(costs)
            }
            Command::RemoveCost(name) => {
                let Some(mut costs) = self.fields.additional_costs.clone() else {
                    return Ok(Change::default());
                };
                costs.0.retain(|(known, _)| known != name);
                self.set_costs(costs)
            }
            Command::SetAttribute(name, value) => {
                let attributes = self.fields.attributes.get_or_insert_default();
                if attributes.get(name) == Some(value) {
                    return Ok(Change::default());
                }
                attributes.set(name, value.clone());
                Ok(Change::of(Field::Attributes))
            }
            Command::UnsetAttribute(name) => self.unset_attribute(name),
            Command::Put { session, lines, whole } => self.put(session, lines.as_deref(), *whole),
            Command::Unset(field) => self.unset(*field),
        }
    }

    fn add(&mut self, line: &NewLine, merge: bool) -> Applied {
        let equal = if merge { self.lines.equal_to(&line.item).map(|line| line.id) } else { None };
        let Some(id) = equal else {
            return self.push(line.clone());
        };
        let units = self.lines.get(id).map_or(0, |line| line.item.quantity());
        let mut change = self.set_quantity(id, units.saturating_add(line.item.quantity()))?;
        change.line = Some(id);
        Ok(change)
    }

    fn push(&mut self, line: NewLine) -> Applied {
        let id = line.id;
        let lines = self.lines().len().saturating_add(1);
        self.within(lines, self.totals.units.saturating_add(line.item.quantity()))?;
        let part = line.item.part().map_err(|error| amount_refusal(error, key("price")))?;
        let totals = checked(&self.totals, &part)?;
        let index = self.lines.push(line).map_err(|error| amount_refusal(error, key("price")))?;
        self.totals = totals;
        self.cart_set = true;
        Ok(Change { line: Some(id), ..Change::of_line(LineChange::Inserted(index)) })
    }

    /// The limits of the cart, checked before a quantity becomes part of an amount.
    fn within(&self, lines: usize, units: u64) -> Result<(), Vec<Refusal>> {
        let cart = limits::cart(self.limits, lines, units, &key(Field::CartItems.name()));
        cart.map_err(|refusal| vec![refusal])
    }

    fn set_quantity(&mut self, id: LineId, quantity: u64) -> Applied {
        let index = self.index_of(id)?;
        let Some(line) = self.lines().get(index).cloned() else {
            return Ok(Change::default());
        };
        if quantity == 0 {
            self.totals =
                self.totals.minus(line.part()).map_err(|error| amount_refusal(error, key("price")))?;
            self.lines.remove(index);
            return Ok(Change::of_line(LineChange::Removed(index)));
        }
        if quantity == line.item.quantity() {
            return Ok(Change { line: Some(id), ..Change::default() });
        }
        let item = self.units_within(&line, quantity).and_then(|()| line.item.with_quantity(quantity))?;
        self.exchange(index, &line, NewLine { id, item, meta: line.meta.clone(), free: line.free })
    }

    /// The limit of units where a line gets another quantity.
    fn units_within(&self, line: &Line, quantity: u64) -> Result<(), Vec<Refusal>> {
        let others = self.totals.units.saturating_sub(line.item.quantity());
        self.within(self.lines().len(), others.saturating_add(quantity))
    }

    fn update(&mut self, id: LineId, patch: &Object, source: Source) -> Applied {
        let index = self.index_of(id)?;
        let Some(line) = self.lines().get(index).cloned() else {
            return Ok(Change::default());
        };
        let quantity = patch.get("quantity").and_then(|units| i64::read(units, &mut Reading::new(source)));
        if quantity == Some(0) {
            return self.set_quantity(id, 0);
        }
        let item = patched(&line.item, patch, source)?;
        let meta = match patch.get("meta") {
            None => line.meta.clone(),
            Some(Value::Null) => None,
            Some(meta) => Value::read(meta, &mut Reading::new(source)),
        };
        if item == line.item && meta == line.meta {
            return Ok(Change { line: Some(id), ..Change::default() });
        }
        self.units_within(&line, item.quantity())?;
        self.exchange(index, &line, NewLine { id, item, meta, free: line.free })
    }

    /// Puts a line into the place of `old`.
    fn exchange(&mut self, index: usize, old: &Line, new: NewLine) -> Applied {
        let id = new.id;
        let without = self.totals.minus(old.part()).map_err(|error| amount_refusal(error, key("price")))?;
        let part = new.item.part().map_err(|error| amount_refusal(error, key("price")))?;
        let totals = checked(&without, &part)?;
        self.lines.replace(index, new).map_err(|error| amount_refusal(error, key("price")))?;
        self.totals = totals;
        Ok(Change { line: Some(id), ..Change::of_line(LineChange::Updated(index)) })
    }

    fn replace(&mut self, lines: &[NewLine]) -> Applied {
        if self.cart_set && self.lines().is_empty() && lines.is_empty() {
            return Ok(Change::default());
        }
        let costs = Totals { costs: self.totals.costs, ..Totals::default() };
        let mut next =
            Draft { lines: Lines::default(), totals: costs, limits: self.limits, ..Draft::default() };
        for (index, line) in lines.iter().enumerate() {
            let place = |refusal: Refusal| refusal_at(index, refusal);
            next.push(line.clone()).map_err(|found| found.into_iter().map(place).collect::<Vec<_>>())?;
        }
        self.lines = next.lines;
        self.totals = next.totals;
        self.cart_set = true;
        Ok(Change::of_line(LineChange::All))
    }

    fn set_costs(&mut self, costs: Map<AdditionalCost>) -> Applied {
        let mut totals = Totals { costs: Amount::ZERO, ..self.totals };
        for (name, cost) in &costs.0 {
            let part = Totals { costs: cost.price.unwrap_or_default(), ..Totals::default() };
            let sum = totals.plus(&part).and_then(|sum| sum.total().map(|_| sum));
            totals = sum.map_err(|error| amount_refusal(error, cost_path(name)))?;
        }
        self.totals = totals;
        Ok(assign(&mut self.fields.additional_costs, Some(costs), Field::AdditionalCosts))
    }

    fn unset_attribute(&mut self, name: &str) -> Applied {
        if self.sent_attributes.iter().any(|known| known == name) {
            let path = vec![Step::Key(Field::Attributes.name().to_string()), Step::Key(name.to_string())];
            return Err(vec![Refusal::new(Code::CannotUnset, path)]);
        }
        let removed = self.fields.attributes.as_mut().and_then(|attributes| attributes.remove(name));
        if removed.is_none() {
            return Ok(Change::default());
        }
        if self.fields.attributes.as_ref().is_some_and(Object::is_empty)
            && !self.sent.contains(Field::Attributes)
        {
            self.fields.attributes = None;
        }
        Ok(Change::of(Field::Attributes))
    }

    /// Session attributes as a whole: those that were sent and are not among them become `null`.
    fn set_attributes(&mut self, mut attributes: Object) -> Change {
        for name in &self.sent_attributes {
            if attributes.get(name).is_none() {
                attributes.set(name, Value::Null);
            }
        }
        assign(&mut self.fields.attributes, Some(attributes), Field::Attributes)
    }

    fn put(&mut self, session: &NewCustomerSessionV2, lines: Option<&[NewLine]>, whole: bool) -> Applied {
        let mut next = self.clone();
        let mut change = Change::default();
        let mut refusals = Vec::new();
        let mut note = |applied: Applied| match applied {
            Ok(part) => change.join(part),
            Err(found) => refusals.extend(found),
        };
        if whole {
            for field in FIELDS {
                if !given(session, lines, field) {
                    note(next.unset(field));
                }
            }
        }
        if let Some(lines) = lines {
            let below = |refusal: Refusal| match refusal.path.first() {
                Some(Step::Index(_)) => refusal.inside(Step::Key(Field::CartItems.name().to_string())),
                _ => refusal,
            };
            note(next.replace(lines).map_err(|found| found.into_iter().map(below).collect()));
        }
        if let Some(costs) = session.additional_costs.clone() {
            note(next.set_costs(costs));
        }
        if !refusals.is_empty() {
            return Err(refusals);
        }
        if let Some(attributes) = session.attributes.clone() {
            change.join(next.set_attributes(attributes));
        }
        let fields = &mut next.fields;
        let mut take = |part: Change| change.join(part);
        let given = session.clone();
        take(replace_if_given(&mut fields.profile_id, given.profile_id, Field::ProfileId));
        take(replace_if_given(
            &mut fields.store_integration_id,
            given.store_integration_id,
            Field::StoreIntegrationId,
        ));
        take(replace_if_given(
            &mut fields.evaluable_campaign_ids,
            given.evaluable_campaign_ids,
            Field::EvaluableCampaignIds,
        ));
        take(replace_if_given(&mut fields.coupon_codes, given.coupon_codes, Field::CouponCodes));
        take(replace_if_given(&mut fields.referral_code, given.referral_code, Field::ReferralCode));
        take(replace_if_given(&mut fields.loyalty_cards, given.loyalty_cards, Field::LoyaltyCards));
        take(replace_if_given(&mut fields.identifiers, given.identifiers, Field::Identifiers));
        take(replace_if_given(
            &mut fields.experiment_variant_allocations,
            given.experiment_variant_allocations,
            Field::ExperimentVariantAllocations,
        ));
        *self = next;
        Ok(change)
    }

    /// Stops sending a field, or clears it where the server may know it.
    fn unset(&mut self, field: Field) -> Applied {
        if !self.has(field) {
            return Ok(Change::default());
        }
        let sent = self.sent.contains(field);
        let fields = &mut self.fields;
        let change = match field {
            Field::State => Change::default(),
            Field::StoreIntegrationId if sent => {
                return Err(vec![Refusal::new(Code::CannotUnset, key(field.name()))]);
            }
            Field::StoreIntegrationId => assign(&mut fields.store_integration_id, None, field),
            Field::ProfileId => assign(&mut fields.profile_id, cleared(sent), field),
            Field::EvaluableCampaignIds => assign(&mut fields.evaluable_campaign_ids, cleared(sent), field),
            Field::CouponCodes => assign(&mut fields.coupon_codes, cleared(sent), field),
            Field::ReferralCode => assign(&mut fields.referral_code, cleared(sent), field),
            Field::LoyaltyCards => assign(&mut fields.loyalty_cards, cleared(sent), field),
            Field::Identifiers => assign(&mut fields.identifiers, cleared(sent), field),
            Field::ExperimentVariantAllocations => {
                assign(&mut fields.experiment_variant_allocations, cleared(sent), field)
            }
            Field::AdditionalCosts => {
                let mut change = self.set_costs(Map::default())?;
                change.join(assign(&mut self.fields.additional_costs, cleared(sent), field));
                change
            }
            Field::Attributes if sent => self.set_attributes(Object::new()),
            Field::Attributes => assign(&mut fields.attributes, None, field),
            Field::CartItems => {
                let mut change = self.replace(&[])?;
                if !sent {
                    self.cart_set = false;
                    change.fields.insert(field);
                }
                change
            }
        };
        Ok(change)
    }

    fn index_of(&self, id: LineId) -> Result<usize, Vec<Refusal>> {
        self.lines.index_of(id).ok_or_else(|| vec![line_unknown(&id.to_text())])
    }
}

/// The totals with a part more, where they can be summed up.
fn checked(totals: &Totals, part: &Totals) -> Result<Totals, Vec<Refusal>> {
    let sum = totals.plus(part).and_then(|sum| sum.total().map(|_| sum));
    sum.map_err(|error| amount_refusal(error, key("price")))
}

/// The value that clears a field on the server, or nothing where the server never heard of it.
fn cleared<T: Default>(sent: bool) -> Option<T> {
    sent.then(T::default)
}

fn assign<T: PartialEq>(slot: &mut Option<T>, value: Option<T>, field: Field) -> Change {
    if *slot == value {
        return Change::default();
    }
    *slot = value;
    Change::of(field)
}

fn replace_if_given<T: PartialEq>(slot: &mut Option<T>, value: Option<T>, field: Field) -> Change {
    if value.is_none() { Change::default() } else { assign(slot, value, field) }
}

fn given(session: &NewCustomerSessionV2, lines: Option<&[NewLine]>, field: Field) -> bool {
    match field {
        Field::ProfileId => session.profile_id.is_some(),
        Field::StoreIntegrationId => session.store_integration_id.is_some(),
        Field::EvaluableCampaignIds => session.evaluable_campaign_ids.is_some(),
        Field::CouponCodes => session.coupon_codes.is_some(),
        Field::ReferralCode => session.referral_code.is_some(),
        Field::LoyaltyCards => session.loyalty_cards.is_some(),
        Field::State => true,
        Field::CartItems => lines.is_some(),
        Field::ExperimentVariantAllocations => session.experiment_variant_allocations.is_some(),
        Field::AdditionalCosts => session.additional_costs.is_some(),
        Field::Identifiers => session.identifiers.is_some(),
        Field::Attributes => session.attributes.is_some(),
    }
}

/// The item with the members of a patch; `null` unsets one.
fn patched(item: &Item, patch: &Object, source: Source) -> Result<Item, Vec<Refusal>> {
    let mut reading = Reading::new(source);
    let Some(new) = CartItem::read(&Value::Object(patch.clone()), &mut reading) else {
        return Err(vec![Refusal::new(Code::ValueType, Path::new())]);
    };
    let faults = reading.into_faults();
    if !faults.is_empty() {
        return Err(faults.into_iter().map(Refusal::from).collect());
    }
    let old = item.model().clone();
    fn pick<T>(patch: &Object, name: &str, new: Option<T>, old: Option<T>) -> Option<T> {
        if patch.get(name).is_some() { new } else { old }
    }
    Item::new(CartItem {
        name: pick(patch, "name", new.name, old.name),
        sku: pick(patch, "sku", new.sku, old.sku),
        quantity: pick(patch, "quantity", new.quantity, old.quantity),
        price: pick(patch, "price", new.price, old.price),
        category: pick(patch, "category", new.category, old.category),
        product: pick(patch, "product", new.product, old.product),
        weight: pick(patch, "weight", new.weight, old.weight),
        height: pick(patch, "height", new.height, old.height),
        width: pick(patch, "width", new.width, old.width),
        length: pick(patch, "length", new.length, old.length),
        attributes: pick(patch, "attributes", new.attributes, old.attributes),
        additional_costs: pick(patch, "additionalCosts", new.additional_costs, old.additional_costs),
        ..CartItem::default()
    })
}

fn cost_path(name: &str) -> Path {
    vec![Step::Key(Field::AdditionalCosts.name().to_string()), Step::Key(name.to_string())]
}

fn refusal_at(index: usize, refusal: Refusal) -> Refusal {
    match refusal.code {
        // The limits of the cart belong to the list, not to the line that passed them.
        Code::LinesLimit | Code::UnitsLimit => refusal,
        _ => refusal.inside(Step::Index(index)),
    }
}

fn amount_refusal(error: crate::amount::AmountError, path: Path) -> Vec<Refusal> {
    vec![Refusal::new(Code::Amount(error), path)]
}
