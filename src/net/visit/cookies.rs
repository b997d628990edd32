//! Cookies of one visit: what an earlier hop set goes back to the same host on a later one, as many pages redirect to themselves until it does.
//! In memory, for one visit, then gone. Knows name, value, Domain, Secure and removal; Path and lifetimes matter to longer lives than ours.

use crate::model::host::Host;
use url::Url;

/// Cookies kept of one visit.
const MAX_COOKIES: usize = 50;
/// Longest `name=value`, in bytes.
const MAX_BYTES: usize = 4_096;

#[derive(Default)]
pub(crate) struct Jar {
    cookies: Vec<Cookie>,
}

struct Cookie {
    /// Host or tree that it goes to.
    scope: String,
    tree: bool,
    secure: bool,
    name: String,
    value: String,
}

impl Jar {
    /// Takes one `Set-Cookie` of a response from `host`. What is malformed, foreign or too large is ignored.
    pub(crate) fn set(&mut self, host: &Host, line: &str) {
        let mut parts = line.split(';');
        let pair = parts.next().unwrap_or_default();
        let Some((name, value)) = pair.split_once('=').map(|(n, v)| (n.trim(), v.trim())) else { return };
        if name.is_empty() || pair.len() > MAX_BYTES || pair.bytes().any(|b| b.is_ascii_control()) {
            return;
        }
        let mut cookie = Cookie { scope: host.to_string(), tree: false, secure: false, name: name.to_owned(), value: value.to_owned() };
        let mut dead = false;
        for (key, value) in parts.map(|part| part.split_once('=').unwrap_or((part, ""))) {
            match key.trim().to_ascii_lowercase().as_str() {
                "domain" => match own_tree(host, value) {
                    Some(tree) => (cookie.scope, cookie.tree) = tree,
                    None => return,
                },
                "secure" => cookie.secure = true,
                "max-age" => dead = value.trim().parse::<i64>().is_ok_and(|seconds| seconds <= 0),
                _ => {}
            }
        }
        self.cookies.retain(|c| (&c.scope, &c.name) != (&cookie.scope, &cookie.name));
        if !dead && self.cookies.len() < MAX_COOKIES {
            self.cookies.push(cookie);
        }
    }
    /// The `Cookie` header for a request; `None`: nothing to send.
    pub(crate) fn header(&self, url: &Url, host: &Host) -> Option<String> {
        let fits = |c: &&Cookie| (!c.secure || url.scheme() == "https") && (c.scope == host.as_str() || (c.tree && host.under(&c.scope)));
        let pairs: Vec<String> = self.cookies.iter().filter(fits).map(|c| format!("{}={}", c.name, c.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

/// The tree that a `Domain` attribute names, if this host may set cookies for it.
fn own_tree(host: &Host, domain: &str) -> Option<(String, bool)> {
    let domain = domain.trim().trim_start_matches('.').to_ascii_lowercase();
    if domain.is_empty() || domain == host.as_str() {
        return Some((host.to_string(), !domain.is_empty() && host.ip().is_none()));
    }
    let registrable = host.registrable()?;
    let within = domain == registrable || domain.ends_with(&format!(".{registrable}"));
    (within && host.under(&domain)).then_some((domain, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(set_by: &str, lines: &[&str], url: &str) -> String {
        let mut jar = Jar::default();
        for line in lines {
            jar.set(&Host::parse(set_by).expect("a host"), line);
        }
        let url = Url::parse(url).expect("a URL");
        let host = Host::parse(url.host_str().expect("a host")).expect("a host");
        jar.header(&url, &host).unwrap_or_default()
    }

    #[test]
    fn a_cookie_goes_back_to_its_own_host_only() {
        let set = ["sid=1; path=/; HttpOnly", "__jsl=a=b"];
        assert_eq!(sent("a.b.com", &set, "http://a.b.com/x"), "sid=1; __jsl=a=b");
        for other in ["http://b.com/", "http://x.a.b.com/", "http://evil.com/"] {
            assert_eq!(sent("a.b.com", &set, other), "", "{other}");
        }
    }

    #[test]
    fn a_domain_widens_it_within_the_registrable_name() {
        assert_eq!(sent("a.b.com", &["s=1; Domain=.b.com"], "http://c.b.com/"), "s=1");
        assert_eq!(sent("a.b.com", &["s=1; Domain=com"], "http://c.com/"), "");
        assert_eq!(sent("a.b.com", &["s=1; Domain=evil.com"], "http://evil.com/"), "");
        assert_eq!(sent("a.gov.cn", &["s=1; Domain=gov.cn"], "http://b.gov.cn/"), "");
        assert_eq!(sent("127.0.0.1", &["s=1; Domain=0.0.1"], "http://127.0.0.1/"), "");
    }

    #[test]
    fn secure_removed_malformed_and_too_many_are_not_sent() {
        assert_eq!(sent("a.com", &["s=1; Secure"], "http://a.com/"), "");
        assert_eq!(sent("a.com", &["s=1; Secure"], "https://a.com/"), "s=1");
        assert_eq!(sent("a.com", &["s=1", "s=2"], "http://a.com/"), "s=2");
        assert_eq!(sent("a.com", &["s=1", "s=; Max-Age=0"], "http://a.com/"), "");
        assert_eq!(sent("a.com", &["novalue", "=x", "a=b\r\nEvil: 1", &format!("a={}", "x".repeat(5_000))], "http://a.com/"), "");
        let many: Vec<String> = (0..200).map(|n| format!("k{n}=v")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(sent("a.com", &many, "http://a.com/").split("; ").count(), MAX_COOKIES);
    }
}
