//! What a shell hook does with one jq: reads its snapshot and patches a ConfigMap. The script is in `src/native/hook.sh`.

use hookbox_sdk::prelude::*;

/// What the filter keeps of a ConfigMap.
#[derive(Debug, Clone, serde::Deserialize)]
struct Source {
    name: String,
    number: String,
}

#[derive(Snapshots)]
struct Watches {
    #[watch(
        kind = "ConfigMap",
        namespace = "default",
        labels = "lane=any",
        jq = "{name: .metadata.name, number: .data.number}"
    )]
    maps: Vec<Source>,
}

/// Says in another ConfigMap what the changed one has, and the sum over all.
fn work(input: &Input<Watches>, out: &mut Effects) -> Result {
    let Trigger::Event(event) = input.last()? else {
        return Ok(());
    };
    let changed: Source = event.filter_result()?;
    let mut sum: u64 = 0;
    for source in &input.maps {
        sum += source.number.parse::<u64>().context("a number")?;
    }
    let result = ObjectRef::config_map("default", format!("result-of-{}", changed.name));
    out.merge_patch(
        result,
        &json!({"data": {"seen": changed.number, "sum": sum.to_string()}}),
    );
    Ok(())
}

#[hook]
fn lane_0(input: Input<Watches>, out: &mut Effects) -> Result {
    work(&input, out)
}

#[hook]
fn lane_1(input: Input<Watches>, out: &mut Effects) -> Result {
    work(&input, out)
}

#[hook]
fn lane_2(input: Input<Watches>, out: &mut Effects) -> Result {
    work(&input, out)
}

#[hook]
fn lane_3(input: Input<Watches>, out: &mut Effects) -> Result {
    work(&input, out)
}

hookbox_sdk::export!(lane_0, lane_1, lane_2, lane_3);
