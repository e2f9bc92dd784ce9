//! `[limits]`: how often clients may ask.

use crate::limits::Networks;

use super::ConfigError;
use super::settings::Settings;

/// How often clients may ask; 0 is no limit.
#[derive(Debug, Clone)]
pub struct LimitsConfig {
    /// Requests of one address.
    pub address_requests_per_minute: u32,
    /// Requests of one account.
    pub caller_requests_per_minute: u32,
    /// Sign-ups from one address.
    pub address_sign_ups_per_hour: u32,
    /// Log-ins that fail under one name, wherever they come from.
    pub name_failed_logins_per_hour: u32,
    /// Connections of one address at a time and listener.
    pub address_connections: u32,
    /// Who is not counted, but for failed log-ins.
    pub exempt: Networks,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Networks,
}

impl LimitsConfig {
    /// Whose connections are not counted: proxies have those of many clients.
    #[must_use]
    pub fn uncounted(&self) -> Networks {
        self.exempt.and(&self.trusted_proxies)
    }

    pub(super) fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let most = |key| settings.number(key, 0..=1_000_000_000);
        let networks = |key| {
            let read = settings.text(key).parse::<Networks>();
            read.map_err(|why| {
                settings.refused(key, &format!("addresses and networks with commas between them: {why}"))
            })
        };
        Ok(Self {
            address_requests_per_minute: most("limits.address_requests_per_minute")?,
            caller_requests_per_minute: most("limits.caller_requests_per_minute")?,
            address_sign_ups_per_hour: most("limits.address_sign_ups_per_hour")?,
            name_failed_logins_per_hour: most("limits.name_failed_logins_per_hour")?,
            address_connections: most("limits.address_connections")?,
            exempt: networks("limits.exempt")?,
            trusted_proxies: networks("limits.trusted_proxies")?,
        })
    }
}
