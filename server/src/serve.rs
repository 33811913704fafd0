//! Connections: accepts them, cuts them where a fault says so, lets them end at a stop.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, header};
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// Bytes that the head of a request may have.
const MAX_HEAD: usize = 64 << 10;

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

/// Whether a response closes its connection in its place.
pub(crate) fn is_cut(response: &Response) -> bool {
    response.extensions().get::<Cut>().is_some()
}

/// A body of which a part is sent before the connection is cut.
#[derive(Debug)]
struct CutShort {
    part: Option<Bytes>,
    is_sent: bool,
}

impl hyper::body::Body for CutShort {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if let Some(part) = self.part.take() {
            return Poll::Ready(Some(Ok(Frame::data(part))));
        }
        if self.is_sent {
            return Poll::Ready(Some(Err(Cut)));
        }
        // Only what is polled in vain once more has been written to the connection before.
        self.is_sent = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A response that announces the whole text, sends so many bytes of it, and closes the connection.
pub(crate) fn cut_short(text: String, bytes: usize) -> Response {
    let whole = Bytes::from(text);
    let part = whole.slice(..bytes.min(whole.len()));
    let mut response = Response::new(Body::new(CutShort { part: Some(part), is_sent: false }));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    response
}

/// Accepts connections until the stop; each one lives in `tasks`, and is closed where the head of a
/// request takes longer than `patience` or nothing comes for so long.
pub(crate) async fn accept(
    listener: TcpListener,
    router: Router,
    renewals: watch::Sender<u64>,
    patience: Duration,
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
                tasks.spawn(connection(stream, router.clone(), renewals, patience, stop.clone()));
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
    patience: Duration,
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
                Ok(response) if !is_cut(&response) => Ok(response),
                Ok(_) => Err(Cut),
                Err(never) => match never {},
            }
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(MAX_HEAD)
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
            Ok(()) = renewals.changed(), if !ending => {}
        }
        ending = true;
        served.as_mut().graceful_shutdown();
        // A connection that never had a request would be waited for.
        if !used.load(Ordering::Acquire) {
            return;
        }
    }
}
