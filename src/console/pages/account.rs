//! One's own account: password, second factor, tokens for programs.

use crate::console::call::{Call, Refusal, Reply};
use crate::console::gate::{cookie, cookie_name};
use crate::console::inert::inert;
use crate::console::layout::{hidden, moment, page};
use crate::console::{Desk, secrets};
use crate::records::Person;
use maud::{Markup, html};

fn own(desk: &Desk, call: &Call) -> Result<Person, Refusal> {
    desk.records.person(call.name()).ok_or(Refusal::NotFound)
}

/// `GET /account`.
pub(in crate::console) fn show(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let person = own(desk, call)?;
    Ok(page(desk, call, "/account", call.t("我的账号", "My account"), &body(call, &person, None)))
}

fn body(call: &Call, person: &Person, fresh: Option<&str>) -> Markup {
    html! {
        h1 { (call.t("我的账号", "My account")) }
        @if person.must_change {
            div.said.bad role="alert" { (call.t("首次登录或口令已被重置：请先修改口令。", "First log-in, or the password was reset: change it first.")) }
        }
        div.columns {
            (password_card(call))
            @if !person.must_change { (totp_card(call, person)) (token_card(call, person, fresh)) }
        }
    }
}

fn password_card(call: &Call) -> Markup {
    html! {
        section.card {
            h2 { (call.t("修改口令", "Change password")) }
            p.aside { (call.t("至少 12 个字符；可用一句话。修改后，其他设备上的登录随即失效。", "At least 12 characters; a sentence will do. Other devices are logged out.")) }
            form method="post" action="/account/password" {
                (hidden(call))
                label { (call.t("现口令", "Present password")) input type="password" name="old" autocomplete="current-password" required maxlength="256"; }
                label { (call.t("新口令", "New password")) input type="password" name="new" autocomplete="new-password" required minlength="12" maxlength="256"; }
                label { (call.t("再输一次", "Once more")) input type="password" name="again" autocomplete="new-password" required minlength="12" maxlength="256"; }
                button.primary { (call.t("修改", "Change")) }
            }
        }
    }
}

fn totp_card(call: &Call, person: &Person) -> Markup {
    let new = secrets::totp_secret();
    html! {
        section.card {
            h2 { (call.t("动态口令", "One-time codes")) }
            @if person.totp.is_some() {
                p { (call.t("已启用。", "Switched on.")) }
                form method="post" action="/account/totp/off" {
                    (hidden(call))
                    label { (call.t("口令", "Password")) input type="password" name="password" autocomplete="current-password" required maxlength="256"; }
                    button { (call.t("停用", "Switch off")) }
                }
            } @else {
                p.aside { (call.t("在验证器应用中手工输入下面的密钥，再填入它显示的 6 位数字。", "Type this key into an authenticator, then enter the six digits it shows.")) }
                form method="post" action="/account/totp" {
                    (hidden(call))
                    input type="hidden" name="secret" value=(new);
                    p.key { (new.as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c).into_owned()).collect::<Vec<_>>().join(" ")) }
                    label { (call.t("6 位数字", "Six digits")) input name="code" inputmode="numeric" required maxlength="8" autocomplete="off"; }
                    button.primary { (call.t("启用", "Switch on")) }
                }
            }
        }
    }
}

fn token_card(call: &Call, person: &Person, fresh: Option<&str>) -> Markup {
    html! {
        section.card {
            h2 { (call.t("接口令牌", "Tokens for programs")) }
            @if let Some(token) = fresh {
                div.said role="status" { (call.t("请立即复制，此令牌不再显示：", "Copy it now; it is not shown again:")) " " code.key { (token) } }
            }
            p.aside { (call.t("令牌的权限与本账号相同；接口说明见", "A token may do what this account may; described at")) " " a href="/api/v1/openapi.json" { "/api/v1/openapi.json" } }
            @for token in &person.tokens {
                form.line method="post" action="/account/tokens/revoke" {
                    (hidden(call))
                    input type="hidden" name="label" value=(token.label);
                    span { (inert(&token.label, 60)) } span.aside { (moment(token.made_at)) }
                    button.quiet { (call.t("吊销", "Revoke")) }
                }
            }
            form method="post" action="/account/tokens" {
                (hidden(call))
                label { (call.t("用途", "What for")) input name="label" required maxlength="60"; }
                button { (call.t("签发", "Make one")) }
            }
        }
    }
}

