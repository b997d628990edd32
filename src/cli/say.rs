//! Speaking to people and to pipes. Standard output carries results only; everything else goes to standard error.

use crate::cli::fail::{Exit, Failure};
use crate::model::lang::Lang;
use std::io::{self, Write};
use std::process::ExitCode;

/// One line of result. A closed pipe (`| head`) ends the program quietly.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    raw(format!("{text}\n").as_bytes())
}

/// Bytes of result.
pub(crate) fn raw(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(e) => Err(Failure::from(anyhow::Error::new(e).context("stdout"))),
        Ok(()) => Ok(()),
    }
}

/// One JSON object a line.
pub(crate) fn json(value: &serde_json::Value) -> Result<(), Failure> {
    line(&value.to_string())
}

/// A remark for the person, not part of the result.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// An error line.
pub(crate) fn error(text: &str, lang: Lang) {
    let _ = writeln!(io::stderr(), "{}{text}", lang.pick("错误：", "error: "));
}

/// Help and version go to stdout and exit 0; wrong usage is one line and a pointer, exit 2.
pub(crate) fn usage(error: &clap::Error, lang: Lang) -> ExitCode {
    use clap::error::ErrorKind as K;
    if matches!(error.kind(), K::DisplayHelp | K::DisplayVersion | K::DisplayHelpOnMissingArgumentOrSubcommand) {
        let text = error.to_string();
        if error.kind() == K::DisplayHelpOnMissingArgumentOrSubcommand {
            let _ = write!(io::stderr(), "{text}");
            return ExitCode::from(Exit::Usage.code());
        }
        let _ = write!(io::stdout(), "{text}");
        return ExitCode::SUCCESS;
    }
    match lang {
        Lang::En => {
            let _ = write!(io::stderr(), "{error}");
        }
        Lang::Zh => self::error(&in_chinese(error), lang),
    }
    ExitCode::from(Exit::Usage.code())
}

fn in_chinese(error: &clap::Error) -> String {
    use clap::error::{ContextKind as C, ErrorKind as K};
    let part = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    let what = match error.kind() {
        K::UnknownArgument => format!("不认识的参数 {}", part(C::InvalidArg)),
        K::InvalidSubcommand => format!("不认识的命令 {}", part(C::InvalidSubcommand)),
        K::InvalidValue | K::ValueValidation => format!("参数 {} 的值 “{}” 无效", part(C::InvalidArg), part(C::InvalidValue)),
        K::MissingRequiredArgument => format!("缺少参数 {}", part(C::InvalidArg)),
        K::MissingSubcommand => "缺少子命令".to_owned(),
        K::ArgumentConflict => format!("参数 {} 与 {} 不能同时使用", part(C::InvalidArg), part(C::PriorArg)),
        K::TooManyValues => format!("参数 {} 的值太多", part(C::InvalidArg)),
        _ => error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    };
    let hint = [C::SuggestedArg, C::SuggestedSubcommand, C::ValidValue].into_iter().map(part).find(|t| !t.is_empty());
    let hint = hint.map(|h| format!("；可用：{h}")).unwrap_or_default();
    format!("{what}{hint}。用 --help 查看用法")
}
