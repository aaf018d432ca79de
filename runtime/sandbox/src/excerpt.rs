//! What objects were cut down to, kept beside them: most of them do not change from one run to the next.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One of so many of an object's bytes is what is kept beside it at most.
const PART: usize = 8;

/// A place beside an object for what was last made of it by `select`, which goes with the object. Whoever holds objects
/// for a [`Snapshot`](crate::Snapshot) gives each one such a place; a clone begins with what the other has.
///
/// What is kept is at most an eighth as long as the object. Where hooks want different fields, those of the hook that
/// was here last stay as long as it comes again.
#[derive(Debug, Default)]
pub struct Excerpt(Mutex<Option<Arc<Made>>>);

/// The text of an object with nothing but some fields.
#[derive(Debug)]
struct Made {
    /// Which fields.
    fields: Arc<str>,
    text: Box<str>,
    /// Whether somebody was here for it since somebody else wanted the place.
    wanted: AtomicBool,
}

impl Excerpt {
    /// Bytes that are kept here.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let made = self.place();
        made.as_ref().map_or(0, |made| made.text.len())
    }

    /// The text with these fields, if that is what is here.
    #[must_use]
    pub fn get(&self, fields: &str) -> Option<String> {
        let made = self.place();
        let made = made.as_ref().filter(|made| *made.fields == *fields)?;
        made.wanted.store(true, Ordering::Relaxed);
        Some(made.text.to_string())
    }

    /// Keeps the text with these fields of an object of so many bytes, where there is room. `fields`: any text that is the
    /// same for the same fields and no others.
    pub fn put(&self, fields: &Arc<str>, text: &str, object: usize) {
        if fields.len() + text.len() > object / PART {
            return;
        }
        let mut place = self.place();
        let taken = place
            .as_ref()
            .is_some_and(|made| made.wanted.swap(false, Ordering::Relaxed));
        if !taken {
            *place = Some(Arc::new(Made {
                fields: Arc::clone(fields),
                text: text.into(),
                wanted: AtomicBool::new(true),
            }));
        }
    }

    fn place(&self) -> MutexGuard<'_, Option<Arc<Made>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Excerpt {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.place().clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: usize = 1000;

    fn fields(name: &str) -> Arc<str> {
        name.into()
    }

    #[test]
    fn what_is_kept_is_of_these_fields_and_short() {
        let place = Excerpt::default();
        place.put(&fields("a"), "{}", LONG);
        assert_eq!(place.get("a").as_deref(), Some("{}"));
        assert_eq!(place.get("b"), None);
        let other = place.clone();
        assert_eq!((other.get("a").as_deref(), other.bytes()), (Some("{}"), 2));

        let place = Excerpt::default();
        let text = "x".repeat(LONG / PART - 1);
        place.put(&fields("ab"), &text, LONG);
        assert_eq!((place.get("ab"), place.bytes()), (None, 0));
        place.put(&fields("a"), &text, LONG);
        assert_eq!(place.get("a").as_deref(), Some(&*text));
    }

    #[test]
    fn the_place_is_theirs_who_come_again() {
        let place = Excerpt::default();
        place.put(&fields("a"), "1", LONG);
        for _ in 0..3 {
            assert_eq!(place.get("b"), None);
            place.put(&fields("b"), "2", LONG);
            assert_eq!(place.get("a").as_deref(), Some("1"));
        }
        for _ in 0..2 {
            place.put(&fields("b"), "2", LONG);
        }
        assert_eq!(place.get("b").as_deref(), Some("2"));
    }
}
