//! Reviews for tests.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Recorded, TestInput};
use crate::hook::finish;
use crate::host::{self, recording};
use crate::snapshots::Snapshots;
use crate::{Effects, Error, Input, Mutation, Operation, Result, Review, Verdict};

/// A review in the making; see [`Review::test`].
#[derive(Debug)]
#[must_use]
pub struct TestReview<S> {
    input: TestInput<S>,
    request: Map<String, Value>,
    failed: Option<Error>,
}

impl<S: Snapshots> Review<S> {
    /// Begins a review for a test. It says what the request does: [`TestReview::create`], [`TestReview::update`] or
    /// [`TestReview::delete`].
    pub fn test() -> TestReview<S> {
        let mut request = Map::new();
        request.insert(
            "uid".to_owned(),
            json!("00000000-0000-0000-0000-000000000000"),
        );
        request.insert("userInfo".to_owned(), json!({"username": "tester"}));
        TestReview {
            input: Input::test(),
            request,
            failed: None,
        }
    }
}

impl<S: Snapshots> TestReview<S> {
    /// The request creates this object.
    pub fn create(self, object: impl Serialize) -> Self {
        self.asks(Operation::Create).object("object", object)
    }

    /// The request makes the first object the second one.
    pub fn update(self, old: impl Serialize, new: impl Serialize) -> Self {
        let this = self.asks(Operation::Update);
        this.object("oldObject", old).object("object", new)
    }

    /// The request deletes this object.
    pub fn delete(self, old: impl Serialize) -> Self {
        self.asks(Operation::Delete).object("oldObject", old)
    }

    /// Who makes the request.
    pub fn user(self, name: &str, groups: &[&str]) -> Self {
        self.field("userInfo", json!({"username": name, "groups": groups}))
    }

    /// The request is a dry run.
    pub fn dry_run(self) -> Self {
        self.field("dryRun", json!(true))
    }

    /// Sets any field of the AdmissionReview's `request`.
    pub fn field(mut self, key: &str, value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => {
                self.request.insert(key.to_owned(), value);
            }
            Err(error) => self.fail(error.into()),
        }
        self
    }

    /// The snapshot of a binding; see [`TestInput::snapshot`].
    pub fn snapshot<T: Serialize>(
        mut self,
        binding: &str,
        items: impl IntoIterator<Item = T>,
    ) -> Self {
        self.input = self.input.snapshot(binding, items);
        self
    }

    /// All snapshots at once, as the hook will see them.
    pub fn snapshots(mut self, snapshots: S) -> Self {
        self.input = self.input.snapshots(snapshots);
        self
    }

    fn fail(&mut self, error: Error) {
        self.failed.get_or_insert(error);
    }

    fn asks(self, operation: Operation) -> Self {
        self.field("operation", operation)
    }

    fn object(self, key: &str, object: impl Serialize) -> Self {
        let object = match serde_json::to_value(object) {
            Ok(object) => object,
            Err(error) => {
                let mut this = self;
                this.fail(error.into());
                return this;
            }
        };
        let word = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let (group, version) = match word("/apiVersion").unwrap_or_default().split_once('/') {
            Some((group, version)) => (group.to_owned(), version.to_owned()),
            None => (
                String::new(),
                word("/apiVersion").unwrap_or_default().to_owned(),
            ),
        };
        let kind = word("/kind").unwrap_or_default();
        let kind = json!({"group": group, "version": version, "kind": kind});
        let (name, namespace) = (word("/metadata/name"), word("/metadata/namespace"));
        let (name, namespace) = (name.map(str::to_owned), namespace.map(str::to_owned));
        let mut this = self.field("kind", kind).field(key, object);
        for (key, value) in [("name", name), ("namespace", namespace)] {
            if let Some(value) = value {
                this = this.field(key, value);
            }
        }
        this
    }

    fn with_input(self) -> Result<(Input<S>, String)> {
        if let Some(error) = self.failed {
            return Err(error.context("the test's review"));
        }
        // Its snapshots are all there, for whatever reason it runs.
        let input = self.input.schedule("review").build()?;
        Ok((input, Value::Object(self.request).to_string()))
    }

    /// The review, to call the function with.
    ///
    /// # Errors
    /// The test named a binding that the hook does not have, or did not say what the request does.
    pub fn build(self) -> Result<Review<S>> {
        let (input, request) = self.with_input()?;
        Review::with_snapshots(input.snapshots, request)
    }
}

/// What a hook answers to a review: a [`Verdict`] or a [`Mutation`].
pub trait Answer {
    /// Whether the host takes it.
    ///
    /// # Errors
    /// Why it does not.
    #[doc(hidden)]
    fn checked(&self) -> Result;
}

impl Answer for Verdict {
    fn checked(&self) -> Result {
        checked(self, None)
    }
}

impl Answer for Mutation {
    fn checked(&self) -> Result {
        let patch = Value::from(self.patch.clone()).to_string();
        checked(&self.verdict, Some(&patch))
    }
}

fn checked(verdict: &Verdict, patch: Option<&str>) -> Result {
    host::answer(patch.is_some(), &verdict.warnings, &verdict.audit, patch)
        .map_err(|refusal| Error::from(refusal).context("the host does not take the answer"))
}

/// Asks a hook that takes `&mut Effects`, and records what it asks for beside its answer.
///
/// # Errors
/// The hook's own, a change or an answer that the host would refuse, or a mistake in the review.
pub fn ask<S: Snapshots, A: Answer>(
    hook: impl FnOnce(Review<S>, &mut Effects) -> Result<A>,
    review: TestReview<S>,
) -> Result<(A, Recorded)> {
    let (input, request) = review.with_input()?;
    let host = input.host();
    let review = Review::with_snapshots(input.snapshots, request)?;
    let mut out = Effects::new(host.clone());
    let (result, log) = recording(|| hook(review, &mut out));
    let answer = finish(result, out)?;
    answer.checked()?;
    Ok((answer, Recorded::new(&host.0.borrow(), log)))
}
