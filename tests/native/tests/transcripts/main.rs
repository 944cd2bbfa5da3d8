//! The recorded answers of a real Electric, replayed through the stream machine: it asks what was asked, and reads
//! every answer as what it was.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a transcript that cannot be read is a failed test"
)]

mod recording;

use electric_replica_core::ident::Name;
use electric_replica_core::manifest::{Column, ColumnType, Table};
use electric_replica_core::shape::{
    Agreement, Body, ElectricSchema, Ending, Handle, Lsn, Mode, Offset, Position, Progress, ShapeDefinition, ShapeHead,
    ShapeRequest, Stream, Verdict,
};

use recording::{Exchange, decoded, exchanges};

const NOW_MS: u64 = 1_795_155_462_000;
const RANDOM: f64 = 0.5;

impl Exchange {
    /// What the request asks for, whatever it has read.
    fn definition(&self) -> ShapeDefinition {
        let name = |raw: &str| Name::parse(raw).unwrap();
        ShapeDefinition {
            schema: name("public"),
            table: name(self.param("table").unwrap()),
            filter: self.param("where").map(str::to_owned),
            params: self.param("params[1]").map(str::to_owned).into_iter().collect(),
            columns: self.param("columns").map(|list| list.split(',').map(name).collect()),
        }
    }

    /// A stream that stands where the request stands.
    fn stream(&self) -> Stream {
        let offset = Offset::parse(self.param("offset").unwrap()).unwrap();
        let Some(handle) = self.param("handle").filter(|_| offset != Offset::Start) else {
            return Stream::fresh(self.definition(), None);
        };
        let handle = Handle(handle.to_owned());
        let position = Position {
            handle: handle.clone(),
            offset,
        };
        let mut stream = Stream::resume(self.definition(), position);
        if self.mode() == Mode::Live {
            let head = ShapeHead {
                handle,
                offset,
                schema: None,
                cursor: self.param("cursor").map(str::to_owned),
                up_to_date: true,
                has_data: false,
            };
            let progress = stream.read(&head, Ending::UpToDate(None), NOW_MS, RANDOM);
            assert_eq!(progress, Progress::UpToDate { pause_ms: None });
        }
        stream
    }

