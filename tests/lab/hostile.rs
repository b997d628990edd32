//! Servers that mean harm: raw TCP ones with an address of their own (`raw`), and bad answers of ordinary ones (`special`).
//! Each one stops by itself after a while, so that a forgotten visitor cannot hold the lab.

use super::World;
use super::web::{Answer, Request, note, read_head};
use flate2::{Compress, Compression, FlushCompress};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LONGEST: Duration = Duration::from_secs(600);
const OK_HTML: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n";
const BOMB_BYTES: u64 = 10 << 30;
const BLOCK: usize = 1 << 20;

/// Plays the raw server `which` on one connection.
pub(crate) async fn raw(which: &str, mut stream: TcpStream, last: u8, world: &World) {
    let _ = tokio::time::timeout(LONGEST, async {
        if which == "close_at_once" {
            return Ok(());
        }
        if which == "never_answers" {
            return hold(&mut stream, last, world).await;
        }
        let mut buffer = Vec::new();
        let Some(request) = read_head(&mut stream, &mut buffer).await else { return Ok(()) };
        note(&request, last, false, world);
        play(which, &mut stream).await?;
        stream.shutdown().await
    })
    .await;
}

async fn play(which: &str, stream: &mut TcpStream) -> std::io::Result<()> {
    match which {
        "endless_body" => endless(stream, b"", b"<p>\xe8\xaf\xb7\xe7\xa8\x8d\xe5\x80\x99</p>\n").await,
        "endless_chunks" => endless(stream, b"Transfer-Encoding: chunked\r\n", b"5\r\n<br>\n\r\n").await,
        "gzip_bomb" => gzip_bomb(stream).await,
        "slow_body" => {
            stream.write_all(OK_HTML).await?;
            drip(stream, b"Content-Length: 100000\r\n\r\n", b"<html><body>").await
        }
        "slow_head" => drip(stream, b"", b"HTTP/1.1 200 OK\r\nX-Wait: ").await,
        "header_flood" => header_flood(stream).await,
        "endless_header_line" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nX-Long: ").await?;
            repeat(stream, &[b'a'; 8192]).await
        }
        "garbage" => stream.write_all(&noise(4096)).await,
        "short_body" => {
            stream.write_all(OK_HTML).await?;
            stream.write_all(b"Content-Length: 50000\r\n\r\n<html><title>cut</title><body>this is all").await
        }
        "bad_chunk_size" => {
            stream.write_all(OK_HTML).await?;
            stream.write_all(b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n<html>\r\n").await
        }
        "broken_gzip" => {
            stream.write_all(OK_HTML).await?;
            stream.write_all(b"Content-Encoding: gzip\r\nContent-Length: 64\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03").await?;
            stream.write_all(&noise(54)).await
        }
        "endless_continue" => repeat(stream, b"HTTP/1.1 100 Continue\r\n\r\n").await,
        "two_lengths" => {
            stream.write_all(OK_HTML).await?;
            stream.write_all(b"Content-Length: 5\r\nContent-Length: 50\r\n\r\n<html><body>which length?</body></html>").await
        }
        other => stream.write_all(format!("HTTP/1.1 500 No Such Raw Server {other}\r\n\r\n").as_bytes()).await,
    }
}

async fn hold(stream: &mut TcpStream, last: u8, world: &World) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    if let Some(request) = read_head(stream, &mut buffer).await {
        note(&request, last, false, world);
    }
    let mut sink = [0_u8; 1024];
    while stream.read(&mut sink).await? > 0 {}
    Ok(())
}

async fn endless(stream: &mut TcpStream, framing: &[u8], part: &[u8]) -> std::io::Result<()> {
    stream.write_all(OK_HTML).await?;
    stream.write_all(framing).await?;
    stream.write_all(b"\r\n").await?;
    let many: Vec<u8> = part.iter().copied().cycle().take(part.len() * 512).collect();
    repeat(stream, &many).await
}

