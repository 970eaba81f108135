//! Message format between parent and child: a length (4 bytes, little endian), JSON of that length, and, after a
//! request, the bytes of the file.

use std::io::{self, Read};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::SandboxReport;
use crate::{Document, Format, Hints, ParseError};

/// Size of the length prefix (bytes).
pub(super) const LENGTH_PREFIX: usize = 4;

/// Longest request without its file (bytes).
const MAX_REQUEST: usize = 64 << 10;

/// Request to the child.
#[derive(Serialize, Deserialize)]
pub(super) enum Request {
    Parse { format: Format, hints: Hints },
    Probe,
}

/// Response of the child.
#[derive(Serialize, Deserialize)]
pub(super) enum Response {
    Parsed(Result<Document, ParseError>),
    Probed(SandboxReport),
}

/// Encodes `message` with its length prefix.
pub(super) fn encode(message: &impl Serialize) -> Result<Vec<u8>, ParseError> {
    let mut encoded = vec![0; LENGTH_PREFIX];
    serde_json::to_writer(&mut encoded, message).map_err(|error| ParseError::Unavailable(error.to_string()))?;
    let length =
        u32::try_from(encoded.len() - LENGTH_PREFIX).map_err(|_| ParseError::TooLarge("the result".to_owned()))?;
    encoded[..LENGTH_PREFIX].copy_from_slice(&length.to_le_bytes());
    Ok(encoded)
}

/// Decodes a single message; `None` if it is incomplete or invalid.
pub(super) fn decode<T: DeserializeOwned>(encoded: &[u8]) -> Option<T> {
    let (length, message) = encoded.split_first_chunk::<LENGTH_PREFIX>()?;
    let whole = usize::try_from(u32::from_le_bytes(*length)).ok()? == message.len();
    whole.then(|| serde_json::from_slice(message).ok())?
}

/// Reads the request at the beginning of `input`.
pub(super) fn read_request(input: &mut impl Read) -> io::Result<Request> {
    let mut length = [0; LENGTH_PREFIX];
    input.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_REQUEST {
        return Err(io::Error::other("the request is too long"));
    }
    let mut message = vec![0; length];
    input.read_exact(&mut message)?;
    Ok(serde_json::from_slice(&message)?)
}
