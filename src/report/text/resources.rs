//! A report's text tells its resources kind by kind.

use std::fmt::{Result, Write};

use crate::model::KindName;
use crate::report::usd::SMALLEST;
use crate::report::{BeforeAfter, Report, Row, RowResult, money};

/// Writes a kind's resources. Resources that fared alike are one item.
pub fn section(out: &mut String, title: &str, kind: KindName, report: &Report) -> Result {
    let mut rows: Vec<&Row> = report.resources.iter().filter(|row| row.kind == kind).collect();
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title} ({})", rows.len())?;
    rows.sort_by(|a, b| (a.result, &a.name).cmp(&(b.result, &b.name)));
    let mut groups: Vec<Vec<&Row>> = Vec::new();
    for row in rows {
        match groups.iter_mut().find(|group| is_alike(group[0], row)) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups.iter().try_for_each(|group| item(out, group))
}

/// Writes a kind in one line, for reports with too many resources.
pub fn sums(out: &mut String, title: &str, kind: KindName, report: &Report) -> Result {
    let rows: Vec<&Row> = report.resources.iter().filter(|row| row.kind == kind).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let mut counts: Vec<(RowResult, usize)> = Vec::new();
    for row in &rows {
        match counts.iter_mut().find(|(result, _)| *result == row.result) {
            Some((_, n)) => *n += 1,
            None => counts.push((row.result, 1)),
        }
    }
    counts.sort_unstable();
    let counts: Vec<String> =
        counts.iter().map(|(result, n)| format!("{n} {}", result.words())).collect();
    writeln!(out, "- {title} ({}): {}{}", rows.len(), counts.join(", "), price(&rows))
}

fn is_alike(a: &Row, b: &Row) -> bool {
    (a.result, &a.before, &a.after, &a.detail, &a.warnings)
        == (b.result, &b.before, &b.after, &b.detail, &b.warnings)
}

fn item(out: &mut String, group: &[&Row]) -> Result {
    let first = group[0];
    match group {
        [one] => write!(out, "- {}: {}", one.name, one.result.words())?,
        many => write!(out, "- {} {}", many.len(), first.result.words())?,
    }
    if first.before == first.after {
        write!(out, " | {}", first.after)?;
    } else {
        write!(out, " | {} -> {}", first.before, first.after)?;
    }
    writeln!(out, "{}", price(group))?;
    if group.len() > 1 {
        group.iter().try_for_each(|row| writeln!(out, "    {}", row.name))?;
    }
    let notes =
        std::iter::once(&first.detail).chain(&first.warnings).filter(|note| !note.is_empty());
    notes.into_iter().try_for_each(|note| writeln!(out, "    ({note})"))
}

/// Writes what the resources of one group cost together.
///
/// Where some prices are unknown, the sum of the known ones is "at least".
fn price(group: &[&Row]) -> String {
    let sum = |of: fn(&BeforeAfter) -> Option<f64>| {
        let known: Vec<f64> = group.iter().filter_map(|row| of(&row.cost_per_day)).collect();
        let usd: f64 = known.iter().sum();
        match known.len() {
            0 => (None, money(None)),
            n if n == group.len() => (Some(usd), money(Some(usd))),
            _ => (None, format!("at least {}", money(Some(usd)))),
        }
    };
    let ((before, before_words), (after, after_words)) =
        (sum(|cost| cost.before), sum(|cost| cost.after));
    let is_small = |usd: Option<f64>| usd.is_some_and(|usd| usd < SMALLEST);
    if is_small(before) && is_small(after) {
        return String::new();
    }
    let together = if group.len() > 1 { " together" } else { "" };
    if before_words == after_words {
        format!(" | {after_words} a day{together}")
    } else {
        format!(" | {before_words} -> {after_words} a day{together}")
    }
}
