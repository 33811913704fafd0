//! Connections: accepts them, cuts them where a fault says so, lets them end at a stop.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// How long the head of a request may take, and a connection may be idle.
const PATIENCE: Duration = Duration::from_secs(60);

/// Marks a response that must not be sent: its connection is cut instead.
#[derive(Debug, Clone, Copy)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is cut on demand")
    }
}

impl std::error::Error for Cut {}

/// A response that closes the connection without a byte of an answer.
pub(crate) fn cut() -> Response {
    let mut response = Response::default();
    response.extensions_mut().insert(Cut);
    response
}

/// Accepts connections until the stop; each one lives in `tasks`.
pub(crate) async fn accept(
    listener: TcpListener,
    router: Router,
    renewals: watch::Sender<u64>,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let renewals = renewals.subscribe();
                tasks.spawn(connection(stream, router.clone(), renewals, stop.clone()));
            }
            Err(error) => {
                // Out of file descriptors, most likely: others must end first.
                tracing::warn!("no connection accepted: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    mut renewals: watch::Receiver<u64>,
    stop: CancellationToken,
) {
    let _ = stream.set_nodelay(true);
    let used = Arc::new(AtomicBool::new(false));
    let first = used.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        first.store(true, Ordering::Release);
        async move {
            match router.oneshot(request.map(Body::new)).await {
                Ok(response) if response.extensions().get::<Cut>().is_none() => Ok(response),
                Ok(_) => Err(Cut),
                Err(never) => match never {},
            }
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = std::pin::pin!(served);
    let mut ending = false;
    loop {
        tokio::select! {
            ended = served.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!("a connection ended early: {error}");
                }
                return;
            }
            () = stop.cancelled(), if !ending => {}
            changed = renewals.changed(), if !ending && !stop.is_cancelled() => {
                if changed.is_err() {
                    return;
                }
            }
        }
        ending = true;
        served.as_mut().graceful_shutdown();
        // A connection that never had a request would be waited for.
        if !used.load(Ordering::Acquire) {
            return;
        }
    }
}
