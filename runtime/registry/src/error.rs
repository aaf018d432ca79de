//! Everything that can go wrong between a reference and a component.

use crate::Digest;

/// Why a registry's component (or signature) is not to be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// A reference that is not one.
    #[error("`{text}` is not a reference to an image: {why}")]
    Reference {
        /// The beginning of what was given.
        text: String,
        /// What is wrong.
        why: &'static str,
    },
    /// A reference without the digest that is required.
    #[error(
        "`{0}` has no digest: write it as `{0}@sha256:…` (`hookbox push` and `hookbox pull` print the digest)"
    )]
    DigestRequired(String),
    /// A pattern for references that is not one.
    #[error("`{text}` is not a pattern for images: {why}")]
    Pattern {
        /// The pattern.
        text: String,
        /// What is wrong.
        why: &'static str,
    },
    /// Credentials that cannot be read.
    #[error("the registry credentials cannot be used: {0}")]
    Credentials(String),
    /// A key that cannot be used.
    #[error("the key cannot be used: {0}")]
    Key(String),
    /// Settings that cannot be used.
    #[error("the registry settings cannot be used: {0}")]
    Settings(String),
    /// The registry cannot be reached.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What happened.
        why: String,
    },
    /// There is no trusted TLS connection.
    #[error("there is no trusted TLS connection to {host}: {why}")]
    Tls {
        /// Host and port.
        host: String,
        /// What happened.
        why: String,
    },
    /// The host answers, but not by TLS.
    #[error(
        "{host} does not speak TLS: plain HTTP is for registries that were named for it (--plain-http)"
    )]
    NotTls {
        /// Host and port.
        host: String,
    },
    /// The host's address is one that no registry is looked for at.
    #[error("{host} is at {address}, which is {what}: no registry is looked for there")]
    Address {
        /// Host and port.
        host: String,
        /// The address that the name led to.
        address: std::net::IpAddr,
        /// What kind of address it is.
        what: &'static str,
    },
    /// It took too long.
    #[error("{host} did not {what} within {seconds} s")]
    Timeout {
        /// Host and port.
        host: String,
        /// What was waited for.
        what: &'static str,
        /// The limit.
        seconds: u64,
    },
    /// The registry wants other credentials, or refuses these.
    #[error("{host} refuses access to {what}: {why}")]
    Denied {
        /// Host and port.
        host: String,
        /// What was asked for.
        what: String,
        /// The status, and what the registry says.
        why: String,
    },
    /// The registry does not have it.
    #[error("{host} has no {what}")]
    NotFound {
        /// Host and port.
        host: String,
        /// What was asked for.
        what: String,
    },
    /// More bytes than may be.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// Which answer.
        what: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// Fewer bytes, or more, than were announced.
    #[error("{what} has {got} bytes instead of {announced}")]
    Size {
        /// What was read.
        what: String,
        /// Bytes that came.
        got: u64,
        /// Bytes that were announced.
        announced: u64,
    },
    /// The connection broke within an answer.
    #[error("{host} broke off within {what}: {why}")]
    Broken {
        /// Host and port.
        host: String,
        /// What was read.
        what: String,
        /// What happened.
        why: String,
    },
    /// The bytes are others than were asked for.
    #[error(
        "{what} has the digest {got} instead of {wanted}: the registry gave something else than was asked for"
    )]
    DigestMismatch {
        /// What was read.
        what: String,
        /// The digest of the bytes that came.
        got: Digest,
        /// The digest that was asked for.
        wanted: Digest,
    },
    /// A redirect that is not followed.
    #[error("{host} redirects {what} to where it is not followed: {why}")]
    Redirect {
        /// Host and port.
        host: String,
        /// What was asked for.
        what: String,
        /// Why not.
        why: String,
    },
    /// An answer that is against the protocol.
    #[error("{host} answers against the protocol of registries: {why}")]
    Protocol {
        /// Host and port.
        host: String,
        /// What is wrong.
        why: String,
    },
    /// An answer with another status.
    #[error("{host} answers {status} for {what}: {why}")]
    Status {
        /// Host and port.
        host: String,
        /// What was asked for.
        what: String,
        /// The HTTP status.
        status: u16,
        /// What the registry says.
        why: String,
    },
    /// The manifest is none that a component has.
    #[error("{what} is not a WebAssembly component's image: {why}")]
    NotAComponent {
        /// The image.
        what: String,
        /// Why not.
        why: String,
    },
    /// There is no signature.
    #[error(
        "{0} is not signed: there is no signature of its digest in the registry (`hookbox sign` makes one)"
    )]
    Unsigned(String),
    /// There are signatures, but none by a wanted key.
    #[error("{what} has no signature by any of the {keys} wanted keys: {why}")]
    Signature {
        /// The image.
        what: String,
        /// How many keys are wanted.
        keys: usize,
        /// Why the last one that was looked at does not count.
        why: String,
    },
}

impl RegistryError {
    /// A stable word for the kind of error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Reference { .. } => "reference",
            Self::DigestRequired(_) => "digest-required",
            Self::Pattern { .. } => "pattern",
            Self::Credentials(_) => "credentials",
            Self::Key(_) => "key",
            Self::Settings(_) => "settings",
            Self::Unreachable { .. } => "unreachable",
            Self::Tls { .. } => "tls",
            Self::NotTls { .. } => "not-tls",
            Self::Address { .. } => "address",
            Self::Timeout { .. } => "timeout",
            Self::Denied { .. } => "denied",
            Self::NotFound { .. } => "not-found",
            Self::TooLarge { .. } => "too-large",
            Self::Size { .. } => "size",
            Self::Broken { .. } => "broken",
            Self::DigestMismatch { .. } => "digest-mismatch",
            Self::Redirect { .. } => "redirect",
            Self::Protocol { .. } => "protocol",
            Self::Status { .. } => "status",
            Self::NotAComponent { .. } => "not-a-component",
            Self::Unsigned(_) => "unsigned",
            Self::Signature { .. } => "signature",
        }
    }

    /// Whether the same may succeed later without anybody changing the reference, the keys or the credentials: the
    /// registry was out of reach, slow, broken off, or had a fault of its own. (What a registry says that is wrong, such
    /// as other bytes, is not of this kind, although it may be mended.)
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::Broken { .. } => true,
            Self::Status { status, .. } => *status >= 500 || *status == 429,
            _ => false,
        }
    }
}
