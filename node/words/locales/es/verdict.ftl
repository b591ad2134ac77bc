### La respuesta en frases que se pueden leer en voz alta.

AnswerSentence-Accepted = Aceptada en { $agency } para { $purposes }.
AnswerSentence-AcceptedOn = Aceptada en { $agency } para { $purposes } el { $day }.
AnswerSentence-AcceptedAsOf = Aceptada en { $agency } para { $purposes }, a fecha del { $at }.
AnswerSentence-RevokedSince = Desde entonces ha sido revocada.
AnswerSentence-SuspendedSince = Desde entonces ha sido suspendida.
AnswerSentence-NotValid = No es válida: { $why }.
AnswerSentence-NotValidOn = No era válida el { $day }: { $why }.
AnswerSentence-CouldNotCheck = No se pudo comprobar: { $why }.
AnswerSentence-CouldNotCheckFor = No se pudo comprobar para el { $day }: { $why }.
AnswerSentence-CouldNotCheckTheRest = No se pudo comprobar lo demás: { $why }.
AnswerSentence-CouldNotCheckTheRestFor = No se pudo comprobar lo demás para el { $day }: { $why }.
AnswerSentence-Unreadable = Este archivo no es una insignia que podamos leer.
AnswerSentence-UnreadableBecause = Este archivo no es una insignia que podamos leer: { $why }.
AnswerSentence-Genuine = Auténtica, pero { $why }.
AnswerSentence-SignedByUnknown = Firmada, pero aquí nadie conoce a quien la firmó.
AnswerSentence-FileNamesNoIssuer = El archivo no nombra a ningún emisor.
AnswerSentence-FileSaysItIsFrom = El archivo dice que es de “{ $name }”. Cualquiera puede escribir ese nombre.
AnswerSentence-SameNameAs = Es igual al nombre de { $like }.
AnswerSentence-LikeNameOf = Se parece al nombre de { $like }.
AnswerSentence-NamesakeRecognized = Otro emisor con este nombre, { $like }, está reconocido: esta insignia no es suya.
AnswerSentence-SimilarNameRecognized = Otro emisor con un nombre parecido, { $like }, está reconocido: esta insignia no es suya.
AnswerSentence-OtherRecognizes = { $agency } sí lo reconoce.
AnswerSentence-OthersRecognize = { $agencies } sí lo reconocen.
AnswerSentence-ManyRecognize = { $first }, { $second } y otras { $count } sí lo reconocen.
AnswerSentence-About = Esto se refiere al { $day }.
AnswerSentence-KnownAtEndOf = Esto es según lo que se sabía aquí al final del { $day }.
AnswerSentence-KnownOn = Esto es según lo que se sabía aquí el { $at }.
AnswerSentence-NamesAnotherThanRecord = Nombra a una persona distinta de la del expediente.
AnswerSentence-Holds = { $count ->
    [one] Contiene 1 insignia: { $kinds }.
   *[other] Contiene { $count } insignias: { $kinds }.
}
AnswerSentence-OneNamesAnother = Una de ellas nombra a una persona distinta de la del expediente.
AnswerSentence-SomeNameAnother = { $count } de ellas nombran a una persona distinta de la del expediente.

AcceptedUse-Provided = { $purposes }, siempre que { $conditions }

NotRecognizedClause-ByRule = { $detail }
NotRecognizedClause-WrongPurpose = { $agency } reconoce a su emisor para { $purposes }, no para { $asked }
NotRecognizedClause-OtherBadges = { $agency } reconoce a su emisor para otras insignias, no para esta
NotRecognizedClause-NoLonger = { $agency } ya no reconoce a su emisor
NotRecognizedClause-SuspendedAtHome = el registro de su emisor en su agencia está suspendido por ahora, y { $agency } la sigue
NotRecognizedClause-EndedAtHome = su emisor ya no está registrado en su agencia, y { $agency } la sigue
NotRecognizedClause-NotOn = el reconocimiento de su emisor por { $agency } no abarca el { $on }
NotRecognizedClause-NoneOfItsBadges = { $agency } no reconoce ninguna de sus insignias
NotRecognizedClause-NotItsIssuer = { $agency } no reconoce a su emisor

HeadlineClause-RevokedOn = esta insignia fue revocada el { $on } por { $agency } ({ $reason })
HeadlineClause-RevokedAhead = esta insignia fue revocada por { $agency } ({ $reason }); el reloj de esa agencia la fechó por adelantado, al { $to }
HeadlineClause-RevokedUntold = esta insignia fue revocada por { $agency }; ya no se dice cuándo ni por qué
HeadlineClause-RevokedByIssuer = esta insignia fue revocada por su emisor
HeadlineClause-RevokedByIssuerWith = esta insignia fue revocada por su emisor ({ $message })
HeadlineClause-SuspendedOn = esta insignia fue suspendida el { $on } por { $agency } ({ $reason })
HeadlineClause-SuspendedAhead = esta insignia fue suspendida por { $agency } ({ $reason }); el reloj de esa agencia la fechó por adelantado, al { $to }
HeadlineClause-SuspendedUntold = esta insignia fue suspendida por { $agency }; ya no se dice cuándo ni por qué
HeadlineClause-SuspendedByIssuer = esta insignia fue suspendida por su emisor
HeadlineClause-SuspendedByIssuerWith = esta insignia fue suspendida por su emisor ({ $message })
HeadlineClause-Expired = esta insignia venció el { $on }
HeadlineClause-NotYetGood = esta insignia vale desde el { $from }
HeadlineClause-NotWellFormed = la insignia no está bien formada ({ $fault })

CountedBadges-Accepted = { $count ->
    [one] { $count } aceptada
   *[other] { $count } aceptadas
}
CountedBadges-NotRecognized = { $count ->
    [one] { $count } no reconocida
   *[other] { $count } no reconocidas
}
CountedBadges-SignedByUnknown = { $count ->
    [one] { $count } firmada por alguien que aquí no se conoce
   *[other] { $count } firmadas por alguien que aquí no se conoce
}
CountedBadges-NotChecked = { $count ->
    [one] { $count } no comprobada
   *[other] { $count } no comprobadas
}
CountedBadges-NotValid = { $count ->
    [one] { $count } no válida
   *[other] { $count } no válidas
}
CountedBadges-NotReadable = { $count ->
    [one] { $count } no legible
   *[other] { $count } no legibles
}
