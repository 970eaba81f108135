//! Recognises boxes that ask for consent to cookies.

use super::tree::{Element, NodeId, Tree};

/// Names of consent platforms, and of what pages build themselves.
const LABELS: [&str; 22] = [
    "cookie",
    "consent",
    "gdpr",
    "onetrust",
    "didomi",
    "usercentrics",
    "truste",
    "trustarc",
    "qc-cmp",
    "cmpbox",
    "cmp-container",
    "sp_message",
    "osano",
    "klaro",
    "iubenda",
    "complianz",
    "cky-",
    "cybot",
    "borlabs",
    "evidon",
    "privacy-banner",
    "ccpa",
];

/// What such boxes speak of, in several languages. Each line is one thing.
const TERMS: [&[&str]; 9] = [
    &["cookie", "куки", "クッキー", "ciasteczk"],
    &[
        "consent",
        "einwillig",
        "zustimm",
        "consentement",
        "consentimiento",
        "consenso",
        "соглас",
        "zgod",
        "toestemming",
        "同意",
    ],
    &[
        "partner",
        "vendors",
        "third parties",
        "third-party",
        "drittanbieter",
        "tiers",
        "terceros",
        "партн",
        "partenaires",
    ],
    &["personal data", "personenbezogen", "données personnelles", "datos personales", "персональн", "dati personali"],
    &["privacy", "datenschutz", "confidentialité", "privacidad", "конфиденциальн", "prywatno"],
    &["accept", "agree", "akzeptier", "accepter", "aceptar", "принять", "принима", "accetta", "akcept"],
    &["reject", "decline", "ablehnen", "refuser", "rechazar", "отклон", "rifiuta", "odrzu"],
    &["store and/or access", "store and access", "informationen auf einem gerät", "stocker", "almacenar"],
    &["measurement", "advertising", "analytics", "personali", "werbung", "publicité", "publicidad", "реклам", "mesure"],
];

/// Text of a box that is looked at (bytes).
const MAX_TEXT: usize = 4_000;

/// Nodes of a box that are looked at.
const MAX_NODES: usize = 1_000;

/// How many [`TERMS`] a box with a telling name has, one that is a dialog, and any other that has buttons.
const TERMS_OF_LABELLED: usize = 2;
const TERMS_OF_DIALOG: usize = 3;
const TERMS_OF_OTHER: usize = 4;

/// Whether `id` is such a box. It must not hold what only a whole page has.
pub(super) fn is_box(tree: &Tree, id: NodeId, element: &Element) -> bool {
    let is_labelled = element.labels().any(|label| {
        let label = label.to_ascii_lowercase();
        LABELS.iter().any(|name| label.contains(name))
    });
    let is_dialog = matches!(element.role(), "dialog" | "alertdialog")
        || element.html_name() == "dialog"
        || element.attribute("aria-modal") == Some("true");
    let needed = match (is_labelled, is_dialog) {
        (true, _) => TERMS_OF_LABELLED,
        (_, true) => TERMS_OF_DIALOG,
        // What lies around the box holds the box too: only one that holds nothing else is looked at.
        _ if has_buttons_of_its_own(tree, id) => TERMS_OF_OTHER,
        _ => return false,
    };
    let mut text = String::new();
    for piece in tree.subtree(id).take(MAX_NODES).filter_map(|id| tree.text(id)) {
        if text.len() > MAX_TEXT {
            break;
        }
        text.push_str(piece);
        text.push(' ');
    }
    let text = text.to_lowercase();
    TERMS.iter().filter(|term| term.iter().any(|word| text.contains(word))).count() >= needed
}

/// Whether a child of `id`, or of its child, is a button.
fn has_buttons_of_its_own(tree: &Tree, id: NodeId) -> bool {
    tree.children(id)
        .any(|child| tree.name(child) == "button" || tree.children(child).any(|inner| tree.name(inner) == "button"))
}
