//! The election: looking at the lease, taking it, keeping it, giving it back.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use tokio::time::Instant;

use super::lease::{Lease, LeaseError, Leases};
use super::options::LeaderOptions;
use super::record::Record;
use super::term::{Sent, Term};
use super::view::{Leadership, shown};
use crate::api;
use crate::clock::Clock;
use crate::metrics::SelfMetrics;

/// Longest time for one request about the lease.
const LONGEST_REQUEST: Duration = Duration::from_secs(10);
/// How often a renewal that meets others' changes is tried at once.
const ATTEMPTS: u32 = 3;

/// Who hears when somebody else leads or the lease cannot be looked at.
pub(crate) type Tell = Box<dyn Fn(&Leadership) + Send + Sync>;

/// Why a term is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Somebody else has the lease, or it was changed by hand.
    Taken,
    /// It could not be renewed in time.
    Late,
}

/// One replica's part in an election.
///
/// Other machines' clocks do not matter: a lease runs out when *this* process saw no sign of life of its holder for the
/// lease duration, by its own timer. Nothing is written that was not read before: each write says which version of the
/// Lease it replaces, so that of several only one succeeds.
pub(crate) struct Elector {
    options: LeaderOptions,
    leases: Leases,
    clock: Clock,
    metrics: Arc<SelfMetrics>,
    tell: Tell,
    view: Leadership,
    /// What the lease said when it was last looked at, and until when it is its holder's.
    seen: Option<Seen>,
    /// The lease as it was last written by this process, and the record that it then tried to write.
    mine: Option<Mine>,
}

struct Seen {
    record: Record,
    held_until: Option<Instant>,
}

struct Mine {
    record: Record,
    /// None where no answer told that it was written.
    lease: Option<Lease>,
}

impl Elector {
    /// The options must have been checked.
    pub(crate) fn new(
        client: Client,
        options: LeaderOptions,
        clock: Clock,
        metrics: Arc<SelfMetrics>,
        tell: Tell,
    ) -> Self {
        let timeout = (options.renew_deadline / 2).min(LONGEST_REQUEST);
        let leases = Leases::new(client, &options.namespace, &options.name, timeout);
        // Each process is somebody else: one that was started again knows nothing of what its predecessor did.
        let identity = format!("{}_{:08x}", options.identity, fastrand::u32(..));
        let view = Leadership {
            lease: leases.display(),
            identity,
            leads: false,
            leader: None,
            known: false,
            trouble: None,
        };
        tell(&view);
        Self {
            options,
            leases,
            clock,
            metrics,
            tell,
            view,
            seen: None,
            mine: None,
        }
    }

    /// Who leads, as far as it knows.
    pub(crate) fn view(&self) -> &Leadership {
        &self.view
    }

    /// Waits until this replica leads.
    pub(crate) async fn acquire(&mut self) -> Term {
        loop {
            match self.attempt().await {
                Ok(Some(term)) => return term,
                Ok(None) => self.look(|view| view.trouble = None),
                Err(error) => self.trouble(&error, "the lease cannot be had"),
            }
            let pause = self
                .options
                .retry_period
                .mul_f64(0.8 + 0.4 * fastrand::f64());
            let seen = self.seen.as_ref().and_then(|seen| seen.held_until);
            // The moment at which it runs out is not slept through.
            let left = seen.map(|until| until.saturating_duration_since(Instant::now()));
            let soon = left.filter(|left| !left.is_zero() && *left < pause);
            tokio::time::sleep(soon.unwrap_or(pause)).await;
        }
    }

    /// Looks at the lease, and takes it when it is free.
    async fn attempt(&mut self) -> Result<Option<Term>, LeaseError> {
        let found = self.leases.get().await?;
        // After the answer: the holder's sign of life was written before it.
        let now = Instant::now();
        let Some(lease) = found else {
            return self.make(now).await;
        };
        self.saw(&lease.record, now);
        // Our own of before, that nobody had since.
        let is_mine = self.mine.as_ref().is_some_and(|mine| {
            lease.record.holder == self.view.identity && lease.record.continues(&mine.record)
        });
        let held = self.seen.as_ref().and_then(|seen| seen.held_until);
        if !is_mine && held.is_some_and(|until| now < until) {
            return Ok(None);
        }
        let sent = Sent::now(self.clock);
        let record = lease
            .record
            .taken(&self.view.identity, self.options.seconds(), sent.wall);
        let written = self.write(Some(&lease), record).await?;
        Ok(self.term(written, sent))
    }

