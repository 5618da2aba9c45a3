//! Times: RFC 3339 in UTC with milliseconds.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The last moment that RFC 3339 can write in UTC, in milliseconds.
const LAST: u64 = 253_402_300_799_999;

/// A moment, in whole milliseconds since 1970 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, JsonSchema)]
#[schemars(with = "String", extend("format" = "date-time"))]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment `millis` milliseconds after 1970.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down: the unit of JWT claims and of DynamoDB's TTL.
    #[must_use]
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// The moment `duration` later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)),
        )
    }

    /// The moment `duration` earlier, or 1970.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)),
        )
    }

    /// Reads an RFC 3339 date-time of any offset, or a full date as its midnight in UTC.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let midnight;
        let text = if text.len() == 10 {
            midnight = format!("{text}T00:00:00Z");
            &midnight
        } else {
            text
        };
        let nanos = OffsetDateTime::parse(text, &Rfc3339)
            .ok()?
            .unix_timestamp_nanos();
        u64::try_from(nanos.div_euclid(1_000_000))
            .ok()
            .filter(|millis| *millis <= LAST)
            .map(Self)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The last moment stands for every later one.
        let nanos = i128::from(self.0.min(LAST)) * 1_000_000;
        let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).map_err(|_| fmt::Error)?;
        let (year, month, day) = at.to_calendar_date();
        let (hour, minute, second, milli) = at.to_hms_milli();
        write!(
            f,
            "{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z",
            u8::from(month)
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_with_milliseconds() {
        for (text, wire) in [
            ("2026-11-21T10:00:00Z", "2026-11-21T10:00:00.000Z"),
            (
                "2026-11-21T10:00:00.123456+02:00",
                "2026-11-21T08:00:00.123Z",
            ),
            ("2026-02-28", "2026-02-28T00:00:00.000Z"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
            ("9999-12-31T23:59:59.999+23:59", "9999-12-31T00:00:59.999Z"),
        ] {
            assert_eq!(
                Timestamp::parse(text).map(|at| at.to_string()).as_deref(),
                Some(wire),
                "{text}"
            );
        }
    }

    #[test]
    fn anything_else_is_no_time() {
        for text in [
            "",
            "now",
            "2026-02-30",
            "2026-13-01T00:00:00Z",
            "2026-11-21 10:00",
            "1969-12-31T00:00:00Z",
            "2026-11-21T10:00:00",
            "9999-12-31T23:59:59-00:01",
            "0000-01-01T00:00:00+23:59",
            "١٢٣٤٥",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
        assert_eq!(
            Timestamp::from_millis(u64::MAX).to_string(),
            "9999-12-31T23:59:59.999Z"
        );
    }
}
