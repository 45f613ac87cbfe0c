"""Where in a picture a text is, by PyTorch's autograd: `python locate.py .` writes locate.json. Needs torch, numpy and Pillow.

The image towers of formula_ViT-S-32-alt.json and formula_mammut_ViT-S-32.json, written out so that attention's probabilities can be
differentiated; that they are open_clip's is checked against the embeddings stored there, whose text embeddings serve as classes.

gradient ("CLIP on Wheels", Gadre et al. 2022, after Chefer et al. 2021): s the logit of a class, A the last block's attention probabilities;
R = mean over heads of max(0, ds/dA * A), whose row of the class token is the map. Of a model whose embedding is of the mean of all tokens,
the sum of all rows.
raster: every 37th number of every 37th row of the map of the second picture and the first class, bilinear on the model's size.
tiles: n x n tiles of the picture, each resized to the model's size; softmax over the tiles of a class's logits."""
import json, math, os, sys
import numpy as np, torch, torch.nn.functional as F
from PIL import Image

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
HERE = os.path.dirname(os.path.abspath(__file__))
M = (1 << 64) - 1


def fnv1a64(text):
    h = 0xcbf29ce484222325
    for b in text.encode(): h = ((h ^ b) * 0x100000001b3) & M
    return h


def weight(name, shape):
    """As formula_models.py has it."""
    with np.errstate(over='ignore'):
        z = np.uint64(fnv1a64(name)) + np.arange(math.prod(shape), dtype=np.uint64) + np.uint64(0x9e3779b97f4a7c15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
    u = ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0
    last, parts = name.split('.')[-1], name.split('.')
    if last == 'bias' or last.endswith('_bias'): offset, scale = 0, .05
    elif last == 'weight' and any(p.startswith('ln_') for p in parts): offset, scale = 1, .2
    elif last in ('class_embedding', 'positional_embedding'): offset, scale = 0, .05
    elif last == 'proj': offset, scale = 0, math.sqrt(3 / shape[0])
    else: offset, scale = 0, 1.5 * math.sqrt(3 / math.prod(shape[1:]))
    return torch.from_numpy((offset + scale * u).astype(np.float32)).reshape(shape)


def picture(k, w, h):
    x = np.arange(w)[None, :, None]; y = np.arange(h)[:, None, None]; c = np.arange(3)[None, None, :]
    v = .5 + .25 * np.sin(.05 * (c + 1) * x + k) + .25 * np.cos(.03 * (c + 2) * y + 2 * k)
    return Image.fromarray(np.clip(np.floor(255 * v + .5), 0, 255).astype(np.uint8))


def values(picture): return ((torch.from_numpy(np.array(picture)).permute(2, 0, 1) / 255 - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None])[None]


def cropped(picture, size):
    w, h = picture.size
    short = min(w, h)
    resized = picture.resize((size * w // short, size * h // short), Image.BICUBIC)
    left, top = (round((side - size) / 2) for side in resized.size)
    return values(resized.crop((left, top, left + size, top + size)))


def tiles(picture, n, size):
    w, h = picture.size
    boxes = [(w * x // n, h * y // n, w * (x + 1) // n, h * (y + 1) // n) for y in range(n) for x in range(n)]
    return torch.cat([values(picture.crop(box).resize((size, size), Image.BICUBIC)) for box in boxes])


class Tower:
    """An image tower of open_clip's names."""
    def __init__(self, p, heads, pools_by_mean, quick=False):
        self.p, self.heads, self.pools_by_mean, self.quick = p, heads, pools_by_mean, quick
        self.layers = 1 + max(int(n.split('.')[3]) for n in p if 'resblocks' in n)

    def norm(self, x, name): return F.layer_norm(x, x.shape[-1:], self.p[name + '.weight'], self.p[name + '.bias'])

    def linear(self, x, name): return F.linear(x, self.p[name + 'weight'], self.p[name + 'bias'])

    def __call__(self, x):
        """Unit vectors [pictures, embedding], and the last block's attention [pictures, heads, tokens, tokens]."""
        p = self.p
        x = F.conv2d(x, p['visual.conv1.weight'], stride=p['visual.conv1.weight'].shape[-1]).flatten(2).mT
        x = torch.cat([p['visual.class_embedding'].expand(len(x), 1, -1), x], 1) + p['visual.positional_embedding']
        x = self.norm(x, 'visual.ln_pre')
        for i in range(self.layers):
            b = f'visual.transformer.resblocks.{i}.'
            q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in self.linear(self.norm(x, b + 'ln_1'), b + 'attn.in_proj_').chunk(3, -1))
            a = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1).requires_grad_()
            x = x + self.linear((a @ v).transpose(1, 2).flatten(2), b + 'attn.out_proj.')
            h = self.linear(self.norm(x, b + 'ln_2'), b + 'mlp.c_fc.')
            x = x + self.linear(h * (1.702 * h).sigmoid() if self.quick else F.gelu(h), b + 'mlp.c_proj.')
        x = self.norm(x.mean(1) if self.pools_by_mean else x[:, 0], 'visual.ln_post') @ p['visual.proj']
        return F.normalize(x, dim=-1), a

    def gradient(self, x, classes, scale):
        """Maps [classes, patches] of one picture."""
        unit, a = self(x)
        maps = []
        for logit in (scale * unit @ classes.T)[0]:
            grad, = torch.autograd.grad(logit, a, retain_graph=True)
            r = (grad * a)[0].clamp(min=0).mean(0)
            maps.append((r.sum(0) if self.pools_by_mean else r[0])[1:].detach())
        return torch.stack(maps)

    @torch.no_grad()
    def tiles(self, x, classes, scale):
        """[classes, tiles]"""
        return (scale * self(x)[0] @ classes.T).softmax(0).T


def case(model, activation, dtype):
    formula = json.load(open(os.path.join(HERE, f'formula_{model}.json')))
    p = {t['name']: weight(t['name'], t['shape']).to(dtype) for t in formula['tensors'] if t['name'].startswith('visual.')}
    width, size = p['visual.class_embedding'].shape[0], 224
    tower = Tower(p, width // 64, model.startswith('mammut'), activation == 'quick-gelu')
    classes, pictures = torch.tensor(formula['text_embeddings'], dtype=dtype), [picture(*k) for k in formula['pictures']]
    found = {'model': model, 'activation': activation, 'gradient': [], 'tiles': []}
    for drawn, known in zip(pictures, formula['image_embeddings']):
        x = cropped(drawn, size).to(dtype)
        off = (tower(x)[0][0] - torch.tensor(known)).abs().max().item()
        if activation == 'gelu': assert off < 1e-6, off
        found['gradient'].append(tower.gradient(x, classes, 100).tolist())
    raster = F.interpolate(torch.tensor(found['gradient'][1][0]).reshape(1, 1, 7, 7), size=size, mode='bilinear')
    found['raster'] = raster[0, 0, ::37, ::37].tolist()
    for n in (3, 5): found['tiles'].append([tower.tiles(tiles(drawn, n, size).to(dtype), classes, 100).tolist() for drawn in pictures[:2 if n == 5 else 3]])
    return found


def main(folder):
    torch.manual_seed(0)
    cases = [case(m, a, torch.float64) for m, a in [('ViT-S-32-alt', 'gelu'), ('ViT-S-32-alt', 'quick-gelu'), ('mammut_ViT-S-32', 'gelu')]]
    short = lambda v: [short(x) for x in v] if isinstance(v, list) else float(f'{v:.7g}') if isinstance(v, float) else v
    lines = [json.dumps({k: short(v) for k, v in c.items()}, separators=(',', ':')) for c in cases]
    open(os.path.join(folder, 'locate.json'), 'w').write('[\n' + ',\n'.join(lines) + '\n]\n')
    for c in cases:
        g = torch.tensor(c['gradient'])
        print(c['model'], c['activation'], 'gradient', g.shape, g.min().item(), g.max().item(), 'tiles', max(max(r) for r in c['tiles'][0][0]))


if __name__ == '__main__': main(sys.argv[1])
