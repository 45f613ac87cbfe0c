"""What the page and the tests need of a trained model: the file, its card with what it gets right, samples, references."""
import json, math, os
import numpy as np, torch, torch.nn.functional as F
from safetensors.torch import load_file, save_file
import pictures, train
from pictures import COLOURS, COUNTS, PLURALS, POSITIONS, SHAPES, SIZES, TEXTURES

FOLDER = os.path.join(train.ROOT, 'public/clip')
TESTED = 1000  # pictures of either kind
LIKELY = 200  # of them, by captions, which takes longer
# Pictures of the series "samples", which was not trained on; chosen by what is on them, before any model saw them.
SAMPLES = [7, 14, 22, 28, 58, 76, 77, 124, 132, 150]
SAMPLE_SIZE = 320
# Attribute, what is asked, which labels; positions and sizes only of pictures that have one.
QUESTIONS = [
    ('shape', 'a photo of a {}.', SHAPES),
    ('colour', 'a photo of a {} shape.', list(COLOURS)),
    ('texture', 'a photo of a {} shape.', TEXTURES),
    ('count', 'a photo of {}.', ['one shape'] + [f'{count} shapes' for count in COUNTS[1:]]),
    ('position', 'a photo of a shape {}.', POSITIONS),
    ('size', 'a photo of a {} shape.', SIZES),
    ('colour and shape', 'a photo of a {}.', [f'{colour} {shape}' for colour in COLOURS for shape in SHAPES]),
]


def answer(group, attribute):
    """The number of the right label, or ANY."""
    if attribute == 'colour and shape': return group['colour'] * len(SHAPES) + group['shape'] if group['count'] == 0 else pictures.ANY
    return group[attribute]


def images(model, drawn, batch=100):
    x = torch.stack([train.pixels(p) for p in drawn])
    return torch.cat([model.encode_image(part, normalize=True) for part in x.split(batch)])


def texts(model, tokenizer, prompts):
    return torch.cat([train.encode_text(model, tokenizer([p])) for p in prompts])


def label(scene):
    """What there is to say of a scene of one group."""
    g = scene['groups'][0]
    words = [COUNTS[g['count']]] if g['several'] else []
    words += [SIZES[g['size']]] * (g['size'] != pictures.ANY) + [TEXTURES[g['texture']]] * (g['texture'] != 0) + [list(COLOURS)[g['colour']]]
    words += [PLURALS[SHAPES[g['shape']]] if g['several'] else SHAPES[g['shape']]]
    words += [POSITIONS[g['position']]] * (g['position'] not in (pictures.ANY, 4))
    text = ' '.join(words)
    return text if g['several'] else ('an ' if text[0] in 'aeiou' else 'a ') + text


def accuracies(model, words, likeliest=None):
    """`words` gives prompts' unit vectors; `likeliest`, of a picture and prompts, the one that is most likely its caption."""
    def drawn(series, allow):
        one = lambda scene: len(scene['groups']) == 1 and allow(scene)
        return zip(*(pictures.example(series, i, train.SIZE, one) for i in range(TESTED)))
    kinds = {'familiar': drawn('test', lambda s: not pictures.held_out_pairs(s)), 'unseen': drawn('test of the unseen', pictures.held_out_pairs)}
    seen = {kind: (images(model, list(drawn)), scenes, drawn) for kind, (drawn, scenes) in ((k, tuple(v)) for k, v in kinds.items())}
    report = []
    for attribute, template, labels in QUESTIONS:
        prompts = [template.format(l) for l in labels]
        classes = words(prompts)
        row = {'of': attribute, 'template': template, 'labels': labels, 'chance': round(1 / len(labels), 4)}
        for kind, (units, scenes, drawn) in seen.items():
            right = torch.tensor([answer(s['groups'][0], attribute) for s in scenes])
            asked = right != pictures.ANY
            if kind == 'unseen' and attribute == 'colour and shape':
                pair = pictures.HELD_OUT['colour', 'shape']
                asked &= torch.tensor([(s['groups'][0]['colour'], s['groups'][0]['shape']) in pair for s in scenes])
            hits = ((units @ classes.T).argmax(1) == right)[asked]
            row[kind], row[kind + '_pictures'] = round(hits.float().mean().item(), 4), int(asked.sum())
            if likeliest:
                some = [i for i in range(TESTED) if asked[i]][:LIKELY]
                hits = [likeliest(drawn[i], prompts) == right[i].item() for i in some]
                row[kind + '_by_caption'], row[kind + '_captions'] = round(sum(hits) / len(hits), 4), len(hits)
        report.append(row)
        print(attribute, {k: v for k, v in row.items() if k not in ('of', 'template', 'labels')}, flush=True)
    return report


def vectors(units): return [[round(x, 7) for x in unit] for unit in units.tolist()]


