//! A golden month: the form's figures beside a table made by hand, from leads whose times sit at the edges of a Beijing month.

use crate::referral::lead;
use crate::referral_exchange::outside;
use crate::referral_paper::keep_to_look_at;
use jianwei::model::assessment::{Scores, Verdict};
use jianwei::model::lead::{Lead, Move, Step};
use jianwei::model::referral::{Feedback, FrozenFile, Letter, LetterFile, Told};
use jianwei::model::time::Timestamp;
use jianwei::referral::Reporter;
use jianwei::referral::monthly::{self, Behind, Contact, Form, MonthInput, opening_value, typed_value};
use std::collections::BTreeMap;
use std::process::Command;

fn t(text: &str) -> Timestamp {
    Timestamp::parse(&format!("{text}:00+08:00")).expect("a time")
}

/// A lead with its moves: (Beijing time, move).
fn moved(host: &str, moves: &[(&str, Move)]) -> Lead {
    let mut lead = lead(host, "标题");
    lead.apply(Step { at: t("2025-01-01T00:00"), by: "甲".into(), what: Move::Claim }).expect("legal");
    for (at, what) in moves {
        let by = if *what == Move::Approve { "乙" } else { "甲" };
        lead.apply(Step { at: t(at), by: by.into(), what: what.clone() }).expect("legal");
    }
    lead
}

fn refer(number: &str) -> Move {
    Move::Refer { letter: number.into() }
}

/// The lab's month is 2026-01; 累计 begins in 2026-01's year before, 2025-12.
fn month() -> (Vec<Lead>, Vec<LetterFile>) {
    use Move::{Approve, Block, Confirm, StillUp};
    let mut seller =
        moved("seller.example.org", &[("2026-01-05T09:00", Confirm), ("2026-01-05T10:00", Approve), ("2026-01-06T09:00", refer("二号"))]);
    seller.assessment.class = Verdict::Seller;
    seller.assessment.scores = Scores { fake_query: 0, seller: 90, mirror: 0 };
    let leads = vec![
        // Approved at 23:30 on the 31st in Beijing (15:30 UTC): January's.
        moved("a.example.top", &[("2026-01-31T23:29", Confirm), ("2026-01-31T23:30", Approve)]),
        // Confirmed at 23:30 on the 31st, approved past midnight (still the 31st in UTC): February's.
        moved("b.example.com", &[("2026-01-31T23:30", Confirm), ("2026-02-01T00:10", Approve)]),
        // A second host of the first one's domain: one site.
        moved("www.example.top", &[("2026-01-10T09:00", Confirm), ("2026-01-10T10:00", Approve)]),
        // December's, blocked in January, back the same month.
        moved(
            "c.example.net",
            &[
                ("2025-12-02T09:00", Confirm),
                ("2025-12-02T10:00", Approve),
                ("2025-12-03T09:00", refer("一号")),
                ("2026-01-10T09:00", Block),
                ("2026-01-20T09:00", StillUp),
            ],
        ),
        // Blocked in January and down ever since.
        moved(
            "d.example.cn",
            &[
                ("2026-01-02T09:00", Confirm),
                ("2026-01-02T10:00", Approve),
                ("2026-01-06T09:00", refer("二号")),
                ("2026-01-31T23:59", Block),
                ("2026-02-02T09:00", StillUp),
            ],
        ),
        // Two names on a shared platform: two sites.
        moved("x.github.io", &[("2026-01-07T09:00", Confirm), ("2026-01-07T10:00", Approve)]),
        moved("y.github.io", &[("2026-01-07T09:00", Confirm), ("2026-01-07T10:00", Approve)]),
        // Approved, then found to be an error: none.
        moved(
            "e.example.info",
            &[("2026-01-08T09:00", Confirm), ("2026-01-08T10:00", Approve), ("2026-01-09T10:00", Move::Dismiss { reason: "误".into() })],
        ),
        seller,
    ];
    let letter = |number: &str, at: &str, leads: Vec<&Lead>, feedback: Vec<Feedback>| LetterFile {
        letter: Letter {
            number: number.into(),
            to: "某市公安局".into(),
            leads: leads.into_iter().map(|l| l.id.clone()).collect(),
            package: "YS".into(),
            sha256: jianwei::model::digest::Sha256::of(b""),
            bytes: 1,
        },
        at: t(at),
        by: "乙".into(),
        receipts: Vec::new(),
        feedback,
    };
    let tells = |told, count, on: &str, about: Option<&Lead>| Feedback {
        told,
        count,
        about: about.map(|l| l.id.clone()),
        note: "甲公司".into(),
        on: t(on),
    };
    let feedback = vec![
        tells(Told::Persons, 3, "2026-01-25T12:00", Some(&leads[8])),
        tells(Told::Persons, 2, "2026-01-25T12:00", Some(&leads[4])),
        tells(Told::Den, 1, "2026-01-26T12:00", None),
        tells(Told::Service, 1, "2026-01-26T12:00", None),
        tells(Told::Service, 1, "2026-01-27T12:00", None),
        tells(Told::Persons, 9, "2026-02-01T00:00", None),
    ];
    let letters = vec![
        letter("一号", "2025-12-03T09:00", vec![&leads[3]], vec![]),
        letter("二号", "2026-01-06T09:00", vec![&leads[4], &leads[8]], feedback),
    ];
    (leads, letters)
}

