//! Embeddings of a model in a folder, with the real all-MiniLM-L6-v2 where it is installed.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use base::config::{Reader, Settings};
use llm::{ConfigError, Embedder, EmbedderConfig, LlmError, ModelFolder, ModelFolderError, Purpose, settings};
use serde_json::{Value, json};

async fn open(folder: &Path) -> Embedder {
    try_open(folder).await.unwrap()
}

async fn try_open(folder: &Path) -> Result<Embedder, ConfigError> {
    Embedder::open(EmbedderConfig::Folder(ModelFolder::read(folder)?)).await
}

/// A folder of its own with the files of `model`, those of `changed` in place of its own (`null`: left out).
fn variant(model: &Path, name: &str, changed: &[(&str, Value)]) -> (tempfile::TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join(name);
    fs::create_dir_all(folder.join("1_Pooling")).unwrap();
    let files = ["config.json", "tokenizer.json", "model.safetensors", "modules.json", "sentence_bert_config.json"];
    for file in files.iter().copied().chain(["1_Pooling/config.json"]) {
        if changed.iter().all(|(name, _)| *name != file) && model.join(file).exists() {
            symlink(model.join(file), folder.join(file)).unwrap();
        }
    }
    for (file, content) in changed.iter().filter(|(_, content)| !content.is_null()) {
        fs::write(folder.join(file), content.to_string()).unwrap();
    }
    (parent, folder)
}

/// A folder that describes a model and has no weights in its file.
fn described() -> (tempfile::TempDir, PathBuf) {
    let config = json!({ "model_type": "bert", "vocab_size": 100, "hidden_size": 8, "num_hidden_layers": 1,
        "num_attention_heads": 2, "intermediate_size": 16, "hidden_act": "gelu", "max_position_embeddings": 32,
        "type_vocab_size": 2, "layer_norm_eps": 1e-12 });
    let files = [("config.json", config), ("tokenizer.json", json!({})), ("model.safetensors", json!({}))];
    variant(Path::new("nowhere"), "described", &files)
}

async fn vectors(embedder: &Embedder, purpose: Purpose, texts: &[&str]) -> Vec<Vec<f32>> {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    embedder.embed(purpose, &texts).await.unwrap()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn is_near(a: &[f32], b: &[f32]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4)
}

/// Texts, and the first numbers of their vectors by another implementation: the same network written down in NumPy
/// with 64-bit numbers, tokens by the Python package `tokenizers`.
const REFERENCE: [(&str, [f32; 6]); 4] = [
    ("How long must I warn my landlord before moving out?", [0.13315, 0.01659, 0.00752, 0.0229, 0.09346, -0.0445]),
    (
        "The tenancy may be terminated with three months' notice.",
        [0.09452, -0.01139, 0.02239, -0.0345, 0.01822, -0.01366],
    ),
    ("Quokkas are small marsupials of Western Australia.", [0.03782, 0.08777, -0.05468, 0.06352, -0.03363, -0.0255]),
    ("Die Miete ist im Voraus zu zahlen.", [-0.07291, 0.07412, 0.01315, 0.06368, -0.07743, -0.04543]),
];

#[tokio::test]
async fn vectors_are_those_of_another_implementation_alone_and_in_a_batch() {
    let Some(model) = testkit::embedding_model() else { return };
    let embedder = open(&model).await;
    let long = "notice ".repeat(400);
    let mut texts: Vec<&str> = REFERENCE.iter().map(|(text, _)| *text).collect();
    texts.push(&long);
    texts.push("rent");
    let together = vectors(&embedder, Purpose::Passage, &texts).await;
    for ((text, expected), vector) in REFERENCE.iter().zip(&together) {
        assert_eq!(vector.len(), 384);
        assert!((dot(vector, vector) - 1.0).abs() < 1e-5, "length 1");
        assert!(is_near(&vector[..6], expected), "{text}: {:?}", &vector[..6]);
        assert!(is_near(&vectors(&embedder, Purpose::Question, &[text]).await[0], vector), "{text}: alone");
    }
    let read = [0.06054, 0.03384, 0.03204, 0.03676, 0.03392, 0.0207];
    assert!(is_near(&together[4][..6], &read), "the first 256 tokens count: {:?}", &together[4][..6]);

    assert_eq!(vectors(&embedder, Purpose::Passage, &[]).await, Vec::<Vec<f32>>::new());
    let blank = embedder.embed(Purpose::Passage, &["a".to_owned(), " ".to_owned()]).await;
    assert_eq!(blank, Err(LlmError::Request("a text to embed is blank")));
}

