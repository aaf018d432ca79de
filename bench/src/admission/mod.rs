//! Reviews answered: how many, how fast, and in how much memory.

mod load;
mod review;
mod server;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::child::Child;
use crate::guests::Reads;
use crate::stats::Samples;
use crate::{Role, guests, print};

use load::Load;
pub(crate) use load::child as load;
pub(crate) use review::object;
pub(crate) use server::serve;

/// What CLUSTER.md's machine took for one review with Kubewarden's policy-server, in µs of CPU time: least and most.
const KUBEWARDEN: (f64, f64) = (650.0, 700.0);
/// The server's core, and that of who asks.
const CORES: (Option<usize>, Option<usize>) = (Some(0), Some(1));
const SECONDS: f64 = 4.0;
const REPEAT: usize = 3;
const STARTS: usize = 5;
/// How often two servers are compared.
const TURNS: usize = 9;

pub(crate) async fn measure() -> Result<()> {
    print::title(
        "7. Admission: reviews of a Pod over HTTPS with HTTP/1.1, the server and who asks on a core each",
    );
    let folder = tempfile::tempdir()?;
    let place = folder.path();
    server::certificate(place)?;
    print::row("review", format_args!("{} bytes", review::pod().len()));
    guests::admission(&place.join("one"), 1, 1, Reads::Labels)?;
    guests::admission(&place.join("whole"), 1, 1, Reads::Whole)?;
    guests::admission(&place.join("100"), 100, 1, Reads::Labels)?;
    guests::admission(&place.join("1000"), 100, 10, Reads::Labels)?;

    speed(
        place,
        "one",
        (1, 1),
        "one hook, which reads the labels",
        &[1, 10, 100],
    )
    .await?;
    speed(
        place,
        "whole",
        (1, 1),
        "one hook, which makes values of the whole Pod",
        &[10],
    )
    .await?;
    // What the loading of 100 costs where nothing is cached is in `start`.
    start(place, false).await?;
    speed(
        place,
        "100",
        (100, 1),
        "100 hooks of 100 components, in turn",
        &[10],
    )
    .await?;
    speed(place, "one", (0, 0), "no review: GET /healthz", &[10]).await?;
    start(place, true).await?;
    remembered(place).await?;
    memory(place).await
}

async fn server(place: &Path, hooks: &str, how: &str) -> Result<(Child, u16)> {
    let (hooks, cache) = (place.join(hooks), place.join("cache"));
    let mut server = Child::start_on(
        CORES.0,
        Role::Admission,
        &[
            hooks.as_os_str(),
            cache.as_os_str(),
            place.as_os_str(),
            how.as_ref(),
        ],
    )?;
    let (port, _) = server.expect("port").await?;
    Ok((server, port as u16))
}

/// Asks, and adds what the server took to what the asking process says: `cpu`, µs for one request.
async fn ask(place: &Path, server: &Child, load: Load) -> Result<BTreeMap<String, f64>> {
    let certificate = place.join(server::CERTIFICATE);
    let word = load.word();
    let mut child = Child::start_on(
        CORES.1,
        Role::Load,
        &[word.as_ref(), certificate.as_os_str()],
    )?;
    child.expect("begin").await?;
    let before = server.cpu_time();
    let (requests, _) = child.expect("requests").await?;
    let cpu = server.cpu_time().saturating_sub(before);
    let mut said = child.all().await?;
    let seconds = *said.get("seconds").context("its seconds")?;
    said.insert("requests".to_owned(), requests);
    said.insert("rate".to_owned(), requests / seconds);
    said.insert("cpu".to_owned(), cpu.as_secs_f64() * 1e6 / requests);
    Ok(said)
}

async fn speed(
    place: &Path,
    hooks: &str,
    (components, of_each): (usize, usize),
    what: &str,
    connections: &[usize],
) -> Result<()> {
    let (server, port) = server(place, hooks, server::PLAIN).await?;
    let mut all: BTreeMap<usize, Vec<BTreeMap<String, f64>>> = BTreeMap::new();
    // In turn, so that what else the machine does hits all alike.
    for _ in 0..REPEAT {
        for connections in connections {
            let load = Load {
                port,
                connections: *connections,
                seconds: SECONDS,
                components,
                hooks: of_each,
            };
            let said = ask(place, &server, load).await?;
            all.entry(*connections).or_default().push(said);
        }
    }
    for (connections, said) in &all {
        print::line(format_args!("-- {what}; connections: {connections}"));
        let series = |word: &str| Spread::of(said, word);
        print::row("requests per second", series("rate"));
        let cpu = series("cpu");
        print::row("CPU time of the server for each, µs", &cpu);
        for word in ["p50", "p90", "p99", "max"] {
            print::row(&format!("  {word} until the answer, µs"), series(word));
        }
        if components > 0 {
            let (low, high) = KUBEWARDEN;
            print::row(
                "requests per CPU second, times Kubewarden's",
                format_args!(
                    "{:.1} to {:.1} (target 5)",
                    low / cpu.median,
                    high / cpu.median
                ),
            );
        }
    }
    server.finish().await?;
    Ok(())
}

