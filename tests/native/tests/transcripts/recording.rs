//! Reads the recorded transcripts.

use std::fs;
use std::path::Path;

use electric_replica_core::shape::{Ending, Lsn, Mode, ResponseHead};

/// One request and its answer.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) label: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) head: ResponseHead,
    pub(crate) body: String,
}

impl Exchange {
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn mode(&self) -> Mode {
        if self.param("live").is_some() {
            Mode::Live
        } else {
            Mode::CatchUp
        }
    }

    pub(crate) fn ending(&self) -> Ending {
        if self.body.contains("\"control\":\"must-refetch\"") {
            Ending::MustRefetch
        } else if self.body.contains("\"control\":\"up-to-date\"") {
            let lsn = self.body.split("\"global_last_seen_lsn\":\"").nth(1).unwrap();
            Ending::UpToDate(Lsn::parse(lsn.split('"').next().unwrap()))
        } else {
            Ending::More
        }
    }

    /// The parameters in the one order of a request.
    pub(crate) fn recorded(&self) -> Vec<(String, String)> {
        let mut query = self.query.clone();
        query.sort();
        query
    }
}

/// Reads a transcript.
pub(crate) fn exchanges(number: &str) -> Vec<Exchange> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../golden/electric");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| {
        path.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with(&format!("{number}-"))
    });
    let [path] = paths.as_slice() else {
        panic!("one transcript is called {number}, not {paths:?}")
    };
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let Some(sent) = line.strip_prefix(">>>> ") else {
            continue;
        };
        let (before, url) = sent.split_once(" GET /v1/shape?").unwrap();
        let label = before.split_once("s]").unwrap().1.trim().trim_matches(['[', ']']);
        let query = url.strip_suffix(" HTTP/1.1").unwrap();
        let status = lines.find_map(|line| line.strip_prefix("HTTP/1.1 ")).unwrap();
        let headers = lines.by_ref().take_while(|line| !line.is_empty());
        let headers = headers
            .map(|line| {
                let (name, value) = line.split_once(':').unwrap();
                (name.to_owned(), value.trim().to_owned())
            })
            .collect();
        let body: Vec<&str> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        found.push(Exchange {
            label: label.to_owned(),
            query: query
                .split('&')
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap();
                    (decoded(name), decoded(value))
                })
                .collect(),
            head: ResponseHead {
                status: status.split(' ').next().unwrap().parse().unwrap(),
                headers,
            },
            body: body.concat(),
        });
    }
    found
}

pub(crate) fn decoded(raw: &str) -> String {
    let mut bytes = raw.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            plain => plain,
        });
    }
    String::from_utf8(out).unwrap()
}
