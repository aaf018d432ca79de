//! How a leader is elected.

use std::time::Duration;

/// The longest lease that is believed: who holds one for longer, or writes nonsense into it by hand, would keep all
/// others out.
pub(super) const LONGEST: Duration = Duration::from_secs(600);
/// The shortest time between two looks at the lease.
const SHORTEST: Duration = Duration::from_millis(100);
/// Bytes that the name of a replica may have: what is added to it must fit too.
const MAX_IDENTITY: usize = 200;

/// Which Lease (`coordination.k8s.io/v1`) makes one of several replicas the leader, and how fast it changes hands.
///
/// The default times are those of Kubernetes' own controllers: whoever takes over after a crash begins about 15 s later.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeaderOptions {
    /// The Lease's namespace.
    pub namespace: String,
    /// The Lease's name. Replicas of one deployment share it; two deployments must not.
    pub name: String,
    /// What this replica is called, as a rule the pod's name. A few random digits are added to it, so that a process
    /// that was started again never takes its predecessor's lease for its own.
    pub identity: String,
    /// How long others wait after the leader's last sign of life before one of them takes over. Default 15 s.
    pub lease_duration: Duration,
    /// How long after its last renewal a leader that cannot renew stops to change anything. Default 10 s.
    pub renew_deadline: Duration,
    /// Time between two renewals, and between two looks of those who stand by. Default 2 s.
    pub retry_period: Duration,
}

impl LeaderOptions {
    /// With the default times.
    #[must_use]
    pub fn new(
        namespace: impl Into<String>,
        name: impl Into<String>,
        identity: impl Into<String>,
    ) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            identity: identity.into(),
            lease_duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry_period: Duration::from_secs(2),
        }
    }

    /// Whether an election by these is safe.
    ///
    /// # Errors
    /// Times that are not `retry period < renew deadline < lease duration`, and names that Kubernetes does not take.
    pub fn check(&self) -> Result<(), LeaderOptionsError> {
        let (retry, renew, lease) = (self.retry_period, self.renew_deadline, self.lease_duration);
        let times = |problem| Err(LeaderOptionsError::Times { problem });
        if retry < SHORTEST {
            return times("the retry period is less than 100 ms");
        }
        // One attempt that fails must leave time for another.
        if renew < retry.saturating_mul(2) {
            return times("the renew deadline is less than two retry periods");
        }
        if lease <= renew {
            return times("the lease duration is not more than the renew deadline");
        }
        if lease > LONGEST {
            return times("the lease duration is more than 10 min");
        }
        if !is_label(&self.namespace) {
            return Err(LeaderOptionsError::Name {
                what: "namespace",
                name: self.namespace.clone(),
            });
        }
        if self.name.len() > 253 || !self.name.split('.').all(is_label) {
            return Err(LeaderOptionsError::Name {
                what: "name of a Lease",
                name: self.name.clone(),
            });
        }
        let identity = &self.identity;
        if identity.is_empty()
            || identity.len() > MAX_IDENTITY
            || identity
                .chars()
                .any(|c| c.is_control() || c.is_whitespace())
        {
            return Err(LeaderOptionsError::Identity);
        }
        Ok(())
    }

    /// The lease duration as the Lease says it: whole seconds, and not less.
    pub(super) fn seconds(&self) -> i64 {
        let whole = self.lease_duration.as_secs();
        let part = u64::from(self.lease_duration.subsec_nanos() > 0);
        i64::try_from(whole + part).unwrap_or(i64::MAX)
    }
}

/// Whether it is a label as DNS and Kubernetes know it (RFC 1123).
fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    (1..=63).contains(&bytes.len())
        && bytes.iter().all(|b| inner(*b))
        && ends.into_iter().flatten().all(|b| *b != b'-')
}

/// Why no leader can be elected this way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeaderOptionsError {
    /// Two could lead at the same time, or nobody for long.
    #[error(
        "the times of the leader election do not fit: {problem}; it must be: 100 ms <= retry period, two retry periods <= renew deadline < lease duration <= 10 min"
    )]
    Times {
        /// What does not fit.
        problem: &'static str,
    },
    /// Kubernetes takes no such name.
    #[error("`{name}` is no {what}: lower-case letters, digits, `-`{}", if *.what == "namespace" { "" } else { " and `.`" })]
    Name {
        /// Of what.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The replica's name.
    #[error("a replica's identity has 1 to 200 bytes without blanks")]
    Identity,
}

impl LeaderOptionsError {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Times { .. } => "election-times",
            Self::Name { .. } => "election-name",
            Self::Identity => "election-identity",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> LeaderOptions {
        LeaderOptions::new("ns", "hookbox", "pod-1")
    }

    #[test]
    fn times_that_let_two_lead_are_refused() {
        assert_eq!(options().check(), Ok(()));
        let with = |lease, renew, retry| {
            let mut options = options();
            options.lease_duration = Duration::from_millis(lease);
            options.renew_deadline = Duration::from_millis(renew);
            options.retry_period = Duration::from_millis(retry);
            options.check().map_err(|e| e.code())
        };
        // As addon-operator has them.
        assert_eq!(with(35_000, 30_000, 10_000), Ok(()));
        for (lease, renew, retry) in [
            (10_000, 10_000, 2000),
            (15_000, 10_000, 6000),
            (15_000, 10_000, 99),
            (600_001, 10_000, 2000),
        ] {
            assert_eq!(with(lease, renew, retry), Err("election-times"));
        }
    }

    #[test]
    fn names_are_those_of_kubernetes() {
        for (namespace, name, identity, wanted) in [
            ("ns", "a.b-c", "host", Ok(())),
            ("", "a", "host", Err("election-name")),
            ("a/b", "a", "host", Err("election-name")),
            ("ns", "a..b", "host", Err("election-name")),
            ("ns", "../a", "host", Err("election-name")),
            ("ns", "-a", "host", Err("election-name")),
            ("ns", "a", "", Err("election-identity")),
            ("ns", "a", "two words", Err("election-identity")),
        ] {
            let options = LeaderOptions::new(namespace, name, identity);
            assert_eq!(options.check().map_err(|e| e.code()), wanted, "{options:?}");
        }
    }

    #[test]
    fn a_part_of_a_second_counts_as_one() {
        let mut options = options();
        assert_eq!(options.seconds(), 15);
        options.lease_duration = Duration::from_millis(2500);
        assert_eq!(options.seconds(), 3);
    }
}
