//! The newer form: a Sigstore bundle among the image's referrers, in it a DSSE envelope with an in-toto statement.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{Claim, Material, Search, found, referrers_tag};
use crate::artifact::{Descriptor, INDEX, Manifest};
use crate::session::Session;
use crate::{Digest, PrivateKey, RegistryError};

/// Beginning of the media type of all versions of bundles.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";
/// The version that is written.
pub(crate) const BUNDLE_V03: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// Type of the envelope's content.
const STATEMENT: &str = "application/vnd.in-toto+json";
/// Versions of the statement.
const STATEMENTS: [&str; 2] = [
    "https://in-toto.io/Statement/v1",
    "https://in-toto.io/Statement/v0.1",
];
/// What a statement says that is a signature. Others (an SBOM, a build's provenance) are signed with the same keys, and
/// say something else than that the image may run.
pub(crate) const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";
/// Most signatures of an envelope.
const SIGNATURES: usize = 8;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    media_type: String,
    dsse_envelope: Envelope,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<Signature>,
}

#[derive(Serialize, Deserialize)]
struct Signature {
    sig: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    predicate_type: String,
}

#[derive(Deserialize)]
struct Subject {
    digest: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

/// What is written of a bundle.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    media_type: &'a str,
    verification_material: serde_json::Value,
    dsse_envelope: Envelope,
}

/// The bundle with a signature of this digest.
pub(crate) fn bundle(digest: &Digest, key: &PrivateKey) -> Result<Vec<u8>, RegistryError> {
    let statement = serde_json::json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": digest.hex()}}],
        "predicateType": SIGN,
        "predicate": {},
    });
    let body = statement.to_string().into_bytes();
    let signature = key.sign(&authenticated(STATEMENT, &body))?;
    let hint = STANDARD.encode(key.public().id().bytes());
    Ok(crate::push::json(&Written {
        media_type: BUNDLE_V03,
        verification_material: serde_json::json!({"publicKey": {"hint": hint}}),
        dsse_envelope: Envelope {
            payload: STANDARD.encode(&body),
            payload_type: STATEMENT.to_owned(),
            signatures: vec![Signature {
                sig: STANDARD.encode(signature),
            }],
        },
    }))
}

pub(super) async fn search(
    session: &Session<'_>,
    what: &str,
    search: &mut Search<'_>,
) -> Result<Option<(Digest, Material)>, RegistryError> {
    for bundle in referrers(session, search).await? {
        if !search.next() {
            break;
        }
        let text = match text(session, what, &bundle).await {
            Ok(Ok(text)) => text,
            Ok(Err(why)) => {
                search.miss(why);
                continue;
            }
            Err(error) if !error.is_transient() => {
                search.miss(error.to_string());
                continue;
            }
            Err(error) => return Err(error),
        };
        match claims(&text) {
            Ok(claims) if claims.is_empty() => search.miss("a bundle there has no signature"),
            Ok(claims) => {
                if let Some(by) = claims.iter().find_map(|claim| search.judge(claim)) {
                    let text = STANDARD.encode(&text);
                    return Ok(Some((by, Material::Bundle { text })));
                }
            }
            Err(why) => search.miss(why),
        }
    }
    Ok(None)
}

/// The bundles among what refers to the image: as the registry says, or as the index says that is kept for registries
/// which do not.
async fn referrers(
    session: &Session<'_>,
    search: &mut Search<'_>,
) -> Result<Vec<Descriptor>, RegistryError> {
    let digest = search.digest;
    let limit = session.settings.max_manifest_size;
    let what = format!("the referrers of {digest}");
    let answer = session
        .get(&format!("referrers/{digest}"), &what, Some(INDEX))
        .await;
    let bytes = match answer {
        Ok((host, response)) => Some(
            session
                .transport
                .read(&host, &what, response, limit)
                .await?,
        ),
        // Registries without this part of the interface say so in many ways.
        Err(
            RegistryError::NotFound { .. }
            | RegistryError::Status {
                status: 400..=499, ..
            },
        ) => None,
        Err(error) => return Err(error),
    };
    let bytes = match bytes {
        Some(bytes) => bytes,
        None => match found(session.manifest(&referrers_tag(digest)).await)? {
            Some((bytes, _)) => bytes,
            None => return Ok(Vec::new()),
        },
    };
    let Ok(index) = serde_json::from_slice::<Index>(&bytes) else {
        search.miss("the index of what refers to the image is none");
        return Ok(Vec::new());
    };
    Ok(index
        .manifests
        .into_iter()
        .filter(|manifest| {
            manifest
                .artifact_type
                .as_deref()
                .is_some_and(|kind| kind.starts_with(BUNDLE))
        })
        .collect())
}

