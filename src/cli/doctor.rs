//! `jianwei doctor`: what is missing on this machine, and the command that installs it. Exit 4 where something needed is missing.

use crate::cli::fail::{Exit, Failure};
use crate::cli::rules::RuleBook;
use crate::cli::{Context, say};
use crate::model::host::Host;
use crate::model::lang::Both;
use crate::records::Records;
use crate::resolve::FRONTS_LIST;
use crate::resolve::tables::{TableFile, Tables};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};

/// One thing looked at.
struct Finding {
    what: Both,
    good: bool,
    /// Is jianwei of no use without it today?
    needed: bool,
    detail: Both,
    remedy: String,
}

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let mut findings = vec![settings(context), data_folder(context), journal(context), rules(context)];
    findings.push(resolver(context)?);
    findings.extend(programs());
    findings.push(fonts());
    findings.extend(tables(context));
    let mut missing = false;
    for f in &findings {
        missing |= f.needed && !f.good;
        show(context, f)?;
    }
    Ok(if missing { Exit::CheckFailed } else { Exit::Done })
}

fn show(context: &Context, f: &Finding) -> Result<(), Failure> {
    let lang = context.lang;
    if context.json {
        return say::json(&json!({
            "schema": "doctor/1", "what": f.what.get(lang), "good": f.good, "needed": f.needed, "detail": f.detail.get(lang), "remedy": f.remedy,
        }));
    }
    let mark = match (f.good, f.needed) {
        (true, _) => lang.pick("正常", "ok  "),
        (false, true) => lang.pick("缺失", "MISSING"),
        (false, false) => lang.pick("可选", "optional"),
    };
    let remedy = if f.good || f.remedy.is_empty() { String::new() } else { format!("  → {}", f.remedy) };
    say::line(&format!("{mark}  {}：{}{remedy}", f.what.get(lang), f.detail.get(lang)))
}

fn settings(context: &Context) -> Finding {
    let file = &context.settings.file;
    let none = file.as_os_str().is_empty();
    Finding {
        what: Both::new("设置文件", "settings"),
        good: !none,
        needed: false,
        detail: if none { Both::new("没有，使用默认值", "none: the defaults are used") } else { same(file.display().to_string()) },
        remedy: "jianwei init".into(),
    }
}

fn data_folder(context: &Context) -> Finding {
    let dir = context.settings.data_dir();
    let tried = std::fs::create_dir_all(dir).and_then(|()| {
        let probe = dir.join(".doctor");
        std::fs::File::create(&probe).and_then(|mut f| f.write_all(b"x").and_then(|()| f.sync_all()))?;
        std::fs::remove_file(probe)
    });
    Finding {
        what: Both::new("数据目录可写", "data folder is writable"),
        good: tried.is_ok(),
        needed: true,
        detail: same(match &tried {
            Ok(()) => dir.display().to_string(),
            Err(e) => format!("{}: {e}", dir.display()),
        }),
        remedy: format!("mkdir -p {0} && chown $USER {0}", dir.display()),
    }
}

/// Is every line of the journal the one that was written? A running program has the store; then the chain alone is looked at.
fn journal(context: &Context) -> Finding {
    let dir = context.settings.data_dir();
    let path = dir.join("journal.jsonl");
    let what = Both::new("决定日志完整", "journal of decisions is whole");
    if !path.exists() {
        return Finding { what, good: true, needed: true, detail: Both::new("还没有决定", "no decision yet"), remedy: String::new() };
    }
    let (check, in_use) = match context.records() {
        Ok(records) => (records.verify_journal(), false),
        Err(_) => (Records::verify_journal_in(dir), true),
    };
    let (good, detail) = match check {
        Ok(check) if check.faults.is_empty() => {
            let last = if in_use {
                Both::new("（数据目录使用中，只核对了链）", " (the data folder is in use: the chain alone was checked)")
            } else {
                Both::new("", "")
            };
            (true, Both::new(format!("{} 行{}", check.lines, last.zh), format!("{} lines{}", check.lines, last.en)))
        }
        Ok(check) => (false, same(format!("{}: {}", path.display(), check.faults.iter().take(5).cloned().collect::<Vec<_>>().join("; ")))),
        Err(e) => (false, same(e.to_string())),
    };
    let remedy = "cp -a journal.jsonl journal.jsonl.kept".into();
    Finding { what, good, needed: true, detail, remedy }
}

