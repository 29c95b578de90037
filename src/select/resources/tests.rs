use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;

const fn kind(name: &'static str, characters: Characters) -> Spelling {
    let kind = KindName::new(name);
    Spelling { kind, characters, ignores_case: false, in_clusters: false }
}

const LAMBDA: Spelling = kind("lambda", Characters::LettersDigitsAnd("-_"));
const KINESIS: Spelling = kind("kinesis", Characters::LettersDigitsAnd("-_."));
const CLOUDWATCH: Spelling = kind("cloudwatch", Characters::Printable);
const ENDPOINTS: Spelling =
    Spelling { ignores_case: true, ..kind("sagemaker", Characters::LettersDigitsAnd("-")) };
const SERVICES: Spelling =
    Spelling { in_clusters: true, ..kind("ecs", Characters::LettersDigitsAnd("-_")) };
const KINDS: [Spelling; 5] = [LAMBDA, KINESIS, CLOUDWATCH, ENDPOINTS, SERVICES];

fn parse(text: &str) -> Resources {
    Resources::parse(text, &KINDS).unwrap_or_else(|faults| panic!("{text}: {faults:?}"))
}

fn selection(text: &str, kind: &Spelling) -> Selection {
    parse(text).selection(kind)
}

/// The faults of a text, each as `part: rule`.
fn faults(text: &str) -> Vec<String> {
    let faults = Resources::parse(text, &KINDS).expect_err(text);
    faults.into_iter().map(|fault| format!("{}: {}", fault.part, fault.rule)).collect()
}

fn fault(text: &str) -> String {
    let faults = faults(text);
    let [one] = &faults[..] else { panic!("{text}: {faults:?}") };
    one.clone()
}

/// The kinds of which something is managed.
fn managed(text: &str) -> Vec<&'static str> {
    let resources = parse(text);
    let is_managed = |kind: &&Spelling| !resources.selection(kind).is_empty();
    KINDS.iter().filter(is_managed).map(|kind| kind.kind.as_str()).collect()
}

#[test]
fn names_of_every_kind_are_of_those_without_names_of_their_own() {
    let text = "*:shop-*,!shop-prod-*;lambda:shop-*,event_processor;kinesis:";
    let functions = selection(text, &LAMBDA);
    assert!(functions.includes("event_processor") && functions.includes("shop-api"));
    let alarms = selection(text, &CLOUDWATCH);
    assert!(alarms.includes("shop-errors") && !alarms.includes("event_processor"));
    assert_eq!(managed(text), ["lambda", "cloudwatch", "sagemaker", "ecs"]);
}

#[test]
fn an_exclusion_of_every_kind_is_one_of_each_and_one_of_a_kind_is_of_it_only() {
    let text = "*:shop-*,!*-prod;lambda:worker*,!worker-2";
    assert!(!selection(text, &LAMBDA).includes("worker-prod"));
    assert!(!selection(text, &LAMBDA).includes("worker-2"));
    assert!(selection(text, &LAMBDA).includes("worker-1"));
    assert!(!selection(text, &KINESIS).includes("shop-prod"));
    assert!(selection(text, &KINESIS).includes("shop-worker-2"));
    // Also of what no name of the kind includes: a tag may select it.
    assert!(selection(text, &LAMBDA).excludes("worker-2"));
    assert!(selection(text, &LAMBDA).excludes("other-prod"));
}

#[test]
fn a_clause_of_exclusions_only_keeps_the_names_of_every_kind() {
    let functions = selection("*:shop-*;lambda:!shop-pay", &LAMBDA);
    assert!(functions.includes("shop-api") && !functions.includes("shop-pay"));
}

#[test]
fn an_empty_clause_switches_its_kind_off_and_without_names_nothing_is_managed() {
    assert_eq!(managed("*:shop-*;lambda:;cloudwatch: ,"), ["kinesis", "sagemaker", "ecs"]);
    assert_eq!(managed("lambda:a"), ["lambda"]);
    assert_eq!(managed("*:;lambda:a"), ["lambda"]);
    assert_eq!(managed("*:!b;lambda:a"), ["lambda"]);
    assert_eq!(managed("*:"), Vec::<&str>::new());
    assert!(!selection("*:shop-*;lambda:", &LAMBDA).excludes("shop-a"));
}

