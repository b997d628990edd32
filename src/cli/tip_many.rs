//! `jianwei tip import`: a table of the hot line. Every row becomes a candidate or a line that says why not; all that are taken are stored at once.

use crate::cli::Context;
use crate::cli::fail::{Exit, Failure};
use crate::cli::say;
use crate::cli::tip::{Counter, bytes_of, waits};
use crate::model::lang::Both;
use crate::model::sighting::Context as Where;
use crate::sources::reports;
use serde_json::json;
use std::path::Path;

/// Largest table.
const MAX_TABLE_BYTES: u64 = 64 << 20;
/// What was said, as far as it is kept with a sighting.
const MAX_NOTE_CHARS: usize = 500;

pub(super) fn run(context: &Context, file: &Path, by: &str) -> Result<Exit, Failure> {
    let (lang, shown) = (context.lang, file.display());
    let table = reports::read(&bytes_of(file, MAX_TABLE_BYTES, lang)?)
        .map_err(|why| Failure::usage(format!("{shown}：{}", why.zh), format!("{shown}: {}", why.en), lang))?;
    let counter = Counter::open(context)?;
    let name: String = file.file_name().unwrap_or_default().to_string_lossy().chars().take(200).collect();
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    for (line, row) in &table.without {
        refused.push((*line, Both::new(format!("没有网址：{row}"), format!("no address: {row}"))));
    }
    for report in &table.reports {
        // The way it came decides how the monthly form counts it. A number may look like a hot line's (…110…) and stands apart.
        let who: Vec<&str> = [by, report.channel.as_str()].into_iter().map(str::trim).filter(|t| !t.is_empty()).collect();
        let who: String = who.join(" ").chars().take(100).collect();
        let number = if report.number.is_empty() { String::new() } else { format!(" #{}", report.number) };
        for url in &report.urls {
            let note: String = report.note.chars().take(MAX_NOTE_CHARS).collect();
            let at = Where {
                file: Some(format!("{name}:{}{number}", report.line)),
                snippet: Some(note).filter(|n| !n.is_empty()),
                ..Where::default()
            };
            match counter.judge(url, &who, at) {
                Ok(candidate) => taken.push(candidate),
                Err(why) => refused.push((report.line, why)),
            }
        }
    }
    refused.sort_by_key(|(line, _)| *line);
    let rows = table.reports.len() + table.without.len();
    let count = taken.len();
    let new = if taken.is_empty() { Some(0) } else { counter.take(context, taken)? };
    if context.json {
        let refused: Vec<_> = refused.iter().map(|(line, why)| json!({"line": line, "why": why.get(lang)})).collect();
        say::json(&json!({
            "schema": "tip-import/1", "rows": rows, "added": count, "new": new, "garbled": table.garbled, "refused": refused
        }))?;
    } else {
        for (line, why) in &refused {
            say::line(&lang.pick(format!("第 {line} 行：{}", why.zh), format!("line {line}: {}", why.en)))?;
        }
        if table.garbled {
            say::note(lang.pick("文件中有无法识别的字符，已用 � 代替", "some bytes stand for no character; they became \u{fffd}"));
        }
        let of_them = match new {
            Some(new) => lang.pick(format!("新主机 {new} 个"), format!("{new} new hosts")),
            None => waits(lang).to_owned(),
        };
        say::line(&lang.pick(
            format!("共 {rows} 行：登记网址 {count} 个（{of_them}），未登记 {} 处", refused.len()),
            format!("{rows} rows: {count} addresses added ({of_them}), {} not added", refused.len()),
        ))?;
    }
    Ok(match (count, refused.len()) {
        (_, 0) => Exit::Done,
        (0, _) => Exit::Failed,
        _ => Exit::Partly,
    })
}
