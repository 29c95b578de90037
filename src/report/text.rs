//! A report becomes a text here, for a person with a phone.
//!
//! A phone's font does not line up columns, so the text has none.

mod resources;

use std::fmt::Write;

use super::usd::SMALLEST;
use super::{BeforeAfter, Outcome, Report, Row, RowResult, money, remedy};
use crate::kinds;
use crate::model::Action;

/// SNS takes subjects of up to 99 characters of printable ASCII
/// (docs.aws.amazon.com/sns/latest/api/API_Publish.html).
pub const LONGEST_SUBJECT: usize = 99;

/// A message has at most so many problems, because SNS takes 262,144 bytes.
pub const MOST_PROBLEMS: usize = 100;
pub const MOST_RECOMMENDATIONS: usize = 50;
const LONGEST_ITEM: usize = 500;

/// An extent says how much of a report to write out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    Full,
    /// The resources that went well are only counted: SNS would not take the whole.
    Short,
}

/// Writes outcome, action, project and count in this order: a phone shows the beginning.
pub fn subject(report: &Report) -> String {
    let outcome = match report.outcome {
        Outcome::Succeeded => "OK",
        Outcome::InProgress => "IN PROGRESS",
        Outcome::Partial => "PARTIAL",
        Outcome::Failed => "FAILED",
        Outcome::Skipped => "SKIPPED",
    };
    let dry = if report.dry_run { " (dry run)" } else { "" };
    let subject = format!(
        "{outcome}: {}{dry} {}/{}: {}",
        report.action,
        report.project,
        report.environment,
        counts(report)
    );
    subject
        .chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
        .take(LONGEST_SUBJECT)
        .collect()
}

/// Counts the results: `1 failed, 3 stopped`, with what needs attention first.
fn counts(report: &Report) -> String {
    const ORDER: [(RowResult, &str); 11] = [
        (RowResult::Failed, "failed"),
        (RowResult::Pending, "pending"),
        (RowResult::Stopped, "stopped"),
        (RowResult::Started, "started"),
        (RowResult::WouldStop, "would stop"),
        (RowResult::WouldStart, "would start"),
        (RowResult::Running, "running"),
        (RowResult::AlreadyStopped, "already stopped"),
        (RowResult::AlreadyRunning, "already running"),
        (RowResult::Skipped, "skipped"),
        (RowResult::Unmanaged, "not managed"),
    ];
    let parts: Vec<String> = ORDER
        .iter()
        .map(|(result, words)| (report.count(*result), words))
        .filter(|(n, _)| *n > 0)
        .map(|(n, words)| format!("{n} {words}"))
        .collect();
    if parts.is_empty() { "no resources".to_owned() } else { parts.join(", ") }
}

/// The whereabouts are places that a reader may want to go to.
#[derive(Debug, Clone, Default)]
pub struct Whereabouts {
    /// The full report is kept at this place. `None`: no report is kept.
    pub report: Option<String>,
    /// The report's page is kept at this place. `None`: no page is kept.
    pub page: Option<String>,
    /// The function of this name made the report.
    pub function: Option<String>,
}

/// Writes the whole message.
pub fn body(report: &Report, extent: Extent, whereabouts: &Whereabouts) -> String {
    let mut out = String::new();
    write_body(&mut out, report, extent, whereabouts).expect("a string takes everything");
    out
}

fn write_body(
    out: &mut String,
    report: &Report,
    extent: Extent,
    whereabouts: &Whereabouts,
) -> std::fmt::Result {
    headline(out, report)?;
    attention(out, report, whereabouts)?;
    not_stopped(out, report)?;
    costs(out, report)?;
    match extent {
        Extent::Full => {
            for info in kinds::infos() {
                resources::section(out, info.title, info.name, report)?;
            }
        }
        Extent::Short => {
            writeln!(
                out,
                "\nToo many resources for a message{}.",
                in_the_full_report(whereabouts)
            )?;
            for info in kinds::infos() {
                resources::sums(out, info.title, info.name, report)?;
            }
        }
    }
    let mut recommendations = report.recommendations.clone();
    shorten(&mut recommendations, MOST_RECOMMENDATIONS, whereabouts);
    list(out, "Recommendations", &recommendations)?;
    footer(out, report, whereabouts)
}

