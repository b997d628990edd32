//! A dossier: all that assess may read of one candidate.

use super::candidate::{Candidate, Reason};
use super::capture::Capture;
use super::resolution::Resolution;
use serde::{Deserialize, Serialize};

/// Candidate, resolution and captures together. Assess is a pure function of this and the rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dossier {
    /// Why we came.
    pub candidate: Candidate,
    /// DNS facts. `None`: an IP literal, or not looked up.
    pub resolution: Option<Resolution>,
    /// Visits, the desktop one first.
    pub captures: Vec<Capture>,
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
