//! The demo pages and the built package, as files.

use std::path::PathBuf;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use tower_http::services::ServeDir;

use crate::problem::Problem;
use crate::reply::refusal;

/// What every page may do: nothing but its own files, its own wasm, its own endpoint.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; \
    frame-ancestors 'self'; form-action 'self'; trusted-types cartwright; \
    require-trusted-types-for 'script'; report-uri /csp-reports";

/// Folders that are served.
#[derive(Debug, Clone, Default)]
pub(crate) struct Folders {
    /// At `/`.
    pub(crate) pages: Option<PathBuf>,
    /// At `/dist/`.
    pub(crate) dist: Option<PathBuf>,
}

pub(crate) fn router<S: Clone + Send + Sync + 'static>(folders: &Folders) -> Router<S> {
    let mut router = Router::new();
    if let Some(dist) = &folders.dist {
        router = router.nest_service("/dist", folder(dist));
    }
    match &folders.pages {
        Some(pages) => router.fallback_service(folder(pages)),
        None => router.route("/", get(no_pages)).fallback(nothing_here),
    }
    .layer(from_fn(cached))
}

fn folder(path: &PathBuf) -> ServeDir {
    ServeDir::new(path).precompressed_br().precompressed_gzip()
}

async fn no_pages() -> &'static str {
    "The session endpoint runs. It serves pages when it is started with --static DIR.\n"
}

async fn nothing_here() -> Response {
    refusal(&Problem::new(404, "There is nothing here"))
}

/// A file whose name tells its content never changes; every other one is asked for again.
async fn cached(request: Request, next: Next) -> Response {
    let lasting = is_hash_named(request.uri().path());
    let mut response = next.run(request).await;
    let rule = match lasting && response.status().is_success() {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let rule = HeaderValue::from_static(rule);
    response.headers_mut().insert(header::CACHE_CONTROL, rule);
    response
}

/// Whether the file name carries a hash: a part of at least 8 letters and digits, both among them,
/// all hexadecimal in lower case or all in upper case, before the last extension.
fn is_hash_named(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let mut parts = name.split(['.', '-', '_']);
    // The extension itself is no hash.
    parts.next_back();
    parts.any(|part| {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let upper = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
        part.len() >= 8
            && part.bytes().any(|byte| byte.is_ascii_digit())
            && part.bytes().any(|byte| byte.is_ascii_alphabetic())
            && (part.bytes().all(hex) || part.bytes().all(upper))
    })
}

/// The headers of every answer.
pub(crate) async fn safe(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    // Plain text has nothing to protect, and WebKit's own view of it would be reported.
    if !kind.is_some_and(|kind| kind.starts_with("text/plain")) {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

#[cfg(test)]
mod tests {
    use super::is_hash_named;

    #[test]
    fn names_with_a_hash_are_told_from_others() {
        for name in ["/dist/chunk-3F2A9C1B.js", "/a.0123456789abcdef.wasm", "/x-deadbee5.css"] {
            assert!(is_hash_named(name), "{name}");
        }
        for name in [
            "/dist/index.js",
            "/dist/cartwright.wasm",
            "/embed-module.js",
            "/20240101.js",
            "/deadbeef.js",
            "/products/A1B2C3D4",
        ] {
            assert!(!is_hash_named(name), "{name}");
        }
    }
}
