//! What a shopper or a shop may want of a draft, one intent each.
//!
//! A command is read from the JSON text that the JavaScript surface sends; what cannot be in any
//! draft (a quantity of 0.5, a code of 101 characters) is refused here, before it is a command.

use crate::amount::Amount;
use crate::draft::field::Field;
use crate::draft::limits;
use crate::draft::lines::{Item, LineId, NewLine, check_names, quantity_refusal};
use crate::draft::refusal::{Code, Figure, Refusal};
use crate::model::NewCustomerSessionV2;
use crate::model::index::firsts;
use crate::model::json::{Object, Value};
use crate::model::wire::{Path, Reading, Source, Step, Wire, key};

/// One intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A new line, or more units of an equal one.
    Add {
        /// The line, with the id that it gets when it is new.
        line: NewLine,
        /// Whether an equal line grows instead.
        merge: bool,
    },
    /// Members of a line changed; `null` unsets one.
    Update {
        /// The line.
        id: LineId,
        /// The members, and `meta`.
        patch: Object,
        /// Where the patch was written.
        source: Source,
    },
    /// Another quantity; 0 removes the line.
    SetQuantity {
        /// The line.
        id: LineId,
        /// Units.
        quantity: u64,
    },
    /// A line taken out.
    Remove {
        /// The line.
        id: LineId,
    },
    /// All lines taken out.
    Clear,
    /// All lines replaced.
    Replace {
        /// The new ones.
        lines: Vec<NewLine>,
    },
    /// A free item taken: a line at price 0, once per SKU.
    Accept {
        /// The line, with the id that it gets when it is new.
        line: NewLine,
    },
    /// A coupon code entered.
    AddCoupon(String),
    /// A coupon code taken back.
    RemoveCoupon(String),
    /// The referral code; empty clears it.
    SetReferral(String),
    /// The loyalty cards of the session; none clears them.
    SetLoyaltyCards(Vec<String>),
    /// A cost of the session.
    SetCost(String, Amount),
    /// A cost of the session taken out.
    RemoveCost(String),
    /// A session attribute; `null` deletes it on the server.
    SetAttribute(String, Value),
    /// A session attribute that was never sent is not sent.
    UnsetAttribute(String),
    /// Fields by their API names, taken over as they are.
    Put {
        /// The fields in their plain form; without `cartItems` and `state`.
        session: Object,
        /// The lines, where `cartItems` was given.
        lines: Option<Vec<NewLine>>,
        /// Whether fields that are absent are cleared.
        whole: bool,
    },
    /// A field no longer sent, or cleared where it was sent before.
    Unset(Field),
}

/// Makes ids of lines: 40 bits of one tab's own and a counter of 24.
#[derive(Debug, Clone)]
pub struct LineIds {
    tag: u64,
    next: u64,
}

impl LineIds {
    /// Ids from random bits.
    pub fn new(seed: u64) -> LineIds {
        LineIds { tag: seed & !0xff_ffff, next: 1 }
    }

    /// The next id.
    pub fn make(&mut self) -> LineId {
        let id = LineId(self.tag.wrapping_add(self.next));
        self.next = self.next.wrapping_add(1);
        id
    }
}

