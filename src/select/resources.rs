//! The grammar of `RESOURCES`, which says what is managed. Pure.
//!
//! ```text
//! RESOURCES = clause { ";" clause }
//! clause    = kind ":" [ pattern { "," pattern } ]
//! pattern   = [ "!" ] name or glob
//! ```
//!
//! `*` stands for every kind that has no name of its own. Blanks, line breaks and empty elements do
//! not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

use super::spelling::{Characters, Pattern, Spelling};
use crate::model::KindName;

/// The clause of every kind takes these characters: those of most kinds and of clusters.
const OF_EVERY_KIND: Characters = Characters::LettersDigitsAnd("-_./");

/// Resources are what a project's owner wants managed, clause by clause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resources(Vec<Clause>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Clause {
    scope: Scope,
    patterns: Vec<Written>,
}

/// A scope says whose names a clause has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    EveryKind,
    Kind(KindName),
}

/// A written pattern is not yet a pattern of any one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Written {
    excludes: bool,
    text: String,
}

/// A fault is a part of the text that breaks a rule: "it must …".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub part: String,
    pub rule: String,
}

/// A selection says what is managed of one kind, nothing where it includes nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

impl Selection {
    /// Tells whether the kind is not managed at all.
    pub fn is_empty(&self) -> bool {
        self.include.is_empty()
    }

    pub fn includes(&self, name: &str) -> bool {
        self.include.iter().any(|pattern| pattern.matches(name)) && !self.excludes(name)
    }

    pub fn excludes(&self, name: &str) -> bool {
        self.exclude.iter().any(|pattern| pattern.matches(name))
    }
}

