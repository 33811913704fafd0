//! The deployment, asked over pooled connections.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderValue, Method, Request as HttpRequest, Uri, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::asked::Operation;
use crate::options::{ApiKey, RelayOptions};
use crate::problem::Problem;
use crate::relay::answer::Answered;
use crate::relay::request::Request;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection is kept for the next request; shorter than the 60 s after which common
/// servers close it, since a request that meets the closing is lost.
const POOL_TIMEOUT: Duration = Duration::from_secs(50);

/// Connections kept while nothing runs on them.
const POOL_SIZE: usize = 256;

/// Largest answer: 10 000 units may have several effects each.
const MAX_ANSWER: usize = 64 << 20;

/// A deployment.
#[derive(Debug)]
pub(crate) struct Upstream {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    key: ApiKey,
    timeout: Duration,
}

impl Upstream {
    pub(crate) fn new(options: &RelayOptions) -> Result<Upstream, String> {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(options.ca.as_deref())?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_TIMEOUT)
            .pool_max_idle_per_host(POOL_SIZE)
            .build(connector);
        Ok(Upstream {
            client,
            base: options.upstream.clone(),
            key: options.key.clone(),
            timeout: options.timeout,
        })
    }

    /// Passes a request on and gives the whole answer, or what the browser is told instead.
    pub(crate) async fn ask(&self, request: Request) -> Result<Answered, Problem> {
        let request = self.written(request)?;
        match tokio::time::timeout(self.timeout, self.exchange(request)).await {
            Ok(answered) => answered,
            Err(_) => {
                tracing::warn!("the deployment took too long");
                Err(Problem::new(504, "The deployment took too long"))
            }
        }
    }

    /// The request as it leaves: nothing of the browser's head but the idempotency key is in it.
    fn written(&self, mut request: Request) -> Result<HttpRequest<Full<Bytes>>, Problem> {
        let unfit = |_| Problem::new(400, "The request cannot be passed on");
        let method = match request.operation {
            Operation::Read => Method::GET,
            Operation::Update | Operation::Reopen => Method::PUT,
            Operation::Return => Method::POST,
        };
        let address: Uri = format!("{}{}", self.base, request.target())
            .parse()
            .map_err(|_| Problem::new(400, "The session id is too long to be passed on"))?;
        let key = request.key.take();
        let has_body = matches!(request.operation, Operation::Update | Operation::Return);
        let text = request.text();
        let mut written = HttpRequest::new(Full::new(Bytes::from(text)));
        *written.method_mut() = method;
        *written.uri_mut() = address;
        let headers = written.headers_mut();
        headers.insert(header::AUTHORIZATION, self.key.header());
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        if has_body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(key) = key {
            headers.insert("idempotency-key", HeaderValue::from_str(&key).map_err(unfit)?);
        }
        Ok(written)
    }

    async fn exchange(&self, request: HttpRequest<Full<Bytes>>) -> Result<Answered, Problem> {
        let response = match self.client.request(request).await {
            Ok(response) => response,
            Err(error) => {
                let what = if error.is_connect() { "cannot be reached" } else { "gave no answer" };
                return Err(lost(what, &error));
            }
        };
        let (head, body) = response.into_parts();
        match Limited::new(body, MAX_ANSWER).collect().await {
            Ok(body) => Ok(Answered { status: head.status, headers: head.headers, body: body.to_bytes() }),
            Err(error) if error.is::<LengthLimitError>() => Err(lost("gave too large an answer", &*error)),
            Err(error) => Err(lost("gave half an answer", &*error)),
        }
    }
}

const USER_AGENT: &str = concat!("cartwright-server/", env!("CARGO_PKG_VERSION"));

fn lost(what: &str, error: &dyn Error) -> Problem {
    let mut causes = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    tracing::warn!(cause = causes.join(": "), "the deployment {what}");
    Problem::new(502, format!("The deployment {what}"))
}

fn tls(authorities: Option<&Path>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(file) = authorities {
        let unfit = |what: &dyn std::fmt::Display| {
            format!("{} cannot be used as --upstream-ca: {what}", file.display())
        };
        let certificates = CertificateDer::pem_file_iter(file).map_err(|error| unfit(&error))?;
        let mut count = 0_usize;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| unfit(&error))?;
            roots.add(certificate).map_err(|error| unfit(&error))?;
            count = count.saturating_add(1);
        }
        if count == 0 {
            return Err(unfit(&"it holds no certificate in PEM form"));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
