//! The words for faults of a credential's structure, as values.

use registry_schema::phrases;

phrases! {
    /// The fault of a part of a credential; it is said behind the part's name, as in "`id` is no URL".
    pub enum StructureProblem {
        Missing,
        NoText,
        NoUrl,
        NoMoment,
        NoObject,
        NoList,
        NeitherUrlNorObject,
        NoWords,
        SaysNothing,
        TooManyParts,
        TooManyEntries { most: usize },
        // Contexts and types.
        BeginsOtherwise { first: &'static str },
        LacksContext { standard: &'static str },
        ListsNeitherUrlNorObject,
        LacksType { name: &'static str },
        // A badge's own.
        BeforeBeginning,
        NotOnePerson,
        ManyAchievements,
        NoSize,
        NoIndex,
        // Related resources.
        NamesTwice,
        NoDigest,
        UnknownDigest,
        AnotherDigest,
        // The claims of a token.
        NoSeconds,
        NotIssuer,
        NotSubject,
        NotId,
    }
}

phrases! {
    /// The place of a fault, and the fault.
    pub enum FaultyPlace {
        At { place: String, what: StructureProblem },
    }
}
