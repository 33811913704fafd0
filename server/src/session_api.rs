//! `/session-api`: reads a request, gives it its place and its fault, carries it out.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use cartwright::model::wire::Wire;
use time::OffsetDateTime;
use tokio::sync::{oneshot, watch};

use crate::app::{App, lock};
use crate::asked::{self, Asked, Operation};
use crate::body;
use crate::faults::{Client, Fault, Target};
use crate::journal::{Arrival, End};
use crate::problem::{Problem, no_session};
use crate::sandbox::places::Place;
use crate::sandbox::rules;
use crate::sandbox::store::{self, Answer, Change, StoreError};
use crate::serve;

/// Longest time that a fault holds something back.
const LONGEST_HOLD: Duration = Duration::from_secs(600);

/// What leaves.
enum Outcome {
    /// The connection is cut.
    Cut,
    /// The client waits in vain.
    Nothing,
    Answered {
        status: u16,
        content_type: &'static str,
        headers: Vec<(HeaderName, HeaderValue)>,
        text: String,
        /// Bytes of the text after which the connection is cut.
        cut_after: Option<usize>,
    },
}

/// Carries a request out to its end, even when its client goes away meanwhile.
pub(crate) async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    let mut releases = app.releases.subscribe();
    let work = app.tasks.spawn(serve_request(app.clone(), request));
    match work.await {
        Ok(Outcome::Nothing) => {
            let _ = tokio::time::timeout(LONGEST_HOLD, releases.changed()).await;
            serve::cut()
        }
        Ok(outcome) => outcome.into_response(&app),
        Err(_) => serve::cut(),
    }
}

/// A request, and the number that the journal gave it.
struct Numbered {
    seq: u64,
    session: Option<String>,
    asked: Result<Arc<Asked>, Problem>,
    fault: Fault,
    releases: watch::Receiver<u64>,
}

async fn serve_request(app: Arc<App>, request: Request) -> Outcome {
    let releases = app.releases.subscribe();
    let started_at = store::milliseconds(OffsetDateTime::now_utc());
    let (head, body) = request.into_parts();
    let body = body::read(body, app.body_timeout).await;
    let target = head.uri.path_and_query().map_or_else(|| head.uri.path().to_string(), ToString::to_string);
    let session = asked::session(head.uri.path());
    let arrival = Arrival {
        method: head.method.to_string(),
        path: head.uri.path().to_string(),
        query: head.uri.query().unwrap_or_default().to_string(),
        session: session.clone(),
        key: asked::key(&head.headers).ok().flatten(),
        body: String::from_utf8_lossy(body.as_deref().unwrap_or_default()).into_owned(),
        started_at,
    };
    let asked = asked::read(&head, &target, body, app.clock.now()).map(Arc::new);
    // One stretch without a pause, so that the journal has requests in the order of their places.
    let place = place(&app, &asked);
    let seq = lock(&app.journal).begin(arrival);
    let (fault, held) = {
        let mut faults = lock(&app.faults);
        let seen =
            Target { method: head.method.as_str(), path_and_query: &target, session: session.as_deref() };
        let fault = place.is_ok().then(|| faults.take(&seen)).flatten().unwrap_or_default();
        let held = (fault.reorder_after > 0).then(|| faults.hold(seq, session.clone(), fault.reorder_after));
        (fault, held)
    };
    let request = Numbered { seq, session, asked, fault, releases };
    let outcome = match (place, held) {
        (Err(problem), _) => request.end(&app, Outcome::from(&problem)),
        (Ok(place), None) => request.carry_out(&app, place).await,
        // It is still on its way: its place is taken when it arrives.
        (Ok(_), Some(woken)) => request.arrive_late(&app, woken).await,
    };
    lock(&app.journal).finish(seq, outcome.end());
    outcome
}

/// The place of an update in the queue of its session.
fn place(app: &App, asked: &Result<Arc<Asked>, Problem>) -> Result<Option<Place>, Problem> {
    let Some(asked) = asked.as_ref().ok().filter(|asked| asked.operation == Operation::Update) else {
        return Ok(None);
    };
    match app.places.enter(&asked.integration_id) {
        Some(place) => Ok(Some(place)),
        None => Err(Problem {
            errors: Some(Vec::new()),
            ..Problem::new(409, "Too many requests are updating this session at the same time")
        }),
    }
}

impl Numbered {
    /// Carries it out when its turn comes; gives what the client sees.
    async fn carry_out(mut self, app: &Arc<App>, place: Option<Place>) -> Outcome {
        let _turn = match &place {
            Some(place) => Some(place.turn().await),
            None => None,
        };
        self.delay().await;
        let answer = self.run(app).await;
        self.end(app, self.fault.clone().seen(answer))
    }

    /// Carries it out after others of its session; the client waits, unless it sees something else.
    async fn arrive_late(mut self, app: &Arc<App>, woken: oneshot::Receiver<()>) -> Outcome {
        if !self.fault.is_early() {
            return self.after_others(app.clone(), woken).await;
        }
        let seen = self.fault.clone().seen(Outcome::Cut);
        self.delay().await;
        self.fault.delay_ms = 0;
        app.tasks.spawn(self.after_others(app.clone(), woken));
        seen
    }

