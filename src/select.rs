//! Selecting says which resources an invocation is about, by pattern, tag and `only`.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Serialize, Serializer};
use wildmatch::WildMatch;

use crate::model::{KindName, ResourceId};

/// Name patterns are names or globs (`*`, `?`), some of which exclude (`!glob`).
///
/// An exclusion wins wherever it stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NamePatterns {
    include: Vec<WildMatch>,
    exclude: Vec<WildMatch>,
}

impl NamePatterns {
    /// Parses a comma-separated list, of which an empty one selects nothing.
    pub fn parse(list: &str) -> Result<Self, &'static str> {
        let mut patterns = NamePatterns::default();
        for item in list.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            match item.strip_prefix('!').map(str::trim) {
                Some("") => return Err("`!` needs a name or glob right after it"),
                Some(excluded) => patterns.exclude.push(WildMatch::new(excluded)),
                None => patterns.include.push(WildMatch::new(item)),
            }
        }
        if patterns.include.is_empty() && !patterns.exclude.is_empty() {
            return Err("a list that only excludes selects nothing: add the names to include");
        }
        Ok(patterns)
    }

    /// Parses a comma-separated list of what is excluded from every other list, without `!`.
    pub fn excluding(list: &str) -> Option<Self> {
        let items: Vec<&str> =
            list.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        let exclude = items.iter().map(|item| WildMatch::new(item)).collect();
        items
            .iter()
            .all(|item| !item.starts_with('!'))
            .then(|| NamePatterns { include: Vec::new(), exclude })
    }

    /// Takes out what other patterns exclude.
    #[must_use]
    pub fn without(mut self, other: &NamePatterns) -> Self {
        self.exclude.extend(other.exclude.iter().cloned());
        self
    }

    pub fn is_empty(&self) -> bool {
        self.include.is_empty()
    }

    /// Lets the patterns match names that differ only in case.
    #[must_use]
    pub fn ignoring_case(&self) -> Self {
        let all = |patterns: &[WildMatch]| patterns.iter().map(ignoring_case).collect();
        NamePatterns { include: all(&self.include), exclude: all(&self.exclude) }
    }

    pub fn includes(&self, name: &str) -> bool {
        self.include.iter().any(|pattern| pattern.matches(name)) && !self.excludes(name)
    }

    pub fn excludes(&self, name: &str) -> bool {
        self.exclude.iter().any(|pattern| pattern.matches(name))
    }
}

fn ignoring_case(pattern: &WildMatch) -> WildMatch {
    WildMatch::new_case_insensitive(&pattern.pattern())
}

/// A selector is one entry of `only`: a kind, perhaps with a name pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Selector {
    pub kind: KindName,
    name: Option<WildMatch>,
}

impl Selector {
    /// Parses `kind` or `kind:name-pattern`.
    ///
    /// `Err` is the part that is not a kind.
    pub fn parse<'a>(text: &'a str, kinds: &[KindName]) -> Result<Self, &'a str> {
        let (kind, name) = match text.split_once(':') {
            Some((kind, name)) if !name.is_empty() => (kind, Some(WildMatch::new(name))),
            Some((kind, _)) => (kind, None),
            None => (text, None),
        };
        let kind = *kinds.iter().find(|known| known.as_str() == kind).ok_or(kind)?;
        Ok(Selector { kind, name })
    }

    /// Selects one resource.
    pub fn of(id: &ResourceId) -> Self {
        Selector { kind: id.kind, name: Some(WildMatch::new(&id.name)) }
    }

    fn matches(&self, id: &ResourceId) -> bool {
        self.kind == id.kind && self.name.as_ref().is_none_or(|name| name.matches(&id.name))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{}:{name}", self.kind),
            None => self.kind.fmt(f),
        }
    }
}

impl Serialize for Selector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An event's `only` says what the event is about. An empty one means everything.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Only(pub Vec<Selector>);

impl Only {
    pub fn everything(&self) -> bool {
        self.0.is_empty()
    }

    pub fn includes(&self, id: &ResourceId) -> bool {
        self.everything() || self.0.iter().any(|selector| selector.matches(id))
    }

    /// Lets the selectors match names that differ only in case.
    #[must_use]
    pub fn ignoring_case(&self) -> Self {
        let selector = |selector: &Selector| Selector {
            kind: selector.kind,
            name: selector.name.as_ref().map(ignoring_case),
        };
        Only(self.0.iter().map(selector).collect())
    }

    pub fn includes_kind(&self, kind: KindName) -> bool {
        self.everything() || self.0.iter().any(|selector| selector.kind == kind)
    }
}

/// `Wanted` says which resources a kind is to look for.
///
/// The configuration selects some, and the state has records of some. Resources with a record are
/// looked at whatever the patterns say: they have to come back.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub patterns: NamePatterns,
    /// The configuration's tags select these names, unless a pattern excludes them.
    pub tagged: BTreeSet<String>,
    /// The state has records of these names.
    pub recorded: BTreeSet<String>,
    /// Earlier invocations of the operation dealt with these: they are not looked at again.
    pub done_earlier: BTreeSet<String>,
    /// The event's `only`, with the kind that is to look.
    pub only: Option<(KindName, Only)>,
    /// AWS takes names that differ only in case for the same.
    pub ignores_case: bool,
    /// The function's own name, which is never selected, whatever the patterns say.
    pub itself: Option<String>,
}

impl Wanted {
    /// Tells whether a listed resource is to be looked at.
    pub fn selects(&self, name: &str) -> bool {
        if self.itself.as_deref() == Some(name) || self.is_among(&self.done_earlier, name) {
            return false;
        }
        if let Some((kind, only)) = &self.only
            && !only.includes(&ResourceId::new(*kind, name))
        {
            return false;
        }
        self.recorded.contains(name) || self.is_selected(name)
    }

