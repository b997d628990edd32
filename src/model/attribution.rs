//! Attribution: registration, hosting and filings of one host at one time, and the service providers that follow from them.
//! Every fact names its source and time. A provider is a party to ask, "to be confirmed by a person", never an accusation.

use super::capture::Capture;
use super::filing::FilingCheck;
use super::host::Host;
use super::hosting::Hosting;
use super::lang::Both;
use super::registration::Registration;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What was found out about one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    /// The host.
    pub host: Host,
    /// When.
    pub at: Timestamp,
    /// What the registers say. `None`: an IP literal, or asking is switched off.
    pub registration: Option<Registration>,
    /// Where it is.
    pub hosting: Hosting,
    /// Filing numbers of its page, each checked.
    #[serde(default)]
    pub filings: Vec<FilingCheck>,
    /// What the numbers say of each other and of the place.
    #[serde(default)]
    pub remarks: Vec<Both>,
    /// Who issued its certificate (the issuer's organisation). `None`: no TLS.
    #[serde(default)]
    pub issuer: Option<String>,
}

/// One party that serves a host, for the row 非法提供技术服务. Always to be confirmed by a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Provider {
    /// `registrar`, `dns`, `cdn`, `hosting`, `issuer`.
    pub role: String,
    /// Its name as the source writes it.
    pub name: String,
    /// Its place; empty where nobody says.
    pub place: String,
    /// Its abuse contact; empty where nobody says.
    pub abuse: String,
    /// Where the fact comes from.
    pub source: String,
    /// When.
    pub at: Timestamp,
}

impl Provider {
    /// The role in Chinese.
    pub fn role_zh(&self) -> &'static str {
        match self.role.as_str() {
            "registrar" => "域名注册商",
            "dns" => "域名解析服务",
            "cdn" => "CDN/防护服务",
            "hosting" => "接入/托管",
            _ => "证书签发机构",
        }
    }
}

/// The issuer's organisation of the first certificate that a visit met.
pub fn issuer_of(captures: &[Capture]) -> Option<String> {
    let leaf = captures.iter().flat_map(|c| &c.hops).find_map(|h| h.tls.as_ref()?.leaf.as_ref())?;
    let part = leaf.issuer.split(", ").flat_map(|p| p.split(',')).find_map(|p| p.trim().strip_prefix("O="));
    Some(part.map_or_else(|| leaf.issuer.clone(), |o| o.trim_matches('"').to_owned()))
}

impl Attribution {
    /// The parties that serve the host, each with its source.
    pub fn providers(&self) -> Vec<Provider> {
        let mut all = Vec::new();
        let mut add = |role: &str, name: &str, place: String, abuse: String, source: String, at: Timestamp| {
            let new = Provider { role: role.into(), name: name.trim().into(), place, abuse, source, at };
            if !new.name.is_empty() && !all.iter().any(|p: &Provider| p.role == new.role && p.name == new.name) {
                all.push(new);
            }
        };
        if let Some(r) = &self.registration {
            let at = r.at.unwrap_or(self.at);
            let abuse = [r.abuse_email.as_deref(), r.abuse_phone.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
            add("registrar", r.registrar.as_deref().unwrap_or_default(), String::new(), abuse, r.source.clone(), at);
            for ns in &r.name_servers {
                let name = Host::parse(ns).ok().and_then(|h| h.registrable().map(str::to_owned)).unwrap_or_default();
                add("dns", &name, String::new(), String::new(), r.source.clone(), at);
            }
        }
        let at = self.hosting.at.unwrap_or(self.at);
        for front in &self.hosting.fronts {
            let role = if front.kind.hides() { "cdn" } else { "hosting" };
            let abuse = front.contact.clone().unwrap_or_default();
            add(role, &front.vendor, String::new(), abuse, format!("{} {}", front.by, front.matched), at);
        }
        // Behind a CDN the network's holder is the CDN again, or whoever lends it addresses: not the host's.
        for placed in self.hosting.placed.iter().filter(|_| self.hosting.hidden_by().is_none()) {
            if let Some(said) = placed.said.iter().find(|s| s.organisation.is_some()) {
                let place = placed.countries().join("/");
                let source = format!("{} {} AS{} {}", said.source, said.as_of, said.asn.unwrap_or(0), placed.ip);
                add("hosting", said.organisation.as_deref().unwrap_or_default(), place, String::new(), source, at);
            }
        }
        add("issuer", self.issuer.as_deref().unwrap_or_default(), String::new(), String::new(), "TLS".into(), self.at);
        all
    }
}
