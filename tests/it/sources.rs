//! Tests of sources, from outside.
