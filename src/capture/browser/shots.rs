//! Shots: the pictures of a page, bounded: first window, whole page up to a height, and as a phone shows it.

use crate::capture::browser::page::Tab;
use crate::capture::browser::tell::Told;
use crate::capture::variant::Visitor;
use crate::model::rendered::KeptFile;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Tallest and widest picture of a page, in pixels.
const MAX_HEIGHT: u32 = 10_000;
const MAX_WIDTH: u32 = 2_560;
/// Largest picture file that is kept.
const MAX_PICTURE_BYTES: usize = 24 << 20;

/// All pictures of the page in this tab. What cannot be taken is left out.
pub(super) async fn shots(tab: &Tab<'_>, visitor: &Visitor, main: Option<&Told>) -> Vec<KeptFile> {
    let mut kept = Vec::new();
    let mut keep = |path: &str, role: &str, picture: Option<Vec<u8>>| {
        kept.extend(picture.map(|bytes| KeptFile::made(path, role, "image/png", bytes)));
    };
    keep("viewport.png", "首屏截图", shot(tab, json!({})).await);
    if let Some(main) = main {
        let (width, height) = (main.width.clamp(visitor.width, MAX_WIDTH), main.height.clamp(visitor.height, MAX_HEIGHT));
        let clip = json!({"x": 0, "y": 0, "width": width, "height": height, "scale": 1});
        keep("full.png", "整页截图", shot(tab, json!({"captureBeyondViewport": true, "clip": clip})).await);
    }
    if !visitor.mobile {
        let phone = Visitor::of("wechat");
        let dressed = tab.call("Emulation.setDeviceMetricsOverride", phone.metrics()).await;
        if dressed.is_ok() {
            keep("mobile.png", "手机宽度截图", shot(tab, json!({})).await);
            let _ = tab.call("Emulation.setDeviceMetricsOverride", visitor.metrics()).await;
        }
    }
    kept
}

async fn shot(tab: &Tab<'_>, mut how: Value) -> Option<Vec<u8>> {
    how["format"] = "png".into();
    how["optimizeForSpeed"] = true.into();
    let answer = tab.call("Page.captureScreenshot", how).await.ok()?;
    let bytes = STANDARD.decode(answer["data"].as_str()?).ok()?;
    (bytes.len() <= MAX_PICTURE_BYTES).then_some(bytes)
}
