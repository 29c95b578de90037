//! A report becomes a page here: one file that loads nothing from anywhere.
//!
//! The template engine escapes what people wrote: names, tags and reasons.

use jiff::civil::Date;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::text::{problems, subject};
use super::{BeforeAfter, Report, Row, RowResult, money};
use crate::kinds;
use crate::model::Action;

/// The page has no script, font or picture: mail filters let it through.
const STYLE: &str = "
:root { color-scheme: light dark; --text: #1a1f26; --faint: #5b6572; --line: #d9dee5; --back: #ffffff; --bar: #2f7d5b; --bad: #b3261e; --shade: #f4f6f8 }
@media (prefers-color-scheme: dark) { :root { --text: #e6e9ed; --faint: #9aa5b1; --line: #333b45; --back: #14181d; --bar: #57b389; --bad: #ff8a80; --shade: #1c2229 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 62rem; font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back) }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
p { margin: .25rem 0 } .faint { color: var(--faint) } .bad { color: var(--bad); font-weight: 600 }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .75rem; margin: 1rem 0 }
dl div { background: var(--shade); border-radius: .5rem; padding: .6rem .8rem }
dt { color: var(--faint); font-size: .85rem } dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .93rem }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--line) }
th { color: var(--faint); font-weight: 500 } td.money, th.money { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
td .note { display: block; color: var(--faint); font-size: .85rem }
ul { padding-left: 1.2rem; margin: .25rem 0 } li { overflow-wrap: anywhere } svg { width: 100%; height: auto; display: block }
svg .bar { fill: var(--bar) } svg .axis { stroke: var(--line) }
.scale { display: flex; justify-content: space-between; color: var(--faint); font-size: .85rem }
td:nth-child(2) { white-space: nowrap } td:nth-child(3), td:nth-child(4) { min-width: 6.5rem }
@media (max-width: 40rem) {
  h1 { font-size: 1.25rem } thead { display: none } tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line) }
  td { display: inline-block; border: 0; padding: 0 .75rem 0 0; overflow-wrap: anywhere } td:first-child { display: block; font-weight: 500 }
  td .note { font-weight: 400 } td:nth-child(3), td:nth-child(4) { min-width: 0 } td:nth-child(4)::before { content: '→ ' }
}
";

/// Writes the whole page.
pub fn page(report: &Report) -> String {
    let title = subject(report);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                p.faint {
                    (report.region) " · " (report.started_at.strftime("%Y-%m-%d %H:%M UTC"))
                    @if let Some(end) = report.finished_at {
                        " · took " (format!("{:.1}", end.duration_since(report.started_at).as_secs_f64())) " s"
                    }
                    " · operation " (report.operation_id)
                }
                @if !report.only.is_empty() { p { "Only: " (report.only.join(", ")) } }
                @if let Some(reason) = &report.reason { p { "Reason: " (reason) } }
                (list("Needs attention", &problems(report), "bad"))
                (figures(report))
                (chart(&report.saved.days))
                @for info in kinds::infos() { (section(info.title, report.resources.iter().filter(|row| row.kind == info.name).collect())) }
                (list("Recommendations", &report.recommendations, ""))
                p.faint { "Prices: " (report.cost.price_source) }
            }
        }
    }
    .into_string()
}

fn figures(report: &Report) -> Markup {
    let cost = &report.cost;
    let least = if cost.complete { "" } else { "at least " };
    let (before, after) = match report.action {
        Action::Status => ("A day when running", "A day now"),
        Action::Stop | Action::Start => ("A day before", "A day after"),
    };
    let saved_least = if report.saved.complete { "" } else { "at least " };
    let figures = [
        (before, least, cost.per_day_before),
        (after, least, cost.per_day_after),
        ("Saved in this stop", saved_least, report.saved.this_stop),
        ("Saved this month", saved_least, report.saved.month_to_date),
        ("Saved in all", saved_least, report.saved.total),
    ];
    html! { dl { @for (name, least, usd) in figures { div { dt { (name) } dd { (least) (money(Some(usd))) } } } } }
}

fn list(title: &str, items: &[String], class: &str) -> Markup {
    html! {
        @if !items.is_empty() {
            h2 { (title) }
            ul { @for item in items { li class=(class) { (item) } } }
        }
    }
}

fn section(title: &str, mut rows: Vec<&Row>) -> Markup {
    rows.sort_by(|a, b| (a.result, &a.name).cmp(&(b.result, &b.name)));
    html! {
        @if !rows.is_empty() {
            h2 { (title) " (" (rows.len()) ")" }
            div.wide { table {
                thead { tr { th { "Name" } th { "Result" } th { "Before" } th { "After" } th.money { "A day" } } }
                tbody { @for row in rows { (table_row(row)) } }
            } }
        }
    }
}

