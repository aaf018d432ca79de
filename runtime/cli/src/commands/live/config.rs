//! `hookbox config`: what can be changed while the operator runs.

use std::time::Duration;

use hookbox_operator::live::ParameterView;

use super::{Operator, failure, show, table};
use crate::cli::ConfigCommand;
use crate::failure::Outcome;
use crate::ui::{Tone, Ui};

pub(in crate::commands) async fn config(command: &ConfigCommand, ui: &Ui) -> Outcome {
    match command {
        ConfigCommand::List { output } => {
            show(
                output,
                "/config/list",
                "",
                ui,
                |list: &Vec<ParameterView>, ui| {
                    let header = ["NAME", "VALUE", "UNTIL", "DESCRIPTION"];
                    table(ui, &header, list.iter().map(row).collect(), "no parameters")
                },
            )
            .await
        }
        ConfigCommand::Set {
            name,
            value,
            duration,
            socket,
        } => {
            let operator = Operator::find(socket).await?;
            let time = duration.map(go);
            let mut form = vec![("name", name.as_str()), ("value", value.as_str())];
            form.extend(time.as_deref().map(|time| ("duration", time)));
            let answer = operator.client.post("/config/set", &form).await;
            drop(answer.map_err(failure)?);
            let list: Vec<ParameterView> = operator.json("/config/list.json").await?;
            let until = list
                .iter()
                .find(|p| p.name == *name)
                .and_then(|p| p.expire_at);
            let until = until.map_or_else(String::new, |until| format!(" until {until:.0}"));
            ui.status(Tone::Good, "Set", format!("{name} = {value}{until}"));
            Ok(())
        }
    }
}

fn row(parameter: &ParameterView) -> Vec<String> {
    let until = parameter.expire_at.map(|until| format!("{until:.0}"));
    vec![
        parameter.name.clone(),
        parameter.value.clone(),
        until.unwrap_or_else(|| "-".to_owned()),
        match &parameter.last_error {
            Some(error) => format!("error: {error}"),
            None => parameter.description.clone(),
        },
    ]
}

/// As Go reads durations.
fn go(time: Duration) -> String {
    format!("{}ns", time.as_nanos())
}
