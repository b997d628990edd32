//! Indicators: what a page carries that ties it to other pages, normalised. Extracted from a dossier, kept with where each was seen.
//! Pure. Numbers copied from the official site are indicators too; that they tie nothing is the cluster's business, which knows who else carries them.

use super::digest::Sha256;
use super::dossier::Dossier;
use super::host::Host;
use super::page::Page;
use super::registration::is_hidden;
use super::site::Site;
use super::text::identifiers::icp_subject;
use base64::Engine;
use regex::Regex;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Most indicators kept of one host.
pub const MAX_INDICATORS: usize = 96;
/// Most bytes of source searched.
const MAX_HTML: usize = 4 << 20;
/// Shortest inline script that says anything, in characters without white space.
const MIN_SCRIPT: usize = 120;
/// Fewest marks of a page's structure that make a sketch.
const MIN_FEATURES: usize = 12;
/// Numbers of a sketch.
pub const SKETCH: usize = 32;

/// One thing that may be shared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Indicator {
    /// One of [`KINDS`].
    pub kind: String,
    /// Normalised value.
    pub value: String,
}

/// An indicator and where it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// What.
    #[serde(flatten)]
    pub what: Indicator,
    /// Where in the dossier: `page.contacts`, `tls`, `whois`, `dns`, ...
    pub at: String,
}

/// How much a kind says of who is behind a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Says little: shared addresses, common libraries. Never ties alone.
    Weak,
    /// Files and structure of a kit.
    Kit,
    /// Leads to whoever runs it: an account, a contact, a key.
    Operator,
}

/// A kind of indicator.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its word in the store and in JSON.
    pub word: &'static str,
    /// The analyst's word.
    pub zh: &'static str,
    /// What it says.
    pub level: Level,
    /// Points while nobody unrelated carries it, `0..=100`.
    pub points: u32,
    /// At so many unrelated carriers the points are halved.
    pub half: u32,
    /// The word in `Tie::kind`; empty: never told to the assessment.
    pub tie: &'static str,
}

const fn kind(word: &'static str, zh: &'static str, level: Level, points: u32, half: u32, tie: &'static str) -> Kind {
    Kind { word, zh, level, points, half, tie }
}

/// All kinds.
pub const KINDS: [Kind; 24] = [
    kind("baidu_tongji", "百度统计编号", Level::Operator, 80, 12, "tracker"),
    kind("cnzz", "CNZZ 统计编号", Level::Operator, 80, 12, "tracker"),
    kind("51la", "51LA 统计编号", Level::Operator, 80, 12, "tracker"),
    kind("google_analytics", "谷歌统计编号", Level::Operator, 80, 12, "tracker"),
    kind("phone", "手机号", Level::Operator, 80, 12, "contact"),
    kind("qq", "QQ 号", Level::Operator, 80, 12, "contact"),
    kind("wechat", "微信号", Level::Operator, 80, 12, "contact"),
    kind("email", "邮箱", Level::Operator, 80, 12, "contact"),
    kind("landline", "座机", Level::Operator, 55, 4, "contact"),
    kind("wallet", "加密货币钱包", Level::Operator, 85, 12, "contact"),
    kind("payment_code", "收款码", Level::Operator, 85, 12, "contact"),
    kind("registrant_email", "注册人邮箱", Level::Operator, 80, 12, "contact"),
    kind("registrant", "注册人", Level::Operator, 70, 8, "contact"),
    kind("cert_key", "证书公钥", Level::Operator, 80, 12, "certificate"),
    kind("cert_serial", "证书序列号", Level::Operator, 80, 12, "certificate"),
    kind("page", "页面结构近似", Level::Kit, 70, 12, "kit"),
    kind("kit_file", "套件文件", Level::Kit, 70, 5, "kit"),
    kind("inline_script", "内嵌脚本", Level::Kit, 45, 4, "script"),
    kind("favicon", "网站图标", Level::Kit, 40, 4, ""),
    kind("filing", "备案号", Level::Kit, 40, 3, ""),
    kind("library", "公共库文件", Level::Weak, 15, 2, ""),
    kind("ip", "IP 地址", Level::Weak, 20, 2, ""),
    kind("name_server", "域名服务器", Level::Weak, 5, 2, ""),
    kind("old_ip", "曾用 IP", Level::Weak, 15, 2, ""),
];

