//! PDF through LibreOffice, where it is installed: the fonts that this machine has stand in for those it lacks, and are embedded.

use std::path::Path;
use std::process::Command;

/// What came of it.
pub(super) enum Made {
    /// The PDF, and fonts that had to be replaced.
    Pdf(Vec<u8>, Vec<(String, String)>),
    /// No PDF: why, in plain words.
    Not(String),
}

/// Turns a DOCX into a PDF.
pub(super) fn of_docx(docx: &[u8]) -> Made {
    match convert(docx) {
        Ok((pdf, replaced)) => Made::Pdf(pdf, replaced),
        Err(why) => Made::Not(why),
    }
}

fn convert(docx: &[u8]) -> Result<crate::referral::Fitted, String> {
    let (fitted, replaced) = crate::referral::fit_fonts(docx, &installed())?;
    let dir = std::env::temp_dir().join(format!("jianwei-pdf-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).map_err(|e| e.to_string())?;
    let made = run(&dir, &fitted);
    let _ = std::fs::remove_dir_all(&dir);
    Ok((made?, replaced))
}

fn run(dir: &Path, docx: &[u8]) -> Result<Vec<u8>, String> {
    let input = dir.join("letter.docx");
    std::fs::write(&input, docx).map_err(|e| e.to_string())?;
    let profile = format!("-env:UserInstallation=file://{}/profile", dir.display());
    let ran = Command::new("soffice")
        .args(["--headless", "--norestore", &profile, "--convert-to", "pdf", "--outdir"])
        .arg(dir)
        .arg(&input)
        .output();
    let ran =
        ran.map_err(|_| "LibreOffice (soffice) is not installed: apt-get install -y libreoffice-writer-nogui fonts-noto-cjk".to_owned())?;
    std::fs::read(dir.join("letter.pdf")).map_err(|_| format!("LibreOffice made no PDF: {}", String::from_utf8_lossy(&ran.stderr).trim()))
}

/// Font families of this machine.
fn installed() -> Vec<String> {
    let listed = Command::new("fc-list").args([":", "family"]).output().map(|o| o.stdout).unwrap_or_default();
    String::from_utf8_lossy(&listed).lines().flat_map(|l| l.split(',')).map(|f| f.trim().to_owned()).collect()
}
