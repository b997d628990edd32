//! Reads a package back for a rebuild of the records: dossier, assessment, page sources. Each file is held against the manifest before it is believed.

use crate::evidence::contents::{DOSSIER, DOSSIER_SCHEMA, DossierFile, SCORE, SCORE_SCHEMA, ScoreFile, view_folder};
use crate::evidence::manifest::{self, Manifest};
use crate::evidence::{EvidenceError, Stored};
use crate::model::assessment::Assessment;
use crate::model::digest::{Sha256, Sm3};
use crate::model::dossier::Dossier;
use crate::model::lead::PackageRef;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Largest JSON or text file that is read into memory.
pub(super) const MAX_TEXT_BYTES: u64 = 256 << 20;

/// Reads one package; `package` below `root`, or relative to it.
pub(super) fn package(root: &Path, package: &Path) -> Result<Stored, EvidenceError> {
    let folder = if package.starts_with(root) { package.to_owned() } else { root.join(package) };
    let broken = |why: String| EvidenceError::broken(&folder, why);
    let bytes = capped(&folder.join(manifest::NAME), manifest::MAX_BYTES)?;
    let manifest = Manifest::parse(bytes).map_err(|why| broken(format!("{}: {}", manifest::NAME, why.en)))?;
    if folder.file_name().and_then(|n| n.to_str()) != Some(manifest.package.as_str()) {
        return Err(broken(format!("the folder is not named as its manifest says: {}", manifest.package)));
    }
    let stored: DossierFile<Dossier> = json(&folder, &manifest, DOSSIER)?;
    let score: ScoreFile<Assessment> = json(&folder, &manifest, SCORE)?;
    for (file, is, want) in [(DOSSIER, &stored.schema, DOSSIER_SCHEMA), (SCORE, &score.schema, SCORE_SCHEMA)] {
        if is != want {
            return Err(broken(format!("{file}: schema `{}` is not `{want}`", is.escape_debug())));
        }
    }
    let mut dossier = stored.dossier;
    fill_sources(&folder, &manifest, &mut dossier)?;
    let main = dossier.main_capture().ok_or_else(|| broken(format!("{DOSSIER}: holds no capture")))?;
    let same = (dossier.candidate.host.as_str(), main.requested_url.as_str(), main.outcome.word());
    if same != (manifest.host.as_str(), manifest.url.as_str(), manifest.outcome.as_str()) {
        return Err(broken(format!("{DOSSIER}: host, url or outcome is not what {} says", manifest::NAME)));
    }
    let captured_at = main.started_at;
    let relative = folder.strip_prefix(root).unwrap_or(&folder);
    let path = relative.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
    let package = PackageRef {
        id: manifest.package.clone(),
        path,
        manifest_sha256: Sha256::of(&manifest.bytes),
        manifest_sm3: Sm3::of(&manifest.bytes),
        captured_at,
        outcome: manifest.outcome,
    };
    Ok(Stored { package, dossier, assessment: score.assessment })
}

/// One listed file of a package.
pub(super) fn one(root: &Path, package: &Path, path: &str, most: u64) -> Result<Vec<u8>, EvidenceError> {
    let folder = if package.starts_with(root) { package.to_owned() } else { root.join(package) };
    let manifest = Manifest::parse(capped(&folder.join(manifest::NAME), manifest::MAX_BYTES)?);
    let manifest = manifest.map_err(|why| EvidenceError::broken(&folder, format!("{}: {}", manifest::NAME, why.en)))?;
    if manifest.entry(path).is_some_and(|e| e.bytes > most) {
        return Err(EvidenceError::broken(&folder, format!("{path}: larger than {most} bytes")));
    }
    listed(&folder, &manifest, path)
}

fn fill_sources(folder: &Path, manifest: &Manifest, dossier: &mut Dossier) -> Result<(), EvidenceError> {
    for i in 0..dossier.captures.len() {
        let path = format!("{}source.txt", view_folder(dossier, i));
        if let Some(page) = &mut dossier.captures[i].page {
            let bytes = listed(folder, manifest, &path)?;
            page.html = String::from_utf8(bytes).map_err(|_| EvidenceError::broken(folder, format!("{path}: is not UTF-8")))?;
        }
    }
    Ok(())
}

fn json<T: serde::de::DeserializeOwned>(folder: &Path, manifest: &Manifest, path: &str) -> Result<T, EvidenceError> {
    serde_json::from_slice(&listed(folder, manifest, path)?).map_err(|e| EvidenceError::broken(folder, format!("{path}: {e}")))
}

/// The bytes of a listed file, equal to what the manifest says of it.
pub(super) fn listed(folder: &Path, manifest: &Manifest, path: &str) -> Result<Vec<u8>, EvidenceError> {
    let entry = manifest.entry(path).ok_or_else(|| EvidenceError::broken(folder, format!("{path}: is not in the manifest")))?;
    let bytes = capped(&folder.join(path), entry.bytes.min(MAX_TEXT_BYTES))?;
    if Sha256::of(&bytes) != entry.sha256 {
        return Err(EvidenceError::broken(folder, format!("{path}: changed since capture (SHA-256 differs from the manifest)")));
    }
    Ok(bytes)
}

/// Reads a plain file of at most `max` bytes; links and pipes are refused before they are opened.
pub(super) fn capped(path: &Path, max: u64) -> Result<Vec<u8>, EvidenceError> {
    let facts = path.symlink_metadata().map_err(EvidenceError::io(path))?;
    if !facts.is_file() || facts.len() > max {
        return Err(EvidenceError::broken(path, format!("not a plain file of at most {max} bytes")));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|f| f.take(max).read_to_end(&mut bytes)).map_err(EvidenceError::io(path))?;
    Ok(bytes)
}
