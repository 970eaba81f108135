//! Recognises pages that were answered with success and say that there is nothing to read: error pages and bot checks.
//!
//! The heading or title has to consist of nothing but such words, and the page has to be short and to speak to its
//! reader: an article about errors does neither.

use serde::{Deserialize, Serialize};

use crate::coverage::words;

/// Why a page is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageFault {
    /// It says that what was asked for does not exist.
    NotFound,
    /// It asks its reader to prove not to be a program.
    BotCheck,
    /// It refuses the reader, or is out of order.
    Unavailable,
}

/// Words of an error page, with the links it offers.
const MAX_WORDS: u32 = 250;

/// Words of a page whose heading is enough, or whose text is.
const SHORT: u32 = 60;

/// Headings that are looked at.
const MAX_HEADINGS: usize = 3;

/// Words around a heading that say nothing.
const FILLERS: &str = " error http status code oops ooops whoops uh oh sorry the this that your we re were so very hmm \
    ошибка упс ой извините простите к сожалению fehler hoppla leider erreur désolé oups lo sentimos ups errore ops spiacenti \
    erro desculpe fout hata błąd エラー 错误 ";

const NOT_FOUND: &str = "not found|page not found|page cannot be found|page can t be found|page could not be found|\
    page does not exist|page doesn t exist|page isn t available|page is not available|page is no longer available|\
    page no longer exists|page you requested was not found|page you are looking for doesn t exist|\
    page you re looking for can t be found|page you are looking for can t be found|page has been removed|\
    requested page not found|requested url was not found|content not found|file not found|file or directory not found|\
    object not found|can t find that page|couldn t find that page|can t find page|couldn t find page|page missing|\
    page unavailable|nothing here|страница не найдена|страница не существует|такой страницы нет|такой страницы не существует|\
    запрашиваемая страница не найдена|страница удалена|страница не найдена или удалена|не найдено|ничего не найдено|\
    seite nicht gefunden|nicht gefunden|diese seite existiert nicht|seite existiert nicht|die seite wurde nicht gefunden|\
    seite wurde nicht gefunden|page introuvable|page non trouvée|cette page n existe pas|introuvable|\
    page n existe pas|página no encontrada|pagina no encontrada|no encontrado|no encontrada|la página no existe|\
    pagina non trovata|página não encontrada|pagina niet gevonden|strona nie istnieje|nie znaleziono strony|\
    strona nie została znaleziona|stránka nenalezena|sidan hittades inte|sayfa bulunamadı|сторінку не знайдено|\
    ページが見つかりません|ページが見つかりませんでした|お探しのページは見つかりませんでした|页面不存在|找不到页面|页面未找到|\
    您访问的页面不存在|페이지를 찾을 수 없습니다";

const BOT_CHECK: &str = "just a moment|one moment please|attention required|attention required cloudflare|\
    checking your browser|checking your browser before accessing|checking if the site connection is secure|\
    verify you are human|verifying you are human|please verify you are human|please verify you are a human|are you a robot|are you human|\
    are you a human|human verification|robot check|bot verification|security check|security verification|\
    pardon our interruption|pardon the interruption|please wait|ddos protection|ddos guard|captcha|\
    please complete the security check|prove you are human|confirm you are human|confirm you are not a robot|\
    вы не робот|вы робот|подтвердите что вы не робот|подтвердите что вы человек|проверка браузера|проверка безопасности|\
    проверяем ваш браузер|докажите что вы не робот|sind sie ein mensch|sind sie ein roboter|sicherheitsüberprüfung|\
    bitte bestätigen sie dass sie ein mensch sind|bestätigen sie dass sie kein roboter sind|vérification de sécurité|\
    êtes vous un robot|vérifiez que vous êtes humain|eres un robot|verifica que eres humano|comprobación de seguridad|\
    sei un robot|verifica di sicurezza|você é um robô|czy jesteś robotem|请完成安全验证|安全验证|人机验证|\
    ロボットではありません|私はロボットではありません";

const UNAVAILABLE: &str = "access denied|access to this page has been denied|forbidden|403 forbidden|you have been blocked|\
    service unavailable|temporarily unavailable|internal server|bad gateway|gateway timeout|too many requests|\
    under maintenance|site under maintenance|site is under maintenance|down for maintenance|something went wrong|\
    an occurred|application error|request blocked|request rejected|доступ запрещён|доступ запрещен|\
    сервис временно недоступен|технические работы|сайт временно недоступен|zugriff verweigert|wartungsarbeiten|\
    accès refusé|site en maintenance|acceso denegado|en mantenimiento|accesso negato|アクセスが拒否されました|访问被拒绝";