fn in_the_full_report(whereabouts: &Whereabouts) -> &'static str {
    if whereabouts.report.is_some() { ": the full report has them all" } else { "" }
}

/// Shortens a list to what a message can hold and a reader can read.
pub fn shorten(items: &mut Vec<String>, at_most: usize, whereabouts: &Whereabouts) {
    let rest = items.len().saturating_sub(at_most);
    items.truncate(at_most);
    for item in items.iter_mut() {
        if let Some((end, _)) = item.char_indices().nth(LONGEST_ITEM) {
            item.replace_range(end.., "…");
        }
    }
    if rest > 0 {
        let place = if whereabouts.report.is_some() { ", in the full report" } else { "" };
        items.push(format!("and {rest} more{place}"));
    }
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
    writeln!(
        out,
        "{title} of {} ({}, {}){outcome}.",
        report.project, report.environment, report.region
    )?;
    writeln!(out, "{}.", capitalized(&counts(report)))?;
    if report.dry_run {
        writeln!(out, "Nothing was changed.")?;
    }
    // Readers of a start or a status open the mail for this. A stop has saved nothing yet.
    if report.action != Action::Stop && report.saved.total >= SMALLEST {
        writeln!(out, "Saved {}.", saved(report))?;
    }
    if !report.only.is_empty() {
        writeln!(out, "Only: {}", report.only.join(", "))?;
    }
    if let Some(reason) = &report.reason {
        writeln!(out, "Reason: {reason}")?;
    }
    Ok(())
}

/// Writes the savings: `$5.20 in this stop, $60.10 this month, $300.00 in all`.
fn saved(report: &Report) -> String {
    let saved = &report.saved;
    let least = if saved.complete { "" } else { "at least " };
    let words = [
        (saved.this_stop, "in this stop"),
        (saved.month_to_date, "this month"),
        (saved.total, "in all"),
    ];
    words.map(|(usd, when)| format!("{least}{} {when}", money(Some(usd)))).join(", ")
}

/// Writes what a person has to do something about.
///
/// For a status or a dry run, a resource in transition is no problem.
pub(super) fn problems(report: &Report) -> Vec<String> {
    let is_one = |row: &&Row| match row.result {
        RowResult::Failed => true,
        RowResult::Pending => report.action != Action::Status && !report.dry_run,
        _ => false,
    };
    let rows = report.resources.iter().filter(is_one);
    let rows =
        rows.map(|row| format!("{}:{} {}: {}", row.kind, row.name, row.result.words(), row.detail));
    report.error_texts().into_iter().chain(rows).collect()
}

/// Writes the problems before anything else, with the commands that help.
fn attention(out: &mut String, report: &Report, whereabouts: &Whereabouts) -> std::fmt::Result {
    let mut problems = problems(report);
    if problems.is_empty() {
        return Ok(());
    }
    shorten(&mut problems, MOST_PROBLEMS, whereabouts);
    let title = if report.outcome == Outcome::Skipped { "Why" } else { "Needs attention" };
    list(out, title, &problems)?;
    let grants = remedy::grants(report);
    if !grants.is_empty() {
        writeln!(out, "The role lacks a permission. What grants it, beside your template:")?;
        grants.iter().try_for_each(|grant| writeln!(out, "{grant}"))?;
    }
    if remedy::can_go_on(report) {
        writeln!(out, "{}", remedy::introduction(report.action))?;
        writeln!(out, "{}", remedy::again(report, whereabouts.function.as_deref()))?;
    }
    Ok(())
}

