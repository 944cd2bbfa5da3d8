//! Takes SQL text apart into statements: where each stands and what kind it is. Reads no structure.

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

/// What drizzle writes between two statements.
const BREAKPOINT: &str = "--> statement-breakpoint";

/// One statement.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    /// Without white space and comments. Empty if the text could not be read.
    pub(crate) tokens: Vec<TokenWithSpan>,
    /// Where it stands in its text.
    pub(crate) place: Place,
}

/// Where a statement stands in its text; both count from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) number: usize,
    pub(crate) line: usize,
}

/// Takes a text apart at semicolons and breakpoints.
pub(crate) fn split(text: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut line = 0;
    for chunk in text.split(BREAKPOINT) {
        // A breakpoint ends a statement with or without a semicolon, so one bad statement cannot swallow the next.
        split_chunk(chunk, line, &mut statements);
        line += chunk.matches('\n').count();
    }
    statements
}

fn split_chunk(chunk: &str, lines_before: usize, statements: &mut Vec<Statement>) {
    let mut push = |tokens: Vec<TokenWithSpan>, line: usize| {
        let number = statements.len() + 1;
        statements.push(Statement {
            tokens,
            place: Place { number, line },
        });
    };
    let (tokens, readable) = tokens(chunk);
    let mut parts: Vec<&[TokenWithSpan]> = tokens.split(|token| token.token == Token::SemiColon).collect();
    // Where a quote or a comment is not closed, the statement it stands in cannot be read; those before it can.
    let unreadable = if readable { None } else { parts.pop() };
    let line = |part: &[TokenWithSpan]| part.first().map_or(0, |token| usize_of(token.span.start.line));
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        push(part.to_vec(), lines_before + line(part));
    }
    if let Some(part) = unreadable {
        let end = tokens.last().map_or(1, |token| usize_of(token.span.end.line));
        push(
            Vec::new(),
            lines_before + if part.is_empty() { end } else { line(part) },
        );
    }
}

fn usize_of(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The tokens without white space and comments, and whether they are all: a quote or a comment may not be closed.
fn tokens(text: &str) -> (Vec<TokenWithSpan>, bool) {
    let mut tokens = Vec::new();
    let outcome = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize_with_location_into_buf(&mut tokens);
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF));
    (tokens, outcome.is_ok())
}

impl Statement {
    /// Its words from `start` on, in capitals, until something else comes. Quoted names are no words.
    pub(crate) fn words(&self, start: usize) -> Vec<String> {
        let rest = self.tokens.get(start..).unwrap_or_default();
        rest.iter().map_while(word).collect()
    }

    /// What kind of statement it is, in words of SQL alone: never a name or a value out of its text.
    pub(crate) fn kind(&self) -> String {
        let words = self.words(0);
        let Some(verb) = words.first().and_then(|first| known(&VERBS, first)) else {
            return "no statement this library knows".to_owned();
        };
        let object = ["CREATE", "ALTER", "DROP", "COMMENT"]
            .contains(&verb)
            .then(|| words.iter().skip(1).take(5).find_map(|word| known(&OBJECTS, word)))
            .flatten();
        let action = (verb == "ALTER").then(|| self.action()).flatten();
        [Some(verb), object, action]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// What an `ALTER` does: the first word of the action that follows the name.
    pub(crate) fn action(&self) -> Option<&'static str> {
        let words = self.words(self.after_name(2)?);
        words.first().and_then(|first| known(&ACTIONS, first))
    }

    /// The place behind a name that starts at `start`, after `IF EXISTS` and `ONLY`.
    pub(crate) fn after_name(&self, start: usize) -> Option<usize> {
        let mut at = start;
        let words = self.words(at);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if words.starts_with(&["IF", "EXISTS"]) {
            at += 2;
        }
        if self.words(at).first().is_some_and(|word| word == "ONLY") {
            at += 1;
        }
        while matches!(self.tokens.get(at).map(|token| &token.token), Some(Token::Word(_))) {
            at += 1;
            if self.tokens.get(at).is_none_or(|token| token.token != Token::Period) {
                return Some(at);
            }
            at += 1;
        }
        None
    }

    /// The statements inside `DO $$ BEGIN … EXCEPTION WHEN duplicate_… THEN null; END $$`, or `None` if it is
    /// anything else. Inside, what exists already is left as it is.
    pub(crate) fn unguarded(&self) -> Option<Vec<Self>> {
        let (first, rest) = self.tokens.split_first()?;
        if word(first)? != "DO" {
            return None;
        }
        let mut bodies = rest.iter().filter_map(|token| match &token.token {
            Token::DollarQuotedString(body) => Some((&body.value, token.span.start.line)),
            Token::SingleQuotedString(body) => Some((body, token.span.start.line)),
            _ => None,
        });
        let (body, start) = bodies.next()?;
        let lines_before = usize_of(start.saturating_sub(first.span.start.line));
        let line = self.place.line + lines_before;
        if bodies.next().is_some() {
            return None;
        }
        let (tokens, readable) = tokens(body);
        readable.then_some(())?;
        let (begin, rest) = tokens.split_first()?;
        if word(begin)? != "BEGIN" {
            return None;
        }
        let end = rest
            .iter()
            .position(|token| word(token).as_deref() == Some("EXCEPTION"))?;
        let (inner, handler) = rest.split_at_checked(end)?;
        is_duplicate_handler(handler).then_some(())?;
        let parts = inner.split(|token| token.token == Token::SemiColon);
        let statements = parts.filter(|part| !part.is_empty()).map(|part| {
            let own_line = part.first().map_or(1, |token| token.span.start.line);
            Self {
                tokens: part.to_vec(),
                place: Place {
                    number: self.place.number,
                    line: line + usize_of(own_line.saturating_sub(1)),
                },
            }
        });
        Some(statements.collect())
    }
}

