//! The sandbox's time, which tests may set.

use std::sync::Mutex;

use time::{Duration, OffsetDateTime};

use crate::app::lock;

/// A clock that runs as the machine's does, shifted by what somebody asked for.
#[derive(Debug, Default)]
pub(crate) struct Clock(Mutex<Duration>);

impl Clock {
    pub(crate) fn now(&self) -> OffsetDateTime {
        let machine = OffsetDateTime::now_utc();
        machine.checked_add(*lock(&self.0)).unwrap_or(machine)
    }

    /// Sets the time, from which it runs on; none is the machine's own.
    pub(crate) fn set(&self, now: Option<OffsetDateTime>) {
        *lock(&self.0) = now.map_or(Duration::ZERO, |now| now - OffsetDateTime::now_utc());
    }
}
