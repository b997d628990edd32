//! One request to a log, and what its answer means.

use crate::net::{FetchRequest, Net};
use crate::sources::ct::head::what_instead;
use url::Url;

/// Why a log gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is no such tile (any more).
    Absent(String),
    /// It does not want to be asked now.
    Refused {
        /// What it said.
        why: String,
        /// For how long, where it said so.
        after_ms: Option<i64>,
    },
    /// It did not work.
    Failed(String),
    /// What it says contradicts what it said before.
    Alarm(String),
}

/// Who asks.
pub(super) struct Asker<'a> {
    pub(super) net: &'a Net,
    /// The log's address, with a slash at the end.
    pub(super) url: &'a str,
    pub(super) interval_ms: u64,
}

/// Of one answer: 1,000 entries with long chains come near it.
const MAX_ANSWER_BYTES: u64 = 64 << 20;

impl Asker<'_> {
    /// The body at `path`, which is not HTML and not empty.
    ///
    /// # Errors
    /// [`Trouble`].
    pub(super) async fn get(&self, path: &str) -> Result<Vec<u8>, Trouble> {
        let what = path.split('?').next().unwrap_or_default();
        let url = Url::parse(&format!("{}{path}", self.url)).map_err(|e| Trouble::Failed(format!("{what}: {e}")))?;
        let request = FetchRequest { url, method: "GET".into(), headers: Vec::new(), body: None, max_body_bytes: Some(MAX_ANSWER_BYTES) };
        let got = self.net.fetch_paced(&request, self.interval_ms).await.map_err(|e| Trouble::Failed(format!("{what}: {e}")))?;
        let header = |name: &str| got.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        match got.status {
            200..300 if matches!(got.body.trim_ascii_start().first(), None | Some(b'<')) => {
                Err(Trouble::Failed(what_instead(&got.body, what)))
            }
            200..300 => Ok(got.body),
            404 | 410 => Err(Trouble::Absent(format!("{what}: status {}", got.status))),
            status @ (403 | 429 | 503) => {
                let asked = header("retry-after").and_then(|v| retry_after(v, self.net.now().millis()));
                Err(Trouble::Refused { why: format!("{what}: status {status}"), after_ms: asked })
            }
            status => Err(Trouble::Failed(format!("{what}: status {status}"))),
        }
    }
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date. `None`: neither, or past.
pub(super) fn retry_after(value: &str, now_ms: i64) -> Option<i64> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(i64::from(seconds) * 1_000);
    }
    let at = chrono::DateTime::parse_from_rfc2822(value).ok()?.timestamp_millis();
    (at > now_ms).then_some(at - now_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(retry_after("120", 0), Some(120_000));
        assert_eq!(retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 0), Some(60_000));
        assert_eq!(retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 61_000), None);
        assert_eq!(retry_after("soon", 0), None);
    }
}
