//! Times: RFC 3339 in UTC with milliseconds.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment of the years 1970 to 9999, in whole milliseconds since 1970 in UTC. The last moment stands for every later
/// one: RFC 3339 cannot write them, and a moment that is written and read again must be equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, JsonSchema)]
#[schemars(with = "String", extend("format" = "date-time"))]
pub struct Timestamp(u64);

impl Timestamp {
    const LAST: u64 = Moment::LAST.cast_unsigned();

    /// The moment `millis` milliseconds after 1970.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        // `Ord::min` is not const.
        if millis < Self::LAST {
            Self(millis)
        } else {
            Self(Self::LAST)
        }
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
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// The moment `duration` earlier, or 1970.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)),
        )
    }

    /// Reads a moment from 1970 on, as [`Moment::parse`] does.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        u64::try_from(Moment::parse(text)?.0).ok().map(Self)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Moment(self.0.cast_signed()).fmt(f)
    }
}

/// The value of a date field: a moment of the years 0000 to 9999, in whole milliseconds from 1970 in UTC.
///
/// Its text has one form, so texts are in the order of the moments, also across 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// The first and the last moment that RFC 3339 can write in UTC.
    const FIRST: i64 = -62_167_219_200_000;
    const LAST: i64 = 253_402_300_799_999;

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
        i64::try_from(nanos.div_euclid(1_000_000))
            .ok()
            .filter(|millis| (Self::FIRST..=Self::LAST).contains(millis))
            .map(Self)
    }

    /// The moment so many milliseconds from 1970, negative before it; `None` outside of the years 0000 to 9999.
    #[must_use]
    pub fn from_millis(millis: i64) -> Option<Self> {
        (Self::FIRST..=Self::LAST)
            .contains(&millis)
            .then_some(Self(millis))
    }

    /// Milliseconds from 1970, negative before it.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at =
            OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1000)).map_err(|_| fmt::Error)?;
        let (year, month, day) = at.to_calendar_date();
        let (hour, minute, second) = at.to_hms();
        // Digit by digit: a list of 20 writes 40 times, and the general way takes three times as long.
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let mut rest = text.as_mut_slice();
        for (digits, number) in [
            (4, i64::from(year)),
            (2, i64::from(u8::from(month))),
            (2, i64::from(day)),
            (2, i64::from(hour)),
            (2, i64::from(minute)),
            (2, i64::from(second)),
            (3, self.0.rem_euclid(1000)),
        ] {
            let (place, after) = rest.split_at_mut_checked(digits).ok_or(fmt::Error)?;
            place.iter_mut().rev().fold(number, |number, digit| {
                *digit += (number % 10) as u8;
                number / 10
            });
            rest = after.get_mut(1..).ok_or(fmt::Error)?;
        }
        f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("no time from 1970 on"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_utc_with_milliseconds_in_every_year_of_four_digits() {
        for (text, wire) in [
            ("2026-11-21T10:00:00Z", "2026-11-21T10:00:00.000Z"),
            (
                "2026-11-21T10:00:00.123456+02:00",
                "2026-11-21T08:00:00.123Z",
            ),
            ("2026-02-28", "2026-02-28T00:00:00.000Z"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
            ("9999-12-31T23:59:59.999+23:59", "9999-12-31T00:00:59.999Z"),
            ("1945-05-08", "1945-05-08T00:00:00.000Z"),
            ("1970-01-01T00:30:00+01:00", "1969-12-31T23:30:00.000Z"),
            ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
            ("1600-02-29", "1600-02-29T00:00:00.000Z"),
            ("0000-01-01", "0000-01-01T00:00:00.000Z"),
            ("0000-01-01T00:00:00-00:01", "0000-01-01T00:01:00.000Z"),
        ] {
            let moment = Moment::parse(text).map(|at| at.to_string());
            assert_eq!(moment.as_deref(), Some(wire), "{text}");
            let time = Timestamp::parse(text).map(|at| at.to_string());
            let from_1970 = Some(wire).filter(|wire| *wire >= "1970");
            assert_eq!(time.as_deref(), from_1970, "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_moment() {
        for text in [
            "",
            "now",
            "2026-02-30",
            "1900-02-29",
            "2026-13-01T00:00:00Z",
            "2026-11-21 10:00",
            "2026-11-21T10:00:00",
            "9999-12-31T23:59:59-00:01",
            "0000-01-01T00:00:00+00:01",
            "-001-01-01",
            "-0001-12-31T00:00:00Z",
            "+10000-01-01T00:00:00Z",
            "١٢٣٤٥",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
        assert_eq!(
            Timestamp::from_millis(u64::MAX).to_string(),
            "9999-12-31T23:59:59.999Z"
        );
    }

    #[test]
    fn texts_are_in_the_order_of_moments_across_1970() {
        let around = [
            Moment::FIRST,
            -1_000,
            -1,
            0,
            1,
            1_790_000_000_000,
            Moment::LAST,
        ];
        let texts = around.map(|millis| Moment(millis).to_string());
        assert!(texts.is_sorted_by(|a, b| a < b), "{texts:?}");
        for (text, millis) in texts.iter().zip(around) {
            assert_eq!(Moment::parse(text).map(Moment::millis), Some(millis));
        }
    }
}
