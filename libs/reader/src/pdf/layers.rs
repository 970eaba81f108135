//! Optional content: layers that the file has switched off are not part of what a reader sees.

use std::collections::HashSet;

use hayro_syntax::object::dict::keys::{BASE_STATE, D, OCGS, OCMD, OCPROPERTIES, OFF, ON, P, TYPE};
use hayro_syntax::object::{Array, Dict, Name, ObjectIdentifier};

/// The layers that are off when the file is opened.
#[derive(Default)]
pub(super) struct Layers(HashSet<ObjectIdentifier>);

impl Layers {
    pub(super) fn new(catalog: &Dict<'_>) -> Self {
        let Some(properties) = catalog.get::<Dict<'_>>(OCPROPERTIES) else { return Self::default() };
        let Some(config) = properties.get::<Dict<'_>>(D) else { return Self::default() };
        let mut off = HashSet::new();
        if config.get::<Name<'_>>(BASE_STATE).is_some_and(|state| state.as_ref() == OFF) {
            off.extend(groups(&properties, OCGS));
        }
        for group in groups(&config, ON) {
            off.remove(&group);
        }
        off.extend(groups(&config, OFF));
        Self(off)
    }

    /// Whether content of `dict`, a layer or a rule about layers with this id, is shown.
    pub(super) fn shows(&self, dict: &Dict<'_>, id: Option<ObjectIdentifier>) -> bool {
        if self.0.is_empty() {
            return true;
        }
        if dict.get::<Name<'_>>(TYPE).is_none_or(|kind| kind.as_ref() != OCMD) {
            return id.or_else(|| dict.obj_id()).is_none_or(|id| !self.0.contains(&id));
        }
        let groups = groups(dict, OCGS);
        let is_off = |id: &ObjectIdentifier| self.0.contains(id);
        match dict.get::<Name<'_>>(P).as_deref() {
            _ if groups.is_empty() => true,
            Some(b"AllOn") => !groups.iter().any(is_off),
            Some(b"AnyOff") => groups.iter().any(is_off),
            Some(b"AllOff") => groups.iter().all(is_off),
            _ => !groups.iter().all(is_off),
        }
    }
}

/// The layers that an entry names: one, or a list.
fn groups(dict: &Dict<'_>, key: &[u8]) -> Vec<ObjectIdentifier> {
    match dict.get::<Array<'_>>(key) {
        Some(list) => list.raw_iter().filter_map(|item| Some(item.as_obj_ref()?.into())).collect(),
        None => dict.get_ref(key).map(Into::into).into_iter().collect(),
    }
}
