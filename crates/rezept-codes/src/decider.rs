//! Who may decide a reason that holds something. What is not in the table holds nothing, so nobody can let it pass.

use crate::code::Code;

/// Names the people who may let a held content pass for a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decider {
    /// Nobody: the content cannot be carried as it is.
    Nobody,
    /// Anybody who works here.
    Anyone,
    /// Another person than the one who sent it, with the right to approve.
    Approver,
    /// A person who answers for the safety of the computers.
    Guardian,
}

/// The reasons that hold a content, with who may decide each.
const HOLDING: &[(Code, Decider)] = &[
    (Code::GateUnknown, Decider::Nobody),
    (Code::GateUndescribed, Decider::Nobody),
    (Code::GateKind, Decider::Nobody),
    (Code::GateIncomplete, Decider::Anyone),
    (Code::GateFacility, Decider::Anyone),
    (Code::GateTotals, Decider::Anyone),
    (Code::GateSameContent, Decider::Anyone),
    (Code::GateSameIdentity, Decider::Anyone),
    (Code::GateResaved, Decider::Anyone),
    (Code::NumberWentBefore, Decider::Anyone),
    (Code::ClaimsWentBefore, Decider::Anyone),
    (Code::CorrectionWaits, Decider::Anyone),
    (Code::RefusedByReceiver, Decider::Anyone),
    (Code::AcknowledgedBefore, Decider::Anyone),
    (Code::PlainRefused, Decider::Anyone),
    (Code::PossibleDouble, Decider::Anyone),
    (Code::OtherContentArrived, Decider::Anyone),
    (Code::ApprovalNeeded, Decider::Approver),
    (Code::Infected, Decider::Guardian),
    (Code::ScannerMissing, Decider::Anyone),
    (Code::DefinitionsOld, Decider::Anyone),
    (Code::NotScanned, Decider::Anyone),
    (Code::KeptLost, Decider::Nobody),
];

/// Holding reasons that each station answers for itself: what is readable here, who approves here, what was scanned here.
const LOCAL: &[Code] = &[
    Code::CorrectionWaits,
    Code::RefusedByReceiver,
    Code::AcknowledgedBefore,
    Code::PlainRefused,
    Code::ApprovalNeeded,
    Code::Infected,
    Code::ScannerMissing,
    Code::DefinitionsOld,
    Code::NotScanned,
    Code::KeptLost,
];

impl Code {
    /// Returns whether a decision about this reason is worth telling the other station.
    #[must_use]
    pub fn travels(self) -> bool {
        self.decider().is_some() && !LOCAL.contains(&self)
    }

    /// Returns who may let a content pass that this code holds; `None` for a code that holds no content.
    #[must_use]
    pub fn decider(self) -> Option<Decider> {
        HOLDING.iter().find(|(code, _)| *code == self).map(|(_, decider)| *decider)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_holds_nothing_can_be_let_pass_by_nobody() {
        assert_eq!(Code::Infected.decider(), Some(Decider::Guardian));
        assert_eq!(Code::GateUnknown.decider(), Some(Decider::Nobody));
        assert_eq!(Code::MediumFull.decider(), None);
        for (at, (code, _)) in HOLDING.iter().enumerate() {
            assert!(HOLDING.iter().skip(at + 1).all(|(other, _)| other != code), "{code} twice");
        }
    }
}
