//! The report as a person reads it: on a phone, in a font whose columns do not line up.

use std::fmt::Write;

use super::{BeforeAfter, Line, Outcome, Report, Result, money};
use crate::kinds::CATALOG;
use crate::model::{Action, KindName, UsdPerHour};

/// SNS takes subjects of up to 99 characters of printable ASCII
/// (docs.aws.amazon.com/sns/latest/api/API_Publish.html).
pub const LONGEST_SUBJECT: usize = 99;

/// Less than half a cent is not worth a line.
const SMALLEST: f64 = 0.005;

/// How much of a report to write out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    Full,
    /// Without the resources that went well: for reports beyond what SNS takes.
    Short,
}

/// Outcome, action, project and count, in this order: a phone shows the beginning.
pub fn subject(report: &Report) -> String {
    let outcome = match report.outcome {
        Outcome::Succeeded => "OK",
        Outcome::InProgress => "IN PROGRESS",
        Outcome::Partial => "PARTIAL",
        Outcome::Failed => "FAILED",
        Outcome::Skipped => "SKIPPED",
    };
    let dry = if report.dry_run { " (dry run)" } else { "" };
    let subject =
        format!("{outcome}: {}{dry} {}/{}: {}", report.action, report.project, report.environment, counts(report));
    subject.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).take(LONGEST_SUBJECT).collect()
}

/// `3 stopped, 1 failed`: what happened first, what did not last.
fn counts(report: &Report) -> String {
    const ORDER: [(Result, &str); 11] = [
        (Result::Failed, "failed"),
        (Result::Pending, "pending"),
        (Result::Stopped, "stopped"),
        (Result::Started, "started"),
        (Result::WouldStop, "would stop"),
        (Result::WouldStart, "would start"),
        (Result::Running, "running"),
        (Result::AlreadyStopped, "already stopped"),
        (Result::AlreadyRunning, "already running"),
        (Result::Skipped, "skipped"),
        (Result::Unmanaged, "not managed"),
    ];
    let parts: Vec<String> = ORDER
        .iter()
        .map(|(result, words)| (report.count(*result), words))
        .filter(|(n, _)| *n > 0)
        .map(|(n, words)| format!("{n} {words}"))
        .collect();
    if parts.is_empty() { "no resources".to_owned() } else { parts.join(", ") }
}

/// What a reader may want to go to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Whereabouts<'a> {
    /// Where the full report is kept.
    pub report: Option<&'a str>,
    /// The function that sends it.
    pub function: Option<&'a str>,
}

/// The whole message.
pub fn body(report: &Report, extent: Extent, whereabouts: &Whereabouts<'_>) -> String {
    let mut out = String::new();
    write_body(&mut out, report, extent, whereabouts).expect("a string takes everything");
    out
}

fn write_body(out: &mut String, report: &Report, extent: Extent, whereabouts: &Whereabouts<'_>) -> std::fmt::Result {
    headline(out, report)?;
    attention(out, report, whereabouts.function)?;
    costs(out, report)?;
    match extent {
        Extent::Full => {
            for info in CATALOG {
                section(out, info.title, info.name, report)?;
            }
        }
        Extent::Short => {
            writeln!(out, "\nToo many resources for a message: the full report has them all.")?;
            for info in CATALOG {
                sums(out, info.title, info.name, report)?;
            }
        }
    }
    list(out, "Recommendations", &report.recommendations)?;
    footer(out, report, whereabouts.report)
}

fn headline(out: &mut String, report: &Report) -> std::fmt::Result {
    let title = match (report.action, report.dry_run) {
        (Action::Stop, false) => "Stop",
        (Action::Start, false) => "Start",
        (Action::Stop, true) => "Dry run of a stop",
        (Action::Start, true) => "Dry run of a start",
        (Action::Status, _) => "Status",
    };
    let outcome = match report.outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::InProgress => "is in progress",
        Outcome::Partial => "succeeded only in part",
        Outcome::Failed => "failed",
        Outcome::Skipped => "had nothing to do",
    };
    let outcome = match (report.action, report.outcome) {
        (Action::Status, Outcome::Succeeded) => String::new(),
        _ => format!(" {outcome}"),
    };
    writeln!(out, "{title} of {} ({}, {}){outcome}.", report.project, report.environment, report.region)?;
    writeln!(out, "{}.", capitalized(&counts(report)))?;
    if report.dry_run {
        writeln!(out, "Nothing was changed.")?;
    }
    if let Some(reason) = &report.reason {
        writeln!(out, "Reason: {reason}")?;
    }
    Ok(())
}

