//! The table of sites: `tests/pages/sites.toml`, one entry a site, and what a scan should make of it.

use super::pages;
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What a site is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// The protected site, or its ministry's.
    Official,
    /// A copy of the protected site.
    Clone,
    /// Offers certificates.
    Seller,
    /// Looks near, means no harm.
    Benign,
    /// A name for sale or with nothing on it.
    Parked,
    /// A server that means harm to visitors' programs.
    Hostile,
    /// The search engine.
    Search,
}

/// Where HTTPS answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tls {
    /// Only port 80.
    #[default]
    None,
    /// Ports 80 and 443.
    Both,
    /// Only port 443.
    Only,
}

/// How a scan comes to know a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Found {
    /// Stands in the name feed.
    Names,
    /// Stands in search results.
    Search,
    /// Is among the permutations of the protected host.
    Permutation,
    /// Only a person can report it.
    Tip,
}

/// What the DNS server says of a name, where it is not simply one address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Dns {
    /// One A record: the site's address.
    #[default]
    Plain,
    /// These addresses (`self` is the site's own).
    Addresses(Vec<String>),
    /// An alias to this lab name.
    Cname(String),
    /// Every name below it exists too.
    Wildcard,
    /// SERVFAIL.
    Servfail,
    /// REFUSED.
    Refused,
    /// No answer, ever.
    Silent,
    /// Exists without any address (NOERROR, no record).
    Nodata,
    /// UDP answers are cut (TC): only TCP tells.
    Truncated,
    /// An alias that leads back to itself.
    CnameLoop,
}

/// One answer of a site.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Route {
    /// Exact path, with query where the query matters; `*` for all others. Default `/`.
    pub(crate) path: Option<String>,
    /// File below `tests/pages/`.
    pub(crate) file: Option<String>,
    /// The body itself, for small answers.
    pub(crate) body: Option<String>,
    /// What is done to the text, in order: ids of `pages::Make`.
    pub(crate) make: Vec<String>,
    /// Literal replacements before `make`.
    pub(crate) replace: Vec<(String, String)>,
    /// Encode as this (WHATWG label). Default utf-8.
    pub(crate) charset: Option<String>,
    /// `Content-Type` header; empty: none is sent. Default text/html with the charset.
    pub(crate) content_type: Option<String>,
    /// Status. Default 200, or 302 where there is a location.
    pub(crate) status: Option<u16>,
    /// `Location` header.
    pub(crate) location: Option<String>,
    /// Further headers.
    pub(crate) headers: Vec<(String, String)>,
    /// Compress.
    pub(crate) gzip: bool,
    /// Send in chunks.
    pub(crate) chunked: bool,
    /// Only for visitors whose request holds this text in that header; others fall through to the next route.
    pub(crate) only_with: Option<(String, String)>,
    /// A body or answer made by code: see `hostile::special`.
    pub(crate) special: Option<String>,
}

/// One site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Site {
    /// Its name; `{{block}}` stands for the first three bytes of the lab's addresses.
    pub(crate) host: String,
    /// What it is.
    pub(crate) kind: Kind,
    /// One line.
    pub(crate) what: String,
    /// `fake_query`, `seller`, `mirror`, `official`, `none`. Default by kind.
    pub(crate) class: Option<String>,
    /// What to visit. Default `http://HOST/`.
    pub(crate) url: Option<String>,
    /// `outcome` of check/1; several, joined by `|`, where more than one is right. Default `captured`.
    pub(crate) outcome: Option<String>,
    /// How a scan comes to know it.
    #[serde(default)]
    pub(crate) found: Vec<Found>,
    /// Search topics that return it: see `search::TOPICS`.
    #[serde(default)]
    pub(crate) topics: Vec<String>,
    /// Last byte of an address of its own. Default: a shared one by kind.
    pub(crate) alone: Option<u8>,
    /// HTTPS.
    #[serde(default)]
    pub(crate) tls: Tls,
    /// DNS peculiarities.
    #[serde(default)]
    pub(crate) dns: Dns,
    /// A raw TCP server instead of routes: see `hostile::raw`.
    pub(crate) raw: Option<String>,
    /// What it takes beyond plain visits (`variants`, `rendering`, `mirror`): such a site is not in `expected`; the scan with the browser has a test of its own.
    pub(crate) later: Option<String>,
    /// Answers, first match wins.
    #[serde(default, rename = "route")]
    pub(crate) routes: Vec<Route>,
}

/// What a scan should make of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// Host.
    pub(crate) host: String,
    /// What it is.
    pub(crate) kind: Kind,
    /// Class word of the contract.
    pub(crate) class: String,
    /// What to visit.
    pub(crate) url: String,
    /// Outcome words of the contract; several, joined by `|`, where more than one is right.
    pub(crate) outcome: String,
    /// How a scan comes to know it.
    pub(crate) found: Vec<Found>,
}

