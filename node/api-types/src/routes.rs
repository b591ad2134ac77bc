use registry_schema::{
    Credential, Issuer, Verdict,
    policy::PolicyFile,
    recognition::{AgencyRecognitionEntry, RecognitionEntry},
};

use crate::{
    ANY, FileAnswer, FileBody, JSON, NoBody, Role, Route, RouteFacts, Verb,
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

/// The media types of a badge: a file of any kind, or a text with a short code or a link.
const BADGE_FILE: &[&str] = &[
    JSON,
    "application/vc",
    "application/ld+json",
    "application/vc+ld+json",
    "application/vc+jwt",
    "application/jwt",
    "image/png",
    "image/svg+xml",
    "text/plain",
    "application/octet-stream",
    ANY,
];

/// The same, and a form with the file.
const BADGE_FILE_OR_FORM: &[&str] = &[
    JSON,
    "application/vc",
    "application/ld+json",
    "application/vc+ld+json",
    "application/vc+jwt",
    "application/jwt",
    "image/png",
    "image/svg+xml",
    "text/plain",
    "application/octet-stream",
    "multipart/form-data",
    ANY,
];

/// The media types of many badges in one upload.
const BADGE_FILES: &[&str] = &[
    "application/zip",
    "application/jsonl",
    "application/x-ndjson",
    "application/json-lines",
    "text/csv",
    "application/octet-stream",
    ANY,
];

/// The media types of a file of rules.
const RULES_FILE: &[&str] = &["application/toml", "text/plain"];

/// The media types of a framework: a CASE package, or a framework of the agency's own as a file.
const FRAMEWORK_FILE: &[&str] = &[JSON, "application/toml", "text/plain", "application/octet-stream"];

/// The media type of what nodes sign.
const SIGNED_FILE: &[&str] = &["application/cbor"];

macro_rules! accepts {
    (NoBody) => {
        &[]
    };
    (FileBody, $kinds:ident) => {
        $kinds
    };
    ($json:ident) => {
        &[JSON]
    };
}

macro_rules! routes {
    ($($(#[$doc:meta])* $name:ident: $role:ident $verb:ident $path:literal, $body:ident $(($kinds:ident))? => $answer:ty;)*) => {
        $($(#[$doc])* pub const $name: Route<$body, $answer> = Route::new(RouteFacts {
            verb: Verb::$verb,
            path: $path,
            role: Role::$role,
            accepts: accepts!($body $(, $kinds)?),
        });)*

        /// All routes, as the OpenAPI document has them.
        #[cfg(feature = "openapi")]
        pub fn all() -> Vec<crate::RouteSchema> {
            use crate::route::schema_name::{NameOfOne as _, SchemaName};

            vec![$({
                let (answer, is_list) = SchemaName::<$answer>::new().name();
                crate::RouteSchema { facts: $name.facts(), answer, is_list }
            }),*]
        }
    };
}

routes! {
    /// Tells that the process answers at all.
    LIVENESS: Public Get "/livez", NoBody => FileAnswer;
    /// Tells whether the node can do its work.
    READINESS: Public Get "/readyz", NoBody => FileAnswer;
    /// The program, and the agency that runs it.
    VERSION: Public Get "/version", NoBody => VersionResponse;
    /// The weaknesses of the node, for its operators.
    WARNINGS: Operator Get "/v1/warnings", NoBody => Vec<OperatorWarningResponse>;
    /// The clock, as the node sees it.
    CLOCK: Public Get "/v1/clock", NoBody => ClockResponse;
    /// Vouches for the clock.
    ACCEPT_CLOCK: Operator Post "/v1/clock/acceptance", NoBody => ClockResponse;
    /// The store, as the node sees it.
    STORE: Public Get "/v1/store", NoBody => StoreResponse;
    /// Vouches for the store.
    ACCEPT_STORE: Operator Post "/v1/store/acceptance", NoBody => StoreResponse;

    /// The agencies of the federation.
    AGENCIES: Public Get "/v1/agencies", NoBody => Vec<AgencyResponse>;
    /// One agency.
    AGENCY: Public Get "/v1/agencies/{id}", NoBody => AgencyResponse;
    /// The forks of an agency's log that are proven at the node.
    FORKS: Public Get "/v1/agencies/{id}/forks", NoBody => Vec<ForkResponse>;
    /// The forks of an agency's log that operators have looked into, and who did.
    FORK_ACKNOWLEDGEMENTS: Operator Get "/v1/agencies/{id}/forks/acknowledgements", NoBody =>
        Vec<ForkAcknowledgementResponse>;
    /// Says that forks of an agency's log were looked into.
    ACKNOWLEDGE_FORKS: Operator Post "/v1/agencies/{id}/forks/acknowledgements", ForkAcknowledgementRequest =>
        Vec<ForkAcknowledgementResponse>;
    /// The proof of a fork, as a file.
    FORK_PROOF: Public Get "/v1/agencies/{id}/forks/{fork}", NoBody => FileAnswer;
    /// The agencies whose files the node has.
    FEDERATION_INDEX: Public Get "/federation/index.json", NoBody => FederationIndex;

    /// The state of one log, signed.
    LOG_SUMMARY: Public Get "/federation/{genesis}/summary", NoBody => FileAnswer;
    /// A signed file of one log.
    LOG_FILE: Public Get "/federation/{genesis}/{kind}/{name}", NoBody => FileAnswer;
    /// Takes a countersignature of a peer that reads by HTTPS.
    COUNTERSIGNATURE: Peer Post "/federation/held", FileBody(SIGNED_FILE) => FileAnswer;

    /// The peers of the node.
    PEERS: Public Get "/v1/peers", NoBody => Vec<PeerResponse>;
    /// Follows an agency.
    ADD_PEER: Operator Post "/v1/peers", NewPeer => PeerResponse;
    /// Follows an agency, in a dry run: what the ticket says, and what rests on it already.
    TRY_PEER: Operator Post "/v1/peers", NewPeer => TicketResponse;
    /// Follows an agency no more.
    REMOVE_PEER: Operator Post "/v1/peers/{agency}/removal", PeerRemovalRequest => PeerRemovalResponse;
    /// Asks a peer's nodes again for what differs.
    PULL: Operator Post "/v1/peers/{agency}/pull", NoBody => PeerResponse;
    /// The node's own ticket.
    TICKET: Public Get "/v1/peers/ticket", NoBody => TicketResponse;
    /// The tickets of the node's peers.
    INTRODUCTIONS: Public Get "/v1/peers/introductions", NoBody => Vec<TicketResponse>;
    /// The tickets of the node's peers, signed.
    SIGNED_INTRODUCTIONS: Public Get "/v1/peers/introductions/signed", NoBody => IntroductionsResponse;

    /// The logs that the node holds, and how far.
    HEARTBEATS: Public Get "/v1/heartbeats", NoBody => Vec<LogHoldingResponse>;
    /// The holders of the log of the node's agency.
    REACH: Public Get "/v1/reach/{agency}", NoBody => ReachResponse;

    /// The key log of the node's agency.
    KEY_LOG: Public Get "/v1/key-log", NoBody => KeyLogResponse;
    /// The document of the agency's own DID.
    DID_DOCUMENT: Public Get "/.well-known/did.json", NoBody => FileAnswer;
    /// Asks what the root would have to sign.
    PROPOSE_KEY_LOG_ENTRY: Operator Post "/v1/key-log/proposals", KeyLogProposalRequest => KeyLogProposalResponse;
    /// Takes in an entry that the root signed.
    ENTER_KEY_LOG_ENTRY: Operator Post "/v1/key-log", KeyLogEntryRequest => KeyLogEntryResponse;

    /// The recognitions of issuers, every agency's.
    RECOGNITIONS: Public Get "/v1/recognitions", NoBody => Vec<RecognitionEntry>;
    /// Recognizes an issuer.
    RECOGNIZE: Operator Post "/v1/recognitions", RecognitionRequest => RecognitionResponse;
    /// Withdraws a recognition of an issuer.
    WITHDRAW: Operator Post "/v1/recognitions/{id}/withdrawal", WithdrawalRequest => RecognitionResponse;
    /// The recognitions of agencies, every agency's.
    AGENCY_RECOGNITIONS: Public Get "/v1/agency-recognitions", NoBody => Vec<AgencyRecognitionEntry>;
    /// Recognizes whatever another agency recognizes.
    RECOGNIZE_AGENCY: Operator Post "/v1/agency-recognitions", AgencyRecognitionRequest => AgencyRecognitionResponse;
    /// Withdraws a recognition of an agency.
    WITHDRAW_AGENCY: Operator Post "/v1/agency-recognitions/{id}/withdrawal", WithdrawalRequest => AgencyRecognitionResponse;
    /// The statements of trust lists, in the order of time.
    TRUST_HISTORY: Public Get "/v1/trust-history", NoBody => Vec<TrustStatementResponse>;

    /// The applications to be an issuer, the newest first, page by page.
    APPLICATIONS: Operator Get "/v1/applications", NoBody => Vec<ApplicationSummary>;
    /// Applies to be an issuer.
    APPLY: Public Post "/v1/applications", ApplicationRequest => ApplicationCreatedResponse;
    /// An application with all its steps.
    APPLICATION: Applicant Get "/v1/applications/{id}", NoBody => ApplicationResponse;
    /// Takes a step in a case.
    CASE_STEP: Applicant Post "/v1/applications/{id}/steps", CaseStepRequest => CaseStepResponse;
    /// Proves control of the identifier under which the applicant signs, by a trial badge.
    CONTROL_PROOF: Applicant Post "/v1/applications/{id}/proof", FileBody(BADGE_FILE) => ApplicationResponse;
    /// Forgets who can be reached about an application.
    CONTACT_EXPUNGING: Operator Post "/v1/applications/{id}/contact-expunging", NoBody => ApplicationResponse;
    /// The public history of an issuer.
    ISSUER_HISTORY: Public Get "/v1/issuers/{id}/history", NoBody => IssuerHistoryResponse;

    /// The rubrics of the agency, in all their versions.
    RUBRICS: Public Get "/v1/rubrics", NoBody => Vec<ImportedRubric>;
    /// Imports a version of a rubric, as TOML.
    RUBRIC_IMPORT: Operator Post "/v1/rubrics", FileBody(RULES_FILE) => RubricImportResponse;

    /// The issuers of all agencies.
    ISSUERS: Public Get "/v1/issuers", NoBody => Vec<Issuer>;
    /// One issuer.
    ISSUER: Public Get "/v1/issuers/{id}", NoBody => Issuer;
    /// Registers an issuer of the agency.
    ISSUER_REGISTRATION: Operator Post "/v1/issuers", NewIssuer => RegisteredIssuerResponse;
    /// Says what kind of body an issuer is.
    ISSUER_PROVIDER: Operator Post "/v1/issuers/{id}/provider", ProviderRequest => IssuerProviderResponse;
    /// Suspends, reinstates or ends the registration of an issuer.
    ISSUER_STANDING: Operator Post "/v1/issuers/{id}/standing", StandingRequest => StandingResponse;
    /// Says that somebody else may sign with an issuer's key.
    KEY_COMPROMISE: Operator Post "/v1/issuers/{id}/key-compromise", KeyCompromiseRequest => KeyCompromiseResponse;
    /// Gives an issuer a new key.
    ISSUER_REKEY: Operator Post "/v1/issuers/{id}/rekey", RekeyRequest => RekeyResponse;
    /// Looks again at the keys of an issuer that signs with keys of its own.
    ISSUER_KEYS: Operator Post "/v1/issuers/{id}/keys", KeyRefreshRequest => KeyRefreshResponse;
    /// The last words of agencies on how their issuers stand.
    REGISTRATIONS: Public Get "/v1/registrations", NoBody => Vec<RegistrationEntry>;

    /// The credentials of the agency, the newest first, page by page.
    CREDENTIALS: Operator Get "/v1/credentials", NoBody => Vec<Credential>;
    /// Issues a credential.
    ISSUANCE: Operator Post "/v1/credentials", NewCredential => IssuedCredentialResponse;
    /// One credential, by its code or id; or its badge, in the form that is asked for.
    CREDENTIAL: Public Get "/v1/credentials/{code}", NoBody => Credential;
    /// The word of a home agency that it issued this very badge.
    CONFIRMATION: Public Get "/v1/credentials/{code}/confirmations/{digest}", NoBody => FileAnswer;
    /// Suspends, reinstates or revokes a credential.
    STATUS_CHANGE: Operator Post "/v1/credentials/{code}/status-entries", StatusChangeRequest => StatusChangeResponse;
    /// Forgets a credential.
    CREDENTIAL_EXPUNGING: Operator Post "/v1/credentials/{code}/expunging", NoBody => ExpungedCredentialResponse;
    /// The status lists of the agency, and how full each is.
    STATUS_LISTS: Public Get "/v1/status-lists", NoBody => Vec<StatusListFill>;
    /// One status list, signed.
    STATUS_LIST: Public Get "/v1/status-lists/{id}", NoBody => FileAnswer;
    /// Suspends, reinstates or revokes what stands at a place of a status list.
    LIST_ENTRY: Operator Post "/v1/status-lists/{id}/entries", ListEntryRequest => ListEntryResponse;

    /// The frameworks of the agency, without their items.
    FRAMEWORKS: Public Get "/v1/frameworks", NoBody => Vec<FrameworkSummary>;
    /// Imports a framework.
    FRAMEWORK_IMPORT: Operator Post "/v1/frameworks", FileBody(FRAMEWORK_FILE) => FrameworkImportResponse;
    /// One framework, with its items.
    FRAMEWORK: Public Get "/v1/frameworks/{id}", NoBody => FrameworkResponse;
    /// Keeps a framework no more.
    FRAMEWORK_REMOVAL: Operator Delete "/v1/frameworks/{id}", NoBody => FrameworkRemovalResponse;
    /// The extent to which the agency's achievements cover a framework.
    FRAMEWORK_COVERAGE: Operator Get "/v1/frameworks/{id}/coverage", NoBody => FrameworkCoverageResponse;

    /// The policy of an agency.
    POLICY: Public Get "/v1/policy", NoBody => PolicyFile;
    /// Applies a policy: the whole file, as TOML.
    POLICY_CHANGE: Operator Put "/v1/policy", FileBody(RULES_FILE) => PolicyChangeResponse;
    /// The model policy, to adopt.
    POLICY_MODEL: Public Get "/v1/policy/model", NoBody => FileAnswer;
    /// The JSON Schema of policy files.
    POLICY_SCHEMA: Public Get "/v1/policy/schema", NoBody => FileAnswer;
    /// The shipped samples of rules.
    POLICY_SAMPLES: Public Get "/v1/policy/samples", NoBody => Vec<PolicySample>;
    /// One of the shipped samples, as a policy file.
    POLICY_SAMPLE: Public Get "/v1/policy/samples/{agency}", NoBody => FileAnswer;
    /// Counts what several badges are worth together.
    WORTH: Public Ask "/v1/worth", WorthRequest => WorthResponse;

    /// Checks a badge.
    VERIFICATION: Public Ask "/v1/verifications", FileBody(BADGE_FILE_OR_FORM) => Verdict;
    /// Checks many badges; the answer is one a line.
    BULK_VERIFICATION: Public Ask "/v1/verifications/bulk", FileBody(BADGE_FILES) => BulkVerdict;

    /// Signs a credential of any kind (VC API).
    VC_ISSUANCE: Operator Post "/credentials/issue", IssueCredentialRequest => IssueCredentialResponse;
    /// Checks a credential of any kind (VC API).
    VC_VERIFICATION: Public Ask "/credentials/verify", VerifyCredentialRequest => VerifyResponse;
    /// Checks a presentation (VC API).
    VP_VERIFICATION: Public Ask "/presentations/verify", VerifyPresentationRequest => VerifyResponse;
    /// Tells whether an entity is authorized by an authority (TRQP).
    TRQP_AUTHORIZATION: Public Ask "/authorization", TrqpRequest => TrqpResponse;
    /// Tells whether an entity is recognized by an authority (TRQP).
    TRQP_RECOGNITION: Public Ask "/recognition", TrqpRequest => TrqpResponse;
    /// The trust list as a credential (W3C Recognized Entities).
    RECOGNIZED_ENTITIES: Public Get "/v1/recognized-entities", NoBody => FileAnswer;
    /// The trust list as a registry of known issuers (Digital Credentials Consortium).
    KNOWN_ISSUERS: Public Get "/registry.json", NoBody => FileAnswer;
    /// The agency as an entity (OpenID Federation).
    ENTITY_CONFIGURATION: Public Get "/.well-known/openid-federation", NoBody => FileAnswer;
    /// The agency's statement on an issuer (OpenID Federation).
    ENTITY_STATEMENT: Public Get "/fetch", NoBody => FileAnswer;
}
