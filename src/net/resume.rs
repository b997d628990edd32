//! A download that goes on where the last one broke off (RFC 9110, 14.1 and 13.1.5). In: a request and a path. Out: the whole file at the path.
//! Beside the path lie `.part` and what the server said of its state; parts of two states are never joined.

use crate::net::fetch::{Terms, Time, disk, follow, headers_of, part_of};
use crate::net::{FetchError, FetchRequest, FetchedFile, Inner};
use reqwest::Response;
use std::path::{Path, PathBuf};
use tokio::io::AsyncWriteExt;

/// One request into a file, on from what is there.
pub(crate) async fn fetch(
    door: &Inner,
    terms: Terms<'_>,
    request: &FetchRequest,
    path: &Path,
    cap: u64,
) -> Result<FetchedFile, FetchError> {
    let (part, mark) = (part_of(path), mark_of(path));
    let have = tokio::fs::metadata(&part).await.map_or(0, |m| m.len());
    let state = tokio::fs::read_to_string(&mark).await.ok().filter(|s| have > 0 && !s.is_empty());
    let mut asked = request.clone();
    if let Some(state) = &state {
        asked.headers.push(("range".into(), format!("bytes={have}-")));
        asked.headers.push(("if-range".into(), state.clone()));
    }
    // The packed bytes are what is counted and joined.
    asked.headers.push(("accept-encoding".into(), "identity".into()));
    let idle_ms = door.settings.timeout_ms;
    let (final_url, response) = follow(door, terms, &asked, &mut Time::new(idle_ms)).await?;
    let (status, headers) = (response.status().as_u16(), headers_of(&response));
    let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let begin = match status {
        206 if header("content-range").is_some_and(|r| r.starts_with(&format!("bytes {have}-"))) => have,
        200 => 0,
        416 | 206 => {
            forget(&part, &mark).await;
            return Err(FetchError::Failed {
                why: "what was there of the file does not fit any more; it is fetched anew next time".into(),
            });
        }
        _ => return Ok(FetchedFile { final_url, status, headers, bytes: 0 }),
    };
    if begin == 0 {
        // A weak tag does not say that the bytes are the same.
        let state = header("etag").filter(|e| !e.starts_with("W/")).or_else(|| header("last-modified")).unwrap_or_default();
        tokio::fs::write(&mark, state).await.map_err(|e| disk(&mark, &e))?;
    }
    let length = header("content-length").and_then(|l| l.parse::<u64>().ok());
    let bytes = body(door, response, &part, begin, cap).await?;
    if length.is_some_and(|l| begin + l != bytes) {
        return Err(FetchError::Failed { why: format!("the download broke off at {bytes} bytes; it goes on from there next time") });
    }
    tokio::fs::rename(&part, path).await.map_err(|e| disk(path, &e))?;
    let _ = tokio::fs::remove_file(&mark).await;
    Ok(FetchedFile { final_url, status: 200, headers, bytes })
}

async fn body(door: &Inner, mut response: Response, part: &Path, begin: u64, cap: u64) -> Result<u64, FetchError> {
    let mut open = tokio::fs::OpenOptions::new();
    let open = if begin > 0 { open.append(true) } else { open.write(true).create(true).truncate(true) };
    let mut file = open.open(part).await.map_err(|e| disk(part, &e))?;
    let mut time = Time::earned(door.settings.timeout_ms);
    let mut bytes = begin;
    let done = loop {
        match time.spend(response.chunk()).await {
            Ok(None) => break Ok(bytes),
            Ok(Some(chunk)) => {
                time.earn(chunk.len());
                bytes += chunk.len() as u64;
                if bytes > cap {
                    break Err(FetchError::TooLarge { limit_bytes: cap });
                }
                file.write_all(&chunk).await.map_err(|e| disk(part, &e))?;
            }
            Err(e) => break Err(e),
        }
    };
    file.sync_all().await.map_err(|e| disk(part, &e))?;
    done
}

async fn forget(part: &Path, mark: &Path) {
    // What cannot be removed is overwritten by the next whole download.
    let _ = tokio::fs::remove_file(part).await;
    let _ = tokio::fs::remove_file(mark).await;
}

fn mark_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".state");
    path.with_file_name(name)
}
