"""Draws pictures of shapes and says what is on them: a scene is made first, then drawn, then described.

Everything follows from one random.Random, so a picture's number is all that it takes to draw it again.
"""
import colorsys, math, random
import numpy as np
from PIL import Image, ImageChops, ImageDraw

SHAPES = ['circle', 'square', 'triangle', 'star', 'heart', 'cross', 'ring', 'hexagon', 'crescent', 'arrow']
PLURALS = {shape: shape + ('es' if shape == 'cross' else 's') for shape in SHAPES}
COLOURS = {  # hue, saturation and value, each from, to
    'red': ((-.02, .015), (.8, 1), (.75, 1)), 'orange': ((.065, .095), (.85, 1), (.9, 1)), 'yellow': ((.14, .17), (.75, 1), (.9, 1)),
    'green': ((.28, .40), (.6, 1), (.45, .8)), 'blue': ((.57, .66), (.7, 1), (.6, 1)), 'purple': ((.74, .80), (.55, .9), (.45, .75)),
    'pink': ((.88, .95), (.3, .55), (.95, 1)), 'brown': ((.05, .08), (.6, .8), (.3, .5)), 'black': ((0, 1), (0, .2), (0, .12)),
    'white': ((0, 1), (0, .04), (.95, 1)), 'gray': ((0, 1), (0, .06), (.42, .62))}
TEXTURES = ['plain', 'striped', 'dotted', 'checkered']
SIZES = ['small', 'large']
COUNTS = ['one', 'two', 'three', 'four', 'five']
POSITIONS = ['on the left', 'on the right', 'at the top', 'at the bottom', 'in the center']
CENTRES = [(.22, .5), (.78, .5), (.5, .22), (.5, .78), (.5, .5)]
# What a group of equal things is told by; numbers are places in the lists above, ANY is "not said" or "neither".
FIELDS = ['shape', 'colour', 'texture', 'size', 'count', 'several', 'position']
ANY = -1


def held_out():
    """Pairs that no training picture shows, so that the test asks for what was never seen together."""
    r = random.Random('compositions')
    def pairs(a, b, n):
        return set(r.sample([(x, y) for x in a for y in b], n))
    return {('colour', 'shape'): pairs(range(len(COLOURS)), range(len(SHAPES)), 14),
            ('texture', 'shape'): pairs(range(1, len(TEXTURES)), range(len(SHAPES)), 4),
            ('count', 'shape'): pairs(range(1, len(COUNTS)), range(len(SHAPES)), 5)}
HELD_OUT = held_out()


def held_out_pairs(scene):
    return {pair for group in scene['groups'] for pair, values in HELD_OUT.items() if (group[pair[0]], group[pair[1]]) in values}


def rgb(name, r):
    h, s, v = (r.uniform(*range_) for range_ in COLOURS[name])
    return tuple(255 * c for c in colorsys.hsv_to_rgb(h % 1, s, v))


def scene(r):
    """One group of one to five equal things, or two things that differ."""
    names = list(COLOURS)
    def group(**known):
        g = dict(shape=r.randrange(len(SHAPES)), colour=r.randrange(len(names)), texture=r.choice([0, 0, 1, 2, 3]), size=ANY, count=0, position=ANY)
        g.update(known)
        g['several'] = int(g['count'] > 0)
        g['rgb'] = rgb(names[g['colour']], r)
        return g
    if r.random() < .2:
        groups = [group(), group()]
        while all(groups[0][k] == groups[1][k] for k in ('shape', 'colour')):
            groups[1] = group()
        radius = [r.uniform(.13, .2) for _ in groups]
        side = [r.uniform(.24, .3), r.uniform(.7, .76)]; r.shuffle(side)
        across = [r.uniform(.3, .7) for _ in side]
        spots = list(zip(side, across) if r.random() < .5 else zip(across, side))
        groups[0]['things'], groups[1]['things'] = ([(*spot, rad)] for spot, rad in zip(spots, radius))
    elif r.random() < .5:
        g = group(size=r.choice([ANY, 0, 1]))
        if g['size'] == 1:
            radius, centre, jitter = r.uniform(.3, .4), (.5, .5), .06
        else:
            radius = r.uniform(.09, .135) if g['size'] == 0 else r.uniform(.17, .22)
            g['position'] = r.randrange(len(POSITIONS))
            centre, jitter = CENTRES[g['position']], .05
        g['things'] = [(centre[0] + r.uniform(-jitter, jitter), centre[1] + r.uniform(-jitter, jitter), radius)]
        groups = [g]
    else:
        g = group(count=r.randrange(1, 5))
        g['things'] = spread(r, g['count'] + 1)
        groups = [g]
    # A background from which each thing stands out.
    while True:
        background = r.randrange(len(names))
        colour = rgb(names[background], r)
        if all(distance(colour, g['rgb']) > 110 and background != g['colour'] for g in groups):
            break
    return {'groups': groups, 'background': background, 'rgb': colour, 'ground': r.choice(['plain', 'plain', 'gradient', 'grain']), 'slope': r.uniform(0, 2 * math.pi)}


