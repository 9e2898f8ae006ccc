"""First names as evidence: do two spellings mean one person or two?

Names are compared as ASCII-folded lower case text, because byte-wise measures see `hélène` and `helene` as
far apart. The question is asked only about records that already share an e-mail address or a phone, so what
matters is telling a couple, or a parent and a child, from one person who writes the name in several ways.
"""

from __future__ import annotations

import functools
import re
import unicodedata

from rapidfuzz.distance import OSA

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})
_TITLES = frozenset({"m", "mr", "mme", "mlle", "monsieur", "madame", "mademoiselle", "dr", "me", "mrs", "ms", "miss"})

# Short form -> the names it stands for.
_NICKNAMES: dict[str, tuple[str, ...]] = {
    "alex": ("alexandre", "alexandra", "alexis"),
    "angie": ("angelique", "angela", "angele"),
    "annie": ("anne",),
    "babeth": ("elisabeth",),
    "bea": ("beatrice",),
    "ben": ("benjamin", "benoit"),
    "benji": ("benjamin",),
    "bernie": ("bernard", "bernadette"),
    "bert": ("albert", "bertrand", "hubert", "robert"),
    "bob": ("robert",),
    "caro": ("caroline", "carole"),
    "cat": ("catherine",),
    "cath": ("catherine",),
    "cathy": ("catherine",),
    "charlie": ("charles", "charlotte", "charly"),
    "chris": ("christophe", "christian", "christine", "christelle", "christiane"),
    "clem": ("clement", "clementine", "clemence"),
    "coco": ("corinne", "colette", "constance"),
    "dani": ("daniel", "danielle", "daniele"),
    "dany": ("daniel", "danielle", "daniele"),
    "dave": ("david",),
    "dede": ("andre", "denis", "desire"),
    "didi": ("didier",),
    "dom": ("dominique",),
    "domi": ("dominique",),
    "ed": ("edouard", "edmond"),
    "edo": ("edouard",),
    "eli": ("elisabeth", "elise", "elie"),
    "elo": ("elodie", "eloise"),
    "fabi": ("fabien", "fabienne", "fabrice"),
    "fanfan": ("francois", "francoise", "stephanie"),
    "flo": ("florence", "florian", "florent", "floriane"),
    "fran": ("francois", "francoise", "francis", "francine"),
    "franz": ("francois",),
    "fred": ("frederic", "frederique", "alfred"),
    "gab": ("gabriel", "gabrielle"),
    "gabi": ("gabriel", "gabrielle"),
    "gaby": ("gabriel", "gabrielle"),
    "gege": ("gerard", "germaine"),
    "geo": ("georges", "geoffrey"),
    "gigi": ("gisele", "ginette", "georgette"),
    "greg": ("gregory", "gregoire"),
    "guigui": ("guillaume",),
    "gus": ("gustave", "augustin", "auguste"),
    "isa": ("isabelle", "isabel"),
    "jackie": ("jacqueline", "jacques"),
    "jacky": ("jacques", "jacqueline"),
    "jacquot": ("jacques",),
    "jb": ("jean baptiste",),
    "jc": ("jean claude", "jean christophe", "jean charles"),
    "jeannot": ("jean",),
    "jeff": ("jean francois", "geoffrey", "geoffroy"),
    "jenny": ("jennifer",),
    "jerem": ("jeremy", "jeremie"),
    "jess": ("jessica",),
    "jf": ("jean francois",),
    "jl": ("jean luc", "jean louis"),
    "jm": ("jean michel", "jean marc", "jean marie"),
    "jo": ("joseph", "jonathan", "josephine", "joel", "georges", "joelle", "joachim"),
    "john": ("jean", "jonathan"),
    "jojo": ("joseph", "georges", "jonathan"),
    "josie": ("josephine", "josiane"),
    "jp": ("jean pierre", "jean paul", "jean philippe"),
    "ju": ("julien", "julie", "justine", "juliette"),
    "juju": ("julien", "julie", "justine", "juliette"),
    "jul": ("jules", "julien", "julie"),
    "kat": ("catherine", "katia", "karine"),
    "kathy": ("catherine",),
    "kiki": ("christian", "christine", "christophe"),
    "lau": ("laura", "laure", "laurence", "laurent"),
    "leo": ("leonard", "leopold", "leonie", "leonardo", "leonore"),
    "lili": ("liliane", "elisabeth", "alice", "aurelie", "emilie"),
    "lolo": (
        "laurent",
        "laurence",
    ),
    "loulou": ("louis", "louise", "lucien"),
    "ludo": ("ludovic",),
    "lulu": ("lucien", "lucie", "lucienne", "ludovic"),
    "mag": ("magali", "margaux", "marguerite", "magalie"),
    "maggie": ("marguerite", "magali"),
    "mandy": ("amandine",),
    "manu": ("emmanuel", "emmanuelle", "manuel", "manuela"),
    "manue": ("emmanuelle",),
    "marco": ("marc",),
    "margot": ("marguerite", "margaux"),
    "mat": ("mathieu", "matthieu", "mathilde", "mathis", "matthias"),
    "matt": ("matthieu", "mathieu", "matteo"),
    "max": ("maxime", "maximilien", "maxence"),
    "mel": ("melanie", "melissa", "melodie"),
    "mich": ("michel", "michele", "michelle"),
    "mick": ("michael", "mickael"),
    "mika": ("michael", "mickael"),
    "mike": ("michael", "mickael", "michel"),
    "mimi": ("michel", "michele", "mireille", "emilie"),
    "moh": ("mohamed", "mohammed"),
    "momo": ("mohamed", "maurice", "mohammed"),
    "mumu": ("muriel", "murielle"),
    "nad": ("nadia", "nadine", "nadege"),
    "nana": (
        "anais",
        "nathalie",
        "anna",
    ),
    "nanard": ("bernard",),
    "nat": ("nathalie", "natacha", "nathan", "natasha"),
    "nath": ("nathalie", "nathan", "nathanael"),
    "nico": ("nicolas", "nicole"),
    "nini": ("virginie", "eugenie"),
    "nono": (
        "arnaud",
        "noel",
        "bruno",
    ),
    "odi": ("odile",),
    "oli": ("olivier", "olivia"),
    "olive": ("olivier",),
    "pat": ("patrick", "patrice", "patricia"),
    "patou": (
        "patricia",
        "patrick",
    ),
    "phil": ("philippe",),
    "pierrot": ("pierre",),
    "raf": ("raphael", "raphaelle"),
    "raph": ("raphael", "raphaelle"),
    "ricky": (
        "richard",
        "eric",
    ),
    "rob": ("robert", "robin"),
    "robby": ("robert",),
    "rom": ("romain", "romane"),
    "sab": ("sabrina", "sabine"),
    "sam": ("samuel", "samantha", "samir", "samia"),
    "sandie": (
        "sandrine",
        "sandra",
    ),
    "sandra": ("alexandra", "cassandra"),
    "sandy": ("sandra", "sandrine"),
    "seb": ("sebastien", "sebastian"),
    "sev": ("severine",),
    "soph": ("sophie",),
    "stef": ("stephane", "stephanie"),
    "steph": ("stephane", "stephanie"),
    "steve": ("stephane", "steven"),
    "suzie": ("suzanne",),
    "suzy": ("suzanne",),
    "sylv": ("sylvie", "sylvain", "sylvette", "sylviane"),
    "teddy": (
        "theodore",
        "theo",
        "edouard",
    ),
    "theo": ("theodore", "theophile"),
    "thib": ("thibault", "thibaut", "thibaud"),
    "thom": ("thomas",),
    "tibo": (
        "thibault",
        "thibaut",
        "thibaud",
    ),
    "toinou": ("antoine",),
    "tom": ("thomas",),
    "tony": ("anthony", "antoine"),
    "toto": ("thomas", "antoine"),
    "val": ("valerie", "valentin", "valentine"),
    "vero": ("veronique",),
    "vic": ("victor", "victoria", "victoire"),
    "vince": ("vincent",),
    "vivi": ("viviane", "virginie", "sylvie"),
    "will": ("william",),
    "willy": ("william",),
    "xav": ("xavier",),
    "yas": ("yasmine", "yasmina"),
}

