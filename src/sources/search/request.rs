//! One request to an engine, with its key where it wants one: in the url, in a header, or as a signature. Pure.

use crate::model::digest::Sha256;
use crate::model::time::Timestamp;
use crate::net::FetchRequest;
use crate::sources::Secret;
use crate::sources::search::engine::Engine;
use ring::hmac;

/// Cap of one result page.
const MAX_PAGE_BYTES: u64 = 4 << 20;

/// The request for one page of results; `page` counts from 0.
///
/// # Errors
/// The template gives no URL, or the key has not the form that signing takes.
pub(super) fn of(engine: &Engine, key: Option<&Secret>, query: &str, page: u32, now: Timestamp) -> Result<FetchRequest, String> {
    let secret = key.map_or("", Secret::expose);
    let url = engine.keyed_url(query, page, secret).ok_or_else(|| format!("the template of engine `{}` gives no URL", engine.id))?;
    let body = engine.page_body(query, page, secret);
    let mut headers = engine.headers.clone();
    if let Some(wanted) = &engine.key {
        if let Some(header) = &wanted.header {
            let value = wanted.value.as_deref().unwrap_or("{key}").replace("{key}", secret);
            headers.push((header.to_lowercase(), value));
        }
        if wanted.sign.is_some() {
            let host = url.host_str().unwrap_or_default();
            headers.extend(tc3(secret, host, body.as_deref().unwrap_or_default(), now)?);
        }
    }
    let method = if body.is_some() { "POST" } else { "GET" };
    Ok(FetchRequest { url, method: method.into(), headers, body: body.map(String::into_bytes), max_body_bytes: Some(MAX_PAGE_BYTES) })
}

/// Tencent Cloud API signature, version 3 (TC3-HMAC-SHA256), over content type, host and body.
fn tc3(key: &str, host: &str, body: &str, now: Timestamp) -> Result<Vec<(String, String)>, String> {
    let (id, secret) = key.split_once(':').ok_or("the key must be written as SecretId:SecretKey")?;
    let (seconds, date) = (now.millis() / 1_000, &now.rfc3339()[..10]);
    let service = host.split('.').next().unwrap_or_default();
    let content_type = "application/json; charset=utf-8";
    let canonical =
        format!("POST\n/\n\ncontent-type:{content_type}\nhost:{host}\n\ncontent-type;host\n{}", Sha256::of(body.as_bytes()).hex());
    let scope = format!("{date}/{service}/tc3_request");
    let to_sign = format!("TC3-HMAC-SHA256\n{seconds}\n{scope}\n{}", Sha256::of(canonical.as_bytes()).hex());
    let step = |key: &[u8], text: &str| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes());
    let by_date = step(format!("TC3{secret}").as_bytes(), date);
    let by_service = step(by_date.as_ref(), service);
    let signing = step(by_service.as_ref(), "tc3_request");
    let signature: String = step(signing.as_ref(), &to_sign).as_ref().iter().map(|b| format!("{b:02x}")).collect();
    let authorization = format!("TC3-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders=content-type;host, Signature={signature}");
    Ok(vec![
        ("content-type".into(), content_type.into()),
        ("x-tc-timestamp".into(), seconds.to_string()),
        ("authorization".into(), authorization),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_request_names_the_id_and_never_the_secret() {
        let now = Timestamp::from_millis(1_551_113_065_000);
        let headers = tc3("AKIDEXAMPLE:SecretWord", "wsa.tencentcloudapi.com", "{\"Query\":\"x\"}", now).expect("a key of two parts");
        let all = format!("{headers:?}");
        assert!(all.contains("Credential=AKIDEXAMPLE/2019-02-25/wsa/tc3_request") && all.contains("1551113065"), "{all}");
        assert!(!all.contains("SecretWord"));
        assert_ne!(headers, tc3("AKIDEXAMPLE:SecretWord", "wsa.tencentcloudapi.com", "{\"Query\":\"y\"}", now).expect("the same key"));
        assert!(tc3("nocolon", "h", "", now).is_err());
    }
}
