use registry_schema::{Credential, Issuer, Verdict, policy::PolicyFile};

use crate::{
    FileBody, Method, NoBody, Route,
    applications::{
        ApplicationCreatedResponse, ApplicationRequest, ApplicationResponse, ApplicationSummary, CaseStepRequest,
        CaseStepResponse, IssuerHistoryResponse,
    },
    credentials::{
        ExpungedCredentialResponse, IssuedCredentialResponse, NewCredential, StatusChangeRequest, StatusChangeResponse,
    },
    frameworks::{
        FrameworkCoverageResponse, FrameworkImportResponse, FrameworkRemovalResponse, FrameworkResponse,
        FrameworkSummary,
    },
    issuers::{
        IssuerProviderResponse, KeyCompromiseRequest, KeyCompromiseResponse, KeyRefreshRequest, KeyRefreshResponse,
        NewIssuer, ProviderRequest, RegisteredIssuerResponse, RegistrationEntry, RekeyRequest, RekeyResponse,
        StandingRequest, StandingResponse,
    },
    operations::VersionResponse,
    policies::{PolicyChangeResponse, PolicySample, WorthRequest, WorthResponse},
    rubrics::{ImportedRubric, RubricImportResponse},
    status_lists::{ListEntryRequest, ListEntryResponse, StatusListFill},
    trqp::{TrqpRequest, TrqpResponse},
    vc_api::{
        IssueCredentialRequest, IssueCredentialResponse, VerifyCredentialRequest, VerifyPresentationRequest,
        VerifyResponse,
    },
    verifications::BulkVerdict,
};

