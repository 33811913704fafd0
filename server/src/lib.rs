//! The session endpoint: a sandbox that stands in for the session part of the API, or a relay to a
//! real deployment.
//!
//! [`sandbox::rules`] holds the session rules without any input or output; [`start`] puts SQLite
//! under them and HTTP before them.

pub mod options;
pub mod problem;
pub mod sandbox;
mod strict;

mod app;
mod asked;
mod body;
mod clock;
mod control;
mod faults;
mod journal;
mod log;
mod pages;
mod relay;
mod reply;
mod serve;
mod session_api;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use options::Options;
pub use strict::Misfit;

use app::App;
use clock::Clock;
use relay::Relay;
use sandbox::campaigns::{self, Campaigns};
use sandbox::places::Places;
use sandbox::store::Store;

/// How long a stop of the sandbox waits for what runs.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// How much longer than for a deployment's answer a stop of a relay waits.
const STOP_MARGIN: Duration = Duration::from_secs(5);

/// A running endpoint.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    connections: TaskTracker,
    requests: TaskTracker,
    releases: watch::Sender<u64>,
    patience: Duration,
}

/// Starts the endpoint. The error is a sentence that says what to do.
pub async fn start(options: &Options) -> Result<Server, String> {
    for folder in [&options.pages, &options.dist].into_iter().flatten() {
        if !folder.is_dir() {
            return Err(format!("{} is not a folder; build first, or name another one", folder.display()));
        }
    }
    let requests = TaskTracker::new();
    let (renewals, _) = watch::channel(0);
    let (releases, _) = watch::channel(0);
    let folders = pages::Folders { pages: options.pages.clone(), dist: options.dist.clone() };
    let router = match &options.relay {
        Some(relay) => {
            let relay = Relay::new(relay, options.body_timeout, requests.clone())?;
            app::relay(Arc::new(relay), &folders)
        }
        None => {
            let app = App {
                store: store(options)?,
                campaigns: campaigns(options)?,
                places: Places::default(),
                clock: Clock::default(),
                faults: Mutex::default(),
                journal: Mutex::default(),
                reports: Mutex::default(),
                tasks: requests.clone(),
                body_timeout: options.body_timeout,
                renewals: renewals.clone(),
                releases: releases.clone(),
            };
            app::sandbox(Arc::new(app), &folders)
        }
    };
    let place = SocketAddr::from((options.host, options.port));
    let listener = TcpListener::bind(place).await.map_err(|error| {
        format!(
            "{place} cannot be listened on: {error}; name another port with --port, or address with --host"
        )
    })?;
    let address = listener.local_addr().map_err(|error| format!("the address is unknown: {error}"))?;
    let connections = TaskTracker::new();
    let stop = CancellationToken::new();
    let idle = options.idle_timeout;
    connections.spawn(serve::accept(listener, router, renewals, idle, stop.clone(), connections.clone()));
    let patience = match &options.relay {
        Some(relay) => relay.timeout.saturating_add(STOP_MARGIN),
        None => STOP_PATIENCE,
    };
    Ok(Server { address, stop, connections, requests, releases, patience })
}

fn store(options: &Options) -> Result<Store, String> {
    Store::open(&options.db, options.remember_errors)
        .map_err(|error| format!("{} cannot be used as database: {error}", options.db.display()))
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests and waits until those that run are answered: at most 10 seconds, a relay
    /// 5 seconds more than its deployment may take. Delays that a fault asked for end at once.
    pub async fn stop(self) {
        self.stop.cancel();
        app::raise(&self.releases);
        self.connections.close();
        self.requests.close();
        let finished = async {
            self.connections.wait().await;
            self.requests.wait().await;
        };
        if tokio::time::timeout(self.patience, finished).await.is_err() {
            tracing::warn!("stopped while requests were still running");
        }
    }
}

fn campaigns(options: &Options) -> Result<Campaigns, String> {
    let Some(file) = &options.campaigns else {
        return Campaigns::parse(campaigns::DEFAULT)
            .map_err(|misfit| format!("the built-in campaigns are wrong {misfit}"));
    };
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    Campaigns::parse(&text).map_err(|misfit| format!("{} is wrong {misfit}", file.display()))
}