#[test]
fn blanks_line_breaks_and_empty_elements_do_not_count() {
    let tidy = "*:shop-*,!shop-prod-*;lambda:a,b";
    let untidy = "\n ; * : shop-* ,, ! shop-prod-* ;\n\t lambda\n:\n a,\n b, ; ";
    assert_eq!(parse(untidy), parse(tidy));
    assert_eq!(parse(untidy).to_string(), tidy);
    assert!(parse(" ; \n;").is_empty());
}

#[test]
fn the_names_of_a_project_begin_with_its_name_and_a_hyphen() {
    assert_eq!(Resources::of_project("shop"), parse("*:shop-*"));
}

#[test]
fn endpoints_match_however_they_are_written_and_services_by_their_own_name_or_the_whole() {
    assert!(selection("*:shop-*,!*-KEEP", &ENDPOINTS).includes("Shop-risk"));
    assert!(!selection("*:shop-*,!*-KEEP", &ENDPOINTS).includes("shop-keep"));
    let services = selection("ecs:web,shop/*,!shop/queue,!batch", &SERVICES);
    assert!(services.includes("other/web") && services.includes("shop/api"));
    assert!(!services.includes("shop/queue") && !services.includes("shop/batch"));
    assert!(selection("*:shop-*/api", &SERVICES).includes("shop-dev/api"));
}