impl Resources {
    /// Reads the text, or tells all that is wrong with it.
    pub fn parse(text: &str, kinds: &[Spelling]) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut clauses: Vec<Clause> = Vec::new();
        for written in elements(text, ';') {
            let (scope, list) = match scope(written, kinds) {
                Ok(found) => found,
                Err(rule) => {
                    faults.push(Fault::of(written, rule));
                    continue;
                }
            };
            if clauses.iter().any(|clause| clause.scope == scope) {
                let rule = format!("must not name {scope} again: all its names are in one clause");
                faults.push(Fault::of(written, rule));
            }
            let read = elements(list, ',').map(|pattern| (pattern, Written::parse(pattern)));
            let mut patterns = Vec::new();
            for (pattern, read) in read {
                match read.and_then(|read| read.checked(scope, kinds)) {
                    Ok(read) => patterns.push(read),
                    Err(rule) => faults.push(Fault::of(&format!("{scope}:{pattern}"), rule)),
                }
            }
            clauses.push(Clause { scope, patterns });
        }
        let resources = Resources(clauses);
        // What is wrong in one place would only be told of again in another.
        if faults.is_empty() {
            faults = resources.exclusions_from_nothing();
        }
        if faults.is_empty() { Ok(resources) } else { Err(faults) }
    }

    /// Manages everything whose name begins with the project's and a hyphen.
    pub fn of_project(project: &str) -> Self {
        let pattern = Written { excludes: false, text: format!("{project}-*") };
        Resources(vec![Clause { scope: Scope::EveryKind, patterns: vec![pattern] }])
    }

    /// Tells whether the text had no clause.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Says what is managed of one kind.
    pub fn selection(&self, kind: &Spelling) -> Selection {
        if !self.manages(kind.kind) {
            return Selection::default();
        }
        let (own, every) = (self.of(Scope::Kind(kind.kind)), self.of(Scope::EveryKind));
        let has_own = own.iter().any(|written| !written.excludes);
        let include = if has_own { own } else { every };
        let compiled = |written: &Written| Pattern::new(&written.text, kind);
        Selection {
            include: include.iter().filter(|written| !written.excludes).map(compiled).collect(),
            exclude: own
                .iter()
                .chain(every)
                .filter(|written| written.excludes)
                .map(compiled)
                .collect(),
        }
    }

    /// Finds the patterns that match none of the names there are, each as `kind:pattern`.
    ///
    /// `names` has those of each kind that was looked at. A pattern is not judged before all kinds
    /// that it is meant for have been looked at.
    pub fn unmatched(
        &self,
        names: &BTreeMap<KindName, BTreeSet<String>>,
        kinds: &[Spelling],
    ) -> Vec<String> {
        let mut found = Vec::new();
        for Clause { scope, patterns } in &self.0 {
            for written in patterns {
                let meant =
                    kinds.iter().filter(|kind| self.is_meant_for(*scope, written, kind.kind));
                let mut all_seen = true;
                let mut matches = false;
                for kind in meant {
                    let pattern = Pattern::new(&written.text, kind);
                    match names.get(&kind.kind) {
                        Some(names) => matches |= names.iter().any(|name| pattern.matches(name)),
                        None => all_seen = false,
                    }
                }
                if all_seen && !matches {
                    found.push(format!("{scope}:{written}"));
                }
            }
        }
        found
    }

    /// Tells whether a pattern of a clause decides about a kind's resources.
    fn is_meant_for(&self, scope: Scope, written: &Written, kind: KindName) -> bool {
        match scope {
            Scope::Kind(own) => own == kind,
            Scope::EveryKind if written.excludes => self.manages(kind),
            Scope::EveryKind => {
                self.manages(kind)
                    && !self.of(Scope::Kind(kind)).iter().any(|written| !written.excludes)
            }
        }
    }

    /// Tells whether a kind has names to be managed by.
    ///
    /// Names of every kind count, unless the kind's own clause is empty.
    fn manages(&self, kind: KindName) -> bool {
        let has_names = |scope| self.of(scope).iter().any(|written: &Written| !written.excludes);
        let own = self.0.iter().find(|clause| clause.scope == Scope::Kind(kind));
        match own {
            Some(clause) if clause.patterns.is_empty() => false,
            _ => has_names(Scope::Kind(kind)) || has_names(Scope::EveryKind),
        }
    }

    /// Returns the patterns of one clause, none where it is not there.
    fn of(&self, scope: Scope) -> &[Written] {
        let clause = self.0.iter().find(|clause| clause.scope == scope);
        clause.map_or(&[], |clause| &clause.patterns)
    }

    fn exclusions_from_nothing(&self) -> Vec<Fault> {
        let has_names = |clause: &Clause| clause.patterns.iter().any(|written| !written.excludes);
        let mut faults = Vec::new();
        for clause in self.0.iter().filter(|c| !c.patterns.is_empty() && !has_names(c)) {
            let (is_in_vain, rule) = match clause.scope {
                Scope::Kind(kind) => (
                    !self.manages(kind),
                    "must have a name to exclude from, in this clause or in that of *",
                ),
                Scope::EveryKind => (
                    !self.0.iter().any(has_names),
                    "must have a name to exclude from, in this clause or in that of a kind",
                ),
            };
            if is_in_vain {
                faults.push(Fault::of(&clause.to_string(), rule.to_owned()));
            }
        }
        faults
    }
}

/// Splits a list into its elements, without blanks around them and without empty ones.
pub fn elements(list: &str, separator: char) -> impl Iterator<Item = &str> {
    list.split(separator).map(str::trim).filter(|element| !element.is_empty())
}

/// Reads whose names a clause has.
///
/// `Err` is the rule that the clause breaks.
fn scope<'t>(clause: &'t str, kinds: &[Spelling]) -> Result<(Scope, &'t str), String> {
    let Some((name, list)) = clause.split_once(':') else {
        return Err(match known(clause, kinds) {
            Some(kind) => format!(
                "must have a colon after the kind: {kind}: manages none of it, {kind}:NAME some"
            ),
            None => "must begin with a kind and a colon; between two names of one kind there is a \
                     comma"
                .to_owned(),
        });
    };
    let name = name.trim();
    if name == "*" {
        return Ok((Scope::EveryKind, list));
    }
    if let Some(kind) = known(name, kinds) {
        return Ok((Scope::Kind(kind), list));
    }
    if name == "arn" {
        return Err(not_an_arn(clause));
    }
    let allowed: Vec<&str> = kinds.iter().map(|spelling| spelling.kind.as_str()).collect();
    Err(format!("must begin with a kind and a colon; the kinds are {} and *", allowed.join(", ")))
}

fn known(name: &str, kinds: &[Spelling]) -> Option<KindName> {
    kinds.iter().map(|spelling| spelling.kind).find(|kind| kind.as_str() == name)
}

