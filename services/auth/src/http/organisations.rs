//! Organisations, their members and invitations.

use access::{Allowed, Role, Roles, action};
use axum::{
    Json,
    extract::{Path, State},
    response::{NoContent, Response},
};
use base::Problem;
use kit::{Created, Id, IfMatch, JsonBody, Page, PageOf, Resource, Tagged, Validator};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use super::{RoleName, sign_in};
use crate::accounts::{Accounts, Invitation, Member, Organisation, OrganisationChange, OwnOrganisation};

pub(super) fn routes() -> OpenApiRouter<Accounts> {
    kit::routes![
        list_organisations,
        create_organisation,
        get_organisation,
        change_organisation,
        switch_organisation,
        leave_organisation,
        list_members,
        change_member,
        remove_member,
        list_invitations,
        invite,
        withdraw_invitation,
        accept_invitation
    ]
}

/// Organisations of the caller.
#[derive(Debug, Serialize, ToSchema)]
struct OwnOrganisations {
    /// The one joined first at the front.
    items: Vec<OwnOrganisation>,
}

/// The organisations the caller is a member of.
#[utoipa::path(get, path = "/api/v1/organisations", operation_id = "list_organisations")]
async fn list_organisations(
    State(accounts): State<Accounts>,
    who: Allowed<action::ListOrganisations>,
) -> Result<Json<OwnOrganisations>, Problem> {
    accounts.own_organisations(&who).await.map(|items| Json(OwnOrganisations { items }))
}

/// An organisation to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewOrganisation {
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    name: String,
}

/// Make an organisation, which the caller owns.
#[utoipa::path(post, path = "/api/v1/organisations", operation_id = "create_organisation")]
async fn create_organisation(
    State(accounts): State<Accounts>,
    who: Allowed<action::CreateOrganisation>,
    JsonBody(new): JsonBody<NewOrganisation>,
) -> Result<Created<Organisation>, Problem> {
    let mut check = Validator::default();
    check.ensure_line(&new.name, 200, "/name");
    check.finish()?;
    accounts.create_organisation(&who, new.name.trim()).await.map(Created)
}

/// The organisation the caller is signed in to.
#[utoipa::path(get, path = "/api/v1/organisations/{id}", operation_id = "get_organisation")]
async fn get_organisation(
    State(accounts): State<Accounts>,
    who: Allowed<action::GetOrganisation>,
    id: Id<Organisation>,
) -> Result<Tagged<Organisation>, Problem> {
    accounts.organisation(&who, id.0).await.map(Tagged::from)
}

/// Change an organisation's name or what it demands. With `If-Match` only if it was not changed in between.
#[utoipa::path(patch, path = "/api/v1/organisations/{id}", operation_id = "change_organisation")]
async fn change_organisation(
    State(accounts): State<Accounts>,
    who: Allowed<action::ChangeOrganisation>,
    id: Id<Organisation>,
    if_match: IfMatch,
    JsonBody(change): JsonBody<OrganisationChange>,
) -> Result<Tagged<Organisation>, Problem> {
    if let Some(name) = &change.name {
        let mut check = Validator::default();
        check.ensure_line(name, 200, "/name");
        check.finish()?;
    }
    accounts.change_organisation(&who, id.0, change, &if_match).await.map(Tagged::from)
}

/// Which client goes on.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Switch {
    /// Whether the session is a browser's: its tokens are set as cookies and not shown.
    #[serde(default)]
    browser: bool,
}

/// Go on in another organisation of the caller, in the same session.
#[utoipa::path(
    post, path = "/api/v1/organisations/{id}/switch", operation_id = "switch_organisation",
    responses(
        (status = 200, description = "The session goes on there.", body = super::sign_in::SignedIn),
        (status = 403, description = "An API key has no session.")))]
async fn switch_organisation(
    State(accounts): State<Accounts>,
    who: Allowed<action::SwitchOrganisation>,
    id: Id<Organisation>,
    JsonBody(switch): JsonBody<Switch>,
) -> Result<Response, Problem> {
    let tokens = accounts.switch_organisation(&who, id.0).await?;
    Ok(sign_in::answer(&accounts, tokens, switch.browser))
}

/// Leave the organisation.
#[utoipa::path(
    post, path = "/api/v1/organisations/{id}/leave", operation_id = "leave_organisation",
    responses((status = 409, description = "The caller is its only owner.")))]
async fn leave_organisation(
    State(accounts): State<Accounts>,
    who: Allowed<action::LeaveOrganisation>,
    id: Id<Organisation>,
) -> Result<NoContent, Problem> {
    accounts.leave(&who, id.0).await?;
    Ok(NoContent)
}

