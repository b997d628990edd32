//! Deep: which addresses behind a host's front page are worth a look: what QR codes and links on it name, and the official site's own paths, as
//! copies keep them. In: pages and `rules/paths.toml`. Out: addresses, never fetched here. Never a form, never a number that belongs to a person.

use crate::capture::pictures::QR_LINK;
use crate::model::host::Host;
use crate::model::lang::Both;
use crate::model::page::{Link, Page};
use crate::model::rulefile::{RuleError, RuleFile};
use crate::model::site::Site;
use serde::Deserialize;
use url::Url;

/// The file below `rules/`.
const FILE: &str = "paths.toml";
/// Longest path.
const MAX_PATH: usize = 200;
/// Known paths of one site.
const MAX_A_SITE: usize = 8;
/// Links of a page that are looked at.
const MAX_LINKS: usize = 2_000;
/// Endings that are no pages.
const FILES: [&str; 22] = [
    ".jpg", ".jpeg", ".png", ".gif", ".webp", ".svg", ".ico", ".css", ".js", ".pdf", ".doc", ".docx", ".xls", ".xlsx", ".zip", ".rar",
    ".apk", ".exe", ".mp4", ".mp3", ".xml", ".txt",
];

/// `rules/paths.toml`, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    known: Vec<Known>,
    words: Vec<String>,
    parts: Vec<String>,
    avoid: Vec<String>,
    not_pages: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    /// Id of the protected site.
    site: String,
    /// When the site had it (`2021`, `2024`).
    epoch: String,
    /// Path with query, from the slash on.
    path: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    path: Vec<Known>,
    links: Links,
    qr: Qr,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Links {
    words: Vec<String>,
    parts: Vec<String>,
    #[serde(default)]
    avoid: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Qr {
    not_pages: Vec<String>,
}

impl Paths {
    /// Reads the file among the rule files. Without it nothing is tried.
    ///
    /// # Errors
    /// [`RuleError`], one a mistake: bad TOML, a path that is none, an unknown site, one that holds a person's number, one twice, too many.
    pub fn load(files: &[RuleFile]) -> Result<Self, Vec<RuleError>> {
        let Some(file) = files.iter().find(|f| f.path == FILE) else { return Ok(Self::default()) };
        let written: Written = file.parse().map_err(|e| vec![e])?;
        let sites: Vec<String> =
            files.iter().filter(|f| f.path.starts_with("sites/")).filter_map(|f| Site::read(f).ok()).map(|s| s.id).collect();
        let mut errors: Vec<RuleError> = Vec::new();
        for (n, known) in written.path.iter().enumerate() {
            let before = &written.path[..n];
            let why = fault(known, before, &sites);
            errors.extend(why.map(|why| file.error_at(place(file, n), why)));
        }
        let lists = [
            ("words", &written.links.words),
            ("parts", &written.links.parts),
            ("avoid", &written.links.avoid),
            ("not_pages", &written.qr.not_pages),
        ];
        for (key, list) in lists {
            if list.iter().any(|w| w.trim().is_empty()) {
                errors.push(
                    file.error_near(key, Both::new(format!("{key} 中有空的词；请删去"), format!("an empty word in {key}; take it out"))),
                );
            }
        }
        let not_host = |h: &&String| Host::parse(h).is_ok_and(|host| host.as_str() == h.as_str());
        if let Some(wrong) = written.qr.not_pages.iter().find(|h| !h.trim().is_empty() && !not_host(h)) {
            errors.push(file.error_near(
                wrong,
                Both::new(
                    format!("“{wrong}”不是主机名；请写成 weixin.qq.com 的样子"),
                    format!("`{wrong}` is no host; write it like weixin.qq.com"),
                ),
            ));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let lower = |list: Vec<String>| list.into_iter().map(|w| w.to_lowercase()).collect();
        let Links { words, parts, avoid } = written.links;
        Ok(Self { known: written.path, words: lower(words), parts: lower(parts), avoid: lower(avoid), not_pages: written.qr.not_pages })
    }
    /// The known paths of a protected site at this host, newest epoch first. `site` empty: those of every site.
    pub fn known(&self, site: &str, at: &Url) -> Vec<Url> {
        let mut known: Vec<&Known> = self.known.iter().filter(|k| site.is_empty() || k.site == site).collect();
        known.sort_by(|a, b| b.epoch.cmp(&a.epoch));
        known.iter().filter_map(|k| at.join(&k.path).ok()).collect()
    }
    /// Addresses on `host` that a page leads its reader to: QR codes first, then links by how much they speak of looking something up.
    pub fn links(&self, page: &Page, host: &Host) -> Vec<Url> {
        let mut ranked: Vec<(u32, Url)> = Vec::new();
        for link in page.links.iter().take(MAX_LINKS) {
            let Some(url) = page_url(link).filter(|u| u.host_str().and_then(|h| Host::parse(h).ok()).as_ref() == Some(host)) else {
                continue;
            };
            let rank = self.rank(link, &url);
            if rank > 0 && !ranked.iter().any(|(_, known)| *known == url) {
                ranked.push((rank, url));
            }
        }
        ranked.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        ranked.into_iter().map(|(_, url)| url).collect()
    }
    /// Addresses on other hosts that QR codes of a page name, but those that only open an app.
    pub fn codes(&self, page: &Page, host: &Host) -> Vec<Url> {
        let mut urls: Vec<Url> = Vec::new();
        for url in page.links.iter().filter(|l| l.text == QR_LINK).filter_map(page_url) {
            let Some(other) = url.host_str().and_then(|h| Host::parse(h).ok()) else { continue };
            if other != *host && !self.not_pages.iter().any(|app| other.under(app)) && !urls.contains(&url) {
                urls.push(url);
            }
        }
        urls
    }
    fn rank(&self, link: &Link, url: &Url) -> u32 {
        let (text, address) =
            (link.text.to_lowercase(), decoded(&url[url::Position::BeforePath..url::Position::AfterQuery]).to_lowercase());
        if self.avoid.iter().any(|w| text.contains(w) || address.contains(w)) {
            return 0;
        }
        let of = |list: &[String], held: &str| u32::from(list.iter().any(|w| held.contains(w)));
        if link.text == QR_LINK { 9 } else { 2 * of(&self.words, &text) + of(&self.parts, &address) }
    }
}

/// A link that may be a page to look at: http or https, no file, nobody's number in it.
fn page_url(link: &Link) -> Option<Url> {
    let mut url = Url::parse(&link.url).ok().filter(|u| matches!(u.scheme(), "http" | "https") && u.as_str().len() <= 1_000)?;
    // `#/cert` is a page of its own only to scripts; the server is asked for the same one.
    url.set_fragment(None);
    let path = url.path().to_ascii_lowercase();
    let page = !FILES.iter().any(|ending| path.ends_with(ending)) && url.username().is_empty() && url.password().is_none();
    (page && !names_a_person(&url)).then_some(url)
}

fn decoded(text: &str) -> String {
    let plain: Vec<u8> = url::form_urlencoded::parse(format!("x={}", text.replace('&', "%26")).as_bytes())
        .next()
        .map(|(_, v)| v.into_owned().into_bytes())
        .unwrap_or_default();
    String::from_utf8_lossy(&plain).into_owned()
}

/// Does an address hold a number that may be a person's: an identity number (15 or 18 places with a date in it) or a mobile number, or a person's name?
/// To ask for it would be to look somebody up.
pub fn names_a_person(url: &Url) -> bool {
    let text = decoded(&url[url::Position::BeforePath..url::Position::AfterQuery]);
    let twice = decoded(&text);
    let numbers = text.split(|c: char| !c.is_ascii_alphanumeric()).chain(twice.split(|c: char| !c.is_ascii_alphanumeric()));
    let persons = numbers.map(|run| run.trim_start_matches(|c: char| c.is_ascii_alphabetic())).any(is_persons);
    let named = url.query_pairs().any(|(key, value)| {
        let key = key.to_ascii_lowercase();
        let han = value.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count();
        (key.contains("name") || key.contains("xm") || key.contains("xingming")) && (2..=4).contains(&han) && han == value.chars().count()
    });
    persons || named
}

fn is_persons(run: &str) -> bool {
    let bytes = run.as_bytes();
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let number = |at: std::ops::Range<usize>| run.get(at).and_then(|t| t.parse::<u32>().ok()).unwrap_or(0);
    let date = |month: usize| (1..=12).contains(&number(month..month + 2)) && (1..=31).contains(&number(month + 2..month + 4));
    let whole = digits == bytes.len() || digits + 1 == bytes.len() && bytes[digits].eq_ignore_ascii_case(&b'x');
    match (digits, bytes.len()) {
        (17 | 18, 18) if whole => (1900..=2100).contains(&number(6..10)) && date(10),
        (15, 15) => date(8),
        (11, 11) => bytes[0] == b'1' && (b'3'..=b'9').contains(&bytes[1]),
        _ => false,
    }
}

/// What is wrong with one path. `None`: nothing.
fn fault(known: &Known, before: &[Known], sites: &[String]) -> Option<Both> {
    let Known { site, epoch, path } = known;
    let whole = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= MAX_PATH
        && path.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'#' | b'<' | b'>' | b'"' | b'\\'));
    let url = Url::parse("http://a.example/").ok().and_then(|base| base.join(path).ok());
    if !sites.contains(site) {
        let all = sites.join("、");
        return Some(Both::new(
            format!("没有受保护网站“{site}”；现有：{all}"),
            format!("no protected site `{site}`; there are {}", sites.join(", ")),
        ));
    }
    if epoch.len() != 4 || !epoch.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Both::new(format!("epoch 应为四位年份，写的是“{epoch}”"), format!("epoch is a year of four digits, not `{epoch}`")));
    }
    if !whole || url.is_none() {
        return Some(Both::new(
            format!("“{path}”不是路径；请从 / 写起，可带 ?参数，只用 ASCII，不超过 {MAX_PATH} 字节"),
            format!("`{path}` is no path; write it from the slash on, with ?query, ASCII, at most {MAX_PATH} bytes"),
        ));
    }
    if url.is_some_and(|u| names_a_person(&u)) {
        return Some(Both::new(
            format!("“{path}”含有像个人号码或姓名的内容；不得查询真实的人"),
            format!("`{path}` holds what looks like a person's number or name; nobody real may be looked up"),
        ));
    }
    if before.iter().any(|k| k.site == *site && k.path == *path) {
        return Some(Both::new(format!("“{path}”对 {site} 写了两次"), format!("`{path}` stands twice for {site}")));
    }
    if before.iter().filter(|k| k.site == *site).count() >= MAX_A_SITE {
        return Some(Both::new(format!("{site} 的路径超过 {MAX_A_SITE} 条"), format!("more than {MAX_A_SITE} paths for {site}")));
    }
    None
}

