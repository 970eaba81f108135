//! Reads the configuration files of a sentence-transformer folder, as published on its hub.
//!
//! `config.json`, `tokenizer.json` and `model.safetensors` are required. `modules.json`, `1_Pooling/config.json`,
//! `sentence_bert_config.json` and `config_sentence_transformers.json` are those of the Sentence Transformers library
//! and are optional.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::DeserializeOwned};

use crate::Purpose;

pub(super) const CONFIG_FILE: &str = "config.json";
pub(super) const TOKENIZER_FILE: &str = "tokenizer.json";
pub(super) const WEIGHTS_FILE: &str = "model.safetensors";
/// A model with a shorter context is not a text model.
const MIN_TOKENS: usize = 16;

/// Why a folder cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelFolderError {
    #[error("{} is missing", .0.display())]
    Missing(PathBuf),
    #[error("{} cannot be used: {reason}", .path.display())]
    Unusable { path: PathBuf, reason: String },
    #[error("{}: the architecture {architecture:?} is not supported, only bert is", .path.display())]
    Architecture { path: PathBuf, architecture: String },
    #[error("{}: {what:?} is not supported", .path.display())]
    Unsupported { path: PathBuf, what: String },
}

/// A model folder whose configuration was read; the weights are loaded by [`crate::Embedder::open`].
#[derive(Debug, Clone)]
pub struct ModelFolder {
    pub(super) path: PathBuf,
    pub(super) bert: BertConfig,
    pub(super) pooling: Pooling,
    /// Context of the model (tokens).
    pub(super) tokens: usize,
    pub(super) prefixes: TextPrefixes,
}

/// `config.json`, the fields the computation needs.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct BertConfig {
    pub(super) vocab_size: usize,
    pub(super) hidden_size: usize,
    pub(super) num_hidden_layers: usize,
    pub(super) num_attention_heads: usize,
    pub(super) intermediate_size: usize,
    pub(super) hidden_act: Activation,
    pub(super) max_position_embeddings: usize,
    pub(super) type_vocab_size: usize,
    pub(super) layer_norm_eps: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Activation {
    Gelu,
    #[serde(alias = "gelu_pytorch_tanh")]
    GeluNew,
    Relu,
}

/// How the token vectors of a text are reduced to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooling {
    Mean,
    /// The vector of the first token (CLS).
    First,
}

/// Prefixes the model expects before its texts.
#[derive(Debug, Clone, Default)]
pub(super) struct TextPrefixes {
    question: String,
    passage: String,
}

#[derive(Deserialize)]
struct ModelHeader {
    #[serde(default)]
    model_type: String,
    #[serde(default, rename = "_name_or_path")]
    origin: String,
    position_embedding_type: Option<String>,
}

#[derive(Deserialize)]
struct PipelineModule {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Default, Deserialize)]
struct SentenceBertConfig {
    max_seq_length: Option<usize>,
}

#[derive(Default, Deserialize)]
struct SentenceTransformersConfig {
    #[serde(default)]
    prompts: Prompts,
}

#[derive(Default, Deserialize)]
struct Prompts {
    query: Option<String>,
    #[serde(alias = "passage")]
    document: Option<String>,
}

impl ModelFolder {
    /// Reads everything except the weights.
    ///
    /// # Errors
    /// A file is missing or invalid, or the model needs something unsupported.
    pub fn read(path: &Path) -> Result<Self, ModelFolderError> {
        for name in [CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE] {
            if !path.join(name).is_file() {
                return Err(ModelFolderError::Missing(path.join(name)));
            }
        }
        let header: ModelHeader = parse(&path.join(CONFIG_FILE))?;
        let unsupported = |what: String| ModelFolderError::Unsupported { path: path.join(CONFIG_FILE), what };
        if header.model_type != "bert" {
            return Err(ModelFolderError::Architecture {
                path: path.join(CONFIG_FILE),
                architecture: header.model_type,
            });
        }
        if let Some(positions) = header.position_embedding_type.filter(|positions| positions != "absolute") {
            return Err(unsupported(format!("position_embedding_type {positions}")));
        }
        let bert: BertConfig = parse(&path.join(CONFIG_FILE))?;
        if bert.num_attention_heads == 0 || !bert.hidden_size.is_multiple_of(bert.num_attention_heads) {
            return Err(unsupported(format!("{} attention heads", bert.num_attention_heads)));
        }
        let tokens = tokens(path, bert.max_position_embeddings)?;
        check_modules(&path.join("modules.json"))?;
        let (pooling, prefixes) = (pooling(&path.join("1_Pooling/config.json"))?, prefixes(path, &header.origin)?);
        Ok(Self { path: path.to_owned(), bert, pooling, tokens, prefixes })
    }