def distance(a, b):
    return math.dist(a, b)


def spread(r, n):
    """So many things beside each other."""
    while True:
        radius = r.uniform(.095, .15)
        things = []
        for _ in range(40):
            x, y = (r.uniform(radius + .03, .97 - radius) for _ in 'xy')
            if all(math.hypot(x - a, y - b) > 2.35 * radius for a, b, _ in things):
                things.append((x, y, radius))
            if len(things) == n:
                return things


def outline(shape):
    """Corners of a shape of radius about 1, where it is a polygon."""
    def ngon(n, start=-math.pi / 2, radii=(1,)):
        return [(radii[i % len(radii)] * math.cos(start + 2 * math.pi * i / n), radii[i % len(radii)] * math.sin(start + 2 * math.pi * i / n)) for i in range(n)]
    match shape:
        case 'square': return ngon(4, math.pi / 4, (1.15,))
        case 'triangle': return [(x, y + .15) for x, y in ngon(3, radii=(1.15,))]
        case 'star': return ngon(10, radii=(1.1, .45))
        case 'hexagon': return ngon(6, 0)
        case 'cross': return [(-.33, -1), (.33, -1), (.33, -.33), (1, -.33), (1, .33), (.33, .33), (.33, 1), (-.33, 1), (-.33, .33), (-1, .33), (-1, -.33), (-.33, -.33)]
        case 'arrow': return [(-1.05, -.28), (.1, -.28), (.1, -.75), (1.1, 0), (.1, .75), (.1, .28), (-1.05, .28)]
        case 'heart':
            turn = [2 * math.pi * i / 60 for i in range(60)]
            return [(16 * math.sin(t) ** 3 / 16, -(13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 15.5) for t in turn]


def mask(shape, x, y, radius, turn, side):
    """Where the shape is, on a square canvas; lengths in pixels."""
    def disc(x, y, radius):
        image = Image.new('L', (side, side)); ImageDraw.Draw(image).ellipse([x - radius, y - radius, x + radius, y + radius], fill=255); return image
    cos, sin = math.cos(turn), math.sin(turn)
    def place(px, py): return x + radius * (px * cos - py * sin), y + radius * (px * sin + py * cos)
    if shape == 'circle': return disc(x, y, radius)
    if shape == 'ring': return ImageChops.subtract(disc(x, y, radius), disc(x, y, .55 * radius))
    if shape == 'crescent': return ImageChops.subtract(disc(x, y, radius), disc(*place(.5, 0), .85 * radius))
    image = Image.new('L', (side, side)); ImageDraw.Draw(image).polygon([place(*p) for p in outline(shape)], fill=255); return image


def texture(name, colour, second, side, x, y, period, turn):
    """A canvas in the colour, with a second one in stripes, dots or squares."""
    if name == 'plain':
        return Image.new('RGB', (side, side), tuple(round(c) for c in colour))
    u, v = (np.arange(side, dtype=np.float32) - x)[None] / period, (np.arange(side, dtype=np.float32) - y)[:, None] / period
    u, v = u * math.cos(turn) + v * math.sin(turn), v * math.cos(turn) - u * math.sin(turn)
    match name:
        case 'striped': where = u % 1 < .45
        case 'dotted': where = (u % 1 - .5) ** 2 + (v % 1 - .5) ** 2 < .1
        case 'checkered': where = (u % 1 < .5) ^ (v % 1 < .5)
    return Image.fromarray(np.array([colour, second], np.uint8)[where.astype(np.intp)])


def draw(scene, size, r, over=3):
    """The picture, size x size, drawn `over` times as large and averaged."""
    side = size * over
    canvas = Image.new('RGB', (side, side), tuple(round(c) for c in scene['rgb']))
    if scene['ground'] == 'gradient':
        at = np.arange(32) / 31 - .5
        share = np.clip(.5 + at[None] * math.cos(scene['slope']) + at[:, None] * math.sin(scene['slope']), 0, 1)
        ground = np.array(scene['rgb']) * (.85 + .15 * share[..., None])
        canvas = Image.fromarray(ground.astype(np.uint8)).resize((side, side), Image.Resampling.BILINEAR)
    for g in scene['groups']:
        light = sum(g['rgb']) / 3
        second = [c + (255 - c) * .75 for c in g['rgb']] if light < 150 else [c * .45 for c in g['rgb']]
        for x, y, radius in g['things']:
            shape = SHAPES[g['shape']]
            turn = r.uniform(-.26, .26) + (r.choice([0, 1, 2, 3]) * math.pi / 2 if shape in ('arrow', 'crescent') else 0)
            x, y, radius = x * side, y * side, radius * side
            # Only where the thing is: textures are the dearest part.
            left, upper, box = int(x - 1.3 * radius), int(y - 1.3 * radius), int(2.6 * radius) + 2
            period = radius * r.uniform(.5, .62)
            surface = texture(TEXTURES[g['texture']], g['rgb'], second, box, x - left, y - upper, period, turn + r.choice([0, .5, 1, 1.5]) * math.pi / 2)
            canvas.paste(surface, (left, upper), mask(shape, x - left, y - upper, radius, turn, box))
    picture = canvas.reduce(over)
    if scene['ground'] == 'grain':
        noise = np.random.default_rng(r.getrandbits(32)).normal(0, 7, (size, size, 1))
        picture = Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))
    return picture


