//! Speaking to people and to pipes. Standard output carries results only; everything else goes to standard error.

use crate::cli::fail::{Exit, Failure};
use crate::model::lang::Lang;
use std::io::{self, Write};
use std::process::ExitCode;

/// What came from the network must not move the cursor, recolour the screen or turn the reading direction: controls (but line ends and tabs)
/// and bidi marks become a visible sign.
fn harmless(text: &str) -> String {
    let bad = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if bad(c) { '\u{fffd}' } else { c }).collect()
}

/// One line of result. A closed pipe (`| head`) ends the program quietly.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    raw(format!("{}\n", harmless(text)).as_bytes())
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
    raw(format!("{}\n", escaped(&value.to_string())).as_bytes())
}

/// JSON says the same with `\uXXXX` for what a terminal would obey; outside strings there is none of it.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if harmless(c.encode_utf8(&mut [0; 4])) == "\u{fffd}" && c != '\u{fffd}' {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// A remark for the person, not part of the result.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{}", harmless(text));
}

/// An error line.
pub(crate) fn error(text: &str, lang: Lang) {
    let _ = writeln!(io::stderr(), "{}{}", lang.pick("错误：", "error: "), harmless(text));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_not_sent() {
        assert_eq!(harmless("a\u{1b}[31mb\0\u{202e}c\n\td"), "a\u{fffd}[31mb\u{fffd}\u{fffd}c\n\td");
        let value = serde_json::json!({"t": "\u{9b}x\u{202e}\u{7f}证"});
        let text = escaped(&value.to_string());
        assert!(text.is_ascii() || text.contains('证'));
        assert!(!text.contains('\u{202e}') && !text.contains('\u{9b}'));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("still JSON"), value);
    }
}
