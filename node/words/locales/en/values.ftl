### The words for plain values.

Purpose-ProfessionalLearning = professional learning
Purpose-Renewal = license renewal
Purpose-Advancement = license advancement
Purpose-Endorsement = an endorsement
Purpose-InitialCertification = initial certification
Purpose-Assignment = assignment
Purpose-Salary = salary advancement
Purpose-Stipend = a stipend
Purpose-TestSubstitute = use in place of a test

Attestation-OwnReview = the agency's own review
Attestation-AdoptedReview = another agency's review
Attestation-SelfAssessment = the issuer's own assessment

StatusReason-IssuedInError = issued in error
StatusReason-Superseded = replaced by another credential
StatusReason-Misconduct = misconduct
StatusReason-Misrepresentation = facts were misrepresented
StatusReason-IntegrityViolation = the work broke the integrity policy
StatusReason-EvidenceInvalid = the evidence does not hold
StatusReason-IssuerCeased = the issuer is no more
StatusReason-Administrative = administrative
StatusReason-Unspecified = no reason published

ScopeSummary-All = all achievements
ScopeSummary-Achievements = { $count ->
    [one] 1 achievement
   *[other] { $count } achievements
}
ScopeSummary-Aligned = { $count ->
    [one] achievements aligned to 1 item of a framework
   *[other] achievements aligned to one of { $count } items of frameworks
}
ScopeSummary-Stack = the stack "{ $name }" of { $count } achievements
