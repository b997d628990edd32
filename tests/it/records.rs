//! Tests of records, from outside.
