//! Sellers: a certificate, an offer that no school can make, and a way to reach them, near each other.
//! The press and the police use the same words, so every offer is first asked whether it is only spoken of.

use crate::assess::lexicon::{Group, Hit, distinct};
use crate::assess::reading::plain_span;
use crate::assess::signals::View;
use crate::assess::signals::pitch::{Pitch, Talk};
use crate::assess::tally::Tally;
use crate::model::assessment::{Class, Span};
use crate::model::lang::Both;

/// Everything that speaks for and against a seller.
pub(crate) fn seller(view: &View, tally: &mut Tally) {
    let reading = view.reading;
    let mut pitches: Vec<Pitch> =
        [&reading.title, &reading.text, &reading.meta, &reading.alts, &reading.hidden, &reading.revealed, &reading.seen]
            .into_iter()
            .map(|p| Pitch::read(view, p))
            .collect();
    if !pitches.iter().any(Pitch::offers) {
        return;
    }
    pitches.iter_mut().for_each(|p| p.find_contacts(view));
    let strong = pitches.iter().flat_map(|p| p.strong.iter().map(|h| h.word));
    let certificate = best_certificate(&pitches, view);
    let Some((pitch, hit)) = certificate else { return };
    let own_business = hit.group != Group::CertificateOther;
    let plain = sorted(strong);
    let agent = sorted(pitches.iter().flat_map(|p| p.agent.iter().map(|h| h.word)));
    let agent_counts = !plain.is_empty() || hit.group == Group::CertificateOwn || (own_business && agent.len() >= 2);
    let words = sorted(plain.iter().chain(agent.iter().filter(|_| agent_counts)).copied());
    let plain = plain.len();
    let case = Case { view, pitches: &pitches, strong: words.len(), plain, own_business };
    let offered = case.offer(tally);
    if !offered {
        return;
    }
    case.certificate(pitch, hit, tally);
    let near = case.contact(tally);
    case.promises(tally);
    case.padding(tally);
    case.against(near, tally);
}

/// Each once.
fn sorted(words: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut words: Vec<usize> = words.collect();
    words.sort_unstable();
    words.dedup();
    words
}

fn best_certificate<'a, 'p>(pitches: &'a [Pitch<'p>], view: &View) -> Option<(&'a Pitch<'p>, &'a Hit)> {
    let within = view.weights.limits.near_chars * 3 / 2;
    let offers = |p: &Pitch| -> Vec<Hit> { p.strong.iter().chain(&p.agent).chain(&p.weak).cloned().collect() };
    pitches.iter().filter_map(|p| p.certificate(&offers(p), within).map(|h| (p, h))).min_by_key(|(_, h)| h.group)
}

/// A page with some offer, while its points are counted.
struct Case<'a, 'p> {
    view: &'a View<'a>,
    pitches: &'a [Pitch<'p>],
    /// Distinct offers that count in full.
    strong: usize,
    /// How many of them leave no other reading.
    plain: usize,
    own_business: bool,
}

