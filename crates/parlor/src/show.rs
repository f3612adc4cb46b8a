//! `parlor config check` and `parlor config show`.

use std::io::{self, Write};

use crate::cli::ConfigFlags;
use crate::config::{self, Origin, Settings};
use crate::failure::Failure;
use crate::runtime;

/// Reads the configuration as a command with these flags would.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn settings(flags: &ConfigFlags) -> Result<Settings, Failure> {
    Ok(config::load(&flags.sources(runtime::environment()))?)
}

/// Says that the configuration is right, and what of it is not the default.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn check(flags: &ConfigFlags) -> anyhow::Result<()> {
    let mut settings = settings(flags)?;
    // What `serve` would meet next.
    config::read_server_password(&mut settings).map_err(Failure::from)?;
    config::read_identity(&settings).map_err(Failure::from)?;
    let set = settings.rows().filter(|(_, _, origin)| **origin != Origin::Default).count();
    let file = settings.file.as_ref().map_or_else(|| "no file".to_owned(), |file| file.display().to_string());
    let keys = if set == 1 { "1 key is" } else { &format!("{set} keys are") };
    writeln!(io::stdout(), "the configuration is right ({file}; {keys} set, the rest is as by default)")?;
    Ok(())
}

/// Prints every key with what it is for and its value, as a file that could be read again, on request with where each
/// value comes from.
///
/// # Errors
/// Everything that is wrong with the configuration.
pub(crate) fn show(flags: &ConfigFlags, with_origin: bool) -> anyhow::Result<()> {
    let settings = settings(flags)?;
    let mut out = io::stdout().lock();
    for (key, value, origin) in settings.rows() {
        writeln!(out, "# {}", key.help)?;
        // As a comment: in a file, what stands for a password would be one.
        let hidden = if key.is_secret() && value != "\"\"" { "# " } else { "" };
        let line = format!("{hidden}{} = {value}", key.name);
        if with_origin {
            writeln!(out, "{line:50}  # {origin}")?;
        } else {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
