//! What the tests share: models on fakes, and answers collected to their end.

use futures::StreamExt;
use llm::{
    ChatRequest, Delta, DeltaStream, FinishReason, LlmError, Message, Model, ModelConfig, Provider, ToolCall, Usage,
};
use testkit::{FakeOllama, FakeOpenAi};

/// Everything a stream produced.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) text: String,
    pub(crate) tools: Vec<ToolCall>,
    pub(crate) finished: Option<(FinishReason, Usage)>,
    pub(crate) model: Option<String>,
    pub(crate) error: Option<LlmError>,
}

/// Reads a stream to its end, which must be one `Finished` or one error.
pub(crate) async fn collect(mut answer: DeltaStream) -> Collected {
    let mut collected = Collected::default();
    while let Some(delta) = answer.next().await {
        assert!(collected.finished.is_none() && collected.error.is_none(), "nothing follows the end");
        match delta {
            Ok(Delta::Text(text)) => collected.text.push_str(&text),
            Ok(Delta::ToolCall(call)) => collected.tools.push(call),
            Ok(Delta::Finished { reason, usage, model }) => {
                collected.finished = Some((reason, usage));
                collected.model = Some(model.model.to_string());
            }
            Err(error) => collected.error = Some(error),
        }
    }
    assert!(collected.finished.is_some() != collected.error.is_some(), "an answer ends once");
    collected
}

/// So much text that some of it has been passed on: a short beginning is held back, and what fails within it is asked again.
pub(crate) const BEGINNING: &str = "Sunlight holds every colour, and the air is full of small molecules. They turn short waves aside \
    far more than long ones, so blue arrives from everywhere while red goes straight on. At noon the way through the air is short. \
    In the evening it is long, most of the blue has been lost on the way, and what is left looks orange or even red to somebody \
    who stands below. Violet is scattered more still, yet the eye sees little of it, and a part never gets down ";

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
