//! The tags and tokens around reasoning and at the end of answers, as model families write them.

/// What a marker does to the text after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    OpenReasoning,
    CloseReasoning,
    OpenAnswer,
    /// A part of a message's header.
    Header,
    /// The end of a message: another may follow.
    EndOfMessage,
    /// The end of the answer: what follows is another turn, made up by the model.
    EndOfAnswer,
}

/// What the text is at some place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    Answer,
    Reasoning,
    BetweenMessages,
    End,
}

impl Position {
    pub(super) fn after(self, marker: Marker) -> Self {
        match (self, marker) {
            (Self::End, _) | (_, Marker::EndOfAnswer) => Self::End,
            (_, Marker::OpenReasoning) => Self::Reasoning,
            (_, Marker::OpenAnswer) | (Self::Reasoning, Marker::CloseReasoning) => Self::Answer,
            (_, Marker::EndOfMessage) => Self::BetweenMessages,
            (position, Marker::CloseReasoning | Marker::Header) => position,
        }
    }
}

/// DeepSeek R1, Qwen, Magistral, Kimi, Seed, gpt-oss (OpenAI's Harmony format), ChatML, Llama, Gemma, Phi.
const MARKERS: &[(&str, Marker)] = &[
    ("<think>", Marker::OpenReasoning),
    ("<thinking>", Marker::OpenReasoning),
    ("<thought>", Marker::OpenReasoning),
    ("<seed:think>", Marker::OpenReasoning),
    ("[THINK]", Marker::OpenReasoning),
    ("◁think▷", Marker::OpenReasoning),
    ("<|begin_of_thought|>", Marker::OpenReasoning),
    ("</think>", Marker::CloseReasoning),
    ("</thinking>", Marker::CloseReasoning),
    ("</thought>", Marker::CloseReasoning),
    ("</seed:think>", Marker::CloseReasoning),
    ("[/THINK]", Marker::CloseReasoning),
    ("◁/think▷", Marker::CloseReasoning),
    ("<|end_of_thought|>", Marker::CloseReasoning),
    ("<|channel|>", Marker::OpenReasoning),
    ("<|channel|>final<|message|>", Marker::OpenAnswer),
    ("<|message|>", Marker::Header),
    ("<|start|>", Marker::EndOfMessage),
    ("<|end|>", Marker::EndOfMessage),
    ("<|return|>", Marker::EndOfAnswer),
    ("<|call|>", Marker::EndOfAnswer),
    ("<|im_end|>", Marker::EndOfAnswer),
    ("<|im_start|>", Marker::EndOfAnswer),
    ("<|eot_id|>", Marker::EndOfAnswer),
    ("<|eom_id|>", Marker::EndOfAnswer),
    ("<|end_of_text|>", Marker::EndOfAnswer),
    ("<|endoftext|>", Marker::EndOfAnswer),
    ("<end_of_turn>", Marker::EndOfAnswer),
    ("<｜end▁of▁sentence｜>", Marker::EndOfAnswer),
];
/// How markers begin.
const OPENINGS: [char; 3] = ['<', '[', '◁'];
/// The end of a text of Llama 2 and Mistral. In front of other text it is a tag of HTML, as `</s>` is there.
pub(super) const END_OF_TEXT: &str = "</s>";

/// What was found in a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Marker {
        at: usize,
        length: usize,
        marker: Marker,
    },
    /// From here on it may become a marker.
    Partial {
        at: usize,
    },
    Nothing,
}

/// The first marker of `text` from the byte `from` on.
pub(super) fn find(text: &str, from: usize) -> Found {
    for (offset, _) in text[from..].match_indices(OPENINGS) {
        let at = from + offset;
        let rest = &text[at..];
        let mut begun = MARKERS.iter().map(|(marker, _)| *marker).chain([END_OF_TEXT]);
        if begun.any(|marker| marker.starts_with(rest) && (marker.len() > rest.len() || marker == END_OF_TEXT)) {
            return Found::Partial { at };
        }
        let whole = MARKERS.iter().filter(|(marker, _)| rest.starts_with(marker));
        if let Some((marker, kind)) = whole.max_by_key(|(marker, _)| marker.len()) {
            return Found::Marker { at, length: marker.len(), marker: *kind };
        }
    }
    Found::Nothing
}
