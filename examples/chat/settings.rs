//! The flags of `chat`.

const USAGE: &str = "usage: chat [--port PORT]    (default 8080; 0 takes a free port and prints it)";

/// What the command line decides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// The TCP port on 127.0.0.1; 0 for a free one.
    pub(crate) port: u16,
}

impl Settings {
    /// Reads the arguments after the program's name.
    ///
    /// # Errors
    /// A sentence for the person who typed them.
    pub(crate) fn from_args(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut settings = Self { port: 8080 };
        while let Some(flag) = args.next() {
            let value = match flag.as_str() {
                "--port" => args.next().ok_or_else(|| format!("`--port` has no value\n{USAGE}"))?,
                _ => return Err(format!("unknown flag `{flag}`\n{USAGE}")),
            };
            settings.port = value.parse().map_err(|_| format!("`{value}` is not a port\n{USAGE}"))?;
        }
        Ok(settings)
    }
}
