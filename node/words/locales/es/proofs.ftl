### Por qué una firma no es válida, o no se pudo comprobar: en minúscula, sin punto final.

## La firma de una insignia

InvalidProof-Missing = la insignia no lleva firma
InvalidProof-Mismatch = la firma no corresponde: la insignia fue modificada después de emitida, o la firmó otra clave
InvalidProof-Uncovered = la firma no abarca `{ $what }`, así que cualquiera pudo haberlo escrito allí
InvalidProof-Malformed = la firma está mal formada: { $why }
Undecidable-UnknownSuite = la firma es de un tipo que esta versión no puede comprobar: `{ $name }`
Undecidable-UnknownContext = la insignia usa términos de `{ $vocabulary }`, un vocabulario que este nodo no tiene
Undecidable-UnknownKey = la clave `{ $method }` no se conoce aquí
Undecidable-NoKeyNamed = la firma no nombra ninguna clave
Undecidable-TooComplex = la insignia es demasiado grande o enredada para comprobarla: { $why }

UnknownVocabulary-Named = { $url }
UnknownVocabulary-ListWithinList = una lista dentro de otra
UnknownVocabulary-InBadge = un contexto escrito en la propia insignia
UnknownVocabulary-InDocument = un contexto escrito en el propio documento

ComplexityProblem-Signatures = tiene más de { $most } firmas
ComplexityProblem-Objects = tiene más de { $most } objetos
ComplexityProblem-Contexts = nombra contextos más de { $most } veces
ComplexityProblem-Statements = hace más de { $most } afirmaciones
ComplexityProblem-LongWay = no admite el camino corto
ComplexityProblem-Unprocessable = su JSON-LD no se puede procesar
ComplexityProblem-AmbiguousNumber = tiene el número { $number }, que no todos escriben igual
ComplexityProblem-BlankNodes = nombra nodos en blanco
ComplexityProblem-NamelessParts = repite demasiadas veces la misma parte sin nombre
ComplexityProblem-TwoVocabularies = una parte tiene dos tipos que traen cada uno su vocabulario

## Firmas mal formadas

ProofProblem-NoObject = no es un objeto
ProofProblem-AnotherPurpose = su propósito no es `{ $expected }`
ProofProblem-AnotherChallenge = su desafío no es el que se pidió
ProofProblem-AnotherDomain = su dominio no es el que se pidió
ProofProblem-NoKeyNamed = no nombra ninguna clave
ProofProblem-NoSignature = su valor no es una firma en base58
ProofProblem-NoMoment = su fecha no es una fecha y hora con zona horaria
ProofProblem-AnotherKindOfKey = su clave es de un tipo distinto del que usa ese método de firma
ProofProblem-OtherContexts = sus contextos no son los del documento
ProofProblem-PreviousNoText = nombra la firma anterior con algo que no es un texto
ProofProblem-PreviousUnknown = abarca una firma de un tipo que aquí no se conoce
ProofProblem-PreviousTwice = dos firmas tienen el mismo nombre
ProofProblem-PreviousMissing = falta la firma anterior
ProofProblem-NoCanonicalJson = el documento no tiene un JSON canónico
ProofProblem-NoJsonLd = el documento no es JSON-LD: { $why }
ProofProblem-CoversNothing = no hay nada que pueda abarcar
ProofProblem-InnerStatement = el documento dice su propio `{ $key }` en una parte interior
ProofProblem-NotSigned = dice que no está firmado
ProofProblem-SharedSecret = `{ $alg }` requiere un secreto que conocería todo el que comprueba
ProofProblem-HeaderMember = su encabezado tiene `{ $name }`, que ninguna insignia necesita
ProofProblem-HeaderNoText = `{ $name }` en su encabezado no es un texto
ProofProblem-AnotherTypeOfToken = es un token de un tipo distinto del de una credencial
ProofProblem-TokenWithinToken = es un token alrededor de otro
ProofProblem-AnotherAlgorithm = dice `{ $alg }`, pero su clave es del tipo { $kind }
ProofProblem-TwoKeys = nombra una clave y contiene otra
ProofProblem-UnusableKey = { $why }

## Claves

KeyProblem-NoBase58 = una clave empieza con `z` y se escribe en base58
KeyProblem-UnknownKind = esto no es una clave Ed25519, P-256, P-384 o RSA (esas empiezan con `z6Mk`, `zDn`, `z82` o `z4MX`)
KeyProblem-AnotherLength = una clave de este tipo no mide { $bytes } bytes
KeyProblem-SmallOrder = esta clave es de orden pequeño: casi cualquier firma encajaría con ella
KeyProblem-NoPoint = esto no es una clave { $kind }
KeyProblem-AnotherSize = una clave RSA tiene de 2048 a 8192 bits, y esta tiene { $bits }
KeyProblem-NoUsableJwk = esto no es una JSON Web Key que se pueda usar aquí: { $why }
KeyProblem-CannotSign = esta clave no puede firmar

JwkProblem-NoObject = no es un objeto
JwkProblem-Secret = contiene un secreto
JwkProblem-NoNumber = falta un número o no es base64url
JwkProblem-NotForSignatures = no es para firmas
JwkProblem-NotForVerifying = no es para comprobar firmas
JwkProblem-AnotherAlgorithm = su algoritmo no es el de su tipo

## Firmar

SigningProblem-NoObject = el documento no es un objeto JSON
SigningProblem-SignedAlready = el documento ya está firmado
SigningProblem-AnotherKindOfKey = una clave del tipo { $kind } no firma de esta manera
SigningProblem-UnusableKey = { $why }
UnsignableCredential-IllFormed = la credencial no está bien formada: { $fault }
UnsignableCredential-AsDocument = la credencial no se puede firmar: { $why }
UnsignableCredential-AsToken = la credencial no se puede firmar como token: { $why }

## Una insignia de prueba que no demuestra el control del nombre de un emisor

ControlError-Signature = la insignia de prueba no demuestra nada: { $why }
ControlError-CouldNotCheck = la insignia de prueba no se pudo comprobar: { $why }
ControlError-AnotherKey = la insignia de prueba la firmó una clave distinta de las que ahora emiten por `{ $issuer }` (`assertionMethod` en su documento)
ControlError-NoChallenge = el desafío `{ $challenge }` no figura en lo que se firmó: escríbalo en la descripción del logro o en el nombre de la propia insignia, no en lo que aporta quien la obtiene
