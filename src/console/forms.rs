//! Query strings and forms: pairs in order, with caps. Small, so that no hostile body reaches a page's own code.

/// Pairs at most.
const MAX_PAIRS: usize = 600;

/// Decoded pairs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// Reads `a=b&c=d`.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(bytes).take(MAX_PAIRS).map(|(k, v)| (k.into_owned(), v.into_owned())).collect())
    }
    /// A body that is no form.
    pub(super) fn raw(text: String) -> Self {
        Self(vec![(String::new(), text)])
    }
    /// The first value of a name. `None` also where it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(k, v)| k == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }
    /// The value, trimmed; empty where there is none.
    pub(super) fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().trim().to_owned()
    }
    /// All values of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(k, v)| k == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }
    /// As a query string, `name` set to `value` (`None` removes it) and empty values left out.
    pub(super) fn with(&self, name: &str, value: Option<&str>) -> String {
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        for (k, v) in self.0.iter().filter(|(k, v)| k != name && !v.is_empty()) {
            out.append_pair(k, v);
        }
        if let Some(value) = value {
            out.append_pair(name, value);
        }
        out.finish()
    }
}
