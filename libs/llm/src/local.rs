//! Embeddings computed in this process, with a model from a folder.
//!
//! Computation runs on a blocking thread, one batch at a time per model, so that it does not block request threads and
//! a search query waits for the batches queued before it, not for a whole file.

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
pub use self::folder::{ModelFolder, ModelFolderError};
use crate::{LlmError, Purpose, embed};

/// Tokens of one batch, padding included: a few tenths of a second on two cores.
const BATCH_TOKENS: usize = 1_024;
/// A shorter word says nothing about a language.
const MIN_WORD_LETTERS: usize = 4;

/// A loaded model. Cheap to clone.
#[derive(Clone)]
pub(crate) struct LocalEmbedder {
    loaded: Arc<LoadedModel>,
}

struct LoadedModel {
    folder: ModelFolder,
    name: Arc<str>,
    tokenizer: Tokenizer,
    bert: Bert,
    /// One permit, held by the running batch.
    batch_permit: Arc<Semaphore>,
}

/// Models in use, so that the services of one process share one copy and its permit.
static LOADED_MODELS: Mutex<Vec<(PathBuf, Weak<LoadedModel>)>> = Mutex::new(Vec::new());

impl LocalEmbedder {
    /// Loads the model, or reuses it if it is already loaded.
    pub(crate) fn open(folder: ModelFolder) -> Result<Self, ModelFolderError> {
        let mut models = LOADED_MODELS.lock().unwrap_or_else(PoisonError::into_inner);
        models.retain(|(_, loaded)| loaded.strong_count() > 0);
        let known = models.iter().find(|(path, _)| *path == folder.path).and_then(|(_, loaded)| loaded.upgrade());
        if let Some(loaded) = known {
            return Ok(Self { loaded });
        }
        let path = folder.path.clone();
        let loaded = Arc::new(LoadedModel::read(folder)?);
        models.push((path, Arc::downgrade(&loaded)));
        Ok(Self { loaded })
    }

    pub(crate) fn name(&self) -> Arc<str> {
        self.loaded.name.clone()
    }

    /// As [`crate::Embedder::embed`].
    pub(crate) async fn embed(&self, purpose: Purpose, texts: &[String]) -> Result<Vec<Vec<f32>>, LlmError> {
        let texts = embed::truncated(texts)?;
        let prefix = self.loaded.folder.prefixes.of(purpose);
        let texts: Vec<String> = texts.iter().map(|text| format!("{prefix}{text}")).collect();
        let tokens = self.run_exclusive(move |loaded| loaded.tokens(texts)).await?;
        let mut vectors = vec![Vec::new(); tokens.len()];
        for batch in batches(&tokens) {
            let rows: Vec<Vec<u32>> = batch.iter().map(|index| tokens[*index].clone()).collect();
            let made = self.run_exclusive(move |loaded| loaded.bert.embed(&rows).map_err(failed)).await?;
            for (index, vector) in batch.into_iter().zip(made) {
                vectors[index] = embed::normalize(vector)?;
            }
        }
        Ok(vectors)
    }

    /// As [`crate::Embedder::reads`].
    pub(crate) fn reads(&self, text: &str) -> bool {
        let Ok(encoding) = self.loaded.tokenizer.encode(text, false) else { return true };
        // Letters and tokens of each word.
        let mut words: Vec<(u32, usize, usize)> = Vec::new();
        let tokens = encoding.get_tokens().iter().zip(encoding.get_offsets()).zip(encoding.get_word_ids());
        for ((token, (start, end)), word) in tokens {
            let Some(word) = *word else { continue };
            let letters = text.get(*start..*end).unwrap_or_default().chars().filter(|c| c.is_alphabetic()).count();
            // What it has no token for at all counts as its letters.
            let tokens = if matches!(token.as_str(), "[UNK]" | "<unk>") { letters } else { 1 };
            match words.last_mut() {
                Some((last, known, used)) if *last == word => {
                    *known += letters;
                    *used += tokens;
                }
                _ => words.push((word, letters, tokens)),
            }
        }
        words.retain(|(_, letters, _)| *letters >= MIN_WORD_LETTERS);
        let read = words.iter().filter(|(_, letters, tokens)| tokens * 3 <= letters * 2).count();
        read * 2 >= words.len()
    }

    /// Runs `job` on a blocking thread, one at a time. The permit belongs to the job: if the caller is dropped, the
    /// running job finishes, and the caller's next ones do not start.
    async fn run_exclusive<T: Send + 'static>(
        &self,
        job: impl FnOnce(&LoadedModel) -> Result<T, LlmError> + Send + 'static,
    ) -> Result<T, LlmError> {
        let permit = self.loaded.batch_permit.clone().acquire_owned().await.expect("the semaphore is never closed");
        let loaded = self.loaded.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            job(&loaded)
        });
        done.await.unwrap_or(Err(LlmError::Local))
    }
}

