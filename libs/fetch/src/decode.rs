//! Streaming decompression of response bodies with a limit on the output.

use std::io::{self, Write};

use brotli::DecompressorWriter;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use crate::{FetchError, Limits};

/// Offered to servers; the HTTP client's own decompression is not compiled in, because it has no limit.
pub(crate) const ACCEPT_ENCODING: &str = "gzip, deflate, br";

/// Up to this decoded size the ratio is not checked: a short page of repeated markup is not a bomb (bytes).
const MIN_RATIO_BYTES: usize = 256 << 10;

const BROTLI_BUFFER: usize = 16 << 10;

/// Layers of compression: some servers compress what was compressed before.
const MAX_LAYERS: usize = 2;

const GZIP_START: [u8; 3] = [0x1f, 0x8b, 8];

/// Decompresses one body.
pub(crate) struct Decoder {
    stream: StreamDecoder,
    /// The coding below the one of `stream`, if the header names two.
    inner: Option<String>,
    wire: usize,
    wire_limit: usize,
    decoded_limit: usize,
    ratio: usize,
}

enum StreamDecoder {
    Identity(BoundedBuffer),
    Gzip(Box<MultiGzDecoder<BoundedBuffer>>),
    /// `deflate` means zlib (RFC 9110), but some servers omit the zlib header: decided by the first two bytes.
    Deflate(Vec<u8>),
    Zlib(Box<ZlibDecoder<BoundedBuffer>>),
    Raw(Box<DeflateDecoder<BoundedBuffer>>),
    Brotli(Box<DecompressorWriter<BoundedBuffer>>),
}

/// Collects bytes up to `limit`; a write that exceeds it keeps what fits and fails.
#[derive(Default)]
struct BoundedBuffer {
    bytes: Vec<u8>,
    limit: usize,
    full: bool,
}

impl Decoder {
    /// `encoding` is the value of `Content-Encoding`. What is no coding, such as `utf-8`, is ignored, as in browsers.
    pub(crate) fn new(encoding: &str, limits: &Limits) -> Result<Self, FetchError> {
        let mut layers: Vec<String> = encoding.split(',').map(|coding| coding.trim().to_ascii_lowercase()).collect();
        layers.retain(|coding| is_coding(coding));
        if layers.len() > MAX_LAYERS {
            return Err(FetchError::Decompression("it has too many layers"));
        }
        // The coding that was applied last is named last.
        let outer = layers.pop();
        Ok(Self {
            stream: StreamDecoder::new(outer.as_deref().unwrap_or_default())?,
            inner: layers.pop(),
            wire: 0,
            wire_limit: limits.wire_bytes,
            decoded_limit: limits.decoded_bytes,
            ratio: limits.ratio,
        })
    }

