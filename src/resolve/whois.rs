//! WHOIS answers (RFC 3912): whatever a server wrote, read as `Key: value` lines. Knows CNNIC's form (Beijing time, several names of one
//! registration), the registrars' form, and IANA's. Pure; every line may be missing, repeated or hostile.

use crate::model::host::Host;
use crate::model::registration::{AskOutcome, Registration, is_hidden};
use crate::model::time::Timestamp;
use chrono::NaiveDateTime;

/// Lines read of one answer.
const MAX_LINES: usize = 4_000;
/// Longest value kept, in characters.
const MAX_VALUE: usize = 300;
/// Values kept of a repeated key.
const MAX_LIST: usize = 32;

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Answered, not registered, limited, unreadable.
    pub outcome: AskOutcome,
    /// The facts; empty unless answered.
    pub facts: Registration,
    /// A server that knows more (`Registrar WHOIS Server`, IANA's `whois`).
    pub referral: Option<String>,
}

/// Reads an answer to a question for `name`. An answer that speaks of another name is unreadable: facts of a stranger are worse than none.
pub fn read(text: &str, name: &Host) -> Answer {
    let mut facts = Registration { domain: name.as_str().to_owned(), ..Registration::default() };
    let lines: Vec<(String, &str)> = text.lines().take(MAX_LINES).filter_map(pair).collect();
    let mut names: Vec<String> = Vec::new();
    let (mut referral, mut contact) = (None, String::new());
    let mut place = [const { None }; 3];
    let beijing = lines.iter().any(|(k, _)| k == "registration time" || k == "roid");
    for (key, value) in &lines {
        let value: String = value.chars().take(MAX_VALUE).collect();
        if key == "contact" {
            contact = value.to_lowercase();
        }
        if value.is_empty() {
            continue;
        }
        match key.as_str() {
            "domain name" | "domain" | "puny name" => {
                if let Ok(host) = Host::parse(&value)
                    && !names.iter().any(|n| n == host.as_str())
                    && names.len() < 16
                {
                    names.push(host.as_str().to_owned());
                }
            }
            "roid" | "registry domain id" => set(&mut facts.handle, value),
            "sponsoring registrar" | "registrar" | "registrar name" => set(&mut facts.registrar, value),
            "registrar iana id" => set(&mut facts.registrar_iana, value),
            "registrar abuse contact email" => set(&mut facts.abuse_email, value),
            "registrar abuse contact phone" => set(&mut facts.abuse_phone, value),
            "registrant" | "registrant organization" | "registrant name" | "organisation" => person(&mut facts, value),
            "registrant contact email" | "registrant email" => email(&mut facts, &value),
            "e-mail" if contact == "administrative" => email(&mut facts, &value),
            "registrant city" => place[0] = Some(value),
            "registrant state/province" => place[1] = Some(value),
            "registrant country" => place[2] = Some(value),
            "registration time" | "creation date" | "created" | "registered on" | "domain registration date" => {
                facts.created = facts.created.or_else(|| moment(&value, beijing));
            }
            "expiration time" | "registry expiry date" | "registrar registration expiration date" | "expiry date" | "expiration date" => {
                facts.expires = facts.expires.or_else(|| moment(&value, beijing));
            }
            "updated date" | "changed" | "last updated" => facts.changed = facts.changed.or_else(|| moment(&value, beijing)),
            "name server" | "nserver" | "nameserver" => {
                list(&mut facts.name_servers, first_word(&value).trim_end_matches('.').to_lowercase())
            }
            "domain status" | "status" => list(&mut facts.status, first_word(&value).to_owned()),
            "dnssec" => facts.dnssec = facts.dnssec.or(Some(value.to_lowercase().starts_with("signed"))),
            "registrar whois server" | "whois server" | "whois" => referral = referral.or(Some(value.to_lowercase())),
            _ => {}
        }
    }
    facts.redacted |= text.to_lowercase().contains("redacted for privacy");
    let told: Vec<String> = place.into_iter().flatten().filter(|p| !is_hidden(p)).collect();
    facts.registrant_place = (!told.is_empty()).then(|| told.join(", "));
    let outcome = outcome(text, name, &names);
    if outcome != AskOutcome::Answered {
        let registered = (outcome == AskOutcome::NotRegistered).then_some(false);
        let facts = Registration { domain: name.as_str().to_owned(), registered, ..Registration::default() };
        return Answer { outcome, facts, referral: None };
    }
    facts.registered = Some(true);
    facts.created = facts.created.or_else(|| roid_day(facts.handle.as_deref()?));
    facts.aliases = names.into_iter().filter(|n| n != name.as_str()).collect();
    Answer { outcome, facts, referral }
}

