//! The secrets of a node: configured, or made on first start and kept in `secrets.toml` in the data directory.
//!
//! Hazard: a secret that was lost logs everybody out and locks the operator out, so the file is on disk, whole, before
//! anything uses what it says. Secrets are never printed; only where they are.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use domain::ports::Random;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::config::{Config, ConfigError, MIN_SECRET_BYTES, Secret};

/// What secrets are derived for.
const TOKENS: &str = "onsale access tokens, 1";
const WEBHOOKS: &str = "onsale webhooks, 1";
const PERSONAL_DATA: &str = "onsale personal data, 1";
const FILE_NAME: &str = "secrets.toml";
/// The name of the line that says whether the others are as they were written.
const CHECKSUM: &str = "checksum";
const HEADER: &str =
    "# Made by onsale on first start. Whoever reads this file is the operator; keep it as it is.\n";

/// All secrets a node needs.
#[derive(Debug)]
pub struct Secrets {
    /// Signs access tokens.
    pub token_secret: Secret,
    /// Seals personal data.
    pub personal_data_secret: Secret,
    /// The password of the bootstrap operator.
    pub operator_password: Secret,
    /// What nodes of one cluster know.
    pub cluster_secret: Secret,
    /// What the secrets of webhooks are derived from.
    pub webhook_secret: Secret,
    /// The file, if any of them stands there rather than in the configuration.
    pub kept_in: Option<PathBuf>,
}

/// Why there are no secrets.
#[derive(Debug)]
pub enum SecretsFault {
    /// The file says what it may not say.
    Config(ConfigError),
    /// The disk failed.
    Io(PathBuf, io::Error),
}

/// What `config` has, and for the rest what `data`'s file has, and for the rest new ones, which the file has on disk
/// before this returns.
///
/// # Errors
/// [`SecretsFault`].
pub fn resolve(config: &Config, data: &Path, random: &dyn Random) -> Result<Secrets, SecretsFault> {
    let path = data.join(FILE_NAME);
    let mut kept = read(&path)?;
    let known = kept.len();
    let mut from_file = false;
    let mut pick = |configured: &Option<Secret>, name: &'static str, bytes: usize| match configured {
        Some(secret) => secret.clone(),
        None => {
            from_file = true;
            Secret::new(kept.entry(name.to_owned()).or_insert_with(|| make(bytes, random)).clone())
        }
    };
    let operator_password = pick(&config.auth.operator_password, "operator_password", 16);
    let cluster_secret = pick(&config.cluster.secret, "cluster_secret", 32);
    // The same on every node of the cluster without being handed over.
    let derived = |purpose| Secret::new(derive(&cluster_secret, purpose));
    let token_secret = config.auth.token_secret.clone().unwrap_or_else(|| derived(TOKENS));
    let personal_data_secret = config.auth.personal_data_secret.clone();
    let personal_data_secret = personal_data_secret.unwrap_or_else(|| derived(PERSONAL_DATA));
    if kept.len() > known {
        write(data, &path, &kept).map_err(|error| SecretsFault::Io(path.clone(), error))?;
    }
    let webhook_secret = Secret::new(derive(&cluster_secret, WEBHOOKS));
    Ok(Secrets {
        token_secret,
        personal_data_secret,
        operator_password,
        cluster_secret,
        webhook_secret,
        kept_in: from_file.then_some(path),
    })
}

/// Another secret that follows from `secret` and tells nothing of it.
fn derive(secret: &Secret, purpose: &str) -> String {
    let mut keyed =
        Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).expect("a key of any length will do");
    keyed.update(purpose.as_bytes());
    hexadecimal(&keyed.finalize().into_bytes())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// So many random bytes as hexadecimal digits.
fn make(bytes: usize, random: &dyn Random) -> String {
    let mut raw = vec![0; bytes];
    random.fill(&mut raw);
    hexadecimal(&raw)
}

fn read(path: &Path) -> Result<BTreeMap<String, String>, SecretsFault> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(SecretsFault::Io(path.to_owned(), error)),
    };
    let refused = |what: &str| SecretsFault::Config(ConfigError::new(format!("{}: {what}", path.display())));
    let mut kept: BTreeMap<String, String> =
        toml::from_str(&text).map_err(|_| refused("is not a list of name = \"secret\""))?;
    if kept.remove(CHECKSUM).is_some_and(|written| written != checksum(&kept)) {
        return Err(refused(
            "the secrets do not match their checksum; restore the file from a backup, or, if somebody changed them \
             on purpose, remove the line of the checksum",
        ));
    }
    for (name, value) in &kept {
        let least = if name == "operator_password" { 8 } else { MIN_SECRET_BYTES };
        if value.len() < least {
            return Err(refused(&format!(
                "{name} is shorter than {least} bytes; remove its line to have one made"
            )));
        }
    }
    Ok(kept)
}

/// Over all names and secrets. It tells a damaged secret, which would lock everybody out, from one that is meant.
fn checksum(kept: &BTreeMap<String, String>) -> String {
    let lines = kept.iter().map(|(name, value)| format!("{name}={value}\n")).collect::<String>();
    Sha256::digest(lines).iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Replaces the file in one step: it is always whole, and it is on disk when this returns.
fn write(data: &Path, path: &Path, kept: &BTreeMap<String, String>) -> io::Result<()> {
    // Right behind the header: what makes a comment of it takes no secret away.
    let mut text = format!("{HEADER}{CHECKSUM} = \"{}\"\n", checksum(kept));
    for (name, value) in kept {
        let _ = writeln!(text, "{name} = \"{value}\"");
    }
    let beside = path.with_extension("toml.new");
    let _ = fs::remove_file(&beside);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(data)?.sync_all()
}

#[cfg(test)]
#[path = "secrets_test.rs"]
mod test;
