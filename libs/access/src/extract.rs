//! The extractor by which a handler says what it does, and that answers 401 or 403 before the handler runs.

use std::{
    marker::PhantomData,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use axum::extract::FromRequestParts;
use base::Problem;
use http::request::Parts;
use kit::openapi::{Describe, Description};

use crate::{Action, Caller, check};

pub(crate) mod sealed {
    /// Actions and links are declared in this crate alone.
    pub trait Sealed {}
}

/// A type that stands for an [`Action`]; those are in [`action`](crate::action).
pub trait Permission: sealed::Sealed + Send + Sync + 'static {
    const ACTION: Action;
}

/// A caller that may do `A`. Stands for its [`Caller`].
///
/// ```text
/// async fn list(who: Allowed<action::ListThreads>, …) -> Result<Json<ThreadPage>, Problem>
/// ```
#[derive(Debug, Clone)]
pub struct Allowed<A> {
    caller: Caller,
    action: PhantomData<A>,
}

impl<A> Allowed<A> {
    pub fn into_caller(self) -> Caller {
        self.caller
    }
}

impl<A> Deref for Allowed<A> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl<S: Sync, A: Permission> FromRequestParts<S> for Allowed<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = Caller::attached(&parts.extensions).cloned();
        let caller = caller.ok_or_else(|| Problem::internal("a route outside of the HTTP middleware"))?;
        check(&caller, A::ACTION)?;
        TakenAction::note(parts, A::ACTION);
        Ok(Self { caller, action: PhantomData })
    }
}

/// Which action the handler of a request took up. The server puts an empty one on each request.
#[derive(Debug, Clone, Default)]
pub struct TakenAction(Arc<OnceLock<Action>>);

impl TakenAction {
    pub(crate) fn note(parts: &Parts, action: Action) {
        if let Some(Self(taken)) = parts.extensions.get() {
            // Middleware of the route may have asked for the same before.
            let _ = taken.set(action);
        }
    }

    /// `None` while no handler was reached, or when it has not said what it does.
    pub fn get(&self) -> Option<Action> {
        self.0.get().copied()
    }
}

impl<A: Permission> Describe for Allowed<A> {
    fn describe(description: &mut Description<'_>) {
        description.needs_token();
    }
}