/// Writes what a stop had to leave running, and what that costs.
///
/// A resource left running is no failure, and yet not what was wanted.
fn not_stopped(out: &mut String, report: &Report) -> std::fmt::Result {
    let costs = |row: &Row| row.cost_per_day.after.is_none_or(|usd| usd >= SMALLEST);
    let is_left = |row: &&Row| {
        row.result == RowResult::Skipped && report.action == Action::Stop && costs(row)
    };
    let mut left: Vec<&Row> = report.resources.iter().filter(is_left).collect();
    left.sort_by(|a, b| {
        b.cost_per_day.after.partial_cmp(&a.cost_per_day.after).unwrap_or(std::cmp::Ordering::Equal)
    });
    let told = |row: &&Row| {
        let usd = money(row.cost_per_day.after);
        format!("{}:{} {usd} a day: {}", row.kind, row.name, row.detail)
    };
    let mut left: Vec<String> = left.iter().map(told).collect();
    shorten(&mut left, MOST_PROBLEMS, &Whereabouts::default());
    list(out, "Still running", &left)
}

fn costs(out: &mut String, report: &Report) -> std::fmt::Result {
    let cost = &report.cost;
    if report.resources.is_empty() {
        return Ok(());
    }
    let is_known = |of: fn(&BeforeAfter) -> Option<f64>| {
        report.resources.iter().all(|row| of(&row.cost_per_day).is_some())
    };
    let (before, after) = (is_known(|cost| cost.before), is_known(|cost| cost.after));
    // Where something was not seen, every price may be known, and yet the sum is not complete.
    let unseen = before && after && !cost.complete;
    let sum = |is_known: bool, usd: f64, unit: &str| {
        format!("{}{} {unit}", if is_known && !unseen { "" } else { "at least " }, money(Some(usd)))
    };
    let days = (sum(before, cost.per_day_before, "a day"), sum(after, cost.per_day_after, "a day"));
    let month = |is_known, usd| sum(is_known, usd, "a month of such days");
    let months = (month(before, cost.per_month_before), month(after, cost.per_month_after));
    writeln!(out, "\nCost")?;
    match report.action {
        Action::Stop => {
            write!(out, "- Running: {}, {}\n- Stopped: {}\n", days.0, months.0, days.1)?;
        }
        Action::Start => {
            write!(out, "- Stopped: {}\n- Running: {}, {}\n", days.0, days.1, months.1)?;
        }
        Action::Status => {
            write!(out, "- Running: {}, {}\n- Now: {}\n", days.0, months.0, days.1)?;
        }
    }
    if cost.saved_per_day >= SMALLEST {
        let known = if cost.complete { "" } else { ", where both prices are known" };
        writeln!(
            out,
            "- Saves {} for each 24 hours that it stays stopped{known}",
            money(Some(cost.saved_per_day))
        )?;
    }
    if report.action == Action::Stop && report.saved.total >= SMALLEST {
        writeln!(out, "- Saved so far: {}", saved(report))?;
    }
    writeln!(out, "- Prices: {}", cost.price_source)
}

fn list(out: &mut String, title: &str, items: &[String]) -> std::fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    items.iter().try_for_each(|item| writeln!(out, "- {item}"))
}

fn footer(out: &mut String, report: &Report, whereabouts: &Whereabouts) -> std::fmt::Result {
    writeln!(out)?;
    let start = report.started_at.strftime("%Y-%m-%d %H:%M:%S UTC");
    match report.finished_at {
        Some(end) => {
            let seconds = end.duration_since(report.started_at).as_secs_f64();
            writeln!(
                out,
                "Began {start}, took {seconds:.1} s. Operation {}.",
                report.operation_id
            )?;
        }
        None => writeln!(out, "Began {start}. Operation {}.", report.operation_id)?,
    }
    if let Some(location) = &whereabouts.report {
        writeln!(out, "Full report: {location}")?;
    }
    if let Some(location) = &whereabouts.page {
        writeln!(out, "As a page, with a chart: {location}")?;
    }
    Ok(())
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
