//! Papers: letters with receipts and feedback, typed rows and frozen versions of the monthly form. Rows below `paper/`,
//! made by journal lines alone, so that a rebuilt store has the same. A letter moves its leads in the same line and the same transaction.

use crate::model::lang::Both;
use crate::model::lead::{Lead, Move, State, Step};
use crate::model::referral::{FrozenFile, LetterFile, MAX_LEADS_A_LETTER, PaperMove};
use crate::model::time::Timestamp;
use crate::records::journal::Said;
use crate::records::shelf::Draft;
use crate::records::store::Fault;
use crate::records::{Records, RecordsError, held, leads};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

fn letter_key(number: &str) -> Vec<u8> {
    [b"paper/letter/", number.as_bytes()].concat()
}

fn typed_key(month: &str, row: &str) -> Vec<u8> {
    format!("paper/typed/{month}/{row}").into_bytes()
}

fn frozen_key(month: &str, version: u32) -> Vec<u8> {
    format!("paper/frozen/{month}/{version:05}").into_bytes()
}

/// Applies one line of the journal. What does not fit what is there is passed over, loudly: the line stays in the journal.
pub(super) fn apply(draft: &mut Draft<'_>, at: Timestamp, by: &str, what: &PaperMove) -> Result<(), Fault> {
    match what {
        PaperMove::Sent(letter) => {
            for lead in &letter.leads {
                let step = Step { at, by: by.to_owned(), what: Move::Refer { letter: letter.number.clone() } };
                leads::replay(draft, lead, step)?;
            }
            let file = LetterFile { letter: letter.clone(), at, by: by.to_owned(), receipts: Vec::new(), feedback: Vec::new() };
            draft.put(letter_key(&letter.number), &file)
        }
        PaperMove::Receipt { letter, receipt } => on_letter(draft, letter, |file| file.receipts.push(receipt.clone())),
        PaperMove::Feedback { letter, feedback } => on_letter(draft, letter, |file| file.feedback.push(feedback.clone())),
        PaperMove::Typed { month, row, value } if value.is_empty() => {
            draft.remove(typed_key(month, row));
            Ok(())
        }
        PaperMove::Typed { month, row, value } => draft.put(typed_key(month, row), value),
        PaperMove::Frozen(frozen) => {
            let file = FrozenFile { frozen: frozen.clone(), at, by: by.to_owned(), handed_in: None };
            draft.put(frozen_key(&frozen.month, frozen.version), &file)
        }
        PaperMove::HandedIn { month, version } => {
            let key = frozen_key(month, *version);
            match draft.get::<FrozenFile>(&key)? {
                Some(file) => draft.put(key, &FrozenFile { handed_in: Some(at), ..file }),
                None => {
                    tracing::warn!("the journal hands in version {version} of {month}, which was never frozen; passed over");
                    Ok(())
                }
            }
        }
    }
}

fn on_letter(draft: &mut Draft<'_>, number: &str, change: impl FnOnce(&mut LetterFile)) -> Result<(), Fault> {
    let Some(mut file) = draft.get::<LetterFile>(&letter_key(number))? else {
        tracing::warn!("the journal speaks of letter {number}, which was never sent; passed over");
        return Ok(());
    };
    change(&mut file);
    draft.put(letter_key(number), &file)
}

