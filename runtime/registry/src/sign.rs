//! Signing an image: one more layer in the image with its signatures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::artifact::{Descriptor, Manifest};
use crate::client::RegistryClient;
use crate::push::json;
use crate::session::Access;
use crate::signature::{self, PAYLOAD, SIGNATURE};
use crate::{Credentials, Digest, PrivateKey, Reference, RegistryError};

/// Media type of an image's config.
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// The config of the image with the signatures: readers of images want one.
#[derive(Serialize)]
struct Config {
    architecture: &'static str,
    created: &'static str,
    os: &'static str,
    rootfs: RootFs,
    config: Empty,
}

#[derive(Serialize)]
struct RootFs {
    #[serde(rename = "type")]
    kind: &'static str,
    diff_ids: Vec<Digest>,
}

#[derive(Serialize)]
struct Empty {}

impl RegistryClient {
    /// Sign the image that the reference names now, and put the signature beside it. Signatures that are there stay. The
    /// digest of the image that was signed.
    ///
    /// # Errors
    /// See [`RegistryError`].
    pub async fn sign(
        &self,
        reference: &Reference,
        credentials: &Credentials,
        key: &PrivateKey,
    ) -> Result<Digest, RegistryError> {
        self.within(reference, async {
            let session = self.session(reference, credentials, Access::Push).await?;
            let (_, digest) = session.manifest(&reference.identifier()).await?;
            let name = format!("{}/{}", reference.registry(), reference.repository());
            let payload = signature::payload(name, digest);
            let mut layer = Descriptor::of(PAYLOAD, &payload);
            let text = STANDARD.encode(key.sign(&payload)?);
            layer.annotations = Some([(SIGNATURE.to_owned(), text)].into());
            let tag = signature::tag(&digest);
            let mut layers = match session.manifest(&tag).await {
                Ok((bytes, _)) => {
                    Manifest::read(&bytes)
                        .map_err(|why| RegistryError::NotAComponent {
                            what: format!("{}:{tag}", reference.repository()),
                            why: format!("signatures are kept there, but {why}"),
                        })?
                        .layers
                }
                Err(RegistryError::NotFound { .. }) => Vec::new(),
                Err(error) => return Err(error),
            };
            session.put_blob(&layer, payload.into()).await?;
            layers.push(layer);
            let config = json(&Config {
                architecture: "",
                created: "0001-01-01T00:00:00Z",
                os: "",
                rootfs: RootFs {
                    kind: "layers",
                    diff_ids: layers.iter().map(|layer| layer.digest).collect(),
                },
                config: Empty {},
            });
            let manifest = Manifest::new(Descriptor::of(CONFIG, &config), layers);
            session
                .put_blob(&manifest.config.clone(), config.into())
                .await?;
            session.put_manifest(&tag, &manifest).await?;
            Ok(digest)
        })
        .await
    }
}
