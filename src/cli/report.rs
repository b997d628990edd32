//! `jianwei report`: the monthly form (附件1) with typed rows, frozen versions and what changed between them; the list of contacts (附件2).

use crate::cli::args::{MonthlyArgs, ReportCommand};
use crate::cli::fail::{Exit, Failure};
use crate::cli::{Context, known, pdf, say};
use crate::model::attribution::Attribution;
use crate::model::lang::{Both, Lang};
use crate::model::lead::Lead;
use crate::model::referral::{Frozen, FrozenFile, PaperMove};
use crate::model::time::Timestamp;
use crate::pipeline::watch::Owed;
use crate::records::{Filter, Records};
use crate::referral::monthly::{self, Behind, Form, Kind, MonthInput, ROWS, TypedError};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) fn run(context: &Context, command: &ReportCommand) -> Result<Exit, Failure> {
    match command {
        ReportCommand::Monthly(args) => month(context, args),
        ReportCommand::Contacts { output } => contacts(context, output),
        ReportCommand::Rows => {
            for row in ROWS {
                let kind = match row.kind {
                    Kind::Computed => "计算",
                    Kind::Offered => "计算，可改",
                    Kind::Typed => "填写",
                    Kind::Text => "填写（文字）",
                };
                say::line(&format!("{}  {}  {}  {kind}", row.id, row.name(), row.unit))?;
            }
            Ok(Exit::Done)
        }
    }
}

/// What to remind of at `now`: last month's form, from the 3rd.
pub(super) fn reminder(context: &Context, records: &Records, now: Timestamp) {
    if let Some(text) = due(records, now).filter(|_| owes(records, now)) {
        say::note(text.get(context.lang));
    }
}

/// What a running watch alerts of.
pub(super) fn owed(records: Arc<Records>) -> Owed {
    // Whether a unit owes the form does not change within a month, and asking reads every lead.
    let known: Mutex<Option<(String, bool)>> = Mutex::new(None);
    Arc::new(move |now| {
        let told = due(&records, now)?;
        let month = now.beijing_month();
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let owes = match &*known {
            Some((of, owes)) if *of == month => *owes,
            _ => known.insert((month, owes(&records, now))).1,
        };
        owes.then_some(told)
    })
}

/// The words, where last month's form was not handed in.
fn due(records: &Records, now: Timestamp) -> Option<Both> {
    monthly::reminder(now, &records.frozen(&monthly::month_before(&now.beijing_month())).ok()?)
}

/// A unit that began this month owes nothing for the last one.
fn owes(records: &Records, now: Timestamp) -> bool {
    let last = monthly::month_before(&now.beijing_month());
    records.leads(&Filter::default()).is_ok_and(|all| all.iter().any(|l| l.opened_at.beijing_month() <= last))
}

fn month(context: &Context, args: &MonthlyArgs) -> Result<Exit, Failure> {
    let lang = context.lang;
    let fail = |e| context.records_failure(&e);
    if !monthly::is_month(&args.month) {
        return Err(Failure::usage(
            format!("“{}” 不是月份；写成 2026-01", args.month),
            format!("`{}` is no month; write 2026-01", args.month),
            lang,
        ));
    }
    let records = context.records()?;
    let now = context.net()?.now();
    type_in(context, &records, args, now)?;
    let form = form(context, &records, &args.month)?;
    let mut frozen = records.frozen(&args.month).map_err(fail)?;
    if args.freeze {
        freeze(context, &records, args, &form, &frozen, now)?;
        frozen = records.frozen(&args.month).map_err(fail)?;
    }
    if args.handed_in {
        let Some(last) = frozen.last() else {
            return Err(Failure::usage("尚无冻结版本；先用 --freeze".into(), "nothing is frozen yet; use --freeze first".into(), lang));
        };
        let what = PaperMove::HandedIn { month: args.month.clone(), version: last.frozen.version };
        records.paper(&what, &args.by, now).map_err(fail)?;
        frozen = records.frozen(&args.month).map_err(fail)?;
    }
    if let Some(output) = &args.output {
        put(context, &records, output, &form)?;
    }
    show(context, &form, &frozen, args.output.is_some())?;
    reminder(context, &records, now);
    Ok(Exit::Done)
}

fn form(context: &Context, records: &Records, month: &str) -> Result<Form, Failure> {
    let fail = |e| context.records_failure(&e);
    let leads = records.leads(&Filter::default()).map_err(fail)?;
    let letters = records.letters().map_err(fail)?;
    let typed = records.typed().map_err(fail)?;
    let start = start(context, month);
    let reporter = context.reporter();
    Ok(Form::of(&MonthInput { month, start: &start, leads: &leads, letters: &letters, typed: &typed, reporter: &reporter }))
}

