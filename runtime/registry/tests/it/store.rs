//! What was pulled is kept: it is had again while the registry is out of reach, by whom it was given to, and never when it
//! is not what it was or nobody wanted signed it.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hookbox_registry::{
    Artifact, ComponentStore, Credentials, Kept, PrivateKey, Reference, RegistryError, StoreError,
    Verification,
};
use tempfile::TempDir;

use super::auth::{alice, basic, guard};
use super::server::{Registry, status};
use super::signatures::{Form, key, only, signed, wanted};
use super::{COMPONENT, client, nobody, pushed};

const ROOM: u64 = 1 << 20;

/// A folder for stores, one after the other.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("pulled")
    }

    fn open(&self) -> ComponentStore {
        self.with(ROOM)
    }

    fn with(&self, most: u64) -> ComponentStore {
        ComponentStore::open(&self.folder(), most).unwrap()
    }

    /// Its files with this extension.
    fn files(&self, extension: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder()).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let mut paths: Vec<PathBuf> = paths
            .filter(|path| path.extension().is_some_and(|e| e == extension))
            .collect();
        paths.sort();
        paths
    }

    fn file(&self, extension: &str) -> PathBuf {
        let [path] = &self.files(extension)[..] else {
            panic!("not just one file: {:?}", self.files(extension));
        };
        path.clone()
    }
}

async fn pull(
    store: &ComponentStore,
    scope: &str,
    reference: &Reference,
    credentials: &Credentials,
    verification: &Verification,
) -> Result<Kept, RegistryError> {
    client()
        .pull_kept(store, scope, reference, credentials, verification)
        .await
}

/// As `team-a`, without credentials.
async fn plain(
    store: &ComponentStore,
    reference: &Reference,
    verification: &Verification,
) -> Result<Kept, RegistryError> {
    pull(store, "team-a", reference, &nobody(), verification).await
}

/// From now on the registry is of no use.
fn down(registry: &Registry) {
    registry.lie(|_| Some(status(503)));
}

fn up(registry: &Registry) {
    registry.lie(|_| None);
}

#[tokio::test]
async fn after_a_restart_the_registry_need_not_be_there() {
    for form in [Form::Simple, Form::Bundle] {
        let (registry, reference, key) = signed().await;
        only(&registry, &reference, form);
        let (place, keys) = (Place::new(), wanted(&[&key]));
        let first = plain(&place.open(), &reference, &keys).await.unwrap();
        assert!(!first.from_store && first.lease.is_some());
        down(&registry);
        let asked = registry.seen().len();
        let again = plain(&place.open(), &reference, &keys).await.unwrap();
        assert!(again.from_store);
        assert_eq!(again.pulled, first.pulled);
        assert_eq!(again.pulled.signed_by, Some(key.public().id()));
        assert_eq!(registry.seen().len(), asked);
    }
}

#[tokio::test]
async fn a_key_that_is_wanted_no_longer_stops_what_is_stored() {
    let (registry, reference, old) = signed().await;
    let (place, new) = (Place::new(), key());
    let store = place.open();
    plain(&store, &reference, &wanted(&[&old])).await.unwrap();
    down(&registry);
    for keys in [wanted(&[&new]), wanted(&[])] {
        let error = plain(&store, &reference, &keys).await.unwrap_err();
        assert_eq!(error.code(), "signature");
        let text = error.to_string();
        assert!(text.contains("stored") && text.contains("503"), "{text}");
    }
    // Nor does the registry make it good, as long as the new key signed nothing.
    up(&registry);
    let error = plain(&store, &reference, &wanted(&[&new])).await;
    assert_eq!(error.unwrap_err().code(), "signature");
    client().sign(&reference, &nobody(), &new).await.unwrap();
    let pulled = plain(&store, &reference, &wanted(&[&new])).await.unwrap();
    assert!(!pulled.from_store);
    down(&registry);
    let pulled = plain(&store, &reference, &wanted(&[&new])).await.unwrap();
    assert_eq!(pulled.pulled.signed_by, Some(new.public().id()));
    assert!(pulled.from_store);
}

