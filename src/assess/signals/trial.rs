//! A page on trial, for the unit tests of signals: the shipped words, weights and first protected site, one page.

use crate::assess::{Rules, dossier_of};
use crate::model::assessment::Assessment;
use crate::model::dossier::Facts;
use crate::model::host::Host;
use crate::model::page::{Field, Form, Identifier, Link, Page};
use crate::model::rulefile::RuleFile;
use crate::model::site::Site;
use crate::model::time::Timestamp;
use std::sync::LazyLock;

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let text = include_str!("../../../rules/sites/cx.mem.gov.cn.toml");
    let file = RuleFile { path: "sites/cx.mem.gov.cn.toml".into(), shown: "rules/sites/cx.mem.gov.cn.toml".into(), text: text.into() };
    let site = Site::read(&file).expect("the shipped site");
    let (rules, errors) = Rules::load(&[(file, site)], &[]);
    assert!(errors.is_empty(), "{errors:?}");
    rules
});

/// A page and what is known of its host.
pub(super) struct Trial {
    pub(super) page: Page,
    pub(super) host: &'static str,
    pub(super) path: &'static str,
    pub(super) facts: Facts,
}

/// A page of an unlisted host.
pub(super) fn trial(title: &str, text: &str) -> Trial {
    let page = Page { title: title.into(), text: text.into(), ..Page::default() };
    Trial { page, host: "q7k2.top", path: "/", facts: Facts::default() }
}

impl Trial {
    pub(super) fn form(mut self, labels: &[&str]) -> Self {
        let fields = labels.iter().map(|l| Field { kind: "text".into(), label: (*l).into(), ..Field::default() }).collect();
        self.page.forms.push(Form { fields, buttons: vec!["查询".into()], has_form_element: true, ..Form::default() });
        self
    }
    pub(super) fn html(mut self, html: &str) -> Self {
        self.page.html = html.into();
        self
    }
    pub(super) fn link(mut self, url: &str) -> Self {
        self.page.links.push(Link { url: url.into(), text: "入口".into() });
        self
    }
    pub(super) fn id(mut self, kind: &str, value: &str) -> Self {
        self.page.identifiers.push(Identifier { kind: kind.into(), value: value.into(), raw: value.into() });
        self
    }
    pub(super) fn assess(self) -> Assessment {
        let url = format!("http://{}{}", self.host, self.path);
        let mut dossier = dossier_of(Host::parse(self.host).expect("a host"), url, self.page);
        dossier.facts = self.facts;
        RULES.assess(&dossier, Timestamp::from_millis(0))
    }
}

/// Points of a signal; 0 where it did not fire.
pub(super) fn points(assessment: &Assessment, signal: &str) -> i32 {
    assessment.findings.iter().filter(|f| f.signal == signal).map(|f| f.points).sum()
}

/// The findings in short, for messages.
pub(super) fn said(assessment: &Assessment) -> String {
    assessment.findings.iter().map(|f| format!("{} {}", f.signal, f.points)).collect::<Vec<_>>().join(", ")
}