impl Case<'_, '_> {
    fn add(&self, tally: &mut Tally, signal: &str, points: i32, zh: &str, en: &str, span: Option<Span>) {
        tally.add(Class::Seller, signal, points, Both::new(zh, en), span);
    }
    fn span_of(&self, group: Group) -> Option<Span> {
        self.pitches.iter().find_map(|p| p.hits.iter().find(|h| h.group == group).map(|h| p.part.span_bytes(h.at.clone())))
    }
    /// The first phrase of a group that is not only spoken of.
    fn meant(&self, group: Group) -> Option<Span> {
        self.pitches.iter().find_map(|p| {
            let talk = Talk::of(&p.hits);
            let mut phrases = p.hits.iter().filter(|h| h.group == group && !talk.speaks_of(self.view, p.part, h));
            phrases.next().map(|h| p.part.span_bytes(h.at.clone()))
        })
    }
    fn has(&self, group: Group) -> bool {
        self.pitches.iter().any(|p| p.hits.iter().any(|h| h.group == group))
    }
    fn count(&self, group: Group) -> usize {
        let all: Vec<Hit> = self.pitches.iter().flat_map(|p| p.hits.iter().cloned()).collect();
        distinct(&all, group)
    }
    /// The offer: strong ones by number, else the weak one. `false`: nothing is offered.
    fn offer(&self, tally: &mut Tally) -> bool {
        let weights = &self.view.weights.seller;
        if self.strong > 0 {
            let more = i32::try_from(self.strong.saturating_sub(2)).unwrap_or(i32::MAX / 100);
            let second = if self.strong > 1 { weights.offer_second } else { 0 };
            let first = if self.plain > 0 { weights.offer } else { weights.offer_agent };
            let points = (first + second + weights.offer_more.saturating_mul(more)).min(weights.offer_cap);
            let span = self.pitches.iter().find_map(|p| p.strong.iter().chain(&p.agent).next().map(|h| p.part.span_bytes(h.at.clone())));
            let (zh, en) = (
                format!("出现 {} 种正规机构不可能作出的许诺", self.strong),
                format!("{} kinds of offers that no honest office can make", self.strong),
            );
            self.add(tally, "offer_term", points, &zh, &en, span);
            return true;
        }
        let Some((pitch, hit)) = self.pitches.iter().find_map(|p| p.weak.iter().chain(&p.agent).next().map(|h| (p, h))) else {
            return false;
        };
        let span = Some(pitch.part.span_bytes(hit.at.clone()));
        if self.implied() {
            self.add(
                tally,
                "offer_term",
                weights.offer,
                "代办证书并许诺可查、快速，又留下联系方式，没有任何培训内容",
                "arranges certificates, promises that they can be looked up and come fast, gives a contact, speaks of no training",
                span,
            );
        } else {
            self.add(
                tally,
                "offer_weak",
                weights.offer_weak,
                "出现办证类用语（学校也会使用）",
                "speaks of arranging certificates (schools do too)",
                span,
            );
        }
        true
    }
    /// Arranged, can be looked up, fast or priced, reachable, and nothing of a school about it.
    fn implied(&self) -> bool {
        self.own_business
            && self.has(Group::QueryPromise)
            && (self.has(Group::Delivery) || self.has(Group::Price))
            && self.pitches.iter().any(|p| !p.contacts.is_empty())
            && self.count(Group::School) < 2
            && self.count(Group::Hiring) < 2
    }
    fn certificate(&self, pitch: &Pitch, hit: &Hit, tally: &mut Tally) {
        let weights = &self.view.weights.seller;
        let (points, zh, en) = match hit.group {
            Group::CertificateOwn => {
                (weights.certificate_own, "所售为受保护网站查询的证书", "the certificate is one that the protected site answers for")
            }
            Group::CertificateNear => (weights.certificate_near, "所售为相近行业的证书", "the certificate is one of a neighbouring trade"),
            _ => (weights.certificate_other, "所售为其他证件", "papers of another kind"),
        };
        let points = if tally.has(Class::Seller, "offer_term") { points } else { points / 2 };
        self.add(tally, "certificate_term", points, zh, en, Some(pitch.part.span_bytes(hit.at.clone())));
    }
    /// Contact points. Returns whether one stands near an offer that counts.
    fn contact(&self, tally: &mut Tally) -> bool {
        let weights = &self.view.weights.seller;
        let full = self.strong > 0 || tally.has(Class::Seller, "offer_term");
        for pitch in self.pitches {
            let offers: Vec<&Hit> =
                pitch.strong.iter().chain(&pitch.agent).chain(pitch.weak.iter().filter(|_| !full || self.strong == 0)).collect();
            let near = pitch.contacts.iter().find(|c| offers.iter().any(|o| pitch.gap(o, **c) <= self.view.weights.limits.near_chars));
            if let Some((from, to)) = near {
                let points = if full { weights.contact_near } else { weights.contact_weak };
                self.add(
                    tally,
                    "contact_near_offer",
                    points,
                    "联系方式紧邻许诺用语（归一化后 80 字以内）",
                    "a way to reach them stands beside the offer (within 80 normalised characters)",
                    Some(pitch.part.span(*from, *to)),
                );
                return full;
            }
        }
        if let Some((pitch, (from, to))) = self.pitches.iter().find_map(|p| p.contacts.first().map(|c| (p, *c))).filter(|_| full) {
            self.add(
                tally,
                "contact_on_page",
                weights.contact_far,
                "页面留有联系方式，但不紧邻许诺用语",
                "a way to reach them on the page, not beside the offer",
                Some(pitch.part.span(from, to)),
            );
        } else if full && self.has(Group::ContactWord) {
            self.add(
                tally,
                "contact_word",
                weights.contact_word,
                "招揽加好友或私聊，号码可能在图片中",
                "asks to be contacted; the number may stand in a picture",
                self.span_of(Group::ContactWord),
            );
        }
        false
    }
    /// Price, delivery, look-up promise, secrecy: in full beside a strong offer, one of them else.
    fn promises(&self, tally: &mut Tally) {
        let weights = &self.view.weights.seller;
        let full = tally.has(Class::Seller, "offer_term");
        let all = [
            (
                Group::QueryPromise,
                "query_promise",
                weights.query_promise,
                "许诺官网可查或联网可查",
                "promises that an official site will show it",
            ),
            (Group::Delivery, "delivery", weights.delivery, "许诺出证时间或快递送达", "promises when it comes, or delivery"),
            (Group::Price, "price", weights.price, "标明价格", "names a price"),
            (Group::Secrecy, "secrecy", weights.secrecy, "许诺保密或自夸信誉", "promises secrecy or praises its own honesty"),
        ];
        let said =
            all.into_iter().filter_map(|(group, signal, points, zh, en)| self.meant(group).map(|span| (signal, points, zh, en, span)));
        for (signal, points, zh, en, span) in said.take(if full { 4 } else { 1 }) {
            self.add(tally, signal, points, zh, en, Some(span));
        }
    }
    /// Free hosts, verse and random letters, hidden stuffing.
    fn padding(&self, tally: &mut Tally) {
        if self.strong == 0 {
            return;
        }
        let (reading, weights) = (self.view.reading, &self.view.weights.seller);
        if let Some(tree) = self.view.lexicon.free_hosts.iter().find(|t| reading.host.under(t)) {
            self.add(
                tally,
                "free_host",
                weights.free_host,
                "寄生在任何人可免费开设页面的主机上",
                "sits on a host where anybody gets a page for nothing",
                Some(plain_span("host", tree)),
            );
        } else if let Some(noise) = random_letters(&reading.text.raw) {
            self.add(
                tally,
                "free_host",
                weights.free_host,
                "用随机字母串填充，以躲避去重",
                "padded with random letters, which dodges de-duplication",
                Some(plain_span("text", noise)),
            );
        }
        let hidden = Pitch::read(self.view, &reading.hidden);
        if let Some(offer) = hidden.strong.first().filter(|_| hidden.certificate(&hidden.strong, usize::MAX).is_some()) {
            self.add(
                tally,
                "hidden_text",
                weights.hidden_text,
                "隐藏文字中堆砌办证词语",
                "certificate offers in text that no visitor sees",
                Some(hidden.part.span_bytes(offer.at.clone())),
            );
        }
    }
    /// Reporting and school context.
    fn against(&self, near: bool, tally: &mut Tally) {
        let weights = &self.view.weights.seller;
        let reporting = match self.count(Group::Reporting) {
            0 | 1 => 0,
            2 => weights.reporting_some,
            3..6 => weights.reporting,
            _ => weights.reporting_heavy,
        };
        let reporting = if near && self.strong > 0 { reporting.max(weights.reporting_beside_contact) } else { reporting };
        if reporting < 0 {
            self.add(
                tally,
                "reporting_context",
                reporting,
                "报道、警示或执法语境",
                "the context is reporting, warning or enforcement",
                self.span_of(Group::Reporting),
            );
        }
        self.other_business(tally);
        if self.count(Group::School) >= 3 && self.strong < 2 {
            self.add(
                tally,
                "school_context",
                weights.school,
                "正规培训语境（学时、体检、理论与实操等）",
                "the context is honest training (hours, health check, theory and practice)",
                self.span_of(Group::School),
            );
        }
    }
}

