"""Makes what the tokenizer needs and what it is tested with. Needs ftfy, regex and open_clip_torch 3.3.0 (unpacked; no torch).

    tokenizer.py FOLDER_OF_OPEN_CLIP

public/clip/merges.bin     the 48,894 merges of CLIP's byte-pair encoding as pairs of token ids (u16, little endian):
                           merge i makes token 512 + i. From open_clip's bpe_simple_vocab_16e6.txt.gz (MIT).
public/clip/entities.txt   HTML's named character references, as Python's html module has them: name, code points in hex
tokenizer_cases.json       texts and their ids by open_clip's SimpleTokenizer; `repaired`: ftfy's mojibake repair changes them
"""
import gzip, html.entities, html, json, os, random, struct, sys, types

here = os.path.dirname(os.path.abspath(__file__))
public = os.path.join(here, '../../../public/clip')
folder = sys.argv[1]
# The tokenizer only uses torch to return a tensor.
torch = types.ModuleType('torch'); torch.Tensor = torch.LongTensor = object
sys.modules['torch'] = torch
sys.modules.setdefault('numpy', types.ModuleType('numpy'))
source = types.ModuleType('open_clip_tokenizer'); source.__file__ = os.path.join(folder, 'tokenizer.py')
exec(compile(open(source.__file__).read(), source.__file__, 'exec'), source.__dict__)
tok = source.SimpleTokenizer()
import ftfy

# What is served.
lines = gzip.open(os.path.join(folder, 'bpe_simple_vocab_16e6.txt.gz')).read().decode().split('\n')[1:49152 - 256 - 2 + 1]
assert len(tok.encoder) == 49408
pairs = [tuple(tok.encoder[side] for side in line.split()) for line in lines]
for i, ((left, right), line) in enumerate(zip(pairs, lines)):
    assert tok.encoder[''.join(line.split())] == 512 + i and max(left, right) < 512 + i
with open(os.path.join(public, 'merges.bin'), 'wb') as f:
    f.write(b''.join(struct.pack('<HH', *pair) for pair in pairs))
with open(os.path.join(public, 'entities.txt'), 'w') as f:
    for name, text in sorted(html.entities.html5.items()):
        f.write(f"{name} {' '.join(f'{ord(c):X}' for c in text)}\n")

