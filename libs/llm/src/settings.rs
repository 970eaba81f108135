//! The variables of the model server, declared and read once for every service that talks to a model.

use common::config::{Reader, Variable};

use crate::{ModelConfig, Price, Provider, Secret};

const OPENAI: &str = "https://api.openai.com/v1";
const OLLAMA: &str = "http://127.0.0.1:11434";

/// Variables that name the model server and what to use on it.
pub const VARIABLES: &[Variable] = &[
    Variable::optional(
        "LLM_PROVIDER",
        "openai (and whatever is compatible) or ollama; unset: answers are made of sentences of the sources",
    ),
    Variable::optional(
        "OPENAI_BASE_URL",
        "base address of an OpenAI-compatible server, https://api.openai.com/v1 when unset",
    ),
    Variable::secret("OPENAI_API_KEY", "key of the OpenAI-compatible server"),
    Variable::optional("OLLAMA_BASE_URL", "address of Ollama, http://127.0.0.1:11434 when unset"),
    Variable::optional("CHAT_MODEL", "chat models by name, asked in this order, separated by commas"),
    Variable::optional("EMBEDDING_MODEL", "embedding model by name; unset: files are found by their words only"),
    Variable::optional(
        "LLM_PRICES",
        "prices per million tokens of prompt and answer: model=0.15/0.60/USD, separated by commas",
    ),
];

/// The model server in force; `None` when no provider is set. Faults are noted in `reader`.
pub fn read(reader: &mut Reader<'_>) -> Option<ModelConfig> {
    let Some(name) = reader.text("LLM_PROVIDER") else {
        for variable in VARIABLES.iter().filter(|variable| reader.text(variable.name).is_some()) {
            reader.fault(format!("{} is set, but LLM_PROVIDER is not: set it to openai or ollama", variable.name));
        }
        return None;
    };
    let (provider, base_url) = match name.as_str() {
        "openai" => (Provider::OpenAi, reader.address("OPENAI_BASE_URL").unwrap_or_else(|| OPENAI.to_owned())),
        "ollama" => (Provider::Ollama, reader.address("OLLAMA_BASE_URL").unwrap_or_else(|| OLLAMA.to_owned())),
        other => {
            reader.fault(format!("LLM_PROVIDER: {other:?} is neither openai nor ollama"));
            return None;
        }
    };
    let mut config = ModelConfig::new(provider, base_url, reader.list("CHAT_MODEL"));
    config.api_key = reader.secret("OPENAI_API_KEY").map(|key| Secret::new(key.expose()));
    config.embedding_model = reader.text("EMBEDDING_MODEL");
    if config.chat_models.is_empty() {
        reader.fault("LLM_PROVIDER is set, but CHAT_MODEL is not: name at least one model");
    }
    for piece in reader.list("LLM_PRICES") {
        match price(&piece) {
            Ok((model, price)) => drop(config.prices.insert(model, price)),
            Err(fault) => reader.fault(format!("LLM_PRICES: {fault}")),
        }
    }
    Some(config)
}

/// One price as [`VARIABLES`] describes it.
fn price(piece: &str) -> Result<(String, Price), String> {
    let shape = || format!("{piece:?} is not of the form model=0.15/0.60/USD");
    let (model, rest) = piece.rsplit_once('=').ok_or_else(shape)?;
    let [input, output, currency] = rest.split('/').collect::<Vec<_>>()[..] else { return Err(shape()) };
    let price = Price::new(input, output, currency).map_err(|error| error.to_string())?;
    Ok((model.to_owned(), price))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use common::config::Settings;

    use super::*;

    fn read_from(values: &[(&str, &str)]) -> (Option<ModelConfig>, Vec<String>) {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings =
            Settings::load(VARIABLES.to_vec(), Path::new("no-such-file"), values).expect("no file, no fault");
        let mut reader = Reader::new(&settings);
        let config = read(&mut reader);
        (config, reader.finish().err().map(|faults| faults.0).unwrap_or_default())
    }

    #[test]
    fn a_model_server_is_named_by_two_variables() {
        let (config, faults) = read_from(&[("LLM_PROVIDER", "ollama"), ("CHAT_MODEL", "qwen3:8b, small")]);
        let config = config.expect("it is configured");
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!(config.provider, Provider::Ollama);
        assert_eq!(config.base_url, OLLAMA);
        assert_eq!(config.chat_models, ["qwen3:8b", "small"]);
    }

    #[test]
    fn what_is_half_configured_is_a_fault() {
        let (config, faults) = read_from(&[("CHAT_MODEL", "gpt"), ("OPENAI_API_KEY", "k")]);
        assert!(config.is_none());
        assert_eq!(faults.len(), 2, "{faults:?}");
        let prices = ("LLM_PRICES", "gpt=0.15/0.60/USD,mini=1,tiny=x/1/USD");
        let (_, faults) = read_from(&[("LLM_PROVIDER", "openai"), prices]);
        assert_eq!(faults.len(), 3, "two prices and no chat model: {faults:?}");
        let (_, faults) = read_from(&[("LLM_PROVIDER", "acme")]);
        assert_eq!(faults, [r#"LLM_PROVIDER: "acme" is neither openai nor ollama"#]);
    }
}
