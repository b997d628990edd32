//! Attribution: registration, hosting and filings of one host at one time, and the service providers that follow from them.
//! Every fact names its source and time. A provider is a party to ask, "to be confirmed by a person", never an accusation.

use super::capture::Capture;
use super::filing::FilingCheck;
use super::host::Host;
use super::hosting::{Hosting, Network, Placed};
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

/// Province and city where the tables agree on the mainland, else the countries that they give.
fn place_of(placed: &Placed) -> String {
    placed.mainland().map_or_else(|| placed.countries().join("/"), |(province, city)| format!("{province}{}", city.unwrap_or_default()))
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
            let network = self.hosting.networks.iter().find(|n| n.holds(placed.ip));
            let abuse = network.map(Network::abuse).unwrap_or_default();
            if let Some(said) = placed.said.iter().find(|s| s.organisation.is_some()) {
                let source = format!("{} {} AS{} {}", said.source, said.as_of, said.asn.unwrap_or(0), placed.ip);
                add("hosting", said.organisation.as_deref().unwrap_or_default(), place_of(placed), abuse, source, at);
            } else if let Some(network) = network {
                let name = network.holder.as_deref().or(network.name.as_deref()).unwrap_or_default();
                let place = network.country.clone().unwrap_or_default();
                add("hosting", name, place, abuse, format!("{} {}", network.source, placed.ip), network.at.unwrap_or(at));
            }
        }
        add("issuer", self.issuer.as_deref().unwrap_or_default(), String::new(), String::new(), "TLS".into(), self.at);
        all
    }
}

/// One fact for a person: what it is about, what is said, by whom, when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is about.
    pub label: Both,
    /// What is said; `未知` where nobody says.
    pub value: Both,
    /// By whom; empty for what is unknown.
    pub source: String,
    /// When it was asked.
    pub at: Timestamp,
}

/// What the register of addresses said, or why it said nothing.
fn network_fact(network: &Network, at: Timestamp) -> Fact {
    let (at, label) = (network.at.unwrap_or(at), Both::new("网络登记", "network"));
    let ip = network.ip.map(|ip| ip.to_string()).unwrap_or_default();
    if let (Some((first, last)), true) = (network.range, !network.source.is_empty()) {
        let parts = [&network.name, &network.holder, &network.country];
        let told = parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
        let abuse = network.abuse();
        let (zh, en) = if abuse.is_empty() { ("未知".to_owned(), "unknown".to_owned()) } else { (abuse.clone(), abuse) };
        let value = Both::new(
            format!("{ip} 属 {first} 至 {last} {told}；投诉联系 {zh}"),
            format!("{ip} is of {first} to {last} {told}; abuse contact {en}"),
        );
        return Fact { label, value, source: network.source.clone(), at };
    }
    let (zh, en) = network.raw.as_ref().map(|r| (r.outcome.zh(), r.outcome.en())).unwrap_or_default();
    let source = network.raw.as_ref().map(|r| format!("{} {}", r.protocol, r.server)).unwrap_or_default();
    Fact { label, value: Both::new(format!("{ip} 未知（{zh}）"), format!("{ip} unknown ({en})")), source: source.trim().to_owned(), at }
}

fn fact(zh: &str, en: &str, value: Option<String>, source: &str, at: Timestamp) -> Fact {
    let source = if value.is_some() { source.to_owned() } else { String::new() };
    let value = value.filter(|v| !v.is_empty()).map_or_else(|| Both::new("未知", "unknown"), |v| Both::new(v.clone(), v));
    Fact { label: Both::new(zh, en), value, source, at }
}

