//! Facts: what diagnosis needs of a span with a role, so that it never reads bytes again.

use super::hash32;

/// How many '/'-aligned suffixes of a path are remembered, the whole path included.
pub const MAX_PATH_HASHES: usize = 5;

/// HTTP request method.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Hash)]
pub enum Method {
    /// Not known.
    #[default]
    None,
    /// GET
    Get,
    /// HEAD
    Head,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
    /// PATCH
    Patch,
    /// OPTIONS
    Options,
    /// CONNECT
    Connect,
    /// TRACE
    Trace,
    /// Any other; `_OTHER` of the conventions among them.
    Other,
}

impl Method {
    /// The method with this name, as sent.
    pub fn from_wire(name: &[u8]) -> Self {
        match name {
            b"" => Self::None,
            b"GET" => Self::Get,
            b"HEAD" => Self::Head,
            b"POST" => Self::Post,
            b"PUT" => Self::Put,
            b"DELETE" => Self::Delete,
            b"PATCH" => Self::Patch,
            b"OPTIONS" => Self::Options,
            b"CONNECT" => Self::Connect,
            b"TRACE" => Self::Trace,
            _ => Self::Other,
        }
    }
}

/// Operation type of a messaging span, both generations of names.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Hash)]
pub enum MessagingOperation {
    /// Not known.
    #[default]
    None,
    /// `create`
    Create,
    /// `send`, formerly `publish`
    Send,
    /// `receive`
    Receive,
    /// `process`, formerly also `deliver`
    Process,
    /// `settle`
    Settle,
}

impl MessagingOperation {
    /// The operation with this name.
    pub fn from_wire(name: &[u8]) -> Self {
        match name {
            b"create" => Self::Create,
            b"send" | b"publish" => Self::Send,
            b"receive" => Self::Receive,
            b"process" | b"deliver" => Self::Process,
            b"settle" => Self::Settle,
            _ => Self::None,
        }
    }
}

/// Facts of one span. Zero, or [`Method::None`], is "not known" everywhere.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Hashes of the path without its query, then of its '/'-aligned suffixes, longest first.
    pub path: [u32; MAX_PATH_HASHES],
    /// Route template, a string number plus one.
    pub route: u32,
    /// Hash of the host that was called or that serves.
    pub host: u32,
    /// Hash of the peer's address (client behind proxies first, else the socket).
    pub peer_address: u32,
    /// Hash of the user agent.
    pub user_agent: u32,
    /// Hash of the session or user.
    pub session: u32,
    /// Hash of the thread id.
    pub thread: u32,
    /// Destination of a message, a string number plus one.
    pub destination: u32,
    /// Port of the socket's peer.
    pub peer_port: u16,
    /// Port that was called or that serves.
    pub server_port: u16,
    /// HTTP status.
    pub http_status: u16,
    /// HTTP method.
    pub method: Method,
    /// Messaging operation.
    pub messaging: MessagingOperation,
    /// Sampling threshold of `tracestate` (`ot=th:`), its upper 32 of 56 bits: how much is thrown away.
    pub threshold: u32,
    /// Peer address is a loopback address.
    pub loopback: bool,
    /// The user agent is a load or API tool (`curl`, `k6`, …).
    pub tool_agent: bool,
}

impl Facts {
    /// Notes a path (its query, if any, is ignored).
    pub fn set_path(&mut self, target: &[u8]) {
        let path = target.split(|b| matches!(b, b'?' | b'#')).next().unwrap_or_default();
        if path.is_empty() {
            return;
        }
        self.path = [0; MAX_PATH_HASHES];
        self.path[0] = hash32(path);
        let starts = path.iter().enumerate().skip(1).filter(|(_, b)| **b == b'/').map(|(i, _)| i);
        for (place, start) in self.path[1..].iter_mut().zip(starts) {
            *place = hash32(&path[start..]);
        }
    }

    /// Notes host, port and path of an absolute URL.
    pub fn set_url(&mut self, url: &[u8]) {
        let rest = match url.windows(3).position(|w| w == b"://") {
            Some(at) => &url[at + 3..],
            None => return self.set_path(url),
        };
        let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let authority = authority.rsplit(|b| *b == b'@').next().unwrap_or_default();
        self.set_authority(authority);
        self.set_path(if target.starts_with(b"/") { target } else { b"/" });
    }

    /// Notes a host with an optional port.
    pub fn set_authority(&mut self, authority: &[u8]) {
        let (host, port) = match authority.iter().rposition(|b| *b == b':') {
            Some(at) if authority[at + 1..].iter().all(u8::is_ascii_digit) => {
                (&authority[..at], &authority[at + 1..])
            }
            _ => (authority, &b""[..]),
        };
        if !host.is_empty() {
            self.host = hash32(host);
        }
        if let Some(port) = std::str::from_utf8(port).ok().and_then(|p| p.parse().ok()) {
            self.server_port = port;
        }
    }

    /// Whether both paths are known and one is equal to, or a '/'-aligned suffix of, the other.
    pub fn path_matches(&self, other: &Self) -> bool {
        let (a, b) = (self.path[0], other.path[0]);
        a != 0 && b != 0 && (self.path.contains(&b) || other.path.contains(&a))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(p: &str) -> Facts {
        let mut f = Facts::default();
        f.set_path(p.as_bytes());
        f
    }

    #[test]
    fn mounts_and_queries_are_the_same_path() {
        assert!(path("/api/users/7?page=2").path_matches(&path("/users/7")));
        assert!(path("/users/7").path_matches(&path("/api/users/7#x")));
        assert!(!path("/users/7").path_matches(&path("/users/8")));
        assert!(!path("/api/users").path_matches(&path("/sers")), "suffixes are '/'-aligned");
        assert!(!path("").path_matches(&path("/")));
    }

    #[test]
    fn urls_give_host_port_and_path() {
        let mut f = Facts::default();
        f.set_url(b"http://u:p@127.0.0.1:9000/price/7?x=1");
        assert_eq!((f.host, f.server_port), (hash32(b"127.0.0.1"), 9000));
        assert!(f.path_matches(&path("/price/7")));
        let mut bare = Facts::default();
        bare.set_url(b"https://example.com");
        assert!(bare.path_matches(&path("/")));
    }
}
