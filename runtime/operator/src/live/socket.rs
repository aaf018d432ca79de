//! The unix socket: only for its owner, never stolen from another process, removed at the end.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

/// Bytes that the path of a socket may have (`sun_path`, with its end).
const PATH_BYTES: usize = 107;

/// Where a socket may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its path.
    pub path: PathBuf,
    /// Whether its folder lies where everybody can make one: then it must be this user's own.
    pub shared: bool,
}

impl Place {
    /// This very path.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            shared: false,
        }
    }

    /// Whether what is there belongs to this user or to root, and so can be trusted.
    pub(super) fn is_trusted(&self) -> bool {
        let own = rustix::process::geteuid().as_raw();
        let trusted =
            |path: &Path| fs::symlink_metadata(path).is_ok_and(|m| m.uid() == own || m.uid() == 0);
        let folder = !self.shared || self.path.parent().is_some_and(trusted);
        folder && trusted(&self.path)
    }
}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SocketError {
    /// Another process listens there.
    #[error(
        "another process serves live commands at {}; stop it, or name another path by --debug-unix-socket",
        .0.display()
    )]
    InUse(PathBuf),
    /// Something that is no socket is in the way.
    #[error("{} is there and is no socket; remove it, or name another path", .0.display())]
    InTheWay(PathBuf),
    /// The path is too long for a socket.
    #[error("{} is longer than a socket's path may be ({PATH_BYTES} bytes)", .0.display())]
    TooLong(PathBuf),
    /// The folder belongs to somebody else, or others can write to it.
    #[error("the folder {} is not this user's alone", .0.display())]
    Folder(PathBuf),
    /// The folder cannot be made.
    #[error("the folder {} for the socket cannot be made", .path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Anything else.
    #[error("the socket {} cannot be made", .path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl SocketError {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InUse(_) => "socket-in-use",
            Self::InTheWay(_) => "socket-in-the-way",
            Self::TooLong(_) => "socket-path-too-long",
            Self::Folder(_) | Self::NoFolder { .. } => "socket-folder",
            Self::Io { .. } => "socket",
        }
    }
}

/// A socket that is there until this is dropped.
#[derive(Debug)]
pub(super) struct Socket {
    path: PathBuf,
    /// Device and inode: what is at the path later may be another's.
    identity: (u64, u64),
}

impl Socket {
    /// Listens at a place. A socket that a process left behind is replaced; one on which somebody listens is not.
    pub(super) fn bind(place: &Place) -> Result<(Self, UnixListener), SocketError> {
        let path = place.path.clone();
        let io = |source| SocketError::Io {
            path: path.clone(),
            source,
        };
        if path.as_os_str().len() > PATH_BYTES {
            return Err(SocketError::TooLong(path));
        }
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|source| SocketError::NoFolder {
                path: folder.to_owned(),
                source,
            })?;
            if place.shared && !is_private(folder).map_err(io)? {
                return Err(SocketError::Folder(folder.to_owned()));
            }
        }
        look(&path)?;
        // Under another name first, so that there is no moment at which others could open it, and none at which there is
        // no socket.
        let name = format!(".{}.{:x}", std::process::id(), fastrand::u32(..));
        let hidden = path.with_file_name(name);
        let listener = UnixListener::bind(&hidden).map_err(io)?;
        let placed = fs::set_permissions(&hidden, Permissions::from_mode(0o600))
            .and_then(|()| fs::symlink_metadata(&hidden))
            .and_then(|metadata| fs::rename(&hidden, &path).map(|()| metadata));
        let metadata = placed.map_err(|error| {
            let _ = fs::remove_file(&hidden);
            io(error)
        })?;
        let socket = Self {
            identity: (metadata.dev(), metadata.ino()),
            path,
        };
        Ok((socket, listener))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let ours =
            fs::symlink_metadata(&self.path).is_ok_and(|m| (m.dev(), m.ino()) == self.identity);
        if ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether something at the path forbids to put a socket there.
fn look(path: &Path) -> Result<(), SocketError> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            let path = path.to_owned();
            return Err(SocketError::Io { path, source });
        }
    };
    if !found.file_type().is_socket() {
        return Err(SocketError::InTheWay(path.to_owned()));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        // It went in this moment.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // It answers, or it is not for us to know.
        _ => Err(SocketError::InUse(path.to_owned())),
    }
}

fn is_private(folder: &Path) -> io::Result<bool> {
    let found = fs::symlink_metadata(folder)?;
    let own = rustix::process::geteuid().as_raw();
    Ok(found.is_dir() && found.uid() == own && found.mode() & 0o022 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[tokio::test]
    async fn a_socket_is_its_owners_and_goes_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/debug.socket");
        let (socket, listener) = Socket::bind(&Place::at(&path)).unwrap();
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        UnixStream::connect(&path).unwrap();
        drop(listener);
        drop(socket);
        assert!(!path.exists());
        let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(left, 0);
    }

    #[tokio::test]
    async fn what_was_left_behind_is_replaced_and_what_lives_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::at(dir.path().join("debug.socket"));
        // As after a kill.
        drop(std::os::unix::net::UnixListener::bind(&place.path).unwrap());
        let (first, listener) = Socket::bind(&place).unwrap();
        let error = Socket::bind(&place).unwrap_err();
        assert!(matches!(error, SocketError::InUse(_)), "{error}");
        assert_eq!(error.code(), "socket-in-use");
        UnixStream::connect(&place.path).unwrap();
        drop(listener);
        // Nobody listens any more, so that another may have it; the first one does not remove what is not its own.
        let (_second, _listener) = Socket::bind(&place).unwrap();
        drop(first);
        UnixStream::connect(&place.path).unwrap();
    }

    #[tokio::test]
    async fn other_files_and_long_paths_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "text").unwrap();
        let bind = |path: PathBuf| Socket::bind(&Place::at(path)).unwrap_err();
        assert!(matches!(bind(file.clone()), SocketError::InTheWay(_)));
        assert_eq!(fs::read_to_string(&file).unwrap(), "text");
        let long = dir.path().join("x".repeat(200));
        assert!(matches!(bind(long), SocketError::TooLong(_)));
        let below = file.join("debug.socket");
        assert!(matches!(bind(below), SocketError::NoFolder { .. }));
    }

    #[tokio::test]
    async fn a_folder_where_others_write_is_refused_in_a_shared_place() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("open");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
        let place = Place {
            path: folder.join("debug.socket"),
            shared: true,
        };
        let error = Socket::bind(&place).unwrap_err();
        assert!(matches!(error, SocketError::Folder(_)), "{error}");
        fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
        let (_socket, _listener) = Socket::bind(&place).unwrap();
        assert!(place.is_trusted());
    }
}
