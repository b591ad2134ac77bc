### Why what an issuer publishes cannot be used: lower case, without a full stop.

## Status lists

StatusListError-Verification = { $why }
StatusListError-Length = it has { $has } entries; the standard wants { $least } or more
StatusListError-Range = the badge names place { $place }, and the list ends before that
StatusListError-Malformed = { $why }

StatusListProblem-Unreadable = it is no status list: { $why }
StatusListProblem-Unsigned = the list carries no signature
StatusListProblem-Altered = the signature does not match: the list was changed after it was issued, or another key signed it
StatusListProblem-Uncovered = the signature does not cover `{ $what }`, so anyone could have written it there
StatusListProblem-MalformedProof = the signature is malformed: { $why }
StatusListProblem-UnknownSuite = the signature is of a kind that this version cannot check: `{ $name }`
StatusListProblem-UnknownContext = the list uses terms from `{ $vocabulary }`, a vocabulary that this node does not have
StatusListProblem-UnknownKey = the key `{ $method }` is not known here
StatusListProblem-NoKeyNamed = the signature names no key
StatusListProblem-TooComplex = the list is too large or too tangled to check: { $why }
StatusListProblem-FaultyDate = its { $fault }
StatusListProblem-Ended = it held until { $at }, and no newer one stands there
StatusListProblem-NotOneList = it is not about exactly one list
StatusListProblem-NoSubject = it is about no list
StatusListProblem-UnknownKind = it is no status list of a kind that is known here
StatusListProblem-NoEncodedList = it has no `encodedList`
StatusListProblem-BadEncodedList = { $why }
StatusListProblem-NoTtl = its `ttl` is no number of milliseconds
StatusListProblem-NoRevocations = what it calls revoked is no list
StatusListProblem-RevokedWithoutId = it calls something revoked that has no `id`
StatusListProblem-NoIssuer = it does not say whose it is
StatusListProblem-AnotherList = another list stands at its address
StatusListProblem-AnotherKind = it is a list of another kind than the badge says
StatusListProblem-AnotherPurpose = it is not a list for the purpose `{ $purpose }`

StatusEntryProblem-NoId = the badge has no `id` to look for
StatusEntryProblem-NoIndex = the badge's entry has no usable index
StatusEntryProblem-NoSize = the badge's entry has a `statusSize` that is none
StatusEntryProblem-MeaningsMissing = the badge's entry has a status of several bits, and does not say what each value means

BadBitstring-Encoding = `encodedList` is no multibase base64url text (it begins with `u` and has no padding)
BadBitstring-Gzip = `encodedList` is no gzip: { $why }
BadBitstring-TooLong = `encodedList` unpacks to more than { $most } bytes
BadBitstring-TooShort = `encodedList` has { $has } entries; the standard wants { $least } or more

## Documents of DIDs

BadDid-NoLocation = `{ $did }` is no DID that can be looked up: { $why }
DidProblem-NoDomain = it has no domain
DidProblem-NoHash = its identifier is no hash
DidProblem-StrangeCharacters = it is too long, or has characters that no DID has
DidProblem-StrangePath = a part of its path is empty, or is not what it seems
DidProblem-DomainIsNone = its domain is none
DidProblem-AddressInDigits = it names an address in digits, and no domain
DidProblem-PortNoNumber = its port is no number

BadDidDocument-NoJson = its document is no JSON: { $why }
BadDidDocument-NoObject = its document is no JSON object
BadDidDocument-AnotherDocument = the document at its address is another's
BadDidDocument-TwoKeysOfOneName = its document has two keys by one name
BadDidDocument-TooManyEntries = its document has more than { $most } entries in `{ $name }`
BadDidDocument-HistoryNoText = its history is no text
BadDidDocument-HistoryLength = its history has { $count } entries
BadDidDocument-HistoryOfAnother = its history leads to another DID
BadDidDocument-HistoryEntry = entry { $number } of its history: { $why }
BadDidDocument-NoApprovals = its history needs witnesses, and their approvals could not be had
BadDidDocument-ApprovalsNoJson = its witnesses' approvals are no JSON: { $why }
BadDidDocument-NotApproved = entry { $number } of its history was approved by { $count } witnesses, not by { $threshold }
BadDidDocument-EntryNoJson = { $why }
BadDidDocument-EntryNoObject = it is no JSON object
BadDidDocument-EntryLacks = it has no `{ $name }`
BadDidDocument-EntryAfterEnd = it comes after the end of the DID
BadDidDocument-AnotherHash = its hash is not that of its content
BadDidDocument-AnotherBeginning = the DID is not the hash of its own beginning
BadDidDocument-NoHash = its `scid` is no hash
BadDidDocument-NoTime = its time is none
BadDidDocument-WrongTime = its time is not after that of the entry before, or lies ahead
BadDidDocument-NoKeysAsCommitted = it names no keys, though the entry before committed to some
BadDidDocument-NoCommitment = it commits to no keys, and does not say that it stops doing so
BadDidDocument-KeyNotCommitted = it names a key that the entry before did not commit to
BadDidDocument-SignedByAnother = it is not signed by a key that may change the DID
BadDidDocument-DocumentOfAnother = its document is another DID's
BadDidDocument-NotPortable = it moves a DID that cannot be moved
BadDidDocument-NoCanonicalForm = it has no canonical form
BadDidDocument-UnknownParameter = it has a parameter `{ $name }` that version 1.0 does not know
BadDidDocument-WrongParameter = its parameter `{ $name }` is not as it must be
BadDidDocument-AnotherVersion = it is not written by version 1.0 of did:webvh
