//! `jianwei users add|list|disable|enable|reset|role`: accounts of the console, on the machine itself. The first admin is made here.
//! Needs the data folder for itself: while the console runs, its own people page does the same.

use crate::cli::args::UsersCommand;
use crate::cli::fail::{Exit, Failure};
use crate::cli::{Context, say};
use crate::console::{check_password, first_password, hash_password};
use crate::records::{Records, RecordsError, Role};
use comfy_table::{Table, presets};
use serde_json::json;
use std::io::Read;

pub(super) fn run(context: &Context, command: &UsersCommand) -> Result<Exit, Failure> {
    let records = context.records()?;
    let now = context.net()?.now();
    let told = |e: RecordsError| context.records_failure(&e);
    match command {
        UsersCommand::List => return list(context, &records),
        UsersCommand::Add { name, full_name, role, password_stdin, by } => {
            let role = role_of(context, role)?;
            let password = password(context, *password_stdin, name)?;
            records.add_person(name, full_name, role, &hash(context, &password)?, by, now).map_err(told)?;
            say_password(context, "added", name, if *password_stdin { None } else { Some(&password) })?;
        }
        UsersCommand::Reset { name, password_stdin, by } => {
            let password = password(context, *password_stdin, name)?;
            records.reset_password(name, &hash(context, &password)?, by, now).map_err(told)?;
            say_password(context, "reset", name, if *password_stdin { None } else { Some(&password) })?;
        }
        UsersCommand::Disable { name, by } => {
            records.set_disabled(name, true, by, now).map_err(told)?;
            done(context, "disabled", name)?;
        }
        UsersCommand::Enable { name, by } => {
            records.set_disabled(name, false, by, now).map_err(told)?;
            done(context, "enabled", name)?;
        }
        UsersCommand::Role { name, role, by } => {
            records.set_role(name, role_of(context, role)?, by, now).map_err(told)?;
            done(context, "role", name)?;
        }
    }
    Ok(Exit::Done)
}

fn hash(context: &Context, password: &str) -> Result<String, Failure> {
    hash_password(password).map_err(|e| Failure::failed(e.clone(), e, context.lang))
}

fn role_of(context: &Context, word: &str) -> Result<Role, Failure> {
    Role::parse(word).ok_or_else(|| {
        let known = Role::ALL.map(Role::word).join(", ");
        Failure::usage(format!("没有角色 “{word}”；可用：{known}"), format!("no role `{word}`; there are: {known}"), context.lang)
    })
}

/// From standard input, or one made up here.
fn password(context: &Context, from_stdin: bool, name: &str) -> Result<String, Failure> {
    if !from_stdin {
        return Ok(first_password());
    }
    let mut text = String::new();
    let read = std::io::stdin().take(1024).read_to_string(&mut text);
    read.map_err(|e| Failure::failed(format!("标准输入：{e}"), format!("standard input: {e}"), context.lang))?;
    let password = text.trim_end_matches(['\r', '\n']).to_owned();
    check_password(&password, name).map_err(|why| Failure::usage(why.zh, why.en, context.lang))?;
    Ok(password)
}

fn say_password(context: &Context, what: &str, name: &str, password: Option<&str>) -> Result<(), Failure> {
    if context.json {
        return say::json(&json!({"schema": "users/1", "done": what, "name": name, "password": password}));
    }
    let Some(password) = password else { return done(context, what, name) };
    say::line(&context.lang.pick(
        format!("{name} 的初始口令：{password}\n只显示这一次；首次登录必须修改。"),
        format!("first password of {name}: {password}\nshown once; it must be changed at the first log-in."),
    ))
}

fn done(context: &Context, what: &str, name: &str) -> Result<(), Failure> {
    if context.json {
        return say::json(&json!({"schema": "users/1", "done": what, "name": name}));
    }
    say::line(&context.lang.pick(format!("已完成：{name}"), format!("done: {name}")))
}

fn list(context: &Context, records: &Records) -> Result<Exit, Failure> {
    let (people, lang) = (records.people(), context.lang);
    if context.json {
        for p in &people {
            say::json(&json!({
                "schema": "user/1", "name": p.name, "full_name": p.full_name, "role": p.role, "disabled": p.disabled, "must_change": p.must_change,
                "totp": p.totp.is_some(), "made_at": p.made_at,
            }))?;
        }
        return Ok(Exit::Done);
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(lang.pick(["登录名", "姓名", "角色", "状态", "动态口令"], ["name", "full name", "role", "standing", "codes"]));
    for p in &people {
        let standing = if p.disabled { lang.pick("已停用", "closed") } else { lang.pick("正常", "open") };
        let codes = if p.totp.is_some() { lang.pick("是", "yes") } else { lang.pick("否", "no") };
        table.add_row([p.name.as_str(), p.full_name.as_str(), lang.pick(p.role.zh(), p.role.word()), standing, codes]);
    }
    say::line(&table.to_string())?;
    Ok(Exit::Done)
}
