//! Configurations that are refused, and what they show of themselves.

use base::config::Secret;
use llm::{ConfigError, Model, ModelConfig, Price, Provider};

fn config(models: &[&str]) -> ModelConfig {
    ModelConfig::new(Provider::OpenAi, "http://127.0.0.1:1/v1", models.iter().copied())
}

#[test]
fn a_key_is_never_shown() {
    let config = ModelConfig { api_key: Some(Secret::new("sk-secret")), ..config(&["a"]) };
    assert!(format!("{config:?}").contains("Some(***)"));
    assert!(!format!("{config:?} {:?}", Model::new(config.clone()).unwrap()).contains("sk-secret"));
}

#[test]
fn what_cannot_work_is_refused() {
    assert!(matches!(Model::new(config(&[])), Err(ConfigError::Models)));
    assert!(matches!(Model::new(config(&["a", " "])), Err(ConfigError::Models)));

    let nowhere = ModelConfig { base_url: "localhost:11434".into(), ..config(&["a"]) };
    assert!(matches!(Model::new(nowhere), Err(ConfigError::Address(_))));

    let mut mixed = config(&["a", "b"]);
    mixed.prices.insert("a".into(), Price::new("1", "2", "USD").unwrap());
    mixed.prices.insert("b".into(), Price::new("1", "2", "EUR").unwrap());
    assert!(matches!(Model::new(mixed), Err(ConfigError::Currencies)));
}
