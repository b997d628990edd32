//! Office files as the trade wants them: official-paper DOCX from paragraphs and tables, templates with named fields, zips whose bytes
//! are the same when made again. Knows nothing of leads.

pub(super) mod docx;
pub(super) mod fonts;
pub(super) mod pack;
pub(super) mod template;
