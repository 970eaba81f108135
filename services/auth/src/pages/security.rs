//! The page of the person's own account.

use maud::{Markup, html};

use super::{
    layout::{Field, Kind, check, field, form, page},
    texts::Texts,
};
use crate::accounts::scopes;

pub(super) fn page_of_account(t: &Texts) -> Markup {
    let content = html! {
        (profile(t))
        (password(t))
        (second_factor(t))
        (sessions(t))
        (keys(t))
    };
    page(t, Kind::Security, t.security, &content)
}

fn profile(t: &Texts) -> Markup {
    let fields = html! {
        (field("profile", Field::new("name", t.name, "text", "name")))
        div.field {
            label for="profile-locale" { (t.locale) }
            select #profile-locale name="locale" {
                option value="en" lang="en" { "English" }
                option value="ru" lang="ru" { "Русский" }
            }
        }
    };
    html! {
        section {
            h2 { (t.profile) }
            p.hint #profile-email {}
            (form("profile", &fields, t.save, Some(t.saved)))
        }
    }
}

fn password(t: &Texts) -> Markup {
    let fields = html! {
        (field("password", present_password(t)))
        (field("password", Field::new("new_password", t.new_password, "password", "new-password").with_hint(t.password_rule)))
    };
    html! {
        section {
            h2 { (t.password) }
            (form("password", &fields, t.reset_now, Some(t.password_changed)))
        }
    }
}

fn second_factor(t: &Texts) -> Markup {
    let code = field("totp-confirm", Field::new("code", t.code, "text", "one-time-code"));
    html! {
        section {
            h2 { (t.factor) }
            p.hint { (t.factor_lead) }
            (form("totp-begin", &field("totp-begin", present_password(t)), t.factor_begin, None))
            div #totp-setup hidden {
                p { (t.factor_scan) }
                img.qr #totp-qr alt=(t.factor_picture);
                p.code #totp-secret {}
                (form("totp-confirm", &code, t.factor_confirm, None))
            }
            div.once #codes tabindex="-1" hidden { p { (t.codes_once) } ul #codes-list {} }
            div #totp-on hidden {
                p.actions { span.badge { (t.factor_on) } span.hint #codes-left {} }
                section {
                    h3 { (t.codes_new) }
                    (form("recovery-codes", &field("recovery-codes", present_password(t)), t.codes_new, None))
                }
                section {
                    h3 { (t.factor_remove_title) }
                    (form("totp-remove", &field("totp-remove", present_password(t)), t.factor_remove, None))
                }
            }
        }
    }
}

fn sessions(t: &Texts) -> Markup {
    html! {
        section {
            h2 { (t.sessions) }
            p.hint { (t.sessions_lead) }
            ul.rows #sessions {}
            p.form-fault role="alert" hidden {}
            div.actions {
                button.plain #sign-out type="button" { (t.sign_out) }
                button.danger #sign-out-everywhere type="button" { (t.sign_out_everywhere) }
            }
            template #session {
                li.row {
                    div { span data-slot="program" {} " " span.badge hidden { (t.session_this) } div.hint data-slot="used" {} }
                    button.plain type="button" { (t.session_end) }
                    p.form-fault role="alert" hidden {}
                }
            }
        }
    }
}

fn keys(t: &Texts) -> Markup {
    let fields = html! {
        (field("new-key", Field::new("name", t.key_name, "text", "off")))
        fieldset {
            legend { (t.key_scopes) }
            div.checks { @for scope in scopes() { (check(None, "scopes", Some(scope), scope)) } }
            p.field-fault data-fault="scopes" hidden {}
        }
        div.field {
            label for="new-key-days" { (t.key_days) }
            select #new-key-days name="days" {
                option value="30" { (t.key_month) }
                option value="365" { (t.key_year) }
                option value="" { (t.key_ever) }
            }
        }
    };
    html! {
        section {
            h2 { (t.keys) }
            p.hint { (t.keys_lead) }
            p.hint #no-keys hidden { (t.keys_none) }
            ul.rows #keys {}
            div.once #new-key-shown tabindex="-1" hidden { p { (t.key_once) } span.code #new-key-text {} }
            section {
                h3 { (t.key_new) }
                (form("new-key", &fields, t.key_make, None))
            }
            template #key {
                li.row {
                    div { span data-slot="name" {} " " code.hint data-slot="prefix" {} div.hint data-slot="about" {} }
                    button.danger type="button" { (t.key_revoke) }
                    p.form-fault role="alert" hidden {}
                }
            }
        }
    }
}

fn present_password(t: &Texts) -> Field<'_> {
    Field::new("password", t.present_password, "password", "current-password")
}
