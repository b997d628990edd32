//! The exchanges of all visits as an HTTP archive (HAR 1.2), for people with browser tools. A reading aid: the WARC has the bytes.
//! In: a dossier. Out: one page a visit, one entry a hop or request. What nobody told is -1 or empty, as the form wants it, never guessed.

use crate::model::capture::{Capture, Hop};
use crate::model::dossier::Dossier;
use crate::model::rendered::Request;
use crate::model::time::Timestamp;
use serde_json::{Value, json};
use url::Url;

/// The archive.
pub(super) fn of(dossier: &Dossier) -> Value {
    let mut pages = Vec::new();
    let mut entries = Vec::new();
    for (i, capture) in dossier.captures.iter().enumerate() {
        let page = format!("page_{i}");
        pages.push(json!({
            "startedDateTime": capture.started_at,
            "id": page,
            "title": format!("{} ({})", capture.requested_url, capture.variant),
            "pageTimings": {},
            "comment": if capture.browser.is_some() { "in a browser" } else { "plain HTTP" },
        }));
        entries.extend(capture.hops.iter().map(|hop| hop_entry(hop, &page)));
        if let Some(browser) = &capture.browser {
            let others = browser.requests.iter().filter(|r| !is_hop(r, capture));
            entries.extend(others.map(|request| request_entry(request, &page, capture.started_at)));
        }
    }
    let creator = json!({"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")});
    let mut log = json!({"version": "1.2", "creator": creator, "pages": pages, "entries": entries});
    if let Some(browser) = dossier.captures.iter().find_map(|c| c.browser.as_ref()) {
        let (name, version) = browser.product.split_once('/').unwrap_or((&browser.product, ""));
        log["browser"] = json!({"name": name, "version": version});
    }
    json!({"log": log})
}

/// A document of the main frame stands among the hops already, with its heads.
fn is_hop(request: &Request, capture: &Capture) -> bool {
    request.kind == "Document" && capture.hops.iter().any(|h| h.url == request.url)
}

fn pairs(list: &[(String, String)]) -> Vec<Value> {
    list.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
}

fn query(url: &str) -> Vec<Value> {
    let parsed = Url::parse(url).ok();
    let all = parsed.iter().flat_map(|u| u.query_pairs()).map(|(n, v)| (n.into_owned(), v.into_owned()));
    pairs(&all.collect::<Vec<_>>())
}

/// The method and headers of a request head.
fn head(bytes: &[u8]) -> (String, Vec<(String, String)>) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let method = lines.next().and_then(|l| l.split(' ').next()).unwrap_or_default().to_owned();
    let headers = lines.filter_map(|l| l.split_once(':')).map(|(n, v)| (n.to_owned(), v.trim().to_owned()));
    (if method.is_empty() { "GET".into() } else { method }, headers.collect())
}

fn hop_entry(hop: &Hop, page: &str) -> Value {
    let (method, sent) = head(&hop.request_head);
    let first = |bytes: &[u8], n: usize| {
        let line = String::from_utf8_lossy(bytes.split(|b| *b == b'\r').next().unwrap_or_default()).into_owned();
        line.splitn(3, ' ').nth(n).unwrap_or_default().to_owned()
    };
    let version = first(&hop.response_head, 0);
    let version = if version.is_empty() { "HTTP/1.1".to_owned() } else { version };
    let part = |ms: Option<u64>| ms.map_or(json!(-1), |ms| json!(ms));
    let (t, total) = (&hop.timing, hop.timing.total_ms);
    let spent = t.dns_ms.unwrap_or(0) + t.connect_ms.unwrap_or(0) + t.first_byte_ms.unwrap_or(0);
    let mut entry = json!({
        "pageref": page,
        "startedDateTime": hop.at,
        "time": total,
        "request": {
            "method": method, "url": hop.url, "httpVersion": "HTTP/1.1", "cookies": [], "headers": pairs(&sent), "queryString": query(&hop.url),
            "headersSize": size(hop.request_head.len()), "bodySize": 0,
        },
        "response": {
            "status": hop.status.unwrap_or(0), "statusText": first(&hop.response_head, 2), "httpVersion": version, "cookies": [],
            "headers": pairs(&hop.headers),
            "content": {"size": hop.body.len(), "mimeType": hop.header("content-type").unwrap_or_default()},
            "redirectURL": hop.redirect_to.clone().unwrap_or_default(),
            "headersSize": size(hop.response_head.len()), "bodySize": hop.wire_bytes,
        },
        "cache": {},
        "timings": {
            "blocked": -1, "dns": part(t.dns_ms), "connect": part(t.connect_ms), "ssl": part(t.tls_ms),
            "send": 0, "wait": t.first_byte_ms.unwrap_or(0), "receive": total.saturating_sub(spent),
        },
    });
    if let Some(address) = hop.address {
        entry["serverIPAddress"] = address.ip().to_string().into();
        entry["connection"] = address.port().to_string().into();
    }
    if let Some(trouble) = &hop.trouble {
        entry["comment"] = trouble.why().into();
    }
    entry
}

/// A length that is known, or -1.
fn size(n: usize) -> Value {
    if n == 0 { json!(-1) } else { json!(n) }
}

fn request_entry(request: &Request, page: &str, begun: Timestamp) -> Value {
    let took = request.took_ms.unwrap_or(0);
    let mut entry = json!({
        "pageref": page,
        "startedDateTime": request.at.unwrap_or(begun),
        "time": took,
        "request": {
            "method": request.method, "url": request.url, "httpVersion": "", "cookies": [], "headers": [], "queryString": query(&request.url),
            "headersSize": -1, "bodySize": -1,
        },
        "response": {
            "status": request.status.unwrap_or(0), "statusText": "", "httpVersion": "", "cookies": [], "headers": [],
            "content": {"size": 0, "mimeType": request.media_type}, "redirectURL": "", "headersSize": -1, "bodySize": -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        "_resourceType": request.kind.to_ascii_lowercase(),
    });
    if !request.failed.is_empty() {
        entry["response"]["_error"] = request.failed.clone().into();
    }
    entry
}
