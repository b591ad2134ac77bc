//! The table of routes: each with its handler, its cost, its limit, and where and when it is answered. **The router is built from
//! it, and a route that is not here is none.** Who may ask, and with which body, stands beside the path: for programs in
//! [`api_types::routes`], for people here.

use api_types::{Method, Role, RouteFacts, Verb, routes as paths};
use axum::{
    Router,
    routing::{MethodFilter, on},
};
use utoipa::{OpenApi as _, openapi::OpenApi};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    ApiDoc, App, agencies, agency_recognitions, applications, bulk, clock, confirmations,
    costs::RouteCost::{Check, List, Look, Many, Nothing, Operators, Sign, Write},
    credentials, documents, federation, forks, frameworks, issuers, key_log, operations, peers, policy, pulls,
    recognitions, registries, replication,
    routes::{BodyLimit, DeclaredRoute, FORM, FORM_WITH_FILES, RouteTerms},
    rubrics, status_lists, store, trqp, trust_history, vc_api, verifications, warnings, worth,
};
use crate::web;

/// The usual terms of a route of this cost.
const fn at(cost: super::costs::RouteCost) -> RouteTerms {
    RouteTerms::at(cost)
}

/// The usual terms of a page of this cost.
const fn page(cost: super::costs::RouteCost) -> RouteTerms {
    RouteTerms::at(cost).page()
}

/// The method, for the router.
const fn filter(verb: Verb) -> MethodFilter {
    match verb.method() {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Put => MethodFilter::PUT,
        Method::Delete => MethodFilter::DELETE,
    }
}

macro_rules! table {
    (
        programs { $($route:ident => $($handler:ident)::+, $terms:expr;)* }
        people { $($verb:ident $path:literal $(takes $form:ident)? => $($page:ident)::+, $page_terms:expr;)* }
    ) => {
        /// All routes.
        pub(super) static TABLE: &[DeclaredRoute] = &[
            $(DeclaredRoute::new(paths::$route.facts(), $terms),)*
            $(DeclaredRoute::new(
                RouteFacts { verb: Verb::$verb, path: $path, role: Role::Public, accepts: &[$($form)?] },
                $page_terms,
            ),)*
        ];

        /// The handler of each.
        pub(super) fn handlers() -> Router<App> {
            Router::new()
                $(.route(paths::$route.path(), on(filter(paths::$route.facts().verb), $($handler)::+)))*
                $(.route($path, on(filter(Verb::$verb), $($page)::+)))*
        }

        /// The document of those for programs, as their handlers tell it.
        pub(super) fn told_by_handlers() -> OpenApi {
            OpenApiRouter::<App>::with_openapi(ApiDoc::openapi())
                $(.routes(routes!($($handler)::+)))*
                .into_openapi()
        }
    };
}

