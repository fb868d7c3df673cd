//! Any bytes, as the body of a request over HTTP of any type and coding, packed, cut or lied about: each gets an answer that
//! OTLP allows, what it told the owner fits that, and nothing stays held.

#![no_main]

use flate2::Compression;
use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};
use libfuzzer_sys::fuzz_target;
use otoscope::intake::{self, Arrivals, Counters};
use otoscope::receiver::{bind_one, serve};
use std::cell::RefCell;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

const PATHS: [&str; 3] = ["/v1/traces", "/v1/logs", "/v1/metrics"];
const TYPES: [&[u8]; 4] =
    [b"application/x-protobuf", b"application/json", b"Application/JSON; charset=utf-8", b"text/plain"];
const CODINGS: [&[u8]; 6] = [b"", b"gzip", b"zstd", b"deflate", b"identity", b"br"];

/// A receiver of its own, on the loopback and on the thread that fuzzes; there is no way in but its socket.
struct Server {
    runtime: Runtime,
    address: SocketAddr,
    arrivals: Arrivals,
    counters: Arc<Counters>,
    stream: Option<TcpStream>,
}

impl Server {
    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (intake, arrivals) = intake::channel(8);
        let counters = intake.counters();
        let listeners = runtime.block_on(async { bind_one("127.0.0.1", 0, "--port") }).expect("a free port");
        let address = listeners.http_addr();
        runtime.spawn(serve(listeners, intake, std::future::pending()));
        Self { runtime, address, arrivals, counters, stream: None }
    }

    /// The status and the content type that answer this request.
    fn ask(&mut self, request: &[u8]) -> (u16, String) {
        let (address, kept) = (self.address, self.stream.take());
        let exchange = async move {
            let mut stream = match kept {
                Some(stream) => stream,
                None => TcpStream::connect(address).await.expect("it listens"),
            };
            stream.write_all(request).await.expect("it reads");
            let mut reply = Vec::new();
            let end = loop {
                if let Some(at) = reply.windows(4).position(|four| four == b"\r\n\r\n") {
                    break at + 4;
                }
                assert_ne!(stream.read_buf(&mut reply).await.expect("an answer"), 0, "it hung up");
            };
            let head = String::from_utf8(reply[..end].to_vec()).expect("a head of text");
            let header = |name: &str| {
                let lines = head.lines().filter_map(|line| line.split_once(": "));
                lines
                    .filter(|(key, _)| key.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.to_owned())
                    .next()
            };
            let length: usize =
                header("content-length").and_then(|text| text.parse().ok()).expect("a length");
            while reply.len() < end + length {
                assert_ne!(stream.read_buf(&mut reply).await.expect("all of it"), 0, "it hung up");
            }
            let status = head.split(' ').nth(1).and_then(|text| text.parse().ok()).expect("a status");
            (status, header("content-type").unwrap_or_default(), stream)
        };
        let (status, content_type, stream) = self.runtime.block_on(async {
            tokio::time::timeout(Duration::from_secs(15), exchange).await.expect("an answer in time")
        });
        self.stream = Some(stream);
        (status, content_type)
    }
}

thread_local! {
    static SERVER: RefCell<Server> = RefCell::new(Server::start());
}

fn packed(how: u8, plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let level = Compression::fast();
    let _ = match how {
        1 => GzEncoder::new(plain, level).read_to_end(&mut out),
        2 => return zstd::encode_all(plain, 1).expect("memory is there"),
        3 => ZlibEncoder::new(plain, level).read_to_end(&mut out),
        4 => DeflateEncoder::new(plain, level).read_to_end(&mut out),
        _ => return plain.to_vec(),
    };
    out
}

fuzz_target!(|data: &[u8]| {
    // Where it goes, what it is said to be, how it is said to be packed, how it is, and how much of that is cut off.
    let Some(([to, of, coding, how, cut], plain)) = data.split_first_chunk() else { return };
    let mut body = packed(how % 6, plain);
    body.truncate(body.len().saturating_sub(usize::from(cut / 8)));
    // What is no line end, and so may be in a header.
    let odd: Vec<u8> = plain.iter().copied().filter(|b| *b >= b' ' && *b != 0x7f).take(40).collect();
    let content_type = TYPES.get(usize::from(of % 5)).copied().unwrap_or(&odd);
    let encoding = CODINGS.get(usize::from(coding % 7)).copied().unwrap_or(&odd);
    let line = format!("POST {} HTTP/1.1\r\nhost: x\r\n", PATHS[usize::from(to % 3)]);
    let length = format!("content-length: {}\r\n\r\n", body.len());
    let head =
        [line.as_bytes(), b"content-type: ", content_type, b"\r\ncontent-encoding: ", encoding, b"\r\n"];
    let request = [&head.concat(), length.as_bytes(), &body].concat();
    SERVER.with_borrow_mut(|server| {
        let (status, replied) = server.ask(&request);
        let told = server.arrivals.try_recv().expect("the owner hears of each");
        assert!(server.arrivals.try_recv().is_none(), "once");
        match status {
            // Retrying is never asked for: there is always room here.
            200 => assert!(replied == "application/x-protobuf" || replied == "application/json", "{replied}"),
            400 | 413 | 415 => {
                assert_eq!((told.rejections.len(), told.records.len(), told.logs.records.len()), (1, 0, 0))
            }
            other => panic!("status {other}"),
        }
        assert_eq!(server.counters.held_bytes.load(Relaxed), 0);
    });
});
