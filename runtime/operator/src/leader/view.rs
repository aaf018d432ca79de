//! Who leads, for people.

use serde::Serialize;

/// Characters of a foreign text that are shown.
const SHOWN: usize = 100;

/// Who leads, as far as one replica knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Leadership {
    /// The Lease, as `namespace/name`.
    pub lease: String,
    /// What this replica is called in it.
    pub identity: String,
    /// Whether this replica leads.
    pub leads: bool,
    /// Who leads; none: nobody, or nobody knows yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leader: Option<String>,
    /// Whether the Lease has been looked at.
    pub known: bool,
    /// Why the Lease cannot be read or written right now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

impl std::fmt::Display for Leadership {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.leader, self.leads) {
            (_, true) => write!(f, "leader: {}", self.identity),
            (Some(leader), false) => write!(f, "standby: the leader is {leader}"),
            (None, false) if self.known => f.write_str("standby: there is no leader"),
            (None, false) => f.write_str("standby: the leader is not known yet"),
        }
    }
}

/// A name that somebody wrote into a Lease, fit to be shown.
pub(super) fn shown(holder: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    holder.chars().take(SHOWN).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_name_stays_in_its_line() {
        assert_eq!(shown("a\nok"), "a\u{fffd}ok");
        assert_eq!(shown(&"ä".repeat(1000)).chars().count(), SHOWN);
    }
}
