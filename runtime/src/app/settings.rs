//! `locus.toml`: where parts run and how long things may take, without a rebuild.
//!
//! Read from `LOCUS_CONFIG`, else from the working directory, where it may be absent. `[place]` and `[limits]` are the
//! runtime's; `[checker]` is read by the checker. Every problem is reported, with its line and what would be right.

use std::borrow::Cow;
use std::fmt::Write;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::app::exit::StartError;
use crate::locus::main::{Part, Place};

/// The tables there are, and whose they are.
const TABLES: [&str; 3] = ["place", "limits", "checker"];
const PLACE_KEYS: [&str; 4] = ["pool", "core", "cores", "replicas"];
const LIMIT_KEYS: [&str; 6] = [
    "start_timeout",
    "drain_timeout",
    "block_timeout",
    "stage_messages_max",
    "control_messages_max",
    "spin_time",
];

/// What `[limits]` sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// How long one birth may take.
    pub(crate) start_timeout: Duration,
    /// How long a drain may take.
    pub(crate) drain_timeout: Duration,
    /// How long a circle of loci that wait for each other lasts before one of them fails.
    pub(crate) block_timeout: Duration,
    /// Messages of one activation that may wait for room.
    pub(crate) stage_messages_max: u32,
    /// Changes of subscriptions that one pool may have waiting for another.
    pub(crate) control_messages_max: u32,
    /// How long an idle pool looks for work before it parks, where it has a core to itself.
    pub(crate) spin_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            start_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(10),
            block_timeout: Duration::from_secs(5),
            // With messages of the largest size, 16 MiB.
            stage_messages_max: 4_096,
            // What a full lane holds of the smallest of them, twice over: a pool that is merely slow has room.
            control_messages_max: 65_536,
            // About what parking and waking cost.
            spin_time: Duration::from_micros(20),
        }
    }
}

/// Reads the file, moves the parts it names, and returns the limits.
///
/// # Errors
/// [`StartError::Settings`] with every problem of the file.
pub(crate) fn apply(parts: &mut [Part]) -> Result<Limits, StartError> {
    let named = std::env::var_os("LOCUS_CONFIG").map(PathBuf::from);
    let path = named.clone().unwrap_or_else(|| PathBuf::from("locus.toml"));
    match std::fs::read_to_string(&path) {
        Ok(text) => read(&path.display().to_string(), &text, parts).map_err(StartError::Settings),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            Ok(Limits::default())
        }
        Err(error) => Err(StartError::Settings(format!("{}: {error}", path.display()))),
    }
}

/// The problems of one file.
struct Problems<'a> {
    file: &'a str,
    text: &'a str,
    found: String,
}

impl Problems<'_> {
    fn add(&mut self, span: Range<usize>, what: &str, help: &str) {
        let before = &self.text[..span.start.min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1) + 1;
        let separator = if self.found.is_empty() { "" } else { "\n" };
        let _ = write!(self.found, "{separator}{}:{line}:{column}: {what}\nhelp: {help}", self.file);
    }

    fn unknown(&mut self, what: &str, name: &Spanned<impl AsRef<str>>, known: &[&str]) {
        let given = name.get_ref().as_ref();
        let near = known
            .iter()
            .min_by_key(|known| strsim::osa_distance(given, known))
            .filter(|known| strsim::osa_distance(given, known) <= 3);
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "there is {}",
                known.iter().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ")
            ),
        };
        self.add(name.span(), &format!("unknown {what} `{given}`"), &help);
    }
}

fn read(file: &str, text: &str, parts: &mut [Part]) -> Result<Limits, String> {
    let mut problems = Problems { file, text, found: String::new() };
    let mut limits = Limits::default();
    match DeTable::parse(text) {
        Err(error) => {
            problems.add(error.span().unwrap_or(0..0), error.message(), "see https://toml.io for the syntax")
        }
        Ok(tables) => {
            for (name, value) in tables.get_ref() {
                match (name.get_ref().as_ref(), value.get_ref()) {
                    ("place", DeValue::Table(table)) => places(table, parts, &mut problems),
                    ("limits", DeValue::Table(table)) => limit(table, &mut limits, &mut problems),
                    ("checker", DeValue::Table(_)) => {}
                    (known, _) if TABLES.contains(&known) => {
                        problems.add(
                            value.span(),
                            &format!("`{known}` is a table"),
                            &format!("write `[{known}]`"),
                        );
                    }
                    _ => problems.unknown("table", name, &TABLES),
                }
            }
        }
    }
    if problems.found.is_empty() { Ok(limits) } else { Err(problems.found) }
}

