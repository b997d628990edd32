//! `jianwei refer`: letters with sealed packages, made and made again; receipts and feedback. Order of a referral: gate, package on disk, journal
//! line, then the files for the person; a crash in between leaves a package that no letter names, never a letter without its package.

use crate::cli::args::{MakeArgs, ReferCommand};
use crate::cli::fail::{Exit, Failure};
use crate::cli::outgoing::site_names;
use crate::cli::rules::RuleBook;
use crate::cli::sealing::{deliver, exhibits, hash, letter_bytes, put_letter, seal};
use crate::cli::{Context, evidence_custody, leads, say};
use crate::model::digest::Sha256;
use crate::model::lang::Lang;
use crate::model::lead::{Lead, LeadId};
use crate::model::referral::{Feedback, Letter, LetterFile, MAX_LEADS_A_LETTER, PaperMove, Receipt, Told};
use crate::model::time::Timestamp;
use crate::records::Records;
use crate::referral::{self, DISPATCH_SCHEMA, Dispatch, Purpose, Sealed, TemplateFaults};
use serde_json::json;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Largest template that is read.
const MAX_TEMPLATE_BYTES: u64 = 32 << 20;

pub(super) fn run(context: &Context, command: &ReferCommand) -> Result<Exit, Failure> {
    match command {
        ReferCommand::Make(args) => make(context, args),
        ReferCommand::Again { letter, out } => again(context, letter, out),
        ReferCommand::List => list(context),
        ReferCommand::Receipt { letter, number, unit, signed_by, answer_by, on, by } => {
            let receipt = Receipt {
                number: number.clone(),
                unit: unit.clone(),
                signed_by: signed_by.clone(),
                answer_by: answer_by.clone(),
                on: day(context, on.as_deref())?,
            };
            keep(context, PaperMove::Receipt { letter: letter.clone(), receipt }, by)
        }
        ReferCommand::Feedback { letter, told, count, lead, note, on, by } => {
            let told = Told::ALL.into_iter().find(|t| t.word() == told).ok_or_else(|| no_such_feedback(told, context.lang))?;
            let about = lead.as_ref().map(|l| LeadId(l.trim().to_uppercase()));
            let feedback = Feedback { told, count: *count, about, note: note.clone(), on: day(context, on.as_deref())? };
            keep(context, PaperMove::Feedback { letter: letter.clone(), feedback }, by)
        }
        ReferCommand::Template { output } => {
            let bytes = referral::letter_template().map_err(|e| Failure::failed(e.clone(), e, context.lang))?;
            context.write(output, &bytes)?;
            for (name, meaning) in referral::LETTER_FIELDS {
                say::line(&format!("{{{{{name}}}}}  {meaning}"))?;
            }
            Ok(Exit::Done)
        }
        ReferCommand::Check { template } => {
            referral::check_template(&read_template(context, template)?).map_err(|f| wrong_template(&f, template, context.lang))?;
            say::line(context.lang.pick("模板可用", "the template can be used"))?;
            Ok(Exit::Done)
        }
    }
}

fn no_such_feedback(given: &str, lang: Lang) -> Failure {
    let words: Vec<String> = Told::ALL.iter().map(|t| format!("{}（{}）", t.word(), t.zh())).collect();
    Failure::usage(
        format!("没有反馈类型 “{given}”；可用：{}", words.join("、")),
        format!("no feedback `{given}`; there are: {}", words.join(", ")),
        lang,
    )
}

/// A day as typed, at noon in Beijing; none: now.
fn day(context: &Context, text: Option<&str>) -> Result<Timestamp, Failure> {
    let Some(text) = text else { return Ok(context.net()?.now()) };
    Timestamp::parse(&format!("{text}T12:00:00+08:00")).ok_or_else(|| {
        Failure::usage(format!("“{text}” 不是日期；写成 2026-01-31"), format!("`{text}` is no date; write 2026-01-31"), context.lang)
    })
}

