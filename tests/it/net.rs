//! Tests of net, from outside.
