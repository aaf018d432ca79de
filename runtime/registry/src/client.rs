//! The client: what it is asked for, within a time, and a few at once.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::artifact::{Manifest, Pulled};
use crate::session::{Access, Session};
use crate::signature::{self, Material};
use crate::store::{self, Asked, ComponentStore, Found, Lease};
use crate::transport::Transport;
use crate::{Credentials, Digest, Reference, RegistryError, Settings, Verification};

/// A client of registries. Cheap to clone; clones share connections and limits.
#[derive(Clone)]
pub struct RegistryClient {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    transport: Arc<Transport>,
    turns: Semaphore,
}

impl std::fmt::Debug for RegistryClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegistryClient")
            .field("settings", &self.inner.settings)
            .finish_non_exhaustive()
    }
}

impl RegistryClient {
    /// Make a client.
    ///
    /// # Errors
    /// [`RegistryError::Settings`] when the settings cannot be used.
    pub fn new(settings: Settings) -> Result<Self, RegistryError> {
        if let Some(listed) = settings
            .plain_http
            .iter()
            .find(|listed| !crate::reference::check_host(&listed.to_ascii_lowercase()))
        {
            return Err(RegistryError::Settings(format!(
                "`{listed}` is not a registry's host, with a port or without"
            )));
        }
        Ok(Self {
            inner: Arc::new(Inner {
                transport: Arc::new(Transport::new(&settings)?),
                turns: turns(&settings),
                settings,
            }),
        })
    }

    /// The same client with turns of its own ([`Settings::max_concurrent`]): what one tenant's registry holds up holds up
    /// nobody else's.
    #[must_use]
    pub fn lane(&self) -> Self {
        let settings = self.inner.settings.clone();
        Self {
            inner: Arc::new(Inner {
                transport: Arc::clone(&self.inner.transport),
                turns: turns(&settings),
                settings,
            }),
        }
    }

    /// What it was made with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The digest of the manifest that the reference names now.
    ///
    /// # Errors
    /// See [`RegistryError`].
    pub async fn resolve(
        &self,
        reference: &Reference,
        credentials: &Credentials,
    ) -> Result<Digest, RegistryError> {
        self.within(reference, async {
            let session = self.session(reference, credentials, Access::Pull).await?;
            let (_, digest) = session.manifest(&reference.identifier()).await?;
            Ok(digest)
        })
        .await
    }

    /// Fetch a component: its manifest, then (where one is asked for) a signature of the manifest's digest, and only
    /// then the component. Who needs to be sure which component it is asks for [`Reference::pinned`] before.
    ///
    /// # Errors
    /// See [`RegistryError`]. There is no component then, nor a part of one.
    pub async fn pull(
        &self,
        reference: &Reference,
        credentials: &Credentials,
        verification: &Verification,
    ) -> Result<Pulled, RegistryError> {
        let whole = self.pull_whole(reference, credentials, verification);
        whole.await.map(|whole| whole.pulled)
    }

    /// As [`RegistryClient::pull`], of a reference with a digest, and by a store: what the registry gave this scope before
    /// is taken from there, checked again by the keys that are wanted now, and what it gives is kept there. That it
    /// cannot be kept is a warning in the log.
    ///
    /// A scope is for whom components are pulled, such as a tenant's namespace: what was pulled for one is not given to
    /// another. Within one, what was pulled with a credential is given to who has the same one.
    ///
    /// # Errors
    /// [`RegistryError::DigestRequired`] and as [`RegistryClient::pull`].
    pub async fn pull_kept(
        &self,
        store: &ComponentStore,
        scope: &str,
        reference: &Reference,
        credentials: &Credentials,
        verification: &Verification,
    ) -> Result<Kept, RegistryError> {
        let digest = reference.pinned()?;
        let found = {
            let (store, verification) = (store.clone(), verification.clone());
            let limit = self.settings().max_component_size;
            let asked = Owned::new(scope, reference, digest, credentials);
            blocking(move || store.find(&asked.borrow(), &verification, limit)).await
        };
        let unsigned = match found {
            Some(Found::Component(pulled, lease)) => {
                return Ok(Kept {
                    pulled,
                    from_store: true,
                    lease,
                });
            }
            Some(Found::Unsigned(why)) => Some(why),
            Some(Found::Nothing) | None => None,
        };
        let pull = self.pull_whole(reference, credentials, verification);
        let Whole {
            pulled,
            manifest,
            signature,
        } = pull.await.map_err(|error| match unsigned {
            // What is there was refused: that is what who looks for a reason should read.
            Some(why) if error.is_transient() => RegistryError::Signature {
                what: reference.to_string(),
                keys: match verification {
                    Verification::Unsigned => 0,
                    Verification::IfSigned(keys) | Verification::Keys(keys) => keys.len(),
                },
                why: format!("of what is stored, {why}; and {error}"),
            },
            _ => error,
        })?;
        let store = store.clone();
        let asked = Owned::new(scope, reference, digest, credentials);
        let (shown, verification) = (reference.to_string(), verification.clone());
        let kept = blocking(move || {
            let asked = asked.borrow();
            let kept = store.keep(&asked, &manifest, signature, &verification, &pulled);
            let lease = kept.unwrap_or_else(|error| {
                let error = store::chain(&error);
                tracing::warn!(
                    image = shown,
                    error,
                    "a component is not kept: it is pulled again at the next start"
                );
                None
            });
            (pulled, lease)
        });
        match kept.await {
            Some((pulled, lease)) => Ok(Kept {
                pulled,
                from_store: false,
                lease,
            }),
            // Only at the end of the process.
            None => Err(RegistryError::Settings("the process ends".to_owned())),
        }
    }

