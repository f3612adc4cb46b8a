//! Notices that the certificate was renewed.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Weak;
use std::time::Duration;

use parlor_doors::tls::Tls;

use crate::config::TlsConfig;

/// Seconds between two looks at the files: whoever renews a certificate does so weeks before the old one ends.
const LOOK_SECONDS: u64 = 5;

/// Reads the files of a certificate again whenever they have changed, as long as somebody listens. What can't be used is told
/// once, and the certificate that was there stays: two files are not replaced in one step.
pub(crate) async fn follow(files: TlsConfig, tls: Weak<Tls>) {
    let mut looks = tokio::time::interval(Duration::from_secs(LOOK_SECONDS));
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // What they were like when they were read is not known: they are read once more.
    let mut seen = None;
    loop {
        looks.tick().await;
        let Some(tls) = tls.upgrade() else { return };
        // Before they are read: what changes while they are is seen the next time.
        let now = [&files.certificate, &files.key].map(|path| path.as_deref().and_then(stamp));
        if seen.replace(now) == Some(now) {
            continue;
        }
        match files.read() {
            Ok(Some(identity)) => {
                tls.renew(identity);
                tracing::debug!("the certificate was read");
            }
            Ok(None) => return,
            Err((_, sentence)) => {
                tracing::warn!(
                    reason = sentence,
                    "the certificate has changed and can't be used; the old one stays in use"
                );
            }
        }
    }
}

/// What changes when a file is written or another takes its place; `None`: it is not there.
fn stamp(path: &Path) -> Option<(u64, u64, i64, i64)> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.ino(), data.size(), data.mtime(), data.mtime_nsec()))
}