impl Case<'_, '_> {
    /// Somebody looks for staff, another trade that handles certificates, somebody who doubts or warns.
    fn other_business(&self, tally: &mut Tally) {
        let weights = &self.view.weights.seller;
        let title = self.view.lexicon.find(self.view.reading.title.text());
        let titled = |group| title.iter().any(|h| h.group == group);
        if self.count(Group::Hiring) >= 2 && (self.plain < 2 || titled(Group::Hiring)) {
            self.add(tally, "hiring_context", weights.hiring, "招聘或用工语境", "the context is hiring", self.span_of(Group::Hiring));
        }
        if titled(Group::OtherTrade) || self.count(Group::OtherTrade) >= 3 {
            let points = if self.plain >= 4 { weights.other_trade / 3 } else { weights.other_trade };
            let (zh, en) = ("经营的是翻译、用品、保险等其他业务", "another trade: translation, gear, insurance and the like");
            self.add(tally, "other_trade", points, zh, en, self.span_of(Group::OtherTrade));
        }
        let studies = self.count(Group::Study);
        if self.plain < 2 && (titled(Group::Study) || studies >= 2 || (self.plain == 0 && studies >= 1)) {
            let (zh, en) = ("题库、教材或课程语境，许诺的是学习效果", "question banks, books or courses: what is promised is learning");
            self.add(tally, "study_context", weights.study, zh, en, self.span_of(Group::Study));
        }
        if self.count(Group::Parked) >= 1 && self.pitches.iter().all(|p| p.contacts.is_empty()) {
            let (zh, en) = ("停放或未启用的域名，词语只是链接", "a parked or unused name: the words are links only");
            self.add(tally, "parked", weights.doubt, zh, en, self.span_of(Group::Parked));
        }
        let doubts = self.count(Group::Doubt);
        if doubts >= 2 {
            let (zh, en) = ("以亲历者口吻质疑或提醒", "somebody doubts or warns in their own words");
            self.add(tally, "doubt", if doubts >= 4 { weights.doubt_heavy } else { weights.doubt }, zh, en, self.span_of(Group::Doubt));
        }
    }
}