    async fn after_others(mut self, app: Arc<App>, woken: oneshot::Receiver<()>) -> Outcome {
        tokio::select! {
            _ = woken => {}
            _ = self.releases.changed() => self.fault.delay_ms = 0,
            () = tokio::time::sleep(LONGEST_HOLD) => {}
        }
        match place(&app, &self.asked) {
            Ok(place) => self.carry_out(&app, place).await,
            Err(problem) => self.end(&app, Outcome::from(&problem)),
        }
    }

    async fn delay(&mut self) {
        if self.fault.delay_ms > 0 {
            let delay = Duration::from_millis(self.fault.delay_ms);
            let _ = tokio::time::timeout(delay, self.releases.changed()).await;
        }
    }

    /// Carries it out as often as its fault says; gives the first answer.
    async fn run(&self, app: &Arc<App>) -> Outcome {
        let mut answer = None;
        for _ in 0..self.fault.times() {
            let outcome = run(app, &self.asked).await;
            lock(&app.journal).applied(self.seq);
            answer.get_or_insert(outcome);
        }
        answer.unwrap_or(Outcome::Cut)
    }

    /// Lets those go that waited for its end.
    fn end(&self, app: &App, outcome: Outcome) -> Outcome {
        lock(&app.faults).ended(self.seq, self.session.as_deref());
        outcome
    }
}

impl Fault {
    /// What the client sees in place of the answer.
    fn seen(self, answer: Outcome) -> Outcome {
        let mut outcome = match self.client {
            Client::Answer => answer,
            Client::Cut => Outcome::Cut,
            Client::Nothing => Outcome::Nothing,
            Client::Instead(answer) => Outcome::Answered {
                status: answer.status,
                content_type: answer.content_type,
                headers: Vec::new(),
                text: answer.text,
                cut_after: None,
            },
        };
        if let Outcome::Answered { headers, text, cut_after, .. } = &mut outcome {
            headers.extend(self.headers);
            *cut_after = self.truncate_body.filter(|bytes| *bytes < text.len());
        }
        outcome
    }
}

async fn run(app: &Arc<App>, asked: &Result<Arc<Asked>, Problem>) -> Outcome {
    let asked = match asked {
        Ok(asked) => asked.clone(),
        Err(problem) => return Outcome::from(problem),
    };
    let app = app.clone();
    let work = tokio::task::spawn_blocking(move || match Change::of(&asked, &app.campaigns) {
        Some(change) => app.store.change(&asked, &change, &app.campaigns, app.clock.now()),
        None => Ok(match app.store.read(&asked.integration_id)? {
            Some(stored) => Answer { status: 200, text: rules::read(stored).to_answer_text() },
            None => Answer::from(&no_session()),
        }),
    });
    match work.await {
        Ok(Ok(answer)) => answer.into(),
        Ok(Err(error)) => Outcome::from(&unavailable(&error)),
        Err(_) => Outcome::Cut,
    }
}

/// A store that fails is trouble that may pass.
pub(crate) fn unavailable(error: &StoreError) -> Problem {
    tracing::error!("the store failed: {error}");
    Problem::new(503, "The sandbox cannot reach its database")
}

impl From<&Problem> for Outcome {
    fn from(problem: &Problem) -> Outcome {
        let allow = |methods| (header::ALLOW, HeaderValue::from_static(methods));
        Outcome::Answered {
            status: problem.status,
            content_type: "application/json",
            headers: problem.allow.map(allow).into_iter().collect(),
            text: problem.body(),
            cut_after: None,
        }
    }
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Outcome {
        Outcome::Answered {
            status: answer.status,
            content_type: "application/json",
            headers: Vec::new(),
            text: answer.text,
            cut_after: None,
        }
    }
}

impl Outcome {
    fn end(&self) -> End {
        End {
            answer: match self {
                Outcome::Cut | Outcome::Nothing => None,
                Outcome::Answered { status, text, .. } => Some((*status, text.clone())),
            },
            dropped: !matches!(self, Outcome::Answered { cut_after: None, .. }),
            finished_at: store::milliseconds(OffsetDateTime::now_utc()),
        }
    }

    fn into_response(self, app: &App) -> Response {
        let Outcome::Answered { status, content_type, headers, text, cut_after } = self else {
            return serve::cut();
        };
        let mut response = match cut_after {
            None => Response::new(Body::from(text)),
            Some(bytes) => serve::cut_short(text, bytes),
        };
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        let sent = response.headers_mut();
        sent.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        sent.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // A browser repeats a request by itself when a used connection breaks: while cuts are
        // wanted every request gets a new connection, so that each cut is seen once.
        if lock(&app.faults).cuts() {
            sent.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        for (name, value) in headers {
            sent.insert(name, value);
        }
        response
    }
}