impl Attribution {
    /// The attribution block: every fact with source and time, what is unknown said to be so, what the tables disagree on said.
    pub fn facts(&self) -> Vec<Fact> {
        let mut all = self.registration_facts();
        let at = self.hosting.at.unwrap_or(self.at);
        if self.hosting.placed.is_empty() {
            all.push(fact("服务器地址", "server address", None, "", at));
        }
        for placed in &self.hosting.placed {
            for said in &placed.said {
                let asn = said.asn.map(|n| format!("AS{n}"));
                let parts = [&said.country, &said.province, &said.city, &said.isp, &asn, &said.organisation];
                let told: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
                let source = format!("{} {}", said.source, said.as_of);
                all.push(fact("IP 归属", "address", Some(format!("{} {}", placed.ip, told.join(" "))), source.trim(), at));
            }
            if placed.said.is_empty() {
                let value = Both::new(
                    format!("{} 未知（地址库未安装或无此地址）", placed.ip),
                    format!("{} unknown (no table knows it)", placed.ip),
                );
                all.push(Fact { label: Both::new("IP 归属", "address"), value, source: String::new(), at });
            }
            if let Some(differs) = placed.disagreement() {
                all.push(Fact { label: Both::new("归属冲突", "disagreement"), value: differs, source: placed.ip.to_string(), at });
            }
        }
        for network in &self.hosting.networks {
            all.push(network_fact(network, at));
        }
        for front in &self.hosting.fronts {
            let told = Both::new(format!("{}（{}）", front.vendor, front.kind.zh()), format!("{} ({:?})", front.vendor, front.kind));
            all.push(Fact {
                label: Both::new("前置服务", "front"), value: told, source: format!("{} {}", front.by, front.matched), at
            });
        }
        for filing in &self.filings {
            let state = match (&filing.fault, &filing.owner) {
                (Some(fault), _) => Both::new(format!("格式不符：{}", fault.zh), format!("bad form: {}", fault.en)),
                (None, Some((domain, owner))) => {
                    Both::new(format!("登记在 {owner}（{domain}）名下"), format!("registered to {owner} ({domain})"))
                }
                (None, None) => Both::new("格式相符，归属未核实", "the form is right, its owner is not checked"),
            };
            let value = Both::new(
                format!("{} {}；{}", filing.what.zh, filing.value, state.zh),
                format!("{} {}; {}", filing.what.en, filing.value, state.en),
            );
            let source = if filing.owner.is_some() { "备案清单" } else { "页面" };
            all.push(Fact { label: Both::new("备案信息", "filing"), value, source: source.into(), at: self.at });
        }
        for remark in &self.remarks {
            all.push(Fact {
                label: Both::new("备案比对", "filings compared"), value: remark.clone(), source: "页面".into(), at: self.at
            });
        }
        if let Some(issuer) = &self.issuer {
            all.push(fact("证书签发", "certificate issuer", Some(issuer.clone()), "TLS", self.at));
        }
        all
    }
    fn registration_facts(&self) -> Vec<Fact> {
        let Some(r) = &self.registration else {
            return vec![fact("域名注册", "registration", None, "", self.at)];
        };
        let (source, at) = (r.source.as_str(), r.at.unwrap_or(self.at));
        let mut all = Vec::new();
        if r.registered != Some(true) {
            let why: Vec<Both> = r
                .raw
                .iter()
                .map(|a| Both::new(format!("{} {}", a.server, a.outcome.zh()), format!("{} {}", a.server, a.outcome.en())))
                .collect();
            let join = |pick: fn(&Both) -> &str, sep: &str| why.iter().map(pick).collect::<Vec<_>>().join(sep);
            let (zh, en) = (join(|b| b.zh.as_str(), "；"), join(|b| b.en.as_str(), "; "));
            let (zh, en) = if r.registered == Some(false) {
                (format!("未注册（{zh}）"), format!("not registered ({en})"))
            } else {
                (format!("未知（{zh}）"), format!("unknown ({en})"))
            };
            let asked: Vec<String> = r.raw.iter().map(|a| format!("{} {}", a.protocol, a.server).trim().to_owned()).collect();
            return vec![Fact { label: Both::new("域名注册", "registration"), value: Both::new(zh, en), source: asked.join(", "), at }];
        }
        all.push(fact("域名", "domain", Some(r.domain.clone()), source, at));
        all.push(fact("注册商", "registrar", r.registrar.clone(), source, at));
        for (zh, en, value) in [("注册人", "registrant", &r.registrant), ("注册邮箱", "registrant e-mail", &r.registrant_email)] {
            let mut told = fact(zh, en, value.clone(), source, at);
            if value.is_none() && r.redacted {
                (told.value, told.source) = (Both::new("未公开", "hidden"), source.to_owned());
            }
            all.push(told);
        }
        if r.registrant_place.is_some() {
            all.push(fact("注册人地址", "registrant place", r.registrant_place.clone(), source, at));
        }
        all.push(fact("注册时间", "registered on", r.created.map(Timestamp::beijing), source, at));
        all.push(fact("到期时间", "expires on", r.expires.map(Timestamp::beijing), source, at));
        all.push(fact("域名状态", "status", Some(r.status.join(", ")), source, at));
        all.push(fact("域名服务器", "name servers", Some(r.name_servers.join(", ")), source, at));
        let abuse = [&r.abuse_email, &r.abuse_phone].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
        all.push(fact("投诉联系", "abuse contact", Some(abuse), source, at));
        // What was asked in vain is part of the answer: somebody may want to ask again.
        for vain in r.raw.iter().filter(|a| !a.outcome.is_an_answer()) {
            let value = Both::new(vain.outcome.zh(), vain.outcome.en());
            let source = format!("{} {}", vain.protocol, vain.server);
            all.push(Fact { label: Both::new("查询未果", "asked in vain"), value, source: source.trim().to_owned(), at: vain.at });
        }
        all
    }
}
