"""Reference outputs of open_clip for weights that are a formula of tensor name and index.

So a full-size parity test needs no weight file: the same few lines in another language give the same
float32 weights. Usage: formula_models.py MODEL OUT.json   (MODEL: an open_clip config name, e.g. ViT-S-32-alt). Needs torch and open_clip_torch. Made formula_ViT-S-32-alt.json and formula_ViT-B-32.json;
with LAION-AI/open_clip_mammut in its place formula_mammut_ViT-S-32.json and formula_mammut_ViT-B-32.json, which have greedy captions too.

weight(name, i): u = splitmix64(fnv1a64(name) + i) mapped to [-1, 1); value = float32(offset + scale * u), where
  logit_scale                     value = float32(ln 100)
  *.bias, *_bias                  offset 0, scale 0.05
  LayerNorm weight (ln_*)         offset 1, scale 0.2
  class_embedding, positional_embedding, token_embedding.weight   offset 0, scale 0.05
  proj, text_projection, map_viz2txt_kv   offset 0, scale sqrt(3 / rows)
  every other matrix or kernel    offset 0, scale 1.5 * sqrt(3 / fan_in), fan_in = product of all dimensions but the first
picture(k, w, h): byte (x, y, c) = floor(255 * (0.5 + 0.25 sin(0.05 (c + 1) x + k) + 0.25 cos(0.03 (c + 2) y + 2 k)) + 0.5), clamped to 0..255
"""
import json, math, sys
import numpy as np, torch, open_clip
from PIL import Image

M = (1 << 64) - 1
def fnv1a64(s):
    h = 0xcbf29ce484222325
    for b in s.encode(): h = ((h ^ b) * 0x100000001b3) & M
    return h
def splitmix64(z):
    with np.errstate(over='ignore'):
        z = z + np.uint64(0x9e3779b97f4a7c15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
        return z ^ (z >> np.uint64(31))
def uniform(name, n):
    with np.errstate(over='ignore'):
        z = np.uint64(fnv1a64(name)) + np.arange(n, dtype=np.uint64)
    return (splitmix64(z) >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0   # 53 bits -> [-1, 1)
def scale_of(name, shape):
    last = name.split('.')[-1]; parts = name.split('.')
    if last == 'bias' or last.endswith('_bias'): return 0.0, 0.05
    if last == 'weight' and any(p.startswith('ln_') for p in parts): return 1.0, 0.2
    if last in ('class_embedding', 'positional_embedding') or name.endswith('token_embedding.weight'): return 0.0, 0.05
    if last in ('proj', 'text_projection', 'map_viz2txt_kv'): return 0.0, math.sqrt(3 / shape[0])
    return 0.0, 1.5 * math.sqrt(3 / math.prod(shape[1:]))
def fill(model):
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name == 'logit_scale': p.fill_(math.log(100.0)); continue
            o, s = scale_of(name, tuple(p.shape))
            p.copy_(torch.from_numpy((o + s * uniform(name, p.numel())).astype(np.float32)).reshape(p.shape))
    return model.eval()
def picture(k, w, h):
    x = np.arange(w)[None, :, None]; y = np.arange(h)[:, None, None]; c = np.arange(3)[None, None, :]
    v = 0.5 + 0.25*np.sin(0.05*(c + 1)*x + k) + 0.25*np.cos(0.03*(c + 2)*y + 2*k)
    return Image.fromarray(np.clip(np.floor(255*v + 0.5), 0, 255).astype(np.uint8))
PICTURES = [(0, 224, 224), (1, 640, 480), (2, 300, 500), (3, 37, 1200)]
PROMPTS = ['a photo of a cat', 'a photo of a dog.', 'A diagram', '', 'naïve café — 北京 🚀', 'a very long caption ' * 30]

def greedy(model, px):
    _, emb = model._encode_image(px); kv = emb @ model.map_viz2txt_kv
    seq, steps = [49406], []
    for _ in range(20):
        logits = model.encode_text(torch.tensor([seq]), image_embs=kv, output_logits=True)[0, -1]
        v, k = logits.topk(5); steps.append({'top_ids': k.tolist(), 'top_logits': v.tolist()}); seq.append(int(k[0]))
        if seq[-1] == 49407: break
    return {'ids': seq, 'steps': steps}

def main(name, out):
    model, _, pre = open_clip.create_model_and_transforms(name); fill(model)
    tok = open_clip.get_tokenizer(name); ids = tok(PROMPTS)
    px = torch.stack([pre(picture(*p)) for p in PICTURES])
    r = {'model': name, 'open_clip': open_clip.__version__, 'pictures': PICTURES, 'prompts': PROMPTS, 'token_ids': [[int(t) for t in row if t] for row in ids],
         'tensors': [{'name': n, 'shape': list(p.shape), 'first': float(p.flatten()[0]), 'sum': float(p.double().sum())} for n, p in model.named_parameters()]}
    with torch.no_grad():
        i = torch.nn.functional.normalize(model.encode_image(px), dim=-1); t = torch.nn.functional.normalize(model.encode_text(ids), dim=-1)
        logits = model.logit_scale.exp() * i @ t.T
        r.update(pixel_checks=[[float(px[b, c, y, x]) for c, y, x in ((0, 0, 0), (1, 100, 50), (2, 223, 223), (0, 17, 200))] for b in range(len(px))],
                 image_embeddings=i.tolist(), text_embeddings=t.tolist(), probabilities=logits.softmax(-1).tolist())
        if hasattr(model, 'map_viz2txt_kv'):
            r['captions'] = [greedy(model, px[b:b+1]) for b in range(len(px))]
    short = lambda v: [short(x) for x in v] if isinstance(v, list) else {k: short(x) for k, x in v.items()} if isinstance(v, dict) else float(f'{v:.9g}') if isinstance(v, float) else v
    lines = [json.dumps(k) + ': ' + json.dumps(short(v), ensure_ascii=False, separators=(',', ':')) for k, v in r.items()]
    open(out, 'w').write('{\n' + ',\n'.join(lines) + '\n}\n')
    print(name, 'image spread', float((i[0] @ i[1])), float((i[0] @ i[2])), 'text spread', float(t[0] @ t[1]), float(t[0] @ t[3]), 'probs', r['probabilities'][0])
if __name__ == '__main__': main(*sys.argv[1:])