/// What a person has to do something about.
pub(super) fn problems(report: &Report) -> Vec<String> {
    let is_one =
        |line: &&Line| matches!(line.result, Result::Failed | Result::Pending) && report.action != Action::Status;
    let lines = report.resources.iter().filter(is_one);
    let lines = lines.map(|line| format!("{}:{} {}: {}", line.kind, line.name, words(line.result), line.detail));
    report.errors.iter().cloned().chain(lines).collect()
}

/// The same, before anything else.
fn attention(out: &mut String, report: &Report, function: Option<&str>) -> std::fmt::Result {
    const AT_MOST: usize = 100;
    let mut problems = problems(report);
    let rest = problems.len().saturating_sub(AT_MOST);
    problems.truncate(AT_MOST);
    if rest > 0 {
        problems.push(format!("and {rest} more, in the full report"));
    }
    let title = if report.outcome == Outcome::Skipped { "Why" } else { "Needs attention" };
    list(out, title, &problems)?;
    let superseded = report.errors.iter().any(|error| error.starts_with("a newer "));
    if !problems.is_empty() && !superseded && matches!(report.outcome, Outcome::Partial | Outcome::Failed) {
        let on = match report.action {
            Action::Stop | Action::Start => "Nothing is lost. When the cause is dealt with, go on from here with",
            Action::Status => "When the cause is dealt with, ask again with",
        };
        let dry_run = if report.dry_run { ", \"dry_run\": true" } else { "" };
        let function = function.unwrap_or("NAME");
        writeln!(out, "{on}")?;
        writeln!(
            out,
            "aws lambda invoke --function-name {function} --cli-binary-format raw-in-base64-out --cli-read-timeout 0 \
             --payload '{{\"action\": \"{}\"{dry_run}}}' report.json",
            report.action
        )?;
    }
    Ok(())
}

fn costs(out: &mut String, report: &Report) -> std::fmt::Result {
    let cost = &report.cost;
    if report.resources.is_empty() {
        return Ok(());
    }
    let least = |known: bool| if known { "" } else { "at least " };
    let known_before = least(report.resources.iter().all(|line| line.cost_per_day.before.is_some()));
    let known_after = least(report.resources.iter().all(|line| line.cost_per_day.after.is_some()));
    let (before, after) = match report.action {
        Action::Status => ("When running", "Now"),
        Action::Stop | Action::Start => ("Before", "After"),
    };
    let line = |least: &str, day: f64, month: f64| {
        format!("{least}{} a day, {least}{} a month", money(Some(day)), money(Some(month)))
    };
    writeln!(out, "\nCost")?;
    writeln!(out, "- {before}: {}", line(known_before, cost.per_day_before, cost.per_month_before))?;
    writeln!(out, "- {after}: {}", line(known_after, cost.per_day_after, cost.per_month_after))?;
    if cost.saved_per_day >= SMALLEST {
        let known = if cost.complete { "" } else { ", where both prices are known" };
        let month = cost.saved_per_day * UsdPerHour::HOURS_PER_MONTH / UsdPerHour::HOURS_PER_DAY;
        writeln!(out, "- Saves {} a day, {} a month{known}", money(Some(cost.saved_per_day)), money(Some(month)))?;
    }
    let saved = &report.saved;
    if saved.total >= SMALLEST {
        writeln!(
            out,
            "- Saved so far: {} this stop, {} this month, {} in all",
            money(Some(saved.this_stop)),
            money(Some(saved.month_to_date)),
            money(Some(saved.total))
        )?;
    }
    writeln!(out, "- Prices: {}", cost.price_source)
}

/// A kind's resources, those that fared alike in one row: twenty alarms read as one.
fn section(out: &mut String, title: &str, kind: KindName, report: &Report) -> std::fmt::Result {
    let mut lines: Vec<&Line> = report.resources.iter().filter(|line| line.kind == kind).collect();
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title} ({})", lines.len())?;
    lines.sort_by(|a, b| (a.result, &a.name).cmp(&(b.result, &b.name)));
    let mut groups: Vec<Vec<&Line>> = Vec::new();
    for line in lines {
        match groups.iter_mut().find(|group| is_alike(group[0], line)) {
            Some(group) => group.push(line),
            None => groups.push(vec![line]),
        }
    }
    groups.iter().try_for_each(|group| row(out, group))
}

