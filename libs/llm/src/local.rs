//! Embeddings of a model that is read from a folder and computed in this process.
//!
//! The work is done on a blocking thread, one batch at a time for the whole process, so that it takes no thread that
//! serves and a question waits for the batches that were asked for before, not for a whole file.

mod bert;
mod folder;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use sha2::{Digest, Sha256};
use tokenizers::{Tokenizer, TruncationParams};
use tokio::sync::Semaphore;

use self::bert::Bert;
pub use self::folder::{Folder, FolderError};
use crate::{LlmError, Purpose, embed};

/// Tokens of one batch, padding included: some tenths of a second on two cores.
const BATCH_TOKENS: usize = 1_024;

/// A model at hand. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Local {
    loaded: Arc<Loaded>,
}

struct Loaded {
    folder: Folder,
    name: Arc<str>,
    tokenizer: Tokenizer,
    bert: Bert,
    /// Held by the batch that is computed.
    turn: Arc<Semaphore>,
}

/// The models in use, so that the services of one process share one copy and take turns.
static IN_USE: Mutex<Vec<(PathBuf, Weak<Loaded>)>> = Mutex::new(Vec::new());

impl Local {
    /// Reads the model, or takes the one that is in use already.
    pub(crate) fn open(folder: Folder) -> Result<Self, FolderError> {
        let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        in_use.retain(|(_, loaded)| loaded.strong_count() > 0);
        let known = in_use.iter().find(|(path, _)| *path == folder.path).and_then(|(_, loaded)| loaded.upgrade());
        if let Some(loaded) = known {
            return Ok(Self { loaded });
        }
        let path = folder.path.clone();
        let loaded = Arc::new(Loaded::read(folder)?);
        in_use.push((path, Arc::downgrade(&loaded)));
        Ok(Self { loaded })
    }

    pub(crate) fn name(&self) -> Arc<str> {
        self.loaded.name.clone()
    }

    /// As [`crate::Embedder::embed`].
    pub(crate) async fn embed(&self, purpose: Purpose, texts: &[String]) -> Result<Vec<Vec<f32>>, LlmError> {
        let texts = embed::readable(texts)?;
        let prefix = self.loaded.folder.prefixes.of(purpose);
        let texts: Vec<String> = texts.iter().map(|text| format!("{prefix}{text}")).collect();
        let tokens = self.work(move |loaded| loaded.tokens(texts)).await?;
        let mut vectors = vec![Vec::new(); tokens.len()];
        for batch in batches(&tokens) {
            let rows: Vec<Vec<u32>> = batch.iter().map(|place| tokens[*place].clone()).collect();
            let made = self.work(move |loaded| loaded.bert.embed(&rows).map_err(failed)).await?;
            for (place, vector) in batch.into_iter().zip(made) {
                vectors[place] = embed::unit(vector)?;
            }
        }
        Ok(vectors)
    }

    /// Does `job` where it holds nobody up, when it is its turn. The turn belongs to the job: a caller that goes away
    /// lets it finish, and begins no further one.
    async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Loaded) -> Result<T, LlmError> + Send + 'static,
    ) -> Result<T, LlmError> {
        let turn = self.loaded.turn.clone().acquire_owned().await.expect("the semaphore is never closed");
        let loaded = self.loaded.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            job(&loaded)
        });
        done.await.unwrap_or(Err(LlmError::Local))
    }
}

impl Loaded {
    fn read(folder: Folder) -> Result<Self, FolderError> {
        let (config, tokens, weights) =
            (folder.bytes(folder::CONFIG)?, folder.bytes(folder::TOKENIZER)?, folder.bytes(folder::WEIGHTS)?);
        let mut digest = Sha256::new();
        for part in [&config, &tokens, &weights, folder.recipe().as_bytes()] {
            digest.update(Sha256::digest(part));
        }
        let digest: String = digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let tokenizer = tokenizer(&folder, &tokens)?;
        let bert = Bert::read(&folder.bert, folder.pooling, weights);
        let bert = bert.map_err(|error| folder.unusable(folder::WEIGHTS, &error))?;
        let name = format!("{}@{digest}", folder.name()).into();
        Ok(Self { folder, name, tokenizer, bert, turn: Arc::new(Semaphore::new(1)) })
    }