/// `part = "pool"`, or `part = { pool = "io" }`, or `part = { replicas = 4, cores = "4..8" }` for pinned ones.
fn places(table: &DeTable<'_>, parts: &mut [Part], problems: &mut Problems<'_>) {
    let names: Vec<&str> = parts.iter().map(|part| part.name).collect();
    for (name, value) in table {
        let Some(part) = parts.iter_mut().find(|part| part.name == name.get_ref().as_ref()) else {
            problems.unknown("part", name, &names);
            continue;
        };
        let place = match value.get_ref() {
            DeValue::String(pool) if pool == "pinned" => {
                Some(Place::Pinned { core: None, cores: None, replicas: 1 })
            }
            DeValue::String(_) => pool_name(value, problems).map(Place::Pool),
            DeValue::Table(settings) => place(settings, value.span(), problems),
            _ => {
                let help = "name a pool, or write `\"pinned\"` or `{ replicas = 2, cores = \"4..6\" }`";
                problems.add(value.span(), "a place is a pool's name or a table", help);
                None
            }
        };
        if let Some(place) = place {
            part.place = place;
        }
    }
}

fn place(settings: &DeTable<'_>, span: Range<usize>, problems: &mut Problems<'_>) -> Option<Place> {
    let (mut pool, mut core, mut cores, mut replicas) = (None, None, None, None);
    for (key, value) in settings {
        match key.get_ref().as_ref() {
            "pool" => pool = Some(pool_name(value, problems)?),
            "core" => core = number(value, problems),
            "replicas" => replicas = at_least_one(value, problems),
            "cores" => cores = range(value, problems),
            _ => problems.unknown("setting", key, &PLACE_KEYS),
        }
    }
    match (pool, core.is_some() || cores.is_some() || replicas.is_some()) {
        (Some(pool), false) => Some(Place::Pool(pool)),
        (Some(_), true) => {
            let help = "leave out `pool`, or `core`, `cores` and `replicas`";
            problems.add(span, "a part is in a pool or pinned, not both", help);
            None
        }
        (None, _) => Some(Place::Pinned { core, cores, replicas: replicas.unwrap_or(1) }),
    }
}

fn pool_name(value: &Spanned<DeValue<'_>>, problems: &mut Problems<'_>) -> Option<Cow<'static, str>> {
    let name = value.get_ref().as_str().filter(|name| !name.is_empty());
    if name.is_none() {
        problems.add(value.span(), "expected the name of a pool", "for example `\"io\"`");
    }
    name.map(|name| name.to_owned().into())
}

fn at_least_one(value: &Spanned<DeValue<'_>>, problems: &mut Problems<'_>) -> Option<usize> {
    let number = number(value, problems)?;
    if number == 0 {
        problems.add(value.span(), "expected 1 or more", "leave it out for the default");
    }
    Some(number)
}

fn number(value: &Spanned<DeValue<'_>>, problems: &mut Problems<'_>) -> Option<usize> {
    let digits = value.get_ref().as_integer().and_then(|number| number.as_str().parse().ok());
    if digits.is_none() {
        problems.add(value.span(), "expected a whole number", "for example `3`");
    }
    digits
}

fn range(value: &Spanned<DeValue<'_>>, problems: &mut Problems<'_>) -> Option<Range<usize>> {
    let (start, end) = value.get_ref().as_str().and_then(|text| text.split_once("..")).unwrap_or_default();
    let range = start.trim().parse().ok().zip(end.trim().parse().ok()).filter(|(start, end)| start < end);
    if range.is_none() {
        problems.add(value.span(), "expected a range of cores", "for example `\"4..8\"`, which is 4 to 7");
    }
    range.map(|(start, end)| start..end)
}

fn limit(table: &DeTable<'_>, limits: &mut Limits, problems: &mut Problems<'_>) {
    for (key, value) in table {
        let slot = match key.get_ref().as_ref() {
            "start_timeout" => &mut limits.start_timeout,
            "drain_timeout" => &mut limits.drain_timeout,
            "block_timeout" => &mut limits.block_timeout,
            "spin_time" => &mut limits.spin_time,
            "stage_messages_max" | "control_messages_max" => {
                if let Some(number) = at_least_one(value, problems) {
                    let of_stage = key.get_ref() == "stage_messages_max";
                    let limit = if of_stage {
                        &mut limits.stage_messages_max
                    } else {
                        &mut limits.control_messages_max
                    };
                    *limit = u32::try_from(number).unwrap_or(u32::MAX);
                }
                continue;
            }
            _ => {
                problems.unknown("limit", key, &LIMIT_KEYS);
                continue;
            }
        };
        match value.get_ref().as_str().and_then(duration) {
            Some(duration) => *slot = duration,
            None => problems.add(
                value.span(),
                "expected a duration",
                "for example `\"10s\"`, `\"250ms\"`, `\"20us\"`",
            ),
        }
    }
}

fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..unit].parse().ok()?;
    match &text[unit..] {
        "us" => Some(Duration::from_micros(number)),
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        _ => None,
    }
}

#[cfg(all(test, not(miri)))]
mod fuzz;
#[cfg(test)]
mod tests;
