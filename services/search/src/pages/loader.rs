//! Fetches and parses pages: fetched under the policy for untrusted addresses, parsed off the async worker threads.

use std::{path::PathBuf, sync::Arc};

use fetch::{ContentKind, FetchRequest, FetchResponse, Fetcher, Policy};
use reader::{
    Document, Format, Hints, ParseError,
    child::{ChildLimits, ParserChild},
};
use sha2::{Digest, Sha256};
use tokio::{sync::Semaphore, time::Instant};

use super::OpenError;
use crate::store::Validators;

#[derive(Debug)]
pub(super) struct PageLoader {
    fetcher: Fetcher,
    child: ParserChild,
    /// One permit per core: more parsers would not be faster, only take more memory.
    parser_permits: Arc<Semaphore>,
}

impl PageLoader {
    /// `executable` is started as a child process to parse PDF files.
    pub(super) fn new(policy: Policy, executable: PathBuf) -> anyhow::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Ok(Self {
            fetcher: Fetcher::new(policy)?,
            child: ParserChild::new(executable, ChildLimits::default()),
            parser_permits: Arc::new(Semaphore::new(cores)),
        })
    }

    pub(super) async fn fetch(
        &self,
        url: &str,
        validators: Option<Validators>,
        deadline: Instant,
    ) -> Result<FetchResponse, fetch::FetchError> {
        let validators = validators.unwrap_or_default();
        let request = FetchRequest {
            if_none_match: validators.etag,
            if_modified_since: validators.last_modified,
            deadline: Some(deadline.into_std()),
            ..FetchRequest::default()
        };
        self.fetcher.get(url, request).await
    }

    /// As [`fetch`](Self::fetch); a page that only sends its readers on is followed once.
    pub(super) async fn fetch_through_refresh(
        &self,
        url: &str,
        validators: Option<Validators>,
        deadline: Instant,
    ) -> Result<FetchResponse, fetch::FetchError> {
        let fetched = self.fetch(url, validators, deadline).await?;
        if format(&fetched) != Format::Html {
            return Ok(fetched);
        }
        let target = reader::refresh_target(&fetched.body, &hints(&fetched));
        match target.and_then(|target| fetched.url.join(&target).ok()).filter(|target| *target != fetched.url) {
            Some(target) => {
                let followed = self.fetch(target.as_str(), None, deadline).await?;
                // It belongs to whom either belongs to. Its validators say nothing of the address that was asked for.
                let private = fetched.private || followed.private;
                Ok(FetchResponse { private, etag: None, last_modified: None, ..followed })
            }
            None => Ok(fetched),
        }
    }

    /// Parses PDF files in a child process, other formats in this one. A page that says itself that there is nothing to read is
    /// an error.
    pub(super) async fn parse(&self, fetched: FetchResponse) -> Result<Document, OpenError> {
        let (hints, format) = (hints(&fetched), format(&fetched));
        let document = match format {
            Format::Pdf => self.child.parse(format, fetched.body, hints).await?,
            _ => self.compute(move || Ok(reader::parse(format, &fetched.body, &hints)?)).await?,
        };
        if let Some(fault) = document.fault {
            return Err(OpenError::Fault(fault));
        }
        if let Some(words) = document.words_kept {
            metrics::histogram!("gooseek_words_kept_ratio", "of" => "page").record(words.ratio());
        }
        Ok(document)
    }

    /// Runs `work` on the blocking thread pool. A panic in it becomes an error of the page.
    pub(super) async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, OpenError> + Send + 'static,
    ) -> Result<T, OpenError> {
        let permit = Arc::clone(&self.parser_permits).acquire_owned().await.expect("the semaphore is never closed");
        let done = tokio::task::spawn_blocking(move || {
            // Held to the end of the work, also when nobody waits for it any more.
            let _permit = permit;
            work()
        })
        .await;
        done.unwrap_or_else(|_| Err(ParseError::Crashed("it panicked".to_owned()).into()))
    }
}

fn hints(fetched: &FetchResponse) -> Hints {
    Hints { url: Some(fetched.url.to_string()), charset: fetched.charset.clone() }
}

fn format(fetched: &FetchResponse) -> Format {
    match fetched.kind {
        Some(ContentKind::Html) => Format::Html,
        Some(ContentKind::Pdf) => Format::Pdf,
        Some(ContentKind::Feed) => Format::Feed,
        Some(ContentKind::Text) | None => match fetched.content_type.as_str() {
            "text/markdown" | "text/x-markdown" => Format::Markdown,
            "text/csv" => Format::Csv,
            _ => Format::Text,
        },
    }
}

/// Digest of a page's content; equal digests mean equal content.
pub(super) fn digest(title: &str, text: &str) -> Vec<u8> {
    let mut hasher = Sha256::new();
    hasher.update((title.len() as u64).to_be_bytes());
    hasher.update(title);
    hasher.update(text);
    hasher.finalize().to_vec()
}