def clause(g, said, r):
    """Words for what is said of a group, and the fields that they fix; first the words without an article."""
    fixed = {k: g[k] if k in said else ANY for k in FIELDS}
    fixed['several'] = g['several']
    names = list(COLOURS)
    shape = SHAPES[g['shape']] if 'shape' in said else r.choice(['shape', 'shape', 'thing', 'object'])
    words = []
    if 'size' in said and g['size'] != ANY: words.append(SIZES[g['size']] if r.random() < .8 else ['tiny', 'big'][g['size']])
    if 'texture' in said: words.append(TEXTURES[g['texture']])
    if 'colour' in said: words.append('grey' if names[g['colour']] == 'gray' and r.random() < .4 else names[g['colour']])
    words.append(PLURALS.get(shape, shape + 's') if g['several'] else shape)
    if 'count' in said: words.insert(0, COUNTS[g['count']])
    if 'position' in said and g['position'] != ANY:
        where = POSITIONS[g['position']]
        words.append(r.choice([where, where, 'in the middle', 'in the centre']) if where == 'in the center' else where)
    bare = ' '.join(words)
    if g['several'] or 'count' in said: return bare, bare, fixed
    return bare, ('an ' if bare[0] in 'aeiou' else 'a ') + bare, fixed


def caption(scene, r):
    """A sentence that is true of the scene, the fields of its one or two clauses, and the background that it names (or ANY)."""
    groups = r.sample(scene['groups'], len(scene['groups']))
    if len(groups) > 1 and r.random() < .4: groups = groups[:1]
    chance = r.choice([.25, .5, .75])
    clauses = []
    for g in groups:
        said = {k for k in ('shape', 'colour', 'texture', 'size', 'count', 'position') if r.random() < chance}
        if r.random() < .5: said.add('shape')
        if not said: said = {r.choice(['shape', 'colour', 'texture', 'count' if g['several'] else 'colour'])}
        clauses.append((g, said))
    background = ANY
    if len(clauses) == 1 and r.random() < .12:
        # One word, as people type labels: "red", "striped", "star", "three".
        g, _ = clauses[0]
        k = r.choice(['shape', 'shape', 'colour', 'colour', 'texture', 'count'])
        word = {'shape': SHAPES[g['shape']], 'colour': list(COLOURS)[g['colour']], 'texture': TEXTURES[g['texture']], 'count': COUNTS[g['count']]}[k]
        fixed = {f: g[f] if f == k else ANY for f in FIELDS}
        bare = full = word; told = [fixed]
    else:
        parts = [clause(g, said, r) for g, said in clauses]
        told = [fixed for _, _, fixed in parts]
        bare = full = ' and '.join(full for _, full, _ in parts)
        if len(parts) == 1: bare = parts[0][0]
        if r.random() < .12:
            background = scene['background']
            suffix = ' on a{} {} background'.format('n' * (list(COLOURS)[background] == 'orange'), list(COLOURS)[background])
            bare += suffix; full += suffix
    # The last two put a label where a template leaves its place, article or not.
    text = r.choice(['{f}', 'a photo of {f}', 'a picture of {f}', 'a drawing of {f}', 'an image of {f}', 'a photo of a {b}', 'a photo of a {b}.']).format(f=full, b=bare)
    return text + r.choice(['', '', '.']) * (not text.endswith('.')), told, background


