//! One part of a page as a sales pitch: its offers that are meant, and its ways to be reached, with their places.
//! The press and the police use the sellers' words, so every offer is asked whether it is only spoken of.

use crate::assess::lexicon::{Group, Hit};
use crate::assess::reading::Part;
use crate::assess::signals::View;
use regex::Regex;
use std::sync::LazyLock;

/// Ways to be reached in folded text: a mobile number (masked ones too), a labelled account, digits with words between them.
static CONTACT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"1\d{10}",
        r"|(?:微信号?|微|vx|wx|weixin|v信|薇|威信|qq|扣扣|企鹅|电话|手机|加v|加薇|飞机|telegram|whatsapp|同号)(?:号码|号|同步|同号|咨询|联系|加|是|为|微信|qq|电话)?[a-z]{0,8}[0-9][a-z0-9]{2,19}",
        r"|(?:加?微信号?|vx|wx|weixin|加v|加薇)(?:号|加|是|为)?[a-z][a-z0-9]{5,19}",
        r"|[a-z0-9]{5,20}(?:微信|同微|微同|同号|扣扣)",
        r"|\d(?:[零一二三四五六七八九幺电微信薇威扣号同步加联系手机话q]{0,2}\d){7,19}",
    ))
    .expect("a constant pattern")
});

/// Places of one part that matter to a seller, in folded characters.
pub(crate) struct Pitch<'p> {
    pub(crate) part: &'p Part,
    pub(crate) hits: Vec<Hit>,
    pub(crate) strong: Vec<Hit>,
    pub(crate) agent: Vec<Hit>,
    pub(crate) weak: Vec<Hit>,
    pub(crate) contacts: Vec<(usize, usize)>,
}

impl<'p> Pitch<'p> {
    pub(crate) fn read(view: &View, part: &'p Part) -> Self {
        let hits = view.hits(part).into_owned();
        let whole = |h: &Hit| !view.lexicon.by_pattern(h) || one_clause(part, part.char_at(h.at.start), part.char_at(h.at.end));
        let talk = Talk::of(&hits);
        let meant = |group| -> Vec<Hit> {
            hits.iter().filter(|h| h.group == group && whole(h) && !talk.speaks_of(view, part, h)).cloned().collect()
        };
        let (strong, agent, weak) = (meant(Group::Offer), meant(Group::OfferAgent), meant(Group::OfferWeak));
        Self { part, strong, agent, weak, contacts: Vec::new(), hits }
    }
    /// Is anything offered here?
    pub(crate) fn offers(&self) -> bool {
        !(self.strong.is_empty() && self.agent.is_empty() && self.weak.is_empty())
    }
    /// Looks for ways to be reached; worth its time only where something is offered.
    pub(crate) fn find_contacts(&mut self, view: &View) {
        self.contacts = contacts(view, self.part, &self.hits);
    }
    /// Folded characters between a phrase and a stretch.
    pub(crate) fn gap(&self, hit: &Hit, other: (usize, usize)) -> usize {
        let (from, to) = (self.part.char_at(hit.at.start), self.part.char_at(hit.at.end));
        if other.0 >= to { other.0 - to } else { from.saturating_sub(other.1) }
    }
    fn chars(&self, hit: &Hit) -> (usize, usize) {
        (self.part.char_at(hit.at.start), self.part.char_at(hit.at.end))
    }
    /// The best certificate word near any of `offers`: group and place.
    pub(crate) fn certificate(&self, offers: &[Hit], within: usize) -> Option<&Hit> {
        let groups = [Group::CertificateOwn, Group::CertificateNear, Group::CertificateOther];
        groups.into_iter().find_map(|group| {
            self.hits
                .iter()
                .find(|h| h.group == group && (self.part.len() <= 200 || offers.iter().any(|o| self.gap(o, self.chars(h)) <= within)))
        })
    }
}

/// No sentence or clause ends between these folded characters.
fn one_clause(part: &Part, from: usize, to: usize) -> bool {
    !ends_between(part, from, to, &['。', '！', '？', '；', '，', ',', '!', '?', ';', '\n'])
}

/// Does one of `marks` stand between these folded characters?
fn ends_between(part: &Part, from: usize, to: usize, marks: &[char]) -> bool {
    let (start, end) = (part.raw_range(from, from + 1).start, part.raw_range(to.max(1) - 1, to).end);
    start > end || part.raw[start..end].contains(marks)
}

/// The phrases of a part by which an offer is only spoken of.
pub(crate) struct Talk<'h> {
    before: Vec<&'h Hit>,
    after: Vec<&'h Hit>,
    speech: Vec<&'h Hit>,
}

