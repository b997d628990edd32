//! Decisions: each a post, each through records, which alone says yes or no. Our script gets a short JSON answer, a plain form comes back to its page.

use crate::console::Desk;
use crate::console::call::{Call, Refusal, Reply};
use crate::console::layout::words;
use crate::model::lang::Lang;
use crate::model::lead::{CLAIM_MS, IllegalMove, Lead, LeadId, MAX_WORDS, Move};
use crate::records::RecordsError;
use serde_json::json;

/// Leads of one bulk decision.
pub(super) const MAX_BULK: usize = 200;

/// Why not, in the person's language.
pub(in crate::console) fn refused(lang: Lang, error: RecordsError) -> Refusal {
    let why = match error {
        RecordsError::Illegal(why) => why,
        other => return other.into(),
    };
    let zh = match &why {
        IllegalMove::NotFrom { from, .. } => format!("线索现为“{}”，不能这样处理；可能刚被别人处理过，请刷新。", from.zh()),
        IllegalMove::SamePerson { who } => format!("初审人是 {who}：复审必须由另一人进行。"),
        IllegalMove::NoReason { .. } => "必须写明理由。".into(),
        IllegalMove::TooLong { .. } => format!("文字过长，最多 {MAX_WORDS} 字。"),
        IllegalMove::Held { who, until } => format!("{who} 已认领（到 {}），请与其联系或稍后再试。", until.beijing()),
        IllegalMove::NothingToUndo => "没有可撤销的：只能在 30 秒内撤销自己的最后一次决定。".into(),
    };
    Refusal::Told(409, lang.pick(zh, why.to_string()))
}

fn take(desk: &Desk, call: &Call, what: Move) -> Result<Reply, Refusal> {
    let id = call.lead(desk)?.id;
    let said = call.lang.pick(what.zh(), what.word());
    let lead = desk.records.decide_by(&id, what, call.name(), call.now).map_err(|e| refused(call.lang, e))?;
    if call.script {
        return Ok(Reply::Json(200, answer(call.lang, &lead, said)));
    }
    if let Some(session) = &call.session {
        desk.sessions.say(&session.key, true, format!("{said} · {}", lead.id));
    }
    Ok(Reply::See(call.back(&format!("/leads/{}", lead.id))))
}

fn answer(lang: Lang, lead: &Lead, said: &str) -> serde_json::Value {
    json!({
        "ok": true, "id": lead.id, "state": lead.state.word(), "state_text": lang.pick(lead.state.zh(), words(lead.state)), "holder": lead.holder,
        "said": format!("{said} · {}", lead.candidate.host.defanged()),
    })
}

/// `POST /leads/{id}/claim`.
pub(in crate::console) fn claim(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    take(desk, call, Move::Claim)
}
/// `POST /leads/{id}/release`.
pub(in crate::console) fn release(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    take(desk, call, Move::Release)
}
/// `POST /leads/{id}/confirm`.
pub(in crate::console) fn confirm(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    take(desk, call, Move::Confirm)
}
/// `POST /leads/{id}/approve`.
pub(in crate::console) fn approve(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    take(desk, call, Move::Approve)
}
/// `POST /leads/{id}/dismiss`.
pub(in crate::console) fn dismiss(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    take(desk, call, Move::Dismiss { reason: call.form.text("text") })
}
/// `POST /leads/{id}/reopen`.
pub(in crate::console) fn reopen(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    take(desk, call, Move::Reopen { reason: call.form.text("text") })
}
/// `POST /leads/{id}/undo`.
pub(in crate::console) fn undo(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    take(desk, call, Move::Undo)
}
/// `POST /leads/{id}/note`.
pub(in crate::console) fn note(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    take(desk, call, Move::Note { text: call.form.text("text") })
}

/// `POST /leads/{id}/recapture`: due now; a watch that runs visits within a minute, else the next scan does.
pub(in crate::console) fn recapture(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let lead = call.lead(desk)?;
    if desk.records.allowed()?.iter().any(|a| a.covers(&lead.candidate.host)) {
        let why = call.t("该主机在允许名单中，不再访问。", "This host is on the allow-list: it is not visited.");
        return Err(Refusal::Told(409, why.into()));
    }
    take(desk, call, Move::Recapture)
}

/// `POST /leads/{id}/unmask`.
pub(in crate::console) fn unmask(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let lead = call.lead(desk)?;
    let package = lead.packages.last().map(|p| p.id.clone()).unwrap_or_else(|| "-".into());
    let reply = take(desk, call, Move::Unmask { package })?;
    // Only after the journal has it.
    if let Some(session) = &call.session {
        desk.sessions.unmask(&session.key, lead.id, call.now);
    }
    Ok(reply)
}

/// `POST /leads/{id}/refer`. A name that was referred before needs a second yes.
pub(in crate::console) fn refer(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let lead = call.lead(desk)?;
    let prior = desk.records.referred_before(&lead)?;
    if let (Some((_, host, step)), None) = (prior.first(), call.form.get("again")) {
        let (host, at, letter) = (host.defanged(), step.at.beijing(), step.what.said().unwrap_or_default());
        return Err(Refusal::Told(
            409,
            call.lang.pick(
                format!("{host} 已于 {at} 移送（{letter}）。确需再次移送，请勾选“仍要移送”。"),
                format!("{host} was referred on {at} ({letter}). To refer it again, tick “refer all the same”."),
            ),
        ));
    }
    take(desk, call, Move::Refer { letter: call.form.text("letter") })
}

/// `POST /leads/{id}/outcome`.
pub(in crate::console) fn outcome(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let what = match call.form.text("what").as_str() {
        "block" => Move::Block,
        "still_up" => Move::StillUp,
        "moved_to" => {
            let host = crate::model::host::Host::parse(&call.form.text("host").replace("[.]", "."));
            let host = host.map_err(|_| Refusal::Told(400, call.t("请填写转移后的主机名。", "Name the host it moved to.").into()))?;
            Move::MovedTo { host: host.to_string() }
        }
        _ => return Err(Refusal::Told(400, call.t("请选择复查结果。", "Choose an outcome.").into())),
    };
    take(desk, call, what)
}

/// `POST /queue/bulk/claim`.
pub(in crate::console) fn bulk_claim(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    bulk(desk, call, &Move::Claim)
}

/// `POST /queue/bulk/dismiss`.
pub(in crate::console) fn bulk_dismiss(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let reason = call.form.text("reason");
    if reason.is_empty() {
        return Err(Refusal::Told(409, call.t("批量判为误报必须写明理由。", "A bulk dismissal needs a reason.").into()));
    }
    bulk(desk, call, &Move::Dismiss { reason })
}

fn bulk(desk: &Desk, call: &Call, what: &Move) -> Result<Reply, Refusal> {
    let (mut done, mut refused) = (0, 0);
    for id in call.form.all("id").take(MAX_BULK) {
        match desk.records.decide_by(&LeadId(id.to_owned()), what.clone(), call.name(), call.now) {
            Ok(_) => done += 1,
            Err(RecordsError::Illegal(_) | RecordsError::NoLead(_)) => refused += 1,
            Err(other) => return Err(other.into()),
        }
    }
    let text = call.lang.pick(
        format!("{}：{done} 条；未能处理 {refused} 条（他人已认领或状态已变）。", what.zh()),
        format!("{}: {done}; {refused} could not be (held by others, or changed meanwhile).", what.word()),
    );
    if let Some(session) = &call.session {
        desk.sessions.say(&session.key, refused == 0, text);
    }
    Ok(Reply::See(call.back("/queue")))
}

const _: () = assert!(CLAIM_MS == 900_000, "the pages speak of 15 minutes");
