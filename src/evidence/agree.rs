//! Do the parts of a package tell one story? The dossier's heads must stand in the WARC, its texts in the views.
//! Catches a package whose manifest was rebuilt around one changed part; a forger who changes all parts alike is not caught by any hash.

use crate::evidence::contents::{one_line, seen, view_folder};
use crate::evidence::warc::{is_http, payload_start};
use crate::evidence::warc_check::{HttpHead, Report};
use crate::model::digest::Sha256;
use crate::model::dossier::Dossier;
use crate::model::lang::Both;
use crate::model::picture;
use std::path::Path;

/// Every head of the dossier stands in the WARC in this order, and no other.
///
/// # Errors
/// The first difference, in one line.
pub(super) fn heads(dossier: &Dossier, report: &Report) -> Result<(), Both> {
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
            let (zh, en) = if head.response { ("响应", "response") } else { ("请求", "request") };
            return Err(Both::new(
                format!("卷宗中第 {n} 跳的{zh}头与 WARC 中的不同"),
                format!("the {en} head of hop {n} in the dossier is not the one in the WARC"),
            ));
        }
    }
    if report.heads.len() > told.len() {
        let (has, tells) = (report.heads.len(), told.len());
        return Err(Both::new(
            format!("WARC 有 {has} 条 HTTP 记录，卷宗只记 {tells} 条"),
            format!("the WARC holds {has} HTTP records, the dossier tells of {tells}"),
        ));
    }
    Ok(())
}

/// `text.txt`, `hidden.txt` and `pictures.txt` of every page are what the dossier says. `bytes` reads a file of the package.
///
/// # Errors
/// The file that differs.
pub(super) fn views(dossier: &Dossier, bytes: impl Fn(&Path) -> Option<Vec<u8>>) -> Result<(), Both> {
    for (i, capture) in dossier.captures.iter().enumerate() {
        let Some(page) = &capture.page else { continue };
        let folder = view_folder(dossier, i);
        let seen = seen(dossier, i);
        let views = [("text.txt", Some(&page.text)), ("hidden.txt", Some(&page.hidden_text)), (picture::LISTING, seen.as_ref())];
        for (name, text) in views.into_iter().filter_map(|(name, text)| Some((name, text?))) {
            let path = format!("{folder}{name}");
            if bytes(Path::new(&path)).as_deref() != Some(text.as_bytes()) {
                return Err(Both::new(format!("{path} 与卷宗中的文字不同"), format!("{path} is not the text in the dossier")));
            }
        }
    }
    Ok(())
}
