//! Folding text so that disguises fall away: what two strings must share before they are compared.
//! In: raw text. Out: folded text with the way back to the raw bytes, contacts, identifiers.
//! Pure tables and passes over strings, shared by lookalike (names), capture and assess (pages). Every pass is linear.

pub mod contacts;
pub mod entities;
pub mod fold;
pub mod identifiers;

mod homophone;
mod pinyin;
mod spell;
mod t2s;
mod tables;
