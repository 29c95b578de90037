//! The rules of the house say which module may import which.
//!
//! `docs/architecture.md` draws the house. The imports are read from the code itself: a new one
//! that runs up, closes a circle of files or names a kind where none is known fails a test.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::visit::{self, Visit};

/// Lists the modules by layer, from the ground up.
///
/// A module imports from its own layer or from lower ones. A child has the layer of its parent.
const LAYERS: [&[&str]; 15] = [
    &["usage", "tally", "clock", "lazy"],
    &["model", "failure", "savings"],
    &["select", "pace"],
    &["kinds::info", "kinds::rules", "kinds::remote", "kinds::kit", "kinds::scaling"],
    &["kinds::*"],
    &["kinds"],
    &["event", "config", "store", "pricing", "aws", "successor"],
    &["journal"],
    &["trouble", "ledger", "observe"],
    &["plan", "apply"],
    &["report", "refusal"],
    &["notify", "metrics"],
    &["program", "session"],
    &["preview", "operation"],
    &["invocation"],
];
/// Every kind is written in the words of these modules.
const GROUND: [&str; 5] =
    ["kinds::info", "kinds::rules", "kinds::remote", "kinds::kit", "kinds::scaling"];
/// A kind may import these modules, beside the ground and its own folder.
const WORDS: [&str; 7] = ["model", "usage", "select", "pace", "failure", "lazy", "clock"];
/// Only these modules ask for all kinds. Everybody else is handed them.
const READERS_OF_THE_LIST: [&str; 2] = ["report", "main"];
/// These modules decide or tell, and so must not know the AWS SDK.
const WITHOUT_SDK: [&str; 16] = [
    "apply",
    "config",
    "event",
    "invocation",
    "journal",
    "ledger",
    "model",
    "operation",
    "pace",
    "plan",
    "preview",
    "report",
    "savings",
    "select",
    "session",
    "usage",
];

/// A house holds which modules and which other crates each module names.
struct House {
    modules: BTreeMap<String, BTreeSet<String>>,
    crates: BTreeMap<String, BTreeSet<String>>,
}

impl House {
    /// Reads a crate's modules, without what is compiled for tests only.
    fn read(files: &BTreeMap<String, String>) -> Self {
        let parsed: BTreeMap<&String, Names> = files
            .iter()
            .map(|(module, text)| {
                let file = syn::parse_file(text).unwrap_or_else(|e| panic!("{module}: {e}"));
                let mut names = Names::default();
                names.visit_file(&file);
                (module, names)
            })
            .collect();
        let for_tests: BTreeSet<String> = parsed
            .iter()
            .flat_map(|(module, names)| names.for_tests.iter().map(move |m| child(module, m)))
            .collect();
        let is_test = |module: &str| {
            for_tests.iter().any(|test| module == test || module.starts_with(&format!("{test}::")))
        };
        let (mut modules, mut crates) = (BTreeMap::new(), BTreeMap::new());
        for (module, names) in parsed.iter().filter(|(module, _)| !is_test(module)) {
            let found = names.paths.iter().filter_map(|path| resolve(module, path, files));
            let imports: BTreeSet<String> = found.filter(|found| found != *module).collect();
            modules.insert((*module).clone(), imports);
            crates.insert((*module).clone(), names.paths.iter().map(|p| p[0].clone()).collect());
        }
        House { modules, crates }
    }

    fn imports(&self) -> impl Iterator<Item = (&str, &str)> {
        self.modules.iter().flat_map(|(from, to)| to.iter().map(|to| (from.as_str(), to.as_str())))
    }

