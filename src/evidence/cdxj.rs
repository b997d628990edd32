//! The CDXJ index of a WACZ: one line a response, sorted, telling where in the WARC it stands.
//! Made from what the WARC itself says, so that verify can make it anew and hold it against the one that was kept.

use crate::evidence::warc_check::Entry;
use serde_json::json;
use url::Url;

/// The whole index of these records; requests, warcinfo and metadata are not looked up and stay out.
pub(super) fn index(entries: &[Entry]) -> String {
    let mut lines: Vec<String> = entries.iter().filter(|e| matches!(e.kind.as_str(), "response" | "resource")).map(line).collect();
    lines.sort_unstable();
    lines.concat()
}

fn line(e: &Entry) -> String {
    let mut fields = json!({"url": e.uri, "mime": e.mime, "status": e.status, "digest": e.digest,
        "length": e.length.to_string(), "offset": e.offset.to_string(), "filename": super::wacz::WARC_NAME});
    if e.status.is_empty() {
        fields.as_object_mut().expect("made as an object").shift_remove("status");
    }
    format!("{} {} {fields}\n", surt(&e.uri), e.stamp())
}

/// The sort-friendly form of an address (`cn,gov,mem,cx)/path`); what is no web address stays as it is.
pub(super) fn surt(uri: &str) -> String {
    let Some(url) = Url::parse(uri).ok().filter(|u| u.has_host()) else { return uri.to_ascii_lowercase() };
    let host = match url.host() {
        Some(url::Host::Domain(name)) => name.strip_prefix("www.").unwrap_or(name).rsplit('.').collect::<Vec<_>>().join(","),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let port = url.port().map(|p| format!(":{p}")).unwrap_or_default();
    let query = url.query().map(|q| format!("?{q}")).unwrap_or_default();
    format!("{host}{port}){}{query}", url.path()).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_sorts_by_its_domain_from_the_right() {
        assert_eq!(surt("http://www.Cx-Mem.example:8080/A/b?Q=1"), "example,cx-mem:8080)/a/b?q=1");
        assert_eq!(surt("https://127.0.0.1/"), "127.0.0.1)/");
        assert_eq!(surt("dns:cx-mem.example"), "dns:cx-mem.example");
        assert_eq!(surt("urn:tls:Host"), "urn:tls:host");
    }
}
