//! Embeddings: `POST /embeddings` of OpenAI, `POST /api/embed` of Ollama.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{LlmError, Model, Phase, Provider, upstream};

/// Texts in one request. OpenAI accepts 2048; a smaller batch keeps the response, which has thousands of numbers per
/// text, below [`RESPONSE_LIMIT`].
const BATCH_TEXT_LIMIT: usize = 256;
/// Bytes in one request. OpenAI accepts 300,000 tokens, and no tokenizer averages less than two bytes per token.
const BATCH_BYTE_LIMIT: usize = 600_000;
/// Bytes of one text; the rest, beyond the context of any model (8192 tokens at OpenAI), is cut off.
const TEXT_BYTE_LIMIT: usize = 24_000;
/// Longest response body (bytes).
const RESPONSE_LIMIT: usize = 32 << 20;

impl Model {
    /// One unit vector per text, in order, all of one dimension. A text is cut off after about 24,000 bytes.
    ///
    /// # Errors
    /// [`LlmError::Request`] if no embedding model is configured or a text is blank, else the error of the server.
    pub async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, LlmError> {
        let Some(name) = &self.inner.config.embedding_model else {
            return Err(LlmError::Request("no embedding model is configured"));
        };
        let texts = truncated(texts)?;
        let mut vectors: Vec<Vec<f32>> = Vec::with_capacity(texts.len());
        for batch in batches(&texts) {
            for vector in self.embed_batch(name, batch).await? {
                if vectors.first().is_some_and(|first| first.len() != vector.len()) {
                    return Err(LlmError::InvalidResponse("embeddings of different dimensions"));
                }
                vectors.push(normalize(vector)?);
            }
        }
        Ok(vectors)
    }

    async fn embed_batch(&self, name: &str, texts: &[&str]) -> Result<Vec<Vec<f32>>, LlmError> {
        let (mut attempt, began_at) = (0, Instant::now());
        loop {
            let error = match self.embed_once(name, texts).await {
                Ok(vectors) => return Ok(vectors),
                Err(error) => error,
            };
            let retry = || self.retry().delay(attempt, &error, began_at, None);
            let delay = if error.tries_same_model() { retry() } else { None };
            let Some(delay) = delay else { return Err(error) };
            sleep(delay).await;
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
        let request = self.inner.http.post(path).json(&body);
        let mut response = upstream::send(request, config.api_key.as_ref(), until, Phase::Total).await?;
        let body = upstream::read_body(&mut response, RESPONSE_LIMIT, until, Phase::Total).await?;
        let vectors = match config.provider {
            Provider::OpenAi => parse_openai(&body)?,
            Provider::Ollama => parse_ollama(&body)?,
        };
        if vectors.len() != texts.len() {
            return Err(LlmError::InvalidResponse("not one embedding for each text"));
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
    embedding: EncodedVector,
}

/// Numbers, or little-endian `f32`s as base64, which some servers send although numbers were requested.
#[derive(Deserialize)]
#[serde(untagged)]
enum EncodedVector {
    Floats(Vec<f32>),
    Base64(String),
}

#[derive(Deserialize)]
struct OllamaEmbeddings {
    embeddings: Vec<Vec<f32>>,
}

fn parse_openai(body: &[u8]) -> Result<Vec<Vec<f32>>, LlmError> {
    let invalid = LlmError::InvalidResponse("not a list of embeddings");
    let mut answer: OpenAiEmbeddings = serde_json::from_slice(body).map_err(|_| invalid.clone())?;
    answer.data.sort_by_key(|item| item.index);
    if answer.data.iter().enumerate().any(|(position, item)| item.index != position) {
        return Err(invalid);
    }
    answer.data.into_iter().map(|item| item.embedding.decode().ok_or_else(|| invalid.clone())).collect()
}

fn parse_ollama(body: &[u8]) -> Result<Vec<Vec<f32>>, LlmError> {
    let answer: OllamaEmbeddings =
        serde_json::from_slice(body).map_err(|_| LlmError::InvalidResponse("not a list of embeddings"))?;
    Ok(answer.embeddings)
}

impl EncodedVector {
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

/// Scales to unit length, so that a dot product is the cosine.
pub(crate) fn normalize(mut vector: Vec<f32>) -> Result<Vec<f32>, LlmError> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if !length.is_finite() || length == 0.0 {
        return Err(LlmError::InvalidResponse("an embedding without direction"));
    }
    for x in &mut vector {
        *x /= length;
    }
    Ok(vector)
}

/// The trimmed texts, each cut off at [`TEXT_BYTE_LIMIT`].
pub(crate) fn truncated(texts: &[String]) -> Result<Vec<&str>, LlmError> {
    if texts.iter().any(|text| text.trim().is_empty()) {
        return Err(LlmError::Request("a text to embed is blank"));
    }
    Ok(texts.iter().map(|text| truncate(text.trim())).collect())
}

fn truncate(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTE_LIMIT)]
}

/// Slices of `texts` within the limits of one request.
fn batches<'a>(texts: &'a [&'a str]) -> Vec<&'a [&'a str]> {
    let mut batches = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, text) in texts.iter().enumerate() {
        if at > start && (at - start == BATCH_TEXT_LIMIT || bytes + text.len() > BATCH_BYTE_LIMIT) {
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
