//! What form of an answer is wanted.

/// The form of an answer. Protobuf and anything else unknown fall back to JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accept {
    Json,
    /// Rows and columns, for people.
    Table,
    /// Metadata only.
    Metadata,
    /// Aggregated discovery.
    Discovery,
}

impl Accept {
    /// The first form of the header that can be given.
    pub(crate) fn of(header: &str) -> Self {
        for range in header.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            if !matches!(media, "application/json" | "*/*" | "application/*") {
                continue;
            }
            let (mut form, mut group, mut version) = ("", "", "");
            for part in parts {
                match part.split_once('=') {
                    Some(("as", value)) => form = value,
                    Some(("g", value)) => group = value,
                    Some(("v", value)) => version = value,
                    _ => {}
                }
            }
            match (form, group, version) {
                ("", _, _) => return Self::Json,
                ("Table", "meta.k8s.io", "v1") => return Self::Table,
                ("PartialObjectMetadata" | "PartialObjectMetadataList", "meta.k8s.io", "v1") => {
                    return Self::Metadata;
                }
                ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2") => return Self::Discovery,
                _ => {}
            }
        }
        Self::Json
    }
}

#[cfg(test)]
mod tests {
    use super::Accept;

    #[test]
    fn the_first_known_form_wins() {
        assert_eq!(Accept::of(""), Accept::Json);
        assert_eq!(
            Accept::of("application/vnd.kubernetes.protobuf,application/json"),
            Accept::Json
        );
        assert_eq!(
            Accept::of("application/json;as=Table;v=v1;g=meta.k8s.io,application/json"),
            Accept::Table
        );
        assert_eq!(
            Accept::of("application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"),
            Accept::Json
        );
        assert_eq!(
            Accept::of("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"),
            Accept::Metadata
        );
    }
}
