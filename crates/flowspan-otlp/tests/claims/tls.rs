//! Certificates.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use flowspan_otlp::{Otlp, Protocol};
use flowspan_runtime::{DropReason, Environment};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::program::{LONG, Program};

/// An authority, a server and a client that it knows, as PEM files.
struct Certificates {
    directory: tempfile::TempDir,
}

impl Certificates {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut authority = CertificateParams::new([]).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let write = |name: &str, pem: String| std::fs::write(directory.path().join(name), pem).unwrap();
        write("authority.pem", authority.pem());
        for name in ["server", "client"] {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
            write(&format!("{name}.pem"), params.signed_by(&key, &authority).unwrap().pem());
            write(&format!("{name}.key"), key.serialize_pem());
        }
        Certificates { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

fn certificates(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path).unwrap().map(Result::unwrap).collect()
}

/// A server that demands a client certificate; says what protocol was agreed on with whom it let in.
fn server(files: &Certificates) -> (String, Receiver<Option<Vec<u8>>>) {
    let mut roots = RootCertStore::empty();
    roots.add(certificates(&files.path("authority.pem")).remove(0)).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            certificates(&files.path("server.pem")),
            PrivateKeyDer::from_pem_file(files.path("server.key")).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (let_in, has_let_in) = channel();
    let (bound, address) = channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            bound.send(listener.local_addr().unwrap()).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, let_in) = (acceptor.clone(), let_in.clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let protocol = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
                    let _ = stream.read(&mut [0; 16 * 1024]).await;
                    let _ = let_in.send(protocol);
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
                    let _ = stream.shutdown().await;
                });
            }
        });
    });
    (format!("https://{}", address.recv().unwrap()), has_let_in)
}

fn only_traces(otlp: Otlp, protocol: Protocol) -> Program {
    let program = Program::start(otlp.protocol(protocol).without_metrics().without_logs());
    program.spans(1);
    program
}

#[test]
fn a_server_is_trusted_by_its_authority_and_a_client_by_its_certificate() {
    let files = Certificates::new();
    let (url, let_in) = server(&files);
    let otlp = Otlp::to(url)
        .certificate(files.path("authority.pem"))
        .client_identity(files.path("client.pem"), files.path("client.key"));

    let over_http = only_traces(otlp.clone(), Protocol::HttpProtobuf);
    assert!(over_http.pipelines.shutdown(LONG).is_clean());
    assert_eq!(let_in.recv_timeout(LONG), Ok(None), "nothing to agree on for HTTP/1.1");

    let over_grpc = only_traces(otlp, Protocol::Grpc);
    assert!(!over_grpc.pipelines.shutdown(LONG).is_clean(), "the server speaks no gRPC, but it let us in");
    assert_eq!(let_in.recv_timeout(LONG), Ok(Some(b"h2".to_vec())));
}

#[test]
fn a_server_that_nobody_vouches_for_gets_nothing() {
    let files = Certificates::new();
    let (url, let_in) = server(&files);
    for protocol in crate::program::BOTH {
        let program = only_traces(Otlp::to(url.as_str()), protocol);
        let end = program.pipelines.shutdown(LONG).traces.unwrap();
        assert_eq!(end.account.dropped_for(DropReason::ExportFailed), 1);
        let reports = program.reports().join("\n");
        assert!(reports.contains("UnknownIssuer"), "{reports}");
    }
    assert!(let_in.try_recv().is_err());
}

#[test]
fn files_that_hold_something_else_are_refused_by_name() {
    let files = Certificates::new();
    let otlp = Otlp::to("https://host").client_identity(files.path("client.pem"), files.path("server.key"));
    let said = otlp.resolve(&Environment::empty()).expect_err("the key of another").to_string();
    assert!(said.starts_with("client key is "), "{said}");
    assert!(said.ends_with("but must be the private key of the client certificate"), "{said}");

    let otlp = Otlp::to("https://host").certificate(files.path("server.key"));
    let said = otlp.resolve(&Environment::empty()).expect_err("a key").to_string();
    assert!(said.ends_with("but must be a PEM file with at least one certificate"), "{said}");
}
