### Why a file could not be read, what to do, and what is wrong in a credential: lower case, without a full stop.

## Where reading stopped

UnreadableReason-TooLarge = the file has { $bytes } bytes, more than the { $most } that a badge may have
UnreadableReason-Empty = the file is empty
UnreadableReason-NoKnownForm = this is no JSON, PNG or SVG file and no signed token
UnreadableReason-OtherFile = this is { $kind }, which holds no badge that we can read
UnreadableReason-NoText = this is no text from byte { $at } on, and no PNG image
UnreadableReason-Json = reading the JSON stopped: { $why }
UnreadableReason-Token = reading the token stopped: { $why }

OtherFileKind-Pdf = a PDF document
OtherFileKind-Zip = a ZIP archive or an office document
OtherFileKind-Jpeg = a JPEG photo
OtherFileKind-Gif = a GIF image
OtherFileKind-Utf16 = text in UTF-16

JsonProblem-TooDeep = nested more than { $most } levels deep at line { $line } column { $column }
JsonProblem-TooManyValues = more than { $most } values at line { $line } column { $column }
JsonProblem-KeyTwice = the key `{ $key }` stands twice in one object at line { $line } column { $column }
JsonProblem-Syntax = { $why }

TokenProblem-NoThreeParts = it has not exactly three parts with points between
TokenProblem-NoBase64 = { $part } is no base64url text without padding
TokenProblem-NoObject = { $part } is no JSON object
TokenProblem-NoJson = { $part }: { $why }
TokenProblem-ClaimNoObject = its claim `vc` is no JSON object
TokenProblem-TwoCredentials = it holds one credential in `vc` and parts of another beside it
TokenPart-Header = its header
TokenPart-Payload = its payload
TokenPart-Signature = its signature

## Pictures

UnreadableReason-PngDamaged = the PNG image ends too early or is damaged
UnreadableReason-PngBadgeDamaged = the badge inside the PNG image is damaged or compressed
UnreadableReason-PngManyBadges = the PNG image holds more than one badge
UnreadableReason-PngOlderBadge = the PNG image holds a badge of an older standard than Open Badges 3.0
UnreadableReason-PngNoBadge = the PNG image has no badge inside
UnreadableReason-NoPng = the picture is no PNG image
UnreadableReason-SvgBroken = reading the SVG image stopped, its XML is broken: { $why }
UnreadableReason-SvgManyBadges = the SVG image holds more than one badge
UnreadableReason-SvgNoBadge = the SVG image has no badge inside
UnreadableReason-SvgEmptyBadge = the SVG image has an element for a badge, and nothing in it
UnreadableReason-NoSvg = the picture is no SVG image
UnreadableReason-PictureWithBadge = the picture already holds a badge
UnreadableReason-PictureWithElement = the picture already has an element for a badge

SvgProblem-Xml = { $why }
SvgProblem-TooDeep = nested more than { $most } levels deep
SvgProblem-UnknownEntity = an unknown entity
SvgProblem-NoEnd = an element has no end

## Documents

UnreadableReason-FileWithoutObject = the file holds no JSON object
UnreadableReason-NoObject = this is no JSON object
UnreadableReason-NeitherObjectNorToken = this is neither a JSON object nor a token
UnreadableReason-NoCredential = the file is JSON, but no credential: it has neither the type VerifiableCredential nor a credentialSubject
UnreadableReason-Presentation = this is a presentation, which wraps badges
UnreadableReason-TokenPresentation = this token is a presentation, which wraps badges
UnreadableReason-PresentationTooLarge = this presentation has more than { $most } credentials
UnreadableReason-UnknownEnvelope = this is an envelope around a badge in a form that this version cannot read
UnreadableReason-OlderBadge = this is a badge of an older standard than Open Badges 3.0
UnreadableReason-RecordWithoutBadges = this is a Comprehensive Learner Record, and no badge stands in it
UnreadableReason-RecordTooLarge = this Comprehensive Learner Record holds more than { $most } badges
UnreadableReason-RecordWithinRecord = this is a record within a record

## Many badges in one upload

UnreadableReason-UploadTooLarge = the upload has { $bytes } bytes, more than { $most }
UnreadableReason-UploadWithoutBadges = there is no badge in the upload
UnreadableReason-TooManyRows = the upload has more than { $most } rows
UnreadableReason-CsvBroken = reading the CSV stopped at line { $line }
UnreadableReason-CsvWithoutColumn = this is no ZIP archive and no JSON lines, and as a CSV its first line names no column of badges
UnreadableReason-CellEmpty = the cell for the badge is empty
UnreadableReason-ZipBroken = reading the ZIP archive stopped: { $why }
UnreadableReason-NamesAlike = several files in the archive have the same name
UnreadableReason-NotUnpacked = this file cannot be unpacked: { $why }
UnreadableReason-TooMuchBefore = the files before it have more than { $most } bytes together
UnreadableReason-UnpackedTooLarge = unpacked, it has more than the { $most } bytes that a badge may have

