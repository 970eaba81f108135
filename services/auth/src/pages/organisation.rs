//! The page of the organisation.

use maud::{Markup, html};

use super::{
    layout::{Field, Kind, check, field, form, page, roles},
    texts::Texts,
};

pub(super) fn page_of_organisation(t: &Texts) -> Markup {
    let content = html! {
        (pending(t))
        (own(t))
        (policy(t))
        (members(t))
        (invitations(t))
    };
    page(t, Kind::Organisation, t.organisation, &content)
}

fn pending(t: &Texts) -> Markup {
    html! {
        section #pending-section hidden {
            h2 { (t.invited) }
            ul.rows #pending {}
            template #pending-row {
                li.row {
                    div { span data-slot="name" {} div.hint data-slot="roles" {} }
                    button.solid type="button" { (t.accept) }
                    p.form-fault role="alert" hidden {}
                }
            }
        }
    }
}

fn own(t: &Texts) -> Markup {
    let name = field("new-organisation", Field::new("name", t.organisation_name, "text", "off"));
    html! {
        section {
            h2 { (t.own) }
            ul.rows #own {}
            details {
                summary { (t.new_organisation) }
                (form("new-organisation", &name, t.new_organisation_now, None))
            }
            template #own-row {
                li.row {
                    div { span data-slot="name" {} " " span.badge hidden { (t.current) } div.hint data-slot="roles" {} }
                    button.plain type="button" { (t.go_there) }
                    p.form-fault role="alert" hidden {}
                }
            }
        }
    }
}

fn policy(t: &Texts) -> Markup {
    let fields = html! {
        (field("policy", Field::new("name", t.organisation_name, "text", "off")))
        (check(Some("policy-mfa_required"), "mfa_required", None, t.mfa_required))
        p.hint #mfa-needs-own hidden { (t.mfa_needs_own) }
        (check(Some("policy-public_sharing"), "public_sharing", None, t.public_sharing))
    };
    html! {
        section {
            h2 { (t.policy) }
            (form("policy", &fields, t.save, Some(t.saved)))
        }
    }
}

fn members(t: &Texts) -> Markup {
    html! {
        section {
            h2 { (t.members) }
            ul.rows #members {}
            p.form-fault role="alert" hidden {}
            div.actions { button.danger #leave type="button" { (t.leave) } }
            template #member {
                li.row {
                    div { span data-slot="name" {} " " span.badge hidden { (t.member_factor) } div.hint data-slot="about" {} }
                    button.danger type="button" { (t.member_remove) }
                    details {
                        summary { (t.member_roles) }
                        (roles(t))
                        div.actions { button.plain type="button" { (t.save) } }
                    }
                    p.form-fault role="alert" hidden {}
                }
            }
        }
    }
}

fn invitations(t: &Texts) -> Markup {
    let fields = html! { (field("invite", Field::new("email", t.email, "email", "off"))) (roles(t)) };
    html! {
        section #invitations-section hidden {
            h2 { (t.invitations) }
            p.hint { (t.invitations_lead) }
            p.hint #no-invitations hidden { (t.invitations_none) }
            ul.rows #invitations {}
            (form("invite", &fields, t.invite, Some(t.invited_done)))
            template #invitation {
                li.row {
                    div { span data-slot="email" {} div.hint data-slot="about" {} }
                    button.plain type="button" { (t.invitation_withdraw) }
                    p.form-fault role="alert" hidden {}
                }
            }
        }
    }
}
