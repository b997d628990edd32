//! Text in a picture, by the outside program tesseract with its Simplified Chinese data: one at a time, one thread, capped in pixels and time.
//! Where it is not installed nobody looked, which the findings say.

use crate::capture::pictures::decode;
use image::ImageFormat;
use std::io::Cursor;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::Semaphore;

/// Tallest part of a page that is read, in pixels.
const MAX_HEIGHT: u32 = 2_400;
const LONGEST: Duration = Duration::from_secs(25);
const MAX_TEXT_BYTES: u64 = 64 << 10;
static ONE: Semaphore = Semaphore::const_new(1);

/// The text of a picture, lines without blanks between Chinese characters. `None`: it could not be read at all.
pub(super) async fn read(bytes: &[u8]) -> Option<String> {
    let _turn = ONE.acquire().await.ok()?;
    let image = decode(bytes)?;
    let image = image.crop_imm(0, 0, image.width(), image.height().min(MAX_HEIGHT));
    let mut png = Cursor::new(Vec::new());
    image::DynamicImage::ImageLuma8(image.to_luma8()).write_to(&mut png, ImageFormat::Png).ok()?;
    let mut child = Command::new("tesseract")
        .args(["stdin", "stdout", "-l", "chi_sim", "--psm", "11", "--dpi", "96"])
        .env("OMP_THREAD_LIMIT", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    let (mut stdin, stdout) = (child.stdin.take()?, child.stdout.take()?);
    let work = async {
        let mut text = Vec::new();
        let write = async {
            let _ = stdin.write_all(png.get_ref()).await;
            drop(stdin);
        };
        let mut capped = stdout.take(MAX_TEXT_BYTES);
        let (_, read) = tokio::join!(write, capped.read_to_end(&mut text));
        read.ok()?;
        child.wait().await.ok().filter(|s| s.success())?;
        Some(text)
    };
    let text = tokio::time::timeout(LONGEST, work).await.ok()??;
    Some(tidy(&String::from_utf8_lossy(&text)))
}

fn tidy(text: &str) -> String {
    let lines = text.lines().map(|l| {
        let mut line = String::new();
        for word in l.split_whitespace() {
            let latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            if latin(line.chars().next_back()) && latin(word.chars().next()) {
                line.push(' ');
            }
            line.push_str(word);
        }
        line
    });
    lines.filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n")
}
