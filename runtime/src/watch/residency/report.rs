//! The report as data and as a table.

use std::fmt;
use std::sync::Arc;

use crate::watch::Kind;

/// What one arena, queue, lane or stack holds, or what all of one kind under one path hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountResidency {
    /// The path of the owner.
    pub path: Arc<str>,
    /// What it is.
    pub kind: Kind,
    /// The arena it takes its memory from, if any.
    pub parent: Option<Arc<str>>,
    /// How many they are.
    pub count: u64,
    /// Bytes held now.
    pub bytes: u64,
    /// The most bytes ever held; the sum of that, where they are many.
    pub high_water_bytes: u64,
    /// Blocks the bytes are held in.
    pub chunks: u64,
}

impl AccountResidency {
    /// Takes another one of the same kind and path in.
    pub(super) fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.bytes += other.bytes;
        self.high_water_bytes += other.high_water_bytes;
        self.chunks += other.chunks;
    }
}

/// Who holds which memory; made by [`arena_residency`](super::arena_residency), printed as a table.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Residency {
    /// Every arena, queue, lane and stack, largest first.
    pub accounts: Vec<AccountResidency>,
    /// The sum over arenas, queues and lanes.
    pub arenas_bytes: u64,
    /// Live bytes of the counting allocator that are in no account; `None` when it is not installed.
    pub heap_bytes: Option<u64>,
    /// Live bytes before the first locus; part of `heap_bytes`.
    pub heap_at_start_bytes: u64,
    /// The part of the arenas and the heap whose pages have no memory yet.
    pub untouched_bytes: u64,
    /// Touched pages of the stacks that are listed.
    pub stack_bytes: u64,
    /// What the allocator holds for later use; `None` where it does not say.
    pub allocator_free_bytes: Option<u64>,
    /// What the allocator gave back to the system just before, if it was asked to.
    pub given_back_bytes: Option<u64>,
    /// Resident memory of the process; `None` where the system does not say.
    pub resident_bytes: Option<u64>,
    /// Resident memory before the first locus.
    pub start_resident_bytes: Option<u64>,
    /// Resident pages of files (code, mostly) gained since.
    pub files_gained_bytes: Option<i64>,
}

impl Residency {
    /// Resident memory gained since the start.
    #[must_use]
    pub fn gained_bytes(&self) -> Option<i64> {
        Some(self.resident_bytes? as i64 - self.start_resident_bytes? as i64)
    }

    /// Resident memory that arenas, queues, lanes, ordinary heap and stacks have taken since the start.
    #[must_use]
    pub fn accounted_bytes(&self) -> i64 {
        let held = self.arenas_bytes + self.heap_bytes.unwrap_or(0);
        (held + self.stack_bytes) as i64 - self.heap_at_start_bytes as i64 - self.untouched_bytes as i64
    }

    /// What was gained and is in no account. Below zero where memory from before the start is used again.
    #[must_use]
    pub fn unaccounted_bytes(&self) -> Option<i64> {
        Some(self.gained_bytes()? - self.accounted_bytes())
    }

    fn write_accounts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (used, unused): (Vec<_>, Vec<_>) = self.accounts.iter().partition(|a| a.high_water_bytes > 0);
        let path_width = used.iter().map(|account| account.path.len()).max().unwrap_or(0).max(4);
        let head = ["size", "bytes", "high-water", "chunks", "count", "kind", "path", "parent"];
        let [size, bytes, high_water, chunks, count, kind, path, parent] = head;
        writeln!(
            f,
            "{size:>10} {bytes:>14} {high_water:>10} {chunks:>6} {count:>6}  {kind:<10} {path:<path_width$} {parent}"
        )?;
        for account in used {
            writeln!(
                f,
                "{:>10} {:>14} {:>10} {:>6} {:>6}  {:<10} {:<path_width$} {}",
                Size(account.bytes as i64),
                Digits(account.bytes as i64),
                Size(account.high_water_bytes as i64),
                account.chunks,
                account.count,
                account.kind,
                account.path,
                account.parent.as_deref().unwrap_or("-")
            )?;
        }
        if unused.is_empty() {
            Ok(())
        } else {
            writeln!(f, "{:>25}  and {} that never held anything", "", unused.len())
        }
    }

    fn write_memory(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "arenas, queues and lanes", self.arenas_bytes as i64, "")?;
        match self.heap_bytes {
            Some(bytes) => {
                line(f, "ordinary heap", bytes as i64, "live bytes of the counting allocator in no account")?
            }
            None => {
                writeln!(f, "{:>25}  ordinary heap: make `locus::alloc::Counting` the global allocator", "?")?
            }
        }
        line(f, "  held since before the start", -(self.heap_at_start_bytes as i64), "")?;
        line(f, "  not touched yet", -(self.untouched_bytes as i64), "pages of large blocks without memory")?;
        line(f, "thread stacks", self.stack_bytes as i64, "touched pages of the stacks above")?;
        line(f, "accounted for", self.accounted_bytes(), "")
    }

    fn write_resident(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(now), Some(then)) = (self.resident_bytes, self.start_resident_bytes) else {
            return writeln!(f, "{:>25}  resident memory: the system does not say", "?");
        };
        let gained = now as i64 - then as i64;
        let unaccounted = gained - self.accounted_bytes();
        line(f, "resident memory (RSS)", now as i64, "")?;
        line(f, "  at the start", then as i64, "")?;
        line(f, "  gained since", gained, "")?;
        let share = format!("{:.1}% of what was gained", 100.0 * unaccounted as f64 / (gained.max(1)) as f64);
        line(f, "unaccounted", unaccounted, &share)?;
        let mut known = 0;
        if let Some(bytes) = self.files_gained_bytes {
            known += bytes;
            line(f, "  code and files", bytes, "pages the system can read again from disk")?;
        }
        if let Some(bytes) = self.allocator_free_bytes {
            known += bytes as i64;
            line(f, "  free in the allocator", bytes as i64, "held for later use")?;
        }
        line(f, "  unknown", unaccounted - known, "")?;
        if let Some(bytes) = self.given_back_bytes {
            line(f, "given back to the system", bytes as i64, "by the allocator, for this report")?;
        }
        Ok(())
    }
}

