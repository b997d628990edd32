//! Which authority a lead might go to: a suggestion with reasons by the notice's rule, three facts shown with source. Never an order, never sent by itself.

use super::attribution::Attribution;
use super::division::Divisions;
use super::filing::{province_in, province_name};
use super::lang::Both;
use serde::{Deserialize, Serialize};

/// A place and where the fact comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// `server`, `filing`, `victim`.
    pub of: String,
    /// First two digits of the province. `None`: unknown or abroad.
    pub province: Option<u8>,
    /// Id and name of the division of the unit's own city, valid in the lead's month. `None`: unknown, or elsewhere.
    pub division: Option<(String, String)>,
    /// As the source has it; `未知` with the reason where nobody knows.
    pub told: Both,
    /// Source and date.
    pub source: String,
}

/// Who might handle it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// One district alone.
    District,
    /// 市专项行动工作组.
    City,
    /// 应急管理部, across provinces.
    Ministry,
}

/// The suggestion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// Who might handle it.
    pub level: Level,
    /// In words; always "to be confirmed by a person".
    pub to: Both,
    /// Why.
    pub why: Both,
    /// The three facts.
    pub places: Vec<Place>,
}

/// Makes the suggestion. `month`: the lead's (`2025-11`). `victim`: where a person said the victim or loss is. `ordered`: handed down from above.
pub fn suggest(attribution: Option<&Attribution>, home: &Divisions, month: &str, victim: Option<&str>, ordered: bool) -> Suggestion {
    let places = vec![server(attribution, home, month), filing(attribution, home, month), victim_place(victim, home, month)];
    let own: Option<u8> = home.code.get(..2).and_then(|c| c.parse().ok());
    let mut provinces: Vec<u8> = places.iter().filter_map(|p| p.province).collect();
    provinces.sort_unstable();
    provinces.dedup();
    let mut divisions: Vec<(String, String)> = places.iter().filter_map(|p| p.division.clone()).collect();
    divisions.sort();
    divisions.dedup();
    let names = |codes: &[u8]| codes.iter().filter_map(|c| province_name(*c)).collect::<Vec<_>>().join("、");
    let city = |why: Both| {
        (Level::City, Both::new(format!("{}专项行动工作组（市专班）", home.name), format!("the special task group of {}", home.name)), why)
    };
    let server_known = places[0].province.is_some();
    let (level, to, mut why) = if provinces.iter().any(|p| Some(*p) != own) {
        let names = names(&provinces);
        (
            Level::Ministry,
            Both::new("由市专班上报应急管理部领导小组", "to the ministry, through the city's task group"),
            Both::new(format!("线索涉及{names}，属跨省情形或在外省"), format!("places in {names}: across provinces, or in another")),
        )
    } else if ordered {
        city(Both::new("上级交办（由人工填写）", "ordered from above, as a person says"))
    } else if divisions.len() > 1 {
        let list = divisions.iter().map(|d| d.1.as_str()).collect::<Vec<_>>().join("、");
        city(Both::new(format!("跨区县：{list}"), format!("several districts: {list}")))
    } else if let (Some(one), true) = (divisions.first(), server_known) {
        (
            Level::District,
            Both::new(one.1.clone(), one.1.clone()),
            Both::new(format!("已知地点均在{}", one.1), format!("all known places are in {}", one.1)),
        )
    } else if server_known {
        city(Both::new("服务器在本市，所在区县未知", "the server is in the city, its district is unknown"))
    } else {
        city(Both::new(
            format!("服务器所在地未知（{}）", places[0].told.zh),
            format!("where the server stands is unknown ({})", places[0].told.en),
        ))
    };
    if ordered && level == Level::Ministry {
        why = Both::new(format!("{}；上级交办", why.zh), format!("{}; ordered from above", why.en));
    }
    let to = Both::new(format!("{}（建议，须人工确认）", to.zh), format!("{} (a suggestion, to be confirmed by a person)", to.en));
    Suggestion { level, to, why, places }
}

fn unknown(of: &str, zh: &str, en: &str) -> Place {
    Place {
        of: of.into(),
        province: None,
        division: None,
        told: Both::new(format!("未知：{zh}"), format!("unknown: {en}")),
        source: String::new(),
    }
}

