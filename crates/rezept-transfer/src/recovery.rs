//! What to do next, as a pure function of the journal's state and of what stands on the medium. The normal way and the
//! way after a crash are the same way: every step looks again and asks again.

use rezept_journal::ParcelState;

/// A header as it stands on the medium, seen by its sender.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeaderThere {
    /// There is none.
    Absent,
    /// It has the planned bytes.
    Same,
    /// It says something else.
    Other,
    /// It cannot be read: bytes of ours that the medium lost, not the word of another.
    Damaged,
}

/// An acknowledgement as it stands on the medium, seen by the sender.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AckThere {
    /// There is none.
    Absent,
    /// It acknowledges exactly what was sent.
    Good,
    /// It is damaged, or acknowledges something else.
    Bad(String),
}

/// What a sender finds of one parcel on one medium.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outside {
    /// Unfinished pieces (`.part`).
    pub parts: bool,
    /// The content under its final name.
    pub bag: bool,
    /// What is to be written is at hand: a sealed parcel lies sealed in the spool.
    pub ready: bool,
    /// The header under its final name.
    pub header: HeaderThere,
    /// The acknowledgement.
    pub ack: AckThere,
    /// The signature of an acknowledgement that is not there itself.
    pub ack_rest: bool,
}

/// The sender's next step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OutStep {
    /// Remove unfinished pieces.
    Sweep,
    /// Seal the content into the spool.
    Seal,
    /// Write the content.
    WriteBag,
    /// Read the content again.
    ReadBack,
    /// Write the header.
    WriteHeader,
    /// The header stands there: read it again and commit.
    Commit,
    /// The content is gone: plan it anew.
    Rewrite,
    /// Take the acknowledgement.
    Acknowledge,
    /// The acknowledgement is bad: tell a person, wait on.
    ReportAck(String),
    /// Remove the header from the medium, before anything else of the parcel.
    RemoveHeader,
    /// Remove the content from the medium.
    RemoveBag,
    /// Remove the acknowledgement, which is journalled.
    RemoveAck,
    /// A cancelled parcel arrived after all: tell a person, then remove the acknowledgement.
    ReportArrived,
    /// Put the sources away.
    PutAway,
    /// Nothing now: wait for the acknowledgement.
    Wait,
    /// Someone else wrote under our id: stop.
    Contradiction,
    /// Nothing, for good or until a person decides.
    Rest,
}

/// The sender's next step for a parcel.
#[must_use]
pub fn next_out(state: ParcelState, there: &Outside) -> OutStep {
    use ParcelState as S;
    let other = there.header == HeaderThere::Other;
    let header = there.header == HeaderThere::Same;
    let damaged = there.header == HeaderThere::Damaged;
    match state {
        S::Spooled | S::Written | S::ReadBack if other => OutStep::Contradiction,
        S::Spooled | S::Written | S::ReadBack if damaged => OutStep::RemoveHeader,
        // A header without its content: the content was taken away. Nothing may stay that names what is not there.
        S::Written | S::ReadBack if header && !there.bag => OutStep::RemoveHeader,
        // What stands there was left by an interruption, by a flush that failed, or lies there damaged and is sent again:
        // none of it is trusted, all is written again.
        S::Spooled if header => OutStep::RemoveHeader,
        S::Spooled if there.bag => OutStep::RemoveBag,
        S::Spooled if there.parts => OutStep::Sweep,
        S::Spooled if !there.ready => OutStep::Seal,
        S::Spooled => OutStep::WriteBag,
        S::Written if there.bag => OutStep::ReadBack,
        S::Written => OutStep::Rewrite,
        S::ReadBack if header => OutStep::Commit,
        S::ReadBack if !there.bag => OutStep::Rewrite,
        S::ReadBack if there.parts => OutStep::Sweep,
        S::ReadBack => OutStep::WriteHeader,
        S::Committed | S::Expired => match &there.ack {
            AckThere::Good => OutStep::Acknowledge,
            AckThere::Bad(why) => OutStep::ReportAck(why.clone()),
            AckThere::Absent => OutStep::Wait,
        },
        S::Acknowledged | S::Archived | S::Cancelled if header || damaged => OutStep::RemoveHeader,
        S::Acknowledged | S::Archived | S::Cancelled if there.bag && !other => OutStep::RemoveBag,
        S::Acknowledged | S::Archived | S::Cancelled if there.parts => OutStep::Sweep,
        S::Acknowledged | S::Archived if there.ack != AckThere::Absent || there.ack_rest => {
            OutStep::RemoveAck
        }
        S::Acknowledged => OutStep::PutAway,
        S::Cancelled if there.ack == AckThere::Good => OutStep::ReportArrived,
        _ => OutStep::Rest,
    }
}

/// What a receiver finds of one parcel: on the medium, and in the staging folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inside {
    /// The medium at hand holds the parcel (header and content).
    pub on_medium: bool,
    /// Every file that is not yet delivered stands in staging.
    pub staged: bool,
    /// Deliveries were planned: a file that is missing in staging stands in the inbox.
    pub planned: bool,
    /// The medium at hand can take the acknowledgement and does not hold it yet.
    pub ack_missing: bool,
    /// The medium at hand holds the acknowledgement.
    pub ack_there: bool,
}

