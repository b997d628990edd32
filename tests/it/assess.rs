//! Tests of assess, from outside.
