//! RDAP answers (RFC 9083): any JSON that a register sends, read leniently. Real ones spell `secureDns`, leave out `fn`, put lists into
//! addresses, cut telephone numbers into pieces, and answer errors with status 200. Pure.

use crate::model::host::Host;
use crate::model::registration::{AskOutcome, Registration, is_hidden};
use crate::resolve::whois::moment;
use serde_json::Value;
use std::net::IpAddr;

/// Entities, links and list items looked at, each.
const MAX_ITEMS: usize = 64;
/// Longest value kept, in characters.
const MAX_VALUE: usize = 300;

/// What kind of object an answer holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// A domain, with where the registrar's own answer is.
    Domain {
        /// The facts.
        facts: Box<Registration>,
        /// Address of the registrar's RDAP object (`related` link).
        related: Option<String>,
    },
    /// An address block, an autonomous system, a person, a name server: name, country, abuse e-mail.
    Other {
        /// `ip network`, `autnum`, `entity`, `nameserver`.
        class: String,
        /// Handle and name.
        name: String,
        /// Country, two letters.
        country: Option<String>,
        /// E-mail for abuse.
        abuse_email: Option<String>,
        /// Telephone for abuse.
        abuse_phone: Option<String>,
        /// Who holds it, where the register says so.
        holder: Option<String>,
        /// First and last address of a block.
        range: Option<(IpAddr, IpAddr)>,
    },
    /// A search result: how many domains.
    Search(usize),
    /// An error object with its code.
    Error {
        /// `errorCode`.
        code: u64,
        /// `title`.
        title: String,
    },
    /// Help and what has no object.
    Help,
}

/// Reads an answer.
///
/// # Errors
/// What is wrong with it, in words: no JSON, no RDAP.
pub fn read(body: &[u8]) -> Result<Object, String> {
    let json: Value = serde_json::from_slice(body).map_err(|e| format!("no JSON: {e}"))?;
    let object = json.as_object().ok_or("JSON, but no RDAP object")?;
    if let Some(code) = object.get("errorCode") {
        let code = code.as_u64().or_else(|| code.as_str()?.parse().ok()).unwrap_or(0);
        return Ok(Object::Error { code, title: text(&json["title"]).unwrap_or_default() });
    }
    if let Some(found) = object.get("domainSearchResults").and_then(Value::as_array) {
        return Ok(Object::Search(found.len()));
    }
    match object.get("objectClassName").and_then(Value::as_str) {
        Some("domain") => Ok(Object::Domain { facts: Box::new(domain(&json)), related: related(&json) }),
        Some(class) => {
            let named = [text(&json["handle"]), text(&json["name"]).or_else(|| text(&json["ldhName"]))];
            Ok(Object::Other {
                class: class.to_owned(),
                name: named.into_iter().flatten().collect::<Vec<_>>().join(" "),
                country: text(&json["country"]),
                abuse_email: role(&json, "abuse").and_then(|e| card(e, "email")),
                abuse_phone: role(&json, "abuse").and_then(telephone),
                holder: role(&json, "registrant").and_then(|e| card(e, "org").or_else(|| card(e, "fn"))).filter(|h| !is_hidden(h)),
                range: address(&json["startAddress"]).zip(address(&json["endAddress"])),
            })
        }
        None if object.contains_key("rdapConformance") || object.contains_key("notices") => Ok(Object::Help),
        None => Err("JSON, but no RDAP: it names no object".into()),
    }
}

/// What an answer means for a question on `name`.
pub fn judge(object: &Object, name: &Host) -> AskOutcome {
    match object {
        Object::Domain { facts, .. } if facts.domain.is_empty() || facts.domain == name.as_str() => AskOutcome::Answered,
        Object::Domain { facts, .. } => AskOutcome::Unreadable { why: format!("speaks of {}, not of {name}", facts.domain) },
        Object::Error { code: 404, .. } => AskOutcome::NotRegistered,
        Object::Error { code: 429, .. } => AskOutcome::Limited { retry_after_s: None },
        Object::Error { code, title } => AskOutcome::Failed { why: format!("error {code} {title}") },
        Object::Other { class, .. } => AskOutcome::Unreadable { why: format!("is of the class {class}, not a domain") },
        Object::Search(n) => AskOutcome::Unreadable { why: format!("a list of {n} domains, not one") },
        Object::Help => AskOutcome::Unreadable { why: "help, not a domain".into() },
    }
}

