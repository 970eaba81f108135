//! Words that decide whether two sentences say the same: function words with a meaning of their own, synonyms,
//! opposites and words of one kind, in English and Russian.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::terms::{self, fold};

/// What a function word or phrase does to its clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Negation,
    /// Takes what follows out of the statement: "except", "without", "unlike".
    Contrast,
    /// Makes the statement less certain.
    Hedge,
    /// Somebody thinks so.
    Opinion,
    Permit,
    Oblige,
    Forbid,
    Quantity(Quantity),
    Bound(Bound),
    /// More (`true`) or less of a dimension.
    Comparative(u8, bool),
    /// Relates what follows to the clause: a preposition or subordinator.
    Role(&'static str),
    /// What stands before it is the cause.
    Causes,
    Pronoun,
    Possessive,
    Auxiliary,
    /// Begins a clause.
    Break,
    /// Begins a clause that is a condition or, if `true`, a reason.
    Subordinate(bool),
    Conjunction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Quantity {
    All,
    Both,
    Most,
    Some,
    Only,
}

/// How a number limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Min,
    Max,
}

const OPERATORS: &[(Operator, &str)] = &[
    (
        Operator::Negation,
        "not, no, never, cannot, none, neither, nor, nobody, nothing, nowhere, no longer, не, нет, нельзя, никогда, ни, никто, \
         ничего, никакой, никакие, отсутствует, отсутствуют, больше не, don't, doesn't, didn't, isn't, aren't, wasn't, weren't, \
         won't, can't, couldn't, shouldn't, mustn't, hasn't, haven't, hadn't, nicht, kein, keine, keinen, nie",
    ),
    (
        Operator::Contrast,
        "except, except for, other than, apart from, excluding, unlike, instead of, rather than, without, with the exception of, \
         кроме, за исключением, помимо, в отличие от, вместо, без, а не, ohne, ausser",
    ),
    (
        Operator::Hedge,
        "might, could, would, possibly, perhaps, probably, likely, expected, supposedly, seems, \
         appears, estimated, planned, unclear, recommend, recommends, recommended, возможно, вероятно, \
         предположительно, по-видимому, видимо, наверное, планируется, планируют, ожидается, предполагается, мог бы, могла бы, рекомендуется",
    ),
    (
        Operator::Opinion,
        "suggests, suggest, suggested, believes, believe, believed, thinks, think, claims, claimed, according to, in the opinion of, \
         считают, считает, полагают, полагает, по мнению, по словам, утверждает, утверждают",
    ),
    (
        Operator::Permit,
        "may, can, allowed, permitted, possible, is entitled, are entitled, entitled, можно, может, могут, вправе, разрешено, \
         разрешается, разрешена, разрешены, допускается, имеет право, имеют право, kann, darf, konnen",
    ),
    (
        Operator::Oblige,
        "must, shall, should, has to, have to, required, needs to, obliged, mandatory, должен, должна, должно, должны, обязан, \
         обязана, обязаны, необходимо, надо, нужно, требуется, следует, обязателен, обязательно, muss, mussen, soll",
    ),
    (
        Operator::Forbid,
        "forbidden, prohibited, banned, not allowed, not permitted, must not, may not, запрещено, запрещена, запрещены, \
         запрещается, не разрешено, не разрешается, не допускается, не положен, verboten",
    ),
    (
        Operator::Quantity(Quantity::All),
        "all, every, each, always, any, everyone, everybody, everywhere, at any time, entire, whole, regardless, все, всех, \
         всем, всеми, каждый, каждая, каждое, каждого, каждой, всегда, всюду, везде, любой, любая, любое, любого, любые, \
         весь, вся, alle, jeder, immer",
    ),
    (Operator::Quantity(Quantity::Both), "both, оба, обе, обоих, beide, beiden"),
    (
        Operator::Quantity(Quantity::Most),
        "most, mostly, usually, mainly, often, generally, typically, majority, frequently, в основном, обычно, большинство, \
         преимущественно, главным образом, как правило, часто, большая часть",
    ),
    (
        Operator::Quantity(Quantity::Some),
        "some, several, few, sometimes, partly, occasionally, rarely, seldom, a number of, certain, half, часть, некоторые, \
         некоторых, иногда, частично, несколько, изредка, редко, реже, отчасти, половина",
    ),
    (
        Operator::Quantity(Quantity::Only),
        "only, solely, just, exclusively, merely, nothing but, только, лишь, исключительно, единственный, единственная, nur",
    ),
    (
        Operator::Bound(Bound::Min),
        "at least, longer than, later than, older than, higher than, larger than, greater than, heavier than, дольше, длиннее, not less than, no less than, no fewer than, more than, over, above, exceeding, minimum, minimum of, from, or \
         more, or later, or higher, or above, no earlier than, not before, exceeds, exceed, не менее, не меньше, не ранее, не \
         раньше, не ниже, не реже, более, свыше, больше, больше чем, старше, выше, от, и более, и выше, минимум, позднее, \
         mindestens, uber",
    ),
    (
        Operator::Bound(Bound::Max),
        "at most, shorter than, earlier than, younger than, lower than, smaller than, lighter than, короче, up to, no more than, not more than, less than, fewer than, under, below, not exceed, not exceeding, no later \
         than, not later than, maximum, maximum of, or less, or earlier, or lower, within, не более, не больше, не позднее, не \
         позже, не выше, не чаще, менее, меньше, младше, ниже, до, и менее, максимум, не превышает, не превышать, не старше, \
         hochstens, bis",
    ),
    (Operator::Comparative(0, true), "more"),
    (Operator::Comparative(0, false), "less, fewer"),
    (Operator::Comparative(1, true), "larger, bigger, greater, больше, крупнее"),
    (Operator::Comparative(1, false), "smaller, меньше, мельче"),
    (Operator::Comparative(2, true), "higher, taller, выше"),
    (Operator::Comparative(2, false), "lower, shorter, ниже"),
    (Operator::Comparative(3, true), "heavier, тяжелее"),
    (Operator::Comparative(3, false), "lighter, легче"),
    (Operator::Comparative(4, true), "faster, quicker, быстрее"),
    (Operator::Comparative(4, false), "slower, медленнее"),
    (Operator::Comparative(5, true), "older, старше"),
    (Operator::Comparative(5, false), "younger, newer, моложе, младше, новее"),
    (Operator::Comparative(6, true), "longer, длиннее, дольше"),
    (Operator::Comparative(6, false), "briefer, короче"),
    (Operator::Comparative(7, true), "dearer, costlier, дороже"),
    (Operator::Comparative(7, false), "cheaper, дешевле"),
    (Operator::Comparative(8, true), "deeper, глубже"),
    (Operator::Comparative(8, false), "shallower"),
    (Operator::Comparative(9, true), "warmer, hotter, теплее, жарче"),
    (Operator::Comparative(9, false), "colder, cooler, холоднее"),
    (Operator::Comparative(10, true), "better, stronger, лучше, сильнее"),
    (Operator::Comparative(10, false), "worse, weaker, хуже, слабее"),
    (Operator::Comparative(11, true), "wider, broader, шире"),
    (Operator::Comparative(11, false), "narrower, уже чем"),
    (Operator::Comparative(12, true), "earlier, sooner, раньше"),
    (Operator::Comparative(12, false), "later, позже"),
    (Operator::Role("than"), "than, чем, нежели, als"),
    (
        Operator::Role("cause"),
        "because of, due to, owing to, as a result of, thanks to, caused by, из-за, вследствие, благодаря, в результате, wegen",
    ),
    (
        Operator::Subordinate(false),
        "if, when, whenever, unless, provided that, if and only if, если, когда, при условии, wenn",
    ),
    (Operator::Subordinate(true), "because, since, потому что, так как, поскольку, weil"),
    (Operator::Role("before"), "before, prior to, до того как, перед, прежде чем, vor"),
    (Operator::Role("after"), "after, following, после, после того как, nach"),
    (Operator::Role("by"), "by, von"),
    (Operator::Role("to"), "to, into, towards, к, ко, zu"),
    (Operator::Role("from"), "из, от, с, со, off, out of, aus"),
    (Operator::Role("of"), "of"),
    (Operator::Role("for"), "for, для, fur"),
    (Operator::Role("in"), "in, at, inside, в, во, im"),
    (Operator::Role("on"), "on, upon, на, auf"),
    (Operator::Role("with"), "with, mit"),
    (Operator::Role("between"), "between, among, между, zwischen"),
    (Operator::Role("against"), "against, против, gegen"),
    (Operator::Role("about"), "about, around, concerning, о, об, около, примерно"),
    (Operator::Role("as"), "as"),
    (Operator::Role("per"), "per, за, через"),
    (Operator::Role("at"), "у, при"),
    (Operator::Role("along"), "по"),
    (Operator::Role("until"), "until, till, вплоть до"),
    (
        Operator::Causes,
        "caused, causes, led to, leads to, resulted in, results in, привело к, привел к, привела к, вызвал, вызвала, вызвало",
    ),
    (
        Operator::Pronoun,
        "it, he, she, they, this, these, who, which, that, его, ее, он, она, оно, они, это, который, которая, которое, которые, er, sie, es",
    ),
    (Operator::Possessive, "his, her, its, their, our, your, my, them, him, свой, свою, своего, их, him"),
    (
        Operator::Auxiliary,
        "is, are, was, were, be, been, being, am, has, have, had, do, does, did, will, был, была, было, были, быть, будет, будут, \
         является, являются, ist, sind, war, wird, wurde, hat",
    ),
    (
        Operator::Break,
        "while, whereas, but, although, though, however, yet, so that, хотя, но, а, однако, зато, тогда как, чтобы, что, aber",
    ),
    (Operator::Conjunction, "and, or, as well as, и, или, und, oder"),
];

