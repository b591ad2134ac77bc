//! The words of the judge, as values: the details of findings, and the parts of the answer's sentence.

use registry_schema::{Argument, Phrase, Purpose, WrittenTime, phrases};

phrases! {
    /// The detail of a finding: lower case, without a full stop.
    pub enum FindingDetail {
        // Structure.
        OpenBadge,
        LearnerRecord,
        MoreFaults { count: usize },
        NoBadgeToCheck,
        NoValidBadgeInRecord,
        // Proof.
        SignatureMatches,
        SignatureExpired { on: WrittenTime },
        OtherSignatures { count: usize },
        KeyNotInDocument { method: String },
        EndorsementsInvalid { total: usize, count: usize },
        EndorsementsNotChecked { total: usize, count: usize },
        AnotherKeyThanHolder,
        // Issuer.
        NoIssuerNamed,
        NoIssuingKey { issuer: String },
        DocumentTooOld { issuer: String },
        KeysUnavailable { issuer: String, why: Phrase },
        IssuerNotListed { issuer: String },
        KeyInIdentifier,
        KeyListed,
        KeyOnlyUntil { until: WrittenTime },
        KeyOnlyFrom { from: WrittenTime },
        KeyMayNotIssue,
        AnotherKeySigned,
        AnotherKeyNamed,
        NoSignatureNoIssuer,
        CompromisedButConfirmed { since: WrittenTime, agency: String },
        CompromisedNotConfirmed { since: WrittenTime, agency: String },
        CompromisedUnanswered { since: WrittenTime, agency: String },
        NotAskedForConfirmation,
        SignerUnregistered { how: SignerKeyPlace },
        NameOnlyClaimed { name: String },
        FileNamesNoIssuer,
        NameResembles { name: String, names: Argument },
        NothingShowsTheySigned,
        NamesakeRecognized { others: Argument, agency: String },
        NothingShowsItIsFromIt,
        // Dates.
        DatesUnreadable,
        GoodFrom { from: WrittenTime },
        ExpiredOn { on: WrittenTime },
        GoodUntil { until: WrittenTime },
        NoEndDate,
        // Status.
        StatusEntryUnusable,
        StatusEntrySize,
        ListOfAnotherAgency { agency: String },
        ListUnknown,
        StatusUntold { why: AuthorshipDoubt },
        NoStatus,
        NoStatusThoughWanted { agency: String },
        ListNotRead { list: String, why: Phrase },
        ListSilent { list: String, why: Phrase },
        ListTooOld { list: String },
        ListTooOldSince { list: String, fetched: WrittenTime },
        RevokedOn { on: WrittenTime, agency: String, reason: Phrase },
        RevokedAhead { to: WrittenTime, agency: String, reason: Phrase },
        RevokedUntold { agency: String },
        SuspendedOn { on: WrittenTime, agency: String, reason: Phrase },
        SuspendedAhead { to: WrittenTime, agency: String, reason: Phrase },
        SuspendedUntold { agency: String },
        CanBeReinstated,
        RevokedLaterOn { on: WrittenTime, agency: String, reason: Phrase },
        RevokedLaterUntold { agency: String },
        SuspendedLaterOn { on: WrittenTime, agency: String, reason: Phrase },
        SuspendedLaterUntold { agency: String },
        IsRevokedAhead { to: WrittenTime, agency: String, reason: Phrase },
        IsRevokedUntold { agency: String },
        IsSuspendedAhead { to: WrittenTime, agency: String, reason: Phrase },
        IsSuspendedUntold { agency: String },
        RevokedAlreadyUnknown { on: WrittenTime },
        SuspendedAlreadyUnknown { on: WrittenTime },
        ReinstatedOn { on: WrittenTime },
        SuspendedBeforeUnknown { on: WrittenTime },
        NeitherRevokedNorSuspended { agency: String },
        NeitherRevokedNorSuspendedAsOf { agency: String, as_of: WrittenTime },
        NoLongerFollowed { agency: String, since: WrittenTime },
        // Status by a list outside the federation.
        RevokedByIssuer,
        RevokedByIssuerWith { message: String },
        SuspendedByIssuer,
        SuspendedByIssuerWith { message: String },
        RevokedNowUnknownThen { on: WrittenTime },
        RevokedNowUnknownThenWith { message: String, on: WrittenTime },
        SuspendedNowUnknownThen { on: WrittenTime },
        SuspendedNowUnknownThenWith { message: String, on: WrittenTime },
        NotSuspendedNowUnknownThen { on: WrittenTime },
        NotRevokedByOwnList,
        NotRevokedByOwnListAsOf { as_of: WrittenTime },
        NotRevokedByUnsignedList,
        NotRevokedByUnsignedListAsOf { as_of: WrittenTime },
        NotSuspendedByOwnList,
        NotSuspendedByOwnListAsOf { as_of: WrittenTime },
        NotSuspendedByUnsignedList,
        NotSuspendedByUnsignedListAsOf { as_of: WrittenTime },
        OtherList { purpose: String, note: ListNote },
        OtherListAsOf { purpose: String, as_of: WrittenTime, note: ListNote },
        // Recognition.
        Expelled { agency: String, since: WrittenTime },
        Recognizes { agency: String, whom: RecognitionSubject, scope: Phrase, purposes: Argument, from: WrittenTime },
        RecognizesUntil {
            agency: String, whom: RecognitionSubject, scope: Phrase, purposes: Argument, from: WrittenTime, until: WrittenTime,
        },
        RecognizesThrough {
            agency: String, whom: RecognitionSubject, through: Argument, scope: Phrase, purposes: Argument, from: WrittenTime,
        },
        RecognizesThroughUntil {
            agency: String, whom: RecognitionSubject, through: Argument, scope: Phrase, purposes: Argument, from: WrittenTime,
            until: WrittenTime,
        },
        RestsOn { what: Phrase },
        OnCondition { conditions: Vec<Phrase> },
        TwoHistories { agency: String },
        FrameworkUnknown { agency: String, item: String },
        NoneRecognizedInRecord,
        NoneCheckedInRecord,
        FollowsRegistrationSuspended { agency: String, home: String },
        FollowsRegistrationEnded { agency: String, home: String },
        FollowsRegistrationSuspendedAhead { agency: String, home: String, to: WrittenTime },
        FollowsRegistrationEndedAhead { agency: String, home: String, to: WrittenTime },
        WrongPurpose { agency: String, purposes: Argument, asked: Argument },
        NotForThisAchievement { agency: String },
        WithdrawnOn { agency: String, on: WrittenTime },
        WithdrawnOnKept { agency: String, on: WrittenTime },
        WithdrawnAhead { agency: String, to: WrittenTime },
        WithdrawnAheadKept { agency: String, to: WrittenTime },
        NotOnThatDate { agency: String, from: WrittenTime, on: WrittenTime },
        NotOnThatDateUntil { agency: String, from: WrittenTime, until: WrittenTime, on: WrittenTime },
        KeyNotListedAtHome { agency: String, home: String },
        DoesNotRecognize { agency: String },
        NoOtherHeard,
        NoOther,
        RecognizedByOthers { agencies: Argument },
        TrustListTooOld { agency: String, since: WrittenTime },
        TrustListNeverHeard { agency: String },
        AndFault { fault: Phrase },
        RecognizesWhileRegistered { agency: String, home: String, fault: Phrase },
        // Rules.
        OnConditionsFor { purposes: Argument },
        NotFor { uses: Vec<UseReason> },
        ProvidedFor { uses: Vec<ConditionalUse> },
        WhetherAccepted { agency: String, uses: Vec<UseReason> },
        NotAcceptedByRule { agency: String, uses: Vec<UseReason> },
        // Worth.
        NoRateForBadge { agency: String },
        NoRateFor { agency: String, purposes: Argument },
        PolicyTooOld { agency: String },
        WorthInDoubt { agency: String, why: Phrase },
        NothingCounts { agency: String },
        WorthFor { purpose: Purpose, worth: Phrase, rules: Vec<Phrase> },
        WorthRefused { purpose: Purpose, decision: Phrase },
        // Holder.
        HolderWithName,
        HolderWithKey,
        HolderUnnamed,
        NamesAnother,
        PartNamesAnother { place: String },
        PartsNameOthers { places: String },
        // This node.
        ClockInDoubtForLists,
        ClockInDoubtForDates,
    }
}