impl fmt::Display for Residency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count: u64 = self.accounts.iter().map(|account| account.count).sum();
        writeln!(f, "arena residency: {count} accounts")?;
        self.write_accounts(f)?;
        self.write_memory(f)?;
        self.write_resident(f)
    }
}

/// One line below the table, its figures under the first two columns.
fn line(f: &mut fmt::Formatter<'_>, name: &str, bytes: i64, note: &str) -> fmt::Result {
    let gap = if note.is_empty() { "" } else { ": " };
    writeln!(f, "{:>10} {:>14}  {name}{gap}{note}", Size(bytes), Digits(bytes))
}

/// Bytes as a person reads them: `1.5 MiB`.
struct Size(i64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
        let mut size = self.0 as f64;
        let mut unit = 0;
        while size.abs() >= 1024.0 && unit < UNITS.len() - 1 {
            size /= 1024.0;
            unit += 1;
        }
        let decimals = usize::from(unit > 0);
        f.pad(&format!("{size:.decimals$} {}", UNITS[unit]))
    }
}

/// Bytes to the last digit, in groups: `1,572,864`.
struct Digits(i64);

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.unsigned_abs().to_string();
        let mut grouped = String::from(if self.0 < 0 { "-" } else { "" });
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        f.pad(&grouped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        let check = |bytes, size: &str, digits: &str| {
            assert_eq!(
                (Size(bytes).to_string().as_str(), Digits(bytes).to_string().as_str()),
                (size, digits)
            );
        };
        check(0, "0 B", "0");
        check(1023, "1023 B", "1,023");
        check(-1536, "-1.5 KiB", "-1,536");
        check(1_572_864, "1.5 MiB", "1,572,864");
        check(1 << 50, "1024.0 TiB", "1,125,899,906,842,624");
    }

    fn sample() -> Residency {
        let account = |path: &str, kind, count, bytes, parent: Option<&str>| AccountResidency {
            path: path.into(),
            kind,
            parent: parent.map(Into::into),
            count,
            bytes,
            high_water_bytes: bytes * 2,
            chunks: count,
        };
        Residency {
            accounts: vec![
                account("chat subscription to relayed", Kind::Ring, 256, 1 << 20, None),
                account("chat/rooms", Kind::Scratch, 1, 65_520, Some("chat")),
                account("chat/rooms -> web", Kind::Lane, 1, 0, None),
            ],
            arenas_bytes: 1_114_096,
            heap_bytes: Some(2_000_000),
            heap_at_start_bytes: 100_000,
            untouched_bytes: 14_096,
            stack_bytes: 50_000,
            allocator_free_bytes: Some(20_000),
            given_back_bytes: None,
            resident_bytes: Some(5_100_000),
            start_resident_bytes: Some(2_000_000),
            files_gained_bytes: Some(25_000),
        }
    }

    #[test]
    fn sums_agree() {
        let report = sample();
        assert_eq!(report.accounted_bytes(), 3_050_000);
        assert_eq!((report.gained_bytes(), report.unaccounted_bytes()), (Some(3_100_000), Some(50_000)));
    }

    #[test]
    fn prints_a_table() {
        let expected = "\
arena residency: 258 accounts
      size          bytes high-water chunks  count  kind       path                         parent
   1.0 MiB      1,048,576    2.0 MiB    256    256  ring       chat subscription to relayed -
  64.0 KiB         65,520  128.0 KiB      1      1  scratch    chat/rooms                   chat
                           and 1 that never held anything
   1.1 MiB      1,114,096  arenas, queues and lanes
   1.9 MiB      2,000,000  ordinary heap: live bytes of the counting allocator in no account
 -97.7 KiB       -100,000    held since before the start
 -13.8 KiB        -14,096    not touched yet: pages of large blocks without memory
  48.8 KiB         50,000  thread stacks: touched pages of the stacks above
   2.9 MiB      3,050,000  accounted for
   4.9 MiB      5,100,000  resident memory (RSS)
   1.9 MiB      2,000,000    at the start
   3.0 MiB      3,100,000    gained since
  48.8 KiB         50,000  unaccounted: 1.6% of what was gained
  24.4 KiB         25,000    code and files: pages the system can read again from disk
  19.5 KiB         20,000    free in the allocator: held for later use
   4.9 KiB          5,000    unknown
";
        assert_eq!(sample().to_string(), expected);
        let bare = Residency { heap_bytes: None, resident_bytes: None, ..sample() }.to_string();
        assert!(bare.contains("ordinary heap: make `locus::alloc::Counting` the global allocator"), "{bare}");
        assert!(bare.contains("resident memory: the system does not say"), "{bare}");
    }
}
