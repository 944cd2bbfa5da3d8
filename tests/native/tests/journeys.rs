//! Every journey with nothing going wrong but what it tells of.

use electric_replica_tests::{Player, journeys};

#[test]
fn every_journey_ends_whole_and_equal_to_the_server() {
    for journey in journeys() {
        let mut player = Player::new(&journey, None);
        player.walk(&journey.steps);
        assert_eq!(player.outcomes, journey.outcomes, "{}", journey.name);
        player.arrive();
        eprintln!("{}: {} host calls", journey.name, player.world.calls().len());
    }
}