phrases! {
    /// The reason why nothing counts of what an agency wrote.
    pub enum ListFault {
        NotHeardSince { agency: String, since: WrittenTime },
        NeverHeard { agency: String },
        IncompleteHere { agency: String },
    }
}

phrases! {
    /// The place where the key of an unknown signer stands.
    pub enum SignerKeyPlace {
        OwnIdentifier,
        OwnDocument,
    }
}

phrases! {
    /// The reason why it is not told what a list says.
    pub enum AuthorshipDoubt {
        NotGenuine,
        NotKnownWhose,
    }
}

phrases! {
    /// The issuer that is recognized.
    pub enum RecognitionSubject {
        Issuer,
        NamedIssuer,
    }
}

phrases! {
    /// The note of a list for another purpose than revocation and suspension.
    pub enum ListNote {
        Nothing,
        Number { value: u64 },
        Message { message: String },
    }
}

phrases! {
    /// The reason why a list that is whole in itself says nothing of this badge.
    pub enum ForeignList {
        ByAnother { issuer: String },
        AnotherKey,
        SignatureExpired,
        NotYet { from: WrittenTime },
    }
}

phrases! {
    /// A name that another is like, and whose it is.
    pub enum LikeName {
        OfAgency { name: String, id: String },
        OfIssuer { name: String, agency: String },
    }
}

phrases! {
    /// The likeness of a name to that of somebody else.
    pub enum NameLikeness {
        Same { like: LikeName },
        Similar { like: LikeName },
        AndSame { like: LikeName },
        AndSimilar { like: LikeName },
    }
}

phrases! {
    /// Another issuer of the same name.
    pub enum Namesake {
        Same { like: LikeName },
        Similar { like: LikeName, name: String },
        AnotherSame { like: LikeName },
        AnotherSimilar { like: LikeName, name: String },
    }
}

