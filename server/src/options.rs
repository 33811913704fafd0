//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

/// What `--help` prints.
pub const HELP: &str = "\
The session endpoint of Cartwright: a sandbox that stands in for the session part of the API.

Usage: cartwright-server [options]

  --port PORT        where it listens on 127.0.0.1 (8787); 0 takes a free port
  --db FILE          sessions are kept here (./sandbox.sqlite)
  --campaigns FILE   campaigns, declared attributes and costs (a built-in set)
  --static DIR       pages served at /
  --dist DIR         the built package, served at /dist/
  --forget-errors    a refused update is not remembered under its Idempotency-Key
  --help             this text

It prints `listening on http://127.0.0.1:PORT` when it is ready, and stops on SIGTERM or Ctrl-C
after finishing what runs. CARTWRIGHT_LOG=debug says more on standard error.
";

/// What the command line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Port on the loopback address; 0 takes a free one.
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
}

impl Default for Options {
    fn default() -> Options {
        Options {
            port: 8787,
            db: PathBuf::from("./sandbox.sqlite"),
            campaigns: None,
            pages: None,
            dist: None,
            remember_errors: true,
        }
    }
}

/// Reads the arguments after the program's name; none when help is asked for.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::{Long, Short, ValueExt};
    let mut options = Options::default();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("port") => options.port = parser.value()?.parse()?,
            Long("db") => options.db = parser.value()?.into(),
            Long("campaigns") => options.campaigns = Some(parser.value()?.into()),
            Long("static") => options.pages = Some(parser.value()?.into()),
            Long("dist") => options.dist = Some(parser.value()?.into()),
            Long("forget-errors") => options.remember_errors = false,
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
}