    /// What the stream makes of the answer, in words.
    fn outcome(&self, stream: &mut Stream) -> String {
        match stream.head(&self.head, NOW_MS, RANDOM) {
            Verdict::Read { head, body } => {
                let rows = matches!(head.offset, Offset::Chunk(_));
                assert_eq!(body == Body::SnapshotChunk, rows, "{}", head.offset);
                assert_eq!(head.up_to_date, matches!(self.ending(), Ending::UpToDate(_)));
                assert_eq!(head.schema.is_none(), self.mode() == Mode::Live);
                assert_eq!(head.cursor.is_some(), self.mode() == Mode::Live);
                match stream.read(&head, self.ending(), NOW_MS, RANDOM) {
                    Progress::More => format!("more {}", head.offset),
                    Progress::UpToDate { pause_ms: None } => format!("end {}", head.offset),
                    other => panic!("{other:?}"),
                }
            }
            Verdict::Refetch {
                new_handle: None,
                expired,
                ..
            } => {
                assert_eq!(expired.as_ref().map(|old| old.0.as_str()), self.param("handle"));
                "gone".to_owned()
            }
            Verdict::Refetch {
                new_handle: Some(new), ..
            } => {
                assert_eq!(self.head.header("electric-handle"), Some(new.0.as_str()));
                "replaced".to_owned()
            }
            Verdict::Refused { .. } => match stream.refusal(self.head.status, &self.body, RANDOM) {
                Verdict::Refused { error } => {
                    let text = error.to_string();
                    text.rsplit_once("blames ")
                        .map_or(text.clone(), |(_, whom)| format!("refused {whom}"))
                }
                Verdict::Refetch { expired: None, .. } => "lost".to_owned(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }
}

/// A request's parameters, in one order, without what only a client behind caches sends.
fn asked(request: &ShapeRequest) -> Vec<(String, String)> {
    let mut query = request.query.clone();
    query.retain(|(name, _)| name != "expired_handle");
    query
}

/// Drives a stream through the exchanges of one label; it must ask each of them by itself.
fn follow(stream: &mut Stream, exchanges: &[Exchange], label: &str) -> String {
    let of_label: Vec<&Exchange> = exchanges.iter().filter(|exchange| exchange.label == label).collect();
    assert!(!of_label.is_empty(), "nothing was recorded under {label:?}");
    let outcomes: Vec<String> = of_label
        .iter()
        .map(|exchange| {
            assert_eq!(asked(&stream.request(exchange.mode())), exchange.recorded());
            exchange.outcome(stream)
        })
        .collect();
    outcomes.join(", ")
}

/// A client's journey up to the answer that ends it, what the old handle is told then, and the load that follows.
fn journey(number: &str, label: &str, main: &str, old_handle: &str, refetch: &str) {
    let exchanges = exchanges(number);
    let first = exchanges.iter().find(|exchange| exchange.label == label).unwrap();
    let mut stream = first.stream();
    assert_eq!(follow(&mut stream, &exchanges, label), main, "{number}: {label}");
    let mut probes = 0;
    for probe in exchanges
        .iter()
        .filter(|exchange| exchange.label.starts_with("old handle, old offset"))
    {
        probes += 1;
        assert_eq!(asked(&probe.stream().request(probe.mode())), probe.recorded());
        assert_eq!(
            probe.outcome(&mut probe.stream()),
            old_handle,
            "{number}: {}",
            probe.label
        );
    }
    assert!(probes > 0, "{number} asks with the old handle");
    let expired = stream.position().map(|position| position.handle);
    stream.reset(expired.filter(|_| old_handle == "replaced"));
    assert_eq!(follow(&mut stream, &exchanges, "refetch"), refetch, "{number}: refetch");
}

#[test]
fn a_load_of_a_hundred_thousand_rows_is_four_requests_and_then_live_ones() {
    let exchanges = exchanges("01");
    let mut stream = exchanges[0].stream();
    assert_eq!(
        follow(&mut stream, &exchanges, ""),
        "more 0_0, more 0_1, more 0_2, end 0_inf, end 49042376_0, end 49042816_0, end 49043080_0, end 49043080_0"
    );
    assert_eq!(stream.seen(), Some(Lsn(49_043_080)));
}

#[test]
fn a_changed_table_is_loaded_anew_under_its_new_handle() {
    let load = "more 0_0, end 0_inf";
    for (number, last) in [
        ("21", "50060048_0"),
        ("22", "50103624_0"),
        ("23", "50140080_0"),
        ("24", "50220144_0"),
    ] {
        journey(number, "client", &format!("{load}, end {last}, gone"), "replaced", load);
    }
    // The reconciler finds it where nothing is written; the idle long polls before it move nothing.
    let idle = |last: &str| format!("{load}, end {last}, end {last}, end {last}, gone");
    journey("37", "client", &idle("50931376_0"), "replaced", load);
    journey("38", "client", &idle("51027808_0"), "replaced", load);
}

#[test]
fn a_table_that_is_gone_refuses_every_request() {
    let load = "more 0_0, end 0_inf";
    journey(
        "25",
        "client",
        &format!("{load}, end 50251448_0, gone"),
        "refused table",
        "refused table",
    );
    let idle = |last: &str| format!("{load}, end {last}, end {last}, end {last}, gone");
    journey("35", "client", &idle("50850184_0"), "refused table", "refused table");
    journey("36", "client", &idle("50900160_0"), "refused table", "refused table");
}

#[test]
fn a_condition_on_a_renamed_column_refuses_every_request() {
    journey(
        "30",
        "client",
        "more 0_0, end 0_inf, end 50656152_0, gone",
        "refused where",
        "refused where",
    );
}

#[test]
fn a_cold_table_sends_a_row_before_it_says_that_it_changed() {
    let main = "more 0_0, end 0_inf, end 50282592_0, replaced";
    journey("26", "client", main, "replaced", "more 0_0, end 0_inf");
}

#[test]
fn a_cold_type_change_keeps_its_handle_and_only_the_schema_tells() {
    let last = "end 50338096_0";
    let main = format!("more 0_0, end 0_inf, {last}, {last}, {last}, {last}");
    journey("27", "client", &main, last, &format!("more 0_0, {last}"));
    let exchanges = exchanges("27");
    let announced = |label: &str| {
        let exchange = exchanges.iter().find(|exchange| exchange.label == label).unwrap();
        ElectricSchema::parse(exchange.head.header("electric-schema").unwrap()).unwrap()
    };
    let (before, after) = (announced("client"), announced("old handle, old offset"));
    let (old, new) = (w7("integer"), w7("bigint"));
    assert_eq!(
        (before.agreement(&old), after.agreement(&new)),
        (Agreement::Same, Agreement::Same)
    );
    for disagreement in [before.agreement(&new), after.agreement(&old)] {
        assert!(matches!(disagreement, Agreement::Hard(why) if why.contains("\"qty\"")));
    }
}

/// The table of transcript 27.
fn w7(qty: &str) -> Table {
    let column = |name: &str, ty: &str, not_null| Column {
        name: Name::parse(name).unwrap(),
        ty: ColumnType::parse(ty, &[]).unwrap(),
        not_null,
    };
    Table {
        schema: Name::parse("public").unwrap(),
        name: Name::parse("w7").unwrap(),
        columns: vec![
            column("id", "integer", true),
            column("name", "text", true),
            column("qty", qty, false),
        ],
        primary_key: vec![Name::parse("id").unwrap()],
        indexes: Vec::new(),
    }
}

#[test]
fn a_choice_of_columns_is_asked_in_every_request() {
    let load = "more 0_0, end 0_inf";
    let last = "end 115348896_0";
    let main = format!("{load}, end 115347696_0, {last}, {last}, {last}, gone");
    journey("28", "client", &main, "replaced", load);
    journey(
        "29",
        "client",
        &format!("{load}, end 50624744_0, end 50625544_0, gone"),
        "replaced",
        load,
    );
}

#[test]
fn an_old_handle_is_replaced_wherever_its_reader_stands() {
    let exchanges = exchanges("40");
    let mut stream = exchanges[0].stream();
    let load = "more 0_0, more 0_1, more 0_2, end 0_inf";
    assert_eq!(
        follow(&mut stream, &exchanges, "sync"),
        format!("{load}, end 115245944_0, gone")
    );
    for label in [
        "old handle,last offset",
        "old handle,last offset,live",
        "old handle,mid-snapshot offset 0_1",
    ] {
        let probe = exchanges.iter().find(|exchange| exchange.label == label).unwrap();
        assert_eq!(asked(&probe.stream().request(probe.mode())), probe.recorded());
        assert_eq!(probe.outcome(&mut probe.stream()), "replaced", "{label}");
    }
    // Before the first write nobody knows: the fresh request is answered with the old handle and the old structure.
    let fresh = "no handle offset=-1, between DDL and first write";
    let early = exchanges.iter().find(|exchange| exchange.label == fresh).unwrap();
    let old = stream.position().unwrap().handle;
    let mut impatient = Stream::fresh(early.definition(), Some(old.clone()));
    assert!(matches!(
        impatient.head(&early.head, NOW_MS, RANDOM),
        Verdict::Wait { ms: 1.., .. }
    ));
    stream.reset(Some(old));
    assert_eq!(follow(&mut stream, &exchanges, "refetch"), load);
}

#[test]
fn unknown_handles_and_lost_offsets_are_told_apart() {
    let exchanges = exchanges("41");
    let outcome = |label: &str| {
        let exchange = exchanges.iter().find(|exchange| exchange.label == label).unwrap();
        exchange.outcome(&mut exchange.stream())
    };
    assert_eq!(outcome("unknown handle, offset=-1"), "more 0_0");
    assert_eq!(outcome("unknown handle, offset=0_0"), "replaced");
    assert_eq!(outcome("no handle, offset=0_0"), "refused handle");
    assert_eq!(outcome("good handle, offset beyond the end"), "lost");
    assert_eq!(outcome("unknown table"), "refused table");
    assert_eq!(outcome("unknown table with a live handle"), "refused table");
}

#[test]
fn a_change_between_two_chunks_ends_the_load() {
    let exchanges = exchanges("42");
    let mut stream = exchanges[0].stream();
    assert_eq!(
        follow(&mut stream, &exchanges, "chunk"),
        "more 0_0, more 0_1, more 0_2, replaced"
    );
}

#[test]
fn a_table_can_be_asked_for_before_it_is_there() {
    let exchanges = exchanges("44");
    let early = &exchanges[0];
    let mut stream = early.stream();
    assert_eq!(follow(&mut stream, &exchanges, "newtab before CREATE"), "refused table");
    assert_eq!(
        follow(&mut stream, &exchanges, "newtab"),
        "more 0_0, end 0_inf, end 92487520_0, end 92487720_0"
    );
    let other = exchanges
        .iter()
        .find(|exchange| exchange.label == "items live")
        .unwrap();
    assert_eq!(
        follow(&mut other.stream(), &exchanges, "items live"),
        "end 92506672_0, end 92506672_0"
    );
}

#[test]
fn a_table_dropped_and_created_again_has_another_handle() {
    let exchanges = exchanges("45");
    let mut stream = exchanges[0].stream();
    assert_eq!(follow(&mut stream, &exchanges, "live"), "end 0_inf, gone");
    let gone = stream.position().unwrap();
    let mut again = Stream::resume(stream.definition().clone(), gone.clone());
    assert_eq!(follow(&mut again, &exchanges, "old handle"), "refused table");
    assert_eq!(follow(&mut again, &exchanges, "old handle after recreate"), "replaced");
    again.reset(Some(gone.handle));
    assert_eq!(follow(&mut again, &exchanges, "fresh after recreate"), "more 0_0");
}

#[test]
fn conditions_parameters_and_columns_are_asked_as_recorded() {
    let exchanges = exchanges("47");
    assert_eq!(exchanges.len(), 3);
    for exchange in &exchanges {
        let mut stream = exchange.stream();
        let request = stream.request(Mode::CatchUp);
        assert_eq!(asked(&request), exchange.recorded());
        let read_back: Vec<(String, String)> = request
            .query_string()
            .split('&')
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap();
                (decoded(name), decoded(value))
            })
            .collect();
        assert_eq!(read_back, exchange.recorded());
        assert_eq!(exchange.outcome(&mut stream), "more 0_0");
    }
}
