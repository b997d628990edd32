//! As whom we come: the request headers of a common visitor. Fakes answer phones, WeChat or search visitors differently.

use serde_json::{Value, json};

/// The variants there are: a desktop Chrome, WeChat on a phone, a phone coming from a Baidu search, a search spider.
pub const VARIANTS: [&str; 4] = ["desktop", "wechat", "baidu_referer", "spider"];

const DESKTOP: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
const PHONE: &str = "Mozilla/5.0 (Linux; Android 14; V2309A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36";
const WECHAT: &str = "Mozilla/5.0 (Linux; Android 14; V2309A Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0.6723.103 Mobile Safari/537.36 XWEB/1300333 MMWEBSDK/20241202 MMWEBID/1 MicroMessenger/8.0.56.2800(0x28003856) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64";
const SPIDER: &str = "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)";
const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8";

/// Request headers of a variant, in the order in which its browser sends them. An unknown variant comes as `desktop`.
/// Encodings are those that net decodes: gzip and deflate.
pub fn headers(variant: &str) -> Vec<(String, String)> {
    let (agent, accept, referer, language) = match variant {
        "wechat" => (WECHAT, ACCEPT, None, "zh-CN,zh;q=0.9,en-US;q=0.8,en;q=0.7"),
        "baidu_referer" => (PHONE, ACCEPT, Some("https://www.baidu.com/"), "zh-CN,zh;q=0.9"),
        "spider" => (SPIDER, "*/*", None, "zh-cn,zh-tw"),
        _ => (DESKTOP, ACCEPT, None, "zh-CN,zh;q=0.9"),
    };
    let mut headers = Vec::new();
    let mut add = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
    if variant != "spider" {
        add("Upgrade-Insecure-Requests", "1");
    }
    add("User-Agent", agent);
    add("Accept", accept);
    if let Some(referer) = referer {
        add("Referer", referer);
    }
    add("Accept-Encoding", "gzip, deflate");
    add("Accept-Language", language);
    headers
}

/// The same visitor coming from a page of the same visit.
pub(super) fn headers_from(variant: &str, page: &str) -> Vec<(String, String)> {
    let mut all = headers(variant);
    all.retain(|(name, _)| name != "Referer");
    let before_encoding = all.iter().position(|(name, _)| name == "Accept-Encoding").unwrap_or(all.len());
    all.insert(before_encoding, ("Referer".into(), page.to_owned()));
    all
}

/// The same visitor as a browser shows it: its window, its fingers, its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visitor {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) mobile: bool,
    pub(super) referer: Option<&'static str>,
    agent: &'static str,
}

impl Visitor {
    pub(super) fn of(variant: &str) -> Self {
        let phone = |agent, referer| Self { width: 390, height: 844, mobile: true, referer, agent };
        match variant {
            "wechat" => phone(WECHAT, None),
            "baidu_referer" => phone(PHONE, Some("https://www.baidu.com/")),
            "spider" => Self { width: 1366, height: 768, mobile: false, referer: None, agent: SPIDER },
            _ => Self { width: 1366, height: 768, mobile: false, referer: None, agent: DESKTOP },
        }
    }
    /// For `Emulation.setUserAgentOverride`: the name and the hints that go with it.
    pub(super) fn agent(&self) -> Value {
        let version: String = self.agent.split("Chrome/").nth(1).unwrap_or("142").chars().take_while(char::is_ascii_digit).collect();
        let brands = json!([{"brand": "Chromium", "version": version}, {"brand": "Google Chrome", "version": version}, {"brand": "Not_A Brand", "version": "99"}]);
        let (platform, system) = if self.mobile { ("Linux armv81", "Android") } else { ("Win32", "Windows") };
        json!({
            "userAgent": self.agent, "acceptLanguage": "zh-CN,zh", "platform": platform,
            "userAgentMetadata": {
                "brands": brands, "platform": system, "platformVersion": if self.mobile { "14" } else { "10.0.0" }, "architecture": if self.mobile { "" } else { "x86" },
                "model": if self.mobile { "V2309A" } else { "" }, "mobile": self.mobile,
            },
        })
    }
    /// For `Emulation.setDeviceMetricsOverride`.
    pub(super) fn metrics(&self) -> Value {
        json!({"width": self.width, "height": self.height, "deviceScaleFactor": 1, "mobile": self.mobile, "screenWidth": self.width, "screenHeight": self.height})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(variant: &str, name: &str) -> Option<String> {
        headers(variant).into_iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    #[test]
    fn each_variant_says_who_it_is() {
        assert!(value("wechat", "User-Agent").is_some_and(|v| v.contains("MicroMessenger/")));
        assert!(value("spider", "User-Agent").is_some_and(|v| v.contains("Baiduspider/")));
        assert!(value("desktop", "User-Agent").is_some_and(|v| v.contains("Windows NT") && !v.contains("Mobile")));
        assert_eq!(value("baidu_referer", "Referer").as_deref(), Some("https://www.baidu.com/"));
        assert_eq!(value("desktop", "Referer"), None);
    }

    #[test]
    fn no_variant_asks_for_an_encoding_that_net_cannot_read() {
        for variant in VARIANTS {
            assert_eq!(value(variant, "Accept-Encoding").as_deref(), Some("gzip, deflate"));
        }
    }
}
