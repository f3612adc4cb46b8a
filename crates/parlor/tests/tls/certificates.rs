//! Certificates and their keys, in files of a directory of their own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;

use super::support::server::Server;

/// A certificate that vouches for itself.
pub(crate) struct Certified {
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) der: CertificateDer<'static>,
}

/// A certificate for these names, or addresses.
pub(crate) fn for_names(names: &[&str]) -> Certified {
    let key = KeyPair::generate().unwrap();
    let certificate = params(names).self_signed(&key).unwrap();
    Certified { certificate: certificate.pem(), key: key.serialize_pem(), der: certificate.der().clone() }
}

/// A certificate for these names that calls itself an authority, too, as those of `openssl req -x509` do.
pub(crate) fn own_authority(names: &[&str]) -> Certified {
    let key = KeyPair::generate().unwrap();
    let mut params = params(names);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    Certified { certificate: certificate.pem(), key: key.serialize_pem(), der: certificate.der().clone() }
}

/// An authority's certificate, and one for these names that it vouches for.
pub(crate) fn vouched_for(names: &[&str]) -> (Certified, Certified) {
    let (authority_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut authority = params(&[]);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let own = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::from_params(&authority, &authority_key);
    let certificate = params(names).signed_by(&key, &issuer).unwrap();
    let certified = |certificate: &rcgen::Certificate, key: &KeyPair| Certified {
        certificate: certificate.pem(),
        key: key.serialize_pem(),
        der: certificate.der().clone(),
    };
    (certified(&own, &authority_key), certified(&certificate, &key))
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    CertificateParams::new(names).unwrap()
}

/// The two files of a server.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn of(certified: &Certified) -> Files {
        let files = Files(tempfile::tempdir().unwrap());
        files.write(certified);
        files
    }

    pub(crate) fn write(&self, certified: &Certified) {
        fs::write(self.certificate(), &certified.certificate).unwrap();
        self.write_key(&certified.key);
    }

    pub(crate) fn write_key(&self, key: &str) {
        fs::write(self.key(), key).unwrap();
        fs::set_permissions(self.key(), fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.0.path().join("certificate.pem")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.0.path().join("key.pem")
    }

    /// A server with both terminal doors, without rates, and with these variables.
    pub(crate) fn server_with(&self, variables: &[(&str, &str)]) -> Server {
        let (certificate, key) = (self.certificate(), self.key());
        let own = [
            ("PARLOR_TERM", "127.0.0.1:0"),
            ("PARLOR_TERM_TLS", "127.0.0.1:0"),
            ("PARLOR_TLS_CERTIFICATE", text(&certificate)),
            ("PARLOR_TLS_KEY", text(&key)),
        ];
        Server::unlimited_with(&[&own, variables].concat())
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A server with both terminal doors, and what it proves itself with.
pub(crate) fn server() -> (Server, Certified, Files) {
    let certified = for_names(&["localhost", "127.0.0.1"]);
    let files = Files::of(&certified);
    (files.server_with(&[]), certified, files)
}
