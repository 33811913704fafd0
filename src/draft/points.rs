//! Loyalty points of an answer.

use crate::amount::Amount;
use crate::draft::effects::Flow;
use crate::draft::quote::amount;
use crate::draft::undo::{Claim, left};
use crate::model::index::{firsts, join, keys};
use crate::model::json::Value;

/// The props that tell whose points they are and what for; the same in all units of an effect.
pub const HEAD: [&str; 5] = ["name", "programId", "subLedgerId", "recipientIntegrationId", "cardIdentifier"];

/// Points of one name, program and recipient together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Points {
    /// What they are.
    pub flow: Flow,
    /// The [`HEAD`] as text, for comparing.
    pub key: String,
    /// The props of the first effect of them.
    pub props: Value,
    /// How many; not always a whole number.
    pub value: Amount,
    /// How many it would be without limits of budgets, where the answer says so.
    pub desired: Option<Amount>,
}

/// The texts of some members, one after the other.
pub(crate) fn texts(props: &Value, names: &[&str]) -> String {
    let mut out = String::new();
    for name in names {
        props.get(name).unwrap_or(&Value::Null).write(&mut out);
        out.push(',');
    }
    out
}

impl Points {
    /// The points of one effect.
    pub(crate) fn new(flow: Flow, props: &Value) -> Option<Points> {
        let number = |name: &str| props.get(name).and_then(amount);
        let value = number("value")?;
        let key = texts(props, &HEAD);
        Some(Points { flow, key, props: props.clone(), value, desired: number("desiredValue") })
    }

    /// What a roll-back names of what it undoes.
    fn transaction(&self) -> String {
        let mut key = texts(&self.props, &["transactionUUID", "programId"]);
        key.push(match self.flow {
            Flow::Earned | Flow::TakenBack => '+',
            Flow::Spent | Flow::GivenBack => '-',
        });
        key
    }

    fn claim<'k>(&self, key: &'k str) -> Claim<'k> {
        Claim { key, value: self.value, back: matches!(self.flow, Flow::TakenBack | Flow::GivenBack) }
    }

    /// What tells two kinds of points apart.
    pub(crate) fn label(&self) -> String {
        let mut label = self.key.clone();
        label.push(match self.flow {
            Flow::Earned => 'e',
            Flow::Spent => 's',
            Flow::TakenBack => 't',
            Flow::GivenBack => 'g',
        });
        label
    }
}

/// What is left of the points of single effects, those that belong together added up.
pub(crate) fn collected(points: Vec<Points>) -> Vec<Points> {
    let mut transactions = Vec::new();
    for points in &points {
        transactions.push(points.transaction());
    }
    let mut claims = Vec::new();
    for (points, key) in points.iter().zip(&transactions) {
        claims.push(points.claim(key));
    }
    let (mut kept, mut labels) = (Vec::new(), Vec::new());
    for (mut points, left) in points.iter().cloned().zip(left(&claims)) {
        points.desired = points.desired.filter(|_| left == Some(points.value));
        if let Some(value) = left {
            points.value = value;
            labels.push(points.label());
            kept.push(points);
        }
    }
    join(&mut kept, &firsts(&keys(&labels, String::as_str)), |sum, points| {
        sum.desired = wished((sum.desired, sum.value), (points.desired, points.value));
        sum.value = sum.value.add(points.value).unwrap_or(sum.value);
    });
    kept
}

/// What two of one kind would be without limits, where that is said of one of them.
pub(crate) fn wished(one: (Option<Amount>, Amount), other: (Option<Amount>, Amount)) -> Option<Amount> {
    if one.0.is_none() && other.0.is_none() {
        return None;
    }
    one.0.unwrap_or(one.1).add(other.0.unwrap_or(other.1)).ok()
}
