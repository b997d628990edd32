//! Pictures: what screenshots, icons and the pictures of a page say: how they look (hashes), which QR codes they hold, which text (OCR).
//! Every picture is hostile: its size is read and refused before it is decoded. In: the files that visits kept. Out: facts of the dossier.
//! Runs after the visits, never while a browser's tab is held.

mod fetch;
mod look;
mod ocr;
mod qr;

use crate::model::capture::Capture;
use crate::model::digest::Sha256;
use crate::model::dossier::Dossier;
use crate::model::page::{Contact, Link, Page};
use crate::model::picture::{LookHash, Picture};
use crate::model::rendered::KeptFile;
use image::{DynamicImage, ImageReader, Limits};
use std::collections::HashMap;
use std::io::Cursor;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

pub use fetch::{fetch as fetch_pictures, picture as picture_file};

/// Widest and tallest picture that is decoded, and its pixels.
const MAX_SIDE: u32 = 12_000;
const MAX_PIXELS: u64 = 30_000_000;
/// Memory that decoding one picture may take.
const MAX_ALLOC: u64 = 160 << 20;
/// Visible characters below which pictures may hold what the text does not.
const THIN: usize = 200;
/// Pictures of one visit that are looked at, screenshots besides.
const MAX_PICTURES: usize = 12;
/// Pictures of one visit, and of all visits of one look, whose text is read.
const MAX_READ: usize = 4;
const MAX_READ_OF_LOOK: usize = 12;
/// After this long nothing more is begun: what remains is said to be left out.
const BEGIN_WITHIN: Duration = Duration::from_secs(90);
/// Fewer pixels on a side hold no text worth the time.
const MIN_SIDE: u32 = 60;
const MIN_PIXELS: u64 = 20_000;
/// Fewer characters read from a page's pictures: the screenshot is read, too.
const LITTLE: usize = 40;
/// Pictures whose reading is remembered, so that visitors who are shown the same do not have it read again.
const REMEMBERED: usize = 4_096;
/// The side to which a photo is brought before its text is read.
const PHOTO_SIDE: u32 = 2_000;
/// Text of a link that was read from a QR code.
pub const QR_LINK: &str = "二维码";
/// One picture is decoded at a time: that bounds the memory of all.
static ONE: Semaphore = Semaphore::const_new(1);

/// Reads pictures and remembers what each said.
#[derive(Debug, Default)]
pub struct PictureReader {
    looked: Mutex<HashMap<Sha256, Looked>>,
    texts: Mutex<HashMap<Sha256, Option<String>>>,
}

/// What a picture says without its text.
#[derive(Clone, Debug, Default)]
struct Looked {
    width: u32,
    height: u32,
    look: Option<LookHash>,
    codes: Vec<String>,
    skipped: String,
}

/// A picture decoded within bounds.
///
/// # Errors
/// In one line, why it was not.
fn decode(bytes: &[u8]) -> Result<DynamicImage, String> {
    let reader = || ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| e.to_string());
    let (width, height) = reader()?.into_dimensions().map_err(|_| "not a picture that is read here, or broken".to_owned())?;
    let pixels = u64::from(width) * u64::from(height);
    if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE || pixels > MAX_PIXELS {
        return Err(format!("{width}x{height} is too large to be decoded"));
    }
    let mut reader = reader()?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height, limits.max_alloc) = (Some(MAX_SIDE), Some(MAX_SIDE), Some(MAX_ALLOC));
    reader.limits(limits);
    reader.decode().map_err(|_| "broken, or too large to be decoded".to_owned())
}

