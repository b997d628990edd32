//! A registration: what the registers say of a domain, and every answer as it came, with server, time and query.
//! Parsed by resolve, kept in the dossier and shown to people. What a register hides is `None`, never a guess.

use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How one question to a register ended. What the register did is data, never an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum AskOutcome {
    /// It answered with the object.
    Answered,
    /// It says that the name is not registered (RDAP 404, `No matching record.`).
    NotRegistered,
    /// It wants to be asked less often; nothing was learnt.
    Limited {
        /// Seconds it asks us to wait. `None`: it did not say.
        retry_after_s: Option<u64>,
    },
    /// The guard refused the address that it, or a redirect of it, led to. Nothing was sent there.
    RefusedByGuard {
        /// The address.
        address: String,
        /// The guard's word.
        why: String,
    },
    /// No whole answer within the time; what came is kept.
    TimedOut {
        /// Milliseconds until we gave up.
        after_ms: u64,
    },
    /// More than the cap; the first part is kept.
    TooLarge {
        /// The cap in bytes.
        limit_bytes: u64,
    },
    /// An answer that is no RDAP, no WHOIS, or of another object.
    Unreadable {
        /// What is wrong with it.
        why: String,
    },
    /// No connection, no such server, a server's own error.
    Failed {
        /// What.
        why: String,
    },
}

impl AskOutcome {
    /// One sentence in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Self::Answered => "已应答".into(),
            Self::NotRegistered => "该域名未注册".into(),
            Self::Limited { retry_after_s: Some(s) } => format!("对方限制查询频率，要求 {s} 秒后再查"),
            Self::Limited { retry_after_s: None } => "对方限制查询频率".into(),
            Self::RefusedByGuard { address, why } => format!("地址 {address}（{}）被安全守卫拒绝", range_zh(why)),
            Self::TimedOut { after_ms } => format!("超时，{after_ms} 毫秒后放弃"),
            Self::TooLarge { limit_bytes } => format!("应答超过 {limit_bytes} 字节上限"),
            Self::Unreadable { why } => format!("应答无法识别：{}", in_chinese(why)),
            Self::Failed { why } => format!("查询失败：{}", in_chinese(why)),
        }
    }
    /// The same in English.
    pub fn en(&self) -> String {
        match self {
            Self::Answered => "answered".into(),
            Self::NotRegistered => "not registered".into(),
            Self::Limited { retry_after_s: Some(s) } => format!("asks us to wait {s} s"),
            Self::Limited { retry_after_s: None } => "limits how often we ask".into(),
            Self::RefusedByGuard { address, why } => format!("{address} is {why}: refused"),
            Self::TimedOut { after_ms } => format!("gave up after {after_ms} ms"),
            Self::TooLarge { limit_bytes } => format!("larger than {limit_bytes} bytes"),
            Self::Unreadable { why } => format!("cannot be read: {why}"),
            Self::Failed { why } => why.clone(),
        }
    }
    /// Does it settle whether the name is registered?
    pub fn is_an_answer(&self) -> bool {
        matches!(self, Self::Answered | Self::NotRegistered)
    }
}

/// How the reasons that are kept in English begin, and the same in Chinese; `{}`: the rest, told on.
const REASONS: [(&str, &str); 24] = [
    ("no JSON", "不是 JSON"),
    ("JSON, but no RDAP", "是 JSON，但不是 RDAP"),
    ("speaks of ", "说的是 {}"),
    ("is of the class ", "对象类型是 {}"),
    ("a list of ", "是一份列表，不是一个对象"),
    ("help", "是帮助信息，不是一个对象"),
    ("empty", "空应答"),
    ("no domain name in it", "其中没有域名"),
    ("no register is known", "没有已知的注册信息服务器"),
    ("its address is no URL", "服务器地址不是网址"),
    ("it asked us to wait", "对方要求稍后再查{}"),
    ("asks us to wait", "对方要求稍后再查{}"),
    ("limits how often we ask", "对方限制查询频率{}"),
    ("gave up after ", "上次超时，等待了 {}"),
    ("error 404", "没有该对象"),
    ("error ", "对方报错 {}"),
    ("HTTP ", "HTTP {}"),
    ("connection refused", "连接被拒绝{}"),
    ("connection reset", "连接被中断{}"),
    ("connection closed", "连接被关闭{}"),
    ("unexpected end of file", "应答不完整{}"),
    ("end of file before message length reached", "应答不完整{}"),
    ("nxdomain", "服务器的域名不存在{}"),
    ("too many redirects", "重定向过多{}"),
];

