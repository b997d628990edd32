//! Normalisation of page text, with a way back to the raw characters.

/// Folded text and, for each of its characters, where it came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// Simplified, lower-case, Han + letters + digits only.
    pub text: String,
    /// For each character of `text`, the byte range of the raw text that it stands for.
    pub origin: Vec<(u32, u32)>,
}
