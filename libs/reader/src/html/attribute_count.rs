//! Counts the attributes of a tag before the tokenizer reads them: it compares each with all before it.

use crate::ParseError;

/// Attributes of one tag.
const MAX_ATTRIBUTES: usize = 512;

/// The attributes of one tag so far, which may come in several pieces.
#[derive(Default)]
pub(super) struct AttributeCount {
    attributes: usize,
    state: State,
}

/// The states of the HTML standard's tokenizer within a tag.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    TagName,
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Value,
    Quoted(u8),
    /// After the `>`.
    Done,
}

impl AttributeCount {
    /// Counts what is in the next `piece` of the tag.
    pub(super) fn count(&mut self, piece: &str) -> Result<(), ParseError> {
        for byte in piece.bytes() {
            let is_space = byte.is_ascii_whitespace();
            self.state = match (self.state, byte) {
                (State::Done, _) => break,
                (State::Quoted(quote), _) if byte == quote => State::BeforeName,
                (State::Quoted(quote), _) => State::Quoted(quote),
                (_, b'>') => State::Done,
                (State::BeforeValue, b'"' | b'\'') => State::Quoted(byte),
                (State::BeforeValue, _) if is_space => State::BeforeValue,
                (State::Value, _) if is_space => State::BeforeName,
                (State::BeforeValue | State::Value, _) => State::Value,
                (State::Name | State::AfterName, b'=') => State::BeforeValue,
                (State::Name | State::AfterName, _) if is_space => State::AfterName,
                (_, b'/') => State::BeforeName,
                (State::TagName | State::BeforeName, _) if is_space => State::BeforeName,
                (State::BeforeName | State::AfterName, _) => {
                    self.attributes += 1;
                    State::Name
                }
                (State::TagName | State::Name, _) => self.state,
            };
        }
        if self.attributes > MAX_ATTRIBUTES {
            return Err(ParseError::TooLarge(format!("more than {MAX_ATTRIBUTES} attributes in a tag")));
        }
        Ok(())
    }
}