/// The day with which CNNIC's ids of objects begin (`20250312s10001s00000001-cn`), for an answer that names no time.
fn roid_day(roid: &str) -> Option<Timestamp> {
    let (day, rest) = roid.split_at_checked(8)?;
    let day = chrono::NaiveDate::parse_from_str(day, "%Y%m%d").ok().filter(|_| rest.starts_with('s'))?;
    Some(Timestamp::from_millis(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis() - 8 * 3_600_000))
}

fn outcome(text: &str, name: &Host, names: &[String]) -> AskOutcome {
    if names.iter().any(|n| n == name.as_str()) {
        return AskOutcome::Answered;
    }
    // Only the first words count: the terms below them speak of limits and of what is not found in every answer.
    let head: Vec<String> =
        text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with(['%', '#', '>'])).take(3).map(str::to_lowercase).collect();
    let says = |words: &[&str]| head.iter().any(|l| words.iter().any(|w| l.contains(w)));
    if says(&["interval is too short", "limit exceeded", "exceeded", "too many", "quota", "try again later", "too fast", "查询过于频繁"])
    {
        return AskOutcome::Limited { retry_after_s: None };
    }
    if says(&["can not be registered online", "cannot be registered"]) {
        return AskOutcome::NotRegistered;
    }
    if names.is_empty()
        && says(&["no match", "does not exist", "not found", "no data found", "not been registered", "no entries found", "no object found"])
    {
        return AskOutcome::NotRegistered;
    }
    match names.first() {
        Some(other) => AskOutcome::Unreadable { why: format!("speaks of {other}, not of {name}") },
        None if text.trim().is_empty() => AskOutcome::Unreadable { why: "empty".into() },
        None => AskOutcome::Unreadable { why: "no domain name in it".into() },
    }
}

/// `Key: value`, key in lower case, dots of a leader cut. Comments and prose are not pairs.
fn pair(line: &str) -> Option<(String, &str)> {
    let line = line.trim();
    if line.starts_with(['%', '#', '>']) {
        return None;
    }
    let (key, value) = line.split_once([':', '：'])?;
    let key = key.trim_end_matches(['.', ' ', '\t']);
    (key.chars().count() <= 50).then(|| (key.to_lowercase(), value.trim()))
}

fn set(slot: &mut Option<String>, value: String) {
    if slot.is_none() {
        *slot = Some(value);
    }
}

fn person(facts: &mut Registration, value: String) {
    if is_hidden(&value) {
        facts.redacted = true;
    } else {
        set(&mut facts.registrant, value);
    }
}

/// An address, not `link at https://...`.
fn email(facts: &mut Registration, value: &str) {
    let well_formed = value.split_once('@').is_some_and(|(a, b)| !a.is_empty() && b.contains('.')) && !value.contains([' ', '/']);
    if !well_formed || is_hidden(value) {
        facts.redacted = true;
    } else if facts.registrant_email.is_none() {
        facts.registrant_email = Some(value.to_lowercase());
    }
}

fn list(into: &mut Vec<String>, value: String) {
    if !value.is_empty() && into.len() < MAX_LIST && !into.contains(&value) {
        into.push(value);
    }
}

fn first_word(value: &str) -> &str {
    value.split_whitespace().next().unwrap_or_default()
}