/// Words that add nothing to compare: an unmatched one does not matter.
const LIGHT: &str = "away apart amount amounts amounted total equal equals make makes made take takes took give get gets located situated \
    situation set sets value default called named known lies stand stands describe according say says said state states stated \
    report reported mean means take place happen happened carried out there here now then also too still already year years \
    number approximately roughly about around nearly almost exactly use uses used one come comes came work works become became \
    составлять составляет составил составила составляют равен равна равно равняется находится расположен расположена считать \
    называется означает значить сообщить сообщил сообщила сообщили около примерно почти ровно год года году лет число \
    значение задать также уже еще сейчас теперь весь стать стал стала стали своей проводить пройдет пройти сидит входит иметь имеет имеют \
    быть один одна раз значит получать";

/// Words of about the same meaning.
const SYNONYMS: &[&str] = &[
    "begin start commence launch начать начаться начинать стартовать",
    "end finish expire terminate закончить завершить завершиться окончиться",
    "buy purchase acquire купить приобрести покупать",
    "sell продать продавать",
    "build erect construct built construction построить возвести строить строительство сложить",
    "show demonstrate indicate показать",
    "big large огромный большой крупный",
    "car automobile автомобиль машина",
    "firm company enterprise компания фирма предприятие",
    "staff employee personnel worker сотрудник работник персонал",
    "drop fall decline decrease sink dropped fell fallen decreased снизиться упасть сократиться уменьшиться падать снижаться подешеветь",
    "rise increase grow climb rose risen grew grown went_up вырасти повыситься увеличиться расти подняться подорожать удорожание рост выросла",
    "stop halt cease прекратить остановить",
    "switch shut turn",
    "vote",
    "receive get obtain получить получать",
    "price cost стоимость цена стоить costs",
    "weigh weight масса вес весить",
    "help aid assist помочь",
    "repair fix mend ремонт починить",
    "lead head run led руководить возглавить возглавлять руководитель руководила",
    "chief director head_of",
    "choose select pick выбрать",
    "allowance allowances",
    "deliver supply provide supplied поставить доставить предоставить предоставляться положен",
    "pay payment paid payable оплатить платить плата заплатить уплатить вносить",
    "send dispatch sent отправить послать",
    "own possess belong",
    "live reside dwell жить обитать проживать",
    "die death died dead умереть смерть скончаться",
    "born birth родиться рождение",
    "marry wed жениться",
    "teach taught преподавать",
    "write wrote written author написать автор",
    "create invent develop found established establish founded создать основать разработать",
    "design designed проект спроектировать",
    "make produce manufacture изготовить произвести выпустить",
    "reach attain arrive достичь прибыть",
    "win beat defeat won victory победить обыграть победа выиграть",
    "lose lost loss defeated проиграть потерять уступить",
    "need require necessary потребовать нужный",
    "reset restart reboot перезапуск перезагрузка",
    "delete erase remove удалить стереть удалять",
    "hold keep maintain kept held хранить держать",
    "open opened reopen открыть открыться",
    "close closed shut_down закрыть закрыться",
    "publish issue release опубликовать выпуск",
    "find found discover обнаружить найти",
    "illness disease sickness болезнь заболевание",
    "doctor physician врач доктор",
    "house building дом здание",
    "ship vessel boat судно корабль schooner",
    "road street дорога улица",
    "child children kid ребенок дети детям",
    "buyer purchaser customer client покупатель клиент заказчик",
    "link connect join соединить связать",
    "exceed surpass превысить превышать",
    "permit allow authorise разрешить позволить",
    "ban forbid prohibit запретить",
    "oppose opposed against_plan",
    "name call назвать",
    "change alter modify изменить изменение изменять",
    "vacate leave left покинуть",
    "yearly annual annually ежегодно годовой ежегодный",
    "monthly ежемесячно ежемесячный",
    "daily ежедневно ежедневный суточный",
    "length long длина длинный",
    "height high tall высота высокий",
    "depth deep глубина глубокий",
    "width wide ширина широкий",
    "speed fast скорость быстрый",
    "area surface площадь",
    "battery accumulator аккумулятор батарея",
    "phone telephone телефон",
    "role position job post title должность",
    "surname name фамилия",
    "room office cabinet кабинет офис",
    "kill killed murder убить погибнуть",
    "injure injured wound hurt травма пострадать",
    "approve approved voted_for одобрить утвердить",
    "replace substitute replaced заменить сменить менять поменять замена смена",
    "fund finance sponsor профинансировать финансировать",
    "note remark observe отметить заявить",
    "goal score scored",
    "cause reason причина",
    "hand submit подать подавать сдать",
    "dissolve",
    "shop store магазин",
    "flat apartment квартира",
    "film movie фильм",
    "large huge",
    "quick rapid fast_speed",
    "smoke курить",
    "dog собака",
    "trip journey travel поездка командировка",
    "salary wage pay_rate зарплата оклад",
    "holiday vacation leave_days отпуск",
    "notify inform notice уведомить уведомление сообщение",
    "cancel отменить отмена",
    "evening вечер вечером",
    "morning утро утром",
    "wife spouse husband супруга",
    "country nation state_land страна",
    "town city город",
    "reduce cut lower lowered снизить сократить уменьшить",
    "double doubled удвоить удвоиться",
    "feed eat ate eaten consume food питаться есть пища",
];

