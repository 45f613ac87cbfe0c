"""Writes an archive with many drawn pairs, to measure `refit index` on: python many.py 50000 many.tar. Needs Pillow."""
import io, json, random, sys, tarfile
from PIL import Image, ImageDraw

COLOURS = {"red": (220, 40, 40), "green": (40, 170, 70), "blue": (50, 90, 220), "yellow": (240, 210, 60), "black": (20, 20, 20)}
r = random.Random("many")
with tarfile.open(sys.argv[2], "w") as archive:
    for number in range(int(sys.argv[1])):
        side = r.choice([192, 256, 320])
        ground = tuple(r.randrange(200, 256) for _ in range(3))
        picture = Image.new("RGB", (side, side), ground)
        colour, shape = r.choice(list(COLOURS)), r.choice(["circle", "square"])
        x, y, radius = (r.uniform(0.3, 0.7) * side, r.uniform(0.3, 0.7) * side, r.uniform(0.1, 0.3) * side)
        draw = ImageDraw.Draw(picture)
        form = draw.ellipse if shape == "circle" else draw.rectangle
        form((x - radius, y - radius, x + radius, y + radius), fill=COLOURS[colour])
        image, text = io.BytesIO(), f"a photo of a {colour} {shape}, number {number}"
        picture.save(image, "JPEG", quality=90)
        meta = json.dumps({"key": f"{number:08}", "caption": text, "uid": f"{number:032x}", "original_width": side, "original_height": side})
        for ending, data in [("jpg", image.getvalue()), ("txt", text.encode()), ("json", meta.encode())]:
            member = tarfile.TarInfo(f"{number:08}.{ending}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
