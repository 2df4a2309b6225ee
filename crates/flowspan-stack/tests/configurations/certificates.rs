//! An authority and a certificate of it that is good for both ends, as PEM files.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::Outcome;

pub(crate) struct Certificates {
    directory: tempfile::TempDir,
}

impl Certificates {
    pub(crate) fn new() -> Outcome<Self> {
        let directory = tempfile::tempdir()?;
        let mut authority = CertificateParams::new([])?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(["127.0.0.1".to_owned()])?.signed_by(&key, &authority)?;
        let write = |name: &str, pem: String| std::fs::write(directory.path().join(name), pem);
        write("authority.pem", authority.pem())?;
        write("certificate.pem", certificate.pem())?;
        write("key.pem", key.serialize_pem())?;
        Ok(Self { directory })
    }

    /// The variables by which the configurations know them.
    pub(crate) fn environment(&self) -> [(&'static str, String); 3] {
        let path = |name: &str| Path::join(self.directory.path(), name).display().to_string();
        [
            ("COLLECTOR_TLS_CA", path("authority.pem")),
            ("COLLECTOR_TLS_CERT", path("certificate.pem")),
            ("COLLECTOR_TLS_KEY", path("key.pem")),
        ]
    }
}
