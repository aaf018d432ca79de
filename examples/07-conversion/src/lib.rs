//! Widgets had one `size`, then a width and a height, and now have both in `dimensions`.

use hookbox_sdk::prelude::*;
use serde::{Deserialize, Serialize};

/// `v1alpha1`
#[derive(Deserialize, Serialize)]
struct Alpha {
    metadata: serde_json::Value,
    spec: AlphaSpec,
}

#[derive(Deserialize, Serialize)]
struct AlphaSpec {
    /// Such as `3x4`.
    size: String,
}

/// `v1beta1`
#[derive(Deserialize, Serialize)]
struct Beta {
    metadata: serde_json::Value,
    spec: BetaSpec,
}

#[derive(Deserialize, Serialize, Clone, Copy)]
struct BetaSpec {
    width: u32,
    height: u32,
}

/// `v1`
#[derive(Deserialize, Serialize)]
struct Stable {
    metadata: serde_json::Value,
    spec: StableSpec,
}

#[derive(Deserialize, Serialize)]
struct StableSpec {
    dimensions: BetaSpec,
}

#[convert(crd = "widgets.example.com", from = "v1alpha1", to = "v1beta1")]
fn alpha_to_beta(object: Alpha) -> Result<Beta> {
    let Some((width, height)) = object.spec.size.split_once('x') else {
        bail!("spec.size is not as `3x4`: {}", object.spec.size);
    };
    let spec = BetaSpec {
        width: width.parse().context("the width in spec.size")?,
        height: height.parse().context("the height in spec.size")?,
    };
    Ok(Beta {
        metadata: object.metadata,
        spec,
    })
}

#[convert(crd = "widgets.example.com", from = "v1beta1", to = "v1alpha1")]
fn beta_to_alpha(object: Beta) -> Result<Alpha> {
    let BetaSpec { width, height } = object.spec;
    Ok(Alpha {
        metadata: object.metadata,
        spec: AlphaSpec {
            size: format!("{width}x{height}"),
        },
    })
}

#[convert(crd = "widgets.example.com", from = "v1beta1", to = "v1")]
fn beta_to_stable(object: Beta) -> Result<Stable> {
    Ok(Stable {
        metadata: object.metadata,
        spec: StableSpec {
            dimensions: object.spec,
        },
    })
}

#[convert(crd = "widgets.example.com", from = "v1", to = "v1beta1")]
fn stable_to_beta(object: Stable) -> Result<Beta> {
    Ok(Beta {
        metadata: object.metadata,
        spec: object.spec.dimensions,
    })
}

hookbox_sdk::export!(alpha_to_beta, beta_to_alpha, beta_to_stable, stable_to_beta);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_survive_the_way_there_and_back() -> Result {
        let alpha = |size: &str| Alpha {
            metadata: json!({"name": "a"}),
            spec: AlphaSpec { size: size.into() },
        };
        let stable = beta_to_stable(alpha_to_beta(alpha("3x4"))?)?;
        assert_eq!(stable.spec.dimensions.height, 4);
        assert_eq!(beta_to_alpha(stable_to_beta(stable)?)?.spec.size, "3x4");
        let wrong = alpha_to_beta(alpha("3")).map(|_| ()).unwrap_err();
        assert_eq!(wrong.to_string(), "spec.size is not as `3x4`: 3");
        Ok(())
    }
}
