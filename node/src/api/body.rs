//! Bodies. **[`Body`] is the only reader of what a request carries**: its limit, its media types and whose room it takes come from
//! the declaration of the route, so that a handler cannot forget one.

use std::future::Future;

use axum::{
    body::{Body as HttpBody, Bytes},
    extract::{
        FromRequest, Multipart, Request,
        multipart::{Field, MultipartError},
    },
    http::{StatusCode, request::Parts},
};
use futures::StreamExt as _;
use serde::de::DeserializeOwned;
use verification::vcdm;

use super::{
    App,
    arrivals::UploadPermit,
    language::in_english,
    problem::{Problem, UNAVAILABLE, UNSUPPORTED},
    routes::{Arrival, BodyLimit, DeclaredRoute, FORM_WITH_FILES},
    verifications::on_worker,
};

/// The body of a request, read as `T`. It keeps its room among those that are on their way until it is dropped.
#[derive(Debug)]
pub(crate) struct Body<T> {
    pub(crate) content: T,
    /// The sender's place, where the route has strangers' bodies take one.
    pub(crate) place: Option<UploadPermit>,
}

/// A body that is here to its end, and is not read yet.
#[derive(Debug)]
pub(crate) struct WholeBody {
    parts: Parts,
    bytes: Bytes,
    /// The media type as the route declares it; none, if it was not named.
    media_type: Option<&'static str>,
    limit: &'static BodyLimit,
}

/// A form in which bodies are read. What is deserialized is read from JSON.
pub(crate) trait FromBody: Sized {
    /// Reads it.
    fn from_body(whole: WholeBody) -> impl Future<Output = Result<Self, Problem>> + Send;
}

impl<T: FromBody> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        // A body that no declaration speaks of is a fault of this node, and is not read.
        let undeclared = || Problem::new(&UNAVAILABLE, "this address takes no body");
        let route = DeclaredRoute::of(request.extensions()).ok_or_else(undeclared)?;
        let media_type = route.media_type(request.headers())?;
        let (parts, body) = request.into_parts();
        let limit = route.limit();
        let (bytes, place) = arrive(app, &parts, body, limit).await?;
        let whole = WholeBody {
            parts,
            bytes,
            media_type,
            limit,
        };
        let content = T::from_body(whole).await?;
        Ok(Self { content, place })
    }
}

/// The bytes of a body, and the place that they take.
async fn arrive(
    app: &App,
    parts: &Parts,
    body: HttpBody,
    limit: &BodyLimit,
) -> Result<(Bytes, Option<UploadPermit>), Problem> {
    let gate = match limit.arrival {
        Arrival::Plain => return Ok((whole(body, limit).await?, None)),
        Arrival::Badges => &app.badge_uploads,
        Arrival::Uploads => &app.bulk_uploads,
    };
    let client = app.clients.of(&parts.extensions, &parts.headers);
    let (bytes, place) = gate.receive(client, body, limit).await?;
    Ok((bytes, Some(place)))
}

/// All bytes of a body of this limit.
///
/// # Errors
/// If there are more, or if it does not come to its end.
pub(crate) async fn whole(body: HttpBody, limit: &BodyLimit) -> Result<Bytes, Problem> {
    let (mut body, mut whole) = (body.into_data_stream(), Vec::new());
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| broken_off())?;
        if whole.len() + chunk.len() > limit.bytes {
            return Err(limit.too_large());
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.into())
}

/// The refusal of a body that ends early.
pub(super) fn broken_off() -> Problem {
    Problem::new(&UNSUPPORTED, "the body did not arrive to its end: send it again")
}

impl<T: DeserializeOwned + Send> FromBody for T {
    async fn from_body(whole: WholeBody) -> Result<Self, Problem> {
        let mut reader = serde_json::Deserializer::from_slice(&whole.bytes);
        let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| misread(&error))?;
        let end = reader.end();
        end.map_err(|error| Problem::new(&UNSUPPORTED, format!("the JSON is followed by something else: {error}")))?;
        Ok(read)
    }
}

/// The refusal of JSON that is not what a route takes, with the member that it concerns.
fn misread(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let (field, why) = (error.path().to_string(), error.inner());
    // The path of the whole is a dot.
    if field == "." || why.is_syntax() || why.is_eof() {
        return Problem::new(&UNSUPPORTED, format!("the JSON cannot be read: {why}"));
    }
    Problem::new(&UNSUPPORTED, format!("`{field}` cannot be read: {why}")).about(field)
}

