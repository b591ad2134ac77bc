### Por qué no se puede usar lo que publica un emisor: en minúscula, sin punto final.

## Listas de estado

StatusListError-Verification = { $why }
StatusListError-Length = tiene { $has } entradas; el estándar exige { $least } o más
StatusListError-Range = la insignia nombra el lugar { $place }, y la lista termina antes
StatusListError-Malformed = { $why }

StatusListProblem-Unreadable = no es una lista de estado: { $why }
StatusListProblem-Unsigned = la lista no lleva firma
StatusListProblem-Altered = la firma no corresponde: la lista fue modificada después de emitida, o la firmó otra clave
StatusListProblem-Uncovered = la firma no abarca `{ $what }`, así que cualquiera pudo haberlo escrito allí
StatusListProblem-MalformedProof = la firma está mal formada: { $why }
StatusListProblem-UnknownSuite = la firma es de un tipo que esta versión no puede comprobar: `{ $name }`
StatusListProblem-UnknownContext = la lista usa términos de `{ $vocabulary }`, un vocabulario que este nodo no tiene
StatusListProblem-UnknownKey = la clave `{ $method }` no se conoce aquí
StatusListProblem-NoKeyNamed = la firma no nombra ninguna clave
StatusListProblem-TooComplex = la lista es demasiado grande o enredada para comprobarla: { $why }
StatusListProblem-FaultyDate = su { $fault }
StatusListProblem-Ended = valió hasta el { $at }, y allí no hay ninguna más nueva
StatusListProblem-NotOneList = no trata exactamente de una lista
StatusListProblem-NoSubject = no trata de ninguna lista
StatusListProblem-UnknownKind = no es una lista de estado de un tipo que aquí se conozca
StatusListProblem-NoEncodedList = no tiene `encodedList`
StatusListProblem-BadEncodedList = { $why }
StatusListProblem-NoTtl = su `ttl` no es un número de milisegundos
StatusListProblem-NoRevocations = lo que llama revocado no es una lista
StatusListProblem-RevokedWithoutId = llama revocado a algo que no tiene `id`
StatusListProblem-NoIssuer = no dice de quién es
StatusListProblem-AnotherList = en su dirección hay otra lista
StatusListProblem-AnotherKind = es una lista de un tipo distinto del que dice la insignia
StatusListProblem-AnotherPurpose = no es una lista para el propósito `{ $purpose }`

StatusEntryProblem-NoId = la insignia no tiene un `id` que buscar
StatusEntryProblem-NoIndex = la entrada de la insignia no tiene un índice utilizable
StatusEntryProblem-NoSize = la entrada de la insignia tiene un `statusSize` que no es un tamaño
StatusEntryProblem-MeaningsMissing = la entrada de la insignia tiene un estado de varios bits, y no dice qué significa cada valor

BadBitstring-Encoding = `encodedList` no es texto multibase base64url (que empieza con `u` y no lleva relleno)
BadBitstring-Gzip = `encodedList` no es gzip: { $why }
BadBitstring-TooLong = `encodedList` ocupa, descomprimida, más de { $most } bytes
BadBitstring-TooShort = `encodedList` tiene { $has } entradas; el estándar exige { $least } o más

## Documentos de los DID

BadDid-NoLocation = `{ $did }` no es un DID que se pueda consultar: { $why }
DidProblem-NoDomain = no tiene dominio
DidProblem-NoHash = su identificador no es un resumen criptográfico
DidProblem-StrangeCharacters = es demasiado largo, o tiene caracteres que ningún DID tiene
DidProblem-StrangePath = una parte de su ruta está vacía, o no es lo que parece
DidProblem-DomainIsNone = su dominio no es un dominio
DidProblem-AddressInDigits = nombra una dirección en cifras, y no un dominio
DidProblem-PortNoNumber = su puerto no es un número

BadDidDocument-NoJson = su documento no es JSON: { $why }
BadDidDocument-NoObject = su documento no es un objeto JSON
BadDidDocument-AnotherDocument = el documento que está en su dirección es de otro
BadDidDocument-TwoKeysOfOneName = su documento tiene dos claves con el mismo nombre
BadDidDocument-TooManyEntries = su documento tiene más de { $most } entradas en `{ $name }`
BadDidDocument-HistoryNoText = su historial no es texto
BadDidDocument-HistoryLength = su historial tiene { $count } entradas
BadDidDocument-HistoryOfAnother = su historial lleva a otro DID
BadDidDocument-HistoryEntry = entrada { $number } de su historial: { $why }
BadDidDocument-NoApprovals = su historial requiere testigos, y no se pudieron obtener sus aprobaciones
BadDidDocument-ApprovalsNoJson = las aprobaciones de sus testigos no son JSON: { $why }
BadDidDocument-NotApproved = la entrada { $number } de su historial fue aprobada por { $count } testigos, no por { $threshold }
BadDidDocument-EntryNoJson = { $why }
BadDidDocument-EntryNoObject = no es un objeto JSON
BadDidDocument-EntryLacks = no tiene `{ $name }`
BadDidDocument-EntryAfterEnd = viene después del fin del DID
BadDidDocument-AnotherHash = su resumen criptográfico no es el de su contenido
BadDidDocument-AnotherBeginning = el DID no es el resumen criptográfico de su propio comienzo
BadDidDocument-NoHash = su `scid` no es un resumen criptográfico
BadDidDocument-NoTime = su hora no es una hora
BadDidDocument-WrongTime = su hora no es posterior a la de la entrada anterior, o está en el futuro
BadDidDocument-NoKeysAsCommitted = no nombra claves, aunque la entrada anterior se comprometió con algunas
BadDidDocument-NoCommitment = no se compromete con ninguna clave, y no dice que deje de hacerlo
BadDidDocument-KeyNotCommitted = nombra una clave con la que la entrada anterior no se comprometió
BadDidDocument-SignedByAnother = no está firmada por una clave que pueda cambiar el DID
BadDidDocument-DocumentOfAnother = su documento es de otro DID
BadDidDocument-NotPortable = traslada un DID que no se puede trasladar
BadDidDocument-NoCanonicalForm = no tiene una forma canónica
BadDidDocument-UnknownParameter = tiene un parámetro `{ $name }` que la versión 1.0 no conoce
BadDidDocument-WrongParameter = su parámetro `{ $name }` no es como debe ser
BadDidDocument-AnotherVersion = no está escrita según la versión 1.0 de did:webvh
