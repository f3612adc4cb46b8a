//! What a server proves itself with: its certificate, those that vouch for it, and its private key.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{self, InconsistentKeys, ServerConfig};

/// A certificate with its chain and its key, which belong together.
#[derive(Clone)]
pub struct Identity(Arc<ServerConfig>);

/// Why two files are no identity. Prints as what is wrong and what to do, to stand behind the name of the file.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum IdentityError {
    /// Of the certificate's file.
    #[error("{0}")]
    Certificate(String),
    /// Of the key's file.
    #[error("{0}")]
    Key(String),
    /// Each is right by itself.
    #[error("the key does not belong to the certificate; name the two that were made together")]
    Mismatch,
}

impl Identity {
    /// Reads a certificate, followed by those that vouch for it, and its key, both PEM (RFC 7468).
    ///
    /// # Errors
    /// [`IdentityError`]: one of them is no PEM or nothing that can be used, or they don't belong together.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Identity, IdentityError> {
        let provider = Arc::new(ring::default_provider());
        let certified = CertifiedKey::new(chain(certificate)?, signing_key(&provider, key)?);
        match certified.keys_match() {
            // Some keys do not tell what they belong to; the client will.
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
            Err(rustls::Error::InconsistentKeys(_)) => return Err(IdentityError::Mismatch),
            Err(error) => {
                return Err(IdentityError::Certificate(format!("the certificate can't be used: {error}")));
            }
        }
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| IdentityError::Key(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        Ok(Identity(Arc::new(config)))
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        self.0.clone()
    }
}

impl std::fmt::Debug for Identity {
    /// Nothing of the key.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Identity(..)")
    }
}

fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let found: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| IdentityError::Certificate(format!("it is no PEM: {error}")))?;
    if found.is_empty() {
        let sentence =
            "there is no certificate in it; expected PEM: a line -----BEGIN CERTIFICATE----- and what follows";
        return Err(IdentityError::Certificate(sentence.to_owned()));
    }
    Ok(found)
}

fn signing_key(provider: &CryptoProvider, pem: &[u8]) -> Result<Arc<dyn rustls::sign::SigningKey>, IdentityError> {
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        pem::Error::NoItemsFound => IdentityError::Key(
            "there is no private key in it; expected PEM without a password: a line -----BEGIN PRIVATE KEY----- and what \
             follows"
                .to_owned(),
        ),
        error => IdentityError::Key(format!("it is no PEM: {error}")),
    })?;
    let loaded = provider.key_provider.load_private_key(key);
    loaded.map_err(|error| {
        IdentityError::Key(format!("the key can't be used: {error}; make an ECDSA, Ed25519 or RSA key"))
    })
}