# Names one edit or a feminine ending away from one another must not pass for typing errors: Martin and
# Martine are a couple.
_GIVEN_NAME_LIST = """
adam adele adrien adrienne agathe agnes ahmed aicha alain alban albane albert alberte alex alexandra
alexandre alexia alexis ali alice alina aline alix alma amandine ambre amelie amin amina amine anais andre
andrea andree ange angele angelique anita anna anne annette annie anouk anthony antoine antonin apolline
ariane arlette armand armelle arnaud arthur astrid aubin aude audrey auguste augustin aurelia aurelie
aurelien aurore axel axelle ayoub aziz baptiste barbara basile bastien beatrice benedicte benjamin benoit
bernadette bernard bertrand bilal blanche blandine boris brice brigitte bruno camille capucine carine
carla carmen carole caroline catherine cecile cedric celestin celestine celia celine chantal charlene
charles charlie charlotte chloe christel christelle christian christiane christine christophe claire clara
claude claudette claudie claudine clemence clement clementine cleo clotilde colette coline come constance
constant coralie corentin corinne cyril cyrille damien daniel daniele danielle danny daphne david deborah
delphine denis denise desire desiree diane didier dominique dorian dorine dorothee dylan edgar edith
edmond edouard elena eleonore eliane elias elie elina eliott elisa elisabeth elise ella elodie eloi eloise
elsa emeline emile emilie emilien emilienne emma emmanuel emmanuelle enora enzo eric erica erika erwan
erwann esteban estelle esther ethan etienne eugene eugenie eva eve evelyne fabien fabienne fabrice fanny
farid farida fatima felicie felix fernand fernande flavie flavien florence florent florian floriane
francine francis franck francois francoise frank frederic frederique gabin gabriel gabrielle gael gaelle
gaetan gaetane gaspard gaston gauthier genevieve geoffrey geoffroy georges georgette gerald geraldine
gerard germain germaine ghislain ghislaine gilbert gilberte gilles ginette ginny gisele gregoire gregory
guilhem guillaume gustave guy gwenael gwenaelle hakim hakima hamza hassan helena helene henri henriette
herve hippolyte honore hubert hugo hugues huguette ibrahim igor ilan ilona imane ines ingrid irene iris
isaac isabelle isaure ismael ivan jacqueline jacques jade jamal jamila jan jane jean jeanne jeannine
jennifer jeremie jeremy jerome jessica joachim joan joanna jocelyn jocelyne joel joelle johan johann
johanna jonathan jordan jose josee joseph josephine josette josiane joyce judith jules julia julian julie
julien julienne juliette justin justine karen karim karima karin karine kelly kevin khadija laetitia lana
lara laura laure laurence laurent laurie lea leana leandre leila lena leo leon leonard leonie leonor
leopold liam lila lilian liliane lilou lina linda line lionel lisa lise livia loic lola lou louis louisa
louise loup luc luca lucas luce lucie lucien lucienne lucile ludivine ludovic luna lya lydia lydie lyna
mael maelle maelys magali maja malik malika malo manon manuel manuela marc marceau marcel marcelle
marcelline margaux margot marguerite maria mariam marianne marie marielle marina marine marion marius
marjorie mark marlene marthe martial martin martine maryse mathias mathieu mathilde mathis matteo matthias
matthieu maud maurice maurine max maxence maxime maya mehdi melanie melina melissa melodie mia michael
michel michele micheline michelle mickael mila milan milo mireille mohamed mona monique morgan morgane
moussa muriel murielle myriam nabil nabila nadege nadia nadine nael naima nais naomi nassim natacha
nathalie nathan nathanael nicolas nicole nina nino noa noam noe noel noele noelle noemie nolan nolwenn
nora norah norbert nour oceane octave odette odile olga olivia olivier omar ophelie oscar othmane owen
pablo pascal pascale pascaline patrice patricia patrick paul paula paule paulette paulin pauline peggy
perrine philibert philippe philippine pierre pierrette quentin rachel rachid rachida raoul raphael
raphaelle rayan raymond raymonde rebecca regine regis remi remy renaud rene renee richard robert robin
rodolphe roger roland rolande romain romane romaric romeo romuald ronan rosa rosalie rose roxane ruben
ryan sabine sabrina sacha said saida salma salome samantha samia samir samira samuel sandra sandrine sandy
sara sarah sasha sebastien serge severin severine sheila simeon simon simone sixtine sofia sofiane solange
solene solenne sonia sophia sophie soraya stella stephane stephanie suzanne sybille sylvain sylvaine
sylvette sylviane sylvie tanguy tania tatiana teo tess tessa theo theodore therese thibaud thibault
thibaut thierry thomas tiffany tim timeo timothe timothee tina titouan tom tony tristan ugo ulysse ursule
valentin valentine valerie valery vanessa vera veronique vianney victoire victor victoria victorine
vincent viola violaine violette virgile virginie vivian viviane vivien vivienne wassim wendy william
xavier yacine yael yan yanis yann yannick yasmina yasmine yoann yohan yolande youssef yvan yves yvette
yvon yvonne zacharie zelie zinedine zoe
"""
_GIVEN_NAMES = frozenset(_GIVEN_NAME_LIST.split())
# Spellings of one name that are both common: one person's records hold either.
_SPELLINGS: tuple[frozenset[str], ...] = tuple(
    frozenset(group.split())
    for group in (
        "mathieu matthieu",
        "mathias matthias",
        "thibaud thibault thibaut",
        "remi remy",
        "jeremie jeremy",
        "michael mickael",
        "franck frank",
        "sara sarah",
        "nora norah",
        "sofia sophia",
        "sacha sasha",
        "yoann yohan johan johann",
        "yan yann",
        "erwan erwann",
        "eric erick",
        "erica erika",
        "karin karine carine",
        "michele michelle",
        "daniele danielle",
        "noele noelle",
        "christel christelle",
        "muriel murielle",
        "timothe timothee",
        "margot margaux",
        "marc mark",
        "hugo ugo",
        "solene solenne",
        "geoffrey geoffroy",
        "teo theo",
        "ivan yvan",
        "cyril cyrille",
    )
)
_SPELLING_OF = {name: group for group in _SPELLINGS for name in group}