/// The receiver's next step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InStep {
    /// Prove where it comes from and that it is for us.
    Authenticate,
    /// Copy every byte into staging, with hashes.
    Copy,
    /// Staging was lost: begin again.
    StartOver,
    /// Look into the contents and decide.
    Judge,
    /// Choose the places and journal them.
    PlanDelivery,
    /// Give the files their places.
    Deliver,
    /// Write the acknowledgement.
    WriteAck,
    /// The acknowledgement already stands there (a crash came between rename and journal): take it as written.
    AdoptAck,
    /// Nothing now.
    Rest,
}

/// The receiver's next step for a parcel.
#[must_use]
pub const fn next_in(state: ParcelState, there: Inside) -> InStep {
    use ParcelState as S;
    match state {
        S::Found if there.on_medium => InStep::Authenticate,
        S::Authentic if there.on_medium => InStep::Copy,
        S::Copied if there.staged => InStep::Judge,
        S::Valid if there.planned => InStep::Deliver,
        S::Valid if there.staged => InStep::PlanDelivery,
        S::Copied | S::Valid if there.on_medium => InStep::StartOver,
        S::Delivered if there.ack_missing => InStep::WriteAck,
        S::Delivered if there.ack_there => InStep::AdoptAck,
        S::AckWritten if there.on_medium && there.ack_missing => InStep::WriteAck,
        _ => InStep::Rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outsides() -> Vec<Outside> {
        let mut all = Vec::new();
        for parts in [false, true] {
            for bag in [false, true] {
                for header in
                    [HeaderThere::Absent, HeaderThere::Same, HeaderThere::Other, HeaderThere::Damaged]
                {
                    for ack in [AckThere::Absent, AckThere::Good, AckThere::Bad("x".into())] {
                        for (ready, ack_rest) in [(false, false), (true, false), (false, true), (true, true)]
                        {
                            let ack = ack.clone();
                            all.push(Outside { parts, bag, ready, header, ack, ack_rest });
                        }
                    }
                }
            }
        }
        all
    }

    #[test]
    fn a_header_is_written_only_over_a_read_back_bag_and_bytes_only_without_one() {
        for state in ParcelState::ALL {
            for there in outsides() {
                match next_out(*state, &there) {
                    OutStep::WriteHeader => {
                        assert!(
                            *state == ParcelState::ReadBack
                                && there.bag
                                && there.header == HeaderThere::Absent
                        );
                    }
                    OutStep::WriteBag => {
                        assert!(*state == ParcelState::Spooled && !there.bag && !there.parts && there.ready)
                    }
                    OutStep::Seal => assert!(*state == ParcelState::Spooled && !there.ready),
                    OutStep::Commit => assert!(*state == ParcelState::ReadBack && there.bag),
                    OutStep::RemoveBag => {
                        assert_eq!(
                            there.header,
                            HeaderThere::Absent,
                            "content goes only after its header: {state}"
                        );
                        assert!(!matches!(state, ParcelState::Committed | ParcelState::Expired));
                    }
                    OutStep::PutAway => assert_eq!(*state, ParcelState::Acknowledged),
                    OutStep::Acknowledge => assert_eq!(there.ack, AckThere::Good),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn nothing_of_a_committed_parcel_is_touched_before_its_acknowledgement() {
        for state in [ParcelState::Committed, ParcelState::Expired] {
            for there in outsides() {
                let step = next_out(state, &there);
                assert!(
                    matches!(step, OutStep::Wait | OutStep::Acknowledge | OutStep::ReportAck(_)),
                    "{state} {there:?} {step:?}"
                );
            }
        }
    }

    #[test]
    fn a_foreign_header_is_never_removed() {
        for state in ParcelState::ALL {
            for there in outsides().into_iter().filter(|there| there.header == HeaderThere::Other) {
                let step = next_out(*state, &there);
                assert!(
                    !matches!(step, OutStep::RemoveHeader | OutStep::RemoveBag | OutStep::WriteHeader),
                    "{state}"
                );
            }
        }
    }

    #[test]
    fn a_planned_delivery_is_finished_without_the_medium() {
        let there =
            Inside { on_medium: false, staged: false, planned: true, ack_missing: false, ack_there: false };
        assert_eq!(next_in(ParcelState::Valid, there), InStep::Deliver);
        let lost = Inside { on_medium: true, planned: false, ack_missing: true, ..there };
        assert_eq!(next_in(ParcelState::Copied, lost), InStep::StartOver);
        assert_eq!(next_in(ParcelState::AckWritten, lost), InStep::WriteAck);
        let acknowledged = Inside { ack_missing: false, ack_there: true, ..lost };
        assert_eq!(next_in(ParcelState::Delivered, acknowledged), InStep::AdoptAck);
        assert_eq!(next_in(ParcelState::AckWritten, acknowledged), InStep::Rest);
    }
}
