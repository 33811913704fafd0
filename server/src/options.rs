//! The command line.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::{HeaderValue, Uri};

use crate::relay::policy;

/// What `--help` prints.
pub const HELP: &str = "\
The session endpoint of Cartwright. Checkouts in browsers talk to it at /session-api.

Usage: cartwright-server [options]                          sandbox
       cartwright-server --upstream URL [options]           relay

Without --upstream it is a SANDBOX: it plays the session part of the Integration API by itself,
with made-up campaigns, for development and tests. It needs no account.

With --upstream it is a RELAY: it checks what browsers send, adds the API key, and passes it on to
your deployment. The key never reaches a browser. It comes from a file or from the environment,
because everybody on the machine can read a command line:

  CARTWRIGHT_API_KEY=... cartwright-server --upstream https://yourbaseurl.talon.one

Both:
  --host ADDRESS           IP address to listen on (127.0.0.1; in a container 0.0.0.0)
  --port PORT              port to listen on (8787); 0 takes a free one
  --static DIR             pages served at /
  --dist DIR               the built package, served at /dist/
  --idle-timeout SECONDS   how long the head of a request may take, and a connection be idle (75)
  --body-timeout SECONDS   how long the body of a request may take (30)
  --log-format FORMAT      text or json (text)
  --help, --version

Sandbox:
  --db FILE                sessions are kept here (./sandbox.sqlite)
  --campaigns FILE         campaigns, declared attributes and costs (a built-in set)
  --forget-errors          a refused update is not remembered under its Idempotency-Key

Relay:
  --upstream URL           base address of the deployment; https, or http on this machine
  --api-key-file FILE      file that holds the key (otherwise CARTWRIGHT_API_KEY)
  --upstream-ca FILE       PEM file with further certificate authorities to trust
  --upstream-timeout SECONDS
                           how long the deployment may take to answer (10)
  --allow-browser-close    browsers may close, cancel and reopen sessions and give items back;
                           leave it out when your back end closes orders after payment
  --allow-content WORDS    further words of responseContent that browsers may ask for, separated
                           by commas (always allowed: customerSession,loyalty,referral,coupons)

It prints `listening on http://ADDRESS:PORT` when it is ready, logs to standard error, and stops on
SIGTERM or Ctrl-C after finishing what runs. CARTWRIGHT_LOG=debug says more, =warn less.
GET /healthz answers 200 while it runs. The whole story: docs/endpoint.md.
";

/// What the command line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Address that it listens on.
    pub host: IpAddr,
    /// Port that it listens on; 0 takes a free one.
    pub port: u16,
    /// The SQLite file.
    pub db: PathBuf,
    /// The campaigns file; none uses the built-in one.
    pub campaigns: Option<PathBuf>,
    /// Folder of the pages at `/`.
    pub pages: Option<PathBuf>,
    /// Folder of the built package at `/dist/`.
    pub dist: Option<PathBuf>,
    /// Whether a refused update is remembered under its `Idempotency-Key`.
    pub remember_errors: bool,
    /// How long the head of a request may take, and a connection be idle.
    pub idle_timeout: Duration,
    /// How long the body of a request may take.
    pub body_timeout: Duration,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// Where requests are passed on to; none is the sandbox.
    pub relay: Option<RelayOptions>,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// What a relay needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayOptions {
    /// Base address of the deployment, without a slash at its end.
    pub upstream: String,
    /// The key of the deployment.
    pub key: ApiKey,
    /// PEM file with further certificate authorities.
    pub ca: Option<PathBuf>,
    /// How long the deployment may take to answer.
    pub timeout: Duration,
    /// Whether browsers may move sessions between states.
    pub allow_browser_close: bool,
    /// Words of `responseContent` that browsers may ask for beside the usual ones.
    pub allow_content: Vec<String>,
}

/// The key of a deployment, as the header that carries it; its debug form does not show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey(HeaderValue);

impl ApiKey {
    /// Reads a key. The error is a sentence that says what to do, and does not repeat the key.
    pub fn new(text: &str) -> Result<ApiKey, &'static str> {
        let key = text.trim();
        if key.is_empty() {
            return Err("is empty; put the key of your Application there");
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("holds more than a key; put nothing there but the key, without ApiKey-v1 before it");
        }
        let mut header = HeaderValue::from_str(&format!("ApiKey-v1 {key}")).map_err(|_| "holds no key")?;
        header.set_sensitive(true);
        Ok(ApiKey(header))
    }

    /// The value of the `Authorization` header.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8787,
            db: PathBuf::from("./sandbox.sqlite"),
            campaigns: None,
            pages: None,
            dist: None,
            remember_errors: true,
            // Longer than the 60 s of common load balancers, which must be the first to give up an
            // idle connection.
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(30),
            log_format: LogFormat::Text,
            relay: None,
        }
    }
}

/// What a command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// To run.
    Run(Box<Options>),
    /// [`HELP`].
    Help,
    /// The version.
    Version,
}

/// A mistake on the command line, as a sentence that says what to do.
#[derive(Debug)]
pub struct Mistake(String);

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<lexopt::Error> for Mistake {
    fn from(error: lexopt::Error) -> Mistake {
        Mistake(error.to_string())
    }
}

fn mistake<T>(text: impl Into<String>) -> Result<T, Mistake> {
    Err(Mistake(text.into()))
}

/// Options of one mode that were given, by name.
#[derive(Default)]
struct Given {
    sandbox: Vec<&'static str>,
    relay: Vec<&'static str>,
}