/// The kind of that word.
pub fn kind_of(word: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|k| k.word == word)
}

/// What one host carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// Indicators, each once, at most [`MAX_INDICATORS`].
    pub found: Vec<Found>,
    /// A sketch of the page's structure (MinHash), [`SKETCH`] numbers; empty: too little to say.
    #[serde(default)]
    pub sketch: Vec<u32>,
}

static TRACKERS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(UA-[0-9]{4,10}-[0-9]{1,4}|G-[A-Z0-9]{8,12}|GTM-[A-Z0-9]{5,9})\b").expect("a constant"));
static PAYMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i-u)(qr\.alipay\.com/[a-z0-9]{6,64}|wxp://f2f[0-9a-z_-]{10,80}|wxp://[0-9a-z_-]{10,80}|payapp\.weixin\.qq\.com/[!#-&(-;=?-~]{4,80}|weixin://wxpay/bizpayurl\?[!#-&(-;=?-~]{4,80})").expect("a constant")
});
static WALLET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(0x[0-9a-fA-F]{40}|T[1-9A-HJ-NP-Za-km-z]{33}|[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{25,60})\b")
        .expect("a constant")
});
static BUILD_HASH: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)[.\-_~]([0-9a-f]{8,40})[.\-_]").expect("a constant"));
static LIBRARY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i-u)(jquery|bootstrap|vue|react|angular|element|layui|layer|vant|swiper|axios|chunk-vendors|vendor|polyfill|font-?awesome|echarts|moment|lodash|weui|uni-?app|require|zepto|html5shiv|respond)[a-z0-9._-]*\.(js|css)$").expect("a constant")
});

/// Everything that a dossier carries.
pub fn marks(dossier: &Dossier) -> Marks {
    let mut found = Gathered::default();
    let host = &dossier.candidate.host;
    if let Some(page) = dossier.main_capture().and_then(|c| c.page.as_ref()) {
        from_page(page, host, &mut found);
    }
    from_tls(dossier, &mut found);
    from_attribution(dossier, &mut found);
    for look in dossier.facts.looks.iter().flatten().filter(|l| l.kind == "favicon") {
        found.add("favicon", format!("{:016x}", look.hash), "looks");
    }
    if let Some(resolution) = &dossier.resolution {
        for ip in &resolution.addresses {
            found.add("ip", ip.to_string(), "dns");
        }
    }
    let sketch = dossier.main_capture().and_then(|c| c.page.as_ref()).map(|p| sketch(&features(p, host))).unwrap_or_default();
    Marks { found: found.list, sketch }
}

/// What a protected site's own file says that the site carries: its identifiers and pictures (`[page.identifiers]`, `[page] looks`).
pub fn of_site(site: &Site) -> Marks {
    let mut found = Gathered::default();
    let lists = site.page.get("identifiers").and_then(toml::Value::as_table);
    for (kind, values) in lists.into_iter().flatten() {
        for value in values.as_array().into_iter().flatten().filter_map(toml::Value::as_str) {
            match kind.as_str() {
                "icp" | "police" => found.add("filing", icp_subject(value).to_owned(), "sites"),
                kind if kind_of(kind).is_some() => found.add(kind, value.to_owned(), "sites"),
                _ => {}
            }
        }
    }
    let looks = site.page.get("looks").and_then(toml::Value::as_array);
    for look in looks.into_iter().flatten().filter(|l| l.get("kind").and_then(toml::Value::as_str) == Some("favicon")) {
        found.add("favicon", look.get("hash").and_then(toml::Value::as_str).unwrap_or_default().to_lowercase(), "sites");
    }
    Marks { found: found.list, sketch: Vec::new() }
}

#[derive(Default)]
struct Gathered {
    list: Vec<Found>,
    seen: BTreeSet<Indicator>,
}

