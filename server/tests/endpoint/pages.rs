//! Static files.

use std::fs;

use tempfile::TempDir;

use crate::harness::Endpoint;

/// A folder of pages, one of a package, and a secret beside them.
fn site() -> (TempDir, Endpoint) {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    fs::create_dir_all(at("pages/sub")).unwrap();
    fs::create_dir_all(at("dist")).unwrap();
    for (path, text) in [
        ("secret.txt", "secret"),
        ("pages/index.html", "<!doctype html>home"),
        ("pages/demo.css", "a{}"),
        ("pages/sub/index.html", "<!doctype html>sub"),
        ("dist/index.js", "export {}"),
        ("dist/index.js.br", "brotli"),
        ("dist/index.js.gz", "gzip"),
        ("dist/chunk-3F2A9C1B.js", "export {}"),
        ("dist/cartwright.wasm", "\0asm"),
    ] {
        fs::write(at(path), text).unwrap();
    }
    let (pages, dist) = (at("pages"), at("dist"));
    let endpoint =
        Endpoint::start_with(&["--static", pages.to_str().unwrap(), "--dist", dist.to_str().unwrap()]);
    (folder, endpoint)
}

#[test]
fn files_have_their_types() {
    let (_folder, endpoint) = site();
    for (path, kind, text) in [
        ("/", "text/html", "<!doctype html>home"),
        ("/demo.css", "text/css", "a{}"),
        ("/sub/", "text/html", "<!doctype html>sub"),
        ("/dist/index.js", "text/javascript", "export {}"),
        ("/dist/cartwright.wasm", "application/wasm", "\0asm"),
    ] {
        let answer = endpoint.get(path);
        assert_eq!((answer.status, answer.text.as_str()), (200, text), "{path}");
        assert_eq!(answer.header("content-type").unwrap().split(';').next(), Some(kind), "{path}");
    }
    let health = endpoint.get("/healthz");
    assert_eq!(
        (health.header("content-type"), health.text.as_str()),
        (Some("text/plain; charset=utf-8"), "ok\n")
    );
    assert_eq!(health.header("content-security-policy"), None);
}

#[test]
fn every_answer_has_the_protecting_headers() {
    let (_folder, endpoint) = site();
    for path in ["/", "/dist/index.js", "/nothing", "/session-api/x", "/sandbox/requests"] {
        let answer = endpoint.get(path);
        assert_eq!(
            answer.header("content-security-policy"),
            Some(
                "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
                 connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'; form-action 'self'; \
                 trusted-types cartwright; require-trusted-types-for 'script'; report-uri /csp-reports"
            ),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
    }
}

#[test]
fn compressed_forms_are_used_when_accepted() {
    let (_folder, endpoint) = site();
    for (accept, encoding, text) in [
        ("br, gzip", Some("br"), "brotli"),
        ("gzip", Some("gzip"), "gzip"),
        ("identity", None, "export {}"),
        ("br;q=0, gzip", Some("gzip"), "gzip"),
    ] {
        let answer = endpoint.send("GET", "/dist/index.js", &[("accept-encoding", accept)], b"");
        assert_eq!((answer.header("content-encoding"), answer.text.as_str()), (encoding, text), "{accept}");
        assert_eq!(answer.header("content-type"), Some("text/javascript"), "{accept}");
        assert_eq!(answer.header("vary"), Some("accept-encoding"), "{accept}");
    }
}

#[test]
fn hash_named_files_last_and_others_are_asked_for_again() {
    let (_folder, endpoint) = site();
    let lasting = endpoint.get("/dist/chunk-3F2A9C1B.js");
    assert_eq!(lasting.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(endpoint.get("/dist/chunk-00000000A.js").header("cache-control"), Some("no-cache"));
    let page = endpoint.get("/");
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let etag = page.header("etag").unwrap();
    let again = endpoint.send("GET", "/", &[("if-none-match", etag)], b"");
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    let modified = page.header("last-modified").unwrap();
    assert_eq!(endpoint.send("GET", "/", &[("if-modified-since", modified)], b"").status, 304);
}

#[test]
fn nothing_outside_the_folders_is_served() {
    let (_folder, endpoint) = site();
    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/dist/../../secret.txt",
        "/dist/..%2f..%2fsecret.txt",
        "/sub/..%5c..%5csecret.txt",
        "//etc/passwd",
        "/%00",
        "/sub/%ff",
    ] {
        let answer =
            endpoint.raw(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes());
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
        assert!(!answer.contains("secret\n") && !answer.ends_with("secret"), "{path}: {answer}");
    }
    assert_eq!(endpoint.send("POST", "/", &[], b"x").status, 405);
}
