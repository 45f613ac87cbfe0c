"""Draws what the small CLIP has never seen: letters, and kinds of lines. As pictures.py does, a picture follows from its number."""
import math, random
import numpy as np
from PIL import Image, ImageDraw
import pictures


def arc(x, y, across, down, start, end, n=24):
    """Points of an ellipse; angles in turns, clockwise from the right."""
    turns = [start + (end - start) * i / n for i in range(n + 1)]
    return [(x + across * math.cos(2 * math.pi * t), y + down * math.sin(2 * math.pi * t)) for t in turns]


# Strokes in a square from -1 to 1. The ten letters whose class vectors (a photo of a {}.) by the text tower are farthest apart, found before a picture was
# drawn: a tower that was never shown a letter tells most of them hardly apart.
LETTERS = {
    'y': [[(-.8, -1), (0, 0), (.8, -1)], [(0, 0), (0, 1)]],
    'z': [[(-.8, -1), (.8, -1), (-.8, 1), (.8, 1)]],
    'm': [[(-.9, 1), (-.9, -1), (0, .4), (.9, -1), (.9, 1)]],
    't': [[(-.8, -1), (.8, -1)], [(0, -1), (0, 1)]],
    'o': [arc(0, 0, .8, 1, 0, 1)],
    'q': [arc(0, 0, .8, 1, 0, 1), [(.2, .4), (.9, 1.1)]],
    'r': [[(-.7, 1), (-.7, -1), (.1, -1), *arc(.1, -.5, .6, .5, -.25, .25), (-.7, 0)], [(0, 0), (.8, 1)]],
    'i': [[(0, -1), (0, 1)], [(-.5, -1), (.5, -1)], [(-.5, 1), (.5, 1)]],
    's': [arc(0, -.5, .7, .5, -.08, -.75) + arc(0, .5, .7, .5, -.25, .42)],
    'h': [[(-.8, -1), (-.8, 1)], [(.8, -1), (.8, 1)], [(-.8, 0), (.8, 0)]],
}


def line(points): return [points]
def dashes(n): return [[(-1 + 2 * (i + .15) / n, 0), (-1 + 2 * (i + .75) / n, 0)] for i in range(n)]
def wave(n, high): return [[(-1 + t / 30, high * math.sin(n * math.pi * t / 30)) for t in range(61)]]
def zigzag(n, high): return [[(-1 + 2 * i / n, high * (-1) ** i) for i in range(n + 1)]]
def spiral(n): return [[(t / 80 * math.cos(2 * math.pi * n * t / 80), t / 80 * math.sin(2 * math.pi * n * t / 80)) for t in range(8, 81)]]


# Kinds of lines, each drawn anew: strokes in the same square.
LINES = {
    'straight line': lambda r: line([(-1, 0), (1, 0)]),
    'dashed line': lambda r: dashes(r.choice([4, 5, 6])),
    'wave': lambda r: wave(r.choice([3, 4, 5]), r.uniform(.2, .32)),
    'zigzag': lambda r: zigzag(r.choice([5, 6, 7, 8]), r.uniform(.2, .32)),
    'double line': lambda r: [[(-1, s), (1, s)] for s in (-.17, .17)],
    'spiral': lambda r: spiral(r.choice([2, 2.5])),
}
TASKS = {'letters': list(LETTERS), 'lines': list(LINES)}


def example(task, series, number, size, over=3):
    """Picture `number` of a series, and the number of its label."""
    r = random.Random(f'{task}/{series}/{number}')
    which = number % len(TASKS[task])
    names = list(pictures.COLOURS)
    while True:
        colour, ground = r.sample(range(len(names)), 2)
        ink, paper = pictures.rgb(names[colour], r), pictures.rgb(names[ground], r)
        if pictures.distance(ink, paper) > 110: break
    side = size * over
    canvas = Image.new('RGB', (side, side), tuple(round(c) for c in paper))
    if task == 'letters':
        strokes, radius, turn = LETTERS[TASKS[task][which]], r.uniform(.2, .36), r.uniform(-.2, .2)
        thick = radius * r.uniform(.16, .34)
    else:
        strokes, radius, turn = LINES[TASKS[task][which]](r), r.uniform(.3, .42), r.uniform(-.5, .5) + r.choice([0, math.pi / 2])
        thick = r.uniform(.025, .05)
    x, y = (r.uniform(1.25 * radius, 1 - 1.25 * radius) if radius < .39 else .5 + r.uniform(-.03, .03) for _ in 'xy')
    wide, slant = r.uniform(.8, 1.1) if task == 'letters' else 1, r.uniform(-.15, .15) if task == 'letters' else 0
    cos, sin = math.cos(turn), math.sin(turn)
    def place(px, py):
        px, py = px * wide + slant * py, py
        return side * (x + radius * (px * cos - py * sin)), side * (y + radius * (px * sin + py * cos))
    pen, fill, half = ImageDraw.Draw(canvas), tuple(round(c) for c in ink), side * thick / 2
    for stroke in strokes:
        points = [place(*p) for p in stroke]
        pen.line(points, fill=fill, width=max(1, round(2 * half)), joint='curve')
        for a, b in (points[0], points[-1]): pen.ellipse([a - half, b - half, a + half, b + half], fill=fill)
    picture = canvas.reduce(over)
    if r.random() < .25:
        noise = np.random.default_rng(r.getrandbits(32)).normal(0, 7, (size, size, 1))
        picture = Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))
    return picture, which
