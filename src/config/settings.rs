//! The layers of configuration, not interpreted yet: the built-in `config.toml`, a file over it, the environment over
//! both.
//!
//! The built-in file is the list of what exists: a key that it lacks is unknown, and a value must have the type that
//! it has there. Hazard: some values are secrets and must never get into a message; see [`Settings::shown`].

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Display;
use std::ops::RangeInclusive;

use toml::{Table, Value};

use super::ConfigError;

const BUILT_IN: &str = include_str!("../../config.toml");
const ENV_PREFIX: &str = "ONSALE_";
const SECRETS: &[&str] = &[
    "auth.operator_password",
    "auth.token_secret",
    "auth.previous_token_secrets",
    "auth.personal_data_secret",
    "cluster.secret",
    "mail.smtp_url",
    "payments.stripe_key",
    "payments.stripe_webhook_secret",
    "sms.secret",
];

/// One value and where it came from.
#[derive(Debug, Clone)]
struct Setting {
    value: Value,
    source: String,
}

/// All settings by `section.key`.
#[derive(Debug, Clone)]
pub(super) struct Settings(BTreeMap<String, Setting>);

impl Settings {
    /// The built-in values.
    pub(super) fn built_in() -> Self {
        let table: Table = BUILT_IN.parse().expect("the built-in config.toml is valid, as a test makes sure");
        let settings =
            flatten(table).map(|(key, value)| (key, Setting { value, source: "the default".into() }));
        Self(settings.collect())
    }

    /// Every key there is.
    #[cfg(test)]
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Lays a file over what is there.
    pub(super) fn overlay_file(&mut self, path: &str, text: &str) -> Result<(), ConfigError> {
        let table: Table =
            text.parse().map_err(|error| ConfigError::new(format!("{path} is not TOML: {error}")))?;
        for (key, value) in flatten(table) {
            let setting = self.known(&key, path)?;
            if !setting.value.same_type(&value) {
                let wanted = setting.value.type_str();
                return Err(ConfigError::new(format!(
                    "{key} in {path} has the type {}; it must be of type {wanted}",
                    value.type_str()
                )));
            }
            *setting = Setting { value, source: path.to_owned() };
        }
        Ok(())
    }

    /// Lays the variables named `ONSALE_<SECTION>__<KEY>` over what is there.
    pub(super) fn overlay_env(
        &mut self,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<(), ConfigError> {
        for (name, value) in variables {
            let Some(name) = name.to_str() else { continue };
            let Some(rest) = name.strip_prefix(ENV_PREFIX) else { continue };
            let Some((section, key)) = rest.split_once("__") else {
                self.refuse_misspelt(name, rest)?;
                continue;
            };
            let key = format!("{}.{}", section.to_ascii_lowercase(), key.to_ascii_lowercase());
            let setting = self.known(&key, name)?;
            let text = value
                .into_string()
                .map_err(|_| ConfigError::new(format!("{name} is not UTF-8; {key} must be UTF-8")))?;
            let value = read_as(&setting.value, &text)
                .map_err(|wanted| ConfigError::new(format!("{name} must be {wanted}, and is {text:?}")))?;
            *setting = Setting { value, source: name.to_owned() };
        }
        Ok(())
    }

    /// Other programs may have variables that begin like ours, but one that only lacks an underscore is a mistake.
    fn refuse_misspelt(&self, name: &str, rest: &str) -> Result<(), ConfigError> {
        let rest = rest.to_ascii_lowercase();
        match self.0.keys().find(|key| key.replace('.', "_") == rest) {
            Some(key) => Err(ConfigError::new(format!(
                "{name} is not a setting; {key} is set by {ENV_PREFIX}{}",
                key.replace('.', "__").to_ascii_uppercase()
            ))),
            None => Ok(()),
        }
    }

    fn known(&mut self, key: &str, source: &str) -> Result<&mut Setting, ConfigError> {
        let section = key.split('.').next().unwrap_or_default().to_owned();
        let near: Vec<String> =
            self.0.keys().filter(|known| known.split('.').next() == Some(&section)).cloned().collect();
        self.0.get_mut(key).ok_or_else(|| {
            let near =
                if near.is_empty() { "see config.toml for all of them".into() } else { near.join(", ") };
            ConfigError::new(format!("{key} in {source} is not a setting; known are: {near}"))
        })
    }

    fn get(&self, key: &str) -> &Setting {
        self.0.get(key).expect("the built-in config.toml has every key that is read, as a test makes sure")
    }

    /// The text at `key`.
    pub(super) fn text(&self, key: &str) -> &str {
        self.get(key)
            .value
            .as_str()
            .expect("texts are texts in the built-in config.toml, as a test makes sure")
    }

    /// The yes or no at `key`.
    pub(super) fn flag(&self, key: &str) -> bool {
        let value = self.get(key).value.as_bool();
        value.expect("flags are flags in the built-in config.toml, as a test makes sure")
    }

    /// The whole number at `key`, which must be in `allowed`.
    pub(super) fn number<N>(&self, key: &str, allowed: RangeInclusive<N>) -> Result<N, ConfigError>
    where
        N: TryFrom<i64> + PartialOrd + Display + Copy,
    {
        let value = self
            .get(key)
            .value
            .as_integer()
            .expect("numbers are numbers in the built-in config.toml, as a test makes sure");
        match N::try_from(value) {
            Ok(number) if allowed.contains(&number) => Ok(number),
            _ => {
                Err(self
                    .refused(key, &format!("a whole number from {} to {}", allowed.start(), allowed.end())))
            }
        }
    }

    /// The value at `key` is none of what is `allowed`.
    pub(super) fn refused(&self, key: &str, allowed: &str) -> ConfigError {
        let Setting { source, .. } = self.get(key);
        ConfigError::new(format!(
            "{key} = {} (from {source}) is not allowed; it must be {allowed}",
            self.shown(key)
        ))
    }

    /// The value as a message may show it.
    fn shown(&self, key: &str) -> String {
        if SECRETS.contains(&key) { "(kept secret)".to_owned() } else { self.get(key).value.to_string() }
    }
}

fn flatten(table: Table) -> impl Iterator<Item = (String, Value)> {
    table.into_iter().flat_map(|(section, value)| match value {
        Value::Table(keys) => {
            keys.into_iter().map(|(key, value)| (format!("{section}.{key}"), value)).collect()
        }
        value => vec![(section, value)],
    })
}

/// Reads a variable as the type that the default has, so that a secret of digits stays a text.
fn read_as(default: &Value, text: &str) -> Result<Value, &'static str> {
    match default {
        Value::Integer(_) => text.trim().parse().map(Value::Integer).map_err(|_| "a whole number"),
        Value::Boolean(_) => text.trim().parse().map(Value::Boolean).map_err(|_| "true or false"),
        _ => Ok(Value::String(text.to_owned())),
    }
}
