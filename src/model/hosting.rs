//! Hosting: where an address is and whose it is, by each table's own word; and which CDN, WAF or cloud stands before the host.
//! Tables disagree often. Every answer is kept with its source and date; nothing is merged, what disagrees is said.

use super::lang::Both;
use super::registration::RawAnswer;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// What one table says of one address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Said {
    /// Which table: `ip2region`, `asn`, `dbip`.
    pub source: String,
    /// Its date (`2024-02-28`); empty where the file does not say.
    pub as_of: String,
    /// Country or economy, ISO 3166 two letters. `None`: not said, or a name we cannot place.
    pub country: Option<String>,
    /// Province or state as the table writes it.
    pub province: Option<String>,
    /// City as the table writes it.
    pub city: Option<String>,
    /// Carrier or cloud as the table writes it (`阿里云`, `电信`).
    pub isp: Option<String>,
    /// Number of the autonomous system.
    pub asn: Option<u32>,
    /// Its holder.
    pub organisation: Option<String>,
}

/// One address with all tables' answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// The address.
    pub ip: IpAddr,
    /// One answer a table; a table that does not know the address, or is not installed, is absent.
    pub said: Vec<Said>,
}

impl Placed {
    /// The answer of one table.
    pub fn by(&self, source: &str) -> Option<&Said> {
        self.said.iter().find(|s| s.source == source)
    }
    /// Countries as said, each once.
    pub fn countries(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.said.iter().filter_map(|s| s.country.as_deref()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
    /// What the tables disagree on, one sentence; `None`: they agree, or at most one spoke.
    pub fn disagreement(&self) -> Option<Both> {
        if self.countries().len() < 2 {
            return None;
        }
        let one = |s: &Said| Some(format!("{} {}", s.source, s.country.as_deref()?));
        let told: Vec<String> = self.said.iter().filter_map(one).collect();
        Some(Both::new(format!("各库不一致：{}", told.join("，")), format!("the tables disagree: {}", told.join(", "))))
    }
    /// Province and city of the mainland, by ip2region, where it says China and the network's holder is a Chinese one (or no ASN table is there
    /// to say otherwise) and no other table contradicts the country. `None`: unknown or abroad.
    pub fn mainland(&self) -> Option<(&str, Option<&str>)> {
        let here = self.by("ip2region").filter(|s| s.country.as_deref() == Some("CN"))?;
        let foreign = self.by("asn").and_then(|s| s.asn).is_some_and(|asn| !is_chinese_network(asn, self.by("asn")));
        if foreign || self.countries() != ["CN"] {
            return None;
        }
        Some((here.province.as_deref()?, here.city.as_deref()))
    }
}

/// Autonomous systems of mainland carriers and clouds that Chinese hosts stand in. Source: research of November 2026.
const CHINESE: [u32; 24] = [
    4134, 4808, 4809, 4812, 4837, 4847, 9808, 9929, 17621, 17622, 17816, 24400, 23724, 37963, 38365, 38370, 45090, 45102, 55967, 55990,
    56040, 58453, 58563, 59019,
];

fn is_chinese_network(asn: u32, said: Option<&Said>) -> bool {
    let name = said.and_then(|s| s.organisation.as_deref()).unwrap_or_default().to_lowercase();
    let words =
        ["china", "chinanet", "unicom", "beijing", "shanghai", "shenzhen", "hangzhou", "guangdong", "alibaba", "tencent", "huawei cloud"];
    CHINESE.contains(&asn) || words.iter().any(|w| name.contains(w))
}

/// What stands before a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrontKind {
    /// 内容分发网络: the address says nothing of the host behind it.
    Cdn,
    /// 网站防护: the same.
    Waf,
    /// 云主机: the address is the host's, rented.
    Cloud,
}

impl FrontKind {
    /// The analyst's word.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Cdn => "CDN",
            Self::Waf => "WAF 防护",
            Self::Cloud => "云服务",
        }
    }
    /// Does the address say nothing of where the host is?
    pub fn hides(self) -> bool {
        !matches!(self, Self::Cloud)
    }
}

/// A CDN, WAF or cloud, and why we say so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Front {
    /// Its name (`阿里云 CDN`).
    pub vendor: String,
    /// What it is.
    pub kind: FrontKind,
    /// What told: `cname`, `range`, `header`, in this order of trust.
    pub by: String,
    /// The alias, network or header that told.
    pub matched: String,
    /// Whom to write to for the origin's address. `None`: not in our table.
    #[serde(default)]
    pub contact: Option<String>,
}

