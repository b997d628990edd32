//! The figures: by Beijing month, each lead and each site once, with the leads behind them.

use crate::model::assessment::Class;
use crate::model::lead::{Lead, LeadId, Move};
use crate::model::referral::{Feedback, Told};
use crate::model::time::Timestamp;
use crate::referral::codes;
use crate::referral::gate::approved_at;
use crate::referral::monthly::rows::{Kind, RowRule, is_money, money, money_text};
use crate::referral::monthly::{FormRow, MonthInput, opening_key};
use crate::referral::words;
use std::collections::{BTreeMap, BTreeSet};

/// A figure with its leads: of this month, and since the start.
#[derive(Default)]
struct Counted {
    month: u64,
    total: u64,
    month_leads: Vec<LeadId>,
    total_leads: Vec<LeadId>,
    note: String,
}

/// One row of the form.
pub(super) fn row(rule: &RowRule, input: &MonthInput<'_>) -> FormRow {
    let mut row = since_start(rule, input);
    let Some(before) = input.typed_in(&opening_key(input.start), rule.id) else { return row };
    let sum = if is_money(rule.unit) {
        money(&row.total, rule.unit).zip(money(before, rule.unit)).map(|(a, b)| money_text(a + b, rule.unit))
    } else {
        row.total.parse::<u64>().ok().zip(before.parse::<u64>().ok()).map(|(a, b)| (a + b).to_string())
    };
    if let Some(sum) = sum {
        row.total = sum;
        let told = format!("累计含{}之前的{before}{}", words::month(input.start), rule.unit);
        row.note = [row.note, told].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("；");
    }
    row
}

/// What the program's own time gives.
fn since_start(rule: &RowRule, input: &MonthInput<'_>) -> FormRow {
    match rule.kind {
        Kind::Text => text(rule, input),
        Kind::Typed => typed(rule, input, None),
        Kind::Offered => {
            let (by_month, month_leads, total_leads) = offered(rule.id, input);
            FormRow { month_leads, total_leads, ..typed(rule, input, Some(&by_month)) }
        }
        Kind::Computed => {
            let counted = match rule.id {
                "referred" => referred(input),
                "fake_sites" => fake_sites(input),
                _ => blocked_sites(input),
            };
            let Counted { month, total, month_leads, total_leads, note } = counted;
            FormRow { row: rule.id.into(), month: month.to_string(), total: total.to_string(), month_leads, total_leads, note }
        }
    }
}

impl MonthInput<'_> {
    fn counts(&self, at: Timestamp) -> bool {
        let month = at.beijing_month();
        month.as_str() >= self.start && month.as_str() <= self.month
    }
    fn this_month(&self, at: Timestamp) -> bool {
        at.beijing_month() == self.month
    }
    fn until(&self, at: Timestamp) -> bool {
        at.beijing_month().as_str() <= self.month
    }
    fn typed_in(&self, month: &str, row: &str) -> Option<&String> {
        self.typed.get(&(month.to_owned(), row.to_owned()))
    }
    /// Months of 累计 in which something was typed into `row`.
    fn months<'a>(&'a self, row: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> + 'a {
        self.typed
            .iter()
            .filter(move |((month, r), _)| r == row && month.as_str() >= self.start && month.as_str() <= self.month)
            .map(|((month, _), value)| (month.as_str(), value.as_str()))
    }
}

/// Text keeps its last value; the unit's own data stand in for what was never typed.
fn text(rule: &RowRule, input: &MonthInput<'_>) -> FormRow {
    let last = input.typed.iter().filter(|((m, r), _)| r == rule.id && m.as_str() <= input.month).map(|(_, v)| v).next_back();
    let own = match rule.id {
        "unit" => &input.reporter.organisation,
        "filled_by" => &input.reporter.person,
        "phone" => &input.reporter.phone,
        _ => "",
    };
    let value = last.map_or_else(|| own.to_owned(), Clone::clone);
    FormRow {
        row: rule.id.into(),
        month: value,
        total: String::new(),
        month_leads: Vec::new(),
        total_leads: Vec::new(),
        note: String::new(),
    }
}

