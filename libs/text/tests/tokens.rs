//! The token estimate against the real tokenizer.

use text::tokens::count;

const ENGLISH: &str = "The tenant may terminate this agreement by giving the landlord not less than three months' written notice. \
Photosynthesis is the process by which plants, algae and some bacteria convert light energy into chemical energy that, through \
cellular respiration, can later be released to fuel the organism's activities. In 2023 the company reported revenue of $4.2 billion, \
up 12% from the year before, while its operating margin fell to 18.3%. \"We are investing heavily in infrastructure,\" said the chief \
executive, Maria Gonzalez-Ortiz, on Tuesday. Critics, however, pointed out that the announcement came only days after regulators in \
Brussels had opened an investigation into anticompetitive behaviour, and that several shareholders were considering litigation.";

const RUSSIAN: &str = "Арендатор вправе расторгнуть настоящий договор, письменно уведомив арендодателя не позднее чем за три месяца до \
предполагаемой даты освобождения помещения. Фотосинтез — это процесс преобразования энергии света в энергию химических связей \
органических веществ на свету при участии фотосинтетических пигментов. В 2023 году выручка компании составила 4,2 млрд рублей, что на \
12 % больше, чем годом ранее, а операционная рентабельность снизилась до 18,3 %. «Мы вкладываем значительные средства в инфраструктуру», \
— сообщила во вторник генеральный директор Мария Гонсалес. Критики отметили, что заявление прозвучало через несколько дней после начала \
расследования, и что некоторые акционеры рассматривают возможность обращения в суд.";

const GERMAN: &str = "Der Mieter kann das Mietverhältnis mit einer Frist von drei Monaten schriftlich kündigen. Die Photosynthese ist ein \
physiologischer Prozess zur Erzeugung von energiereichen Biomolekülen aus energieärmeren Stoffen mithilfe von Lichtenergie. Im Jahr 2023 \
meldete das Unternehmen einen Umsatz von 4,2 Milliarden Euro, zwölf Prozent mehr als im Vorjahr. Kritiker wiesen darauf hin, dass die \
Ankündigung nur wenige Tage nach der Eröffnung einer Untersuchung durch die Aufsichtsbehörden in Brüssel erfolgte.";

const FRENCH: &str = "Le locataire peut résilier le présent bail à tout moment, sous réserve d'un préavis de trois mois notifié par lettre \
recommandée. La photosynthèse est un processus bioénergétique qui permet à des organismes de synthétiser de la matière organique en \
utilisant l'énergie lumineuse. En 2023, l'entreprise a déclaré un chiffre d'affaires de 4,2 milliards d'euros, en hausse de 12 % par \
rapport à l'année précédente. Les critiques ont souligné que l'annonce intervenait quelques jours après l'ouverture d'une enquête.";

const CHINESE: &str = "人工智能是计算机科学的一个分支,它企图了解智能的实质,并生产出一种新的能以人类智能相似的方式做出反应的智能机器。该领域的研究包括机器人、\
语言识别、图像识别、自然语言处理和专家系统等。2023年,公司的营业收入为42亿元,比上年增长12%。批评者指出,这一声明是在布鲁塞尔的监管机构开始调查几天之后发表的。\
承租人可以提前三个月书面通知出租人解除本合同。";

const JAPANESE: &str = "光合成は、主に植物や植物プランクトン、藻類など光合成色素をもつ生物が行う、光エネルギーを化学エネルギーに変換する生化学反応のことである。\
賃借人は、三か月前までに書面で通知することにより、本契約を解約することができる。2023年の売上高は42億円で、前年より12%増加した。コンピュータの性能が向上し、\
インターネットのサービスが広く使われるようになりました。";

const KOREAN: &str = "임차인은 3개월 전에 서면으로 통지하여 본 계약을 해지할 수 있다. 광합성은 녹색식물이나 그 밖의 생물이 빛에너지를 이용하여 \
이산화탄소와 물로부터 유기물을 합성하는 작용이다. 2023년 회사의 매출은 42억 원으로 전년보다 12% 증가했다.";

const RUST: &str = r#"impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let (skipped, first) = self.text[self.at..].char_indices().find(|(_, c)| c.is_alphanumeric())?;
        let start = self.at + skipped;
        if let Some(cost) = ASCII_WORD.get(len) {
            total_cost += u64::from(*cost) * 100;
        }
        // Returns the token together with its byte range.
        self.at = start + len;
        Some(Token { text, range: start..self.at, unsegmented })
    }
}
"#;

const PYTHON: &str = r#"from collections import defaultdict

class Index:
    """An inverted index of documents."""

    def __init__(self, tokenizer=None):
        self.postings = defaultdict(list)
        self.tokenizer = tokenizer or (lambda s: s.lower().split())

    def add(self, doc_id: int, text: str) -> None:
        for position, word in enumerate(self.tokenizer(text)):
            self.postings[word].append((doc_id, position))

    def search(self, query):
        results = [set(d for d, _ in self.postings.get(w, [])) for w in self.tokenizer(query)]
        return set.intersection(*results) if results else set()
"#;

const JSON: &str = r#"{
  "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
  "model": "gpt-4o",
  "created": 1732060800,
  "choices": [
    {"index": 0, "message": {"role": "assistant", "content": "Hello there"}, "finish_reason": "stop"}
  ],
  "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}
}
"#;

const MARKDOWN: &str = "# Employee handbook\n\n## 4. Leave\n\n- **Annual leave**: 28 days a year, of which 10 may be carried over\n\
- **Sick leave**: a certificate is needed from day 4\n\n| Grade | Days | Notice |\n|-------|------|--------|\n| A1 | 28 | 1 month |\n\
| B2 | 30 | 3 months |\n\nSee [the policy](https://intranet.example.com/policies/leave?version=3) for details.\n";

const SIGNS: &str = "Pipeline: received → scanned → parsed (sandboxed child) → chunked (400 tokens, 100 overlap, on structure) → embedded → \
indexed; each state durable; pending is retried with backoff. A café in Zürich serves crème brûlée at 25 °C — or so they say… “Quoted” • listed.";

const SAMPLES: [(&str, &str); 12] = [
    ("english", ENGLISH),
    ("russian", RUSSIAN),
    ("german", GERMAN),
    ("french", FRENCH),
    ("chinese", CHINESE),
    ("japanese", JAPANESE),
    ("korean", KOREAN),
    ("rust", RUST),
    ("python", PYTHON),
    ("json", JSON),
    ("markdown", MARKDOWN),
    ("signs", SIGNS),
];

#[test]
fn estimates_are_within_fifteen_percent_of_the_real_count() {
    let tokenizer = tiktoken_rs::o200k_base_singleton();
    let mut far = Vec::new();
    for (name, sample) in SAMPLES {
        let real = tokenizer.encode_ordinary(sample).len();
        let estimate = count(sample);
        let error = (estimate as f64 / real as f64 - 1.0) * 100.0;
        println!("{name}: {estimate} for {real} ({error:+.1} %)");
        if error.abs() > 15.0 {
            far.push(format!("{name}: {estimate} for {real} ({error:+.1} %)"));
        }
    }
    assert!(far.is_empty(), "{far:#?}");
}

#[test]
fn every_text_has_a_count_and_no_text_has_none() {
    assert_eq!(count(""), 0);
    assert_eq!(count("a"), 1);
    for noise in ["a", "[", " ", "\n", "1", "é", "漢", "\u{0}", "😀", "Aa", "-"] {
        let tokens = count(&noise.repeat(1_000_000));
        assert!((1_000..=3_000_000).contains(&tokens), "{noise:?}: {tokens}");
    }
}
