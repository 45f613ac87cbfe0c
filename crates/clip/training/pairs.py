"""Draws 500 pairs of pictures and captions, true, half-true and wrong: `pairs.py` writes public/clip/pairs.tar, in img2dataset's layout.

Half of the captions are true. A half-true one is wrong in one of shape, colour, count and position; a wrong one shares no shape, colour, count or
position with anything on the picture. Each caption is held against the scene that was drawn. So that the rules of LAION and DataComp have something
to do, sizes differ, twenty pictures are seen a second time, smaller, and some true captions are single words or German. Each pair's JSON says which
it is (`truth`), the shape on the picture where there is one kind (`label`), and all that img2dataset would. Pictures are of a series that no model was trained on. Needs numpy and Pillow.
"""
import hashlib, io, json, os, random, tarfile
import pictures
from pictures import ANY, COLOURS, COUNTS, POSITIONS, SHAPES

COUNT, COPIES, GERMAN, SIZES = 500, 20, 15, [128, 160, 192, 200, 224, 256]
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../../public/clip')
LISTS = {'shape': SHAPES, 'colour': COLOURS, 'count': COUNTS, 'position': POSITIONS}
WORDS = {'circle': 'Kreis', 'square': 'Quadrat', 'triangle': 'Dreieck', 'star': 'Stern', 'heart': 'Herz', 'cross': 'Kreuz', 'ring': 'Ring', 'hexagon': 'Sechseck', 'crescent': 'Halbmond', 'arrow': 'Pfeil',
         'red': 'Rot', 'orange': 'Orange', 'yellow': 'Gelb', 'green': 'Grün', 'blue': 'Blau', 'purple': 'Violett', 'pink': 'Rosa', 'brown': 'Braun', 'black': 'Schwarz', 'white': 'Weiß', 'gray': 'Grau'}


def is_true(caption, scene): return bool(pictures.truth([caption], [scene])[0, 0])


def true(scene, r):
    return pictures.caption(scene, r) if r.random() < .5 else pictures.whole_caption(scene, r)


def half_true(scene, r):
    """A whole caption of the scene with one thing changed."""
    while True:
        groups = [dict(g) for g in scene['groups']]
        changed = r.choice(groups)
        field = r.choice([f for f in LISTS if changed[f] != ANY and (f != 'count' or changed['several'])])
        changed[field] = r.choice([i for i in range(len(LISTS[field])) if i != changed[field] and not (field == 'count' and i == 0)])
        caption = pictures.whole_caption({**scene, 'groups': groups}, r)
        if not is_true(caption, scene): return caption


def wrong(scene, r):
    """A whole caption of another scene, with nothing in common."""
    while True:
        other = pictures.scene(r)
        common = any(a[f] == b[f] != ANY for a in scene['groups'] for b in other['groups'] for f in LISTS if f != 'count' or a['several'] or b['several'])
        if not common: return pictures.whole_caption(other, r)


def encoded(picture):
    bytes_ = io.BytesIO()
    picture.save(bytes_, 'WEBP', quality=80, method=6)
    return bytes_.getvalue()


def pairs():
    r, made = random.Random('pairs'), []
    kinds = ['true'] * (COUNT // 2 - COPIES) + ['half-true'] * (COUNT // 4) + ['wrong'] * (COUNT // 4)
    r.shuffle(kinds)
    german = {i for i in r.sample([i for i, kind in enumerate(kinds) if kind == 'true'], GERMAN)}
    for number, kind in enumerate(kinds):
        size = r.choice(SIZES)
        picture, scene = pictures.example('pairs', number, size, lambda s: True)
        caption = {'true': true, 'half-true': half_true, 'wrong': wrong}[kind](scene, r)
        assert is_true(caption, scene) == (kind == 'true'), (number, kind, caption)
        text = caption[0]
        if number in german:
            shape, colour = (WORDS[list(names)[scene['groups'][0][field]]] for field, names in [('shape', SHAPES), ('colour', COLOURS)])
            text = f'Auf diesem Bild ist die Form {shape} in der Farbe {colour} zu sehen'
        made.append((picture, text, kind, scene))
    for number in r.sample([i for i, kind in enumerate(kinds) if kind == 'true' and i not in german], COPIES):
        picture, _, kind, scene = made[number]
        side = picture.width * 3 // 4
        made.append((picture.resize((side, side), 3), true(scene, r)[0], kind, scene))
    return made


def main():
    with tarfile.open(os.path.join(FOLDER, 'pairs.tar'), 'w', format=tarfile.USTAR_FORMAT) as archive:
        def add(name, bytes_):
            member = tarfile.TarInfo(name); member.size = len(bytes_); member.mode = 0o644
            archive.addfile(member, io.BytesIO(bytes_))
        for number, (picture, text, kind, scene) in enumerate(pairs()):
            key, image = f'{number:05}', encoded(picture)
            uid = hashlib.md5(image + text.encode()).hexdigest()
            about = dict(uid=uid, caption=text, key=key, status='success', width=picture.width, height=picture.height, original_width=picture.width, original_height=picture.height, truth=kind)
            shapes = {group['shape'] for group in scene['groups']}
            if len(shapes) == 1: about['label'] = list(SHAPES)[shapes.pop()]
            add(key + '.webp', image); add(key + '.txt', text.encode()); add(key + '.json', json.dumps(about, ensure_ascii=False, separators=(',', ':')).encode())


if __name__ == '__main__': main()
