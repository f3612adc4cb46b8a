//! The sessions that this machine's user has at servers: `cookies.json` in the state directory.
//!
//! Whoever reads the file can be its owner at the servers, so it is for nobody else's eyes (mode 0600 in a directory of
//! mode 0700), and a new one takes the old one's place in one step: no crash leaves half a file.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::ClientError;

/// A file that is longer is none of ours: thousands of servers fit.
const FILE_BYTES_MAX: u64 = 1 << 20;
const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;

/// The sessions of one user, each with its server. Without a directory it forgets them at the end.
#[derive(Debug)]
pub(crate) struct Cookies {
    directory: Option<PathBuf>,
}

/// A log-in at a server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cookie {
    /// Whose it is.
    pub(crate) user: String,
    /// What proves it.
    pub(crate) session: String,
}

impl std::fmt::Debug for Cookie {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whoever sees the session can take it over.
        write!(out, "Cookie({})", self.user)
    }
}

type Jar = BTreeMap<String, Cookie>;

impl Cookies {
    /// `directory`: `$XDG_STATE_HOME/parlor`, made when there is something to keep.
    pub(crate) fn new(directory: Option<PathBuf>) -> Self {
        Self { directory }
    }

    /// The session at a server (`HOST:PORT`), if there is one.
    ///
    /// # Errors
    /// The file cannot be read, or is no cookie store.
    pub(crate) fn get(&self, server: &str) -> Result<Option<Cookie>, ClientError> {
        match &self.directory {
            Some(directory) => Ok(read(directory)?.remove(server)),
            None => Ok(None),
        }
    }

    /// Keeps a session in the place of the last one at that server, or forgets it.
    ///
    /// # Errors
    /// The file cannot be read or written, or is no cookie store.
    pub(crate) fn set(&self, server: &str, cookie: Option<&Cookie>) -> Result<(), ClientError> {
        let Some(directory) = &self.directory else { return Ok(()) };
        prepare(directory).map_err(|error| cannot("write", directory, &error))?;
        // Another client of this user may write at the same time, and its session must not be lost.
        let _lock = lock(directory).map_err(|error| cannot("lock", directory, &error))?;
        let mut jar = read(directory)?;
        match cookie {
            Some(cookie) => drop(jar.insert(server.to_owned(), cookie.clone())),
            None if jar.remove(server).is_none() => return Ok(()),
            None => {}
        }
        write(directory, &jar).map_err(|error| cannot("write", directory, &error))
    }
}

fn read(directory: &Path) -> Result<Jar, ClientError> {
    let mut text = Vec::new();
    match File::open(file(directory)) {
        Ok(file) => file.take(FILE_BYTES_MAX + 1).read_to_end(&mut text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Jar::new()),
        Err(error) => Err(error),
    }
    .map_err(|error| cannot("read", directory, &error))?;
    let jar = if text.len() as u64 > FILE_BYTES_MAX { None } else { serde_json::from_slice(&text).ok() };
    jar.ok_or_else(|| cannot("read", directory, "this is no cookie store; move it away, then log in again"))
}

fn write(directory: &Path, jar: &Jar) -> io::Result<()> {
    let next = directory.join("cookies.json.new");
    let mut text = serde_json::to_vec_pretty(jar).map_err(io::Error::other)?;
    text.push(b'\n');
    // One that is there is of a client that was killed, perhaps with other rights.
    match fs::remove_file(&next) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::options().write(true).create_new(true).mode(FILE_MODE).open(&next)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(next, self::file(directory))
}

fn prepare(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(directory)?;
    if fs::metadata(directory)?.permissions().mode() & 0o777 != DIRECTORY_MODE {
        fs::set_permissions(directory, Permissions::from_mode(DIRECTORY_MODE))?;
    }
    Ok(())
}

/// Held until it is dropped.
fn lock(directory: &Path) -> io::Result<File> {
    let path = directory.join("cookies.lock");
    let file = File::options().write(true).create(true).truncate(false).mode(FILE_MODE).open(path)?;
    flock(&file, FlockOperation::LockExclusive)?;
    Ok(file)
}

fn file(directory: &Path) -> PathBuf {
    directory.join("cookies.json")
}

fn cannot(what: &str, directory: &Path, reason: &(impl std::fmt::Display + ?Sized)) -> ClientError {
    let path = crate::shown::line(&file(directory).display().to_string());
    ClientError::Cookies(format!("cannot {what} {path}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(user: &str) -> Cookie {
        Cookie { user: user.to_owned(), session: format!("session of {user}") }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn sessions_are_kept_by_server_and_for_nobody_elses_eyes() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("state/parlor");
        let cookies = Cookies::new(Some(directory.clone()));
        assert_eq!(cookies.get("h:1").unwrap(), None);
        assert!(!directory.exists(), "looking makes nothing");
        cookies.set("h:1", Some(&cookie("anna"))).unwrap();
        cookies.set("h:2", Some(&cookie("bert"))).unwrap();
        cookies.set("h:1", Some(&cookie("anna2"))).unwrap();
        cookies.set("h:2", None).unwrap();
        cookies.set("h:3", None).unwrap();
        let later = Cookies::new(Some(directory.clone()));
        assert_eq!(later.get("h:1").unwrap(), Some(cookie("anna2")));
        assert_eq!(later.get("h:2").unwrap(), None);
        assert_eq!((mode(&directory), mode(&file(&directory))), (0o700, 0o600));
    }

    #[test]
    fn what_others_could_read_is_closed_to_them() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("parlor");
        fs::create_dir(&directory).unwrap();
        for name in ["cookies.json", "cookies.json.new"] {
            fs::write(directory.join(name), "{}").unwrap();
            fs::set_permissions(directory.join(name), Permissions::from_mode(0o644)).unwrap();
        }
        fs::set_permissions(&directory, Permissions::from_mode(0o755)).unwrap();
        Cookies::new(Some(directory.clone())).set("h:1", Some(&cookie("anna"))).unwrap();
        assert_eq!((mode(&directory), mode(&file(&directory))), (0o700, 0o600));
    }

    #[test]
    fn a_file_that_is_no_store_is_told_and_not_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let cookies = Cookies::new(Some(home.path().to_owned()));
        for text in ["", "[]", "{\"h:1\":{\"user\":\"anna\"}}", "\u{1b}[2J"] {
            fs::write(file(home.path()), text).unwrap();
            for error in [cookies.get("h:1").unwrap_err(), cookies.set("h:1", Some(&cookie("anna"))).unwrap_err()] {
                assert!(error.to_string().contains("no cookie store; move it away"), "{error}");
                // It says nothing of a message, which may not have been looked at.
                assert!(error.to_string().starts_with("cannot read /"), "{error}");
            }
            assert_eq!(fs::read_to_string(file(home.path())).unwrap(), text);
        }
    }

    #[test]
    fn without_a_directory_nothing_is_kept_and_a_session_is_in_no_debug_output() {
        let cookies = Cookies::new(None);
        cookies.set("h:1", Some(&cookie("anna"))).unwrap();
        assert_eq!(cookies.get("h:1").unwrap(), None);
        assert_eq!(format!("{:?}", cookie("anna")), "Cookie(anna)");
    }
}