fn placed(of: &str, text: &str, province: Option<u8>, division: Option<(String, String)>, source: String) -> Place {
    Place { of: of.into(), province, division, told: Both::new(text, text), source }
}

fn in_home(text: &str, province: Option<u8>, home: &Divisions, month: &str) -> Option<(String, String)> {
    let own = home.code.get(..2).and_then(|c| c.parse().ok());
    let found = (province.is_some() && province == own).then(|| home.named_in(text, month)).flatten()?;
    Some((found.id().to_owned(), found.name.clone()))
}

fn server(attribution: Option<&Attribution>, home: &Divisions, month: &str) -> Place {
    let Some(a) = attribution else { return unknown("server", "未查询", "not looked up") };
    if let Some(front) = a.hosting.hidden_by() {
        return unknown(
            "server",
            &format!("在 {} 之后，需向其调取源站地址", front.vendor),
            &format!("behind {}: ask it for the origin", front.vendor),
        );
    }
    if let Some((placed_at, (province, city))) = a.hosting.placed.iter().find_map(|p| Some((p, p.mainland()?))) {
        let text = format!("{province}{}", city.unwrap_or_default());
        let code = province_in(province);
        let said = placed_at.by("ip2region");
        let source = format!("ip2region {} {}", said.map_or("", |s| s.as_of.as_str()), placed_at.ip);
        return placed("server", &text, code, in_home(&text, code, home, month), source);
    }
    let told: Vec<String> =
        a.hosting.placed.iter().flat_map(|p| &p.said).filter_map(|s| Some(format!("{} {}", s.source, s.country.as_deref()?))).collect();
    match told.as_slice() {
        [] => unknown("server", "没有地址库或没有地址", "no tables, or no address"),
        told => unknown(
            "server",
            &format!("境外或各库不一致（{}）", told.join("，")),
            &format!("abroad, or the tables disagree ({})", told.join(", ")),
        ),
    }
}

/// Registrant or filing. A filing number counts only where the unit's own list gives it to this very host: copies borrow numbers.
fn filing(attribution: Option<&Attribution>, home: &Divisions, month: &str) -> Place {
    let Some(a) = attribution else { return unknown("filing", "未查询", "not looked up") };
    let own = a.host.registrable().unwrap_or(a.host.as_str());
    if let Some(f) = a.filings.iter().find(|f| f.owner.as_ref().is_some_and(|(domain, _)| domain == own)) {
        let division = f.division.as_deref().and_then(|c| home.of_code(c, month)).map(|d| (d.id().to_owned(), d.name.clone()));
        let name = f.province.and_then(province_name).unwrap_or_default();
        return placed("filing", &format!("{name}（{}）", f.value), f.province, division, "备案清单".into());
    }
    if let Some(r) = &a.registration {
        let text = [r.registrant.as_deref(), r.registrant_place.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
        if let Some(code) = r.registrant.as_deref().and_then(province_in) {
            return placed("filing", &text, Some(code), in_home(&text, Some(code), home, month), r.source.clone());
        }
        if !text.is_empty() {
            return unknown("filing", &format!("注册人“{text}”未写明省份"), &format!("the registrant `{text}` names no province"));
        }
    }
    unknown("filing", "注册人未公开，备案归属未核实", "the registrant is hidden, no filing is confirmed")
}

fn victim_place(victim: Option<&str>, home: &Divisions, month: &str) -> Place {
    let Some(text) = victim else { return unknown("victim", "待人工填写", "to be filled in by a person") };
    // A person of the unit writes 渝中区 and means the unit's own.
    let own = || home.division.iter().any(|d| text.contains(&d.name)).then(|| home.code.get(..2)?.parse().ok()).flatten();
    match province_in(text).or_else(own) {
        Some(province) => placed("victim", text, Some(province), in_home(text, Some(province), home, month), "人工填写".into()),
        None => Place {
            source: "人工填写".into(),
            ..unknown("victim", &format!("“{text}”未写明省份"), &format!("`{text}` names no province"))
        },
    }
}