#[tokio::test]
async fn what_was_stored_unsigned_is_not_given_where_a_signature_is_wanted() {
    let (registry, reference, key) = signed().await;
    let place = Place::new();
    let store = place.open();
    plain(&store, &reference, &Verification::Unsigned)
        .await
        .unwrap();
    down(&registry);
    let error = plain(&store, &reference, &wanted(&[&key])).await;
    assert_eq!(error.unwrap_err().code(), "signature");
    up(&registry);
    let kept = plain(&store, &reference, &wanted(&[&key])).await.unwrap();
    assert!(!kept.from_store);
    down(&registry);
    assert!(plain(&store, &reference, &wanted(&[&key])).await.is_ok());
}

#[tokio::test]
async fn where_none_is_required_one_that_is_there_has_to_count() {
    let (registry, reference, key) = signed().await;
    let lenient = |key: &PrivateKey| Verification::IfSigned(vec![key.public().clone()]);
    let place = Place::new();
    let store = place.open();
    // Nobody looked whether it is signed.
    plain(&store, &reference, &Verification::Unsigned)
        .await
        .unwrap();
    down(&registry);
    let error = plain(&store, &reference, &lenient(&key)).await;
    assert_eq!(error.unwrap_err().code(), "signature");
    up(&registry);
    let kept = plain(&store, &reference, &lenient(&key)).await.unwrap();
    assert!(!kept.from_store);
    down(&registry);
    let kept = plain(&store, &reference, &lenient(&key)).await.unwrap();
    assert!(kept.from_store && kept.pulled.signed_by.is_some());
    let error = plain(&store, &reference, &lenient(&self::key())).await;
    assert_eq!(error.unwrap_err().code(), "signature");

    // One that is not signed at all.
    let registry = Registry::start().await;
    let digest = pushed(&registry).await;
    let reference = registry.reference("team/hook:1").with_digest(digest);
    plain(&store, &reference, &lenient(&key)).await.unwrap();
    down(&registry);
    let kept = plain(&store, &reference, &lenient(&self::key())).await;
    assert!(kept.unwrap().from_store);
    let error = plain(&store, &reference, &wanted(&[&key])).await;
    assert_eq!(error.unwrap_err().code(), "signature");
}

/// What may be done to a store's files.
type Tamper = fn(&Place);

fn change(path: &Path, with: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    with(&mut bytes);
    fs::write(path, bytes).unwrap();
}

