//! What one picture of a visit says: its look, the QR codes in it, the text in it. Made by capture, read by assess, kept in the package
//! beside the picture itself, so that a score can be had again without reading any picture anew.

use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Before what was read from a QR code, in the listing and where assess reads it.
pub const CODE: &str = "二维码：";
/// Name of the listing in a view folder.
pub const LISTING: &str = "pictures.txt";

/// One picture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Picture {
    /// Number of the capture that it belongs to, in the dossier's order.
    pub capture: usize,
    /// File of the package that holds it (`view/full.png`, `view/res/003-ab12cd34.jpg`).
    pub path: String,
    /// `screenshot`, `favicon`, or `picture` (one that the page shows).
    pub kind: String,
    /// Pixels across; 0: it was not decoded.
    pub width: u32,
    /// Pixels down; 0: it was not decoded.
    pub height: u32,
    /// How it looks. `None`: it was not decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look: Option<LookHash>,
    /// Texts of the QR codes in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<String>,
    /// Text in it as the recogniser read it, one line a line; may be misread. `None`: not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Why it was not looked at, or not wholly; empty: it was.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub skipped: String,
}

/// Perceptual hashes of one picture: 64 bits over the whole, and over each of 3 x 3 blocks, row by row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookHash {
    /// Over the whole.
    pub whole: Bits,
    /// Over the blocks; nine, or none where a person wrote down the whole only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Bits>,
}

/// 64 bits, as 16 hexadecimal digits in JSON and in rule files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bits(pub u64);

impl TryFrom<String> for Bits {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not 16 hexadecimal digits");
        if text.len() != 16 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        u64::from_str_radix(&text, 16).map(Self).map_err(|_| wrong())
    }
}

impl From<Bits> for String {
    fn from(bits: Bits) -> Self {
        format!("{:016x}", bits.0)
    }
}

impl Picture {
    /// Its text and its codes, one a line. Empty: nothing was read.
    pub fn said(&self) -> String {
        let codes = self.codes.iter().map(|c| format!("{CODE}{c}"));
        self.text.iter().filter(|t| !t.is_empty()).cloned().chain(codes).collect::<Vec<_>>().join("\n")
    }
}

/// What the pictures of capture `n` say, for people: each picture's file, size and look, then its lines.
pub fn listing(pictures: &[Picture], n: usize) -> String {
    let mut text = String::new();
    for picture in pictures.iter().filter(|p| p.capture == n) {
        let look = picture.look.as_ref().map(|l| format!("，感知哈希 {}", String::from(l.whole))).unwrap_or_default();
        let skipped = if picture.skipped.is_empty() { String::new() } else { format!("，{}", picture.skipped) };
        let _ = writeln!(text, "# {}（{}，{}×{}{look}{skipped}）", picture.path, picture.kind, picture.width, picture.height);
        let said = picture.said();
        if !said.is_empty() {
            let _ = writeln!(text, "{said}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_hexadecimal_and_anything_else_is_refused() {
        let look = LookHash { whole: Bits(0xab), blocks: vec![Bits(1)] };
        let json = serde_json::to_string(&look).expect("json");
        assert_eq!(json, r#"{"whole":"00000000000000ab","blocks":["0000000000000001"]}"#);
        assert_eq!(serde_json::from_str::<LookHash>(&json).expect("back"), look);
        for bad in ["", "ab", "00000000000000zz", "+000000000000001", "00000000000000001"] {
            assert!(Bits::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_listing_holds_what_was_read_of_this_visit_only() {
        let picture = |capture, text: &str| Picture {
            capture,
            path: format!("view/{capture}.png"),
            text: Some(text.into()),
            codes: vec!["https://u.example/1".into()],
            ..Picture::default()
        };
        let told = listing(&[picture(0, "甲"), picture(1, "乙")], 1);
        assert!(told.contains("view/1.png") && told.contains("\n乙\n二维码：https://u.example/1\n") && !told.contains('甲'), "{told}");
    }
}