    /// Decodes the next bytes of the body.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<(), FetchError> {
        self.wire += chunk.len();
        if self.wire > self.wire_limit {
            return Err(FetchError::TooLarge("body"));
        }
        self.decode(chunk)
    }

    fn decode(&mut self, chunk: &[u8]) -> Result<(), FetchError> {
        let chunk = self.detect_deflate(chunk);
        let ratio_limit = self.ratio.saturating_mul(self.wire).max(MIN_RATIO_BYTES);
        let compressed = !matches!(self.stream, StreamDecoder::Identity(_));
        let limit = if compressed { self.decoded_limit.min(ratio_limit) } else { self.decoded_limit };
        let Some(sink) = self.stream.sink() else { return Ok(()) };
        sink.limit = limit;
        self.stream.write(&chunk).map_err(|_| self.limit_error(limit))
    }

    /// The whole decoded body, after the last `push`.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, FetchError> {
        let limit = self.stream.sink().map_or(0, |sink| sink.limit);
        self.stream.end().map_err(|_| self.limit_error(limit))?;
        let inner = self.inner.take();
        let below = self.layer_below();
        let body = self.take();
        let is_gzip = body.starts_with(&GZIP_START);
        match inner.as_deref() {
            // The header names a layer that is not there.
            Some("gzip" | "x-gzip") if !is_gzip => Ok(body),
            Some(coding) => below(coding, &body),
            // The header does not name a layer that is there.
            None if is_gzip => below("gzip", &body),
            None => Ok(body),
        }
    }

    /// Decodes a layer below this one; both together expand no more than one may.
    fn layer_below(&self) -> impl FnOnce(&str, &[u8]) -> Result<Vec<u8>, FetchError> + use<> {
        let (wire, wire_limit, decoded_limit, ratio) = (self.wire, self.wire_limit, self.decoded_limit, self.ratio);
        move |coding, body| {
            let stream = StreamDecoder::new(coding)?;
            let mut layer = Self { stream, inner: None, wire, wire_limit, decoded_limit, ratio };
            layer.decode(body)?;
            let limit = layer.stream.sink().map_or(0, |sink| sink.limit);
            layer.stream.end().map_err(|_| layer.limit_error(limit))?;
            Ok(layer.take())
        }
    }

    /// What has been decoded so far.
    pub(crate) fn take(mut self) -> Vec<u8> {
        self.stream.sink().map(|sink| std::mem::take(&mut sink.bytes)).unwrap_or_default()
    }

    fn detect_deflate<'a>(&mut self, chunk: &'a [u8]) -> std::borrow::Cow<'a, [u8]> {
        let StreamDecoder::Deflate(head) = &mut self.stream else { return chunk.into() };
        head.extend_from_slice(chunk);
        let [first, second, ..] = head.as_slice() else { return chunk.into() };
        let zlib = first & 0x0f == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31);
        let head = std::mem::take(head);
        self.stream = if zlib {
            StreamDecoder::Zlib(Box::new(ZlibDecoder::new(BoundedBuffer::default())))
        } else {
            StreamDecoder::Raw(Box::new(DeflateDecoder::new(BoundedBuffer::default())))
        };
        head.into()
    }

    /// The error of a failed write that allowed `limit` decoded bytes.
    fn limit_error(&mut self, limit: usize) -> FetchError {
        let full = self.stream.sink().is_some_and(|sink| sink.full);
        match full {
            true if limit == self.decoded_limit => FetchError::TooLarge("decompressed body"),
            true => FetchError::Decompression("it expands too much"),
            false => FetchError::Decompression("it is damaged"),
        }
    }
}

/// Whether `name` (in lower case) names a coding of IANA's registry, read by this decoder or not.
fn is_coding(name: &str) -> bool {
    matches!(
        name,
        "gzip"
            | "x-gzip"
            | "deflate"
            | "br"
            | "zstd"
            | "compress"
            | "x-compress"
            | "dcb"
            | "dcz"
            | "exi"
            | "aes128gcm"
            | "pack200-gzip"
    )
}

impl StreamDecoder {
    /// A decoder of `coding`; of none if that is empty.
    fn new(coding: &str) -> Result<Self, FetchError> {
        let sink = BoundedBuffer::default();
        Ok(match coding {
            "" => Self::Identity(sink),
            "gzip" | "x-gzip" => Self::Gzip(Box::new(MultiGzDecoder::new(sink))),
            "deflate" => Self::Deflate(Vec::new()),
            "br" => Self::Brotli(Box::new(DecompressorWriter::new(sink, BROTLI_BUFFER))),
            _ => return Err(FetchError::Decompression("its encoding is not supported")),
        })
    }

    fn sink(&mut self) -> Option<&mut BoundedBuffer> {
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

/// These decoders accept nothing after the end of their stream; trailing bytes are ignored, as in browsers.
fn write_until_end(decoder: &mut impl Write, mut chunk: &[u8]) -> io::Result<()> {
    while !chunk.is_empty() {
        let written = decoder.write(chunk)?;
        if written == 0 {
            return Ok(());
        }
        chunk = &chunk[written..];
    }
    Ok(())
}

impl Write for BoundedBuffer {
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
