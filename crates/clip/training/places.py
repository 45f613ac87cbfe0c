"""Draws pictures whose things' places are known, to ask where each is: `places.py` writes ../tests/reference/places.webp and places.json.

Half of the pictures show one thing, half two that differ in colour or shape, in pairs that the model was trained on. Each thing is asked for by
its colour and shape; its box is that of its drawn mask, in pixels of its picture: left, top, right, bottom. Needs numpy and Pillow.
"""
import json, math, os
from PIL import Image
import pictures

COUNT, SIDE, COLUMNS, OVER = 200, 80, 20, 3
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../tests/reference')


def drawn(number, two):
    """A picture and for each thing its name and its box."""
    boxes, mask = [], pictures.mask
    # Where draw() puts each mask follows from the scene; what the mask leaves empty does not.
    def watched(*arguments):
        made = mask(*arguments)
        boxes.append(made.getbbox())
        return made
    def allowed(scene):
        boxes.clear()
        return not pictures.held_out_pairs(scene) and (len(scene['groups']) == 2) == two and all(len(g['things']) == 1 for g in scene['groups'])
    pictures.mask = watched
    try: picture, scene = pictures.example('places', number, SIDE, allowed)
    finally: pictures.mask = mask
    things = []
    for g, (left, top, right, bottom) in zip(scene['groups'], boxes):
        (x, y, radius), side = g['things'][0], SIDE * OVER
        x, y, radius = x * side, y * side, radius * side
        across, down = int(x - 1.3 * radius), int(y - 1.3 * radius)
        box = [(across + left) / OVER, (down + top) / OVER, (across + right) / OVER, (down + bottom) / OVER]
        name = f"{list(pictures.COLOURS)[g['colour']]} {pictures.SHAPES[g['shape']]}"
        things.append({'name': name, 'box': [round(min(max(v, 0), SIDE), 2) for v in box]})
    return picture, things


def main():
    sheet, rows = Image.new('RGB', (COLUMNS * SIDE, COUNT // COLUMNS * SIDE)), []
    for i in range(COUNT):
        picture, things = drawn(i, two=i % 2 == 1)
        sheet.paste(picture, (i % COLUMNS * SIDE, i // COLUMNS * SIDE))
        rows.append(json.dumps(things, separators=(',', ':')))
    sheet.save(os.path.join(FOLDER, 'places.webp'), lossless=True, quality=100, method=6)
    open(os.path.join(FOLDER, 'places.json'), 'w').write(f'{{"side":{SIDE},"columns":{COLUMNS},"pictures":[\n' + ',\n'.join(rows) + '\n]}\n')


if __name__ == '__main__': main()
