//! Passive DNS brought as a file: Common Output Format, one JSON object a line. Old addresses of a host, and old hosts of an address.

use crate::model::host::Host;
use crate::model::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longest line read, in bytes.
const MAX_LINE: usize = 64 << 10;
/// Values kept of one line (`rdata` may be a list).
const MAX_DATA: usize = 64;

/// One record that somebody saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Owner name.
    pub host: Host,
    /// `A`, `AAAA`, `CNAME`, `NS`, ...
    pub rrtype: String,
    /// Presentation form, lower case, no dot at the end.
    pub data: String,
    /// When it was seen first.
    pub first: Option<Timestamp>,
    /// When it was seen last.
    pub last: Option<Timestamp>,
    /// How often; 0 where unknown.
    pub count: u64,
}

/// Reads a file. Returns the records and, for lines that are none, their 1-based number and why.
pub fn read(text: &str) -> (Vec<Seen>, Vec<(usize, String)>) {
    let (mut all, mut bad) = (Vec::new(), Vec::new());
    for (n, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        match one(line) {
            Ok(seen) => all.extend(seen),
            Err(why) => bad.push((n + 1, why)),
        }
    }
    (all, bad)
}

fn one(line: &str) -> Result<Vec<Seen>, String> {
    if line.len() > MAX_LINE {
        return Err(format!("longer than {MAX_LINE} bytes"));
    }
    let json: Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
    let text = |key: &str| json[key].as_str().ok_or_else(|| format!("no `{key}`"));
    let host = Host::parse(text("rrname")?).map_err(|e| e.to_string())?;
    let rrtype = text("rrtype")?.to_uppercase();
    let time = |keys: [&str; 2]| keys.iter().find_map(|k| seconds(&json[*k]));
    let (first, last) = (time(["time_first", "zone_time_first"]), time(["time_last", "zone_time_last"]));
    let count = json["count"].as_u64().unwrap_or(0);
    let data: Vec<&str> = match &json["rdata"] {
        Value::String(one) => vec![one],
        Value::Array(list) => list.iter().filter_map(Value::as_str).take(MAX_DATA).collect(),
        _ => return Err("no `rdata`".into()),
    };
    let record =
        |d: &str| Seen { host: host.clone(), rrtype: rrtype.clone(), data: d.trim_end_matches('.').to_lowercase(), first, last, count };
    Ok(data.into_iter().map(record).collect())
}

/// Seconds since 1970, as a number or a text, or an RFC 3339 time.
fn seconds(value: &Value) -> Option<Timestamp> {
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
    number.map(|s| Timestamp::from_millis(s.saturating_mul(1_000))).or_else(|| Timestamp::parse(value.as_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_line_is_read_and_bad_ones_are_named() {
        let text = "{\"rrname\":\"A.top.\",\"rrtype\":\"a\",\"rdata\":[\"1.2.3.4\",\"1.2.3.5\"],\"time_first\":1700000000,\"time_last\":\"1700000100\",\"count\":3}\n\
                    {\"rrname\":\"a.top\",\"rrtype\":\"CNAME\",\"rdata\":\"X.example.\",\"zone_time_first\":\"2024-01-01T00:00:00Z\"}\n\nnonsense\n{\"rrname\":\"\",\"rrtype\":\"A\",\"rdata\":\"1.1.1.1\"}\n";
        let (seen, bad) = read(text);
        assert_eq!(seen.len(), 3);
        assert_eq!((seen[0].data.as_str(), seen[0].first, seen[0].count), ("1.2.3.4", Some(Timestamp::from_millis(1_700_000_000_000)), 3));
        assert_eq!((seen[2].data.as_str(), seen[2].last), ("x.example", None));
        assert_eq!(bad.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [4, 5]);
    }
}
