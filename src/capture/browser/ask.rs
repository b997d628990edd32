//! Ask: what is asked of a page that stands: what its frames show, the bodies of what it loaded, the certificates of its origin.

use crate::capture::browser::page::Tab;
use crate::capture::browser::tell::{self, Told};
use crate::capture::browser::watch::text;
use crate::capture::browser::wire::WireError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::Url;

/// Frames read of one page.
const MAX_FRAMES: usize = 12;
/// Certificates kept of one chain.
const MAX_CHAIN: usize = 16;

/// The body of a finished request, decoded.
pub(super) async fn body(tab: &Tab<'_>, id: &str) -> Result<Vec<u8>, WireError> {
    let value = tab.call("Network.getResponseBody", json!({"requestId": id})).await?;
    let told = value["body"].as_str().unwrap_or_default();
    if value["base64Encoded"].as_bool() == Some(true) {
        return Ok(STANDARD.decode(told).unwrap_or_default());
    }
    Ok(told.as_bytes().to_vec())
}

/// The certificates that the browser holds of the page's origin. Not always those of the connection which brought the document: where a server changes
/// them, it may tell those of another connection of the visit. So they never stand in a hop. Empty: plain http, or the browser does not tell.
pub(super) async fn certificates(tab: &Tab<'_>, url: &str) -> Vec<String> {
    let Some(origin) = Url::parse(url).ok().filter(|u| u.scheme() == "https").map(|u| u.origin().ascii_serialization()) else {
        return Vec::new();
    };
    let Ok(told) = tab.call("Network.getCertificate", json!({"origin": origin})).await else { return Vec::new() };
    let all = told["tableNames"].as_array().into_iter().flatten().filter_map(Value::as_str).take(MAX_CHAIN);
    all.filter(|der| STANDARD.decode(der).is_ok_and(|d| !d.is_empty())).map(str::to_owned).collect()
}

/// What every frame shows, the main one first.
pub(super) async fn frames(tab: &Tab<'_>) -> Result<Vec<Told>, WireError> {
    let tree = tab.call("Page.getFrameTree", json!({})).await?;
    let mut ids = Vec::new();
    collect(&tree["frameTree"], &mut ids);
    let mut told = Vec::new();
    for id in ids {
        let read = async {
            let world = tab.call("Page.createIsolatedWorld", json!({"frameId": id, "worldName": "jw"})).await?;
            let ask =
                json!({"expression": tell::SCRIPT, "contextId": world["executionContextId"], "returnByValue": true, "timeout": 6_000});
            tab.call("Runtime.evaluate", ask).await
        };
        match read.await {
            Ok(value) => told.extend(serde_json::from_value::<Told>(value["result"]["value"].clone()).ok()),
            Err(WireError::Said { method, why }) => tracing::debug!("{method}: {why}"),
            Err(other) => return Err(other),
        }
    }
    Ok(told)
}

fn collect(tree: &Value, ids: &mut Vec<String>) {
    if ids.len() < MAX_FRAMES {
        ids.push(text(&tree["frame"]["id"], 100));
        tree["childFrames"].as_array().into_iter().flatten().for_each(|child| collect(child, ids));
    }
}
