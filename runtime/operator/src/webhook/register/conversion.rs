//! The conversion of a CustomResourceDefinition (BEHAVIOUR D2).

use serde_json::{Value, json};

use super::{Api, Done, Way};
use crate::api::ApiError;
use crate::webhook::tls::Trust;

/// One definition.
#[derive(Debug)]
pub(crate) struct Conversion {
    /// Name of the CustomResourceDefinition.
    pub(crate) name: String,
    pub(crate) way: Way,
}

impl Conversion {
    fn path(&self) -> String {
        format!(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}",
            self.name
        )
    }

    fn client_config(&self, trust: &Trust) -> Value {
        self.way.client_config(&format!("/{}", self.name), trust)
    }

    /// Writes it where it is not as it should be.
    pub(crate) async fn ensure(&self, api: &Api, trust: &Trust) -> Result<Done, ApiError> {
        let wanted = json!({
            "strategy": "Webhook",
            "webhook": {"clientConfig": self.client_config(trust), "conversionReviewVersions": ["v1", "v1beta1"]},
        });
        self.set(api, |now| (*now != wanted).then(|| wanted.clone()))
            .await
    }

    /// Sets it back to `None`, if it leads here.
    pub(crate) async fn remove(&self, api: &Api) -> Result<Done, ApiError> {
        let mut ours = self.client_config(&Trust::System);
        self.set(api, |now| {
            let config = now.pointer("/webhook/clientConfig")?;
            // Whatever authority it was given.
            if let (Some(ours), Some(bundle)) = (ours.as_object_mut(), config.get("caBundle")) {
                ours.insert("caBundle".to_owned(), bundle.clone());
            }
            (*config == ours).then(|| json!({"strategy": "None"}))
        })
        .await
    }

    async fn set(
        &self,
        api: &Api,
        change: impl FnOnce(&Value) -> Option<Value>,
    ) -> Result<Done, ApiError> {
        let Some(mut definition) = api.get(&self.path()).await? else {
            return Ok(Done::Missing);
        };
        let Some(spec) = definition.get_mut("spec").and_then(Value::as_object_mut) else {
            return Ok(Done::Missing);
        };
        let conversion = spec.entry("conversion").or_insert(Value::Null);
        let Some(next) = change(conversion) else {
            return Ok(Done::AsItWas);
        };
        *conversion = next;
        api.send("PUT", &self.path(), &definition).await?;
        Ok(Done::Written)
    }
}
