//! Objects as rows and columns: what `kubectl get` prints.

mod cells;
mod column;
mod columns;
mod path;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::clock;
use crate::kinds::Kind;
use crate::store::Stored;
use crate::tree::Tree;
use column::Column;

/// A `meta.k8s.io/v1` Table. `include` is the query parameter `includeObject`.
pub(crate) fn of(
    kind: &Kind,
    objects: &[Arc<Stored>],
    include: &str,
    meta: Value,
    with_columns: bool,
) -> Value {
    let columns = columns::of(kind);
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| row(&columns, object, include))
        .collect();
    let definitions: Vec<Value> = if with_columns {
        columns.iter().map(Column::definition).collect()
    } else {
        Vec::new()
    };
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "columnDefinitions": definitions, "rows": rows})
}

fn row(columns: &[Column], object: &Stored, include: &str) -> Value {
    let mut value = object.value();
    let cells: Vec<Value> = columns.iter().map(|column| column.cell(&value)).collect();
    match include {
        "None" => json!({"cells": cells}),
        "Object" => json!({"cells": cells, "object": value}),
        _ => {
            json!({"cells": cells, "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": value.cut("metadata")}})
        }
    }
}

/// An age as kubectl writes it: `5s`, `3m20s`, `2d4h`, `1y30d`.
fn age(stamp: &Value) -> Value {
    match stamp.as_str().and_then(clock::age) {
        Some(seconds) => duration(seconds).into(),
        None => "<unknown>".into(),
    }
}

fn duration(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let two = |big: i64, unit: char, small: i64, small_unit: char| {
        if small == 0 {
            format!("{big}{unit}")
        } else {
            format!("{big}{unit}{small}{small_unit}")
        }
    };
    match seconds {
        ..0 => "0s".into(),
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, 'm', seconds % 60, 's'),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, 'h', minutes % 60, 'm'),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, 'd', hours % 24, 'h'),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => two(days / 365, 'y', days % 365, 'd'),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_written_as_kubectl_does() {
        let written: Vec<String> = [
            0, 119, 120, 200, 600, 7200, 11_000, 30_000, 180_000, 700_000, 70_000_000,
        ]
        .map(duration)
        .to_vec();
        assert_eq!(
            written,
            [
                "0s", "119s", "2m", "3m20s", "10m", "120m", "3h3m", "8h", "2d2h", "8d", "2y80d"
            ]
        );
    }
}
