"""Trains the small MaMMUT, the captioning sibling of train.py's CLIP, on the same pictures. Needs what train.py needs, with LAION-AI/open_clip_mammut in place of open_clip.

    mammut.py train [--steps N] [--resume]    from public/clip/shapes.safetensors to target/shapes/mammut.pt
    mammut.py export                          from there: public/clip/shapes_mammut.safetensors and its card shapes_mammut.json

The architecture is the fork's MaMMUT by construction, with the studies' settings (cross-attention after every other block,
no perceptron before it). It begins with the CLIP's image tower and what of its text tower fits. The loss is train.py's last,
with one caption a picture, and the cross-entropy of a caption as the text tower writes it, half of them such that leave
nothing out.
"""
import argparse, math, os, random, time
import numpy as np, torch, torch.nn.functional as F
from safetensors.torch import load_file
from open_clip.mammut_model import MaMMUT
import pictures, train
from train import ATTRIBUTES, BATCH, CONTEXT, MEAN, POOL, ROOT, SEED, SIZE, STD, VOCABULARY, Tokenizer

STEPS, WARM = 2000, 100
STATE = os.path.join(ROOT, 'target/shapes/mammut.pt')
CLIP = os.path.join(ROOT, 'public/clip/shapes.safetensors')


def new_model():
    torch.manual_seed(SEED)
    vision = dict(layers=3, width=192, head_width=64, patch_size=20, image_size=SIZE, output_tokens=True, pool_type='avg_all', final_ln_after_pool=True)
    text = dict(context_length=CONTEXT, width=128, heads=2, layers=2, output_tokens=True, cross_attn_ratio=2, does_full_decoding=True, has_mlp=False)
    model = MaMMUT(128, text, vision)
    # The fork passes no vocabulary on.
    model.text.token_embedding = torch.nn.Embedding(VOCABULARY, 128)
    model.text.text_projection = torch.nn.Parameter(128 ** -.5 * torch.randn(128, VOCABULARY))
    with torch.no_grad(): model.map_viz2txt_kv.mul_(192 ** -.5)
    return model


def begin(model):
    """With what the CLIP knows. Its first block's perceptron goes to the cross-attention, which follows."""
    own, state = load_file(CLIP), model.state_dict()
    for name, tensor in own.items():
        name = name if name.startswith('visual.') or name == 'logit_scale' else 'text.' + name.replace('transformer.', '')
        if name.startswith('text.resblocks.0.') and name not in state: name = name.replace('resblocks', 'cross_attn')
        if name in state and state[name].shape == tensor.shape: state[name] = tensor.float()
    model.load_state_dict(state)


def block(tower, x, mask=None, images=None):
    """The fork's MultimodalTransformer without its logits, which only writing needs."""
    for i, resblock in enumerate(tower.resblocks):
        x = resblock(x, None, None, attn_mask=mask)
        if images is not None and i % tower.cross_step == 0: x = tower.cross_attn[i // tower.cross_step](x, k_x=images, v_x=images)
    return tower.ln_final(x)


def encode_text(model, tokenizer, texts):
    """Of all positions, what follows the end among them: that is how MaMMUT reads."""
    tower, ids = model.text, tokenizer(texts)
    ids = F.pad(ids, (0, CONTEXT - ids.shape[1]))
    return F.normalize(block(tower, tower.token_embedding(ids) + tower.positional_embedding).mean(1), dim=-1)


def write(model, ids, images):
    """Logits of what follows each token but the last, having seen a picture's tokens."""
    tower, n = model.text, ids.shape[1] - 1
    x = tower.token_embedding(ids[:, :-1]) + tower.positional_embedding[:n]
    return block(tower, x, tower.attn_mask[:n, :n], images @ model.map_viz2txt_kv) @ tower.text_projection


def surprise(model, tokenizer, texts, images):
    """The cross-entropy of a token of the captions, a caption a row of images."""
    total, tokens = 0, 0
    for places, ids in tokenizer.by_length(texts, 4):
        logits = write(model, ids, images[places])
        total = total + F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), ignore_index=0, reduction='sum')
        tokens += int((ids[:, 1:] != 0).sum())
    return total / tokens


