//! Components that were pulled, kept on disk: what was pulled once can be had again while the registry is out of reach.
//!
//! A store gives a component only to whom the registry gave it: to the same scope (a tenant's namespace), for the same
//! repository, with the same credential or where none was needed. Nothing that is read is believed: the manifest must
//! have the digest that is asked for, a key that is wanted *now* must have signed it, and the component must have the
//! size and digest that the manifest says. What is not so is removed, and pulled again.

mod document;
mod files;
mod index;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use crate::signature::Material;
use crate::{Credential, Credentials, Digest, Pulled, Reference, Verification};
use document::{Document, Refused};
use index::Index;

/// Most bytes of what is known of an image: a manifest and a signature, both in base64.
const DOCUMENT: u64 = 4 << 20;

/// Length of the key that names are made with.
const KEY: usize = 32;

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or the folder cannot be read or written.
    #[error("{}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
    /// Somebody else could have written it.
    #[error("{} {what}", .path.display())]
    Untrusted {
        /// A file, or the folder.
        path: PathBuf,
        /// Why it is not believed.
        what: &'static str,
    },
    /// All that is there is in use.
    #[error("it would hold more than {most} bytes, and what it holds is in use")]
    NoRoom {
        /// The limit.
        most: u64,
    },
}

impl StoreError {
    /// A stable word for the kind of error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "store-io",
            Self::Untrusted { .. } => "store-untrusted",
            Self::NoRoom { .. } => "store-full",
        }
    }
}

/// A store of components in a folder. Cheap to clone; clones are the same. Several processes may use one folder.
#[derive(Clone)]
pub struct ComponentStore(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    most: u64,
    /// Names are made with it: they tell nothing of a credential.
    key: hmac::Key,
    index: Mutex<Index>,
}

impl std::fmt::Debug for ComponentStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ComponentStore")
            .field("folder", &self.0.folder)
            .field("most", &self.0.most)
            .finish_non_exhaustive()
    }
}

/// As long as it or a clone of it is held, what it was given for stays in the store.
#[derive(Clone)]
pub struct Lease {
    _held: Arc<()>,
    store: ComponentStore,
    name: String,
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl Lease {
    /// What it was given for turned out to be of no use: it is removed.
    pub async fn discard(self) {
        let removed = tokio::task::spawn_blocking(move || {
            let folder = &self.store.0.folder;
            let _alone = files::lock(folder)?;
            let mut index = self.store.index();
            index.look(folder)?;
            index.remove(folder, &self.name);
            index.noted(folder);
            Ok::<_, StoreError>(())
        });
        if let Ok(Err(error)) = removed.await {
            let error = chain(&error);
            tracing::debug!(error, "what is of no use stays in the store of components");
        }
    }
}

/// Who asks for which image.
pub(crate) struct Asked<'a> {
    pub(crate) scope: &'a str,
    pub(crate) reference: &'a Reference,
    pub(crate) digest: Digest,
    pub(crate) credentials: &'a Credentials,
}

impl Asked<'_> {
    fn repository(&self) -> String {
        format!(
            "{}/{}",
            self.reference.registry(),
            self.reference.repository()
        )
    }
}

/// What the store has of it.
#[derive(Debug)]
pub(crate) enum Found {
    Component(Pulled, Option<Lease>),
    Nothing,
    /// It is there, and no wanted key signed it.
    Unsigned(String),
}

impl ComponentStore {
    /// Open the store in a folder, which is made where there is none and belongs to it alone. It holds at most `most`
    /// bytes. What a process left behind that died is removed.
    ///
    /// # Errors
    /// When the folder cannot be used, belongs to another user or is open to others.
    pub fn open(folder: &Path, most: u64) -> Result<Self, StoreError> {
        files::folder(folder)?;
        let _alone = files::lock(folder)?;
        let key = key(folder)?;
        let mut index = Index::default();
        index.look(folder)?;
        index.clean(folder);
        Ok(Self(Arc::new(Inner {
            folder: folder.to_path_buf(),
            most,
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            index: Mutex::new(index),
        })))
    }