    /// A component with all that is needed to check it again.
    async fn pull_whole(
        &self,
        reference: &Reference,
        credentials: &Credentials,
        verification: &Verification,
    ) -> Result<Whole, RegistryError> {
        self.within(reference, async {
            let session = self.session(reference, credentials, Access::Pull).await?;
            let (bytes, digest) = session.manifest(&reference.identifier()).await?;
            let what = reference.to_string();
            let signature = match verification {
                Verification::Unsigned => None,
                Verification::Keys(keys) => {
                    Some(signature::verify(&session, &what, &digest, keys).await?)
                }
                Verification::IfSigned(keys) => {
                    match signature::verify(&session, &what, &digest, keys).await {
                        Ok(signature) => Some(signature),
                        Err(RegistryError::Unsigned(_)) => None,
                        Err(error) => return Err(error),
                    }
                }
            };
            let manifest = Manifest::read(&bytes).map_err(|why| RegistryError::NotAComponent {
                what: what.clone(),
                why,
            })?;
            let layer = manifest.component(&what)?;
            let limit = self.settings().max_component_size;
            let what = format!("the component of {what}");
            let component = session.blob(layer, &what, limit, true).await?;
            let (signed_by, signature) = signature.unzip();
            Ok(Whole {
                pulled: Pulled {
                    bytes: component,
                    digest,
                    component: layer.digest,
                    signed_by,
                },
                manifest: bytes,
                signature,
            })
        })
        .await
    }

    /// Look for a signature of the image by one of the keys, without fetching its component. The image's digest, and
    /// [`PublicKey::id`](crate::PublicKey::id) of the key whose signature it is.
    ///
    /// # Errors
    /// [`RegistryError::Unsigned`] or [`RegistryError::Signature`] when there is none; and others.
    pub async fn verify(
        &self,
        reference: &Reference,
        credentials: &Credentials,
        keys: &[crate::PublicKey],
    ) -> Result<(Digest, Digest), RegistryError> {
        self.within(reference, async {
            let session = self.session(reference, credentials, Access::Pull).await?;
            let (_, digest) = session.manifest(&reference.identifier()).await?;
            let what = reference.to_string();
            let (by, _) = signature::verify(&session, &what, &digest, keys).await?;
            Ok((digest, by))
        })
        .await
    }

    pub(crate) async fn session<'a>(
        &'a self,
        reference: &'a Reference,
        credentials: &'a Credentials,
        access: Access,
    ) -> Result<Session<'a>, RegistryError> {
        Session::open(
            &self.inner.transport,
            &self.inner.settings,
            reference,
            credentials,
            access,
        )
        .await
    }

    /// Do it when it is its turn, within the time that it may take.
    pub(crate) async fn within<T>(
        &self,
        reference: &Reference,
        what: impl Future<Output = Result<T, RegistryError>>,
    ) -> Result<T, RegistryError> {
        // The semaphore is never closed.
        let _turn = self.inner.turns.acquire().await.ok();
        let time = self.settings().total_time;
        timeout(time, what).await.unwrap_or_else(|_| {
            Err(RegistryError::Timeout {
                host: reference.registry().to_owned(),
                what: "finish",
                seconds: time.as_secs(),
            })
        })
    }
}

/// A component that was pulled by a store.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Kept {
    /// The component.
    pub pulled: Pulled,
    /// Whether the registry was not asked.
    pub from_store: bool,
    /// As long as this or a clone of it is held the component stays in the store; none where it was not kept.
    pub lease: Option<Lease>,
}

struct Whole {
    pulled: Pulled,
    manifest: Bytes,
    signature: Option<Material>,
}

/// Who asks, for another thread.
struct Owned {
    scope: String,
    reference: Reference,
    digest: Digest,
    credentials: Credentials,
}

impl Owned {
    fn new(scope: &str, reference: &Reference, digest: Digest, credentials: &Credentials) -> Self {
        Self {
            scope: scope.to_owned(),
            reference: reference.clone(),
            digest,
            credentials: credentials.clone(),
        }
    }

    fn borrow(&self) -> Asked<'_> {
        Asked {
            scope: &self.scope,
            reference: &self.reference,
            digest: self.digest,
            credentials: &self.credentials,
        }
    }
}

/// Do it on a thread that nobody waits for; none when it came to no end.
async fn blocking<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(what).await.ok()
}

fn turns(settings: &Settings) -> Semaphore {
    Semaphore::new(settings.max_concurrent.clamp(1, Semaphore::MAX_PERMITS))
}
