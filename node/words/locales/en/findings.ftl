### The details of findings: lower case, without a full stop. Names and texts of others come in as they stand.

## Structure

FindingDetail-OpenBadge = a well-formed Open Badges 3.0 credential
FindingDetail-LearnerRecord = a well-formed Comprehensive Learner Record 2.0
FindingDetail-MoreFaults = and { $count } more faults
FindingDetail-NoBadgeToCheck = there was no badge to check
FindingDetail-NoValidBadgeInRecord = none of the badges in this record is valid

## Proof

FindingDetail-SignatureMatches = the signature matches the content
FindingDetail-SignatureExpired = the signature expired on { $on }
FindingDetail-OtherSignatures = beside it, { $count } of a kind not known here
FindingDetail-KeyNotInDocument = the key `{ $method }` does not stand, or no longer stands, in the issuer's own document
FindingDetail-EndorsementsInvalid = of the badge's endorsements by others ({ $total }), { $count } do not hold
FindingDetail-EndorsementsNotChecked = of the badge's endorsements by others ({ $total }), { $count } could not be checked
FindingDetail-AnotherKeyThanHolder = the presentation is signed by another key than its holder's

## Issuer

FindingDetail-NoIssuerNamed = the badge names no issuer
FindingDetail-NoIssuingKey = the document of `{ $issuer }` names no key that may issue and is of a kind used here
FindingDetail-DocumentTooOld = the document of `{ $issuer }` was fetched too long ago
FindingDetail-KeysUnavailable = the keys of the issuer `{ $issuer }` could not be had: { $why }
FindingDetail-IssuerNotListed = no agency of this federation lists the issuer `{ $issuer }`, so its keys are not known here
FindingDetail-KeyInIdentifier = the key is the issuer's own: its DID holds it
FindingDetail-KeyListed = the key is listed as the issuer's
FindingDetail-KeyOnlyUntil = the key was the issuer's only until { $until }
FindingDetail-KeyOnlyFrom = the key became the issuer's only on { $from }
FindingDetail-KeyMayNotIssue = a key of the issuer's signed it that may not issue: it does not stand under `assertionMethod`
FindingDetail-AnotherKeySigned = another key than the issuer's signed it
FindingDetail-AnotherKeyNamed = the signature names another key than the issuer's
FindingDetail-NoSignatureNoIssuer = without a signature that holds, nothing shows who issued it
FindingDetail-CompromisedButConfirmed = the key is compromised since { $since }, but { $agency } confirms that it issued this very badge
FindingDetail-CompromisedNotConfirmed = its key is compromised since { $since }, and { $agency } does not confirm that it issued this badge
FindingDetail-CompromisedUnanswered = its key is compromised since { $since }, so only { $agency } can tell whether it is genuine
FindingDetail-NotAskedForConfirmation = it was not asked whether it issued this badge
FindingDetail-SignerUnregistered = { $how }, and no agency of this federation registers it
FindingDetail-NameOnlyClaimed = the name “{ $name }” is only what the file says
FindingDetail-FileNamesNoIssuer = the file names no issuer
FindingDetail-NameResembles = the name “{ $name }” in the file is { $names }
FindingDetail-NothingShowsTheySigned = nothing shows that they signed it
FindingDetail-NamesakeRecognized = another issuer, { $others }, and is recognized in { $agency }
FindingDetail-NothingShowsItIsFromIt = nothing shows that this badge is from it

SignerKeyPlace-OwnIdentifier = the key that signed is held by the signer's own identifier
SignerKeyPlace-OwnDocument = the key that signed stands in the document that the signer itself publishes
LikeName-OfAgency = “{ $name }”, an agency of this federation ({ $id })
LikeName-OfIssuer = “{ $name }”, an issuer of { $agency }
NameLikeness-Same = the same as that of { $like }
NameLikeness-Similar = like that of { $like }
NameLikeness-AndSame = and the same as that of { $like }
NameLikeness-AndSimilar = and like that of { $like }
Namesake-Same = { $like }, has this name
Namesake-Similar = { $like }, has a name like “{ $name }”
Namesake-AnotherSame = and another, { $like }, has this name
Namesake-AnotherSimilar = and another, { $like }, has a name like “{ $name }”

## Dates

FindingDetail-DatesUnreadable = its dates could not be read
FindingDetail-GoodFrom = good from { $from } on
FindingDetail-ExpiredOn = expired on { $on }
FindingDetail-GoodUntil = good until { $until }
FindingDetail-NoEndDate = it has no end date

