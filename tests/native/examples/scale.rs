//! What a server is asked per second when a deploy reaches many clients in the same instant: `npm run scale`, with how many
//! clients and how many of them are played: `npm run scale -- 100000 4000`.
//!
//! A client that is played is the real core, driver and machine, in a world of its own (`core::fakes`): the same server,
//! another chance. What it asks is written down with its time, and counts for as many clients as it stands for. The
//! requests are counted per second, as a server alone sees them, and as it sees them behind a cache that keeps answers
//! for as long as Electric's and the handlers' headers say, and passes on one of several that ask for the same.
#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    reason = "a program that prints figures: it ends where something is wrong with it"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Instant;

use electric_replica_core::config::{Config, Limits};
use electric_replica_core::fakes::{Call, Kind, World};
use electric_replica_core::host::Sight;
use electric_replica_core::machine::Ask;
use electric_replica_tests::{config, release, row};

/// After the deploy's first write, in milliseconds: a hidden tab's minute, and what follows from its look.
const WATCHED_MS: u64 = 75_000;
/// Tables, of which the deploy changes the first two.
const TABLES: usize = 6;
const CHANGED: usize = 2;

/// What is asked, as a server tells it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Version,
    Schemas,
    /// `offset=-1`, the further chunks, and the log.
    Shape,
    /// A long poll.
    Live,
}

const KINDS: [Asked; 4] = [Asked::Version, Asked::Schemas, Asked::Shape, Asked::Live];

/// One request: when, in milliseconds after the write; what; and the address by which a cache knows it.
type Request = (u64, Asked, String);

/// For how long a cache keeps an answer, in milliseconds.
struct Cache {
    version_ms: u64,
    schemas_ms: u64,
}

impl Cache {
    /// As Electric's own headers say (tests/golden/electric), counted from the question.
    fn keeps_ms(&self, asked: Asked, url: &str) -> u64 {
        match asked {
            Asked::Version => self.version_ms,
            Asked::Schemas => self.schemas_ms,
            Asked::Shape if url.contains("offset=-1") => 3_600_000,
            Asked::Shape => 60_000,
            // Held for twenty seconds, kept for five.
            Asked::Live => 25_000,
        }
    }
}

/// What a deploy is like for one client.
#[derive(Clone, Copy)]
struct Scene {
    spread_ms: u64,
    /// Of a hundred tabs, how many nobody looks at.
    hidden: u64,
}

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|arg| arg.parse::<u64>().ok());
    let clients = numbers.next().unwrap_or(100_000);
    let played = numbers.next().unwrap_or(4_000).min(clients);
    let weight = clients / played;
    let began = Instant::now();
    let mut out = format!(
        "{} clients, {} played; {TABLES} tables, of which a deploy changes {CHANGED}\n\n",
        grouped(clients),
        grouped(played)
    );
    head(&mut out);
    for (name, scene) in [
        (
            "`spreadMs: 0`",
            Scene {
                spread_ms: 0,
                hidden: 0,
            },
        ),
        (
            "`spreadMs: 5000`, all looked at",
            Scene {
                spread_ms: 5_000,
                hidden: 0,
            },
        ),
        (
            "`spreadMs: 5000`, 80 % hidden",
            Scene {
                spread_ms: 5_000,
                hidden: 80,
            },
        ),
        (
            "`spreadMs: 30000`, all looked at",
            Scene {
                spread_ms: 30_000,
                hidden: 0,
            },
        ),
    ] {
        let mut requests = Vec::new();
        for client in 0..played {
            requests.extend(follow(client, scene));
        }
        requests.sort_unstable();
        rows(&mut out, name, weight, &requests);
        eprintln!(
            "{name}: {} requests, {:.0} s so far",
            requests.len(),
            began.elapsed().as_secs_f64()
        );
    }
    println!("{out}");
}

