"""Writes Parquet files that have the images, too, as data sets on Hugging Face and img2dataset do: python with_images.py

datasets 5.2.0, pyarrow 26.0.1, pillow 13.0.0."""

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, Features, Image, Sequence, Value
from PIL import Image as Pillow

HERE = Path(__file__).parent


def picture(seed, kind):
    bytes_ = io.BytesIO()
    Pillow.new("RGB", (8 + seed, 8), (40 * seed, 90, 200)).save(bytes_, kind)
    return bytes_.getvalue()


KINDS = ["JPEG", "PNG", "WEBP", "GIF", "BMP"]
images = [picture(i, kind) for i, kind in enumerate(KINDS)]

# As `push_to_hub` writes it: a group of bytes and path, either of which may be null, in groups of few rows.
data = Dataset.from_dict(
    {
        "image": [
            {"bytes": images[0], "path": "a.jpg"},
            {"bytes": images[1], "path": None},
            {"bytes": None, "path": "images/c.png"},
            None,
            {"bytes": images[4], "path": "e.bmp"},
        ],
        "filename": ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "4.jpg"],
        "text": ["first", "second", "third", "fourth", None],
        "labels": [[1, 2], [], [3], [], [4]],
        "license": [1, 2, None, 4, 5],
    },
    features=Features(
        {
            "image": Image(decode=False),
            "filename": Value("string"),
            "text": Value("string"),
            "labels": Sequence(Value("int64")),
            "license": Value("int64"),
        }
    ),
)
data.to_parquet(HERE / "hugging_face.parquet", batch_size=2)

# img2dataset's `--output_format parquet` (img2dataset/writer.py): the image under the name of its format.
table = pa.table(
    {
        "key": pa.array([f"{i:09d}" for i in range(5)]),
        "caption": pa.array(["first", "second", "third", "fourth", "fifth"]),
        "url": pa.array([f"http://example.org/{i}.jpg" for i in range(5)]),
        "jpg": pa.array(images[:4] + [None], pa.binary()),
    }
)
pq.write_table(table, HERE / "img2dataset.parquet", row_group_size=3)

# Several captions of an image, as Flickr30k and COCO are published there; an empty list, none at all, and a null in one.
data = Dataset.from_dict(
    {
        "image": [{"bytes": images[0], "path": f"{key}.jpg"} for key in "abcde"],
        "caption": [["one, two", '"three"\nfour'], ["five"], [], None, ["six", None, "seven", ""]],
        "sentids": [[1, 2], [3], [], None, [4, 5, 6, 7]],
        "boxes": [[[0.5, 1.0]], [], None, [[2.0]], [[3.0], []]],
        "objects": [[{"name": "x", "count": 1}], [], None, [], [{"name": "y", "count": 2}]],
    },
    features=Features(
        {
            "image": Image(decode=False),
            "caption": Sequence(Value("string")),
            "sentids": Sequence(Value("int64")),
            "boxes": Sequence(Sequence(Value("float32"))),
            "objects": [{"name": Value("string"), "count": Value("int64")}],
        }
    ),
)
data.to_parquet(HERE / "captions.parquet", batch_size=3)