## Status

FindingDetail-StatusEntryUnusable = an entry of its status has no usable index or purpose
FindingDetail-StatusEntrySize = it names a list of one bit an entry, and says that its entry has more
FindingDetail-ListOfAnotherAgency = it names a list of { $agency }, which does not register this issuer: what the list says is about other badges
FindingDetail-ListUnknown = nothing is known here of its status list
FindingDetail-StatusUntold = not told, because { $why }: where its status stands is only what somebody wrote into the file
FindingDetail-NoStatus = the badge has no status: it cannot be revoked or suspended
FindingDetail-NoStatusThoughWanted = the badge says nowhere whether it was revoked, and { $agency } wants to know
FindingDetail-ListNotRead = the status list `{ $list }` was not read: { $why }
FindingDetail-ListSilent = the status list `{ $list }` says nothing of this badge: { $why }
FindingDetail-ListTooOld = the issuer's status list `{ $list }` is too old
FindingDetail-ListTooOldSince = the issuer's status list `{ $list }` is too old: fetched { $fetched }
FindingDetail-RevokedOn = revoked on { $on } by { $agency }: { $reason }
FindingDetail-RevokedAhead = revoked by { $agency }: { $reason }; that agency's clock dated it ahead, to { $to }
FindingDetail-RevokedUntold = revoked by { $agency }; when and why is told no more
FindingDetail-SuspendedOn = suspended on { $on } by { $agency }: { $reason }
FindingDetail-SuspendedAhead = suspended by { $agency }: { $reason }; that agency's clock dated it ahead, to { $to }
FindingDetail-SuspendedUntold = suspended by { $agency }; when and why is told no more
FindingDetail-CanBeReinstated = it can be reinstated
FindingDetail-RevokedLaterOn = it was revoked later, on { $on } by { $agency }: { $reason }
FindingDetail-RevokedLaterUntold = it was revoked later, by { $agency }; when and why is told no more
FindingDetail-SuspendedLaterOn = it was suspended later, on { $on } by { $agency }: { $reason }
FindingDetail-SuspendedLaterUntold = it was suspended later, by { $agency }; when and why is told no more
FindingDetail-IsRevokedAhead = it is revoked by { $agency }: { $reason }; that agency's clock dated it ahead, to { $to }
FindingDetail-IsRevokedUntold = it is revoked by { $agency }; when and why is told no more
FindingDetail-IsSuspendedAhead = it is suspended by { $agency }: { $reason }; that agency's clock dated it ahead, to { $to }
FindingDetail-IsSuspendedUntold = it is suspended by { $agency }; when and why is told no more
FindingDetail-RevokedAlreadyUnknown = so whether it was revoked already on { $on } is not known here
FindingDetail-SuspendedAlreadyUnknown = so whether it was suspended already on { $on } is not known here
FindingDetail-ReinstatedOn = it was reinstated on { $on }
FindingDetail-SuspendedBeforeUnknown = whether it was already suspended on { $on } is not known here
FindingDetail-NeitherRevokedNorSuspended = neither revoked nor suspended by { $agency }
FindingDetail-NeitherRevokedNorSuspendedAsOf = neither revoked nor suspended by { $agency } as of { $as_of }
FindingDetail-NoLongerFollowed = this node follows { $agency } no more since { $since }, and does not learn what it revokes from then on

AuthorshipDoubt-NotGenuine = the badge is not genuine
AuthorshipDoubt-NotKnownWhose = it is not known whose badge this is

## Status by a list outside the federation

