//! When the residency reports are printed: `LOCUS_ARENA_RESIDENCY`, `LOCUS_POOL_RESIDENCY`.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

/// The variable for the report about pools.
const OF_POOLS: [&str; 1] = ["LOCUS_POOL_RESIDENCY"];

/// The variables for the report about arenas, the first one that is set counts.
const VARIABLES: [&str; 2] = ["LOCUS_ARENA_RESIDENCY", "LOTUS_ARENA_RESIDENCY"];

/// When a residency report is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResidencyMode {
    /// Only where the program asks for it.
    #[default]
    Off,
    /// At exit and on SIGUSR1.
    AtExit,
    /// Besides, every so often.
    Heartbeat(Duration),
}

impl ResidencyMode {
    /// Reads the environment for the report about arenas: unset, empty or `0` for off, `1` for the end, or a period such as
    /// `5s`, `500ms`, `1m`.
    ///
    /// # Errors
    ///
    /// [`ResidencyModeError`] for any other value.
    pub fn from_env() -> Result<Self, ResidencyModeError> {
        Self::of(&VARIABLES)
    }

    /// Reads the environment for the report about pools, likewise.
    ///
    /// # Errors
    ///
    /// [`ResidencyModeError`] for any other value.
    pub fn of_pools_from_env() -> Result<Self, ResidencyModeError> {
        Self::of(&OF_POOLS)
    }

    fn of(variables: &[&'static str]) -> Result<Self, ResidencyModeError> {
        match variables.iter().find_map(|variable| Some((*variable, env::var_os(variable)?))) {
            Some((variable, value)) => {
                let mode = value.to_str().and_then(Self::parse);
                mode.ok_or(ResidencyModeError { variable, value })
            }
            None => Ok(Self::Off),
        }
    }

    fn parse(value: &str) -> Option<Self> {
        match value {
            "" | "0" => Some(Self::Off),
            "1" => Some(Self::AtExit),
            period => {
                let unit = period.find(|c: char| !c.is_ascii_digit())?;
                let (number, unit) = period.split_at(unit);
                let milliseconds: u64 = match unit {
                    "ms" => 1,
                    "s" => 1_000,
                    "m" => 60_000,
                    _ => return None,
                };
                let period = number.parse::<u64>().ok()?.checked_mul(milliseconds)?;
                (period > 0).then(|| Self::Heartbeat(Duration::from_millis(period)))
            }
        }
    }
}

/// `LOCUS_ARENA_RESIDENCY` or `LOCUS_POOL_RESIDENCY` says something that is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResidencyModeError {
    variable: &'static str,
    value: OsString,
}

impl fmt::Display for ResidencyModeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}={}` is not understood; help: `1` prints the report at exit and on SIGUSR1, `5s` (or `500ms`, `1m`) \
             also every so often, `0` not at all",
            self.variable,
            self.value.display()
        )
    }
}

impl std::error::Error for ResidencyModeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_understood_or_refused() {
        let heartbeat = |milliseconds| Some(ResidencyMode::Heartbeat(Duration::from_millis(milliseconds)));
        let check = |value: &str, mode| assert_eq!(ResidencyMode::parse(value), mode, "{value:?}");
        check("", Some(ResidencyMode::Off));
        check("0", Some(ResidencyMode::Off));
        check("1", Some(ResidencyMode::AtExit));
        check("5s", heartbeat(5_000));
        check("500ms", heartbeat(500));
        check("2m", heartbeat(120_000));
        for refused in
            ["yes", "5", "0s", "-1s", "s", "5 s", "5h", "99999999999999999999s", "18446744073709551615m"]
        {
            check(refused, None);
        }
        let error = ResidencyModeError { variable: VARIABLES[0], value: "often".into() };
        assert!(
            error
                .to_string()
                .starts_with("`LOCUS_ARENA_RESIDENCY=often` is not understood; help: `1` prints")
        );
    }
}
