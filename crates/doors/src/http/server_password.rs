//! What the operator's commands ask for.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The server's password, as its hash; or none, and then nobody is the operator here.
#[derive(Clone, Default)]
pub struct ServerPassword(Option<[u8; 32]>);

impl ServerPassword {
    /// Takes it from the configuration; an empty one is none.
    #[must_use]
    pub fn new(password: Option<&str>) -> ServerPassword {
        let password = password.filter(|password| !password.is_empty());
        ServerPassword(password.map(|password| Sha256::digest(password).into()))
    }

    /// Whether one is configured.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// Whether this is it. Hashes are compared, so that the time tells nothing, not even how long it is.
    #[must_use]
    pub fn is(&self, typed: &str) -> bool {
        let typed: [u8; 32] = Sha256::digest(typed).into();
        self.0.is_some_and(|password| password.ct_eq(&typed).into())
    }
}

impl std::fmt::Debug for ServerPassword {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(if self.is_set() { "ServerPassword(set)" } else { "ServerPassword(none)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_configured_one_is_right_and_none_without_one() {
        let set = ServerPassword::new(Some("open sesame"));
        assert!(set.is("open sesame"));
        for wrong in ["", "open", "open sesame ", "OPEN SESAME"] {
            assert!(!set.is(wrong), "{wrong:?}");
        }
        for unset in [ServerPassword::new(None), ServerPassword::new(Some(""))] {
            assert!(!unset.is_set() && !unset.is("") && !unset.is("open sesame"));
        }
        assert_eq!(format!("{set:?}"), "ServerPassword(set)");
    }
}
