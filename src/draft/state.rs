//! The states of a session and who may change them (API reference, section 5).

/// The state of a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum State {
    /// May be edited.
    #[default]
    Open,
    /// Ordered.
    Closed,
    /// Ordered, and some units came back.
    PartiallyReturned,
    /// Given up; final.
    Cancelled,
    /// A word that is newer than this reader.
    Other(String),
}

impl State {
    /// Whether the session may be edited.
    pub fn is_open(&self) -> bool {
        matches!(self, State::Open)
    }

    /// Reads the API's word.
    pub fn from_word(word: &str) -> State {
        match word {
            "open" => State::Open,
            "closed" => State::Closed,
            "partially_returned" => State::PartiallyReturned,
            "cancelled" => State::Cancelled,
            other => State::Other(other.to_string()),
        }
    }

    /// The API's word.
    pub fn as_str(&self) -> &str {
        match self {
            State::Open => "open",
            State::Closed => "closed",
            State::PartiallyReturned => "partially_returned",
            State::Cancelled => "cancelled",
            State::Other(word) => word,
        }
    }
}

/// The operation that makes a transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `PUT /v2/customer_sessions/{id}` with `state`.
    Update,
    /// `PUT /v2/customer_sessions/{id}/reopen`.
    Reopen,
    /// `POST /v2/customer_sessions/{id}/returns`.
    Returns,
}

/// Which wave of the API's state table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transitions {
    /// The newest one.
    #[default]
    Current,
    /// Mid 2022 to spring 2023: no reopening.
    Wave2022,
    /// The legacy model: no reopening.
    V1,
}

/// The endpoint of each transition; a pair that is missing is forbidden.
const TABLE: [(State, State, Endpoint); 8] = [
    (State::Open, State::Open, Endpoint::Update),
    (State::Open, State::Closed, Endpoint::Update),
    (State::Open, State::Cancelled, Endpoint::Update),
    (State::Closed, State::Cancelled, Endpoint::Update),
    (State::Closed, State::PartiallyReturned, Endpoint::Returns),
    (State::Closed, State::Open, Endpoint::Reopen),
    (State::PartiallyReturned, State::Cancelled, Endpoint::Update),
    (State::PartiallyReturned, State::PartiallyReturned, Endpoint::Returns),
];

impl Transitions {
    /// The endpoint that makes this transition; none where it is forbidden.
    pub fn endpoint(self, from: &State, to: &State) -> Option<Endpoint> {
        let (_, _, endpoint) = TABLE.iter().find(|(start, end, _)| start == from && end == to)?;
        match (endpoint, self) {
            (Endpoint::Reopen, Transitions::Wave2022 | Transitions::V1) => None,
            (endpoint, _) => Some(*endpoint),
        }
    }
}
