//! From a statement's tokens to sqlparser's tree, past what sqlparser cannot read and no structure hangs on.

use sqlparser::ast;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::statements::{Statement, word};

/// The most tokens that may stand between two commas. A chain of operators is parsed into a tree as deep as it is
/// long, and a tree that deep cannot be dropped on WebAssembly's stack.
const LONGEST_RUN: usize = 1000;

/// The most parentheses and brackets inside each other. Each of them costs the parser a few kilobytes of stack.
const DEEPEST: usize = 14;

/// As much of everything else that the parser follows into itself: `NOT NOT …`, `CASE WHEN CASE …`.
const RECURSION: usize = 16;

/// Parses one statement. `None` if sqlparser cannot read it.
pub(crate) fn parse(statement: &Statement) -> Option<ast::Statement> {
    let tokens = rewritten(&statement.tokens);
    is_shallow(&tokens).then_some(())?;
    let parser = Parser::new(&PostgreSqlDialect {}).with_recursion_limit(RECURSION);
    let mut parser = parser.with_tokens_with_locations(tokens);
    let parsed = parser.parse_statement().ok()?;
    matches!(parser.peek_token().token, Token::EOF).then_some(parsed)
}

/// Leaves out what sqlparser refuses: the options of an identity column, a generated column's expression,
/// `CONCURRENTLY` behind `DROP INDEX`.
fn rewritten(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let mut out = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let words: Vec<String> = tokens.iter().skip(at).take(3).map_while(word).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let next_is_open = |offset: usize| tokens.get(at + offset).is_some_and(|next| next.token == Token::LParen);
        match words.as_slice() {
            ["GENERATED", "ALWAYS", "AS"] if next_is_open(3) => {
                at = past_parentheses(tokens, at + 3);
                let mode = tokens.get(at).and_then(word);
                at += usize::from(matches!(mode.as_deref(), Some("STORED" | "VIRTUAL")));
            }
            ["IDENTITY", ..] if next_is_open(1) => {
                out.push(token.clone());
                at = past_parentheses(tokens, at + 1);
            }
            ["DROP", "INDEX", "CONCURRENTLY"] if at == 0 => {
                out.extend(tokens.iter().take(2).cloned());
                at = 3;
            }
            _ => {
                out.push(token.clone());
                at += 1;
            }
        }
    }
    out
}

/// The place behind the parenthesis that closes the one at `open`.
fn past_parentheses(tokens: &[TokenWithSpan], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// Whether the parser's tree will be shallow enough to be built and dropped on a small stack.
fn is_shallow(tokens: &[TokenWithSpan]) -> bool {
    let mut outer = Vec::new();
    let mut run = 0_usize;
    tokens.iter().all(|token| {
        match token.token {
            Token::LParen | Token::LBracket => outer.push(std::mem::take(&mut run)),
            Token::RParen | Token::RBracket => run = outer.pop().unwrap_or(0) + 1,
            Token::Comma => run = 0,
            _ => run += 1,
        }
        run <= LONGEST_RUN && outer.len() <= DEEPEST
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statements::split;

    #[test]
    fn what_drizzle_writes_and_sqlparser_refuses_is_read() {
        for text in [
            r#"CREATE TABLE "a" ("id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "a_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9 START WITH 1 CACHE 1), "b" text)"#,
            r#"CREATE TABLE "a" ("b" text GENERATED ALWAYS AS ((lower("c"))) VIRTUAL, "c" text)"#,
            r#"DROP INDEX CONCURRENTLY IF EXISTS "a""#,
        ] {
            assert!(parse(&split(text)[0]).is_some(), "{text}");
        }
    }

    #[test]
    fn an_endless_chain_of_operators_is_not_parsed_into_a_tree_too_deep_to_drop() {
        for link in ["+1", "+f(1,2)", "::int", "[1]"] {
            let text = format!("CREATE TABLE a (b int DEFAULT 1{})", link.repeat(100_000));
            assert!(parse(&split(&text)[0]).is_none(), "{link}");
        }
    }
}