impl PictureReader {
    /// Looks at the pictures that the visits of `dossier` kept and puts what they say into its facts; addresses in QR codes become links
    /// of their page. Text is read only where a page has little of its own. Bounded in number, pixels and time.
    pub async fn read(&self, dossier: &mut Dossier) {
        let begun = Instant::now();
        let mut all = Vec::new();
        let mut left = MAX_READ_OF_LOOK;
        for n in 0..dossier.captures.len() {
            let folder = dossier.view_folder(n);
            let Some(capture) = dossier.captures.get(n) else { break };
            let mut pictures = Vec::new();
            let wanted: Vec<&KeptFile> = worth(capture);
            for kept in &wanted {
                let mut picture = self.look(kept, begun).await;
                (picture.capture, picture.path) = (n, format!("{folder}{}", kept.path));
                pictures.push(picture);
            }
            if capture.page.as_ref().is_some_and(is_thin) {
                self.read_texts(&wanted, &mut pictures, &mut left, begun, draws(capture)).await;
            }
            if let Some(page) = &mut dossier.captures[n].page {
                tell_codes(page, &pictures);
            }
            tell_icon(&mut dossier.captures[n]);
            all.extend(pictures);
        }
        dossier.facts.pictures = Some(all);
    }

    async fn look(&self, kept: &KeptFile, begun: Instant) -> Picture {
        let known = self.looked.lock().ok().and_then(|l| l.get(&kept.sha256).cloned());
        let looked = match known {
            Some(looked) => looked,
            None if begun.elapsed() > BEGIN_WITHIN => Looked { skipped: "out of time".into(), ..Looked::default() },
            None => {
                let looked = look_at(kept.body.clone()).await;
                if let Ok(mut all) = self.looked.lock()
                    && all.len() < REMEMBERED
                {
                    all.insert(kept.sha256, looked.clone());
                }
                looked
            }
        };
        let Looked { width, height, look, codes, skipped } = looked;
        Picture { kind: kind(kept).into(), width, height, look, codes, skipped, ..Picture::default() }
    }

    /// The largest pictures of the page first; then the screenshot, where they said little or the page draws.
    async fn read_texts(&self, kept: &[&KeptFile], pictures: &mut [Picture], left: &mut usize, begun: Instant, draws: bool) {
        let area = |p: &Picture| u64::from(p.width) * u64::from(p.height);
        let large = |p: &Picture| p.width.min(p.height) >= MIN_SIDE && area(p) >= MIN_PIXELS;
        let mut order: Vec<usize> = (0..pictures.len()).filter(|n| pictures[*n].kind == "picture" && large(&pictures[*n])).collect();
        order.sort_by_key(|n| std::cmp::Reverse(area(&pictures[*n])));
        for n in order.iter().skip(MAX_READ) {
            pictures[*n].skipped = format!("text not read: not one of the {MAX_READ} largest");
        }
        order.truncate(MAX_READ);
        let whole = kept.iter().position(|k| k.path == "full.png").or_else(|| kept.iter().position(|k| k.path == "viewport.png"));
        for (last, n) in order.into_iter().map(|n| (false, n)).chain(whole.map(|n| (true, n))) {
            let said: usize = pictures.iter().filter_map(|p| p.text.as_ref()).map(|t| t.chars().count()).sum();
            if last && said >= LITTLE && !draws {
                return;
            }
            pictures[n].text = self.text(kept[n], &mut pictures[n].skipped, left, begun).await;
        }
    }

    async fn text(&self, kept: &KeptFile, skipped: &mut String, left: &mut usize, begun: Instant) -> Option<String> {
        if let Some(known) = self.texts.lock().ok().and_then(|t| t.get(&kept.sha256).cloned()) {
            return known;
        }
        if *left == 0 || begun.elapsed() > BEGIN_WITHIN {
            *skipped = "text not read: out of time".into();
            return None;
        }
        *left -= 1;
        let body = kept.body.clone();
        let decoded = {
            let _turn = ONE.acquire().await.ok()?;
            tokio::task::spawn_blocking(move || decode(&body)).await.ok()?.ok()?
        };
        let text = ocr::read(decoded).await;
        if text.is_none() {
            *skipped = "text not read: the recogniser is missing or gave up".into();
        }
        if let Ok(mut all) = self.texts.lock()
            && all.len() < REMEMBERED
        {
            all.insert(kept.sha256, text.clone());
        }
        text
    }
}