table! {
    programs {
        // The node itself.
        LIVENESS => operations::livez, at(Nothing).while_restoring();
        READINESS => operations::readyz, at(Look).while_restoring();
        VERSION => operations::version, at(Nothing).while_restoring();
        WARNINGS => warnings::list, at(Operators);
        CLOCK => clock::show, at(Look);
        ACCEPT_CLOCK => clock::accept, at(Operators);
        STORE => store::show, at(Look);
        ACCEPT_STORE => store::accept, at(Operators);
        // The federation.
        AGENCIES => agencies::list, at(List);
        AGENCY => agencies::show, at(List);
        FORKS => forks::list, at(Look).by_replica();
        FORK_ACKNOWLEDGEMENTS => forks::acknowledgements, at(Operators);
        ACKNOWLEDGE_FORKS => forks::acknowledge, at(Operators);
        FORK_PROOF => forks::one, at(Look).by_replica();
        FEDERATION_INDEX => federation::index, at(Look);
        LOG_SUMMARY => federation::summary, at(Look);
        LOG_FILE => federation::file, at(List);
        COUNTERSIGNATURE => federation::held, at(Write).takes(BodyLimit::COUNTERSIGNATURE);
        PEERS => peers::list, at(Look);
        ADD_PEER => peers::add, at(Operators);
        REMOVE_PEER => peers::remove, at(Operators);
        PULL => pulls::pull, at(Operators);
        TICKET => peers::ticket, at(Look);
        INTRODUCTIONS => peers::introductions, at(Look);
        SIGNED_INTRODUCTIONS => peers::signed_introductions, at(Sign);
        HEARTBEATS => replication::heartbeats, at(Look).by_replica();
        REACH => replication::reach, at(Look).by_replica();
        KEY_LOG => key_log::show, at(Look);
        DID_DOCUMENT => key_log::did_document, at(Look);
        PROPOSE_KEY_LOG_ENTRY => key_log::propose, at(Operators);
        ENTER_KEY_LOG_ENTRY => key_log::append, at(Operators);
        // Trust lists.
        RECOGNITIONS => recognitions::list, at(List);
        RECOGNIZE => recognitions::recognize, at(Operators);
        WITHDRAW => recognitions::withdraw, at(Operators);
        AGENCY_RECOGNITIONS => agency_recognitions::list, at(List);
        RECOGNIZE_AGENCY => agency_recognitions::recognize, at(Operators);
        WITHDRAW_AGENCY => agency_recognitions::withdraw, at(Operators);
        TRUST_HISTORY => trust_history::list, at(List);
        // Applications and rubrics: what strangers write, and who reviews it.
        APPLICATIONS => applications::list, at(Operators);
        APPLY => applications::apply, at(Write).takes(BodyLimit::APPLICATION);
        APPLICATION => applications::one, at(Look);
        CASE_STEP => applications::take_step, at(Write).takes(BodyLimit::APPLICATION);
        CONTROL_PROOF => applications::prove, at(Write).takes(BodyLimit::BADGE);
        CONTACT_EXPUNGING => applications::expunge_contact, at(Operators);
        ISSUER_HISTORY => applications::public_history, at(Look);
        RUBRICS => rubrics::list, at(Look);
        RUBRIC_IMPORT => rubrics::import, at(Operators);
        // Issuers.
        ISSUERS => issuers::list, at(List);
        ISSUER => issuers::show, at(Look);
        ISSUER_REGISTRATION => issuers::register, at(Operators);
        ISSUER_PROVIDER => issuers::set_provider, at(Operators);
        ISSUER_STANDING => issuers::set_standing, at(Operators);
        KEY_COMPROMISE => issuers::compromise, at(Operators);
        ISSUER_REKEY => issuers::rekey, at(Operators);
        ISSUER_KEYS => issuers::refresh_keys, at(Operators);
        REGISTRATIONS => issuers::registrations, at(List);
        // Credentials and their status.
        CREDENTIALS => credentials::list, at(Operators);
        ISSUANCE => credentials::issue, at(Operators);
        CREDENTIAL => credentials::show, at(Look);
        CONFIRMATION => confirmations::one, at(Look);
        STATUS_CHANGE => credentials::change_status, at(Operators);
        CREDENTIAL_EXPUNGING => credentials::expunge, at(Operators);
        STATUS_LISTS => status_lists::list, at(List);
        STATUS_LIST => status_lists::show, at(Sign);
        LIST_ENTRY => status_lists::append, at(Operators);
        // Frameworks and policies.
        FRAMEWORKS => frameworks::list, at(Look);
        FRAMEWORK_IMPORT => frameworks::import, at(Operators).takes(BodyLimit::FRAMEWORK);
        FRAMEWORK => frameworks::show, at(List);
        FRAMEWORK_REMOVAL => frameworks::remove, at(Operators);
        FRAMEWORK_COVERAGE => frameworks::coverage, at(List);
        POLICY => policy::show, at(List);
        POLICY_CHANGE => policy::apply, at(Operators);
        POLICY_MODEL => policy::model, at(Look);
        POLICY_SCHEMA => policy::schema, at(Look);
        POLICY_SAMPLES => policy::list_samples, at(Look);
        POLICY_SAMPLE => policy::sample, at(Look);
        WORTH => worth::evaluate, at(Many).takes(BodyLimit::BADGE);
        // Verdicts.
        VERIFICATION => verifications::verify, at(Check).takes(BodyLimit::BADGE);
        BULK_VERIFICATION => bulk::verify, at(Many).takes(BodyLimit::BADGES);
        // Other standards.
        VC_ISSUANCE => vc_api::issue, at(Operators).takes(BodyLimit::BADGE);
        VC_VERIFICATION => vc_api::verify_credential, at(Check).takes(BodyLimit::BADGE);
        VP_VERIFICATION => vc_api::verify_presentation, at(Many).takes(BodyLimit::BADGE);
        TRQP_AUTHORIZATION => trqp::authorization, at(Look);
        TRQP_RECOGNITION => trqp::recognition, at(Look);
        RECOGNIZED_ENTITIES => registries::entities, at(List);
        KNOWN_ISSUERS => registries::registry, at(List);
        ENTITY_CONFIGURATION => registries::configuration, at(Sign);
        ENTITY_STATEMENT => registries::statement, at(Sign);
    }
    people {
        Get "/" => web::verify_page, page(Look);
        Get "/verify" => web::back_to_the_box, page(Nothing);
        Ask "/verify" takes FORM_WITH_FILES => web::verify, page(Check).takes(BodyLimit::BADGE);
        Get "/agencies" => web::agencies_page, page(List);
        Get "/issuers" => web::issuers::issuers_page, page(List);
        Get "/issuers/{id}" => web::registration::issuer_page, page(List);
        Get "/frameworks" => web::frameworks::frameworks_page, page(List);
        Get "/frameworks/{id}" => web::frameworks::framework_page, page(List);
        Get "/sample-rules" => web::sample_rules::sample_rules_page, page(List);
        Ask "/sample-rules" takes FORM_WITH_FILES => web::sample_rules::count, page(Many).takes(BodyLimit::BADGE);
        Get "/apply" => web::registration::apply_page, page(Look);
        Post "/apply" takes FORM => web::registration::apply, page(Write).takes(BodyLimit::APPLICATION);
        Get "/application" => web::registration::application_page, page(Nothing);
        Post "/application" takes FORM => web::registration::application, page(Write).takes(BodyLimit::APPLICATION);
        Post "/application/proof" takes FORM_WITH_FILES => web::registration::proof, page(Write).takes(BodyLimit::BADGE);
        Get "/docs" => web::docs_page, page(Look);
        Get "/docs/{group}" => web::docs_group_page, page(Look);
        Get "/help" => web::help_index_page, page(Nothing);
        Get "/help/{code}" => web::help_page, page(Nothing);
        // For programs, and told of nowhere.
        Get "/openapi.json" => documents::openapi, at(Look);
        Get "/assets/style.css" => web::style, at(Nothing);
        Get "/assets/sample-badge.json" => web::sample_badge, at(Nothing);
        Get "/assets/icon.svg" => web::icon, at(Nothing);
    }
}