fn keep(context: &Context, what: PaperMove, by: &str) -> Result<Exit, Failure> {
    let now = context.net()?.now();
    context.records()?.paper(&what, by, now).map_err(|e| context.records_failure(&e))?;
    say::note(context.lang.pick("已登记", "kept"));
    Ok(Exit::Done)
}

fn read_template(context: &Context, file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|f| f.take(MAX_TEMPLATE_BYTES).read_to_end(&mut bytes));
    read.map_err(|e| context.disk(file, &e))?;
    Ok(bytes)
}

pub(super) fn wrong_template(faults: &TemplateFaults, file: &Path, lang: Lang) -> Failure {
    let part = |zh: &str, en: &str, names: &[String]| {
        (!names.is_empty()).then(|| lang.pick(format!("{zh}：{}", names.join("、")), format!("{en}: {}", names.join(", "))))
    };
    let parts: Vec<String> = [
        faults.broken.clone(),
        part("不认识的字段", "unknown fields", &faults.unknown),
        part("缺少的字段", "missing fields", &faults.missing),
        part("须独占一段的表格", "tables that must stand alone in their paragraph", &faults.not_alone),
    ]
    .into_iter()
    .flatten()
    .collect();
    let text = format!("{}：{}", file.display(), parts.join("；"));
    Failure::usage(text.clone(), text, lang)
}

/// Says which evidence goes out without an outside time: the receiver will ask.
fn say_unstamped(context: &Context, dispatch: &Dispatch) {
    let without: Vec<&str> = dispatch.exhibits.iter().filter(|e| e.stamps.iter().all(|s| s.at.is_none())).map(|e| e.id.as_str()).collect();
    let (n, all) = (without.len(), dispatch.exhibits.len());
    if let Some(first) = without.first() {
        say::note(&context.lang.pick(
            format!("{all} 个证据包中有 {n} 个没有可信时间戳（如 {first}），不能证明固定的时间；待盖的可用 jianwei evidence stamp 补盖，未配置 [evidence] tsa 时固定的须重新固定"),
            format!("{n} of {all} evidence packages have no time-stamp ({first}): their time is not proven; `jianwei evidence stamp` gets those that wait, what was sealed without [evidence] tsa must be captured anew"),
        ));
    }
}

/// Where packages of referrals are kept.
fn folder(context: &Context, package: &str) -> PathBuf {
    context.settings.data_dir().join("referrals").join(package)
}

fn make(context: &Context, args: &MakeArgs) -> Result<Exit, Failure> {
    let records = context.records()?;
    let book = RuleBook::read(&context.settings, context.lang)?;
    let chosen = choose(context, &records, args)?;
    context.pass(&context.gate(&book, &records)?, &chosen, Purpose::Letter)?;
    let dispatch = dispatch(context, args, &records, &book, chosen)?;
    say_unstamped(context, &dispatch);
    let own = own_template(context, args.template.as_deref())?;
    let known = records.letter(&dispatch.number).map_err(|e| context.records_failure(&e))?;
    if known.is_some() {
        let n = &dispatch.number;
        return Err(Failure::usage(format!("文号 {n} 已用过"), format!("letter {n} was sent already"), context.lang));
    }
    std::fs::create_dir_all(&args.out).map_err(|e| context.disk(&args.out, &e))?;
    if args.draft {
        let docx = letter_bytes(context, &dispatch, own.as_deref(), None)?;
        return put_letter(context, &args.out, &format!("{}-draft", dispatch.package()), &docx);
    }
    let kept = folder(context, &dispatch.package());
    std::fs::create_dir_all(&kept).map_err(|e| context.disk(&kept, &e))?;
    context.write(&kept.join("referral.json"), &dispatch.json())?;
    if let Some(own) = &own {
        context.write(&kept.join("template.docx"), own)?;
    }
    let zip = kept.join(format!("{}.zip", dispatch.package()));
    let sealed = seal(context, &dispatch, own.as_deref(), &zip)?;
    let docx = letter_bytes(context, &dispatch, own.as_deref(), Some(sealed))?;
    let letter = Letter {
        number: dispatch.number.clone(),
        to: dispatch.to.clone(),
        leads: dispatch.leads.iter().map(|l| l.id.clone()).collect(),
        package: dispatch.package(),
        sha256: sealed.sha256,
        bytes: sealed.bytes,
    };
    records.paper(&PaperMove::Sent(letter), &args.by, dispatch.at).map_err(|e| context.records_failure(&e))?;
    for exhibit in &dispatch.exhibits {
        let detail = json!({"letter": dispatch.printed_number(), "to": dispatch.to, "zip_sha256": sealed.sha256,
            "manifest_sha256": exhibit.manifest_sha256});
        evidence_custody::note(context, &args.by, "exported", &context.settings.evidence_dir().join(&exhibit.path), detail);
    }
    deliver(context, &dispatch, &zip, &args.out, &docx, sealed)
}