    /// Makes the lease where there is none. A leader whose lease was deleted by hand does not know of it before its next
    /// renewal: who saw it waits until it would have run out, and all wait for that renewal to fail.
    async fn make(&mut self, now: Instant) -> Result<Option<Term>, LeaseError> {
        let held = self.seen.as_ref().and_then(|seen| seen.held_until);
        self.look(|view| {
            view.known = true;
            if held.is_none_or(|until| now >= until) {
                view.leader = None;
            }
        });
        if held.is_some_and(|until| now < until) {
            return Ok(None);
        }
        let mut sent = Sent::now(self.clock);
        let before = self.seen.as_ref().map(|seen| seen.record.clone());
        let record = before.unwrap_or_default().taken(
            &self.view.identity,
            self.options.seconds(),
            sent.wall,
        );
        let mut made = self.write(None, record).await?;
        if made {
            tracing::info!(lease = self.view.lease, "the lease is made");
            tokio::time::sleep(self.options.retry_period * 2).await;
            sent = Sent::now(self.clock);
            made = self.renew_as_is(sent).await?;
        }
        Ok(self.term(made, sent))
    }

    /// Remembers what the lease says. A lease that says something else than before is alive.
    fn saw(&mut self, record: &Record, now: Instant) {
        let known = self.seen.as_ref().is_some_and(|s| s.record == *record);
        if known {
            return;
        }
        let holder = (!record.holder.is_empty()).then(|| shown(&record.holder));
        let before = self.seen.as_ref().and_then(|seen| seen.held_until);
        let held_until = match &holder {
            Some(_) => Some(now + record.runs_for(self.options.lease_duration)),
            None if record.is_given_back() => None,
            // Emptied by hand: its leader does not know of it yet.
            None => before,
        };
        self.seen = Some(Seen {
            record: record.clone(),
            held_until,
        });
        if self.view.leader != holder || !self.view.known {
            match &holder {
                Some(leader) => tracing::info!(lease = self.view.lease, leader, "standing by"),
                None => tracing::info!(lease = self.view.lease, "the lease is free"),
            }
        }
        self.look(|view| {
            view.known = true;
            view.leader = holder;
        });
    }

