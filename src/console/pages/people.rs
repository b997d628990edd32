//! People, for admins: accounts, roles, first passwords. The same as `jianwei users`, which needs the console stopped.

use crate::console::call::{Call, Refusal, Reply};
use crate::console::inert::{inert, plain};
use crate::console::layout::{hidden, moment, page};
use crate::console::{Desk, secrets};
use crate::records::{Role, is_name};
use maud::{Markup, html};

/// `GET /people`.
pub(in crate::console) fn show(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    Ok(page(desk, call, "/people", call.t("人员", "People"), &body(desk, call, None)))
}

fn body(desk: &Desk, call: &Call, fresh: Option<(&str, &str)>) -> Markup {
    let people = desk.records.people();
    html! {
        h1 { (call.t("人员", "People")) }
        @if let Some((name, password)) = fresh {
            div.said role="status" {
                (call.t("初始口令只显示这一次，请当面或电话告知本人：", "This first password is shown once; tell it to the person yourself:"))
                " " b { (plain(name, 32)) } " " code.key { (password) }
            }
        }
        div.scroll tabindex="0" { table.list {
            thead { tr {
                th scope="col" { (call.t("登录名", "Name")) } th scope="col" { (call.t("姓名", "Full name")) } th scope="col" { (call.t("角色", "Role")) }
                th scope="col" { (call.t("状态", "Standing")) } th scope="col" { (call.t("开通时间", "Made")) } th scope="col" { (call.t("操作", "Actions")) }
            } }
            tbody { @for p in &people { tr {
                td { b { (plain(&p.name, 32)) } }
                td { (inert(&p.full_name, 60)) }
                td {
                    form.line method="post" action={"/people/" (p.name) "/role"} {
                        (hidden(call))
                        select name="role" aria-label=(call.t("角色", "Role")) { (roles(call, Some(p.role))) }
                        button.quiet { (call.t("变更", "Change")) }
                    }
                }
                td {
                    @if p.disabled { (call.t("已停用", "closed")) } @else if p.locked(call.now) { (call.t("已锁定", "locked")) }
                    @else if p.must_change { (call.t("待首次改口令", "first password")) } @else { (call.t("正常", "open")) }
                    @if p.totp.is_some() { span.aside { " · " (call.t("动态口令", "codes")) } }
                }
                td { (moment(p.made_at)) }
                td.line {
                    form method="post" action={"/people/" (p.name) "/" (if p.disabled { "enable" } else { "disable" })} {
                        (hidden(call)) button.quiet { @if p.disabled { (call.t("启用", "Open")) } @else { (call.t("停用", "Close")) } }
                    }
                    form method="post" action={"/people/" (p.name) "/reset"} { (hidden(call)) button.quiet { (call.t("重置口令", "Reset password")) } }
                }
            } } }
        } }
        section.card.narrow {
            h2 { (call.t("新增账号", "New account")) }
            form method="post" action="/people/add" {
                (hidden(call))
                label { (call.t("登录名（小写字母、数字；写入审计日志，不可重用）", "Log-in name (lower case, digits; stands in the journal, never given twice)"))
                    input name="name" required maxlength="32" pattern="[a-z0-9][a-z0-9._\\-]{1,31}" autocomplete="off"; }
                label { (call.t("姓名", "Full name")) input name="full_name" maxlength="60" autocomplete="off"; }
                label { (call.t("角色", "Role")) select name="role" { (roles(call, None)) } }
                button.primary { (call.t("新增", "Add")) }
            }
        }
    }
}

fn roles(call: &Call, chosen: Option<Role>) -> Markup {
    html! { @for role in Role::ALL { option value=(role.word()) selected[chosen == Some(role)] { (call.lang.pick(role.zh(), role.word())) } } }
}

fn told(desk: &Desk, call: &Call, done: Result<(), crate::records::RecordsError>) -> Result<Reply, Refusal> {
    if let Some(session) = &call.session {
        match done {
            Ok(()) => desk.sessions.say(&session.key, true, call.t("已完成。", "Done.").into()),
            Err(e) => desk.sessions.say(&session.key, false, e.to_string()),
        }
    }
    Ok(Reply::See("/people".into()))
}

fn named(call: &Call) -> Result<&str, Refusal> {
    call.path.first().map(String::as_str).filter(|n| is_name(n)).ok_or(Refusal::NotFound)
}

fn role_of(call: &Call) -> Result<Role, Refusal> {
    Role::parse(&call.form.text("role")).ok_or(Refusal::Told(400, call.t("没有这个角色。", "There is no such role.").into()))
}

/// `POST /people/add`.
pub(in crate::console) fn add(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let (name, password) = (call.form.text("name"), secrets::first_password());
    let hash = secrets::hash_password(&password).map_err(Refusal::Broken)?;
    match desk.records.add_person(&name, &call.form.text("full_name"), role_of(call)?, &hash, call.name(), call.now) {
        Ok(()) => Ok(page(desk, call, "/people", call.t("人员", "People"), &body(desk, call, Some((&name, &password))))),
        Err(e) => told(desk, call, Err(e)),
    }
}

/// `POST /people/{name}/disable`.
pub(in crate::console) fn disable(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    told(desk, call, desk.records.set_disabled(named(call)?, true, call.name(), call.now))
}

/// `POST /people/{name}/enable`.
pub(in crate::console) fn enable(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    told(desk, call, desk.records.set_disabled(named(call)?, false, call.name(), call.now))
}

/// `POST /people/{name}/reset`.
pub(in crate::console) fn reset(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let (name, password) = (named(call)?, secrets::first_password());
    let hash = secrets::hash_password(&password).map_err(Refusal::Broken)?;
    match desk.records.reset_password(name, &hash, call.name(), call.now) {
        Ok(()) => Ok(page(desk, call, "/people", call.t("人员", "People"), &body(desk, call, Some((name, &password))))),
        Err(e) => told(desk, call, Err(e)),
    }
}

/// `POST /people/{name}/role`.
pub(in crate::console) fn role(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    told(desk, call, desk.records.set_role(named(call)?, role_of(call)?, call.name(), call.now))
}