def numbers(fields):
    return [fields[k] for k in FIELDS]


def example(seed, number, size, allow=lambda scene: not held_out_pairs(scene)):
    """Picture `number` of a series and its scene; by default one that may be trained on."""
    r = random.Random(f'{seed}/{number}')
    while True:
        s = scene(r)
        if allow(s): return draw(s, size, r), s


def truth(captions, scenes):
    """Which captions are true of which scenes, [captions, scenes]."""
    def matrix(groups):  # of the first and the second clause or group; a missing one is all ANY
        return [np.array([numbers(g[min(i, len(g) - 1)]) for g in groups]) for i in (0, 1)]
    told, seen = matrix([c[1] for c in captions]), matrix([s['groups'] for s in scenes])
    fits = [[((t[:, None] == ANY) | (t[:, None] == s[None])).all(-1) for s in seen] for t in told]
    two = np.array([len(c[1]) == 2 for c in captions])[:, None]
    couple = np.array([len(s['groups']) == 2 for s in scenes])[None]
    one_clause = fits[0][0] | fits[0][1]
    both = couple & (fits[0][0] & fits[1][1] | fits[0][1] & fits[1][0])
    ground, said = np.array([s['background'] for s in scenes])[None], np.array([c[2] for c in captions])[:, None]
    return np.where(two, both, one_clause) & ((said == ANY) | (said == ground))


def whole_caption(scene, r):
    """A caption that leaves nothing out but the ground, and that a single thing is one and plain."""
    def said(g):
        return {'shape', 'colour', 'size', 'position'} | ({'texture'} if g['texture'] else set()) | ({'count'} if g['several'] else set())
    parts = [clause(g, said(g), r) for g in r.sample(scene['groups'], len(scene['groups']))]
    return 'a photo of ' + ' and '.join(full for _, full, _ in parts), [fixed for _, _, fixed in parts], ANY


def understood(text):
    """A caption read back: what caption() returns with it, or None where it is none that could have come from there."""
    text = text.removesuffix('.')
    for start in ('a photo of ', 'a picture of ', 'a drawing of ', 'an image of '): text = text.removeprefix(start)
    background = ANY
    if text.endswith(' background'):
        text, _, ground = text.removesuffix(' background').rpartition(' on a')
        ground = ground.removeprefix('n').strip()
        if ground not in COLOURS: return None
        background = list(COLOURS).index(ground)
    told = [understood_clause(part) for part in text.split(' and ')]
    return None if None in told or len(told) > 2 else (text, told, background)


def understood_clause(text):
    fixed = dict.fromkeys(FIELDS, ANY)
    for place, number in [*((p, i) for i, p in enumerate(POSITIONS)), ('in the middle', 4), ('in the centre', 4)]:
        if text.endswith(' ' + place): text, fixed['position'] = text.removesuffix(' ' + place), number
    *words, noun = text.split()
    nouns = {**{w: (s, 0) for s, w in enumerate(SHAPES)}, **{PLURALS[w]: (s, 1) for s, w in enumerate(SHAPES)}, **{w + 's' * n: (ANY, n) for w in ('shape', 'thing', 'object') for n in (0, 1)}}
    if noun not in nouns: return None
    fixed['shape'], fixed['several'] = nouns[noun]
    if words and words[0] in ('a', 'an'):
        if fixed['several'] or words[0] != ('an' if [*words, noun][1][0] in 'aeiou' else 'a'): return None
        words = words[1:]
    elif words and words[0] in COUNTS:
        fixed['count'] = COUNTS.index(words[0])
        if (fixed['count'] > 0) != fixed['several']: return None
        words = words[1:]
    for field, known in (('size', {'small': 0, 'tiny': 0, 'large': 1, 'big': 1}), ('texture', {t: i for i, t in enumerate(TEXTURES)}), ('colour', {**{c: i for i, c in enumerate(COLOURS)}, 'grey': list(COLOURS).index('gray')})):
        if words and words[0] in known: fixed[field] = known[words.pop(0)]
    return None if words else fixed