impl Command {
    /// Reads `{"do": …}`; paths of refusals start at the argument that a person gave.
    pub fn read(value: &Value, ids: &mut LineIds) -> Result<Command, Vec<Refusal>> {
        let args = Arguments { value, source: Source::Script };
        match args.text("do")?.as_str() {
            "cart.add" => {
                let line = args.new_line(args.required("item")?, Path::new(), ids)?;
                Ok(Command::Add { line, merge: args.flag("merge").unwrap_or(true) })
            }
            "cart.update" => {
                let patch = args.object("patch")?;
                Ok(Command::Update { id: args.line_id()?, patch, source: args.source })
            }
            "cart.setQuantity" => {
                Ok(Command::SetQuantity { id: args.line_id()?, quantity: args.quantity()? })
            }
            "cart.remove" => Ok(Command::Remove { id: args.line_id()? }),
            "cart.clear" => Ok(Command::Clear),
            "cart.replace" => {
                let items = args.required("items")?;
                Ok(Command::Replace { lines: args.new_lines(items, &Path::new(), ids)? })
            }
            "cart.accept" => {
                let mut free = args.object("freeItem")?;
                free.set("price", Value::Number("0".to_string()));
                let line = args.new_line(&Value::Object(free), Path::new(), ids)?;
                Ok(Command::Accept { line: NewLine { free: true, ..line } })
            }
            "coupons.add" => {
                let code = args.text("code")?.trim().to_string();
                limits::coupon(&code, key("couponCodes")).map_err(|refusal| vec![refusal])?;
                Ok(Command::AddCoupon(code))
            }
            "coupons.remove" => Ok(Command::RemoveCoupon(args.text("code")?.trim().to_string())),
            "coupons.clear" => args.put_field(Field::CouponCodes, &Value::Array(Vec::new()), ids),
            "referral.set" => {
                let code = args.text("code")?.trim().to_string();
                limits::referral(&code, key("referralCode")).map_err(|refusal| vec![refusal])?;
                Ok(Command::SetReferral(code))
            }
            "referral.clear" => Ok(Command::SetReferral(String::new())),
            "loyaltyCard.set" => {
                let card = args.text("id")?.trim().to_string();
                if card.is_empty() {
                    return Err(vec![Refusal::new(Code::ValueType, key("loyaltyCards"))]);
                }
                Ok(Command::SetLoyaltyCards(vec![card]))
            }
            "loyaltyCard.clear" => Ok(Command::SetLoyaltyCards(Vec::new())),
            "costs.set" => {
                let name = args.name("additionalCosts")?;
                let path = vec![Step::Key("additionalCosts".to_string()), Step::Key(name.clone())];
                let amount = args.read::<Amount>("amount", path)?;
                Ok(Command::SetCost(name, amount))
            }
            "costs.remove" => Ok(Command::RemoveCost(args.text("name")?)),
            "attributes.set" => {
                let name = args.name("attributes")?;
                let path = vec![Step::Key("attributes".to_string()), Step::Key(name.clone())];
                let value = args.read::<Value>("value", path)?;
                Ok(Command::SetAttribute(name, value))
            }
            "attributes.remove" => Ok(Command::SetAttribute(args.name("attributes")?, Value::Null)),
            "attributes.unset" => Ok(Command::UnsetAttribute(args.text("name")?)),
            "identifiers.set" => args.put_field(Field::Identifiers, args.required("values")?, ids),
            "identifiers.clear" => args.put_field(Field::Identifiers, &Value::Array(Vec::new()), ids),
            "profile.set" => args.put_field(Field::ProfileId, args.required("id")?, ids),
            "profile.anonymous" => args.put_field(Field::ProfileId, &Value::String(String::new()), ids),
            "set" => args.put_field(args.field()?, args.required("value")?, ids),
            "unset" => Ok(Command::Unset(args.field()?)),
            "load" => match args.value.get("text") {
                Some(text) => {
                    let parsed = Value::parse(text.as_str().unwrap_or_default());
                    let value = parsed.map_err(|_| vec![Refusal::new(Code::ValueType, Path::new())])?;
                    Arguments { value: &value, source: Source::Text }.put(&value, true, ids)
                }
                None => args.put(args.required("session")?, true, ids),
            },
            _ => Err(vec![Refusal::new(Code::FieldUnknown, key("do"))]),
        }
    }

    /// Reads a whole plain `NewCustomerSessionV2`, written as `source` says.
    pub fn load(session: &Value, source: Source, ids: &mut LineIds) -> Result<Command, Vec<Refusal>> {
        Arguments { value: session, source }.put(session, true, ids)
    }

    /// Reads fields that are changed while the others stay.
    pub fn merge(session: &Value, ids: &mut LineIds) -> Result<Command, Vec<Refusal>> {
        Arguments { value: session, source: Source::Script }.put(session, false, ids)
    }
}

struct Arguments<'v> {
    value: &'v Value,
    source: Source,
}

type Read<T> = Result<T, Vec<Refusal>>;

