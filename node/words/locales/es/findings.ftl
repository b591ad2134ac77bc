### Los detalles de los hallazgos: en minúscula, sin punto final. Los nombres y textos ajenos aparecen tal como están.

## Estructura

FindingDetail-OpenBadge = una credencial Open Badges 3.0 bien formada
FindingDetail-LearnerRecord = un Comprehensive Learner Record 2.0 bien formado
FindingDetail-MoreFaults = y { $count } faltas más
FindingDetail-NoBadgeToCheck = no había ninguna insignia que comprobar
FindingDetail-NoValidBadgeInRecord = ninguna de las insignias de este expediente es válida

## Firma

FindingDetail-SignatureMatches = la firma corresponde al contenido
FindingDetail-SignatureExpired = la firma venció el { $on }
FindingDetail-OtherSignatures = además lleva { $count } de un tipo que aquí no se conoce
FindingDetail-KeyNotInDocument = la clave `{ $method }` no figura, o ya no figura, en el documento del propio emisor
FindingDetail-EndorsementsInvalid = de los avales de terceros que lleva la insignia ({ $total }), no son válidos { $count }
FindingDetail-EndorsementsNotChecked = de los avales de terceros que lleva la insignia ({ $total }), no se pudieron comprobar { $count }
FindingDetail-AnotherKeyThanHolder = la presentación está firmada con una clave que no es la de su titular

## Emisor

FindingDetail-NoIssuerNamed = la insignia no nombra a ningún emisor
FindingDetail-NoIssuingKey = el documento de `{ $issuer }` no nombra ninguna clave que pueda emitir y sea de un tipo que aquí se use
FindingDetail-DocumentTooOld = el documento de `{ $issuer }` se obtuvo hace demasiado tiempo
FindingDetail-KeysUnavailable = no se pudieron obtener las claves del emisor `{ $issuer }`: { $why }
FindingDetail-IssuerNotListed = ninguna agencia de esta federación incluye al emisor `{ $issuer }`, así que aquí no se conocen sus claves
FindingDetail-KeyInIdentifier = la clave es la del propio emisor: su DID la contiene
FindingDetail-KeyListed = la clave figura como del emisor
FindingDetail-KeyOnlyUntil = la clave fue del emisor solo hasta el { $until }
FindingDetail-KeyOnlyFrom = la clave es del emisor solo desde el { $from }
FindingDetail-KeyMayNotIssue = la firmó una clave del emisor que no puede emitir: no figura en `assertionMethod`
FindingDetail-AnotherKeySigned = la firmó una clave que no es del emisor
FindingDetail-AnotherKeyNamed = la firma nombra una clave que no es del emisor
FindingDetail-NoSignatureNoIssuer = sin una firma válida, nada muestra quién la emitió
FindingDetail-CompromisedButConfirmed = la clave no es segura desde el { $since }, pero { $agency } confirma que emitió esta misma insignia
FindingDetail-CompromisedNotConfirmed = su clave no es segura desde el { $since }, y { $agency } no confirma que emitió esta insignia
FindingDetail-CompromisedUnanswered = su clave no es segura desde el { $since }, así que solo { $agency } puede decir si es auténtica
FindingDetail-NotAskedForConfirmation = no se le preguntó si emitió esta insignia
FindingDetail-SignerUnregistered = { $how }, y ninguna agencia de esta federación la registra
FindingDetail-NameOnlyClaimed = el nombre “{ $name }” es solo lo que dice el archivo
FindingDetail-FileNamesNoIssuer = el archivo no nombra a ningún emisor
FindingDetail-NameResembles = el nombre “{ $name }” del archivo es { $names }
FindingDetail-NothingShowsTheySigned = nada muestra que la hayan firmado
FindingDetail-NamesakeRecognized = otro emisor, { $others }, y está reconocido en { $agency }
FindingDetail-NothingShowsItIsFromIt = nada muestra que esta insignia sea suya

