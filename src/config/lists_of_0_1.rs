//! The variables of 0.1, one for each kind and `EXCLUDE`, in the words of `RESOURCES`.

use crate::model::KindName;
use crate::select::resources::elements;
use crate::select::spelling::Spelling;

/// Writes the `RESOURCES` that says the same as the lists and `EXCLUDE`.
///
/// Without its list, a kind had what begins with the project's name. With an empty one it was not
/// managed.
pub(super) fn as_resources(
    lists: impl Iterator<Item = (KindName, Option<String>)>,
    exclude: Option<&str>,
    kinds: &[Spelling],
    project: &str,
) -> String {
    let mut of_every_kind = Vec::new();
    let mut clauses: Vec<(KindName, Vec<String>)> = Vec::new();
    for (kind, list) in lists {
        match list {
            // A semicolon would end the clause.
            Some(list) => {
                let names = elements(&list, ',').map(|name| name.replace(';', "?"));
                clauses.push((kind, names.collect()));
            }
            None if of_every_kind.is_empty() => of_every_kind.push(format!("{project}-*")),
            None => {}
        }
    }
    // Where nothing is managed there is nothing to exclude.
    let is_anything_managed =
        !of_every_kind.is_empty() || clauses.iter().any(|(_, names)| !names.is_empty());
    for excluded in elements(exclude.unwrap_or_default(), ',').filter(|_| is_anything_managed) {
        let pattern = format!("!{}", excluded.replace(';', "?"));
        let is_of_every_kind = |c: char| c.is_ascii_alphanumeric() || "-_./*?".contains(c);
        if excluded.chars().all(is_of_every_kind) {
            of_every_kind.push(pattern);
            continue;
        }
        // Only a kind that has such names can have meant it.
        let takes = |kind: &&Spelling| excluded.chars().all(|c| kind.characters.have(c));
        for Spelling { kind, .. } in kinds.iter().filter(takes) {
            match clauses.iter_mut().find(|(own, _)| own == kind) {
                Some((_, names)) if names.is_empty() => {}
                Some((_, names)) => names.push(pattern.clone()),
                None => clauses.push((*kind, vec![pattern.clone()])),
            }
        }
    }
    let every = (!of_every_kind.is_empty()).then(|| format!("*:{}", of_every_kind.join(",")));
    let clauses = clauses.into_iter().map(|(kind, names)| format!("{kind}:{}", names.join(",")));
    every.into_iter().chain(clauses).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::resources::Resources;
    use crate::select::spelling::Characters;

    const FUNCTIONS: KindName = KindName::new("lambda");
    const ALARMS: KindName = KindName::new("cloudwatch");
    const KINDS: [Spelling; 2] = [
        Spelling {
            kind: FUNCTIONS,
            characters: Characters::LettersDigitsAnd("-_"),
            ignores_case: false,
            in_clusters: false,
        },
        Spelling {
            kind: ALARMS,
            characters: Characters::Printable,
            ignores_case: false,
            in_clusters: false,
        },
    ];

    fn same(functions: Option<&str>, alarms: Option<&str>, exclude: Option<&str>) -> String {
        let lists = [(FUNCTIONS, functions), (ALARMS, alarms)];
        let lists = lists.map(|(kind, list)| (kind, list.map(str::to_owned))).into_iter();
        let text = as_resources(lists, exclude, &KINDS, "shop");
        let parsed = Resources::parse(&text, &KINDS).unwrap_or_else(|e| panic!("{text}: {e:?}"));
        assert_eq!(parsed.to_string(), text, "as somebody would write it");
        text
    }

    #[test]
    fn lists_become_clauses_and_a_kind_without_one_has_the_names_of_every_kind() {
        assert_eq!(same(Some("a, !b"), None, None), "*:shop-*;lambda:a,!b");
        assert_eq!(same(Some(" a"), Some(""), None), "lambda:a;cloudwatch:");
        assert_eq!(same(None, None, Some("shop-keep")), "*:shop-*,!shop-keep");
        assert_eq!(same(Some("a"), Some("b"), Some("x,y")), "*:!x,!y;lambda:a;cloudwatch:b");
    }

    #[test]
    fn where_nothing_was_managed_nothing_is() {
        assert_eq!(same(Some(""), Some(""), Some("x")), "lambda:;cloudwatch:");
    }

    #[test]
    fn what_only_alarms_can_be_called_is_excluded_from_alarms() {
        assert_eq!(
            same(None, None, Some("x,errors [prod]")),
            "*:shop-*,!x;cloudwatch:!errors [prod]"
        );
        assert_eq!(same(None, Some("a;b"), Some("c d")), "*:shop-*;cloudwatch:a?b,!c d");
        assert_eq!(same(Some("a"), Some(""), Some("c d")), "lambda:a;cloudwatch:");
    }
}
