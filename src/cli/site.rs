//! `jianwei site learn URL...`: visits a protected site as everybody may, keeps the visits as packages, and adds what its pages say to the site's own
//! file as one more epoch to compare with. A person then takes out what changes by itself (notices, dates). Only official hosts are learnt from.

use crate::assess::Rules;
use crate::cli::args::SiteCommand;
use crate::cli::fail::{Exit, Failure};
use crate::cli::rules::RuleBook;
use crate::cli::{Context, check, evidence as packages, say};
use crate::evidence;
use crate::model::dossier::Dossier;
use crate::model::host::Host;
use crate::model::lang::Lang;
use crate::model::page::Page;
use crate::model::rulefile::{RuleError, RuleFile};
use crate::model::site::Site;
use crate::model::time::Timestamp;
use crate::pipeline::look::Looker;
use serde_json::json;
use std::path::{Path, PathBuf};
use url::Url;

/// Texts of one page that are kept.
const MAX_TEXTS: usize = 64;
/// Shorter ones stand on every page; longer ones change.
const TEXT_CHARS: std::ops::RangeInclusive<usize> = 4..=60;
/// A page with fewer characters in all is told apart from nothing.
const LEAST_CHARS: usize = 12;
/// What one more page weighs until a person says otherwise.
const WEIGHT: &str = "0.6";

pub(super) fn run(context: &Context, command: &SiteCommand) -> Result<Exit, Failure> {
    let SiteCommand::Learn { urls, epoch, output } = command;
    let lang = context.lang;
    let book = RuleBook::read(&context.settings, lang)?;
    let urls = urls.iter().map(|u| check::parse(u, lang)).collect::<Result<Vec<_>, _>>()?;
    let (file, site) = owner(&book, &urls, context)?;
    let learnt = context.block_on(visit(context, &book, &urls))?;
    let now = context.net()?.now();
    let epoch = epoch.clone().unwrap_or_else(|| now.beijing()[..7].to_owned());
    let mut text = format!("{}\n", file.text.trim_end());
    for (n, page) in learnt.iter().enumerate() {
        let (at, url, package) = (now.beijing(), &page.url, page.package.display());
        text.push_str(&format!(
            "\n# 学自 {url}，{at}（北京时间），证据包 {package}。公告、日期等会变动的文字请删去。\n{}[[page.template]]\nid = \"learnt-{}-{}\"\nepoch = {}\nweight = {WEIGHT}\ntexts = {}\n",
            page.identifiers,
            now.compact(),
            n + 1,
            quoted(&epoch),
            list(&page.texts)
        ));
    }
    checked(RuleFile { text: text.clone(), ..file.clone() }, &book, context)?;
    let place = output.clone().or_else(|| context.settings.rules.dir.as_ref().map(|dir| dir.join(&file.path)));
    if let Some(place) = &place {
        write(place, &text, context)?;
    }
    tell(context, site, &learnt, place.as_deref(), &text)
}

/// What one page taught.
struct Learnt {
    url: Url,
    package: PathBuf,
    texts: Vec<String>,
    /// Numbers in its footer, as lines of comment: a person confirms them before they are used.
    identifiers: String,
}

/// The one protected site whose own hosts all of these are.
fn owner<'a>(book: &'a RuleBook, urls: &[(String, Url)], context: &Context) -> Result<(&'a RuleFile, &'a Site), Failure> {
    let mut found: Option<&(RuleFile, Site)> = None;
    for (given, url) in urls {
        let host = url.host_str().and_then(|h| Host::parse(h).ok());
        let Some(owner) = book.sites.iter().find(|(_, s)| host.as_ref().is_some_and(|h| s.owns(h))) else {
            let known: Vec<&str> = book.sites.iter().map(|(_, s)| s.id.as_str()).collect();
            return Err(Failure::usage(
                format!("{given} 不属于任何受保护网站（{}）；只能学习官方网站自己的页面", known.join("、")),
                format!("{given} belongs to no protected site ({}); only the official site's own pages are learnt from", known.join(", ")),
                context.lang,
            ));
        };
        if found.is_some_and(|first| first.1.id != owner.1.id) {
            let (zh, en) = ("一次只能学习一个受保护网站的页面", "all pages must be of one protected site");
            return Err(Failure::usage(zh.into(), en.into(), context.lang));
        }
        found = Some(owner);
    }
    found.map(|(file, site)| (file, site)).ok_or_else(|| Failure::usage("没有网址".into(), "no address".into(), context.lang))
}

async fn visit(context: &Context, book: &RuleBook, urls: &[(String, Url)]) -> Result<Vec<Learnt>, Failure> {
    let (rules, net) = (book.rules(), context.net()?);
    let browser = context.settings.capture.browser();
    // The platform is made by scripts: a browser sees what a visitor sees, whatever the score of the plain page.
    let mut settings = context.settings.capture.clone();
    settings.variants.truncate(1);
    if browser.is_some() {
        settings.browser = "always".into();
    }
    let with = Looker { settings: &settings, browser: browser.as_ref(), rules: &rules, net: &net };
    let mut learnt = Vec::new();
    for (given, url) in urls {
        let dossier = check::look(context, check::candidate(given, url, &net), url, given.contains("://"), &with).await;
        learnt.push(one(context, &rules, &dossier, url, net.now())?);
    }
    if let Some(browser) = &browser {
        browser.close().await;
    }
    Ok(learnt)
}

