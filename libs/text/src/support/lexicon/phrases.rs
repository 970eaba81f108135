//! Function words and phrases with a meaning of their own, in English, Russian and German.

use super::{Bound, Operator, Quantity};

/// Each operator with its phrases; of several for one phrase the first that fits counts.
pub(super) const OPERATORS: &[(Operator, &str)] = &[
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
    (Operator::Comparative(1, false), "smaller, меньше"),
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
    (Operator::Comparative(8, false), "shallower, мельче"),
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
    (Operator::Role("from"), "из, от, с, со, out of, aus"),
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