/// A stored reason in Chinese; one that is not in the table stands as it is.
fn in_chinese(why: &str) -> String {
    let at = |begin: &str| why.find(begin).filter(|i| *i == 0 || why[..*i].ends_with(": ")).map(|i| i + begin.len());
    let Some((end, zh)) = REASONS.iter().find_map(|(begin, zh)| Some((at(begin)?, *zh))) else { return why.to_owned() };
    let rest = why[end..].replace(", not of ", "，不是 ").replace(", not a network", "").replace(", not a domain", "");
    let rest = rest.split_once("; left alone for another ").map_or(rest.clone(), |(before, wait)| format!("{before}；{wait} 内不再询问"));
    zh.replace("{}", rest.trim_end())
}

/// The guard's word for a range of addresses, in Chinese.
fn range_zh(word: &str) -> &str {
    match word {
        "private" => "内网地址",
        "loopback" => "本机地址",
        "link_local" => "链路本地地址",
        "cgnat" => "运营商内网地址",
        "unspecified" | "this_network" => "未指定地址",
        "documentation" | "reserved" | "benchmark" | "multicast" | "broadcast" => "保留地址",
        "bad_port" => "禁用端口",
        other => other,
    }
}

/// One question and its answer, as evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawAnswer {
    /// `rdap` or `whois`.
    pub protocol: String,
    /// Whom we asked: a base URL, or `host:port`.
    pub server: String,
    /// What we sent: the whole URL, or the line.
    pub query: String,
    /// When.
    pub at: Timestamp,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: AskOutcome,
    /// The answer as text, at most [`RawAnswer::MAX_BYTES`]; empty where none came. Bytes that are neither UTF-8 nor GB 18030 are U+FFFD.
    pub text: String,
}

impl RawAnswer {
    /// Most bytes kept of one answer.
    pub const MAX_BYTES: usize = 256 << 10;
}

/// What the registers say of one registrable domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Registration {
    /// The domain, ASCII form.
    pub domain: String,
    /// Other names of the same registration (the Traditional and Simplified forms of a 中国 name), ASCII form, at most 16.
    pub aliases: Vec<String>,
    /// Is it registered? `None`: nobody answered.
    pub registered: Option<bool>,
    /// The registry's id of the object (ROID, handle).
    pub handle: Option<String>,
    /// The registrar's name.
    pub registrar: Option<String>,
    /// Its IANA id.
    pub registrar_iana: Option<String>,
    /// Its abuse contact: e-mail.
    pub abuse_email: Option<String>,
    /// Its abuse contact: telephone.
    pub abuse_phone: Option<String>,
    /// Who registered it. `None`: hidden or not said.
    pub registrant: Option<String>,
    /// The registrant's e-mail. `None`: hidden, or a web form instead.
    pub registrant_email: Option<String>,
    /// The registrant's place as the register writes it (`Chengdu, Sichuan, CN`).
    pub registrant_place: Option<String>,
    /// When it was registered.
    pub created: Option<Timestamp>,
    /// When it expires.
    pub expires: Option<Timestamp>,
    /// When the registration was changed last.
    pub changed: Option<Timestamp>,
    /// States, as written, without the explanation's address.
    pub status: Vec<String>,
    /// Name servers, lower case.
    pub name_servers: Vec<String>,
    /// Is the delegation signed?
    pub dnssec: Option<bool>,
    /// Does the register say that it hides something of this registration?
    pub redacted: bool,
    /// Where the facts come from (`whois whois.cnnic.cn:43`); empty: nobody answered.
    pub source: String,
    /// When it was asked.
    pub at: Option<Timestamp>,
    /// Every answer as it came, in the order of asking, at most 4.
    pub raw: Vec<RawAnswer>,
}

impl Registration {
    /// Takes from a second, thicker answer what this one lacks; the answers themselves are put side by side.
    pub fn fill_from(&mut self, other: Self) {
        macro_rules! take {
            ($($field:ident),*) => { $( if self.$field.is_none() { self.$field = other.$field; } )* };
        }
        take!(registered, handle, registrar, registrar_iana, abuse_email, abuse_phone, registrant, registrant_email, registrant_place);
        take!(created, expires, changed, dnssec, at);
        if self.status.is_empty() {
            self.status = other.status;
        }
        if self.name_servers.is_empty() {
            self.name_servers = other.name_servers;
        }
        if !other.source.is_empty() && self.source != other.source {
            self.source = if self.source.is_empty() { other.source } else { format!("{}, {}", self.source, other.source) };
        }
        self.redacted |= other.redacted;
        self.raw.extend(other.raw);
    }
}

/// Words by which a register or a proxy service says that it hides a person.
const HIDDEN: [&str; 12] = [
    "redacted",
    "privacy",
    "whoisguard",
    "whois protect",
    "domains by proxy",
    "not disclosed",
    "data protected",
    "withheld",
    "contact domain holder",
    "隐私保护",
    "非公示",
    "已隐藏",
];

/// Is this value a stand-in for what is hidden?
pub fn is_hidden(value: &str) -> bool {
    let lower = value.to_lowercase();
    lower.trim().is_empty() || HIDDEN.iter().any(|word| lower.contains(word))
}
