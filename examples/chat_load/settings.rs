//! The flags of the load generator, each with a ceiling: a typing error must not become an hour of a million clients.

use std::time::Duration;

const USAGE: &str = "usage: chat_load [--clients N] [--seconds S] [--rate POSTS_PER_SECOND] [--burst POSTS] [--port P] [--slow K]";
const CLIENTS_MAX: usize = 20_000;
const SECONDS_MAX: u64 = 3_600;
const RATE_MAX: f64 = 100.0;
const BURST_MAX: u32 = 100;

/// What to do, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) clients: usize,
    pub(crate) posting: Duration,
    /// Posts per second of each client; 0 only listens.
    pub(crate) rate_per_s: f64,
    /// Posts of each client at once, before it takes up its rate: buffers reach their size then, not later.
    pub(crate) burst: u32,
    pub(crate) port: u16,
    /// How many of the clients read slowly and do not post.
    pub(crate) slow: usize,
}

impl Settings {
    pub(crate) fn from_args(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut settings = Self {
            clients: 1_000,
            posting: Duration::from_secs(10),
            rate_per_s: 0.2,
            burst: 0,
            port: 8080,
            slow: 0,
        };
        while let Some(flag) = args.next() {
            let value = args.next().ok_or_else(|| format!("`{flag}` has no value\n{USAGE}"))?;
            match flag.as_str() {
                "--clients" => settings.clients = parse(&flag, &value, CLIENTS_MAX)?,
                "--seconds" => settings.posting = Duration::from_secs(parse(&flag, &value, SECONDS_MAX)?),
                "--rate" => settings.rate_per_s = parse(&flag, &value, RATE_MAX)?,
                "--burst" => settings.burst = parse(&flag, &value, BURST_MAX)?,
                "--port" => settings.port = parse(&flag, &value, u16::MAX)?,
                "--slow" => settings.slow = parse(&flag, &value, CLIENTS_MAX)?,
                _ => return Err(format!("unknown flag `{flag}`\n{USAGE}")),
            }
        }
        if settings.rate_per_s < 0.0 {
            return Err("`--rate` is negative".to_owned());
        }
        Ok(settings)
    }
}

fn parse<T: std::str::FromStr + PartialOrd + std::fmt::Display>(
    flag: &str,
    value: &str,
    max: T,
) -> Result<T, String> {
    match value.parse::<T>() {
        Ok(number) if number <= max => Ok(number),
        _ => Err(format!("`{flag}` takes a number up to {max}, not `{value}`")),
    }
}
