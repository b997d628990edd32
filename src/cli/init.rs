//! `jianwei init`: a data folder and a commented settings file. Never overwrites.

use crate::cli::Context;
use crate::cli::fail::{Exit, Failure};
use crate::cli::{say, settings};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let lang = context.lang;
    let file = context.given_config.clone().unwrap_or_else(|| PathBuf::from(settings::DEFAULT_FILE));
    let data = file.parent().unwrap_or(Path::new("")).join("jianwei-data");
    let made = std::fs::OpenOptions::new().write(true).create_new(true).open(&file);
    match made.and_then(|mut f| f.write_all(settings::commented(lang).as_bytes())) {
        Ok(()) => {}
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Failure::usage(
                format!("{}：已存在，未改动；如需重新生成，请先移走它", file.display()),
                format!("{}: exists already and was left alone; move it away to make a new one", file.display()),
                lang,
            ));
        }
        Err(e) => {
            return Err(Failure::failed(
                format!("{}：无法写入（{e}）", file.display()),
                format!("{}: cannot write ({e})", file.display()),
                lang,
            ));
        }
    }
    for dir in [data.join("evidence"), data.join("inbox")] {
        std::fs::create_dir_all(&dir).map_err(|e| {
            Failure::failed(format!("{}：无法建立（{e}）", dir.display()), format!("{}: cannot make ({e})", dir.display()), lang)
        })?;
    }
    if context.json {
        say::json(&json!({"schema": "init/1", "config": file, "data": data}))?;
    } else {
        say::line(&lang.pick(
            format!("已生成 {} 和数据目录 {}。\n下一步：jianwei doctor 检查本机，jianwei scan 开始扫描。", file.display(), data.display()),
            format!(
                "wrote {} and the data folder {}.\nnext: `jianwei doctor` looks at this machine, `jianwei scan` starts.",
                file.display(),
                data.display()
            ),
        ))?;
    }
    Ok(Exit::Done)
}
