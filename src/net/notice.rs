//! Notices to the unit's own people: a webhook or a mail server that the settings file names.
//! In: an address from the settings, never one from a page. Out: whether it was taken. No redirect is followed, and no message names the
//! address beyond its host, as its path or query may hold a key.
//! The guard is not asked: the unit's own servers often stand on private addresses, and nobody but the operator can name them.

use crate::model::host::Host;
use crate::net::Inner;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use url::Url;

/// A notice may take so long.
const PATIENCE: Duration = Duration::from_secs(15);
/// What is read of a webhook's answer.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// How a mail server is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// TLS from the first byte (port 465).
    #[default]
    Wrapped,
    /// STARTTLS, required (port 587 or 25).
    Starttls,
    /// No encryption: for a server on this machine only.
    None,
}

/// One mail and where it goes.
#[derive(Clone)]
pub struct Mail {
    /// Mail server, a name or an address.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// Encryption.
    pub tls: MailTls,
    /// PEM of a root that the server's certificate rests on, besides the public ones. `None`: the public ones alone.
    pub ca_pem: Option<Vec<u8>>,
    /// User and password. `None`: none is asked for.
    pub login: Option<(String, String)>,
    /// Sender.
    pub from: String,
    /// Receivers.
    pub to: Vec<String>,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

/// Posts `body` to a webhook. Gives status and answer.
pub(crate) async fn post(door: &Inner, url: &Url, content_type: &str, body: Vec<u8>) -> Result<(u16, Vec<u8>), String> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let mut builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(door.tls.strict())
        .timeout(PATIENCE)
        .pool_max_idle_per_host(0);
    if let Some(proxy) = &door.settings.proxy
        && !is_local(&host)
    {
        builder = builder.proxy(reqwest::Proxy::all(proxy.as_str()).map_err(|e| e.without_url().to_string())?);
    } else if host.parse::<IpAddr>().is_err() {
        let addresses = look_up(door, &host).await?;
        builder = builder.resolve_to_addrs(&host, &addresses);
    }
    let client = builder.build().map_err(|e| e.without_url().to_string())?;
    let sending = client.post(url.clone()).header("content-type", content_type).header("user-agent", &door.settings.user_agent).body(body);
    let mut response = sending.send().await.map_err(|e| format!("{host}: {}", in_words(e)))?;
    let status = response.status().as_u16();
    let mut answer = Vec::new();
    while answer.len() < MAX_ANSWER_BYTES {
        match response.chunk().await {
            Ok(Some(part)) => answer.extend_from_slice(&part),
            Ok(None) => break,
            Err(e) => return Err(format!("{host}: {}", in_words(e))),
        }
    }
    answer.truncate(MAX_ANSWER_BYTES);
    Ok((status, answer))
}

fn in_words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

async fn look_up(door: &Inner, host: &str) -> Result<Vec<SocketAddr>, String> {
    if host == "localhost" {
        return Ok(vec![([127, 0, 0, 1], 0).into()]);
    }
    let name = Host::parse(host).map_err(|e| e.to_string())?;
    for rrtype in ["A", "AAAA"] {
        let answer = door.dns.ask(name.as_str(), rrtype).await;
        let found: Vec<SocketAddr> = answer.records.iter().filter_map(|r| Some(SocketAddr::new(r.data.parse().ok()?, 0))).collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Err(format!("{host}: DNS knows no address"))
}

/// Hands a mail to its server.
pub(crate) async fn mail(door: &Inner, mail: &Mail) -> Result<(), String> {
    let told = |what: &str, why: String| format!("{what}: {why}");
    let mut letter = Message::builder().subject(mail.subject.clone()).header(ContentType::TEXT_PLAIN);
    letter = letter.from(mail.from.parse().map_err(|e: lettre::address::AddressError| told(&mail.from, e.to_string()))?);
    for to in &mail.to {
        letter = letter.to(to.parse().map_err(|e: lettre::address::AddressError| told(to, e.to_string()))?);
    }
    let letter = letter.body(mail.body.clone()).map_err(|e| told("mail", e.to_string()))?;
    let at = match mail.server.parse::<IpAddr>() {
        Ok(ip) => ip,
        Err(_) => look_up(door, &mail.server).await?.first().map(SocketAddr::ip).ok_or_else(|| told(&mail.server, "no address".into()))?,
    };
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(at.to_string()).port(mail.port).timeout(Some(PATIENCE));
    transport = transport.tls(tls(mail)?);
    if let Some((user, password)) = &mail.login {
        transport = transport.credentials(Credentials::new(user.clone(), password.clone()));
    }
    let sent = tokio::time::timeout(PATIENCE, transport.build().send(letter)).await;
    let sent = sent.map_err(|_| told(&mail.server, format!("no answer within {} s", PATIENCE.as_secs())))?;
    sent.map(|_| ()).map_err(|e| told(&mail.server, innermost(&e)))
}

fn tls(mail: &Mail) -> Result<Tls, String> {
    if mail.tls == MailTls::None {
        return Ok(Tls::None);
    }
    let mut parameters = TlsParameters::builder(mail.server.clone()).certificate_store(CertificateStore::WebpkiRoots);
    if let Some(pem) = &mail.ca_pem {
        parameters = parameters.add_root_certificate(Certificate::from_pem(pem).map_err(|e| format!("its ca: {}", innermost(&e)))?);
    }
    let parameters = parameters.build_rustls().map_err(|e| innermost(&e))?;
    Ok(if mail.tls == MailTls::Wrapped { Tls::Wrapper(parameters) } else { Tls::Required(parameters) })
}

fn innermost(error: &lettre::transport::smtp::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