    /// Tells whether a pattern or a tag selects a resource, and not only a record.
    pub fn is_selected(&self, name: &str) -> bool {
        self.patterns.includes(name)
            || (self.is_among(&self.tagged, name) && !self.patterns.excludes(name))
    }

    /// Tells whether a name is among those that ARNs told.
    pub fn is_among(&self, told: &BTreeSet<String>, name: &str) -> bool {
        told.contains(name)
            || (self.ignores_case && told.iter().any(|other| other.eq_ignore_ascii_case(name)))
    }

    /// Lists the names to look at, out of all that the account lists.
    ///
    /// Recorded names are looked at even when they are in no list, because a start has to know for
    /// certain that they are gone.
    pub fn among(&self, listed: impl IntoIterator<Item = String>) -> Vec<String> {
        let listed: BTreeSet<String> =
            listed.into_iter().chain(self.recorded.iter().cloned()).collect();
        listed.into_iter().filter(|name| self.selects(name)).collect()
    }

    /// Tells whether there is nothing to look for, so that AWS need not be asked.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty() && self.tagged.is_empty() && self.recorded.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINESIS: KindName = KindName::new("kinesis");
    const LAMBDA: KindName = KindName::new("lambda");

    fn patterns(list: &str) -> NamePatterns {
        NamePatterns::parse(list).unwrap()
    }

    #[test]
    fn a_name_is_included_by_a_glob_unless_another_excludes_it() {
        let patterns = patterns("shop-*, audit?, !shop-keep*");
        assert!(patterns.includes("shop-events"));
        assert!(patterns.includes("audit1"));
        assert!(!patterns.includes("audit"));
        assert!(!patterns.includes("shop-keep-this"));
        assert!(!patterns.includes("other"));
    }

    #[test]
    fn brackets_and_braces_are_plain_characters() {
        assert!(patterns("errors [prod] {a,").includes("errors [prod] {a"));
    }

    #[test]
    fn an_empty_list_selects_nothing() {
        assert!(patterns(" , ").is_empty());
        assert!(!patterns("").includes("anything"));
    }

    #[test]
    fn a_list_that_only_excludes_is_refused() {
        assert!(NamePatterns::parse("!a").is_err());
        assert!(NamePatterns::parse("a,!").is_err());
    }

    #[test]
    fn only_takes_kinds_and_kinds_with_a_pattern() {
        let kinds = [KINESIS, LAMBDA];
        let only = Only(vec![
            Selector::parse("kinesis", &kinds).unwrap(),
            Selector::parse("lambda:event_*", &kinds).unwrap(),
        ]);
        assert!(only.includes(&ResourceId::new(KINESIS, "anything")));
        assert!(only.includes(&ResourceId::new(LAMBDA, "event_processor")));
        assert!(!only.includes(&ResourceId::new(LAMBDA, "other")));
        assert_eq!(Selector::parse("rds:x", &kinds), Err("rds"));
    }

    #[test]
    fn the_function_itself_is_never_selected() {
        let wanted =
            Wanted { patterns: patterns("*"), itself: Some("me".into()), ..Wanted::default() };
        assert!(wanted.selects("you"));
        assert!(!wanted.selects("me"));
    }

    #[test]
    fn a_tagged_resource_is_selected_unless_excluded_by_name() {
        let wanted = Wanted {
            patterns: patterns("a,!b"),
            tagged: ["b".to_owned(), "c".to_owned()].into(),
            ..Wanted::default()
        };
        assert!(wanted.selects("c"));
        assert!(!wanted.selects("b"));
    }

    #[test]
    fn where_case_means_nothing_a_tag_finds_the_name_however_it_is_written() {
        let tagged = ["shop-risk".to_owned()].into();
        let mut wanted = Wanted { patterns: patterns("x"), tagged, ..Wanted::default() };
        assert!(!wanted.selects("Shop-Risk"));
        wanted.ignores_case = true;
        assert!(wanted.selects("Shop-Risk"));
    }

    #[test]
    fn what_was_done_earlier_is_not_looked_at_again_however_its_name_is_written() {
        let done_earlier = ["shop-risk".to_owned()].into();
        let wanted = Wanted {
            patterns: patterns("*"),
            done_earlier,
            ignores_case: true,
            ..Wanted::default()
        };
        assert!(!wanted.selects("shop-risk"));
        assert!(!wanted.selects("Shop-Risk"));
        assert!(wanted.selects("shop-other"));
    }

    #[test]
    fn where_case_means_nothing_names_exclusions_and_only_match_however_they_are_written() {
        let patterns = patterns("shop-*,!*-KEEP");
        assert!(!patterns.includes("SHOP-Risk") && patterns.includes("shop-keep"));
        let patterns = patterns.ignoring_case();
        assert!(patterns.includes("SHOP-Risk") && !patterns.includes("shop-keep"));
        let only = Only(vec![Selector::parse("kinesis:shop-r?sk", &[KINESIS]).unwrap()]);
        let id = ResourceId::new(KINESIS, "Shop-Risk");
        assert!(!only.includes(&id) && only.ignoring_case().includes(&id));
        assert!(!only.ignoring_case().includes(&ResourceId::new(LAMBDA, "Shop-Risk")));
    }

    #[test]
    fn a_recorded_resource_is_looked_at_whatever_the_patterns_say() {
        let wanted =
            Wanted { recorded: ["gone-from-config".to_owned()].into(), ..Wanted::default() };
        assert!(wanted.selects("gone-from-config"));
        assert!(!wanted.is_empty());
    }
}