    /// Tells everything that breaks a rule.
    fn violations(&self) -> Vec<String> {
        let mut wrong = self.circles();
        for module in self.modules.keys().filter(|module| layer(module).is_none()) {
            wrong.push(format!("{module} has no layer"));
        }
        for (from, to) in self.imports() {
            if layer(from) < layer(to) {
                wrong.push(format!("{from} imports {to}, which stands above it"));
            }
            let (own, other) = (wing(from), wing(to));
            if own.is_some() && !is_for_wings(to) && own != other {
                wrong.push(format!("{from} imports {to}, which is no word of the kinds"));
            }
            if own.is_none() && other.is_some() && from != "kinds" {
                wrong.push(format!("{from} names a kind: {to}"));
            }
            if to == "kinds" && !READERS_OF_THE_LIST.iter().any(|reader| is_within(from, reader)) {
                wrong.push(format!("{from} imports the list of kinds: it is to be handed them"));
            }
            let is_kinds = |module: &str| is_within(module, "kinds");
            if ["pricing", "usage", "aws"].iter().any(|m| is_within(from, m)) && is_kinds(to) {
                wrong.push(format!("{from} imports {to}: it is to be handed rows"));
            }
        }
        for (module, crates) in &self.crates {
            let is_free = WITHOUT_SDK.iter().any(|name| is_within(module, name));
            for sdk in crates.iter().filter(|name| is_free && name.starts_with("aws_")) {
                wrong.push(format!("{module} names {sdk}"));
            }
        }
        wrong
    }

    /// Finds all modules that a module imports, itself or through others.
    fn reached_from<'h>(&'h self, from: &'h String) -> BTreeSet<&'h String> {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(at) = next.pop() {
            next.extend(self.modules.get(at).into_iter().flatten().filter(|m| seen.insert(*m)));
        }
        seen
    }

    /// Finds the circles, each as the list of the files on it.
    fn circles(&self) -> Vec<String> {
        let reached: BTreeMap<&String, BTreeSet<&String>> =
            self.modules.keys().map(|module| (module, self.reached_from(module))).collect();
        let circles: BTreeSet<Vec<&str>> = reached
            .iter()
            .filter(|(module, found)| found.contains(**module))
            .map(|(module, found)| {
                let is_on_it = |m: &&&String| reached.get(**m).is_some_and(|r| r.contains(*module));
                found.iter().filter(is_on_it).map(|m| m.as_str()).collect()
            })
            .collect();
        circles.into_iter().map(|circle| format!("a circle: {}", circle.join(", "))).collect()
    }
}

/// Collects the paths that a file names, and its modules that are for tests only.
#[derive(Default)]
struct Names {
    paths: BTreeSet<Vec<String>>,
    for_tests: BTreeSet<String>,
}

impl Names {
    fn add_tree(&mut self, tree: &syn::UseTree, before: &[String]) {
        let with = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_tree(&path.tree, &with(&path.ident)),
            syn::UseTree::Name(name) => drop(self.paths.insert(with(&name.ident))),
            syn::UseTree::Rename(name) => drop(self.paths.insert(with(&name.ident))),
            syn::UseTree::Glob(_) => drop(self.paths.insert(before.to_vec())),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.add_tree(item, before));
            }
        }
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if let syn::Item::Mod(module) = item
            && is_for_tests(&module.attrs)
        {
            self.for_tests.insert(module.ident.to_string());
            return;
        }
        visit::visit_item(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        if names.len() > 1 {
            self.paths.insert(names);
        }
        visit::visit_path(self, path);
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    let is_test = |attribute: &syn::Attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    };
    attributes.iter().any(is_test)
}

fn child(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}

/// Finds the module of this crate to which a path in `module` leads.
fn resolve(module: &str, path: &[String], files: &BTreeMap<String, String>) -> Option<String> {
    let own: Vec<&str> = module.split("::").filter(|part| !part.is_empty()).collect();
    let ups = path.iter().take_while(|part| *part == "super").count();
    let (base, rest): (&[&str], &[String]) = match path.first()?.as_str() {
        "crate" | "aws_resource_manager" => (&[], &path[1..]),
        "self" => (&own, &path[1..]),
        "super" => (own.get(..own.len().checked_sub(ups)?)?, &path[ups..]),
        first if files.contains_key(&child(module, first)) => (&own, path),
        _ => return None,
    };
    let mut parts: Vec<&str> =
        base.iter().copied().chain(rest.iter().map(String::as_str)).collect();
    while !parts.is_empty() && !files.contains_key(&parts.join("::")) {
        parts.pop();
    }
    Some(parts.join("::")).filter(|found| !found.is_empty())
}