/// The text of a bundle, or why there is none.
async fn text(
    session: &Session<'_>,
    what: &str,
    bundle: &Descriptor,
) -> Result<Result<Vec<u8>, String>, RegistryError> {
    let (bytes, _) = session.manifest(&bundle.digest.to_string()).await?;
    let manifest = match Manifest::read(&bytes) {
        Ok(manifest) => manifest,
        Err(why) => return Ok(Err(format!("a bundle's image is none: {why}"))),
    };
    let [layer] = manifest.layers.as_slice() else {
        return Ok(Err("a bundle's image has other than one layer".to_owned()));
    };
    let what = format!("a signature of {what}");
    let limit = session.settings.max_signature_size;
    session.blob(layer, &what, limit, false).await.map(Ok)
}

pub(super) fn claims(text: &[u8]) -> Result<Vec<Claim>, String> {
    let bundle: Bundle = serde_json::from_slice(text)
        .map_err(|_| "a bundle there holds no signed statement".to_owned())?;
    let envelope = bundle.dsse_envelope;
    if !bundle.media_type.starts_with(BUNDLE) || envelope.signatures.len() > SIGNATURES {
        return Err("a bundle there is of an unknown kind".to_owned());
    }
    let body = STANDARD
        .decode(&envelope.payload)
        .map_err(|_| "a bundle's statement is not base64".to_owned())?;
    let signed = authenticated(&envelope.payload_type, &body);
    let subject = if envelope.payload_type == STATEMENT {
        subjects(&body)
    } else {
        Err("a bundle's content is not a statement".to_owned())
    };
    Ok(envelope
        .signatures
        .iter()
        .filter_map(|signature| STANDARD.decode(&signature.sig).ok())
        .map(|signature| Claim {
            signed: signed.clone(),
            signature,
            subject: subject.clone(),
        })
        .collect())
}

/// What a DSSE envelope's signature is made over.
fn authenticated(kind: &str, body: &[u8]) -> Vec<u8> {
    let mut text = format!("DSSEv1 {} {kind} {} ", kind.len(), body.len()).into_bytes();
    text.extend_from_slice(body);
    text
}

fn subjects(statement: &[u8]) -> Result<Vec<Digest>, String> {
    let statement: Statement = serde_json::from_slice(statement)
        .map_err(|_| "a signed statement there is not as in-toto has it".to_owned())?;
    if !STATEMENTS.contains(&statement.kind.as_str()) || statement.predicate_type != SIGN {
        return Err(format!("a signed statement there is not `{SIGN}`"));
    }
    Ok(statement
        .subject
        .iter()
        .filter_map(|subject| {
            format!("sha256:{}", subject.digest.get("sha256")?)
                .parse()
                .ok()
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(kind: &str, predicate: &str, digest: &str) -> String {
        format!(
            r#"{{"_type":"{kind}","subject":[{{"digest":{{"sha256":"{digest}"}}}}],"predicateType":"{predicate}","predicate":{{}}}}"#
        )
    }

    #[test]
    fn statements_of_signatures_count_and_no_others() {
        let digest = Digest::of(b"");
        let hex = digest.hex();
        let [v1, _] = STATEMENTS;
        assert_eq!(
            subjects(statement(v1, SIGN, &hex).as_bytes()).unwrap(),
            [digest]
        );
        assert_eq!(
            subjects(statement(v1, SIGN, &hex.to_uppercase()).as_bytes()).unwrap(),
            []
        );
        for text in [
            statement(v1, "https://spdx.dev/Document", &hex),
            statement("https://other.test", SIGN, &hex),
            "{}".to_owned(),
        ] {
            assert!(subjects(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn an_envelope_is_signed_with_its_type() {
        assert_eq!(
            authenticated("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_does_harm(text in "[\\[\\]{}:,\"a-zA-Z0-9 ]{0,200}", payload in ".{0,50}") {
            let _ = claims(text.as_bytes());
            let _ = subjects(text.as_bytes());
            let bundle = format!(r#"{{"mediaType":"{BUNDLE_V03}","dsseEnvelope":{{"payload":"{}","payloadType":"{STATEMENT}","signatures":[{{"sig":""}}]}}}}"#, STANDARD.encode(payload));
            proptest::prop_assert!(claims(bundle.as_bytes()).unwrap().iter().all(|claim| claim.subject.is_err()));
        }
    }
}
