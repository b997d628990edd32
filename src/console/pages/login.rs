//! Log-in, log-out, language. A refused log-in says the same whatever was wrong, and takes as long.

use crate::console::call::{Call, Refusal, Reply};
use crate::console::gate::{cookie, cookie_name};
use crate::console::{Desk, layout, secrets};
use crate::model::lang::Lang;
use crate::records::Person;
use maud::{Markup, html};

/// `GET /login`.
pub(in crate::console) fn show(_: &Desk, call: &Call) -> Result<Reply, Refusal> {
    if call.person.is_some() {
        return Ok(Reply::See("/queue".into()));
    }
    let pre = if call.pre.is_empty() { secrets::token() } else { call.pre.clone() };
    let lang = language(call, call.query.get("lang"));
    let cookie = format!("jw_pre={pre}; Path=/; HttpOnly; SameSite=Lax");
    Ok(Reply::PageWith(form(lang, &pre, None, ""), cookie))
}

fn language(call: &Call, asked: Option<&str>) -> Lang {
    match asked {
        Some("en") => Lang::En,
        Some("zh") => Lang::Zh,
        _ => call.lang,
    }
}

fn form(lang: Lang, pre: &str, refused: Option<&str>, name: &str) -> Markup {
    let body = html! {
        section.card.login {
            div.brand { span.seal aria-hidden="true" { "鉴" } div { h1 { (lang.pick("鉴伪", "jianwei")) } p { (lang.pick("仿冒证书查询网站线索审核", "Review of fake certificate-query sites")) } } }
            @if let Some(text) = refused { div.said.bad role="alert" { (text) } }
            form method="post" action="/login" {
                input type="hidden" name="csrf" value=(pre);
                input type="hidden" name="lang" value=(lang.pick("zh", "en"));
                label { (lang.pick("登录名", "Name")) input name="name" value=(crate::console::inert::plain(name, 32)) autocomplete="username" autofocus required maxlength="32"; }
                label { (lang.pick("口令", "Password")) input type="password" name="password" autocomplete="current-password" required maxlength="256"; }
                label { (lang.pick("动态口令（如已启用）", "One-time code (where switched on)")) input name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="8"; }
                button.primary { (lang.pick("登录", "Log in")) }
            }
            p.aside {
                a href=(lang.pick("/login?lang=en", "/login?lang=zh")) lang=(lang.pick("en", "zh-CN")) { (lang.pick("English", "中文")) }
                " · " (lang.pick("账号由管理员开通", "An administrator makes accounts"))
            }
        }
    };
    layout::alone(lang, lang.pick("登录", "Log in"), &body)
}

/// `POST /login`.
pub(in crate::console) fn enter(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let lang = language(call, call.form.get("lang"));
    let (name, password, code) = (call.form.text("name"), call.form.get("password").unwrap_or_default(), call.form.text("code"));
    let Some(person) = admitted(desk, call, &name, password, &code)? else {
        let text = lang.pick(
            "登录名、口令或动态口令不对，或账号已停用、已锁定（连续错误 5 次锁定 15 分钟）。",
            "Wrong name, password or code; or the account is closed, or locked (15 minutes after 5 wrong passwords).",
        );
        return Ok(Reply::Status(401, form(lang, &call.pre, Some(text), &name)));
    };
    let secret = desk.sessions.begin(&person.name, person.epoch, lang, call.now);
    let to = if person.must_change { "/account" } else { "/queue" };
    Ok(Reply::SeeWith(to.into(), vec![cookie(desk, cookie_name(desk), &secret), "jw_pre=; Path=/; Max-Age=0".into()]))
}

fn admitted(desk: &Desk, call: &Call, name: &str, password: &str, code: &str) -> Result<Option<Person>, Refusal> {
    let _one = desk.hashing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    // Read after the wait: the failure before ours may have locked the account.
    let Some(person) = desk.records.person(name) else {
        secrets::pretend();
        return Ok(None);
    };
    let fits = secrets::fits(password, &person.hash);
    if person.disabled || person.locked(call.now) {
        return Ok(None);
    }
    let step = person.totp.as_ref().map(|secret| secrets::totp_step(secret, code, call.now));
    if !fits || step == Some(None) {
        if desk.records.failed_login(name, call.now)? {
            tracing::warn!(person = name, "account {name} is locked after too many wrong log-ins");
        }
        return Ok(None);
    }
    let fresh = desk.records.good_login(name, step.flatten(), call.now)?;
    Ok(fresh.then_some(person))
}

/// `POST /logout`.
pub(in crate::console) fn leave(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    if let Some(session) = &call.session {
        desk.sessions.end(&session.key);
    }
    Ok(Reply::SeeWith("/login".into(), vec![cookie(desk, cookie_name(desk), "")]))
}

/// `POST /language`.
pub(in crate::console) fn speak(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    if let Some(session) = &call.session {
        desk.sessions.speak(&session.key, language(call, call.form.get("lang")));
    }
    Ok(Reply::See(call.back("/queue")))
}
