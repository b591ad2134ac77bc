### The answer in sentences that could be read aloud.

AnswerSentence-Accepted = Accepted in { $agency } for { $purposes }.
AnswerSentence-AcceptedOn = Accepted in { $agency } for { $purposes } on { $day }.
AnswerSentence-AcceptedAsOf = Accepted in { $agency } for { $purposes }, as of { $at }.
AnswerSentence-RevokedSince = It has been revoked since.
AnswerSentence-SuspendedSince = It has been suspended since.
AnswerSentence-NotValid = Not valid: { $why }.
AnswerSentence-NotValidOn = Not valid on { $day }: { $why }.
AnswerSentence-CouldNotCheck = Could not check: { $why }.
AnswerSentence-CouldNotCheckFor = Could not check for { $day }: { $why }.
AnswerSentence-CouldNotCheckTheRest = Could not check the rest: { $why }.
AnswerSentence-CouldNotCheckTheRestFor = Could not check the rest for { $day }: { $why }.
AnswerSentence-Unreadable = This file is not a badge that we can read.
AnswerSentence-UnreadableBecause = This file is not a badge that we can read: { $why }.
AnswerSentence-Genuine = Genuine, but { $why }.
AnswerSentence-SignedByUnknown = Signed, but nobody here knows the signer.
AnswerSentence-FileNamesNoIssuer = The file names no issuer.
AnswerSentence-FileSaysItIsFrom = The file says it is from “{ $name }”. Anyone can write that name.
AnswerSentence-SameNameAs = It is the same as the name of { $like }.
AnswerSentence-LikeNameOf = It is like the name of { $like }.
AnswerSentence-NamesakeRecognized = Another issuer with this name, { $like }, is recognized: this badge is not from it.
AnswerSentence-SimilarNameRecognized = Another issuer with a name like this, { $like }, is recognized: this badge is not from it.
AnswerSentence-OtherRecognizes = { $agency } does.
AnswerSentence-OthersRecognize = { $agencies } do.
AnswerSentence-ManyRecognize = { $first }, { $second } and { $count } others do.
AnswerSentence-About = This is about { $day }.
AnswerSentence-KnownAtEndOf = This is by what was known here at the end of { $day }.
AnswerSentence-KnownOn = This is by what was known here on { $at }.
AnswerSentence-NamesAnotherThanRecord = It names another person than the record.
AnswerSentence-Holds = { $count ->
    [one] It holds 1 badge: { $kinds }.
   *[other] It holds { $count } badges: { $kinds }.
}
AnswerSentence-OneNamesAnother = One of them names another person than the record.
AnswerSentence-SomeNameAnother = { $count } of them name another person than the record.

AcceptedUse-Provided = { $purposes }, provided that { $conditions }

NotRecognizedClause-ByRule = { $detail }
NotRecognizedClause-WrongPurpose = { $agency } recognizes its issuer for { $purposes }, not for { $asked }
NotRecognizedClause-OtherBadges = { $agency } recognizes its issuer for other badges, not for this one
NotRecognizedClause-NoLonger = { $agency } no longer recognizes its issuer
NotRecognizedClause-SuspendedAtHome = its issuer's registration at home is suspended for now, which { $agency } follows
NotRecognizedClause-EndedAtHome = its issuer is no longer registered at home, which { $agency } follows
NotRecognizedClause-NotOn = { $agency }'s recognition of its issuer does not cover { $on }
NotRecognizedClause-NoneOfItsBadges = { $agency } recognizes none of its badges
NotRecognizedClause-NotItsIssuer = { $agency } does not recognize its issuer

HeadlineClause-RevokedOn = this badge was revoked on { $on } by { $agency } ({ $reason })
HeadlineClause-RevokedAhead = this badge was revoked by { $agency } ({ $reason }); that agency's clock dated it ahead, to { $to }
HeadlineClause-RevokedUntold = this badge was revoked by { $agency }; when and why is told no more
HeadlineClause-RevokedByIssuer = this badge was revoked by its issuer
HeadlineClause-RevokedByIssuerWith = this badge was revoked by its issuer ({ $message })
HeadlineClause-SuspendedOn = this badge was suspended on { $on } by { $agency } ({ $reason })
HeadlineClause-SuspendedAhead = this badge was suspended by { $agency } ({ $reason }); that agency's clock dated it ahead, to { $to }
HeadlineClause-SuspendedUntold = this badge was suspended by { $agency }; when and why is told no more
HeadlineClause-SuspendedByIssuer = this badge was suspended by its issuer
HeadlineClause-SuspendedByIssuerWith = this badge was suspended by its issuer ({ $message })
HeadlineClause-Expired = this badge expired on { $on }
HeadlineClause-NotYetGood = this badge is good from { $from } on
HeadlineClause-NotWellFormed = the badge is not well formed ({ $fault })

CountedBadges-Accepted = { $count } accepted
CountedBadges-NotRecognized = { $count } not recognized
CountedBadges-SignedByUnknown = { $count } signed by someone unknown here
CountedBadges-NotChecked = { $count } not checked
CountedBadges-NotValid = { $count } not valid
CountedBadges-NotReadable = { $count } not readable