impl Gathered {
    fn add(&mut self, kind: &str, value: String, at: &str) {
        let value: String = value.trim().chars().take(200).collect();
        let what = Indicator { kind: kind.to_owned(), value };
        if !what.value.is_empty() && self.list.len() < MAX_INDICATORS && self.seen.insert(what.clone()) {
            self.list.push(Found { what, at: at.to_owned() });
        }
    }
}

fn from_page(page: &Page, host: &Host, found: &mut Gathered) {
    for i in &page.identifiers {
        match i.kind.as_str() {
            "baidu_tongji" | "cnzz" | "51la" => found.add(&i.kind, i.value.clone(), "page.identifiers"),
            "icp" | "police" => found.add("filing", icp_subject(&i.value).to_owned(), "page.identifiers"),
            _ => {}
        }
    }
    for c in page.contacts.iter().filter(|c| !c.value.contains('*')) {
        // 10000000000 and the like stand for a number, they are none.
        let digits: BTreeSet<char> = c.value.chars().filter(char::is_ascii_digit).collect();
        if kind_of(&c.kind).is_some() && (c.kind == "email" || digits.len() > 2 || c.value.chars().any(char::is_alphabetic)) {
            found.add(&c.kind, c.value.clone(), "page.contacts");
        }
    }
    let html = head(&page.html);
    for m in TRACKERS.find_iter(html).take(16) {
        found.add("google_analytics", m.as_str().to_owned(), "page.html");
    }
    for m in PAYMENT.find_iter(html).take(16) {
        found.add("payment_code", m.as_str().to_owned(), "page.html");
    }
    for m in WALLET.find_iter(html).take(64).filter(|m| is_wallet(m.as_str())) {
        let value = m.as_str();
        found.add("wallet", if value.starts_with("0x") { value.to_lowercase() } else { value.to_owned() }, "page.html");
    }
    for script in inline_scripts(html).take(16) {
        found.add("inline_script", Sha256::of(script.as_bytes()).hex()[..32].to_owned(), "page.html");
    }
    for url in page.scripts.iter().chain(&page.styles).take(64) {
        let Ok(url) = url::Url::parse(url) else { continue };
        let own = url.host_str().and_then(|h| Host::parse(h).ok()).is_some_and(|h| h == *host || h.registrable() == host.registrable());
        let file = url.path().rsplit('/').next().unwrap_or_default();
        if LIBRARY.is_match(file) {
            found.add("library", file.to_lowercase(), "page.scripts");
        } else if own
            && BUILD_HASH
                .captures(file)
                .is_some_and(|c| c[1].bytes().any(|b| b.is_ascii_alphabetic()) && c[1].bytes().any(|b| b.is_ascii_digit()))
        {
            found.add("kit_file", url.path().to_owned(), "page.scripts");
        }
    }
}

fn from_tls(dossier: &Dossier, found: &mut Gathered) {
    for tls in dossier.captures.iter().flat_map(|c| &c.hops).filter_map(|h| h.tls.as_ref()).take(2) {
        let Some(leaf) = &tls.leaf else { continue };
        let names: BTreeSet<&str> = leaf.names.iter().filter_map(|n| psl::domain_str(n.trim_start_matches("*."))).collect();
        // A certificate of many owners is a CDN's.
        if names.len() > 4 {
            continue;
        }
        found.add("cert_serial", format!("{} {}", leaf.serial.to_lowercase(), issuer_word(&leaf.issuer)), "tls");
        if let Some(key) = tls.chain.first().and_then(|der| key_hash(der)) {
            found.add("cert_key", key, "tls");
        }
    }
}

fn issuer_word(issuer: &str) -> String {
    issuer.split(',').map(str::trim).find_map(|p| p.strip_prefix("CN=")).unwrap_or(issuer).chars().take(64).collect()
}

/// SHA-256 of the public key (SubjectPublicKeyInfo) of a certificate in base64.
fn key_hash(der: &str) -> Option<String> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(der).ok()?;
    let (_, certificate) = x509_parser::parse_x509_certificate(&bytes).ok()?;
    Some(Sha256::of(certificate.public_key().raw).hex())
}

