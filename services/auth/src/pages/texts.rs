//! What the pages say, in every language. A text that one language lacks does not compile.

use serde::Serialize;

/// Rows of `name: "English", "Russian";`.
macro_rules! texts {
    ($($name:ident: $english:literal, $russian:literal;)*) => {
        /// The texts of the pages in one language.
        pub(super) struct Texts {
            /// As `<html lang>` has it.
            pub(super) language: &'static str,
            pub(super) script: ScriptTexts,
            $(pub(super) $name: &'static str,)*
        }

        pub(super) const EN: Texts = Texts { language: "en", script: SCRIPT_EN, $($name: $english,)* };
        pub(super) const RU: Texts = Texts { language: "ru", script: SCRIPT_RU, $($name: $russian,)* };
    };
}

texts! {
    sign_in: "Sign in", "Вход";
    sign_in_now: "Sign in", "Войти";
    email: "Email", "Эл. почта";
    password: "Password", "Пароль";
    forgot_link: "Forgot the password?", "Забыли пароль?";
    sign_up_link: "Make an account", "Создать учётную запись";
    sign_in_link: "Sign in", "Войти";
    second_factor: "A code, too", "Ещё нужен код";
    second_factor_lead:
        "Six digits of the authenticator app, or one of your recovery codes.",
        "Шесть цифр из приложения для кодов или один из кодов восстановления.";
    code: "Code", "Код";
    set_up: "The first account", "Первая учётная запись";
    set_up_lead:
        "It owns this GooSeek, with all that was asked and added here before, and invites the others.",
        "Ей принадлежит этот GooSeek со всем, что здесь уже спрошено и добавлено. Остальных приглашает она.";
    set_up_now: "Make the account", "Создать";
    name: "Name", "Имя";
    organisation_name: "Name of the organisation", "Название организации";
    password_rule: "At least 8 characters that are not easy to guess.", "Не меньше 8 знаков, и чтобы было нелегко угадать.";
    sign_up: "Make an account", "Новая учётная запись";
    sign_up_lead:
        "Use the address at which you were invited. A mail with a link proves that it is yours.",
        "Укажите адрес, на который пришло приглашение. Письмо со ссылкой подтвердит, что он ваш.";
    sign_up_now: "Make the account", "Создать";
    sign_up_done:
        "Look into your mail: what to do next stands there.",
        "Загляните в почту: дальше — как написано в письме.";
    verify: "Is this address yours?", "Это ваш адрес?";
    verify_lead: "The button proves that the mail reached you.", "Кнопка подтвердит, что письмо дошло до вас.";
    verify_now: "Yes, it is mine", "Да, мой";
    verify_done: "The address is proven. You can sign in now.", "Адрес подтверждён. Теперь можно войти.";
    device: "Sign in on a device", "Вход на устройстве";
    device_lead:
        "A program on another device or in a terminal shows a code. Confirm it only if you have just started that program yourself.",
        "Программа на другом устройстве или в терминале показывает код. Подтвердите его, только если сами её сейчас запустили.";
    device_code: "Code of the device", "Код с устройства";
    device_now: "Let it sign in", "Разрешить вход";
    device_done: "The device is signed in. You can close this page.", "Устройство вошло. Эту страницу можно закрыть.";
    forgot: "A new password", "Новый пароль";
    forgot_lead: "A link to choose one comes by mail.", "Ссылка, по которой его выбирают, придёт в письме.";
    forgot_now: "Send the link", "Прислать ссылку";
    forgot_done:
        "If the address has an account, a mail is on its way. Its link is good for half an hour.",
        "Если у этого адреса есть учётная запись, письмо уже идёт. Ссылка в нём действует полчаса.";
    reset: "Choose a new password", "Выберите новый пароль";
    reset_lead: "You are signed out everywhere, and sign in with it.", "На всех устройствах понадобится войти заново, уже с ним.";
    new_password: "New password", "Новый пароль";
    reset_now: "Change the password", "Сменить пароль";
    reset_done: "The password is changed. You can sign in with it now.", "Пароль сменён. Теперь можно с ним войти.";
    no_script: "These pages need JavaScript.", "Для этих страниц нужен JavaScript.";
    back: "To the questions", "К вопросам";
    pages: "Account", "Учётная запись";
    cancel: "Cancel", "Отмена";
    confirm_yes: "Yes", "Да";

    security: "Security", "Безопасность";
    profile: "Profile", "Профиль";
    locale: "Language", "Язык";
    save: "Save", "Сохранить";
    saved: "Saved.", "Сохранено.";
    present_password: "Present password", "Нынешний пароль";
    password_changed: "The password is changed; other sessions have ended.", "Пароль сменён, другие сеансы завершены.";
    factor: "Second factor", "Второй фактор";
    factor_lead:
        "A code of an authenticator app, asked for after the password.",
        "Код из приложения, который спрашивают после пароля.";
    factor_on: "On", "Включён";
    factor_begin: "Set up an app", "Подключить приложение";
    factor_scan:
        "Scan the picture with the app, or type the letters below into it. Then give the code that the app shows.",
        "Отсканируйте картинку приложением или введите в него буквы под ней. Затем укажите код, который оно покажет.";
    factor_picture: "QR code for the authenticator app", "QR-код для приложения";
    factor_confirm: "Switch on", "Включить";
    factor_remove: "Switch off", "Выключить";
    factor_remove_title: "Switch the second factor off", "Выключить второй фактор";
    codes_new: "New recovery codes", "Новые коды восстановления";
    codes_once:
        "Recovery codes, each good once, for when the app is lost. Keep them now: they are not shown again.",
        "Коды восстановления на случай, если приложение потеряно; каждый годится один раз. Сохраните их: больше они не появятся.";
    sessions: "Sessions", "Сеансы";
    sessions_lead: "Where you are signed in.", "Где выполнен вход.";
    session_this: "This one", "Этот";
    session_end: "End", "Завершить";
    sign_out: "Sign out", "Выйти";
    sign_out_everywhere: "Sign out everywhere", "Выйти везде";
    keys: "API keys", "Ключи API";
    keys_lead: "For programs that act for you in this organisation.", "Для программ, которые действуют от вашего имени в этой организации.";
    keys_none: "There are no keys.", "Ключей нет.";
    key_once: "The new key. Keep it now: it is not shown again.", "Новый ключ. Сохраните его: больше он не появится.";
    key_new: "New key", "Новый ключ";
    key_name: "What it is for", "Для чего он";
    key_scopes: "What it may do", "Что ему можно";
    key_days: "Good for", "Срок";
    key_month: "30 days", "30 дней";
    key_year: "a year", "год";
    key_ever: "until it is revoked", "пока не отозван";
    key_make: "Make the key", "Создать ключ";
    key_revoke: "Revoke", "Отозвать";

    organisation: "Organisation", "Организация";
    invited: "You are invited", "Вас пригласили";
    accept: "Accept", "Принять";
    own: "Your organisations", "Ваши организации";
    current: "This one", "Эта";
    go_there: "Go there", "Перейти";
    new_organisation: "Another organisation", "Ещё одна организация";
    new_organisation_now: "Make it", "Создать";
    policy: "Name and rules", "Название и правила";
    mfa_required: "Members sign in with a second factor", "Участники входят со вторым фактором";
    mfa_needs_own:
        "Set up a second factor of your own first: without one you would be locked out.",
        "Сначала подключите второй фактор себе: без него вас самих не впустят.";
    public_sharing: "Shared links open without an account", "Ссылки, которыми поделились, открываются без входа";
    members: "Members", "Участники";
    member_factor: "Second factor", "Второй фактор";
    member_roles: "Change the roles", "Изменить роли";
    member_remove: "Remove", "Исключить";
    invitations: "Invitations", "Приглашения";
    invitations_lead: "Who is invited gets a mail and joins with that address.", "Приглашённый получает письмо и вступает с этим адресом.";
    invitations_none: "Nobody is waiting.", "Никто не ждёт.";
    invitation_withdraw: "Withdraw", "Отозвать";
    invite: "Invite", "Пригласить";
    invited_done: "The invitation is on its way.", "Приглашение отправлено.";
    roles: "Roles", "Роли";
    leave: "Leave the organisation", "Выйти из организации";
}

/// What the scripts say, and their words for what the server answers.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct ScriptTexts {
    network: &'static str,
    failed: &'static str,
    required: &'static str,
    too_many: &'static str,
    codes_left: &'static str,
    last_used: &'static str,
    unknown_program: &'static str,
    expires: &'static str,
    no_expiry: &'static str,
    confirm_everywhere: &'static str,
    confirm_key: &'static str,
    confirm_leave: &'static str,
    confirm_remove: &'static str,
    pub(super) roles: Roles,
    #[serde(serialize_with = "as_map")]
    pub(super) reasons: &'static [(&'static str, &'static str)],
}