fn one(context: &Context, rules: &Rules, dossier: &Dossier, url: &Url, now: Timestamp) -> Result<Learnt, Failure> {
    let lang = context.lang;
    let assessment = rules.assess(dossier, now);
    let root = context.settings.evidence_dir();
    let sealed = evidence::seal(&root, dossier, &assessment, &context.settings.evidence).map_err(|e| packages::not_kept(&e, lang))?;
    let page = dossier.captures.iter().filter_map(|c| c.page.as_ref()).max_by_key(|p| p.text.len());
    let texts = page.map(texts).unwrap_or_default();
    if texts.iter().map(|t| t.chars().count()).sum::<usize>() < LEAST_CHARS {
        let outcome = dossier.main_capture().map(|c| c.outcome.clone());
        let (why_zh, why_en) = outcome.as_ref().map_or((String::new(), String::new()), |o| (o.why_zh(), o.why()));
        return Err(Failure::failed(
            format!("{url}：没有可学习的文字（{why_zh}）；页面由脚本生成时需要浏览器，见 jianwei doctor"),
            format!("{url}: nothing to learn from ({why_en}); a page made by scripts needs a browser, see `jianwei doctor`"),
            lang,
        ));
    }
    let identifiers =
        page.map(|p| p.identifiers.iter().map(|i| format!("# {}: {}\n", i.kind, plain(&i.value))).collect()).unwrap_or_default();
    Ok(Learnt { url: url.clone(), package: check::absolute(&root.join(&sealed.path)), texts, identifiers })
}

/// The page's own words: title, labels, hints, buttons, then its lines. Words without Chinese tell nothing apart.
fn texts(page: &Page) -> Vec<String> {
    let fields = page.forms.iter().flat_map(|f| &f.fields).flat_map(|f| [&f.label, &f.placeholder, &f.first_option]);
    let buttons = page.forms.iter().flat_map(|f| &f.buttons);
    let all = [page.title.as_str()].into_iter().chain(fields.chain(buttons).map(String::as_str)).chain(page.text.lines());
    let mut texts: Vec<String> = Vec::new();
    for text in all.map(plain) {
        let han = text.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count();
        if TEXT_CHARS.contains(&text.chars().count()) && han >= 2 && texts.len() < MAX_TEXTS && !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|c| !c.is_control()).collect()
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list(texts: &[String]) -> String {
    let lines: String = texts.iter().map(|t| format!("    {},\n", quoted(t))).collect();
    format!("[\n{lines}]")
}

/// What was made must be right before it replaces anything.
fn checked(file: RuleFile, book: &RuleBook, context: &Context) -> Result<(), Failure> {
    let told = |e: &RuleError| Failure::failed(e.told(Lang::Zh), e.told(Lang::En), context.lang);
    let site = Site::read(&file).map_err(|e| told(&e))?;
    let shown = file.shown.clone();
    let (_, errors) = Rules::load(&[(file, site)], &book.files);
    errors.iter().find(|e| e.file == shown).map_or(Ok(()), |e| Err(told(e)))
}

/// Beside it first, then in its place: the watch may be reading.
fn write(place: &Path, text: &str, context: &Context) -> Result<(), Failure> {
    let part = place.with_extension("toml.part");
    let done = place.parent().map_or(Ok(()), std::fs::create_dir_all);
    let done = done.and_then(|()| std::fs::write(&part, text)).and_then(|()| std::fs::rename(&part, place));
    done.map_err(|e| {
        let shown = place.display();
        Failure::failed(format!("{shown}：无法写入（{e}）"), format!("{shown}: cannot write ({e})"), context.lang)
    })
}

fn tell(context: &Context, site: &Site, learnt: &[Learnt], place: Option<&Path>, text: &str) -> Result<Exit, Failure> {
    let lang = context.lang;
    if context.json {
        for page in learnt {
            say::json(&json!({
                "schema": "site-learn/1", "site": site.id, "url": page.url, "texts": page.texts, "package": page.package, "file": place
            }))?;
        }
        return Ok(Exit::Done);
    }
    let Some(place) = place else {
        say::raw(text.as_bytes())?;
        say::note(lang.pick(
            "以上是完整的网站文件；设置 [rules] dir 后会直接写入，或用 -o 指定文件",
            "this is the whole site file; with [rules] dir it is written there, or give -o FILE",
        ));
        return Ok(Exit::Done);
    };
    let count: usize = learnt.iter().map(|p| p.texts.len()).sum();
    say::line(&lang.pick(
        format!(
            "{}：学习 {} 个页面、{count} 条文字，已写入 {}；请人工删去会变动的文字，再运行 jianwei rules check",
            site.id,
            learnt.len(),
            place.display()
        ),
        format!(
            "{}: {} pages, {count} texts, written to {}; take out what changes by itself, then run `jianwei rules check`",
            site.id,
            learnt.len(),
            place.display()
        ),
    ))?;
    Ok(Exit::Done)
}
