//! Content encodings, undone while the body arrives and never beyond a limit.

use std::io::{self, Write};

use brotli::DecompressorWriter;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use crate::{FetchError, Limits};

/// Offered to servers; the HTTP client's own decompression is not compiled in, because it has no limit.
pub(crate) const ACCEPT_ENCODING: &str = "gzip, deflate, br";

/// Small bodies may expand by any factor up to this size: a short page of repeated markup is not a bomb.
const RATIO_FLOOR: usize = 256 << 10;

const BROTLI_BUFFER: usize = 16 << 10;

/// A body under way from wire to plain bytes.
pub(crate) struct Decoder {
    stream: Stream,
    wire: usize,
    wire_limit: usize,
    decoded_limit: usize,
    ratio: usize,
}

enum Stream {
    Identity(Bounded),
    Gzip(Box<MultiGzDecoder<Bounded>>),
    /// `deflate` means zlib (RFC 9110), but some servers send it without the zlib header: the first two bytes tell.
    Deflate(Vec<u8>),
    Zlib(Box<ZlibDecoder<Bounded>>),
    Raw(Box<DeflateDecoder<Bounded>>),
    Brotli(Box<DecompressorWriter<Bounded>>),
}

/// Collects bytes up to `limit`, keeps what fits, and then fails every write.
#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
    full: bool,
}

impl Decoder {
    /// `encoding` is the value of `Content-Encoding`. Two layers are refused.
    pub(crate) fn new(encoding: &str, limits: &Limits) -> Result<Self, FetchError> {
        let sink = Bounded::default();
        let stream = match encoding.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Stream::Identity(sink),
            "gzip" | "x-gzip" => Stream::Gzip(Box::new(MultiGzDecoder::new(sink))),
            "deflate" => Stream::Deflate(Vec::new()),
            "br" => Stream::Brotli(Box::new(DecompressorWriter::new(sink, BROTLI_BUFFER))),
            _ => return Err(FetchError::Decompression("its encoding is not supported")),
        };
        Ok(Self {
            stream,
            wire: 0,
            wire_limit: limits.wire_bytes,
            decoded_limit: limits.decoded_bytes,
            ratio: limits.ratio,
        })
    }

    /// Takes the next bytes from the wire.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<(), FetchError> {
        self.wire += chunk.len();
        if self.wire > self.wire_limit {
            return Err(FetchError::TooLarge("body"));
        }
        let chunk = self.settle_deflate(chunk);
        let ratio_limit = self.ratio.saturating_mul(self.wire).max(RATIO_FLOOR);
        let compressed = !matches!(self.stream, Stream::Identity(_));
        let limit = if compressed { self.decoded_limit.min(ratio_limit) } else { self.decoded_limit };
        let Some(sink) = self.stream.sink() else { return Ok(()) };
        sink.limit = limit;
        self.stream.write(&chunk).map_err(|_| self.refusal(limit))
    }

    /// The whole body, once the wire has ended.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, FetchError> {
        let limit = self.stream.sink().map_or(0, |sink| sink.limit);
        self.stream.end().map_err(|_| self.refusal(limit))?;
        Ok(self.take())
    }

    /// What was decoded so far.
    pub(crate) fn take(mut self) -> Vec<u8> {
        self.stream.sink().map(|sink| std::mem::take(&mut sink.bytes)).unwrap_or_default()
    }

    fn settle_deflate<'a>(&mut self, chunk: &'a [u8]) -> std::borrow::Cow<'a, [u8]> {
        let Stream::Deflate(head) = &mut self.stream else { return chunk.into() };
        head.extend_from_slice(chunk);
        let [first, second, ..] = head.as_slice() else { return chunk.into() };
        let zlib = first & 0x0f == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31);
        let head = std::mem::take(head);
        self.stream = if zlib {
            Stream::Zlib(Box::new(ZlibDecoder::new(Bounded::default())))
        } else {
            Stream::Raw(Box::new(DeflateDecoder::new(Bounded::default())))
        };
        head.into()
    }

    /// Why the stream, last given room for `limit` bytes, took no more.
    fn refusal(&mut self, limit: usize) -> FetchError {
        let full = self.stream.sink().is_some_and(|sink| sink.full);
        match full {
            true if limit == self.decoded_limit => FetchError::TooLarge("decompressed body"),
            true => FetchError::Decompression("it expands too much"),
            false => FetchError::Decompression("it is damaged"),
        }
    }
}

impl Stream {
    fn sink(&mut self) -> Option<&mut Bounded> {
        match self {
            Self::Identity(sink) => Some(sink),
            Self::Gzip(decoder) => Some(decoder.get_mut()),
            Self::Deflate(_) => None,
            Self::Zlib(decoder) => Some(decoder.get_mut()),
            Self::Raw(decoder) => Some(decoder.get_mut()),
            Self::Brotli(decoder) => Some(decoder.get_mut()),
        }
    }

    fn write(&mut self, chunk: &[u8]) -> io::Result<()> {
        match self {
            Self::Identity(sink) => sink.write_all(chunk),
            Self::Gzip(decoder) => decoder.write_all(chunk),
            Self::Deflate(_) => Ok(()),
            Self::Zlib(decoder) => write_until_end(decoder, chunk),
            Self::Raw(decoder) => write_until_end(decoder, chunk),
            Self::Brotli(decoder) => write_until_end(decoder, chunk),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        match self {
            Self::Identity(_) | Self::Deflate(_) => Ok(()),
            Self::Gzip(decoder) => decoder.try_finish(),
            Self::Zlib(decoder) => decoder.try_finish(),
            Self::Raw(decoder) => decoder.try_finish(),
            Self::Brotli(decoder) => decoder.close(),
        }
    }
}

/// These decoders take nothing more once their stream has ended; what follows is ignored, as browsers do.
fn write_until_end(decoder: &mut impl Write, mut chunk: &[u8]) -> io::Result<()> {
    while !chunk.is_empty() {
        let taken = decoder.write(chunk)?;
        if taken == 0 {
            return Ok(());
        }
        chunk = &chunk[taken..];
    }
    Ok(())
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.limit.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            self.full = true;
            return Err(io::Error::other("the limit is reached"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
