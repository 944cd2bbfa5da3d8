//! What TypeScript hands over.

use super::*;

const PLAIN: &str = r#""versionUrl":"/v","schemasUrl":"/s","shapeUrl":"/e","schema":"public""#;
const CHOICES: &str = r#""strategy":"swap","scope":"changed","schemaSource":"endpoints","remedy":"mend""#;
const APP_FED: &str = r#""strategy":"in-place","scope":"all","schemaSource":"endpoints","remedy":"tell""#;

fn read(choices: &str, more: &str) -> Result<Options> {
    let comma = if more.is_empty() { "" } else { "," };
    Options::read(&format!("{{{PLAIN},{choices}{comma}{more}}}"))
}

/// The code and the message of what is refused.
fn refused(choices: &str, more: &str) -> (ErrorCode, String) {
    let error = read(choices, more).unwrap_err();
    (error.code(), error.to_string())
}

#[test]
fn options_left_out_keep_the_cores_defaults() {
    for more in [
        "",
        r#""tables":null,"limits":null,"lockName":null,"sync":null,"expects":null,"keepPreviousMs":null"#,
    ] {
        let Options {
            config,
            urls,
            lock_name,
        } = read(CHOICES, more).unwrap();

        assert_eq!(config.tables, Choice::All);
        assert_eq!((config.strategy, config.scope), (Strategy::Swap, Scope::Changed));
        assert_eq!((config.source, config.keep_previous_ms), (Source::Endpoints, 0));
        assert_eq!((config.feed, config.expects), (Feed::Ours, Expects::Nothing));
        assert_eq!(config.limits, Limits::default());
        assert_eq!(lock_name, None);
        assert_eq!(
            [&urls.version[..], &urls.schemas[..], &urls.shape[..]],
            ["/v", "/s", "/e"]
        );
    }
}

