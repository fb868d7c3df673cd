//! `otoscope send` over TLS: certificates made here, and a door of TLS before our own receiver.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod process;

use process::{Listening, ids, otoscope, said};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, copy_bidirectional};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

const DUMP: &str = "tests/captures/express/capture.jsonl";

/// A certificate for this machine and its key, in memory and as files.
struct Identity {
    certified: CertifiedKey<KeyPair>,
    certificate: PathBuf,
    key: PathBuf,
}

impl Identity {
    fn new(dir: &Path, name: &str, is_for: &str) -> Self {
        let certified = generate_simple_self_signed([is_for.to_owned()]).unwrap();
        let (certificate, key) = (dir.join(format!("{name}.pem")), dir.join(format!("{name}.key")));
        fs::write(&certificate, certified.cert.pem()).unwrap();
        fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
        Self { certified, certificate, key }
    }

    fn certificate(&self) -> &str {
        self.certificate.to_str().unwrap()
    }
}

/// A door of TLS before a plain address, and what was agreed on with each who came through it.
struct Door {
    addr: String,
    agreed: Arc<Mutex<Vec<Option<Vec<u8>>>>>,
}

/// Opens a door for those whom `client`, if any, speaks for; it offers these protocols.
fn door(server: &Identity, client: Option<&Identity>, offered: &[&str], to: &str) -> Door {
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let mut roots = RootCertStore::empty();
            roots.add(client.certified.cert.der().clone()).unwrap();
            let provider = Arc::new(ring::default_provider());
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivateKeyDer::try_from(server.certified.signing_key.serialize_der()).unwrap();
    let mut config = builder.with_single_cert(vec![server.certified.cert.der().clone()], key).unwrap();
    config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let (addr, to) = (listener.local_addr().unwrap().to_string(), to.to_owned());
    let agreed = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&agreed);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let acceptor = TlsAcceptor::from(Arc::new(config));
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, to, note) = (acceptor.clone(), to.clone(), Arc::clone(&note));
                tokio::spawn(async move {
                    match acceptor.accept(stream).into_fallible().await {
                        Ok(mut secured) => {
                            let agreed = secured.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
                            note.lock().unwrap().push(agreed);
                            let mut plain = tokio::net::TcpStream::connect(to).await.unwrap();
                            let _ = copy_bidirectional(&mut secured, &mut plain).await;
                        }
                        // Who closes with bytes unread resets the connection, and what was said last may be lost.
                        Err((_, mut stream)) => drop(stream.read_to_end(&mut Vec::new()).await),
                    }
                });
            }
        });
    });
    Door { addr, agreed }
}

fn send(options: &[&str], env: &[(&str, &str)]) -> Output {
    otoscope(&[&["send", DUMP], options].concat()).envs(env.iter().copied()).output().unwrap()
}