/// What a member can be.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Roles {
    pub(super) owner: &'static str,
    pub(super) admin: &'static str,
    pub(super) member: &'static str,
    pub(super) billing: &'static str,
    pub(super) auditor: &'static str,
    pub(super) guest: &'static str,
}

impl Roles {
    /// With the names that the API has for them.
    pub(super) const fn all(&self) -> [(&'static str, &'static str); 6] {
        [
            ("owner", self.owner),
            ("admin", self.admin),
            ("member", self.member),
            ("billing", self.billing),
            ("auditor", self.auditor),
            ("guest", self.guest),
        ]
    }
}

const SCRIPT_EN: ScriptTexts = ScriptTexts {
    network: "The server does not answer. Try again in a moment.",
    failed: "The server could not do it.",
    required: "Fill this in.",
    too_many: "Too many attempts. Try again in {seconds} s.",
    codes_left: "Recovery codes left: {count}.",
    last_used: "last used {time}",
    unknown_program: "Unknown program",
    expires: "until {time}",
    no_expiry: "does not expire",
    confirm_everywhere: "Sign out on every device, this one too?",
    confirm_key: "Revoke the key “{name}”? Programs that use it stop working.",
    confirm_leave: "Leave this organisation? You see its threads and files no more, and your keys in it end.",
    confirm_remove: "Remove {name}? Their sessions and keys in this organisation end.",
    roles: Roles {
        owner: "owner",
        admin: "admin",
        member: "member",
        billing: "billing",
        auditor: "auditor",
        guest: "guest",
    },
    reasons: &[
        ("link not found", "This link is unknown, was used, or has expired."),
        ("8 to 128 characters", "It needs 8 to 128 characters."),
        (
            "too easy to guess: it is common, or made of your name or address",
            "This is too easy to guess: it is common, or made of your name or address.",
        ),
        ("an address of mail such as ann@example.org", "This is no address of mail such as ann@example.org."),
        ("6 to 254 characters", "This is no address of mail such as ann@example.org."),
        ("the address or the password is wrong", "The address or the password is wrong."),
        ("the password is wrong", "The password is wrong."),
        ("the code is wrong or was used before", "The code is wrong or was used before."),
    ],
};

