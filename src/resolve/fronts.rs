//! Which CDN, WAF or cloud stands before a host: by the suffix of its alias, then by the network of its address, then by what the server says.
//! In: rules (`attribution/fronts.toml`), ranges (cdncheck's list, where it is there), DNS answers, response headers. Pure but for reading the list.

use crate::model::capture::Capture;
use crate::model::hosting::{Front, FrontKind};
use crate::model::resolution::Resolution;
use crate::model::rulefile::{RuleError, RuleFile};
use serde::Deserialize;
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// Largest list that is read, in bytes.
const MAX_LIST_BYTES: u64 = 32 << 20;
/// Fronts told of one host.
const MAX_FRONTS: usize = 6;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vendor {
    name: String,
    kind: FrontKind,
    #[serde(default)]
    cname: Vec<String>,
    /// `name: part of the value`; an empty part: the header's being there.
    #[serde(default)]
    headers: Vec<String>,
    /// Names of this vendor in cdncheck's list.
    #[serde(default)]
    list: Vec<String>,
    #[serde(default)]
    contact: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VendorFile {
    vendor: Vec<Vendor>,
}

/// All that is known of fronts.
#[derive(Default)]
pub struct Fronts {
    vendors: Vec<Vendor>,
    /// First and last address as 128-bit numbers (IPv4 mapped), vendor's name, kind, as written. Sorted by first.
    ranges: Vec<(u128, u128, String, FrontKind, String)>,
}

impl Fronts {
    /// Reads `attribution/fronts.toml` and, where it is there, the list at `list`.
    ///
    /// # Errors
    /// [`RuleError`]: the rule file does not parse.
    pub fn load(files: &[RuleFile], list: &Path) -> Result<Self, RuleError> {
        let file = files.iter().find(|f| f.path == "attribution/fronts.toml");
        let vendors = file.map(RuleFile::parse::<VendorFile>).transpose()?.map(|f| f.vendor).unwrap_or_default();
        let mut fronts = Self { vendors, ranges: Vec::new() };
        let small = std::fs::metadata(list).is_ok_and(|m| m.len() <= MAX_LIST_BYTES);
        if let Some(json) = small.then(|| std::fs::read(list).ok()).flatten() {
            match serde_json::from_slice(&json) {
                Ok(json) => fronts.add_ranges(&json),
                Err(e) => tracing::warn!("{}: left out: {e}", list.display()),
            }
        }
        Ok(fronts)
    }
    /// Takes in cdncheck's list: networks by kind and vendor, alias suffixes under `common`.
    pub fn add_ranges(&mut self, json: &Value) {
        for (key, kind) in [("cdn", FrontKind::Cdn), ("waf", FrontKind::Waf), ("cloud", FrontKind::Cloud)] {
            for (vendor, networks) in json[key].as_object().into_iter().flatten() {
                let name = self.called(vendor).unwrap_or(vendor).to_owned();
                for text in networks.as_array().into_iter().flatten().filter_map(Value::as_str) {
                    if let Some((first, last)) = network(text) {
                        self.ranges.push((first, last, name.clone(), kind, text.to_owned()));
                    }
                }
            }
        }
        for (vendor, suffixes) in json["common"].as_object().into_iter().flatten() {
            let kind = if vendor.contains("WAF") || vendor.contains("盾") { FrontKind::Waf } else { FrontKind::Cdn };
            let known = |s: &str| self.vendors.iter().any(|v| v.cname.iter().any(|c| c == s));
            let cname: Vec<String> =
                suffixes.as_array().into_iter().flatten().filter_map(Value::as_str).filter(|s| !known(s)).map(str::to_owned).collect();
            let (name, contact) = (vendor.clone(), None);
            self.vendors.push(Vendor { name, kind, cname, headers: Vec::new(), list: Vec::new(), contact });
        }
        self.ranges.sort_by(|a, b| (a.0, b.1, &a.2).cmp(&(b.0, a.1, &b.2)));
    }
    /// How many networks are known.
    pub fn networks(&self) -> usize {
        self.ranges.len()
    }
    fn called(&self, listed: &str) -> Option<&str> {
        self.vendors.iter().find(|v| v.list.iter().any(|l| l == listed)).map(|v| v.name.as_str())
    }
    fn contact(&self, name: &str) -> Option<String> {
        self.vendors.iter().find(|v| v.name == name).and_then(|v| v.contact.clone())
    }
    /// What stands before a host, most trusted first, each vendor once.
    pub fn of(&self, resolution: Option<&Resolution>, captures: &[Capture]) -> Vec<Front> {
        let mut found: Vec<Front> = Vec::new();
        let mut add = |vendor: &str, kind, by: &str, matched: String| {
            if found.len() < MAX_FRONTS && !found.iter().any(|f| f.vendor == vendor) {
                found.push(Front { vendor: vendor.to_owned(), kind, by: by.into(), matched, contact: self.contact(vendor) });
            }
        };
        for alias in resolution.map(Resolution::cname_chain).unwrap_or_default() {
            let alias = alias.trim_end_matches('.').to_lowercase();
            if let Some(vendor) = self.by_alias(&alias) {
                add(&vendor.name, vendor.kind, "cname", alias);
            }
        }
        for ip in resolution.map(|r| r.addresses.as_slice()).unwrap_or_default() {
            for (name, kind, text) in self.by_address(*ip) {
                add(name, kind, "range", format!("{ip} {text}"));
            }
        }
        for (name, value) in captures.iter().flat_map(|c| &c.hops).flat_map(|h| &h.headers) {
            if let Some(vendor) = self.by_header(name, value) {
                add(&vendor.name, vendor.kind, "header", format!("{name}: {}", value.chars().take(80).collect::<String>()));
            }
        }
        found
    }
    fn by_alias(&self, alias: &str) -> Option<&Vendor> {
        let fits = |suffix: &str| alias == suffix || alias.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.'));
        let best = |v: &Vendor| v.cname.iter().filter(|s| fits(s)).map(String::len).max();
        self.vendors.iter().filter_map(|v| Some((best(v)?, v))).max_by_key(|(len, _)| *len).map(|(_, v)| v)
    }
    /// Every network that holds the address, the narrowest first.
    fn by_address(&self, ip: IpAddr) -> Vec<(&str, FrontKind, &str)> {
        let n = as_number(ip);
        let end = self.ranges.partition_point(|r| r.0 <= n);
        let mut hits: Vec<_> = self.ranges[..end].iter().rev().take(4_096).filter(|r| r.1 >= n).collect();
        hits.sort_by_key(|r| r.1 - r.0);
        hits.into_iter().map(|r| (r.2.as_str(), r.3, r.4.as_str())).collect()
    }
    fn by_header(&self, name: &str, value: &str) -> Option<&Vendor> {
        let (name, value) = (name.to_lowercase(), value.to_lowercase());
        let fits = |rule: &String| rule.split_once(':').is_some_and(|(n, part)| n == name && value.contains(part.trim()));
        self.vendors.iter().find(|v| v.headers.iter().any(fits))
    }
}

fn as_number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// First and last address of a network in CIDR form.
pub(super) fn network(text: &str) -> Option<(u128, u128)> {
    let (address, prefix) = text.trim().split_once('/')?;
    let prefix: u32 = prefix.parse().ok()?;
    let (base, bits) = match address.parse::<Ipv4Addr>() {
        Ok(v4) => (v4.to_ipv6_mapped().to_bits(), 32_u32.checked_sub(prefix)?),
        Err(_) => (address.parse::<Ipv6Addr>().ok()?.to_bits(), 128_u32.checked_sub(prefix)?),
    };
    let rest = 1_u128.checked_shl(bits).map_or(u128::MAX, |n| n - 1);
    Some((base & !rest, base | rest))
}
