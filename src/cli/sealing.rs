//! The files of a referral on disk: which evidence goes along, the sealed package with its hash, the letter as DOCX and PDF.

use crate::cli::fail::{Exit, Failure};
use crate::cli::refer::wrong_template;
use crate::cli::{Context, pdf, say};
use crate::evidence;
use crate::model::digest::Sha256;
use crate::model::lead::Lead;
use crate::referral::{self, Dispatch, Exhibit, ExhibitStamp, PackageError, Sealed};
use sha2::Digest as _;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read};
use std::path::Path;

/// Most files of one evidence package that go along.
const MAX_FILES: usize = 10_000;

/// All packages of the leads, each with its files.
pub(super) fn exhibits(context: &Context, leads: &[Lead]) -> Result<Vec<Exhibit>, Failure> {
    let root = context.settings.evidence_dir();
    let mut all = Vec::new();
    for lead in leads {
        for package in &lead.packages {
            let dir = root.join(&package.path);
            let (mut files, mut bytes) = (Vec::new(), 0);
            walk(&dir, &dir, &mut files, &mut bytes).map_err(|e| context.disk(&dir, &e))?;
            let manifest = std::fs::read(dir.join("manifest.json")).map_err(|e| context.disk(&dir, &e))?;
            if Sha256::of(&manifest) != package.manifest_sha256 {
                let text = format!("{}：清单与登记的校验值不符 (manifest differs from its recorded hash)", dir.display());
                return Err(Failure::failed(text.clone(), text, context.lang));
            }
            files.sort();
            let stamps = evidence::glance(&root, Path::new(&package.path)).map(|g| g.stamps).unwrap_or_default();
            all.push(Exhibit {
                lead: lead.id.clone(),
                id: package.id.clone(),
                path: package.path.clone(),
                files,
                bytes,
                manifest_sha256: package.manifest_sha256,
                manifest_sm3: package.manifest_sm3,
                captured_at: package.captured_at,
                stamps: stamps.into_iter().map(|s| ExhibitStamp { file: s.file, at: s.at }).collect(),
            });
        }
    }
    Ok(all)
}

/// Plain files below `dir`; links are not followed and end the matter.
fn walk(root: &Path, dir: &Path, files: &mut Vec<String>, bytes: &mut u64) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let facts = path.symlink_metadata()?;
        if facts.is_dir() {
            walk(root, &path, files, bytes)?;
        } else if facts.is_file() && files.len() < MAX_FILES {
            let below = path.strip_prefix(root).unwrap_or(&path);
            files.push(below.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"));
            *bytes += facts.len();
        } else {
            return Err(std::io::Error::other(format!("{}: not a plain file, or too many", path.display())));
        }
    }
    Ok(())
}

/// Writes the sealed package and hashes it as it lies on disk.
pub(super) fn seal(context: &Context, dispatch: &Dispatch, own: Option<&[u8]>, zip: &Path) -> Result<Sealed, Failure> {
    let root = context.settings.evidence_dir();
    let part = zip.with_extension("zip.part");
    let file = File::create(&part).map_err(|e| context.disk(&part, &e))?;
    let mut open = |package: &str, file: &str| -> std::io::Result<Box<dyn Read>> {
        Ok(Box::new(BufReader::new(File::open(root.join(package).join(file))?)))
    };
    let written = referral::seal(BufWriter::new(file), dispatch, own, &mut open).map_err(|e| {
        let _ = std::fs::remove_file(&part);
        match e {
            PackageError::Template(f) => wrong_template(&f, Path::new("template"), context.lang),
            PackageError::Failed(why) => Failure::failed(why.clone(), why, context.lang),
        }
    })?;
    let done = written.into_inner().map_err(std::io::IntoInnerError::into_error).and_then(|f| f.sync_all());
    done.and_then(|()| std::fs::rename(&part, zip)).map_err(|e| context.disk(zip, &e))?;
    hash(zip).map_err(|e| context.disk(zip, &e))
}

pub(super) fn hash(zip: &Path) -> std::io::Result<Sealed> {
    let mut hasher = sha2::Sha256::new();
    let mut from = File::open(zip)?;
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(Sealed { sha256: Sha256::from_bytes(hasher.finalize().into()), bytes }),
            n => {
                hasher.update(&buffer[..n]);
                bytes += n as u64;
            }
        }
    }
}

pub(super) fn letter_bytes(context: &Context, dispatch: &Dispatch, own: Option<&[u8]>, sealed: Option<Sealed>) -> Result<Vec<u8>, Failure> {
    referral::letter(dispatch, own, sealed).map_err(|f| wrong_template(&f, Path::new("template"), context.lang))
}

/// Letter as DOCX and, where it can be made, PDF.
pub(super) fn put_letter(context: &Context, out: &Path, name: &str, docx: &[u8]) -> Result<Exit, Failure> {
    let lang = context.lang;
    let file = out.join(format!("{name}.docx"));
    context.write(&file, docx)?;
    say::line(&file.display().to_string())?;
    match pdf::of_docx(docx) {
        pdf::Made::Pdf(bytes, replaced) => {
            let file = out.join(format!("{name}.pdf"));
            context.write(&file, &bytes)?;
            say::line(&file.display().to_string())?;
            let fonts: Vec<String> = replaced.iter().map(|(a, b)| format!("{a} → {b}")).collect();
            if !fonts.is_empty() {
                say::note(&lang.pick(
                    format!("本机缺少字体，PDF 中替代：{}", fonts.join("、")),
                    format!("fonts replaced in the PDF: {}", fonts.join(", ")),
                ));
            }
            Ok(Exit::Done)
        }
        pdf::Made::Not(why) => {
            say::note(&lang.pick(format!("未生成 PDF：{why}"), format!("no PDF: {why}")));
            Ok(Exit::Partly)
        }
    }
}

pub(super) fn deliver(
    context: &Context,
    dispatch: &Dispatch,
    zip: &Path,
    out: &Path,
    docx: &[u8],
    sealed: Sealed,
) -> Result<Exit, Failure> {
    let name = dispatch.package();
    let copy = out.join(format!("{name}.zip"));
    std::fs::copy(zip, &copy).map_err(|e| context.disk(&copy, &e))?;
    let exit = put_letter(context, out, &format!("{name}-letter"), docx)?;
    say::line(&copy.display().to_string())?;
    say::line(&format!("SHA-256 {}", sealed.sha256))?;
    say::note(&context.lang.pick(
        format!(
            "移送函 {}：{} 条线索已登记为已移送；核验命令：{}",
            dispatch.printed_number(),
            dispatch.leads.len(),
            referral::verify_command(&name, &sealed.sha256)
        ),
        format!(
            "letter {}: {} leads are now referred; to verify: {}",
            dispatch.printed_number(),
            dispatch.leads.len(),
            referral::verify_command(&name, &sealed.sha256)
        ),
    ));
    Ok(exit)
}
