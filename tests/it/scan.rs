//! Tests of scan, from outside.
