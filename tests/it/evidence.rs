//! Tests of evidence, from outside.
