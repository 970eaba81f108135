//! Fonts of a file: what text a character code stands for, and how far it advances.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use hayro_cmap::{BfString, CMap, CMapName, CidFamily};
use hayro_font::{CMapResolverFn, Font, FontCache, FontGlyph, FontQuery, FontResolverFn, StandardFont, UNITS_PER_EM};
use hayro_syntax::object::dict::keys::{
    CIDSYSTEMINFO, DESCENDANT_FONTS, DIFFERENCES, ENCODING, FONT_BBOX, FONT_MATRIX, ORDERING, REGISTRY, SUBTYPE,
    TO_UNICODE, TYPE0, TYPE3, WIDTHS,
};
use hayro_syntax::object::{Array, Dict, Name, Object, String as PdfString};
use unicode_normalization::UnicodeNormalization;

/// Font size of a Type 3 font whose bounding box is empty, in widths of its widest glyph.
const SIZE_OF_WIDEST: f64 = 1.2;

/// The fonts of a file; each is loaded once.
pub(super) struct Fonts<'a> {
    cache: FontCache<'a>,
    programs: FontResolverFn,
    maps: CMapResolverFn,
    loaded: RefCell<HashMap<Vec<u8>, Rc<TextFont<'a>>>>,
}

impl<'a> Fonts<'a> {
    pub(super) fn new() -> Self {
        Self {
            cache: FontCache::new(),
            programs: Arc::new(|query| match query {
                FontQuery::Standard(font) => Some(font.get_font_data()),
                FontQuery::Fallback(query) => Some(query.pick_standard_font().get_font_data()),
            }),
            maps: Arc::new(hayro_cmap::load_embedded),
            loaded: RefCell::new(HashMap::new()),
        }
    }

    /// The font that `dict` describes. One that cannot be loaded reads ASCII, as viewers do.
    pub(super) fn get(&self, dict: &Dict<'a>) -> Rc<TextFont<'a>> {
        // A dictionary is identified by its place in the file, or by its bytes if it is written inline.
        let key = dict.obj_id().map_or_else(
            || dict.data().to_vec(),
            |id| [&id.obj_number.to_le_bytes()[..], &id.gen_number.to_le_bytes()[..], dict.data()].concat(),
        );
        if let Some(font) = self.loaded.borrow().get(&key) {
            return Rc::clone(font);
        }
        let font = Rc::new(TextFont {
            font: self.cache.font(dict, &self.programs, &self.maps).or_else(|| self.standard()),
            size: type3_size(dict).unwrap_or(1.0),
            cids: CidMap::new(dict, &self.maps),
            names: glyph_names(dict),
            codes: RefCell::new(HashMap::new()),
        });
        self.loaded.borrow_mut().insert(key, Rc::clone(&font));
        font
    }

    /// The font of text that names none.
    pub(super) fn fallback(&self) -> Rc<TextFont<'a>> {
        self.get(&Dict::empty())
    }

    fn standard(&self) -> Option<Font<'a>> {
        self.cache.standard_font(StandardFont::Helvetica, &self.programs)
    }
}

/// A font and what is known about its codes.
pub(super) struct TextFont<'a> {
    font: Option<Font<'a>>,
    /// Font size of its glyphs at the size 1; only Type 3 fonts have another one than 1.
    pub(super) size: f64,
    cids: Option<CidMap>,
    names: HashMap<u32, String>,
    codes: RefCell<HashMap<u32, Rc<CharCode>>>,
}

/// A character code of a font.
pub(super) struct CharCode {
    /// The text it stands for; `None` if the file does not say.
    pub(super) text: Option<Rc<str>>,
    /// How far it advances at the size 1, along the line.
    pub(super) advance: f64,
}