fn typed() -> BTreeMap<(String, String), String> {
    let rows = [
        ("2025-12", "inspections", "5"),
        ("2026-01", "inspections", "12家"),
        ("2026-02", "inspections", "100"),
        ("2025-12", "seller_fine", "1.5万元"),
        ("2026-01", "seller_fine", "20000.50"),
        ("2025-12", "inspection_fine", "0.35"),
        ("2026-01", "inspection_fine", "1.2"),
        ("2025-12", "notice", "渝应急〔2025〕1号"),
        ("2026-01", "dens", "2"),
    ];
    rows.into_iter().map(|(m, r, v)| ((m.to_owned(), r.to_owned()), typed_value(r, v).expect("fits").0)).collect()
}

fn form_of(leads: &[Lead], letters: &[LetterFile], typed: &BTreeMap<(String, String), String>) -> Form {
    let reporter =
        Reporter { organisation: "某区应急局".into(), person: "张三".into(), phone: "023-1".into(), ..Reporter::default() };
    Form::of(&MonthInput { month: "2026-01", start: "2025-12", leads, letters, typed, reporter: &reporter })
}

#[test]
fn the_golden_month_is_the_table_made_by_hand() {
    let (leads, letters) = month();
    let form = form_of(&leads, &letters, &typed());
    for (row, month, total) in [
        ("unit", "某区应急局", ""),
        ("notice", "渝应急〔2025〕1号", ""),
        ("inspections", "12", "17"),
        ("inspection_fine", "1.2", "1.55"),
        ("seller_fine", "20000.5", "35000.5"),
        ("dens", "2", "2"),
        ("seller_persons", "3", "3"),
        ("builder_persons", "2", "2"),
        ("services", "1", "1"),
        // Letters of January carry d and the seller; December's carries c.
        ("referred", "2", "3"),
        // example.top, d, x, y and the seller; c in December. b is February's, e was an error.
        ("fake_sites", "5", "6"),
        // c and d went down for the first time; c came back before the month's end.
        ("blocked_sites", "2", "1"),
        ("filled_by", "张三", ""),
        ("companies", "", "0"),
    ] {
        let got = form.row(row).expect("a row");
        assert_eq!((got.month.as_str(), got.total.as_str()), (month, total), "{row}");
    }
    let fakes = form.row("fake_sites").expect("a row");
    assert!(
        fakes.month_leads.contains(&leads[0].id) && fakes.month_leads.contains(&leads[2].id) && !fakes.total_leads.contains(&leads[1].id)
    );
    assert_eq!(form.row("referred").expect("a row").month_leads, [leads[4].id.clone(), leads[8].id.clone()]);
    assert!(!form.row("seller_persons").expect("a row").month_leads.is_empty(), "leads stand behind what feedback gives");
    let blocked = form.row("blocked_sites").expect("a row");
    assert!(blocked.note.contains("重新上线 1 家") && blocked.note.contains("example[.]net"), "{}", blocked.note);
    assert!(form.row("dens").expect("a row").note.contains("反馈合计为 1"));
}

#[test]
fn a_correction_shows_as_the_one_difference_of_version_two() {
    let (leads, letters) = month();
    let first = form_of(&leads, &letters, &typed());
    let mut corrected = typed();
    corrected.insert(("2026-01".into(), "companies".into()), "40".into());
    let second = form_of(&leads, &letters, &corrected);
    let all: Vec<_> = second.differences(&first.figures()).into_iter().map(|d| (d.row, d.column, d.before, d.now)).collect();
    let row = "企业自查/辖区内生产经营单位数量".to_owned();
    assert_eq!(all, [(row.clone(), "本月", String::new(), "40".to_owned()), (row, "累计", "0".to_owned(), "40".to_owned())]);
    let mut text = typed();
    text.insert(("2026-01".into(), "notice".into()), "渝应急〔2026〕2号".into());
    assert_eq!(form_of(&leads, &letters, &text).differences(&first.figures()).len(), 1);
    assert_ne!(first.sha256(), second.sha256());
    assert_eq!(first.sha256(), form_of(&leads, &letters, &typed()).sha256());
}