/// Until 100 different hooks can be asked.
async fn start(place: &Path, cached: bool) -> Result<()> {
    let mut listens = Samples::default();
    let (hooks, cache) = (place.join("100"), place.join("cache"));
    if !cached && cache.exists() {
        std::fs::remove_dir_all(&cache)?;
    }
    for _ in 0..if cached { STARTS } else { 1 } {
        let arguments: [&OsStr; 4] = [
            hooks.as_os_str(),
            cache.as_os_str(),
            place.as_os_str(),
            server::PLAIN.as_ref(),
        ];
        let mut server = Child::start(Role::Admission, &arguments)?;
        let (_, after) = server.expect("port").await?;
        listens.push(after.as_secs_f64() * 1e3);
        server.finish().await?;
    }
    let what = if cached { "cached" } else { "each is compiled" };
    print::line(format_args!(
        "-- start of 100 hooks of 100 components, {what}"
    ));
    let target = if cached { " (target 1000)" } else { "" };
    print::row(&format!("all loaded and served, ms{target}"), listens);
    Ok(())
}

/// What it costs that the last runs and events are remembered: in allocations, which always are the same, and in time.
async fn remembered(place: &Path) -> Result<()> {
    print::line("-- what the live commands cost, which remember the last runs; connections: 10");
    let load = |port, seconds| Load {
        port,
        connections: 10,
        seconds,
        components: 1,
        hooks: 1,
    };
    let mut counted = [0.0; 2];
    for (unseen, counted) in [server::PLAIN, server::UNSEEN]
        .into_iter()
        .zip(&mut counted)
    {
        let how = format!("{} {unseen}", server::COUNTED);
        let (mut server, port) = server(place, "one", &how).await?;
        // So that what is kept is full, and the oldest goes.
        ask(place, &server, load(port, 1.0)).await?;
        let allocations = |said: BTreeMap<String, f64>| said.get("allocations").copied();
        let before = allocations(server.tell().await?).context("its allocations")?;
        let said = ask(place, &server, load(port, 1.0)).await?;
        let after = allocations(server.tell().await?).context("its allocations")?;
        let requests: f64 = ["warm", "requests"]
            .iter()
            .filter_map(|w| said.get(*w))
            .sum();
        *counted = (after - before) / requests;
        server.finish().await?;
    }
    let [with, without] = counted;
    print::row(
        "allocations for each review: with, without",
        format_args!("{with:.1}, {without:.1}"),
    );
    let servers = [
        server(place, "one", server::PLAIN).await?,
        server(place, "one", server::UNSEEN).await?,
    ];
    let mut all = [Vec::new(), Vec::new()];
    for _ in 0..TURNS {
        for ((server, port), all) in servers.iter().zip(&mut all) {
            all.push(ask(place, server, load(*port, 1.0)).await?);
        }
    }
    let [with, without] = all.map(|said| Spread::of(&said, "cpu"));
    print::row("CPU time of the server for each, µs: with", &with);
    print::row("  without", &without);
    for (server, _) in servers {
        server.finish().await?;
    }
    Ok(())
}

async fn memory(place: &Path) -> Result<()> {
    for (hooks, components, of_each) in [("one", 1, 1), ("100", 100, 1), ("1000", 100, 10)] {
        let mut all = Vec::new();
        for _ in 0..REPEAT {
            let (mut server, port) = server(place, hooks, server::COUNTED).await?;
            let load = Load {
                port,
                connections: 10,
                seconds: 1.0,
                components,
                hooks: of_each,
            };
            ask(place, &server, load).await?;
            all.push(server.tell().await?);
            server.finish().await?;
        }
        let total = components * of_each;
        print::line(format_args!(
            "-- memory with {total} hooks of {components} components, all asked"
        ));
        for (name, word) in [
            ("resident memory, MB", "total"),
            ("  of it not from files, MB", "anonymous"),
            ("  at its peak, MB", "peak"),
            ("at the allocator, MB", "heap"),
        ] {
            print::row(name, crate::child::of(&all, word, 1e6));
        }
    }
    Ok(())
}

/// What several processes said of one thing.
struct Spread {
    low: f64,
    median: f64,
    high: f64,
}

impl Spread {
    fn of(all: &[BTreeMap<String, f64>], word: &str) -> Self {
        let mut samples = Samples::default();
        for one in all {
            samples.push(one.get(word).copied().unwrap_or(f64::NAN));
        }
        Self {
            low: samples.quantile(0.0),
            median: samples.median(),
            high: samples.quantile(1.0),
        }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { low, median, high } = self;
        write!(f, "{median:.1} ({low:.1} to {high:.1})")
    }
}
