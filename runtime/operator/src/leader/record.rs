//! What a Lease says: who holds it, and since when.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::options::LONGEST;

/// The duration of a lease that nobody holds, as client-go writes it.
const GIVEN_BACK: i64 = 1;

/// A Lease's `spec`, as far as it counts. Whatever stands there is only compared, never calculated with: clocks of other
/// machines say nothing about ours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Record {
    /// Who holds it; empty: nobody.
    pub(super) holder: String,
    /// How long after a sign of life it runs out.
    pub(super) seconds: Option<i64>,
    /// When the holder got it.
    pub(super) acquired: String,
    /// When it was renewed.
    pub(super) renewed: String,
    /// How often it changed hands.
    pub(super) transitions: i64,
}

impl Record {
    /// What an object says; what is no such value counts as absent.
    pub(super) fn of(object: &Value) -> Self {
        let spec = |field: &str| object.pointer(&format!("/spec/{field}"));
        let text = |field: &str| {
            spec(field)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Self {
            holder: text("holderIdentity"),
            seconds: spec("leaseDurationSeconds").and_then(Value::as_i64),
            acquired: text("acquireTime"),
            renewed: text("renewTime"),
            transitions: spec("leaseTransitions")
                .and_then(Value::as_i64)
                .unwrap_or_default(),
        }
    }

    /// Writes it into an object. Other fields of its `spec` stay.
    pub(super) fn put_into(&self, object: &mut Value) {
        if !object.is_object() {
            *object = json!({});
        }
        let fields = [
            ("holderIdentity", json!(self.holder)),
            ("leaseDurationSeconds", json!(self.seconds)),
            ("acquireTime", json!(self.acquired)),
            ("renewTime", json!(self.renewed)),
            ("leaseTransitions", json!(self.transitions)),
        ];
        let Some(object) = object.as_object_mut() else {
            return;
        };
        let spec = object
            .entry("spec")
            .and_modify(|spec| {
                if !spec.is_object() {
                    *spec = Value::Object(Map::new());
                }
            })
            .or_insert_with(|| Value::Object(Map::new()));
        if let Some(spec) = spec.as_object_mut() {
            spec.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        }
    }

    /// Taken over by `holder`.
    pub(super) fn taken(&self, holder: &str, seconds: i64, now: Timestamp) -> Self {
        let now = micro_time(now);
        let more = i64::from(self.holder != holder);
        Self {
            holder: holder.to_owned(),
            seconds: Some(seconds),
            acquired: now.clone(),
            renewed: now,
            // What the API takes: an int32 that is not negative.
            transitions: self
                .transitions
                .saturating_add(more)
                .clamp(0, i64::from(i32::MAX)),
        }
    }

    /// Renewed by who holds it.
    pub(super) fn renewed(&self, holder: &str, seconds: i64, now: Timestamp) -> Self {
        Self {
            holder: holder.to_owned(),
            seconds: Some(seconds),
            renewed: micro_time(now),
            ..self.clone()
        }
    }

    /// Given back, so that the next one need not wait: as client-go does it.
    pub(super) fn released(&self, now: Timestamp) -> Self {
        Self {
            holder: String::new(),
            seconds: Some(GIVEN_BACK),
            renewed: micro_time(now),
            ..self.clone()
        }
    }

    /// Whether its holder itself gave it back.
    pub(super) fn is_given_back(&self) -> bool {
        self.holder.is_empty() && self.seconds == Some(GIVEN_BACK)
    }

    /// How long nobody else may take it after a sign of life. Never less than our own lease duration: a holder counts on
    /// what it wrote, and somebody else may have written less in between.
    pub(super) fn runs_for(&self, own: Duration) -> Duration {
        let seconds = self.seconds.and_then(|s| u64::try_from(s).ok());
        seconds
            .map_or(own, Duration::from_secs)
            .min(LONGEST)
            .max(own)
    }

    /// Whether it is still the holder's of `mine`: renewed, or emptied by hand, but in nobody else's hands meanwhile.
    pub(super) fn continues(&self, mine: &Self) -> bool {
        (self.holder == mine.holder || self.holder.is_empty())
            && self.acquired == mine.acquired
            && self.transitions == mine.transitions
    }
}

/// As Kubernetes writes a `MicroTime`; it reads no other form.
fn micro_time(time: Timestamp) -> String {
    format!("{time:.6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn times_have_six_digits() {
        assert_eq!(micro_time(NOW), "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn nonsense_is_nobody() {
        for spec in [
            json!(null),
            json!("text"),
            json!([]),
            json!({"holderIdentity": 7, "leaseDurationSeconds": "15", "leaseTransitions": 1.5, "renewTime": {}}),
        ] {
            let mut object = json!({"metadata": {"name": "a"}, "spec": spec});
            assert_eq!(Record::of(&object), Record::default(), "{object}");
            let taken = Record::default().taken("me", 15, NOW);
            taken.put_into(&mut object);
            assert_eq!(Record::of(&object), taken);
            assert_eq!(object["metadata"]["name"], "a");
        }
        let mut nothing = json!(7);
        Record::default().put_into(&mut nothing);
        assert_eq!(Record::of(&nothing), Record::default());
    }

    #[test]
    fn fields_that_are_not_ours_stay() {
        let mut object =
            json!({"spec": {"strategy": "OldestEmulationVersion", "holderIdentity": "a"}});
        Record::default().taken("me", 15, NOW).put_into(&mut object);
        assert_eq!(object["spec"]["strategy"], "OldestEmulationVersion");
        assert_eq!(object["spec"]["holderIdentity"], "me");
    }

    #[test]
    fn transitions_count_hands_and_stay_in_their_range() {
        let transitions = |before: i64, holder: &str| {
            let record = Record {
                holder: holder.into(),
                transitions: before,
                ..Record::default()
            };
            record.taken("me", 15, NOW).transitions
        };
        assert_eq!(transitions(3, "other"), 4);
        assert_eq!(transitions(3, "me"), 3);
        assert_eq!(transitions(-9, "other"), 0);
        assert_eq!(transitions(i64::MAX, "other"), i64::from(i32::MAX));
    }

    #[test]
    fn a_lease_runs_for_at_least_our_time_and_at_most_ten_minutes() {
        let own = Duration::from_secs(15);
        let runs = |seconds| {
            let record = Record {
                seconds,
                ..Record::default()
            };
            record.runs_for(own).as_secs()
        };
        for (seconds, wanted) in [
            (None, 15),
            (Some(0), 15),
            (Some(-3), 15),
            (Some(1), 15),
            (Some(35), 35),
            (Some(i64::MAX), 600),
        ] {
            assert_eq!(runs(seconds), wanted, "{seconds:?}");
        }
    }
}
