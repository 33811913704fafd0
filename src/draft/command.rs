//! What a shopper or a shop may want of a draft, one intent each.
//!
//! A command is read from the JSON text that the JavaScript surface sends; what cannot be in any
//! draft (a quantity of 0.5, a code of 101 characters) is refused here, before it is a command.

use crate::draft::field::Field;
use crate::draft::limits;
use crate::draft::lines::{Item, LineId, NewLine, check_names, quantity_refusal};
use crate::draft::refusal::{Code, Figure, Refusal, note};
use crate::model::NewCustomerSessionV2;
use crate::model::index::firsts;
use crate::model::json::{Object, Value};
use crate::model::shape::Kind;
use crate::model::text;
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
    /// A field emptied, where it is set.
    Empty(Field),
    /// A cost or an attribute of the session; none takes a cost out, `null` deletes an attribute on
    /// the server.
    SetMember(Field, String, Option<Value>),
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

    /// Ids from one that was made before on, as when a command is read again.
    pub fn from(first: LineId) -> LineIds {
        LineIds { tag: first.0 & !0xff_ffff, next: first.0 & 0xff_ffff }
    }

    /// The id that is made next.
    pub fn first(&self) -> LineId {
        LineId(self.tag.wrapping_add(self.next))
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
        let mut args = Arguments::new(value, Source::Script, ids);
        let command = args.command();
        args.unless_refused(command)
    }

    /// Reads a whole plain `NewCustomerSessionV2`, written as `source` says.
    pub fn load(session: &Value, source: Source, ids: &mut LineIds) -> Result<Command, Vec<Refusal>> {
        Command::put(session, source, true, ids)
    }

    /// Reads fields that are changed while the others stay.
    pub fn merge(session: &Value, ids: &mut LineIds) -> Result<Command, Vec<Refusal>> {
        Command::put(session, Source::Script, false, ids)
    }

    fn put(session: &Value, source: Source, whole: bool, ids: &mut LineIds) -> Result<Command, Vec<Refusal>> {
        let mut args = Arguments::new(session, source, ids);
        let command = args.put(session, whole);
        args.unless_refused(command)
    }
}

/// The arguments of a command. What cannot be read is noted and stands as something empty, since a
/// command with a refusal is never made.
struct Arguments<'v> {
    value: &'v Value,
    source: Source,
    ids: &'v mut LineIds,
    refusals: Vec<Refusal>,
}

