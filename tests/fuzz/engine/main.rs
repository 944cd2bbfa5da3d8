//! Hands libFuzzer's inputs to one target: `FUZZ_TARGET` names it, and `FUZZ_TARGETS` has their names told. `FUZZ_SEEDS` is a folder that the
//! target's seeds are written into first.
#![no_main]

use std::sync::OnceLock;

use electric_replica_fuzz::{TARGETS, Target, seeds};
use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<Target> = OnceLock::new();

fn chosen() -> &'static Target {
    TARGET.get_or_init(|| {
        let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET names a target");
        let target = TARGETS.iter().find(|target| target.name == name);
        *target.unwrap_or_else(|| panic!("there is no target {name}"))
    })
}

fuzz_target!(
    init: {
        if std::env::var_os("FUZZ_TARGETS").is_some() {
            for target in TARGETS {
                println!("{}", target.name);
            }
            std::process::exit(0);
        }
        let target = chosen();
        if let Ok(folder) = std::env::var("FUZZ_SEEDS") {
            for (nth, seed) in seeds(target.name).iter().enumerate() {
                std::fs::write(format!("{folder}/seed-{nth:02}"), seed).expect("a seed can be written");
            }
        }
    },
    |data: &[u8]| (chosen().run)(data)
);
