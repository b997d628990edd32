//! Do the parts of a package tell one story? The dossier's heads must stand in the WARC, its texts in the views.
//! Catches a package whose manifest was rebuilt around one changed part; a forger who changes all parts alike is not caught by any hash.

use crate::evidence::contents::{one_line, view_folder};
use crate::evidence::warc::{is_http, payload_start};
use crate::evidence::warc_check::{HttpHead, Report};
use crate::model::digest::Sha256;
use crate::model::dossier::Dossier;
use std::path::Path;

/// Every head of the dossier stands in the WARC in this order, and no other.
///
/// # Errors
/// The first difference, in one line.
pub(super) fn heads(dossier: &Dossier, report: &Report) -> Result<(), String> {
    let mut told = Vec::new();
    for hop in dossier.captures.iter().flat_map(|c| &c.hops) {
        for (response, head) in [(false, &hop.request_head), (true, &hop.response_head)] {
            if !head.is_empty() && (!response || is_http(head)) {
                let sha256 = Sha256::of(&head[..payload_start(head)]);
                told.push((hop.n, HttpHead { response, uri: one_line(&hop.url), sha256 }));
            }
        }
    }
    for (i, (n, head)) in told.iter().enumerate() {
        if report.heads.get(i) != Some(head) {
            let kind = if head.response { "response" } else { "request" };
            return Err(format!("the {kind} head of hop {n} in the dossier is not the one in the WARC"));
        }
    }
    if report.heads.len() > told.len() {
        return Err(format!("the WARC holds {} HTTP records, the dossier tells of {}", report.heads.len(), told.len()));
    }
    Ok(())
}

/// `text.txt` and `hidden.txt` of every page are what the dossier says. `bytes` reads a file of the package.
///
/// # Errors
/// The file that differs.
pub(super) fn views(dossier: &Dossier, bytes: impl Fn(&Path) -> Option<Vec<u8>>) -> Result<(), String> {
    for (i, capture) in dossier.captures.iter().enumerate() {
        let Some(page) = &capture.page else { continue };
        let folder = view_folder(dossier, i);
        for (name, text) in [("text.txt", &page.text), ("hidden.txt", &page.hidden_text)] {
            let path = format!("{folder}{name}");
            if bytes(Path::new(&path)).as_deref() != Some(text.as_bytes()) {
                return Err(format!("{path} is not the text in the dossier"));
            }
        }
    }
    Ok(())
}