impl<'h> Talk<'h> {
    /// Those among all phrases of a part.
    pub(crate) fn of(hits: &'h [Hit]) -> Self {
        let of = |group| hits.iter().filter(|h| h.group == group).collect();
        Self { before: of(Group::DisclaimBefore), after: of(Group::DisclaimAfter), speech: of(Group::Speech) }
    }
    /// Is this offer only spoken of: in quotation marks, after a warning, before a judgment, in the same clause?
    pub(crate) fn speaks_of(&self, view: &View, part: &Part, offer: &Hit) -> bool {
        let (from, to) = (part.char_at(offer.at.start), part.char_at(offer.at.end));
        let reach = view.weights.limits.spoken_of_chars;
        // No folded character has more than four bytes: what is further away than that is out of reach, and need not be counted.
        let near = |between: usize, chars: usize| between <= chars.saturating_mul(4);
        let before = self.before.iter().filter(|h| h.at.end <= offer.at.start && near(offer.at.start - h.at.end, reach * 4)).any(|h| {
            let (start, end) = (part.char_at(h.at.start), part.char_at(h.at.end));
            // A ban may list many things: `严禁携带手机、抄袭、夹带、替考`.
            let reach = if part.raw[part.raw_range(start, to)].contains('、') { reach * 4 } else { reach };
            from - end <= reach && one_clause(part, start, to)
        });
        let after = self.after.iter().filter(|h| h.at.start > offer.at.start && h.at.end > offer.at.end);
        let after = after.filter(|h| near(h.at.start.saturating_sub(offer.at.end), 8)).any(|h| {
            let (start, end) = (part.char_at(h.at.start), part.char_at(h.at.end));
            start.saturating_sub(to) <= 8 && one_clause(part, from, end)
        });
        let said = self.speech.iter().filter(|h| h.at.start < offer.at.start);
        let said = said.filter(|h| near(offer.at.start.saturating_sub(h.at.end), reach * 3)).any(|h| {
            let (start, end) = (part.char_at(h.at.start), part.char_at(h.at.end));
            from.saturating_sub(end) <= reach * 3 && !ends_between(part, start, to, &['。', '！', '？', '!', '?', '\n'])
        });
        // `不做` and `做假证` share a letter; `能代办吗` and `证能代办` share two.
        let across = self.before.iter().any(|h| h.at != offer.at && h.at.start < offer.at.end && h.at.end > offer.at.start);
        across || before || after || said || quoted(part, from, to)
    }
}

/// Does the stretch stand in quotation marks?
fn quoted(part: &Part, from: usize, to: usize) -> bool {
    let range = part.raw_range(from, to);
    let before =
        part.raw[..range.start].chars().rev().take(25).find(|c| matches!(c, '“' | '”' | '「' | '」' | '『' | '』' | '‘' | '’' | '\n'));
    let after = part.raw[range.end..].chars().take(25).find(|c| matches!(c, '“' | '”' | '「' | '」' | '『' | '』' | '‘' | '’' | '\n'));
    matches!(before, Some('“' | '「' | '『' | '‘')) && matches!(after, Some('”' | '」' | '』' | '’'))
}

/// Ways to be reached, as folded character ranges; hot lines and footer numbers are left out.
fn contacts(view: &View, part: &Part, hits: &[Hit]) -> Vec<(usize, usize)> {
    let text = part.text();
    let mut found: Vec<(usize, usize)> = CONTACT
        .find_iter(text)
        .take(64)
        .filter(|m| !glued(text, m) && is_contact(m.as_str()))
        .map(|m| (part.char_at(m.start()), part.char_at(m.end())))
        .collect();
    let known = view.reading.page.contacts.iter().cloned().chain(crate::model::text::contacts::contacts_folded(&part.raw, &part.folded));
    for contact in known.filter(|c| c.kind != "landline" && !c.raw.is_empty() && !is_office_mail(&c.value)).take(128) {
        for (at, raw) in part.raw.match_indices(contact.raw.as_str()).take(4) {
            found.push((part.folded_char_of_raw(at), part.folded_char_of_raw(at + raw.len())));
        }
    }
    let hot: Vec<usize> = hits.iter().filter(|h| h.group == Group::Hotline).map(|h| part.char_at(h.at.end)).collect();
    found.retain(|(from, _)| !hot.iter().any(|end| *from >= *end && from - end <= 10));
    found.sort_unstable();
    found.dedup();
    found
}

/// A mailbox of an office, not of a person.
fn is_office_mail(value: &str) -> bool {
    let offices =
        ["service", "info", "news", "admin", "edit", "webmaster", "contact", "office", "jubao", "report", "kefu", "support", "mail", "hr"];
    value.split_once('@').is_some_and(|(name, _)| offices.iter().any(|o| name.starts_with(o)))
}

/// At least five letters or digits; bare digits are a mobile number; service lines (400, 800, 0...) are nobody's private offer.
fn is_contact(text: &str) -> bool {
    let kept: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let digits: String = kept.chars().filter(char::is_ascii_digit).collect();
    let service = digits == kept && ["400", "800", "0"].iter().any(|w| kept.starts_with(w)) && kept.len() >= 9;
    let bare = text.chars().all(|c| c.is_ascii_digit());
    kept.len() >= 5 && !service && (!bare || (kept.len() == 11 && kept.starts_with('1')))
}

/// A label in Latin letters inside a longer Latin word (`wx` in an address) is no label.
fn glued(text: &str, found: &regex::Match) -> bool {
    found.as_str().starts_with(|c: char| c.is_ascii_lowercase()) && text[..found.start()].ends_with(|c: char| c.is_ascii_alphanumeric())
}
