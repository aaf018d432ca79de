//! Keys, certificates and tokens of a control plane for one test run.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// What [`write`] made, beside the files.
pub(crate) struct Keys {
    /// Certificate of the authority that signed the API server's, PEM.
    pub(crate) authority: String,
    /// Bearer token of a member of `system:masters`.
    pub(crate) admin: String,
    /// Bearer token of the controller manager.
    pub(crate) controllers: String,
}

/// Write `ca.crt`, `apiserver.crt`, `apiserver.key`, `sa.key` (signs tokens of ServiceAccounts), `sa.pub` and
/// `tokens.csv` into `folder`.
pub(crate) fn write(folder: &Path) -> Result<Keys, Box<dyn std::error::Error>> {
    let mut authority = CertificateParams::default();
    authority
        .distinguished_name
        .push(DnType::CommonName, "hookbox test authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::from_params(&authority, authority_key);

    let names = [
        "127.0.0.1",
        "10.0.0.1",
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
    ];
    let mut server = CertificateParams::new(names.map(str::to_owned).to_vec())?;
    server
        .distinguished_name
        .push(DnType::CommonName, "kube-apiserver");
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let server_key = KeyPair::generate()?;
    let server_certificate = server.signed_by(&server_key, &issuer)?.pem();

    let accounts_key = KeyPair::generate()?;
    let keys = Keys {
        authority: authority_certificate,
        admin: token(),
        controllers: token(),
    };
    secret(&folder.join("ca.crt"), &keys.authority)?;
    secret(&folder.join("apiserver.crt"), &server_certificate)?;
    secret(&folder.join("apiserver.key"), &server_key.serialize_pem())?;
    secret(&folder.join("sa.key"), &accounts_key.serialize_pem())?;
    secret(&folder.join("sa.pub"), &accounts_key.public_key_pem())?;
    let tokens = format!(
        "{},admin,admin-uid,\"system:masters\"\n{},system:kube-controller-manager,controllers-uid\n",
        keys.admin, keys.controllers
    );
    secret(&folder.join("tokens.csv"), &tokens)?;
    Ok(keys)
}

/// A kubeconfig for the server at `url` with this bearer token.
pub(crate) fn kubeconfig(path: &Path, url: &str, authority: &Path, token: &str) -> io::Result<()> {
    let text = format!(
        r#"apiVersion: v1
kind: Config
clusters:
- name: test
  cluster: {{server: "{url}", certificate-authority: "{}"}}
users:
- name: test
  user: {{token: "{token}"}}
contexts:
- name: test
  context: {{cluster: test, user: test, namespace: default}}
current-context: test
"#,
        authority.display()
    );
    secret(path, &text)
}

fn secret(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    io::Write::write_all(&mut file, text.as_bytes())
}

/// Good enough for a server on loopback that lives for one test run.
fn token() -> String {
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(40)
        .collect()
}
