//! `jianwei check URL...`: visit and assess now; verdict, reasons, package. Does not touch the store, so it works beside a running scan.
//! `jianwei check --package PATH`: assess what a package holds once more, as of its capture, without any network.

use crate::assess::Rules;
use crate::cli::args::CheckArgs;
use crate::cli::fail::{Exit, Failure};
use crate::cli::rules::RuleBook;
use crate::cli::verdict::{self, Shown};
use crate::cli::{Context, allow, evidence as packages, official, say};
use crate::evidence;
use crate::model::candidate::{Candidate, Reason};
use crate::model::dossier::Dossier;
use crate::model::lang::Lang;
use crate::model::sighting::{Context as Where, Sighting};
use crate::net::Net;
use crate::pipeline::intake::locate;
use crate::pipeline::look::Looker;
use crate::records::Records;
use crate::resolve;
use std::path::{Path, PathBuf};
use url::Url;

/// Source id of what `check` looked at.
pub(super) const SOURCE: &str = "check";

pub(super) fn run(context: &Context, args: &CheckArgs) -> Result<Exit, Failure> {
    let urls = args.urls.iter().map(|u| parse(u, context.lang)).collect::<Result<Vec<_>, _>>()?;
    let book = RuleBook::read(&context.settings, context.lang)?;
    if !args.package.is_empty() {
        let rules = book.rules();
        for path in &args.package {
            for package in packages::find(context, path)? {
                again(context, &rules, &package)?;
            }
        }
        return Ok(Exit::Done);
    }
    let (watchlist, rules, net, desk) = (book.watchlist()?, book.rules(), context.net()?, context.desk(&book)?);
    let allowed = Records::allowed_in(context.settings.data_dir()).map_err(|e| context.records_failure(&e))?;
    let browser = context.settings.capture.browser();
    let with = Looker { settings: &context.settings.capture, browser: browser.as_ref(), rules: &rules, net: &net };
    context.block_on(async {
        for (given, url) in urls {
            let mut candidate = candidate(&given, &url, &net);
            // A person asks: it is looked at all the same, and told what was decided before.
            if let Some(entry) = allowed.iter().find(|a| a.covers(&candidate.host)) {
                let told = allow::told(entry, context.lang);
                say::note(&context.lang.pick(format!("在允许名单中：{told}"), format!("on the allow-list: {told}")));
            }
            candidate.reasons.extend(watchlist.screen(given.as_bytes()).map(Reason::Name));
            let mut dossier = look(context, candidate, &url, given.contains("://"), &with).await;
            desk.fill(&mut dossier, true, None, &net).await;
            let assessment = rules.assess(&dossier, net.now());
            let root = context.settings.evidence_dir();
            let package = evidence::seal(&root, &dossier, &assessment, &context.settings.evidence)
                .map_err(|e| packages::not_kept(&e, context.lang))?;
            packages::stamp_now(context, &root, &package.path, &net).await?;
            official::keep(context, &book, &dossier);
            let package = absolute(&root.join(&package.path));
            verdict::show(context, &Shown { given: &given, dossier: &dossier, assessment: &assessment, lines: rules.lines(), package })?;
        }
        if let Some(browser) = &browser {
            browser.close().await;
        }
        Ok(Exit::Done)
    })
}