SignerKeyPlace-OwnIdentifier = la clave que firmó está en el identificador de quien firma
SignerKeyPlace-OwnDocument = la clave que firmó figura en el documento que publica quien firma
LikeName-OfAgency = “{ $name }”, una agencia de esta federación ({ $id })
LikeName-OfIssuer = “{ $name }”, un emisor de { $agency }
NameLikeness-Same = igual al de { $like }
NameLikeness-Similar = parecido al de { $like }
NameLikeness-AndSame = e igual al de { $like }
NameLikeness-AndSimilar = y parecido al de { $like }
Namesake-Same = { $like }, tiene este nombre
Namesake-Similar = { $like }, tiene un nombre parecido a “{ $name }”
Namesake-AnotherSame = y otro, { $like }, tiene este nombre
Namesake-AnotherSimilar = y otro, { $like }, tiene un nombre parecido a “{ $name }”

## Fechas

FindingDetail-DatesUnreadable = no se pudieron leer sus fechas
FindingDetail-GoodFrom = vale desde el { $from }
FindingDetail-ExpiredOn = venció el { $on }
FindingDetail-GoodUntil = vale hasta el { $until }
FindingDetail-NoEndDate = no tiene fecha de vencimiento

## Estado

FindingDetail-StatusEntryUnusable = una entrada de su estado no tiene un índice o un propósito utilizable
FindingDetail-StatusEntrySize = nombra una lista de un bit por entrada, y dice que su entrada tiene más
FindingDetail-ListOfAnotherAgency = nombra una lista de { $agency }, que no registra a este emisor: lo que dice la lista trata de otras insignias
FindingDetail-ListUnknown = aquí no se sabe nada de su lista de estado
FindingDetail-StatusUntold = no se dice, porque { $why }: dónde consta su estado es solo lo que alguien escribió en el archivo
FindingDetail-NoStatus = la insignia no tiene estado: no se puede revocar ni suspender
FindingDetail-NoStatusThoughWanted = la insignia no dice en ninguna parte si fue revocada, y { $agency } quiere saberlo
FindingDetail-ListNotRead = no se leyó la lista de estado `{ $list }`: { $why }
FindingDetail-ListSilent = la lista de estado `{ $list }` no dice nada de esta insignia: { $why }
FindingDetail-ListTooOld = la lista de estado `{ $list }` del emisor es demasiado antigua
FindingDetail-ListTooOldSince = la lista de estado `{ $list }` del emisor es demasiado antigua: obtenida el { $fetched }
FindingDetail-RevokedOn = revocada el { $on } por { $agency }: { $reason }
FindingDetail-RevokedAhead = revocada por { $agency }: { $reason }; el reloj de esa agencia la fechó por adelantado, al { $to }
FindingDetail-RevokedUntold = revocada por { $agency }; ya no se dice cuándo ni por qué
FindingDetail-SuspendedOn = suspendida el { $on } por { $agency }: { $reason }
FindingDetail-SuspendedAhead = suspendida por { $agency }: { $reason }; el reloj de esa agencia la fechó por adelantado, al { $to }
FindingDetail-SuspendedUntold = suspendida por { $agency }; ya no se dice cuándo ni por qué
FindingDetail-CanBeReinstated = puede ser restituida
FindingDetail-RevokedLaterOn = fue revocada después, el { $on }, por { $agency }: { $reason }
FindingDetail-RevokedLaterUntold = fue revocada después, por { $agency }; ya no se dice cuándo ni por qué
FindingDetail-SuspendedLaterOn = fue suspendida después, el { $on }, por { $agency }: { $reason }
FindingDetail-SuspendedLaterUntold = fue suspendida después, por { $agency }; ya no se dice cuándo ni por qué
FindingDetail-IsRevokedAhead = está revocada por { $agency }: { $reason }; el reloj de esa agencia la fechó por adelantado, al { $to }
FindingDetail-IsRevokedUntold = está revocada por { $agency }; ya no se dice cuándo ni por qué
FindingDetail-IsSuspendedAhead = está suspendida por { $agency }: { $reason }; el reloj de esa agencia la fechó por adelantado, al { $to }
FindingDetail-IsSuspendedUntold = está suspendida por { $agency }; ya no se dice cuándo ni por qué
FindingDetail-RevokedAlreadyUnknown = así que aquí no se sabe si ya estaba revocada el { $on }
FindingDetail-SuspendedAlreadyUnknown = así que aquí no se sabe si ya estaba suspendida el { $on }
FindingDetail-ReinstatedOn = fue restituida el { $on }
FindingDetail-SuspendedBeforeUnknown = aquí no se sabe si ya estaba suspendida el { $on }
FindingDetail-NeitherRevokedNorSuspended = ni revocada ni suspendida por { $agency }
FindingDetail-NeitherRevokedNorSuspendedAsOf = ni revocada ni suspendida por { $agency } hasta el { $as_of }
FindingDetail-NoLongerFollowed = este nodo ya no sigue a { $agency } desde el { $since }, y no se entera de lo que revoque a partir de entonces

