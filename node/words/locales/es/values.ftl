### Las palabras para los valores.

Purpose-ProfessionalLearning = aprendizaje profesional
Purpose-Renewal = la renovación de la licencia
Purpose-Advancement = el ascenso de la licencia
Purpose-Endorsement = una habilitación adicional
Purpose-InitialCertification = la certificación inicial
Purpose-Assignment = la asignación de puesto
Purpose-Salary = el ascenso salarial
Purpose-Stipend = un estipendio
Purpose-TestSubstitute = usarla en lugar de un examen

Attestation-OwnReview = la revisión de la propia agencia
Attestation-AdoptedReview = la revisión de otra agencia
Attestation-SelfAssessment = la evaluación del propio emisor

StatusReason-IssuedInError = emitida por error
StatusReason-Superseded = reemplazada por otra credencial
StatusReason-Misconduct = conducta indebida
StatusReason-Misrepresentation = se falsearon los hechos
StatusReason-IntegrityViolation = el trabajo incumplió la política de integridad
StatusReason-EvidenceInvalid = las pruebas no se sostienen
StatusReason-IssuerCeased = el emisor ya no existe
StatusReason-Administrative = administrativo
StatusReason-Unspecified = sin motivo publicado

ScopeSummary-All = todos los logros
ScopeSummary-Achievements = { $count ->
    [one] 1 logro
   *[other] { $count } logros
}
ScopeSummary-Aligned = { $count ->
    [one] logros alineados con 1 elemento de un marco
   *[other] logros alineados con uno de { $count } elementos de marcos
}
ScopeSummary-Stack = la serie "{ $name }" de { $count } logros
