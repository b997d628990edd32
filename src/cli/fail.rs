//! How a command ends other than well: one line for a person, one exit code for a script.

use crate::model::lang::Lang;
use std::fmt;

/// Exit codes of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done.
    Done,
    /// 1: failed.
    Failed,
    /// 2: usage or settings.
    Usage,
    /// 3: done, but a source or stage failed in part.
    Partly,
    /// 4: a check did not pass.
    CheckFailed,
}

impl Exit {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Partly => 3,
            Self::CheckFailed => 4,
        }
    }
}

/// One line and the exit code that goes with it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    line: String,
}

impl Failure {
    /// Usage or settings: exit 2.
    pub(crate) fn usage(zh: String, en: String, lang: Lang) -> Self {
        Self { exit: Exit::Usage, line: lang.pick(zh, en) }
    }
    /// Did not work: exit 1.
    pub(crate) fn failed(zh: String, en: String, lang: Lang) -> Self {
        Self { exit: Exit::Failed, line: lang.pick(zh, en) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl std::error::Error for Failure {}

/// Anything else that went wrong, with its own words; the innermost causes follow after a colon.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(failure) => failure,
            Err(other) => Self { exit: Exit::Failed, line: format!("{other:#}") },
        }
    }
}