async fn repeat(stream: &mut TcpStream, part: &[u8]) -> std::io::Result<()> {
    loop {
        stream.write_all(part).await?;
        tokio::task::yield_now().await;
    }
}

async fn drip(stream: &mut TcpStream, first: &[u8], text: &[u8]) -> std::io::Result<()> {
    stream.write_all(first).await?;
    for byte in text.iter().chain(std::iter::repeat(&b'.')) {
        stream.write_all(std::slice::from_ref(byte)).await?;
        stream.flush().await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

async fn header_flood(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
    for n in 0_u64.. {
        stream.write_all(format!("X-Flood-{n}: {}\r\n", "v".repeat(200)).as_bytes()).await?;
    }
    Ok(())
}

/// Ten GiB of spaces in about ten MiB: one compressed block, flushed to a byte boundary with an empty window, sent again and again.
async fn gzip_bomb(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(OK_HTML).await?;
    stream.write_all(b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03").await?;
    let block = bomb_block();
    for _ in 0..BOMB_BYTES / BLOCK as u64 {
        stream.write_all(&block).await?;
    }
    stream.write_all(&[0x03, 0x00, 0, 0, 0, 0, 0, 0, 0, 0]).await
}

fn bomb_block() -> Vec<u8> {
    let mut deflate = Compress::new(Compression::best(), false);
    let mut out = Vec::with_capacity(64 << 10);
    deflate.compress_vec(&vec![b' '; BLOCK], &mut out, FlushCompress::Full).expect("memory to memory");
    out
}

/// A bad answer of an ordinary server.
pub(crate) fn special(which: &str, request: &Request) -> Answer {
    match which {
        "chain" => chain(request),
        "nested" => nested(),
        "lying_charset" => lying_charset(),
        "many_links" => many_links(),
        "long_attribute" => Answer::page(200, format!("<html><title>x</title><body data-x=\"{}\">end</body></html>", "属".repeat(700_000))),
        "picture" => typed("image/png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89"),
        "empty" => Answer::page(200, ""),
        "download" => typed("application/octet-stream", &noise(2048)),
        other => Answer::page(500, format!("no special answer {other}")),
    }
}

fn typed(kind: &str, body: &[u8]) -> Answer {
    Answer { status: 200, headers: vec![("Content-Type".into(), kind.into())], body: body.to_vec(), ..Answer::default() }
}

/// Thirty thousand redirects, never the same URL twice.
fn chain(request: &Request) -> Answer {
    let n: u32 = request.target.rsplit('/').next().and_then(|t| t.parse().ok()).unwrap_or(0);
    if n >= 30_000 {
        return Answer::page(200, "<title>the end</title>");
    }
    let location = format!("http://{}/step/{}", request.host, n + 1);
    Answer { status: 302, headers: vec![("Location".into(), location)], ..Answer::default() }
}

fn nested() -> Answer {
    const DEEP: usize = 200_000;
    Answer::page(200, format!("<html><title>深</title><body>{}证书查询{}</body></html>", "<div>".repeat(DEEP), "</div>".repeat(DEEP)))
}

fn many_links() -> Answer {
    let links: String = (0..60_000).map(|n| format!("<a href=/p/{n}.html>第{n}条</a><input name=f{n}>")).collect();
    Answer::page(200, format!("<html><title>链接</title><body><form>{links}</form></body></html>"))
}

fn lying_charset() -> Answer {
    let mut body = b"<html><head><meta charset=\"big5\"><title>".to_vec();
    body.extend(noise(60_000).into_iter().map(|b| if b == b'<' || b == b'>' { b'.' } else { b }));
    Answer { status: 200, headers: vec![("Content-Type".into(), "text/html; charset=x-no-such-\u{1}".into())], body, ..Answer::default() }
}

/// The same bytes each time: xorshift from a fixed seed.
fn noise(n: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
    .take(n)
    .collect()
}
