//! Where SQL is put together, and where nothing of it may be: who has not the words cannot say them.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

/// The files that put SQL together, of the crates that go into the browser module.
const AUTHORS: [&str; 2] = ["src/core/op/", "src/core/ingest/change.rs"];

/// What a statement begins with.
const VERBS: &str = "select insert update delete create drop alter truncate copy checkpoint do execute begin commit rollback set listen notify with grant";

/// Every source of Rust and TypeScript below a folder, but for tests and fakes, without comments and without the tests at its end.
fn sources(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap();
    let mut left: Vec<PathBuf> = vec![root.join(folder)];
    let mut sources = Vec::new();
    while let Some(path) = left.pop() {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            left.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|it| it == "rs" || it == "ts")
            && !name.contains("test")
            && !name.contains("fakes/")
        {
            let text = fs::read_to_string(path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let is_comment = |line: &&str| ["//", "*", "/*"].iter().any(|mark| line.trim_start().starts_with(mark));
            sources.push((
                name,
                code.lines()
                    .filter(|line| !is_comment(line))
                    .collect::<Vec<_>>()
                    .join("\n"),
            ));
        }
    }
    sources
}

/// Whether a text in the code begins a statement: a verb right behind a quote, in one case or the other, with something behind it.
fn says_sql(code: &str) -> Option<String> {
    code.lines().find_map(|line| {
        let begins = line.match_indices(['"', '`', '\'']).any(|(at, _)| {
            let rest = &line[at + 1..];
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            let is_verb = VERBS
                .split(' ')
                .any(|verb| verb == word || verb.to_ascii_uppercase() == word);
            // In small letters a word of English may begin a message: there SQL has a name, a star or a parenthesis in it.
            let is_sql =
                word.chars().all(|c| c.is_ascii_uppercase()) || behind.contains(" from ") || behind.contains(" into ");
            is_verb && behind.starts_with([' ', '"', '`', ';', '\n']) && is_sql
        });
        begins.then(|| line.trim().to_owned())
    })
}

#[test]
fn no_file_puts_sql_together_but_those_whose_room_it_is() {
    let mut seen = 0;
    for (file, code) in ["src/core", "src/client", "src/inspect", "js"]
        .into_iter()
        .flat_map(sources)
    {
        seen += 1;
        let is_author = AUTHORS.iter().any(|author| file.starts_with(author));
        if !is_author {
            assert_eq!(says_sql(&code), None, "{file} says SQL");
            let makes = code.contains("Statement::new") || code.contains("Statement {");
            assert!(!makes, "{file} makes a statement");
        }
    }
    assert!(seen > 80, "{seen} files were read");
    assert!(says_sql("let sql = format!(\"DROP TABLE {name}\");").is_some());
    assert!(says_sql("await db.exec(`delete from ${table}`);").is_some());
}

#[test]
fn nothing_of_the_sql_module_can_be_given_to_a_database() {
    for (file, code) in sources("src/ddl") {
        assert!(
            !code.contains("Statement::new") && !code.contains("::op::"),
            "{file} knows what runs SQL"
        );
    }
}

/// T7: what only localStorage says can be of another replica than the one that is there. So nobody can ask it.
#[test]
fn nothing_reads_local_storage() {
    // All that is ever done with it, in the one file that may name it.
    let done = [
        "use gloo_storage::{LocalStorage, Storage as _};",
        "window.local_storage(), Ok(Some(_))",
        "let _ = LocalStorage::raw().set_item(",
        "LocalStorage::delete(",
    ];
    for (file, code) in ["src/core", "src/client", "js"].into_iter().flat_map(sources) {
        let known: &[&str] = if file == "src/client/storage.rs" { &done } else { &[] };
        let rest = known.iter().fold(code, |rest, way| {
            assert!(rest.contains(way), "{file} no longer says {way}");
            rest.replace(way, "")
        });
        let named = rest.to_lowercase().replace('_', "").contains("localstorage");
        assert!(
            !named,
            "{file} does something else with localStorage than to write and to forget"
        );
    }
    let host = sources("src/core")
        .into_iter()
        .find(|(file, _)| file == "src/core/host.rs")
        .unwrap()
        .1;
    let store = host
        .split("pub trait Store {")
        .nth(1)
        .unwrap()
        .split("\n}")
        .next()
        .unwrap();
    assert!(
        store.contains("fn write_version") && !store.contains("->"),
        "the store answers something: {store}"
    );
}
