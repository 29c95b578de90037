//! A kind's names have a spelling, and patterns match them.

use wildmatch::WildMatch;

use crate::model::KindName;

/// A spelling says how the names of a kind are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spelling {
    pub kind: KindName,
    pub characters: Characters,
    /// AWS takes names that differ only in case for the same.
    ///
    /// It does so with endpoints, whose ARNs are in lower case.
    pub ignores_case: bool,
    /// A name is a cluster's, a slash, and the resource's own: `cluster/service`.
    pub in_clusters: bool,
}

/// A kind's names have these characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Characters {
    /// Letters without accents, digits, and these.
    LettersDigitsAnd(&'static str),
    /// All but control characters.
    Printable,
}

impl Characters {
    pub fn have(self, character: char) -> bool {
        match self {
            Characters::LettersDigitsAnd(others) => {
                character.is_ascii_alphanumeric() || others.contains(character)
            }
            Characters::Printable => !character.is_control(),
        }
    }
}

/// A pattern is a name or a glob: `*` is any text, `?` one character.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    glob: WildMatch,
    /// The pattern says nothing of the cluster.
    is_without_cluster: bool,
}

impl Pattern {
    /// Reads a pattern of a kind's names.
    pub fn new(text: &str, spelling: &Spelling) -> Self {
        let glob = if spelling.ignores_case {
            WildMatch::new_case_insensitive(text)
        } else {
            WildMatch::new(text)
        };
        Pattern { glob, is_without_cluster: spelling.in_clusters && !text.contains('/') }
    }

    /// Means one name, whatever characters it has.
    pub fn exactly(name: &str) -> Self {
        Pattern { glob: WildMatch::new(name), is_without_cluster: false }
    }

    /// Tells whether a name is one of those meant.
    pub fn matches(&self, name: &str) -> bool {
        let name = match name.split_once('/') {
            Some((_, own)) if self.is_without_cluster => own,
            _ => name,
        };
        self.glob.matches(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Spelling = Spelling {
        kind: KindName::new("alarms"),
        characters: Characters::Printable,
        ignores_case: false,
        in_clusters: false,
    };

    fn matches(spelling: &Spelling, pattern: &str, name: &str) -> bool {
        Pattern::new(pattern, spelling).matches(name)
    }

    #[test]
    fn a_star_is_any_text_a_question_mark_one_character_and_all_else_itself() {
        assert!(matches(&PLAIN, "shop-*", "shop-") && matches(&PLAIN, "shop-*", "shop-a/b"));
        assert!(matches(&PLAIN, "audit?", "audit1") && !matches(&PLAIN, "audit?", "audit"));
        assert!(matches(&PLAIN, "errors [prod] {a", "errors [prod] {a"));
        assert!(!matches(&PLAIN, "[a]", "a"));
    }

    #[test]
    fn where_case_means_nothing_names_match_however_they_are_written() {
        let endpoints = Spelling { ignores_case: true, ..PLAIN };
        assert!(
            matches(&endpoints, "shop-*K", "SHOP-Risk") && !matches(&PLAIN, "shop-*", "Shop-a")
        );
    }

    #[test]
    fn a_pattern_without_a_slash_is_of_the_services_own_name_and_one_with_it_of_the_whole() {
        let services = Spelling { in_clusters: true, ..PLAIN };
        assert!(matches(&services, "web", "shop/web") && matches(&services, "w*", "other/web"));
        assert!(!matches(&services, "shop*", "shop/web"));
        assert!(matches(&services, "shop*/web", "shop-dev/web"));
        assert!(
            matches(&services, "shop/*", "shop/web") && !matches(&services, "shop/*", "x/shop")
        );
        // Where there are no clusters, a slash is a character as any other.
        assert!(matches(&PLAIN, "a*", "a/b") && !matches(&PLAIN, "b", "a/b"));
    }

    #[test]
    fn characters_are_letters_without_accents_digits_and_what_a_kind_takes_beside_them() {
        let streams = Characters::LettersDigitsAnd("-_.");
        assert!("aZ0-_.".chars().all(|c| streams.have(c)));
        assert!(!"é :/\n".chars().any(|c| streams.have(c)));
        assert!("é :/!".chars().all(|c| Characters::Printable.have(c)));
        assert!(!Characters::Printable.have('\n'));
    }
}