/// A typed row; where nothing was typed in a month, what the program offers for it.
fn typed(rule: &RowRule, input: &MonthInput<'_>, offer: Option<&BTreeMap<String, u64>>) -> FormRow {
    let mine = input.typed_in(input.month, rule.id);
    let offered = offer.and_then(|o| o.get(input.month).copied());
    let (month, total) = if is_money(rule.unit) {
        let sum: i64 = input.months(rule.id).filter_map(|(_, v)| money(v, rule.unit)).sum();
        (mine.cloned().unwrap_or_default(), money_text(sum, rule.unit))
    } else {
        let mut by_month: BTreeMap<&str, u64> = offer.into_iter().flatten().map(|(m, n)| (m.as_str(), *n)).collect();
        by_month.extend(input.months(rule.id).filter_map(|(m, v)| Some((m, v.parse::<u64>().ok()?))));
        let month = mine.cloned().or_else(|| offered.map(|n| n.to_string())).unwrap_or_default();
        (month, by_month.values().sum::<u64>().to_string())
    };
    let note = match (mine, offered) {
        (None, Some(n)) => format!("由反馈得出 {n}，请核对确认"),
        (Some(m), Some(n)) if *m != n.to_string() => format!("人工填写 {m}，反馈合计为 {n}"),
        _ => check(rule.id, input),
    };
    FormRow { row: rule.id.into(), month, total, month_leads: Vec::new(), total_leads: Vec::new(), note }
}

/// 未开展自查 must be what is left of all.
fn check(id: &str, input: &MonthInput<'_>) -> String {
    let number = |row| input.typed_in(input.month, row).and_then(|v| v.parse::<i64>().ok());
    match (id, number("companies"), number("self_checked"), number("not_self_checked")) {
        ("not_self_checked", Some(all), Some(done), Some(left)) if all - done != left => format!("应为总数减已开展：{}", all - done),
        _ => String::new(),
    }
}

/// What the receivers' feedback gives for a row, by month, and the leads that it speaks of: those of the month, and all.
fn offered(id: &str, input: &MonthInput<'_>) -> (BTreeMap<String, u64>, Vec<LeadId>, Vec<LeadId>) {
    let mut by_month: BTreeMap<String, u64> = BTreeMap::new();
    let mut services: BTreeSet<&str> = BTreeSet::new();
    let (mut month, mut all): (Vec<LeadId>, Vec<LeadId>) = Default::default();
    for letter in input.letters {
        for feedback in letter.feedback.iter().filter(|f| input.counts(f.on)) {
            let fits = match (id, feedback.told) {
                ("dens", Told::Den) => true,
                ("services", Told::Service) => services.insert(feedback.note.trim()),
                ("seller_persons", Told::Persons) => is_seller(feedback, &letter.letter.leads, input.leads),
                ("builder_persons", Told::Persons) => !is_seller(feedback, &letter.letter.leads, input.leads),
                _ => false,
            };
            if !fits {
                continue;
            }
            *by_month.entry(feedback.on.beijing_month()).or_default() += u64::from(feedback.count);
            for lead in about(feedback, &letter.letter.leads) {
                for (list, wanted) in [(&mut month, input.this_month(feedback.on)), (&mut all, true)] {
                    if wanted && !list.contains(lead) {
                        list.push(lead.clone());
                    }
                }
            }
        }
    }
    (by_month, month, all)
}

/// The leads that feedback speaks of: the one that it names, else all of the letter.
fn about<'a>(feedback: &'a Feedback, letter: &'a [LeadId]) -> Vec<&'a LeadId> {
    feedback.about.as_ref().map_or_else(|| letter.iter().collect(), |l| vec![l])
}

/// Does it speak of sellers: the lead that it names, else all leads of the letter?
fn is_seller(feedback: &Feedback, letter: &[LeadId], leads: &[Lead]) -> bool {
    let about = about(feedback, letter);
    let mut known = leads.iter().filter(|l| about.contains(&&l.id)).peekable();
    known.peek().is_some() && known.all(|l| codes::class(l) == Some(Class::Seller))
}

