//! The analyst's web pages.