/// Words of opposite meaning.
const OPPOSITES: &[(&str, &str)] = &[
    ("rise", "fall"),
    ("вырасти", "снизиться"),
    ("raise raised повысить", "reduce lowered"),
    ("increase", "decrease"),
    ("win", "lose"),
    ("победить", "проиграть"),
    ("open", "close"),
    ("begin", "end"),
    ("buy", "sell"),
    ("first", "last"),
    ("support supported back", "oppose opposed"),
    ("favour favor", "against"),
    ("above", "below"),
    ("success succeed", "fail failure"),
    ("accept", "reject refuse"),
    ("approve", "reject"),
    ("agree agreed", "disagree disagreed"),
    ("enable", "disable"),
    ("включить включать", "отключить выключить отключать"),
    ("включая", "кроме"),
    ("including included", "excluding"),
    ("enter", "leave"),
    ("import imports импорт", "export exports экспорт"),
    ("minimum minimal минимальный", "maximum maximal максимальный"),
    ("early", "late"),
    ("ранний", "поздний"),
    ("старый", "новый"),
    ("old", "new"),
    ("hot", "cold"),
    ("warm", "cool"),
    ("fast quickly quick rapidly", "slow slowly"),
    ("быстро", "медленно"),
    ("male man men", "female woman women"),
    ("males", "females"),
    ("мужчина", "женщина"),
    ("father fathers", "mother mothers"),
    ("отец", "мать"),
    ("alive", "dead"),
    ("wet", "dry"),
    ("full", "empty"),
    ("пустой", "полный"),
    ("strong", "weak"),
    ("hard", "soft"),
    ("жесткий", "мягкий"),
    ("double doubled", "halve halved"),
    ("вдвое", "наполовину"),
    ("clear", "unclear"),
    ("public", "private"),
    ("inside", "outside"),
    ("left левый", "right правый"),
    ("employer", "employee"),
    ("landlord", "tenant"),
    ("lender", "borrower"),
    ("supplier", "customer"),
    ("арендатор", "арендодатель"),
    ("работодатель", "работник"),
    ("продавец", "покупатель"),
    ("продать", "купить"),
    ("истец", "ответчик"),
    ("заказчик", "подрядчик"),
    ("speed accelerate", "slow"),
    ("ускорить", "замедлить"),
    ("still", "flowing"),
    ("часто", "редко"),
    ("anode", "cathode"),
    ("анод", "катод"),
    ("input", "output"),
    ("вход", "выход"),
    ("читать read", "писать write"),
    ("positive", "negative"),
    ("да yes", "нет no"),
    ("правда true", "ложь false"),
    ("north", "south"),
    ("indoor", "outdoor"),
    ("largest biggest", "smallest"),
    ("highest tallest", "lowest shortest"),
    ("oldest", "youngest newest"),
    ("fastest", "slowest"),
    ("крупнейший", "мельчайший"),
    ("высший", "низший"),
    ("прогреться нагреться нагреть", "остыть охладить охладиться"),
    ("expensive", "cheap"),
    ("дорогой", "дешевый"),
    ("attack", "defend"),
    ("add", "remove"),
    ("добавить", "удалить"),
    ("allow", "forbid"),
    ("succeed", "fail"),
    ("present", "absent"),
    ("legal", "illegal"),
    ("upper верхний", "lower нижний"),
    ("internal внутренний", "external внешний"),
    ("long длинный", "short короткий"),
    ("wide широкий", "narrow узкий"),
    ("heavy тяжелый", "light легкий"),
    ("high высокий", "low низкий"),
    ("big large большой", "small little маленький"),
    ("many", "few"),
    ("encourage", "discourage"),
    ("absorb", "release"),
    ("connect подключить", "disconnect"),
    ("profit прибыль", "loss убыток"),
    ("income доход", "expense расход"),
    ("до", "после"),
];

