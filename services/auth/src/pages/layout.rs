//! What all pages have in common: the frame of a page, fields, forms.

use maud::{DOCTYPE, Markup, html};

use super::texts::Texts;

/// Which page it is: the scripts fill the lists of the last two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of who has not signed in.
    Enter,
    Security,
    Organisation,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Enter => "enter",
            Self::Security => "security",
            Self::Organisation => "organisation",
        }
    }
}

/// A whole page.
pub(super) fn page(t: &Texts, kind: Kind, title: &str, content: &Markup) -> Markup {
    let texts = serde_json::to_string(&t.script).expect("texts can be written");
    html! {
        (DOCTYPE)
        html lang=(t.language) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – GooSeek" }
                link rel="icon" type="image/svg+xml" href="/account/icon.svg";
                link rel="stylesheet" href="/account/theme.css";
                link rel="stylesheet" href="/account/account.css";
                script type="module" src="/account/account.js" {}
            }
            body data-page=(kind.as_str()) data-texts=(texts) {
                header {
                    a.brand href="/" { img src="/account/icon.svg" alt="" width="26" height="26"; span { "GooSeek" } }
                    @if kind != Kind::Enter { (navigation(t, kind)) }
                }
                main.narrow[kind == Kind::Enter] {
                    h1 { (title) }
                    noscript { p.notice { (t.no_script) } }
                    p.form-fault #page-fault role="alert" hidden {}
                    (content)
                }
                (question(t))
            }
        }
    }
}

fn navigation(t: &Texts, kind: Kind) -> Markup {
    let link = |of: Kind, text: &str| {
        html! { a href={ "/account/" (of.as_str()) } aria-current=[(of == kind).then_some("page")] { (text) } }
    };
    html! {
        nav aria-label=(t.pages) {
            (link(Kind::Security, t.security))
            (link(Kind::Organisation, t.organisation))
            a href="/" { (t.back) }
        }
    }
}

/// Asks before what cannot be undone.
fn question(t: &Texts) -> Markup {
    html! {
        dialog #confirm aria-labelledby="confirm-text" {
            form method="dialog" {
                p #confirm-text {}
                div.actions {
                    button.plain value="no" autofocus { (t.cancel) }
                    button.danger value="yes" { (t.confirm_yes) }
                }
            }
        }
    }
}

/// A field of a form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) label: &'a str,
    pub(super) kind: &'a str,
    /// What a browser fills in.
    pub(super) autocomplete: &'a str,
    /// Said below it.
    pub(super) hint: Option<&'a str>,
    /// What it holds at first.
    pub(super) value: Option<&'a str>,
}

impl<'a> Field<'a> {
    pub(super) const fn new(name: &'a str, label: &'a str, kind: &'a str, autocomplete: &'a str) -> Self {
        Self { name, label, kind, autocomplete, hint: None, value: None }
    }

    pub(super) const fn with_hint(self, hint: &'a str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    pub(super) const fn with_value(self, value: &'a str) -> Self {
        Self { value: Some(value), ..self }
    }
}

/// The field with the place for what is wrong with it.
pub(super) fn field(form: &str, field: Field<'_>) -> Markup {
    let id = format!("{form}-{}", field.name);
    let (hint, fault) = (format!("{id}-hint"), format!("{id}-fault"));
    let described = if field.hint.is_some() { format!("{fault} {hint}") } else { fault.clone() };
    html! {
        div.field {
            label for=(id) { (field.label) }
            input #(id) name=(field.name) value=[field.value] type=(field.kind) autocomplete=(field.autocomplete) required
                autocapitalize=[(field.kind != "text").then_some("none")] aria-describedby=(described);
            p.field-fault #(fault) data-fault=(field.name) hidden {}
            @if let Some(text) = field.hint { p.hint #(hint) { (text) } }
        }
    }
}

/// A form of these fields, which the scripts send. Faults of no field stand above its button.
pub(super) fn form(name: &str, fields: &Markup, send: &str, done: Option<&str>) -> Markup {
    html! {
        form #(name) data-form=(name) method="post" novalidate {
            (fields)
            p.form-fault role="alert" hidden {}
            @if let Some(text) = done { p.form-done role="status" hidden { (text) } }
            div.actions { button.solid type="submit" { (send) } }
        }
    }
}

/// A box to tick.
pub(super) fn check(id: Option<&str>, name: &str, value: Option<&str>, label: &str) -> Markup {
    html! {
        label.check {
            input type="checkbox" id=[id] name=(name) value=[value];
            span { (label) }
        }
    }
}

/// A box for each role.
pub(super) fn roles(t: &Texts) -> Markup {
    html! {
        fieldset {
            legend { (t.roles) }
            div.checks { @for (role, label) in t.script.roles.all() { (check(None, "roles", Some(role), label)) } }
            p.field-fault data-fault="roles" hidden {}
        }
    }
}