fn from_attribution(dossier: &Dossier, found: &mut Gathered) {
    let Some(r) = dossier.facts.attribution.as_ref().and_then(|a| a.registration.as_ref()) else { return };
    if let Some(email) = r.registrant_email.as_deref().filter(|e| !is_hidden(e) && e.contains('@')) {
        found.add("registrant_email", email.to_lowercase(), "registration");
    }
    if let Some(name) = r.registrant.as_deref().filter(|n| !is_hidden(n)) {
        found.add("registrant", name.split_whitespace().collect::<Vec<_>>().join(" "), "registration");
    }
    for ns in r.name_servers.iter().filter_map(|n| Host::parse(n).ok()).take(8) {
        found.add("name_server", ns.registrable().unwrap_or(ns.as_str()).to_owned(), "registration");
    }
}

fn head(text: &str) -> &str {
    let mut end = text.len().min(MAX_HTML);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Inline scripts without white space, where they are long enough. Linear.
fn inline_scripts(html: &str) -> impl Iterator<Item = String> {
    let mut rest = html;
    std::iter::from_fn(move || {
        loop {
            let at = find_fold(rest, "<script")?;
            let tag_end = rest[at..].find('>')? + at;
            let outside = find_fold(&rest[at..tag_end], "src").is_some();
            let body = &rest[tag_end + 1..];
            let end = find_fold(body, "</script")?;
            let text: String = body[..end].split_whitespace().collect();
            rest = &body[end + 8..];
            if !outside && text.len() >= MIN_SCRIPT {
                return Some(text);
            }
        }
    })
}

/// The first place of an ASCII word, any case.
fn find_fold(text: &str, word: &str) -> Option<usize> {
    let (hay, needle) = (text.as_bytes(), word.as_bytes());
    let (lower, upper) = (needle[0].to_ascii_lowercase(), needle[0].to_ascii_uppercase());
    memchr::memchr2_iter(lower, upper, hay).find(|i| hay.get(*i..i + needle.len()).is_some_and(|w| w.eq_ignore_ascii_case(needle)))
}

/// Base58 forms carry a checksum; the others are told by their shape.
fn is_wallet(text: &str) -> bool {
    if text.starts_with("0x") {
        return text.bytes().skip(2).collect::<BTreeSet<_>>().len() > 4;
    }
    if text.starts_with("bc1") {
        return true;
    }
    const DIGITS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut bytes = [0_u8; 25];
    for c in text.bytes() {
        let Some(mut carry) = DIGITS.iter().position(|d| *d == c) else { return false };
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = (carry & 255) as u8;
            carry >>= 8;
        }
        if carry > 0 {
            return false;
        }
    }
    let once = sha2::Sha256::digest(&bytes[..21]);
    sha2::Sha256::digest(once)[..4] == bytes[21..]
}

/// What the page is built of: marks, file paths, form fields, comments; not its text, which every copy shares.
fn features(page: &Page, host: &Host) -> BTreeSet<u64> {
    let mut all = BTreeSet::new();
    let mut add = |kind: &str, value: &str| {
        let hash = Sha256::of(format!("{kind}\0{value}").as_bytes());
        all.insert(hash.as_bytes().iter().take(8).fold(0, |a, b| (a << 8) | u64::from(*b)));
    };
    for mark in page.marks.iter().take(512) {
        add("mark", mark);
    }
    let path = |url: &str| {
        let url = url::Url::parse(url).ok()?;
        let own = url.host_str().is_some_and(|h| h == host.as_str());
        Some(if own { url.path().to_owned() } else { format!("{}{}", url.host_str().unwrap_or_default(), url.path()) })
    };
    for (kind, urls) in [("script", &page.scripts), ("style", &page.styles), ("frame", &page.frames)] {
        urls.iter().take(64).filter_map(|u| path(u)).for_each(|p| add(kind, &p));
    }
    page.images.iter().take(64).filter_map(|i| path(&i.url)).for_each(|p| add("image", &p));
    for field in page.forms.iter().flat_map(|f| &f.fields).take(64) {
        add("field", &format!("{} {}", field.kind, field.name));
    }
    page.forms.iter().take(8).filter_map(|f| path(&f.action)).for_each(|p| add("action", &p));
    page.comments.iter().take(32).for_each(|c| add("comment", c));
    all
}

