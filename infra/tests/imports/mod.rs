//! Which file of a crate imports which other, read from the `use` lines and the `crate::` paths of its source.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A module's path inside its crate, such as `["records", "write"]`.
type Module = Vec<String>;

/// The modules of one crate that are files of their own.
pub(crate) struct Crate {
    files: BTreeMap<Module, Source>,
}

/// The imports of one file, outside its tests.
struct Source {
    /// Paths that the file uses, relative to the crate or to the file's own module.
    uses: Vec<Names>,
    /// Names that the file passes on from another place.
    passes_on: BTreeMap<String, Names>,
}

/// A path's segments as they are written.
type Names = Vec<String>;

impl Crate {
    /// Reads every file below the `src` folder of a crate.
    pub(crate) fn read(src: &Path) -> Self {
        let mut files = BTreeMap::new();
        let mut todo = vec![(src.to_path_buf(), Module::new())];
        while let Some((folder, module)) = todo.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_stem().unwrap().to_string_lossy().into_owned();
                let mut inner = module.clone();
                if name == "tests" {
                    continue;
                }
                if path.is_dir() {
                    inner.push(name);
                    todo.push((path, inner));
                } else if path.extension().is_some_and(|it| it == "rs") {
                    if !["lib", "main", "mod"].contains(&name.as_str()) {
                        inner.push(name);
                    }
                    files.insert(inner, Source::of(&fs::read_to_string(path).unwrap()));
                }
            }
        }
        Self { files }
    }

    /// How many files there are.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// The groups of files that import each other in a loop.
    pub(crate) fn loops(&self) -> Vec<Vec<String>> {
        let arrows: BTreeMap<&Module, BTreeSet<&Module>> = self
            .files
            .keys()
            .map(|from| (from, self.reached(from)))
            .collect();
        let mut seen = BTreeSet::new();
        let mut loops = Vec::new();
        for from in self.files.keys() {
            let round: Vec<&Module> = arrows[from]
                .iter()
                .copied()
                .filter(|to| *to != from && arrows[to].contains(from))
                .collect();
            if !round.is_empty() && seen.insert(from) {
                seen.extend(round.iter().copied());
                loops.push(
                    [from]
                        .into_iter()
                        .chain(round)
                        .map(|module| module.join("::"))
                        .collect(),
                );
            }
        }
        loops
    }

    /// Every file that a file imports, directly or by way of others.
    fn reached(&self, from: &Module) -> BTreeSet<&Module> {
        let mut reached = BTreeSet::new();
        let mut todo = self.imports(from);
        while let Some(next) = todo.pop() {
            if reached.insert(next) {
                todo.extend(self.imports(next));
            }
        }
        reached
    }

    fn imports(&self, from: &Module) -> Vec<&Module> {
        let uses = self.files[from].uses.iter();
        uses.filter_map(|path| self.resolve(from, path, 0))
            .filter(|to| *to != from)
            .collect()
    }

    /// The file in which the last segment of a path is defined; a name that a module passes on leads further.
    fn resolve(&self, from: &Module, path: &[String], depth: usize) -> Option<&Module> {
        let mut module = from.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => (module, rest) = (Module::new(), &path[1..]),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|segment| segment == "super") {
                    module.pop();
                    rest = &rest[1..];
                }
            }
            first => {
                module.push(first.to_owned());
                if !self.files.contains_key(&module) {
                    return None;
                }
                rest = &path[1..];
            }
        }
        for (at, segment) in rest.iter().enumerate() {
            module.push(segment.clone());
            if self.files.contains_key(&module) {
                continue;
            }
            module.pop();
            let passed_on = self.files.get(&module)?.passes_on.get(segment);
            if let Some(further) = passed_on.filter(|_| depth < 8) {
                let whole: Vec<String> = further.iter().chain(&rest[at + 1..]).cloned().collect();
                return self.resolve(&module, &whole, depth + 1);
            }
            break;
        }
        self.files.get_key_value(&module).map(|(module, _)| module)
    }
}