#[test]
fn what_no_name_can_look_like_is_refused_with_a_hint() {
    insta::assert_snapshot!(fault("lambda:shop-pay shop-auth"), @"lambda:shop-pay shop-auth: must be a name of letters without accents, digits and - _, or a glob (* ?); it has a blank: is a comma missing?");
    insta::assert_snapshot!(fault("*:shop-*,!shop pay"), @"*:!shop pay: must be a name of letters without accents, digits and - _ . /, or a glob (* ?); it has a blank: is a comma missing? (names with it belong into cloudwatch:)");
    insta::assert_snapshot!(fault("lambda:['shop-pay']"), @"lambda:['shop-pay']: must be a name of letters without accents, digits and - _, or a glob (* ?); it has `[`");
    insta::assert_snapshot!(fault("*:shop-*,!errors [prod]"), @"*:!errors [prod]: must be a name of letters without accents, digits and - _ . /, or a glob (* ?); it has a blank: is a comma missing? (names with it belong into cloudwatch:)");
    insta::assert_snapshot!(fault("sagemaker:shop_risk"), @"sagemaker:shop_risk: must be a name of letters without accents, digits and -, or a glob (* ?); it has `_`");
    insta::assert_snapshot!(fault("kinesis:a\nb"), @"
    kinesis:a
    b: must be a name of letters without accents, digits and - _ ., or a glob (* ?); it has a line break or the like: is a comma missing?
    ");
    insta::assert_snapshot!(fault("cloudwatch:a\nb"), @"
    cloudwatch:a
    b: must be a name or glob; it has a line break or the like: is a comma missing?
    ");
    insta::assert_snapshot!(fault("lambda:shop-é"), @"lambda:shop-é: must be a name of letters without accents, digits and - _, or a glob (* ?); it has `é`");
    insta::assert_snapshot!(fault("lambda:a;!b"), @"!b: must begin with a kind and a colon; between two names of one kind there is a comma");
    insta::assert_snapshot!(fault("lambda:a;shop-auth"), @"shop-auth: must begin with a kind and a colon; between two names of one kind there is a comma");
    insta::assert_snapshot!(fault("lambda"), @"lambda: must have a colon after the kind: lambda: manages none of it, lambda:NAME some");
    insta::assert_snapshot!(fault("lamda:a"), @"lamda:a: must begin with a kind and a colon; the kinds are lambda, kinesis, cloudwatch, sagemaker, ecs and *");
    insta::assert_snapshot!(fault("lambda:a,kinesis:b"), @"lambda:kinesis:b: must have a semicolon before the next kind, and ? for a colon in a name that begins so");
    insta::assert_snapshot!(fault("cloudwatch:a,lambda:b"), @"cloudwatch:lambda:b: must have a semicolon before the next kind, and ? for a colon in a name that begins so");
    insta::assert_snapshot!(fault("lambda:arn:aws:lambda:us-east-1:123456789012:function:shop-pay"), @"lambda:arn:aws:lambda:us-east-1:123456789012:function:shop-pay: must be a name and not an ARN, such as shop-pay");
    insta::assert_snapshot!(fault("*:a,!arn:aws:sagemaker:us-east-1:123456789012:endpoint/shop-risk"), @"*:!arn:aws:sagemaker:us-east-1:123456789012:endpoint/shop-risk: must be a name and not an ARN, such as shop-risk");
    insta::assert_snapshot!(fault("arn:aws:sagemaker:us-east-1:123456789012:endpoint/shop-risk"), @"arn:aws:sagemaker:us-east-1:123456789012:endpoint/shop-risk: must be a name and not an ARN, such as shop-risk");
    insta::assert_snapshot!(fault("lambda:a,!"), @"lambda:!: must have a name or glob right after one `!`");
    insta::assert_snapshot!(fault("cloudwatch:a,!!b"), @"cloudwatch:!!b: must have a name or glob right after one `!`");
    insta::assert_snapshot!(fault("ecs:a/b/c"), @"ecs:a/b/c: must be a name alone, or one of a cluster, one slash and a name");
    insta::assert_snapshot!(fault("ecs:/a"), @"ecs:/a: must be a name alone, or one of a cluster, one slash and a name");
    insta::assert_snapshot!(fault("ecs:a:b"), @"ecs:a:b: must be a name of letters without accents, digits and - _ /, or a glob (* ?); it has `:`");
    insta::assert_snapshot!(fault("lambda:a/b"), @"lambda:a/b: must be a name of letters without accents, digits and - _, or a glob (* ?); it has `/`");
    insta::assert_snapshot!(fault("lambda:a;kinesis:b;lambda:c"), @"lambda:c: must not name lambda again: all its names are in one clause");
    insta::assert_snapshot!(fault("*:a;*:b"), @"*:b: must not name * again: all its names are in one clause");
}

#[test]
fn exclusions_need_something_to_exclude_from() {
    insta::assert_snapshot!(fault("lambda:!a"), @"lambda:!a: must have a name to exclude from, in this clause or in that of *");
    insta::assert_snapshot!(fault("*:!a"), @"*:!a: must have a name to exclude from, in this clause or in that of a kind");
    insta::assert_snapshot!(faults("*:!a;lambda:;kinesis:!b").join("\n"), @"
    *:!a: must have a name to exclude from, in this clause or in that of a kind
    kinesis:!b: must have a name to exclude from, in this clause or in that of *
    ");
    assert_eq!(managed("*:!a;lambda:x,!b"), ["lambda"]);
}

#[test]
fn all_faults_are_told_at_once_and_long_ones_are_cut() {
    let long = "x".repeat(200);
    let found = faults(&format!("lamda:a;lambda:a b,c;{long};kinesis:a b,!"));
    assert_eq!(found.len(), 5, "{found:#?}");
    assert!(found[2].starts_with(&format!("{}…: must", "x".repeat(80))), "{}", found[2]);
}

#[test]
fn alarms_have_names_of_almost_any_kind() {
    let alarms = selection("cloudwatch:errors [prod]: too many!,a/b (é)", &CLOUDWATCH);
    assert!(alarms.includes("errors [prod]: too many!") && alarms.includes("a/b (é)"));
}

fn names(of: &[(&Spelling, &[&str])]) -> BTreeMap<KindName, BTreeSet<String>> {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    of.iter().map(|(kind, names)| (kind.kind, set(names))).collect()
}

fn unmatched(text: &str, of: &[(&Spelling, &[&str])]) -> Vec<String> {
    parse(text).unmatched(&names(of), &KINDS)
}

#[test]
fn a_pattern_that_matches_no_name_of_its_kind_is_found_an_exclusion_too() {
    let text = "lambda:shop-*,shop-pya,!shop-old,!other;kinesis:events";
    let seen: [(&Spelling, &[&str]); 2] = [(&LAMBDA, &["shop-pay", "other"]), (&KINESIS, &[])];
    assert_eq!(unmatched(text, &seen), ["lambda:shop-pya", "lambda:!shop-old", "kinesis:events"]);
    // Of a kind that was not looked at, nobody knows.
    assert_eq!(unmatched(text, &seen[..1]), ["lambda:shop-pya", "lambda:!shop-old"]);
}

#[test]
fn a_pattern_of_every_kind_is_found_if_it_matches_nothing_of_any() {
    let text = "*:shop-*,!shop-pya,!*-keep;lambda:worker;kinesis:;sagemaker:;ecs:";
    let seen: [(&Spelling, &[&str]); 2] =
        [(&LAMBDA, &["worker", "shop-api"]), (&CLOUDWATCH, &["x-keep"])];
    // Functions have names of their own, and streams are not managed.
    assert_eq!(unmatched(text, &seen), ["*:shop-*", "*:!shop-pya"]);
    assert_eq!(unmatched(text, &seen[..1]), Vec::<String>::new());
    let seen: [(&Spelling, &[&str]); 2] = [(&LAMBDA, &["worker"]), (&CLOUDWATCH, &["shop-keep"])];
    assert_eq!(unmatched(text, &seen), ["*:!shop-pya"]);
}

/// Names and globs that every kind takes.
const NAME: &str = "[a-z0-9*?-]{1,8}";

prop_compose! {
    /// Clauses as somebody might write them, and blanks beside them.
    fn clauses()(
        kinds in subsequence(vec!["*", "lambda", "kinesis", "cloudwatch", "sagemaker", "ecs"], 0..6),
        patterns in vec(vec((any::<bool>(), NAME), 0..4), 6),
        blanks in vec(select(vec!["", " ", "\n", "\t "]), 3),
    ) -> (String, String) {
        let clause = |blanks: &[&str]| {
            let [a, b, c] = blanks else { unreachable!() };
            let clauses = kinds.iter().zip(&patterns).map(|(kind, patterns)| {
                let patterns = patterns.iter().map(|(excludes, name)| {
                    if *excludes { format!("{a}!{b}{name}{c}") } else { format!("{b}{name}{a}") }
                });
                format!("{c}{kind}{a}:{}", patterns.collect::<Vec<_>>().join(","))
            });
            clauses.collect::<Vec<_>>().join(&format!("{b};"))
        };
        (clause(&["", "", ""]), clause(&blanks))
    }
}

proptest! {
    #[test]
    fn what_is_parsed_prints_itself_and_parses_the_same((tidy, untidy) in clauses()) {
        match Resources::parse(&tidy, &KINDS) {
            Ok(parsed) => {
                prop_assert_eq!(parsed.to_string(), tidy);
                prop_assert_eq!(Resources::parse(&untidy, &KINDS), Ok(parsed));
            }
            // All that can be wrong with these.
            Err(faults) => {
                let rule = "must have a name to exclude from";
                prop_assert!(faults.iter().all(|fault| fault.rule.starts_with(rule)), "{:?}", faults);
                prop_assert_eq!(Resources::parse(&untidy, &KINDS), Err(faults));
            }
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused_and_what_is_parsed_parses_the_same(text in "[ -~é\n]{0,60}") {
        if let Ok(parsed) = Resources::parse(&text, &KINDS) {
            prop_assert_eq!(Resources::parse(&parsed.to_string(), &KINDS), Ok(parsed));
        }
    }

    #[test]
    fn a_name_is_managed_if_its_clause_or_that_of_every_kind_has_it_and_none_excludes_it(
        (text, _) in clauses(), name in "[a-z0-9-]{1,4}"
    ) {
        let Ok(parsed) = Resources::parse(&text, &KINDS) else { return Ok(()) };
        let clause = |kind: &str| {
            let text = format!(";{parsed}");
            let found = text.split_once(&format!(";{kind}:")).map(|(_, rest)| rest.to_owned());
            found.map(|rest| rest.split(';').next().unwrap_or_default().to_owned())
        };
        let matches = |pattern: &str| wildmatch::WildMatch::new(pattern).matches(&name);
        let (own, every) = (clause("lambda"), clause("*").unwrap_or_default());
        let all = [own.clone().unwrap_or_default(), every.clone()].join(",");
        let names = |list: &str| {
            elements(list, ',').filter(|p| !p.starts_with('!')).map(str::to_owned).collect::<Vec<_>>()
        };
        let is_excluded = elements(&all, ',').filter_map(|p| p.strip_prefix('!')).any(matches);
        let is_off = own.as_deref() == Some("");
        let own_names = names(&own.unwrap_or_default());
        let taken = if own_names.is_empty() { names(&every) } else { own_names };
        let expected = !is_off && !is_excluded && taken.iter().any(|p| matches(p));
        prop_assert_eq!(parsed.selection(&LAMBDA).includes(&name), expected, "{}", text);
    }
}