/// A time as registers write it. Without a zone it is Beijing time in CNNIC's form, else UTC.
pub(crate) fn moment(text: &str, beijing: bool) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = chrono::DateTime::parse_from_rfc3339(text) {
        return Some(Timestamp::from_millis(at.timestamp_millis()));
    }
    for form in ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f%z"] {
        if let Ok(at) = chrono::DateTime::parse_from_str(text, form) {
            return Some(Timestamp::from_millis(at.timestamp_millis()));
        }
    }
    let bare = text.trim_end_matches("(UTC+8)").trim_end_matches("UTC").trim_end_matches('Z').trim();
    let naive = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y/%m/%d %H:%M:%S"]
        .into_iter()
        .find_map(|form| NaiveDateTime::parse_from_str(bare, form).ok())
        .or_else(|| {
            let day = ["%Y-%m-%d", "%Y.%m.%d", "%Y/%m/%d", "%d-%b-%Y"]
                .into_iter()
                .find_map(|f| chrono::NaiveDate::parse_from_str(bare, f).ok())?;
            day.and_hms_opt(0, 0, 0)
        })?;
    let shift = if beijing { 8 * 3_600_000 } else { 0 };
    Some(Timestamp::from_millis(naive.and_utc().timestamp_millis() - shift))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn host(name: &str) -> Host {
        Host::parse(name).expect("a host")
    }

    #[test]
    fn cnnics_form_is_read_in_beijing_time() {
        let text = "Domain Name: a-b.cn\nROID: 20250312s10001s1-cn\nDomain Status: ok\nRegistrant: 某公司\nRegistrant Contact Email: A@B.cn\n\
                    Sponsoring Registrar: 某注册商\nName Server: ns1.x.com\nRegistration Time: 2025-03-12 08:00:00\n";
        let Answer { outcome, facts, .. } = read(text, &host("a-b.cn"));
        assert_eq!(outcome, AskOutcome::Answered);
        assert_eq!(facts.created, Timestamp::parse("2025-03-12T00:00:00Z"));
        assert_eq!((facts.registrant.as_deref(), facts.registrant_email.as_deref()), (Some("某公司"), Some("a@b.cn")));
    }

    #[test]
    fn without_a_time_the_day_of_the_id_stands_for_it() {
        let text = "Domain Name: a.cn\nROID: 20250312s10001s1-cn\nSponsoring Registrar: x\n";
        assert_eq!(read(text, &host("a.cn")).facts.created, Timestamp::parse("2025-03-12T00:00:00+08:00"));
        for odd in ["", "x", "2025031", "20251399s1", "20250312-7", "二〇二五0312s"] {
            assert_eq!(roid_day(odd), None, "{odd}");
        }
    }

    #[test]
    fn limits_and_reserved_names_and_strangers_are_told_apart() {
        let at = |text: &str| read(text, &host("a.cn")).outcome;
        assert_eq!(at("Queried interval is too short."), AskOutcome::Limited { retry_after_s: None });
        assert_eq!(at("the Domain Name you apply can not be registered online."), AskOutcome::NotRegistered);
        assert_eq!(at("No matching record."), AskOutcome::NotRegistered);
        assert!(matches!(at("Domain Name: b.cn\nRegistrant: x"), AskOutcome::Unreadable { .. }));
        assert!(matches!(at(""), AskOutcome::Unreadable { .. }));
        assert!(matches!(at("<html>hello</html>"), AskOutcome::Unreadable { .. }));
    }

    proptest! {
        #[test]
        fn no_answer_panics_and_nothing_grows_without_bound(text in "(Domain Name|Registrant|Status|Name Server|x)?[:：]?\\PC{0,40}(\n\\PC{0,60}){0,40}") {
            let answer = read(&text, &host("a.cn"));
            prop_assert!(answer.facts.status.len() <= MAX_LIST && answer.facts.aliases.len() <= 16);
        }
    }
}