/// Assesses a package anew, as of the time when it was assessed first: the same rules say the same, byte for byte.
fn again(context: &Context, rules: &Rules, path: &Path) -> Result<(), Failure> {
    let path = absolute(path);
    let root = path.parent().unwrap_or(&path);
    let stored = evidence::read(root, &path).map_err(|e| {
        let at = path.display();
        Failure::failed(format!("{at}：证据包无法读回（{e}）"), format!("{at}: the package cannot be read back: {e}"), context.lang)
    })?;
    let (dossier, old) = (stored.dossier, stored.assessment);
    let assessment = rules.assess(&dossier, old.at);
    let typed = dossier.candidate.sightings.iter().find(|s| s.source == SOURCE).map(|s| s.seen.clone());
    let given = typed.unwrap_or_else(|| dossier.candidate.url.clone());
    verdict::show(context, &Shown { given: &given, dossier: &dossier, assessment: &assessment, lines: rules.lines(), package: path })?;
    if assessment != old {
        let (was, is) = (old.scores, assessment.scores);
        let why = if old.rules == assessment.rules {
            context.lang.pick("规则相同（程序版本不同）", "the rules are the same (another version of the program)")
        } else {
            context.lang.pick("规则已更新", "the rules have changed since")
        };
        say::note(&context.lang.pick(
            format!("与采集时的研判不同：{why}；当时 {}，现在 {}", verdict::in_words(was, Lang::Zh), verdict::in_words(is, Lang::Zh)),
            format!(
                "not what was said at capture: {why}; then {}, now {}",
                verdict::in_words(was, Lang::En),
                verdict::in_words(is, Lang::En)
            ),
        ));
    }
    Ok(())
}

pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// A URL as a person types it: without a scheme it is http. The text that is shown and screened keeps its tricks.
pub(super) fn parse(text: &str, lang: Lang) -> Result<(String, Url), Failure> {
    let bad = |zh: &str, en: &str| {
        Failure::usage(format!("“{text}” 不是可访问的网址：{zh}"), format!("`{text}` is no address to visit: {en}"), lang)
    };
    let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = Url::parse(&full).map_err(|e| bad(&url_in_chinese(e), &e.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("只支持 http 和 https", "only http and https"));
    }
    let (_, located) = locate(&full).ok_or_else(|| bad("主机名无效", "its host is no host name"))?;
    let url = Url::parse(&located).map_err(|e| bad(&url_in_chinese(e), &e.to_string()))?;
    Ok((if text.contains("://") { text.to_owned() } else { text.trim().to_owned() }, url))
}

fn url_in_chinese(error: url::ParseError) -> String {
    use url::ParseError as E;
    match error {
        E::EmptyHost => "没有主机名".into(),
        E::IdnaError => "国际化域名写法有误".into(),
        E::InvalidPort => "端口应为 0 到 65535 的数字".into(),
        E::InvalidIpv4Address => "IPv4 地址写法有误".into(),
        E::InvalidIpv6Address => "IPv6 地址写法有误（应写在方括号内）".into(),
        E::InvalidDomainCharacter => "主机名中有不允许的字符".into(),
        E::Overflow => "太长".into(),
        other => format!("写法有误（{other}）"),
    }
}

pub(super) fn candidate(given: &str, url: &Url, net: &Net) -> Candidate {
    let now = net.now();
    let (host, located) = locate(url.as_str()).expect("checked when it was parsed");
    let sighting = Sighting { seen: given.to_owned(), source: SOURCE.into(), seen_at: now, context: Where::default() };
    Candidate {
        host,
        url: located,
        site: String::new(),
        reasons: vec![Reason::Check],
        sightings: vec![sighting],
        first_seen: now,
        last_seen: now,
    }
}

pub(super) async fn look(context: &Context, candidate: Candidate, url: &Url, exact: bool, with: &Looker<'_>) -> Dossier {
    let resolution = resolve::resolve(&candidate.host, with.net, true).await;
    let dossier = with.look(candidate, Some(resolution), url, !exact, false).await;
    if with.browser.is_none() && context.settings.capture.browser == "always" {
        say::note(
            context
                .lang
                .pick("未找到浏览器，只做了普通访问；见 jianwei doctor", "no browser was found: plain visits only; see `jianwei doctor`"),
        );
    }
    dossier
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_said_in_chinese_only() {
        for text in ["http://", "http://a b/", "http://a:99999999/", "http://[::g]/", "http://1.2.3.999/", "ftp://a.top/"] {
            let told = parse(text, Lang::Zh).expect_err(text).to_string();
            let (_, said) = told.split_once("网址：").expect("a reason");
            let said = ["https", "http", "IPv4", "IPv6"].iter().fold(said.to_owned(), |said, name| said.replace(name, ""));
            assert!(!said.contains(|c: char| c.is_ascii_lowercase()), "{told}");
        }
    }
}
