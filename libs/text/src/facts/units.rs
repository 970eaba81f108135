//! Units of amounts: their spellings in English, Russian and German, and how they convert.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What a unit measures. Amounts of one dimension are compared after conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dimension {
    Length,
    Area,
    Volume,
    Mass,
    Duration,
    Data,
    DataRate,
    Temperature,
    Pressure,
    Power,
    Energy,
    Speed,
    /// Percent, currencies and whatever is converted to nothing else.
    Itself,
}

/// A unit: its name, dimension, factor to the base unit of the dimension, words and beginnings of words.
struct Unit(&'static str, Dimension, f64, &'static str, &'static str);

use Dimension as D;

/// Seconds of an average month.
const MONTH: f64 = 2_629_800.0;

const UNITS: &[Unit] = &[
    Unit("mm", D::Length, 1e-3, "mm мм", "millimet миллиметр"),
    Unit("cm", D::Length, 1e-2, "cm см", "centimet zentimeter сантиметр"),
    Unit("m", D::Length, 1.0, "m м metre metres meter meters metern метр метра метров метре метром метрах", ""),
    Unit("km", D::Length, 1e3, "km км", "kilomet километр"),
    Unit("mile", D::Length, 1609.34, "mi mile miles миля мили миль meile meilen", ""),
    Unit("ft", D::Length, 0.3048, "ft foot feet фут фута футов", ""),
    Unit("inch", D::Length, 0.0254, "inch inches zoll дюйм дюйма дюймов", ""),
    Unit("m2", D::Area, 1.0, "m2 sqm qm м2", ""),
    Unit("km2", D::Area, 1e6, "km2 км2", ""),
    Unit("ha", D::Area, 1e4, "ha га", "hectare hektar гектар"),
    Unit("acre", D::Area, 4046.86, "acre acres акр акра акров", ""),
    Unit("cm2", D::Area, 1e-4, "cm2 см2", ""),
    Unit("ft2", D::Area, 0.092_903, "ft2 sqft", ""),
    Unit("l", D::Volume, 1.0, "l л litre litres liter liters литр литра литров", ""),
    Unit("ml", D::Volume, 1e-3, "ml мл", "millilit миллилитр"),
    Unit("cl", D::Volume, 1e-2, "cl", "centilit"),
    Unit("m3", D::Volume, 1e3, "m3 м3", ""),
    Unit("cm3", D::Volume, 1e-3, "cm3 см3", ""),
    Unit("mg", D::Mass, 1e-6, "mg мг", "milligram миллиграмм"),
    Unit("g", D::Mass, 1e-3, "g gr gram grams gramm г грамм грамма граммов", ""),
    Unit("kg", D::Mass, 1.0, "kg кг kilo kilos кило", "kilogram килограмм"),
    Unit("t", D::Mass, 1e3, "t т tonne tonnes tonnen тонна тонны тонн", ""),
    Unit("lb", D::Mass, 0.453_592, "lb lbs pounds фунт фунта фунтов", ""),
    Unit("ms", D::Duration, 1e-3, "ms мс", "millisecond миллисекунд"),
    Unit("second", D::Duration, 1.0, "s sec secs сек sekunde sekunden", "second секунд"),
    Unit("minute", D::Duration, 60.0, "min mins мин", "minute минут"),
    Unit("hour", D::Duration, 3600.0, "h hr hrs ч std час часа часов часах часам", "hour stunde"),
    Unit(
        "day",
        D::Duration,
        86_400.0,
        "day days daily d tag tage tagen дня дней день дни дням днями сут",
        "jour суток",
    ),
    Unit("week", D::Duration, 604_800.0, "week weeks semana semanas", "недел woche semaine"),
    Unit("month", D::Duration, MONTH, "month months mes meses mois мес", "месяц monat"),
    Unit("year", D::Duration, 12.0 * MONTH, "year years yr yrs лет an ans ano anos annee annees", "год jahr"),
    Unit("bit", D::Data, 0.125, "bit bits бит бита битов", ""),
    Unit("byte", D::Data, 1.0, "byte bytes b байт байта байтов", ""),
    Unit("kb", D::Data, 1e3, "kb kib кб", "kilobyte килобайт"),
    Unit("mb", D::Data, 1e6, "mb mib мб", "megabyte мегабайт"),
    Unit("gb", D::Data, 1e9, "gb gib гб", "gigabyte гигабайт"),
    Unit("tb", D::Data, 1e12, "tb tib тб", "terabyte терабайт"),
    Unit("kbit/s", D::DataRate, 1e3, "kbit кбит kbps", ""),
    Unit("mbit/s", D::DataRate, 1e6, "mbit мбит mbps", ""),
    Unit("gbit/s", D::DataRate, 1e9, "gbit гбит gbps", ""),
    Unit("°c", D::Temperature, 1.0, "°c", "celsius цельси"),
    Unit("°f", D::Temperature, 1.0, "°f", "fahrenheit фаренгейт"),
    Unit("bar", D::Pressure, 1e5, "bar бар", ""),
    Unit("kpa", D::Pressure, 1e3, "kpa кпа", "kilopascal килопаскал"),
    Unit("pa", D::Pressure, 1.0, "pa па pascal", ""),
    Unit("w", D::Power, 1.0, "w вт watt watts ватт", ""),
    Unit("kw", D::Power, 1e3, "kw квт", "kilowatt киловатт"),
    Unit("mw", D::Power, 1e6, "mw мвт", "megawatt мегаватт"),
    Unit("wh", D::Energy, 1.0, "wh", ""),
    Unit("kwh", D::Energy, 1e3, "kwh", ""),
    Unit("v", D::Itself, 1.0, "v volt volts вольт", ""),
    Unit("km/h", D::Speed, 1.0, "kmh kph", ""),
    Unit("mph", D::Speed, 1.609_34, "mph", ""),
    Unit("time", D::Itself, 1.0, "times раз раза mal", ""),
    Unit("%", D::Itself, 1.0, "% pct", "percent процент prozent"),
    Unit("eur", D::Itself, 1.0, "eur евро", "euro"),
    Unit("usd", D::Itself, 1.0, "usd", "dollar доллар"),
    Unit("gbp", D::Itself, 1.0, "gbp", ""),
    Unit("chf", D::Itself, 1.0, "chf", "franken"),
    Unit("rub", D::Itself, 1.0, "rub rur руб", "рубл"),
    Unit("jpy", D::Itself, 1.0, "jpy yen", ""),
];

static WORDS: LazyLock<HashMap<&'static str, usize>> = LazyLock::new(|| {
    let words = UNITS.iter().enumerate();
    words.flat_map(|(at, unit)| unit.3.split_whitespace().map(move |word| (word, at))).collect()
});