impl<'v> Arguments<'v> {
    /// An argument; a missing one is of the wrong type.
    fn required(&self, name: &str) -> Read<&'v Value> {
        self.value.get(name).ok_or_else(|| vec![Refusal::new(Code::ValueType, Path::new())])
    }

    /// An argument read as a model; faults are placed below `path`.
    fn read<T: Wire>(&self, name: &str, path: Path) -> Read<T> {
        let value = self.required(name).map_err(|refusals| below(&path, refusals))?;
        read_as(value, self.source).map_err(|refusals| below(&path, refusals))
    }

    /// An object as it came; its members are read later, once.
    fn object(&self, name: &str) -> Read<Object> {
        let mut reading = Reading::new(self.source);
        let object = reading.object(self.required(name)?).cloned();
        object.ok_or_else(|| reading.into_faults().into_iter().map(Refusal::from).collect())
    }

    fn text(&self, name: &str) -> Read<String> {
        self.read(name, Path::new())
    }

    fn flag(&self, name: &str) -> Option<bool> {
        match self.value.get(name) {
            Some(Value::Bool(flag)) => Some(*flag),
            _ => None,
        }
    }

    fn line_id(&self) -> Read<LineId> {
        let text = self.text("lineId")?;
        LineId::parse(&text).ok_or_else(|| vec![line_unknown(&text)])
    }

    fn quantity(&self) -> Read<u64> {
        let quantity = self.read::<i64>("quantity", Path::new());
        let quantity = quantity.map_err(|_| vec![self.quantity_fault()])?;
        u64::try_from(quantity).map_err(|_| vec![quantity_refusal(Some(quantity))])
    }

    /// Names what stood for the quantity, as far as it is short enough to be shown.
    fn quantity_fault(&self) -> Refusal {
        let text = self.value.get("quantity").map_or_else(String::new, Value::to_text);
        quantity_refusal(None).with_actual(&text.chars().take(40).collect::<String>())
    }

    fn name(&self, member: &str) -> Read<String> {
        let name = self.text("name")?;
        let path = vec![Step::Key(member.to_string()), Step::Key(name.clone())];
        limits::name(&name, path).map_err(|refusal| vec![refusal])?;
        Ok(name)
    }

    fn field(&self) -> Read<Field> {
        let name = self.text("field")?;
        Field::from_name(&name).ok_or_else(|| vec![Refusal::new(Code::FieldUnknown, key(&name))])
    }

    /// A line from a cart item with `meta`; an absent quantity is one unit.
    fn new_line(&self, value: &Value, path: Path, ids: &mut LineIds) -> Read<NewLine> {
        self.item(value, ids).map_err(|refusals| below(&path, refusals))
    }

    fn item(&self, value: &Value, ids: &mut LineIds) -> Read<NewLine> {
        let mut one = value.clone();
        if let Value::Object(object) = &mut one
            && matches!(object.get("quantity"), None | Some(Value::Null))
        {
            object.set("quantity", Value::Number("1".to_string()));
        }
        let item = Item::read(&one, self.source)?;
        let meta = value.get("meta").map(|meta| read_as::<Value>(meta, self.source)).transpose()?;
        Ok(NewLine { id: ids.make(), item, meta, free: false })
    }

    fn new_lines(&self, items: &Value, path: &Path, ids: &mut LineIds) -> Read<Vec<NewLine>> {
        let Value::Array(items) = items else {
            return Err(vec![Refusal::new(Code::ValueType, path.clone())]);
        };
        // Counted before they are read, so that a list of millions costs nothing.
        let cart = key(Field::CartItems.name());
        let length = limits::cart(limits::CartLimits::Unflattened, items.len(), 0, &cart);
        length.map_err(|refusal| vec![refusal])?;
        let mut lines = Vec::new();
        let mut refusals = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let mut place = path.clone();
            place.push(Step::Index(index));
            match self.new_line(item, place, ids) {
                Ok(line) => lines.push(line),
                Err(found) => refusals.extend(found),
            }
        }
        if refusals.is_empty() { Ok(lines) } else { Err(refusals) }
    }

    fn put_field(&self, field: Field, value: &Value, ids: &mut LineIds) -> Read<Command> {
        let object = Object::from_iter([(field.name().to_string(), value.clone())]);
        if *value == Value::Null {
            return Err(vec![Refusal::new(Code::ValueType, key(field.name()))]);
        }
        self.put(&Value::Object(object), false, ids)
    }

    /// A session with every field checked; all refusals at once.
    fn put(&self, value: &Value, whole: bool, ids: &mut LineIds) -> Read<Command> {
        let mut session = value.clone();
        let mut refusals = Vec::new();
        let mut lines = None;
        if let Value::Object(object) = &mut session {
            match object.remove(Field::CartItems.name()) {
                None | Some(Value::Null) => {}
                Some(items) => match self.new_lines(&items, &key(Field::CartItems.name()), ids) {
                    Ok(read) => lines = Some(read),
                    Err(found) => refusals.extend(found),
                },
            }
        }
        let mut reading = Reading::new(self.source);
        let mut session = NewCustomerSessionV2::SHAPE.read(&session, &mut reading).unwrap_or_default();
        refusals.extend(reading.into_faults().into_iter().map(Refusal::from));
        refusals.extend(check_fields(&mut session));
        if !refusals.is_empty() {
            return Err(refusals);
        }
        Ok(Command::Put { session, lines, whole })
    }
}