impl Records {
    /// One paper move: checked, journalled (fsync), then kept. A letter takes all its leads to `referred`, or nothing happens.
    ///
    /// # Errors
    /// [`RecordsError::Paper`], [`RecordsError::NoLead`], [`RecordsError::Illegal`]: nothing is written.
    /// [`RecordsError::Store`]: if the line reached the journal, the next open applies it.
    pub fn paper(&self, what: &PaperMove, by: &str, now: Timestamp) -> Result<(), RecordsError> {
        let mut draft = self.shelf.draft();
        self.fits(&draft, what, by, now)?;
        draft.meta.journal = held(&self.journal).append(now, by, Said::Paper(what.clone()))?;
        self.told(apply(&mut draft, now, by, what).and_then(|()| draft.commit()))?;
        self.flush()
    }
    /// All letters, oldest first.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn letters(&self) -> Result<Vec<LetterFile>, RecordsError> {
        let mut all: Vec<LetterFile> = Vec::new();
        self.told(self.shelf.view().each(b"paper/letter/", |_, file| {
            all.push(file);
            ControlFlow::Continue(())
        }))?;
        all.sort_by(|a, b| (a.at, &a.letter.number).cmp(&(b.at, &b.letter.number)));
        Ok(all)
    }
    /// One letter by its number.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn letter(&self, number: &str) -> Result<Option<LetterFile>, RecordsError> {
        self.told(self.shelf.view().get(&letter_key(number)))
    }
    /// Every typed row of every month: (month, row) to value.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn typed(&self) -> Result<BTreeMap<(String, String), String>, RecordsError> {
        let mut all = BTreeMap::new();
        self.told(self.shelf.view().each(b"paper/typed/", |key, value| {
            if let Some((month, row)) = String::from_utf8_lossy(key).split_once('/') {
                all.insert((month.to_owned(), row.to_owned()), value);
            }
            ControlFlow::Continue(())
        }))?;
        Ok(all)
    }
    /// Frozen versions of a month, oldest first.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn frozen(&self, month: &str) -> Result<Vec<FrozenFile>, RecordsError> {
        let mut all = Vec::new();
        self.told(self.shelf.view().each(format!("paper/frozen/{month}/").as_bytes(), |_, file| {
            all.push(file);
            ControlFlow::Continue(())
        }))?;
        Ok(all)
    }
    /// Is `what` possible as things stand?
    fn fits(&self, draft: &Draft<'_>, what: &PaperMove, by: &str, now: Timestamp) -> Result<(), RecordsError> {
        let no = |zh: String, en: String| Err(RecordsError::Paper(Both::new(zh, en)));
        match what {
            PaperMove::Sent(letter) => {
                if letter.number.trim().is_empty() || letter.to.trim().is_empty() || letter.leads.is_empty() {
                    return no("移送函须有文号、主送单位和线索".into(), "a letter needs a number, a receiver and leads".into());
                }
                if letter.leads.len() > MAX_LEADS_A_LETTER {
                    let n = letter.leads.len();
                    return no(
                        format!("共 {n} 条线索；一份移送函至多 {MAX_LEADS_A_LETTER} 条"),
                        format!("{n} leads; a letter takes at most {MAX_LEADS_A_LETTER}"),
                    );
                }
                if self.told(draft.get::<LetterFile>(&letter_key(&letter.number)))?.is_some() {
                    let number = &letter.number;
                    return no(
                        format!("文号 {number} 已用过；每个文号只用一次"),
                        format!("letter {number} was sent already; a number is used once"),
                    );
                }
                for id in &letter.leads {
                    let lead: Option<Lead> = self.told(draft.get(&leads::lead_key(id)))?;
                    let mut lead = lead.ok_or_else(|| RecordsError::NoLead(id.clone()))?;
                    if lead.state != State::Approved {
                        let state = lead.state;
                        return no(
                            format!("{id} 的状态是“{}”；只有复审通过的线索才能移送", state.zh()),
                            format!("{id} is {}; only an approved lead is referred", state.word()),
                        );
                    }
                    lead.apply(Step { at: now, by: by.to_owned(), what: Move::Refer { letter: letter.number.clone() } })?;
                }
                Ok(())
            }
            PaperMove::Receipt { letter, .. } | PaperMove::Feedback { letter, .. } => {
                let Some(file) = self.told(draft.get::<LetterFile>(&letter_key(letter)))? else {
                    return no(
                        format!("没有发出过移送函 {letter}；用 jianwei refer list 查看文号"),
                        format!("no letter {letter} was sent; `jianwei refer list` shows them"),
                    );
                };
                match what {
                    PaperMove::Feedback { feedback, .. } if feedback.about.as_ref().is_some_and(|l| !file.letter.leads.contains(l)) => {
                        no(format!("移送函 {letter} 中没有这条线索"), format!("letter {letter} does not carry that lead"))
                    }
                    _ => Ok(()),
                }
            }
            PaperMove::Frozen(frozen) => {
                let before = self.told(draft.all::<FrozenFile>(format!("paper/frozen/{}/", frozen.month).as_bytes()))?.len();
                if u64::from(frozen.version) == before as u64 + 1 {
                    Ok(())
                } else {
                    let (month, next) = (&frozen.month, before + 1);
                    no(
                        format!("{month} 月报表已有 {before} 个冻结版本，下一个是第 {next} 版"),
                        format!("{month} has {before} frozen versions; the next is {next}"),
                    )
                }
            }
            PaperMove::HandedIn { month, version } => match self.told(draft.get::<FrozenFile>(&frozen_key(month, *version)))? {
                Some(_) => Ok(()),
                None => no(format!("{month} 月报表没有第 {version} 版"), format!("version {version} of {month} was never frozen")),
            },
            PaperMove::Typed { .. } => Ok(()),
        }
    }
}