#[test]
fn every_choice_is_understood() {
    let limits = r#"{"liveConnections":1,"loads":2,"pieceBytes":3,"patienceMs":4,"softPatienceMs":5,"settleMs":6,
        "confirmMs":7,"throttleMs":8,"spreadMs":10,"recheckMs":11,"stuckMs":12,"askMs":9,"stallMs":4294967295}"#;
    let tables = r#"[{"name":"users"},{"name":"teams","where":"a = $1","params":["ü"],"columns":["id"]}]"#;
    let more = format!(r#""sync":{{"keys":["a"]}},"limits":{limits},"lockName":"l""#);

    let Options { config, lock_name, .. } = read(APP_FED, &more).unwrap();
    let swapped = read(CHOICES, &format!(r#""tables":{tables},"keepPreviousMs":5"#)).unwrap();
    let electric = r#""strategy":"swap","scope":"all","schemaSource":"electric","remedy":"mend""#;

    assert_eq!((config.strategy, config.scope), (Strategy::InPlace, Scope::All));
    assert_eq!((config.remedy, swapped.config.remedy), (Remedy::Tell, Remedy::Mend));
    assert_eq!(lock_name.as_deref(), Some("l"));
    let keys = vec!["a".to_owned()];
    assert_eq!(config.feed, Feed::App { keys });
    assert_eq!(
        config.limits,
        Limits {
            live_connections: 1,
            loads: 2,
            piece_bytes: 3,
            patience_ms: 4,
            soft_patience_ms: 5,
            settle_ms: 6,
            confirm_ms: 7,
            throttle_ms: 8,
            spread_ms: 10,
            recheck_ms: 11,
            stuck_ms: 12,
            ask_ms: 9,
            stall_ms: 4_294_967_295,
        }
    );
    assert_eq!(swapped.config.keep_previous_ms, 5);
    let name = |raw: &str| Name::parse(raw).unwrap();
    let users = TableChoice {
        name: name("users"),
        filter: None,
        params: Vec::new(),
        columns: None,
    };
    let teams = TableChoice {
        name: name("teams"),
        filter: Some("a = $1".to_owned()),
        params: vec!["ü".to_owned()],
        columns: Some(vec![name("id")]),
    };
    assert_eq!(swapped.config.tables, Choice::Some(vec![users, teams]));
    assert_eq!(
        read(electric, &format!(r#""tables":{tables}"#)).unwrap().config.source,
        Source::Electric
    );
}

#[test]
fn what_the_app_reads_is_tables_or_a_fingerprint() {
    let print = "00112233445566778899AABBCCDDEEFF";
    let expects = |value: &str| read(CHOICES, &format!(r#""expects":{value}"#)).map(|options| options.config.expects);
    let tables = expects(r#"[{"name":"users","columns":["id","name"]}]"#).unwrap();
    let structure = expects(&format!("\"{print}\"")).unwrap();

    assert!(
        matches!(&tables, Expects::Tables(tables) if tables[0].columns.as_ref().is_some_and(|columns| columns.len() == 2))
    );
    assert!(matches!(&structure, Expects::Structure(read) if read.0 == print.to_ascii_lowercase()));
    for (value, code) in [
        ("\"abc\"", ErrorCode::InvalidOptions),
        ("7", ErrorCode::InvalidOptions),
        (r#"["users"]"#, ErrorCode::InvalidOptions),
        (r#"[{"name":"","columns":[]}]"#, ErrorCode::InvalidName),
    ] {
        assert_eq!(expects(value).map_err(|error| error.code()), Err(code), "{value}");
    }
}

#[test]
fn an_option_of_another_kind_is_refused_by_its_name() {
    for (more, place) in [
        (r#""tables":"users""#, r#""tables" of the options"#),
        (r#""tables":[7]"#, "a table should be an object"),
        (r#""tables":[{"name":7}]"#, r#""name" of a table"#),
        (r#""tables":[{}]"#, r#""name" of a table"#),
        (r#""tables":[{"name":"a","where":7}]"#, r#""where" of a table"#),
        (r#""tables":[{"name":"a","params":[7]}]"#, r#""params" of a table"#),
        (r#""tables":[{"name":"a","columns":"id"}]"#, r#""columns" of a table"#),
        (r#""limits":7"#, "`limits` should be an object"),
        (r#""limits":{"loads":"two"}"#, r#""loads" of `limits`"#),
        (r#""limits":{"loads":-1}"#, r#""loads" of `limits`"#),
        (r#""limits":{"askMs":0.5}"#, r#""askMs" of `limits`"#),
        (r#""limits":{"askMs":4294967296}"#, r#""askMs" of `limits`"#),
        (r#""keepPreviousMs":false"#, r#""keepPreviousMs" of the options"#),
        (r#""lockName":7"#, r#""lockName" of the options"#),
        (r#""sync":7"#, "`sync` should be an object"),
        (r#""sync":{}"#, r#""keys" of `sync`"#),
        (r#""sync":{"keys":"a"}"#, r#""keys" of `sync`"#),
    ] {
        let (code, message) = refused(CHOICES, more);
        assert_eq!(code, ErrorCode::InvalidOptions, "{more}");
        assert!(message.contains(place), "{more}: {message}");
    }
    for name in ["strategy", "scope", "schemaSource", "remedy"] {
        for value in ["7", "\"magic\"", "null"] {
            let wrong = CHOICES.replace(&format!("\"{name}\":"), &format!("\"{name}\":{value},\"x\":"));
            let (code, message) = refused(&wrong, "");
            assert_eq!(code, ErrorCode::InvalidOptions, "{wrong}");
            assert!(message.contains(name), "{wrong}: {message}");
        }
    }
}

#[test]
fn an_option_that_nobody_knows_is_refused_wherever_it_stands() {
    for more in [
        r#""schemaa":"public""#,
        r#""tables":[{"name":"users","colums":[]}]"#,
        r#""limits":{"patience":7}"#,
        r#""sync":{"keys":[],"key":7}"#,
    ] {
        let choices = if more.contains("sync") { APP_FED } else { CHOICES };
        let (code, message) = refused(choices, more);
        assert_eq!(code, ErrorCode::InvalidOptions, "{more}");
        assert!(message.contains("has no option"), "{more}: {message}");
    }
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    for (choices, more) in [
        (
            r#""strategy":"swap","scope":"all","schemaSource":"electric","remedy":"mend""#,
            "",
        ),
        (CHOICES, r#""sync":{"keys":["a"]}"#),
        (
            r#""strategy":"in-place","scope":"changed","schemaSource":"endpoints","remedy":"mend""#,
            r#""sync":{"keys":["a"]}"#,
        ),
        (
            APP_FED,
            r#""sync":{"keys":["a"]},"tables":[{"name":"a","where":"true"}]"#,
        ),
        (APP_FED, r#""keepPreviousMs":5"#),
        (CHOICES, r#""keepPreviousMs":2000000001"#),
        (CHOICES, r#""tables":[{"name":"a"},{"name":"a"}]"#),
    ] {
        assert_eq!(refused(choices, more).0, ErrorCode::InvalidOptions, "{more}");
    }
}

#[test]
fn a_name_that_is_none_is_refused_as_a_name() {
    for more in [
        r#""tables":[{"name":""}]"#,
        r#""tables":[{"name":"users","columns":["a\u0000b"]}]"#,
        r#""tables":[{"name":"users\"; DROP TABLE users; --"}]"#,
    ] {
        assert_eq!(refused(CHOICES, more).0, ErrorCode::InvalidName, "{more}");
    }
    let text = format!("{{{PLAIN},{CHOICES}}}").replace("public", "");
    assert_eq!(Options::read(&text).unwrap_err().code(), ErrorCode::InvalidName);
}

#[test]
fn options_that_are_no_object_are_refused() {
    for text in ["", "null", "7", "\"options\"", "[]", "{", "{}"] {
        let error = Options::read(text).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidOptions, "{text}");
    }
}