fn is_within(module: &str, name: &str) -> bool {
    module == name || module.strip_prefix(name).is_some_and(|rest| rest.starts_with("::"))
}

/// Names the kind in whose folder a module stands.
fn wing(module: &str) -> Option<&str> {
    let rest = module.strip_prefix("kinds::")?;
    let kind = rest.split("::").next()?;
    (!GROUND.contains(&format!("kinds::{kind}").as_str())).then_some(kind)
}

fn is_for_wings(module: &str) -> bool {
    GROUND.iter().chain(&WORDS).any(|name| is_within(module, name))
}

fn layer(module: &str) -> Option<usize> {
    if module == "main" || module == "lib" {
        return Some(LAYERS.len());
    }
    if wing(module).is_some() {
        return LAYERS.iter().position(|names| names.contains(&"kinds::*"));
    }
    let is_here = |name: &&str| {
        // The list of kinds is one file. The modules below it have layers of their own.
        if *name == "kinds" { module == "kinds" } else { is_within(module, name) }
    };
    LAYERS.iter().position(|names| names.iter().any(is_here))
}

fn files_of_this_crate() -> BTreeMap<String, String> {
    fn walk(folder: &Path, module: &str, files: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_stem().unwrap().to_str().unwrap().to_owned();
            if entry.is_dir() && name != "bin" {
                walk(&entry, &child(module, &name), files);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let module = if name == "mod" { module.to_owned() } else { child(module, &name) };
                files.insert(module, std::fs::read_to_string(&entry).unwrap());
            }
        }
    }
    let mut files = BTreeMap::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut files);
    let library = files.remove("lib").expect("there is a library");
    // The library declares the crate's own modules, and which of them are for tests only.
    files.insert(String::new(), library);
    files
}

fn violations_of(files: &[(&str, &str)]) -> Vec<String> {
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    House::read(&files.collect()).violations()
}

#[test]
fn every_import_keeps_to_the_house() {
    let files = files_of_this_crate();
    let mut house = House::read(&files);
    house.modules.remove("");
    house.crates.remove("");
    assert!(house.modules.len() > 60, "{:?}", house.modules.keys());
    assert_eq!(house.violations(), Vec::<String>::new());
}

#[test]
fn an_import_that_runs_up_is_found() {
    let found = violations_of(&[("plan", "use crate::report::Report;"), ("report", "")]);
    assert_eq!(found, ["plan imports report, which stands above it"]);
}

#[test]
fn a_circle_is_found_by_a_path_without_a_use() {
    let found = violations_of(&[
        ("report", ""),
        ("report::rows", "fn f() -> super::cost::Cost { todo() }"),
        ("report::cost", "use super::rows::Row;"),
    ]);
    assert_eq!(found, ["a circle: report::cost, report::rows"]);
}

#[test]
fn a_kind_that_uses_more_than_its_words_is_found() {
    let found = violations_of(&[
        ("kinds::rds", "use crate::kinds::ecs::Service;\nuse crate::model::State;"),
        ("kinds::ecs", ""),
        ("model", ""),
    ]);
    assert_eq!(found, ["kinds::rds imports kinds::ecs, which is no word of the kinds"]);
}

#[test]
fn who_names_a_kind_or_asks_for_all_of_them_is_found() {
    let found = violations_of(&[
        ("session", "use crate::kinds::{self, ecs::Service};"),
        ("kinds", ""),
        ("kinds::ecs", ""),
    ]);
    assert_eq!(
        found,
        [
            "session imports the list of kinds: it is to be handed them",
            "session names a kind: kinds::ecs"
        ]
    );
}

#[test]
fn an_sdk_type_where_choices_are_made_is_found() {
    let found = violations_of(&[("plan", "use aws_sdk_ecs::types::Service;")]);
    assert_eq!(found, ["plan names aws_sdk_ecs"]);
}

#[test]
fn what_only_tests_import_does_not_count() {
    let found = violations_of(&[
        ("plan", "#[cfg(test)]\nmod tests;"),
        ("plan::tests", "use crate::report::Report;"),
        ("report", ""),
    ]);
    assert_eq!(found, Vec::<String>::new());
}