/// A run of ten or more random small letters at the end of the text: few vowels, no address.
fn random_letters(text: &str) -> Option<&str> {
    let last = text.split_whitespace().next_back()?;
    let letters = last.len() >= 10 && last.len() <= 24 && last.bytes().all(|b| b.is_ascii_lowercase());
    let vowels = last.bytes().filter(|b| b"aeiou".contains(b)).count();
    (letters && vowels * 10 <= last.len() * 3).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::assess::signals::trial::{points, said, trial};

    #[test]
    fn hiring_translation_study_and_doubt_are_not_selling() {
        for (signal, title, text) in [
            ("hiring_context", "急招持证焊工", "月薪8000包吃住五险一金，要求焊工证官网可查，无证公司安排考证一周拿证，电话13600000912"),
            ("other_trade", "电工证翻译", "电工证翻译当天出件，无需到场，照片发来即可，微信 fanyi8899"),
            ("study_context", "低压电工题库", "低压电工必过题库，不过退款，真题随便刷，微信 tiku8899"),
            ("doubt", "被骗了怎么办", "他说焊工证免考包过，一周下证，加微信 aa8899ok，结果是骗子，证是假的，把我拉黑了，能报警吗"),
        ] {
            let told = trial(title, text).assess();
            assert!(points(&told, signal) < 0, "{signal}: {}", said(&told));
            assert!(told.scores.seller < 60, "{signal}: {}", said(&told));
        }
    }

    #[test]
    fn a_seller_who_borrows_one_such_word_still_alerts() {
        let told = trial("焊工证办理", "焊工证免考包过，不用考试，三天出证，官网可查，先出证后付款，工地检查放心，微信 hg8899ok").assess();
        assert!(told.scores.seller >= 60, "{}", said(&told));
    }

    #[test]
    fn what_is_asked_is_not_offered() {
        let asked = trial("焊工证可以免考吗", "焊工证可以免考吗？焊工证能代办吗？微信 zixun8899").assess();
        assert!(asked.scores.seller < 60, "{}", said(&asked));
    }

    #[test]
    fn random_tails_are_told_from_words_and_addresses() {
        assert_eq!(random_letters("天涯 zvxxvjdfzbvhn"), Some("zvxxvjdfzbvhn"));
        assert_eq!(random_letters("read the documentation"), None);
        assert_eq!(random_letters("www.example.com"), None);
    }
}