# What is tested.
named = [
    "a photo of a cat", "a photo of a cat.", "A PHOTO OF A RED BICYCLE LEANING ON A WALL", "", " ", "\n", "\t \n", "How are you doing?", "hello", "Hello", "HELLO",
    "hello  world", "hello\nworld", "\u00a0hello\u00a0", "\u200bzero width", "a\u0000b", "!!!", "...", "?!?!", "a,b;c:d", "(a)[b]{c}<d>", "email@example.com",
    "https://example.org/a?b=c&d=e#f", "C++ and C# are languages", "50% off", "#hashtag @user", "don't", "DON'T", "it's", "I'M", "we've", "they'd", "you'll", "'s", "'S 'T",
    "o'clock", "rock'n'roll", "\u2019s curly it\u2019s", "'\u017fee", "it'\u017f", "\u212aelvin", "1", "12", "123456", "3.14159", "1,000,000", "\u00bd cup", "x\u00b2", "\u2167", "\u0661\u0662\u0663",
    "\uff11\uff12\uff13", "caf\u00e9", "cafe\u0301", "stra\u00dfe", "STRASSE", "\u0130stanbul", "\u0131", "\u03a3\u0391\u03a3", "\u039f\u03a3.", "\u1e9e", "na\u00efve \u00e6on \u0153uvre", "\u5317\u4eac", "\u6771\u4eac\u30bf\u30ef\u30fc",
    "\ud55c\uad6d\uc5b4", "\u1112\u1161\u11ab", "\u0627\u0644\u0639\u0631\u0628\u064a\u0629", "\u05e2\u05d1\u05e8\u05d9\u05ea", "\u0928\u092e\u0938\u094d\u0924\u0947", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35", "\u041f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440", "\u0958", "\u1ea4", "\u212b",
    "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1fa\U0001f1f8", "\u2764\ufe0f", "a\U0001f600b", "\U0001f469\U0001f3fd\u200d\U0001f680",
    "&amp;", "&amp;amp;", "&amp;amp;amp;", "&lt;b&gt;", "&quot;x&quot;", "&nbsp;x", "&#x27;", "&#128512;", "&#x1F600", "&#99999999999;", "&#xD800;", "&#0;", "&#128;", "&#11;x", "&#12abc;", "&notanentity;", "&notit;", "&copy 2020", "AT&T", "&ampfoo",
    "&EACUTE;t&eacute;", "&SZLIG;", "&NTILDE;", "&Ntilde; &nTILDE;", "< &eacute; &EACUTE;", "a\n< b &EACUTE;\n&EACUTE;", "&EACUTE;\n<", "&hellip;&mdash;", "&acE;", "&NewLine;a&Tab;b", "&fjlig;", "&;", "&", "&&amp;&", "&#;", "&#x;", "&thetasym; &ThickSpace;x",
    "\u00e2\u20ac\u2122", "sch\u00c3\u00b6n", "s\u00c3\u00a3o paulo", "\u00e2\u0153\u201d No problems", "caf\u00c3\u00a9 at night", "it\u00e2\u20ac\u2122s fine", "\u00d0\u009f\u00d1\u0080\u00d0\u00b8\u00d0\u00b2\u00d0\u00b5\u00d1\u0082", "\u00f0\u0178\u02dc\u20ac smile", "voil\u00c3 le travail", "L\u00c2\u00b0 5", "P\u0102\u0160rez \u0102\u00a9", "vis-\u221a\u2020-vis",
    "\u201cquoted\u201d", "\u2018x\u2019", "\u201alow\u201b \u201elow\u201f \u02bc", "\ufb01sh \ufb02y \ufb00 \ufb03 \ufb04 \ufb05 \ufb06", "\u0132 \u0133 \u0149 \u01f1 \u01f2 \u01f3 \u01c4 \u01c5 \u01c6 \u01c7 \u01c8 \u01c9 \u01ca \u01cb \u01cc",
    "\uff21\uff22\uff23\uff5e\uff01", "\uff76\uff9e\uff77\uff9f\uff6f\uff70\uff71", "\uffe0\uffe1\uffe2\uffe3\uffe4\uffe5\uffe6\uffe8\uffe9\uffec\uffed\uffee", "\uffa0\uffa1\uffbe\uffc2\uffdc\uff5f\uff60\uff61\uff65", "\u2026 ellipsis", "\u2013 \u2014",
    "\x1b[31mred\x1b[0m", "\x1b[1;31mbold", "\x1b[", "line1\r\nline2", "line1\rline2", "tab\there", "\u2028sep\u2029par", "\ufeffbom", "a\x0bb\x0cc", "x\x1cy", "\u206aa\ufff9b\ufffcc", "a\u0085b", "\u0093quoted\u0094", "soft\u00adhyphen", "\ufffd",
    "<start_of_text>", "<end_of_text>", "<START_OF_TEXT> hi <End_Of_Text>", "<\u017ftart_of_text>", "<|startoftext|>", "<|endoftext|>", "a <end_of_text> b", "!<end_of_text>", "<start_of_text", "<end_of_texts>",
    "supercalifragilisticexpialidocious", "zzzzzzzzzzzzzzzzzzzz", "qwxzj", "a" * 300, "the " * 80, "ab1cd2ef3", "snake_case_name", "camelCaseName", "__init__", "word " * 74 + "end", "word " * 75 + "end", "word " * 76 + "end",
    "it's what we're doing: they've 1999's route-66, I'll pay $12.50!!!", "  spaces\tand\nnew   lines\u3000around  ", "Tom &amp; Jerry &lt;3 &amp;amp; &#39;cheese&#39;",
]
labels = ["tench", "great white shark", "house finch", "Siberian Husky", "airliner", "pi\u00f1ata", "cr\u00e8me br\u00fbl\u00e9e", "T-shirt", "jack-o'-lantern", "CD player"]
templates = ["a bad photo of a {}.", "a photo of many {}.", "a sculpture of a {}.", "a low resolution photo of the {}.", "itap of my {}.", "a plastic {}.", "the origami {}.", "a {} in a video game.", "graffiti of the {}.", "a tattoo of the {}."]
r = random.Random(20261121)
words = "a photo of the cat dog red blue bicycle on street old-fashioned it's we're 1980s New York caf\u00e9 \u5317\u4eac \U0001f680 & ! ? , . ... ( ) \u201cx\u201d 3.5 100% https://x.y".split(" ")
# No Latin-1 supplement here: random letters beside its symbols look like mojibake.
pool = [chr(c) for c in list(range(32, 127)) * 3 + list(range(0x250, 0x2B0)) + list(range(0x410, 0x450)) + list(range(0x4E00, 0x4E40)) + list(range(0xAC00, 0xAC40)) + [0x200D, 0x3000, 0x301, 0x1F600, 0x1F680, 0x2014]]
latin = [chr(c) for c in list(range(97, 123)) * 6 + list(range(0xC0, 0x180))]
# Blocks that have been stable for many versions of Unicode.
blocks = [(0x20, 0x7E), (0x391, 0x3A1), (0x3B1, 0x3C9), (0x410, 0x44F), (0x5D0, 0x5EA), (0x620, 0x64A), (0x904, 0x939), (0x93E, 0x94D), (0xE01, 0xE3A), (0x10A0, 0x10C5), (0x1E00, 0x1EFF), (0x2070, 0x2071), (0x2100, 0x218B), (0x2200, 0x22FF), (0x2460, 0x24FF),
          (0x3041, 0x3096), (0x30A1, 0x30FA), (0x4E00, 0x9FA5), (0xAC00, 0xD7A3), (0xF900, 0xFA2D), (0xFF01, 0xFFEE), (0x10400, 0x1044F), (0x1D400, 0x1D454), (0x1F300, 0x1F5FF), (0x20000, 0x2A6D6), (0xE0020, 0xE007F)]
