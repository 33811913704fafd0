//! Reads request bodies within bounds of size and time.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::body::Body as _;

use crate::problem::Problem;

/// Largest body that is looked at.
const MAX_BODY: usize = 1 << 20;

/// Larger bodies are read and dropped up to here, because a client that is still writing would
/// see a reset connection instead of the answer.
const MAX_DROPPED: usize = 16 << 20;

/// Reads a whole body, which may take so long.
pub(crate) async fn read(body: Body, patience: Duration) -> Result<Vec<u8>, Problem> {
    match tokio::time::timeout(patience, collect(body)).await {
        Ok(result) => result,
        Err(_) => Err(Problem::new(408, "The body took too long")),
    }
}

async fn collect(mut body: Body) -> Result<Vec<u8>, Problem> {
    let too_large = || Err(Problem::new(413, "The body is larger than 1 MiB"));
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > MAX_DROPPED {
        return too_large();
    }
    let mut kept = Vec::new();
    let mut seen = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(Problem::new(400, "The body ended early"));
        };
        let Some(data) = frame.data_ref() else { continue };
        seen = seen.saturating_add(data.len());
        if seen > MAX_DROPPED {
            break;
        }
        if seen <= MAX_BODY {
            kept.extend_from_slice(data);
        }
    }
    if seen > MAX_BODY {
        return too_large();
    }
    Ok(kept)
}
