//! Whom a span calls: what may tell is remembered on the way past, and read only where the span is a call.

use super::wire::{Field, Fields};
use crate::model::{ByteRange, Facts, Key, PeerSort};
use memchr::memmem;

/// The values of attributes that name a peer; an empty range is none.
#[derive(Default)]
pub(super) struct Called {
    service: ByteRange,
    host: ByteRange,
    url: ByteRange,
    database: ByteRange,
    schema: ByteRange,
    rpc: ByteRange,
    messaging: ByteRange,
}

/// A peer by the places of its names in the request.
pub(super) struct Named {
    pub(super) sort: PeerSort,
    pub(super) system: ByteRange,
    pub(super) name: ByteRange,
    pub(super) port: u16,
}

impl Called {
    /// Remembers an attribute, if it may name a peer.
    #[inline]
    pub(super) fn note(&mut self, key: Key, name: &[u8], base: usize, value: &[u8]) {
        let place = match key {
            Key::PeerService => &mut self.service,
            Key::ServerAddress | Key::NetPeerName => &mut self.host,
            // What was asked for is a weaker sign than who answers.
            Key::HttpHost if self.host.len == 0 => &mut self.host,
            Key::UrlFull | Key::HttpUrl => &mut self.url,
            Key::DbSystem => &mut self.database,
            Key::DbOld if name == b"db.name" => &mut self.schema,
            Key::DbNew if name == b"db.namespace" => &mut self.schema,
            Key::RpcService => &mut self.rpc,
            Key::MessagingSystem => &mut self.messaging,
            _ => return,
        };
        *place = ByteRange { offset: base as u32, len: value.len() as u32 };
    }

    /// The peer, by what says most of it: a name that was given to it, a destination, a database, a host.
    pub(super) fn peer(
        &self,
        bytes: &[u8],
        destination: Option<ByteRange>,
        facts: &Facts,
        producer: bool,
    ) -> Option<Named> {
        let read = |value: ByteRange| text(bytes, value);
        let none = ByteRange::default();
        let named = |sort, system, name, port| Some(Named { sort, system, name, port });
        if let Some(name) = read(self.service) {
            return named(PeerSort::Service, none, name, 0);
        }
        let messaging = read(self.messaging);
        if let Some(destination) = destination.filter(|_| producer || messaging.is_some()) {
            // The same destination whatever its callers call the system.
            return named(PeerSort::Destination, none, destination, 0);
        }
        let (host, port) = match read(self.host).map(|host| authority(bytes, host)) {
            Some((host, port)) => (Some(host), port),
            None => read(self.url).map_or((None, 0), |url| {
                let (host, port) = host_of_url(bytes, url);
                (Some(host).filter(|host| host.len > 0), port)
            }),
        };
        if let Some(system) = read(self.database) {
            return named(PeerSort::Database, system, read(self.schema).or(host).unwrap_or_default(), 0);
        }
        let port = [port, facts.server_port, facts.peer_port].into_iter().find(|port| *port != 0);
        let port = port.filter(|port| !matches!(port, 80 | 443)).unwrap_or_default();
        match (host, read(self.rpc), messaging) {
            (Some(host), ..) => named(PeerSort::Host, none, host, port),
            (None, Some(rpc), _) => named(PeerSort::Rpc, none, rpc, 0),
            (None, None, Some(system)) => named(PeerSort::Destination, system, none, 0),
            _ => None,
        }
    }
}

/// The text in an `AnyValue`, unless it is empty or none.
fn text(bytes: &[u8], value: ByteRange) -> Option<ByteRange> {
    if value.len == 0 {
        return None;
    }
    match Fields::new(value.of(bytes), value.offset as usize).next() {
        Ok(Some((1, Field::Bytes(at, text)))) if !text.is_empty() => {
            Some(ByteRange { offset: at as u32, len: text.len() as u32 })
        }
        _ => None,
    }
}

/// Host and port of `host:port`; a host alone has no port.
fn authority(bytes: &[u8], place: ByteRange) -> (ByteRange, u16) {
    let text = place.of(bytes);
    let colon = memchr::memrchr(b':', text).filter(|at| {
        let port = &text[at + 1..];
        // A colon within is one of an address without brackets (`::1`).
        !port.is_empty() && port.iter().all(u8::is_ascii_digit) && !text[..*at].ends_with(b":")
    });
    let bare = colon.filter(|at| text.starts_with(b"[") || memchr::memchr(b':', &text[..*at]).is_none());
    match bare {
        Some(at) => {
            let port = std::str::from_utf8(&text[at + 1..]).ok().and_then(|port| port.parse().ok());
            (ByteRange { len: at as u32, ..place }, port.unwrap_or_default())
        }
        None => (place, 0),
    }
}

/// Host and port of an absolute URL, without user and password.
fn host_of_url(bytes: &[u8], place: ByteRange) -> (ByteRange, u16) {
    let text = place.of(bytes);
    let Some(scheme) = memmem::find(text, b"://") else { return (ByteRange::default(), 0) };
    let start = scheme + 3;
    let end =
        text[start..].iter().position(|b| matches!(b, b'/' | b'?' | b'#')).map_or(text.len(), |n| n + start);
    let start = memchr::memrchr(b'@', &text[start..end]).map_or(start, |at| start + at + 1);
    authority(bytes, ByteRange { offset: place.offset + start as u32, len: (end - start) as u32 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(url: &str) -> (String, u16) {
        let all = ByteRange { offset: 0, len: url.len() as u32 };
        let (host, port) = host_of_url(url.as_bytes(), all);
        (String::from_utf8(host.of(url.as_bytes()).to_vec()).unwrap(), port)
    }

    #[test]
    fn urls_name_a_host_and_never_a_password() {
        for (url, name, port) in [
            ("http://ann:hunter2@shop:9000/a?b=c@d", "shop", 9000),
            ("https://shop.example", "shop.example", 0),
            ("http://[::1]:4318/v1/traces", "[::1]", 4318),
            ("http://[::1]/", "[::1]", 0),
            ("/a/b", "", 0),
        ] {
            assert_eq!(host(url), (name.to_owned(), port), "{url}");
        }
    }

    #[test]
    fn an_address_without_brackets_has_no_port() {
        for (text, name, port) in [("shop:9000", 4, 9000), ("::1", 3, 0), ("fe80::1:2", 9, 0), ("shop", 4, 0)]
        {
            let all = ByteRange { offset: 0, len: text.len() as u32 };
            let (host, found) = authority(text.as_bytes(), all);
            assert_eq!((host.len, found), (name, port), "{text}");
        }
    }
}
