//! Turns: so many at a time, and the others in a fair order.
//!
//! Who waits, waits in a lane. Whenever a turn is over, the next one goes to the lane whose turn it is, round after round:
//! however many wait in one lane, the first of another lane waits for no more than one turn of each lane before it.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use tokio::sync::oneshot;

/// For whom something is done. The default lane is the operator's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Lane(Option<Arc<str>>);

impl Lane {
    /// A lane by its name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self(Some(name.into()))
    }

    /// Whether it is the operator's own.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.0.is_none()
    }
}

/// So many turns at a time. Clones are the same.
#[derive(Clone)]
pub struct Turns(Arc<Shared>);

struct Shared {
    /// Most turns of one lane that is not the operator's own.
    share: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    free: usize,
    lanes: HashMap<Lane, Line>,
    /// Lanes in which somebody waits, the next one first; each is here once.
    round: VecDeque<Lane>,
}

/// One lane: how many turns it has, and who waits.
#[derive(Default)]
struct Line {
    has: usize,
    waits: VecDeque<oneshot::Sender<Turn>>,
}

/// A turn. It is over when this is dropped.
pub struct Turn {
    turns: Turns,
    lane: Lane,
    /// It was never begun: there is nothing to give back.
    void: bool,
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Turns")
            .field("free", &state.free)
            .field("waiting", &state.round.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("lane", &self.lane).finish()
    }
}

/// What came of asking for a turn.
enum Asked {
    Turn(Turn),
    Wait(oneshot::Receiver<Turn>),
}

impl Turns {
    /// As many turns at a time, of which a lane has at most `share`; the operator's own may have all. There is always one.
    #[must_use]
    pub fn new(turns: usize, share: usize) -> Self {
        Self(Arc::new(Shared {
            share: share.max(1),
            state: Mutex::new(State {
                free: turns.max(1),
                ..State::default()
            }),
        }))
    }

    /// A turn, where there is one at once.
    #[must_use]
    pub fn try_take(&self, lane: &Lane) -> Option<Turn> {
        self.now(&mut self.state(), lane)
    }

    /// Waits for a turn. Giving up leaves the line.
    pub async fn take(&self, lane: &Lane) -> Turn {
        loop {
            match self.ask(lane) {
                Asked::Turn(turn) => return turn,
                Asked::Wait(turn) => {
                    // It is always told: the line is this one's own.
                    if let Ok(turn) = turn.await {
                        return turn;
                    }
                }
            }
        }
    }

    /// Drives `future`, each of its polls in a turn of its own: what yields lets the other lanes have theirs.
    pub async fn drive<F: Future>(&self, lane: &Lane, future: F) -> F::Output {
        let mut future = pin!(future);
        let mut waiting = None;
        poll_fn(|context| {
            let turn = loop {
                let mut turn = match waiting.take() {
                    Some(turn) => turn,
                    None => match self.ask(lane) {
                        Asked::Turn(turn) => break turn,
                        Asked::Wait(turn) => turn,
                    },
                };
                match Pin::new(&mut turn).poll(context) {
                    Poll::Ready(Ok(turn)) => break turn,
                    Poll::Ready(Err(_)) => {}
                    Poll::Pending => {
                        waiting = Some(turn);
                        return Poll::Pending;
                    }
                }
            };
            let answer = future.as_mut().poll(context);
            drop(turn);
            answer
        })
        .await
    }

