//! The JSON paths of printer columns.

use serde_json::Value;

/// The values at a path such as `.spec.ports[0].port`, `.status.conditions[?(@.type=="Ready")].status` or `.a['b.c']`.
pub(super) fn find<'a>(object: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut values = vec![object];
    for step in steps(path) {
        values = match step {
            Step::Key(key) => values
                .into_iter()
                .filter_map(|value| value.get(&key))
                .collect(),
            Step::Index(index) => values
                .into_iter()
                .filter_map(|value| {
                    let list = value.as_array()?;
                    let at = if index < 0 {
                        list.len().checked_sub(usize::try_from(-index).ok()?)?
                    } else {
                        usize::try_from(index).ok()?
                    };
                    list.get(at)
                })
                .collect(),
            Step::All => values
                .into_iter()
                .flat_map(|value| match value {
                    Value::Array(list) => list.iter().collect::<Vec<_>>(),
                    Value::Object(map) => map.values().collect(),
                    _ => Vec::new(),
                })
                .collect(),
            Step::Where { key, equal, wanted } => {
                let matches = |item: &&Value| {
                    let have = key
                        .split('.')
                        .fold(*item, |value, part| value.get(part).unwrap_or(&Value::Null));
                    let have = have
                        .as_str()
                        .map_or_else(|| have.to_string(), str::to_owned);
                    (have == wanted) == equal
                };
                values
                    .into_iter()
                    .filter_map(Value::as_array)
                    .flatten()
                    .filter(matches)
                    .collect()
            }
        };
    }
    values
}

enum Step {
    Key(String),
    Index(i64),
    All,
    Where {
        key: String,
        equal: bool,
        wanted: String,
    },
}

fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path
        .trim()
        .trim_start_matches('{')
        .trim_end_matches('}')
        .trim_start_matches('$');
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let end = if inner.starts_with('?') {
                inner.find(")]").map(|at| at + 1)
            } else {
                inner.find(']')
            };
            let Some(end) = end else { break };
            let (what, after) = (
                inner.get(..end).unwrap_or_default(),
                inner.get(end + 1..).unwrap_or_default(),
            );
            steps.extend(bracket(what));
            rest = after;
            continue;
        }
        rest = rest.trim_start_matches('.');
        // A dot can be escaped: `.metadata.labels.a\.b`.
        let mut key = String::new();
        let mut chars = rest.char_indices();
        let mut end = rest.len();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => key.extend(chars.next().map(|(_, c)| c)),
                '.' | '[' => {
                    end = at;
                    break;
                }
                _ => key.push(c),
            }
        }
        rest = rest.get(end..).unwrap_or_default();
        match key.as_str() {
            "" => {}
            "*" => steps.push(Step::All),
            _ => steps.push(Step::Key(key)),
        }
    }
    steps
}

fn bracket(what: &str) -> Option<Step> {
    if what == "*" {
        return Some(Step::All);
    }
    if let Some(condition) = what
        .strip_prefix("?(")
        .and_then(|what| what.strip_suffix(')'))
    {
        let (left, equal, right) = match (condition.split_once("=="), condition.split_once("!=")) {
            (Some((left, right)), _) => (left, true, right),
            (None, Some((left, right))) => (left, false, right),
            _ => return None,
        };
        let wanted = right.trim().trim_matches(['"', '\'']).to_owned();
        return Some(Step::Where {
            key: left.trim().trim_start_matches("@.").to_owned(),
            equal,
            wanted,
        });
    }
    match what.parse() {
        Ok(index) => Some(Step::Index(index)),
        Err(_) => Some(Step::Key(what.trim_matches(['"', '\'']).to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::find;
    use serde_json::json;

    #[test]
    fn paths() {
        let object = json!({"spec": {"ports": [{"port": 80}, {"port": 81}], "a.b": 1}, "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}]}});
        let one = |path: &str| find(&object, path).into_iter().cloned().collect::<Vec<_>>();
        assert_eq!(one(".spec.ports[1].port"), [json!(81)]);
        assert_eq!(one(".spec.ports[*].port"), [json!(80), json!(81)]);
        assert_eq!(one(".spec.ports[-1].port"), [json!(81)]);
        assert_eq!(
            one(".status.conditions[?(@.type==\"Ready\")].status"),
            [json!("True")]
        );
        assert_eq!(one(".spec['a.b']"), [json!(1)]);
        assert_eq!(one(".spec.a\\.b"), [json!(1)]);
        assert!(one(".nothing[0].here").is_empty());
    }
}
