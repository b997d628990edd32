//! Look: one address as every configured visitor. Plain HTTP first; the browser where it pays: what is thin, scripted, framed, near a
//! protected name or within reach of review. What the browser saw stands first, as it is what a person saw; the plain visits stay beside it.
//! Pictures are read when all visits are over: no tab, no server waits for that.

use crate::assess::Rules;
use crate::capture::{self, Browser, PictureReader};
use crate::model::assessment::Verdict;
use crate::model::candidate::Candidate;
use crate::model::capture::{Capture, Outcome};
use crate::model::dossier::{Dossier, Facts};
use crate::model::resolution::Resolution;
use crate::net::Net;
use url::Url;

/// Highest score from which a page is within reach of review: a browser may show the rest.
pub(super) const IN_REACH: u8 = 15;

/// All that a look needs.
pub struct Looker<'a> {
    /// `[capture]`.
    pub settings: &'a capture::Settings,
    /// The browser. `None`: none is installed, or the settings want none.
    pub browser: Option<&'a Browser>,
    /// Rules of the first reading.
    pub rules: &'a Rules,
    /// The door.
    pub net: &'a Net,
}

/// How a look begins.
pub(super) struct Start {
    /// The first visitor's plain visit, where it was made already.
    pub(super) first: Option<Capture>,
    /// Where http does not answer, is https tried?
    pub(super) fall_back: bool,
    /// Do all visitors come, whatever the first met?
    pub(super) every: bool,
}

impl Looker<'_> {
    /// Visits `url` and gives all that was seen. `fall_back`: where http does not answer, https is tried. `every`: as every visitor,
    /// whatever the first one met.
    pub async fn look(&self, candidate: Candidate, resolution: Option<Resolution>, url: &Url, fall_back: bool, every: bool) -> Dossier {
        self.look_on(candidate, resolution, url, Start { first: None, fall_back, every }).await
    }
    /// The same, where the first visit may have been made already.
    pub(super) async fn look_on(&self, candidate: Candidate, resolution: Option<Resolution>, url: &Url, start: Start) -> Dossier {
        let captures = self.plain(self.visitors(&candidate), url, start).await;
        let mut dossier = Dossier { candidate, resolution, captures, facts: Facts::default() };
        if let Some(browser) = self.browser {
            let variants = self.to_render(&dossier);
            let rendered = self.render(browser, url, &variants, &dossier).await;
            dossier.captures.splice(0..0, rendered);
        }
        let rendered = dossier.captures.iter().any(|c| c.browser.is_some() && c.page.is_some());
        if !rendered && let Some(shown) = dossier.captures.iter_mut().find(|c| c.outcome == Outcome::Captured && c.page.is_some()) {
            capture::fetch_pictures(shown, self.net).await;
        }
        if dossier.captures.iter().any(|c| !c.kept.is_empty() || c.page.as_ref().is_some_and(|p| p.images.is_empty())) {
            PictureReader::default().read(&mut dossier).await;
        }
        dossier
    }
    /// As whom one comes: a protected site itself is troubled by the first visitor alone.
    fn visitors(&self, candidate: &Candidate) -> &[String] {
        let all = self.settings.variants.as_slice();
        if candidate.is_official() { all.get(..1).unwrap_or_default() } else { all }
    }
    /// As whom the browser should come: nobody, the first visitor, or all.
    fn to_render(&self, dossier: &Dossier) -> Vec<String> {
        let shown = |c: &&Capture| c.outcome == Outcome::Captured && c.page.is_some();
        if dossier.candidate.is_official() {
            return if dossier.captures.iter().any(|c| shown(&c)) { self.visitors(&dossier.candidate).to_vec() } else { Vec::new() };
        }
        let all = &self.settings.variants;
        if self.settings.browser == "always" {
            return if dossier.captures.iter().any(|c| shown(&c)) { all.clone() } else { Vec::new() };
        }
        let first = self.rules.assess(dossier, self.net.now());
        if first.class == Verdict::Official || !dossier.captures.iter().any(|c| shown(&c)) {
            return Vec::new();
        }
        if dossier.candidate.name_hit().is_some() || first.scores.max() >= IN_REACH || differ(&dossier.captures) {
            return all.clone();
        }
        let pays = dossier.captures.iter().filter_map(|c| c.page.as_ref()).any(capture::pays);
        if pays { all.iter().take(1).cloned().collect() } else { Vec::new() }
    }
    /// One address over plain HTTP, as each of these visitors. Others follow only where the first was shown something: a dead or hostile server
    /// is asked once.
    async fn plain(&self, visitors: &[String], url: &Url, start: Start) -> Vec<Capture> {
        let mut captures: Vec<Capture> = start.first.into_iter().collect();
        for variant in visitors {
            if captures.iter().any(|c| c.variant == *variant) {
                continue;
            }
            let Some(net) = self.exit(variant) else { continue };
            let capture = self.told_exit(capture::visit(url, variant, start.fall_back, &net).await);
            let go_on = start.every || matches!(capture.outcome, Outcome::Captured | Outcome::NotHtml { .. });
            captures.push(capture);
            if !go_on {
                break;
            }
        }
        captures
    }
    /// The way out of one variant. `None`: its proxy is none, which the settings were checked for; it never goes out another way.
    fn exit(&self, variant: &str) -> Option<Net> {
        self.settings.exit(variant, self.net).map_err(|e| tracing::error!("{e}")).ok()
    }
    /// From where it came stands in the package.
    fn told_exit(&self, mut capture: Capture) -> Capture {
        if let (Some(proxy), Some(page)) = (self.settings.proxies.get(&capture.variant), &mut capture.page) {
            page.notes.push(format!("this variant came through the proxy {proxy}"));
        }
        capture
    }
    async fn render(&self, browser: &Browser, url: &Url, variants: &[String], dossier: &Dossier) -> Vec<Capture> {
        let mut rendered = Vec::new();
        let url = as_answered(url, &dossier.captures);
        for variant in variants {
            let Some(net) = self.exit(variant) else { continue };
            let seen = browser.visit(&url, variant, &net).await;
            match seen.map(|capture| self.told_exit(capture)) {
                Ok(capture) if capture.page.is_some() || capture.browser.is_some() => rendered.push(capture),
                Ok(_) => {}
                Err(trouble) => {
                    tracing::warn!(%url, "not rendered: {trouble}");
                    break;
                }
            }
        }
        // A rendered visit that shows nothing must not hide the plain one that does.
        rendered.sort_by_key(|c| c.page.is_none());
        rendered
    }
}

/// The address with the scheme that answered.
fn as_answered(url: &Url, captures: &[Capture]) -> Url {
    let mut url = url.clone();
    let https = captures.first().and_then(|c| c.hops.get(1)).is_some_and(|h| h.url.starts_with("https://") && h.n == 1);
    let http_failed = captures.first().and_then(|c| c.hops.first()).is_some_and(|h| h.status.is_none());
    if https && http_failed {
        let _ = url.set_scheme("https");
    }
    url
}

/// Are visitors shown different things: another place, or another text?
fn differ(captures: &[Capture]) -> bool {
    let told = |c: &Capture| (c.final_url.clone(), c.page.as_ref().map(|p| p.text.chars().filter(|c| !c.is_whitespace()).count() / 50));
    captures.windows(2).any(|pair| told(&pair[0]) != told(&pair[1]))
}
