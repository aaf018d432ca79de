//! Certificates of hookbox's own making.
//!
//! The API server trusts a bundle of authorities; the certificate is of one of them. A new authority is in the bundle for
//! a day before it makes the first certificate, so that all replicas and the API server know it by then, and the old one
//! stays until it expires: at no time is a certificate shown that somebody does not trust.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use super::identity::{CertificateError, certificates};
use super::validity::{Validity, validity};

const DAY: i64 = 24 * 3600;
/// How long an authority lasts, and how long a certificate.
const AUTHORITY_LIFE: i64 = 730 * DAY;
const CERTIFICATE_LIFE: i64 = 90 * DAY;
/// How long an authority is known before it makes certificates.
const OVERLAP: i64 = DAY;
/// Names that are kept from before at most.
const NAMES: usize = 20;
/// Clocks differ: what is made now is valid since a while.
const BACKDATED: i64 = 3600;

/// An authority, or a certificate of one, with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    /// PEM.
    pub(crate) certificate: String,
    /// PEM.
    pub(crate) key: String,
    pub(crate) valid: Validity,
}

impl Pair {
    /// Reads a pair from PEM; `what` names it in errors.
    pub(crate) fn read(what: &str, certificate: &str, key: &str) -> Result<Self, CertificateError> {
        let first = certificates(what, certificate.as_bytes())?;
        let valid = first.first().and_then(|first| validity(first));
        KeyPair::from_pem(key).map_err(|_| CertificateError::Pem {
            what: what.to_owned(),
            wanted: "private key",
        })?;
        Ok(Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            valid: valid.ok_or_else(|| CertificateError::Malformed(what.to_owned()))?,
        })
    }
}

/// All that is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Made {
    /// Oldest first.
    pub(crate) authorities: Vec<Pair>,
    pub(crate) serving: Option<Pair>,
    /// DNS names and addresses of `serving`, sorted.
    pub(crate) names: Vec<String>,
}

impl Made {
    /// All authorities that are to be trusted, PEM.
    pub(crate) fn bundle(&self) -> String {
        let all = self.authorities.iter();
        all.map(|a| a.certificate.trim_end().to_owned() + "\n")
            .collect()
    }

    /// What is to be kept instead at `now`, in seconds since 1970, for a server of these names; none when all is well.
    pub(crate) fn renewed(
        &self,
        names: &[String],
        now: i64,
    ) -> Result<Option<Self>, CertificateError> {
        let mut next = self.clone();
        next.authorities.retain(|a| a.valid.until > now);
        let newest = next.authorities.last();
        if newest.is_none_or(|a| a.valid.until - now < AUTHORITY_LIFE / 3) {
            next.authorities.push(authority(now)?);
        }
        let known = |a: &&Pair| now - (a.valid.from + BACKDATED) >= OVERLAP;
        let signer = next.authorities.iter().rev().find(known);
        let signer = signer.or(next.authorities.first());
        // Replicas that are set up differently for a while do not take each other's names away.
        let mut wanted = names.to_vec();
        let more = names.iter().any(|name| !self.names.contains(name));
        wanted.extend(self.names.iter().take(NAMES).cloned());
        wanted.sort();
        wanted.dedup();
        let fresh = next.serving.as_ref().is_some_and(|serving| {
            let life = (serving.valid.until - serving.valid.from).min(CERTIFICATE_LIFE);
            serving.valid.until - now >= life / 3
        });
        if let Some(signer) = signer
            && (!fresh || more || self.authorities.is_empty())
        {
            next.serving = Some(certificate(signer, &wanted, now)?);
            next.names = wanted;
        }
        Ok((next != *self).then_some(next))
    }
}

fn set_times(params: &mut CertificateParams, valid: Validity) {
    let from = u64::try_from(valid.from).unwrap_or_default();
    let until = u64::try_from(valid.until).unwrap_or_default();
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + std::time::Duration::from_secs(from);
    params.not_after = epoch + std::time::Duration::from_secs(until);
}

/// The same for the same validity: an authority is known again by it.
fn authority_params(valid: Validity) -> CertificateParams {
    let mut params = CertificateParams::default();
    let name = format!("hookbox webhooks {}", valid.from);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_times(&mut params, valid);
    params
}

fn authority(now: i64) -> Result<Pair, CertificateError> {
    let valid = Validity {
        from: now - BACKDATED,
        until: now + AUTHORITY_LIFE,
    };
    let key = KeyPair::generate()?;
    Ok(Pair {
        certificate: authority_params(valid).self_signed(&key)?.pem(),
        key: key.serialize_pem(),
        valid,
    })
}

