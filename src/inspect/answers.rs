//! What came of the steps so far. Whatever has no answer yet is the next step, and ends this look at it with `Err`.

use electric_replica_core::op::{Op, Places, Rows};
use electric_replica_core::work::Work;
use serde::Deserialize;

use crate::step::{Problem, Step};

/// The answers that nobody has taken yet, in their order.
pub(crate) struct Answers(std::vec::IntoIter<Answer>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Text(String),
    Nothing(Problem),
}

/// What a step came to: a step itself where it has not been done yet.
pub(crate) type Asked<T> = Result<Result<T, Problem>, Step>;

impl Answers {
    /// Reads the list. What is no list is none.
    pub(crate) fn read(text: &str) -> Self {
        Self(
            serde_json::from_str::<Vec<Answer>>(text)
                .unwrap_or_default()
                .into_iter(),
        )
    }

    pub(crate) fn transact(&mut self, ops: Vec<Op>, places: &Places) -> Asked<Vec<Rows>> {
        let told = self.take(|| match Work::of(ops, places) {
            Ok(work) => Step::Transact { work: work.text },
            Err(error) => Step::Fail(Problem::of(&error)),
        })?;
        Ok(told.and_then(|text| Work::outcome(&text).map_err(|error| Problem::of(&error))))
    }

    pub(crate) fn ask(&mut self, url: &str) -> Asked<String> {
        self.take(|| Step::Ask { url: url.to_owned() })
    }

    pub(crate) fn heads(&mut self, urls: Vec<String>) -> Asked<Vec<String>> {
        let told = self.take(|| Step::Heads { urls })?;
        Ok(told.map(|text| serde_json::from_str(&text).unwrap_or_default()))
    }

    pub(crate) fn translate(&mut self, schemas: String) -> Asked<String> {
        self.take(|| Step::Translate { schemas })
    }

    fn take(&mut self, step: impl FnOnce() -> Step) -> Asked<String> {
        match self.0.next() {
            Some(Answer::Text(text)) => Ok(Ok(text)),
            Some(Answer::Nothing(problem)) => Ok(Err(problem)),
            None => Err(step()),
        }
    }
}
