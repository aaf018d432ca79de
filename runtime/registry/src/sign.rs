//! Signing an image: in the older form and in the newer one, so that every reader finds what it looks for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::artifact::{Descriptor, EMPTY, INDEX, Index, MANIFEST, Manifest};
use crate::client::RegistryClient;
use crate::push::json;
use crate::session::{Access, Session};
use crate::signature::{self, BUNDLE_V03, PAYLOAD, SIGN, SIGNATURE};
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

/// Annotations that tell of a bundle what is in it.
const CONTENT: [(&str, &str); 2] = [
    ("dev.sigstore.bundle.content", "dsse-envelope"),
    ("dev.sigstore.bundle.predicateType", SIGN),
];

impl RegistryClient {
    /// Sign the image that the reference names now, and put the signature beside it. Signatures that are there stay;
    /// one by this key is not made twice. The digest of the image that was signed.
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
            let (bytes, digest) = session.manifest(&reference.identifier()).await?;
            Manifest::read(&bytes).map_err(|why| RegistryError::NotAComponent {
                what: reference.to_string(),
                why,
            })?;
            let name = format!("{}/{}", reference.registry(), reference.repository());
            let what = reference.to_string();
            // Whoever signs the same again and again would fill what is looked at.
            let (simple, bundle) = signature::there(&session, &what, &digest, key.public()).await?;
            if !simple {
                session.sign_simple(name, digest, key).await?;
            }
            if !bundle {
                session
                    .sign_bundle(Descriptor::of(MANIFEST, &bytes), key)
                    .await?;
            }
            Ok(digest)
        })
        .await
    }
}

impl Session<'_> {
    /// One more layer in the image with the signatures.
    async fn sign_simple(
        &self,
        name: String,
        digest: Digest,
        key: &PrivateKey,
    ) -> Result<(), RegistryError> {
        let payload = signature::payload(name, digest);
        let mut layer = Descriptor::of(PAYLOAD, &payload);
        let text = STANDARD.encode(key.sign(&payload)?);
        layer.annotations = Some([(SIGNATURE.to_owned(), text)].into());
        let tag = signature::tag(&digest);
        let mut layers = match signature::found(self.manifest(&tag).await)? {
            Some((bytes, _)) => {
                Manifest::read(&bytes)
                    .map_err(|why| self.in_the_way(&tag, &why))?
                    .layers
            }
            None => Vec::new(),
        };
        self.put_blob(&layer, payload.into()).await?;
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
        self.put_blob(&manifest.config, config.into()).await?;
        self.put_manifest(&tag, &manifest).await.map(drop)
    }

    /// A bundle that refers to the image.
    async fn sign_bundle(
        &self,
        subject: Descriptor,
        key: &PrivateKey,
    ) -> Result<(), RegistryError> {
        let digest = subject.digest;
        let bundle = signature::bundle(&digest, key)?;
        let layer = Descriptor::of(BUNDLE_V03, &bundle);
        let (media_type, content) = EMPTY;
        let mut manifest = Manifest::new(Descriptor::of(media_type, content), vec![layer.clone()]);
        manifest.artifact_type = Some(BUNDLE_V03.to_owned());
        manifest.subject = Some(subject);
        manifest.annotations = Some(
            CONTENT
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        );
        self.put_blob(&layer, bundle.into()).await?;
        self.put_blob(&manifest.config, content.into()).await?;
        let bytes = json(&manifest);
        let mut referrer = Descriptor::of(MANIFEST, &bytes);
        let answer = self
            .put(&referrer.digest.to_string(), MANIFEST, bytes.into())
            .await?;
        // So a registry says that it keeps the index of what refers to an image itself.
        if answer.headers().contains_key("oci-subject") {
            return Ok(());
        }
        referrer.artifact_type = manifest.artifact_type;
        let tag = signature::referrers_tag(&digest);
        let mut index = match signature::found(self.manifest(&tag).await)? {
            Some((bytes, _)) => serde_json::from_slice(&bytes)
                .map_err(|error| self.in_the_way(&tag, &error.to_string()))?,
            None => Index {
                schema_version: 2,
                media_type: INDEX.to_owned(),
                manifests: Vec::new(),
            },
        };
        index.manifests.push(referrer);
        self.put(&tag, INDEX, json(&index).into()).await.map(drop)
    }

    fn in_the_way(&self, tag: &str, why: &str) -> RegistryError {
        RegistryError::Protocol {
            host: self.host().to_owned(),
            why: format!(
                "signatures belong under {}:{tag}, but {why}",
                self.repository()
            ),
        }
    }
}