fn read_as<T: Wire>(value: &Value, source: Source) -> Read<T> {
    let mut reading = Reading::new(source);
    let read = T::read(value, &mut reading);
    let faults = reading.into_faults();
    match read {
        Some(read) if faults.is_empty() => Ok(read),
        _ => Err(faults.into_iter().map(Refusal::from).collect()),
    }
}

fn below(path: &Path, refusals: Vec<Refusal>) -> Vec<Refusal> {
    let place = |mut refusal: Refusal| {
        refusal.path = path.iter().cloned().chain(refusal.path).collect();
        refusal
    };
    refusals.into_iter().map(place).collect()
}

/// No line of that id.
pub fn line_unknown(id: &str) -> Refusal {
    Refusal::new(Code::LineUnknown, key("lineId")).with_actual(&id.chars().take(40).collect::<String>())
}

/// Every limit on the fields of a session beside its lines; codes are trimmed and listed once.
fn check_fields(session: &mut Object) -> Vec<Refusal> {
    let mut found = Vec::new();
    // Moves have their own commands; a body that says `open` means no move at all.
    let state = session.remove(Field::State.name());
    for (name, value) in session.iter_mut() {
        let place = key(name);
        let texts = value.as_array().map_or(0, <[Value]>::len);
        let text = value.as_str().unwrap_or_default().trim();
        match Field::from_name(name) {
            Some(Field::CouponCodes) => *value = check_coupons(value, &mut found),
            Some(Field::ReferralCode) => {
                found.extend(limits::referral(text, place).err());
                *value = Value::String(text.to_string());
            }
            Some(Field::LoyaltyCards) => found.extend(limits::loyalty_cards(texts, place).err()),
            Some(Field::Identifiers) => found.extend(limits::identifiers(texts, place).err()),
            Some(Field::StoreIntegrationId) => {
                found.extend(limits::store_id(value.as_str().unwrap_or_default(), place).err());
            }
            Some(Field::Attributes | Field::AdditionalCosts) => check_names(name, Some(value), &mut found),
            Some(Field::ExperimentVariantAllocations) => {
                for (index, variant) in value.as_array().unwrap_or_default().iter().enumerate() {
                    for id in ["experimentID", "variantID"].into_iter().filter(|id| variant.get(id).is_none())
                    {
                        let path =
                            vec![Step::Key(name.to_string()), Step::Index(index), Step::Key(id.to_string())];
                        found.push(Refusal::new(Code::ValueType, path));
                    }
                }
            }
            _ => {}
        }
    }
    match state.as_ref().and_then(Value::as_str) {
        None | Some("open") => {}
        Some(word) => found.push(Refusal {
            limit: Some(Figure::Text("open".to_string())),
            ..Refusal::new(Code::StateForbidden, key(Field::State.name())).with_actual(word)
        }),
    }
    found
}

fn check_coupons(codes: &Value, found: &mut Vec<Refusal>) -> Value {
    let codes = codes.as_array().unwrap_or_default().iter();
    let codes: Vec<&str> = codes.map(|code| code.as_str().unwrap_or_default().trim()).collect();
    let mut unique: Vec<Value> = Vec::new();
    for (index, first) in firsts(&codes).into_iter().enumerate() {
        let code = codes.get(index).copied().unwrap_or_default();
        let path = vec![Step::Key(Field::CouponCodes.name().to_string()), Step::Index(index)];
        found.extend(limits::coupon(code, path).err());
        if first == index {
            unique.push(Value::String(code.to_string()));
        }
    }
    Value::Array(unique)
}
