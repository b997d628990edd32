//! Tests of lookalike, from outside.