/// What the register of addresses says of the network that an address stands in (RDAP, RFC 9083 5.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    /// The address that was asked for.
    pub ip: Option<IpAddr>,
    /// First and last address of the network. `None`: nobody answered.
    pub range: Option<(IpAddr, IpAddr)>,
    /// Handle and name (`NET-1 ALISOFT`).
    pub name: Option<String>,
    /// Its holder. `None`: not said, or hidden.
    pub holder: Option<String>,
    /// Country, two letters, as the register writes it.
    pub country: Option<String>,
    /// E-mail for abuse.
    pub abuse_email: Option<String>,
    /// Telephone for abuse.
    pub abuse_phone: Option<String>,
    /// Where the facts come from (`rdap rdap.apnic.net`); empty: nobody answered.
    pub source: String,
    /// When it was asked.
    pub at: Option<Timestamp>,
    /// The answer as it came. `None`: never asked.
    pub raw: Option<RawAnswer>,
}

impl Network {
    /// Does it hold this address?
    pub fn holds(&self, ip: IpAddr) -> bool {
        self.range.is_some_and(|(first, last)| first.is_ipv4() == ip.is_ipv4() && (first..=last).contains(&ip))
    }
    /// E-mail and telephone for abuse, as far as known.
    pub fn abuse(&self) -> String {
        [&self.abuse_email, &self.abuse_phone].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ")
    }
}

/// Where a host is, as far as anybody says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hosting {
    /// When the tables were read.
    pub at: Option<Timestamp>,
    /// Addresses, at most 16.
    pub placed: Vec<Placed>,
    /// What stands before it, most trusted first.
    pub fronts: Vec<Front>,
    /// Tables that were there, with their dates: `ip2region 2024-02-28`.
    pub tables: Vec<String>,
    /// What the registers of addresses say of the first addresses, at most 2. Empty: not asked, as a CDN stands before it or asking is off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<Network>,
}

impl Hosting {
    /// The CDN or WAF that hides the host, where there is one.
    pub fn hidden_by(&self) -> Option<&Front> {
        self.fronts.iter().find(|f| f.kind.hides())
    }
    /// The one country that all tables give for all addresses. `None`: unknown, they disagree, or a CDN stands before it.
    pub fn country(&self) -> Option<String> {
        if self.hidden_by().is_some() {
            return None;
        }
        let mut all: Vec<&str> = self.placed.iter().flat_map(Placed::countries).collect();
        all.sort_unstable();
        all.dedup();
        match all.as_slice() {
            [one] => Some((*one).to_owned()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(source: &str, country: &str, asn: Option<u32>) -> Said {
        Said {
            source: source.into(),
            country: Some(country.into()).filter(|c: &String| !c.is_empty()),
            province: Some("广东省".into()),
            city: Some("广州市".into()),
            asn,
            ..Said::default()
        }
    }
    fn placed(said: Vec<Said>) -> Placed {
        Placed { ip: IpAddr::from([1, 2, 3, 4]), said }
    }

    #[test]
    fn a_place_is_believed_only_where_nobody_contradicts_it() {
        let here = placed(vec![said("ip2region", "CN", None), said("asn", "", Some(4134)), said("dbip", "CN", None)]);
        assert_eq!(here.mainland(), Some(("广东省", Some("广州市"))));
        let foreign = placed(vec![said("ip2region", "CN", None), said("asn", "", Some(35_916)), said("dbip", "CN", None)]);
        assert_eq!(foreign.mainland(), None);
        let disputed = placed(vec![said("ip2region", "CN", None), said("dbip", "SG", None)]);
        assert_eq!(disputed.mainland(), None);
        assert!(disputed.disagreement().is_some_and(|d| d.zh.contains("ip2region CN") && d.zh.contains("dbip SG")));
    }

    #[test]
    fn a_host_behind_a_cdn_has_no_country() {
        let front = Front { vendor: "x".into(), kind: FrontKind::Cdn, by: "cname".into(), matched: "y".into(), contact: None };
        let mut hosting = Hosting { placed: vec![placed(vec![said("dbip", "US", None)])], ..Hosting::default() };
        assert_eq!(hosting.country().as_deref(), Some("US"));
        hosting.fronts.push(Front { kind: FrontKind::Cloud, ..front.clone() });
        assert_eq!(hosting.country().as_deref(), Some("US"));
        hosting.fronts.push(front);
        assert_eq!(hosting.country(), None);
    }
}
