//! The session endpoint as a program.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use cartwright_server::options::{self, HELP, LogFormat, Options, Request};
use tracing::level_filters::LevelFilter;

fn main() -> ExitCode {
    let key = std::env::var_os("CARTWRIGHT_API_KEY");
    let options = match options::parse(std::env::args_os().skip(1), key.as_deref()) {
        Ok(Request::Run(options)) => options,
        Ok(Request::Help) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(Request::Version) => {
            println!("cartwright-server {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Err(mistake) => return failed(&format!("{mistake}\nAsk with --help.")),
    };
    log_to_stderr(options.log_format);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("no threads to be had: {error}")),
    };
    match runtime.block_on(run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn log_to_stderr(format: LogFormat) {
    let level = std::env::var("CARTWRIGHT_LOG")
        .ok()
        .and_then(|level| level.parse().ok())
        .unwrap_or(LevelFilter::INFO);
    let is_terminal = std::io::stderr().is_terminal();
    let lines =
        tracing_subscriber::fmt().with_max_level(level).with_ansi(is_terminal).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).init(),
    }
}

fn failed(message: &str) -> ExitCode {
    eprintln!("cartwright-server: {message}");
    ExitCode::from(2)
}

async fn run(options: &Options) -> Result<(), String> {
    let stop = stop_signal()?;
    let server = cartwright_server::start(options).await?;
    let mut out = std::io::stdout();
    // Whoever started it may have stopped reading; it serves all the same.
    let _ = writeln!(out, "listening on http://{}", server.address());
    let _ = out.flush();
    stop.await;
    server.stop().await;
    Ok(())
}

/// Resolves at SIGTERM or SIGINT; listens from the call on, so that an early signal is not lost.
#[cfg(unix)]
fn stop_signal() -> Result<impl Future<Output = ()>, String> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|error| format!("signals cannot be heard: {error}"));
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Resolves at Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> Result<impl Future<Output = ()>, String> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