AuthorshipDoubt-NotGenuine = la insignia no es auténtica
AuthorshipDoubt-NotKnownWhose = no se sabe de quién es esta insignia

## Estado según una lista de fuera de la federación

FindingDetail-RevokedByIssuer = revocada por su emisor
FindingDetail-RevokedByIssuerWith = revocada por su emisor: { $message }
FindingDetail-SuspendedByIssuer = suspendida por su emisor
FindingDetail-SuspendedByIssuerWith = suspendida por su emisor: { $message }
FindingDetail-RevokedNowUnknownThen = ahora está revocada; su lista no dice desde cuándo, ni si lo estaba el { $on }
FindingDetail-RevokedNowUnknownThenWith = ahora está revocada: { $message }; su lista no dice desde cuándo, ni si lo estaba el { $on }
FindingDetail-SuspendedNowUnknownThen = ahora está suspendida; su lista no dice desde cuándo, ni si lo estaba el { $on }
FindingDetail-SuspendedNowUnknownThenWith = ahora está suspendida: { $message }; su lista no dice desde cuándo, ni si lo estaba el { $on }
FindingDetail-NotSuspendedNowUnknownThen = ahora no está suspendida; su lista no dice si lo estaba el { $on }
FindingDetail-NotRevokedByOwnList = no revocada, según la lista del propio emisor
FindingDetail-NotRevokedByOwnListAsOf = no revocada, según la lista del propio emisor al { $as_of }
FindingDetail-NotRevokedByUnsignedList = no revocada, según la lista del propio emisor, que nadie firmó
FindingDetail-NotRevokedByUnsignedListAsOf = no revocada, según la lista del propio emisor, que nadie firmó, al { $as_of }
FindingDetail-NotSuspendedByOwnList = no suspendida, según la lista del propio emisor
FindingDetail-NotSuspendedByOwnListAsOf = no suspendida, según la lista del propio emisor al { $as_of }
FindingDetail-NotSuspendedByUnsignedList = no suspendida, según la lista del propio emisor, que nadie firmó
FindingDetail-NotSuspendedByUnsignedListAsOf = no suspendida, según la lista del propio emisor, que nadie firmó, al { $as_of }
FindingDetail-OtherList = su lista para el propósito `{ $purpose }`: { $note }
FindingDetail-OtherListAsOf = su lista para el propósito `{ $purpose }` al { $as_of }: { $note }

ListNote-Nothing = allí no hay nada anotado
ListNote-Number = la anotación es el número { $value }
ListNote-Message = el emisor anota allí: { $message }
ForeignList-ByAnother = es de `{ $issuer }` y no del emisor de la insignia, y nada muestra que uno pueda hablar por el otro
ForeignList-AnotherKey = está firmada con una clave que no es del emisor
ForeignList-SignatureExpired = su firma venció
ForeignList-NotYet = todavía no vale, sino desde el { $from }

## Reconocimiento