const SCRIPT_RU: ScriptTexts = ScriptTexts {
    network: "Сервер не отвечает. Попробуйте чуть позже.",
    failed: "Серверу не удалось это сделать.",
    required: "Заполните это поле.",
    too_many: "Слишком много попыток. Следующая — через {seconds} с.",
    codes_left: "Осталось кодов восстановления: {count}.",
    last_used: "использован {time}",
    unknown_program: "Неизвестная программа",
    expires: "до {time}",
    no_expiry: "бессрочно",
    confirm_everywhere: "Выйти на всех устройствах, и на этом тоже?",
    confirm_key: "Отозвать ключ «{name}»? Программы с ним перестанут работать.",
    confirm_leave: "Выйти из этой организации? Её беседы и файлы станут недоступны, ваши ключи в ней пропадут.",
    confirm_remove: "Исключить {name}? Сеансы и ключи этого участника в организации пропадут.",
    roles: Roles {
        owner: "владелец",
        admin: "администратор",
        member: "участник",
        billing: "бухгалтер",
        auditor: "аудитор",
        guest: "гость",
    },
    reasons: &[
        ("link not found", "Эта ссылка неизвестна, использована или устарела."),
        ("8 to 128 characters", "Нужно от 8 до 128 знаков."),
        (
            "too easy to guess: it is common, or made of your name or address",
            "Такой легко угадать: он распространён или составлен из вашего имени или адреса.",
        ),
        ("an address of mail such as ann@example.org", "Это не похоже на адрес почты вроде ann@example.org."),
        ("6 to 254 characters", "Это не похоже на адрес почты вроде ann@example.org."),
        ("the address or the password is wrong", "Адрес или пароль неверен."),
        ("the password is wrong", "Пароль неверен."),
        ("the code is wrong or was used before", "Код неверен или уже использован."),
        ("the code is wrong: is the clock of the device right?", "Код неверен. Верно ли идут часы на устройстве?"),
        ("6 to 10 characters", "В коде шесть цифр."),
        ("6 to 40 characters", "В коде шесть цифр; код восстановления длиннее."),
        ("this sign-in has expired: begin again with the password", "Время входа вышло: начните снова с пароля."),
        (
            "follow the link in the mail that was sent to this address first",
            "Сначала перейдите по ссылке из письма, которое пришло на этот адрес.",
        ),
        (
            "you are a member of no such organisation: ask for an invitation",
            "Вы не состоите ни в одной организации: попросите приглашение.",
        ),
        ("too many people sign in at this moment", "Сейчас входит слишком много людей. Попробуйте чуть позже."),
        ("this request comes from another site", "Этот запрос пришёл с другого сайта."),
        ("1 to 200 characters on one line", "Нужно от 1 до 200 знаков в одну строку."),
        ("1 to 1000 characters", "Нужно от 1 до 1000 знаков."),
        ("1 to 50 scopes", "Отметьте, что ключу можно."),
        ("1 to 6 roles", "Отметьте хотя бы одну роль."),
        ("is in the past", "Этот срок уже прошёл."),
        ("only an owner makes and unmakes owners", "Владельцев назначают и снимают только владельцы."),
        (
            "an organisation has an owner: make somebody else one first",
            "У организации должен быть владелец: сначала назначьте другого.",
        ),
        (
            "this organisation asks for a second factor: sign in with one",
            "Эта организация требует второго фактора: войдите с ним.",
        ),
        ("the account has an authenticator app: remove it first", "Приложение уже подключено: сначала отключите его."),
        ("the account has an authenticator app already", "Приложение уже подключено."),
        ("invitation not found", "Приглашения больше нет."),
        ("session not found", "Этого сеанса больше нет."),
        ("API key not found", "Этого ключа больше нет."),
        ("member not found", "Этого участника больше нет."),
        ("organisation not found", "Этой организации больше нет, или вы в ней не состоите."),
        ("an internal error occurred", "На сервере произошла ошибка."),
    ],
};