def fold(text: str | None) -> str:
    """The name as lower-case ASCII words, titles and punctuation gone: `Mme Hélène-Zoé ` is `helene zoe`.
    Empty for none."""
    if not text:
        return ""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_LIGATURES))
    ascii_text = "".join(char for char in decomposed if not unicodedata.combining(char))
    words = re.findall(r"[^\W_]+", ascii_text)
    while len(words) > 1 and words[0] in _TITLES:
        words = words[1:]
    return " ".join(words)


@functools.lru_cache(maxsize=65536)
def same_first_name(left: str, right: str) -> bool:
    """Whether two folded first names, neither of them empty, may be one person's: equal, an initial, a
    nickname, a part of a compound name, or a typing error. Symmetric. A feminine form is another person's
    name."""
    if left > right:
        left, right = right, left
    if left.replace(" ", "") == right.replace(" ", ""):
        return True
    left_words, right_words = left.split(), right.split()
    if _initials(left_words, right_words) or _initials(right_words, left_words):
        return True
    if _compound(left_words, right_words):
        return True
    if full_names(left) & full_names(right):
        return True
    return _shortened(left, right) or _typing_error(left, right)


def _initials(short: list[str], full: list[str]) -> bool:
    """`j` and `j p` stand for `jean pierre`; a written-out second word must agree."""
    if not all(len(word) == 1 for word in short):
        return False
    return all(word == other[0] for word, other in zip(short, full, strict=False))


