//! `jianwei eval DIR`: how good the assessment is on a folder of labelled pages. Reads `manifest.tsv` (or `manifest.toml`), reads every page as a
//! visit would, assesses it, prints the figures. Touches neither network nor store. `--fit` writes a proposal beside, never over a file.

use crate::assess::eval::blind::Blinder;
use crate::assess::eval::{Judged, Truth, fit, report};
use crate::assess::{Rules, dossier_of};
use crate::capture::{self, PictureReader};
use crate::cli::args::EvalArgs;
use crate::cli::fail::{Exit, Failure};
use crate::cli::rules::RuleBook;
use crate::cli::{Context, eval_say};
use crate::lookalike::Watchlist;
use crate::model::assessment::Class;
use crate::model::candidate::Reason;
use crate::model::host::Host;
use crate::model::lang::Lang;
use crate::model::time::Timestamp;
use serde::Deserialize;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use url::Url;

/// Cap of one page file; capture reads no more of a body either.
const MAX_PAGE_BYTES: u64 = 8 << 20;
/// Cap of the manifest.
const MAX_MANIFEST_BYTES: u64 = 256 << 20;

/// One labelled page, as the manifest says it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    file: String,
    url: String,
    class: String,
    #[serde(default)]
    family: String,
    #[serde(default)]
    split: String,
    /// Files of the pictures that it names, in its order, separated by commas. They are read as after a visit.
    #[serde(default)]
    pictures: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    page: Vec<Row>,
}

/// A row that was checked.
struct Labelled {
    row: Row,
    path: PathBuf,
    url: Url,
    host: Host,
    truth: Truth,
    pictures: Vec<PathBuf>,
}

pub(super) fn run(context: &Context, args: &EvalArgs) -> Result<Exit, Failure> {
    let lang = context.lang;
    if !(args.base_rate > 0.0 && args.base_rate < 1.0) {
        return Err(Failure::usage("--base-rate 应在 0 与 1 之间".into(), "--base-rate: between 0 and 1".into(), lang));
    }
    if let Some(path) = args.fit.as_ref().filter(|p| p.exists()) {
        let shown = path.display();
        return Err(Failure::usage(format!("{shown} 已存在，不覆盖"), format!("{shown} exists; it is not written over"), lang));
    }
    let mut labelled = manifest(&args.dir, lang)?;
    if !args.split.is_empty() {
        labelled.retain(|l| args.split.contains(&l.row.split));
    }
    if labelled.is_empty() {
        return Err(Failure::usage("没有可评估的网页".into(), "no pages to judge".into(), lang));
    }
    let book = RuleBook::read(&context.settings, lang)?;
    let (rules, watchlist) = (book.rules(), book.watchlist()?);
    let pages = judge(&labelled, &rules, &watchlist, lang)?;
    let reports = report(&pages, args.base_rate, rules.lines());
    eval_say::reports(context, &reports, args)?;
    if let Some(path) = &args.fit {
        propose(context, path, &pages, &book, &rules)?;
    }
    let below = args.bar.iter().any(|(class, want)| {
        reports.iter().flat_map(|r| &r.classes).any(|f| f.class == *class && (f.recall.value() < *want || f.false_alarms.value() > 0.001))
    });
    Ok(if below { Exit::CheckFailed } else { Exit::Done })
}

/// `CLASS=RECALL` of `--bar`.
pub(super) fn bar(text: &str) -> Result<(Class, f64), String> {
    let (class, recall) = text.split_once('=').ok_or("CLASS=RECALL, such as fake_query=0.95")?;
    let class = Class::ALL.into_iter().find(|c| c.word() == class).ok_or_else(|| format!("no class `{class}`"))?;
    let recall: f64 = recall.parse().map_err(|_| format!("`{recall}` is no number"))?;
    if (0.0..=1.0).contains(&recall) { Ok((class, recall)) } else { Err("a recall is between 0 and 1".into()) }
}

fn manifest(dir: &Path, lang: Lang) -> Result<Vec<Labelled>, Failure> {
    let (tsv, toml) = (dir.join("manifest.tsv"), dir.join("manifest.toml"));
    let path = if toml.exists() && !tsv.exists() { toml } else { tsv };
    let wrong = |why: String| Failure::usage(format!("{}：{why}", path.display()), format!("{}: {why}", path.display()), lang);
    let size = std::fs::metadata(&path).map_err(|e| wrong(e.to_string()))?.len();
    if size > MAX_MANIFEST_BYTES {
        return Err(wrong(format!("{size} bytes; at most {MAX_MANIFEST_BYTES}")));
    }
    let text = std::fs::read_to_string(&path).map_err(|e| wrong(e.to_string()))?;
    let rows: Vec<Row> = if path.extension().is_some_and(|e| e == "toml") {
        toml::from_str::<Manifest>(&text).map_err(|e| wrong(e.to_string()))?.page
    } else {
        let mut table = csv::ReaderBuilder::new().delimiter(b'\t').quoting(false).from_reader(text.as_bytes());
        table.deserialize().collect::<Result<_, _>>().map_err(|e| wrong(e.to_string()))?
    };
    rows.into_iter().enumerate().map(|(n, row)| checked(dir, row).map_err(|e| wrong(format!("{}: {e}", n + 1)))).collect()
}