/// The text in a photo that a person sent in, lines without blanks between Chinese characters. `None`: nobody could look (no program, no picture).
pub async fn photo_text(bytes: &[u8]) -> Option<String> {
    let photo = decode(bytes).ok()?;
    let photo = if photo.width().max(photo.height()) > PHOTO_SIDE { photo.thumbnail(PHOTO_SIDE, PHOTO_SIDE) } else { photo };
    ocr::read(photo).await
}

async fn look_at(body: Vec<u8>) -> Looked {
    let Ok(_turn) = ONE.acquire().await else { return Looked::default() };
    let work = move || match decode(&body) {
        Ok(image) => Looked {
            width: image.width(),
            height: image.height(),
            look: Some(look::look(&image)),
            codes: qr::read(&image),
            skipped: String::new(),
        },
        Err(skipped) => Looked { skipped, ..Looked::default() },
    };
    let broken = |_| Looked { skipped: "broken".into(), ..Looked::default() };
    tokio::task::spawn_blocking(work).await.unwrap_or_else(broken)
}

/// The files of a visit that are pictures and worth a look: screenshots, icon, then what the page showed.
fn worth(capture: &Capture) -> Vec<&KeptFile> {
    let made = capture.kept.iter().filter(|k| k.path == "full.png" || k.path == "viewport.png");
    let shown = capture.kept.iter().filter(|k| k.path.starts_with("res/") && k.bytes > 100 && is_picture(k));
    made.chain(shown.take(MAX_PICTURES)).collect()
}

fn is_picture(kept: &KeptFile) -> bool {
    (kept.media_type.starts_with("image/") && kept.media_type != "image/svg+xml") || image::guess_format(&kept.body).is_ok()
}

fn kind(kept: &KeptFile) -> &'static str {
    match kept.url.as_deref() {
        Some(url) if is_icon(url) => "favicon",
        None if !kept.path.starts_with("res/") => "screenshot",
        _ => "picture",
    }
}

fn is_icon(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.ends_with(".ico") || path.contains("favicon")
}

fn is_thin(page: &Page) -> bool {
    page.text.chars().filter(|c| !c.is_whitespace()).count() < THIN
}

/// Does the page draw what no picture file holds?
fn draws(capture: &Capture) -> bool {
    capture.page.as_ref().is_some_and(|p| p.html.contains("<canvas") || p.html.contains("<svg"))
}

/// The codes of a page's pictures as notes, links and, where they open a chat, contacts.
fn tell_codes(page: &mut Page, pictures: &[Picture]) {
    for picture in pictures {
        for text in &picture.codes {
            let shown: String = text.chars().take(300).collect();
            let note = format!("QR code in {}: {shown}", picture.path);
            if !page.notes.contains(&note) {
                page.notes.push(note);
            }
            let link = Link { url: text.clone(), text: QR_LINK.into() };
            if link.url.starts_with("http") && !page.links.contains(&link) {
                page.links.push(link);
            }
            let kind = match text.split('/').nth(2).unwrap_or_default() {
                "u.wechat.com" | "work.weixin.qq.com" | "weixin.qq.com" => "wechat",
                "qm.qq.com" | "wpa.qq.com" => "qq",
                _ => continue,
            };
            let contact = Contact { kind: kind.into(), value: shown.clone(), raw: shown };
            if !page.contacts.contains(&contact) {
                page.contacts.push(contact);
            }
        }
    }
}

/// What asset engines call the page's icon.
fn tell_icon(capture: &mut Capture) {
    let icon = capture.kept.iter().find(|k| k.url.as_deref().is_some_and(is_icon) && k.status == Some(200));
    let Some(note) = icon.map(|i| format!("favicon mmh3 {} md5 {}", look::icon_mmh3(&i.body), look::icon_md5(&i.body))) else { return };
    if let Some(page) = capture.page.as_mut().filter(|p| !p.notes.contains(&note)) {
        page.notes.push(note);
    }
}