/// Pairs of verbs that tell the same with subject and object exchanged.
const CONVERSES: &[(&str, &str)] = &[
    ("buy", "sell"),
    ("купить", "продать"),
    ("win", "lose"),
    ("победить", "проиграть"),
    ("precede preceded", "succeed succeeded follow"),
    ("lend lent", "borrow borrowed"),
    ("teach", "learn learned"),
    ("receive", "send"),
];

/// Words of which only one holds at a time.
const KINDS: &[&str] = &[
    "red green blue yellow orange white black brown grey gray purple pink красный зеленый синий желтый оранжевый белый черный \
     коричневый серый розовый голубой фиолетовый",
    "spring summer autumn winter fall_season весна лето осень зима весной летом осенью зимой",
    "monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays \
     понедельник вторник среда четверг пятница суббота воскресенье",
    "january february march april may june july august september october november december январь февраль март апрель май \
     июнь июль август сентябрь октябрь ноябрь декабрь мая мае",
    "north south east west northern southern eastern western север юг восток запад северный южный восточный западный",
    "morning noon evening night day утро день вечер ночь",
    "double triple quadruple halve doubled tripled halved quadrupled удвоить утроить удвоиться утроиться",
    "millisecond second_unit minute_unit hour_unit миллисекунда секунда минута час",
    "kilobyte megabyte gigabyte terabyte килобайт мегабайт гигабайт терабайт",
    "granite limestone marble brick concrete wood timber_material steel iron glass гранит известняк мрамор кирпич бетон дерево сталь \
     железо стекло",
    "rain snow fog hail ash_cloud дождь снег туман снегопад град",
    "botanist physicist chemist biologist mathematician historian architect painter composer poet engineer ботаник физик химик \
     биолог математик историк архитектор художник композитор поэт",
    "bus train plane car_vehicle tram ship_vehicle автобус поезд самолет трамвай",
    "son daughter brother sister father_kin mother_kin uncle aunt сын дочь брат сестра дядя тетя",
    "gold silver bronze золото серебро бронза золотой серебряный бронзовый",
    "spanish german french english italian russian polish danish swedish dutch chinese japanese американский немецкий французский английский \
     итальянский русский польский датский шведский китайский японский испанский",
    "water milk oil juice wine beer вода молоко масло сок вино пиво",
];