def _compound(left: list[str], right: list[str]) -> bool:
    """`jean`, `jean p` and `jean clo` for `jean claude`: the same first word, and no later word that
    contradicts."""
    later = zip(left[1:], right[1:], strict=False)
    return left[0] == right[0] and all(_cut_off(one, other) for one, other in later)


def _cut_off(left: str, right: str) -> bool:
    short, full = sorted((left, right), key=len)
    return full.startswith(short) or (len(short) <= 3 and full[0] == short[0])


def full_names(name: str) -> frozenset[str]:
    """The folded first names that a folded first name may stand for, itself among them: `bob` is bob and robert."""
    return frozenset((name, *_NICKNAMES.get(name, ()))) | _SPELLING_OF.get(name, frozenset())


def is_common_first_name(name: str) -> bool:
    """Whether a folded first name is one of the usual ones, so that it is no misspelling of another."""
    return name in _GIVEN_NAMES


def _shortened(left: str, right: str) -> bool:
    """`steph` for `stephanie`, `toine` for `antoine`: a name cut off behind (three letters are left) or in
    front (four), that is no name of its own, as `jean` is beside `jeanne`."""
    short, full = sorted((left, right), key=len)
    if short in _GIVEN_NAMES or len(short) < 3 or len(full) < len(short) + 2:
        return False
    return full.startswith(short) or (len(short) >= 4 and full.endswith(short))


def _typing_error(left: str, right: str) -> bool:
    """One edit (insert, delete, replace, swap neighbours) in four letters or more, two in eight or more;
    never between two common names, and a last letter `e` or `a` more between two rare names is a feminine
    form."""
    if left in _GIVEN_NAMES and right in _GIVEN_NAMES:
        return False
    short, full = sorted((left, right), key=len)
    if full[:-1] == short and full[-1] in "ea" and full not in _GIVEN_NAMES:
        return False
    allowed = 0 if len(short) < 4 else 1 if len(short) < 8 else 2
    return bool(OSA.distance(left, right, score_cutoff=allowed) <= allowed)
