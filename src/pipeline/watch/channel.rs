//! Channels: how people are told of an alert. A webhook of our own form, 企业微信, 钉钉 (with its signature), or mail.
//! In: a message. Out: whether it arrived. Keys are in memory only; no message and no error names them.

use crate::model::lang::{Both, Lang};
use crate::model::time::Timestamp;
use crate::net::{Mail, Net};
use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::Sha256;
use url::Url;

/// 企业微信 refuses longer texts, in bytes; 钉钉 takes more, and nobody reads more.
const MAX_TEXT_BYTES: usize = 2_000;

/// One way to people.
#[derive(Clone)]
pub struct Channel {
    /// Its id in the settings.
    pub id: String,
    /// Their language.
    pub lang: Lang,
    /// How.
    pub way: Way,
}

/// How a message goes out.
#[derive(Clone)]
pub enum Way {
    /// POST of [`Message`] as JSON (`alert/1`).
    Webhook(Url),
    /// A group robot of 企业微信; the address holds its key.
    Wecom(Url),
    /// A group robot of 钉钉; the address holds its token.
    Dingtalk {
        /// Its address.
        url: Url,
        /// What it signs with. `None`: the robot asks for none (a word or an address lets us in).
        secret: Option<String>,
    },
    /// Mail; subject and body are filled in.
    Mail(Box<Mail>),
}

/// What people are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Names the condition.
    pub key: String,
    /// Is it over?
    pub over: bool,
    /// A few words.
    pub title: Both,
    /// What is so and what to do; empty when it is over.
    pub text: Both,
    /// When it began.
    pub since: Timestamp,
    /// Now.
    pub at: Timestamp,
    /// The unit's name; may be empty.
    pub unit: String,
}

impl Message {
    fn subject(&self, lang: Lang) -> String {
        let over = if self.over { lang.pick("恢复：", "over: ") } else { "" };
        format!("{}{over}{}", lang.pick("【鉴伪】", "[jianwei] "), self.title.get(lang))
    }
    fn body(&self, lang: Lang) -> String {
        let mut lines = vec![self.text.get(lang).to_owned()];
        lines.push(
            lang.pick(format!("起始：{}（北京时间）", self.since.beijing()), format!("since {} (Beijing time)", self.since.beijing())),
        );
        if self.over {
            lines.push(lang.pick(format!("结束：{}", self.at.beijing()), format!("over at {}", self.at.beijing())));
        }
        lines.push(self.unit.clone());
        lines.retain(|line| !line.is_empty());
        lines.join("\n")
    }
    /// Subject and body in one, cut at a character's end.
    fn whole(&self, lang: Lang) -> String {
        let mut text = format!("{}\n{}", self.subject(lang), self.body(lang));
        let mut end = MAX_TEXT_BYTES.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text
    }
}

impl Channel {
    /// Tells people.
    ///
    /// # Errors
    /// One line: who did not take it and why, without keys.
    pub async fn tell(&self, message: &Message, net: &Net) -> Result<(), String> {
        let text = || json!({"msgtype": "text", "text": {"content": message.whole(self.lang)}});
        match &self.way {
            Way::Webhook(url) => post(net, url, &own_form(message)?, false).await,
            Way::Wecom(url) => post(net, url, &text(), true).await,
            Way::Dingtalk { url, secret } => {
                let url = secret.as_ref().map_or_else(|| url.clone(), |secret| signed(url, secret, net.now()));
                post(net, &url, &text(), true).await
            }
            Way::Mail(mail) => {
                let mut mail = mail.as_ref().clone();
                (mail.subject, mail.body) = (message.subject(self.lang), message.body(self.lang));
                net.mail_notice(&mail).await
            }
        }
    }
}

fn own_form(message: &Message) -> Result<Value, String> {
    let mut value = serde_json::to_value(message).map_err(|e| e.to_string())?;
    if let Some(object) = value.as_object_mut() {
        object.insert("schema".into(), "alert/1".into());
    }
    Ok(value)
}

/// Posts JSON. Robots answer 200 to everything; their `errcode` says whether they took it.
async fn post(net: &Net, url: &Url, body: &Value, robot: bool) -> Result<(), String> {
    let host = url.host_str().unwrap_or_default();
    let (status, answer) = net.post_notice(url, "application/json; charset=utf-8", body.to_string().into_bytes()).await?;
    if !(200..300).contains(&status) {
        return Err(format!("{host} answered {status}"));
    }
    if !robot {
        return Ok(());
    }
    let answer: Value = serde_json::from_slice(&answer).map_err(|_| format!("{host} gave no JSON"))?;
    match answer["errcode"].as_i64() {
        Some(0) => Ok(()),
        code => Err(format!(
            "{host} refused it: {code:?} {}",
            answer["errmsg"].as_str().unwrap_or_default().chars().take(200).collect::<String>()
        )),
    }
}

/// 钉钉's signature: HMAC-SHA256 over `timestamp LF secret` with the secret, base64, as query parameters.
fn signed(url: &Url, secret: &str, now: Timestamp) -> Url {
    let timestamp = now.millis().to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{timestamp}\n{secret}").as_bytes());
    let sign = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    let mut url = url.clone();
    url.query_pairs_mut().append_pair("timestamp", &timestamp).append_pair("sign", &sign);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(over: bool) -> Message {
        Message {
            key: "blocked:baidu".into(),
            over,
            title: Both::new("来源被拦截 baidu", "source blocked baidu"),
            text: Both::new("来源 baidu 被拦截", "source baidu is blocked"),
            since: Timestamp::from_millis(1_764_000_000_000),
            at: Timestamp::from_millis(1_764_000_600_000),
            unit: "某市局".into(),
        }
    }

    #[test]
    fn the_signature_is_that_of_the_robots_own_rule() {
        // Made with: printf '1577262236757\nthis is secret' | openssl dgst -sha256 -hmac 'this is secret' -binary | base64
        let url = Url::parse("https://oapi.test/robot/send?access_token=T").expect("a URL");
        let url = signed(&url, "this is secret", Timestamp::from_millis(1_577_262_236_757));
        let sign = url.query_pairs().find(|(k, _)| k == "sign").map(|(_, v)| v.into_owned());
        assert_eq!(sign.as_deref(), Some(OPENSSL_SAYS));
        assert!(url.query().is_some_and(|q| q.starts_with("access_token=T&timestamp=1577262236757&sign=") && !q.contains('+')));
    }
    const OPENSSL_SAYS: &str = "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM=";

    #[test]
    fn a_text_is_cut_at_a_characters_end_below_what_robots_take() {
        let mut long = message(false);
        long.text.zh = "证".repeat(5_000);
        let text = long.whole(Lang::Zh);
        assert!(text.len() <= MAX_TEXT_BYTES && text.len() > MAX_TEXT_BYTES - 4);
        assert!(message(true).whole(Lang::Zh).starts_with("【鉴伪】恢复：来源被拦截 baidu\n"));
        assert!(message(false).whole(Lang::En).contains("source baidu is blocked\nsince 2025-"));
    }

    #[test]
    fn the_own_form_names_its_schema_and_both_languages() {
        let value = own_form(&message(false)).expect("JSON");
        assert_eq!((value["schema"].as_str(), value["text"]["en"].as_str()), (Some("alert/1"), Some("source baidu is blocked")));
    }
}