/// Reads the arguments after the program's name; `key` is what `CARTWRIGHT_API_KEY` holds.
pub fn parse(arguments: impl IntoIterator<Item = OsString>, key: Option<&OsStr>) -> Result<Request, Mistake> {
    use lexopt::prelude::{Long, Short, ValueExt};
    let mut options = Options::default();
    let mut given = Given::default();
    let (mut upstream, mut key_file, mut ca) = (None, None, None);
    let (mut timeout, mut allow_browser_close, mut allow_content) =
        (Duration::from_secs(10), false, Vec::new());
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("host") => options.host = parser.value()?.parse()?,
            Long("port") => options.port = parser.value()?.parse()?,
            Long("static") => options.pages = Some(parser.value()?.into()),
            Long("dist") => options.dist = Some(parser.value()?.into()),
            Long("idle-timeout") => options.idle_timeout = seconds("--idle-timeout", &parser.value()?)?,
            Long("body-timeout") => options.body_timeout = seconds("--body-timeout", &parser.value()?)?,
            Long("log-format") => options.log_format = log_format(&parser.value()?)?,
            Long("db") => {
                given.sandbox.push("--db");
                options.db = parser.value()?.into();
            }
            Long("campaigns") => {
                given.sandbox.push("--campaigns");
                options.campaigns = Some(parser.value()?.into());
            }
            Long("forget-errors") => {
                given.sandbox.push("--forget-errors");
                options.remember_errors = false;
            }
            Long("upstream") => upstream = Some(base(&parser.value()?.string()?)?),
            Long("api-key-file") => {
                given.relay.push("--api-key-file");
                key_file = Some(PathBuf::from(parser.value()?));
            }
            Long("upstream-ca") => {
                given.relay.push("--upstream-ca");
                ca = Some(PathBuf::from(parser.value()?));
            }
            Long("upstream-timeout") => {
                given.relay.push("--upstream-timeout");
                timeout = seconds("--upstream-timeout", &parser.value()?)?;
            }
            Long("allow-browser-close") => {
                given.relay.push("--allow-browser-close");
                allow_browser_close = true;
            }
            Long("allow-content") => {
                given.relay.push("--allow-content");
                allow_content = content(&parser.value()?.string()?)?;
            }
            Long("help") | Short('h') => return Ok(Request::Help),
            Long("version") | Short('V') => return Ok(Request::Version),
            other => return Err(other.unexpected().into()),
        }
    }
    match (upstream, given.sandbox.first(), given.relay.first()) {
        (Some(_), Some(name), _) => {
            return mistake(format!("{name} belongs to the sandbox; leave it or --upstream out"));
        }
        (None, _, Some(name)) => {
            return mistake(format!("{name} belongs to the relay; say where to with --upstream URL"));
        }
        (None, _, None) => {}
        (Some(upstream), None, _) => {
            let key = api_key(key_file.as_deref(), key)?;
            options.relay =
                Some(RelayOptions { upstream, key, ca, timeout, allow_browser_close, allow_content });
        }
    }
    Ok(Request::Run(Box::new(options)))
}

fn seconds(name: &str, value: &OsStr) -> Result<Duration, Mistake> {
    match value.to_str().and_then(|value| value.parse().ok()) {
        Some(seconds @ 1..=3600) => Ok(Duration::from_secs(seconds)),
        _ => mistake(format!("{name} takes whole seconds from 1 to 3600")),
    }
}

fn log_format(value: &OsStr) -> Result<LogFormat, Mistake> {
    match value.to_str() {
        Some("text") => Ok(LogFormat::Text),
        Some("json") => Ok(LogFormat::Json),
        _ => mistake("--log-format takes text or json"),
    }
}

/// Checks a base address; the key must not cross a network in the clear.
fn base(text: &str) -> Result<String, Mistake> {
    let example = "an address such as https://yourbaseurl.talon.one is expected";
    let Ok(address) = text.parse::<Uri>() else {
        return mistake(format!("--upstream cannot be read; {example}"));
    };
    let (Some(scheme), Some(authority)) = (address.scheme_str(), address.authority()) else {
        return mistake(format!("--upstream lacks https:// or a host; {example}"));
    };
    if authority.as_str().contains('@') || address.query().is_some() {
        return mistake(format!("--upstream takes no user, password or query; {example}"));
    }
    let host = authority.host().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback());
    match scheme {
        "https" => {}
        "http" if is_here => {}
        "http" => {
            return mistake("--upstream must be https, because the key would cross the network in the clear");
        }
        _ => return mistake(format!("--upstream must be https; {example}")),
    }
    Ok(text.trim_end_matches('/').to_string())
}

fn content(words: &str) -> Result<Vec<String>, Mistake> {
    let words: Vec<String> = words.split(',').map(str::trim).map(str::to_string).collect();
    match words.iter().find(|word| !policy::CONTENT.contains(&word.as_str())) {
        None => Ok(words),
        Some(word) => {
            mistake(format!("--allow-content does not know {word:?}; it takes {}", policy::CONTENT.join(",")))
        }
    }
}

fn api_key(file: Option<&Path>, environment: Option<&OsStr>) -> Result<ApiKey, Mistake> {
    let (text, place) = match (file, environment) {
        (Some(_), Some(_)) => {
            return mistake("both --api-key-file and CARTWRIGHT_API_KEY are there; leave one of them out");
        }
        (None, None) => {
            return mistake(
                "a relay needs the key of its Application: put it into a file that only this user may read \
                 and name it with --api-key-file FILE, or into the environment as CARTWRIGHT_API_KEY",
            );
        }
        (None, Some(text)) => (text.to_string_lossy().into_owned(), "CARTWRIGHT_API_KEY".to_string()),
        (Some(file), None) => match std::fs::read_to_string(file) {
            Ok(text) => (text, file.display().to_string()),
            Err(error) => return mistake(format!("{} cannot be read: {error}", file.display())),
        },
    };
    ApiKey::new(&text).map_err(|what| Mistake(format!("{place} {what}")))
}
