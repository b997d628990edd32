//! Moments in time. Stored in UTC to the millisecond, shown to analysts in Beijing time.

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// One moment, UTC, millisecond precision. Serialises as RFC 3339 (`2026-01-03T02:14:55.123Z`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since 1970-01-01T00:00:00Z.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn millis(self) -> i64 {
        self.0
    }
    /// Parses RFC 3339. `None` when the text is not such a time.
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self(DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis()))
    }
    /// This moment `ms` milliseconds later (earlier when negative); saturates at the ends of time.
    pub const fn plus_millis(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
    /// RFC 3339 in UTC with milliseconds: `2026-01-03T02:14:55.123Z`.
    pub fn rfc3339(self) -> String {
        self.utc().to_rfc3339_opts(SecondsFormat::Millis, true)
    }
    /// RFC 3339 in UTC without a fraction, as WARC-Date wants it: `2026-01-03T02:14:55Z`.
    pub fn rfc3339_seconds(self) -> String {
        self.utc().to_rfc3339_opts(SecondsFormat::Secs, true)
    }
    /// For names of packages: `20260103T021455Z`.
    pub fn compact(self) -> String {
        self.utc().format("%Y%m%dT%H%M%SZ").to_string()
    }
    /// For analysts, Beijing time (UTC+8, no summer time): `2026-01-03 10:14:55`.
    pub fn beijing(self) -> String {
        self.utc().with_timezone(&beijing()).format("%Y-%m-%d %H:%M:%S").to_string()
    }
    /// ISO 8601 with the offset, as the lead list wants it: `2026-01-03T10:14:55+08:00`.
    pub fn beijing_iso(self) -> String {
        self.utc().with_timezone(&beijing()).format("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }
    /// The calendar month in Beijing time: `2026-01`.
    pub fn beijing_month(self) -> String {
        self.utc().with_timezone(&beijing()).format("%Y-%m").to_string()
    }
    fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

fn beijing() -> FixedOffset {
    FixedOffset::east_opt(8 * 3600).expect("eight hours is inside a day")
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.rfc3339())
    }
}
impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not an RFC 3339 time")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_kept_to_the_millisecond_and_shown_in_beijing() {
        let t = Timestamp::parse("2026-01-31T18:14:55.123Z").expect("valid");
        assert_eq!(t.rfc3339(), "2026-01-31T18:14:55.123Z");
        assert_eq!(t.beijing(), "2026-02-01 02:14:55");
        assert_eq!(t.beijing_iso(), "2026-02-01T02:14:55+08:00");
        assert_eq!(t.beijing_month(), "2026-02");
        assert_eq!(t.compact(), "20260131T181455Z");
        assert_eq!(Timestamp::parse("yesterday"), None);
    }
}
