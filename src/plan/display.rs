//! A plan prints itself as a person reads it.
//!
//! ```text
//! Functions
//!   - lambda:shop-work: reserved 5 -> reserved 0
//!       steps: disable 1 event source mapping, then set reserved concurrency to 0
//!
//! Stop: 1 to stop (-)
//! ```
//!
//! The tiers stand in the order of their turns. A resource is one line, and what there is to say
//! of it stands below. The last line counts, and says what each symbol means.

use std::fmt::{self, Display, Formatter};

use super::{Item, Move, Outlook, Plan};
use crate::kinds::info::Tier;
use crate::kinds::rules::Verdict;
use crate::model::{Direction, State};

/// A symbol says at a glance what the plan means for a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Symbol {
    /// The resource will not run any more.
    Stop,
    /// The resource will run again.
    Start,
    /// The resource goes on as it does, with something changed.
    Change,
    /// The resource is in a transition, which the operation waits for.
    Transition,
    /// The resource could not be looked at, or nothing could be decided about it.
    Blocked,
    /// Nothing is to be done: the resource is so already.
    Already,
    /// The resource is left alone.
    Left,
}

impl Symbol {
    /// The symbols stand in the order in which they are counted.
    const ALL: [Symbol; 7] = [
        Symbol::Stop,
        Symbol::Start,
        Symbol::Change,
        Symbol::Transition,
        Symbol::Blocked,
        Symbol::Already,
        Symbol::Left,
    ];

    fn of(item: &Item) -> Self {
        match &item.outlook {
            Outlook::Change(change) if change.steps.is_empty() => Symbol::Already,
            Outlook::Change(change) => match (item.description.state, change.leads_to) {
                (State::Running | State::Pending, State::Stopped) => Symbol::Stop,
                (State::Stopped | State::Pending, State::Running) => Symbol::Start,
                _ => Symbol::Change,
            },
            Outlook::Blocked(_) => Symbol::Blocked,
            Outlook::Leave { verdict, .. } => match verdict {
                Verdict::AlreadyStopped | Verdict::AlreadyRunning => Symbol::Already,
                Verdict::Later => Symbol::Transition,
                Verdict::Skipped | Verdict::Unmanaged | Verdict::Released => Symbol::Left,
            },
        }
    }

    fn sign(self) -> char {
        match self {
            Symbol::Stop => '-',
            Symbol::Start => '+',
            Symbol::Change => '~',
            Symbol::Transition => '?',
            Symbol::Blocked => '!',
            Symbol::Already => '=',
            Symbol::Left => ' ',
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Symbol::Stop => "to stop (-)",
            Symbol::Start => "to start (+)",
            Symbol::Change => "to change (~)",
            Symbol::Transition => "in transition (?)",
            Symbol::Blocked => "not decided (!)",
            Symbol::Already => "already so (=)",
            Symbol::Left => "left alone",
        }
    }
}

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let tiers = Tier::in_order(self.direction).into_iter().chain([Tier::ReportOnly]);
        for tier in tiers {
            let items: Vec<&Item> = self.items.iter().filter(|item| item.tier == tier).collect();
            if !items.is_empty() {
                writeln!(f, "{}", tier.title())?;
                items.iter().try_for_each(|item| writeln!(f, "{item}"))?;
                writeln!(f)?;
            }
        }
        if !self.errors.is_empty() {
            writeln!(f, "Could not be seen")?;
            let sign = Symbol::Blocked.sign();
            self.errors.iter().try_for_each(|error| writeln!(f, "  {sign} {error}"))?;
            writeln!(f)?;
        }
        self.write_counts(f)
    }
}

impl Plan {
    fn write_counts(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let symbols: Vec<Symbol> = self.items.iter().map(Symbol::of).collect();
        let counts: Vec<String> = Symbol::ALL
            .iter()
            .map(|symbol| (symbol, symbols.iter().filter(|other| *other == symbol).count()))
            .filter(|(_, n)| *n > 0)
            .map(|(symbol, n)| format!("{n} {}", symbol.meaning()))
            .collect();
        let title = match self.direction {
            Direction::Stop => "Stop",
            Direction::Start => "Start",
        };
        match &counts[..] {
            [] => write!(f, "{title}: no resources"),
            counts => write!(f, "{title}: {}", counts.join(", ")),
        }
    }
}

/// An item is a line, and what there is to say of the resource.
impl Display for Item {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "  {} {}: ", Symbol::of(self).sign(), self.id)?;
        match &self.outlook {
            Outlook::Change(change) if change.note.before.summary != change.note.after.summary => {
                write!(f, "{} -> {}", change.note.before.summary, change.note.after.summary)?;
            }
            _ => f.write_str(&self.now.summary)?,
        }
        self.remarks().iter().try_for_each(|(what, words)| write!(f, "\n      {what}: {words}"))
    }
}

impl Item {
    /// Lists what there is to say of the resource, each remark with its label.
    fn remarks(&self) -> Vec<(&'static str, String)> {
        let mut remarks = match &self.outlook {
            Outlook::Leave { why, .. } => vec![("reason", why.clone())],
            Outlook::Blocked(failure) => vec![("reason", failure.to_string())],
            Outlook::Change(change) => {
                let note = &change.note;
                let mut remarks =
                    vec![("steps", change.steps_in_words()), ("reason", note.detail.clone())];
                remarks.extend(note.warnings.iter().map(|warning| ("warning", warning.clone())));
                remarks
            }
        };
        remarks.extend(self.description.notes.iter().map(|note| ("note", note.clone())));
        remarks.retain(|(_, words)| !words.is_empty());
        remarks
    }
}

impl Move {
    /// Writes the steps as one phrase: `scale to 2 shards, then scale to 1 shard`.
    pub fn steps_in_words(&self) -> String {
        self.steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", then ")
    }
}