/// The leads named, or all that the filter gives; approved ones where no state is asked for.
fn choose(context: &Context, records: &Records, args: &MakeArgs) -> Result<Vec<Lead>, Failure> {
    let chosen = leads::chosen(context, records, &args.lead, &args.filter, &["approved"])?;
    if chosen.is_empty() || chosen.len() > MAX_LEADS_A_LETTER {
        let n = chosen.len();
        return Err(Failure::usage(
            format!("选中 {n} 条线索；一份移送函须有 1 至 {MAX_LEADS_A_LETTER} 条复审通过的线索"),
            format!("{n} leads chosen; a letter carries 1 to {MAX_LEADS_A_LETTER} approved leads"),
            context.lang,
        ));
    }
    Ok(chosen)
}

fn dispatch(context: &Context, args: &MakeArgs, records: &Records, book: &RuleBook, leads: Vec<Lead>) -> Result<Dispatch, Failure> {
    let to = args.to.clone().unwrap_or_else(|| context.settings.referral.to.clone());
    if to.is_empty() {
        return Err(Failure::usage(
            "请用 --to 写明主送单位，或填 [referral] to".into(),
            "name the receiver with --to, or [referral] to".into(),
            context.lang,
        ));
    }
    let template = own_template(context, args.template.as_deref())?;
    let known = context.known(&leads, records, book, false)?;
    Ok(Dispatch {
        schema: DISPATCH_SCHEMA.into(),
        number: args.letter.trim().to_owned(),
        to,
        at: context.net()?.now(),
        by: args.by.clone(),
        reporter: context.reporter(),
        officers: if args.officer.is_empty() { context.settings.evidence.officers.clone() } else { args.officer.clone() },
        marking: args.marking.clone(),
        found: args.found.clone(),
        measures: args.measures.clone(),
        jurisdiction: args.jurisdiction.clone(),
        template_sha256: template.as_deref().map(Sha256::of),
        exhibits: exhibits(context, &leads)?,
        facts: known.facts,
        clusters: known.clusters,
        sites: site_names(book),
        leads,
    })
}

fn own_template(context: &Context, given: Option<&Path>) -> Result<Option<Vec<u8>>, Failure> {
    let Some(file) = given.or(context.settings.referral.template.as_deref()) else { return Ok(None) };
    let bytes = read_template(context, file)?;
    referral::check_template(&bytes).map_err(|f| wrong_template(&f, file, context.lang))?;
    Ok(Some(bytes))
}