ZipProblem-Password = it has a password
ZipProblem-UnknownPacking = it is packed in a way that is not known here
ZipProblem-Damaged = it is damaged

## Codes and links

UnreadableReason-UnknownCode = no agency of this federation has issued a badge with this code
UnreadableReason-WebPage = the link leads to a web page, which is no badge

## What to do

NextStep-DownloadAgain = ask the holder to download the badge again and send that file
NextStep-SendAsReceived = send the badge file as you received it
NextStep-SendFileNoArchive = send the badge file itself, not an archive or a scan
NextStep-SendFile = send the badge file itself
NextStep-SendBadge = send the badge itself: a JSON file, a signed token (VC-JWT), or a PNG or SVG image with the badge inside
NextStep-AskForBadge = ask the holder for the badge itself
NextStep-AskForFileNoScreenshot = ask the holder for the badge file itself: a screenshot loses the badge
NextStep-AskForFileNotEdited = ask the holder for the badge file itself: an edited picture loses the badge
NextStep-AskForOneInImage = ask the holder for an image with one badge inside
NextStep-AskForOpenBadge = ask the issuer for the badge as Open Badges 3.0
NextStep-AskForKnownForm = ask the holder for the badge as JSON with a Data Integrity proof, or as a signed token (VC-JWT)
NextStep-AskForRecordWithBadges = ask whoever made the record for one with its badges
NextStep-ChoosePng = choose a PNG file
NextStep-ChooseSvg = choose an SVG file
NextStep-ChooseWithoutBadge = choose one without a badge
NextStep-ChooseWithoutElement = choose one without
NextStep-SendBadgesApart = send its badges apart
NextStep-SendInnerRecord = send the inner record by itself
NextStep-SendCredential = send the credential itself
NextStep-SendPresentation = send the presentation itself
NextStep-SendApart = send them apart
NextStep-SendInParts = send it in parts
NextStep-SendOne = send at least one file or line
NextStep-SaveAsCsv = save it from the spreadsheet as CSV (UTF-8) again
NextStep-NameColumn = name the column with the codes, links or badges `code`, `link` or `badge`
NextStep-FillCell = put a code, a link or a badge there
NextStep-PackAgain = make the archive again, without a password
NextStep-NameApart = give each file a name of its own, and make the archive again
NextStep-SendInAnotherArchive = send it in another archive
NextStep-CheckCode = check the code for a typing mistake, or ask the holder for the badge file
NextStep-DownloadFromPage = open the page, download the badge there, and check that file

## What is wrong in a credential: said behind the name of a part

FaultyPlace-At = `{ $place }` { $what }

StructureProblem-Missing = is missing
StructureProblem-NoText = is no text
StructureProblem-NoUrl = is no URL
StructureProblem-NoMoment = is no date and time with a time zone, like 2026-11-23T14:02:11Z
StructureProblem-NoObject = is no object
StructureProblem-NoList = is no list
StructureProblem-NeitherUrlNorObject = is neither a URL nor an object
StructureProblem-NoWords = is neither a text nor texts with their language
StructureProblem-SaysNothing = says nothing
StructureProblem-TooManyParts = has too many parts
StructureProblem-TooManyEntries = has more than { $most } entries
StructureProblem-BeginsOtherwise = does not begin with { $first }
StructureProblem-LacksContext = does not name { $standard }
StructureProblem-ListsNeitherUrlNorObject = lists what is neither a URL nor an object
StructureProblem-LacksType = lacks { $name }
StructureProblem-BeforeBeginning = is before validFrom
StructureProblem-NotOnePerson = is not exactly one person
StructureProblem-ManyAchievements = names more than one achievement
StructureProblem-NoSize = is no whole number above zero
StructureProblem-NoIndex = is no whole number written as text
StructureProblem-NamesTwice = names one resource twice
StructureProblem-NoDigest = has neither digestSRI nor digestMultibase
StructureProblem-UnknownDigest = is no digest that can be checked here
StructureProblem-AnotherDigest = is not the digest of that resource
StructureProblem-NoSeconds = is no date in seconds since 1970
StructureProblem-NotIssuer = is not the badge's `issuer`
StructureProblem-NotSubject = is not the badge's `credentialSubject.id`
StructureProblem-NotId = is not the badge's `id`