FindingDetail-Expelled = { $agency } ya no está federada con este nodo, desde el { $since }
FindingDetail-Recognizes = { $agency } reconoce { $whom }: { $scope }, para { $purposes }, desde el { $from }
FindingDetail-RecognizesUntil = { $agency } reconoce { $whom }: { $scope }, para { $purposes }, desde el { $from } hasta el { $until }
FindingDetail-RecognizesThrough = { $agency } reconoce { $whom } a través de { $through }: { $scope }, para { $purposes }, desde el { $from }
FindingDetail-RecognizesThroughUntil = { $agency } reconoce { $whom } a través de { $through }: { $scope }, para { $purposes }, desde el { $from } hasta el { $until }
FindingDetail-RestsOn = esto se basa en { $what }
FindingDetail-OnCondition = con la condición de que { $conditions }
FindingDetail-TwoHistories = los registros de { $agency } tienen dos historias, y su reconocimiento figura en una de ellas
FindingDetail-FrameworkUnknown = { $agency } reconoce al emisor para lo que está alineado con `{ $item }`, y ningún marco de este nodo dice si lo de esta insignia queda por debajo
FindingDetail-NoneRecognizedInRecord = ninguna de las insignias de este expediente está reconocida
FindingDetail-NoneCheckedInRecord = ninguna de las insignias de este expediente se pudo comprobar
FindingDetail-FollowsRegistrationSuspended = { $agency } sigue a { $home }, donde el registro del emisor está suspendido y puede restituirse
FindingDetail-FollowsRegistrationEnded = { $agency } sigue a { $home }, donde el emisor no está registrado en esa fecha
FindingDetail-FollowsRegistrationSuspendedAhead = { $agency } sigue a { $home }, donde el registro del emisor está suspendido y puede restituirse (el reloj de { $home } lo fechó por adelantado, al { $to })
FindingDetail-FollowsRegistrationEndedAhead = { $agency } sigue a { $home }, donde el emisor no está registrado en esa fecha (el reloj de { $home } lo fechó por adelantado, al { $to })
FindingDetail-WrongPurpose = { $agency } reconoce al emisor para { $purposes }, no para { $asked }
FindingDetail-NotForThisAchievement = { $agency } reconoce al emisor, pero no para este logro
FindingDetail-WithdrawnOn = { $agency } retiró su reconocimiento el { $on }
FindingDetail-WithdrawnOnKept = { $agency } retiró su reconocimiento el { $on }, y esta insignia no es anterior
FindingDetail-WithdrawnAhead = { $agency } retiró su reconocimiento, y su reloj lo fechó por adelantado, al { $to }
FindingDetail-WithdrawnAheadKept = { $agency } retiró su reconocimiento, y su reloj lo fechó por adelantado, al { $to }, y esta insignia no es anterior
FindingDetail-NotOnThatDate = { $agency } reconoce al emisor desde el { $from }, no el { $on }
FindingDetail-NotOnThatDateUntil = { $agency } reconoce al emisor desde el { $from } hasta el { $until }, no el { $on }
FindingDetail-KeyNotListedAtHome = { $agency } reconoce al emisor tal como lo incluye { $home }, y { $home } no incluye la clave que firmó
FindingDetail-DoesNotRecognize = { $agency } no reconoce al emisor
FindingDetail-NoOtherHeard = ninguna otra agencia de la que se supo a tiempo lo reconoce para esto
FindingDetail-NoOther = ninguna otra agencia lo reconoce para esto
FindingDetail-RecognizedByOthers = lo reconocen { $agencies }
FindingDetail-TrustListTooOld = la lista de confianza de { $agency } es demasiado antigua: no se sabe de ella desde el { $since }
FindingDetail-TrustListNeverHeard = nunca se recibió la lista de confianza de { $agency }
FindingDetail-AndFault = y { $fault }
FindingDetail-RecognizesWhileRegistered = { $agency } reconoce al emisor mientras { $home } lo registre, y { $fault }