FindingDetail-RevokedByIssuer = revoked by its issuer
FindingDetail-RevokedByIssuerWith = revoked by its issuer: { $message }
FindingDetail-SuspendedByIssuer = suspended by its issuer
FindingDetail-SuspendedByIssuerWith = suspended by its issuer: { $message }
FindingDetail-RevokedNowUnknownThen = it is revoked now; since when, and whether on { $on }, its list does not say
FindingDetail-RevokedNowUnknownThenWith = it is revoked now: { $message }; since when, and whether on { $on }, its list does not say
FindingDetail-SuspendedNowUnknownThen = it is suspended now; since when, and whether on { $on }, its list does not say
FindingDetail-SuspendedNowUnknownThenWith = it is suspended now: { $message }; since when, and whether on { $on }, its list does not say
FindingDetail-NotSuspendedNowUnknownThen = it is not suspended now; whether it was on { $on }, its list does not say
FindingDetail-NotRevokedByOwnList = not revoked, by the issuer's own list
FindingDetail-NotRevokedByOwnListAsOf = not revoked, by the issuer's own list as of { $as_of }
FindingDetail-NotRevokedByUnsignedList = not revoked, by the issuer's own list, which nobody signed,
FindingDetail-NotRevokedByUnsignedListAsOf = not revoked, by the issuer's own list, which nobody signed, as of { $as_of }
FindingDetail-NotSuspendedByOwnList = not suspended, by the issuer's own list
FindingDetail-NotSuspendedByOwnListAsOf = not suspended, by the issuer's own list as of { $as_of }
FindingDetail-NotSuspendedByUnsignedList = not suspended, by the issuer's own list, which nobody signed,
FindingDetail-NotSuspendedByUnsignedListAsOf = not suspended, by the issuer's own list, which nobody signed, as of { $as_of }
FindingDetail-OtherList = its list for the purpose `{ $purpose }`: { $note }
FindingDetail-OtherListAsOf = its list for the purpose `{ $purpose }` as of { $as_of }: { $note }

ListNote-Nothing = nothing is noted there
ListNote-Number = the note there is number { $value }
ListNote-Message = the issuer notes there: { $message }
ForeignList-ByAnother = it is by `{ $issuer }` and not by the badge's issuer, and nothing shows that the one may speak for the other
ForeignList-AnotherKey = it is signed by another key than the issuer's
ForeignList-SignatureExpired = its signature has expired
ForeignList-NotYet = it does not hold yet, but from { $from } on

## Recognition