const TAMPERED: [(&str, Tamper); 13] = [
    ("a byte of the component", |place| {
        change(&place.file("component"), |bytes| bytes[9] ^= 1);
    }),
    ("a shorter component", |place| {
        change(&place.file("component"), |bytes| bytes.truncate(7));
    }),
    ("a longer component", |place| {
        change(&place.file("component"), |bytes| bytes.push(0));
    }),
    ("an empty component", |place| {
        change(&place.file("component"), Vec::clear);
    }),
    ("no component", |place| {
        fs::remove_file(place.file("component")).unwrap();
    }),
    ("a component that others can read", |place| {
        fs::set_permissions(place.file("component"), Permissions::from_mode(0o644)).unwrap();
    }),
    ("a component that is a link", |place| {
        let path = place.file("component");
        let elsewhere = place.0.path().join("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        symlink(&elsewhere, &path).unwrap();
    }),
    ("an empty image", |place| {
        change(&place.file("image"), Vec::clear);
    }),
    ("half of an image", |place| {
        change(&place.file("image"), |bytes| {
            bytes.truncate(bytes.len() / 2)
        });
    }),
    ("an image of somebody else", |place| {
        change(&place.file("image"), |bytes| {
            let text = String::from_utf8(bytes.clone()).unwrap();
            *bytes = text.replace("team-a", "team-b").into_bytes();
        });
    }),
    ("another manifest", |place| {
        change(&place.file("image"), |bytes| {
            let mut document: serde_json::Value = serde_json::from_slice(bytes).unwrap();
            document["manifest"] = "e30=".into();
            *bytes = document.to_string().into_bytes();
        });
    }),
    ("another signature", |place| {
        change(&place.file("image"), |bytes| {
            let mut document: serde_json::Value = serde_json::from_slice(bytes).unwrap();
            document["signature"]["signature"] = "AAAA".into();
            *bytes = document.to_string().into_bytes();
        });
    }),
    ("an image without end", |place| {
        let file = File::options().write(true).open(place.file("image"));
        file.unwrap().set_len(1 << 30).unwrap();
    }),
];

#[tokio::test]
async fn what_was_tampered_with_is_not_given_and_pulled_again() {
    let (registry, reference, key) = signed().await;
    let keys = wanted(&[&key]);
    for (what, tamper) in TAMPERED {
        // By a store that knows of it, and by one that finds it.
        for restarted in [false, true] {
            let place = Place::new();
            let mut store = place.open();
            plain(&store, &reference, &keys).await.unwrap();
            tamper(&place);
            if restarted {
                store = place.open();
            }
            down(&registry);
            let error = plain(&store, &reference, &keys).await.unwrap_err();
            assert!(matches!(error.code(), "status" | "signature"), "{what}");
            up(&registry);
            let kept = plain(&store, &reference, &keys).await.unwrap();
            assert!(!kept.from_store, "{what}");
            assert_eq!(kept.pulled.bytes, COMPONENT);
            down(&registry);
            let kept = plain(&store, &reference, &keys).await;
            assert!(kept.unwrap_or_else(|e| panic!("{what}: {e}")).from_store);
            assert_eq!(fs::read(place.file("component")).unwrap(), COMPONENT);
            up(&registry);
        }
    }
}

#[tokio::test]
async fn it_is_given_only_to_whom_the_registry_gave_it() {
    let registry = Registry::start().await;
    let digest = pushed(&registry).await;
    client()
        .push(
            &registry.reference("team/other:1"),
            &nobody(),
            super::artifact(),
        )
        .await
        .unwrap();
    let reference = registry.reference("team/hook:1").with_digest(digest);
    let guarded = || guard(&registry, &basic(), "Basic realm=\"x\"".to_owned());
    guarded();
    let place = Place::new();
    let store = place.open();
    let unsigned = Verification::Unsigned;
    let alice = alice(&registry);
    pull(&store, "team-a", &reference, &alice, &unsigned)
        .await
        .unwrap();
    let code = async |scope: &str, credentials: &Credentials| {
        pull(&store, scope, &reference, credentials, &unsigned)
            .await
            .unwrap_err()
            .code()
    };
    assert_eq!(code("team-b", &nobody()).await, "denied");
    assert_eq!(code("team-a", &nobody()).await, "denied");
    down(&registry);
    for scope in ["team-b", "", "team-", "team-a/"] {
        assert_eq!(code(scope, &alice).await, "status", "{scope}");
    }
    // Another repository of the same registry with the same image.
    let other = registry.reference("team/other:1").with_digest(digest);
    let error = pull(&store, "team-a", &other, &alice, &unsigned).await;
    assert_eq!(error.unwrap_err().code(), "status");
    let kept = pull(&store, "team-a", &reference, &alice, &unsigned).await;
    assert!(kept.unwrap().from_store);
    // Whom the registry gives it too has it, and the bytes are on the disk once.
    guarded();
    let kept = pull(&store, "team-b", &reference, &alice, &unsigned).await;
    assert!(!kept.unwrap().from_store);
    assert_eq!(place.files("image").len(), 2);
    assert_eq!(place.files("component").len(), 1);
    let text = fs::read_to_string(&place.files("image")[0]).unwrap();
    assert!(!text.contains("s3cret") && !text.contains("alice"));
}

#[tokio::test]
async fn what_was_given_to_everybody_needs_no_credential() {
    let registry = Registry::start().await;
    let digest = pushed(&registry).await;
    let reference = registry.reference("team/hook:1").with_digest(digest);
    let place = Place::new();
    let store = place.open();
    plain(&store, &reference, &Verification::Unsigned)
        .await
        .unwrap();
    down(&registry);
    let alice = alice(&registry);
    let kept = pull(
        &store,
        "team-a",
        &reference,
        &alice,
        &Verification::Unsigned,
    )
    .await;
    assert!(kept.unwrap().from_store);
}

#[tokio::test]
async fn what_died_half_way_leaves_nothing_and_what_is_left_is_removed() {
    let registry = Registry::start().await;
    let digest = pushed(&registry).await;
    let reference = registry.reference("team/hook:1").with_digest(digest);
    let place = Place::new();
    plain(&place.open(), &reference, &Verification::Unsigned)
        .await
        .unwrap();
    // A process that died while it wrote, and one that died between the two files.
    let folder = place.folder();
    fs::write(folder.join("0123.tmp"), "half").unwrap();
    let orphan = folder.join(format!("{}.component", "0".repeat(64)));
    fs::write(&orphan, "whole").unwrap();
    let store = place.open();
    assert_eq!(place.files("tmp"), Vec::<PathBuf>::new());
    assert!(!orphan.exists());
    down(&registry);
    let kept = plain(&store, &reference, &Verification::Unsigned).await;
    assert!(kept.unwrap().from_store);
}

#[tokio::test]
async fn where_nothing_can_be_written_it_is_pulled_all_the_same() {
    let registry = Registry::start().await;
    let digest = pushed(&registry).await;
    let reference = registry.reference("team/hook:1").with_digest(digest);
    let place = Place::new();
    let store = place.open();
    // A folder is where the component should be.
    let name = hookbox_registry::Digest::of(COMPONENT).hex();
    let way = place.folder().join(name).with_extension("component");
    fs::create_dir(&way).unwrap();
    let kept = plain(&store, &reference, &Verification::Unsigned)
        .await
        .unwrap();
    assert_eq!(kept.pulled.bytes, COMPONENT);
    assert!(kept.lease.is_none());
    assert_eq!(place.files("tmp"), Vec::<PathBuf>::new());
    assert_eq!(place.files("image"), Vec::<PathBuf>::new());
    fs::remove_dir(&way).unwrap();
    // The whole folder is gone, or opened to others.
    fs::set_permissions(place.folder(), Permissions::from_mode(0o777)).unwrap();
    let kept = plain(&store, &reference, &Verification::Unsigned).await;
    assert!(kept.unwrap().lease.is_none());
    fs::remove_dir_all(place.folder()).unwrap();
    let kept = plain(&store, &reference, &Verification::Unsigned).await;
    assert_eq!(kept.unwrap().pulled.bytes, COMPONENT);
}

/// Images of 1000 bytes and their references.
async fn images(registry: &Registry, count: u8) -> Vec<Reference> {
    let mut references = Vec::new();
    for byte in 0..count {
        let reference = registry.reference(&format!("team/hook{byte}:1"));
        let artifact = Artifact {
            bytes: vec![byte; 1000],
            ..super::artifact()
        };
        let digest = client().push(&reference, &nobody(), artifact).await;
        references.push(reference.with_digest(digest.unwrap()));
    }
    references
}

#[tokio::test]
async fn what_was_not_used_for_longest_goes_first_and_nothing_that_is_used() {
    let registry = Registry::start().await;
    let [a, b, c, d] = &images(&registry, 4).await[..] else {
        panic!()
    };
    let unsigned = Verification::Unsigned;
    // Room for two images with their manifests.
    let place = Place::new();
    plain(&place.open(), a, &unsigned).await.unwrap();
    let one = place.open().bytes();
    assert!(one > 1000);
    let two = one * 2 + one / 2;
    plain(&place.open(), b, &unsigned).await.unwrap();
    let images = place.files("image");
    for (age, path) in (1..).zip(&images) {
        let text = fs::read_to_string(path).unwrap();
        // The first is the one that was used last.
        let age = if text.contains("hook0") {
            age
        } else {
            age + 1000
        };
        let used = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000 - age);
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(used).unwrap();
    }
    let store = place.with(two);
    let of_c = plain(&store, c, &unsigned).await.unwrap();
    assert!(store.bytes() <= two);
    let held = async |reference| {
        down(&registry);
        let kept = plain(&store, reference, &unsigned).await.is_ok();
        up(&registry);
        kept
    };
    assert!(held(a).await && !held(b).await && held(c).await);
    // What is in use stays: the other one goes.
    let of_d = plain(&store, d, &unsigned).await.unwrap();
    assert!(of_d.lease.is_some());
    assert!(!held(a).await && held(c).await && held(d).await);
    // With both in use there is no room, and it runs all the same.
    let kept = plain(&store, a, &unsigned).await.unwrap();
    assert!(kept.lease.is_none() && !kept.from_store);
    assert!(held(c).await && held(d).await && !held(a).await);
    drop((of_c, of_d));
    assert!(plain(&store, a, &unsigned).await.unwrap().lease.is_some());
    assert!(store.bytes() <= two);
    assert_eq!(place.files("component").len(), 2);
    // What has no room even alone takes nobody's place.
    let small = place.with(one / 2);
    assert!(plain(&small, b, &unsigned).await.unwrap().lease.is_none());
    assert_eq!(place.files("component").len(), 2);
}

