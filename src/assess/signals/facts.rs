//! What other rooms brought besides the pages: ties to confirmed leads, registers, pictures, age. Pure: nothing is looked up here.
//! What nobody brought is said to be not looked at; it never counts for or against.

use crate::assess::reading::plain_span;
use crate::assess::signals::View;
use crate::assess::signals::form::{asks_for_a_person, seen_fields};
use crate::assess::signals::service::somebodys_own;
use crate::assess::tally::Tally;
use crate::model::assessment::{Class, Finding, Span};
use crate::model::digest::Sha256;
use crate::model::dossier::{Dossier, Tie};
use crate::model::lang::Both;
use crate::model::picture::{Bits, LookHash, Picture};
use crate::model::time::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// `kit_tie`: a kit, script, tracker or contact that a confirmed lead has too, once for each class.
pub(crate) fn kit_tie(view: &View, tally: &mut Tally) {
    let ties = view.reading.dossier.facts.ties.as_deref().unwrap_or_default();
    let own = |t: &&Tie| t.host != view.reading.host.as_str();
    for (seller, class) in [(false, Class::FakeQuery), (true, Class::Seller)] {
        let points = if seller { view.weights.seller.kit_tie } else { view.weights.fake_query.kit_tie };
        if let Some(tie) = ties.iter().filter(own).find(|t| t.seller == seller) {
            let why = Both::new(
                format!("与已确认线索 {} 共用{}", tie.host, kind_zh(&tie.kind)),
                format!("shares a {} with the confirmed lead {}", tie.kind, tie.host),
            );
            tally.add(class, "kit_tie", points, why, Some(plain_span("identifier", &tie.value)));
        }
    }
}

fn kind_zh(kind: &str) -> &'static str {
    match kind {
        "kit" => "建站套件",
        "script" => "脚本文件",
        "tracker" => "统计代码编号",
        "contact" => "联系方式",
        "certificate" => "TLS 证书",
        _ => "特征",
    }
}

/// `registered_to_another`: a filing or seal number of the page that the register gives to another domain.
pub(crate) fn registered_to_another(view: &View, tally: &mut Tally) {
    if tally.has(Class::FakeQuery, "borrowed_identity") {
        return;
    }
    let own = view.reading.host.registrable().unwrap_or(view.reading.host.as_str());
    let on_page = |kind: &str, value: &str| view.reading.page.identifiers.iter().any(|i| i.kind == kind && i.value == value);
    let filings = view.reading.dossier.facts.filings.as_deref().unwrap_or_default();
    if let Some(found) = filings.iter().find(|f| f.domain != own && !f.domain.is_empty() && on_page(&f.kind, &f.value)) {
        let why = Both::new(
            format!("页脚的 {} 登记在 {}（{}）名下，不属于本站", found.value, found.domain, found.owner),
            format!("the footer's {} is registered for {} ({}), not for this host", found.value, found.domain, found.owner),
        );
        tally.add(
            Class::FakeQuery,
            "borrowed_identity",
            view.weights.fake_query.borrowed_identity,
            why,
            Some(plain_span("identifier", &found.value)),
        );
    }
}

/// A hash with fewer bits set is a plain area: it says nothing.
const PLAIN_BITS: u32 = 6;
/// Least pixels across of a page's picture that may be a screenshot of the official page.
const SHOT_WIDTH: u32 = 600;

