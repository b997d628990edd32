//! `jianwei evidence fix URL --officer A --officer B`: a capture before two officers. Every step is told and logged, the minutes are drafted.
//! It says plainly what a hash and a time-stamp do not prove.

use crate::assess::Rules;
use crate::capture::{self, Browser, Reel};
use crate::cli::args::FixArgs;
use crate::cli::fail::{Exit, Failure};
use crate::cli::rules::RuleBook;
use crate::cli::{Context, check, evidence as packages, say};
use crate::evidence::{self, Attachment, Attended, Occasion, Stamped, Step};
use crate::model::digest::Sha256;
use crate::model::dossier::Dossier;
use crate::model::lang::Lang;
use crate::net::Net;
use crate::pipeline::look::Looker;
use crate::resolve::Desk;
use serde_json::json;
use url::Url;

/// What is told, and logged with the time of telling.
struct Told<'a> {
    context: &'a Context,
    net: &'a Net,
    steps: Vec<Step>,
}

impl Told<'_> {
    fn step(&mut self, zh: String, en: String) {
        let at = self.net.now();
        say::note(&format!("{}  {}", at.beijing(), self.context.lang.pick(&zh, &en)));
        self.steps.push(Step { at, what: zh });
    }
}

pub(super) fn run(context: &Context, args: &FixArgs) -> Result<Exit, Failure> {
    let officers = two(&args.officer, context.lang)?;
    let (given, url) = check::parse(&args.url, context.lang)?;
    let book = RuleBook::read(&context.settings, context.lang)?;
    let with = With { rules: book.rules(), net: context.net()?, desk: context.desk(&book)? };
    context.block_on(fix(context, args, officers, (&given, &url), &with))
}

/// What an attended capture needs besides its address.
struct With {
    rules: Rules,
    net: Net,
    desk: Desk,
}

async fn fix(context: &Context, args: &FixArgs, officers: Vec<String>, (given, url): (&str, &Url), with: &With) -> Result<Exit, Failure> {
    let (lang, settings, net) = (context.lang, &context.settings.evidence, &with.net);
    let mut told = Told { context, net, steps: Vec::new() };
    told.step(
        format!("开始现场固定，办案人员：{}", officers.join("、")),
        format!("attended capture begins, officers: {}", officers.join(", ")),
    );
    told.step(
        format!("提取对象：{url}（公开网页，不登录，不提交表单）"),
        format!("address: {url} (a public page; no login, no form is submitted)"),
    );
    told.step("本机环境检查写入 env/cleanliness.json".into(), "this machine's state goes to env/cleanliness.json".into());
    // Before officers the browser comes as every visitor: the film and the pictures are what the minutes rest on.
    let capture = capture::Settings { browser: always(&context.settings.capture.browser), ..context.settings.capture.clone() };
    let browser = capture.browser();
    let recording = Recording::begin(&mut told, browser.as_ref());
    let candidate = check::candidate(given, url, net);
    let looker = Looker { settings: &capture, browser: browser.as_ref(), rules: &with.rules, net };
    let mut dossier = check::look(context, candidate, url, given.contains("://"), &looker).await;
    if let Some(browser) = &browser {
        browser.close().await;
    }
    told.step("网页访问结束，查询注册与归属信息".into(), "the visits have ended; registers are asked whose the host is".into());
    with.desk.fill(&mut dossier, true, None, net).await;
    let attachments = recording.end(&mut told).into_iter().collect();
    for capture in &dossier.captures {
        let (variant, why) = (&capture.variant, lang.pick(capture.outcome.why_zh(), capture.outcome.why()));
        say::note(&format!("{}  {variant}: {why}", capture.started_at.beijing()));
    }
    let assessment = with.rules.assess(&dossier, net.now());
    let attended =
        Attended { officers, reason: args.reason.clone(), place: args.place.clone(), witness: args.witness.clone(), steps: told.steps };
    let occasion = Occasion { attended: Some(attended), attachments };
    let root = context.settings.evidence_dir();
    let package = evidence::seal_on(&root, &dossier, &assessment, settings, &occasion).map_err(|e| packages::not_kept(&e, lang))?;
    let stamped = packages::stamp_now(context, &root, &package.path, net).await?;
    let folder = check::absolute(&root.join(&package.path));
    let state = match &stamped {
        Stamped::Done => ("stamped", lang.pick("已加盖时间戳", "time-stamped")),
        Stamped::Waiting(_) => ("waiting", lang.pick("待加盖时间戳", "waits for its time-stamp")),
        Stamped::NotAsked => ("not_asked", lang.pick("未配置时间戳机构", "no time-stamp authority is configured")),
    };
    if context.json {
        say::json(&json!({"schema": "fix/1", "url": given, "outcome": outcome(&dossier), "package": folder, "stamps": state.0,
            "manifest_sha256": package.manifest_sha256, "manifest_sm3": package.manifest_sm3}))?;
    } else {
        say::line(&lang.pick(format!("证据包：{}", folder.display()), format!("package: {}", folder.display())))?;
        say::line(&format!("manifest.json SHA-256 {}", package.manifest_sha256))?;
        say::line(&format!("manifest.json SM3     {}", package.manifest_sm3))?;
        say::line(state.1)?;
        say::line(lang.pick(LIMITS.0, LIMITS.1))?;
    }
    Ok(if matches!(stamped, Stamped::Waiting(_)) { Exit::Partly } else { Exit::Done })
}

