//! The two kinds of worlds in which a story is told: before stations are paired and after. Knows nothing of the stories.

use crate::bench::Bench;

/// What goes between the stations of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Readable bags: nobody compared keys.
    Plain,
    /// A person compared the keys: parcels and acknowledgements are sealed and signed.
    Sealed,
}

impl Kind {
    /// A clinic that sends, a terminal that receives, and two sticks.
    pub fn world(self) -> Bench {
        self.of(Bench::new())
    }

    /// These stations, paired where this kind says so.
    pub fn of(self, mut world: Bench) -> Bench {
        if self == Self::Sealed {
            world.pair_now();
        }
        world
    }

    /// How the name of a file ends that holds content of a parcel on a medium.
    pub fn content_ending(self) -> &'static str {
        match self {
            Self::Plain => "RECEIPTC.UKE",
            Self::Sealed => ".age",
        }
    }
}
