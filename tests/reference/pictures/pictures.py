"""Makes pictures.bin, small picture files one after the other, and pictures.json, what Pillow decodes them to: for each its
name, its place in pictures.bin, the mode in which open_clip resizes it, its size, and the 64-bit FNV-1a of its bytes. EXIF
orientations are applied, as browsers do and refit does. Needs numpy and Pillow 12 or older: python pictures.py
"""
import io, json, os
import numpy as np
from PIL import Image, ImageOps

here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(17)


def fnv1a64(data):
    h = 0xcbf29ce484222325
    for b in data:
        h = ((h ^ b) * 0x100000001b3) & 0xffffffffffffffff
    return h


def picture(w, h, mode):
    """Soft colours, an edge, and noise: what IDCT, upsampling and clipping show themselves on."""
    y, x = np.mgrid[0:h, 0:w]
    channels = []
    for c in range(4):
        v = 127 + 120 * np.sin(x / (3 + 2 * c) + c) * np.cos(y / (5 + c)) + rng.normal(0, 12, (h, w))
        v[h // 3:, w // 2:] = 255 * (c % 2)
        channels.append(np.clip(v, 0, 255).astype(np.uint8))
    if mode == 'L':
        return Image.fromarray(channels[0])
    return Image.fromarray(np.stack(channels[:len(mode)], -1), mode)


def encoded(im, kind, **options):
    out = io.BytesIO()
    im.save(out, kind, **options)
    return out.getvalue()


files = []
for i in range(100):
    w, h = (int(n) for n in rng.integers(1, 50, 2))
    options = {'quality': int(rng.integers(5, 101)), 'subsampling': i % 3, 'progressive': i % 4 == 1, 'optimize': i % 5 == 0}
    if i % 7 == 3:
        options['restart_marker_blocks'] = 2
    if i % 9 == 4:
        exif = Image.Exif()
        exif[0x0112] = 1 + i // 9 % 8
        options['exif'] = exif
    mode = 'L' if i % 11 == 5 else 'CMYK' if i % 11 == 8 else 'RGB'
    if mode != 'RGB':
        options.pop('subsampling')
    files.append((f'{i}-{mode}.jpg', encoded(picture(w, h, mode), 'JPEG', **options)))
rgb, rgba = picture(33, 21, 'RGB'), picture(33, 21, 'RGBA')
for i, quality in enumerate((10, 50, 80, 100)):
    files.append((f'lossy{i}.webp', encoded(picture(31 + i, 23, 'RGB'), 'WEBP', quality=quality)))
files += [('alpha.webp', encoded(rgba, 'WEBP', lossless=True, exact=True)), ('plain.png', encoded(rgb, 'PNG')), ('alpha.png', encoded(rgba, 'PNG')),
          ('gray.png', encoded(rgb.convert('L'), 'PNG')), ('gray_alpha.png', encoded(rgba.convert('LA'), 'PNG')), ('palette.png', encoded(rgb.quantize(40), 'PNG')),
          ('palette4.png', encoded(rgb.quantize(11), 'PNG')), ('bilevel.png', encoded(rgb.convert('1'), 'PNG')), ('transparent.png', encoded(rgb, 'PNG', transparency=(255, 0, 255))),
          ('still.gif', encoded(rgb.quantize(50), 'GIF')), ('plain.bmp', encoded(rgb, 'BMP')), ('palette.bmp', encoded(rgb.quantize(30), 'BMP')), ('gray.bmp', encoded(rgb.convert('L'), 'BMP')),
          ('plain.tiff', encoded(rgb, 'TIFF')), ('lzw.tiff', encoded(rgb, 'TIFF', compression='tiff_lzw')), ('deflate.tiff', encoded(rgb.convert('L'), 'TIFF', compression='tiff_adobe_deflate'))]
# Decoded otherwise than by Pillow, which is said.
with open(os.path.join(here, 'jpeg.tiff'), 'wb') as f:
    f.write(encoded(picture(33, 21, 'RGB'), 'TIFF', compression='jpeg'))
at, out = 0, []
with open(os.path.join(here, 'pictures.bin'), 'wb') as f:
    for name, data in files:
        im = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        is_indexed = im.mode in ('1', 'P')
        # With a palette, the colours after the resize are those before it.
        im = im.convert('RGB') if im.mode == 'P' else im.convert('L') if im.mode == '1' else im
        if name == 'gray.bmp':
            im = im.convert('RGB')   # as it is decoded here; the same greys
        out.append({'name': name, 'at': at, 'length': len(data), 'mode': im.mode, 'indexed': is_indexed, 'width': im.width, 'height': im.height, 'fnv1a64': f'{fnv1a64(im.tobytes()):016x}'})
        f.write(data)
        at += len(data)
with open(os.path.join(here, 'pictures.json'), 'w') as f:
    f.write('[\n' + ',\n'.join(json.dumps(c, separators=(',', ':')) for c in out) + '\n]\n')
print(len(files), 'files,', at, 'bytes')
