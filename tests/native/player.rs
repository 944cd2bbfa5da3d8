//! Walks a journey, whatever goes wrong on the way.

use electric_replica_core::driver::Replica;
use electric_replica_core::error::ErrorCode;
use electric_replica_core::fakes::{Fault, Tab, World};
use electric_replica_core::machine::{Against, Ask};

use crate::journey::{Journey, Step};

/// How a call ended.
pub type Outcome = Result<bool, ErrorCode>;

/// A journey on its way.
pub struct Player {
    /// The world it goes through.
    pub world: World,
    tab: Replica<Tab>,
    /// How the calls ended.
    pub outcomes: Vec<Outcome>,
}

impl Player {
    /// At the start of a journey, with what is to go wrong.
    #[must_use]
    pub fn new(journey: &Journey, fault: Option<(usize, Fault)>) -> Self {
        let world = World::new(journey.releases.clone(), journey.config.clone());
        if let Some((call, fault)) = fault {
            world.plan_fault(call, fault);
        }
        let tab = world.open();
        Self {
            world,
            tab,
            outcomes: Vec::new(),
        }
    }

    /// Walks all steps.
    pub fn walk(&mut self, steps: &[Step]) {
        for step in steps {
            self.step(step);
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Ask(ask) => self.ask(ask),
            Step::Tell(ask) => self.tab.tell(ask.clone()),
            Step::World(act) => act(&self.world),
            Step::Later(ms, act) => {
                let act = *act;
                self.world.after(*ms, act);
            }
            Step::Pass(ms) => self.world.pass(*ms),
            Step::Reopen => self.reopen(),
            Step::Configure(config) => {
                self.world.set_config(config());
                self.reopen();
            }
        }
    }

    fn ask(&mut self, ask: &Ask) {
        if !self.world.lives(self.tab.host().id()) {
            self.tab = self.world.open();
        }
        if let Some(outcome) = self.world.ask(&self.tab, ask.clone()) {
            self.outcomes.push(outcome.map_err(|error| error.code()));
        } else {
            // The tab was killed: a new page asks the same.
            assert!(
                !self.world.lives(self.tab.host().id()),
                "no answer to {ask:?} in a quarter of an hour"
            );
            self.tab = self.world.open();
            let outcome = self.world.ask(&self.tab, ask.clone());
            let outcome = outcome.unwrap_or_else(|| panic!("no answer to {ask:?} from a new page"));
            self.outcomes.push(outcome.map_err(|error| error.code()));
        }
        assert!(
            !self.world.is_rebuilding(self.tab.host().id()),
            "R2: answered, and the start is not closed"
        );
    }

    fn reopen(&mut self) {
        self.world.kill(self.tab.host().id());
        self.tab = self.world.open();
    }

    /// Whatever happened: the next runs end whole, and equal to the server.
    pub fn arrive(&mut self) {
        let mut last = None;
        for _ in 0..3 {
            self.ask(&Ask::Check);
            last = self.outcomes.last().copied();
            if matches!(last, Some(Ok(_))) {
                break;
            }
        }
        assert!(
            matches!(last, Some(Ok(_))),
            "three calls with nothing wrong any more: {:?}",
            self.outcomes
        );
        let there = self
            .world
            .run(300_000, |world, _| world.difference().is_none().then_some(()));
        assert!(there.is_some(), "{}", self.world.difference().unwrap_or_default());
        self.check_watchdog();
        self.check_second_run();
    }

    /// The watchdog says nothing of a replica that is as it should be.
    fn check_watchdog(&mut self) {
        for against in [Against::Record, Against::Server] {
            self.ask(&Ask::Verify { against });
            assert_eq!(self.outcomes.pop(), Some(Ok(true)), "a false alarm");
        }
    }

    /// R7: with nothing new on the server, another page downloads no row.
    fn check_second_run(&mut self) {
        self.world.pass(5_000);
        let before = self.world.snapshots();
        self.reopen();
        self.ask(&Ask::Check);
        assert_eq!(self.outcomes.last(), Some(&Ok(false)), "R7: the second run rebuilt");
        self.world.pass(3_000);
        assert_eq!(self.world.snapshots(), before, "R7: the second run downloaded rows");
        let difference = self.world.difference();
        assert!(difference.is_none(), "{}", difference.unwrap_or_default());
        let outcome = self.world.ask(&self.tab, Ask::Close);
        assert!(matches!(outcome, Some(Ok(false))), "closing: {outcome:?}");
        assert!(!self.world.is_led(), "R3: the lock was not given back");
    }
}
