//! Which servers are believed to be who they say.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::ClientError;

/// TLS with servers for which one of Mozilla's authorities vouches, as `send` and `tail` believe them; or, if a file is named,
/// with those whose certificate is in it or is vouched for by one in it.
///
/// # Errors
/// The file can't be read, or holds no certificate.
pub(crate) fn config(ca: Option<&Path>) -> Result<Arc<ClientConfig>, ClientError> {
    let provider = Arc::new(ring::default_provider());
    let wrong = |error: Error| ClientError::Usage(format!("TLS cannot be set up: {error}"));
    let builder = ClientConfig::builder_with_provider(provider.clone());
    let builder = builder.with_safe_default_protocol_versions().map_err(wrong)?;
    let config = match ca {
        None => {
            let authorities = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            builder.with_root_certificates(authorities).with_no_client_auth()
        }
        Some(path) => {
            let named = Arc::new(Named::read(path, provider)?);
            // "Dangerous" because a check of our own could check nothing; what this one does, it says.
            builder.dangerous().with_custom_certificate_verifier(named).with_no_client_auth()
        }
    };
    Ok(Arc::new(config))
}

/// Believes who has the key of a certificate that the person named, whatever that certificate says: a certificate that somebody
/// made for himself is often one that may not stand for a server, or has another name. Else it has to be vouched for by them.
#[derive(Debug)]
struct Named {
    certificates: Vec<CertificateDer<'static>>,
    authorities: Arc<WebPkiServerVerifier>,
}

impl Named {
    fn read(path: &Path, provider: Arc<CryptoProvider>) -> Result<Named, ClientError> {
        let wrong = |reason: String| ClientError::Usage(format!("--ca {}: {reason}", path.display()));
        let pem = std::fs::read(path).map_err(|error| wrong(format!("cannot read it: {error}")))?;
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .map_err(|error| wrong(format!("it is no PEM: {error}")))?;
        let mut authorities = RootCertStore::empty();
        if authorities.add_parsable_certificates(certificates.iter().cloned()).0 == 0 {
            return Err(wrong("there is no certificate in it; expected PEM: -----BEGIN CERTIFICATE-----".to_owned()));
        }
        let authorities = WebPkiServerVerifier::builder_with_provider(Arc::new(authorities), provider).build();
        let authorities = authorities.map_err(|error| wrong(error.to_string()))?;
        Ok(Named { certificates, authorities })
    }
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.certificates.contains(end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        self.authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}
