//! The permanent codes. A code is never renumbered nor used again; what it means to a person stands in the sentences and in
//! docs/errors.md.

use std::fmt;
use std::str::FromStr;

use crate::exit::Exit;

macro_rules! codes {
    ($($(#[$group:meta])* $name:ident = $code:literal => $exit:ident,)+) => {
        /// A permanent code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "docs/errors.md says what each means")]
        pub enum Code { $($(#[$group])* $name,)+ }

        impl Code {
            /// Every code, in the order of docs/errors.md.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// `RZ-` with a letter and three digits.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The exit code when this is all that happened.
            #[must_use]
            pub const fn exit(self) -> Exit {
                match self { $(Self::$name => Exit::$exit,)+ }
            }
        }
    };
}

codes! {
    /// U: usage and configuration.
    UnknownWord = "RZ-U101" => Usage,
    WordMissing = "RZ-U102" => Usage,
    BadValue = "RZ-U103" => Usage,
    WordsConflict = "RZ-U104" => Usage,
    BadUsage = "RZ-U105" => Usage,
    NoConfig = "RZ-U201" => Usage,
    ConfigUnreadable = "RZ-U202" => Usage,
    ConfigSyntax = "RZ-U203" => Usage,
    ConfigUnknownKey = "RZ-U204" => Usage,
    ConfigMissingKey = "RZ-U205" => Usage,
    ConfigBadValue = "RZ-U206" => Usage,
    FoldersOverlap = "RZ-U207" => Usage,
    UnknownTarget = "RZ-U208" => Usage,
    UnknownId = "RZ-U209" => Usage,
    ConfigExists = "RZ-U210" => Usage,
    RoleMisfit = "RZ-U211" => Usage,

    /// F: files that cannot be read.
    NoSuchFile = "RZ-F101" => BadInput,
    CannotOpen = "RZ-F102" => BadInput,
    NotAFile = "RZ-F103" => BadInput,
    IsALink = "RZ-F104" => BadInput,
    EmptyFile = "RZ-F105" => BadInput,
    WebPage = "RZ-F106" => BadInput,
    WrongEncoding = "RZ-F107" => BadInput,
    SpreadsheetFile = "RZ-F108" => BadInput,
    ZipFile = "RZ-F109" => BadInput,
    PdfFile = "RZ-F110" => BadInput,
    HeaderMissing = "RZ-F111" => BadInput,
    HistoryOnly = "RZ-F112" => BadInput,
    NotRecognised = "RZ-F113" => BadInput,
    ReadStopped = "RZ-F114" => BadInput,
    NotAParcel = "RZ-F115" => BadInput,
    CannotPrint = "RZ-F116" => TargetUnavailable,

    /// G: stopped by the gate.
    GateUnknown = "RZ-G101" => Findings,
    GateUndescribed = "RZ-G102" => Findings,
    GateKind = "RZ-G103" => Findings,
    GateIncomplete = "RZ-G104" => Findings,
    GateFacility = "RZ-G105" => Findings,
    GateTotals = "RZ-G106" => Findings,
    GateSameContent = "RZ-G107" => Findings,
    GateSameIdentity = "RZ-G108" => Findings,
    NeverSettles = "RZ-G109" => Findings,
    LinkInIntake = "RZ-G110" => Findings,
    PlainRefused = "RZ-G111" => Findings,
    PossibleDouble = "RZ-G112" => Findings,
    OtherContentArrived = "RZ-G113" => Findings,
    TooMuch = "RZ-G114" => Findings,
    NoRoute = "RZ-G115" => Findings,
    GateResaved = "RZ-G116" => Findings,
    NumberWentBefore = "RZ-G117" => Findings,
    ClaimsWentBefore = "RZ-G118" => Findings,
    CorrectionWaits = "RZ-G119" => Findings,

    /// T: handing over, media.
    ReadBackDiffers = "RZ-T101" => VerifyFailed,
    SourceChanged = "RZ-T102" => Partial,
    MediumMissing = "RZ-T103" => TargetUnavailable,
    MediumPulled = "RZ-T104" => TargetUnavailable,
    MediumFull = "RZ-T105" => TargetUnavailable,
    MediumReadOnly = "RZ-T106" => TargetUnavailable,
    MediumUnknown = "RZ-T107" => TargetUnavailable,
    MediumSwapped = "RZ-T108" => TargetUnavailable,
    MediumFailed = "RZ-T109" => TargetUnavailable,
    FileInUse = "RZ-T110" => TargetUnavailable,
    FromCacheOnly = "RZ-T111" => Ok,
    FolderUnavailable = "RZ-T112" => TargetUnavailable,
    CorrectionInPlace = "RZ-T113" => Ok,
    Contradiction = "RZ-T114" => VerifyFailed,
    NoAcknowledgement = "RZ-T115" => Findings,
    ArchiveFailed = "RZ-T116" => Partial,
    MediumSilent = "RZ-T117" => TargetUnavailable,
    SourceVanished = "RZ-T118" => Partial,
    CannotKeep = "RZ-T119" => TargetUnavailable,
    OriginalStays = "RZ-T120" => Findings,
    KeptLost = "RZ-T121" => Findings,

    /// P: parcels that arrived.
    HeaderDamaged = "RZ-P101" => VerifyFailed,
    NewerParcel = "RZ-P102" => BadInput,
    HeaderMisplaced = "RZ-P103" => VerifyFailed,
    NotForUs = "RZ-P104" => VerifyFailed,
    UnknownSender = "RZ-P105" => VerifyFailed,
    ForeignParcel = "RZ-P106" => VerifyFailed,
    ParcelDamaged = "RZ-P107" => VerifyFailed,
    SameIdOtherContent = "RZ-P108" => VerifyFailed,
    NoInbox = "RZ-P109" => Findings,
    AckBad = "RZ-P110" => VerifyFailed,
    AckUnknown = "RZ-P111" => Findings,
    PeerHistory = "RZ-P112" => VerifyFailed,
    Unsigned = "RZ-P113" => VerifyFailed,
    SignatureBad = "RZ-P114" => VerifyFailed,
    SenderNotPaired = "RZ-P115" => VerifyFailed,
    SenderRevoked = "RZ-P116" => VerifyFailed,
    NoKeyOpens = "RZ-P117" => VerifyFailed,
    PreviousUnknown = "RZ-P118" => Findings,
    SequenceTwice = "RZ-P119" => VerifyFailed,
    SpoolLost = "RZ-P120" => Findings,
    SpoolDamaged = "RZ-P121" => Partial,
    KeysMissing = "RZ-P122" => TargetUnavailable,
    ReceiverNotPaired = "RZ-P123" => Findings,
    SealedContentBad = "RZ-P124" => VerifyFailed,
    RefusedByReceiver = "RZ-P125" => Findings,
    AcknowledgedBefore = "RZ-P126" => Findings,
    OwnHeaderForged = "RZ-P127" => VerifyFailed,
    AckOfCancelled = "RZ-P128" => Findings,
    CannotCancel = "RZ-P129" => Findings,

    /// M: registered media.
    MediumForeign = "RZ-M101" => TargetUnavailable,
    MediumIdDamaged = "RZ-M102" => TargetUnavailable,
    MediumLost = "RZ-M103" => TargetUnavailable,
    MediumRetired = "RZ-M104" => TargetUnavailable,
    MediumCloned = "RZ-M105" => TargetUnavailable,
    MediumOverdue = "RZ-M106" => Ok,
    ProgramOnMedium = "RZ-M107" => Findings,
    LinkOnMedium = "RZ-M108" => Findings,
    AutorunOnMedium = "RZ-M109" => Findings,
    CrowdedMedium = "RZ-M110" => Findings,
    NoSuchMedium = "RZ-M111" => Usage,
    MediumRegistered = "RZ-M112" => Usage,
    MediumNotNow = "RZ-M113" => Findings,
    BadDueDay = "RZ-M114" => Usage,
    ReadableLost = "RZ-M115" => Findings,
    ShareNeedsNone = "RZ-M116" => Usage,

    /// R: returned claims.
    RetEmpty = "RZ-R101" => BadInput,
    RetWebPage = "RZ-R102" => BadInput,
    RetPdf = "RZ-R103" => BadInput,
    RetEncoding = "RZ-R104" => BadInput,
    RetSpreadsheet = "RZ-R105" => BadInput,
    RetLineEnds = "RZ-R106" => BadInput,
    RetNoHeader = "RZ-R107" => BadInput,
    RetCutOff = "RZ-R108" => BadInput,
    RetVolumeMark = "RZ-R109" => BadInput,
    RetForeign = "RZ-R110" => Findings,
    RetUnidentified = "RZ-R111" => BadInput,
    RetClaimFile = "RZ-R112" => BadInput,
    RetNotice = "RZ-R113" => BadInput,
    RetHistoryOnly = "RZ-R114" => BadInput,
    RetArchive = "RZ-R115" => BadInput,
    RetUnknown = "RZ-R116" => BadInput,
    RetNoReasons = "RZ-R117" => BadInput,
    RetStoreDamaged = "RZ-R201" => VerifyFailed,
    RetOtherContent = "RZ-R202" => Findings,
    RetRefusedBefore = "RZ-R203" => Findings,
    RetBadArchive = "RZ-R204" => BadInput,
    RetNothingOpen = "RZ-R205" => Findings,
    RetNotCorrected = "RZ-R206" => Findings,
    RetBlocked = "RZ-R207" => Findings,
    RetUsedBefore = "RZ-R208" => Findings,
    RetMixed = "RZ-R209" => Findings,
    RetFailedChecks = "RZ-R210" => Findings,
    RetTargetTaken = "RZ-R211" => TargetUnavailable,
    RetBadEdit = "RZ-R212" => Usage,
    RetNotNow = "RZ-R213" => Findings,
    RetBadCorrected = "RZ-R214" => BadInput,
    RetNotMatched = "RZ-R215" => Findings,
    RetNoClaimRoute = "RZ-R216" => Usage,
    RetCannotBuild = "RZ-R217" => Findings,
    RetSuperseded = "RZ-R218" => Findings,
    RetBadWord = "RZ-R219" => Usage,

    /// O: people.
    OperatorMissing = "RZ-O101" => Usage,
    OperatorRefused = "RZ-O102" => Findings,
    OperatorWaits = "RZ-O103" => Findings,
    RoleMissing = "RZ-O104" => Findings,
    ApprovalNeeded = "RZ-O105" => Findings,
    SamePerson = "RZ-O106" => Findings,
    OperatorNameTaken = "RZ-O107" => Usage,
    OperatorUnknown = "RZ-O108" => Usage,
    AdminNeeded = "RZ-O109" => Usage,
    BadOperatorName = "RZ-O110" => Usage,
    BadPassword = "RZ-O111" => Usage,
    NoApprover = "RZ-O112" => Findings,

    /// V: the malware scanner.
    Infected = "RZ-V101" => Findings,
    ScannerMissing = "RZ-V102" => Findings,
    DefinitionsOld = "RZ-V103" => Findings,
    NotScanned = "RZ-V104" => Findings,

    /// K: keys and pairing.
    KeysLost = "RZ-K101" => VerifyFailed,
    KeysElsewhere = "RZ-K102" => VerifyFailed,
    KeysDamaged = "RZ-K103" => VerifyFailed,
    KeyStoreFailed = "RZ-K104" => TargetUnavailable,
    KeyFolderFailed = "RZ-K105" => TargetUnavailable,
    CardMissing = "RZ-K106" => TargetUnavailable,
    CardDamaged = "RZ-K107" => VerifyFailed,
    CardNewer = "RZ-K108" => BadInput,
    CardUnknown = "RZ-K109" => VerifyFailed,
    CardsDisagree = "RZ-K110" => VerifyFailed,
    CardsSeveral = "RZ-K111" => Usage,
    PairCodeNeeded = "RZ-K112" => Findings,
    PairCodeDiffers = "RZ-K113" => VerifyFailed,
    NotPaired = "RZ-K114" => Usage,
    PairCodeNoMemory = "RZ-K115" => TargetUnavailable,
    RecoveryExists = "RZ-K116" => Findings,
    KeysUnbound = "RZ-K117" => Ok,
    SheetUnprinted = "RZ-K118" => Ok,
    RecoverNoParcel = "RZ-K119" => BadInput,
    RecoverBadKey = "RZ-K120" => Usage,
    RecoverBadSignature = "RZ-K121" => VerifyFailed,
    RecoverWrongKey = "RZ-K122" => VerifyFailed,
    RecoverDamaged = "RZ-K123" => VerifyFailed,
    RecoverTargetTaken = "RZ-K124" => TargetUnavailable,
    RecoverUnproven = "RZ-K125" => Ok,
    RecoverCannotWrite = "RZ-K126" => TargetUnavailable,
    ReadableOnStick = "RZ-K127" => Ok,

    /// J: journal.
    JournalNewer = "RZ-J101" => Usage,
    JournalDamaged = "RZ-J102" => VerifyFailed,
    JournalLost = "RZ-J103" => VerifyFailed,
    JournalBehind = "RZ-J104" => VerifyFailed,
    JournalBehindMedium = "RZ-J105" => VerifyFailed,
    UnfitDisk = "RZ-J106" => Usage,
    EngineBusy = "RZ-J107" => TargetUnavailable,
    JournalLocked = "RZ-J108" => TargetUnavailable,
    JournalFull = "RZ-J109" => TargetUnavailable,
    DataFolderFailed = "RZ-J110" => TargetUnavailable,
    AuditBroken = "RZ-J111" => VerifyFailed,
    DiskUnknown = "RZ-J112" => Ok,
    JournalFailed = "RZ-J113" => TargetUnavailable,

    /// A: this station's history, as others witness it.
    OwnHistoryShort = "RZ-A101" => VerifyFailed,
    OwnHistoryOther = "RZ-A102" => VerifyFailed,
    ExportBroken = "RZ-A103" => VerifyFailed,
    NotAnExport = "RZ-A104" => BadInput,
    EntriesMissing = "RZ-A105" => Usage,
    ExportNotWritten = "RZ-A106" => TargetUnavailable,

    /// S: asking the running service.
    RequestExpired = "RZ-S101" => Partial,
    RequestWithdrawn = "RZ-S102" => Partial,
    RequestUnderWay = "RZ-S103" => Partial,
    Stopped = "RZ-S104" => Partial,

    /// W: folders of this computer.
    FolderNotWritable = "RZ-W101" => TargetUnavailable,
    FolderFull = "RZ-W102" => TargetUnavailable,
    FolderGone = "RZ-W103" => TargetUnavailable,
    SubfolderUnreadable = "RZ-W104" => Findings,
    NameNotCarried = "RZ-W105" => Findings,
    TooDeep = "RZ-W106" => Findings,

    /// X: faults of the program.
    Bug = "RZ-X901" => Internal,
    CannotHappen = "RZ-X902" => Internal,
}

/// Reports that a text is not one of our codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCode;

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a code of this program")
    }
}

impl std::error::Error for UnknownCode {}

impl FromStr for Code {
    type Err = UnknownCode;

    /// Reads a code as it is stored and sent.
    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(UnknownCode)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_rise_and_are_read_again() {
        let all: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "a code is used twice");
        for code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
        }
        assert_eq!("RZ-Z000".parse::<Code>(), Err(UnknownCode));
    }
}
