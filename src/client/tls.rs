//! TLS: whom is believed, who we say we are, and what to do where that fails.

use rustls::client::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{
    AlertDescription, CertificateError, ConfigBuilder, InvalidMessage, RootCertStore, WantsVerifier,
};
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files in PEM, as `OTEL_EXPORTER_OTLP_CERTIFICATE` and its like name them.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Certificates of the authorities that are believed; without it, those that this machine trusts.
    pub certificate: Option<PathBuf>,
    /// The certificate that says who we are.
    pub client_certificate: Option<PathBuf>,
    /// Its private key.
    pub client_key: Option<PathBuf>,
}

impl Trust {
    /// Reads the files; a sentence where they are of no use.
    pub(super) fn config(&self) -> Result<ClientConfig, String> {
        let roots = match &self.certificate {
            Some(path) => of_file(path)?,
            None => of_this_machine()?,
        };
        let builder = builder()?.with_root_certificates(roots);
        let (certificate, key) = match (&self.client_certificate, &self.client_key) {
            (Some(certificate), Some(key)) => (certificate, key),
            (None, None) => return Ok(builder.with_no_client_auth()),
            _ => {
                let why = "--client-certificate and --client-key (or OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and \
                           OTEL_EXPORTER_OTLP_CLIENT_KEY) belong together: name both";
                return Err(why.to_owned());
            }
        };
        let private =
            PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, "private key", &error))?;
        builder.with_client_auth_cert(certificates(certificate)?, private).map_err(|error| {
            format!("{} and {} cannot be used: {error}", certificate.display(), key.display())
        })
    }
}

/// What is never used: nobody is believed.
pub(super) fn none() -> Result<ClientConfig, String> {
    Ok(builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, String> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())
}

fn of_file(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| format!("{} cannot be used: {error}", path.display()))?;
    }
    Ok(roots)
}

/// Some of them may be of an old kind: the others count.
fn of_this_machine() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        return Err(format!(
            "this machine has no certificates of authorities to believe{why}: \
             install ca-certificates, or name a file with --certificate"
        ));
    }
    Ok(roots)
}

/// At least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let unreadable = |error| unreadable(path, "certificate", &error);
    let read = CertificateDer::pem_file_iter(path).map_err(unreadable)?;
    let read: Vec<_> = read.collect::<Result<_, _>>().map_err(unreadable)?;
    if read.is_empty() { Err(unreadable(pem::Error::NoItemsFound)) } else { Ok(read) }
}

fn unreadable(path: &Path, what: &str, error: &pem::Error) -> String {
    let path = path.display();
    match error {
        pem::Error::Io(error) => format!("{path} cannot be read: {error}"),
        pem::Error::NoItemsFound => format!("{path} holds no {what} in PEM"),
        other => format!("{path} is no {what} in PEM: {other}"),
    }
}

/// What to do about an error of TLS; nothing where it is none, and may pass.
pub(super) fn what_to_do(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref() {
            return Some(remedy(error).to_owned());
        }
        // What an input or output error holds is not its source: its source is that of what it holds.
        cause = match error.downcast_ref::<io::Error>() {
            Some(error) => error.get_ref().map(|held| held as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    // HTTP/2 hands on no more than the words of what broke its connection.
    let alerts = [AlertDescription::CertificateRequired, AlertDescription::UnknownCA];
    let said = super::reply::chain(error);
    let alert = alerts.into_iter().find(|alert| said.contains(&format!("fatal alert: {alert:?}")));
    alert.map(|alert| remedy(&rustls::Error::AlertReceived(alert)).to_owned())
}

fn remedy(error: &rustls::Error) -> &'static str {
    use rustls::Error as Tls;
    match error {
        // The latter where two authorities have the same name.
        Tls::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "name the certificate of who signed it with --certificate FILE"
        }
        Tls::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "write a name that its certificate is for",
        // What `openssl req -x509` makes unless it is told otherwise.
        Tls::InvalidCertificate(CertificateError::Other(other)) if other.to_string().contains("CaUsed") => {
            "its certificate is that of an authority; \
             `openssl req -x509 … -addext basicConstraints=critical,CA:FALSE` makes one for a server"
        }
        Tls::InvalidCertificate(_) => "its certificate is of no use",
        Tls::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "that is no TLS; does it take http:// there?"
        }
        Tls::AlertReceived(AlertDescription::NoApplicationProtocol) => {
            "it takes no gRPC there; try --protocol http/protobuf"
        }
        Tls::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::HandshakeFailure
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA,
        ) => "does it ask for a certificate of ours? Name it with --client-certificate and --client-key",
        _ => "the connection cannot be secured",
    }
}
