//! The certificate of the server: which files hold it, and what is in them.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use parlor_doors::tls::{Identity, IdentityError};
use rustix::fs::OFlags;

use super::kind::Kind;
use super::{ConfigError, Draft, KEYS, Origin, Problem, Settings};

/// Bytes of a certificate's or a key's file: chains have some ten thousand.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The files of a certificate; absolute.
#[derive(Debug, Clone, Default)]
pub(crate) struct TlsConfig {
    /// The certificate, and those that vouch for it.
    pub(crate) certificate: Option<PathBuf>,
    /// Its private key.
    pub(crate) key: Option<PathBuf>,
}

impl TlsConfig {
    /// What the files hold; `None` without files.
    ///
    /// # Errors
    /// The key that is wrong, and a sentence that names its file.
    pub(crate) fn read(&self) -> Result<Option<Identity>, (&'static str, String)> {
        let (Some(certificate), Some(key)) = (&self.certificate, &self.key) else { return Ok(None) };
        let of =
            |name: &'static str, path: &Path, wrong: String| (name, format!("{name}: {}: {wrong}", path.display()));
        let certificate_pem = read(certificate, false).map_err(|wrong| of(CERTIFICATE, certificate, wrong))?;
        let key_pem = read(key, true).map_err(|wrong| of(KEY, key, wrong))?;
        let identity = Identity::from_pem(&certificate_pem, &key_pem);
        identity.map(Some).map_err(|error| match &error {
            IdentityError::Certificate(_) => of(CERTIFICATE, certificate, error.to_string()),
            IdentityError::Key(_) | IdentityError::Mismatch => of(KEY, key, error.to_string()),
        })
    }
}

/// What the configured files hold; `None` without files.
///
/// # Errors
/// A file cannot be read, everybody may read the key, or they are no certificate and its key.
pub(crate) fn read_identity(settings: &Settings) -> Result<Option<Identity>, ConfigError> {
    settings.config.tls.read().map_err(|(name, sentence)| {
        let origin = settings.origin(name).clone();
        ConfigError(vec![Problem { origin, sentence }])
    })
}

const CERTIFICATE: &str = "tls.certificate";
const KEY: &str = "tls.key";
/// How the name of a key for an address ends that is listened on for TLS.
pub(crate) const TLS_SUFFIX: &str = "_tls";

impl Draft {
    /// One of the two files is as good as none, and a listener needs both.
    pub(super) fn check_tls(&mut self) {
        let TlsConfig { certificate, key } = &self.config.tls;
        let missing = match (certificate, key) {
            (Some(_), Some(_)) => return,
            (Some(_), None) => Some((CERTIFICATE, KEY)),
            (None, Some(_)) => Some((KEY, CERTIFICATE)),
            (None, None) => None,
        };
        if let Some((there, missing)) = missing {
            let sentence = format!("{there}: {missing} is missing; TLS needs both, name the other file, too");
            self.complain(self.origin(there), sentence);
            return;
        }
        for key in KEYS.iter().filter(|key| key.name.ends_with(TLS_SUFFIX)) {
            if let Kind::Address(place) = key.kind
                && place(&mut self.config).is_some()
            {
                let name = key.name;
                let sentence = format!(
                    "{name}: TLS needs a certificate; name its file and that of its key with {CERTIFICATE} and {KEY}"
                );
                self.complain(self.origin(name), sentence);
            }
        }
    }

    fn origin(&self, name: &str) -> Origin {
        let index = KEYS.iter().position(|key| key.name == name);
        index.map_or(Origin::Default, |index| self.rows[index].1.clone())
    }
}

fn read(path: &Path, is_secret: bool) -> Result<Vec<u8>, String> {
    let cannot = |error: io::Error| format!("cannot read it: {error}");
    // Without waiting: a pipe that nobody writes to would keep the server from starting, and from stopping.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(cannot)?;
    // Of the open file, so that nobody can put another in its place in between.
    let metadata = file.metadata().map_err(cannot)?;
    if !metadata.is_file() {
        return Err("it is no regular file, which could be read again when it has changed".to_owned());
    }
    let mode = metadata.mode();
    if is_secret && mode & 0o004 != 0 {
        return Err("every user of this machine may read it; take that away with `chmod o-r`".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(cannot)?;
    Ok(bytes)
}