/// What such pages say to their reader (in lower case).
const ADDRESSED: [&str; 44] = [
    "you requested",
    "you are looking for",
    "you're looking for",
    "you were looking for",
    "you are trying to",
    "you tried to",
    "requested url",
    "requested page",
    "requested resource",
    "was not found on this server",
    "may have been moved",
    "may have been removed",
    "might have been",
    "no longer exist",
    "no longer available",
    "check the url",
    "check the address",
    "mistyped",
    "go to the home",
    "back to home",
    "go home",
    "homepage",
    "home page",
    "return to",
    "try searching",
    "don't have permission",
    "try again",
    "contact the site",
    "security service",
    "ray id",
    "reference #",
    "unusual traffic",
    "enable javascript",
    "enable cookies",
    "human",
    "вы запра",
    "вы ищете",
    "на главную",
    "главную страницу",
    "startseite",
    "page d'accueil",
    "página de inicio",
    "トップページ",
    "首页",
];

/// What only bot checks have in their source.
const BOT_CHECK_MARKS: [&str; 15] = [
    "cf-browser-verification",
    "_cf_chl_opt",
    "cf-challenge",
    "cf-turnstile",
    "px-captcha",
    "captcha-delivery.com",
    "_Incapsula_Resource",
    "distil_r_captcha",
    "sec-if-cpt-container",
    "awswaf",
    "ddos-guard",
    "SmartCaptcha",
    "showcaptcha",
    "g-recaptcha",
    "h-captcha",
];

/// What a bot check asks for (in lower case).
const BOT_CHECK_TEXT: [&str; 18] = [
    "verify you are human",
    "verify that you are human",
    "verifying you are human",
    "you are not a robot",
    "you're not a robot",
    "you are a human",
    "unusual traffic from your",
    "checking your browser",
    "complete the security check",
    "automated requests",
    "что вы не робот",
    "запросы, поступившие с вашего",
    "kein roboter",
    "ein mensch sind",
    "n'êtes pas un robot",
    "no eres un robot",
    "安全验证",
    "ロボットではない",
];

/// Recognises a page from its title, its first headings, its text and its source.
pub(super) fn recognise(title: Option<&str>, headings: &[String], text: &str, source: &str) -> Option<PageFault> {
    let words = words(text);
    if words > MAX_WORDS {
        return None;
    }
    let text = text.to_lowercase();
    let asks_for_proof = BOT_CHECK_TEXT.iter().any(|phrase| text.contains(phrase));
    let is_marked = BOT_CHECK_MARKS.iter().any(|mark| source.contains(mark));
    if (asks_for_proof && (is_marked || words <= SHORT)) || (is_marked && words <= SHORT / 4) {
        return Some(PageFault::BotCheck);
    }
    let speaks = ADDRESSED.iter().any(|phrase| text.contains(phrase));
    let heads = title.into_iter().flat_map(segments).chain(headings.iter().take(MAX_HEADINGS).map(String::as_str));
    for head in heads {
        let (rest, has_code) = without_fillers(head);
        let is_one_of =
            |phrases: &str| !rest.is_empty() && phrases.split('|').any(|phrase| without_fillers(phrase).0 == rest);
        if is_one_of(BOT_CHECK) && (is_marked || words <= SHORT) {
            return Some(PageFault::BotCheck);
        }
        if is_one_of(NOT_FOUND) && (speaks || words <= SHORT) || (rest.is_empty() && has_code && speaks) {
            return Some(PageFault::NotFound);
        }
        if is_one_of(UNAVAILABLE) && (speaks || words <= SHORT / 2) {
            return Some(PageFault::Unavailable);
        }
    }
    let is_gone = says_that_it_is_gone(&text);
    (words <= SHORT && is_gone).then_some(PageFault::NotFound)
}

/// A sentence that says so, on a page without a heading.
fn says_that_it_is_gone(text: &str) -> bool {
    let subjects = [
        "page you are looking for",
        "page you're looking for",
        "page you requested",
        "requested url",
        "requested page",
    ];
    let verbs =
        ["not found", "n't exist", "not exist", "n't be found", "not be found", "moved", "removed", "unavailable"];
    subjects
        .iter()
        .any(|subject| text.split_once(subject).is_some_and(|(_, after)| verbs.iter().any(|verb| after.contains(verb))))
}

/// The parts of a title: that of the page, that of the site.
fn segments(title: &str) -> impl Iterator<Item = &str> {
    title.split(['|', '·', '–', '—']).flat_map(|part| part.split(" - "))
}

/// The words of `head` that say something, and whether 404 or 410 was among the others.
fn without_fillers(head: &str) -> (String, bool) {
    let lower = head.to_lowercase();
    let mut has_code = false;
    let mut rest = String::new();
    for word in lower.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if matches!(word, "404" | "410") {
            has_code = true;
        } else if !FILLERS.contains(&format!(" {word} ")) && (word.len() != 3 || word.parse::<u16>().is_err()) {
            if !rest.is_empty() {
                rest.push(' ');
            }
            rest.push_str(word);
        }
    }
    (rest, has_code)
}
