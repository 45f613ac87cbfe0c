"""Trains the small CLIP that comes with the page, on pictures that pictures.py draws. Needs torch, open_clip_torch 3.3, pillow, numpy and safetensors.

    train.py train [--steps N] [--resume]    to target/shapes/model.pt
    train.py export                          from there: public/clip/shapes.safetensors, shapes.json, samples/, and the references of crates/clip/tests/reference/

The architecture is open_clip's CLIP by construction. The loss is CLIP's, but for captions that happen to be true of another
picture of the batch (the scenes are known): they are no negatives of it. That alone leaves shapes and positions unlearnt
after ALONE steps: in flat colours all inputs of a patch change together, so that patches had grown to 44 times their
positions' size, which hides where they are. From then on they are of one size, patches learn slowly (until SLOW
more so), and a picture of one
group is also compared with a prompt for every shape, every colour and so on, in words that change from step to step; from SHAPES on shapes, the hardest, weigh more. The vocabulary is CLIP's without its later merges:
with V tokens, 512 bytes, then the first V - 514 merges, then start and end of text.
"""
import argparse, gzip, math, os, random, time
import numpy as np, torch, torch.nn.functional as F
import open_clip
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg
from open_clip.tokenizer import SimpleTokenizer, bytes_to_unicode, default_bpe
import pictures

SEED, SIZE, VOCABULARY, CONTEXT = 20261121, 80, 3072, 32
BATCH, POOL = 128, 64000
STEPS, ALONE, SLOW, SHAPES, DECAY = 4050, 2500, 3000, 3250, 350
MEAN, STD = (torch.tensor(v).view(3, 1, 1) for v in (open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD))
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../..')
STATE = os.path.join(ROOT, 'target/shapes/model.pt')


def new_model():
    torch.manual_seed(SEED)
    vision = CLIPVisionCfg(layers=3, width=192, head_width=64, patch_size=20, image_size=SIZE)
    text = CLIPTextCfg(context_length=CONTEXT, vocab_size=VOCABULARY, width=128, heads=2, layers=2)
    return CLIP(128, vision, text)


class Tokenizer:
    """CLIP's, with the first merges only."""
    def __init__(self, vocabulary=VOCABULARY):
        merges = vocabulary - 514
        lines = gzip.open(default_bpe()).read().decode().split('\n')[1:merges + 1]
        self.whole = SimpleTokenizer()
        self.whole.bpe_ranks = {tuple(line.split()): i for i, line in enumerate(lines)}
        symbols = list(bytes_to_unicode().values())
        symbols += [s + '</w>' for s in symbols] + [''.join(line.split()) for line in lines]
        self.whole.encoder = {s: i for i, s in enumerate(symbols)}
        self.start, self.end = vocabulary - 2, vocabulary - 1
        for name, token in (('<start_of_text>', self.start), ('<end_of_text>', self.end)):
            self.whole.encoder[name] = token
        self.known = {}

    def ids(self, text, context=CONTEXT):
        if text not in self.known:
            self.known[text] = [self.start] + self.whole.encode(text) + [self.end]
        ids = self.known[text]
        return ids if len(ids) <= context else ids[:context - 1] + [self.end]

    def __call__(self, texts):
        rows = [self.ids(t) for t in texts]
        longest = max(map(len, rows))
        return torch.tensor([row + [0] * (longest - len(row)) for row in rows])

    def by_length(self, texts, groups):
        """Texts' places and ids, in groups of about one length, so that little is computed on padding."""
        order = sorted(range(len(texts)), key=lambda i: len(self.ids(texts[i])))
        for part in np.array_split(order, groups):
            yield part.tolist(), self([texts[i] for i in part])


def pixels(picture):
    return (torch.from_numpy(np.array(picture)).permute(2, 0, 1) / 255 - MEAN) / STD


def encode_text(model, ids):
    """open_clip's encode_text, on as many positions as the longest text has: a causal tower never looks beyond."""
    n = ids.shape[1]
    x = model.token_embedding(ids) + model.positional_embedding[:n]
    x = model.ln_final(model.transformer(x, attn_mask=model.attn_mask[:n, :n]))
    x = x[torch.arange(len(ids)), ids.argmax(-1)] @ model.text_projection
    return F.normalize(x, dim=-1)


class Batches(torch.utils.data.Dataset):
    """Steps from `start` on. A picture comes back after POOL others, with new captions."""
    def __init__(self, start, steps): self.start, self.steps, self.drawn = start, steps, {}
    def __len__(self): return self.steps
    def example(self, number):
        if number not in self.drawn:
            picture, scene = pictures.example(SEED, number, SIZE)
            self.drawn[number] = np.asarray(picture), scene
        return self.drawn[number]
    def __getitem__(self, step):
        if step >= self.steps: raise IndexError
        first = (self.start + step) * BATCH
        drawn, scenes = zip(*(self.example((first + i) % POOL) for i in range(BATCH)))
        r = random.Random(f'{SEED}/captions/{first}')
        captions = [pictures.caption(scene, r) for scene in scenes for _ in range(2)]
        known = [[s['groups'][0][k] if len(s['groups']) == 1 else pictures.ANY for k in ATTRIBUTES] for s in scenes]
        return torch.from_numpy(np.stack(drawn)), [c[0] for c in captions], torch.from_numpy(pictures.truth(captions, scenes)), torch.tensor(known)


