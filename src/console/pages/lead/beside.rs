//! The official page and the suspect side by side, in pictures: beside each other, swiped, blinked, with the blocks that differ boxed.

use crate::console::call::{Call, Refusal, Reply};
use crate::console::inert::{defang, inert, plain};
use crate::console::layout::moment;
use crate::console::pages::lead::{View, official_package};
use crate::console::pictures::{self, Picture};
use crate::console::{Desk, blocks};
use maud::{Markup, html};

/// Of each page the picture that is compared: the whole page where there is one.
fn main_of(pictures: &[Picture]) -> Option<(usize, &Picture)> {
    // Of the main visit: those of other visitors stand in folders of their own.
    let is = |path: &str| pictures.iter().enumerate().find(|(_, p)| p.path == path);
    is("view/full.png").or_else(|| is("view/viewport.png")).or_else(|| pictures.iter().enumerate().next())
}

/// The card with all pictures.
pub(super) fn pictures(v: &View<'_>) -> Markup {
    let Some(package) = &v.package else { return html! {} };
    let all = pictures::of(&v.desk.evidence, &package.path);
    let Some((n, main)) = main_of(&all) else {
        return html! { section.card { h2 { (v.t("截图", "Pictures")) }
        p.aside { (v.t("此证据包没有截图（未用浏览器渲染）；请看下面的文字。", "No picture in this package (not rendered by a browser); see the text below.")) } } };
    };
    let theirs = v.official.as_ref().map(|(p, _)| pictures::of(&v.desk.evidence, &p.path)).unwrap_or_default();
    let src = |n: usize| format!("/leads/{}/picture/{}/{n}", v.lead.id, package.id);
    html! {
        section.card.shots #beside aria-label=(v.t("截图对照", "Pictures compared")) {
            @match main_of(&theirs) {
                Some((m, _)) => {
                    div.line {
                        h2 { (v.t("官方网页与被查网页", "The official page and this one")) }
                        div.modes role="group" aria-label=(v.t("对照方式", "How to compare")) {
                            button type="button" data-mode="side" aria-pressed="true" { (v.t("并排", "Side by side")) }
                            button type="button" data-mode="swipe" aria-pressed="false" { (v.t("滑动", "Swipe")) }
                            button type="button" data-mode="blink" aria-pressed="false" { (v.t("闪烁", "Blink")) }
                            button type="button" data-boxes="1" aria-pressed="false" { (v.t("标出差异", "Box what differs")) }
                        }
                    }
                    (provenance(v))
                    label.swipe { span.sr { (v.t("滑动位置", "Where to cut")) } input #swipe type="range" min="0" max="100" value="50"; }
                    div.pair #pair data-mode="side" tabindex="0" role="group" aria-label=(v.t("官方网页与被查网页", "The official page and this one")) {
                        figure.theirs { figcaption { (v.t("官方网页", "Official")) } div.frame { img src={"/leads/" (v.lead.id) "/picture/official/" (m)} alt=(v.t("官方网页截图", "picture of the official page")); } }
                        figure.ours { figcaption { (v.t("被查网页", "This page")) } div.frame {
                            img src=(src(n)) alt=(v.t("被查网页截图", "picture of the page"));
                            img.boxes hidden data-src={"/leads/" (v.lead.id) "/boxes/" (package.id) "/" (n)} alt=(v.t("与官方网页不同的区域", "blocks that differ from the official page"));
                        } }
                    }
                }
                None => {
                    h2 { (v.t("截图", "Pictures")) }
                    a href=(src(n)) { img.alone src=(src(n)) alt=(v.t("被查网页截图", "picture of the page")); }
                    p.aside { (v.t(
                        "没有官方网页的截图可对照：受保护网站自首条线索起每周访问一次（[capture] official_pages），须装有浏览器。",
                        "There is no picture of the official page to compare: it is looked at weekly from its first lead on ([capture] official_pages), with a browser.",
                    )) }
                }
            }
            @if all.len() > 1 {
                details { summary { (v.t("其他截图", "Other pictures")) " (" (all.len() - 1) ")" }
                    div.strip tabindex="0" role="group" aria-label=(v.t("其他截图", "Other pictures")) { @for (i, picture) in all.iter().enumerate().filter(|(_, p)| p.path != main.path) {
                        figure { a href=(src(i)) { img src=(src(i)) alt={(v.t("截图 ", "picture ")) (plain(&picture.path, 80))} loading="lazy"; } figcaption { (inert(&picture.path, 80)) } }
                    } }
                }
            }
        }
    }
}

/// Where and when the official picture was taken, and whether the connection proved whose it was.
fn provenance(v: &View<'_>) -> Markup {
    let Some((package, stored)) = &v.official else { return html! {} };
    let plain = stored.as_ref().and_then(|s| s.dossier.plain_capture());
    let at = plain.and_then(|c| c.final_url.as_deref()).unwrap_or_default();
    let proof = match plain.and_then(|c| c.hops.last()).map(|h| h.tls.as_ref().map(|t| t.verified.is_ok())) {
        Some(Some(true)) => v.t("TLS 证书已验证", "its TLS certificate verified"),
        Some(Some(false)) => v.t("TLS 证书未通过验证，请核对", "its TLS certificate did not verify: check it"),
        _ => v.t("未经 TLS（http），请核对", "without TLS (http): check it"),
    };
    html! { p.aside #provenance { (v.t("官方网页固定于 ", "official page kept ")) (moment(package.captured_at)) " · " (inert(&defang(at), 120)) " · " (proof) } }
}

/// `GET /leads/{id}/boxes/{package}/{n}`: the blocks of that picture that differ from the official page, boxed on nothing.
pub(in crate::console) fn boxes(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let lead = call.lead(desk)?;
    let package = pictures::package_of(&lead, call)?;
    let n: usize = call.path.get(2).and_then(|n| n.parse().ok()).ok_or(Refusal::NotFound)?;
    let (_, ours) = pictures::bytes(desk, &package.path, n).ok_or(Refusal::NotFound)?;
    let official = official_package(desk, &lead).ok_or(Refusal::NotFound)?;
    let theirs = pictures::of(&desk.evidence, &official.path);
    let (m, _) = main_of(&theirs).ok_or(Refusal::NotFound)?;
    let (_, theirs) = pictures::bytes(desk, &official.path, m).ok_or(Refusal::NotFound)?;
    // Decoding takes tens of megabytes: one at a time.
    let _one = desk.drawing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let drawn = blocks::drawn(&theirs, &ours).ok_or(Refusal::NotFound)?;
    Ok(Reply::File("image/png", None, drawn, false))
}