#[test]
fn what_was_counted_before_the_program_joins_the_total_alone() {
    let (leads, letters) = month();
    let plain = form_of(&leads, &letters, &typed());
    let mut with = typed();
    for (row, value) in [("fake_sites", "10"), ("inspection_fine", "10000元"), ("seller_fine", "3万元"), ("companies", "5")] {
        with.insert((monthly::opening_key("2025-12"), row.to_owned()), opening_value(row, value).expect("fits").0);
    }
    let form = form_of(&leads, &letters, &with);
    for (row, month, total) in
        [("fake_sites", "5", "16"), ("inspection_fine", "1.2", "2.55"), ("seller_fine", "20000.5", "65000.5"), ("companies", "", "5")]
    {
        let got = form.row(row).expect("a row");
        assert_eq!((got.month.as_str(), got.total.as_str()), (month, total), "{row}");
        assert!(got.note.contains("累计含2025年12月之前的"), "{}", got.note);
    }
    let changed: Vec<_> = form.differences(&plain.figures()).into_iter().map(|d| d.column).collect();
    assert_eq!(changed, ["累计"; 4], "this month stays as it was");
    // Another start of the total has another past.
    let reporter = Reporter::default();
    let later =
        Form::of(&MonthInput { month: "2026-01", start: "2026-01", leads: &leads, letters: &letters, typed: &with, reporter: &reporter });
    assert_eq!(later.row("companies").expect("a row").total, "0");
}

#[test]
fn a_form_not_handed_in_is_told_on_the_third_and_the_fifth() {
    let none: &[FrozenFile] = &[];
    let told = |day: &str| monthly::reminder(t(day), none).map(|b| b.zh);
    assert_eq!(told("2026-02-02T23:59"), None);
    assert!(told("2026-02-03T00:00").is_some_and(|z| z.contains("2026-01") && z.contains("尚未报送")));
    assert!(told("2026-02-05T08:00").is_some_and(|z| z.contains("今天到期")));
    assert!(told("2026-02-06T08:00").is_some_and(|z| z.contains("过期")));
    assert_eq!(monthly::month_before("2026-01"), "2025-12");
}

#[test]
fn the_form_on_paper_is_read_by_openpyxl_and_python_docx() {
    let Some(python) = outside("openpyxl, docx") else { return };
    let (leads, letters) = month();
    let form = form_of(&leads, &letters, &typed());
    let dir = tempfile::tempdir().expect("a folder");
    let put = |name: &str, bytes: Vec<u8>| std::fs::write(dir.path().join(name), bytes).expect("written");
    put(
        "a.xlsx",
        monthly::form_xlsx(&form, Behind { leads: &leads, providers: &[("=某注册商".into(), "域名注册商".into(), 3)] }).expect("made"),
    );
    put("a.docx", monthly::form_docx(&form).expect("made"));
    let contacts = [Contact { unit: "某局".into(), name: "李四".into(), mobile: "13800000000".into(), ..Contact::default() }];
    put("c.xlsx", monthly::contacts_xlsx(&contacts).expect("made"));
    put("c.docx", monthly::contacts_docx(&contacts).expect("made"));
    for name in ["a.xlsx", "a.docx", "c.docx", "c.xlsx"] {
        keep_to_look_at(name, &std::fs::read(dir.path().join(name)).expect("read"));
    }
    let script = r#"
import sys, os, json, openpyxl, docx
d = sys.argv[1]
book = openpyxl.load_workbook(os.path.join(d, "a.xlsx")); sheet = book.worksheets[0]
rows = [[c.value for c in r] for r in sheet.iter_rows()]
doc = docx.Document(os.path.join(d, "a.docx")); table = doc.tables[0]
grid = [[c.text for c in r.cells] for r in table.rows]
print(json.dumps({"xlsx": rows, "docx": grid, "types": sorted({c.data_type for s in book for r in s.iter_rows() for c in r}),
  "behind": [[c.value for c in r] for r in book.worksheets[1].iter_rows()], "page": [doc.sections[0].page_width.mm, doc.sections[0].page_height.mm],
  "contact": [c.text for c in docx.Document(os.path.join(d, "c.docx")).tables[0].rows[1].cells],
  "contact_x": [c.value for c in openpyxl.load_workbook(os.path.join(d, "c.xlsx")).active[4]]}))
"#;
    let ran = Command::new(python).args(["-c", script]).arg(dir.path()).output().expect("runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let said: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    for (i, rule) in monthly::ROWS.iter().enumerate() {
        let row = form.row(rule.id).expect("a row");
        let (sheet, doc) = (&said["xlsx"][i + 4], &said["docx"][i + 1]);
        let shown = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
        assert_eq!(shown(&doc[2]), rule.zh, "{doc}");
        if rule.unit.is_empty() {
            assert_eq!((shown(&sheet[3]), shown(&doc[3])), (row.month.clone(), row.month.clone()));
        } else {
            assert_eq!(
                (shown(&sheet[3]), shown(&sheet[4]), shown(&sheet[5])),
                (rule.unit.to_owned(), row.month.clone(), row.total.clone())
            );
            assert_eq!((shown(&doc[4]), shown(&doc[5])), (row.month.clone(), row.total.clone()));
        }
    }
    assert!(said["types"].as_array().expect("types").iter().all(|t| t == "s" || t == "n"));
    assert!(said["behind"].as_array().is_some_and(|b| b.len() > 10), "leads stand behind the figures");
    assert_eq!((said["page"][0].as_f64().map(f64::round), said["page"][1].as_f64().map(f64::round)), (Some(210.0), Some(297.0)));
    assert_eq!((&said["contact"][1], &said["contact_x"][1]), (&"李四".into(), &"李四".into()));
}
