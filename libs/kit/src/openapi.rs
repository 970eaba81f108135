//! Descriptions of operations, taken from the types of their handlers.
//!
//! Each extractor and each kind of answer implements [`Describe`], so that the OpenAPI document has what the code does: a
//! handler that takes a [`Page`](crate::Page) has its two parameters with their bounds. What a handler states itself, in
//! `#[utoipa::path(…)]`, takes precedence.

mod inputs;
mod outputs;

use std::future::Future;

use base::problem::Code;
use utoipa::{
    ToSchema,
    openapi::{
        Content, Ref, RefOr, Required, Response,
        path::{Operation, Parameter, PathItem},
        request_body::RequestBodyBuilder,
        schema::Schema,
        security::SecurityRequirement,
    },
};
use utoipa_axum::router::UtoipaMethodRouter;

/// Name of the security scheme of access tokens.
pub const TOKEN_SCHEME: &str = "access_token";

/// Collects handlers with `#[utoipa::path]` into an `OpenApiRouter` and describes each by its types.
///
/// ```text
/// kit::routes![create, list, get].with_state(projects)
/// ```
#[macro_export]
macro_rules! routes {
    ($($first:ident $(:: $rest:ident)*),+ $(,)?) => {
        utoipa_axum::router::OpenApiRouter::new()$(
            .routes($crate::openapi::described(utoipa_axum::routes!($first $(:: $rest)*), $first $(:: $rest)*))
        )+
    };
}

/// What an extractor or an answer adds to the description of its operation.
pub trait Describe {
    fn describe(description: &mut Description<'_>);
}

/// A handler whose arguments and answer describe themselves.
pub trait DescribedHandler<Arguments> {
    fn describe(description: &mut Description<'_>);
}

macro_rules! described_handlers {
    ($($argument:ident)*) => {
        impl<F, Fut, $($argument),*> DescribedHandler<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> Fut,
            Fut: Future,
            Fut::Output: Describe,
            $($argument: Describe,)*
        {
            fn describe(description: &mut Description<'_>) {
                $($argument::describe(description);)*
                Fut::Output::describe(description);
            }
        }
    };
}

described_handlers!();
described_handlers!(A);
described_handlers!(A B);
described_handlers!(A B C);
described_handlers!(A B C D);
described_handlers!(A B C D E);
described_handlers!(A B C D E G);
described_handlers!(A B C D E G H);
described_handlers!(A B C D E G H I);

/// Adds what `handler` says of itself to the one route that was made of it; [`routes!`](crate::routes) calls this.
pub fn described<S, Arguments, H>(
    (mut schemas, mut paths, router): UtoipaMethodRouter<S>,
    _: H,
) -> UtoipaMethodRouter<S>
where
    H: DescribedHandler<Arguments>,
{
    for operation in paths.paths.values_mut().flat_map(operations) {
        H::describe(&mut Description { operation, schemas: &mut schemas });
    }
    (schemas, paths, router)
}

/// The operations of a path.
pub fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten()
}

/// An operation being described.
pub struct Description<'a> {
    operation: &'a mut Operation,
    schemas: &'a mut Vec<(String, RefOr<Schema>)>,
}

impl Description<'_> {
    /// Adds a parameter, unless the handler states one of this name.
    pub fn parameter(&mut self, parameter: Parameter) {
        let parameters = self.operation.parameters.get_or_insert_default();
        let stated = parameters.iter().any(|known| {
            matches!(known, RefOr::T(known) if known.name.eq_ignore_ascii_case(&parameter.name)
                && known.parameter_in == parameter.parameter_in)
        });
        if !stated {
            parameters.push(RefOr::T(parameter));
        }
    }

    /// A JSON body of this type.
    pub fn json_body<T: ToSchema>(&mut self) {
        if self.operation.request_body.is_none() {
            let content = self.content::<T>();
            let body = RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True));
            self.operation.request_body = Some(RefOr::T(body.build()));
        }
    }

    /// A JSON answer of this type.
    pub fn json_answer<T: ToSchema>(&mut self, status: u16) {
        self.answer::<T>(status, "application/json");
    }

    /// An answer of this type in another form than JSON.
    pub fn answer<T: ToSchema>(&mut self, status: u16, media_type: &str) {
        let content = self.content::<T>();
        if let Some(response) = self.response(status)
            && response.content.is_empty()
        {
            response.content.insert(media_type.to_owned(), RefOr::T(content));
        }
    }

    /// The response of this status, to be added to; `None` when the handler states a reference.
    pub fn response(&mut self, status: u16) -> Option<&mut Response> {
        let responses = &mut self.operation.responses.responses;
        match responses.entry(status.to_string()).or_insert_with(|| RefOr::T(Response::new(""))) {
            RefOr::T(response) => Some(response),
            RefOr::Ref(_) => None,
        }
    }

    /// A problem with the status of `code`, unless the handler has its own words about it.
    pub fn problem(&mut self, code: Code) {
        add_problem(self.operation, code);
    }

    /// The operation needs an access token, where there are accounts.
    pub fn needs_token(&mut self) {
        let alternatives = [SecurityRequirement::default(), SecurityRequirement::new(TOKEN_SCHEME, [""; 0])];
        self.operation.security = Some(alternatives.into());
        self.problem(Code::Unauthorized);
    }

    /// The operation needs no access token: a secret in its address opens it.
    pub fn needs_no_token(&mut self) {
        self.operation.security = Some(vec![SecurityRequirement::default()]);
    }

    fn content<T: ToSchema>(&mut self) -> Content {
        self.schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(self.schemas);
        Content::new(Some(Ref::from_schema_name(T::name())))
    }
}

/// Adds a problem with the status of `code` to `operation`, unless it has a response of that status.
pub fn add_problem(operation: &mut Operation, code: Code) {
    let reference = RefOr::Ref(Ref::from_response_name(problem_name(code)));
    operation.responses.responses.entry(code.http().as_u16().to_string()).or_insert(reference);
}

/// The name under which the document has the problem response of this status: `NotFound`.
pub fn problem_name(code: Code) -> String {
    code.http().canonical_reason().unwrap_or("Error").replace(' ', "")
}