/// Makes letter and package again from what was kept; refuses where the bytes are not those of the journal.
fn again(context: &Context, number: &str, out: &Path) -> Result<Exit, Failure> {
    let lang = context.lang;
    let file = context.records()?.letter(number.trim()).map_err(|e| context.records_failure(&e))?;
    let Some(file) = file else {
        return Err(Failure::usage(format!("没有移送函 “{number}”"), format!("no letter `{number}`"), lang));
    };
    let kept = folder(context, &file.letter.package);
    let input = kept.join("referral.json");
    let bytes = std::fs::read(&input).map_err(|e| context.disk(&input, &e))?;
    let Some(dispatch) = Dispatch::parse(&bytes) else {
        let text = format!("{}：不是本程序所写，或已损坏 (not a referral of this program)", input.display());
        return Err(Failure::failed(text.clone(), text, lang));
    };
    let own = match &dispatch.template_sha256 {
        Some(want) => Some(read_template(context, &kept.join("template.docx"))?).filter(|t| Sha256::of(t) == *want),
        None => None,
    };
    std::fs::create_dir_all(out).map_err(|e| context.disk(out, &e))?;
    let zip = out.join(format!("{}.zip", file.letter.package));
    let sealed = seal(context, &dispatch, own.as_deref(), &zip)?;
    let sealed = if sealed.sha256 == file.letter.sha256 { sealed } else { kept_copy(context, &file, &zip, sealed)? };
    let docx = letter_bytes(context, &dispatch, own.as_deref(), Some(sealed))?;
    let exit = put_letter(context, out, &format!("{}-letter", file.letter.package), &docx)?;
    say::line(&zip.display().to_string())?;
    say::line(&format!("SHA-256 {}", sealed.sha256))?;
    Ok(exit)
}

/// Hands out the package that was kept when the letter went out, where this program or its input no longer makes the same bytes.
fn kept_copy(context: &Context, file: &LetterFile, zip: &Path, made: Sealed) -> Result<Sealed, Failure> {
    let lang = context.lang;
    let _ = std::fs::remove_file(zip);
    let kept = folder(context, &file.letter.package).join(format!("{}.zip", file.letter.package));
    let (was, is) = (file.letter.sha256, made.sha256);
    match hash(&kept) {
        Ok(sealed) if sealed.sha256 == was => {
            std::fs::copy(&kept, zip).map_err(|e| context.disk(zip, &e))?;
            say::note(&lang.pick(
                format!("重新制作的移送包与登记不同（登记 {was}，现为 {is}：程序版本、证据或输入有变动），现交出当时封存的原包"),
                format!("made again it differs (was {was}, is {is}: program, evidence or input changed); this is the package kept when it was sent"),
            ));
            Ok(sealed)
        }
        _ => Err(Failure::failed(
            format!("重新制作的移送包与登记不符（登记 {was}，现为 {is}），封存的原包也不在或已变动；未写出"),
            format!(
                "the package made again is not the one that was sent (was {was}, is {is}), and the kept one is gone or changed; nothing was written"
            ),
            lang,
        )),
    }
}

fn list(context: &Context) -> Result<Exit, Failure> {
    let letters = context.records()?.letters().map_err(|e| context.records_failure(&e))?;
    for file in &letters {
        if context.json {
            say::json(
                &json!({"schema": "letter/1", "letter": file.letter, "at": file.at, "by": file.by, "receipts": file.receipts, "feedback": file.feedback, "counts": counts(file)}),
            )?;
        } else {
            let counts: Vec<String> =
                tally(file).into_iter().map(|(told, n)| format!("{} {n}", context.lang.pick(told.zh(), told.word()))).collect();
            let receipt = file.receipts.last().map_or_else(|| context.lang.pick("无回执", "no receipt").to_owned(), |r| r.number.clone());
            let l = &file.letter;
            say::line(&format!(
                "{}  {}  {}  {} {}  {receipt}  {}",
                file.at.beijing(),
                l.number,
                l.to,
                l.leads.len(),
                l.package,
                counts.join(" ")
            ))?;
        }
    }
    Ok(Exit::Done)
}

/// What came back, added up by kind.
fn tally(file: &LetterFile) -> Vec<(Told, u32)> {
    let sum = |told: Told| file.feedback.iter().filter(|f| f.told == told).map(|f| f.count).sum::<u32>();
    Told::ALL.into_iter().map(|t| (t, sum(t))).filter(|(_, n)| *n > 0).collect()
}

/// The same by the words of the command line.
fn counts(file: &LetterFile) -> Vec<(&'static str, u32)> {
    tally(file).into_iter().map(|(told, n)| (told.word(), n)).collect()
}