/// JSON that may be read in one way alone: no member twice, and nothing nested beyond measure. For what is signed.
#[derive(Debug)]
pub(crate) struct StrictJson<T>(pub(crate) T);

impl<T: DeserializeOwned + Send + 'static> FromBody for StrictJson<T> {
    async fn from_body(whole: WholeBody) -> Result<Self, Problem> {
        let read = move || {
            let value = vcdm::read_json(&whole.bytes).map_err(|why| Problem::new(&UNSUPPORTED, in_english(why)))?;
            serde_path_to_error::deserialize(value)
                .map_err(|error| misread(&error))
                .map(Self)
        };
        on_worker(read).await?
    }
}

/// A text.
#[derive(Debug)]
pub(crate) struct TextBody(pub(crate) String);

impl FromBody for TextBody {
    async fn from_body(whole: WholeBody) -> Result<Self, Problem> {
        let text = String::from_utf8(whole.bytes.into());
        text.map(Self)
            .map_err(|_| Problem::new(&UNSUPPORTED, "the body is no text in UTF-8"))
    }
}

/// A file of any kind, as it is.
#[derive(Debug)]
pub(crate) struct FileContent {
    pub(crate) bytes: Bytes,
    /// The media type that was named, if one was.
    pub(crate) media_type: Option<&'static str>,
}

impl FromBody for FileContent {
    async fn from_body(whole: WholeBody) -> Result<Self, Problem> {
        Ok(Self {
            bytes: whole.bytes,
            media_type: whole.media_type,
        })
    }
}

/// A file: all of the body, or the field `file` of a form.
#[derive(Debug)]
pub(crate) struct FileOrField(pub(crate) Bytes);

impl FromBody for FileOrField {
    async fn from_body(whole: WholeBody) -> Result<Self, Problem> {
        if whole.media_type != Some(FORM_WITH_FILES) {
            return Ok(Self(whole.bytes));
        }
        let mut form = FileForm::from_body(whole).await?;
        while let Some(field) = form.next_field().await? {
            if field.name() == "file" {
                return field.bytes().await.map(Self);
            }
        }
        Err(Problem::new(&UNSUPPORTED, "the form has no field `file`").about("file"))
    }
}

/// A form with files.
#[derive(Debug)]
pub(crate) struct FileForm {
    fields: Multipart,
    limit: &'static BodyLimit,
}

impl FromBody for FileForm {
    async fn from_body(whole: WholeBody) -> Result<Self, Problem> {
        let request = Request::from_parts(whole.parts, HttpBody::from(whole.bytes));
        let fields = Multipart::from_request(request, &()).await;
        let fields = fields.map_err(|error| Problem::new(&UNSUPPORTED, error.body_text()))?;
        let limit = whole.limit;
        Ok(Self { fields, limit })
    }
}

impl FileForm {
    /// The next field.
    pub(crate) async fn next_field(&mut self) -> Result<Option<MultipartFormField<'_>>, Problem> {
        let limit = self.limit;
        let field = self.fields.next_field().await.map_err(|e| broken_form(&e, limit))?;
        Ok(field.map(|field| MultipartFormField { field, limit }))
    }
}

/// A field of a form with files.
#[derive(Debug)]
pub(crate) struct MultipartFormField<'a> {
    field: Field<'a>,
    limit: &'static BodyLimit,
}

impl MultipartFormField<'_> {
    /// The name; empty, if it has none.
    pub(crate) fn name(&self) -> &str {
        self.field.name().unwrap_or_default()
    }

    /// The name of the file; empty, if it has none.
    pub(crate) fn file_name(&self) -> &str {
        self.field.file_name().unwrap_or_default()
    }

    /// The contents.
    pub(crate) async fn bytes(self) -> Result<Bytes, Problem> {
        self.field.bytes().await.map_err(|e| broken_form(&e, self.limit))
    }

    /// The contents as a text.
    pub(crate) async fn text(self) -> Result<String, Problem> {
        self.field.text().await.map_err(|e| broken_form(&e, self.limit))
    }
}

/// The refusal of a form that cannot be read.
fn broken_form(error: &MultipartError, limit: &BodyLimit) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => limit.too_large(),
        _ => Problem::new(&UNSUPPORTED, error.body_text()),
    }
}

/// A form without files: names and texts, in their order.
#[derive(Debug)]
pub(crate) struct FormFields(pub(crate) Vec<(String, String)>);

impl FromBody for FormFields {
    async fn from_body(whole: WholeBody) -> Result<Self, Problem> {
        Ok(Self(url::form_urlencoded::parse(&whole.bytes).into_owned().collect()))
    }
}