const LIMITS: (&str, &str) = (
    "笔录草稿在 doc/ 中，请核对、补填空白并签名。校验值只说明固定以来未被改动；时间戳只说明盖章时已经存在；二者都不能证明\n内容确由该网站发出，也不能证明网站由谁经营。程序的录像只录浏览器窗口；现场情况请另行录像，并将校验值填入笔录。",
    "The draft of the minutes is in doc/: check it, fill in the blanks, sign. A hash shows only: unchanged since capture. A time-stamp shows only:\nit existed then. Neither proves that the site sent it, nor who runs the site. The program films the browser's window only: film the room\notherwise, and write that film's hash into the minutes.",
);

/// `never` stays; everything else comes with the browser.
fn always(setting: &str) -> String {
    if setting == "never" { setting.to_owned() } else { "always".to_owned() }
}

/// The film of the browser's window. `None`: there is no browser.
struct Recording(Option<Reel>);

impl Recording {
    fn begin(told: &mut Told<'_>, browser: Option<&Browser>) -> Self {
        let reel = browser.map(|browser| browser.film(told.net));
        if reel.is_some() {
            told.step("开始对浏览器窗口同步录像".into(), "the browser's window is filmed from now on".into());
        } else {
            told.step(NO_FILM.0.into(), NO_FILM.1.into());
        }
        Self(reel)
    }
    fn end(self, told: &mut Told<'_>) -> Option<Attachment> {
        let now = told.net.now();
        let film = tokio::task::block_in_place(|| self.0.as_ref()?.developed(now));
        let Some(film) = film else {
            if self.0.is_some() {
                told.step("浏览器没有显示任何画面，未形成录像".into(), "the browser never showed anything: there is no film".into());
            }
            return None;
        };
        let (frames, hash) = (film.frames, Sha256::of(&film.bytes));
        told.step(
            format!("录像结束：{FILM}，{frames} 帧（每秒 2 帧），画面 {} 幅，SHA-256 {hash}", film.pictures),
            format!("the film ends: {FILM}, {frames} frames (two a second), {} pictures, SHA-256 {hash}", film.pictures),
        );
        if film.left_out > 0 {
            told.step(
                format!("录像过长，有 {} 幅画面未收入", film.left_out),
                format!("the film is too long: {} pictures were left out", film.left_out),
            );
        }
        Some(Attachment { path: FILM.into(), bytes: film.bytes, media_type: FILM_TYPE, role: "同步录像", at: now, uri: None })
    }
}

/// Where the film stands in the package.
const FILM: &str = "video/screencast.avi";
const FILM_TYPE: &str = "video/x-msvideo";
const NO_FILM: (&str, &str) = (
    "未找到浏览器或设置为不用浏览器：本程序不录像，请另行录像",
    "no browser was found, or the settings want none: film the session otherwise",
);

fn outcome(dossier: &Dossier) -> &'static str {
    dossier.main_capture().map_or("failed", |c| c.outcome.word())
}

/// Two different names.
fn two(given: &[String], lang: Lang) -> Result<Vec<String>, Failure> {
    let mut names: Vec<String> = given.iter().map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect();
    names.dedup();
    let different = names.len() >= 2 && names.iter().any(|n| *n != names[0]);
    if different && names.len() <= 8 {
        return Ok(names);
    }
    Err(Failure::usage(
        "现场固定须有二名不同的办案人员：--officer 甲 --officer 乙".into(),
        "an attended capture needs two different officers: --officer A --officer B".into(),
        lang,
    ))
}
