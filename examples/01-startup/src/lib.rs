//! Runs once when the operator starts, and leaves a ConfigMap with defaults unless there is one.

use hookbox_sdk::objects::ConfigMap;
use hookbox_sdk::prelude::*;

/// Makes sure that `default/settings` exists. Somebody else may have changed it since: then it is left alone.
#[hook(on_startup = 10)]
fn defaults(input: Input, out: &mut Effects) -> Result {
    let colour: String = input
        .values()
        .get("startup.colour")?
        .unwrap_or_else(|| "blue".to_owned());
    info!("making sure that the settings exist"; colour);
    out.create_if_not_exists(
        &ConfigMap::new("default", "settings")
            .label("app.kubernetes.io/managed-by", "hookbox")
            .data("colour", colour),
    );
    Ok(())
}

hookbox_sdk::export!(defaults);

#[cfg(test)]
mod tests {
    use hookbox_sdk::testing;

    use super::*;

    #[test]
    fn creates_the_settings_but_never_replaces_them() -> Result {
        let effects = testing::run(defaults, Input::test().on_startup())?;
        assert_eq!(
            effects.object_patches()[0]["operation"],
            "CreateIfNotExists"
        );
        assert_eq!(
            effects.object("ConfigMap", "default/settings").unwrap()["data"]["colour"],
            "blue"
        );
        assert_eq!(effects.object_patches().len(), 1);
        Ok(())
    }

    #[test]
    fn takes_the_colour_from_the_values() -> Result {
        let input = Input::test()
            .on_startup()
            .values(json!({"startup": {"colour": "red"}}));
        let effects = testing::run(defaults, input)?;
        assert_eq!(
            effects.object("ConfigMap", "default/settings").unwrap()["data"]["colour"],
            "red"
        );
        Ok(())
    }
}
