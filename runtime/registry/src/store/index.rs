//! What the store holds, how large it is and what goes first when there is no more room.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::SystemTime;

use super::{StoreError, files};
use crate::Digest;

/// Extension of what is known of an image.
const IMAGE: &str = "image";
/// Extension of a component.
const COMPONENT: &str = "component";

/// The files of a folder.
#[derive(Debug, Default)]
pub(super) struct Index {
    images: HashMap<String, Image>,
    /// Bytes of each component.
    components: HashMap<Digest, u64>,
    /// When the folder was changed last, as far as this knows.
    seen: Option<SystemTime>,
}

#[derive(Debug)]
struct Image {
    component: Digest,
    size: u64,
    used: SystemTime,
    lease: Weak<()>,
}

/// The file of an image. It names the component, so that the folder's names alone tell what belongs together.
pub(super) fn image(folder: &Path, name: &str, component: &Digest) -> PathBuf {
    folder.join(format!("{name}-{}.{IMAGE}", component.hex()))
}

/// The file of a component.
pub(super) fn component(folder: &Path, digest: &Digest) -> PathBuf {
    folder.join(format!("{}.{COMPONENT}", digest.hex()))
}

/// What a file's name says that it is.
fn named(path: &Path) -> Option<(Option<String>, Digest)> {
    let stem = path.file_stem()?.to_str()?;
    let digest = |hex: &str| format!("sha256:{hex}").parse::<Digest>().ok();
    match path.extension()?.to_str()? {
        COMPONENT => Some((None, digest(stem)?)),
        IMAGE => {
            let (name, hex) = stem.split_once('-')?;
            Some((Some(name.to_owned()), digest(hex)?))
        }
        _ => None,
    }
}

impl Index {
    /// See what is there, unless nothing was changed since. Other processes may use the folder too.
    pub(super) fn look(&mut self, folder: &Path) -> Result<(), StoreError> {
        let error = || files::io_error(folder);
        let changed = fs::metadata(folder)
            .and_then(|metadata| metadata.modified())
            .map_err(error())?;
        if self.seen == Some(changed) {
            return Ok(());
        }
        let mut found = Self::default();
        for entry in fs::read_dir(folder).map_err(error())? {
            let entry = entry.map_err(error())?;
            let Some((name, digest)) = named(&entry.path()) else {
                continue;
            };
            // What goes while it is looked at is not there.
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            if !metadata.is_file() {
                continue;
            }
            match name {
                None => drop(found.components.insert(digest, metadata.len())),
                Some(name) => {
                    let lease = self.images.get(&name).map(|image| image.lease.clone());
                    let image = Image {
                        component: digest,
                        size: metadata.len(),
                        used: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                        lease: lease.unwrap_or_default(),
                    };
                    found.images.insert(name, image);
                }
            }
        }
        found.seen = Some(changed);
        *self = found;
        Ok(())
    }

    /// Remove what a process left behind that died, and components that belong to no image. Only by who alone writes.
    pub(super) fn clean(&mut self, folder: &Path) {
        if let Ok(entries) = fs::read_dir(folder) {
            for path in entries.flatten().map(|entry| entry.path()) {
                if path.extension().is_some_and(|e| e == files::TEMPORARY) {
                    files::remove(&path);
                }
            }
        }
        let used: HashSet<Digest> = self.images.values().map(|image| image.component).collect();
        let left: Vec<Digest> = self
            .components
            .keys()
            .filter(|digest| !used.contains(*digest))
            .copied()
            .collect();
        for digest in left {
            self.components.remove(&digest);
            files::remove(&component(folder, &digest));
        }
        self.noted(folder);
    }

    /// The component of an image.
    pub(super) fn component_of(&self, name: &str) -> Option<Digest> {
        self.images.get(name).map(|image| image.component)
    }

    pub(super) fn has_component(&self, digest: &Digest) -> bool {
        self.components.contains_key(digest)
    }

    /// Somebody uses an image: as long as the lease is held it does not go.
    pub(super) fn lease(&mut self, name: &str) -> Option<Arc<()>> {
        let image = self.images.get_mut(name)?;
        image.used = crate::clock::wall();
        let lease = image.lease.upgrade().unwrap_or_else(|| {
            let lease = Arc::new(());
            image.lease = Arc::downgrade(&lease);
            lease
        });
        Some(lease)
    }

    /// An image was written, and its component.
    pub(super) fn add(&mut self, name: &str, size: u64, component: (Digest, u64)) {
        self.components.insert(component.0, component.1);
        let image = Image {
            component: component.0,
            size,
            used: crate::clock::wall(),
            lease: self
                .images
                .remove(name)
                .map(|old| old.lease)
                .unwrap_or_default(),
        };
        self.images.insert(name.to_owned(), image);
    }

    /// What is written here is no change that others made.
    pub(super) fn noted(&mut self, folder: &Path) {
        self.seen = fs::metadata(folder)
            .and_then(|metadata| metadata.modified())
            .ok();
    }

    /// Forget an image, and its component where no other image has it.
    pub(super) fn remove(&mut self, folder: &Path, name: &str) {
        let Some(gone) = self.images.remove(name) else {
            return;
        };
        files::remove(&image(folder, name, &gone.component));
        if !self.images.values().any(|i| i.component == gone.component) {
            self.remove_component(folder, &gone.component);
        }
    }

    /// Forget a component that is not as it should be. Its images stay: each sees that it is not there.
    pub(super) fn remove_component(&mut self, folder: &Path, digest: &Digest) {
        self.components.remove(digest);
        files::remove(&component(folder, digest));
    }

    /// Make room for an image with a component: what was not used for longest goes first, but nothing that is in use.
    pub(super) fn make_room(
        &mut self,
        folder: &Path,
        size: u64,
        component: (Digest, u64),
        most: u64,
    ) -> Result<(), StoreError> {
        let new = |index: &Self| match index.components.contains_key(&component.0) {
            true => size,
            false => size.saturating_add(component.1),
        };
        let leased = |image: &&Image| image.lease.strong_count() > 0;
        let mut fixed: HashSet<Digest> = self
            .images
            .values()
            .filter(leased)
            .map(|image| image.component)
            .collect();
        fixed.insert(component.0);
        let held = fixed
            .iter()
            .filter(|digest| **digest != component.0)
            .filter_map(|digest| self.components.get(digest))
            .chain(self.images.values().filter(leased).map(|image| &image.size))
            .fold(size.saturating_add(component.1), |all, one| {
                all.saturating_add(*one)
            });
        if held > most {
            return Err(StoreError::NoRoom { most });
        }
        let mut idle: Vec<(SystemTime, String)> = self
            .images
            .iter()
            .filter(|(_, image)| !leased(image))
            .map(|(name, image)| (image.used, name.clone()))
            .collect();
        idle.sort();
        for (_, name) in idle {
            if self.bytes().saturating_add(new(self)) <= most {
                break;
            }
            self.remove(folder, &name);
        }
        Ok(())
    }

    /// Bytes of all files.
    pub(super) fn bytes(&self) -> u64 {
        let images = self.images.values().map(|image| image.size);
        images
            .chain(self.components.values().copied())
            .fold(0, u64::saturating_add)
    }
}
