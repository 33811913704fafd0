//! The relay speaks TLS with its upstream, and with nobody who only claims to be it.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use crate::bad_input::assert_shape;
use crate::harness::{Endpoint, KEY, whole};

/// TLS in front of an upstream, under a certificate of its own authority.
struct Front {
    port: u16,
    /// The authority's certificate as PEM.
    authority: String,
    _runtime: Runtime,
}

fn front(upstream: &Endpoint, name: &str) -> Front {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new([]).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = ca.self_signed(&ca_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new([name.to_string()]).unwrap();
    let leaf = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let inside = upstream.address.strip_prefix("http://").unwrap().to_string();
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, inside) = (acceptor.clone(), inside.clone());
            tokio::spawn(async move {
                // Who does not trust the certificate ends the handshake.
                let Ok(mut outside) = acceptor.accept(stream).await else { return };
                let mut inside = TcpStream::connect(inside).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    Front { port, authority, _runtime: runtime }
}

#[test]
fn tls_to_a_known_authority_works_and_to_any_other_the_key_does_not_leave() {
    let upstream = Endpoint::start();
    let ours = front(&upstream, "localhost");
    let file = upstream.folder.path().join("authority.pem");
    let file = file.to_str().unwrap();
    std::fs::write(file, &ours.authority).unwrap();
    let address = |port: u16| format!("https://localhost:{port}/session-api");
    let relay = Endpoint::relay(&address(ours.port), &["--upstream-ca", file]);
    for count in ["1", "2"] {
        assert_eq!(relay.put("c", &whole("{}")).at("/customerSession/updateCount"), count);
    }
    let unknown = Endpoint::relay(&address(ours.port), &[]);
    assert_shape(&unknown.put("c", &whole("{}")), 502, "an unknown authority");
    let other_name = front(&upstream, "elsewhere.example");
    std::fs::write(file, &other_name.authority).unwrap();
    let misnamed = Endpoint::relay(&address(other_name.port), &["--upstream-ca", file]);
    assert_shape(&misnamed.put("c", &whole("{}")), 502, "another host's certificate");
    let plain = upstream.address.rsplit(':').next().unwrap().parse().unwrap();
    let no_tls = Endpoint::relay(&address(plain), &[]);
    assert_shape(&no_tls.put("c", &whole("{}")), 502, "no TLS at all");
    assert_eq!(upstream.requests().len(), 2);
    for (relay, said) in [(&unknown, "UnknownIssuer"), (&misnamed, "not valid for name")] {
        assert!(relay.log().contains(said) && !relay.log().contains(KEY), "{}", relay.log());
    }
}