    /// Writes a record in place of this lease, or makes the lease. Whether that was done: not when somebody else was
    /// faster.
    async fn write(&mut self, lease: Option<&Lease>, record: Record) -> Result<bool, LeaseError> {
        // Remembered before: an answer that is lost may be that it was written.
        self.mine = Some(Mine {
            record: record.clone(),
            lease: None,
        });
        let written = match lease {
            Some(lease) => self.leases.replace(lease, &record).await,
            None => self.leases.create(&record).await,
        };
        match written {
            Ok(lease) => {
                self.mine = Some(Mine {
                    record,
                    lease: Some(lease),
                });
                Ok(true)
            }
            Err(error) if error.is_outrun() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The term that begins with a lease that is ours.
    fn term(&mut self, written: bool, sent: Sent) -> Option<Term> {
        if !written {
            return None;
        }
        let term = Term::new(self.clock, sent, self.options.renew_deadline);
        // An answer that took too long: the lease is ours, and is taken again at the next look.
        if !term.holds() {
            return None;
        }
        let identity = self.view.identity.clone();
        self.look(|view| {
            view.known = true;
            view.leads = true;
            view.leader = Some(identity);
            view.trouble = None;
        });
        tracing::info!(
            lease = self.view.lease,
            leader = self.view.identity,
            "this replica leads"
        );
        Some(term)
    }

    /// Keeps the lease for as long as that can be done.
    pub(crate) async fn keep(&mut self, term: &Term) -> Lost {
        let time = self.options.renew_deadline;
        loop {
            let ends = term.ends().unwrap_or_else(Instant::now);
            // Less than the retry period: who made a new lease waits so long for this.
            let pause = self
                .options
                .retry_period
                .mul_f64(0.8 + 0.2 * fastrand::f64());
            let renewed = async {
                tokio::time::sleep(pause).await;
                let sent = Sent::now(self.clock);
                (sent, self.renew(sent).await)
            };
            let renewed = tokio::select! {
                biased;
                () = tokio::time::sleep_until(ends) => return Lost::Late,
                renewed = renewed => renewed,
            };
            match renewed {
                (sent, Ok(true)) => {
                    term.extend(sent, time);
                    self.look(|view| view.trouble = None);
                }
                (_, Ok(false)) => return Lost::Taken,
                (_, Err(error)) => self.trouble(&error, "the lease could not be renewed"),
            }
        }
    }

    /// Renews the lease. Whether it is still ours.
    async fn renew(&mut self, sent: Sent) -> Result<bool, LeaseError> {
        let known = self.mine.as_ref().is_some_and(|mine| mine.lease.is_some());
        if known && self.renew_as_is(sent).await? {
            return Ok(true);
        }
        // It is another than the one that was written last: a label, somebody else's, or what an answer that was lost
        // would have told.
        for _ in 0..ATTEMPTS {
            let found = self.leases.get().await?;
            let Some(mine) = &self.mine else {
                return Ok(false);
            };
            let before = mine.record.clone();
            let record = before.renewed(&self.view.identity, self.options.seconds(), sent.wall);
            let written = match found {
                None => {
                    tracing::warn!(
                        lease = self.view.lease,
                        "the lease was deleted; it is made again"
                    );
                    self.write(None, record).await?
                }
                Some(lease) if lease.record.continues(&before) => {
                    self.write(Some(&lease), record).await?
                }
                Some(lease) => {
                    self.saw(&lease.record, Instant::now());
                    return Ok(false);
                }
            };
            if written {
                return Ok(true);
            }
        }
        Err(LeaseError::Busy)
    }

    /// Renews the lease as it was last written. Whether nobody changed it since.
    async fn renew_as_is(&mut self, sent: Sent) -> Result<bool, LeaseError> {
        let Some(Mine {
            record,
            lease: Some(lease),
        }) = &self.mine
        else {
            return Ok(false);
        };
        let (before, lease) = (record.clone(), lease.clone());
        let record = before.renewed(&self.view.identity, self.options.seconds(), sent.wall);
        let replaced = self.write(Some(&lease), record).await;
        if matches!(replaced, Ok(false)) {
            // It was not written: what was written before counts.
            self.mine = Some(Mine {
                record: before,
                lease: None,
            });
        }
        replaced
    }

    /// Leads no longer.
    pub(crate) fn step_down(&mut self) {
        let identity = self.view.identity.clone();
        self.look(|view| {
            view.leads = false;
            view.leader = view.leader.take().filter(|leader| *leader != identity);
        });
    }

    /// Gives the lease back, if it is ours, so that another replica can take it at once. Only after the term is over.
    pub(crate) async fn release(&mut self) {
        let Some(mine) = self.mine.take() else {
            return;
        };
        let released = async {
            let Some(lease) = self.leases.get().await? else {
                return Ok(false);
            };
            if lease.record.holder != self.view.identity || !lease.record.continues(&mine.record) {
                return Ok(false);
            }
            let record = lease.record.released(self.clock.now());
            self.leases.replace(&lease, &record).await.map(|_| true)
        };
        let released: Result<bool, LeaseError> = released.await;
        match released {
            Ok(true) => tracing::info!(lease = self.view.lease, "the lease is given back"),
            Ok(false) => {}
            Err(error) => {
                let error = api::one_line(&api::chain(&error));
                tracing::warn!(
                    lease = self.view.lease,
                    error,
                    "the lease is not given back"
                );
            }
        }
    }

    fn trouble(&mut self, error: &LeaseError, what: &str) {
        let text = api::one_line(&api::chain(error));
        let code = error.code();
        self.metrics.lease_failed(code);
        if self.view.trouble.as_ref() == Some(&text) {
            tracing::debug!(lease = self.view.lease, code, error = text, "{what}");
        } else {
            tracing::error!(
                lease = self.view.lease,
                code,
                error = text,
                "{what}; it is tried again"
            );
        }
        self.look(|view| view.trouble = Some(text));
    }

    /// Changes the view, and tells it where it is another.
    fn look(&mut self, change: impl FnOnce(&mut Leadership)) {
        let before = self.view.clone();
        change(&mut self.view);
        if self.view != before {
            (self.tell)(&self.view);
        }
    }
}