#[tokio::test]
async fn what_turns_out_to_be_of_no_use_is_removed() {
    let registry = Registry::start().await;
    let [a, b] = &images(&registry, 2).await[..] else {
        panic!()
    };
    let place = Place::new();
    let store = place.open();
    let unsigned = Verification::Unsigned;
    let of_a = plain(&store, a, &unsigned).await.unwrap();
    plain(&store, b, &unsigned).await.unwrap();
    of_a.lease.unwrap().discard().await;
    assert_eq!(place.files("component").len(), 1);
    down(&registry);
    assert!(plain(&store, a, &unsigned).await.is_err());
    assert!(plain(&store, b, &unsigned).await.unwrap().from_store);
}

#[tokio::test]
async fn two_processes_may_share_a_folder() {
    let registry = Registry::start().await;
    let [a, b] = &images(&registry, 2).await[..] else {
        panic!()
    };
    let place = Place::new();
    let (one, other) = (place.open(), place.open());
    let unsigned = Verification::Unsigned;
    plain(&one, a, &unsigned).await.unwrap();
    plain(&other, b, &unsigned).await.unwrap();
    down(&registry);
    for store in [&one, &other] {
        for reference in [a, b] {
            assert!(plain(store, reference, &unsigned).await.unwrap().from_store);
        }
    }
    assert_eq!(one.bytes(), other.bytes());
}