/// `look`: icon, screenshot or a large picture like an official one, as a whole or in most of its blocks.
pub(crate) fn look(view: &View, tally: &mut Tally) {
    let reading = view.reading;
    let facts = &reading.dossier.facts;
    let own = |p: &&Picture| reading.dossier.captures.get(p.capture).is_some_and(|c| std::ptr::eq(c, reading.capture));
    let seen =
        facts.pictures.iter().flatten().filter(own).filter_map(|p| Some((p.kind.as_str(), p.width, p.look.as_ref()?, p.path.as_str())));
    let old: Vec<(&str, LookHash)> =
        facts.looks.iter().flatten().map(|l| (l.kind.as_str(), LookHash { whole: Bits(l.hash), blocks: Vec::new() })).collect();
    let old = old.iter().map(|(kind, look)| (*kind, 0, look, *kind));
    let bits = view.weights.limits.look_bits;
    let found = seen.chain(old).find_map(|(kind, width, look, path)| {
        let comparable = |k: &str| k == kind || (k == "screenshot" && kind == "picture" && width >= SHOT_WIDTH);
        let near = view.site.looks.iter().filter(|(k, _)| comparable(k)).find_map(|(_, official)| alike(official, look, bits));
        near.map(|how| (kind, how, path))
    });
    if let Some((kind, (zh, en), path)) = found {
        let what = if kind == "favicon" { "网站图标" } else { "页面截图或图片" };
        let why = Both::new(format!("{what}与官方网站相似（{zh}）"), format!("the {kind} is similar to the official one ({en})"));
        tally.add(Class::FakeQuery, "look", view.weights.fake_query.look, why, Some(plain_span("look", path)));
    }
}

/// How an official picture and another are alike. `None`: they are not, or the official one is too plain to say.
fn alike(official: &LookHash, other: &LookHash, most: u32) -> Option<(String, String)> {
    let telling = |bits: &Bits| (PLAIN_BITS..=64 - PLAIN_BITS).contains(&bits.0.count_ones());
    let apart = (official.whole.0 ^ other.whole.0).count_ones();
    if telling(&official.whole) && apart <= most {
        return Some((format!("64 位中相差 {apart} 位"), format!("{apart} of 64 bits differ")));
    }
    let pairs: Vec<u32> =
        official.blocks.iter().zip(&other.blocks).filter(|(a, _)| telling(a)).map(|(a, b)| (a.0 ^ b.0).count_ones()).collect();
    let near = pairs.iter().filter(|apart| **apart <= most).count();
    (pairs.len() >= 4 && near * 10 >= pairs.len() * 7)
        .then(|| (format!("{} 个分块中有 {near} 个相近", pairs.len()), format!("{near} of {} blocks are near", pairs.len())))
}

/// `seen_text`: a query form under the protected name stands in a picture, the page's own text has neither: what readers of text would
/// find is painted, with places to type or to press laid over it.
pub(crate) fn seen_text(view: &View, tally: &mut Tally) {
    let (seen, text) = (&view.reading.seen, view.reading.text.text());
    let names = view.site.names.iter().chain(&view.site.short_names);
    let Some((name, at)) = names.filter_map(|n| seen.text().find(n.as_str()).map(|at| (n, at))).next() else { return };
    let painted = seen_fields(view) >= 3 || fields_laid_over(view);
    if text.contains(name.as_str()) || asks_for_a_person(view) || !painted || somebodys_own(view) {
        return;
    }
    let why = Both::new(
        "受保护名称与查询表单只画在图片里，网页本身没有这些文字",
        "the protected name and its query form are painted in a picture; the page's own text has neither",
    );
    tally.add(Class::FakeQuery, "seen_text", view.weights.fake_query.seen_text, why, Some(seen.span_bytes(at..at + name.len())));
}

/// Inputs without any words of their own: where they stand, a picture says what to type.
fn fields_laid_over(view: &View) -> bool {
    let fields = view.reading.page.forms.iter().flat_map(|f| &f.fields).filter(|f| f.kind != "hidden");
    fields.clone().count() >= 2 && fields.clone().all(|f| f.label.is_empty() && f.placeholder.is_empty())
}

/// `young_host`: registered lately at the time of the visit. Counts with the name, under its cap; never alone.
pub(crate) fn young_host(view: &View, tally: &mut Tally) {
    if tally.sum(Class::FakeQuery) <= 0 {
        return;
    }
    let Some(registered) = view.reading.dossier.facts.registered else { return };
    let days = days_between(registered, view.reading.capture.started_at);
    if (0..=view.weights.limits.young_days).contains(&days) {
        let why = Both::new(format!("域名注册仅 {days} 天"), format!("the domain was registered {days} days before the visit"));
        let span: Span = plain_span("host", view.reading.host.as_str());
        tally.add(Class::FakeQuery, "young_host", view.weights.fake_query.young_host, why, Some(span));
    }
}

