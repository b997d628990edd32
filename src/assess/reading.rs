//! One page as the signals read it: every text part raw and folded, with a way back from a folded match to what stood on the page.
//! Made once for each assessment, then only read.

use crate::assess::mend::Mender;
use crate::assess::official::{Official, host_of};
use crate::assess::unmask::revealed;
use crate::model::assessment::Span;
use crate::model::capture::{Capture, Outcome};
use crate::model::dossier::Dossier;
use crate::model::host::Host;
use crate::model::page::Page;
use crate::model::picture::Picture;
use crate::model::text::fold::{Folded, fold};

/// Longest text of a span, in characters.
const SPAN_CHARS: usize = 200;

/// One part of a page: its name in findings, raw text, folded text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) raw: String,
    pub(crate) folded: Folded,
    starts: Vec<u32>,
}

impl Part {
    /// Folds `raw`.
    pub(crate) fn new(name: impl Into<String>, raw: impl Into<String>) -> Self {
        let raw = raw.into();
        let folded = fold(&raw);
        let starts = folded.text.char_indices().map(|(at, _)| u32::try_from(at).unwrap_or(u32::MAX)).collect();
        Self { name: name.into(), raw, folded, starts }
    }
    /// The same with misread phrases put right.
    fn mended(self, mender: &Mender) -> Self {
        let folded = mender.mend(&self.folded);
        let starts = folded.text.char_indices().map(|(at, _)| u32::try_from(at).unwrap_or(u32::MAX)).collect();
        Self { folded, starts, ..self }
    }
    /// The folded text.
    pub(crate) fn text(&self) -> &str {
        &self.folded.text
    }
    /// Folded characters.
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }
    /// Number of the folded character that starts at or before byte `at` of the folded text.
    pub(crate) fn char_at(&self, at: usize) -> usize {
        self.starts.partition_point(|start| (*start as usize) < at)
    }
    /// Byte of the folded text where character `n` starts (its end for one past the last).
    pub(crate) fn byte_of(&self, n: usize) -> usize {
        self.starts.get(n).map_or(self.folded.text.len(), |s| *s as usize)
    }
    /// Byte range of the raw text behind the folded characters `from..to`. Empty at 0 where there is none.
    pub(crate) fn raw_range(&self, from: usize, to: usize) -> std::ops::Range<usize> {
        let origin = &self.folded.origin;
        let (Some(first), Some(last)) =
            (origin.get(from), to.checked_sub(1).and_then(|n| origin.get(n.min(origin.len().saturating_sub(1)))))
        else {
            return 0..0;
        };
        let (start, end) = (first.0 as usize, (last.1 as usize).min(self.raw.len()));
        if start <= end && self.raw.is_char_boundary(start) && self.raw.is_char_boundary(end) { start..end } else { 0..0 }
    }
    /// The folded byte of raw byte `at`: the first folded character that came from there or later.
    pub(crate) fn folded_char_of_raw(&self, at: usize) -> usize {
        self.folded.origin.partition_point(|(start, _)| (*start as usize) < at)
    }
    /// The span of the folded characters `from..to`.
    pub(crate) fn span(&self, from: usize, to: usize) -> Span {
        let range = self.raw_range(from, to);
        Span {
            raw: cut(&self.raw[range.clone()]),
            normalised: cut(&self.folded.text[self.byte_of(from)..self.byte_of(to.max(from))]),
            part: self.name.clone(),
            offset: Some(self.raw[..range.start].chars().count() as u64),
            place: String::new(),
        }
    }
    /// The span of the folded bytes `range`.
    pub(crate) fn span_bytes(&self, range: std::ops::Range<usize>) -> Span {
        self.span(self.char_at(range.start), self.char_at(range.end))
    }
    /// The whole part as a span.
    pub(crate) fn whole(&self) -> Span {
        self.span(0, self.len())
    }
}

/// Cut to the length that a span may have.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(SPAN_CHARS).collect()
}

/// A span over text that is not folded (a host, a class name, a header).
pub(crate) fn plain_span(part: impl Into<String>, raw: &str) -> Span {
    Span { raw: cut(raw), normalised: cut(&raw.to_lowercase()), part: part.into(), offset: None, place: String::new() }
}

/// The page behind a dossier and all that signals ask of it.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) dossier: &'a Dossier,
    pub(crate) capture: &'a Capture,
    pub(crate) page: &'a Page,
    /// Host that served the page.
    pub(crate) host: Host,
    /// Address that served the page.
    pub(crate) url: String,
    pub(crate) title: Part,
    pub(crate) text: Part,
    pub(crate) meta: Part,
    pub(crate) hidden: Part,
    /// Labels, placeholders, first options and buttons of all forms, one a line.
    pub(crate) labels: Part,
    /// Alt texts, one a line.
    pub(crate) alts: Part,
    /// Text that only scripts or style sheets show, decoded.
    pub(crate) revealed: Part,
    /// What was read from the visit's pictures, misread phrases mended; empty where nobody looked.
    pub(crate) seen: Part,
    /// Lines of [`Self::lines`] that come from pictures: so many at its end.
    pub(crate) seen_lines: usize,
    /// Non-empty lines of the visible text, in order; then the revealed ones; then those read from pictures.
    pub(crate) lines: Vec<Part>,
}

