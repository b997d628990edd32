//! Visit: a page as a visitor sees it, every hop kept byte for byte. One fresh connection a hop, HTTP/1.1, no pool, no resumed TLS session.
//! In: a URL and the headers of a visitor. Out: hops in order; the last says how it ended.
//! Never follows a redirect that the guard has not seen, never reads past a cap, never keeps a cookie after the visit.

mod cookies;
mod decode;
pub(crate) mod dial;
mod hop;
pub(crate) mod http1;

use crate::model::capture::{Hop, Outcome};
use crate::model::host::Host;
use crate::net::Inner;
use crate::net::visit::cookies::Jar;
use crate::net::visit::hop::Leg;
use std::collections::HashSet;
use std::time::Duration;
use url::Url;

/// Visits `url`, following redirects by hand.
pub(crate) async fn visit(door: &Inner, url: &Url, headers: &[(String, String)]) -> Vec<Hop> {
    let mut left = Duration::from_millis(door.settings.timeout_ms);
    let mut jar = Jar::default();
    let mut seen = HashSet::new();
    let mut hops: Vec<Hop> = Vec::new();
    let mut next = Some(bare(url.clone()));
    while let Some(url) = next.take() {
        let host = url.host_str().and_then(|text| Host::parse(text).ok());
        let cookie = host.as_ref().and_then(|host| jar.header(&url, host));
        seen.insert((url.to_string(), cookie.clone()));
        let mut leg = Leg::new(door, u32::try_from(hops.len()).unwrap_or(u32::MAX), url, headers, cookie);
        left = left.saturating_sub(leg.run(left).await);
        for line in leg.set_cookies() {
            if let Some(host) = &host {
                jar.set(host, &line);
            }
        }
        let onward = leg.redirect();
        let mut hop = leg.into_hop();
        match onward {
            Some(Ok(url)) => {
                hop.redirect_to = Some(url.to_string());
                match stop(&url, &jar, &seen, hops.len(), door.settings.max_redirects) {
                    Some(why) => hop.trouble = Some(Outcome::Failed { why }),
                    None => next = Some(url),
                }
            }
            Some(Err(why)) => hop.trouble = hop.trouble.or(Some(Outcome::Failed { why })),
            None => {}
        }
        hops.push(hop);
    }
    hops
}

/// Why this redirect is not followed. The same URL with other cookies is no loop: pages redirect to themselves to see whether one sticks.
fn stop(url: &Url, jar: &Jar, seen: &HashSet<(String, Option<String>)>, redirects: usize, max: u32) -> Option<String> {
    if !matches!(url.scheme(), "http" | "https") {
        return Some(format!("redirects to `{}:`, which is no web page", url.scheme()));
    }
    if redirects >= usize::try_from(max).unwrap_or(usize::MAX) {
        return Some(format!("more than {max} redirects"));
    }
    let cookie = url.host_str().and_then(|text| Host::parse(text).ok()).and_then(|host| jar.header(url, &host));
    seen.contains(&(url.to_string(), cookie)).then(|| format!("redirect loop: {url} was asked before"))
}

/// Without user, password and fragment: none of them is sent.
fn bare(mut url: Url) -> Url {
    url.set_fragment(None);
    // Fails only for URLs that cannot have them.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}