    pub(super) fn name(&self) -> String {
        name(&self.path)
    }

    /// The settings, besides the files, that determine the vector of a passage. Part of the digest in the model's name.
    pub(super) fn recipe(&self) -> String {
        format!("{:?} {} {}", self.pooling, self.tokens, self.prefixes.passage)
    }

    pub(super) fn bytes(&self, name: &str) -> Result<Vec<u8>, ModelFolderError> {
        fs::read(self.path.join(name)).map_err(|error| self.unusable(name, &error))
    }

    pub(super) fn unusable(&self, name: &str, reason: &dyn fmt::Display) -> ModelFolderError {
        ModelFolderError::Unusable { path: self.path.join(name), reason: reason.to_string() }
    }
}

/// Shown to the operator by `gooseek doctor`.
impl fmt::Display for ModelFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TextPrefixes { question, passage } = &self.prefixes;
        write!(f, "{}: {} dimensions, {} tokens of a text", self.path.display(), self.bert.hidden_size, self.tokens)?;
        if question.is_empty() && passage.is_empty() {
            return Ok(());
        }
        write!(f, ", questions begin with {question:?}, passages with {passage:?}")
    }
}

impl TextPrefixes {
    pub(super) fn of(&self, purpose: Purpose) -> &str {
        match purpose {
            Purpose::Question => &self.question,
            Purpose::Passage => &self.passage,
        }
    }
}

/// How much of a text is read: no more than there are positions, and what the library says.
fn tokens(folder: &Path, positions: usize) -> Result<usize, ModelFolderError> {
    let path = folder.join("sentence_bert_config.json");
    let lengths: SentenceBertConfig = optional(&path)?.unwrap_or_default();
    let tokens = lengths.max_seq_length.unwrap_or(positions).min(positions);
    if tokens < MIN_TOKENS {
        return Err(ModelFolderError::Unsupported { path, what: format!("a length of {tokens} tokens") });
    }
    Ok(tokens)
}

/// Rejects unknown pipeline steps: without them the vectors would be wrong.
fn check_modules(path: &Path) -> Result<(), ModelFolderError> {
    let modules: Vec<PipelineModule> = optional(path)?.unwrap_or_default();
    for PipelineModule { kind } in modules {
        let step = kind.rsplit('.').next().unwrap_or_default();
        if !matches!(step, "Transformer" | "Pooling" | "Normalize") {
            return Err(ModelFolderError::Unsupported { path: path.to_owned(), what: kind });
        }
    }
    Ok(())
}

/// The pooling mode; the mean by default, as in the library.
fn pooling(path: &Path) -> Result<Pooling, ModelFolderError> {
    let config: serde_json::Map<String, serde_json::Value> = optional(path)?.unwrap_or_default();
    let modes = config.iter().filter(|(name, on)| name.starts_with("pooling_mode_") && **on == true);
    let modes: Vec<&str> = modes.map(|(name, _)| name.as_str()).collect();
    match modes[..] {
        [] | ["pooling_mode_mean_tokens"] => Ok(Pooling::Mean),
        ["pooling_mode_cls_token"] => Ok(Pooling::First),
        _ => Err(ModelFolderError::Unsupported { path: path.to_owned(), what: modes.join(" and ") }),
    }
}

/// The library's prompts. E5 models predate them and need prefixes that are in no file.
fn prefixes(folder: &Path, origin: &str) -> Result<TextPrefixes, ModelFolderError> {
    let library: SentenceTransformersConfig =
        optional(&folder.join("config_sentence_transformers.json"))?.unwrap_or_default();
    let Prompts { query, document } = library.prompts;
    if query.is_some() || document.is_some() {
        return Ok(TextPrefixes { question: query.unwrap_or_default(), passage: document.unwrap_or_default() });
    }
    let is_e5 = |name: &str| name.split(|c: char| !c.is_alphanumeric()).any(|part| part.eq_ignore_ascii_case("e5"));
    if is_e5(&name(folder)) || is_e5(origin) {
        return Ok(TextPrefixes { question: "query: ".to_owned(), passage: "passage: ".to_owned() });
    }
    Ok(TextPrefixes::default())
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn optional<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, ModelFolderError> {
    if path.exists() { parse(path).map(Some) } else { Ok(None) }
}

fn parse<T: DeserializeOwned>(path: &Path) -> Result<T, ModelFolderError> {
    let unusable = |reason: String| ModelFolderError::Unusable { path: path.to_owned(), reason };
    let bytes = fs::read(path).map_err(|error| unusable(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))
}
