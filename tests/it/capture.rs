//! Tests of capture, from outside.
