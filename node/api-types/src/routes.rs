use crate::{Method, NoBody, Route, operations::VersionResponse};

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
}