/// A kind in one line, where there are too many for a line each.
fn sums(out: &mut String, title: &str, kind: KindName, report: &Report) -> std::fmt::Result {
    let lines: Vec<&Line> = report.resources.iter().filter(|line| line.kind == kind).collect();
    if lines.is_empty() {
        return Ok(());
    }
    let mut counts: Vec<(Result, usize)> = Vec::new();
    for line in &lines {
        match counts.iter_mut().find(|(result, _)| *result == line.result) {
            Some((_, n)) => *n += 1,
            None => counts.push((line.result, 1)),
        }
    }
    counts.sort_unstable();
    let counts: Vec<String> = counts.iter().map(|(result, n)| format!("{n} {}", words(*result))).collect();
    writeln!(out, "- {title} ({}): {}{}", lines.len(), counts.join(", "), price(&lines))
}

fn is_alike(a: &Line, b: &Line) -> bool {
    (a.result, &a.before, &a.after, &a.detail, &a.warnings) == (b.result, &b.before, &b.after, &b.detail, &b.warnings)
}

fn row(out: &mut String, group: &[&Line]) -> std::fmt::Result {
    let first = group[0];
    match group {
        [one] => write!(out, "- {}: {}", one.name, words(one.result))?,
        many => write!(out, "- {} {}", many.len(), words(first.result))?,
    }
    if first.before == first.after {
        write!(out, " | {}", first.after)?;
    } else {
        write!(out, " | {} -> {}", first.before, first.after)?;
    }
    writeln!(out, "{}", price(group))?;
    if group.len() > 1 {
        group.iter().try_for_each(|line| writeln!(out, "    {}", line.name))?;
    }
    let notes = std::iter::once(&first.detail).chain(&first.warnings).filter(|note| !note.is_empty());
    notes.into_iter().try_for_each(|note| writeln!(out, "    ({note})"))
}

/// What the resources of one row cost together.
fn price(group: &[&Line]) -> String {
    let sum =
        |of: fn(&BeforeAfter) -> Option<f64>| group.iter().map(|line| of(&line.cost_per_day)).sum::<Option<f64>>();
    let (before, after) = (sum(|cost| cost.before), sum(|cost| cost.after));
    let is_small = |usd: Option<f64>| usd.is_some_and(|usd| usd < SMALLEST);
    if is_small(before) && is_small(after) {
        return String::new();
    }
    let together = if group.len() > 1 { " together" } else { "" };
    match (money(before), money(after)) {
        (before, after) if before == after => format!(" | {before} a day{together}"),
        (before, after) => format!(" | {before} -> {after} a day{together}"),
    }
}

fn list(out: &mut String, title: &str, items: &[String]) -> std::fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    items.iter().try_for_each(|item| writeln!(out, "- {item}"))
}

fn footer(out: &mut String, report: &Report, location: Option<&str>) -> std::fmt::Result {
    writeln!(out)?;
    let start = report.started_at.strftime("%Y-%m-%d %H:%M:%S UTC");
    match report.finished_at {
        Some(end) => {
            let seconds = end.duration_since(report.started_at).as_secs_f64();
            writeln!(out, "Began {start}, took {seconds:.1} s. Operation {}.", report.operation_id)?;
        }
        None => writeln!(out, "Began {start}. Operation {}.", report.operation_id)?,
    }
    if let Some(location) = location {
        writeln!(out, "Full report: {location}")?;
    }
    Ok(())
}

pub(super) fn words(result: Result) -> &'static str {
    match result {
        Result::Failed => "FAILED",
        Result::Pending => "pending",
        Result::Stopped => "stopped",
        Result::Started => "started",
        Result::WouldStop => "would be stopped",
        Result::WouldStart => "would be started",
        Result::Running => "running",
        Result::AlreadyStopped => "already stopped",
        Result::AlreadyRunning => "already running",
        Result::Skipped => "skipped",
        Result::Unmanaged => "not managed",
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
