//! A dossier: all that assess may read of one candidate.

use super::attribution::Attribution;
use super::candidate::{Candidate, Reason};
use super::capture::Capture;
use super::picture::Picture;
use super::resolution::Resolution;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Candidate, resolution, captures and facts together. Assess is a pure function of this and the rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dossier {
    /// Why we came.
    pub candidate: Candidate,
    /// DNS facts. `None`: an IP literal, or not looked up.
    pub resolution: Option<Resolution>,
    /// Visits, the desktop one first.
    pub captures: Vec<Capture>,
    /// What other rooms found out besides the pages. Every part is `None` until somebody looks.
    #[serde(default)]
    pub facts: Facts,
}

/// Facts that no page tells. `None` everywhere means "not looked at", which is said in the findings; an empty list means "looked, nothing there".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// When the registrar says that the domain was created.
    pub registered: Option<Timestamp>,
    /// Where it is hosted, in words of the address registry (`US`, `CN`), upper case.
    pub hosted_in: Option<String>,
    /// Hosts to which the filing (ICP, 公安) and seal numbers on the page belong, as the registers say.
    pub filings: Option<Vec<Filing>>,
    /// What the pictures of the visits say: how they look, their QR codes, their text. Made at capture and kept; never read anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pictures: Option<Vec<Picture>>,
    /// Perceptual hashes of favicon and screenshots, in packages from before [`Facts::pictures`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looks: Option<Vec<Look>>,
    /// Text read from screenshots, in packages from before [`Facts::pictures`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_text: Option<String>,
    /// What it shares with confirmed fakes and sellers.
    pub ties: Option<Vec<Tie>>,
    /// Registration, hosting and filings with their raw answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<Box<Attribution>>,
}

/// An identifier and the domain that the register gives for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filing {
    /// Kind and value as in `Page::identifiers` (`icp`, `police`, `site_code`, `conac`).
    pub kind: String,
    /// Normalised value.
    pub value: String,
    /// Registrable domain of its owner, lower case.
    pub domain: String,
    /// The owner's name as the register has it.
    pub owner: String,
}

/// A 64-bit perceptual hash of one picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// `favicon` or `screenshot`.
    pub kind: String,
    /// The hash.
    pub hash: u64,
}

/// Something shared with a confirmed lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tie {
    /// `kit`, `script`, `tracker`, `contact`, `certificate`.
    pub kind: String,
    /// The shared value (a hash, an id, a number).
    pub value: String,
    /// Host of the confirmed lead.
    pub host: String,
    /// Is that lead a seller (else a fake query site)?
    pub seller: bool,
}

impl Dossier {
    /// Was it made by `check`, which looks without opening a lead? Whatever a source brought is not.
    pub fn is_only_checked(&self) -> bool {
        self.candidate.reasons.contains(&Reason::Check)
    }
    /// The first capture that has a page, else the first one.
    pub fn main_capture(&self) -> Option<&Capture> {
        self.captures.iter().find(|c| c.page.is_some()).or_else(|| self.captures.first())
    }
    /// The visit over plain HTTP whose connections are kept to the byte: the first of them that has a page, else the main capture.
    pub fn plain_capture(&self) -> Option<&Capture> {
        self.captures.iter().find(|c| c.browser.is_none() && c.page.is_some()).or_else(|| self.main_capture())
    }
    /// Folder of the package that holds the views of capture `i`: `view/` for the main one, else a folder of its own below it.
    pub fn view_folder(&self, i: usize) -> String {
        let main = self.main_capture().map(std::ptr::from_ref);
        match self.captures.get(i) {
            Some(capture) if main != Some(std::ptr::from_ref(capture)) => {
                let word: String = capture.variant.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(32).collect();
                format!("view/{i}-{word}/")
            }
            _ => "view/".into(),
        }
    }
}
