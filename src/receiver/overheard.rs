//! A stream whose first bytes are remembered: they say what was spoken where it was no HTTP.

use super::export::excerpt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// How many bytes are remembered: as many as are shown.
const HEAD: usize = 24;

/// What came first on a connection.
pub(super) type Head = Arc<OnceLock<Vec<u8>>>;

/// The stream.
pub(super) struct Overheard {
    stream: TcpStream,
    head: Head,
}

impl Overheard {
    pub(super) fn new(stream: TcpStream, head: Head) -> Self {
        Self { stream, head }
    }
}

impl AsyncRead for Overheard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, into);
        let new = &into.filled()[before..];
        if !new.is_empty() && self.head.get().is_none() {
            let _ = self.head.set(new[..new.len().min(HEAD)].to_vec());
        }
        read
    }
}

impl AsyncWrite for Overheard {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// What was spoken on a connection on which no request could be read, and what to do.
pub(super) fn spoken(head: &[u8]) -> String {
    // A record of a handshake, in any version.
    if head.starts_with(&[0x16, 0x03]) {
        let advice = "a TLS handshake, and this port takes plain text: write http:// in the endpoint instead of https://, or set OTEL_EXPORTER_OTLP_INSECURE=true";
        return format!("{advice}; it starts with {}", excerpt(head));
    }
    format!("no HTTP: it starts with {}", excerpt(head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tls_handshake_is_told_from_other_noise() {
        let handshake = spoken(&[0x16, 0x03, 0x01, 0x02]);
        assert!(handshake.contains("https://"), "{handshake}");
        assert!(handshake.ends_with("; it starts with 16 03 01 02  ...."), "{handshake}");
        assert_eq!(spoken(b"\x82hi"), "no HTTP: it starts with 82 68 69  .hi");
    }
}