/// 发现并移交: leads by their first letter.
fn referred(input: &MonthInput<'_>) -> Counted {
    let mut counted = Counted::default();
    for lead in input.leads {
        let first = lead.standing().into_iter().find(|s| matches!(&s.what, Move::Refer { letter } if !letter.trim().is_empty()));
        let Some(at) = first.map(|s| s.at).filter(|at| input.counts(*at)) else { continue };
        counted.total += 1;
        counted.total_leads.push(lead.id.clone());
        if input.this_month(at) {
            counted.month += 1;
            counted.month_leads.push(lead.id.clone());
        }
    }
    counted
}

/// A site: the registrable domain; the whole host where the domain is shared or there is none.
fn site(lead: &Lead) -> String {
    let host = &lead.candidate.host;
    host.registrable().unwrap_or(host.as_str()).to_owned()
}

/// Leads that stand approved at the end of the month, by site, with the time.
fn by_site<'a>(input: &MonthInput<'a>) -> BTreeMap<String, Vec<(&'a Lead, Timestamp)>> {
    let mut sites: BTreeMap<String, Vec<(&Lead, Timestamp)>> = BTreeMap::new();
    for lead in input.leads {
        if let Some(at) = approved_at(lead).filter(|at| input.until(*at)) {
            sites.entry(site(lead)).or_default().push((lead, at));
        }
    }
    sites
}

/// 发现假冒网站: sites by the first approval on them.
fn fake_sites(input: &MonthInput<'_>) -> Counted {
    let mut counted = Counted::default();
    for leads in by_site(input).values() {
        let Some(first) = leads.iter().map(|(_, at)| *at).min().filter(|at| input.counts(*at)) else { continue };
        let ids = || leads.iter().map(|(l, _)| l.id.clone());
        counted.total += 1;
        counted.total_leads.extend(ids());
        if input.this_month(first) {
            counted.month += 1;
            counted.month_leads.extend(ids());
        }
    }
    counted
}

/// 封堵网站: a site is down when every lead on it is. 本月: sites down for the first time; 累计: those still down at the end of the month.
fn blocked_sites(input: &MonthInput<'_>) -> Counted {
    let mut counted = Counted::default();
    let mut back: Vec<String> = Vec::new();
    for (name, leads) in by_site(input) {
        let mut events: Vec<(Timestamp, &LeadId, bool)> = Vec::new();
        for (lead, _) in &leads {
            events.extend(lead.standing().into_iter().filter(|s| input.until(s.at)).filter_map(|s| match s.what {
                Move::Block => Some((s.at, &lead.id, true)),
                Move::StillUp | Move::MovedTo { .. } | Move::Reopen { .. } => Some((s.at, &lead.id, false)),
                _ => None,
            }));
        }
        events.sort_by_key(|(at, _, _)| *at);
        let mut down: BTreeSet<&LeadId> = BTreeSet::new();
        let mut first = None;
        for (at, id, is_down) in events {
            if is_down {
                down.insert(id)
            } else {
                down.remove(id)
            };
            if leads.iter().filter(|(_, approved)| *approved <= at).all(|(l, _)| down.contains(&l.id)) {
                first = first.or(Some(at));
            }
        }
        let Some(first) = first.filter(|at| input.counts(*at)) else { continue };
        let ids = || leads.iter().map(|(l, _)| l.id.clone());
        if input.this_month(first) {
            counted.month += 1;
            counted.month_leads.extend(ids());
        }
        if leads.iter().all(|(l, _)| down.contains(&l.id)) {
            counted.total += 1;
            counted.total_leads.extend(ids());
        } else {
            back.push(name.replace('.', "[.]"));
        }
    }
    if !back.is_empty() {
        counted.note = format!("重新上线 {} 家，已从累计中减去：{}", back.len(), back.join("、"));
    }
    counted
}