impl Source {
    fn of(text: &str) -> Self {
        let text = text
            .find("\n#[cfg(test)]\nmod tests {")
            .map_or(text, |at| &text[..at]);
        let code: String = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        let mut source = Self {
            uses: Vec::new(),
            passes_on: BTreeMap::new(),
        };
        let mut rest = code.as_str();
        while let Some(at) = rest.find("use ") {
            let start = rest[..at].rfind('\n').map_or(0, |newline| newline + 1);
            let before = rest[start..at].trim();
            rest = &rest[at + "use ".len()..];
            if !(before.is_empty() || before.starts_with("pub")) {
                continue;
            }
            let Some(end) = rest.find(';') else { break };
            let mut paths = Vec::new();
            expand(
                &rest[..end].split_whitespace().collect::<Vec<_>>().join(" "),
                &[],
                &mut paths,
            );
            for (path, name) in paths {
                if before.starts_with("pub") {
                    source.passes_on.insert(name, path);
                } else {
                    source.uses.push(path);
                }
            }
            rest = &rest[end..];
        }
        let inline = code.match_indices("crate::").map(|(at, _)| {
            let path = code[at..]
                .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
                .next();
            path.unwrap_or_default()
                .split("::")
                .filter(|it| !it.is_empty())
                .map(str::to_owned)
                .collect()
        });
        // Passing a name on ties nobody to anything; a path in the code does.
        let passed_on: BTreeSet<Names> = source.passes_on.values().cloned().collect();
        let inline: Vec<Names> = inline
            .filter(|path: &Names| !passed_on.iter().any(|whole| whole.starts_with(path)))
            .collect();
        source.uses.extend(inline);
        source
    }
}

/// The paths of a `use` tree, each with the name that it brings.
fn expand(tree: &str, prefix: &[String], paths: &mut Vec<(Names, String)>) {
    let tree = tree.trim();
    if let Some(open) = tree.find('{') {
        let mut inner = prefix.to_vec();
        inner.extend(segments(&tree[..open]));
        for part in parts(tree[open + 1..].strip_suffix('}').unwrap_or_default()) {
            expand(&part, &inner, paths);
        }
        return;
    }
    let (path, renamed) = tree
        .split_once(" as ")
        .map_or((tree, None), |(path, name)| (path, Some(name)));
    let mut whole = prefix.to_vec();
    whole.extend(
        segments(path)
            .into_iter()
            .filter(|segment| segment != "self" || prefix.is_empty()),
    );
    if let Some(last) = whole.last().cloned() {
        paths.push((whole, renamed.map_or(last, |name| name.trim().to_owned())));
    }
}

fn segments(path: &str) -> Vec<String> {
    path.split("::")
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The comma-separated parts of a list, braces kept whole.
fn parts(list: &str) -> Vec<String> {
    let (mut depth, mut parts, mut part) = (0, Vec::new(), String::new());
    for c in list.chars() {
        match c {
            ',' if depth == 0 => parts.push(std::mem::take(&mut part)),
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                part.push(c);
            }
        }
    }
    parts.push(part);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

#[test]
fn a_loop_is_found_through_names_that_are_passed_on() {
    let source = |text: &str| Source::of(text);
    let module = |path: &str| {
        path.split("::")
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect::<Module>()
    };
    let read = Crate {
        files: BTreeMap::from([
            (
                module(""),
                source("mod a;\nmod b;\npub use a::{One, deep::{Two, Three}};\nstruct Root;"),
            ),
            (
                module("a"),
                source("use crate::{Root, b::Four};\npub mod deep;"),
            ),
            (
                module("a::deep"),
                source("use super::One;\nfn f() {}\n#[cfg(test)]\nmod tests {\nuse crate::b;\n}"),
            ),
            (
                module("b"),
                source("use std::fmt;\n\nfn f() { crate::Two::new() }"),
            ),
        ]),
    };
    assert_eq!(read.loops(), [["a", "a::deep", "b"]]);
    let mut paths = Vec::new();
    expand("crate::a::{self, b::{C, D as E}, F}", &[], &mut paths);
    let names: Vec<&str> = paths.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["a", "C", "E", "F"]);
}
