//! The session endpoint as a program.

use std::io::Write;
use std::process::ExitCode;

use cartwright_server::options::{self, HELP, Options};
use tracing::level_filters::LevelFilter;

fn main() -> ExitCode {
    let options = match options::parse(std::env::args_os().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => return failed(&format!("{error}\nAsk with --help.")),
    };
    let level = std::env::var("CARTWRIGHT_LOG")
        .ok()
        .and_then(|level| level.parse().ok())
        .unwrap_or(LevelFilter::INFO);
    tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("no threads to be had: {error}")),
    };
    match runtime.block_on(run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
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
