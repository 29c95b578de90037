//! Selecting says which resources an invocation is about, by pattern, tag and `only`.

pub mod resources;
pub mod spelling;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::OnceLock;

use serde::{Serialize, Serializer};

use self::resources::Selection;
use self::spelling::{Pattern, Spelling};
use crate::model::{KindName, ResourceId};

/// A selector is one entry of `only`: a kind, perhaps with a name pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Selector {
    pub kind: KindName,
    name: Option<(String, Pattern)>,
}

/// A bad selector is an entry of `only` that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadSelector<'t> {
    /// This part of the entry is to be a kind, and is none.
    NoKind(&'t str),
    /// The entry breaks this rule: "it must …".
    Breaks(&'static str),
}

impl Selector {
    /// Parses `kind` or `kind:name-pattern`.
    ///
    /// `Err` says which part is at fault, and why.
    pub fn parse<'t>(text: &'t str, kinds: &[Spelling]) -> Result<Self, BadSelector<'t>> {
        let (kind, name) = match text.split_once(':') {
            Some((kind, name)) => (kind, Some(name)),
            None => (text, None),
        };
        if [Some(kind), name].into_iter().flatten().any(|part| part.trim().starts_with('!')) {
            return Err(BadSelector::Breaks("must select: only RESOURCES excludes"));
        }
        if kind.trim() == "*" {
            return Err(BadSelector::Breaks("must name a kind: for several kinds, name each"));
        }
        let spelling = kinds.iter().find(|known| known.kind.as_str() == kind);
        let spelling = spelling.ok_or(BadSelector::NoKind(kind))?;
        if name.is_some_and(|name| name.trim().is_empty()) {
            let rule = "must have a name or glob after the colon; the kind alone selects all of it";
            return Err(BadSelector::Breaks(rule));
        }
        let name = name.map(|name| (name.to_owned(), Pattern::new(name, spelling)));
        Ok(Selector { kind: spelling.kind, name })
    }

    /// Selects one resource.
    pub fn of(id: &ResourceId) -> Self {
        Selector { kind: id.kind, name: Some((id.name.clone(), Pattern::exactly(&id.name))) }
    }

    /// Tells whether a resource is meant.
    pub fn matches(&self, id: &ResourceId) -> bool {
        self.kind == id.kind
            && self.name.as_ref().is_none_or(|(_, pattern)| pattern.matches(&id.name))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some((name, _)) => write!(f, "{}:{name}", self.kind),
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
    pub selection: Selection,
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
    /// The account has these names of the kind, selected or not, once it was listed.
    pub listed: OnceLock<BTreeSet<String>>,
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
        self.selection.includes(name)
            || (self.is_among(&self.tagged, name) && !self.selection.excludes(name))
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
        let listed: BTreeSet<String> = listed.into_iter().collect();
        let names: BTreeSet<&String> = listed.iter().chain(&self.recorded).collect();
        let names = names.into_iter().filter(|name| self.selects(name)).cloned().collect();
        // A second list of the same look tells nothing new.
        let _ = self.listed.set(listed);
        names
    }

    /// Tells whether there is nothing to look for, so that AWS need not be asked.
    pub fn is_empty(&self) -> bool {
        self.selection.is_empty() && self.tagged.is_empty() && self.recorded.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::resources::Resources;
    use super::spelling::Characters;

    const KINESIS: KindName = KindName::new("kinesis");
    const LAMBDA: KindName = KindName::new("lambda");

    const fn spelling(kind: KindName) -> Spelling {
        let characters = Characters::LettersDigitsAnd("-_");
        Spelling { kind, characters, ignores_case: false, in_clusters: false }
    }

    const KINDS: [Spelling; 2] = [spelling(KINESIS), spelling(LAMBDA)];

    fn selection(patterns: &str) -> Selection {
        let resources = Resources::parse(&format!("kinesis:{patterns}"), &KINDS).unwrap();
        resources.selection(&KINDS[0])
    }

    fn only(selectors: &[&str], kinds: &[Spelling]) -> Only {
        Only(selectors.iter().map(|text| Selector::parse(text, kinds).unwrap()).collect())
    }

    #[test]
    fn only_takes_kinds_and_kinds_with_a_pattern() {
        let only = only(&["kinesis", "lambda:event_*"], &KINDS);
        assert!(only.includes(&ResourceId::new(KINESIS, "anything")));
        assert!(only.includes(&ResourceId::new(LAMBDA, "event_processor")));
        assert!(!only.includes(&ResourceId::new(LAMBDA, "other")));
        assert_eq!(Selector::parse("rds:x", &KINDS), Err(BadSelector::NoKind("rds")));
    }

    #[test]
    fn only_takes_no_empty_name_no_exclusion_and_no_name_of_every_kind() {
        let refused = ["lambda:", "lambda: ", "lambda:!a", "!lambda", "lambda: !a", "*:a", "*"];
        for text in refused {
            let parsed = Selector::parse(text, &KINDS);
            assert!(matches!(parsed, Err(BadSelector::Breaks(_))), "{text}: {parsed:?}");
        }
    }

    #[test]
    fn only_means_services_by_their_own_name_or_with_their_cluster() {
        let kinds = [Spelling { in_clusters: true, ..KINDS[0] }];
        let web = ResourceId::new(KINESIS, "shop/web");
        assert!(only(&["kinesis:web"], &kinds).includes(&web));
        assert!(only(&["kinesis:shop/*"], &kinds).includes(&web));
        assert!(!only(&["kinesis:shop*"], &kinds).includes(&web));
        assert!(Only(vec![Selector::of(&web)]).includes(&web));
    }

    #[test]
    fn what_the_account_lists_is_remembered_selected_or_not() {
        let wanted = Wanted {
            selection: selection("a*"),
            recorded: ["gone".to_owned()].into(),
            ..Wanted::default()
        };
        assert_eq!(wanted.listed.get(), None);
        assert_eq!(wanted.among(["b".to_owned(), "a1".to_owned()]), ["a1", "gone"]);
        assert_eq!(wanted.listed.get(), Some(&["a1".to_owned(), "b".to_owned()].into()));
    }

    #[test]
    fn the_function_itself_is_never_selected() {
        let wanted =
            Wanted { selection: selection("*"), itself: Some("me".into()), ..Wanted::default() };
        assert!(wanted.selects("you"));
        assert!(!wanted.selects("me"));
    }

    #[test]
    fn a_tagged_resource_is_selected_unless_excluded_by_name() {
        let wanted = Wanted {
            selection: selection("a,!b"),
            tagged: ["b".to_owned(), "c".to_owned()].into(),
            ..Wanted::default()
        };
        assert!(wanted.selects("c"));
        assert!(!wanted.selects("b"));
    }

    #[test]
    fn where_case_means_nothing_a_tag_finds_the_name_however_it_is_written() {
        let tagged = ["shop-risk".to_owned()].into();
        let mut wanted = Wanted { selection: selection("x"), tagged, ..Wanted::default() };
        assert!(!wanted.selects("Shop-Risk"));
        wanted.ignores_case = true;
        assert!(wanted.selects("Shop-Risk"));
    }

    #[test]
    fn what_was_done_earlier_is_not_looked_at_again_however_its_name_is_written() {
        let done_earlier = ["shop-risk".to_owned()].into();
        let wanted = Wanted {
            selection: selection("*"),
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
        let patterns = selection("shop-*,!*-KEEP");
        assert!(!patterns.includes("SHOP-Risk") && patterns.includes("shop-keep"));
        let kinds = [Spelling { ignores_case: true, ..KINDS[0] }];
        let resources = Resources::parse("kinesis:shop-*,!*-KEEP", &kinds).unwrap();
        let patterns = resources.selection(&kinds[0]);
        assert!(patterns.includes("SHOP-Risk") && !patterns.includes("shop-keep"));
        let id = ResourceId::new(KINESIS, "Shop-Risk");
        assert!(!only(&["kinesis:shop-r?sk"], &KINDS).includes(&id));
        assert!(only(&["kinesis:shop-r?sk"], &kinds).includes(&id));
        let other = ResourceId::new(LAMBDA, "Shop-Risk");
        assert!(!only(&["kinesis:shop-r?sk"], &kinds).includes(&other));
    }

    #[test]
    fn a_recorded_resource_is_looked_at_whatever_the_patterns_say() {
        let wanted =
            Wanted { recorded: ["gone-from-config".to_owned()].into(), ..Wanted::default() };
        assert!(wanted.selects("gone-from-config"));
        assert!(!wanted.is_empty());
    }
}