fn checked(dir: &Path, row: Row) -> Result<Labelled, String> {
    let below = |file: &str| {
        let inside = !file.is_empty() && Path::new(file).components().all(|c| matches!(c, Component::Normal(_)));
        if inside { Ok(dir.join(file)) } else { Err(format!("file `{file}`: a path below the folder")) }
    };
    let path = below(&row.file)?;
    let pictures = row.pictures.split(',').filter(|p| !p.is_empty()).map(below).collect::<Result<_, _>>()?;
    let truth = Truth::read(&row.class).ok_or_else(|| format!("class `{}`: fake_query, seller, mirror, benign", row.class))?;
    let url = Url::parse(&row.url).map_err(|e| format!("url `{}`: {e}", row.url))?;
    let host = Host::parse(url.host_str().unwrap_or_default()).map_err(|e| format!("url `{}`: {e}", row.url))?;
    Ok(Labelled { path, pictures, url, host, truth, row })
}

/// All pages, on every core; in the order of the manifest.
fn judge(labelled: &[Labelled], rules: &Rules, watchlist: &Watchlist, lang: Lang) -> Result<Vec<Judged>, Failure> {
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(2, usize::from).min(32);
    let reader = PictureReader::default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|e| Failure::failed(format!("无法启动：{e}"), format!("cannot start: {e}"), lang))?;
    let eyes = Eyes { reader: &reader, runtime: runtime.handle() };
    let work = || {
        let (mut blinder, mut done) = (Blinder::default(), Vec::new());
        while let Some(page) = labelled.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.push(one(page, rules, watchlist, &eyes, &mut blinder, lang)?);
        }
        Ok::<_, Failure>(done)
    };
    let parts: Vec<Result<Vec<Judged>, Failure>> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        started.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut pages: Vec<Judged> = parts.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    pages.sort_by(|a, b| (&a.split, &a.name).cmp(&(&b.split, &b.name)));
    Ok(pages)
}

/// What reads the pictures of all pages; one that many pages share is read once.
struct Eyes<'e> {
    reader: &'e PictureReader,
    runtime: &'e tokio::runtime::Handle,
}

fn one(
    page: &Labelled,
    rules: &Rules,
    watchlist: &Watchlist,
    eyes: &Eyes<'_>,
    blinder: &mut Blinder,
    lang: Lang,
) -> Result<Judged, Failure> {
    let wrong = |why: String| Failure::failed(format!("{}：{why}", page.path.display()), format!("{}: {why}", page.path.display()), lang);
    let file = |path: &Path| {
        let size = std::fs::metadata(path).map_err(|e| wrong(e.to_string()))?.len();
        if size > MAX_PAGE_BYTES {
            return Err(wrong(format!("{size} bytes; at most {MAX_PAGE_BYTES}")));
        }
        std::fs::read(path).map_err(|e| wrong(e.to_string()))
    };
    let bytes = file(&page.path)?;
    let read = capture::extract(&bytes, None, &page.url);
    let blinded = blinder.blind(&read);
    let now = Timestamp::from_millis(0);
    let mut dossier = dossier_of(page.host.clone(), page.url.to_string(), read);
    if !page.pictures.is_empty() {
        for (n, path) in page.pictures.iter().enumerate() {
            let Some(mut picture) = capture::picture_file(n, file(path)?) else { continue };
            picture.url = dossier.captures[0].page.as_ref().and_then(|p| p.images.get(n)).map(|i| i.url.clone());
            dossier.captures[0].kept.push(picture);
        }
        eyes.runtime.block_on(eyes.reader.read(&mut dossier));
    }
    dossier.candidate.reasons.extend(watchlist.screen(page.row.url.as_bytes()).map(Reason::Name));
    let assessment = rules.assess(&dossier, now);
    let unmended = match blinded {
        Some(blind) => {
            dossier.captures[0].page = Some(blind);
            rules.assess(&dossier, now).scores
        }
        None => assessment.scores,
    };
    Ok(Judged {
        name: page.row.file.clone(),
        truth: page.truth,
        family: page.row.family.clone(),
        split: page.row.split.clone(),
        domain: page.host.registrable().unwrap_or(page.host.as_str()).to_owned(),
        assessment,
        unmended,
    })
}

/// Fits on `train` (on everything where no page is so called), writes the proposal, says what it would bring.
fn propose(context: &Context, path: &Path, pages: &[Judged], book: &RuleBook, rules: &Rules) -> Result<(), Failure> {
    let train: Vec<Judged> = pages.iter().filter(|p| p.split == "train").cloned().collect();
    let used = if train.is_empty() { pages } else { &train };
    let fits: Vec<fit::ClassFit> = Class::ALL.into_iter().filter_map(|c| fit::class(c, used, rules.lines().0, 0.001)).collect();
    let old = book.files.iter().find(|f| f.path == "weights.toml").map_or("", |f| f.text.as_str());
    let (text, without) = fit::proposal(old, &fits);
    eval_say::fits(context, &fits, &without, path)?;
    let shown = path.display();
    let wrong = |e: std::io::Error| Failure::failed(format!("无法写入 {shown}：{e}"), format!("cannot write {shown}: {e}"), context.lang);
    let mut file = std::fs::File::create_new(path).map_err(wrong)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(wrong)
}