def contrast(logits, true):
    """logits and truth [captions, pictures], one or two captions a picture: each pair against what is false, from both sides."""
    own = torch.arange(len(logits)) * logits.shape[1] // len(logits)
    pair = logits[torch.arange(len(logits)), own]
    false = logits.masked_fill(true, float('-inf'))
    by_caption, by_picture = false.logsumexp(1), false.logsumexp(0)[own]
    return (F.softplus(by_caption - pair).mean() + F.softplus(by_picture - pair).mean()) / 2


# Of each attribute the words for all that it may be.
ATTRIBUTES = {
    'shape': pictures.SHAPES, 'colour': [f'{c} %' for c in pictures.COLOURS], 'texture': [f'{t} %' for t in pictures.TEXTURES], 'size': [f'{s} %' for s in pictures.SIZES],
    'count': ['one %'] + [f'{c} %s' for c in pictures.COUNTS[1:]], 'position': [f'% {p}' for p in pictures.POSITIONS]}


def prompts(r):
    noun, template = r.choice(['shape', 'thing', 'object']), r.choice(['a photo of {}', 'a picture of {}', 'an image of {}', 'a photo of a {}.', '{}'])
    def prompt(words, article):
        words = words.replace('%', noun)
        return template.format(words if not article or template.endswith('a {}.') else ('an ' if words[0] in 'aeiou' else 'a ') + words)
    return [prompt(words, attribute != 'count') for attribute, all_words in ATTRIBUTES.items() for words in all_words]


def attributes(logits, known):
    """logits [pictures, prompts] and what is known of each picture [pictures, attributes]: the cross-entropy of each attribute."""
    parts = logits.split([len(words) for words in ATTRIBUTES.values()], 1)
    return [F.cross_entropy(part, right, ignore_index=pictures.ANY) for part, right in zip(parts, known.T)]


def rate(step):
    if step < ALONE: return 1.2e-3 * min((step + 1) / 200, .5 + .5 * math.cos(math.pi * step / 4000))
    return 1e-3 * min((step - ALONE + 1) / 50, (STEPS - step) / DECAY, 1)


def show_positions(model):
    """Patches as large as their positions."""
    with torch.no_grad():
        model.visual.conv1.weight.mul_(.1)
        model.visual.positional_embedding.copy_(.5 * torch.randn(model.visual.positional_embedding.shape, generator=torch.Generator().manual_seed(SEED)))


def train(steps, resume):
    torch.set_num_threads(1)
    model, tokenizer = new_model(), Tokenizer()
    patches = [model.visual.conv1.weight]
    decayed = [p for p in model.parameters() if p.ndim > 1 and p is not patches[0]]
    kept = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW([{'params': decayed, 'weight_decay': .1}, {'params': kept, 'weight_decay': 0}, {'params': patches, 'weight_decay': .1}], betas=(.9, .98))
    done = 0
    if resume:
        state = torch.load(STATE); done = state['steps']
        model.load_state_dict(state['model']); optimizer.load_state_dict(state['optimizer'])
    os.makedirs(os.path.dirname(STATE), exist_ok=True)
    loader = torch.utils.data.DataLoader(Batches(done, steps - done), batch_size=None, num_workers=1, prefetch_factor=8)
    began, average, apart = time.time(), None, []
    for step, (drawn, texts, true, known) in enumerate(loader, done):
        if step == ALONE: show_positions(model)
        for group in optimizer.param_groups: group['lr'] = rate(step)
        if step >= ALONE: optimizer.param_groups[2]['lr'] *= .05 if step < SLOW else .3
        x = (drawn.permute(0, 3, 1, 2) / 255 - MEAN) / STD
        images = model.encode_image(x, normalize=True)
        places, words = zip(*((places, encode_text(model, ids)) for places, ids in tokenizer.by_length(texts, 4)))
        words = torch.cat(words)[torch.tensor(sum(places, [])).argsort()]
        loss = contrast(model.logit_scale.exp() * words @ images.T, true)
        if step >= ALONE:
            words = encode_text(model, tokenizer(prompts(random.Random(f'{SEED}/prompts/{step}'))))
            apart = attributes(model.logit_scale.exp() * images @ words.T, known)
            loss = loss + sum(apart) / 2 + (1.5 * apart[0] if step >= SHAPES else 0)
        optimizer.zero_grad(); loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        with torch.no_grad(): model.logit_scale.clamp_(max=math.log(100))
        average = loss.item() if average is None or step == ALONE else .97 * average + .03 * loss.item()
        if step % 50 == 0 or step == steps - 1:
            print(f'{step} loss {average:.3f} scale {model.logit_scale.exp().item():.1f} {time.time() - began:.0f} s', *(f'{k} {x.item():.2f}' for k, x in zip(ATTRIBUTES, apart)), flush=True)
        if step % 250 == 249 or step == steps - 1:
            torch.save({'model': model.state_dict(), 'optimizer': optimizer.state_dict(), 'steps': step + 1}, STATE + '.new')
            os.replace(STATE + '.new', STATE)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('command', choices=['train', 'export'])
    parser.add_argument('--steps', type=int, default=STEPS)
    parser.add_argument('--resume', action='store_true')
    arguments = parser.parse_args()
    if arguments.command == 'train': train(arguments.steps, arguments.resume)
    else:
        import export
        export.export()
