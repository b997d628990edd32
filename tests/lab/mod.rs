//! The loopback internet: a DNS server and web hosts by name. Nothing in it leaves 127.0.0.0/8.
