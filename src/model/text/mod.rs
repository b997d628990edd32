//! Folding text so that disguises fall away: what two strings must share before they are compared.
//! Pure tables and passes over strings, shared by lookalike (names) and assess (pages).

pub mod fold;
