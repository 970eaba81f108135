//! Letters in English.

use super::{Letter, LetterError, Locale, Request, Template};

pub(super) fn letter(request: &Request<'_>) -> Result<Letter, LetterError> {
    let (subject, news) = subject_and_news(request)?;
    let (action, note) = action_and_note(request.template);
    let deadline = request.deadline().map(|deadline| format!("The link works once, until {deadline}."));
    Ok(Letter { locale: Locale::English, subject, news, action, link: request.link()?, deadline, note })
}

fn subject_and_news(request: &Request<'_>) -> Result<(String, String), LetterError> {
    let (subject, news) = match request.template {
        Template::VerifyEmail => (
            "Confirm your address".to_owned(),
            "Somebody, probably you, registered this address with GooSeek.".to_owned(),
        ),
        Template::AccountExists => (
            "You have an account already".to_owned(),
            "Somebody, probably you, tried to register this address, which has an account already.".to_owned(),
        ),
        Template::ResetPassword => (
            "A new password was asked for".to_owned(),
            "Somebody, probably you, asked for a new password for your account.".to_owned(),
        ),
        Template::PasswordChanged => (
            "Your password was changed".to_owned(),
            format!("The password of your account was changed ({}).", request.time()?),
        ),
        Template::Invitation => {
            let (inviter, organisation) = (request.text("inviter")?, request.text("organisation")?);
            let news = format!("{inviter} invites you to the organisation {organisation} in GooSeek.");
            (format!("{inviter} invites you to {organisation}"), news)
        }
        Template::SessionReuse => (
            "A session of yours was ended".to_owned(),
            format!(
                "A session of your account was used from two places, as it is when somebody has copied it ({}). It was ended.",
                request.place_and_time()?
            ),
        ),
        Template::NewSignIn => {
            ("New sign-in".to_owned(), format!("Somebody signed in to your account ({}).", request.place_and_time()?))
        }
    };
    Ok((subject, news))
}

const fn action_and_note(template: Template) -> (&'static str, &'static str) {
    match template {
        Template::VerifyEmail => {
            ("Confirm the address", "If it was not you, there is nothing to do: no account is made without the link.")
        }
        Template::AccountExists => {
            ("Sign in", "If it was not you, there is nothing to do: the account has not changed.")
        }
        Template::ResetPassword => {
            ("Choose a new password", "If it was not you, there is nothing to do: your password stays as it is.")
        }
        Template::PasswordChanged => ("Choose another password", "If it was not you, choose another password now."),
        Template::Invitation => ("Show the invitation", "If you do not know who invites you, there is nothing to do."),
        Template::SessionReuse => {
            ("Show your sessions", "Sign in again. If you cannot explain it, change your password.")
        }
        Template::NewSignIn => ("Show your sessions", "If it was not you, change your password now."),
    }
}
