//! Serves an empty cluster for kubectl: `cargo run -p hookbox-cluster --example serve > kubeconfig`.

// An example prints.
#![allow(clippy::print_stdout)]

use std::net::{Ipv4Addr, SocketAddr};

use hookbox_cluster::Cluster;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let server = Cluster::new()
        .listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await?;
    println!("{}", server.kubeconfig());
    tokio::signal::ctrl_c().await?;
    server.shutdown().await;
    Ok(())
}
