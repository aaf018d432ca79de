//! Capabilities that can never be are told where they stand.
use hookbox_sdk::prelude::*;

#[hook(
    on_startup = 1,
    capabilities(
        kubernetes(kinds = ["Pod"], namespaces = ["team-*"], verbs = [get, delete]),
        http(hosts = ["https://a.example/x", "*"], ports = [0, "80"], methods = [get]),
        http(host = "a.example"),
        files(path = "srv"),
        files(mount = "/a"),
        environment(name = "A=B"),
        wallclock = true,
    )
)]
fn wants(_input: Input, _out: &mut Effects) {}

#[hook(on_startup = 2, capabilities = "all")]
fn all(_input: Input, _out: &mut Effects) {}

fn main() {}