cases = named + [t.format(c) for c in labels for t in templates]
cases += [" ".join(r.choice(words) for _ in range(r.randint(1, 25))) for _ in range(80)]
cases += ["".join(r.choice(pool) for _ in range(r.randint(1, 40))) for _ in range(80)]
cases += ["".join(r.choice(latin) for _ in range(r.randint(1, 30))) for _ in range(40)]
for _ in range(120):
    a, b = r.choice(blocks)
    cases.append("".join(chr(r.randint(a, b)) if r.random() < 0.8 else chr(r.randint(32, 126)) for _ in range(r.randint(1, 20))))


def ids(text):
    ids = [tok.sot_token_id] + tok.encode(text) + [tok.eot_token_id]
    return ids if len(ids) <= 77 else ids[:76] + [tok.eot_token_id]


def without_repair(text):
    fix = ftfy.fix_text
    source.ftfy.fix_text = lambda s: fix(s, fix_encoding=False)
    try:
        return ids(text)
    finally:
        source.ftfy.fix_text = fix


out = []
for text in dict.fromkeys(cases):
    case = {"text": text, "ids": ids(text)}
    if without_repair(text) != case["ids"]:
        case["repaired"] = True
    out.append(case)
with open(os.path.join(here, 'tokenizer_cases.json'), 'w') as f:
    f.write("[\n" + ",\n".join(json.dumps(c, separators=(',', ':')) for c in out) + "\n]\n")
print(len(out), 'cases,', sum(c.get('repaired', False) for c in out), 'repaired; ftfy', ftfy.__version__)
