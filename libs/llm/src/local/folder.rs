//! What a model's folder says about the model: the files of a sentence-transformer as its hub hands them out.
//!
//! `config.json`, `tokenizer.json` and `model.safetensors` must be there. `modules.json`, `1_Pooling/config.json`,
//! `sentence_bert_config.json` and `config_sentence_transformers.json` are those of the Sentence Transformers library
//! and are followed where they are.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::DeserializeOwned};

use crate::Purpose;

pub(super) const CONFIG: &str = "config.json";
pub(super) const TOKENIZER: &str = "tokenizer.json";
pub(super) const WEIGHTS: &str = "model.safetensors";
/// A model that reads less is none of texts.
const FEWEST_TOKENS: usize = 16;

/// Why a folder cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FolderError {
    #[error("{} is missing", .0.display())]
    Missing(PathBuf),
    #[error("{} cannot be used: {reason}", .path.display())]
    Unusable { path: PathBuf, reason: String },
    #[error("{}: the architecture {architecture:?} is not supported, only bert is", .path.display())]
    Architecture { path: PathBuf, architecture: String },
    #[error("{}: {what:?} is not supported", .path.display())]
    Unsupported { path: PathBuf, what: String },
}

/// A folder whose descriptions were read; the weights come when it is opened.
#[derive(Debug, Clone)]
pub struct Folder {
    pub(super) path: PathBuf,
    pub(super) bert: BertConfig,
    pub(super) pooling: Pooling,
    /// Tokens of a text that the model reads.
    pub(super) tokens: usize,
    pub(super) prefixes: Prefixes,
}

/// `config.json`, as far as the computation needs it.
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

/// How the vectors of a text's tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooling {
    Mean,
    /// That of the first token.
    First,
}

/// What a text begins with.
#[derive(Debug, Clone, Default)]
pub(super) struct Prefixes {
    question: String,
    passage: String,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(default)]
    model_type: String,
    #[serde(default, rename = "_name_or_path")]
    origin: String,
    position_embedding_type: Option<String>,
}

#[derive(Deserialize)]
struct Module {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Default, Deserialize)]
struct Lengths {
    max_seq_length: Option<usize>,
}

#[derive(Default, Deserialize)]
struct Library {
    #[serde(default)]
    prompts: Prompts,
}

#[derive(Default, Deserialize)]
struct Prompts {
    query: Option<String>,
    #[serde(alias = "passage")]
    document: Option<String>,
}

impl Folder {
    /// Reads everything but the weights.
    ///
    /// # Errors
    /// The file that is missing or cannot be used, or what this program cannot compute.
    pub fn read(path: &Path) -> Result<Self, FolderError> {
        for name in [CONFIG, TOKENIZER, WEIGHTS] {
            if !path.join(name).is_file() {
                return Err(FolderError::Missing(path.join(name)));
            }
        }
        let kind: Kind = parse(&path.join(CONFIG))?;
        let unsupported = |what: String| FolderError::Unsupported { path: path.join(CONFIG), what };
        if kind.model_type != "bert" {
            return Err(FolderError::Architecture { path: path.join(CONFIG), architecture: kind.model_type });
        }
        if let Some(positions) = kind.position_embedding_type.filter(|positions| positions != "absolute") {
            return Err(unsupported(format!("position_embedding_type {positions}")));
        }
        let bert: BertConfig = parse(&path.join(CONFIG))?;
        if bert.num_attention_heads == 0 || !bert.hidden_size.is_multiple_of(bert.num_attention_heads) {
            return Err(unsupported(format!("{} attention heads", bert.num_attention_heads)));
        }
        let tokens = tokens(path, bert.max_position_embeddings)?;
        check_modules(&path.join("modules.json"))?;
        let (pooling, prefixes) = (pooling(&path.join("1_Pooling/config.json"))?, prefixes(path, &kind.origin)?);
        Ok(Self { path: path.to_owned(), bert, pooling, tokens, prefixes })
    }

    pub(super) fn name(&self) -> String {
        name(&self.path)
    }

