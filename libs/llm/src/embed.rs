//! Embeddings: `POST /embeddings` of OpenAI, `POST /api/embed` of Ollama.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{LlmError, Model, Phase, Provider, upstream};

/// Texts in one request. OpenAI takes 2048; a smaller batch keeps the answer, which repeats no text but has
/// thousands of numbers a text, below [`MAX_ANSWER`].
const MAX_TEXTS: usize = 256;
/// Bytes in one request. OpenAI takes 300,000 tokens, and no tokenizer makes a token of less than two bytes on average.
const MAX_BYTES: usize = 600_000;
/// Bytes of one text: what is longer than a model reads (8192 tokens at OpenAI) is left out.
const MAX_TEXT_BYTES: usize = 24_000;
const MAX_ANSWER: usize = 32 << 20;

impl Model {
    /// One vector of length 1 for each text, in order, all of one dimension. The end of a very long text (over some
    /// 24,000 bytes) does not count.
    ///
    /// # Errors
    /// [`LlmError::Request`] when no embedding model is configured or a text is blank; else what the server did.
    pub async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, LlmError> {
        let Some(name) = &self.inner.config.embedding_model else {
            return Err(LlmError::Request("no embedding model is configured"));
        };
        let texts = readable(texts)?;
        let mut vectors: Vec<Vec<f32>> = Vec::with_capacity(texts.len());
        for batch in batches(&texts) {
            for vector in self.embed_batch(name, batch).await? {
                if vectors.first().is_some_and(|first| first.len() != vector.len()) {
                    return Err(LlmError::Garbage("embeddings of different dimensions"));
                }
                vectors.push(unit(vector)?);
            }
        }
        Ok(vectors)
    }

    async fn embed_batch(&self, name: &str, texts: &[&str]) -> Result<Vec<Vec<f32>>, LlmError> {
        let mut attempt = 0;
        loop {
            let error = match self.embed_once(name, texts).await {
                Ok(vectors) => return Ok(vectors),
                Err(error) => error,
            };
            let pause = if error.tries_same_model() { self.retry().pause(attempt, &error, None) } else { None };
            let Some(pause) = pause else { return Err(error) };
            sleep(pause).await;
            attempt += 1;
        }
    }

    async fn embed_once(&self, name: &str, texts: &[&str]) -> Result<Vec<Vec<f32>>, LlmError> {
        let config = &self.inner.config;
        let (path, body) = match config.provider {
            Provider::OpenAi => ("/embeddings", json!({ "model": name, "input": texts, "encoding_format": "float" })),
            Provider::Ollama => ("/api/embed", json!({ "model": name, "input": texts })),
        };
        let until = Instant::now() + config.timeouts.embed;
        let sent = self.inner.http.post(path).json(&body);
        let mut response = upstream::send(sent, config.api_key.as_ref(), until, Phase::Total).await?;
        let body = upstream::read_body(&mut response, MAX_ANSWER, until, Phase::Total).await?;
        let vectors = match config.provider {
            Provider::OpenAi => read_openai(&body)?,
            Provider::Ollama => read_ollama(&body)?,
        };
        if vectors.len() != texts.len() {
            return Err(LlmError::Garbage("not one embedding for each text"));
        }
        Ok(vectors)
    }
}

#[derive(Deserialize)]
struct OpenAiEmbeddings {
    data: Vec<OpenAiEmbedding>,
}

#[derive(Deserialize)]
struct OpenAiEmbedding {
    index: usize,
    embedding: Encoded,
}

/// Numbers, or little-endian `f32`s as base64, which some servers send whatever was asked for.
#[derive(Deserialize)]
#[serde(untagged)]
enum Encoded {
    Floats(Vec<f32>),
    Base64(String),
}

#[derive(Deserialize)]
struct OllamaEmbeddings {
    embeddings: Vec<Vec<f32>>,
}

fn read_openai(body: &[u8]) -> Result<Vec<Vec<f32>>, LlmError> {
    let garbage = LlmError::Garbage("not a list of embeddings");
    let mut answer: OpenAiEmbeddings = serde_json::from_slice(body).map_err(|_| garbage.clone())?;
    answer.data.sort_by_key(|item| item.index);
    if answer.data.iter().enumerate().any(|(position, item)| item.index != position) {
        return Err(garbage);
    }
    answer.data.into_iter().map(|item| item.embedding.decode().ok_or_else(|| garbage.clone())).collect()
}

fn read_ollama(body: &[u8]) -> Result<Vec<Vec<f32>>, LlmError> {
    let answer: OllamaEmbeddings =
        serde_json::from_slice(body).map_err(|_| LlmError::Garbage("not a list of embeddings"))?;
    Ok(answer.embeddings)
}

impl Encoded {
    fn decode(self) -> Option<Vec<f32>> {
        match self {
            Self::Floats(vector) => Some(vector),
            Self::Base64(text) => {
                let bytes = BASE64_STANDARD.decode(text).ok()?;
                let (numbers, rest) = bytes.as_chunks::<4>();
                rest.is_empty().then(|| numbers.iter().map(|number| f32::from_le_bytes(*number)).collect())
            }
        }
    }
}

/// Scales to length 1, so that a dot product is the cosine.
pub(crate) fn unit(mut vector: Vec<f32>) -> Result<Vec<f32>, LlmError> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if !length.is_finite() || length == 0.0 {
        return Err(LlmError::Garbage("an embedding without direction"));
    }
    for x in &mut vector {
        *x /= length;
    }
    Ok(vector)
}

/// The texts without what no model reads of them.
pub(crate) fn readable(texts: &[String]) -> Result<Vec<&str>, LlmError> {
    if texts.iter().any(|text| text.trim().is_empty()) {
        return Err(LlmError::Request("a text to embed is blank"));
    }
    Ok(texts.iter().map(|text| cut(text.trim())).collect())
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT_BYTES)]
}

/// Slices of `texts` that keep to the limits of one request.
fn batches<'a>(texts: &'a [&'a str]) -> Vec<&'a [&'a str]> {
    let mut batches = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, text) in texts.iter().enumerate() {
        if at > start && (at - start == MAX_TEXTS || bytes + text.len() > MAX_BYTES) {
            batches.push(&texts[start..at]);
            (start, bytes) = (at, 0);
        }
        bytes += text.len();
    }
    if start < texts.len() {
        batches.push(&texts[start..]);
    }
    batches
}
