//! Tests of assess, from outside: copies in every disguise alert, honest neighbours stay quiet, and every point can be explained.

mod benign;
mod clones;
mod excerpts;
mod html;
mod language;
mod sellers;

use jianwei::assess::{Rules, dossier_of};
use jianwei::model::assessment::{Assessment, Class};
use jianwei::model::candidate::{NameHit, Reason};
use jianwei::model::dossier::Dossier;
use jianwei::model::host::Host;
use jianwei::model::page::{Field, Form, Identifier, Link, Page};
use jianwei::model::rulefile::RuleFile;
use jianwei::model::site::Site;
use jianwei::model::time::Timestamp;
use std::path::Path;
use std::sync::LazyLock;

/// The shipped rules, loaded once.
pub(crate) static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let (sites, files) = shipped();
    let (rules, errors) = Rules::load(&sites, &files);
    assert!(errors.is_empty(), "{errors:?}");
    rules
});

/// Every file below `rules/`, sites parsed.
pub(crate) fn shipped() -> (Vec<(RuleFile, Site)>, Vec<RuleFile>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut files = Vec::new();
    collect(&root, "", &mut files);
    let sites =
        files.iter().filter(|f| f.path.starts_with("sites/")).map(|f| (f.clone(), Site::read(f).expect("a shipped site"))).collect();
    (sites, files)
}

fn collect(folder: &Path, below: &str, files: &mut Vec<RuleFile>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).expect("the rules folder").map(|e| e.expect("an entry")).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().into_string().expect("a plain name");
        let path = format!("{below}{name}");
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else if name.ends_with(".toml") {
            let text = std::fs::read_to_string(entry.path()).expect("a rule file");
            files.push(RuleFile { shown: format!("rules/{path}"), path, text });
        }
    }
}

/// A page under construction.
#[derive(Clone, Default)]
struct Lot {
    host: String,
    path: String,
    page: Page,
    name_score: u8,
}

/// A page of `host` with this title and these lines.
fn lot(host: &str, title: &str, text: &str) -> Lot {
    let text: String = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n");
    Lot { host: host.into(), path: "/".into(), page: Page { title: title.into(), text, ..Page::default() }, name_score: 0 }
}

impl Lot {
    fn path(mut self, path: &str) -> Self {
        self.path = path.into();
        self
    }
    /// A form with these labels and this button.
    fn form(mut self, labels: &[&str], button: &str) -> Self {
        let fields = labels.iter().map(|l| Field { kind: "text".into(), label: (*l).into(), ..Field::default() }).collect();
        self.page.forms.push(Form {
            method: "post".into(),
            fields,
            buttons: vec![button.into()],
            has_form_element: true,
            ..Form::default()
        });
        self
    }
    /// A group of inputs known by placeholders only.
    fn placeholders(mut self, texts: &[&str], buttons: &[&str]) -> Self {
        let fields = texts.iter().map(|p| Field { kind: "text".into(), placeholder: (*p).into(), ..Field::default() }).collect();
        self.page.forms.push(Form {
            method: "get".into(),
            fields,
            buttons: buttons.iter().map(|b| (*b).into()).collect(),
            ..Form::default()
        });
        self
    }
    fn marks(mut self, marks: &[&str]) -> Self {
        self.page.marks.extend(marks.iter().map(|m| (*m).to_owned()));
        self
    }
    fn html(mut self, html: &str) -> Self {
        self.page.html = html.into();
        self
    }
    fn link(mut self, url: &str, text: &str) -> Self {
        self.page.links.push(Link { url: url.into(), text: text.into() });
        self
    }
    fn alt(mut self, alt: &str) -> Self {
        self.page.images.push(jianwei::model::page::Image { url: "http://x/a.png".into(), alt: alt.into() });
        self
    }
    fn id(mut self, kind: &str, value: &str) -> Self {
        self.page.identifiers.push(Identifier { kind: kind.into(), value: value.into(), raw: value.into() });
        self
    }
    fn named(mut self, score: u8) -> Self {
        self.name_score = score;
        self
    }
    fn dossier(&self) -> Dossier {
        let host = Host::parse(&self.host).expect("a host");
        let mut dossier = dossier_of(host, format!("http://{}{}", self.host, self.path), self.page.clone());
        dossier.candidate.site = "cx.mem.gov.cn".into();
        if self.name_score > 0 {
            dossier.candidate.reasons.push(Reason::Name(NameHit {
                site: "cx.mem.gov.cn".into(),
                score: self.name_score,
                techniques: vec!["combosquat".into()],
                token: "mem".into(),
                transform: "word added".into(),
                matched: self.host.clone(),
                why: "名称相近".into(),
                why_en: "similar name".into(),
            }));
        }
        dossier
    }
    fn assess(&self) -> Assessment {
        RULES.assess(&self.dossier(), Timestamp::from_millis(0))
    }
}

/// One line a finding, for messages.
pub(crate) fn told(assessment: &Assessment) -> String {
    let lines: Vec<String> = assessment
        .findings
        .iter()
        .map(|f| {
            format!("  {:>4} {} {} | {} | {}", f.points, f.class.word(), f.signal, f.why.zh, f.span.as_ref().map_or("", |s| s.raw.as_str()))
        })
        .collect();
    format!("{:?} {:?}\n{}", assessment.class, assessment.scores, lines.join("\n"))
}

/// Alerts as `class`, with at least two findings for it.
fn alerts(what: &str, lot: &Lot, class: Class) {
    let assessment = lot.assess();
    assert_eq!(assessment.class.word(), class.word(), "{what}: {}", told(&assessment));
    assert!(assessment.findings.iter().filter(|f| f.class == class && f.points > 0).count() >= 2, "{what}: {}", told(&assessment));
}

/// Stays under the review line in every class.
fn quiet(what: &str, lot: &Lot) {
    let assessment = lot.assess();
    assert!(!assessment.review, "{what}: {}", told(&assessment));
}
