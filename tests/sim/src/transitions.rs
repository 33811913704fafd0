//! Transitions of a machine from one phase to another.

/// From each phase those to which some thousand schedules lead.
pub const TRANSITIONS: &[(&str, &str)] = &[
    ("blocked", "closing finished follower idle opening sending"),
    ("closing", "blocked finished follower idle opening sending"),
    ("finished", "closing"),
    ("follower", "closing finished idle manual offline opening scheduled sending waiting"),
    ("idle", "closing finished follower manual offline scheduled sending waiting"),
    ("manual", "follower offline sending"),
    ("offline", "follower manual opening scheduled sending"),
    ("opening", "blocked closing finished follower idle manual offline scheduled sending"),
    ("scheduled", "follower offline sending"),
    ("sending", "blocked closing finished follower idle manual offline scheduled waiting"),
    ("waiting", "closing follower idle offline sending"),
];
