//! CZDS, ICANN's service for zone files: log in once, ask which zones the account may have, fetch those that changed; a broken download goes on.
//! In: `user:password` and which zones. Out: files in a folder. Zones change once in 24 hours, and a log-in more than now and then is refused.

use crate::net::{FetchRequest, Net};
use crate::sources::RunOutcome;
use crate::sources::secret::Secret;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use url::Url;

const ACCOUNT: &str = "https://account-api.icann.org";
const FILES: &str = "https://czds-api.icann.org";
/// Of one packed zone; com has about 5 GiB.
const MAX_ZONE_BYTES: u64 = 64 << 30;
const MAX_ZONES: usize = 2_000;

#[derive(Deserialize)]
struct Token {
    #[serde(rename = "accessToken")]
    access_token: String,
}

/// Fetches what changed. The troubles, each of which stopped only its own zone.
pub(super) async fn fetch(
    net: &Net,
    zones: &[String],
    base: Option<&Url>,
    key: Option<&Secret>,
    folder: &Path,
    states: &mut BTreeMap<String, String>,
) -> Vec<RunOutcome> {
    let Some((user, password)) = key.and_then(|k| k.expose().split_once(':')) else {
        let why = "czds needs `user:password` in JIANWEI_CZDS_KEY or `key_file`; an account is had at https://czds.icann.org";
        return vec![RunOutcome::Failed { why: why.into() }];
    };
    let moved = |host: &str| base.map_or_else(|| host.to_owned(), |b| b.as_str().trim_end_matches('/').to_owned());
    let body = serde_json::json!({"username": user, "password": password}).to_string().into_bytes();
    let (account, files) = (moved(ACCOUNT), moved(FILES));
    let login = ask(net, "POST", &format!("{account}/api/authenticate"), None, Some(body)).await;
    let token = match login.map(|body| serde_json::from_slice::<Token>(&body)) {
        Ok(Ok(token)) => token.access_token,
        Ok(Err(_)) => return vec![RunOutcome::Failed { why: "czds log-in: the answer has no accessToken".into() }],
        Err(outcome) => return vec![outcome],
    };
    let links = match ask(net, "GET", &format!("{files}/czds/downloads/links"), Some(&token), None).await {
        Ok(body) => match serde_json::from_slice::<Vec<String>>(&body) {
            Ok(links) => links,
            Err(_) => return vec![RunOutcome::Failed { why: "czds: the answer is no list of links to zones".into() }],
        },
        Err(outcome) => return vec![outcome],
    };
    let mut troubles = Vec::new();
    for link in links.iter().take(MAX_ZONES) {
        let Some((_, path)) = link.split_once("://").and_then(|(_, rest)| rest.split_once('/')) else { continue };
        let zone = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".zone");
        if !(zones.is_empty() || zones.iter().any(|z| z.trim_start_matches('.').eq_ignore_ascii_case(zone))) {
            continue;
        }
        // Wherever the link points, the token goes to the service alone.
        let Ok(url) = Url::parse(&format!("{files}/{path}")) else { continue };
        troubles.extend(download(net, &url, Some(&token), folder, states).await.err());
    }
    if links.is_empty() {
        troubles.push(RunOutcome::Failed { why: "czds: the account may have no zone; ask for them at https://czds.icann.org".into() });
    }
    troubles
}

async fn ask(net: &Net, method: &str, url: &str, token: Option<&str>, body: Option<Vec<u8>>) -> Result<Vec<u8>, RunOutcome> {
    let failed = |why: String| RunOutcome::Failed { why: format!("czds: {why}") };
    let url = Url::parse(url).map_err(|e| failed(e.to_string()))?;
    let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
    headers.extend(body.is_some().then(|| ("content-type".to_owned(), "application/json".to_owned())));
    headers.extend(token.map(|t| ("authorization".to_owned(), format!("Bearer {t}"))));
    let request = FetchRequest { url, method: method.into(), headers, body, max_body_bytes: Some(16 << 20) };
    match net.fetch(&request).await.map_err(|e| failed(e.to_string()))? {
        got if (200..300).contains(&got.status) => Ok(got.body),
        got if matches!(got.status, 401 | 403) => Err(failed(format!("status {}: user or password is wrong", got.status))),
        got if got.status == 429 => Err(RunOutcome::Blocked { why: "czds: status 429".into() }),
        got => Err(failed(format!("status {}", got.status))),
    }
}

/// Fetches one list into the folder, unless the server says that it is the state we have.
pub(super) async fn download(
    net: &Net,
    url: &Url,
    token: Option<&str>,
    folder: &Path,
    states: &mut BTreeMap<String, String>,
) -> Result<(), RunOutcome> {
    let name = super::safe(url.path().rsplit('/').next().filter(|n| !n.is_empty()).unwrap_or("list"));
    let shown = format!("{}{}", url.host_str().unwrap_or_default(), url.path());
    let failed = |why: String| RunOutcome::Failed { why: format!("{shown}: {why}") };
    std::fs::create_dir_all(folder).map_err(|e| failed(e.to_string()))?;
    let headers: Vec<(String, String)> = token.map(|t| ("authorization".to_owned(), format!("Bearer {t}"))).into_iter().collect();
    let request =
        |method: &str| FetchRequest { url: url.clone(), method: method.into(), headers: headers.clone(), body: None, max_body_bytes: None };
    let state = match net.fetch(&request("HEAD")).await {
        Ok(got) if (200..300).contains(&got.status) => {
            let header = |n: &str| got.headers.iter().find(|(name, _)| name == n).map_or("", |(_, v)| v.as_str());
            let state = format!("{} {} {}", header("last-modified"), header("etag"), header("content-length"));
            (state.trim().len() > 8).then_some(state)
        }
        _ => None,
    };
    let path = folder.join(&name);
    if path.exists() && state.is_some() && states.get(&name) == state.as_ref() {
        return Ok(());
    }
    let got = net.fetch_resuming(&request("GET"), &path, MAX_ZONE_BYTES).await.map_err(|e| failed(e.to_string()))?;
    match got.status {
        200..300 => {
            states.extend(state.map(|s| (name, s)));
            Ok(())
        }
        429 | 403 => Err(RunOutcome::Blocked { why: format!("{shown}: status {}", got.status) }),
        status => Err(failed(format!("status {status}"))),
    }
}
