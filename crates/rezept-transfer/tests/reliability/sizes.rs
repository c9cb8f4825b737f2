//! Files of every awkward size make the whole journey, in one parcel.

use rezept_journal::Direction;
use rezept_testkit::faults::Faults;

use crate::bench::{Bench, claim};
use crate::invariants::{Story, converged, delivered};
use crate::kind::Kind;

#[test]
fn every_awkward_size_arrives() {
    awkward_sizes(&[Kind::Plain.world(), Bench::single()]);
}

#[test]
fn every_awkward_size_arrives_sealed() {
    awkward_sizes(&[Kind::Sealed.world()]);
}

fn awkward_sizes(worlds: &[Bench]) {
    const BLOCK: usize = 64 << 10;
    const LANE: usize = 1 << 20;
    let sizes =
        [1, 2, 511, 512, 513, BLOCK - 1, BLOCK, BLOCK + 1, LANE - 1, LANE, LANE + 1, 4 * LANE, 5 * LANE + 3];
    for world in worlds {
        let mut world = world.snapshot();
        // The gate would refuse an empty file; the engine carries what it is given.
        world.put(0, "empty.uke", Vec::new());
        for (number, size) in sizes.iter().enumerate() {
            // Beginnings too short to say what they are must differ all the same.
            let mut bytes = claim(1, "2024-11", &format!("R{number}.UKE"), *size, number as u64);
            bytes[0] = if *size < 3 { b'0' + u8::try_from(number).unwrap() } else { bytes[0] };
            world.put(0, &format!("{size}.uke"), bytes);
        }
        assert!(world.journey(&Faults::none()).unwrap().is_empty());
        assert_eq!(converged(&world, &Story::default()), Vec::<String>::new());
        assert_eq!(world.states(0, Direction::Out), ["ARCHIVED"]);
        let site = world.sites.last().unwrap();
        assert_eq!(delivered(site).len(), sizes.len() + 1);
    }
}
