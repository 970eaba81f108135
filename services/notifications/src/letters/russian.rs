//! Letters in Russian.

use super::{Letter, LetterError, Locale, Request, Template};

pub(super) fn letter(request: &Request<'_>) -> Result<Letter, LetterError> {
    let (subject, news) = subject_and_news(request)?;
    let (action, note) = action_and_note(request.template);
    let deadline = request.deadline().map(|deadline| format!("Ссылка действует один раз, до {deadline}."));
    Ok(Letter { locale: Locale::Russian, subject, news, action, link: request.link()?, deadline, note })
}

fn subject_and_news(request: &Request<'_>) -> Result<(String, String), LetterError> {
    let (subject, news) = match request.template {
        Template::VerifyEmail => (
            "Подтвердите адрес".to_owned(),
            "Кто-то, вероятно вы, указал этот адрес при регистрации в GooSeek.".to_owned(),
        ),
        Template::AccountExists => (
            "У вас уже есть учётная запись".to_owned(),
            "Кто-то, вероятно вы, попытался зарегистрировать этот адрес, но для него уже есть учётная запись."
                .to_owned(),
        ),
        Template::ResetPassword => (
            "Запрошен новый пароль".to_owned(),
            "Кто-то, вероятно вы, запросил новый пароль для вашей учётной записи.".to_owned(),
        ),
        Template::PasswordChanged => {
            ("Пароль изменён".to_owned(), format!("Пароль вашей учётной записи изменён ({}).", request.time()?))
        }
        Template::Invitation => {
            let (inviter, organisation) = (request.text("inviter")?, request.text("organisation")?);
            let news = format!("{inviter} приглашает вас в организацию {organisation} в GooSeek.");
            (format!("{inviter} приглашает вас в {organisation}"), news)
        }
        Template::SessionReuse => (
            "Ваш сеанс завершён".to_owned(),
            format!(
                "Сеанс вашей учётной записи использовали из двух мест: так бывает, когда его кто-то скопировал ({}). Мы завершили \
                 этот сеанс.",
                request.place_and_time()?
            ),
        ),
        Template::NewSignIn => {
            ("Новый вход".to_owned(), format!("В вашу учётную запись вошли ({}).", request.place_and_time()?))
        }
    };
    Ok((subject, news))
}

const fn action_and_note(template: Template) -> (&'static str, &'static str) {
    match template {
        Template::VerifyEmail => (
            "Подтвердить адрес",
            "Если это были не вы, ничего делать не нужно: без этой ссылки учётная запись не появится.",
        ),
        Template::AccountExists => {
            ("Войти", "Если это были не вы, ничего делать не нужно: учётная запись не изменилась.")
        }
        Template::ResetPassword => {
            ("Выбрать новый пароль", "Если это были не вы, ничего делать не нужно: пароль останется прежним.")
        }
        Template::PasswordChanged => {
            ("Выбрать другой пароль", "Если это были не вы, прямо сейчас выберите другой пароль.")
        }
        Template::Invitation => {
            ("Посмотреть приглашение", "Если вы не знаете, кто вас приглашает, ничего делать не нужно.")
        }
        Template::SessionReuse => {
            ("Посмотреть сеансы", "Войдите снова. Если вы не можете это объяснить, смените пароль.")
        }
        Template::NewSignIn => ("Посмотреть сеансы", "Если это были не вы, прямо сейчас смените пароль."),
    }
}