impl LoadedModel {
    fn read(folder: ModelFolder) -> Result<Self, ModelFolderError> {
        let (config, tokens, weights) = (
            folder.bytes(folder::CONFIG_FILE)?,
            folder.bytes(folder::TOKENIZER_FILE)?,
            folder.bytes(folder::WEIGHTS_FILE)?,
        );
        let mut digest = Sha256::new();
        for part in [&config, &tokens, &weights, folder.recipe().as_bytes()] {
            digest.update(Sha256::digest(part));
        }
        let digest: String = digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let tokenizer = tokenizer(&folder, &tokens)?;
        let bert = Bert::read(&folder.bert, folder.pooling, weights);
        let bert = bert.map_err(|error| folder.unusable(folder::WEIGHTS_FILE, &error))?;
        let name = format!("{}@{digest}", folder.name()).into();
        Ok(Self { folder, name, tokenizer, bert, batch_permit: Arc::new(Semaphore::new(1)) })
    }

    fn tokens(&self, texts: Vec<String>) -> Result<Vec<Vec<u32>>, LlmError> {
        let encode = |text: String| Ok(self.tokenizer.encode(text, true).map_err(failed)?.get_ids().to_vec());
        texts.into_iter().map(encode).collect()
    }
}

/// The folder's tokenizer, with truncation to the model's context and without padding.
fn tokenizer(folder: &ModelFolder, bytes: &[u8]) -> Result<Tokenizer, ModelFolderError> {
    let mut tokenizer =
        Tokenizer::from_bytes(bytes).map_err(|error| folder.unusable(folder::TOKENIZER_FILE, &error))?;
    let vocabulary = tokenizer.get_vocab_size(true);
    if vocabulary > folder.bert.vocab_size {
        let reason = format!("it knows {vocabulary} tokens, the model {}", folder.bert.vocab_size);
        return Err(folder.unusable(folder::TOKENIZER_FILE, &reason));
    }
    let cut = TruncationParams { max_length: folder.tokens, ..TruncationParams::default() };
    tokenizer.with_truncation(Some(cut)).map_err(|error| folder.unusable(folder::TOKENIZER_FILE, &error))?;
    tokenizer.with_padding(None);
    Ok(tokenizer)
}

/// Indexes of texts, grouped by similar length so that there is little padding.
fn batches(tokens: &[Vec<u32>]) -> Vec<Vec<usize>> {
    let mut indexes: Vec<usize> = (0..tokens.len()).collect();
    indexes.sort_by_key(|index| tokens[*index].len());
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for index in indexes {
        // In ascending order, the newest is the longest.
        let longest = tokens[index].len();
        match batches.last_mut() {
            Some(batch) if (batch.len() + 1) * longest <= BATCH_TOKENS && longest <= 2 * tokens[batch[0]].len() => {
                batch.push(index);
            }
            _ => batches.push(vec![index]),
        }
    }
    batches
}

fn failed(error: impl std::fmt::Display) -> LlmError {
    tracing::error!(%error, "embedding model failed; texts are not embedded");
    LlmError::Local
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn batches_run_one_at_a_time_and_a_dropped_call_starts_no_further_one() {
        let Some(path) = testkit::embedding_model() else { return };
        let local = LocalEmbedder::open(ModelFolder::read(&path).unwrap()).unwrap();
        let permit = local.loaded.batch_permit.clone();
        let texts = vec!["a text of a few words, said again and again ".repeat(60); 8];
        let held = permit.clone().acquire_owned().await.unwrap();
        let short = ["short".to_owned()];
        let waiting = tokio::time::timeout(Duration::from_millis(500), local.embed(Purpose::Question, &short));
        assert!(waiting.await.is_err(), "one batch at a time");
        let embedding = {
            let local = local.clone();
            tokio::spawn(async move { local.embed(Purpose::Passage, &texts).await })
        };
        tokio::task::yield_now().await;
        drop(held);
        // The semaphore is fair, so this permit comes after the tokens and before the first batch.
        let held = permit.clone().acquire_owned().await.unwrap();
        assert!(!embedding.is_finished(), "other calls run between the batches");
        // Time to queue for the permit again.
        tokio::time::sleep(Duration::from_millis(200)).await;
        embedding.abort();
        assert!(embedding.await.unwrap_err().is_cancelled());
        drop(held);
        assert!(permit.try_acquire().is_ok(), "an abandoned call does no further work");
    }

    #[test]
    fn a_model_of_english_knows_no_russian() {
        let Some(path) = testkit::embedding_model() else { return };
        let local = LocalEmbedder::open(ModelFolder::read(&path).unwrap()).unwrap();
        for text in
            ["How long is the notice period?", "rsync --delete", "Kündigungsfrist des Vertrags", "12.5 %", "合同"]
        {
            assert!(local.reads(text), "{text}");
        }
        for text in [
            "Какой срок уведомления?",
            "договор аренды",
            "Как настроить rsync через systemd на сервере?",
            "किराये की अवधि",
        ] {
            assert!(!local.reads(text), "{text}");
        }
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