/// Name of the part that was read from pictures.
pub(crate) const PICTURE: &str = "picture";

/// Lines looked at one by one; a page with more is read as a whole all the same.
const MAX_LINES: usize = 20_000;

/// Pages of one dossier that are read: variants and paths of one host.
const MAX_PAGES: usize = 8;

impl<'a> Reading<'a> {
    /// Reads the captured pages that no official host served, in order, at most [`MAX_PAGES`].
    pub(crate) fn all(dossier: &'a Dossier, official: &Official, mender: &Mender) -> Vec<Self> {
        let own = pages(dossier).filter(|c| !official.owns_url(served_from(c)));
        own.take(MAX_PAGES).filter_map(|capture| Self::of_capture(dossier, capture, mender)).collect()
    }
    fn of_capture(dossier: &'a Dossier, capture: &'a Capture, mender: &Mender) -> Option<Self> {
        let page = capture.page.as_ref()?;
        let url = served_from(capture).to_owned();
        let host = host_of(&url).unwrap_or_else(|| dossier.candidate.host.clone());
        let labels: Vec<&str> = page
            .forms
            .iter()
            .flat_map(|form| {
                let fields = form.fields.iter().flat_map(|f| [f.label.as_str(), f.placeholder.as_str(), f.first_option.as_str()]);
                fields.chain(form.buttons.iter().map(String::as_str))
            })
            .filter(|t| !t.is_empty())
            .collect();
        let revealed = revealed(&page.html, &page.text);
        let alts: Vec<&str> = page.images.iter().map(|i| i.alt.as_str()).filter(|t| !t.is_empty()).collect();
        let seen = seen_in(dossier, capture);
        let seen_lines: Vec<Part> =
            seen.lines().take(MAX_LINES).map(|l| Part::new(PICTURE, l).mended(mender)).filter(|l| l.len() > 0).collect();
        Some(Self {
            title: Part::new("title", page.title.as_str()),
            text: Part::new("text", page.text.as_str()),
            meta: Part::new("meta", page.meta_text.as_str()),
            hidden: Part::new("hidden", page.hidden_text.as_str()),
            labels: Part::new("form", labels.join("\n")),
            alts: Part::new("image.alt", alts.join("\n")),
            lines: page
                .text
                .lines()
                .take(MAX_LINES)
                .map(|l| ("text", l))
                .chain(revealed.lines().map(|l| ("html", l)))
                .filter(|(_, l)| !l.trim().is_empty())
                .map(|(name, l)| Part::new(name, l))
                .filter(|l| l.len() > 0)
                .chain(seen_lines.iter().cloned())
                .collect(),
            seen_lines: seen_lines.len(),
            revealed: Part::new("html", revealed),
            seen: Part::new(PICTURE, seen).mended(mender),
            dossier,
            capture,
            page,
            host,
            url,
        })
    }
    /// The lines that were read from pictures.
    pub(crate) fn picture_lines(&self) -> &[Part] {
        &self.lines[self.lines.len() - self.seen_lines..]
    }
    /// The file of the package that shows a part.
    pub(crate) fn evidence(part: &str) -> &'static str {
        match part {
            "text" | "hidden" => "view/text.txt",
            PICTURE => "view/pictures.txt",
            "html" | "comment" | "mark" | "meta" | "script" => "view/page.html",
            "host" | "dns" => "net/dns.json",
            "header" | "cookie" | "url" | "redirect" => "net/hops.json",
            _ => "view/page.json",
        }
    }
    /// The protected host where it is written out in the text or in a picture.
    pub(crate) fn names_host(&self, site: &str) -> Option<&str> {
        let written =
            |part: &Part| part.raw.match_indices(site).find(|(at, host)| stands_alone(&part.raw, *at, host.len())).map(|(at, _)| at);
        written(&self.text)
            .map(|at| &self.text.raw[at..at + site.len()])
            .or_else(|| written(&self.seen).map(|at| &self.seen.raw[at..at + site.len()]))
    }
}

/// What the pictures of this visit say; in packages from before pictures were told apart, what all visits' say.
fn seen_in(dossier: &Dossier, capture: &Capture) -> String {
    let Some(pictures) = &dossier.facts.pictures else { return dossier.facts.seen_text.clone().unwrap_or_default() };
    let n = dossier.captures.iter().position(|c| std::ptr::eq(c, capture));
    let said = pictures.iter().filter(|p| Some(p.capture) == n).map(Picture::said);
    said.filter(|s| !s.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Is the host at `at` a whole host: no label before or after it?
fn stands_alone(text: &str, at: usize, len: usize) -> bool {
    let part_of_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let before = text[..at].chars().next_back().is_some_and(|c| part_of_name(c) || c == '.');
    let mut after = text[at + len..].chars();
    let first = after.next();
    let longer = first.is_some_and(part_of_name) || (first == Some('.') && after.next().is_some_and(part_of_name));
    !before && !longer
}

/// Captured visits that have a page.
pub(crate) fn pages(dossier: &Dossier) -> impl Iterator<Item = &Capture> {
    dossier.captures.iter().filter(|c| c.outcome == Outcome::Captured && c.page.is_some())
}

/// The address that served a capture's page.
pub(crate) fn served_from(capture: &Capture) -> &str {
    capture.final_url.as_deref().unwrap_or(&capture.requested_url)
}
