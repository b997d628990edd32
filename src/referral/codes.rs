//! Codes of the lead list: our words as the two-digit codes that a receiving desk sorts by. Where nothing is known, no code is given.

use crate::model::assessment::{Class, Verdict};
use crate::model::candidate::Reason;
use crate::model::lang::Lang;
use crate::model::lead::{Lead, LeadId, Move, State};
use crate::model::referral::{Feedback, LetterFile, Told};
use crate::model::sighting::Sighting;

/// 状态. What the receiver told of a referred lead comes after the referral.
pub(super) fn status(lead: &Lead, letter: Option<&LetterFile>) -> &'static str {
    let told = |what: Told| letter.is_some_and(|l| l.feedback.iter().any(|f| f.told == what && concerns(f, &lead.id)));
    match lead.state {
        State::Referred | State::Blocked | State::StillUp | State::Moved if told(Told::CaseOpened) => "06已立案",
        State::Referred | State::Blocked | State::StillUp | State::Moved if told(Told::NoCase) => "07不予立案",
        State::Referred | State::Blocked | State::StillUp | State::Moved
            if told(Told::Accepted) || letter.is_some_and(|l| !l.receipts.is_empty()) =>
        {
            "05已受理"
        }
        State::New | State::InReview | State::Reopened => "01待审",
        State::Confirmed => "02初审通过",
        State::Approved => "03复审通过",
        State::Referred | State::Blocked | State::StillUp | State::Moved => "04已移送",
        State::Dismissed => "08误报",
    }
}

/// Does feedback speak of this lead: by name, or of the whole letter?
pub(super) fn concerns(feedback: &Feedback, lead: &LeadId) -> bool {
    feedback.about.as_ref().is_none_or(|about| about == lead)
}

/// 线索来源 of one sighting. Told by what the sighting carries; a name without context came from a name feed or from our own permutations
/// that turned out to exist, and counts as a newly found name.
pub(super) fn source(sighting: &Sighting) -> &'static str {
    let reporter = sighting.context.reporter.as_deref().unwrap_or_default();
    let id = sighting.source.to_ascii_lowercase();
    let has = |word: &str| id.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part == word);
    if reporter.contains("12350") {
        "04举报12350"
    } else if reporter.contains("110") {
        "05举报110"
    } else if sighting.context.is_handed_down() {
        "07上级交办"
    } else if !reporter.is_empty() || has("tip") {
        "09其他举报"
    } else if sighting.context.query.is_some() || has("search") {
        "01搜索结果"
    } else if has("ct") || has("certstream") {
        "03证书透明"
    } else if has("check") {
        "08人工核查"
    } else {
        "02新注册域名"
    }
}

/// All 线索来源 of a lead, in the order of their codes, each once.
pub(super) fn sources(lead: &Lead) -> Vec<&'static str> {
    let mut codes: Vec<&str> = lead.candidate.sightings.iter().map(source).collect();
    codes.extend(lead.candidate.reasons.iter().filter_map(|reason| match reason {
        Reason::Search { .. } => Some("01搜索结果"),
        Reason::Check => Some("08人工核查"),
        Reason::Report { .. } | Reason::Name(_) | Reason::Official { .. } => None,
    }));
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// The class that a code speaks of: the verdict's, else the highest score's.
pub(super) fn class(lead: &Lead) -> Option<Class> {
    match lead.class() {
        Verdict::FakeQuery => Some(Class::FakeQuery),
        Verdict::Seller => Some(Class::Seller),
        Verdict::Mirror => Some(Class::Mirror),
        Verdict::Official => None,
        Verdict::None => {
            let scores = &lead.assessment.scores;
            Class::ALL.into_iter().rev().max_by_key(|c| scores.of(*c)).filter(|c| scores.of(*c) > 0)
        }
    }
}

/// 仿冒类型.
pub(super) fn imitation(lead: &Lead) -> &'static str {
    let qr = lead.assessment.findings.iter().any(|f| f.points > 0 && (f.signal.starts_with("qr") || f.signal.contains("result_page")));
    match class(lead) {
        Some(Class::FakeQuery) if qr => "03查询结果页(二维码落地)",
        Some(Class::FakeQuery) => "01查询页克隆",
        Some(Class::Mirror) => "02门户仿冒",
        Some(Class::Seller) => "04兜售广告",
        None => "",
    }
}

/// 建议罪名线索: a hint for the receiver, by the kind of page alone.
pub(super) fn hint(lead: &Lead) -> &'static str {
    match class(lead) {
        Some(Class::FakeQuery) => "01非法利用信息网络",
        Some(Class::Seller) => "02伪造变造买卖证件",
        Some(Class::Mirror) | None => "",
    }
}

/// Kind of a cluster, code before the word.
pub(super) fn cluster_kind(kind: &str, lang: Lang) -> &'static str {
    match kind {
        "operator" => lang.pick("operator 同一运营者", "operator"),
        "by_hand" => lang.pick("by_hand 人工合并", "by_hand"),
        _ => lang.pick("kit 同一套程序", "kit"),
    }
}

/// The host as people read it, defanged.
pub(super) fn host(lead: &Lead) -> String {
    lead.candidate.host.unicode().replace(['.', '。'], "[.]").replace(':', "[:]")
}

/// 封堵状态. Empty: not looked at since the referral.
pub(super) fn takedown(lead: &Lead) -> &'static str {
    let was_down = lead.standing().into_iter().any(|s| matches!(s.what, Move::Block));
    match lead.state {
        State::Blocked => "2确认下线",
        State::StillUp if was_down => "3重新上线",
        State::StillUp => "0在线",
        State::Moved => "4跳转/换内容",
        State::Reopened if was_down => "3重新上线",
        _ => "",
    }
}
