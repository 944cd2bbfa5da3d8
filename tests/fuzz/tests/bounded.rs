//! Every target, a fixed number of times: on its seeds, on mutants of them, and on every input that was ever too much for it. `npm run fuzz`
//! goes on from here for as long as it is told to.

#![expect(
    clippy::indexing_slicing,
    reason = "an index that proptest made for the length is in it"
)]

use std::fs;
use std::path::Path;

use electric_replica_fuzz::{TARGETS, Target, seeds};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

/// Mutants of each target's seeds.
const MUTANTS: u32 = 600;

/// One change of an input.
#[derive(Clone, Debug)]
enum Edit {
    /// A token of the target's at a place.
    Word(Index, Index),
    /// A byte becomes another.
    Byte(Index, u8),
    /// A stretch is left out.
    Cut(Index, Index),
    /// A stretch stands there twice, the second time elsewhere.
    Copy(Index, Index, Index),
    /// What follows is another seed's end.
    Splice(Index, Index, Index),
    /// A byte of a structure's stands there.
    Structure(Index, u8),
}

fn edits() -> impl Strategy<Value = (Index, Vec<Edit>)> {
    let at = any::<Index>;
    let edit = prop_oneof![
        4 => (at(), at()).prop_map(|(place, word)| Edit::Word(place, word)),
        2 => (at(), any::<u8>()).prop_map(|(place, byte)| Edit::Byte(place, byte)),
        2 => (at(), at()).prop_map(|(from, length)| Edit::Cut(from, length)),
        1 => (at(), at(), at()).prop_map(|(from, length, to)| Edit::Copy(from, length, to)),
        1 => (at(), at(), at()).prop_map(|(place, seed, from)| Edit::Splice(place, seed, from)),
        2 => (at(), prop::sample::select(b"\"'\\{}[]():;,\n\t \0-$0".to_vec())).prop_map(|(place, byte)| Edit::Structure(place, byte)),
    ];
    (at(), prop::collection::vec(edit, 1..8))
}

fn mutant(target: &Target, seeds: &[Vec<u8>], which: Index, edits: &[Edit]) -> Vec<u8> {
    let mut data = seeds[which.index(seeds.len())].clone();
    for edit in edits {
        let place = |index: &Index, data: &[u8]| index.index(data.len() + 1);
        let stretch = |from: &Index, length: &Index, data: &[u8]| {
            let from = place(from, data);
            from..(from + length.index(40)).min(data.len())
        };
        match edit {
            Edit::Word(at, word) => {
                let at = place(at, &data);
                data.splice(at..at, target.words[word.index(target.words.len())].bytes());
            }
            Edit::Byte(at, byte) => {
                if !data.is_empty() {
                    let at = at.index(data.len());
                    data[at] = *byte;
                }
            }
            Edit::Cut(from, length) => {
                data.drain(stretch(from, length, &data));
            }
            Edit::Copy(from, length, to) => {
                let copy = data[stretch(from, length, &data)].to_vec();
                let to = place(to, &data);
                data.splice(to..to, copy);
            }
            Edit::Splice(at, seed, from) => {
                let other = &seeds[seed.index(seeds.len())];
                data.truncate(place(at, &data));
                data.extend_from_slice(&other[place(from, other)..]);
            }
            Edit::Structure(at, byte) => data.insert(place(at, &data), *byte),
        }
    }
    data
}

#[test]
fn no_mutant_of_a_seed_breaks_what_its_target_asserts() {
    let mut failures = Vec::new();
    for target in TARGETS {
        let seeds = seeds(target.name);
        assert!(!seeds.is_empty(), "{} has no seed", target.name);
        for seed in &seeds {
            (target.run)(seed);
        }
        // The same mutants every time: what fails here fails everywhere.
        let config = ProptestConfig {
            cases: MUTANTS,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(config, rng);
        let outcome = runner.run(&edits(), |(which, edits)| {
            (target.run)(&mutant(&target, &seeds, which, &edits));
            Ok(())
        });
        if let Err(failure) = outcome {
            failures.push(format!("{}: {failure}", target.name));
        }
        println!(
            "tried: hostile {}: {} seeds, {MUTANTS} mutants",
            target.name,
            seeds.len()
        );
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn what_was_once_too_much_for_a_target_no_longer_is() {
    let crashes = Path::new(env!("CARGO_MANIFEST_DIR")).join("crashes");
    let mut replayed = 0;
    for folder in fs::read_dir(crashes)
        .unwrap()
        .map(Result::unwrap)
        .filter(|it| it.path().is_dir())
    {
        let name = folder.file_name().into_string().unwrap();
        let target = TARGETS.iter().find(|target| target.name == name);
        let target = target.unwrap_or_else(|| panic!("crashes/{name} is of no target"));
        for input in fs::read_dir(folder.path()).unwrap() {
            (target.run)(&fs::read(input.unwrap().path()).unwrap());
            replayed += 1;
        }
    }
    println!("tried: inputs that once were too much: {replayed}");
}
