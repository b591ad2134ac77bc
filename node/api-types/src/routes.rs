use registry_schema::{
    Credential, Issuer, Verdict,
    policy::PolicyFile,
    recognition::{AgencyRecognitionEntry, RecognitionEntry},
};

use crate::{
    FileBody, Method, NoBody, Route,
    agencies::{AgencyResponse, ForkAcknowledgementRequest, ForkAcknowledgementResponse, ForkResponse},
    applications::{
        ApplicationCreatedResponse, ApplicationRequest, ApplicationResponse, ApplicationSummary, CaseStepRequest,
        CaseStepResponse, IssuerHistoryResponse,
    },
    credentials::{
        ExpungedCredentialResponse, IssuedCredentialResponse, NewCredential, StatusChangeRequest, StatusChangeResponse,
    },
    federation::FederationIndex,
    frameworks::{
        FrameworkCoverageResponse, FrameworkImportResponse, FrameworkRemovalResponse, FrameworkResponse,
        FrameworkSummary,
    },
    issuers::{
        IssuerProviderResponse, KeyCompromiseRequest, KeyCompromiseResponse, KeyRefreshRequest, KeyRefreshResponse,
        NewIssuer, ProviderRequest, RegisteredIssuerResponse, RegistrationEntry, RekeyRequest, RekeyResponse,
        StandingRequest, StandingResponse,
    },
    key_log::{KeyLogEntryRequest, KeyLogEntryResponse, KeyLogProposalRequest, KeyLogProposalResponse, KeyLogResponse},
    operations::{ClockResponse, OperatorWarningResponse, StoreResponse, VersionResponse},
    peers::{IntroductionsResponse, NewPeer, PeerRemovalRequest, PeerRemovalResponse, PeerResponse, TicketResponse},
    policies::{PolicyChangeResponse, PolicySample, WorthRequest, WorthResponse},
    recognitions::{
        AgencyRecognitionRequest, AgencyRecognitionResponse, RecognitionRequest, RecognitionResponse,
        TrustStatementResponse, WithdrawalRequest,
    },
    replication::{LogHoldingResponse, ReachResponse},
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

        /// All routes, as the OpenAPI document has them.
        #[cfg(feature = "openapi")]
        pub fn all() -> Vec<crate::RouteSchema> {
            use crate::route::schema_name::{NameOfOne as _, SchemaName};

            vec![$({
                let (answer, is_list) = SchemaName::<$answer>::new().name();
                crate::RouteSchema {
                    method: Method::$method,
                    path: $path,
                    answer: answer.into_owned(),
                    is_list,
                }
            }),*]
        }
    };
}

routes! {
    /// The program, and the agency that runs it.
    VERSION: Get "/version", NoBody => VersionResponse;
    /// The weaknesses of the node, for its operators.
    WARNINGS: Get "/v1/warnings", NoBody => Vec<OperatorWarningResponse>;
    /// The clock, as the node sees it.
    CLOCK: Get "/v1/clock", NoBody => ClockResponse;
    /// Vouches for the clock.
    ACCEPT_CLOCK: Post "/v1/clock/acceptance", NoBody => ClockResponse;
    /// The store, as the node sees it.
    STORE: Get "/v1/store", NoBody => StoreResponse;
    /// Vouches for the store.
    ACCEPT_STORE: Post "/v1/store/acceptance", NoBody => StoreResponse;

    /// The agencies of the federation.
    AGENCIES: Get "/v1/agencies", NoBody => Vec<AgencyResponse>;
    /// One agency.
    AGENCY: Get "/v1/agencies/{id}", NoBody => AgencyResponse;
    /// The forks of an agency's log that are proven at the node.
    FORKS: Get "/v1/agencies/{id}/forks", NoBody => Vec<ForkResponse>;
    /// The forks of an agency's log that operators have looked into, and who did.
    FORK_ACKNOWLEDGEMENTS: Get "/v1/agencies/{id}/forks/acknowledgements", NoBody => Vec<ForkAcknowledgementResponse>;
    /// Says that forks of an agency's log were looked into.
    ACKNOWLEDGE_FORKS: Post "/v1/agencies/{id}/forks/acknowledgements", ForkAcknowledgementRequest =>
        Vec<ForkAcknowledgementResponse>;
    /// The agencies whose files the node has.
    FEDERATION_INDEX: Get "/federation/index.json", NoBody => FederationIndex;

    /// The peers of the node.
    PEERS: Get "/v1/peers", NoBody => Vec<PeerResponse>;
    /// Follows an agency.
    ADD_PEER: Post "/v1/peers", NewPeer => PeerResponse;
    /// Follows an agency, in a dry run: what the ticket says, and what rests on it already.
    TRY_PEER: Post "/v1/peers", NewPeer => TicketResponse;
    /// Follows an agency no more.
    REMOVE_PEER: Post "/v1/peers/{agency}/removal", PeerRemovalRequest => PeerRemovalResponse;
    /// Asks a peer's nodes again for what differs.
    PULL: Post "/v1/peers/{agency}/pull", NoBody => PeerResponse;
    /// The node's own ticket.
    TICKET: Get "/v1/peers/ticket", NoBody => TicketResponse;
    /// The tickets of the node's peers.
    INTRODUCTIONS: Get "/v1/peers/introductions", NoBody => Vec<TicketResponse>;
    /// The tickets of the node's peers, signed.
    SIGNED_INTRODUCTIONS: Get "/v1/peers/introductions/signed", NoBody => IntroductionsResponse;

    /// The logs that the node holds, and how far.
    HEARTBEATS: Get "/v1/heartbeats", NoBody => Vec<LogHoldingResponse>;
    /// The holders of the log of the node's agency.
    REACH: Get "/v1/reach/{agency}", NoBody => ReachResponse;

    /// The key log of the node's agency.
    KEY_LOG: Get "/v1/key-log", NoBody => KeyLogResponse;
    /// Asks what the root would have to sign.
    PROPOSE_KEY_LOG_ENTRY: Post "/v1/key-log/proposals", KeyLogProposalRequest => KeyLogProposalResponse;
    /// Takes in an entry that the root signed.
    ENTER_KEY_LOG_ENTRY: Post "/v1/key-log", KeyLogEntryRequest => KeyLogEntryResponse;

    /// The recognitions of issuers, every agency's.
    RECOGNITIONS: Get "/v1/recognitions", NoBody => Vec<RecognitionEntry>;
    /// Recognizes an issuer.
    RECOGNIZE: Post "/v1/recognitions", RecognitionRequest => RecognitionResponse;
    /// Withdraws a recognition of an issuer.
    WITHDRAW: Post "/v1/recognitions/{id}/withdrawal", WithdrawalRequest => RecognitionResponse;
    /// The recognitions of agencies, every agency's.
    AGENCY_RECOGNITIONS: Get "/v1/agency-recognitions", NoBody => Vec<AgencyRecognitionEntry>;
    /// Recognizes whatever another agency recognizes.
    RECOGNIZE_AGENCY: Post "/v1/agency-recognitions", AgencyRecognitionRequest => AgencyRecognitionResponse;
    /// Withdraws a recognition of an agency.
    WITHDRAW_AGENCY: Post "/v1/agency-recognitions/{id}/withdrawal", WithdrawalRequest => AgencyRecognitionResponse;
    /// The statements of trust lists, in the order of time.
    TRUST_HISTORY: Get "/v1/trust-history", NoBody => Vec<TrustStatementResponse>;

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
