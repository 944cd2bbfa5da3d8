//! A transaction as js/transactions.ts runs it, and what came of it: a text of JSON there, and one back.

use crate::error::{Error, ErrorCode, Result};
use crate::json::{Value, parse, put_quoted};
use crate::op::{ENDING, LEAVING, MET_NO_ROW, Op, Places, Rows, SETTLING};
use crate::text::digits;

/// The statements of a transaction, or of [its parts](Op::part), which are transactions of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// `["how a transaction is left", "how it is ended", "how what has to last is settled", ["its kind", ["what is done", "SQL",
    /// how many statements that is, whether the rows are for it], …], …]`. What is of the kind `look` stands on nothing that was
    /// known before, and may be done with whichever tab runs the database by then; what is `unseen` [needs no file](Op::needs_no_file).
    pub text: String,
    /// What one of them reads from `STDIN`.
    pub rows: Option<Vec<u8>>,
}

impl Work {
    /// Writes operations as statements. Only one of them may have rows to load.
    ///
    /// # Errors
    ///
    /// Those of a change that does not fit its table.
    pub fn of(ops: Vec<Op>, places: &Places) -> Result<Self> {
        let mut rows = None;
        let mut text = ["[", LEAVING, ",", ENDING, ",", SETTLING].concat();
        let mut ops = ops.into_iter();
        while !ops.as_slice().is_empty() {
            let part = Op::part(ops.as_slice());
            let many = part.len();
            text.push_str(match part {
                [.., Op::FindHome | Op::ReadRecord] => r#",["look""#,
                part if part.iter().all(Op::needs_no_file) => r#",["unseen""#,
                _ => r#",["change""#,
            });
            for op in ops.by_ref().take(many) {
                put(&mut text, op, places, &mut rows)?;
            }
            text.push(']');
        }
        text.push(']');
        Ok(Self { text, rows })
    }

    /// Reads what came of it: `[rows of an operation, …]`, or what was thrown.
    ///
    /// # Errors
    ///
    /// `ROW_REFUSED`, `UNKNOWN_TYPE`, `DATABASE_FAILED`, `STORAGE_FULL`.
    pub fn outcome(text: &str) -> Result<Vec<Rows>> {
        match parse(text.as_bytes()) {
            Ok(Value::Array(answers)) => Ok(answers.into_iter().map(rows).collect()),
            Ok(thrown) => Err(refusal(&thrown)),
            Err(malformed) => Err(Error::new(ErrorCode::DatabaseFailed, RUNNING, malformed.why)),
        }
    }
}

const RUNNING: &str = "running a transaction";

/// Writes an operation. What it loads goes to `rows`.
fn put(text: &mut String, op: Op, places: &Places, rows: &mut Option<Vec<u8>>) -> Result<()> {
    text.push_str(",[");
    put_quoted(text, &op.doing());
    let statements = op.statements(places)?;
    let count = digits(statements.len() as u64);
    let mut has_rows = false;
    let mut sql = String::new();
    for statement in statements {
        if !sql.is_empty() {
            sql.push_str(";\n");
        }
        sql.push_str(&statement.sql);
        if let Some(read) = statement.rows {
            has_rows = true;
            if rows.replace(read).is_some() {
                return Err(Error::new(ErrorCode::Internal, RUNNING, "two loads are one too many"));
            }
        }
    }
    text.push(',');
    put_quoted(text, &sql);
    text.push(',');
    text.push_str(&count);
    text.push_str(if has_rows { ",true]" } else { ",false]" });
    Ok(())
}

fn rows(answer: Value) -> Rows {
    let mut rows = Rows::new();
    if let Value::Array(items) = answer {
        for row in items {
            rows.push(cells(row));
        }
    }
    rows
}

/// A list of texts: every column of the library's own queries is cast to text.
pub(crate) fn cells(row: Value) -> Vec<Option<String>> {
    let mut cells = Vec::new();
    if let Value::Array(items) = row {
        for cell in items {
            cells.push(match cell {
                Value::String(text) => Some(text),
                _ => None,
            });
        }
    }
    cells
}