/// The members of the organisation.
#[utoipa::path(get, path = "/api/v1/organisations/{id}/members", operation_id = "list_members")]
async fn list_members(
    State(accounts): State<Accounts>,
    who: Allowed<action::ListMembers>,
    id: Id<Organisation>,
    page: Page,
) -> Result<PageOf<Member>, Problem> {
    accounts.members(&who, id.0, &page).await
}

/// What a member is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MemberChange {
    #[schema(min_items = 1, max_items = 6)]
    roles: Vec<RoleName>,
}

/// Give a member other roles. Its access tokens are renewed within seconds.
#[utoipa::path(
    put, path = "/api/v1/organisations/{id}/members/{user_id}/roles", operation_id = "change_member",
    params(("user_id" = Uuid, Path)),
    responses((status = 409, description = "The organisation would have no owner.")))]
async fn change_member(
    State(accounts): State<Accounts>,
    who: Allowed<action::ChangeMember>,
    id: Id<Organisation>,
    Path(path): Path<MemberPath>,
    JsonBody(change): JsonBody<MemberChange>,
) -> Result<NoContent, Problem> {
    let roles = roles(&change.roles)?;
    accounts.change_member(&who, id.0, path.user()?, roles).await?;
    Ok(NoContent)
}

/// Remove a member. Its sessions and keys in the organisation end.
#[utoipa::path(
    delete, path = "/api/v1/organisations/{id}/members/{user_id}", operation_id = "remove_member",
    params(("user_id" = Uuid, Path)),
    responses((status = 409, description = "The organisation would have no owner.")))]
async fn remove_member(
    State(accounts): State<Accounts>,
    who: Allowed<action::RemoveMember>,
    id: Id<Organisation>,
    Path(path): Path<MemberPath>,
) -> Result<NoContent, Problem> {
    accounts.remove_member(&who, id.0, path.user()?).await?;
    Ok(NoContent)
}

/// Invitations that were not taken up, newest first.
#[utoipa::path(get, path = "/api/v1/organisations/{id}/invitations", operation_id = "list_invitations")]
async fn list_invitations(
    State(accounts): State<Accounts>,
    who: Allowed<action::ListInvitations>,
    id: Id<Organisation>,
    page: Page,
) -> Result<PageOf<Invitation>, Problem> {
    accounts.invitations(&who, id.0, &page).await
}

/// Whom to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InvitationRequest {
    #[schema(min_length = 6, max_length = 254)]
    email: String,
    #[schema(min_items = 1, max_items = 6)]
    roles: Vec<RoleName>,
}

/// Invite an address by mail, in place of an earlier invitation.
#[utoipa::path(post, path = "/api/v1/organisations/{id}/invitations", operation_id = "invite")]
async fn invite(
    State(accounts): State<Accounts>,
    who: Allowed<action::Invite>,
    id: Id<Organisation>,
    JsonBody(invitation): JsonBody<InvitationRequest>,
) -> Result<Created<Invitation>, Problem> {
    let roles = roles(&invitation.roles)?;
    accounts.invite(&who, id.0, &invitation.email, roles).await.map(Created)
}

/// Withdraw an invitation.
#[utoipa::path(
    delete, path = "/api/v1/organisations/{id}/invitations/{invitation_id}", operation_id = "withdraw_invitation",
    params(("invitation_id" = Uuid, Path)))]
async fn withdraw_invitation(
    State(accounts): State<Accounts>,
    who: Allowed<action::WithdrawInvitation>,
    id: Id<Organisation>,
    Path(path): Path<InvitationPath>,
) -> Result<NoContent, Problem> {
    let invitation = path.invitation_id.parse().map_err(|_| Invitation::missing())?;
    accounts.withdraw_invitation(&who, id.0, invitation).await?;
    Ok(NoContent)
}

/// Accept an invitation of the caller, and become a member.
#[utoipa::path(post, path = "/api/v1/auth/invitations/{id}/accept", operation_id = "accept_invitation")]
async fn accept_invitation(
    State(accounts): State<Accounts>,
    who: Allowed<action::AcceptInvitation>,
    id: Id<Invitation>,
) -> Result<NoContent, Problem> {
    accounts.accept_invitation(&who, id.0).await?;
    Ok(NoContent)
}

#[derive(Debug, Deserialize)]
struct MemberPath {
    user_id: String,
}

impl MemberPath {
    fn user(&self) -> Result<Uuid, Problem> {
        self.user_id.parse().map_err(|_| Member::missing())
    }
}

#[derive(Debug, Deserialize)]
struct InvitationPath {
    invitation_id: String,
}

fn roles(names: &[RoleName]) -> Result<Roles, Problem> {
    let mut check = Validator::default();
    check.ensure((1..=6).contains(&names.len()), "/roles", "1 to 6 roles");
    check.finish()?;
    Ok(Roles::from(names.iter().copied().map(Role::from).collect::<Vec<_>>()))
}
