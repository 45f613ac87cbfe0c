"""What the page and the tests need of the trained MaMMUT: the file, and its card with what it gets right and PyTorch's answers."""
import json, os
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
import export as clip_export, mammut, pictures, train
from export import FOLDER, TESTED, images, vectors

TOKENS = 30  # of a caption at most


def seen(model, drawn, batch=100):
    """The image tower's tokens."""
    x = torch.stack([train.pixels(p) for p in drawn])
    return torch.cat([model._encode_image(part)[1] for part in x.split(batch)])


def greedy(model, tokenizer, tokens):
    """Ids of the likeliest word each time, from start to end, of each picture's tokens."""
    ids = torch.full((len(tokens), 1), tokenizer.start)
    for _ in range(TOKENS):
        logits = mammut.write(model, torch.cat([ids, ids[:, :1]], 1), tokens)[:, -1]
        following = torch.where((ids == tokenizer.end).any(1), 0, logits.argmax(1))
        ids = torch.cat([ids, following[:, None]], 1)
        if (following == 0).all(): break
    return [row[:row.index(tokenizer.end) + 1] if tokenizer.end in row else row for row in ids.tolist()]


def log_likelihoods(model, rows, tokens):
    """Of ids from start to end, as captions of one picture's tokens."""
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    logs = mammut.write(model, ids, tokens.expand(len(rows), -1, -1)).log_softmax(-1)
    terms = logs.gather(2, ids[:, 1:, None])[..., 0]
    lengths = torch.tensor([len(row) - 1 for row in rows])[:, None]
    return terms.where(torch.arange(longest - 1)[None] < lengths, 0).sum(1)


def words(tokenizer, ids):
    decoder = {token: symbol for symbol, token in tokenizer.whole.encoder.items()}
    symbols = ''.join(decoder[i] for i in ids if i not in (tokenizer.start, tokenizer.end))
    return bytearray(tokenizer.whole.byte_decoder[c] for c in symbols).decode('utf-8', errors='replace').replace('</w>', ' ').strip()


def captions(model, tokenizer):
    """How many greedy captions are true of their pictures, and how many leave nothing out beside that."""
    report = {}
    for kind, series, allow in (('familiar', 'test', lambda s: not pictures.held_out_pairs(s)), ('unseen', 'test of the unseen', pictures.held_out_pairs)):
        drawn, scenes = zip(*(pictures.example(series, i, train.SIZE, allow) for i in range(TESTED)))
        true = whole = 0
        for part in range(0, TESTED, 100):
            for ids, scene in zip(greedy(model, tokenizer, seen(model, drawn[part:part + 100])), scenes[part:part + 100]):
                told = pictures.understood(words(tokenizer, ids))
                if told is None or not pictures.truth([told], [scene])[0, 0]: continue
                true += 1
                said = [{k for k, v in fixed.items() if v != pictures.ANY} for fixed in told[1]]
                asked = [{k for k, v in fixed.items() if v != pictures.ANY} for fixed in pictures.whole_caption(scene, pictures.random.Random(0))[1]]
                whole += len(said) == len(asked) and (all(a <= s for a, s in zip(asked, said)) or all(a <= s for a, s in zip(asked[::-1], said)))
        report[kind] = {'pictures': TESTED, 'true': round(true / TESTED, 4), 'true_and_whole': round(whole / TESTED, 4)}
        print('captions', kind, report[kind], flush=True)
    return report


@torch.no_grad()
def export():
    torch.set_num_threads(1)
    state = torch.load(mammut.STATE)
    rounded = {name: tensor.half().contiguous() for name, tensor in state['model'].items()}
    file = os.path.join(FOLDER, 'shapes_mammut.safetensors')
    save_file(rounded, file, {'format': 'pt', 'model': 'open_clip_mammut MaMMUT', 'script': 'crates/clip/training/mammut.py', 'seed': str(train.SEED), 'steps': str(state['steps']), 'data': 'pictures drawn by crates/clip/training/pictures.py'})
    model = mammut.new_model().eval()
    model.load_state_dict({name: tensor.float() for name, tensor in load_file(file).items()})
    tokenizer = train.Tokenizer()
    texts = lambda prompts: mammut.encode_text(model, tokenizer, prompts)

    samples = []
    for sample in json.load(open(os.path.join(FOLDER, 'shapes.json')))['samples']:
        picture = Image.open(os.path.join(FOLDER, sample['file'])).convert('RGB').resize((train.SIZE, train.SIZE), 3)
        prompt = 'a photo of {}.'.format(sample['label'])
        tokens = seen(model, [picture])
        [ids] = greedy(model, tokenizer, tokens)
        own = log_likelihoods(model, [ids, tokenizer.ids(prompt)], tokens)
        # The fork's own ways come to the same.
        padded = torch.nn.functional.pad(tokenizer([prompt]), (0, train.CONTEXT - len(tokenizer.ids(prompt))))
        assert (model.encode_text(padded) - texts([prompt])).abs().max() < 1e-5
        assert (model.encode_text(torch.tensor([ids]), image_embs=tokens @ model.map_viz2txt_kv, output_logits=True)[:, :-1] - mammut.write(model, torch.tensor([ids]), tokens)).abs().max() < 1e-4
        samples.append({'file': sample['file'], 'label': sample['label'], 'unseen': sample['unseen'], 'caption': words(tokenizer, ids), 'ids': ids, 'log_likelihood': round(own[0].item(), 5), 'label_log_likelihood': round(own[1].item(), 5), 'image': vectors(images(model, [picture]))[0], 'text': vectors(texts([prompt]))[0]})
        print(sample['file'], sample['label'], '->', samples[-1]['caption'], samples[-1]['log_likelihood'])

    def likeliest(drawn, prompts):
        return log_likelihoods(model, [tokenizer.ids(p) for p in prompts], seen(model, [drawn])).argmax().item()
    card = {
        'name': 'Shapes MaMMUT', 'script': 'crates/clip/training/mammut.py', 'seed': train.SEED, 'steps': state['steps'], 'begins_with': 'shapes.safetensors', 'pictures': train.POOL, 'pictures_seen': state['steps'] * train.BATCH, 'captions_seen': 2 * state['steps'] * train.BATCH,
        'parameters': sum(p.numel() for p in model.parameters()), 'bytes': os.path.getsize(file), 'size': train.SIZE, 'vocabulary': train.VOCABULARY, 'context': train.CONTEXT, 'embedding': 128, 'scale': round(model.logit_scale.exp().item(), 4),
        'knows': 'One to five shapes, or two different ones, drawn in flat colours: which shape, colour, texture, how many, where, how large; and it writes what it sees.',
        'does_not_know': 'Photographs, and every word that its captions did not use. It answers, but the answer means nothing.',
        'captions': captions(model, tokenizer), 'accuracy': clip_export.accuracies(model, texts, likeliest), 'template': 'a photo of {}.', 'samples': samples}
    clip_export.write_card('shapes_mammut.json', card)
    print(card['parameters'], 'parameters,', card['bytes'], 'bytes')