/// What an answer means for a question on an address: it must be a block that holds it.
pub fn judge_address(object: &Object, ip: IpAddr) -> AskOutcome {
    match object {
        Object::Other { range: Some((first, last)), .. } if first.is_ipv4() == ip.is_ipv4() && (*first..=*last).contains(&ip) => {
            AskOutcome::Answered
        }
        Object::Other { range: Some((first, last)), .. } => {
            AskOutcome::Unreadable { why: format!("speaks of {first} to {last}, not of {ip}") }
        }
        Object::Domain { .. } => AskOutcome::Unreadable { why: "is of the class domain, not a network".into() },
        Object::Other { class, .. } => AskOutcome::Unreadable { why: format!("is of the class {class}, not a network") },
        Object::Error { code: 429, .. } => AskOutcome::Limited { retry_after_s: None },
        Object::Error { code, title } => AskOutcome::Failed { why: format!("error {code} {title}").trim().to_owned() },
        Object::Search(_) | Object::Help => AskOutcome::Unreadable { why: "help or a list, not a network".into() },
    }
}

/// An address; some registers write a prefix behind it.
fn address(value: &Value) -> Option<IpAddr> {
    value.as_str()?.split('/').next()?.trim().parse().ok()
}

fn domain(json: &Value) -> Registration {
    let mut facts = Registration { registered: Some(true), ..Registration::default() };
    let name = text(&json["ldhName"]).or_else(|| text(&json["unicodeName"])).unwrap_or_default();
    facts.domain = Host::parse(&name).map(|h| h.as_str().to_owned()).unwrap_or_default();
    facts.handle = text(&json["handle"]);
    let event =
        |action: &str| items(&json["events"]).find(|e| e["eventAction"] == action).and_then(|e| moment(e["eventDate"].as_str()?, false));
    facts.created = event("registration");
    facts.expires = event("expiration");
    facts.changed = event("last changed");
    facts.status = items(&json["status"]).filter_map(text).collect();
    facts.name_servers =
        items(&json["nameservers"]).filter_map(|n| text(&n["ldhName"])).map(|n| n.trim_end_matches('.').to_lowercase()).collect();
    let secure = ["secureDNS", "secureDns", "securedns"].into_iter().map(|k| &json[k]).find(|v| v.is_object());
    facts.dnssec = secure.and_then(|s| s["delegationSigned"].as_bool());
    facts.redacted = json["redacted"].as_array().is_some_and(|r| !r.is_empty());
    if let Some(registrar) = role(json, "registrar").or_else(|| role(json, "sponsor")) {
        facts.registrar = card(registrar, "fn").or_else(|| card(registrar, "org"));
        let iana = items(&registrar["publicIds"]).find(|p| p["type"].as_str().is_some_and(|t| t.to_lowercase().contains("iana")));
        facts.registrar_iana = iana.and_then(|p| text(&p["identifier"]).or_else(|| p["identifier"].as_u64().map(|n| n.to_string())));
        let abuse = role(registrar, "abuse").or_else(|| role(json, "abuse"));
        facts.abuse_email = abuse.and_then(|a| card(a, "email"));
        facts.abuse_phone = abuse.and_then(telephone);
    }
    if let Some(registrant) = role(json, "registrant") {
        let named = card(registrant, "org").or_else(|| card(registrant, "fn"));
        facts.redacted |= named.as_deref().is_none_or(is_hidden)
            || items(&registrant["remarks"]).any(|r| text(&r["title"]).is_some_and(|t| is_hidden(&t)));
        facts.registrant = named.filter(|n| !is_hidden(n));
        facts.registrant_email = card(registrant, "email").filter(|e| e.contains('@') && !is_hidden(e)).map(|e| e.to_lowercase());
        facts.registrant_place = place(registrant);
    }
    facts
}

/// The registrar's own object, where a link leads to it.
fn related(json: &Value) -> Option<String> {
    let link = items(&json["links"]).find(|l| l["rel"] == "related" && l["type"].as_str().is_none_or(|t| t.contains("rdap+json")))?;
    link["href"].as_str().filter(|h| h.len() <= 2_000).map(str::to_owned)
}

