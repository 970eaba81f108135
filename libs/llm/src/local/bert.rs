//! The encoder of BERT (Devlin et al., 2018, <https://arxiv.org/abs/1810.04805>), with weights named as in Hugging
//! Face's `transformers`.

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::{
    Embedding, LayerNorm, Linear, Module, VarBuilder, embedding, layer_norm, linear, ops::softmax_last_dim,
};

use super::folder::{Activation, BertConfig, Pooling};

/// Added to the attention scores of padding; acts as minus infinity in the softmax.
const MASKED: f32 = f32::MIN;

pub(super) struct Bert {
    words: Embedding,
    positions: Embedding,
    types: Embedding,
    norm: LayerNorm,
    layers: Vec<Layer>,
    pooling: Pooling,
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attended: Linear,
    attention_norm: LayerNorm,
    inner: Linear,
    outer: Linear,
    norm: LayerNorm,
    heads: usize,
    activation: Activation,
}

impl Bert {
    /// Loads the weights from the bytes of a safetensors file, of any precision.
    pub(super) fn read(config: &BertConfig, pooling: Pooling, weights: Vec<u8>) -> Result<Self> {
        let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu)?;
        // In a model with a head, the weights of the encoder have a prefix.
        let has_head = weights.contains_tensor("bert.embeddings.word_embeddings.weight");
        let weights = if has_head { weights.pp("bert") } else { weights };
        let (input, width) = (weights.pp("embeddings"), config.hidden_size);
        let layer = |number: usize| Layer::read(config, &weights.pp(format!("encoder.layer.{number}")));
        Ok(Self {
            words: embedding(config.vocab_size, width, input.pp("word_embeddings"))?,
            positions: embedding(config.max_position_embeddings, width, input.pp("position_embeddings"))?,
            types: embedding(config.type_vocab_size, width, input.pp("token_type_embeddings"))?,
            norm: layer_norm(width, config.layer_norm_eps, input.pp("LayerNorm"))?,
            layers: (0..config.num_hidden_layers).map(layer).collect::<Result<_>>()?,
            pooling,
        })
    }

    /// A vector per text, not normalized. A text has at least one token and fits the model's context.
    pub(super) fn embed(&self, texts: &[Vec<u32>]) -> Result<Vec<Vec<f32>>> {
        let (count, longest) = (texts.len(), texts.iter().map(Vec::len).max().unwrap_or(0));
        let (mut tokens, mut present) = (Vec::new(), Vec::new());
        for text in texts {
            tokens.extend((0..longest).map(|index| text.get(index).copied().unwrap_or(0)));
            present.extend((0..longest).map(|index| if index < text.len() { 1.0_f32 } else { 0.0 }));
        }
        let tokens = Tensor::from_vec(tokens, (count, longest), &Device::Cpu)?;
        let mask: Vec<f32> = present.iter().map(|present| if *present > 0.0 { 0.0 } else { MASKED }).collect();
        let mask = Tensor::from_vec(mask, (count, 1, 1, longest), &Device::Cpu)?;
        let mut states = self.input(&tokens)?;
        for layer in &self.layers {
            states = layer.forward(&states, &mask)?;
        }
        let pooled = match self.pooling {
            Pooling::First => states.narrow(1, 0, 1)?.squeeze(1)?,
            Pooling::Mean => {
                let present = Tensor::from_vec(present, (count, longest, 1), &Device::Cpu)?;
                states.broadcast_mul(&present)?.sum(1)?.broadcast_div(&present.sum(1)?)?
            }
        };
        pooled.to_vec2()
    }

    /// All tokens have type 0: the first of the two segments BERT supports.
    fn input(&self, tokens: &Tensor) -> Result<Tensor> {
        let (_, longest) = tokens.dims2()?;
        let positions = self.positions.embeddings().narrow(0, 0, longest)?;
        let first = self.types.embeddings().narrow(0, 0, 1)?;
        let states = self.words.forward(tokens)?.broadcast_add(&positions)?.broadcast_add(&first)?;
        self.norm.forward(&states)
    }
}

impl Layer {
    fn read(config: &BertConfig, weights: &VarBuilder<'_>) -> Result<Self> {
        let (width, inner, small) = (config.hidden_size, config.intermediate_size, config.layer_norm_eps);
        let attention = weights.pp("attention");
        Ok(Self {
            query: linear(width, width, attention.pp("self.query"))?,
            key: linear(width, width, attention.pp("self.key"))?,
            value: linear(width, width, attention.pp("self.value"))?,
            attended: linear(width, width, attention.pp("output.dense"))?,
            attention_norm: layer_norm(width, small, attention.pp("output.LayerNorm"))?,
            inner: linear(width, inner, weights.pp("intermediate.dense"))?,
            outer: linear(inner, width, weights.pp("output.dense"))?,
            norm: layer_norm(width, small, weights.pp("output.LayerNorm"))?,
            heads: config.num_attention_heads,
            activation: config.hidden_act,
        })
    }

    fn forward(&self, states: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let attended = self.attended.forward(&self.attention(states, mask)?)?;
        let states = self.attention_norm.forward(&(attended + states)?)?;
        let inner = self.inner.forward(&states)?;
        let inner = match self.activation {
            Activation::Gelu => inner.gelu_erf()?,
            Activation::GeluNew => inner.gelu()?,
            Activation::Relu => inner.relu()?,
        };
        self.norm.forward(&(self.outer.forward(&inner)? + states)?)
    }

    fn attention(&self, states: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let (count, longest, width) = states.dims3()?;
        let each = width / self.heads;
        let split = |projection: &Linear| {
            let shape = (count, longest, self.heads, each);
            projection.forward(states)?.reshape(shape)?.transpose(1, 2)?.contiguous()
        };
        let (query, key, value) = (split(&self.query)?, split(&self.key)?, split(&self.value)?);
        let scores = (query.matmul(&key.transpose(D::Minus2, D::Minus1)?)? / (each as f64).sqrt())?;
        let weights = softmax_last_dim(&scores.broadcast_add(mask)?)?;
        weights.matmul(&value)?.transpose(1, 2)?.reshape((count, longest, width))
    }
}
