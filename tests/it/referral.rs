//! Tests of referral, from outside.
