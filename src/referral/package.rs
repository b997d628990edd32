//! The sealed referral package: letter copy, list, evidence, verification program and manifests in one zip, stored, in fixed order with fixed
//! times: the same dispatch and the same evidence give the same bytes.

use crate::model::digest::{Sha256, Sm3};
use crate::referral::dispatch::Dispatch;
use crate::referral::letter;
use crate::referral::office::pack;
use crate::referral::office::template::TemplateFaults;
use crate::referral::{csv, xlsx};
use sha2::Digest as _;
use std::io::{Cursor, Read, Seek, Write};
use zip::ZipWriter;

/// Program inside the package that checks it with common tools.
pub const VERIFY: &str = include_str!("verify.sh");

const README: &str = "移送包说明\n\
\n\
letter-copy.docx    移送函副本；签章的正本印有本包的 SHA-256\n\
leads.xlsx, .csv    线索台账（线索、集群、校验值、服务商、数据字典）\n\
evidence/           证据包，每次访问一个目录；各有清单 manifest.json 和 doc/校验说明.txt\n\
referral.json       制作本包的全部输入，供程序读取\n\
verify.sh           核验程序：sh verify.sh 本包.zip（本包在解开之前核验）\n\
manifest.sha256     本包各文件的 SHA-256，可用 sha256sum -c manifest.sha256 核验\n\
manifest.sm3        本包各文件的国密 SM3\n\
\n\
Windows 上可先核对整包：certutil -hashfile 本包.zip SHA256，与移送函所印的值比对。\n";

/// Why a package could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The letter's template.
    #[error("template: {0:?}")]
    Template(TemplateFaults),
    /// A file of the evidence could not be read, or the zip not be written.
    #[error("{0}")]
    Failed(String),
}

/// Opens one evidence file: path of the exhibit below the evidence folder, then the file inside it.
pub type Open<'a> = &'a mut dyn FnMut(&str, &str) -> std::io::Result<Box<dyn Read>>;

/// Writes the whole package into `out`.
///
/// # Errors
/// [`PackageError`]; what is in `out` by then is no package.
pub fn seal<W: Write + Seek>(out: W, dispatch: &Dispatch, own_template: Option<&[u8]>, open: Open<'_>) -> Result<W, PackageError> {
    let copy = letter::letter(dispatch, own_template, None).map_err(PackageError::Template)?;
    let outgoing = dispatch.outgoing();
    let failed = |e: crate::referral::ExportError| PackageError::Failed(e.to_string());
    let made = [
        ("letter-copy.docx", copy),
        ("leads.xlsx", xlsx::full(&outgoing).map_err(failed)?),
        ("leads.csv", csv::full(&outgoing).map_err(failed)?),
        ("referral.json", dispatch.json()),
        ("README.txt", README.as_bytes().to_vec()),
        ("verify.sh", VERIFY.as_bytes().to_vec()),
    ];
    let mut writing = Writing { zip: ZipWriter::new(out), sha256: String::new(), sm3: String::new() };
    for (name, bytes) in made {
        writing.add(name, &mut Cursor::new(bytes))?;
    }
    for exhibit in &dispatch.exhibits {
        for file in &exhibit.files {
            let name = format!("evidence/{}/{file}", exhibit.id);
            let mut from = open(&exhibit.path, file).map_err(|e| PackageError::Failed(format!("{}/{file}: {e}", exhibit.path)))?;
            writing.add(&name, &mut *from)?;
        }
    }
    writing.end()
}

struct Writing<W: Write + Seek> {
    zip: ZipWriter<W>,
    sha256: String,
    sm3: String,
}

impl<W: Write + Seek> Writing<W> {
    fn add(&mut self, name: &str, from: &mut dyn Read) -> Result<(), PackageError> {
        let mut hashing = Hashing { from, sha256: sha2::Sha256::new(), sm3: sm3::Sm3::new() };
        pack::store(&mut self.zip, name, &mut hashing).map_err(|e| PackageError::Failed(format!("{name}: {e}")))?;
        self.sha256.push_str(&format!("{}  {name}\n", Sha256::from_bytes(hashing.sha256.finalize().into())));
        self.sm3.push_str(&format!("{}  {name}\n", Sm3::from_bytes(hashing.sm3.finalize().into())));
        Ok(())
    }
    fn end(mut self) -> Result<W, PackageError> {
        let sm3 = std::mem::take(&mut self.sm3);
        self.add("manifest.sm3", &mut Cursor::new(sm3.into_bytes()))?;
        let sha256 = std::mem::take(&mut self.sha256);
        let failed = |e: String| PackageError::Failed(format!("manifest.sha256: {e}"));
        pack::store(&mut self.zip, "manifest.sha256", &mut Cursor::new(sha256.into_bytes())).map_err(failed)?;
        self.zip.finish().map_err(|e| PackageError::Failed(e.to_string()))
    }
}

/// Hashes what is read through it.
struct Hashing<'a> {
    from: &'a mut dyn Read,
    sha256: sha2::Sha256,
    sm3: sm3::Sm3,
}

impl Read for Hashing<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let n = self.from.read(into)?;
        self.sha256.update(&into[..n]);
        self.sm3.update(&into[..n]);
        Ok(n)
    }
}
