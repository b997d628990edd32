//! ip2region xdb, version 2 (IPv4): a header of 256 bytes, a vector index of 256 x 256 pairs, sorted segments of 14 bytes.

use crate::model::hosting::Said;
use crate::resolve::tables::paged::Paged;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;

const HEADER: u64 = 256;
const SEGMENT: u64 = 14;

pub(crate) struct Xdb {
    file: Paged,
    as_of: String,
}

impl Xdb {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = Paged::open(path)?;
        let head: [u8; 16] = file.look().bytes(0)?;
        if u16::from_le_bytes([head[0], head[1]]) != 2 {
            return Err(io::Error::other("is no ip2region xdb of version 2"));
        }
        let made = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let as_of = chrono::DateTime::from_timestamp(i64::from(made), 0).map(|t| t.format("%Y-%m-%d").to_string()).unwrap_or_default();
        Ok(Self { file, as_of })
    }
    pub(crate) fn as_of(&self) -> &str {
        &self.as_of
    }
    pub(crate) fn file(&self) -> &Paged {
        &self.file
    }
    /// `国家|区域|省|市|ISP`. `None`: no segment holds the address.
    pub(crate) fn region(&self, ip: Ipv4Addr) -> io::Result<Option<String>> {
        let [a, b, ..] = ip.octets();
        let mut look = self.file.look();
        let index: [u8; 8] = look.bytes(HEADER + (u64::from(a) * 256 + u64::from(b)) * 8)?;
        let word = |i: usize| u64::from(u32::from_le_bytes([index[i], index[i + 1], index[i + 2], index[i + 3]]));
        let (first, last) = (word(0), word(4));
        if first < HEADER || last < first || last > self.file.len() {
            return Ok(None);
        }
        let ip = u32::from(ip);
        let (mut low, mut high) = (0, (last - first) / SEGMENT);
        while low <= high {
            let middle = u64::midpoint(low, high);
            let s: [u8; 14] = look.bytes(first + middle * SEGMENT)?;
            let at = |i: usize| u32::from_le_bytes([s[i], s[i + 1], s[i + 2], s[i + 3]]);
            if ip < at(0) {
                let Some(below) = middle.checked_sub(1) else { break };
                high = below;
            } else if ip > at(4) {
                low = middle + 1;
            } else {
                let text = look.some(u64::from(at(10)), usize::from(u16::from_le_bytes([s[8], s[9]])))?;
                return Ok(Some(String::from_utf8_lossy(&text).into_owned()));
            }
        }
        Ok(None)
    }
    pub(crate) fn said(&self, ip: Ipv4Addr) -> io::Result<Option<Said>> {
        let Some(region) = self.region(ip)? else { return Ok(None) };
        let part = |i: usize| region.split('|').nth(i).filter(|p| !matches!(*p, "" | "0")).map(str::to_owned);
        let (country, province) = (part(0), part(2));
        // The table writes 中国|0|香港; registers of addresses give these three economies codes of their own.
        let code = match (country.as_deref(), province.as_deref().unwrap_or_default()) {
            (Some("中国"), p) if p.starts_with("香港") => Some("HK"),
            (Some("中国"), p) if p.starts_with("澳门") => Some("MO"),
            (Some("中国"), p) if p.starts_with("台湾") => Some("TW"),
            (Some(name), _) => COUNTRIES.iter().find(|(n, _)| *n == name).map(|(_, c)| *c),
            (None, _) => None,
        };
        Ok(Some(Said {
            source: "ip2region".into(),
            as_of: self.as_of.clone(),
            country: code.map(str::to_owned).or(country),
            province,
            city: part(3),
            isp: part(4),
            ..Said::default()
        }))
    }
}

/// Countries that fakes are hosted in; others keep their Chinese name.
const COUNTRIES: [(&str, &str); 24] = [
    ("中国", "CN"),
    ("美国", "US"),
    ("日本", "JP"),
    ("韩国", "KR"),
    ("新加坡", "SG"),
    ("德国", "DE"),
    ("英国", "GB"),
    ("法国", "FR"),
    ("荷兰", "NL"),
    ("俄罗斯", "RU"),
    ("加拿大", "CA"),
    ("澳大利亚", "AU"),
    ("南非", "ZA"),
    ("印度", "IN"),
    ("越南", "VN"),
    ("泰国", "TH"),
    ("马来西亚", "MY"),
    ("印度尼西亚", "ID"),
    ("菲律宾", "PH"),
    ("柬埔寨", "KH"),
    ("乌克兰", "UA"),
    ("巴西", "BR"),
    ("土耳其", "TR"),
    ("塞舌尔", "SC"),
];
