//! What the variables of the process say: keys, the file to read, the platform's directories.

use std::ffi::OsString;
use std::path::PathBuf;

use super::kind::Given;
use super::{Draft, KEYS, Origin, suggest};

/// Names the configuration file, like `-c`. It is the only variable of ours that is no key.
pub(super) const CONFIG_VARIABLE: &str = "PARLOR_CONFIG";

/// The variables of the process, sorted by name so that messages come in a stable order.
#[derive(Default)]
pub(crate) struct Environment {
    variables: Vec<(OsString, OsString)>,
}

impl Environment {
    /// Takes the variables from wherever the caller has them.
    pub(crate) fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut variables: Vec<_> = variables.into_iter().collect();
        variables.sort();
        Self { variables }
    }

    /// The file that `PARLOR_CONFIG` names, else the platform's if it is there.
    pub(crate) fn config_file(&self) -> Option<PathBuf> {
        self.path(CONFIG_VARIABLE).or_else(|| {
            let place = self.base("XDG_CONFIG_HOME", ".config")?.join("parlor/parlor.toml");
            place.exists().then_some(place)
        })
    }

    /// `$XDG_DATA_HOME/parlor` or `~/.local/share/parlor` (XDG Base Directory Specification).
    pub(super) fn data_dir(&self) -> Option<PathBuf> {
        Some(self.base("XDG_DATA_HOME", ".local/share")?.join("parlor"))
    }

    /// `$XDG_STATE_HOME/parlor` or `~/.local/state/parlor`: what a client remembers; `None` without a home.
    pub(crate) fn state_dir(&self) -> Option<PathBuf> {
        Some(self.base("XDG_STATE_HOME", ".local/state")?.join("parlor"))
    }

    /// Reads every `PARLOR_` variable into `draft`.
    pub(super) fn read(&self, draft: &mut Draft) {
        for (name, value) in &self.variables {
            let Some(name) = name.to_str().filter(|name| name.starts_with("PARLOR_")) else {
                continue;
            };
            if name == CONFIG_VARIABLE {
                continue;
            }
            let origin = Origin::Environment(name.to_owned());
            let Some(key) = KEYS.iter().find(|key| key.variable() == name) else {
                draft.complain(origin, suggest::unknown_variable(name));
                continue;
            };
            match value.to_str() {
                Some(text) => draft.set(key.name, &Given::Words(text.to_owned()), origin),
                None => draft.complain(origin, format!("{}: the value is not UTF-8", key.name)),
            }
        }
    }

    /// A relative path in an XDG variable is to be ignored, says its specification.
    fn base(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        self.path(variable).filter(|path| path.is_absolute()).or_else(|| Some(self.path("HOME")?.join(below_home)))
    }

    fn path(&self, variable: &str) -> Option<PathBuf> {
        let (_, value) = self.variables.iter().find(|(name, _)| name == variable)?;
        (!value.is_empty()).then(|| PathBuf::from(value))
    }
}