/// `another_certificate`: for one origin the browser was shown another certificate than the plain visit. Says that the server changes it, no more.
pub(crate) fn another_certificate(dossier: &Dossier) -> Option<Finding> {
    let plain = dossier.captures.iter().filter(|c| c.browser.is_none()).flat_map(|c| &c.hops);
    let plain: Vec<(&str, &str)> = plain.filter_map(|h| Some((h.url.as_str(), h.tls.as_ref()?.chain.first()?.as_str()))).collect();
    let told = dossier.captures.iter().filter_map(|c| Some((c.final_url.as_deref()?, c.browser.as_ref()?.certificates.first()?.as_str())));
    let (ours, browsers) = told.into_iter().find_map(|(url, theirs)| {
        let mut same = plain.iter().filter(|(at, _)| *at == url).map(|(_, leaf)| *leaf).peekable();
        let first = *same.peek()?;
        same.all(|leaf| leaf != theirs).then_some((first, theirs))
    })?;
    let hash = |base64: &str| STANDARD.decode(base64).map(|der| Sha256::of(&der).hex()).unwrap_or_default();
    let (ours, browsers) = (hash(ours), hash(browsers));
    let short = |sha: &str| sha.chars().take(16).collect::<String>();
    Some(Finding {
        signal: "another_certificate".into(),
        class: Class::FakeQuery,
        points: 0,
        why: Both::new(
            format!("同一地址的证书前后不同：普通访问 {}…，浏览器 {}…", short(&ours), short(&browsers)),
            format!("one address, two certificates: {}… on the plain visit, {}… in the browser", short(&ours), short(&browsers)),
        ),
        span: Some(plain_span("tls.certificate", &ours)),
        evidence: "net/tls-chain.pem".into(),
    })
}

fn days_between(from: Timestamp, to: Timestamp) -> i64 {
    (to.millis() - from.millis()).div_euclid(86_400_000)
}

/// What nobody brought, one sentence each.
pub(crate) fn not_looked_at(dossier: &Dossier) -> Vec<Both> {
    let facts = &dossier.facts;
    // Looked and none there, or read.
    let read = facts.pictures.as_ref().is_some_and(|all| all.is_empty() || all.iter().any(|p| p.text.is_some()));
    let all = [
        (facts.looks.is_none() && facts.pictures.is_none(), "未查看：网站图标与页面截图", "not looked at: icon and screenshots"),
        (facts.seen_text.is_none() && !read, "未查看：图片中的文字", "not looked at: text in pictures"),
        (facts.registered.is_none(), "未查看：域名注册时间", "not looked at: when the domain was registered"),
        (facts.filings.is_none(), "未查看：备案号与标识码在登记机关的归属", "not looked at: to whom the registers give the filing numbers"),
        (facts.ties.is_none(), "未查看：与已确认线索的关联", "not looked at: ties to confirmed leads"),
    ];
    all.into_iter().filter(|(missing, ..)| *missing).map(|(_, zh, en)| Both::new(zh, en)).collect()
}

#[cfg(test)]
mod tests {
    use super::alike;
    use crate::assess::signals::trial::{points, said, trial};
    use crate::model::dossier::{Facts, Filing, Tie};
    use crate::model::picture::{Bits, LookHash, Picture};
    use crate::model::time::Timestamp;

    fn tie(host: &str, seller: bool) -> Facts {
        let tie = Tie { kind: "kit".into(), value: "ab12".into(), host: host.into(), seller };
        Facts { ties: Some(vec![tie]), ..Facts::default() }
    }

    #[test]
    fn what_nobody_brought_is_said_to_be_not_looked_at() {
        assert_eq!(trial("x", "y").assess().not_looked_at.len(), 5);
        let mut looked = trial("x", "y");
        looked.facts = tie("other.top", false);
        assert_eq!(looked.assess().not_looked_at.len(), 4);
    }

