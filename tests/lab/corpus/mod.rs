//! The corpus: whole pages with a known class, written by grammars (`train/*.txt`, `unseen/*.txt`), the same for the same seed.
//! A family is one file: its own sentences, layout and vocabulary. Families of `unseen/` share no words file with those of `train/`,
//! so that what was fitted on the one says something when it is tried on the other. Facts only; no prose or markup of other people.
//! Hosts, people and numbers are invented.

pub(crate) mod dice;
mod grammar;
pub(crate) mod paint;

#[cfg(test)]
mod checks;

use super::pages;
use dice::Dice;
use grammar::Grammar;
use std::path::{Path, PathBuf};

/// Seed of the corpus that the tests measure.
pub(crate) const SEED: u64 = 20_261_124;

/// One page and the truth about it.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    /// Path below the corpus folder.
    pub(crate) file: String,
    /// Address at which it would stand.
    pub(crate) url: String,
    /// `fake_query`, `seller`, `mirror`, `benign`.
    pub(crate) class: String,
    /// Template family.
    pub(crate) family: String,
    /// `train`, `unseen`; `train_pictures`, `pictures` where all is painted: these are counted by themselves, as reading them takes its time.
    pub(crate) split: String,
    /// The bytes on the wire.
    pub(crate) html: Vec<u8>,
    /// What its pictures show, in the order in which the page names them; drawn when they are written.
    pub(crate) pictures: Vec<Painted>,
}

/// A picture to be drawn.
#[derive(Clone, Debug)]
pub(crate) struct Painted {
    /// Path below the corpus folder.
    pub(crate) file: String,
    /// The lines that [`paint`] reads.
    lines: String,
    format: &'static str,
    seed: (u64, String, u32),
}

impl Painted {
    /// The bytes.
    ///
    /// # Errors
    /// As [`paint::paint`].
    pub(crate) fn draw(&self) -> Result<Vec<u8>, String> {
        let (seed, family, n) = &self.seed;
        paint::paint(&self.lines, self.format, &mut Dice::new(seed ^ 0x9e37, family, *n)).map_err(|e| format!("{}: {e}", self.file))
    }
}

/// Every page of one split folder (`train`, `unseen`), family after family. `share`: 1.0 makes as many as the families ask for.
///
/// # Errors
/// One line: a grammar that does not read, a name that nothing defines, an unknown disguise.
pub(crate) fn split(folder: &str, seed: u64, share: f64) -> Result<Vec<Made>, String> {
    let mut made = Vec::new();
    for family in families(folder)? {
        let wanted = ((f64::from(family.count) * share).ceil() as u32).max(1);
        for n in 0..wanted {
            made.push(family.page(seed, n)?);
        }
    }
    Ok(made)
}

/// One grammar file.
struct Family {
    name: String,
    class: String,
    split: String,
    count: u32,
    makes: Vec<String>,
    charsets: Vec<String>,
    grammar: Grammar,
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/corpus").join(name)
}

/// All families of a folder, sorted by name. Files that begin with `_` are the words that they share.
fn families(name: &str) -> Result<Vec<Family>, String> {
    let dir = folder(name);
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))?.flatten().map(|e| e.path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "txt"));
    paths.sort();
    let is_shared = |p: &PathBuf| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with('_'));
    let mut shared = String::new();
    for path in paths.iter().filter(|p| is_shared(p)) {
        shared += &read(path)?;
        shared.push('\n');
    }
    paths.iter().filter(|p| !is_shared(p)).map(|path| Family::read(path, name, &shared)).collect()
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