fn refused(desk: &Desk, call: &Call, text: String) -> Reply {
    if let Some(session) = &call.session {
        desk.sessions.say(&session.key, false, text);
    }
    Reply::See("/account".into())
}

fn done(desk: &Desk, call: &Call, zh: &'static str, en: &'static str) -> Reply {
    if let Some(session) = &call.session {
        desk.sessions.say(&session.key, true, call.t(zh, en).into());
    }
    Reply::See("/account".into())
}

/// A wrong present password counts like a wrong log-in: a session left open is not a place to guess.
fn is_own_password(desk: &Desk, call: &Call, person: &Person, password: &str) -> Result<bool, Refusal> {
    let _one = desk.hashing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let good = !person.locked(call.now) && secrets::fits(password, &person.hash);
    if !good
        && desk.records.failed_login(&person.name, call.now)?
        && let Some(session) = &call.session
    {
        desk.sessions.end(&session.key);
    }
    Ok(good)
}

/// `POST /account/password`.
pub(in crate::console) fn password(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let person = own(desk, call)?;
    let (old, new) = (call.form.get("old").unwrap_or_default(), call.form.get("new").unwrap_or_default());
    if call.form.get("again") != Some(new) {
        return Ok(refused(desk, call, call.t("两次输入的新口令不一致。", "The two new passwords differ.").into()));
    }
    if let Err(why) = secrets::check_password(new, &person.name) {
        return Ok(refused(desk, call, why.get(call.lang).to_owned()));
    }
    if !is_own_password(desk, call, &person, old)? {
        return Ok(refused(desk, call, call.t("现口令不对。", "The present password is wrong.").into()));
    }
    if old == new {
        return Ok(refused(desk, call, call.t("新口令与现口令相同。", "The new password is the present one.").into()));
    }
    let hash = secrets::hash_password(new).map_err(Refusal::Broken)?;
    desk.records.change_password(&person.name, &hash, call.now)?;
    let epoch = own(desk, call)?.epoch;
    let secret = desk.sessions.begin(&person.name, epoch, call.lang, call.now);
    Ok(Reply::SeeWith("/queue".into(), vec![cookie(desk, cookie_name(desk), &secret)]))
}

/// `POST /account/totp`.
pub(in crate::console) fn totp_on(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let secret = call.form.text("secret");
    let plain = secret.len() == 32 && secret.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b));
    if !plain || secrets::totp_step(&secret, &call.form.text("code"), call.now).is_none() {
        return Ok(refused(
            desk,
            call,
            call.t("数字不对；请用新的密钥重试，并校准时间。", "Wrong digits; try again with the new key, and check the clock.").into(),
        ));
    }
    desk.records.set_totp(call.name(), Some(secret), call.now)?;
    Ok(done(desk, call, "动态口令已启用。", "One-time codes are on."))
}

/// `POST /account/totp/off`.
pub(in crate::console) fn totp_off(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let person = own(desk, call)?;
    if !is_own_password(desk, call, &person, call.form.get("password").unwrap_or_default())? {
        return Ok(refused(desk, call, call.t("口令不对。", "Wrong password.").into()));
    }
    desk.records.set_totp(call.name(), None, call.now)?;
    Ok(done(desk, call, "动态口令已停用。", "One-time codes are off."))
}

/// `POST /account/tokens`.
pub(in crate::console) fn token(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let token = format!("jw_{}", secrets::token());
    let hash = secrets::print_of(&token);
    if let Err(why) = desk.records.add_token(call.name(), &call.form.text("label"), &hash, call.now) {
        return Ok(refused(desk, call, why.to_string()));
    }
    let person = own(desk, call)?;
    Ok(page(desk, call, "/account", call.t("我的账号", "My account"), &body(call, &person, Some(&token))))
}

/// `POST /account/tokens/revoke`.
pub(in crate::console) fn revoke(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    desk.records.revoke_token(call.name(), &call.form.text("label"), call.now)?;
    Ok(done(desk, call, "令牌已吊销。", "The token is revoked."))
}
