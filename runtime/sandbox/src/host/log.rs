//! `hookbox:hook/log`.

use crate::bindings::hookbox::hook::log::{Host, Level};
use crate::state::State;
use crate::{LogLevel, LogRecord};

impl Host for State {
    fn log(
        &mut self,
        level: Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        self.call()?;
        let level = match level {
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        self.with_log(|log| {
            log.record(LogRecord {
                level,
                message,
                fields,
            })
        })?;
        Ok(())
    }
}