/// What was thrown: `{ doing, state, message, isFull }`, all but the first where it told them.
///
/// Messages of classes 22 and 23 quote row data, so only the SQLSTATE is told of those.
fn refusal(thrown: &Value) -> Error {
    let text = |name| thrown.get(name).and_then(Value::as_str);
    let doing = text("doing").unwrap_or(RUNNING);
    let message = text("message").unwrap_or_default();
    let state = match text("state").filter(|state| state.len() == 5) {
        // Ours, through a PGliteWorker.
        None if message == MET_NO_ROW => Some("02000"),
        state => state,
    };
    let is_full = matches!(thrown.get("isFull"), Some(Value::Bool(true)));
    let (code, what) = match state.unwrap_or_default() {
        // Ours: a change that must meet one row met none.
        "02000" => return Error::new(ErrorCode::RowRefused, doing, "a change met no row of the replica"),
        // A PGliteWorker passes on the text alone, which may quote a row: it stays with the cause.
        "" if !is_full => {
            return Error::new(ErrorCode::DatabaseFailed, doing, "PGlite failed without a SQLSTATE");
        }
        "" => return Error::new(ErrorCode::StorageFull, doing, "the browser's storage is full"),
        // An extension's type, and an app that has not loaded the extension.
        "42704" => (ErrorCode::UnknownType, "PGlite lacks what the schema needs"),
        state if state.starts_with("22") || state.starts_with("23") => (ErrorCode::RowRefused, "PGlite refused a row"),
        state if is_full || state.starts_with("53") => (ErrorCode::StorageFull, "PGlite has no room left"),
        _ => (ErrorCode::DatabaseFailed, "PGlite refused a statement"),
    };
    let said = match code {
        ErrorCode::RowRefused | ErrorCode::StorageFull => "",
        _ => message,
    };
    let colon = if said.is_empty() { "" } else { ": " };
    let state = state.unwrap_or_default();
    Error::new(code, doing, [what, " (SQLSTATE ", state, ")", colon, said].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::Name;
    use crate::ingest::Format;
    use crate::op::Home;
    use crate::shape::{Handle, Lsn, Offset, Position};

    fn name(raw: &str) -> Name {
        Name::parse(raw).unwrap()
    }

    fn places() -> Places {
        Places::new(name("public")).unwrap()
    }

    fn count(table: &str) -> Op {
        Op::CountRows {
            home: Home::Staging,
            table: name(table),
        }
    }

    /// The kinds of its parts.
    fn kinds(ops: Vec<Op>) -> Vec<String> {
        let work = Work::of(ops, &places()).unwrap();
        let read: serde_json::Value = serde_json::from_str(&work.text).unwrap();
        let parts = read.as_array().unwrap().iter().skip(3);
        parts.map(|part| part[0].as_str().unwrap().to_owned()).collect()
    }

    fn thrown(more: &str) -> Error {
        Work::outcome(&format!(r#"{{"doing":"loading rows"{more}}}"#)).unwrap_err()
    }

    #[test]
    fn operations_are_written_in_their_order_each_with_its_statements() {
        let position = Op::WritePosition {
            table: name("users"),
            position: Position {
                handle: Handle("1-1".to_owned()),
                offset: Offset::Start,
            },
            lsn: Lsn(1),
            announced: None,
        };
        let ops = [count("a"), position, Op::ResetStaging];
        let written = ops.clone().map(|op| {
            let doing = op.doing();
            let statements: Vec<String> = op
                .statements(&places())
                .unwrap()
                .into_iter()
                .map(|one| one.sql)
                .collect();
            serde_json::json!([doing, statements.join(";\n"), statements.len(), false])
        });

        let work = Work::of(ops.to_vec(), &places()).unwrap();

        let read: serde_json::Value = serde_json::from_str(&work.text).unwrap();
        assert_eq!(
            read.as_array().map(|all| &all[..3]),
            Some(&["ROLLBACK", "COMMIT", "CHECKPOINT"].map(Into::into)[..])
        );
        assert_eq!(read[3].as_array().map(|all| &all[1..]), Some(&written[..]));
        assert_eq!(read[4], serde_json::Value::Null);
        assert_eq!(written.map(|one| one[2].as_u64()), [Some(1), Some(1), Some(2)]);
        assert_eq!(work.rows, None);
    }

    fn copy(rows: &str) -> Op {
        Op::Copy {
            home: Home::Staging,
            table: name("a"),
            columns: vec![name("id")],
            format: Format::Text,
            rows: rows.as_bytes().to_vec(),
        }
    }

    #[test]
    fn what_is_loaded_goes_beside_the_text() {
        let work = Work::of(vec![count("a"), copy("1"), count("b")], &places()).unwrap();

        assert_eq!(work.rows.as_deref(), Some(&b"1"[..]));
        let read: serde_json::Value = serde_json::from_str(&work.text).unwrap();
        assert_eq!(
            [1, 2, 3].map(|op| read[3][op][3].as_bool()),
            [Some(false), Some(true), Some(false)]
        );
    }

    /// A text has one `STDIN`.
    #[test]
    fn two_loads_in_a_transaction_are_a_defect() {
        let error = Work::of(vec![copy("1"), copy("2")], &places()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Internal);
    }

    #[test]
    fn what_nobody_sees_needs_no_file_and_everything_else_does() {
        let empty = |home| Op::Truncate { home, table: name("a") };
        for ops in [
            vec![copy("1")],
            vec![Op::DropLeft, Op::EnsureApp, Op::ResetStaging],
            vec![copy("1"), empty(Home::Staging)],
            vec![count("a"), Op::ReadExtendMethod],
        ] {
            assert_eq!(kinds(ops), ["unseen"]);
        }
        for ops in [
            vec![Op::ResetStaging, Op::Checkpoint],
            vec![count("a"), Op::NoteRows { tables: Vec::new() }],
            vec![copy("1"), empty(Home::App(name("public")))],
        ] {
            assert_eq!(kinds(ops), ["change"]);
        }
    }

    #[test]
    fn each_part_is_of_its_own_kind_and_nothing_is_no_transaction() {
        let placing = vec![Op::ResetStaging, Op::Rehearse, Op::Checkpoint];
        assert_eq!(kinds(placing), ["unseen", "change"]);
        assert_eq!(kinds(vec![]), Vec::<String>::new());
    }

    /// What writes down what it stands on itself may follow on anything.
    #[test]
    fn what_is_read_before_anything_is_known_is_a_look_and_nothing_else_is() {
        for ops in [
            vec![Op::FindHome],
            vec![Op::ReadRecord],
            vec![Op::EnsureHome, Op::ReadRecord],
            vec![Op::Purge { schema: name("public") }, Op::ReadRecord],
        ] {
            assert_eq!(kinds(ops), ["look"]);
        }
        assert_eq!(kinds(vec![count("a")]), ["unseen"]);
    }

    #[test]
    fn every_operation_has_its_own_rows() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            Work::outcome(r#"[[["1"]],[],[["2","é"],[null,""]]]"#),
            Ok(vec![
                vec![vec![some("1")]],
                vec![],
                vec![vec![some("2"), some("é")], vec![None, some("")]],
            ])
        );
    }

    #[test]
    fn what_postgres_says_of_a_refused_row_is_never_repeated() {
        for state in ["22P02", "22001", "22021", "23505", "23502"] {
            let error = thrown(&format!(
                r#","state":"{state}","message":"Key (email)=(ada@example.org)""#
            ));

            assert_eq!(error.code(), ErrorCode::RowRefused, "{state}");
            assert!(error.to_string().contains(state), "{error}");
            assert!(error.to_string().contains("loading rows"), "{error}");
            assert!(!error.to_string().contains("ada"), "{error}");
        }
    }

    #[test]
    fn what_postgres_says_of_a_statement_is_told() {
        for (state, code) in [("42704", ErrorCode::UnknownType), ("42P07", ErrorCode::DatabaseFailed)] {
            let error = thrown(&format!(r#","state":"{state}","message":"x is not as it should be""#));

            assert_eq!(error.code(), code);
            assert!(error.to_string().contains(state), "{error}");
            assert!(error.to_string().contains("x is not as it should be"), "{error}");
        }
    }

    /// A `PGliteWorker` passes an error's text on and drops its SQLSTATE.
    #[test]
    fn what_comes_without_a_sqlstate_is_not_repeated_either() {
        for state in ["null", r#""""#, r#""EADDRINUSE""#, "7"] {
            let error = thrown(&format!(
                r#","state":{state},"message":"wrong value: ada@example.org","isFull":false"#
            ));

            assert_eq!(error.code(), ErrorCode::DatabaseFailed);
            assert!(!error.to_string().contains("ada"), "{error}");
        }
    }

    #[test]
    fn a_full_disk_and_a_full_quota_are_a_full_storage() {
        for more in [
            r#","state":"53100","message":"no space""#,
            r#","state":null,"isFull":true"#,
            // Over the origin's private files, where a limit is not the disk's end.
            r#","state":"XX000","message":"could not extend file: File too large","isFull":true"#,
        ] {
            assert_eq!(thrown(more).code(), ErrorCode::StorageFull, "{more}");
        }
    }

    #[test]
    fn a_change_that_met_no_row_is_a_refused_row() {
        assert_eq!(thrown(r#","state":"02000""#).code(), ErrorCode::RowRefused);
        let said = format!(r#","state":null,"message":"{MET_NO_ROW}""#);
        assert_eq!(thrown(&said).code(), ErrorCode::RowRefused);
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_a_failed_database() {
        for text in ["", "7", "null", "{}", "[", r#"{"state":"22P0é"}"#] {
            let error = Work::outcome(text).unwrap_err();
            assert_eq!(error.code(), ErrorCode::DatabaseFailed, "{text}");
        }
    }
}
