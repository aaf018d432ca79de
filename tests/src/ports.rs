//! Free ports for servers that take theirs as a flag.

use std::net::TcpListener;

/// `N` different ports of 127.0.0.1 that nobody listens on now.
///
/// They lie below the range from which the system picks ports for outgoing connections, so that a server can be
/// stopped and started again on its port. Another process may still take one in between: the caller tries again.
pub fn free<const N: usize>() -> [u16; N] {
    let mut held = Vec::new();
    while held.len() < N {
        let port = fastrand::u16(12_000..30_000);
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            held.push((port, listener));
        }
    }
    std::array::from_fn(|i| held[i].0)
}