/// Groups, opposites and kinds of a stem.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) group: Option<u16>,
    pub(super) opposite: Option<u16>,
    pub(super) converse: Option<u16>,
    pub(super) kind: Option<u16>,
    pub(super) is_light: bool,
}

struct Lexicon {
    phrases: HashMap<String, Vec<(Vec<String>, Operator)>>,
    meanings: HashMap<String, Meaning>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon { phrases: phrases(), meanings: meanings() });

fn phrases() -> HashMap<String, Vec<(Vec<String>, Operator)>> {
    let mut phrases: HashMap<String, Vec<(Vec<String>, Operator)>> = HashMap::new();
    for (operator, list) in OPERATORS {
        for phrase in list.split(',') {
            let words: Vec<String> = phrase.split_whitespace().map(fold).collect();
            let Some(first) = words.first().cloned() else { continue };
            phrases.entry(first).or_default().push((words, *operator));
        }
    }
    // The longest phrase wins, the earlier one of two; comparatives come after the bounds of numbers.
    phrases.values_mut().for_each(|list| list.sort_by_key(|(words, _)| std::cmp::Reverse(words.len())));
    phrases
}

fn meanings() -> HashMap<String, Meaning> {
    let mut meanings: HashMap<String, Meaning> = HashMap::new();
    let mut groups: HashMap<String, u16> = HashMap::new();
    let mut next = 0;
    for list in SYNONYMS {
        for stem in list.split_whitespace().filter_map(stem_of) {
            groups.entry(stem).or_insert(next);
        }
        next += 1;
    }
    let mut group_of = |stem: String| {
        *groups.entry(stem).or_insert_with(|| {
            next += 1;
            next
        })
    };
    let mut opposites = Vec::new();
    for (pairs, is_converse) in [(OPPOSITES, false), (CONVERSES, true)] {
        for (left, right) in pairs {
            let ids = |words: &str, group_of: &mut dyn FnMut(String) -> u16| -> Vec<u16> {
                words.split_whitespace().filter_map(stem_of).map(group_of).collect()
            };
            let (left, right) = (ids(left, &mut group_of), ids(right, &mut group_of));
            opposites.push((left, right, is_converse));
        }
    }
    for (stem, group) in &groups {
        meanings.entry(stem.clone()).or_default().group = Some(*group);
    }
    for (left, right, is_converse) in &opposites {
        for meaning in meanings.values_mut() {
            let Some(group) = meaning.group else { continue };
            let other = match (left.contains(&group), right.contains(&group)) {
                (true, _) => right[0],
                (_, true) => left[0],
                _ => continue,
            };
            let slot = if *is_converse { &mut meaning.converse } else { &mut meaning.opposite };
            slot.get_or_insert(other);
        }
    }
    for (kind, list) in (0..).zip(KINDS) {
        for stem in list.split_whitespace().filter_map(stem_of) {
            meanings.entry(stem).or_default().kind = Some(kind);
        }
    }
    for stem in LIGHT.split_whitespace().filter_map(stem_of) {
        meanings.entry(stem).or_default().is_light = true;
    }
    meanings
}

fn stem_of(word: &str) -> Option<String> {
    terms::index_terms(word).pop()
}

/// The operators that the words from the first on form: all readings of the longest phrase, and its words.
pub(super) fn operators(words: &[String]) -> Option<(Vec<Operator>, usize)> {
    let list = LEXICON.phrases.get(words.first()?)?;
    let fits = |phrase: &[String]| words.starts_with(phrase);
    let length = list.iter().find(|(phrase, _)| fits(phrase))?.0.len();
    let readings = list.iter().filter(|(phrase, _)| phrase.len() == length && fits(phrase));
    Some((readings.map(|(_, operator)| *operator).collect(), length))
}

/// What is known about a stem.
pub(super) fn meaning(stem: &str) -> Meaning {
    LEXICON.meanings.get(stem).copied().unwrap_or_default()
}
