//! What other rooms brought besides the pages: ties to confirmed leads, registers, pictures, age. Pure: nothing is looked up here.
//! What nobody brought is said to be not looked at; it never counts for or against.

use crate::assess::reading::plain_span;
use crate::assess::signals::View;
use crate::assess::signals::form::asks_for_a_person;
use crate::assess::tally::Tally;
use crate::model::assessment::{Class, Finding, Span};
use crate::model::digest::Sha256;
use crate::model::dossier::{Dossier, Tie};
use crate::model::lang::Both;
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

/// `look`: icon or screenshot within a few bits of an official one.
pub(crate) fn look(view: &View, tally: &mut Tally) {
    let looks = view.reading.dossier.facts.looks.as_deref().unwrap_or_default();
    let near = |kind: &str, hash: u64| {
        let bits = view.site.looks.iter().filter(|(k, _)| k == kind).map(|(_, official)| (official ^ hash).count_ones());
        bits.min().filter(|bits| *bits <= view.weights.limits.look_bits)
    };
    if let Some((kind, bits)) = looks.iter().find_map(|l| near(&l.kind, l.hash).map(|bits| (l.kind.as_str(), bits))) {
        let zh = if kind == "favicon" { "网站图标" } else { "页面截图" };
        let why = Both::new(
            format!("{zh}与官方网站相似（64 位中相差 {bits} 位）"),
            format!("the {kind} is similar to the official one ({bits} of 64 bits differ)"),
        );
        tally.add(Class::FakeQuery, "look", view.weights.fake_query.look, why, Some(plain_span("picture", kind)));
    }
}

/// `seen_text`: the protected name, or the official form's words, stand in the pictures only.
pub(crate) fn seen_text(view: &View, tally: &mut Tally) {
    let (seen, text) = (&view.reading.seen, view.reading.text.text());
    let names = view.site.names.iter().chain(&view.site.short_names);
    let Some((name, at)) = names.filter_map(|n| seen.text().find(n.as_str()).map(|at| (n, at))).next() else { return };
    if text.contains(name.as_str()) || asks_for_a_person(view) {
        return;
    }
    let why = Both::new("受保护名称只出现在图片里（文字识别）", "the protected name stands in pictures only (read by OCR)");
    tally.add(Class::FakeQuery, "seen_text", view.weights.fake_query.seen_text, why, Some(seen.span_bytes(at..at + name.len())));
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
    let all = [
        (facts.looks.is_none(), "未查看：网站图标与页面截图", "not looked at: icon and screenshots"),
        (facts.seen_text.is_none(), "未查看：图片中的文字", "not looked at: text in pictures"),
        (facts.registered.is_none(), "未查看：域名注册时间", "not looked at: when the domain was registered"),
        (facts.filings.is_none(), "未查看：备案号与标识码在登记机关的归属", "not looked at: to whom the registers give the filing numbers"),
        (facts.ties.is_none(), "未查看：与已确认线索的关联", "not looked at: ties to confirmed leads"),
    ];
    all.into_iter().filter(|(missing, ..)| *missing).map(|(_, zh, en)| Both::new(zh, en)).collect()
}

#[cfg(test)]
mod tests {
    use crate::assess::signals::trial::{points, said, trial};
    use crate::model::dossier::{Facts, Filing, Tie};
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
    fn the_name_in_pictures_only_counts_and_beside_the_same_words_does_not() {
        let seen = |text: &str| {
            let mut page = trial("x", text);
            page.facts.seen_text = Some("特种作业操作证查询\n请输入姓名".into());
            points(&page.assess(), "seen_text")
        };
        assert!(seen("") > 0);
        assert_eq!(seen("特种作业操作证查询"), 0);
    }
}
