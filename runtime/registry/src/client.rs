//! The client: what it is asked for, within a time, and a few at once.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::artifact::{Manifest, Pulled};
use crate::session::{Access, Session};
use crate::signature;
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
        self.within(reference, async {
            let session = self.session(reference, credentials, Access::Pull).await?;
            let (bytes, digest) = session.manifest(&reference.identifier()).await?;
            let what = reference.to_string();
            let signed_by = match verification {
                Verification::Unsigned => None,
                Verification::Keys(keys) => {
                    Some(signature::verify(&session, &what, &digest, keys).await?)
                }
                Verification::IfSigned(keys) => {
                    match signature::verify(&session, &what, &digest, keys).await {
                        Ok(by) => Some(by),
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
            let bytes = session.blob(layer, &what, limit, true).await?;
            Ok(Pulled {
                bytes,
                digest,
                component: layer.digest,
                signed_by,
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
            let by = signature::verify(&session, &reference.to_string(), &digest, keys).await?;
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

fn turns(settings: &Settings) -> Semaphore {
    Semaphore::new(settings.max_concurrent.clamp(1, Semaphore::MAX_PERMITS))
}
