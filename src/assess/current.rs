//! The rules in use, for runs that outlive a change of their files. Whoever assesses takes the set that stands now and keeps it to the end
//! of that one assessment; a new set takes the place of the old in one step. Which set said something is in `Assessment::rules`.

use crate::assess::Rules;
use std::sync::{Arc, PoisonError, RwLock};

/// One set of rules that can be replaced while others use it.
#[derive(Debug)]
pub struct Current(RwLock<Arc<Rules>>);

impl Current {
    /// Begins with this set.
    pub fn new(rules: Rules) -> Self {
        Self(RwLock::new(Arc::new(rules)))
    }
    /// The set that stands now.
    pub fn get(&self) -> Arc<Rules> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// Puts another set in its place. Assessments under way end with the old one.
    pub fn replace(&self, rules: Rules) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }
}