impl TextFont<'_> {
    /// The code at `at` and its length in bytes.
    pub(super) fn read_code(&self, bytes: &[u8], at: usize) -> (u32, usize) {
        let (code, length) = self.font.as_ref().map_or((0, 1), |font| font.read_code(bytes, at));
        (code, length.max(1))
    }

    pub(super) fn is_horizontal(&self) -> bool {
        self.font.as_ref().is_none_or(Font::is_horizontal)
    }

    pub(super) fn code(&self, code: u32) -> Rc<CharCode> {
        if let Some(known) = self.codes.borrow().get(&code) {
            return Rc::clone(known);
        }
        let known = Rc::new(self.describe(code));
        self.codes.borrow_mut().insert(code, Rc::clone(&known));
        known
    }

    fn describe(&self, code: u32) -> CharCode {
        let Some(font) = &self.font else { return CharCode { text: None, advance: 0.0 } };
        let unicode = match font.glyph(font.map_code(code), code) {
            FontGlyph::Outline(glyph) => glyph.as_unicode(),
            FontGlyph::Type3(glyph) => glyph.as_unicode(),
        };
        let unicode = unicode.or_else(|| self.cids.as_ref()?.unicode(code));
        let text = unicode.as_ref().and_then(readable).or_else(|| {
            let char = char_of_name(self.names.get(&code)?, code)?;
            readable(&BfString::Char(char))
        });
        let advance = font.code_advance(code);
        let advance = if font.is_horizontal() { advance.x } else { advance.y };
        CharCode { text, advance: advance / f64::from(UNITS_PER_EM) }
    }
}

/// The text of a code; `None` for characters that mean nothing outside of their font.
fn readable(unicode: &BfString) -> Option<Rc<str>> {
    let text = match unicode {
        BfString::Char(char) => plain(char.encode_utf8(&mut [0; 4])),
        BfString::String(text) => plain(text),
    };
    (!text.is_empty()).then(|| text.into())
}

/// Text without characters that mean nothing outside of their font; ligatures become letters.
pub(super) fn plain(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut append = |char: char| match char {
        // Bullets and ticks of Symbol and Wingdings.
        '\u{F0B7}' | '\u{F0A7}' | '\u{F0D8}' | '\u{F076}' => text.push('•'),
        '\u{F0FC}' | '\u{F0FE}' => text.push('✓'),
        '\u{E000}'..='\u{F8FF}' | '\u{F0000}'.. | '\u{FFFD}'..='\u{FFFF}' => {}
        '\u{0B}' | '\u{0C}' => {}
        '\u{AD}' | '\u{2010}' | '\u{2011}' => text.push('-'),
        // Ligatures, letters by position in the word, letters of formulas.
        '\u{FB00}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}' | '\u{1D400}'..='\u{1D7FF}' => {
            text.extend(std::iter::once(char).nfkc());
        }
        _ if char.is_whitespace() => text.push(' '),
        _ if char.is_control() => {}
        _ => text.push(char),
    };
    source.chars().for_each(&mut append);
    text
}

/// The names that the encoding of a simple font gives to codes.
fn glyph_names(dict: &Dict<'_>) -> HashMap<u32, String> {
    let mut names = HashMap::new();
    let differences = dict.get::<Dict<'_>>(ENCODING).and_then(|encoding| encoding.get::<Array<'_>>(DIFFERENCES));
    let mut code = 0_u32;
    for item in differences.iter().flat_map(Array::iter::<Object<'_>>) {
        match item {
            Object::Number(number) => code = u32::try_from(number.as_i64()).unwrap_or(0),
            Object::Name(name) => {
                names.insert(code, String::from_utf8_lossy(&name).into_owned());
                code = code.saturating_add(1);
            }
            _ => {}
        }
    }
    names
}