fn find(name: &str) -> Option<&'static Unit> {
    UNITS.iter().find(|unit| unit.0 == name)
}

/// The unit of a folded word.
pub(crate) fn unit_of(word: &str) -> Option<&'static str> {
    if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Some(at) = WORDS.get(word) {
        return Some(UNITS[*at].0);
    }
    // The beginnings are unambiguous; what follows them is an ending.
    let begins = |unit: &&Unit| {
        let mut beginnings = unit.4.split_whitespace();
        beginnings.any(|beginning| word.starts_with(beginning) && word.len() <= beginning.len() + 8)
    };
    UNITS.iter().find(begins).map(|unit| unit.0)
}

/// The unit of `square` or `cubic` before a unit of length.
pub(crate) fn powered(unit: &str, power: u8) -> Option<&'static str> {
    unit_of(&format!("{unit}{power}"))
}

pub(crate) fn is_currency(unit: &str) -> bool {
    matches!(unit, "usd" | "eur" | "gbp" | "chf" | "rub" | "jpy")
}

pub(crate) fn is_time(unit: &str) -> bool {
    find(unit).is_some_and(|unit| unit.1 == D::Duration)
}

/// Whether both units measure the same.
pub(crate) fn are_comparable(a: &str, b: &str) -> bool {
    let same_dimension = matches!((find(a), find(b)), (Some(a), Some(b)) if a.1 == b.1 && a.1 != D::Itself);
    a == b || same_dimension || (is_currency(a) && is_currency(b))
}

/// Whether the amounts are the same after conversion, within what rounding explains.
pub(crate) fn are_equal(a: f64, unit_a: &str, b: f64, unit_b: &str) -> bool {
    if unit_a == unit_b {
        return differ_at_most(a, b, 1e-9);
    }
    let (Some(from), Some(to)) = (find(unit_a), find(unit_b)) else { return false };
    if from.1 != to.1 {
        return false;
    }
    match from.1 {
        D::Itself => false,
        D::Temperature => {
            let celsius = |value: f64, unit: &str| if unit == "°f" { (value - 32.0) / 1.8 } else { value };
            (celsius(a, unit_a) - celsius(b, unit_b)).abs() <= 0.6
        }
        // Kilobytes of 1,000 and of 1,024 bytes.
        D::Data => differ_at_most(a * from.2, b * to.2, 0.05),
        _ => {
            let is_decimal = |factor: f64| (factor.log10() - factor.log10().round()).abs() < 1e-9;
            // Months and years have no fixed number of days.
            let of_calendar = |factor: f64| factor >= MONTH;
            let is_exact = match from.1 {
                D::Duration => of_calendar(from.2) == of_calendar(to.2),
                _ => is_decimal(from.2) && is_decimal(to.2),
            };
            differ_at_most(a * from.2, b * to.2, if is_exact { 1e-9 } else { 0.02 })
        }
    }
}

fn differ_at_most(a: f64, b: f64, share: f64) -> bool {
    (a - b).abs() <= a.abs().max(b.abs()) * share
}
