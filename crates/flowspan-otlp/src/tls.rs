//! Certificates.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use flowspan_runtime::SettingError;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

/// A file that a setting or variable names.
pub(crate) struct PemFile {
    pub(crate) setting: String,
    pub(crate) path: std::path::PathBuf,
}

/// Whom to trust and whom to be, read and checked.
#[derive(Clone)]
pub(crate) struct Tls {
    authorities: Option<Vec<u8>>,
    identity: Option<(Vec<u8>, Vec<u8>)>,
    client: Arc<ClientConfig>,
}

impl Tls {
    pub(crate) fn read(
        authorities: Option<&PemFile>,
        identity: Option<(&PemFile, &PemFile)>,
    ) -> Result<Self, SettingError> {
        let mut roots = RootCertStore::empty();
        let authorities = match authorities {
            None => {
                roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
                None
            }
            Some(file) => {
                let pem = file.read()?;
                for certificate in file.certificates(&pem)? {
                    roots.add(certificate).map_err(|error| file.refused().because(error))?;
                }
                Some(pem)
            }
        };
        // The provider is named because the process-wide default may be set by nobody, or twice.
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| SettingError::new("TLS", "ring", "usable").because(error))?
            .with_root_certificates(roots);
        let (client, identity) = match identity {
            None => (builder.with_no_client_auth(), None),
            Some((certificate, key)) => {
                let (certificate_pem, key_pem) = (certificate.read()?, key.read()?);
                let chain = certificate.certificates(&certificate_pem)?;
                let private = PrivateKeyDer::from_pem_slice(&key_pem)
                    .map_err(|error| key.must_be("a PEM file with a private key").because(error))?;
                let client = builder.with_client_auth_cert(chain, private).map_err(|error| {
                    key.must_be("the private key of the client certificate").because(error)
                })?;
                (client, Some((certificate_pem, key_pem)))
            }
        };
        Ok(Tls { authorities, identity, client: Arc::new(client) })
    }

    pub(crate) fn for_http(&self) -> ClientConfig {
        (*self.client).clone()
    }

    pub(crate) fn for_grpc(&self) -> ClientTlsConfig {
        let config = ClientTlsConfig::new();
        let config = match &self.authorities {
            Some(pem) => config.ca_certificate(Certificate::from_pem(pem)),
            None => config.with_webpki_roots(),
        };
        match &self.identity {
            Some((certificate, key)) => config.identity(Identity::from_pem(certificate, key)),
            None => config,
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("own_authorities", &self.authorities.is_some())
            .field("client_identity", &self.identity.is_some())
            .finish()
    }
}

impl PemFile {
    pub(crate) fn new(setting: impl Into<String>, path: &Path) -> Self {
        PemFile { setting: setting.into(), path: path.to_owned() }
    }

    fn must_be(&self, accepted: &str) -> SettingError {
        SettingError::new(&self.setting, &self.path.to_string_lossy(), accepted)
    }

    fn refused(&self) -> SettingError {
        self.must_be("a PEM file with at least one certificate")
    }

    fn read(&self) -> Result<Vec<u8>, SettingError> {
        std::fs::read(&self.path).map_err(|error| self.must_be("a PEM file that can be read").because(error))
    }

    fn certificates(&self, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, SettingError> {
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|error| self.refused().because(error))?;
        if certificates.is_empty() { Err(self.refused()) } else { Ok(certificates) }
    }
}
