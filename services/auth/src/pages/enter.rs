//! The pages of who has not signed in.

use maud::{Markup, html};

use super::{
    layout::{Field, Kind, field, form, page},
    texts::Texts,
};

pub(super) fn sign_in(t: &Texts, next: &str) -> Markup {
    let content = html! {
        form #sign-in data-form="sign-in" data-next=(next) method="post" novalidate {
            (field("sign-in", email(t)))
            (field("sign-in", Field::new("password", t.password, "password", "current-password")))
            p.form-fault role="alert" hidden {}
            div.actions { button.solid.wide type="submit" { (t.sign_in_now) } }
            p.links {
                a href="/account/forgot" { (t.forgot_link) }
                a href="/account/sign-up" { (t.sign_up_link) }
            }
        }
        form #second-factor data-form="second-factor" data-next=(next) method="post" novalidate hidden {
            h2 { (t.second_factor) }
            p.hint { (t.second_factor_lead) }
            (field("second-factor", Field::new("code", t.code, "text", "one-time-code")))
            p.form-fault role="alert" hidden {}
            div.actions { button.solid.wide type="submit" { (t.sign_in_now) } }
        }
    };
    page(t, Kind::Enter, t.sign_in, &content)
}

pub(super) fn set_up(t: &Texts, token: &str) -> Markup {
    let fields = html! {
        (secret(token))
        (field("set-up", Field::new("name", t.name, "text", "name")))
        (field("set-up", email(t)))
        (field("set-up", new_password(t, t.password)))
        (field("set-up", Field::new("organisation", t.organisation_name, "text", "organization")))
    };
    let content = html! { p.lead { (t.set_up_lead) } (form("set-up", &fields, t.set_up_now, None)) };
    page(t, Kind::Enter, t.set_up, &content)
}

pub(super) fn sign_up(t: &Texts) -> Markup {
    let fields = html! {
        (field("sign-up", Field::new("name", t.name, "text", "name")))
        (field("sign-up", email(t)))
        (field("sign-up", new_password(t, t.password)))
    };
    let content = html! {
        p.lead { (t.sign_up_lead) }
        (form("sign-up", &fields, t.sign_up_now, None))
        (done("sign-up", t.sign_up_done))
        p.links { a href="/account/sign-in" { (t.sign_in_link) } }
    };
    page(t, Kind::Enter, t.sign_up, &content)
}

/// Nothing is proven by opening it: scanners of mail open every link.
pub(super) fn verify(t: &Texts, token: &str) -> Markup {
    let content = html! {
        p.lead { (t.verify_lead) }
        (form("verify", &secret(token), t.verify_now, None))
        (done("verify", t.verify_done))
        p.links { a href="/account/sign-in" { (t.sign_in_link) } }
    };
    page(t, Kind::Enter, t.verify, &content)
}

pub(super) fn forgot(t: &Texts) -> Markup {
    let content = html! {
        p.lead { (t.forgot_lead) }
        (form("forgot", &field("forgot", email(t)), t.forgot_now, None))
        (done("forgot", t.forgot_done))
        p.links { a href="/account/sign-in" { (t.sign_in_link) } }
    };
    page(t, Kind::Enter, t.forgot, &content)
}

pub(super) fn reset(t: &Texts, token: &str) -> Markup {
    let fields = html! { (secret(token)) (field("reset", new_password(t, t.new_password))) };
    let content = html! {
        p.lead { (t.reset_lead) }
        (form("reset", &fields, t.reset_now, None))
        (done("reset", t.reset_done))
        p.links { a href="/account/sign-in" { (t.sign_in_link) } }
    };
    page(t, Kind::Enter, t.reset, &content)
}

/// A device signs in as the visitor once its code was confirmed here; who is not signed in does that first.
pub(super) fn device(t: &Texts, user_code: &str) -> Markup {
    let fields = field("device", Field::new("user_code", t.device_code, "text", "off").with_value(user_code));
    let content = html! {
        p.lead { (t.device_lead) }
        (form("device", &fields, t.device_now, None))
        (done("device", t.device_done))
    };
    page(t, Kind::Enter, t.device, &content)
}

fn email(t: &Texts) -> Field<'_> {
    Field::new("email", t.email, "email", "username")
}

fn new_password<'a>(t: &'a Texts, label: &'a str) -> Field<'a> {
    Field::new("password", label, "password", "new-password").with_hint(t.password_rule)
}

/// The secret of a link, sent along with the form.
fn secret(token: &str) -> Markup {
    html! { input type="hidden" name="token" value=(token); }
}

/// Takes the place of the form that was sent.
fn done(form: &str, text: &str) -> Markup {
    html! { p.notice id={ (form) "-done" } role="status" tabindex="-1" hidden { (text) } }
}
