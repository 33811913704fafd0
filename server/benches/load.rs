//! Load on the endpoint: `npm run bench:server`.
//!
//! One thread with 64 keep-alive connections over loopback, each with a session of its own and carts
//! of three lines. Bounded in count and, per measurement, in time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const CLIENTS: usize = 64;
/// Updates per measurement of throughput.
const BURST: usize = 20_000;
/// Updates per measurement of latency, and how many a second all clients send together.
const PACED: usize = 4_000;
const RATE: u32 = 500;
const ROUNDS: usize = 3;
const REQUESTS: usize = 100_000;
/// A measurement that takes longer is given up.
const LIMIT: Duration = Duration::from_secs(120);

/// An endpoint that ends with its value.
struct Endpoint {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Endpoint {
    fn start(arguments: &[&str]) -> Endpoint {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cartwright-server"));
        command.args(["--port", "0"]).args(arguments);
        if arguments.is_empty() {
            command.arg("--db").arg(folder.path().join("sandbox.sqlite"));
        }
        let mut child = command
            .env("CARTWRIGHT_API_KEY", "0123456789abcdef")
            .env("CARTWRIGHT_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().to_string();
        Endpoint { child, address, _folder: folder }
    }

    /// Resident memory in MiB, where the system tells it.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
        kib.unwrap_or(f64::NAN) / 1024.0
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What one measurement gave.
struct Figures {
    per_second: f64,
    p50: f64,
    p99: f64,
}

/// One update on an open connection; the answer must be a 200.
async fn update(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) {
    stream.write_all(request).await.unwrap();
    buffer.clear();
    loop {
        assert!(stream.read_buf(buffer).await.unwrap() > 0, "the connection was closed");
        let text = std::str::from_utf8(buffer).unwrap_or_default();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() == length.parse::<usize>().unwrap() {
            assert!(head.starts_with("HTTP/1.1 200"), "{text}");
            return;
        }
    }
}

fn request(client: usize, number: usize) -> String {
    let quantity = number % 9 + 1;
    let body = format!(
        r#"{{"customerSession":{{"profileId":"P{client}","cartItems":[{{"sku":"SKU-1","name":"Boots","category":"shoes","quantity":{quantity},"price":79.9}},{{"sku":"SKU-2","name":"Socks","quantity":3,"price":5.95}},{{"sku":"SKU-3","name":"Laces","quantity":1,"price":2.5}}],"couponCodes":["XMAS-20-2021"]}},"responseContent":["customerSession","loyalty"]}}"#
    );
    format!(
        "PUT /session-api/v2/customer_sessions/bench-{client} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends so many updates over all clients; with a pause, each client sends at its own fixed times.
async fn load(address: &str, updates: usize, pause: Option<Duration>) -> Figures {
    let each = updates / CLIENTS;
    let start = Instant::now();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let address = address.to_string();
        clients.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (mut buffer, mut times) = (Vec::with_capacity(16 << 10), Vec::with_capacity(each));
            let spread = u32::try_from(client).unwrap();
            for number in 0..each {
                if let Some(pause) = pause {
                    let due = pause * u32::try_from(number).unwrap()
                        + pause * spread / u32::try_from(CLIENTS).unwrap();
                    tokio::time::sleep_until((start + due).into()).await;
                }
                let sent = Instant::now();
                update(&mut stream, request(client, number).as_bytes(), &mut buffer).await;
                times.push(sent.elapsed());
            }
            times
        });
    }
    let mut times =
        tokio::time::timeout(LIMIT, clients.join_all()).await.expect("it takes too long").concat();
    let took = start.elapsed();
    times.sort();
    let at = |share: f64| {
        let index = (times.len() as f64 * share) as usize;
        times[index.min(times.len() - 1)].as_secs_f64() * 1000.0
    };
    Figures { per_second: times.len() as f64 / took.as_secs_f64(), p50: at(0.5), p99: at(0.99) }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let sandbox = Endpoint::start(&[]);
    let upstream = Endpoint::start(&[]);
    let relay = Endpoint::start(&["--upstream", &format!("http://{}/session-api", upstream.address)]);
    println!("{CLIENTS} keep-alive clients, carts of 3 lines with a coupon, loopback\n");
    load(&sandbox.address, BURST / 4, None).await;
    let mut alone = Vec::new();
    for _ in 0..ROUNDS {
        alone.push(load(&sandbox.address, BURST, None).await);
    }
    let of = |figures: &[Figures], read: fn(&Figures) -> f64| median(figures.iter().map(read).collect());
    println!(
        "sandbox, as fast as it can: {:.0} updates/s, p50 {:.2} ms, p99 {:.2} ms",
        of(&alone, |figures| figures.per_second),
        of(&alone, |figures| figures.p50),
        of(&alone, |figures| figures.p99)
    );
    load(&relay.address, BURST / 4, None).await;
    let (mut direct, mut relayed, mut direct_paced, mut relayed_paced) = (vec![], vec![], vec![], vec![]);
    let pause = Duration::from_secs(1) * u32::try_from(CLIENTS).unwrap() / RATE;
    for _ in 0..ROUNDS {
        direct.push(load(&upstream.address, BURST, None).await);
        relayed.push(load(&relay.address, BURST, None).await);
        direct_paced.push(load(&upstream.address, PACED, Some(pause)).await);
        relayed_paced.push(load(&relay.address, PACED, Some(pause)).await);
    }
    let (straight, through) = (of(&direct, |f| f.per_second), of(&relayed, |f| f.per_second));
    println!(
        "relay, as fast as it can: {through:.0} updates/s, its upstream directly {straight:.0}: {:.2} of it",
        through / straight
    );
    let (straight, through) = (of(&direct_paced, |f| f.p50), of(&relayed_paced, |f| f.p50));
    println!(
        "relay, {RATE} updates/s: p50 {through:.2} ms, p99 {:.2} ms; its upstream directly p50 {straight:.2} ms, p99 {:.2} ms: p50 {:.2} ms more",
        of(&relayed_paced, |f| f.p99),
        of(&direct_paced, |f| f.p99),
        through - straight
    );
    println!("\nresident memory in MiB after so many requests");
    println!("requests  relay  its upstream");
    let mut done = 0;
    while done < REQUESTS {
        load(&relay.address, REQUESTS / 5, None).await;
        done += REQUESTS / 5;
        println!("{done:8}  {:5.1}  {:5.1}", relay.memory(), upstream.memory());
    }
}
