//! A key to a service. It can be sent, and it cannot be shown: not by `Debug`, not by any message that goes through [`Secret::hide`].

use std::fmt;

/// A key, a token, or `user:password`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// White space around it does not belong to it. `None`: there is nothing else.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }
    /// To be sent, never to be written anywhere.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
    /// A message without the key, its parts (`user:password`), and its forms in URLs and headers.
    pub(super) fn hide(&self, message: &str) -> String {
        let encoded: String = url::form_urlencoded::byte_serialize(self.0.as_bytes()).collect();
        let parts = self.0.split(':').filter(|p| p.len() >= 6);
        let mut hidden = message.replace(&self.0, "***").replace(&encoded, "***");
        for part in parts {
            hidden = hidden.replace(part, "***");
        }
        hidden
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown() {
        let key = Secret::new(" user:pass/word \n").expect("not empty");
        assert_eq!(format!("{key:?}"), "***");
        assert_eq!(key.expose(), "user:pass/word");
        assert_eq!(key.hide("x user:pass/word y user%3Apass%2Fword z pass/word"), "x *** y *** z ***");
        assert!(Secret::new(" ").is_none());
    }
}