impl<'v> Arguments<'v> {
    fn new(value: &'v Value, source: Source, ids: &'v mut LineIds) -> Arguments<'v> {
        Arguments { value, source, ids, refusals: Vec::new() }
    }

    fn unless_refused(self, command: Command) -> Result<Command, Vec<Refusal>> {
        if self.refusals.is_empty() { Ok(command) } else { Err(self.refusals) }
    }

    fn refuse(&mut self, code: Code, path: Path) {
        self.refusals.push(Refusal::new(code, path));
    }

    fn note(&mut self, checked: Result<(), Refusal>) {
        self.refusals.extend(checked.err());
    }

    fn command(&mut self) -> Command {
        let name = self.text("do");
        match name.as_str() {
            "cart.add" => {
                let item = self.required("item");
                if !self.refusals.is_empty() {
                    return Command::Clear;
                }
                Command::Add { line: self.line(item, Path::new()), merge: self.merges() }
            }
            "cart.update" => {
                let patch = self.object("patch");
                Command::Update { id: self.line_id(), patch, source: self.source }
            }
            "cart.setQuantity" => Command::SetQuantity { id: self.line_id(), quantity: self.quantity() },
            "cart.remove" => Command::Remove { id: self.line_id() },
            "cart.clear" => Command::Clear,
            "cart.replace" => {
                let items = self.required("items");
                Command::Replace { lines: self.lines(items, &Path::new()) }
            }
            "cart.accept" => {
                let mut free = self.object("freeItem");
                if !self.refusals.is_empty() {
                    return Command::Clear;
                }
                free.set("price", Value::Number("0".to_string()));
                let line = self.line(&Value::Object(free), Path::new());
                Command::Accept { line: NewLine { free: true, ..line } }
            }
            "coupons.add" => {
                let code = self.text("code").trim().to_string();
                if self.refusals.is_empty() {
                    self.note(limits::coupon(&code, key(Field::CouponCodes.name())));
                }
                Command::AddCoupon(code)
            }
            "coupons.remove" => Command::RemoveCoupon(self.text("code").trim().to_string()),
            "coupons.clear" => self.put_field(Field::CouponCodes, Value::Array(Vec::new())),
            "referral.set" => {
                let code = self.text("code");
                self.put_field(Field::ReferralCode, Value::String(code))
            }
            "referral.clear" => Command::Empty(Field::ReferralCode),
            "loyaltyCard.set" => {
                let card = self.text("id").trim().to_string();
                if card.is_empty() && self.refusals.is_empty() {
                    self.refuse(Code::ValueType, key(Field::LoyaltyCards.name()));
                }
                self.put_field(Field::LoyaltyCards, Value::Array(vec![Value::String(card)]))
            }
            "loyaltyCard.clear" => Command::Empty(Field::LoyaltyCards),
            "costs.set" => {
                let (name, path) = self.name(Field::AdditionalCosts);
                let price = self.plain("amount", &Kind::Amount, path);
                let cost = Object::of("price", price);
                Command::SetMember(Field::AdditionalCosts, name, Some(Value::Object(cost)))
            }
            "costs.remove" => Command::SetMember(Field::AdditionalCosts, self.text("name"), None),
            "attributes.set" => {
                let (name, path) = self.name(Field::Attributes);
                let value = self.plain("value", &Kind::Any, path);
                Command::SetMember(Field::Attributes, name, Some(value))
            }
            "attributes.remove" => {
                Command::SetMember(Field::Attributes, self.name(Field::Attributes).0, Some(Value::Null))
            }
            "attributes.unset" => Command::UnsetAttribute(self.text("name")),
            "identifiers.set" => self.put_argument(Field::Identifiers, "values"),
            "identifiers.clear" => self.put_field(Field::Identifiers, Value::Array(Vec::new())),
            "profile.set" => self.put_argument(Field::ProfileId, "id"),
            "profile.anonymous" => self.put_field(Field::ProfileId, Value::String(String::new())),
            "set" => {
                let field = self.field();
                self.put_argument(field, "value")
            }
            "unset" => Command::Unset(self.field()),
            "load" => match self.value.get("text") {
                Some(text) => {
                    self.source = Source::Text;
                    match Value::parse(text.as_str().unwrap_or_default()) {
                        Ok(session) => return self.put(&session, true),
                        Err(_) => self.refuse(Code::ValueType, Path::new()),
                    }
                    Command::Clear
                }
                None => {
                    let session = self.required("session");
                    if !self.refusals.is_empty() {
                        return Command::Clear;
                    }
                    self.put(session, true)
                }
            },
            _ => {
                if self.refusals.is_empty() {
                    self.refuse(Code::FieldUnknown, key("do"));
                }
                Command::Clear
            }
        }
    }

    /// An argument; a missing one is of the wrong type.
    fn required(&mut self, name: &str) -> &'v Value {
        match self.value.get(name) {
            Some(value) => value,
            None => {
                self.refuse(Code::ValueType, Path::new());
                &Value::Null
            }
        }
    }

    /// An argument of a kind, in its plain form; faults are placed below `path`.
    fn plain(&mut self, name: &str, kind: &Kind, path: Path) -> Value {
        match self.value.get(name) {
            Some(value) => {
                let mut reading = Reading::below(self.source, path);
                let read = kind.read(value, &mut reading);
                note(reading.into_faults(), &mut self.refusals);
                read.unwrap_or(Value::Null)
            }
            None => {
                self.refuse(Code::ValueType, path);
                Value::Null
            }
        }
    }

    fn text(&mut self, name: &str) -> String {
        self.plain(name, &Kind::Text, Path::new()).as_str().unwrap_or_default().to_string()
    }

    /// An object as it came; its members are read later, once.
    fn object(&mut self, name: &str) -> Object {
        let value = self.required(name);
        let mut reading = Reading::new(self.source);
        if !self.refusals.is_empty() {
            return Object::new();
        }
        let object = reading.object(value).cloned();
        note(reading.into_faults(), &mut self.refusals);
        object.unwrap_or_default()
    }

    fn merges(&self) -> bool {
        self.value.get("merge") != Some(&Value::Bool(false))
    }

    fn line_id(&mut self) -> LineId {
        let known = self.refusals.len();
        let text = self.text("lineId");
        LineId::parse(&text).unwrap_or_else(|| {
            if self.refusals.len() == known {
                self.refusals.push(line_unknown(&text));
            }
            LineId(0)
        })
    }

    fn quantity(&mut self) -> u64 {
        let value = self.value.get("quantity").unwrap_or(&Value::Null);
        match i64::read(value, &mut Reading::new(self.source)) {
            Some(quantity) => u64::try_from(quantity).unwrap_or_else(|_| {
                self.refusals.push(quantity_refusal(Some(quantity)));
                0
            }),
            None => {
                // Names what stood for the quantity, as far as it is short enough to be shown.
                let given = self.value.get("quantity").map_or_else(String::new, Value::to_text);
                self.refusals.push(quantity_refusal(None).with_actual(text::shown(&given)));
                0
            }
        }
    }

    /// The name of an attribute or a cost, and its place.
    fn name(&mut self, field: Field) -> (String, Path) {
        let known = self.refusals.len();
        let name = self.text("name");
        let mut path = key(field.name());
        path.push(Step::Key(name.clone()));
        if self.refusals.len() == known {
            self.note(limits::name(&name, path.clone()));
        }
        (name, path)
    }

    fn field(&mut self) -> Field {
        let known = self.refusals.len();
        let name = self.text("field");
        Field::from_name(&name).unwrap_or_else(|| {
            if self.refusals.len() == known {
                self.refuse(Code::FieldUnknown, key(&name));
            }
            Field::State
        })
    }

    /// A line from a cart item with `meta`; an absent quantity is one unit.
    fn line(&mut self, value: &Value, path: Path) -> NewLine {
        let mut one = value.clone();
        if let Value::Object(object) = &mut one
            && matches!(object.get("quantity"), None | Some(Value::Null))
        {
            object.set("quantity", Value::Number("1".to_string()));
        }
        let mut reading = Reading::below(self.source, path.clone());
        let meta = value.get("meta").and_then(|meta| Value::read(meta, &mut reading));
        let item = Item::read(&one, self.source).unwrap_or_else(|refusals| {
            for mut refusal in refusals {
                refusal.path.splice(0..0, path.iter().cloned());
                self.refusals.push(refusal);
            }
            Item::none()
        });
        NewLine { id: self.ids.make(), item, meta, free: false }
    }

    fn lines(&mut self, items: &Value, path: &Path) -> Vec<NewLine> {
        let Value::Array(items) = items else {
            if self.refusals.is_empty() {
                self.refuse(Code::ValueType, path.clone());
            }
            return Vec::new();
        };
        // Counted before they are read, so that a list of millions costs nothing.
        let cart = key(Field::CartItems.name());
        let counted = limits::cart(limits::CartLimits::Unflattened, items.len(), 0, &cart);
        let fits = counted.is_ok();
        self.note(counted);
        let mut lines = Vec::new();
        for (index, item) in items.iter().enumerate().filter(|_| fits) {
            let mut place = path.clone();
            place.push(Step::Index(index));
            lines.push(self.line(item, place));
        }
        lines
    }

    fn put_argument(&mut self, field: Field, name: &str) -> Command {
        let value = self.required(name).clone();
        self.put_field(field, value)
    }

    /// A field set; nothing is looked at after a first refusal.
    fn put_field(&mut self, field: Field, value: Value) -> Command {
        if !self.refusals.is_empty() {
            return Command::Clear;
        }
        if value == Value::Null {
            self.refuse(Code::ValueType, key(field.name()));
        }
        self.put(&Value::Object(Object::of(field.name(), value)), false)
    }

    /// A session with every field checked; all refusals at once.
    fn put(&mut self, value: &Value, whole: bool) -> Command {
        let mut session = value.clone();
        let mut lines = None;
        if let Value::Object(object) = &mut session {
            match object.remove(Field::CartItems.name()) {
                None | Some(Value::Null) => {}
                Some(items) => lines = Some(self.lines_of_cart(&items)),
            }
        }
        let mut reading = Reading::new(self.source);
        let mut session = NewCustomerSessionV2::SHAPE.read(&session, &mut reading).unwrap_or_default();
        note(reading.into_faults(), &mut self.refusals);
        self.refusals.extend(check_fields(&mut session));
        Command::Put { session, lines, whole }
    }

    fn lines_of_cart(&mut self, items: &Value) -> Vec<NewLine> {
        let known = std::mem::take(&mut self.refusals);
        let lines = self.lines(items, &key(Field::CartItems.name()));
        self.refusals.splice(0..0, known);
        lines
    }
}

/// No line of that id.
pub fn line_unknown(id: &str) -> Refusal {
    Refusal::new(Code::LineUnknown, key("lineId")).with_actual(text::shown(id))
}

/// Every limit on the fields of a session beside its lines; codes are trimmed and listed once.
fn check_fields(session: &mut Object) -> Vec<Refusal> {
    let mut found = Vec::new();
    // Moves have their own commands; a body that says `open` means no move at all.
    let state = session.remove(Field::State.name());
    for (name, value) in session.iter_mut() {
        let place = key(name);
        let texts = value.items().len();
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
                for (index, variant) in value.items().iter().enumerate() {
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
    let mut texts = Vec::new();
    for code in codes.items() {
        texts.push(code.as_str().unwrap_or_default().trim());
    }
    let mut unique: Vec<Value> = Vec::new();
    for (index, first) in firsts(&texts).into_iter().enumerate() {
        let code = texts.get(index).copied().unwrap_or_default();
        let path = vec![Step::Key(Field::CouponCodes.name().to_string()), Step::Index(index)];
        found.extend(limits::coupon(code, path).err());
        if first == index {
            unique.push(Value::String(code.to_string()));
        }
    }
    Value::Array(unique)
}