/// The first entity with this role, two levels deep.
fn role<'a>(json: &'a Value, role: &str) -> Option<&'a Value> {
    let here = || items(&json["entities"]);
    let has = |e: &&Value| items(&e["roles"]).any(|r| r == role);
    here().find(has).or_else(|| here().flat_map(|e| items(&e["entities"])).find(has))
}

fn fields<'a>(entity: &'a Value, name: &'a str) -> impl Iterator<Item = &'a Value> {
    items(&entity["vcardArray"][1]).filter(move |f| f[0].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name)))
}

/// One field of a contact card; a list is joined. `None`: absent or empty.
fn card(entity: &Value, name: &str) -> Option<String> {
    fields(entity, name).find_map(|f| text(&f[3]).or_else(|| joined(&f[3])))
}

/// A telephone number, put together where the register cut it into pieces.
fn telephone(entity: &Value) -> Option<String> {
    let voice = fields(entity, "tel").filter(|f| f[1]["type"].as_str().is_none_or(|t| t != "fax"));
    let parts: Vec<String> = voice.filter_map(|f| text(&f[3])).map(|t| t.trim_start_matches("tel:").to_owned()).collect();
    let first = parts.first()?;
    Some(if first.len() < 6 { parts.join("-") } else { first.clone() })
}

/// City, region and country of the address.
fn place(entity: &Value) -> Option<String> {
    let address = fields(entity, "adr").next()?;
    let parts: Vec<String> = [3, 4, 6].into_iter().filter_map(|i| text(&address[3][i]).or_else(|| joined(&address[3][i]))).collect();
    let written = parts.into_iter().filter(|p| !is_hidden(p)).collect::<Vec<_>>().join(", ");
    let label = || address[1]["label"].as_str().map(|l| l.replace('\n', ", ").chars().take(MAX_VALUE).collect());
    Some(written).filter(|w| !w.is_empty()).or_else(label)
}

fn joined(value: &Value) -> Option<String> {
    let parts: Vec<String> = items(value).filter_map(text).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten().take(MAX_ITEMS)
}

/// A text that is not empty, trimmed and cut.
fn text(value: &Value) -> Option<String> {
    let text: String = value.as_str()?.trim().chars().take(MAX_VALUE).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn odd_spellings_are_understood() {
        let body = br#"{"objectClassName":"domain","ldhName":"A.TOP","secureDns":{"delegationSigned":true},"events":[{"eventAction":"registration","eventDate":"2026-01-02T03:04:05Z"}],
          "entities":[{"roles":["registrar"],"vcardArray":["vcard",[["org",{},"text",["Shop","Ltd"]],["fn",{},"text",""]]],"entities":[{"roles":["abuse"],"vcardArray":["vcard",[["tel",{},"uri","tel:+7"],["tel",{},"uri","tel:495"],["tel",{},"uri","tel:5801111"]]]}]}]}"#;
        let Ok(Object::Domain { facts, .. }) = read(body) else { panic!("a domain") };
        assert_eq!((facts.domain.as_str(), facts.dnssec, facts.registrar.as_deref()), ("a.top", Some(true), Some("Shop, Ltd")));
        assert_eq!(facts.abuse_phone.as_deref(), Some("+7-495-5801111"));
    }

    #[test]
    fn what_is_no_domain_is_said_to_be_so() {
        let name = Host::parse("a.top").expect("a host");
        let at = |body: &str| read(body.as_bytes()).map(|o| judge(&o, &name));
        assert_eq!(at(r#"{"errorCode":404,"title":"nope"}"#), Ok(AskOutcome::NotRegistered));
        assert!(matches!(at(r#"{"objectClassName":"domain","ldhName":"b.top"}"#), Ok(AskOutcome::Unreadable { .. })));
        assert!(matches!(at(r#"{"objectClassName":"autnum","handle":"AS1"}"#), Ok(AskOutcome::Unreadable { .. })));
        for bad in ["", "[]", "{}", "<html>", "null", "{\"a\":1}"] {
            assert!(at(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_json_panics(body in "\\{\"(objectClassName|entities|events|vcardArray|links)\":(\"domain\"|\\[\\[1\\]\\]|\\[\\{\"roles\":3\\}\\]|7|null)\\}|\\PC{0,80}") {
            let _ = read(body.as_bytes());
        }
    }
}
