//! Tests of net, from outside: real sockets on loopback, servers that lie, stall and flood.

mod bulk;
mod bulk_hostile;
mod dns;
mod fetch;
mod proxy;
pub(crate) mod servers;
mod tls;
mod visit;
