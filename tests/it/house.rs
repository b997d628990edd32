//! Tests of house, from outside.
