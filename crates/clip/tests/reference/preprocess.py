"""Makes preprocess_cases.json: crops by open_clip's preprocessing of pictures that are formulas. Needs Pillow 12 or older.

resize(), longest() and crop() are torchvision's and open_clip's arithmetic around Pillow's calls. Pillow resizes columns first and then rows; from 13.0
on it picks the order that is less work, which may change a byte by one or two.

Byte i of a picture (rows, then columns, then channels):
  noise    the highest byte of splitmix64(i)
  smooth   (3 x + 5 y + 60 c + (x x + 3 y y + x y) / 64) mod 256
The crop just before ToTensor is kept as its 64-bit FNV-1a and its first pixels.
"""
import json, os
import numpy as np
import PIL
from PIL import Image

assert int(PIL.__version__.split('.')[0]) < 13

Image.MAX_IMAGE_PIXELS = None
CHANNELS = {'L': 1, 'LA': 2, 'RGB': 3, 'RGBA': 4, 'CMYK': 4}
INTERPOLATIONS = {'bicubic': Image.BICUBIC, 'bilinear': Image.BILINEAR, 'nearest': Image.NEAREST}


def picture(kind, mode, w, h):
    n = CHANNELS[mode]
    if kind == 'noise':
        with np.errstate(over='ignore'):
            z = np.arange(w * h * n, dtype=np.uint64) + np.uint64(0x9e3779b97f4a7c15)
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
            z ^= z >> np.uint64(31)
        v = (z >> np.uint64(56)).astype(np.uint8).reshape(h, w, n)
    else:
        x = np.arange(w)[None, :, None]; y = np.arange(h)[:, None, None]; c = np.arange(n)[None, None, :]
        v = ((3 * x + 5 * y + 60 * c + (x * x + 3 * y * y + x * y) // 64) % 256).astype(np.uint8)
    return Image.fromarray(v[:, :, 0] if n == 1 else v, mode)


def resize(im, size, mode, how):
    w, h = im.size
    if mode == 'squash':
        return im.resize((size, size), how)
    if mode == 'longest':   # ResizeKeepRatio in open_clip's transform.py
        ratio = max(h / size, w / size)
        return im.resize((max(round(w / ratio), 1), max(round(h / ratio), 1)), how)
    return im.resize((size, int(size * h / w)) if w <= h else (int(size * w / h), size), how)


def crop(im, size, fill):
    w, h = im.size
    if w < size or h < size:   # center_crop_or_pad in open_clip's transform.py, center_crop in torchvision's
        left, top = max(size - w, 0) // 2, max(size - h, 0) // 2
        padded = Image.new(im.mode, (max(w, size), max(h, size)), fill if im.mode == 'L' else (fill,) * len(im.getbands()))
        padded.paste(im, (left, top))
        im = padded
    x, y = (int(round((side - size) / 2.0)) for side in im.size)
    return im.crop((x, y, x + size, y + size))


def fnv1a64(data):
    h = 0xcbf29ce484222325
    for b in data:
        h = ((h ^ b) * 0x100000001b3) & 0xffffffffffffffff
    return h


shapes = [(224, 224), (225, 224), (224, 225), (224, 227), (224, 229), (640, 480), (480, 640), (333, 719), (1, 1), (1, 7), (7, 1), (2, 2), (3, 1000), (1000, 3), (1, 300), (10, 10), (223, 223),
          (37, 1200), (1200, 60), (3000, 50), (50, 3000), (512, 512), (448, 448), (449, 450), (1920, 1080), (10000, 30), (30, 10000), (2500, 2300), (227, 229), (112, 113), (100, 99)]
cases = [('noise', 'RGB', w, h, 224) for w, h in shapes] + [('smooth', 'RGB', w, h, 224) for w, h in shapes[::3]]
cases += [(k, m, w, h, 224) for m in ('L', 'LA', 'RGBA') for k in ('noise', 'smooth') for w, h in [(224, 224), (300, 260), (400, 301), (1, 1), (5, 300), (225, 224), (60, 57)]]
cases += [('noise', 'RGB', w, h, size) for size in (256, 336, 378, 32) for w, h in [(640, 427), (201, 333), (size, size + 1)]]
cases = [(*c, 'bicubic', 'shortest', c[4], 0) for c in cases]
sizes = [(224, 224), (640, 427), (201, 333), (1, 1), (3, 1000), (30, 2000), (225, 224), (60, 57), (448, 449), (1921, 1080)]
for how in INTERPOLATIONS:
    for mode in ('shortest', 'longest', 'squash'):
        if (how, mode) != ('bicubic', 'shortest'):
            cases += [('noise', m, w, h, 224, how, mode, 224, 0) for m in ('RGB', 'RGBA') for w, h in sizes]
        cases += [('noise', m, 301, 200, 224, how, mode, 224, 255) for m in ('L', 'LA', 'CMYK')]
cases += [('smooth', 'CMYK', w, h, 224, 'bicubic', 'shortest', 224, 0) for w, h in sizes]
# Resized to one side, cropped to another, as transformers' configurations may say.
cases += [('noise', 'RGB', w, h, 224, 'bicubic', 'shortest', side, 0) for side in (256, 200) for w, h in sizes[:5]]
out = []
for kind, mode, w, h, size, how, resize_mode, side, fill in cases:
    im = picture(kind, mode, w, h)
    im = crop(resize(im, side, resize_mode, INTERPOLATIONS[how]), size, fill).convert('RGB')
    data = im.tobytes()
    out.append({'kind': kind, 'mode': mode, 'width': w, 'height': h, 'size': size, 'interpolation': how, 'resize_mode': resize_mode, 'resize': side, 'fill': fill,
                'fnv1a64': f'{fnv1a64(data):016x}', 'first': list(data[:12])})
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'preprocess_cases.json')
with open(path, 'w') as f:
    f.write('[\n' + ',\n'.join(json.dumps(c, separators=(',', ':')) for c in out) + '\n]\n')
print(len(out), 'cases; Pillow', PIL.__version__)
