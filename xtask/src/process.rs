//! Runs other programs: shown or captured, bounded in time, tried again where the network may fail.
//!
//! No program gets a standard input. A program over its time limit is killed with everything it started, since
//! cargo does not pass a signal on to the tests it runs.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How often a bounded child is looked at: short beside any limit, long beside the cost of a look.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Runs `command` with its output shown.
///
/// # Errors
/// Names the command when it cannot start, or when its status is not success.
pub(crate) fn show(command: &mut Command) -> Result<(), String> {
    let status = command_status(command)?;
    succeeded(command, status)
}

/// Runs `command` with its output shown, and kills it after `limit`.
///
/// # Errors
/// As [`show`], and when the limit is reached.
pub(crate) fn show_within(limit: Duration, command: &mut Command) -> Result<(), String> {
    let mut child = command.stdin(Stdio::null()).spawn().map_err(|error| cannot_start(command, &error))?;
    match wait_within(limit, &mut child)? {
        Some(status) => succeeded(command, status),
        None => Err(format!("`{}` was still running after {} s", line_of(command), limit.as_secs())),
    }
}

/// Runs `command` and returns what it wrote to its standard output; its standard error is shown.
///
/// # Errors
/// As [`show`], and when the output is not UTF-8.
pub(crate) fn capture(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| cannot_start(command, &error))?;
    succeeded(command, output.status)?;
    String::from_utf8(output.stdout)
        .map_err(|_| format!("`{}` wrote something that is not UTF-8", line_of(command)))
}

/// Runs a `command` that has to fail, and returns all it said: for controls that show that a check can fail.
///
/// # Errors
/// When it cannot start, and when it succeeds.
pub(crate) fn complaint(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| cannot_start(command, &error))?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if output.status.success() {
        Err(format!("`{}` succeeded, and has to fail", line_of(command)))
    } else {
        Ok(said)
    }
}

/// Runs `command` up to `attempts` times, with a pause that doubles, until it succeeds: for downloads.
pub(crate) fn retry(attempts: u32, command: &mut Command) -> Result<(), String> {
    let mut pause = Duration::from_secs(2);
    let mut outcome = show(command);
    for _ in 1..attempts {
        if outcome.is_ok() {
            break;
        }
        std::thread::sleep(pause);
        pause *= 2;
        outcome = show(command);
    }
    outcome
}

/// Whether a program of this name is found along `PATH`.
pub(crate) fn on_path(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else { return false };
    std::env::split_paths(&path)
        .any(|directory| directory.join(format!("{program}{}", std::env::consts::EXE_SUFFIX)).is_file())
}

/// Waits for `child`; at `limit` kills it with its descendants and returns `None`.
pub(crate) fn wait_within(limit: Duration, child: &mut Child) -> Result<Option<ExitStatus>, String> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(|error| format!("cannot wait: {error}"))? {
            return Ok(Some(status));
        }
        if started.elapsed() >= limit {
            kill_tree(child)?;
            return Ok(None);
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// Sends a signal by name (`INT`, `TERM`, ..) to one process.
pub(crate) fn signal(name: &str, process: u32) -> Result<(), String> {
    show(Command::new("kill").arg(format!("-{name}")).arg(process.to_string()))
}

fn kill_tree(child: &mut Child) -> Result<(), String> {
    for process in descendants(child.id())? {
        // A descendant that has ended meanwhile is no failure.
        let _ = signal("KILL", process);
    }
    child.kill().and_then(|()| child.wait()).map(|_| ()).map_err(|error| format!("cannot kill: {error}"))
}

/// Every process below `ancestor`, parents first.
fn descendants(ancestor: u32) -> Result<Vec<u32>, String> {
    let table = capture(Command::new("ps").args(["-e", "-o", "pid=,ppid="]))?;
    let pairs: Vec<(u32, u32)> = table.lines().filter_map(pid_and_parent).collect();
    let mut found = vec![ancestor];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(pairs.iter().filter(|(_, above)| *above == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.remove(0);
    Ok(found)
}

fn pid_and_parent(line: &str) -> Option<(u32, u32)> {
    let mut words = line.split_whitespace();
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

fn command_status(command: &mut Command) -> Result<ExitStatus, String> {
    command.stdin(Stdio::null()).status().map_err(|error| cannot_start(command, &error))
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<(), String> {
    if status.success() { Ok(()) } else { Err(format!("`{}` failed: {status}", line_of(command))) }
}

fn cannot_start(command: &Command, error: &std::io::Error) -> String {
    format!("cannot start `{}`: {error}", line_of(command))
}

fn line_of(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_program_over_its_limit_is_killed_with_its_children() {
        let started = Instant::now();
        let outcome = show_within(Duration::from_millis(200), &mut shell("sleep 60 & wait"));
        assert!(outcome.unwrap_err().contains("still running"));
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_failure_names_the_command_and_its_status() {
        let message = show(&mut shell("exit 3")).unwrap_err();
        assert!(message.contains("exit 3") && message.contains('3'), "{message}");
    }

    #[test]
    fn output_is_captured() {
        assert_eq!(capture(&mut shell("echo out; echo err >&2")).unwrap(), "out\n");
        assert!(capture(&mut shell("echo out; exit 1")).is_err());
    }

    #[test]
    fn a_control_has_to_fail() {
        assert_eq!(complaint(&mut shell("echo out; echo err >&2; exit 1")).unwrap(), "out\nerr\n");
        assert!(complaint(&mut shell("exit 0")).unwrap_err().contains("has to fail"));
    }

    #[test]
    fn a_missing_program_is_not_on_the_path() {
        assert!(on_path("sh"));
        assert!(!on_path("no-such-program-here"));
    }
}