#[test]
fn a_folder_that_others_can_change_is_refused() {
    let place = Place::new();
    place.open();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.folder()), 0o700);
    assert_eq!(mode(&place.folder().join("key")), 0o600);
    for open in [0o755, 0o770, 0o707, 0o1777] {
        fs::set_permissions(place.folder(), Permissions::from_mode(open)).unwrap();
        let error = ComponentStore::open(&place.folder(), ROOM).unwrap_err();
        assert!(matches!(error, StoreError::Untrusted { .. }), "{open:o}");
        assert_eq!(error.code(), "store-untrusted");
    }
    fs::set_permissions(place.folder(), Permissions::from_mode(0o700)).unwrap();
    let link = place.0.path().join("link");
    symlink(place.folder(), &link).unwrap();
    let error = ComponentStore::open(&link, ROOM).unwrap_err();
    assert_eq!(error.code(), "store-untrusted");
    fs::write(place.0.path().join("file"), "").unwrap();
    let error = ComponentStore::open(&place.0.path().join("file"), ROOM);
    assert_eq!(error.unwrap_err().code(), "store-untrusted");
    // A key that is none is made anew.
    fs::write(place.folder().join("key"), "short").unwrap();
    place.open();
    assert_eq!(fs::read(place.folder().join("key")).unwrap().len(), 32);
}

#[tokio::test]
async fn files_are_only_this_users() {
    let registry = Registry::start().await;
    let digest = pushed(&registry).await;
    let reference = registry.reference("team/hook:1").with_digest(digest);
    let place = Place::new();
    plain(&place.open(), &reference, &Verification::Unsigned)
        .await
        .unwrap();
    for entry in fs::read_dir(place.folder()).unwrap() {
        let path = entry.unwrap().path();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    let error = plain(
        &place.open(),
        &registry.reference("team/hook:1"),
        &Verification::Unsigned,
    )
    .await;
    assert_eq!(error.unwrap_err().code(), "digest-required");
}