/// First month of 累计 for the form of `month`.
fn start(context: &Context, month: &str) -> String {
    let since = &context.settings.referral.total_since;
    if monthly::is_month(since) && since.as_str() <= month { since.clone() } else { format!("{}-01", &month[..4]) }
}

/// Keeps the rows that a person typed: all of them are right, or none is kept.
fn type_in(context: &Context, records: &Records, args: &MonthlyArgs, now: Timestamp) -> Result<(), Failure> {
    let lang = context.lang;
    let mut moves = Vec::new();
    let opening = monthly::opening_key(&start(context, &args.month));
    let typed = args.set.iter().map(|set| ("--set", set, args.month.as_str()));
    for (option, set, month) in typed.chain(args.opening.iter().map(|set| ("--opening", set, opening.as_str()))) {
        let Some((row, value)) = set.split_once('=') else {
            return Err(Failure::usage(format!("{option} “{set}” 应写成 行=值"), format!("{option} `{set}`: write ROW=VALUE"), lang));
        };
        let check = if option == "--set" { monthly::typed_value } else { monthly::opening_value };
        let (value, warning) = check(row.trim(), value).map_err(|e| wrong_value(&e, lang))?;
        if let Some(warning) = warning {
            say::note(&warning);
        }
        moves.push(PaperMove::Typed { month: month.to_owned(), row: row.trim().to_owned(), value });
    }
    for what in moves {
        records.paper(&what, &args.by, now).map_err(|e| context.records_failure(&e))?;
    }
    Ok(())
}

fn wrong_value(e: &TypedError, lang: Lang) -> Failure {
    let zh = match e {
        TypedError::NoRow(row) => format!("没有 “{row}” 这一行；用 jianwei report rows 查看"),
        TypedError::Computed(row) => format!("{row} 由线索和移送函计算得出，不能填写；请更正线索"),
        TypedError::NoFigure(row) => format!("{row}是文字，没有可累计的数"),
        TypedError::NotANumber { row, value, unit } => format!("{row}：“{value}” 不是以{unit}为单位的数"),
    };
    Failure::usage(zh, e.to_string(), lang)
}

fn freeze(
    context: &Context,
    records: &Records,
    args: &MonthlyArgs,
    form: &Form,
    before: &[FrozenFile],
    now: Timestamp,
) -> Result<(), Failure> {
    let lang = context.lang;
    if before.last().is_some_and(|l| l.frozen.sha256 == form.sha256()) {
        say::note(lang.pick("与上一版本相同，未冻结新版本", "the same as the last version; nothing new is frozen"));
        return Ok(());
    }
    let version = u32::try_from(before.len()).unwrap_or(u32::MAX).saturating_add(1);
    if version > 1 && args.reason.trim().is_empty() {
        return Err(Failure::usage("第二版起须用 --reason 写明理由".into(), "a further version needs --reason".into(), lang));
    }
    let dir = context.settings.data_dir().join("reports");
    std::fs::create_dir_all(&dir).map_err(|e| context.disk(&dir, &e))?;
    context.write(&dir.join(format!("{}-v{version}.json", args.month)), &form.json())?;
    let frozen = Frozen { month: args.month.clone(), version, figures: form.figures(), sha256: form.sha256(), reason: args.reason.clone() };
    records.paper(&PaperMove::Frozen(frozen), &args.by, now).map_err(|e| context.records_failure(&e))
}

fn put(context: &Context, records: &Records, output: &Path, form: &Form) -> Result<(), Failure> {
    let extension = output.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let failed = |e: crate::referral::ExportError| Failure::failed(e.to_string(), e.to_string(), context.lang);
    let bytes = match extension.as_str() {
        "xlsx" => {
            let leads = records.leads(&Filter::default()).map_err(|e| context.records_failure(&e))?;
            let providers = providers(context, records, &leads)?;
            monthly::form_xlsx(form, Behind { leads: &leads, providers: &providers }).map_err(failed)?
        }
        "docx" => monthly::form_docx(form).map_err(failed)?,
        "json" => form.json(),
        "pdf" => match pdf::of_docx(&monthly::form_docx(form).map_err(failed)?) {
            pdf::Made::Pdf(bytes, _) => bytes,
            pdf::Made::Not(why) => return Err(Failure::failed(why.clone(), why, context.lang)),
        },
        _ => return Err(wrong_extension(output, "xlsx、docx、pdf、json", context.lang)),
    };
    context.write(output, &bytes)
}