macro_rules! routes {
    ($($(#[$doc:meta])* $name:ident: $method:ident $path:literal, $body:ty => $answer:ty;)*) => {
        $($(#[$doc])* pub const $name: Route<$body, $answer> = Route::new(Method::$method, $path);)*

        /// All routes: the method, the template of the path, and the name of the answer's type as OpenAPI has it.
        #[cfg(feature = "openapi")]
        pub fn all() -> Vec<(Method, &'static str, String)> {
            vec![$((Method::$method, $path, <$answer as utoipa::ToSchema>::name().into_owned())),*]
        }
    };
}

routes! {
    /// The program, and the agency that runs it.
    VERSION: Get "/version", NoBody => VersionResponse;

    /// The applications to be an issuer, the newest first, page by page.
    APPLICATIONS: Get "/v1/applications", NoBody => Vec<ApplicationSummary>;
    /// Applies to be an issuer.
    APPLY: Post "/v1/applications", ApplicationRequest => ApplicationCreatedResponse;
    /// An application with all its steps.
    APPLICATION: Get "/v1/applications/{id}", NoBody => ApplicationResponse;
    /// Takes a step in a case.
    CASE_STEP: Post "/v1/applications/{id}/steps", CaseStepRequest => CaseStepResponse;
    /// Proves control of the identifier under which the applicant signs, by a trial badge.
    CONTROL_PROOF: Post "/v1/applications/{id}/proof", FileBody => ApplicationResponse;
    /// Forgets who can be reached about an application.
    CONTACT_EXPUNGING: Post "/v1/applications/{id}/contact-expunging", NoBody => ApplicationResponse;
    /// The public history of an issuer.
    ISSUER_HISTORY: Get "/v1/issuers/{id}/history", NoBody => IssuerHistoryResponse;

    /// The rubrics of the agency, in all their versions.
    RUBRICS: Get "/v1/rubrics", NoBody => Vec<ImportedRubric>;
    /// Imports a version of a rubric, as TOML.
    RUBRIC_IMPORT: Post "/v1/rubrics", FileBody => RubricImportResponse;

    /// The issuers of all agencies.
    ISSUERS: Get "/v1/issuers", NoBody => Vec<Issuer>;
    /// One issuer.
    ISSUER: Get "/v1/issuers/{id}", NoBody => Issuer;
    /// Registers an issuer of the agency.
    ISSUER_REGISTRATION: Post "/v1/issuers", NewIssuer => RegisteredIssuerResponse;
    /// Says what kind of body an issuer is.
    ISSUER_PROVIDER: Post "/v1/issuers/{id}/provider", ProviderRequest => IssuerProviderResponse;
    /// Suspends, reinstates or ends the registration of an issuer.
    ISSUER_STANDING: Post "/v1/issuers/{id}/standing", StandingRequest => StandingResponse;
    /// Says that somebody else may sign with an issuer's key.
    KEY_COMPROMISE: Post "/v1/issuers/{id}/key-compromise", KeyCompromiseRequest => KeyCompromiseResponse;
    /// Gives an issuer a new key.
    ISSUER_REKEY: Post "/v1/issuers/{id}/rekey", RekeyRequest => RekeyResponse;
    /// Looks again at the keys of an issuer that signs with keys of its own.
    ISSUER_KEYS: Post "/v1/issuers/{id}/keys", KeyRefreshRequest => KeyRefreshResponse;
    /// The last words of agencies on how their issuers stand.
    REGISTRATIONS: Get "/v1/registrations", NoBody => Vec<RegistrationEntry>;

    /// The credentials of the agency, the newest first, page by page.
    CREDENTIALS: Get "/v1/credentials", NoBody => Vec<Credential>;
    /// Issues a credential.
    ISSUANCE: Post "/v1/credentials", NewCredential => IssuedCredentialResponse;
    /// One credential, by its code or id; or its badge, in the form that is asked for.
    CREDENTIAL: Get "/v1/credentials/{code}", NoBody => Credential;
    /// Suspends, reinstates or revokes a credential.
    STATUS_CHANGE: Post "/v1/credentials/{code}/status-entries", StatusChangeRequest => StatusChangeResponse;
    /// Forgets a credential.
    CREDENTIAL_EXPUNGING: Post "/v1/credentials/{code}/expunging", NoBody => ExpungedCredentialResponse;
    /// The status lists of the agency, and how full each is.
    STATUS_LISTS: Get "/v1/status-lists", NoBody => Vec<StatusListFill>;
    /// Suspends, reinstates or revokes what stands at a place of a status list.
    LIST_ENTRY: Post "/v1/status-lists/{id}/entries", ListEntryRequest => ListEntryResponse;

    /// The frameworks of the agency, without their items.
    FRAMEWORKS: Get "/v1/frameworks", NoBody => Vec<FrameworkSummary>;
    /// Imports a framework.
    FRAMEWORK_IMPORT: Post "/v1/frameworks", FileBody => FrameworkImportResponse;
    /// One framework, with its items.
    FRAMEWORK: Get "/v1/frameworks/{id}", NoBody => FrameworkResponse;
    /// Keeps a framework no more.
    FRAMEWORK_REMOVAL: Delete "/v1/frameworks/{id}", NoBody => FrameworkRemovalResponse;
    /// The extent to which the agency's achievements cover a framework.
    FRAMEWORK_COVERAGE: Get "/v1/frameworks/{id}/coverage", NoBody => FrameworkCoverageResponse;

    /// The policy of an agency.
    POLICY: Get "/v1/policy", NoBody => PolicyFile;
    /// Applies a policy: the whole file, as TOML.
    POLICY_CHANGE: Put "/v1/policy", FileBody => PolicyChangeResponse;
    /// The shipped samples of rules.
    POLICY_SAMPLES: Get "/v1/policy/samples", NoBody => Vec<PolicySample>;
    /// Counts what several badges are worth together.
    WORTH: Post "/v1/worth", WorthRequest => WorthResponse;

    /// Checks a badge.
    VERIFICATION: Post "/v1/verifications", FileBody => Verdict;
    /// Checks many badges; the answer is one a line.
    BULK_VERIFICATION: Post "/v1/verifications/bulk", FileBody => BulkVerdict;

    /// Signs a credential of any kind (VC API).
    VC_ISSUANCE: Post "/credentials/issue", IssueCredentialRequest => IssueCredentialResponse;
    /// Checks a credential of any kind (VC API).
    VC_VERIFICATION: Post "/credentials/verify", VerifyCredentialRequest => VerifyResponse;
    /// Checks a presentation (VC API).
    VP_VERIFICATION: Post "/presentations/verify", VerifyPresentationRequest => VerifyResponse;
    /// Tells whether an entity is authorized by an authority (TRQP).
    TRQP_AUTHORIZATION: Post "/authorization", TrqpRequest => TrqpResponse;
    /// Tells whether an entity is recognized by an authority (TRQP).
    TRQP_RECOGNITION: Post "/recognition", TrqpRequest => TrqpResponse;
}