#[tokio::test]
async fn what_means_the_same_is_nearer_than_what_does_not() {
    let Some(model) = testkit::embedding_model() else { return };
    let embedder = open(&model).await;
    let question = vectors(&embedder, Purpose::Question, &["How do I get my money back?"]).await.remove(0);
    let passages =
        ["Refunds are paid within fourteen days.", "The museum opens at nine.", "Ice is lighter than water."];
    let passages = vectors(&embedder, Purpose::Passage, &passages).await;
    assert!(dot(&question, &passages[0]) > dot(&question, &passages[1]) + 0.1);
    assert!(dot(&question, &passages[0]) > dot(&question, &passages[2]) + 0.1);
}

#[tokio::test]
async fn texts_begin_as_the_model_wants() {
    let Some(model) = testkit::embedding_model() else { return };
    let plain = open(&model).await;
    let expected = vectors(&plain, Purpose::Passage, &["query: rent", "passage: rent", "Q> rent", "rent"]).await;
    let prompts = json!({ "prompts": { "query": "Q> ", "other": "?" } });
    let cases = [
        ("multilingual-e5-small", ("config_sentence_transformers.json", json!({})), [0, 1]),
        ("multilingual-e5-small", ("config_sentence_transformers.json", prompts), [2, 3]),
    ];
    for (name, file, [question, passage]) in cases {
        let (_parent, folder) = variant(&model, name, &[file]);
        let embedder = open(&folder).await;
        assert_eq!(vectors(&embedder, Purpose::Question, &["rent"]).await[0], expected[question], "{name}");
        assert_eq!(vectors(&embedder, Purpose::Passage, &["rent"]).await[0], expected[passage], "{name}");
    }
}