RecognitionSubject-Issuer = al emisor
RecognitionSubject-NamedIssuer = al emisor que nombra el archivo
ListFault-NotHeardSince = no se sabe de { $agency } desde el { $since }
ListFault-NeverHeard = nunca se supo de { $agency }
ListFault-IncompleteHere = al almacén de este nodo puede faltarle parte de lo que escribió { $agency }, y su operador tiene que ocuparse

## Reglas

FindingDetail-OnConditionsFor = con condiciones para { $purposes }
FindingDetail-NotFor = no { $uses }
FindingDetail-ProvidedFor = { $uses }
FindingDetail-WhetherAccepted = si { $agency } la acepta { $uses }
FindingDetail-NotAcceptedByRule = { $agency } no la acepta { $uses }

UseReason-For = para { $purpose }: { $why }
ConditionalUse-For = para { $purpose } siempre que { $conditions }, según { $rules }
NamedRule-Acceptance = la regla `{ $id }` ({ $citation })
NamedRule-Worth = la regla { $id } ({ $citation })
UnnamedUse-None = ningún uso
UnnamedUse-Asked = este uso

## Valor

FindingDetail-NoRateForBadge = { $agency } no ha publicado ninguna tasa para esta insignia
FindingDetail-NoRateFor = { $agency } no ha publicado ninguna tasa para { $purposes }
FindingDetail-PolicyTooOld = la política de { $agency } no se recibió lo bastante recientemente
FindingDetail-WorthInDoubt = no se pudo saber en { $agency }: { $why }
FindingDetail-NothingCounts = nada cuenta en { $agency } mientras el emisor no esté reconocido allí para este uso
FindingDetail-WorthFor = para { $purpose }: { $worth }, según { $rules }
FindingDetail-WorthRefused = para { $purpose }: { $decision }

## Titular

FindingDetail-HolderWithName = no se comprobó si pertenece a la persona que la muestra: la insignia lleva un nombre; compárelo con un documento de identidad
FindingDetail-HolderWithKey = no se comprobó si pertenece a la persona que la muestra: la insignia está vinculada a una clave de su titular y no lleva nombre
FindingDetail-HolderUnnamed = no se comprobó si pertenece a la persona que la muestra: la insignia no lleva nombre
FindingDetail-NamesAnother = nombra a una persona distinta de la del expediente en que venía, o a la misma con otro nombre
FindingDetail-PartNamesAnother = la insignia { $place } de este expediente nombra a una persona distinta de la del expediente, o a la misma con otro nombre
FindingDetail-PartsNameOthers = las insignias { $places } de este expediente nombran a personas distintas de la del expediente, o a la misma con otro nombre

## Este nodo

FindingDetail-ClockInDoubtForLists = el reloj de este nodo está en duda, así que no puede decir qué listas son recientes
FindingDetail-ClockInDoubtForDates = el reloj de este nodo está en duda, así que no puede decir qué fechas ya pasaron

## Lo que otros dicen dentro de una insignia

EndorsementDetail-NoEndorsementType = le falta el tipo EndorsementCredential
EndorsementDetail-AboutSomethingElse = trata de algo distinto de aquello en que figura
EndorsementDetail-ExpiredOn = venció el { $on }
EndorsementDetail-GoodFrom = vale desde el { $from }
EndorsementDetail-SignerUnknown = está firmado, pero aquí nadie conoce a quien firmó: cualquiera puede escribir ese nombre
EndorsementDetail-Signed = lo firmó quien se nombra
EndorsementDetail-SignedAndNotWithdrawn = lo firmó quien se nombra, y no lo ha retirado desde entonces
EndorsementDetail-WithdrawalNotChecked = no se comprobó si se retiró desde entonces: ninguna agencia de esta federación lleva su lista de estado, y no se preguntó a nadie
EndorsementDetail-KeysUnknown = aquí no se conocen las claves de quien se nombra, y no se preguntó a nadie por ellas
EndorsementDetail-AnotherKey = lo firmó una clave que no es de quien se nombra
EndorsementDetail-Unreadable = no es ni un objeto ni un token
