//! Taking the ports, before the screen is touched.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};

/// The sockets that a receiver listens on. Bound, not yet served: what connects meanwhile waits in the kernel.
#[derive(Debug)]
pub struct Listeners {
    pub(super) grpc: TcpListener,
    /// None where one port was asked for both.
    pub(super) http: Option<TcpListener>,
    grpc_addr: SocketAddr,
    http_addr: SocketAddr,
}

impl Listeners {
    /// Where gRPC clients are told to connect.
    pub fn grpc_addr(&self) -> SocketAddr {
        self.grpc_addr
    }

    /// Where HTTP clients are told to connect.
    pub fn http_addr(&self) -> SocketAddr {
        self.http_addr
    }
}

/// Why a port could not be taken, in one line for the command line.
#[derive(Debug)]
pub enum BindError {
    /// Another process listens there.
    InUse {
        /// The port.
        port: u16,
        /// The option that chooses it.
        flag: &'static str,
    },
    /// The port is one of those that only root may take.
    Denied {
        /// The port.
        port: u16,
        /// The option that chooses it.
        flag: &'static str,
    },
    /// The host has no address, or one that is not of this machine.
    Host {
        /// The host as given.
        host: String,
        /// What the system said.
        error: io::Error,
    },
    /// Anything else.
    Other {
        /// The port.
        port: u16,
        /// What the system said.
        error: io::Error,
    },
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse { port, flag } => write!(
                f,
                "port {port} is in use (is another otoscope or collector running?): \
                 choose another with {flag} PORT, or 0 for any free one"
            ),
            Self::Denied { port, flag } => {
                write!(
                    f,
                    "port {port} needs privileges: choose one above 1023 with {flag} PORT, or 0 for any free one"
                )
            }
            Self::Host { host, error } => {
                write!(f, "cannot listen on host `{host}` ({error}): choose another with --host HOST")
            }
            Self::Other { port, error } => write!(f, "cannot listen on port {port}: {error}"),
        }
    }
}

impl std::error::Error for BindError {}

/// Takes both ports of `host`; 0 is any free one. The same port twice is taken once, as each serves everything.
pub fn bind(host: &str, grpc_port: u16, http_port: u16) -> Result<Listeners, BindError> {
    let (grpc, grpc_addr) = listen(host, grpc_port, "--grpc")?;
    if http_port != 0 && http_port == grpc_port {
        return Ok(Listeners { grpc, http: None, grpc_addr, http_addr: grpc_addr });
    }
    let (http, http_addr) = listen(host, http_port, "--http")?;
    Ok(Listeners { grpc, http: Some(http), grpc_addr, http_addr })
}

/// Takes one port of `host` for everything; 0 is any free one. `flag` is the option that chooses it.
pub fn bind_one(host: &str, port: u16, flag: &'static str) -> Result<Listeners, BindError> {
    let (grpc, addr) = listen(host, port, flag)?;
    Ok(Listeners { grpc, http: None, grpc_addr: addr, http_addr: addr })
}

fn listen(host: &str, port: u16, flag: &'static str) -> Result<(TcpListener, SocketAddr), BindError> {
    // Brackets are how an IPv6 address is written before a port, and so how people type it.
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let listener = TcpListener::bind((bare, port)).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        Ok((listener, addr))
    });
    listener.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => BindError::InUse { port, flag },
        ErrorKind::PermissionDenied => BindError::Denied { port, flag },
        ErrorKind::AddrNotAvailable => BindError::Host { host: host.into(), error },
        // A name that does not resolve has no number from the system, and no kind of its own.
        _ if error.raw_os_error().is_none() => BindError::Host { host: host.into(), error },
        _ => BindError::Other { port, error },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_is_found_and_told() {
        let listeners = bind("127.0.0.1", 0, 0).unwrap();
        assert_ne!(listeners.grpc_addr().port(), 0);
        assert_ne!(listeners.http_addr().port(), 0);
        assert_ne!(listeners.grpc_addr(), listeners.http_addr());
    }

    #[test]
    fn a_busy_port_is_one_line_that_names_the_port_and_the_flag() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_eq!(
            bind("127.0.0.1", port, 0).unwrap_err().to_string(),
            format!(
                "port {port} is in use (is another otoscope or collector running?): \
                 choose another with --grpc PORT, or 0 for any free one"
            )
        );
        assert!(bind("127.0.0.1", 0, port).unwrap_err().to_string().contains("--http PORT"));
    }

    #[test]
    fn one_port_for_both_is_taken_once() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listeners = bind("127.0.0.1", free, free).unwrap();
        assert_eq!((listeners.grpc_addr(), listeners.http_addr().port()), (listeners.http_addr(), free));
    }

    #[test]
    fn a_host_that_is_not_ours_names_its_flag() {
        for host in ["no.such.host.invalid", "192.0.2.1"] {
            let message = bind(host, 0, 0).unwrap_err().to_string();
            assert!(message.contains(host) && message.ends_with("--host HOST"), "{message}");
        }
    }
}