@torch.no_grad()
def export():
    state = torch.load(train.STATE)
    rounded = {name: tensor.half().contiguous() for name, tensor in state['model'].items()}
    os.makedirs(os.path.join(FOLDER, 'samples'), exist_ok=True)
    file = os.path.join(FOLDER, 'shapes.safetensors')
    save_file(rounded, file, {'format': 'pt', 'model': 'open_clip CLIP', 'script': 'crates/clip/training/train.py', 'seed': str(train.SEED), 'steps': str(state['steps']), 'data': 'pictures drawn by crates/clip/training/pictures.py'})
    model = train.new_model().eval()
    model.load_state_dict({name: tensor.float() for name, tensor in load_file(file).items()})
    tokenizer = train.Tokenizer()

    samples = []
    for number in SAMPLES:
        drawn, scene = pictures.example('samples', number, SAMPLE_SIZE, lambda s: True)
        name = f'samples/{number:03}.png'
        drawn.save(os.path.join(FOLDER, name), optimize=True)
        samples.append({'file': name, 'label': label(scene), 'unseen': sorted(' and '.join(pair) for pair in pictures.held_out_pairs(scene)), 'picture': drawn})
    resized = [s.pop('picture').resize((train.SIZE, train.SIZE), 3) for s in samples]
    units = images(model, resized)
    prompts = ['a photo of {}.'.format(s['label']) for s in samples]
    words = texts(model, tokenizer, prompts)
    shares = (model.logit_scale.exp() * units @ words.T).softmax(1)
    for sample, share in zip(samples, shares): print(sample['file'], sample['label'], 'unseen' * bool(sample['unseen']), '->', samples[share.argmax()]['label'], round(share.max().item(), 3))
    for sample, unit, word in zip(samples, vectors(units), vectors(words)): sample.update(image=unit, text=word)
    parameters = sum(p.numel() for p in model.parameters())
    card = {
        'name': 'Shapes', 'script': 'crates/clip/training/train.py', 'seed': train.SEED, 'steps': state['steps'], 'pictures': train.POOL, 'pictures_seen': state['steps'] * train.BATCH, 'captions_seen': 2 * state['steps'] * train.BATCH,
        'parameters': parameters, 'bytes': os.path.getsize(file), 'size': train.SIZE, 'vocabulary': train.VOCABULARY, 'context': train.CONTEXT, 'embedding': words.shape[1], 'scale': round(model.logit_scale.exp().item(), 4),
        'knows': 'One to five shapes, or two different ones, drawn in flat colours: which shape, colour, texture, how many, where, how large.',
        'does_not_know': 'Photographs, and every word that its captions did not use. It answers, but the answer means nothing.',
        'words': {'shapes': SHAPES, 'colours': list(COLOURS), 'textures': TEXTURES, 'sizes': SIZES, 'counts': COUNTS, 'positions': POSITIONS},
        'held_out': {' and '.join(pair): sorted(' '.join([([*COLOURS] if pair[0] == 'colour' else TEXTURES if pair[0] == 'texture' else COUNTS)[a], SHAPES[b]]) for a, b in values) for pair, values in pictures.HELD_OUT.items()},
        'accuracy': accuracies(model, lambda prompts: texts(model, tokenizer, prompts)), 'template': 'a photo of {}.', 'samples': samples}
    write_card('shapes.json', card)
    vocabularies()
    print(parameters, 'parameters,', os.path.getsize(file), 'bytes; samples', sum(os.path.getsize(os.path.join(FOLDER, s['file'])) for s in samples), 'bytes')


def write_card(name, card):
    lines = []
    for key, value in card.items():
        if key in ('accuracy', 'samples'):
            rows = ',\n  '.join(json.dumps(row, separators=(',', ':')) for row in value)
            lines.append(f'{json.dumps(key)}: [\n  {rows}\n]')
        else: lines.append(f'{json.dumps(key)}: {json.dumps(value)}')
    open(os.path.join(FOLDER, name), 'w').write('{\n' + ',\n'.join(lines) + '\n}\n')


CASES = ['a photo of a cat.', 'three small blue stars', 'a striped square on the left', 'Crescents, hexagons & checkered things!', '', '<start_of_text> x', 'caf\u00e9 \u5317\u4eac \U0001f680', 'a very long caption ' * 12]


def vocabularies():
    """Ids by vocabularies of several sizes; the largest is CLIP's own."""
    own = train.open_clip.tokenizer.SimpleTokenizer()
    sizes = []
    for vocabulary, context in ((49408, 77), (train.VOCABULARY, train.CONTEXT), (1000, 8), (514, 77)):
        tokenizer = train.Tokenizer(vocabulary)
        cases = [{'text': text, 'ids': tokenizer.ids(text, context)} for text in CASES]
        if vocabulary == 49408:
            for case, ids in zip(cases, own([c['text'] for c in cases]).tolist()): assert case['ids'] == [i for n, i in enumerate(ids) if i or n < len(case['ids'])], case
        sizes.append(f'{{"vocabulary": {vocabulary}, "context": {context}, "cases": [\n  ' + ',\n  '.join(json.dumps(c, separators=(',', ':')) for c in cases) + '\n]}')
    open(os.path.join(train.ROOT, 'crates/clip/tests/reference/smaller_vocabularies.json'), 'w').write('[' + ', '.join(sizes) + ']\n')