fn rules(context: &Context) -> Finding {
    let loaded = RuleBook::read(&context.settings, context.lang).and_then(|book| book.watchlist().map(|_| book.sites.len()));
    Finding {
        what: Both::new("规则可加载", "rules load"),
        good: loaded.is_ok(),
        needed: true,
        detail: match loaded {
            Ok(n) => Both::new(format!("受保护网站 {n} 个"), format!("{n} protected sites")),
            Err(e) => same(e.to_string()),
        },
        remedy: "jianwei rules check".into(),
    }
}

/// Asks the configured resolvers for the root's name servers: the smallest question that any resolver can answer.
fn resolver(context: &Context) -> Result<Finding, Failure> {
    let net = context.net()?;
    let answer = context.block_on(async { Ok(net.dns(&Host::parse("cn").expect("a fixed name"), "NS").await) })?;
    let good = matches!(answer.rcode.as_str(), "NOERROR" | "NXDOMAIN" | "NODATA");
    Ok(Finding {
        what: Both::new("DNS 解析", "DNS"),
        good,
        needed: false,
        detail: same(format!("{} {}", net.resolvers().join(", "), answer.rcode)),
        remedy: "[net] resolvers = [\"IP:53\"]".into(),
    })
}

fn programs() -> Vec<Finding> {
    [
        (
            &["chromium", "chromium-browser", "google-chrome"][..],
            "浏览器 Chromium（渲染脚本页面、截图）",
            "browser Chromium (scripted pages, screenshots)",
            "apt-get install -y chromium",
        ),
        (
            &["tesseract"][..],
            "文字识别 tesseract（图片中的文字）",
            "text recognition tesseract (text in pictures)",
            "apt-get install -y tesseract-ocr tesseract-ocr-chi-sim",
        ),
        (&["openssl"][..], "openssl（第三方核验用）", "openssl (for verification by others)", "apt-get install -y openssl"),
    ]
    .into_iter()
    .map(|(names, zh, en, remedy)| {
        let found = names.iter().find_map(|n| on_path(n));
        Finding {
            what: Both::new(zh, en),
            good: found.is_some(),
            needed: false,
            detail: found.map_or_else(|| Both::new("未安装", "not installed"), |p| same(p.display().to_string())),
            remedy: remedy.into(),
        }
    })
    .collect()
}

fn fonts() -> Finding {
    let dirs =
        ["/usr/share/fonts/opentype/noto", "/usr/share/fonts/truetype/noto", "/usr/share/fonts/opentype", "/usr/share/fonts/truetype"];
    let cjk =
        |d: &&str| std::fs::read_dir(d).is_ok_and(|mut e| e.any(|f| f.is_ok_and(|f| f.file_name().to_string_lossy().contains("CJK"))));
    let found = dirs.iter().find(|d| cjk(d));
    Finding {
        what: Both::new("中文字体", "Chinese fonts"),
        good: found.is_some(),
        needed: false,
        detail: found.map_or_else(|| Both::new("未安装", "not installed"), |d| same((*d).to_owned())),
        remedy: "apt-get install -y fonts-noto-cjk".into(),
    }
}

/// The address tables: none is needed, each says "unknown" without it.
fn tables(context: &Context) -> Vec<Finding> {
    let dir = context.settings.tables_dir();
    let mut files = Tables::open(&dir).files().to_vec();
    let list = dir.join(FRONTS_LIST);
    let dated = std::fs::metadata(&list)
        .and_then(|m| m.modified())
        .ok()
        .map(|t| chrono::DateTime::<chrono::Utc>::from(t).format("%Y-%m-%d").to_string());
    let fault = dated.is_none().then(|| "absent".to_owned());
    files.push(TableFile { name: FRONTS_LIST.into(), as_of: dated, fault });
    let one = |f: TableFile| Finding {
        what: Both::new(format!("数据文件 {}", f.name), format!("data file {}", f.name)),
        good: f.fault.is_none(),
        needed: false,
        detail: match (&f.as_of, &f.fault) {
            (_, Some(fault)) if fault == "absent" => Both::new("没有，相应归属显示“未知”", "absent: what it tells is shown as unknown"),
            (_, Some(fault)) => same(fault.clone()),
            (Some(date), None) => Both::new(format!("数据日期 {date}"), format!("data of {date}")),
            (None, None) => same(String::new()),
        },
        remedy: format!("make data TABLES={}", dir.display()),
    };
    files.into_iter().map(one).collect()
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|d| d.join(program)).find(|p: &PathBuf| Path::is_file(p))
}

fn same(text: String) -> Both {
    Both::new(text.clone(), text)
}
