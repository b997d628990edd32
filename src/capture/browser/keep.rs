//! Keep: what the page loaded, as files of the package, each with its hash; bounded in number and bytes.

use crate::capture::browser::ask::body;
use crate::capture::browser::page::Tab;
use crate::capture::browser::watch::Watch;
use crate::capture::browser::wire::WireError;
use crate::model::rendered::KeptFile;

const MAX_FILES: usize = 120;
const MAX_FILE_BYTES: usize = 4 << 20;
const MAX_BYTES: usize = 16 << 20;

/// The bodies of everything that came, in order. Those that the browser no longer has are left out.
pub(super) async fn resources(tab: &Tab<'_>, watch: &Watch) -> Vec<KeptFile> {
    let mut kept: Vec<KeptFile> = Vec::new();
    let mut total = 0;
    for finished in watch.finished.iter().take(4 * MAX_FILES) {
        if kept.len() >= MAX_FILES || total >= MAX_BYTES {
            break;
        }
        let bytes = match body(tab, &finished.id).await {
            Ok(bytes) => bytes,
            Err(WireError::Said { .. }) => continue,
            Err(_) => break,
        };
        if bytes.is_empty() || bytes.len() > MAX_FILE_BYTES.min(MAX_BYTES - total) {
            continue;
        }
        total += bytes.len();
        let media_type = media_type(&finished.media_type);
        let mut file = KeptFile::made("", "页面资源", media_type.as_str(), bytes);
        file.path = format!("res/{:03}-{}.{}", kept.len(), &file.sha256.hex()[..8], extension(&media_type));
        (file.url, file.status) = (Some(finished.url.clone()), finished.status);
        kept.push(file);
    }
    kept
}

/// A media type fit for a manifest.
fn media_type(told: &str) -> String {
    let plain = told.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let good = plain.len() <= 80
        && plain.split_once('/').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty())
        && plain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'+' | b'.' | b'_'));
    if good { plain } else { "application/octet-stream".into() }
}

fn extension(media_type: &str) -> &'static str {
    match media_type {
        "text/html" => "html",
        "text/css" => "css",
        "text/javascript" | "application/javascript" | "application/x-javascript" => "js",
        "application/json" => "json",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "image/svg+xml" => "svg",
        "image/x-icon" | "image/vnd.microsoft.icon" => "ico",
        "font/woff" | "font/woff2" | "application/font-woff" => "woff",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_that_is_none_does_not_reach_the_manifest() {
        for bad in ["", "text", "a/b\"c", "text/<b>", "/x", "x/"] {
            assert_eq!(media_type(bad), "application/octet-stream", "{bad}");
        }
        assert_eq!(media_type("Text/HTML; charset=gbk"), "text/html");
    }
}
