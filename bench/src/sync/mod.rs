//! The first synchronisation of very many objects.

mod child;
mod seed;

use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context as _, Result};
use hookbox_tests::RealCluster;

use crate::child::{Child, of};
use crate::{Role, clock, guests, print, setup};

pub(crate) use child::{bare, operator};
pub(crate) use seed::cluster;

const REPEAT: usize = 3;

pub(crate) async fn measure() -> Result<()> {
    print::title(
        "8. From the start of an operator until its hook ran with all ConfigMaps of 1.85 KB, in a process of its own",
    );
    let folder = tempfile::tempdir()?;
    let place = folder.path();
    std::fs::write(place.join("trivial.wasm"), guests::trivial()?)?;
    let settings = hookbox_tests::Settings {
        controllers: false,
        ..hookbox_tests::Settings::default()
    };
    if let Some(real) = RealCluster::start(settings).await {
        let kubeconfig = real.kubeconfig();
        let client = setup::client(&kubeconfig).await?;
        let started = clock::now();
        if seed::real(&client).await? {
            print::row(
                "kube-apiserver with etcd, TLS: objects made in, s",
                started.elapsed().as_secs(),
            );
            return all(place, &kubeconfig).await;
        }
        print::row(
            "kube-apiserver",
            "not measured: there was no time to make the objects",
        );
    } else {
        print::row("kube-apiserver", "not measured: it cannot be had here");
    }
    let kubeconfig = place.join("kubeconfig");
    let mut cluster = Child::start(Role::SyncCluster, &[kubeconfig.as_os_str()])?;
    cluster.next().await?.context("the cluster process ended")?;
    print::line("embedded cluster over HTTP");
    all(place, &kubeconfig).await
}

async fn all(place: &Path, kubeconfig: &Path) -> Result<()> {
    let (component, cache) = (place.join("trivial.wasm"), place.join("cache"));
    let total: u32 = seed::NAMESPACES.iter().map(|(_, count)| count).sum();
    let [(small, few), _] = seed::NAMESPACES;
    let small = format!("{small}:{few}");
    // What is compiled once is compiled here.
    let start = |what: &str| {
        let arguments: [&OsStr; 4] = [
            component.as_os_str(),
            cache.as_os_str(),
            kubeconfig.as_os_str(),
            what.as_ref(),
        ];
        Child::start(Role::Sync, &arguments)
    };
    start(&format!("filter:{small}"))?.all().await?;
    for (count, place) in [(few, small), (total, format!("-:{total}"))] {
        print::line(format_args!("-- {count} ConfigMaps"));
        let mut bare = Vec::new();
        let mut full = Vec::new();
        let mut filter = Vec::new();
        for _ in 0..REPEAT {
            let what = format!("bare:{place}");
            let arguments: [&OsStr; 2] = [kubeconfig.as_os_str(), what.as_ref()];
            bare.push(Child::start(Role::SyncBare, &arguments)?.all().await?);
            full.push(start(&format!("full:{place}"))?.all().await?);
            filter.push(start(&format!("filter:{place}"))?.all().await?);
        }
        print::row(
            "only read and decoded (kube-runtime), s",
            of(&bare, "wall", 1.0),
        );
        print::row("  CPU time, s", of(&bare, "cpu", 1.0));
        for (what, said) in [
            ("full objects", &full),
            ("a jq filter, objects not kept", &filter),
        ] {
            print::row(
                &format!("{what}: until the hook ran, s"),
                of(said, "wall", 1.0),
            );
            print::row("  CPU time, s", of(said, "cpu", 1.0));
            print::row(
                "  CPU time of the process with its start, s",
                of(said, "process", 1.0),
            );
            print::row(
                "  kept by the operator's own count, MB",
                of(said, "held", 1e6),
            );
            print::row("  resident with no objects, MiB", of(said, "idle", MIB));
            print::row("  resident more, MiB", of(said, "more", MIB));
            print::row("  and at its peak, MiB", of(said, "peak-more", MIB));
        }
    }
    Ok(())
}

const MIB: f64 = 1024.0 * 1024.0;
