//! Layered configuration: compiled-in defaults ← `gooseek.toml` ← environment ← command line, under the variable names of
//! the deployment documents. Reading collects every fault, so that one start names them all.

mod reader;

use std::{collections::BTreeMap, fmt, path::Path};

use ::config::Source;
pub use reader::{Reader, Secret};

/// One variable: declared once, read by the service that owns it, printed by `gooseek config`.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    pub name: &'static str,
    pub about: &'static str,
    pub default: Option<&'static str>,
    pub secret: bool,
}

impl Variable {
    /// A variable that is unset unless an operator sets it.
    pub const fn optional(name: &'static str, about: &'static str) -> Self {
        Self { name, about, default: None, secret: false }
    }

    pub const fn with_default(name: &'static str, default: &'static str, about: &'static str) -> Self {
        Self { name, about, default: Some(default), secret: false }
    }

    /// A value that is never printed.
    pub const fn secret(name: &'static str, about: &'static str) -> Self {
        Self { name, about, default: None, secret: true }
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    File(String),
    Environment,
    /// An option of the command line, as it is typed.
    Option(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => f.write_str(path),
            Self::Environment => f.write_str("environment"),
            Self::Option(option) => f.write_str(option),
        }
    }
}

/// The values in force.
#[derive(Clone)]
pub struct Settings {
    variables: Vec<Variable>,
    values: BTreeMap<&'static str, (String, Origin)>,
}

/// Everything wrong with the configuration, one line a fault.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has {} fault(s):\n{}", .0.len(), .0.join("\n"))]
pub struct ConfigFaults(pub Vec<String>);

impl Settings {
    /// Reads `file` (which may be absent) and the environment. A key of the file that no variable has is a fault, and so is one of
    /// the environment that looks like a variable: a misspelt setting must not be silently ignored.
    pub fn load(
        variables: Vec<Variable>,
        file: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigFaults> {
        let mut values = BTreeMap::new();
        let mut faults = Vec::new();
        for variable in &variables {
            if let Some(default) = variable.default {
                values.insert(variable.name, (default.to_owned(), Origin::Default));
            }
        }
        for (key, value) in file_values(file, &mut faults) {
            match variables.iter().find(|variable| variable.name.eq_ignore_ascii_case(&key)) {
                Some(variable) => {
                    values.insert(variable.name, (value, Origin::File(file.display().to_string())));
                }
                None => faults.push(format!("{}: {key} is not a setting", file.display())),
            }
        }
        for (key, value) in environment {
            match variables.iter().find(|variable| variable.name == key) {
                Some(variable) if value.is_empty() => drop(values.remove(variable.name)),
                Some(variable) => drop(values.insert(variable.name, (value, Origin::Environment))),
                None => faults.extend(meant(&variables, &key).map(|name| format!("{key} is not a variable: {name}?"))),
            }
        }
        if faults.is_empty() { Ok(Self { variables, values }) } else { Err(ConfigFaults(faults)) }
    }

    /// The same with `value` in force for a variable, as `option` of the command line gives it.
    #[must_use]
    pub fn with_option(mut self, variable: &'static str, option: &'static str, value: String) -> Self {
        self.values.insert(variable, (value, Origin::Option(option)));
        self
    }

    /// The text of a value; `None` when unset. Asking for a variable nobody declared is a bug.
    pub fn get(&self, name: &str) -> Option<&str> {
        debug_assert!(self.variables.iter().any(|variable| variable.name == name), "{name} is not declared");
        self.values.get(name).map(|(value, _)| value.as_str())
    }

    /// The text of the default of a variable.
    pub(crate) fn default_of(&self, name: &str) -> Option<&'static str> {
        self.variables.iter().find(|variable| variable.name == name)?.default
    }

    /// Whether an operator has set it.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|(_, origin)| *origin != Origin::Default)
    }

    /// Every variable with its value in force (secrets as `***`) and its origin.
    pub fn effective(&self) -> impl Iterator<Item = (&Variable, Option<(&str, &Origin)>)> {
        self.variables.iter().map(|variable| {
            let value = self
                .values
                .get(variable.name)
                .map(|(value, origin)| (if variable.secret { "***" } else { value.as_str() }, origin));
            (variable, value)
        })
    }
}

/// The variable that `key` of the environment misspells, if it does. Most variables of an environment are other programs'.
fn meant(variables: &[Variable], key: &str) -> Option<&'static str> {
    let plain = |name: &str| name.replace(['_', '-'], "").to_ascii_uppercase();
    let wanted = plain(key);
    let is_close = |name: &str| {
        let edits = strsim::damerau_levenshtein(name, key);
        plain(name) == wanted || name.len() >= 8 && edits <= 1 || name.len() >= 14 && edits <= 2
    };
    // The edit distance takes time in both lengths.
    let near = variables.iter().filter(|variable| variable.name.len().abs_diff(key.len()) <= 4);
    near.map(|variable| variable.name).find(|name| is_close(name))
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.effective().map(|(variable, value)| (variable.name, value))).finish()
    }
}

fn file_values(file: &Path, faults: &mut Vec<String>) -> Vec<(String, String)> {
    if !file.exists() {
        return Vec::new();
    }
    let source = ::config::File::from(file).format(::config::FileFormat::Toml);
    match ::config::Config::builder().add_source(source).build().and_then(|read| read.collect()) {
        Ok(table) => table
            .into_iter()
            .filter_map(|(key, value)| match value.into_string() {
                Ok(text) => Some((key, text)),
                Err(error) => {
                    faults.push(format!("{}: {error}", file.display()));
                    None
                }
            })
            .collect(),
        Err(error) => {
            faults.push(format!("{}: {error}", file.display()));
            Vec::new()
        }
    }
}