fn certificate(signer: &Pair, names: &[String], now: i64) -> Result<Pair, CertificateError> {
    let issuer = Issuer::new(
        authority_params(signer.valid),
        KeyPair::from_pem(&signer.key)?,
    );
    let valid = Validity {
        from: (now - BACKDATED).max(signer.valid.from),
        until: (now + CERTIFICATE_LIFE).min(signer.valid.until),
    };
    let mut params = CertificateParams::new(names.to_vec())?;
    params
        .distinguished_name
        .push(DnType::CommonName, "hookbox webhook server");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    set_times(&mut params, valid);
    let key = KeyPair::generate()?;
    Ok(Pair {
        certificate: params.signed_by(&key, &issuer)?.pem(),
        key: key.serialize_pem(),
        valid,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    use rustls::pki_types::{ServerName, UnixTime};

    use super::*;

    const START: i64 = 1_800_000_000;

    fn names() -> Vec<String> {
        vec!["hookbox-webhook.ns.svc".to_owned(), "127.0.0.1".to_owned()]
    }

    /// Whether who trusts `bundle` at `now` takes the certificate.
    fn trusted(bundle: &str, made: &Made, name: &'static str, now: i64) -> bool {
        let mut roots = rustls::RootCertStore::empty();
        for certificate in certificates("", bundle.as_bytes()).unwrap() {
            roots.add(certificate).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .unwrap();
        let serving = made.serving.as_ref().unwrap().certificate.as_bytes();
        let chain = certificates("", serving).unwrap();
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now as u64));
        let name = ServerName::try_from(name).unwrap();
        verifier
            .verify_server_cert(&chain[0], &[], &name, &[], now)
            .is_ok()
    }

    #[test]
    fn what_is_made_first_is_trusted_and_stays() {
        let made = Made::default().renewed(&names(), START).unwrap().unwrap();
        for name in ["hookbox-webhook.ns.svc", "127.0.0.1"] {
            assert!(trusted(&made.bundle(), &made, name, START));
        }
        assert!(!trusted(&made.bundle(), &made, "other.ns.svc", START));
        let other = Made::default().renewed(&names(), START).unwrap().unwrap();
        assert!(!trusted(&other.bundle(), &made, "127.0.0.1", START));
        assert_eq!(made.renewed(&names(), START + 50 * DAY).unwrap(), None);
        let read = Pair::read(
            "x",
            &made.authorities[0].certificate,
            &made.authorities[0].key,
        );
        assert_eq!(read.unwrap(), made.authorities[0]);
    }

    #[test]
    fn other_names_are_another_certificate_of_the_same_authority() {
        let made = Made::default().renewed(&names(), START).unwrap().unwrap();
        let other = made
            .renewed(&["b.ns.svc".to_owned()], START)
            .unwrap()
            .unwrap();
        assert_eq!(other.authorities, made.authorities);
        assert!(trusted(&made.bundle(), &other, "b.ns.svc", START));
    }

    #[test]
    fn for_years_every_certificate_is_trusted_by_who_knows_the_bundle_of_yesterday() {
        let mut made = Made::default().renewed(&names(), START).unwrap().unwrap();
        let mut bundles = vec![made.bundle()];
        let (mut certificates, mut authorities) = (1, 1);
        let mut now = START;
        while now < START + 5 * 365 * DAY {
            now += DAY;
            if let Some(next) = made.renewed(&names(), now).unwrap() {
                certificates += usize::from(next.serving != made.serving);
                authorities += usize::from(next.authorities.last() != made.authorities.last());
                made = next;
            }
            bundles.push(made.bundle());
            let yesterday = &bundles[bundles.len() - 2];
            assert!(trusted(yesterday, &made, "127.0.0.1", now), "{now}");
            assert!(trusted(&made.bundle(), &made, "127.0.0.1", now), "{now}");
            assert!(made.authorities.len() <= 2);
        }
        assert!((28..=34).contains(&certificates), "{certificates}");
        assert_eq!(authorities, 4);
    }

    #[test]
    fn after_a_long_rest_all_is_made_anew() {
        let made = Made::default().renewed(&names(), START).unwrap().unwrap();
        let later = START + 5 * 365 * DAY;
        let next = made.renewed(&names(), later).unwrap().unwrap();
        assert_eq!(next.authorities.len(), 1);
        assert_ne!(next.authorities, made.authorities);
        assert!(trusted(&next.bundle(), &next, "127.0.0.1", later));
    }
}
