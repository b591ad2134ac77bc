//! The table itself.

use registry_schema::{Check, CheckOutcome};

use super::CodeExplanation;

macro_rules! codes {
    ($($code:ident $name:literal $check:ident $outcome:ident $title:literal $text:literal)*) => {
        /// A finding's code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $title] $code,)*
        }

        impl Code {
            /// The name in JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }

            /// The check that reports it.
            #[must_use]
            pub const fn check(self) -> Check {
                match self { $(Self::$code => Check::$check,)* }
            }

            /// The outcome that it stands for.
            #[must_use]
            pub const fn outcome(self) -> CheckOutcome {
                match self { $(Self::$code => CheckOutcome::$outcome,)* }
            }
        }

        pub(super) const ALL: &[CodeExplanation] = &[$(CodeExplanation {
            code: Code::$code,
            name: $name,
            check: Check::$check,
            outcome: CheckOutcome::$outcome,
            title: $title,
            text: $text,
        },)*];
    };
}

codes! {
    StructureValid "structure.valid" Structure Passed
        "The file is a well-formed badge"
        "The file follows Open Badges 3.0 and the W3C data model that it builds on. Nothing needs to be done."
    StructureInvalid "structure.invalid" Structure Failed
        "The badge is not well formed"
        "Something that every Open Badges 3.0 credential must have is missing or written wrongly; the finding names \
         the place. The badge may still be meant honestly. Ask its issuer for a corrected one."
    StructureNoValidBadge "structure.no_valid_badge" Structure Failed
        "No badge in the record is valid"
        "The file is a Comprehensive Learner Record, which holds badges, and each of them failed a check of its own. The \
         record is no better than they are. Look at the answer about each badge, and ask its issuer."
    StructureUnreadable "structure.unreadable" Structure Failed
        "No badge could be read"
        "The file is not a badge in a form that this node knows (JSON, a signed token, or an image with the badge \
         inside); the finding says where reading stopped. Screenshots, \
         scans and edited pictures lose the badge inside. Ask the holder to download the badge again and to send that \
         file."
    StructureUnreachable "structure.unreachable" Structure CouldNotCheck
        "The badge could not be fetched"
        "A short code stands for a badge that an agency keeps, and a link for one that stands elsewhere. Whoever keeps \
         it did not give it, or this node does not ask there; the finding says why. Try again later, or ask the holder \
         for the badge file: a file can be checked without asking anybody for it."
    StructureUnknownContext "structure.unknown_context" Structure CouldNotCheck
        "The badge uses a vocabulary that this node does not have"
        "What a signature covers depends on the vocabularies that a badge names. This node uses only those that it \
         carries itself and never fetches one while checking. Ask the node's operator to add the vocabulary that the \
         finding names, or ask the issuer for a badge that uses the standard ones."
    ProofValid "proof.valid" Proof Passed
        "The signature matches"
        "The content is exactly what was signed. Whether the signer is the issuer is a check of its own."
    ProofInvalid "proof.invalid" Proof Failed
        "The signature does not match"
        "The badge was changed after it was issued, another key signed it, or it is signed in a way that proves \
         nothing; the finding says which. Do not rely on what it says. Ask the \
         holder to download it again from where it was issued; if it still fails, ask the issuer."
    ProofMissing "proof.missing" Proof Failed
        "The badge carries no signature"
        "Without a signature anyone could have written this file. Ask the holder for the badge as the issuer gave it \
         out."
    ProofUncoveredField "proof.uncovered_field" Proof Failed
        "The signature does not cover everything"
        "The badge says something that no vocabulary defines, so the signature does not cover it and anyone could \
         have added it. The finding names the term. Ask the issuer for a badge without it."
    ProofExpired "proof.expired" Proof Failed
        "The signature has expired"
        "The issuer put an end date on its signature, and that date has passed. Ask the holder for a newer copy of \
         the badge."
    ProofClockInDoubt "proof.clock_in_doubt" Proof CouldNotCheck
        "Whether the signature has expired is not known"
        "The issuer put an end date on its signature, and this node's clock is in doubt, so the node cannot say whether that \
         date has passed. That says nothing against the badge. Try again later; if it lasts, tell the node's operator."
    ProofUnknownSuite "proof.unknown_suite" Proof CouldNotCheck
        "The signature is of a kind that cannot be checked here"
        "This version of the node does not know this kind of signature. That says nothing against the badge. Ask the \
         issuer for a badge with an eddsa-rdfc-2022 signature or as a VC-JWT, or ask the issuer to confirm this one."
    ProofUnknownKey "proof.unknown_key" Proof CouldNotCheck
        "The signing key is not known here"
        "The badge names a key that no agency of this federation lists and that the issuer's own document does not hold, \
         so its signature could not be checked. Ask the issuer which agency knows it, or ask the issuer to confirm the \
         badge."
    ProofTooComplex "proof.too_complex" Proof CouldNotCheck
        "The badge is too large or too tangled to check"
        "To keep one file from holding up everyone else's, a node looks at badges up to a limit that is far above any \
         ordinary one. Ask the issuer for a simpler badge."
    ProofEndorsementInvalid "proof.endorsement_invalid" Proof NotApplicable
        "An endorsement in the badge does not hold"
        "Somebody else's praise is embedded in the badge, and it is not signed by whoever is named, was changed or withdrawn, is \
         about something else or is out of date. The list of endorsements says which. The badge itself may be good all the same."
    ProofEndorsementsNotChecked "proof.endorsements_not_checked" Proof NotApplicable
        "Some of the badge's endorsements were not checked"
        "Somebody else's praise is embedded in the badge, and whether they signed it, or withdrew it since, could not be told \
         without asking others. The badge's own signature covers that its \
         issuer put it there, and not that whoever is named in it said so. Do not rely on it without asking them."
    ProofNotChecked "proof.not_checked" Proof CouldNotCheck
        "The signature was not checked"
        "Something before it stopped the check; another finding says what. Solve that first, then check the badge \
         again."
    IssuerKeyIsIssuers "issuer.key_is_issuers" Issuer Passed
        "The signing key is the issuer's"
        "The key that signed the badge belongs to the issuer that the badge names, and did when it was signed."
    IssuerKeyNotIssuers "issuer.key_not_issuers" Issuer Failed
        "The signing key is not the issuer's"
        "Somebody signed this badge, but not with a key of the issuer that it names, or not while the key was the \
         issuer's. Do not rely on it. Ask the issuer whether it gave out this badge."
    IssuerKeyCompromised "issuer.key_compromised" Issuer CouldNotCheck
        "Somebody else may have signed with the issuer's key"
        "The issuer's key was stolen or may have been, so anybody could have written this badge and any date in it. Such a \
         badge is good only if its home agency, asked, confirms that it issued this very badge; this node asked that \
         agency alone, by a digest, and it did not confirm it or did not answer. Badges by keys that are not compromised \
         are checked without asking anybody. Try again later if the agency did not answer; otherwise ask the issuer for a \
         new badge."
    IssuerClockInDoubt "issuer.clock_in_doubt" Issuer CouldNotCheck
        "Whether the key was the issuer's in time is not known"
        "The key that signed belongs to the issuer for a term, and this node's clock is in doubt, so the node cannot say \
         whether the badge was signed within it. That says nothing against the badge. Try again later; if it lasts, tell the \
         node's operator."
    IssuerUnresolvable "issuer.unresolvable" Issuer CouldNotCheck
        "The issuer's keys are not known here"
        "No agency of this federation lists this issuer, its name does not itself hold a key, and no document of its own \
         could be had (did:web, did:webvh). So nobody here can say which keys are its own. Try again later, or ask the \
         issuer, or the agency that oversees it, to be listed."
    IssuerUnregistered "issuer.unregistered" Issuer NotApplicable
        "Nobody here knows who signed"
        "The signature holds, and no agency of this federation registers the key that made it. So the name in the file is only \
         what the file says: anybody can make a key, and write any name beside it. Do not rely on the name. Ask the holder \
         where the badge comes from, and the issuer to be registered by the agency that oversees it."
    IssuerNameResembles "issuer.name_resembles" Issuer NotApplicable
        "The name is that of another issuer, or like it"
        "The issuer's name reads like that of another issuer that an agency of this federation registers, or like an agency's \
         own. Nobody here registers whoever signed, and the name is only what the file says; or another agency registers an \
         issuer of that name, which is not the one that is recognized. The finding names the other one. Ask its agency whether \
         the badge is from it, and do not count the badge because of the name."
    IssuerNotChecked "issuer.not_checked" Issuer CouldNotCheck
        "Who issued the badge was not shown"
        "Without a signature that holds, nothing shows who issued the badge. See the finding on the signature."
    DatesInDate "dates.in_date" Dates Passed
        "The badge is in date"
        "The date asked about lies within the badge's own dates."
    DatesExpired "dates.expired" Dates Failed
        "The badge has expired"
        "The badge's own end date lies before the date asked about. Ask the holder whether it was renewed, or ask \
         about an earlier date."
    DatesNotYetValid "dates.not_yet_valid" Dates Failed
        "The badge is not good yet"
        "The badge's own first date lies after the date asked about. Check again from that date on."
    DatesClockInDoubt "dates.clock_in_doubt" Dates CouldNotCheck
        "Whether the badge is in date is not known"
        "This node's clock is in doubt, so the node cannot hold the badge's dates against the time now. That says nothing \
         against the badge. Try again later, or ask about a given day; if it lasts, tell the node's operator."
    DatesNotChecked "dates.not_checked" Dates CouldNotCheck
        "The dates could not be read"
        "The badge's dates are missing a time zone or are no dates, or no badge could be read at all. Ask the issuer \
         for a corrected badge."
    StatusActive "status.active" Status Passed
        "Neither revoked nor suspended"
        "The list that the badge names was heard recently enough, and holds neither a revocation nor a suspension of \
         it. The finding says as of when."
    StatusRevoked "status.revoked" Status Failed
        "The badge was revoked"
        "The agency that keeps this badge's status has revoked it, which is final. The finding says when and why. Ask \
         that agency or the holder if you need to know more; a corrected badge may have been issued instead."
    StatusSuspended "status.suspended" Status Failed
        "The badge is suspended"
        "The agency that keeps this badge's status has suspended it for now; it can be reinstated. Ask that agency or \
         the holder, and check again later."
    StatusUnknownThen "status.unknown_then" Status CouldNotCheck
        "Whether it was suspended on that date is not known"
        "The badge was reinstated after the date asked about, and this node does not know when the suspension began. \
         Ask the agency that keeps its status, or ask about today."
    StatusStale "status.stale" Status CouldNotCheck
        "The status is too old"
        "The agency that keeps this badge's status has not been heard from recently enough to say that the badge \
         still holds. Try again later; if it lasts, ask that agency."
    StatusUnreachable "status.unreachable" Status CouldNotCheck
        "The status list could not be read"
        "The badge names a status list that nobody in this federation keeps and that could not be had \
         (STATUS_RETRIEVAL_ERROR of Bitstring Status List); the finding says why. Try again later, or ask the issuer \
         whether the badge still holds."
    StatusListUnverified "status.list_unverified" Status CouldNotCheck
        "The status list proves nothing"
        "A list was found where the badge says, but its signature does not hold, it is not the issuer's, or it is for \
         another purpose; the finding says which (STATUS_VERIFICATION_ERROR of Bitstring Status List). Ask the issuer \
         whether the badge still holds."
    StatusListTooShort "status.list_too_short" Status CouldNotCheck
        "The status list is shorter than the standard wants"
        "A short list tells its keeper whose badge is being checked, so the standard wants 131,072 entries or more \
         (STATUS_LIST_LENGTH_ERROR of Bitstring Status List). A node's operator can allow an issuer shorter ones."
    StatusOutOfRange "status.out_of_range" Status CouldNotCheck
        "The badge's place is not in the list"
        "The badge names a place beyond the end of its status list (RANGE_ERROR of Bitstring Status List), so the list \
         says nothing about it. Ask the issuer whether the badge still holds."
    StatusMalformed "status.malformed" Status CouldNotCheck
        "The badge's status entry cannot be used"
        "The badge says in a way that cannot be understood where its status stands (MALFORMED_VALUE_ERROR of Bitstring \
         Status List). Ask the issuer for a corrected badge."
    StatusMessage "status.message" Status Passed
        "The issuer has left a note"
        "The badge names a list for another purpose than revocation or suspension: a note, or that a newer badge can be \
         had. It does not decide whether the badge holds; the finding tells what it says."
    StatusNone "status.none" Status NotApplicable
        "The badge has no status"
        "The badge does not say where its status stands, so it cannot be revoked or suspended. Whether that is good \
         enough is up to the agency asked."
    StatusMissing "status.missing" Status CouldNotCheck
        "The agency wants a status, and the badge has none"
        "The agency asked recognizes the issuer, but only badges that say where a revocation would stand. This one \
         does not. Ask the issuer for a badge with a status, or ask the agency."
    StatusNotChecked "status.not_checked" Status CouldNotCheck
        "The status is not told"
        "There was no badge whose status could be looked up, or nothing shows that the badge is genuine: then the place in a list \
         that it names is only what somebody wrote into the file, and what the list says there is about another badge. See the \
         findings on structure, signature and issuer."
    RecognitionRecognized "recognition.recognized" Recognition Passed
        "The issuer is recognized here"
        "The agency asked recognizes the issuer for this achievement, for this use, on this date."
    RecognitionNone "recognition.none" Recognition Failed
        "The issuer is not recognized here"
        "The agency asked has not recognized this issuer. The badge may be genuine, and others may recognize it; the \
         finding says who does. Ask the agency how it decides about badges of this issuer."
    RecognitionOutOfScope "recognition.out_of_scope" Recognition Failed
        "Recognized for other badges"
        "The agency asked recognizes the issuer, but not for this achievement. Ask the agency whether it covers this \
         badge in another way."
    RecognitionWrongPurpose "recognition.wrong_purpose" Recognition Failed
        "Recognized for another use"
        "The agency asked recognizes the issuer for this badge, but for other uses than the one asked about; the \
         finding says which. Ask again for one of those, or ask the agency."
    RecognitionNotAtThatDate "recognition.not_at_that_date" Recognition Failed
        "Not recognized on that date"
        "The agency asked recognizes or recognized the issuer, but its term does not cover the date asked about. Ask \
         about another date, or ask the agency."
    RecognitionWithdrawn "recognition.withdrawn" Recognition Failed
        "The recognition was withdrawn"
        "The agency asked once recognized the issuer and has withdrawn that. The finding says from when. Ask the \
         agency what that means for badges issued before."
    RecognitionEndedAtHome "recognition.ended_at_home" Recognition Failed
        "The issuer is not registered at home"
        "The agency asked recognizes the issuer as long as the issuer's own agency does, and on the date asked about that \
         agency had suspended or ended its registration, or no longer lists it. Ask the issuer's own agency what that \
         means for badges issued before."
    RecognitionNoBadge "recognition.no_badge" Recognition Failed
        "No badge in the record is recognized"
        "The file is a Comprehensive Learner Record, which holds badges. The agency asked recognizes whoever made the \
         record, and none of the badges in it. Look at the answer about each badge."
    RecognitionBadgesNotChecked "recognition.badges_not_checked" Recognition CouldNotCheck
        "No badge in the record could be checked"
        "The file is a Comprehensive Learner Record, which holds badges, and none of them could be checked to the end. \
         The answer about each badge says why. Try again later, or ask the issuers of the badges."
    RecognitionStale "recognition.stale" Recognition CouldNotCheck
        "The agency's trust list is too old"
        "The list of issuers that the agency asked recognizes, or of an agency that it follows, or that of the issuer's own \
         agency, has not been heard recently enough to say yes or no. The finding names the agency that is silent. \
         Try again later, or ask that agency's own node."
    RecognitionFrameworkUnknown "recognition.framework_unknown" Recognition CouldNotCheck
        "What stands below an item of a framework is not known here"
        "The agency asked recognizes the issuer for badges that are aligned to an item of a framework, or to what stands below \
         it. The badge names another item, and this node has no framework that has both. The finding names the agency's \
         item. Ask that agency's own node, or ask the operators of this one to import the framework."
    RecognitionForked "agency.forked" Recognition CouldNotCheck
        "The agency's records have two histories"
        "One of the agency's keys, or its root, signed two histories that do not know of each other, as a restored \
         backup or a thief does. What it revoked in either holds; what it granted waits until the agency joins them. \
         Ask the agency directly."
    AgencyExpelled "agency.expelled" Recognition CouldNotCheck
        "This node no longer federates with an agency that the answer needs"
        "The operators of this node expelled an agency whose word this answer rests on: its recognitions, its list of \
         issuers or its status list. What it revoked still counts; nothing else that it says does, from the day on that \
         the finding names. Ask that agency directly, or ask another agency's node."
    RecognitionConditional "recognition.conditional" Recognition Passed
        "Recognized, if a condition holds that nobody here can see"
        "The agency recognizes the issuer for this badge, and a rule of its policy demands something more that no badge \
         shows: an approval, a license's dates, what was handed in. The finding says what, by which rule and where it is \
         written. Whoever decides sees to it before they count the badge."
    RecognitionRuleNotMet "recognition.rule_not_met" Recognition Failed
        "A rule of the agency's policy is not met"
        "The agency recognizes the issuer, but a rule of its policy governs this badge for this use and is not met. The \
         finding names the rule, what it demands and where it is written. Ask that agency about the rule, or ask for \
         another use."
    RecognitionRuleDepends "recognition.rule_depends" Recognition CouldNotCheck
        "A rule of the agency's policy could not be checked"
        "The agency recognizes the issuer, but a rule of its policy demands something of the badge, its issuer or its \
         assessment that neither the badge nor that agency says. The finding names the rule and what has to be known. Ask \
         that agency."
    RecognitionNotChecked "recognition.not_checked" Recognition CouldNotCheck
        "Recognition was not checked"
        "There was no badge whose issuer could be looked up. See the finding on structure."
    WorthNoPublishedRate "worth.no_published_rate" Worth NotApplicable
        "No published rate"
        "The agency asked has not published what this badge counts for. Recognition and worth are different things: \
         ask the agency for the rate."
    WorthRate "worth.rate" Worth Passed
        "What it counts for"
        "The agency asked has published what this badge counts for, and every condition of the rule holds as far as it \
         can be seen from here. The finding names the rule and where it is written."
    WorthDepends "worth.depends" Worth CouldNotCheck
        "What it counts for depends on what is not known here"
        "The agency asked has published a rule, but part of it is about what no badge shows, such as the holder's license \
         or an approval. The finding says what has to be known. Whoever decides there can find it out."
    WorthRuleNotMet "worth.rule_not_met" Worth Failed
        "It counts nothing under the agency's rules"
        "The agency asked recognizes the issuer, but a rule of its policy is not met by this badge, so it counts nothing \
         there for this use. The finding names the rule and where it is written."
    WorthStale "worth.stale" Worth CouldNotCheck
        "The agency's policy is too old here"
        "What the agency asked has published about worth has not been heard recently enough to rely on. Try again later, \
         or ask that agency's own node."
    WorthRecognitionInDoubt "worth.recognition_in_doubt" Worth CouldNotCheck
        "What it counts for could not be told"
        "What a badge counts for rests on whether the agency asked recognizes its issuer for this use, and that could not be \
         checked; the finding says why. This says nothing against the badge. See the finding on recognition, and try again later."
    WorthNotChecked "worth.not_checked" Worth NotApplicable
        "Worth was not looked up"
        "There was no badge whose worth could be looked up, or the agency asked does not recognize its issuer for this use: then \
         nothing counts there. See the findings on structure and recognition."
    HolderAnother "holder.another" Holder CouldNotCheck
        "A badge in the record names another person"
        "A record (CLR) and a badge in it both carry a name, and the names differ: the badge may be somebody else's, or carry an \
         earlier name. It is judged by itself, and never makes the record good. Compare both names with an identity document."
    HolderNotChecked "holder.not_checked" Holder CouldNotCheck
        "Whether it is this person's badge was not checked"
        "A badge that is genuine may still be somebody else's. Compare the name in the badge with an identity \
         document, or ask the holder to prove that the badge is theirs."
}