/// The character of a glyph that is named after its code: `a`, `a65`, `C0065`, `G41`, or the code itself.
fn char_of_name(name: &str, code: u32) -> Option<char> {
    let digits = name.trim_start_matches(|char: char| char.is_ascii_alphabetic());
    let is_code =
        digits.parse() == Ok(code) || (name.len() <= 3 && u32::from_str_radix(name.get(1..)?, 16) == Ok(code));
    let mut chars = name.chars();
    let char = match (chars.next(), chars.next()) {
        (Some(char), None) => char,
        // A control character is no part of a name.
        (None, _) => char::from(u8::try_from(code).ok()?),
        _ if is_code => char::from(u8::try_from(code).ok()?),
        _ => return None,
    };
    Some(match char {
        // Ligatures of the fonts of TeX, which alone name glyphs so.
        '\u{0B}' => '\u{FB00}',
        '\u{0C}' => '\u{FB01}',
        '\u{0D}' => '\u{FB02}',
        '\u{0E}' => '\u{FB03}',
        '\u{0F}' => '\u{FB04}',
        char => char,
    })
}

/// The character map of a composite font without a `ToUnicode` map whose glyphs are numbered by Adobe.
struct CidMap {
    encoding: CMap,
    unicode: CMap,
}

impl CidMap {
    fn new(dict: &Dict<'_>, maps: &CMapResolverFn) -> Option<Self> {
        if dict.get::<Name<'_>>(SUBTYPE)?.as_ref() != TYPE0 || dict.contains_key(TO_UNICODE) {
            return None;
        }
        let encoding = encoding(&dict.get(ENCODING)?, maps)?;
        let descendant = dict.get::<Array<'_>>(DESCENDANT_FONTS)?.iter::<Dict<'_>>().next()?;
        let info = descendant.get::<Dict<'_>>(CIDSYSTEMINFO);
        let declared = info.and_then(|info| {
            let (registry, ordering) = (info.get::<PdfString<'_>>(REGISTRY)?, info.get::<PdfString<'_>>(ORDERING)?);
            Some(CidFamily::from_registry_ordering(&registry, &ordering))
        });
        let used = encoding.metadata().character_collection.as_ref().map(|collection| collection.family.clone());
        let name = [used, declared].into_iter().flatten().find_map(|family| family.ucs2_cmap())?;
        let maps = Arc::clone(maps);
        let unicode = CMap::parse(maps(name)?, move |name| maps(name))?;
        Some(Self { encoding, unicode })
    }

    fn unicode(&self, code: u32) -> Option<BfString> {
        let cid = (1..=4).find_map(|length| self.encoding.lookup_cid_code(code, length))?;
        self.unicode.lookup_bf_string(cid)
    }
}

fn encoding(object: &Object<'_>, maps: &CMapResolverFn) -> Option<CMap> {
    let resolver = Arc::clone(maps);
    match object {
        Object::Name(name) => match CMapName::from_bytes(name) {
            CMapName::IdentityH => Some(CMap::identity_h()),
            CMapName::IdentityV => Some(CMap::identity_v()),
            known => CMap::parse(maps(known)?, move |name| resolver(name)),
        },
        Object::Stream(stream) => CMap::parse(&stream.decoded_data().ok()?, move |name| resolver(name)),
        _ => None,
    }
}

/// The size of a Type 3 font, which may have any coordinates: the height of its bounding box.
fn type3_size(dict: &Dict<'_>) -> Option<f64> {
    if dict.get::<Name<'_>>(SUBTYPE)?.as_ref() != TYPE3 {
        return None;
    }
    let matrix = dict.get::<[f64; 6]>(FONT_MATRIX).unwrap_or([0.001, 0.0, 0.0, 0.001, 0.0, 0.0]);
    let bounds = dict.get::<[f64; 4]>(FONT_BBOX).unwrap_or_default();
    let height = (bounds[3] - bounds[1]).abs() * matrix[3].abs();
    if height > 0.0 && height.is_finite() {
        return Some(height);
    }
    let widths = dict.get::<Array<'_>>(WIDTHS)?;
    let widest = widths.iter::<f64>().fold(0.0, f64::max) * matrix[0].abs();
    (widest > 0.0).then_some(widest * SIZE_OF_WIDEST)
}
