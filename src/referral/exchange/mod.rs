//! Files for other programs and desks: STIX 2.1, MISP, X-ARF v4, block lists, report drafts. A draft is never sent by this program.
//! Ids are made from the content, so that the same lead is the same object in every export.

mod blocklist;
mod drafts;
mod misp;
mod stix;
mod uuid;
mod xarf;

use crate::model::host::Host;
use crate::referral::ExportError;
use crate::referral::outgoing::Outgoing;

/// One format for sharing. Leads must have passed the gate before.
pub struct Exchange {
    /// Its name after `--format`.
    pub name: &'static str,
    /// File extension.
    pub extension: &'static str,
    /// Makes the file.
    pub write: fn(&Outgoing<'_>) -> Result<Vec<u8>, ExportError>,
}

/// All of them.
pub const EXCHANGES: &[Exchange] = &[
    Exchange { name: "stix", extension: "json", write: stix::write },
    Exchange { name: "misp", extension: "json", write: misp::write },
    Exchange { name: "xarf", extension: "jsonl", write: xarf::write },
    Exchange { name: "hosts", extension: "txt", write: blocklist::hosts },
    Exchange { name: "rpz", extension: "zone", write: blocklist::rpz },
    Exchange { name: "adblock", extension: "txt", write: blocklist::adblock },
    Exchange { name: "abuse", extension: "txt", write: drafts::abuse },
    Exchange { name: "12321", extension: "txt", write: drafts::report_12321 },
    Exchange { name: "12377", extension: "txt", write: drafts::report_12377 },
];

/// Hosts where anybody publishes pages under the host itself, beside the public suffix list: blocking them would block everybody.
const PLATFORMS: &[&str] = &[
    "58.com",
    "alicdn.com",
    "aliyuncs.com",
    "baidu.com",
    "bilibili.com",
    "bing.com",
    "blogspot.com",
    "cnblogs.com",
    "csdn.net",
    "docs.qq.com",
    "douban.com",
    "douyin.com",
    "facebook.com",
    "feishu.cn",
    "gitee.com",
    "github.com",
    "google.com",
    "jianshu.com",
    "jinshuju.net",
    "kuaishou.com",
    "medium.com",
    "myqcloud.com",
    "notion.so",
    "qcloud.com",
    "qq.com",
    "shimo.im",
    "sina.com.cn",
    "sogou.com",
    "sohu.com",
    "t.me",
    "taobao.com",
    "telegra.ph",
    "tmall.com",
    "toutiao.com",
    "twitter.com",
    "weebly.com",
    "weibo.com",
    "weixin.qq.com",
    "wenjuan.com",
    "wix.com",
    "wjx.cn",
    "wordpress.com",
    "x.com",
    "xianyu.com",
    "xiaohongshu.com",
    "yuque.com",
    "zhihu.com",
    "163.com",
    "1688.com",
    "360.cn",
    "so.com",
    "cloudflare.com",
];

/// Is blocking this host blocking a platform: a public suffix, or the front door of one where anybody publishes?
fn is_platform(host: &Host) -> bool {
    if host.ip().is_some() {
        return false;
    }
    let bare = host.as_str().strip_prefix("www.").or_else(|| host.as_str().strip_prefix("m.")).unwrap_or(host.as_str());
    host.registrable().is_none()
        || Host::parse(bare).is_ok_and(|h| h.registrable().is_none())
        || PLATFORMS.contains(&bare)
        || is_front_door(bare)
}

/// A well-known part of a platform (`tieba.baidu.com`), where the pages of many stand.
fn is_front_door(host: &str) -> bool {
    const PARTS: &[&str] = &[
        "mp.weixin.qq.com",
        "tieba.baidu.com",
        "baijiahao.baidu.com",
        "zhidao.baidu.com",
        "wenku.baidu.com",
        "pan.baidu.com",
        "sites.google.com",
        "docs.google.com",
        "forms.gle",
        "zhuanlan.zhihu.com",
        "blog.csdn.net",
        "blog.sina.com.cn",
        "goofish.com",
    ];
    PARTS.contains(&host)
}
