//! What the tests share: models on fakes, and answers heard to their end.

use futures::StreamExt;
use llm::{Answer, ChatRequest, Delta, FinishReason, LlmError, Message, Model, ModelConfig, Provider, ToolCall, Usage};
use testkit::{FakeOllama, FakeOpenAi};

/// All that came out of a stream.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) text: String,
    pub(crate) reasoning: String,
    pub(crate) tools: Vec<ToolCall>,
    pub(crate) finished: Option<(FinishReason, Usage)>,
    pub(crate) model: Option<String>,
    pub(crate) error: Option<LlmError>,
}

/// Reads a stream to its end, which must be one `Finished` or one error.
pub(crate) async fn hear(mut answer: Answer) -> Heard {
    let mut heard = Heard::default();
    while let Some(delta) = answer.next().await {
        assert!(heard.finished.is_none() && heard.error.is_none(), "nothing follows the end");
        match delta {
            Ok(Delta::Text(text)) => heard.text.push_str(&text),
            Ok(Delta::Reasoning(text)) => heard.reasoning.push_str(&text),
            Ok(Delta::ToolCall(call)) => heard.tools.push(call),
            Ok(Delta::Finished { reason, usage, model }) => {
                heard.finished = Some((reason, usage));
                heard.model = Some(model.model.to_string());
            }
            Err(error) => heard.error = Some(error),
        }
    }
    assert!(heard.finished.is_some() != heard.error.is_some(), "an answer ends once");
    heard
}

pub(crate) fn question() -> ChatRequest {
    ChatRequest::new([Message::user("Why is the sky blue?")])
}

/// A model on `fake`, configured further by `adjust`.
pub(crate) fn openai(fake: &FakeOpenAi, adjust: impl FnOnce(&mut ModelConfig)) -> Model {
    build(ModelConfig::new(Provider::OpenAi, fake.url(), ["chat-model"]), adjust)
}

/// As [`openai`], for Ollama.
pub(crate) fn ollama(fake: &FakeOllama, adjust: impl FnOnce(&mut ModelConfig)) -> Model {
    build(ModelConfig::new(Provider::Ollama, fake.url(), ["chat-model"]), adjust)
}

fn build(mut config: ModelConfig, adjust: impl FnOnce(&mut ModelConfig)) -> Model {
    config.embedding_model = Some("embedding-model".into());
    adjust(&mut config);
    Model::new(config).unwrap()
}
