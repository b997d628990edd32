//! The unit's own list of filings: CSV `kind,value,domain,owner`, from its official channel or filled in by hand. No register is scraped.

use crate::model::dossier::Filing;
use crate::model::page::Identifier;
use crate::model::text::identifiers::icp_subject;
use std::collections::HashMap;
use std::path::Path;

/// Rows kept; a list of all of a province's filings fits.
const MAX_ROWS: usize = 2_000_000;

/// To whom a number is registered.
#[derive(Clone, Debug, Default)]
pub struct Filings(HashMap<(String, String), (String, String)>);

impl Filings {
    /// Reads the list.
    ///
    /// # Errors
    /// One line that names file, row and what is wrong.
    pub fn read(path: &Path) -> Result<Self, String> {
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .from_path(path)
            .map_err(|e| format!("{}: {e}", path.display()))?;
        let headers = reader.headers().map_err(|e| format!("{}: {e}", path.display()))?.clone();
        let column = |names: [&str; 2]| {
            let at = headers.iter().position(|h| names.contains(&h.trim_start_matches('\u{feff}')));
            at.ok_or_else(|| format!("{}: no column `{}` (or `{}`) in its first line", path.display(), names[0], names[1]))
        };
        let (kind, value) = (column(["kind", "类型"])?, column(["value", "号码"])?);
        let (domain, owner) = (column(["domain", "域名"])?, column(["owner", "主体"])?);
        let mut all = HashMap::new();
        for (n, row) in reader.records().take(MAX_ROWS).enumerate() {
            let row = row.map_err(|e| format!("{}:{}: {e}", path.display(), n + 2))?;
            let cell = |i: usize| row.get(i).unwrap_or_default().to_owned();
            let kind = match cell(kind).as_str() {
                "ICP" | "备案" => "icp".to_owned(),
                "公安" => "police".to_owned(),
                "标识码" => "site_code".to_owned(),
                other => other.to_lowercase(),
            };
            all.insert((kind, icp_subject(&cell(value)).to_owned()), (cell(domain).to_lowercase(), cell(owner)));
        }
        Ok(Self(all))
    }
    /// Domain and owner of a number; a site's number belongs to its subject.
    pub fn owner(&self, kind: &str, value: &str) -> Option<&(String, String)> {
        self.0.get(&(kind.to_owned(), icp_subject(value).to_owned()))
    }
    /// The filings of a page's numbers that are on the list.
    pub fn of(&self, identifiers: &[Identifier]) -> Vec<Filing> {
        let one = |i: &Identifier| {
            let (domain, owner) = self.owner(&i.kind, &i.value)?.clone();
            Some(Filing { kind: i.kind.clone(), value: i.value.clone(), domain, owner })
        };
        identifiers.iter().filter_map(one).collect()
    }
}
