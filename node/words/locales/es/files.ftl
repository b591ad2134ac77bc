### Por qué no se pudo leer un archivo, qué hacer, y qué falla en una credencial: en minúscula, sin punto final.

## Dónde se detuvo la lectura

UnreadableReason-TooLarge = el archivo tiene { $bytes } bytes, más de los { $most } que puede tener una insignia
UnreadableReason-Empty = el archivo está vacío
UnreadableReason-NoKnownForm = esto no es un archivo JSON, PNG o SVG ni un token firmado
UnreadableReason-OtherFile = esto es { $kind }, donde no hay ninguna insignia que podamos leer
UnreadableReason-NoText = esto no es texto a partir del byte { $at }, ni una imagen PNG
UnreadableReason-Json = la lectura del JSON se detuvo: { $why }
UnreadableReason-Token = la lectura del token se detuvo: { $why }

OtherFileKind-Pdf = un documento PDF
OtherFileKind-Zip = un archivo comprimido ZIP o un documento de oficina
OtherFileKind-Jpeg = una foto JPEG
OtherFileKind-Gif = una imagen GIF
OtherFileKind-Utf16 = texto en UTF-16

JsonProblem-TooDeep = anidado en más de { $most } niveles en la línea { $line }, columna { $column }
JsonProblem-TooManyValues = más de { $most } valores en la línea { $line }, columna { $column }
JsonProblem-KeyTwice = la clave `{ $key }` aparece dos veces en un mismo objeto en la línea { $line }, columna { $column }
JsonProblem-Syntax = { $why }

TokenProblem-NoThreeParts = no tiene exactamente tres partes separadas por puntos
TokenProblem-NoBase64 = { $part } no es texto base64url sin relleno
TokenProblem-NoObject = { $part } no es un objeto JSON
TokenProblem-NoJson = { $part }: { $why }
TokenProblem-ClaimNoObject = su dato `vc` no es un objeto JSON
TokenProblem-TwoCredentials = contiene una credencial en `vc` y partes de otra al lado
TokenPart-Header = su encabezado
TokenPart-Payload = su contenido
TokenPart-Signature = su firma

## Imágenes

UnreadableReason-PngDamaged = la imagen PNG termina antes de tiempo o está dañada
UnreadableReason-PngBadgeDamaged = la insignia dentro de la imagen PNG está dañada o comprimida
UnreadableReason-PngManyBadges = la imagen PNG contiene más de una insignia
UnreadableReason-PngOlderBadge = la imagen PNG contiene una insignia de un estándar anterior a Open Badges 3.0
UnreadableReason-PngNoBadge = la imagen PNG no lleva ninguna insignia
UnreadableReason-NoPng = la imagen no es PNG
UnreadableReason-SvgBroken = la lectura de la imagen SVG se detuvo, su XML está dañado: { $why }
UnreadableReason-SvgManyBadges = la imagen SVG contiene más de una insignia
UnreadableReason-SvgNoBadge = la imagen SVG no lleva ninguna insignia
UnreadableReason-SvgEmptyBadge = la imagen SVG tiene un elemento para una insignia, pero está vacío
UnreadableReason-NoSvg = la imagen no es SVG
UnreadableReason-PictureWithBadge = la imagen ya contiene una insignia
UnreadableReason-PictureWithElement = la imagen ya tiene un elemento para una insignia

SvgProblem-Xml = { $why }
SvgProblem-TooDeep = anidado en más de { $most } niveles
SvgProblem-UnknownEntity = una entidad desconocida
SvgProblem-NoEnd = un elemento no tiene fin

## Documentos

UnreadableReason-FileWithoutObject = el archivo no contiene un objeto JSON
UnreadableReason-NoObject = esto no es un objeto JSON
UnreadableReason-NeitherObjectNorToken = esto no es ni un objeto JSON ni un token
UnreadableReason-NoCredential = el archivo es JSON, pero no una credencial: no tiene ni el tipo VerifiableCredential ni un credentialSubject
UnreadableReason-Presentation = esto es una presentación, que envuelve insignias
UnreadableReason-TokenPresentation = este token es una presentación, que envuelve insignias
UnreadableReason-PresentationTooLarge = esta presentación tiene más de { $most } credenciales
UnreadableReason-UnknownEnvelope = esto es un sobre alrededor de una insignia en una forma que esta versión no puede leer
UnreadableReason-OlderBadge = esto es una insignia de un estándar anterior a Open Badges 3.0
UnreadableReason-RecordWithoutBadges = esto es un Comprehensive Learner Record, y no contiene ninguna insignia
UnreadableReason-RecordTooLarge = este Comprehensive Learner Record contiene más de { $most } insignias
UnreadableReason-RecordWithinRecord = esto es un expediente dentro de otro

## Muchas insignias en un solo envío

UnreadableReason-UploadTooLarge = el envío tiene { $bytes } bytes, más de { $most }
UnreadableReason-UploadWithoutBadges = no hay ninguna insignia en el envío
UnreadableReason-TooManyRows = el envío tiene más de { $most } filas
UnreadableReason-CsvBroken = la lectura del CSV se detuvo en la línea { $line }
UnreadableReason-CsvWithoutColumn = esto no es un archivo comprimido ZIP ni líneas JSON, y como CSV su primera línea no nombra ninguna columna de insignias
UnreadableReason-CellEmpty = la celda de la insignia está vacía
UnreadableReason-ZipBroken = la lectura del archivo comprimido ZIP se detuvo: { $why }
UnreadableReason-NamesAlike = varios archivos del archivo comprimido tienen el mismo nombre
UnreadableReason-NotUnpacked = este archivo no se puede descomprimir: { $why }
UnreadableReason-TooMuchBefore = los archivos anteriores suman más de { $most } bytes
UnreadableReason-UnpackedTooLarge = descomprimido, tiene más de los { $most } bytes que puede tener una insignia