    fn tokens(&self, texts: Vec<String>) -> Result<Vec<Vec<u32>>, LlmError> {
        let encode = |text: String| Ok(self.tokenizer.encode(text, true).map_err(failed)?.get_ids().to_vec());
        texts.into_iter().map(encode).collect()
    }
}

/// The folder's tokenizer, cutting at what the model reads and padding nothing.
fn tokenizer(folder: &Folder, bytes: &[u8]) -> Result<Tokenizer, FolderError> {
    let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(|error| folder.unusable(folder::TOKENIZER, &error))?;
    let known = tokenizer.get_vocab_size(true);
    if known > folder.bert.vocab_size {
        let reason = format!("it knows {known} tokens, the model {}", folder.bert.vocab_size);
        return Err(folder.unusable(folder::TOKENIZER, &reason));
    }
    let cut = TruncationParams { max_length: folder.tokens, ..TruncationParams::default() };
    tokenizer.with_truncation(Some(cut)).map_err(|error| folder.unusable(folder::TOKENIZER, &error))?;
    tokenizer.with_padding(None);
    Ok(tokenizer)
}

/// Places of texts to compute together: of like length, so that little is padding.
fn batches(tokens: &[Vec<u32>]) -> Vec<Vec<usize>> {
    let mut places: Vec<usize> = (0..tokens.len()).collect();
    places.sort_by_key(|place| tokens[*place].len());
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for place in places {
        // In ascending order, the newest is the longest.
        let longest = tokens[place].len();
        match batches.last_mut() {
            Some(batch) if (batch.len() + 1) * longest <= BATCH_TOKENS && longest <= 2 * tokens[batch[0]].len() => {
                batch.push(place);
            }
            _ => batches.push(vec![place]),
        }
    }
    batches
}

fn failed(error: impl std::fmt::Display) -> LlmError {
    tracing::error!(%error, "the embedding model in the folder failed");
    LlmError::Local
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn batches_take_turns_and_who_goes_away_begins_no_further_one() {
        let Some(path) = testkit::embedding_model() else { return };
        let local = Local::open(Folder::read(&path).unwrap()).unwrap();
        let turn = local.loaded.turn.clone();
        let texts = vec!["a text of a few words, said again and again ".repeat(60); 8];
        let held = turn.clone().acquire_owned().await.unwrap();
        let short = ["short".to_owned()];
        let waiting = tokio::time::timeout(Duration::from_millis(500), local.embed(Purpose::Question, &short));
        assert!(waiting.await.is_err(), "one batch at a time");
        let embedding = {
            let local = local.clone();
            tokio::spawn(async move { local.embed(Purpose::Passage, &texts).await })
        };
        tokio::task::yield_now().await;
        drop(held);
        // Those who wait are served in order, so this comes after the tokens and before the first batch.
        let held = turn.clone().acquire_owned().await.unwrap();
        assert!(!embedding.is_finished(), "others get their turn before all is done");
        // Time to stand in line again.
        tokio::time::sleep(Duration::from_millis(200)).await;
        embedding.abort();
        assert!(embedding.await.unwrap_err().is_cancelled());
        drop(held);
        assert!(turn.try_acquire().is_ok(), "nobody works on what nobody waits for");
    }

    #[test]
    fn a_batch_has_texts_of_like_length_and_a_bounded_size() {
        let lengths = [256, 3, 256, 5, 4, 256, 256, 256];
        let tokens: Vec<Vec<u32>> = lengths.iter().map(|length| vec![0; *length]).collect();
        assert_eq!(batches(&tokens), [vec![1, 4, 3], vec![0, 2, 5, 6], vec![7]]);
        assert_eq!(batches(&[vec![0; 5_000]]), [[0]], "one text is always taken");
        assert!(batches(&[]).is_empty());
    }
}