FindingDetail-Expelled = { $agency } is no longer federated with this node, since { $since }
FindingDetail-Recognizes = { $agency } recognizes { $whom }: { $scope }, for { $purposes }, since { $from }
FindingDetail-RecognizesUntil = { $agency } recognizes { $whom }: { $scope }, for { $purposes }, since { $from } until { $until }
FindingDetail-RecognizesThrough = { $agency } recognizes { $whom } through { $through }: { $scope }, for { $purposes }, since { $from }
FindingDetail-RecognizesThroughUntil = { $agency } recognizes { $whom } through { $through }: { $scope }, for { $purposes }, since { $from } until { $until }
FindingDetail-RestsOn = this rests on { $what }
FindingDetail-OnCondition = on condition that { $conditions }
FindingDetail-TwoHistories = the records of { $agency } have two histories, and its recognition stands in one of them
FindingDetail-FrameworkUnknown = { $agency } recognizes the issuer for what is aligned to `{ $item }`, and no framework at this node says whether what this badge is aligned to stands below that
FindingDetail-NoneRecognizedInRecord = none of the badges in this record is recognized
FindingDetail-NoneCheckedInRecord = none of the badges in this record could be checked
FindingDetail-FollowsRegistrationSuspended = { $agency } follows { $home }, where the issuer's registration is suspended, and can be reinstated
FindingDetail-FollowsRegistrationEnded = { $agency } follows { $home }, where the issuer is not registered on that date
FindingDetail-FollowsRegistrationSuspendedAhead = { $agency } follows { $home }, where the issuer's registration is suspended, and can be reinstated ({ $home }'s clock dated that ahead, to { $to })
FindingDetail-FollowsRegistrationEndedAhead = { $agency } follows { $home }, where the issuer is not registered on that date ({ $home }'s clock dated that ahead, to { $to })
FindingDetail-WrongPurpose = { $agency } recognizes the issuer for { $purposes }, not for { $asked }
FindingDetail-NotForThisAchievement = { $agency } recognizes the issuer, but not for this achievement
FindingDetail-WithdrawnOn = { $agency } withdrew its recognition on { $on }
FindingDetail-WithdrawnOnKept = { $agency } withdrew its recognition on { $on }, and this badge is not dated before that
FindingDetail-WithdrawnAhead = { $agency } withdrew its recognition, and its clock dated that ahead, to { $to }
FindingDetail-WithdrawnAheadKept = { $agency } withdrew its recognition, and its clock dated that ahead, to { $to }, and this badge is not dated before that
FindingDetail-NotOnThatDate = { $agency } recognizes the issuer from { $from }, not on { $on }
FindingDetail-NotOnThatDateUntil = { $agency } recognizes the issuer from { $from } until { $until }, not on { $on }
FindingDetail-KeyNotListedAtHome = { $agency } recognizes the issuer as { $home } lists it, and { $home } does not list the key that signed
FindingDetail-DoesNotRecognize = { $agency } does not recognize the issuer
FindingDetail-NoOtherHeard = no other agency that was heard from in time recognizes it for this
FindingDetail-NoOther = no other agency recognizes it for this
FindingDetail-RecognizedByOthers = recognized by { $agencies }
FindingDetail-TrustListTooOld = the trust list of { $agency } is too old: not heard from since { $since }
FindingDetail-TrustListNeverHeard = the trust list of { $agency } was never heard
FindingDetail-AndFault = and { $fault }
FindingDetail-RecognizesWhileRegistered = { $agency } recognizes the issuer as long as { $home } registers it, and { $fault }

RecognitionSubject-Issuer = the issuer
RecognitionSubject-NamedIssuer = the issuer that the file names
ListFault-NotHeardSince = { $agency } has not been heard from since { $since }
ListFault-NeverHeard = { $agency } was never heard from
ListFault-IncompleteHere = this node's own store may lack part of what { $agency } wrote, and its operator has to look after it

## Rules

FindingDetail-OnConditionsFor = on conditions for { $purposes }
FindingDetail-NotFor = not { $uses }
FindingDetail-ProvidedFor = { $uses }
FindingDetail-WhetherAccepted = whether { $agency } accepts it { $uses }
FindingDetail-NotAcceptedByRule = { $agency } does not accept it { $uses }

UseReason-For = for { $purpose }: { $why }
ConditionalUse-For = for { $purpose } provided that { $conditions }, by { $rules }
NamedRule-Acceptance = rule `{ $id }` ({ $citation })
NamedRule-Worth = rule { $id } ({ $citation })
UnnamedUse-None = no use
UnnamedUse-Asked = this use

## Worth

FindingDetail-NoRateForBadge = { $agency } has published no rate for this badge
FindingDetail-NoRateFor = { $agency } has published no rate for { $purposes }
FindingDetail-PolicyTooOld = the policy of { $agency } was not heard recently enough
FindingDetail-WorthInDoubt = could not be told in { $agency }: { $why }
FindingDetail-NothingCounts = nothing counts in { $agency } while the issuer is not recognized there for this use
FindingDetail-WorthFor = for { $purpose }: { $worth }, by { $rules }
FindingDetail-WorthRefused = for { $purpose }: { $decision }

## Holder

FindingDetail-HolderWithName = whether it belongs to the person who shows it was not checked: the badge carries a name; compare it with an identity document
FindingDetail-HolderWithKey = whether it belongs to the person who shows it was not checked: the badge is bound to a key of its holder and carries no name
FindingDetail-HolderUnnamed = whether it belongs to the person who shows it was not checked: the badge carries no name
FindingDetail-NamesAnother = it names another person than the record that it came in, or the same by another name
FindingDetail-PartNamesAnother = badge { $place } in this record names another person than the record, or the same by another name
FindingDetail-PartsNameOthers = badges { $places } in this record name other persons than the record, or the same by another name

## This node

FindingDetail-ClockInDoubtForLists = this node's clock is in doubt, so it cannot say which lists are fresh
FindingDetail-ClockInDoubtForDates = this node's clock is in doubt, so it cannot say which dates are past

## What others say within a badge

EndorsementDetail-NoEndorsementType = it lacks the type EndorsementCredential
EndorsementDetail-AboutSomethingElse = it is about something else than what it stands in
EndorsementDetail-ExpiredOn = it expired on { $on }
EndorsementDetail-GoodFrom = it is good from { $from } on
EndorsementDetail-SignerUnknown = it is signed, but nobody here knows the signer: anyone can write that name
EndorsementDetail-Signed = whoever is named signed it
EndorsementDetail-SignedAndNotWithdrawn = whoever is named signed it, and has not withdrawn it since
EndorsementDetail-WithdrawalNotChecked = whether it was withdrawn since was not checked: no agency of this federation keeps its status list, and nobody was asked
EndorsementDetail-KeysUnknown = the keys of whoever is named are not known here, and nobody was asked for them
EndorsementDetail-AnotherKey = another key than that of whoever is named signed it
EndorsementDetail-Unreadable = it is neither an object nor a token
