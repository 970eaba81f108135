//! Configuration variables that select the models.

use std::collections::BTreeMap;

use base::config::{Reader, Variable};

use crate::{EmbedderConfig, ModelConfig, Price, Provider};

/// Variables of every service that uses a model.
pub const VARIABLES: &[Variable] = &[
    Variable::optional(
        "LLM_PROVIDER",
        "openai (any compatible server) or ollama; unset: answers are extracts of the sources",
    ),
    Variable::with_default("OPENAI_BASE_URL", "https://api.openai.com/v1", "an OpenAI-compatible server"),
    Variable::secret("OPENAI_API_KEY", "key of the OpenAI-compatible server, if it wants one"),
    Variable::with_default("OLLAMA_BASE_URL", "http://127.0.0.1:11434", "an Ollama server"),
    Variable::optional("CHAT_MODEL", "model that plans and writes; a comma list is tried in order"),
    Variable::optional("EMBEDDING_MODEL", "model of embeddings on that server; unset: retrieval is by words alone"),
    Variable::optional(
        "EMBEDDING_MODEL_DIR",
        "folder of a BERT sentence-transformer that makes the embeddings instead",
    ),
    Variable::optional(
        "EMBEDDING_MODEL_DEFAULT_DIR",
        "folder of one that does where neither of those two is set; make run names the one of make model",
    ),
    Variable::with_default("LLM_CONTEXT_TOKENS", "16384", "context size asked of Ollama"),
    Variable::optional("LLM_PRICES", "model=input/output prices per million tokens, e.g. small=0.15/0.60,big=2.50/10"),
    Variable::with_default("LLM_CURRENCY", "USD", "currency of LLM_PRICES"),
];

/// Whether this build reads models from folders.
pub const SUPPORTS_MODEL_FOLDERS: bool = cfg!(feature = "local-embeddings");

/// The configured model; `None` when `LLM_PROVIDER` is unset. Errors are collected in `reader`.
pub fn read(reader: &mut Reader<'_>) -> Option<ModelConfig> {
    let Some(provider) = reader.text("LLM_PROVIDER") else {
        for half in ["CHAT_MODEL", "EMBEDDING_MODEL"] {
            if reader.text(half).is_some() {
                reader.fault(format!("{half} is set, but LLM_PROVIDER is not: openai or ollama"));
            }
        }
        return None;
    };
    let (provider, base) = match provider.as_str() {
        "openai" => (Provider::OpenAi, reader.address("OPENAI_BASE_URL")?),
        "ollama" => (Provider::Ollama, reader.address("OLLAMA_BASE_URL")?),
        other => {
            reader.fault(format!("LLM_PROVIDER: {other:?} is neither openai nor ollama"));
            return None;
        }
    };
    let mut config = ModelConfig::new(provider, base, reader.list("CHAT_MODEL"));
    config.embedding_model = reader.text("EMBEDDING_MODEL");
    if config.chat_models.is_empty() && config.embedding_model.is_none() {
        reader.fault("LLM_PROVIDER is set, but neither CHAT_MODEL nor EMBEDDING_MODEL is");
    }
    config.api_key = reader.secret("OPENAI_API_KEY");
    config.context_tokens = reader.parse("LLM_CONTEXT_TOKENS", "a number of tokens");
    config.prices = prices(reader);
    Some(config)
}

/// The configured embedder; `None` when no embedding model is set. Errors are collected in `reader`.
pub fn embedder(reader: &mut Reader<'_>) -> Option<EmbedderConfig> {
    let server = read(reader).filter(|server| server.embedding_model.is_some());
    let is_server_named = reader.text("EMBEDDING_MODEL").is_some();
    if let Some(path) = reader.text("EMBEDDING_MODEL_DIR") {
        if is_server_named {
            reader.fault("EMBEDDING_MODEL and EMBEDDING_MODEL_DIR are both set, but one model makes all vectors");
            return None;
        }
        return folder(reader, "EMBEDDING_MODEL_DIR", &path);
    }
    match reader.text("EMBEDDING_MODEL_DEFAULT_DIR").filter(|_| !is_server_named) {
        Some(path) => folder(reader, "EMBEDDING_MODEL_DEFAULT_DIR", &path),
        None => server.map(EmbedderConfig::Server),
    }
}

#[cfg(feature = "local-embeddings")]
fn folder(reader: &mut Reader<'_>, variable: &str, path: &str) -> Option<EmbedderConfig> {
    match crate::ModelFolder::read(path.as_ref()) {
        Ok(folder) => Some(EmbedderConfig::Folder(folder)),
        Err(error) => {
            reader.fault(format!("{variable}: {error}"));
            None
        }
    }
}

#[cfg(not(feature = "local-embeddings"))]
fn folder(reader: &mut Reader<'_>, variable: &str, _path: &str) -> Option<EmbedderConfig> {
    reader.fault(format!("{variable}: this program was built without the feature local-embeddings"));
    None
}

fn prices(reader: &mut Reader<'_>) -> BTreeMap<String, Price> {
    let currency = reader.text("LLM_CURRENCY").unwrap_or_default();
    let mut prices = BTreeMap::new();
    for entry in reader.list("LLM_PRICES") {
        let parts = entry.split_once('=').and_then(|(model, price)| Some((model, price.split_once('/')?)));
        let Some((model, (input, output))) = parts else {
            reader.fault(format!("LLM_PRICES: {entry:?} is not model=input/output"));
            continue;
        };
        match Price::new(input, output, &currency) {
            Ok(price) => drop(prices.insert(model.to_owned(), price)),
            Err(error) => reader.fault(format!("LLM_PRICES: {model}: {error}")),
        }
    }
    prices
}