fn not_an_arn(arn: &str) -> String {
    let name = arn.splitn(6, ':').nth(5).and_then(|resource| resource.split_once([':', '/']));
    let name = name.map_or(String::new(), |(_, name)| format!(", such as {name}"));
    format!("must be a name and not an ARN{name}")
}

impl Written {
    fn parse(pattern: &str) -> Result<Self, String> {
        let (excludes, text) = match pattern.strip_prefix('!') {
            Some(excluded) => (true, excluded.trim()),
            None => (false, pattern),
        };
        if text.is_empty() || text.starts_with('!') {
            return Err("must have a name or glob right after one `!`".to_owned());
        }
        Ok(Written { excludes, text: text.to_owned() })
    }

    /// Refuses what no name can look like.
    ///
    /// `Err` is the rule that the pattern breaks.
    fn checked(self, scope: Scope, kinds: &[Spelling]) -> Result<Self, String> {
        let text = &self.text;
        if text.starts_with("arn:") {
            return Err(not_an_arn(text));
        }
        if let Some((kind, _)) = text.split_once(':')
            && (kind.trim() == "*" || known(kind.trim(), kinds).is_some())
        {
            return Err("must have a semicolon before the next kind, and ? for a colon in a name \
                        that begins so"
                .to_owned());
        }
        let spelling = kinds.iter().find(|spelling| scope == Scope::Kind(spelling.kind));
        let in_clusters = spelling.is_some_and(|spelling| spelling.in_clusters);
        let characters = spelling.map_or(OF_EVERY_KIND, |spelling| spelling.characters);
        let is_allowed =
            |c: char| characters.have(c) || c == '*' || c == '?' || (in_clusters && c == '/');
        if let Some(character) = text.chars().find(|c| !is_allowed(*c)) {
            return Err(not_in_a_name(character, scope, characters, in_clusters, kinds));
        }
        if in_clusters && !is_in_a_cluster(text) {
            return Err(
                "must be a name alone, or one of a cluster, one slash and a name".to_owned()
            );
        }
        Ok(self)
    }
}

/// Says which characters are allowed where one is not.
fn not_in_a_name(
    character: char,
    scope: Scope,
    characters: Characters,
    in_clusters: bool,
    kinds: &[Spelling],
) -> String {
    let has = match character {
        c if c.is_control() => "a line break or the like: is a comma missing?".to_owned(),
        ' ' => "a blank: is a comma missing?".to_owned(),
        c => format!("`{c}`"),
    };
    let Characters::LettersDigitsAnd(others) = characters else {
        return format!("must be a name or glob; it has {has}");
    };
    let slash = if in_clusters { " /" } else { "" };
    let others: Vec<String> = others.chars().map(String::from).collect();
    let mut rule = format!(
        "must be a name of letters without accents, digits and {}{slash}, or a glob (* ?); it has {has}",
        others.join(" "),
    );
    if scope == Scope::EveryKind {
        let wider = kinds.iter().filter(|kind| kind.characters.have(character));
        let wider: Vec<String> = wider.map(|kind| format!("{}:", kind.kind)).collect();
        if !wider.is_empty() {
            let _ = write!(rule, " (names with it belong into {})", wider.join(" "));
        }
    }
    rule
}

/// Tells whether a pattern is a name, or a cluster and a name.
fn is_in_a_cluster(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    parts.len() <= 2 && parts.iter().all(|part| !part.is_empty())
}

impl Fault {
    fn of(part: &str, rule: String) -> Self {
        const LONGEST: usize = 80;
        let mut part = part.to_owned();
        if let Some((end, _)) = part.char_indices().nth(LONGEST) {
            part.replace_range(end.., "…");
        }
        Fault { part, rule }
    }
}

impl fmt::Display for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        joined(f, &self.0, ";")
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.scope)?;
        joined(f, &self.patterns, ",")
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::EveryKind => f.write_str("*"),
            Scope::Kind(kind) => kind.fmt(f),
        }
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.excludes { "!" } else { "" }, self.text)
    }
}

fn joined(f: &mut fmt::Formatter<'_>, items: &[impl fmt::Display], by: &str) -> fmt::Result {
    items.iter().enumerate().try_for_each(|(index, item)| {
        if index > 0 {
            f.write_str(by)?;
        }
        item.fmt(f)
    })
}

#[cfg(test)]
mod tests;