    #[test]
    fn a_tie_to_another_confirmed_lead_counts_in_its_class_and_one_to_itself_does_not() {
        for (host, seller, fake, sells) in
            [("other.top", false, true, false), ("other.top", true, false, true), ("q7k2.top", false, false, false)]
        {
            let mut page = trial("x", "y");
            page.facts = tie(host, seller);
            let told = page.assess();
            assert_eq!((told.scores.fake_query > 0, told.scores.seller > 0), (fake, sells), "{}", said(&told));
        }
    }

    #[test]
    fn a_filing_number_of_another_domain_is_borrowed_and_ones_own_is_not() {
        for (domain, borrowed) in [("bureau.cn", true), ("q7k2.top", false)] {
            let mut page = trial("x", "y").id("icp", "京ICP备05000000号");
            let filing = Filing { kind: "icp".into(), value: "京ICP备05000000号".into(), domain: domain.into(), owner: "某局".into() };
            page.facts.filings = Some(vec![filing]);
            assert_eq!(points(&page.assess(), "borrowed_identity") > 0, borrowed, "{domain}");
        }
    }

    #[test]
    fn a_young_name_counts_beside_other_findings_only() {
        let young = |title: &str| {
            let mut page = trial(title, "");
            page.facts.registered = Some(Timestamp::from_millis(-86_400_000 * 10));
            points(&page.assess(), "young_host")
        };
        assert!(young("特种作业操作证查询") > 0);
        assert_eq!(young("天气"), 0);
    }

    #[test]
    fn a_form_painted_under_the_name_counts_and_beside_the_same_words_or_under_a_schools_name_does_not() {
        let seen = |text: &str, painted: &str| {
            let mut page = trial("x", text);
            let text = Some(format!("特种作亚操作证查询\n{painted}"));
            page.facts.pictures =
                Some(vec![Picture { path: "view/res/000.png".into(), kind: "picture".into(), text, ..Picture::default() }]);
            page.assess()
        };
        let form = "证件号码|请输入证件号码\n姓名|请输入姓名\n验证码\n查询";
        let told = seen("", form);
        let finding = told.findings.iter().find(|f| f.signal == "seen_text").expect("it counts");
        assert!(finding.why.zh.contains("view/res/000.png") && finding.why.en.contains("by OCR"), "{}", finding.why.zh);
        let span = finding.span.as_ref().expect("a span");
        assert_eq!(
            (span.raw.as_str(), span.normalised.as_str()),
            ("特种作亚操作证查询", "特种作业操作证查询"),
            "mended, and shown as read"
        );
        assert!(told.scores.fake_query >= 60, "{}", said(&told));
        assert_eq!(points(&seen("特种作业操作证查询", form), "seen_text"), 0);
        assert_eq!(points(&seen("", "江北安全技术培训学校\n证件号码\n姓名\n验证码\n查询"), "seen_text"), 0);
        assert_eq!(points(&seen("", "凭证件号码、姓名和验证码即可查询。"), "seen_text"), 0);
    }

    #[test]
    fn an_official_picture_is_known_as_a_whole_or_by_most_of_its_blocks_and_a_plain_one_never() {
        let hash = |whole, block: u64| LookHash { whole: Bits(whole), blocks: (0..9).map(|n| Bits(block.rotate_left(n * 5))).collect() };
        let official = hash(0x0f0f_0f0f_0f0f_0f0f, 0x00ff_00ff_00ff_00ff);
        assert!(alike(&official, &hash(0x0f0f_0f0f_0f0f_0f0e, 0), 10).is_some());
        assert!(alike(&official, &hash(!0x0f0f_0f0f_0f0f_0f0f, 0x00ff_00ff_00ff_00fe), 10).is_some_and(|(zh, _)| zh.contains('9')));
        assert!(alike(&official, &hash(!0x0f0f_0f0f_0f0f_0f0f, 0xf0f0_f0f0_0f0f_0f0f), 10).is_none());
        assert!(alike(&hash(0, 0), &hash(0, 0), 10).is_none());
    }
}
