//! `--figures`: what this process has cost, for `xtask soak speed`. On standard error, a name and a number a line.

use std::path::Path;
use std::time::Instant;

/// Prints wall-clock time since `began`, processor time of all threads, and the most memory held at once. Where the
/// system does not tell, the figure is left out.
pub(super) fn print(began: Instant) {
    eprintln!("wall_ms {:.1}", began.elapsed().as_secs_f64() * 1e3);
    if let Some(ns) = cpu_ns() {
        eprintln!("cpu_ms {:.1}", ns as f64 / 1e6);
    }
    if let Some(kilobytes) = peak_kilobytes() {
        eprintln!("peak_kb {kilobytes}");
    }
}

/// What the scheduler has on the threads of this process that still live; those of the analysis all do.
fn cpu_ns() -> Option<u64> {
    let of_task = |task: &Path| {
        let text = std::fs::read_to_string(task.join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let spent: Vec<u64> = tasks.flatten().filter_map(|task| of_task(&task.path())).collect();
    (!spent.is_empty()).then(|| spent.iter().sum())
}

fn peak_kilobytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn the_system_tells() {
        assert!(super::cpu_ns().unwrap() > 0);
        assert!(super::peak_kilobytes().unwrap() > 100);
    }
}
