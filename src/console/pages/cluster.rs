//! Clusters by hand: several leads of the queue into one, one lead to another host, and that taken back. A reason each time, a journal line each time;
//! nobody is asked twice, as each can be taken back by its opposite.

use crate::console::Desk;
use crate::console::call::{Call, Refusal, Reply};
use crate::console::pages::moves::MAX_BULK;
use crate::model::cluster::ClusterMove;
use crate::model::host::Host;
use crate::model::lead::LeadId;

fn reason(call: &Call) -> Result<String, Refusal> {
    let reason = call.form.text("reason");
    if reason.is_empty() {
        return Err(Refusal::Told(409, call.t("归集群必须写明理由。", "A cluster made by hand needs a reason.").into()));
    }
    Ok(reason)
}

fn done(desk: &Desk, call: &Call, text: String, otherwise: &str) -> Reply {
    // The queue shows clusters as of the last look; whoever just made one looks now.
    desk.renew_kin();
    if let Some(session) = &call.session {
        desk.sessions.say(&session.key, true, text);
    }
    Reply::See(call.back(otherwise))
}

/// `POST /queue/bulk/cluster`: the hosts of all chosen leads belong together; each is tied to the first.
pub(in crate::console) fn bulk(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let reason = reason(call)?;
    let mut hosts: Vec<Host> = Vec::new();
    for id in call.form.all("id").take(MAX_BULK) {
        let lead = desk.records.lead(&LeadId(id.to_owned()))?;
        hosts.extend(lead.map(|l| l.candidate.host).filter(|h| !hosts.contains(h)));
    }
    let Some((first, others)) = hosts.split_first().filter(|(_, others)| !others.is_empty()) else {
        return Err(Refusal::Told(409, call.t("请至少选择两条不同主机的线索。", "Choose leads on two hosts at least.").into()));
    };
    for with in others {
        let what = ClusterMove::Merge { host: first.clone(), with: with.clone(), reason: reason.clone() };
        desk.records.arrange_by(&what, call.name(), call.now)?;
    }
    let text = call.lang.pick(
        format!("已归入同一集群：{} 个主机；在线索页“集群”中可逐条撤销。", hosts.len()),
        format!("In one cluster: {} hosts; each can be taken back at “Cluster” on the lead's page.", hosts.len()),
    );
    Ok(done(desk, call, text, "/queue"))
}

/// The lead's host, and the other one that the form names.
fn two(desk: &Desk, call: &Call) -> Result<(Host, Host, String), Refusal> {
    let lead = call.lead(desk)?;
    let reason = reason(call)?;
    let other = Host::parse(&call.form.text("host").replace("[.]", "."));
    let other = other.ok().filter(|h| *h != lead.candidate.host);
    let other = other.ok_or(Refusal::Told(400, call.t("请填写另一个主机名。", "Name another host.").into()))?;
    Ok((lead.candidate.host, other, reason))
}

/// `POST /leads/{id}/merge`: the lead's host and another belong together.
pub(in crate::console) fn merge(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let (host, with, reason) = two(desk, call)?;
    if desk.records.leads_on(&with)?.is_empty() {
        return Err(Refusal::Told(409, call.t("该主机没有线索，无法归入集群。", "There is no lead on that host.").into()));
    }
    let text = call.lang.pick(format!("已与 {} 归入同一集群。", with.defanged()), format!("In one cluster with {}.", with.defanged()));
    let back = format!("/leads/{}", call.path.first().map(String::as_str).unwrap_or_default());
    desk.records.arrange_by(&ClusterMove::Merge { host, with, reason }, call.name(), call.now)?;
    Ok(done(desk, call, text, &back))
}

/// `POST /leads/{id}/unmerge`: no longer.
pub(in crate::console) fn unmerge(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let (host, with, reason) = two(desk, call)?;
    let text =
        call.lang.pick(format!("已撤销与 {} 的人工合并。", with.defanged()), format!("No longer tied to {} by hand.", with.defanged()));
    let back = format!("/leads/{}", call.path.first().map(String::as_str).unwrap_or_default());
    desk.records.arrange_by(&ClusterMove::Unmerge { host, with, reason }, call.name(), call.now)?;
    Ok(done(desk, call, text, &back))
}