#[tokio::test]
async fn vectors_that_differ_have_different_names() {
    let Some(model) = testkit::embedding_model() else { return };
    let name = open(&model).await.name().to_owned();
    assert!(name.starts_with("minilm@"), "{name}");
    let first = json!({ "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false });
    let short = json!({ "max_seq_length": 64 });
    for change in [("1_Pooling/config.json", first), ("sentence_bert_config.json", short)] {
        let (_parent, folder) = variant(&model, "minilm", std::slice::from_ref(&change));
        assert_ne!(open(&folder).await.name(), name, "{change:?}");
    }
    let (_parent, folder) = variant(&model, "minilm", &[]);
    assert_eq!(open(&folder).await.name(), name, "a copy is the same model");
}

#[tokio::test]
async fn the_first_token_may_stand_for_all() {
    let Some(model) = testkit::embedding_model() else { return };
    let first = json!({ "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false });
    let (_parent, folder) = variant(&model, "first", &[("1_Pooling/config.json", first)]);
    let vector = vectors(&open(&folder).await, Purpose::Passage, &[REFERENCE[0].0]).await.remove(0);
    assert!(!is_near(&vector[..6], &REFERENCE[0].1));
    assert!((dot(&vector, &vector) - 1.0).abs() < 1e-5);
}

#[tokio::test]
async fn what_is_wrong_with_a_folder_is_named() {
    let (_parent, folder) = described();
    assert!(ModelFolder::read(&folder).is_ok());
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        let (_parent, folder) = variant(&folder, "model", &[(file, Value::Null)]);
        assert_eq!(ModelFolder::read(&folder).unwrap_err(), ModelFolderError::Missing(folder.join(file)));
    }
    let faults = [
        ("config.json", json!({ "model_type": "xlm-roberta" }), "\"xlm-roberta\" is not supported, only bert is"),
        ("config.json", json!({ "model_type": "bert" }), "missing field `vocab_size`"),
        ("config.json", json!("text"), "config.json cannot be used"),
        ("modules.json", json!([{ "type": "sentence_transformers.models.Dense" }]), "models.Dense\" is not supported"),
        ("1_Pooling/config.json", json!({ "pooling_mode_max_tokens": true }), "pooling_mode_max_tokens"),
        ("sentence_bert_config.json", json!({ "max_seq_length": 2 }), "a length of 2 tokens"),
    ];
    for (file, content, reason) in faults {
        let (_parent, folder) = variant(&folder, "model", &[(file, content)]);
        let error = ModelFolder::read(&folder).unwrap_err().to_string();
        assert!(error.starts_with(folder.join(file.split('/').next().unwrap()).to_str().unwrap()), "{error}");
        assert!(error.contains(reason), "{error}");
    }
    let error = try_open(&folder).await.unwrap_err().to_string();
    assert!(error.contains("tokenizer.json cannot be used"), "{error}");
}

#[tokio::test]
async fn weights_that_are_not_those_of_the_description_are_named() {
    let Some(model) = testkit::embedding_model() else { return };
    let config: Value = serde_json::from_slice(&fs::read(model.join("config.json")).unwrap()).unwrap();
    let with = |name: &str, value: Value| {
        let mut config = config.clone();
        config[name] = value;
        variant(&model, "model", &[("config.json", config)])
    };
    let (_parent, folder) = with("num_hidden_layers", json!(7));
    let error = try_open(&folder).await.unwrap_err().to_string();
    assert!(error.contains("model.safetensors cannot be used") && error.contains("layer.6"), "{error}");
    let (_parent, folder) = with("vocab_size", json!(30_000));
    let error = try_open(&folder).await.unwrap_err().to_string();
    assert!(error.contains("it knows 30522 tokens, the model 30000"), "{error}");
}

#[test]
fn one_model_makes_all_vectors() {
    let (_parent, folder) = described();
    let read = |values: &[(&str, &str)]| {
        let environment = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings = Settings::load(settings::VARIABLES.to_vec(), Path::new("none.toml"), environment).unwrap();
        let mut reader = Reader::new(&settings);
        let config = settings::embedder(&mut reader);
        (config, reader.finish().err().map(|faults| faults.0.join("\n")).unwrap_or_default())
    };
    let server = [("LLM_PROVIDER", "ollama"), ("EMBEDDING_MODEL", "small")];
    let local = ("EMBEDDING_MODEL_DIR", folder.to_str().unwrap());
    assert!(matches!(read(&server), (Some(EmbedderConfig::Server(_)), faults) if faults.is_empty()));
    assert!(matches!(read(&[local]), (Some(EmbedderConfig::Folder(_)), faults) if faults.is_empty()));
    assert!(matches!(read(&[("LLM_PROVIDER", "ollama"), ("CHAT_MODEL", "big")]), (None, faults) if faults.is_empty()));
    let (config, faults) = read(&[server[0], server[1], local]);
    assert!(config.is_none() && faults.starts_with("EMBEDDING_MODEL and EMBEDDING_MODEL_DIR are both set"), "{faults}");
    let default = ("EMBEDDING_MODEL_DEFAULT_DIR", folder.to_str().unwrap());
    assert!(matches!(read(&[default]), (Some(EmbedderConfig::Folder(_)), faults) if faults.is_empty()));
    let (config, faults) = read(&[server[0], server[1], default]);
    assert!(matches!(config, Some(EmbedderConfig::Server(_))) && faults.is_empty(), "the configured one: {faults}");
    let (config, faults) = read(&[local, ("EMBEDDING_MODEL_DEFAULT_DIR", "/nowhere")]);
    assert!(matches!(config, Some(EmbedderConfig::Folder(_))) && faults.is_empty(), "the configured one: {faults}");
    let (config, faults) = read(&[("EMBEDDING_MODEL_DIR", "/nowhere")]);
    assert!(config.is_none());
    assert_eq!(faults, "EMBEDDING_MODEL_DIR: /nowhere/config.json is missing");
}