fn table_row(row: &Row) -> Markup {
    let notes = std::iter::once(&row.detail).chain(&row.warnings).filter(|note| !note.is_empty());
    html! {
        tr {
            td { (row.name) @for note in notes { span.note { (note) } } }
            td class=(if row.result == RowResult::Failed { "bad" } else { "" }) { (row.result.words()) }
            td { (row.before) }
            td { (row.after) }
            td.money { (day(&row.cost_per_day)) }
        }
    }
}

fn day(cost: &BeforeAfter) -> String {
    match (money(cost.before), money(cost.after)) {
        (before, after) if before == after => before,
        (before, after) => format!("{before} → {after}"),
    }
}

/// Draws what each of the last days has saved, as bars from a common floor.
fn chart(days: &[(Date, f64)]) -> Markup {
    const WIDTH: f64 = 720.0;
    const HEIGHT: f64 = 120.0;
    let most = days.iter().map(|(_, usd)| *usd).fold(0.0, f64::max);
    #[allow(clippy::cast_precision_loss, reason = "a month of days")]
    let slot = WIDTH / days.len().max(1) as f64;
    let bars = days.iter().scan(0.0, |x, (date, usd)| {
        let height = if most > 0.0 { usd / most * HEIGHT } else { 0.0 };
        let bar =
            (*x + slot * 0.15, HEIGHT - height, height, format!("{date}: {}", money(Some(*usd))));
        *x += slot;
        Some(bar)
    });
    let ends = days.first().zip(days.last());
    html! {
        @if let (Some(((first, _), (last, _))), true) = (ends, most > 0.0) {
            h2 { "Saved in the last " (days.len()) " days" }
            div.scale { span { (money(Some(most))) } }
            svg viewBox="0 0 720 121" role="img" aria-label=(format!("Savings by day, at most {}", money(Some(most)))) {
                line.axis x1="0" x2="720" y1=(HEIGHT) y2=(HEIGHT) {}
                @for (x, y, height, label) in bars {
                    rect.bar x=(format!("{x:.1}")) y=(format!("{y:.1}")) width=(format!("{:.1}", slot * 0.7)) height=(format!("{height:.1}")) {
                        title { (label) }
                    }
                }
            }
            div.scale { span { (first) } span { (last) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;
    use crate::report::tests::sample;
    use crate::trouble::Trouble;
    use jiff::ToSpan;

    fn with_days(usd: &[f64]) -> Report {
        let day = |n: i64| Date::constant(2026, 11, 1).checked_add(n.days()).unwrap();
        let mut report = sample();
        report.saved.days = (0..).zip(usd).map(|(n, usd)| (day(n), *usd)).collect();
        report
    }

    #[test]
    fn the_page_has_every_resource_and_loads_nothing() {
        let report = with_days(&[1.0, 2.0]);
        let page = page(&report);
        for row in &report.resources {
            assert!(page.contains(&format!("<td>{}", row.name)), "{}", row.name);
        }
        for loads in ["<script", "src=", "href=", "url(", "@import"] {
            assert!(!page.contains(loads), "{loads}");
        }
    }

    #[test]
    fn what_people_wrote_is_text_and_never_markup() {
        let mut report = sample();
        let attack = "<script>alert('x')</script>\"><img src=x onerror=y>";
        report.reason = Some(attack.to_owned());
        report.errors = vec![Trouble::NotSent(Failure::refused(attack))];
        report.recommendations = vec![attack.to_owned()];
        report.project = attack.to_owned();
        report.cost.price_source = attack.to_owned();
        let row = &mut report.resources[0];
        for field in [&mut row.name, &mut row.before, &mut row.after, &mut row.detail] {
            *field = attack.to_owned();
        }
        row.warnings = vec![attack.to_owned()];
        let page = page(&report);
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
        assert!(page.matches("&lt;script&gt;").count() >= 9);
    }

    #[test]
    fn what_needs_attention_is_told_before_everything_else() {
        let page = page(&with_days(&[1.0]));
        let (attention, figures) = (page.find("kinesis:shop-events FAILED"), page.find("<dl>"));
        assert!(attention.is_some() && attention < figures, "{page}");
    }

    #[test]
    fn a_bars_height_is_its_days_share_of_the_best_day() {
        let page = page(&with_days(&[2.0, 0.0, 1.0]));
        let heights: Vec<&str> =
            page.split("height=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(heights, ["120.0", "0.0", "60.0"]);
        assert!(page.contains("<title>2026-11-03: $1.00</title>"));
    }

    #[test]
    fn without_savings_there_is_no_chart() {
        assert!(!page(&with_days(&[0.0, 0.0])).contains("<svg"));
        assert!(!page(&with_days(&[])).contains("<svg"));
    }
}
