//! What one may write at first: each is told once, with what to write.
use hookbox_sdk::prelude::*;

const LABELS: &str = "app=web";

struct Plain {
    pods: Vec<String>,
}

#[derive(Snapshots)]
struct Watches {
    #[watch]
    bare: Vec<String>,
    #[watch(kind = Pod)]
    ident: Vec<String>,
    #[watch(knid = "Pod")]
    misspelt: Vec<String>,
    #[watch("Pod")]
    keyless: Vec<String>,
    #[watch(kind = "Pod", jq = include_str!("x.jq"), labels = LABELS)]
    outside: Vec<String>,
}

#[hook(on_startup = 1)]
fn underived(input: Input<Plain>, _out: &mut Effects) {
    info!("{}", input.pods.len());
}

#[hook]
fn borrowed(_input: Input<&Watches>, _out: &mut Effects) {}

#[hook(schedule("* * * * *"))]
fn keyless(_input: Input, _out: &mut Effects) {}

#[hook(schedule(cron = "* * * * *"), schedule(name = "b", crontab = 5))]
fn misspelt(_input: Input, _out: &mut Effects) {}

fn main() {}