    /// Bytes of all that it holds.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.index().bytes()
    }

    /// What the store has of an image. Reads and computes: not for a thread that others wait for.
    pub(crate) fn find(&self, asked: &Asked<'_>, verification: &Verification, limit: u64) -> Found {
        let own = asked.credentials.find(asked.reference);
        let mut unsigned = None;
        // What was given to everybody is given to who has a credential, too.
        for credential in [own, None] {
            let name = self.name(asked, credential);
            match self.open_image(&name, asked, verification, limit) {
                Ok(Some((pulled, lease))) => return Found::Component(pulled, lease),
                Ok(None) => {}
                Err(Refused::Unsigned(why)) => unsigned = Some(why),
                Err(Refused::Damaged(why)) => tracing::warn!(
                    scope = asked.scope,
                    image = %asked.reference,
                    why,
                    "a stored component is not as it was stored; it is removed"
                ),
            }
            if own.is_none() {
                break;
            }
        }
        match unsigned {
            Some(why) => Found::Unsigned(why),
            None => Found::Nothing,
        }
    }

    /// The component under a name. What is damaged is gone afterwards.
    fn open_image(
        &self,
        name: &str,
        asked: &Asked<'_>,
        verification: &Verification,
        limit: u64,
    ) -> Result<Option<(Pulled, Option<Lease>)>, Refused> {
        let folder = &self.0.folder;
        let (component, lease) = {
            let mut index = self.index();
            if let Err(error) = index.look(folder) {
                return Err(Refused::Damaged(chain(&error)));
            }
            match index.component_of(name) {
                // From here on nobody of this process removes it.
                Some(component) => (component, self.lease(&mut index, name)),
                None => return Ok(None),
            }
        };
        let image = index::image(folder, name, &component);
        let read = || {
            let damaged = |error: StoreError| Refused::Damaged(chain(&error));
            let Some(bytes) = files::read(&image, DOCUMENT).map_err(damaged)? else {
                return Ok(None);
            };
            let repository = asked.repository();
            let (layer, signed_by) = Document::check(
                &bytes,
                asked.scope,
                &repository,
                &asked.digest,
                verification,
            )?;
            if layer.digest != component || layer.size > limit {
                let why = "its component is another one, or larger than it may be";
                return Err(Refused::Damaged(why.to_owned()));
            }
            let path = index::component(folder, &component);
            let bytes = match files::read(&path, layer.size) {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return Ok(None),
                Err(error) => {
                    self.index().remove_component(folder, &component);
                    return Err(damaged(error));
                }
            };
            if bytes.len() as u64 != layer.size || Digest::of(&bytes) != component {
                self.index().remove_component(folder, &component);
                let why = "its component has another size or digest";
                return Err(Refused::Damaged(why.to_owned()));
            }
            Ok(Some(Pulled {
                bytes,
                digest: asked.digest,
                component,
                signed_by,
            }))
        };
        match read() {
            Ok(Some(pulled)) => {
                files::touch(&image);
                Ok(Some((pulled, lease)))
            }
            Err(Refused::Unsigned(why)) => Err(Refused::Unsigned(why)),
            // One without the other is of no use.
            other => {
                let mut index = self.index();
                index.remove(folder, name);
                index.noted(folder);
                other.map(|_| None)
            }
        }
    }

    /// Keep what the registry gave. Writes and waits for the disk: not for a thread that others wait for.
    pub(crate) fn keep(
        &self,
        asked: &Asked<'_>,
        manifest: &[u8],
        signature: Option<Material>,
        verification: &Verification,
        pulled: &Pulled,
    ) -> Result<Option<Lease>, StoreError> {
        let folder = &self.0.folder;
        files::folder(folder)?;
        let document = Document::new(
            asked.scope,
            &asked.repository(),
            manifest,
            signature,
            verification,
        );
        let document = crate::push::json(&document);
        let name = self.name(asked, asked.credentials.find(asked.reference));
        let size = document.len() as u64;
        let component = (pulled.component, pulled.bytes.len() as u64);
        let _alone = files::lock(folder)?;
        let mut index = self.index();
        index.look(folder)?;
        index.make_room(folder, size, component, self.0.most)?;
        // Removals stand even if nothing can be written.
        index.noted(folder);
        let there = index.has_component(&component.0);
        drop(index);
        let written = match there {
            true => Ok(()),
            false => files::write(
                folder,
                &index::component(folder, &component.0),
                &pulled.bytes,
            ),
        };
        // The component first: an image without one is of no use.
        let written = written.and_then(|()| {
            files::write(
                folder,
                &index::image(folder, &name, &component.0),
                &document,
            )
        });
        let mut index = self.index();
        match written {
            Ok(()) => index.add(&name, size, component),
            Err(error) => {
                index.look(folder)?;
                index.clean(folder);
                return Err(error);
            }
        }
        index.noted(folder);
        Ok(self.lease(&mut index, &name))
    }

    /// Where an image is, for who asks so.
    fn name(&self, asked: &Asked<'_>, credential: Option<&Credential>) -> String {
        let mut context = hmac::Context::with_key(&self.0.key);
        let mut part = |text: &str| {
            context.update(&(text.len() as u64).to_be_bytes());
            context.update(text.as_bytes());
        };
        part(asked.scope);
        part(&asked.repository());
        part(&asked.digest.to_string());
        match credential {
            None => part("anybody"),
            Some(Credential::Password { username, password }) => {
                part("password");
                part(username);
                part(password);
            }
            Some(Credential::Identity(token)) => {
                part("identity");
                part(token);
            }
            Some(Credential::Token(token)) => {
                part("token");
                part(token);
            }
        }
        hex::encode(context.sign())
    }

    fn lease(&self, index: &mut Index, name: &str) -> Option<Lease> {
        Some(Lease {
            _held: index.lease(name)?,
            store: self.clone(),
            name: name.to_owned(),
        })
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.0.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key of a folder; made where there is none, or none that is one. Only by who alone writes.
fn key(folder: &Path) -> Result<[u8; KEY], StoreError> {
    let path = folder.join("key");
    let read = files::read(&path, KEY as u64);
    if let Ok(Some(bytes)) = &read
        && let Ok(key) = <[u8; KEY]>::try_from(bytes.as_slice())
    {
        return Ok(key);
    }
    if let Err(error @ StoreError::Io { .. }) = read {
        return Err(error);
    }
    // What was named with another key is not found any more, and goes when room is needed.
    let mut key = [0; KEY];
    SystemRandom::new().fill(&mut key).map_err(|_| {
        files::io_error(&path)(std::io::Error::other("there are no random numbers"))
    })?;
    files::write(folder, &path, &key)?;
    Ok(key)
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &StoreError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