#[test]
fn what_is_sent_arrives_over_tls_too() {
    let dir = tempfile::tempdir().unwrap();
    let server = Identity::new(dir.path(), "server", "localhost");
    for (protocol, offered, agreed) in [
        ("grpc", &["h2"][..], Some(&b"h2"[..])),
        ("http/protobuf", &["h2", "http/1.1"], None),
        ("http/json", &[], None),
    ] {
        let path = dir.path().join("a.jsonl");
        let recording = Listening::record(&path, &[]);
        let door = door(&server, None, offered, &recording.addresses[1]);
        let to = format!("https://{}", door.addr.replace("127.0.0.1", "localhost"));
        let options = ["--to", &to, "--protocol", protocol];
        let output = send(&options, &[("OTEL_EXPORTER_OTLP_CERTIFICATE", server.certificate())]);
        assert_eq!(output.status.code(), Some(0), "{protocol}: {}", said(&output));
        recording.signal("INT");
        assert_eq!(recording.end().0, Some(0));
        assert_eq!(ids(&path), ids(Path::new(DUMP)), "{protocol}");
        let seen = door.agreed.lock().unwrap();
        assert!(!seen.is_empty() && seen.iter().all(|it| it.as_deref() == agreed), "{protocol}: {seen:?}");
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_receiver_may_ask_who_sends() {
    let dir = tempfile::tempdir().unwrap();
    let server = Identity::new(dir.path(), "server", "localhost");
    let client = Identity::new(dir.path(), "client", "otoscope");
    for protocol in ["grpc", "http/protobuf"] {
        let path = dir.path().join("a.jsonl");
        let recording = Listening::record(&path, &[]);
        let door = door(&server, Some(&client), &["h2"], &recording.addresses[1]);
        let to = format!("https://{}", door.addr.replace("127.0.0.1", "localhost"));
        let base = ["--to", &to, "--protocol", protocol, "--certificate", server.certificate()];
        let output = send(&base, &[]);
        assert_eq!(output.status.code(), Some(1), "{protocol}: {}", said(&output));
        assert!(said(&output).contains("--client-certificate and --client-key"), "{}", said(&output));
        let key = client.key.to_str().unwrap();
        let ours = ["--client-certificate", client.certificate(), "--client-key", key];
        let output = send(&[&base[..], &ours].concat(), &[]);
        assert_eq!(output.status.code(), Some(0), "{protocol}: {}", said(&output));
        recording.signal("INT");
        recording.end();
        assert_eq!(ids(&path), ids(Path::new(DUMP)), "{protocol}");
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn who_cannot_be_believed_is_not_asked_again() {
    let dir = tempfile::tempdir().unwrap();
    let server = Identity::new(dir.path(), "server", "localhost");
    let other = Identity::new(dir.path(), "other", "localhost");
    let plain = Listening::record(&dir.path().join("a.jsonl"), &[]);
    let door = door(&server, None, &[], &plain.addresses[1]);
    let (named, numbered) = (door.addr.replace("127.0.0.1", "localhost"), door.addr.clone());
    for (to, certificate, says) in [
        (&named, &other, "name the certificate of who signed it with --certificate FILE"),
        (&numbered, &server, "write a name that its certificate is for"),
        (&plain.addresses[0], &server, "that is no TLS; does it take http:// there?"),
    ] {
        for protocol in ["grpc", "http/protobuf"] {
            let to = format!("https://{to}");
            let output =
                send(&["--to", &to, "--protocol", protocol, "--certificate", certificate.certificate()], &[]);
            assert_eq!(output.status.code(), Some(1), "{}", said(&output));
            assert!(said(&output).contains(says), "{protocol}: {}", said(&output));
            assert!(!said(&output).contains("given up"), "{}", said(&output));
        }
    }
    assert!(door.agreed.lock().unwrap().is_empty());
    plain.signal("INT");
    plain.end();
}

#[test]
fn files_that_are_of_no_use_are_said_where_they_would_be_used() {
    let dir = tempfile::tempdir().unwrap();
    let server = Identity::new(dir.path(), "server", "localhost");
    let (certificate, key) = (server.certificate(), server.key.to_str().unwrap());
    let missing = dir.path().join("missing.pem");
    let missing = missing.to_str().unwrap();
    for (options, says) in [
        (&["--certificate", missing][..], "missing.pem cannot be read: No such file"),
        (&["--certificate", key], "server.key holds no certificate in PEM"),
        (&["--certificate", "Cargo.toml"], "Cargo.toml holds no certificate in PEM"),
        (&["--client-key", key], "belong together"),
        (&["--client-certificate", certificate, "--client-key", certificate], "holds no private key"),
    ] {
        let output = send(&[&["--to", "https://localhost:1"], options].concat(), &[]);
        assert_eq!(output.status.code(), Some(2), "{options:?}: {}", said(&output));
        assert!(said(&output).contains(says), "{options:?}: {}", said(&output));
    }
    // The variable of another exporter's is of no matter for http, and an empty one of none for https.
    for (to, value, code) in [("http://localhost:1", missing, 1), ("https://localhost:1", "", 1)] {
        let env = [("OTEL_EXPORTER_OTLP_CERTIFICATE", value)];
        let output = send(&["--to", to, "--retry-for", "1ms"], &env);
        assert_eq!(output.status.code(), Some(code), "{to}: {}", said(&output));
        assert!(said(&output).contains("Connection refused"), "{to}: {}", said(&output));
    }
}