/// `EXCEPTION WHEN duplicate_object [OR duplicate_table …] THEN null; END [;]`.
fn is_duplicate_handler(tokens: &[TokenWithSpan]) -> bool {
    let words = tokens
        .iter()
        .filter(|token| token.token != Token::SemiColon)
        .map(word)
        .collect::<Option<Vec<_>>>();
    let Some(words) = words else {
        return false;
    };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some(conditions) = words
        .strip_prefix(["EXCEPTION", "WHEN"].as_slice())
        .and_then(|rest| rest.strip_suffix(["THEN", "NULL", "END"].as_slice()))
    else {
        return false;
    };
    !conditions.is_empty()
        && conditions
            .iter()
            .all(|word| *word == "OR" || word.starts_with("DUPLICATE_"))
}

/// An unquoted word in capitals.
pub(crate) fn word(token: &TokenWithSpan) -> Option<String> {
    match &token.token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_uppercase()),
        _ => None,
    }
}

fn known(list: &[&'static str], word: &str) -> Option<&'static str> {
    list.iter().find(|known| **known == word).copied()
}

#[rustfmt::skip]
const VERBS: [&str; 41] = [
    "CREATE", "ALTER", "DROP", "COMMENT", "INSERT", "UPDATE", "DELETE", "SELECT", "WITH", "TRUNCATE", "MERGE", "COPY",
    "DO", "CALL", "EXECUTE", "PREPARE", "DEALLOCATE", "SET", "RESET", "SHOW", "GRANT", "REVOKE", "REASSIGN", "BEGIN",
    "START", "COMMIT", "ROLLBACK", "END", "SAVEPOINT", "LOCK", "ANALYZE", "VACUUM", "REINDEX", "CLUSTER", "REFRESH",
    "NOTIFY", "LISTEN", "EXPLAIN", "VALUES", "IMPORT", "SECURITY",
];

#[rustfmt::skip]
const OBJECTS: [&str; 32] = [
    "TABLE", "TYPE", "INDEX", "VIEW", "FUNCTION", "TRIGGER", "SCHEMA", "EXTENSION", "SEQUENCE", "POLICY", "ROLE",
    "DOMAIN", "PROCEDURE", "DATABASE", "USER", "AGGREGATE", "RULE", "PUBLICATION", "SUBSCRIPTION", "STATISTICS",
    "CAST", "OPERATOR", "COLLATION", "SERVER", "LANGUAGE", "TABLESPACE", "COLUMN", "CONSTRAINT", "OWNED", "DEFAULT",
    "ROUTINE", "SYSTEM",
];

#[rustfmt::skip]
const ACTIONS: [&str; 18] = [
    "ADD", "DROP", "ALTER", "RENAME", "SET", "RESET", "ENABLE", "DISABLE", "FORCE", "NO", "OWNER", "CLUSTER",
    "REPLICA", "VALIDATE", "INHERIT", "ATTACH", "DETACH", "NOT",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(String, usize, usize)> {
        let place = |s: &Statement| (s.kind(), s.place.number, s.place.line);
        split(text).iter().map(place).collect()
    }

    #[test]
    fn a_semicolon_inside_quotes_or_comments_ends_nothing() {
        let text = "-- a; b\nINSERT INTO t VALUES ('a;b', $$c;d$$); /* e; */\nDROP TABLE \"x;y\";\n;";
        assert_eq!(kinds(text), [("INSERT".into(), 1, 2), ("DROP TABLE".into(), 2, 3)]);
    }

    #[test]
    fn a_breakpoint_ends_a_statement_even_one_that_cannot_be_read() {
        let text = "SELECT 'open\n--> statement-breakpoint\nCREATE UNIQUE INDEX i ON t (a)--> statement-breakpoint\n";
        assert_eq!(
            kinds(text),
            [
                ("no statement this library knows".into(), 1, 1),
                ("CREATE INDEX".into(), 2, 3)
            ]
        );
    }

    #[test]
    fn a_kind_never_repeats_a_name_or_a_value() {
        for text in [
            "secret",
            "'secret'",
            "ALTER TABLE secret secret",
            "CREATE secret",
            "DROP TABLE secret",
            "DO $$secret$$",
        ] {
            for (kind, ..) in kinds(text) {
                assert!(!kind.to_lowercase().contains("secret"), "{kind}");
            }
        }
    }

    #[test]
    fn a_guarded_block_is_opened_and_any_other_is_not() {
        let guarded =
            "\nDO $$ BEGIN\n CREATE TYPE \"a\" AS ENUM('x;y');\nEXCEPTION\n WHEN duplicate_object THEN null;\nEND $$;";
        let inner = split(guarded)[0].unguarded().unwrap();
        assert_eq!(inner.len(), 1);
        assert_eq!((inner[0].kind().as_str(), inner[0].place.line), ("CREATE TYPE", 3));
        for other in [
            "DO $$ BEGIN DROP TABLE a; END $$",
            "DO $$ BEGIN DROP TABLE a; EXCEPTION WHEN others THEN null; END $$",
            "DO $$ BEGIN CREATE TYPE a AS ENUM('x'); EXCEPTION WHEN duplicate_object THEN DROP TABLE b; END $$",
            "DO $$ DECLARE x int; BEGIN NULL; EXCEPTION WHEN duplicate_object THEN null; END $$",
            "SELECT 1",
        ] {
            assert!(split(other)[0].unguarded().is_none(), "{other}");
        }
    }
}
