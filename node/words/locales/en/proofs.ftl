### Why a signature does not hold, or could not be checked: lower case, without a full stop.

## A badge's signature

InvalidProof-Missing = the badge carries no signature
InvalidProof-Mismatch = the signature does not match: the badge was changed after it was issued, or another key signed it
InvalidProof-Uncovered = the signature does not cover `{ $what }`, so anyone could have written it there
InvalidProof-Malformed = the signature is malformed: { $why }
Undecidable-UnknownSuite = the signature is of a kind that this version cannot check: `{ $name }`
Undecidable-UnknownContext = the badge uses terms from `{ $vocabulary }`, a vocabulary that this node does not have
Undecidable-UnknownKey = the key `{ $method }` is not known here
Undecidable-NoKeyNamed = the signature names no key
Undecidable-TooComplex = the badge is too large or too tangled to check: { $why }

UnknownVocabulary-Named = { $url }
UnknownVocabulary-ListWithinList = a list within a list
UnknownVocabulary-InBadge = a context written into the badge itself
UnknownVocabulary-InDocument = a context written into the document itself

ComplexityProblem-Signatures = it has more than { $most } signatures
ComplexityProblem-Objects = it has more than { $most } objects
ComplexityProblem-Contexts = it names contexts more than { $most } times
ComplexityProblem-Statements = it makes more than { $most } statements
ComplexityProblem-LongWay = it does not take the short way
ComplexityProblem-Unprocessable = its JSON-LD cannot be processed
ComplexityProblem-AmbiguousNumber = it has the number { $number }, which not everybody writes in the same way
ComplexityProblem-BlankNodes = it names blank nodes
ComplexityProblem-NamelessParts = it repeats the same nameless part too often
ComplexityProblem-TwoVocabularies = one part of it has two types that each bring a vocabulary

## Malformed signatures

ProofProblem-NoObject = it is no object
ProofProblem-AnotherPurpose = its purpose is not `{ $expected }`
ProofProblem-AnotherChallenge = its challenge is not the one that was asked for
ProofProblem-AnotherDomain = its domain is not the one that was asked for
ProofProblem-NoKeyNamed = it names no key
ProofProblem-NoSignature = its value is no signature in base58
ProofProblem-NoMoment = its date is no date and time with a time zone
ProofProblem-AnotherKindOfKey = its key is of another kind than its suite
ProofProblem-OtherContexts = its contexts are not the document's
ProofProblem-PreviousNoText = it names the proof before it by something that is no text
ProofProblem-PreviousUnknown = it covers a proof of a kind that is not known here
ProofProblem-PreviousTwice = two proofs have one name
ProofProblem-PreviousMissing = the proof before it is not there
ProofProblem-NoCanonicalJson = the document has no canonical JSON
ProofProblem-NoJsonLd = the document is no JSON-LD: { $why }
ProofProblem-CoversNothing = there is nothing that it could cover
ProofProblem-InnerStatement = the document tells its own `{ $key }` in an inner part
ProofProblem-NotSigned = it says that it is not signed
ProofProblem-SharedSecret = `{ $alg }` needs a secret that everyone who checks would know
ProofProblem-HeaderMember = its header has `{ $name }`, which no badge needs
ProofProblem-HeaderNoText = `{ $name }` in its header is no text
ProofProblem-AnotherTypeOfToken = it is a token of another type than a credential's
ProofProblem-TokenWithinToken = it is a token around another token
ProofProblem-AnotherAlgorithm = it says `{ $alg }`, but its key is of the kind { $kind }
ProofProblem-TwoKeys = it names one key and holds another
ProofProblem-UnusableKey = { $why }

## Keys

KeyProblem-NoBase58 = a key begins with `z` and is written in base58
KeyProblem-UnknownKind = this is no Ed25519, P-256, P-384 or RSA key (those begin with `z6Mk`, `zDn`, `z82` or `z4MX`)
KeyProblem-AnotherLength = a key of this kind has another length than { $bytes } bytes
KeyProblem-SmallOrder = this key has small order: nearly any signature would fit it
KeyProblem-NoPoint = this is no { $kind } key
KeyProblem-AnotherSize = an RSA key has 2048 to 8192 bits, this one has { $bits }
KeyProblem-NoUsableJwk = this is no JSON Web Key that can be used here: { $why }
KeyProblem-CannotSign = this key cannot sign

JwkProblem-NoObject = it is no object
JwkProblem-Secret = it holds a secret
JwkProblem-NoNumber = a number is missing or no base64url
JwkProblem-NotForSignatures = it is not for signatures
JwkProblem-NotForVerifying = it is not for verifying
JwkProblem-AnotherAlgorithm = its algorithm is not that of its kind

## Signing

SigningProblem-NoObject = the document is no JSON object
SigningProblem-SignedAlready = the document is signed already
SigningProblem-AnotherKindOfKey = a key of the kind { $kind } does not sign in this way
SigningProblem-UnusableKey = { $why }
UnsignableCredential-IllFormed = the credential is not well formed: { $fault }
UnsignableCredential-AsDocument = the credential cannot be signed: { $why }
UnsignableCredential-AsToken = the credential cannot be signed as a token: { $why }

## A trial badge that does not prove control of an issuer's name

ControlError-Signature = the trial badge proves nothing: { $why }
ControlError-CouldNotCheck = the trial badge could not be checked: { $why }
ControlError-AnotherKey = another key signed the trial badge than those that issue for `{ $issuer }` now (`assertionMethod` in its document)
ControlError-NoChallenge = the challenge `{ $challenge }` does not stand in what was signed: write it into the achievement's description or the badge's own name, not into what an earner brings