ZipProblem-Password = tiene contraseña
ZipProblem-UnknownPacking = está comprimido de una manera que aquí no se conoce
ZipProblem-Damaged = está dañado

## Códigos y enlaces

UnreadableReason-UnknownCode = ninguna agencia de esta federación ha emitido una insignia con este código
UnreadableReason-WebPage = el enlace lleva a una página web, que no es una insignia

## Qué hacer

NextStep-DownloadAgain = pida al titular que descargue de nuevo la insignia y envíe ese archivo
NextStep-SendAsReceived = envíe el archivo de la insignia tal como lo recibió
NextStep-SendFileNoArchive = envíe el propio archivo de la insignia, no un archivo comprimido ni un escaneo
NextStep-SendFile = envíe el propio archivo de la insignia
NextStep-SendBadge = envíe la propia insignia: un archivo JSON, un token firmado (VC-JWT), o una imagen PNG o SVG que lleve la insignia
NextStep-AskForBadge = pida al titular la propia insignia
NextStep-AskForFileNoScreenshot = pida al titular el propio archivo de la insignia: una captura de pantalla pierde la insignia
NextStep-AskForFileNotEdited = pida al titular el propio archivo de la insignia: una imagen editada pierde la insignia
NextStep-AskForOneInImage = pida al titular una imagen que lleve una sola insignia
NextStep-AskForOpenBadge = pida al emisor la insignia como Open Badges 3.0
NextStep-AskForKnownForm = pida al titular la insignia como JSON con una firma Data Integrity, o como token firmado (VC-JWT)
NextStep-AskForRecordWithBadges = pida a quien hizo el expediente uno que lleve sus insignias
NextStep-ChoosePng = elija un archivo PNG
NextStep-ChooseSvg = elija un archivo SVG
NextStep-ChooseWithoutBadge = elija una sin insignia
NextStep-ChooseWithoutElement = elija una que no lo tenga
NextStep-SendBadgesApart = envíe sus insignias por separado
NextStep-SendInnerRecord = envíe por sí solo el expediente interior
NextStep-SendCredential = envíe la propia credencial
NextStep-SendPresentation = envíe la propia presentación
NextStep-SendApart = envíelas por separado
NextStep-SendInParts = envíelo por partes
NextStep-SendOne = envíe al menos un archivo o una línea
NextStep-SaveAsCsv = guárdelo de nuevo desde la hoja de cálculo como CSV (UTF-8)
NextStep-NameColumn = nombre la columna de los códigos, enlaces o insignias `code`, `link` o `badge`
NextStep-FillCell = ponga allí un código, un enlace o una insignia
NextStep-PackAgain = haga de nuevo el archivo comprimido, sin contraseña
NextStep-NameApart = dé a cada archivo un nombre propio y haga de nuevo el archivo comprimido
NextStep-SendInAnotherArchive = envíelo en otro archivo comprimido
NextStep-CheckCode = revise si el código tiene un error de escritura, o pida al titular el archivo de la insignia
NextStep-DownloadFromPage = abra la página, descargue allí la insignia y compruebe ese archivo

## Qué falla en una credencial: se dice tras el nombre de una parte

FaultyPlace-At = `{ $place }` { $what }

StructureProblem-Missing = falta
StructureProblem-NoText = no es un texto
StructureProblem-NoUrl = no es una URL
StructureProblem-NoMoment = no es una fecha y hora con zona horaria, como 2026-11-23T14:02:11Z
StructureProblem-NoObject = no es un objeto
StructureProblem-NoList = no es una lista
StructureProblem-NeitherUrlNorObject = no es ni una URL ni un objeto
StructureProblem-NoWords = no es ni un texto ni textos con su idioma
StructureProblem-SaysNothing = no dice nada
StructureProblem-TooManyParts = tiene demasiadas partes
StructureProblem-TooManyEntries = tiene más de { $most } entradas
StructureProblem-BeginsOtherwise = no empieza con { $first }
StructureProblem-LacksContext = no nombra { $standard }
StructureProblem-ListsNeitherUrlNorObject = enumera algo que no es ni una URL ni un objeto
StructureProblem-LacksType = carece de { $name }
StructureProblem-BeforeBeginning = es anterior a validFrom
StructureProblem-NotOnePerson = no es exactamente una persona
StructureProblem-ManyAchievements = nombra más de un logro
StructureProblem-NoSize = no es un número entero mayor que cero
StructureProblem-NoIndex = no es un número entero escrito como texto
StructureProblem-NamesTwice = nombra dos veces un mismo recurso
StructureProblem-NoDigest = no tiene ni digestSRI ni digestMultibase
StructureProblem-UnknownDigest = no es un resumen criptográfico que aquí se pueda comprobar
StructureProblem-AnotherDigest = no es el resumen criptográfico de ese recurso
StructureProblem-NoSeconds = no es una fecha en segundos desde 1970
StructureProblem-NotIssuer = no es el `issuer` de la insignia
StructureProblem-NotSubject = no es el `credentialSubject.id` de la insignia
StructureProblem-NotId = no es el `id` de la insignia
