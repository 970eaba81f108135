//! What goes between parent and child: a length (4 bytes, little endian), that much JSON, and after a request the bytes of the file.

use std::io::{self, Read};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::SandboxReport;
use crate::{Document, Format, Hints, ParseError};

/// Size of the length before each message (bytes).
pub(super) const LENGTH: usize = 4;

/// A request is a few names; more is a mistake (bytes).
const MAX_REQUEST: usize = 64 << 10;

/// What the child shall do.
#[derive(Serialize, Deserialize)]
pub(super) enum Request {
    Parse { format: Format, hints: Hints },
    Probe,
}

/// What came of it.
#[derive(Serialize, Deserialize)]
pub(super) enum Response {
    Parsed(Result<Document, ParseError>),
    Probed(SandboxReport),
}

/// `message` with its length before it.
pub(super) fn frame(message: &impl Serialize) -> Result<Vec<u8>, ParseError> {
    let mut frame = vec![0; LENGTH];
    serde_json::to_writer(&mut frame, message).map_err(|error| ParseError::Unavailable(error.to_string()))?;
    let length = u32::try_from(frame.len() - LENGTH).map_err(|_| ParseError::TooLarge("the result".to_owned()))?;
    frame[..LENGTH].copy_from_slice(&length.to_le_bytes());
    Ok(frame)
}

/// The one message in `frame`, `None` when it is not whole.
pub(super) fn read<T: DeserializeOwned>(frame: &[u8]) -> Option<T> {
    let (length, message) = frame.split_first_chunk::<LENGTH>()?;
    let whole = usize::try_from(u32::from_le_bytes(*length)).ok()? == message.len();
    whole.then(|| serde_json::from_slice(message).ok())?
}

/// The request at the beginning of `input`.
pub(super) fn read_request(input: &mut impl Read) -> io::Result<Request> {
    let mut length = [0; LENGTH];
    input.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_REQUEST {
        return Err(io::Error::other("the request is too long"));
    }
    let mut message = vec![0; length];
    input.read_exact(&mut message)?;
    Ok(serde_json::from_slice(&message)?)
}
