//! Resolve: what DNS says of a host, at one time, with every answer kept.
//! In: a `Host`. Out: a `Resolution` in three states. Never decides whether the host is visited; that is the guard's word.

use crate::model::host::Host;
use crate::model::resolution::Resolution;
use crate::net::Net;

/// Looks up A and AAAA (CNAMEs come along); NS, MX and SOA too when `full`.
pub async fn resolve(_host: &Host, _net: &Net, _full: bool) -> Resolution {
    unimplemented!()
}
