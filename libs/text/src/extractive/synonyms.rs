//! Words that a question and its answer often use for one another, such as `cost` and `price`.
//!
//! Only words that name the same thing or the same act are listed together: a word of the same field (`toll` and
//! `price`) would make an answer about something else look right.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::terms;

/// One group a line; a word may be in several. Words are compared by their index terms.
const GROUPS: &str = "
cost costs price priced expensive charge charged стоит стоить стоимость цена цены платный плата
begin begins start starts starting launch commence commences beginning
начинается начинаться начать начало начался начинают начинать
end ends finish finishes expire expires ending terminates expiry
заканчивается закончить конец окончание завершается завершаются завершить заканчиваться истекает
terminate termination cancel cancellation
расторгнуть расторжение отказаться расторжения
purchase buy buys bought acquire acquired
купить покупка приобрести приобретение покупают
make makes made manufacture manufactured produce produced producer maker manufacturer
build built construct constructed construction erected building
построить построен построили возвели возведен построена построено
found founded founder establish established
основать основан основали основана основатель учрежден создан создали создана
discover discovered discoverer discovery
открыть открыл открыла открыли открыт первооткрыватель
inhabitants population residents inhabitant people
население жителей жители житель
live lives reside resides residence
allowed permitted permission permit admitted allow forbidden prohibited banned
разрешено можно запрещено нельзя разрешается запрещается допускается
weigh weighs weight mass heavy
весит вес масса тяжелый
tall height high
высота высокий
long length
длина длинный длинна
deep depth
глубина глубокий
wide width
ширина широкий
fast speed velocity quick
скорость быстро
old age aged
возраст
phone telephone number extension call
телефон позвонить номер звонить
email e-mail mail
director directs directed head heads headed
lead leads leader manages manager
директор руководитель глава возглавляет руководит
начальник руководитель
chief ceo executive
lasts last duration takes long
длится продолжительность длительность
write wrote written author
написать написал написала автор
located location situated lies
находится расположен расположена расположено располагается
repair repairs fix fixes mend
ремонт ремонтирует чинит починить отремонтировать
replace replaced change exchange
заменить замена меняют поменять сменить
remove uninstall purge delete
удалить удаление
add adds include
holiday vacation leave holidays
отпуск отпуска
salary wage wages pay
зарплата оклад жалованье
car automobile vehicle
fly flight flights
loud noise
arrive arrives arrived come comes delivery deliveries
день дня дней дни
год года лет
человек людей
машина автомобиль
doctor physician
врач доктор
employee employees staff worker workers
сотрудник работник сотрудники работники персонал
ill sick illness sickness
болезнь больничный заболел
child children kid kids
ребенок дети детей
bicycle bike bicycles cycle
велосипед велосипеды
photo photograph photos photographs picture pictures
фотографировать фото снимать фотография
colour color colours colors
flat apartment
квартира жилье
lessor landlord
lessee tenant
error fault failure
ошибка неисправность сбой
get receive received obtain
получить получает выдается выдают
подать подается сдать сдается подают отправить
due payable
latest newest recent
warranty guarantee guaranteed
гарантия гарантийный
delivery shipping dispatch shipped delivered
доставка доставляют
refund reimbursement refunded reimbursed
возврат возмещение
sign signed signature
подписан подписание подписали
die died death
умер умерла смерть
born birth
родился родилась рождения рождение
married marry wife husband spouse
big large size
площадь размер
temperature degrees
maximum max most limit largest highest
максимум наибольший максимальный наибольшая
minimum min least smallest lowest
минимум наименьший минимальный
opened open opening opens
closed close closes
заседание собрание совещание
fire dismiss dismissed dismissal
quit resign resignation
password passphrase
folder directory
запустить запуск включить
stop halt shutdown
остановить остановка
";

struct Lexicon {
    /// For each term, the numbers of its groups.
    groups_of: HashMap<String, Vec<usize>>,
    /// The terms of each group.
    groups: Vec<Vec<String>>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let mut lexicon = Lexicon { groups_of: HashMap::new(), groups: Vec::new() };
    for line in GROUPS.lines().filter(|line| !line.is_empty()) {
        let mut group = terms::index_terms(line);
        group.sort_unstable();
        group.dedup();
        for term in &group {
            lexicon.groups_of.entry(term.clone()).or_default().push(lexicon.groups.len());
        }
        lexicon.groups.push(group);
    }
    lexicon
});

/// The terms that may stand for a word with these terms, without these.
pub(super) fn synonyms_of(word: &[String]) -> Vec<String> {
    let lexicon = &*LEXICON;
    let groups = word.iter().filter_map(|term| lexicon.groups_of.get(term)).flatten();
    let mut synonyms: Vec<String> = groups.flat_map(|group| &lexicon.groups[*group]).cloned().collect();
    synonyms.retain(|term| !word.contains(term));
    synonyms.sort_unstable();
    synonyms.dedup();
    synonyms
}