/// Where the n-th `[[path]]` stands.
fn place(file: &RuleFile, n: usize) -> usize {
    file.text.match_indices("[[path]]").filter(|(at, _)| *at == 0 || file.text.as_bytes()[at - 1] == b'\n').nth(n).map_or(0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::lang::Lang;

    fn file(path: &str, text: &str) -> RuleFile {
        RuleFile { path: path.into(), shown: format!("rules/{path}"), text: text.into() }
    }
    fn load(text: &str) -> Result<Paths, Vec<String>> {
        let site = file("sites/a.gov.cn.toml", "id = 'a.gov.cn'\nname = 'a'\nagency = 'a'\nhosts = ['a.gov.cn']\n");
        let rest = "[links]\nwords = ['查询']\nparts = ['cert']\navoid = ['退出']\n[qr]\nnot_pages = ['u.wechat.com']\n";
        let files = [site, file(FILE, &format!("{text}{rest}"))];
        Paths::load(&files).map_err(|all| all.iter().map(|e| e.told(Lang::En)).collect())
    }
    fn path(path: &str) -> String {
        format!("[[path]]\nsite = 'a.gov.cn'\nepoch = '2024'\npath = '{path}'\n")
    }
    fn page(links: &[(&str, &str)]) -> Page {
        let links = links.iter().map(|(url, text)| Link { url: (*url).into(), text: (*text).into() }).collect();
        Page { links, ..Page::default() }
    }

    #[test]
    fn every_mistake_is_one_line_with_its_place() {
        for (text, line, part) in [
            (path("special"), 1, "is no path"),
            (path("//b.example/"), 1, "is no path"),
            (path("/a b"), 1, "is no path"),
            (path("/c?idcard=11010119900307888X"), 1, "person"),
            (path("/c?tel=13800138000"), 1, "person"),
            (path("/a") + &path("/a"), 5, "twice"),
            (path("/a").replace("a.gov.cn", "b.gov.cn"), 1, "no protected site `b.gov.cn`"),
            (path("/a").replace("2024", "new"), 1, "year"),
            ((0..9).map(|n| path(&format!("/{n}"))).collect(), 33, "more than 8"),
            ("[[path]]\nsite = 1\n".into(), 2, "string"),
        ] {
            let told = load(&text).expect_err(&text);
            assert!(
                told[0].starts_with(&format!("rules/paths.toml:{line}: ")) && told[0].contains(part) && !told[0].contains('\n'),
                "{told:?}"
            );
        }
    }

    #[test]
    fn known_paths_stand_at_the_host_newest_first() {
        let paths = load(&(path("/old.do?m=1").replace("2024", "2021") + &path("/special?index=0"))).expect("good");
        let at = Url::parse("https://b.top:8443/x/y?z").expect("a URL");
        let told: Vec<String> = paths.known("a.gov.cn", &at).iter().map(Url::to_string).collect();
        assert_eq!(told, ["https://b.top:8443/special?index=0", "https://b.top:8443/old.do?m=1"]);
        assert_eq!((paths.known("", &at).len(), paths.known("c.gov.cn", &at).len()), (2, 0));
    }

    #[test]
    fn links_of_the_host_are_ranked_and_nobody_is_looked_up() {
        let paths = load("").expect("good");
        let host = Host::parse("b.top").expect("a host");
        let page = page(&[
            ("http://b.top/about", "关于"),
            ("http://b.top/c?id=7#x", "证书查询"),
            ("http://b.top/cert/1", "样例"),
            ("http://b.top/cert/all", "查询入口"),
            ("http://b.top/cert/110101199003078888", "查询"),
            ("http://b.top/cert?n=T11010119900307888x", "查询"),
            ("http://b.top/cert?name=%E5%BC%A0%E4%B8%89", "查询"),
            ("http://b.top/cert/app.apk", "查询"),
            ("http://b.top/cert/out", "查询退出"),
            ("http://other.top/cert", "查询"),
            ("http://b.top/qr/9", QR_LINK),
            ("http://c.top/qr/9", QR_LINK),
            ("https://u.wechat.com/abc", QR_LINK),
        ]);
        let told: Vec<String> = paths.links(&page, &host).iter().map(Url::to_string).collect();
        assert_eq!(told, ["http://b.top/qr/9", "http://b.top/cert/all", "http://b.top/c?id=7", "http://b.top/cert/1"]);
        assert_eq!(paths.codes(&page, &host).iter().map(Url::as_str).collect::<Vec<_>>(), ["http://c.top/qr/9"]);
    }

    #[test]
    fn a_certificate_shown_by_its_own_id_is_nobodys_number() {
        let persons = |text: &str| names_a_person(&Url::parse(text).expect("a URL"));
        for free in [
            "http://a.top/c?id=83a1f0",
            "http://a.top/c/202411240001",
            "http://a.top/v?no=123456789012345678",
            "http://a.top/?title=%E6%9F%A5%E8%AF%A2",
        ] {
            assert!(!persons(free), "{free}");
        }
        for held in [
            "http://a.top/110101900307888",
            "http://a.top/?q=%31%31010119900307888X",
            "http://a.top/?stu_name=%E7%8E%8B%E5%B0%8F%E6%98%8E",
            "http://a.top/13912345678",
        ] {
            assert!(persons(held), "{held}");
        }
    }
}
