//! What the official sites carry, so that copies are not tied by what they all copied: from the sites' files, and from the last `check` of an
//! official host over a connection that proved itself. Kept beside the store, one small file a host, as `check` runs beside a watch.

use crate::cli::rules::RuleBook;
use crate::cli::{Context, outgoing, say};
use crate::model::dossier::Dossier;
use crate::model::host::Host;
use crate::model::indicator::{self, Marks};
use crate::model::site::Site;
use crate::model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::Path;
use url::Url;

/// Folder below the data folder.
const FOLDER: &str = "official";
/// Files read, and the largest one in bytes.
const MAX_FILES: usize = 64;
const MAX_BYTES: u64 = 1 << 20;

/// One official host's page as it was last seen.
#[derive(Serialize, Deserialize)]
struct Kept {
    schema: String,
    host: Host,
    at: Timestamp,
    marks: Marks,
}

/// What all protected sites carry, those switched off too. What cannot be read is warned of and left out.
pub(super) fn marks(context: &Context) -> Vec<Marks> {
    let Ok(book) = RuleBook::read(&context.settings, context.lang) else { return Vec::new() };
    let sites = book.files.iter().filter(|f| f.path.starts_with("sites/")).filter_map(|f| Site::read(f).ok());
    let mut all: Vec<Marks> = sites.map(|s| indicator::of_site(&s)).collect();
    all.extend(kept(&context.settings.data_dir().join(FOLDER)));
    all
}

fn kept(folder: &Path) -> Vec<Marks> {
    let mut files: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    files.sort();
    let json = files.into_iter().filter(|p| p.extension().is_some_and(|e| e == "json")).take(MAX_FILES);
    let read = |path: &Path| -> Result<Marks, String> {
        if std::fs::metadata(path).map_err(|e| e.to_string())?.len() > MAX_BYTES {
            return Err(format!("larger than {MAX_BYTES} bytes"));
        }
        let text = std::fs::read(path).map_err(|e| e.to_string())?;
        serde_json::from_slice::<Kept>(&text).map(|kept| kept.marks).map_err(|e| e.to_string())
    };
    json.filter_map(|path| read(&path).inspect_err(|why| tracing::warn!("{}: left out: {why}", path.display())).ok()).collect()
}

/// Keeps what an official host carries, where this visit reached it beyond doubt.
pub(super) fn keep(context: &Context, book: &RuleBook, dossier: &Dossier) {
    let host = &dossier.candidate.host;
    let Some(marks) = proven(dossier, &book.plain_sites()) else { return };
    let folder = context.settings.data_dir().join(FOLDER);
    let kept = Kept { schema: "official/1".into(), host: host.clone(), at: dossier.candidate.last_seen, marks };
    let json = serde_json::to_vec_pretty(&kept).expect("strings and numbers serialise");
    let file = folder.join(format!("{host}.json"));
    match std::fs::create_dir_all(&folder).and_then(|()| outgoing::write_whole(&file, &json)) {
        Ok(()) => say::note(&context.lang.pick(
            format!("官方页面特征已更新（{host}）：与其相同的特征不再作为关联依据"),
            format!("what {host} carries is kept: copies are not tied by it"),
        )),
        Err(e) => tracing::warn!("{}: {e}", file.display()),
    }
}

/// The marks of an official page that came over TLS with a chain that verifies, from an official host. `None`: anything else.
fn proven(dossier: &Dossier, sites: &[Site]) -> Option<Marks> {
    let main = dossier.main_capture().filter(|c| c.page.is_some())?;
    let end = Url::parse(main.final_url.as_deref()?).ok().and_then(|u| Host::parse(u.host_str()?).ok())?;
    let owned = |host: &Host| sites.iter().any(|s| s.owns(host));
    let verified = dossier.plain_capture()?.hops.last()?.tls.as_ref()?.verified.is_ok();
    (owned(&dossier.candidate.host) && owned(&end) && verified).then(|| indicator::marks(dossier))
}
