//! `[[alert]]` of the settings file as channels: keys are read here, from the environment or a file, and stay in memory.

use crate::cli::fail::Failure;
use crate::cli::settings::{AlertSettings, Settings};
use crate::model::lang::Lang;
use crate::net::{Mail, MailTls};
use crate::pipeline::watch::channel::{Channel, Way};
use std::path::Path;
use url::Url;

/// Largest file that holds a key or a certificate.
const MAX_SECRET_BYTES: u64 = 64 << 10;

/// All channels, checked.
pub(super) fn channels(settings: &Settings, lang: Lang) -> Result<Vec<Channel>, Failure> {
    let mut channels: Vec<Channel> = Vec::new();
    for alert in &settings.alert {
        let bad = |why: String| {
            let file = settings.file.display();
            Failure::usage(format!("{file}：[[alert]] {}：{why}", alert.id), format!("{file}: [[alert]] {}: {why}", alert.id), lang)
        };
        if alert.id.is_empty() || channels.iter().any(|c| c.id == alert.id) {
            return Err(bad(lang.pick("每个 [[alert]] 要有自己的 id", "each [[alert]] needs an id of its own").to_owned()));
        }
        let way = way(alert).map_err(bad)?;
        channels.push(Channel { id: alert.id.clone(), lang: alert.lang, way });
    }
    Ok(channels)
}

fn way(alert: &AlertSettings) -> Result<Way, String> {
    match alert.kind.as_str() {
        "webhook" => Ok(Way::Webhook(address(alert)?)),
        "wecom" => Ok(Way::Wecom(address(alert)?)),
        "dingtalk" => {
            Ok(Way::Dingtalk { url: address(alert)?, secret: secret(&alert.secret_env, alert.secret_file.as_deref(), "secret")? })
        }
        "mail" => mail(alert).map(|mail| Way::Mail(Box::new(mail))),
        other => Err(format!("kind `{other}`: there are webhook, wecom, dingtalk, mail")),
    }
}

fn address(alert: &AlertSettings) -> Result<Url, String> {
    let given = match &alert.url {
        Some(url) => Some(url.clone()),
        None => secret(&alert.url_env, alert.url_file.as_deref(), "url")?,
    };
    let text = given.ok_or("give `url`, `url_env` or `url_file`")?;
    // The address may hold a key: it is not repeated in the message.
    let url = Url::parse(&text).map_err(|e| format!("its url is none ({e})"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("its url needs http or https and a host".into());
    }
    Ok(url)
}

fn mail(alert: &AlertSettings) -> Result<Mail, String> {
    let server = alert.server.clone().ok_or("mail needs `server`")?;
    let from = alert.from.clone().ok_or("mail needs `from`")?;
    if alert.to.is_empty() {
        return Err("mail needs `to`".into());
    }
    let local = server == "localhost" || server.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if alert.tls == MailTls::None && !local {
        return Err("tls = \"none\" is for a server on this machine; use `wrapped` or `starttls`".into());
    }
    let login = match &alert.user {
        None => None,
        Some(user) => {
            let password = secret(&alert.secret_env, alert.secret_file.as_deref(), "secret")?;
            Some((user.clone(), password.ok_or("`user` needs `secret_env` or `secret_file` for the password")?))
        }
    };
    let usual = match alert.tls {
        MailTls::Wrapped => 465,
        MailTls::Starttls => 587,
        MailTls::None => 25,
    };
    let ca_pem = alert.ca.as_deref().map(|path| file(path).map(String::into_bytes)).transpose()?;
    let port = alert.port.unwrap_or(usual);
    Ok(Mail { server, port, tls: alert.tls, ca_pem, login, from, to: alert.to.clone(), subject: String::new(), body: String::new() })
}

/// From the environment, else from a file. `None`: neither is named.
fn secret(env: &Option<String>, path: Option<&Path>, key: &str) -> Result<Option<String>, String> {
    match (env, path) {
        (Some(name), _) => match std::env::var(name) {
            Ok(value) if !value.trim().is_empty() => Ok(Some(value.trim().to_owned())),
            _ => Err(format!("{key}_env: the environment has no `{name}`")),
        },
        (None, Some(path)) => file(path).map(|text| Some(text.trim().to_owned())),
        (None, None) => Ok(None),
    }
}

fn file(path: &Path) -> Result<String, String> {
    let told = |why: String| format!("{}: {why}", path.display());
    let size = std::fs::metadata(path).map_err(|e| told(e.to_string()))?.len();
    if size > MAX_SECRET_BYTES {
        return Err(told("too large for a key".into()));
    }
    std::fs::read_to_string(path).map_err(|e| told(e.to_string()))
}
