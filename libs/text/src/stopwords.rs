//! Function words of five languages in folded form (lower case, no diacritics, `ё` as `е`).
//!
//! They are removed from search queries and used to detect the language of a text.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Languages with a list, in the order of the bits of [`languages_of`].
pub(crate) const LISTED: [&str; 5] = ["en", "ru", "de", "fr", "es"];

const ENGLISH: &str = "a about above after again all also am an and any are aren't arent as at be because been before being below \
between both but by can can't cannot could couldn't couldnt did didn't didnt do does doesn't doesnt doing don't dont down during each \
few for from further get gets got had has hasn't have haven't having he her here hers him his how i i'm i'd i've if in into is isn't \
isnt it it's its just let let's many may me might more most much must my no nor not of off often on once only or other our ours out over own please \
same shall she should shouldn't so some such tell than that that's the their theirs them then there there's these they they're this \
those through to too under until up upon us very was wasn't we we're were weren't what what's whats when when's where where's whether \
which while who who's whom whose why will with within without won't would wouldn't yes you you're your yours explain describe";

const RUSSIAN: &str = "а без более бы был была были было быть в вам вас ваш ваша ваше ваши весь во вот все всего всех всю всея вы где \
да даже для до его ее ей ему если есть еще ж же за зачем здесь и из изо или им ими их к каким какими какая какие каких какого какое \
какой каком какому какую как ко когда кого кому кем ком которая которого которое которой котором которую которые которых который \
кто ли либо лишь между меня мне мной много мой моя может можно мочь мы на над надо нам нами нас наш наша не него нее ней нем нему нет \
ни ним ними них но ну о об оба обо один он она они оно от откуда куда отчего очень перед по под подскажи подскажите пожалуйста после \
потому почему при про расскажи расскажите с сам самый свое своего своей свои своих свой свою себе себя скажи скажите сколько со \
собой так такая также такие такого такое такой там те тебе тебя тем теми то того тоже той только том тому тот ты у уж уже хоть чего \
чей чем чему через что чтобы чья чье чьи эта эти этим этих это этого этой этом этому этот эту является являются объясни объясните";

const GERMAN: &str = "aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis bist bitte da damit \
dann das dass dein deine dem den denn der des dessen die dies diese diesem diesen dieser dieses doch dort du durch ein eine einem \
einen einer eines er erklare es euer euch fur gab gegen gibt hab habe haben hat hatte hatten her hier hin ich ihm ihn ihnen ihr ihre \
ihrem ihren ihrer im in ins ist ja jede jedem jeden jeder jedes kann kannst kein keine keinem keinen keiner konnen lautet man mein \
meine mich mir mit muss mussen nach nicht nichts noch nun nur ob oder ohne sehr sein seine seinem seinen seiner sich sie sind so soll \
sollen sollte sondern um und uns unser unsere unter viel viele vom von vor wann war waren warum was weil welche welchem welchen \
welcher welches wem wen wenn wer werden wessen wie wieso wieviel will wir wird wo wofur woher wohin wurde wurden zu zum zur zwischen uber";

const FRENCH: &str = "a ai ainsi alors apres au aucun aussi autre aux avant avec avez avoir avons c'est car ce ceci cela celle celui ces \
cet cette ceux chaque chez combien comme comment d'un d'une dans de depuis des dit doit dois donc dont du elle elles en entre es est \
est-ce et etaient etait etant ete etes etre eu eux explique faire fait faut fois hier il ils j'ai je l'on la laquelle le lequel les lesquels \
leur leurs lui ma mais me meme memes mes moi moins mon ne ni non nos notre nous on ont ou par parce pas pendant peu peut peuvent plus \
pour pourquoi puis qu'est qu'est-ce qu'il quand que quel quelle quelles quels qui quoi sa sans se selon sera ses si son sont sous sur \
ta te tes toi ton tous tout toute toutes tres tu un une vers vos votre vous y";

const SPANISH: &str = "a al algo algunas algunos ante antes aquel aquella como con contra cual cuales cuando cuanta cuantas cuanto cuantos \
de del desde donde dos durante e el ella ellas ellos en entre era eran eres es esa esas ese eso esos esta estaba estan estar estas este \
esto estos estoy explica fue fueron ha habia han hasta hay haber la las le les lo los mas me mi mis mucho muchos muy nada ni no nos \
nosotros nuestra nuestro o os otra otras otro otros para pero poco por porque puede pueden que quien quienes se sea segun ser si sido \
sin sobre solo son su sus tambien tanto te tener tiene tienen toda todas todo todos tu tus un una unas uno unos usted y ya yo";

static WORDS: LazyLock<HashMap<&'static str, u8>> = LazyLock::new(|| {
    let mut words = HashMap::with_capacity(1200);
    for (bit, list) in [ENGLISH, RUSSIAN, GERMAN, FRENCH, SPANISH].into_iter().enumerate() {
        for word in list.split_whitespace() {
            *words.entry(word).or_insert(0) |= 1 << bit;
        }
    }
    words
});

/// The languages in which `word` is a function word: one bit for each entry of [`LISTED`].
pub(crate) fn languages_of(word: &str) -> u8 {
    WORDS.get(word).copied().unwrap_or(0)
}

/// Whether to drop a word from a query. `language` is that of the query if it is listed: `die` is a function word in a
/// German query and a content word in an English one. Without it, a function word of any listed language is dropped.
pub(crate) fn is_stop_word(word: &str, language: Option<&str>) -> bool {
    let bits = languages_of(word);
    match LISTED.iter().position(|listed| Some(*listed) == language) {
        Some(bit) => bits & (1 << bit) != 0,
        None => bits != 0,
    }
}
