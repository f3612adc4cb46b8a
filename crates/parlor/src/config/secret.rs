//! The server password: a text that is never shown, and the file that may hold it.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{ConfigError, Problem, Settings};

/// Bytes of a server password: whoever checks one does it for strangers, so the work has a bound.
const BYTES_MAX: usize = 1_024;

/// What stands where a secret would.
pub(super) const HIDDEN: &str = "(set, not shown)";

/// A text that no log line, no error and no command shows.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// `None` for an empty text.
    ///
    /// # Errors
    /// It is too long.
    pub(super) fn new(text: &str) -> Result<Option<Secret>, String> {
        if text.len() > BYTES_MAX {
            return Err(format!("the password is longer than {BYTES_MAX} bytes"));
        }
        Ok((!text.is_empty()).then(|| Secret(text.to_owned())))
    }

    /// The text, for whoever compares.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Puts the content of `server_password_file`, if one is named, into the configuration. A newline at its end is not part
/// of it, since editors write one.
///
/// # Errors
/// The file cannot be read, everybody may read it, or what it holds is no password.
pub(crate) fn read_server_password(settings: &mut Settings) -> Result<(), ConfigError> {
    let Some(path) = &settings.config.server_password_file else { return Ok(()) };
    match read(path) {
        Ok(secret) => {
            settings.config.server_password = Some(secret);
            Ok(())
        }
        Err(wrong) => {
            let origin = settings.origin("server_password_file").clone();
            let sentence = format!("server_password_file: {}: {wrong}", path.display());
            Err(ConfigError(vec![Problem { origin, sentence }]))
        }
    }
}

fn read(path: &Path) -> Result<Secret, String> {
    let cannot = |error: io::Error| format!("cannot read it: {error}");
    let file = File::open(path).map_err(cannot)?;
    // Of the open file, so that nobody can put another in its place in between.
    let mode = file.metadata().map_err(cannot)?.mode();
    if mode & 0o004 != 0 {
        return Err("every user of this machine may read it; take that away with `chmod o-r`".to_owned());
    }
    let mut bytes = Vec::new();
    // Enough to tell that it is too long, newline included.
    file.take(BYTES_MAX as u64 + 3).read_to_end(&mut bytes).map_err(cannot)?;
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let text = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    Secret::new(text)?.ok_or_else(|| "it is empty; write the password into it".to_owned())
}