    /// How many wait, in all lanes.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.state()
            .lanes
            .values()
            .map(|line| line.waits.len())
            .sum()
    }

    fn ask(&self, lane: &Lane) -> Asked {
        let mut state = self.state();
        if let Some(turn) = self.now(&mut state, lane) {
            return Asked::Turn(turn);
        }
        let State { lanes, round, .. } = &mut *state;
        let line = lanes.entry(lane.clone()).or_default();
        // Those who gave up, now and then.
        if line.waits.len() >= 64 && line.waits.len().is_power_of_two() {
            line.waits.retain(|waits| !waits.is_closed());
        }
        let (sender, receiver) = oneshot::channel();
        if line.waits.is_empty() && !round.contains(lane) {
            round.push_back(lane.clone());
        }
        line.waits.push_back(sender);
        Asked::Wait(receiver)
    }

    /// A turn, where one is free: then whoever waits has its share already.
    fn now(&self, state: &mut State, lane: &Lane) -> Option<Turn> {
        if state.free == 0 {
            return None;
        }
        let line = match state.lanes.get_mut(lane) {
            Some(line) => line,
            None => state.lanes.entry(lane.clone()).or_default(),
        };
        if line.has >= self.share(lane) || !line.waits.is_empty() {
            return None;
        }
        state.free -= 1;
        line.has += 1;
        Some(self.turn(lane))
    }

    fn turn(&self, lane: &Lane) -> Turn {
        Turn {
            turns: self.clone(),
            lane: lane.clone(),
            void: false,
        }
    }

    fn share(&self, lane: &Lane) -> usize {
        match lane.is_own() {
            true => usize::MAX,
            false => self.0.share,
        }
    }

    /// A turn is over: the next ones have theirs.
    fn give_back(&self, lane: &Lane) {
        let mut given_up = Vec::new();
        let mut state = self.state();
        let State { free, lanes, round } = &mut *state;
        *free += 1;
        if let Some(line) = lanes.get_mut(lane) {
            line.has = line.has.saturating_sub(1);
        }
        let mut full = 0;
        while *free > 0 && full < round.len() {
            let Some(next) = round.pop_front() else { break };
            let Some(line) = lanes.get_mut(&next) else {
                continue;
            };
            if line.has >= self.share(&next) {
                round.push_back(next);
                full += 1;
                continue;
            }
            while let Some(waits) = line.waits.pop_front() {
                match waits.send(self.turn(&next)) {
                    Ok(()) => {
                        *free -= 1;
                        line.has += 1;
                        break;
                    }
                    Err(mut turn) => {
                        turn.void = true;
                        given_up.push(turn);
                    }
                }
            }
            if !line.waits.is_empty() {
                round.push_back(next);
            } else if line.has == 0 {
                lanes.remove(&next);
            }
        }
        if let Some(line) = lanes.get(lane)
            && line.has == 0
            && line.waits.is_empty()
        {
            lanes.remove(lane);
        }
        drop(state);
        drop(given_up);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.void {
            self.turns.give_back(&self.lane);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_like::poll_once;

    use super::*;

    mod futures_like {
        use std::future::Future;
        use std::pin::Pin;
        use std::task::{Context, Poll, Waker};

        pub(super) fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
            future.poll(&mut Context::from_waker(Waker::noop()))
        }
    }

    fn ready(turns: &Turns, lane: &Lane) -> Option<Turn> {
        match turns.ask(lane) {
            Asked::Turn(turn) => Some(turn),
            Asked::Wait(_) => None,
        }
    }

    #[tokio::test]
    async fn the_first_of_a_lane_waits_for_no_more_than_one_turn_of_another() {
        let turns = Turns::new(1, 1);
        let (flood, other) = (Lane::of("flood"), Lane::of("other"));
        let first = turns.take(&flood).await;
        let mut order = Vec::new();
        let mut lines: Vec<_> = (0..1000).map(|_| (&flood, turns.ask(&flood))).collect();
        lines.push((&other, turns.ask(&other)));
        drop(first);
        // Each in its turn: whoever has it gives it back.
        while order.len() < 3 {
            let mut left = Vec::new();
            for (lane, asked) in lines {
                let Asked::Wait(mut turn) = asked else {
                    panic!()
                };
                match turn.try_recv() {
                    Ok(turn) => {
                        order.push(lane.clone());
                        drop(turn);
                    }
                    Err(_) => left.push((lane, Asked::Wait(turn))),
                }
                if order.len() == 3 {
                    break;
                }
            }
            lines = left;
        }
        assert!(order.iter().take(2).any(|lane| *lane == other), "{order:?}");
    }

    #[tokio::test]
    async fn a_lane_has_its_share_and_the_own_lane_all() {
        let turns = Turns::new(4, 3);
        let lane = Lane::of("a");
        let mut held: Vec<_> = (0..3).filter_map(|_| ready(&turns, &lane)).collect();
        assert_eq!(held.len(), 3);
        let mut fourth = pin!(turns.take(&lane));
        assert!(poll_once(fourth.as_mut()).is_pending());
        let other = ready(&turns, &Lane::of("b")).unwrap();
        drop(other);
        assert!(poll_once(fourth.as_mut()).is_pending());
        held.pop();
        assert!(poll_once(fourth.as_mut()).is_ready());
        drop(held);
        let own = Lane::default();
        let all: Vec<_> = (0..4).filter_map(|_| ready(&turns, &own)).collect();
        assert_eq!(all.len(), 4);
        drop(all);
        assert!(turns.state().lanes.is_empty());
    }

    #[tokio::test]
    async fn who_gives_up_leaves_the_line_and_what_it_had() {
        let turns = Turns::new(1, 1);
        let (a, b) = (Lane::of("a"), Lane::of("b"));
        let first = ready(&turns, &a).unwrap();
        {
            let mut waits = pin!(turns.take(&a));
            assert!(poll_once(waits.as_mut()).is_pending());
        }
        let granted = turns.ask(&b);
        drop(first);
        // It was given the turn, and never looked.
        drop(granted);
        assert!(ready(&turns, &a).is_some());
        assert_eq!(turns.waiting(), 0);
    }

    #[tokio::test]
    async fn what_yields_lets_the_others_have_their_turn() {
        let turns = Turns::new(1, 1);
        let (flood, other) = (Lane::of("flood"), Lane::of("other"));
        let log = Mutex::new(Vec::new());
        let steps = async |who: &'static str| {
            for _ in 0..3 {
                log.lock().unwrap().push(who);
                tokio::task::yield_now().await;
            }
        };
        let busy = ready(&turns, &flood).unwrap();
        let mut first = pin!(turns.drive(&flood, steps("first")));
        let mut second = pin!(turns.drive(&flood, steps("second")));
        let mut another = pin!(turns.drive(&other, steps("another")));
        assert!(poll_once(first.as_mut()).is_pending());
        assert!(poll_once(second.as_mut()).is_pending());
        assert!(poll_once(another.as_mut()).is_pending());
        assert!(log.lock().unwrap().is_empty());
        drop(busy);
        for _ in 0..2 {
            assert!(poll_once(first.as_mut()).is_pending());
            assert!(poll_once(second.as_mut()).is_pending());
            assert!(poll_once(another.as_mut()).is_pending());
        }
        // The second had to wait for the other lane, although it had come before.
        assert_eq!(*log.lock().unwrap(), ["first", "another", "second"]);
    }
}