class Batches(train.Batches):
    """train.py's, with one caption to compare and one to write for each picture."""
    def __getitem__(self, step):
        if step >= self.steps: raise IndexError
        first = (self.start + step) * BATCH
        drawn, scenes = zip(*(self.example((first + i) % POOL) for i in range(BATCH)))
        r = random.Random(f'{SEED}/captions/{first}')
        captions = [pictures.caption(scene, r) for scene in scenes]
        written = [(pictures.whole_caption if r.random() < .5 else pictures.caption)(scene, r)[0] for scene in scenes]
        known = [[s['groups'][0][k] if len(s['groups']) == 1 else pictures.ANY for k in ATTRIBUTES] for s in scenes]
        return torch.from_numpy(np.stack(drawn)), [c[0] for c in captions], written, torch.from_numpy(pictures.truth(captions, scenes)), torch.tensor(known)


def rate(step): return min((step + 1) / WARM, (STEPS - step) / (STEPS - WARM))


def learn(steps, resume):
    torch.set_num_threads(1)
    model, tokenizer = new_model(), Tokenizer()
    begin(model)
    groups = {}
    for name, p in model.named_parameters():
        # What the CLIP knows of pictures is moved gently; patches more so, as in train.py.
        speed = .3e-4 if name == 'visual.conv1.weight' else 3e-4 if name.startswith('visual.') else 1e-3
        groups.setdefault((speed, .1 if p.ndim > 1 else 0), []).append(p)
    optimizer = torch.optim.AdamW([{'params': p, 'lr': lr, 'first': lr, 'weight_decay': decay} for (lr, decay), p in groups.items()], betas=(.9, .98))
    done = 0
    if resume:
        state = torch.load(STATE); done = state['steps']
        model.load_state_dict(state['model']); optimizer.load_state_dict(state['optimizer'])
    os.makedirs(os.path.dirname(STATE), exist_ok=True)
    loader = torch.utils.data.DataLoader(Batches(done, steps - done), batch_size=None, num_workers=1, prefetch_factor=8)
    began, average = time.time(), None
    for step, (drawn, texts, written, true, known) in enumerate(loader, done):
        for group in optimizer.param_groups: group['lr'] = group['first'] * rate(step)
        images, seen = model._encode_image((drawn.permute(0, 3, 1, 2) / 255 - MEAN) / STD)
        prompts = train.prompts(random.Random(f'{SEED}/prompts/{step}'))
        words = encode_text(model, tokenizer, texts + prompts)
        logits = model.logit_scale.exp() * words @ images.T
        apart = train.attributes(logits[len(texts):].T, known)
        both = train.contrast(logits[:len(texts)], true), sum(apart) / 2 + 1.5 * apart[0], surprise(model, tokenizer, written, seen)
        loss = both[0] + both[1] + 2 * both[2]
        optimizer.zero_grad(); loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        with torch.no_grad(): model.logit_scale.clamp_(max=math.log(100))
        now = torch.stack([*both, *apart]).detach()
        average = now if average is None else .97 * average + .03 * now
        if step % 50 == 0 or step == steps - 1: print(f'{step} {time.time() - began:.0f} s, contrast, attributes, caption:', *(f'{x:.3f}' for x in average[:3].tolist()), *(f'{k} {x:.2f}' for k, x in zip(ATTRIBUTES, average[3:].tolist())), flush=True)
        if step % 250 == 249 or step == steps - 1:
            torch.save({'model': model.state_dict(), 'optimizer': optimizer.state_dict(), 'steps': step + 1}, STATE + '.new')
            os.replace(STATE + '.new', STATE)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('command', choices=['train', 'export'])
    parser.add_argument('--steps', type=int, default=STEPS)
    parser.add_argument('--resume', action='store_true')
    arguments = parser.parse_args()
    if arguments.command == 'train': learn(arguments.steps, arguments.resume)
    else:
        import export_mammut
        export_mammut.export()