/// Parties that serve leads which stand approved: name, what they do, how many of the leads; most first. Who issues certificates serves nobody
/// in the sense of the form.
fn providers(context: &Context, records: &Records, leads: &[Lead]) -> Result<Vec<(String, String, usize)>, Failure> {
    let mut all: BTreeMap<(String, String), usize> = BTreeMap::new();
    for lead in leads.iter().filter(|l| known::is_approved(l)) {
        let found = records.attribution(&lead.candidate.host).map_err(|e| context.records_failure(&e))?;
        for p in found.iter().flat_map(Attribution::providers).filter(|p| p.role != "issuer") {
            *all.entry((p.name.clone(), p.role_zh().to_owned())).or_default() += 1;
        }
    }
    let mut all: Vec<_> = all.into_iter().map(|((name, role), n)| (name, role, n)).collect();
    all.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.cmp(b)));
    Ok(all)
}

fn wrong_extension(output: &Path, known: &str, lang: Lang) -> Failure {
    let at = output.display();
    Failure::usage(format!("{at}：扩展名应为 {known}"), format!("{at}: the extension must be one of {known}"), lang)
}

fn show(context: &Context, form: &Form, frozen: &[FrozenFile], written: bool) -> Result<(), Failure> {
    let changed = frozen.last().map(|last| form.differences(&last.frozen.figures)).unwrap_or_default();
    let between = match frozen {
        [.., before, last] => differences(&last.frozen, &before.frozen),
        _ => Vec::new(),
    };
    if context.json {
        let told = |d: &monthly::Difference| json!({"row": d.row, "column": d.column, "before": d.before, "now": d.now});
        return say::json(&json!({
            "schema": "monthly/1", "form": form, "sha256": form.sha256(), "frozen": frozen,
            "since_frozen": changed.iter().map(told).collect::<Vec<_>>(), "last_change": between.iter().map(told).collect::<Vec<_>>(),
        }));
    }
    if !written {
        for row in &form.rows {
            let Some(rule) = ROWS.iter().find(|r| r.id == row.row) else { continue };
            let note = if row.note.is_empty() { String::new() } else { format!("  注：{}", row.note) };
            let leads = if row.month_leads.is_empty() {
                String::new()
            } else {
                format!("  [{}]", row.month_leads.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
            };
            say::line(&format!("{}（{}）：本月 {}　累计 {}{leads}{note}", rule.name(), rule.unit, row.month, row.total))?;
        }
    }
    for file in frozen {
        let handed = file.handed_in.map_or_else(|| "未报送".to_owned(), |at| format!("已报送 {}", at.beijing()));
        say::line(&format!(
            "第 {} 版  {}  {}  {}  {handed}  {}",
            file.frozen.version,
            file.at.beijing(),
            file.by,
            file.frozen.sha256,
            file.frozen.reason
        ))?;
    }
    for d in &between {
        say::line(&format!("本版更正  {} {}：{} → {}", d.row, d.column, d.before, d.now))?;
    }
    for d in &changed {
        say::line(&format!("冻结后变动  {} {}：{} → {}", d.row, d.column, d.before, d.now))?;
    }
    Ok(())
}

/// What a frozen version changed against the one before.
fn differences(last: &Frozen, before: &Frozen) -> Vec<monthly::Difference> {
    let rows = last.figures.iter().map(|f| monthly::FormRow {
        row: f.row.clone(),
        month: f.month.clone(),
        total: f.total.clone(),
        month_leads: Vec::new(),
        total_leads: Vec::new(),
        note: String::new(),
    });
    let form = Form { schema: "monthly/1".into(), month: last.month.clone(), start: String::new(), rows: rows.collect() };
    form.differences(&before.figures)
}

fn contacts(context: &Context, output: &Path) -> Result<Exit, Failure> {
    let list = &context.settings.referral.contact;
    let failed = |e: crate::referral::ExportError| Failure::failed(e.to_string(), e.to_string(), context.lang);
    let bytes = match output.extension().map(|e| e.to_string_lossy().to_lowercase()).as_deref() {
        Some("xlsx") => monthly::contacts_xlsx(list).map_err(failed)?,
        Some("docx") => monthly::contacts_docx(list).map_err(failed)?,
        _ => return Err(wrong_extension(output, "xlsx、docx", context.lang)),
    };
    context.write(output, &bytes)?;
    say::note(
        &context.lang.pick(format!("{} 人 → {}", list.len(), output.display()), format!("{} contacts -> {}", list.len(), output.display())),
    );
    Ok(Exit::Done)
}
