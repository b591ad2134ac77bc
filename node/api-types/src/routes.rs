use registry_schema::recognition::{AgencyRecognitionEntry, RecognitionEntry};

use crate::{
    Method, NoBody, Route,
    agencies::{AgencyResponse, ForkResponse},
    federation::FederationIndex,
    key_log::{KeyLogEntryRequest, KeyLogEntryResponse, KeyLogProposalRequest, KeyLogProposalResponse, KeyLogResponse},
    operations::{ClockResponse, OperatorWarningResponse, StoreResponse, VersionResponse},
    peers::{IntroductionsResponse, NewPeer, PeerRemovalRequest, PeerRemovalResponse, PeerResponse, TicketResponse},
    recognitions::{
        AgencyRecognitionRequest, AgencyRecognitionResponse, RecognitionRequest, RecognitionResponse,
        TrustStatementResponse, WithdrawalRequest,
    },
    replication::{LogHoldingResponse, ReachResponse},
    status_lists::{StatusListEntryRequest, StatusListEntryResponse, StatusListResponse},
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

    /// The status lists of the node's agency, and how full each is.
    STATUS_LISTS: Get "/v1/status-lists", NoBody => Vec<StatusListResponse>;
    /// Changes the status of a place in a list.
    ENTER_STATUS: Post "/v1/status-lists/{id}/entries", StatusListEntryRequest => StatusListEntryResponse;

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
}
