//! Cli: one file a command. Parses, finds settings and rules, calls the rooms, prints, gives the exit code.
//! The only room that reads the environment and the settings file, and the only one that writes to the terminal.
//! Nobody imports it.

mod alerts;
mod allow;
mod args;
mod args_zh;
mod asked;
mod attribution;
mod check;
mod console;
mod doctor;
mod eval;
mod eval_say;
mod evidence;
mod evidence_custody;
mod evidence_fix;
mod evidence_stamp;
mod fail;
mod init;
mod known;
mod leads;
mod matching;
mod notes;
mod offers;
mod official;
mod open;
mod outgoing;
mod pdf;
mod permute;
mod progress;
mod records;
mod refer;
mod report;
mod rules;
mod rules_check;
mod rules_cost;
mod rules_live;
mod say;
mod scan;
mod sealing;
mod settings;
mod site;
mod sources;
mod tip;
mod tip_many;
mod users;
mod verdict;
mod watch;

use crate::model::lang::Lang;
use args::{Cli, Command};
use clap::{CommandFactory, FromArgMatches};
use fail::{Exit, Failure};
use settings::Settings;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

/// What every command is given.
struct Context {
    lang: Lang,
    json: bool,
    quiet: bool,
    given_config: Option<PathBuf>,
    settings: Settings,
}

/// Parses the arguments, runs the command, gives the exit code of the contract.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|k| std::env::var(k).ok().filter(|v| !v.is_empty()));
    let from_env = std::env::var_os("JIANWEI_CONFIG").filter(|v| !v.is_empty()).map(PathBuf::from);
    let lang = asked_lang(&arguments).unwrap_or_else(|| locale_lang(locale.as_deref()));
    let command = match lang {
        Lang::Zh => args_zh::localise(Cli::command()),
        Lang::En => Cli::command(),
    };
    let cli = match command.try_get_matches_from(&arguments).and_then(|m| Cli::from_arg_matches(&m)) {
        Ok(cli) => cli,
        Err(error) => return say::usage(&error, lang),
    };
    start_log(&cli.global);
    let exit = match run(cli, lang, from_env) {
        Ok(exit) => exit,
        Err(failure) => {
            say::error(&failure.to_string(), lang);
            failure.exit
        }
    };
    ExitCode::from(exit.code())
}

fn run(cli: Cli, lang: Lang, from_env: Option<PathBuf>) -> Result<Exit, Failure> {
    let given_config = cli.global.config.clone().or_else(|| from_env.clone());
    let mut context = Context { lang, json: cli.global.json, quiet: cli.global.quiet, given_config, settings: Settings::default() };
    if let Command::Init = cli.command {
        return init::run(&context);
    }
    context.settings = Settings::find(cli.global.config.as_deref(), from_env, lang)?;
    match cli.command {
        Command::Init => Ok(Exit::Done),
        Command::Scan(args) => scan::run(&context, &args),
        Command::Watch => watch::run(&context),
        Command::Sources => sources::run(&context),
        Command::Match(args) => matching::run(&context, &args),
        Command::Permute(args) => permute::run(&context, &args),
        Command::Check(args) => check::run(&context, &args),
        Command::Eval(args) => eval::run(&context, &args),
        Command::Site(command) => site::run(&context, &command),
        Command::Tip(command) => tip::run(&context, &command),
        Command::Leads(command) => leads::run(&context, &command),
        Command::Evidence(args::EvidenceCommand::Verify { paths, stamped }) => evidence::verify(&context, &paths, stamped),
        Command::Evidence(args::EvidenceCommand::Fix(args)) => evidence_fix::run(&context, &args),
        Command::Evidence(args::EvidenceCommand::Stamp { paths }) => evidence_stamp::run(&context, &paths),
        Command::Evidence(args::EvidenceCommand::Key { file, sm2 }) => evidence_stamp::key(&context, &file, sm2),
        Command::Evidence(args::EvidenceCommand::Script) => evidence_stamp::script(),
        Command::Evidence(args::EvidenceCommand::Custody { package }) => evidence_custody::run(&context, package.as_deref()),
        Command::Refer(command) => refer::run(&context, &command),
        Command::Report(command) => report::run(&context, &command),
        Command::Rules(args::RulesCommand::Check { sample: None, .. }) => rules_check::run(&context),
        Command::Rules(args::RulesCommand::Check { sample: Some(sample), word }) => {
            let checked = rules_check::run(&context)?;
            rules_cost::run(&context, &sample, &word).map(|_| checked)
        }
        Command::Allow(command) => allow::run(&context, &command),
        Command::Doctor => doctor::run(&context),
        Command::Console => console::run(&context),
        Command::Users(command) => users::run(&context, &command),
        Command::Records(args::RecordsCommand::Rebuild) => records::rebuild(&context),
        Command::Records(args::RecordsCommand::Backup { folder }) => records::back_up(&context, &folder),
        Command::Records(args::RecordsCommand::Restore { folder }) => records::restore(&context, &folder),
    }
}

/// `--lang` is needed before the arguments are parsed, so that help and usage errors speak it.
fn asked_lang(arguments: &[OsString]) -> Option<Lang> {
    let words: Vec<&str> = arguments.iter().filter_map(|a| a.to_str()).collect();
    let after = words.iter().position(|w| *w == "--lang").and_then(|i| words.get(i + 1).copied());
    match after.or_else(|| words.iter().find_map(|w| w.strip_prefix("--lang="))) {
        Some("zh") => Some(Lang::Zh),
        Some("en") => Some(Lang::En),
        _ => None,
    }
}

/// English only where the locale says English; `C`, `POSIX` and nothing at all mean that nobody chose.
fn locale_lang(locale: Option<&str>) -> Lang {
    if locale.is_some_and(|l| l.starts_with("en")) { Lang::En } else { Lang::Zh }
}

fn start_log(global: &args::Global) {
    use tracing_subscriber::EnvFilter;
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (_, 0) => "jianwei=warn",
        (_, 1) => "jianwei=info",
        (_, 2) => "jianwei=debug",
        _ => "debug",
    };
    let filter = EnvFilter::builder().parse_lossy(level);
    let ansi = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(ansi).with_target(false);
    let _ = if global.json { log.json().try_init() } else { log.try_init() };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_chinese_unless_somebody_chose_english() {
        assert_eq!(locale_lang(None), Lang::Zh);
        assert_eq!(locale_lang(Some("C.UTF-8")), Lang::Zh);
        assert_eq!(locale_lang(Some("zh_CN.UTF-8")), Lang::Zh);
        assert_eq!(locale_lang(Some("en_GB.UTF-8")), Lang::En);
        let words = |w: &[&str]| w.iter().map(OsString::from).collect::<Vec<_>>();
        assert_eq!(asked_lang(&words(&["jianwei", "--lang", "en", "scan"])), Some(Lang::En));
        assert_eq!(asked_lang(&words(&["jianwei", "scan", "--lang=zh"])), Some(Lang::Zh));
        assert_eq!(asked_lang(&words(&["jianwei", "scan"])), None);
    }
}