fn as_map<S: serde::Serializer>(rows: &&[(&str, &str)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(rows.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the server's words are put into others in English, they are in Russian too, and none of them is forgotten where it is said.
    #[test]
    fn what_the_server_says_has_words_in_russian() {
        for (said, _) in EN.script.reasons {
            assert!(RU.script.reasons.iter().any(|(known, _)| known == said), "{said}");
        }
        let sources = [
            include_str!("../accounts/api_keys.rs"),
            include_str!("../accounts/invitations.rs"),
            include_str!("../accounts/members.rs"),
            include_str!("../accounts/recovery.rs"),
            include_str!("../accounts/registration.rs"),
            include_str!("../accounts/second_factor.rs"),
            include_str!("../accounts/sign_in.rs"),
            include_str!("../http/account.rs"),
            include_str!("../http/sign_in.rs"),
            include_str!("../http.rs"),
            include_str!("../passwords.rs"),
        ];
        let is_said = |text: &str| sources.iter().any(|source| source.contains(&format!("{text:?}")));
        let of_the_frame = ["this request", "1 to 200", "this organisation", "an internal"];
        for (said, _) in RU.script.reasons {
            let known = is_said(said)
                || said.ends_with(" not found")
                || of_the_frame.iter().any(|start| said.starts_with(start))
                || said.starts_with("1 to ")
                || said.starts_with("6 to ");
            assert!(known, "nothing says {said:?}");
        }
        for source in sources {
            let said = source
                .lines()
                .filter(|line| line.contains("violation(\"/") || line.contains("Problem::unauthorized(\""));
            for line in said {
                let text = line
                    .rsplit_once('"')
                    .map_or(line, |(start, _)| start)
                    .rsplit_once('"')
                    .map_or("", |(_, text)| text);
                let known = RU.script.reasons.iter().any(|(known, _)| *known == text);
                // What a variable says is found where it is made. To a browser whose session has ended nothing is said: it signs in.
                let needs_none = text.starts_with('/') || text.starts_with("there is no session");
                assert!(known || needs_none, "no Russian words for {text:?}");
            }
        }
    }
}