    /// What beside the files decides how the vector of a passage comes out.
    pub(super) fn recipe(&self) -> String {
        format!("{:?} {} {}", self.pooling, self.tokens, self.prefixes.passage)
    }

    pub(super) fn bytes(&self, name: &str) -> Result<Vec<u8>, FolderError> {
        fs::read(self.path.join(name)).map_err(|error| self.unusable(name, &error))
    }

    pub(super) fn unusable(&self, name: &str, reason: &dyn fmt::Display) -> FolderError {
        FolderError::Unusable { path: self.path.join(name), reason: reason.to_string() }
    }
}

/// For an operator who asks what is set up.
impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Prefixes { question, passage } = &self.prefixes;
        write!(f, "{}: {} dimensions, {} tokens of a text", self.path.display(), self.bert.hidden_size, self.tokens)?;
        if question.is_empty() && passage.is_empty() {
            return Ok(());
        }
        write!(f, ", questions begin with {question:?}, passages with {passage:?}")
    }
}

impl Prefixes {
    pub(super) fn of(&self, purpose: Purpose) -> &str {
        match purpose {
            Purpose::Question => &self.question,
            Purpose::Passage => &self.passage,
        }
    }
}

/// How much of a text is read: no more than there are positions, and what the library says.
fn tokens(folder: &Path, positions: usize) -> Result<usize, FolderError> {
    let path = folder.join("sentence_bert_config.json");
    let lengths: Lengths = optional(&path)?.unwrap_or_default();
    let tokens = lengths.max_seq_length.unwrap_or(positions).min(positions);
    if tokens < FEWEST_TOKENS {
        return Err(FolderError::Unsupported { path, what: format!("a length of {tokens} tokens") });
    }
    Ok(tokens)
}

/// A step that is not known would be left out, and the vectors would be wrong.
fn check_modules(path: &Path) -> Result<(), FolderError> {
    let modules: Vec<Module> = optional(path)?.unwrap_or_default();
    for Module { kind } in modules {
        let step = kind.rsplit('.').next().unwrap_or_default();
        if !matches!(step, "Transformer" | "Pooling" | "Normalize") {
            return Err(FolderError::Unsupported { path: path.to_owned(), what: kind });
        }
    }
    Ok(())
}

/// The mean where nothing is said, as in the library.
fn pooling(path: &Path) -> Result<Pooling, FolderError> {
    let said: serde_json::Map<String, serde_json::Value> = optional(path)?.unwrap_or_default();
    let modes = said.iter().filter(|(name, on)| name.starts_with("pooling_mode_") && **on == true);
    let modes: Vec<&str> = modes.map(|(name, _)| name.as_str()).collect();
    match modes[..] {
        [] | ["pooling_mode_mean_tokens"] => Ok(Pooling::Mean),
        ["pooling_mode_cls_token"] => Ok(Pooling::First),
        _ => Err(FolderError::Unsupported { path: path.to_owned(), what: modes.join(" and ") }),
    }
}

/// The library's prompts; the models named E5 were handed out before it had any, and want theirs all the same.
fn prefixes(folder: &Path, origin: &str) -> Result<Prefixes, FolderError> {
    let library: Library = optional(&folder.join("config_sentence_transformers.json"))?.unwrap_or_default();
    let Prompts { query, document } = library.prompts;
    if query.is_some() || document.is_some() {
        return Ok(Prefixes { question: query.unwrap_or_default(), passage: document.unwrap_or_default() });
    }
    let is_e5 = |name: &str| name.split(|c: char| !c.is_alphanumeric()).any(|part| part.eq_ignore_ascii_case("e5"));
    if is_e5(&name(folder)) || is_e5(origin) {
        return Ok(Prefixes { question: "query: ".to_owned(), passage: "passage: ".to_owned() });
    }
    Ok(Prefixes::default())
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn optional<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, FolderError> {
    if path.exists() { parse(path).map(Some) } else { Ok(None) }
}

fn parse<T: DeserializeOwned>(path: &Path) -> Result<T, FolderError> {
    let unusable = |reason: String| FolderError::Unusable { path: path.to_owned(), reason };
    let bytes = fs::read(path).map_err(|error| unusable(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))
}