/// Has one client follow a server through a deploy. Answers what it asks from the deploy's first write on.
fn follow(client: u64, scene: Scene) -> Vec<Request> {
    let lines = |more: &str| -> Vec<String> {
        let more = |table| if table < CHANGED { more } else { "" };
        (0..TABLES)
            .map(|table| format!("t{table}: id int4 | v text{}", more(table)))
            .collect()
    };
    let named =
        |version: &str, lines: &[String]| release(version, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    let limits = Limits {
        spread_ms: scene.spread_ms,
        piece_bytes: Limits::default().piece_bytes,
        live_connections: TABLES,
        ..config().limits
    };
    let world = World::new(
        vec![named("1", &lines("")), named("2", &lines(" | more text"))],
        Config { limits, ..config() },
    );
    world.seed((client + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    world.set_piece(1 << 20);
    let written = |id: u64| {
        let rows = (0..TABLES).map(|table| (format!("t{table}"), Ok(row(&format!("id={id}, v=v")))));
        rows.collect()
    };
    for id in 0..5 {
        world.commit(written(id));
    }
    if client % 100 < scene.hidden {
        world.set_sight(Sight::Hidden);
    }
    let replica = world.open();
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    world.pass(1_000);
    world.deploy(1);
    let (since, before) = (world.now_ms(), world.calls().len());
    world.commit(written(9));
    world.pass(WATCHED_MS);
    assert_eq!(world.difference(), None, "client {client}");
    let calls = world.calls().split_off(before);
    calls.into_iter().filter_map(|call| request(call, since)).collect()
}

fn request(call: Call, since: u64) -> Option<Request> {
    let asked = match call.kind {
        Kind::Ask if call.what == "Version" => Asked::Version,
        Kind::Ask => Asked::Schemas,
        Kind::Open if call.what.contains("live=true") => Asked::Live,
        Kind::Open => Asked::Shape,
        _ => return None,
    };
    Some((call.at_ms - since, asked, call.what))
}

/// Requests that reach the server, per second and kind.
fn reaching(requests: &[Request], weight: u64, cache: Option<&Cache>) -> BTreeMap<Asked, Vec<u64>> {
    let seconds = usize::try_from(WATCHED_MS / 1_000).unwrap();
    let mut reach: BTreeMap<Asked, Vec<u64>> = KINDS.map(|asked| (asked, vec![0; seconds + 1])).into();
    let mut fresh: BTreeMap<&str, u64> = BTreeMap::new();
    for (at, asked, url) in requests {
        let keeps_ms = cache.map_or(0, |cache| cache.keeps_ms(*asked, url));
        if fresh.get(url.as_str()).is_some_and(|until| at < until) {
            continue;
        }
        fresh.insert(url, at + keeps_ms);
        let second = usize::try_from(at / 1_000).unwrap();
        reach.get_mut(asked).unwrap()[second] += if keeps_ms > 0 { 1 } else { weight };
    }
    reach
}

fn head(out: &mut String) {
    let _ = write!(out, "| clients | the server sees |");
    for asked in KINDS {
        let _ = write!(out, " {asked:?}, most in a second | {asked:?}, in all |");
    }
    let _ = write!(out, "\n|---|---|{}\n", "---:|---:|".repeat(KINDS.len()));
}

fn rows(out: &mut String, name: &str, weight: u64, requests: &[Request]) {
    let kept = |version_ms, schemas_ms| Cache { version_ms, schemas_ms };
    for (seen, cache) in [
        ("every request", None),
        ("behind a cache, `no-cache`", Some(kept(0, 0))),
        ("behind a cache, `s-maxage=2`", Some(kept(2_000, 2_000))),
    ] {
        let _ = write!(out, "| {name} | {seen} |");
        for counts in reaching(requests, weight, cache.as_ref()).values() {
            let (most, all) = (counts.iter().max().unwrap(), counts.iter().sum::<u64>());
            let _ = write!(out, " {} | {} |", grouped(*most), grouped(all));
        }
        out.push('\n');
    }
    let versions = &reaching(requests, weight, None)[&Asked::Version];
    let top = *versions.iter().max().unwrap() as f64;
    let bars = versions
        .iter()
        .map(|count| bar(*count as f64 / top))
        .collect::<String>();
    eprintln!("{name}: version requests, a second each\n{bars}");
}

fn bar(share: f64) -> char {
    let bars = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let eighths = (1..=8).filter(|eighth| share * 8.0 > f64::from(*eighth) - 1.0).count();
    bars[eighths]
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let places = digits.len();
    let mut out = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (places - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