phrases! {
    /// A use, and why the badge is not accepted for it.
    pub enum UseReason {
        For { purpose: Purpose, why: Phrase },
    }
}

phrases! {
    /// A use for which the badge is accepted on conditions.
    pub enum ConditionalUse {
        For { purpose: Purpose, conditions: Vec<Phrase>, rules: Vec<Phrase> },
    }
}

phrases! {
    /// A rule of an agency.
    pub enum NamedRule {
        Acceptance { id: String, citation: String },
        Worth { id: String, citation: String },
    }
}

phrases! {
    /// No use at all, where uses are listed; or the use that is asked about without being named.
    pub enum UnnamedUse {
        None,
        Asked,
    }
}

phrases! {
    /// The detail of what somebody else says within a badge.
    pub enum EndorsementDetail {
        NoEndorsementType,
        AboutSomethingElse,
        ExpiredOn { on: WrittenTime },
        GoodFrom { from: WrittenTime },
        SignerUnknown,
        Signed,
        SignedAndNotWithdrawn,
        WithdrawalNotChecked,
        KeysUnknown,
        AnotherKey,
        Unreadable,
    }
}

phrases! {
    /// A clause of the answer's sentence, where it is another one than the finding's detail.
    pub enum HeadlineClause {
        RevokedOn { on: WrittenTime, agency: String, reason: Phrase },
        RevokedAhead { to: WrittenTime, agency: String, reason: Phrase },
        RevokedUntold { agency: String },
        RevokedByIssuer,
        RevokedByIssuerWith { message: String },
        SuspendedOn { on: WrittenTime, agency: String, reason: Phrase },
        SuspendedAhead { to: WrittenTime, agency: String, reason: Phrase },
        SuspendedUntold { agency: String },
        SuspendedByIssuer,
        SuspendedByIssuerWith { message: String },
        Expired { on: WrittenTime },
        NotYetGood { from: WrittenTime },
        NotWellFormed { fault: Phrase },
    }
}

phrases! {
    /// The answer in a sentence that could be read aloud, and the sentences that follow it.
    pub enum AnswerSentence {
        Accepted { agency: String, purposes: Argument },
        AcceptedOn { agency: String, purposes: Argument, day: WrittenTime },
        AcceptedAsOf { agency: String, purposes: Argument, at: WrittenTime },
        RevokedSince,
        SuspendedSince,
        NotValid { why: Phrase },
        NotValidOn { why: Phrase, day: WrittenTime },
        CouldNotCheck { why: Phrase },
        CouldNotCheckFor { why: Phrase, day: WrittenTime },
        CouldNotCheckTheRest { why: Phrase },
        CouldNotCheckTheRestFor { why: Phrase, day: WrittenTime },
        Unreadable,
        UnreadableBecause { why: Phrase },
        Genuine { why: Phrase },
        SignedByUnknown,
        FileNamesNoIssuer,
        FileSaysItIsFrom { name: String },
        SameNameAs { like: LikeName },
        LikeNameOf { like: LikeName },
        NamesakeRecognized { like: LikeName },
        SimilarNameRecognized { like: LikeName },
        OtherRecognizes { agency: String },
        OthersRecognize { agencies: Argument },
        ManyRecognize { first: String, second: String, count: usize },
        About { day: WrittenTime },
        KnownAtEndOf { day: WrittenTime },
        KnownOn { at: WrittenTime },
        NamesAnotherThanRecord,
        Holds { count: usize, kinds: Argument },
        OneNamesAnother,
        SomeNameAnother { count: usize },
    }
}

phrases! {
    /// The purposes of an accepted badge, with the conditions under which they hold.
    pub enum AcceptedUse {
        Provided { purposes: Argument, conditions: Vec<Phrase> },
    }
}

phrases! {
    /// The reason why a genuine badge is not recognized, as the answer's sentence has it.
    pub enum NotRecognizedClause {
        ByRule { detail: Phrase },
        WrongPurpose { agency: String, purposes: Argument, asked: Argument },
        OtherBadges { agency: String },
        NoLonger { agency: String },
        SuspendedAtHome { agency: String },
        EndedAtHome { agency: String },
        NotOn { agency: String, on: WrittenTime },
        NoneOfItsBadges { agency: String },
        NotItsIssuer { agency: String },
    }
}

phrases! {
    /// So many badges of a record with the same answer.
    pub enum CountedBadges {
        Accepted { count: usize },
        NotRecognized { count: usize },
        SignedByUnknown { count: usize },
        NotChecked { count: usize },
        NotValid { count: usize },
        NotReadable { count: usize },
    }
}

/// The purposes in a list; "no use", where there is none.
pub(super) fn uses(purposes: &[Purpose]) -> Argument {
    match purposes {
        [] => UnnamedUse::None.into(),
        some => Argument::from(some.to_vec()),
    }
}

/// The purpose that is asked about; "this use", if any will do.
pub(super) fn asked_use(purpose: Option<Purpose>) -> Argument {
    purpose.map_or_else(|| UnnamedUse::Asked.into(), Argument::from)
}