/// MinHash over features: two pages agree in as many places as their features overlap. Empty below [`MIN_FEATURES`].
fn sketch(features: &BTreeSet<u64>) -> Vec<u32> {
    if features.len() < MIN_FEATURES {
        return Vec::new();
    }
    let mix = |mut x: u64| {
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    };
    let least = |i: usize| features.iter().map(|f| mix(f ^ mix(i as u64 + 1))).min().unwrap_or(0);
    (0..SKETCH).map(|i| (least(i) >> 32) as u32).collect()
}

/// What to ask search and asset engines for an indicator of a confirmed fake: engine and query. Text to be used by people and by sources;
/// empty for what no engine indexes.
pub fn queries(what: &Indicator) -> Vec<(&'static str, String)> {
    let quoted: String = what.value.chars().filter(|c| !matches!(c, '"' | '\\') && !c.is_control()).take(100).collect();
    if quoted.is_empty() {
        return Vec::new();
    }
    match what.kind.as_str() {
        "phone" | "qq" | "wechat" | "email" | "landline" | "filing" => {
            vec![("search", format!("\"{quoted}\"")), ("hunter", format!("web.body=\"{quoted}\"")), ("fofa", format!("body=\"{quoted}\""))]
        }
        "baidu_tongji" | "cnzz" | "51la" | "google_analytics" | "wallet" | "payment_code" | "kit_file" => {
            vec![
                ("hunter", format!("web.body=\"{quoted}\"")),
                ("fofa", format!("body=\"{quoted}\"")),
                ("quake", format!("response:\"{quoted}\"")),
            ]
        }
        "cert_serial" => {
            let serial = quoted.split(' ').next().unwrap_or_default().to_owned();
            vec![("hunter", format!("cert.serial_number=\"{serial}\"")), ("quake", format!("tls_SN:\"{serial}\""))]
        }
        "ip" | "old_ip" => {
            vec![("hunter", format!("ip=\"{quoted}\"")), ("fofa", format!("ip=\"{quoted}\"")), ("quake", format!("ip:\"{quoted}\""))]
        }
        "registrant" => vec![("hunter", format!("icp.name=\"{quoted}\""))],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wallets_are_told_by_their_checksum() {
        assert!(is_wallet("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"));
        assert!(!is_wallet("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3"));
        assert!(is_wallet("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"));
        assert!(!is_wallet("0x0000000000000000000000000000000000000000"));
    }

    #[test]
    fn a_page_gives_its_indicators_once_and_normalised() {
        let page = Page {
            scripts: vec![
                "http://a.top/static/js/app.3f2a9c1b.js".into(),
                "http://cdn.x.com/jquery.min.js".into(),
                "http://o.com/app.99ffaa11.js".into(),
            ],
            html: format!("<script>{}</script><SCRIPT src=x>y</SCRIPT>G-ABCD1234 qr.alipay.com/fkx123456", "var a = 1; ".repeat(20)),
            ..Page::default()
        };
        let mut found = Gathered::default();
        from_page(&page, &Host::parse("a.top").expect("a host"), &mut found);
        let kinds: Vec<&str> = found.list.iter().map(|f| f.what.kind.as_str()).collect();
        assert_eq!(kinds, ["google_analytics", "payment_code", "inline_script", "kit_file", "library"]);
    }

    #[test]
    fn scripts_end_where_the_page_ends() {
        for html in ["<script", "<script>", "<script>x", "<script></script", "a<SCRIPT >\u{2028}</SCRIPT><script>"] {
            assert_eq!(inline_scripts(html).count(), 0, "{html}");
        }
    }

    #[test]
    fn sketches_agree_as_features_do() {
        let set = |range: std::ops::Range<u64>| range.map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect::<BTreeSet<u64>>();
        let agree = |a: &[u32], b: &[u32]| a.iter().zip(b).filter(|(x, y)| x == y).count();
        let (a, b, c) = (sketch(&set(0..100)), sketch(&set(2..102)), sketch(&set(1000..1100)));
        assert!(agree(&a, &b) >= 27 && agree(&a, &c) <= 3, "{} {}", agree(&a, &b), agree(&a, &c));
        assert!(sketch(&set(0..5)).is_empty());
    }
}
