//! Text in a picture, by the outside program tesseract with its Simplified Chinese data: few at a time, one thread each, capped in pixels and
//! time. Small letters are enlarged first: below 30 pixels it misreads them. Where it is not installed nobody looked, which the findings say.

use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat};
use std::io::Cursor;
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::Semaphore;

/// Widest picture that is still enlarged to twice its size.
const SMALL: u32 = 1_400;
/// Widest picture that is read; wider ones are made smaller.
const MAX_WIDTH: u32 = 2_800;
/// Tallest part that is read at once, in pixels of the picture as read.
const STRIP: u32 = 3_200;
/// Rows that two strips share, so that no line is cut in both.
const SHARED: u32 = 120;
/// Strips of one picture.
const MAX_STRIPS: u32 = 4;
const LONGEST: Duration = Duration::from_secs(25);
const MAX_TEXT_BYTES: u64 = 32 << 10;
/// Half of the processors: visits go on meanwhile.
static SEATS: LazyLock<Semaphore> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Semaphore::new((cores / 2).clamp(1, 4))
});

/// The text of a picture, lines without blanks between Chinese characters. `None`: it could not be read at all.
pub(super) async fn read(image: DynamicImage) -> Option<String> {
    let _seat = SEATS.acquire().await.ok()?;
    let strips = tokio::task::spawn_blocking(move || strips(&image)).await.ok()?;
    let mut lines: Vec<String> = Vec::new();
    let mut read = false;
    for strip in strips {
        let Some(text) = recognise(&strip).await else { break };
        read = true;
        for line in text.lines() {
            // A line on the shared rows is read twice.
            if !lines.iter().rev().take(6).any(|l| l == line) {
                lines.push(line.to_owned());
            }
        }
    }
    read.then(|| lines.join("\n"))
}

/// The picture in grey, enlarged or made smaller, cut into strips, each as PNG.
fn strips(image: &DynamicImage) -> Vec<Vec<u8>> {
    let gray = image.to_luma8();
    let (width, height) = gray.dimensions();
    let (mut to_width, mut to_height) = (width, height);
    if width <= SMALL {
        (to_width, to_height) = (width * 2, height.saturating_mul(2));
    } else if width > MAX_WIDTH {
        (to_width, to_height) = (MAX_WIDTH, u32::try_from(u64::from(height) * u64::from(MAX_WIDTH) / u64::from(width)).unwrap_or(height));
    }
    let tallest = STRIP * MAX_STRIPS;
    // Only what will be read is enlarged.
    let used = if to_height > tallest {
        u32::try_from(u64::from(height) * u64::from(tallest) / u64::from(to_height)).unwrap_or(height)
    } else {
        height
    };
    let to_height = to_height.clamp(1, tallest);
    let gray = DynamicImage::ImageLuma8(gray).crop_imm(0, 0, width, used.max(1)).resize_exact(to_width, to_height, FilterType::Triangle);
    let mut made = Vec::new();
    let mut top = 0;
    while top < to_height {
        let tall = STRIP.min(to_height - top);
        let mut png = Cursor::new(Vec::new());
        if gray.crop_imm(0, top, to_width, tall).write_to(&mut png, ImageFormat::Png).is_err() {
            break;
        }
        made.push(png.into_inner());
        if top + tall >= to_height {
            break;
        }
        top += STRIP - SHARED;
    }
    made.truncate(MAX_STRIPS as usize);
    made
}

async fn recognise(png: &[u8]) -> Option<String> {
    let mut child = Command::new("tesseract")
        .args(["stdin", "stdout", "-l", "chi_sim", "--psm", "11", "--dpi", "200"])
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
            let _ = stdin.write_all(png).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_stay_between_latin_words_only() {
        assert_eq!(tidy("特 种 作 业\n\n  QQ 12 34 号\n"), "特种作业\nQQ 12 34号");
    }

    #[test]
    fn a_picture_of_any_shape_is_cut_into_few_strips_of_bounded_size() {
        for (width, height) in [(1, 1), (10_000, 20), (300, 10_000), (2_600, 1_500)] {
            let strips = strips(&DynamicImage::new_luma8(width, height));
            assert!((1..=MAX_STRIPS as usize).contains(&strips.len()), "{width}x{height}: {} strips", strips.len());
            for strip in strips {
                let image = image::load_from_memory(&strip).expect("a picture");
                assert!(image.width() <= MAX_WIDTH && image.height() <= STRIP, "{}x{}", image.width(), image.height());
            }
        }
    }
}