impl Expected {
    /// Is this outcome word a right one?
    pub(crate) fn allows(&self, outcome: &str) -> bool {
        self.outcome.split('|').any(|o| o == outcome)
    }
    /// Must it become a lead?
    pub(crate) fn is_lead(&self) -> bool {
        !matches!(self.class.as_str(), "none" | "official")
    }
}

impl Site {
    /// See [`Expected`].
    pub(crate) fn expected(&self) -> Expected {
        Expected {
            host: self.host.clone(),
            kind: self.kind,
            class: self.class().to_owned(),
            url: self.url(),
            outcome: self.outcome.clone().unwrap_or_else(|| "captured".into()),
            found: self.found.clone(),
        }
    }
    /// Class word of the contract.
    pub(crate) fn class(&self) -> &str {
        match (&self.class, self.kind) {
            (Some(class), _) => class,
            (None, Kind::Official) => "official",
            (None, Kind::Clone) => "fake_query",
            (None, Kind::Seller) => "seller",
            (None, _) => "none",
        }
    }
    /// What to visit.
    pub(crate) fn url(&self) -> String {
        self.url.clone().unwrap_or_else(|| format!("http://{}/", self.host))
    }
    /// Last byte of its address.
    pub(crate) fn last_byte(&self) -> u8 {
        let odd = self.host.len() % 2 == 1;
        self.alone.unwrap_or(match self.kind {
            Kind::Official => 2,
            Kind::Clone => 3 + u8::from(odd),
            Kind::Seller => 5,
            Kind::Benign => 6 + u8::from(odd),
            Kind::Parked => 8,
            Kind::Search => 9,
            Kind::Hostile => 11,
        })
    }
    /// The first route for a target, whoever asks.
    pub(crate) fn route(&self, target: &str) -> Option<&Route> {
        self.routes.iter().find(|r| r.answers(target))
    }
}

impl Route {
    /// Is this route meant for the target?
    pub(crate) fn answers(&self, target: &str) -> bool {
        match self.path.as_deref().unwrap_or("/") {
            "*" => true,
            wanted if wanted.contains('?') => wanted == target,
            wanted => target.split('?').next() == Some(wanted),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    site: Vec<Site>,
}

/// All sites of one lab.
pub(crate) struct Sites {
    all: Vec<Arc<Site>>,
    by_host: HashMap<String, Arc<Site>>,
}

impl Sites {
    /// Reads the table for a block.
    ///
    /// # Errors
    /// One line: what is wrong in the table.
    pub(crate) fn load(block: [u8; 3]) -> Result<Self, String> {
        let text = pages::read("sites.toml")?;
        let text = String::from_utf8(text).map_err(|e| format!("tests/pages/sites.toml: {e}"))?;
        let [a, b, c] = block;
        let table: Table =
            toml::from_str(&text.replace("{{block}}", &format!("{a}.{b}.{c}"))).map_err(|e| format!("tests/pages/sites.toml: {e}"))?;
        let all: Vec<Arc<Site>> = table.site.into_iter().map(Arc::new).collect();
        let mut by_host = HashMap::new();
        for site in &all {
            if by_host.insert(site.host.clone(), site.clone()).is_some() {
                return Err(format!("tests/pages/sites.toml: {} stands there twice", site.host));
            }
        }
        Ok(Self { all, by_host })
    }
    /// In the table's order.
    pub(crate) fn all(&self) -> &[Arc<Site>] {
        &self.all
    }
    /// By exact host, or the wildcard above it.
    pub(crate) fn by_host(&self, host: &str) -> Option<&Arc<Site>> {
        let host = host.trim_end_matches('.');
        self.by_host.get(host).or_else(|| {
            let above = self.by_host.get(host.split_once('.')?.1)?;
            (above.dns == Dns::Wildcard).then_some(above)
        })
    }
    /// Does any site stand below this name? Then the name exists, without records.
    pub(crate) fn is_above(&self, name: &str) -> bool {
        self.all
            .iter()
            .any(|s| s.host.len() > name.len() && s.host.ends_with(name) && s.host.as_bytes()[s.host.len() - name.len() - 1] == b'.')
    }
    /// The addresses in use by the sites that `which` keeps.
    pub(crate) fn addresses(&self, which: impl Fn(&Site) -> bool) -> BTreeSet<u8> {
        self.all.iter().filter(|s| which(s)).map(|s| s.last_byte()).collect()
    }
    /// The site that owns an address alone.
    pub(crate) fn alone_at(&self, last: u8) -> Option<&Arc<Site>> {
        self.all.iter().find(|s| s.alone == Some(last))
    }
}
