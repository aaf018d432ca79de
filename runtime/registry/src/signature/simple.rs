//! The older form: an image with the tag `sha256-….sig`, each layer a signed document, its signature an annotation.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{Claim, Material, Search, found, tag};
use crate::artifact::Manifest;
use crate::session::Session;
use crate::{Digest, RegistryError};

/// Media type of the signed document.
pub(crate) const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// Annotation with the signature, base64.
pub(crate) const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// What the document says that it is.
const TYPE: &str = "cosign container image signature";

#[derive(Serialize, Deserialize)]
struct Payload {
    critical: Critical,
    /// Not looked at.
    #[serde(skip_deserializing)]
    optional: Option<()>,
}

#[derive(Serialize, Deserialize)]
struct Critical {
    identity: Identity,
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Identity {
    docker_reference: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Image {
    docker_manifest_digest: Digest,
}

/// The document that is signed for this image.
pub(crate) fn payload(name: String, digest: Digest) -> Vec<u8> {
    let payload = Payload {
        critical: Critical {
            identity: Identity {
                docker_reference: name,
            },
            image: Image {
                docker_manifest_digest: digest,
            },
            kind: TYPE.to_owned(),
        },
        optional: None,
    };
    // Strings and a digest: it cannot fail.
    serde_json::to_vec(&payload).unwrap_or_default()
}

fn subject(payload: &[u8]) -> Result<Vec<Digest>, String> {
    let Payload { critical, .. } = serde_json::from_slice(payload)
        .map_err(|_| "a signed document there is not a signature's".to_owned())?;
    if critical.kind != TYPE {
        return Err(format!("a signed document there is not `{TYPE}`"));
    }
    Ok(vec![critical.image.docker_manifest_digest])
}

/// What a document and its signature claim.
pub(super) fn claim(signed: Vec<u8>, signature: Vec<u8>) -> Claim {
    Claim {
        subject: subject(&signed),
        signed,
        signature,
    }
}

pub(super) async fn search(
    session: &Session<'_>,
    what: &str,
    search: &mut Search<'_>,
) -> Result<Option<(Digest, Material)>, RegistryError> {
    let Some((bytes, _)) = found(session.manifest(&tag(search.digest)).await)? else {
        return Ok(None);
    };
    let manifest = match Manifest::read(&bytes) {
        Ok(manifest) => manifest,
        Err(why) => {
            search.miss(format!("the signatures' image is none: {why}"));
            return Ok(None);
        }
    };
    for layer in manifest
        .layers
        .iter()
        .filter(|layer| layer.media_type == PAYLOAD)
    {
        let signature = layer
            .annotations
            .as_ref()
            .and_then(|annotations| annotations.get(SIGNATURE))
            .and_then(|text| STANDARD.decode(text).ok());
        let Some(signature) = signature else {
            search.miss("a signature there is not base64");
            continue;
        };
        if !search.next() {
            break;
        }
        let limit = session.settings.max_signature_size;
        let what = format!("a signature of {what}");
        let signed = match session.blob(layer, &what, limit, false).await {
            Ok(signed) => signed,
            // One that is broken does not take the others with it.
            Err(error) if !error.is_transient() => {
                search.miss(error.to_string());
                continue;
            }
            Err(error) => return Err(error),
        };
        let claim = claim(signed, signature);
        if let Some(by) = search.judge(&claim) {
            let material = Material::Simple {
                signed: STANDARD.encode(&claim.signed),
                signature: STANDARD.encode(&claim.signature),
            };
            return Ok(Some((by, material)));
        }
    }
    if search.why.is_none() {
        search.miss("the signatures' image has no signature");
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_as_cosign_writes_it() {
        let digest = Digest::of(b"");
        let text = String::from_utf8(payload("r.example/a".to_owned(), digest)).unwrap();
        assert_eq!(
            text,
            format!(
                r#"{{"critical":{{"identity":{{"docker-reference":"r.example/a"}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"cosign container image signature"}},"optional":null}}"#
            )
        );
        assert_eq!(subject(text.as_bytes()).unwrap(), [digest]);
    }

    #[test]
    fn other_documents_are_no_signatures() {
        let good = String::from_utf8(payload("r.example/a".to_owned(), Digest::of(b""))).unwrap();
        let twice = good.replace(
            r#""docker-manifest-digest""#,
            &format!(
                r#""docker-manifest-digest":"{}","docker-manifest-digest""#,
                Digest::of(b"x")
            ),
        );
        for text in [
            good.replace("cosign container", "atomic container"),
            good.replace("sha256:", "sha512:"),
            good.replace("image", "picture"),
            twice,
            String::new(),
            "null".to_owned(),
            "[".repeat(100_000),
        ] {
            assert!(subject(text.as_bytes()).is_err(), "{text:.200}");
        }
    }
}