impl Family {
    fn read(path: &Path, split: &str, shared: &str) -> Result<Self, String> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = read(path)?;
        let grammar = Grammar::read(&text, shared).map_err(|e| format!("{name}: {e}"))?;
        let list = |key: &str| -> Vec<String> {
            let value = grammar.meta(key).unwrap_or_default();
            value.split(',').map(str::trim).filter(|v| !v.is_empty()).map(String::from).collect()
        };
        let class = grammar.meta("class").ok_or_else(|| format!("{name}: no @class"))?.to_owned();
        let count = grammar.meta("count").and_then(|c| c.parse().ok()).ok_or_else(|| format!("{name}: no @count"))?;
        let split = grammar.meta("split").unwrap_or(split).to_owned();
        Ok(Self { makes: list("make"), charsets: list("charset"), name, class, split, count, grammar })
    }

    fn page(&self, seed: u64, n: u32) -> Result<Made, String> {
        let mut dice = Dice::new(seed, &self.name, n);
        let wrong = |e: String| format!("{}: {e}", self.name);
        let mut told = self.grammar.telling();
        let host = told.tell("host", &mut dice).map_err(wrong)?;
        let path = if self.grammar.has("path") { told.tell("path", &mut dice).map_err(wrong)? } else { "/".into() };
        let mut html = told.tell("page", &mut dice).map_err(wrong)?.replace("%HOST%", &host);
        if !self.makes.is_empty() {
            let make = dice.one_of(&self.makes);
            for step in make.split('+').filter(|m| *m != "plain") {
                html = pages::disguise(step, &html).map_err(wrong)?;
            }
        }
        let pictures = self.pictures(&mut told, &mut dice, seed, n).map_err(wrong)?;
        let charset = if self.charsets.is_empty() { "utf-8".to_owned() } else { dice.one_of(&self.charsets).clone() };
        let html = pages::encode(&html.replace("%CHARSET%", &charset), &charset).map_err(wrong)?;
        Ok(Made {
            file: format!("{}/{}/{}-{n:04}.html", self.split, self.class, self.name),
            url: format!("http://{host}{path}"),
            class: self.class.clone(),
            family: self.name.clone(),
            split: self.split.clone(),
            html,
            pictures,
        })
    }

    /// `picture`, `picture_2`, `picture_3`: as far as the family has them.
    fn pictures(&self, told: &mut grammar::Telling<'_>, dice: &mut Dice, seed: u64, n: u32) -> Result<Vec<Painted>, String> {
        let mut pictures = Vec::new();
        for (k, name) in ["picture", "picture_2", "picture_3"].into_iter().enumerate().filter(|(_, name)| self.grammar.has(name)) {
            let lines = told.tell(name, dice)?;
            let format = if dice.below(3) == 0 { "png" } else { "jpg" };
            let file = format!("{}/{}/{}-{n:04}-{}.{format}", self.split, self.class, self.name, k + 1);
            pictures.push(Painted { file, lines, format, seed: (seed, self.name.clone(), n * 8 + u32::try_from(k).unwrap_or(0)) });
        }
        Ok(pictures)
    }
}

/// Writes all pages with their pictures and `manifest.tsv` below `dir`.
///
/// # Errors
/// One line with the path.
pub(crate) fn write(dir: &Path, made: &[Made]) -> Result<(), String> {
    let mut manifest = String::from("file\turl\tclass\tfamily\tsplit\tpictures\n");
    for page in made {
        let path = dir.join(&page.file);
        let parent = path.parent().unwrap_or(dir);
        std::fs::create_dir_all(parent).map_err(|e| format!("{}: {e}", parent.display()))?;
        std::fs::write(&path, &page.html).map_err(|e| format!("{}: {e}", path.display()))?;
        for picture in &page.pictures {
            let path = dir.join(&picture.file);
            std::fs::write(&path, picture.draw()?).map_err(|e| format!("{}: {e}", path.display()))?;
        }
        let pictures = page.pictures.iter().map(|p| p.file.as_str()).collect::<Vec<_>>().join(",");
        manifest += &format!("{}\t{}\t{}\t{}\t{}\t{pictures}\n", page.file, page.url, page.class, page.family, page.split);
    }
    let path = dir.join("manifest.tsv");
    std::fs::write(&path, manifest).map_err(|e| format!("{}: {e}", path.display()))
}
