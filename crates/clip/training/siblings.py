"""Fine-tunes the small CLIP of train.py on what it cannot do: its image tower alone, against class vectors of the untouched text tower, as PAINT does.

    siblings.py train TASK     to target/shapes/TASK.pt; TASK: letters or lines (strokes.py)
    siblings.py sweep          accuracies over the coefficients, on validation pictures
    siblings.py export         public/clip/shapes_TASK.safetensors, sheets of pictures, and siblings.json with accuracies on test pictures

On the new pictures alone the model forgets its shapes before it learns a letter: it is small, and each of its numbers serves everything. So half as many
pictures of shapes go along, without labels: on them it is held to the CLIP's own answers ("learning without forgetting", Li and Hoiem 2016, with
pictures of the old kind). --alone trains without them, for comparison. What reads pixels (patches, positions, the norm before the blocks)
stays as it is; a sibling is its difference from the CLIP in float16. Settings were chosen on validation pictures; export measures on others.
"""
import argparse, json, math, os, time
import numpy as np, torch, torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file, save_file
import export as base_export, pictures, strokes, train

TEMPLATE = 'a photo of a {}.'
POOL, BATCH, OLD_POOL, OLD_BATCH = 6000, 64, 2000, 32
SHARPNESS = 100  # the factor from cosine to logit while it learns: with the CLIP's 33, vectors move farther than answers need
FROZEN = ('conv1', 'positional_embedding', 'class_embedding', 'ln_pre')
SETTINGS = {'letters': dict(rate=6e-4, steps=900), 'lines': dict(rate=6e-4, steps=900)}


def base():
    model = train.new_model().eval()
    model.load_state_dict({k: v.float() for k, v in load_file(os.path.join(base_export.FOLDER, 'shapes.safetensors')).items()})
    return model.requires_grad_(False)


def state(task): return os.path.join(train.ROOT, f'target/shapes/{task}.pt')


def stacked(pictures):
    """Bytes [pictures, side, side, 3]; none of them is a batch of none."""
    return torch.from_numpy(np.array([np.asarray(p) for p in pictures], np.uint8).reshape(-1, train.SIZE, train.SIZE, 3))


def drawn(task, series, count):
    made = [strokes.example(task, series, i, train.SIZE) for i in range(count)]
    return stacked(p for p, _ in made), torch.tensor([w for _, w in made])


def prepared(drawn): return (drawn.permute(0, 3, 1, 2) / 255 - train.MEAN) / train.STD


def old_pictures(series, count, size=train.SIZE):
    """Pictures of shapes that may be trained on, and their scenes."""
    return zip(*(pictures.example(series, i, size, lambda s: not pictures.held_out_pairs(s)) for i in range(count)))


def images(model, drawn): return torch.cat([model.encode_image(prepared(part), normalize=True) for part in drawn.split(250)])


def tune(task, rate, steps, alone):
    torch.set_num_threads(1); torch.manual_seed(train.SEED)
    model, tokenizer = base(), train.Tokenizer()
    words = lambda template, labels: base_export.texts(model, tokenizer, [template.format(l) for l in labels])
    seen, right = drawn(task, 'train', POOL)
    old = stacked(list(old_pictures('replay', OLD_POOL))[0])
    with torch.no_grad():
        classes, old_classes = words(TEMPLATE, strokes.TASKS[task]), [words(template, labels) for _, template, labels in base_export.QUESTIONS[:6]]
        known = images(model, old)
    scale = model.logit_scale.exp()
    def answers(units): return [(scale * units @ c.T).log_softmax(1) for c in old_classes]
    tuned = [p.requires_grad_() for n, p in model.visual.named_parameters() if not n.startswith(FROZEN)]
    optimizer = torch.optim.AdamW(tuned, lr=rate, weight_decay=0)
    order, began = torch.Generator().manual_seed(train.SEED), time.time()
    for step in range(steps):
        for group in optimizer.param_groups: group['lr'] = rate * min((step + 1) / 50, .5 + .5 * math.cos(math.pi * step / steps))
        new, was = (torch.randint(n, (size,), generator=order) for n, size in ((POOL, BATCH), (OLD_POOL, OLD_BATCH)))
        units = model.encode_image(prepared(torch.cat([seen[new], old[was][:0 if alone else OLD_BATCH]])), normalize=True)
        loss = F.cross_entropy(SHARPNESS * units[:BATCH] @ classes.T, right[new])
        if not alone: loss = loss + sum(F.kl_div(a, b, log_target=True, reduction='batchmean') for a, b in zip(answers(units[BATCH:]), answers(known[was])))
        optimizer.zero_grad(); loss.backward()
        torch.nn.utils.clip_grad_norm_(tuned, 1)
        optimizer.step()
        if step % 50 == 49: print(task, step + 1, f'loss {loss.item():.3f} {time.time() - began:.0f} s', flush=True)
    start = base().state_dict()
    os.makedirs(os.path.dirname(state(task)), exist_ok=True)
    torch.save({n: (p.detach() - start[n]).half() for n, p in model.state_dict().items() if n.startswith('visual.') and not n.removeprefix('visual.').startswith(FROZEN)}, state(task))


class Measure:
    """Accuracies on pictures of one series: each task, and the attributes that the CLIP was trained on."""
    def __init__(self, series, count):
        self.model, tokenizer = base(), train.Tokenizer()
        self.start = {n: p.clone() for n, p in self.model.state_dict().items()}
        words = lambda template, labels: base_export.texts(self.model, tokenizer, [template.format(l) for l in labels])
        with torch.no_grad():
            self.tasks = {t: (*drawn(t, series, count), words(TEMPLATE, labels)) for t, labels in strokes.TASKS.items()}
            one = lambda s: len(s['groups']) == 1 and not pictures.held_out_pairs(s)
            made = [pictures.example(series, i, train.SIZE, one) for i in range(count)]
            old = stacked(p for p, _ in made)
            for attribute, template, labels in base_export.QUESTIONS[:6]:
                answers = torch.tensor([base_export.answer(s['groups'][0], attribute) for _, s in made], dtype=torch.long)
                asked = answers != pictures.ANY
                self.tasks[attribute] = old[asked], answers[asked], words(template, labels)

    def mixed(self, terms):
        """terms: coefficient of each task's difference."""
        with torch.no_grad():
            for n, p in self.model.state_dict().items():
                p.copy_(self.start[n] + sum(c * differences[n].float() for c, differences in terms if n in differences))

    @torch.no_grad()
    def right(self, terms):
        self.mixed(terms); found = {}
        for task, (seen, answers, classes) in self.tasks.items():
            units = images(self.model, seen)
            found[task] = ((units @ classes.T).argmax(1) == answers).float().mean().item()
        found['old'] = sum(found[a] for a, _, _ in base_export.QUESTIONS[:6]) / 6
        return found


def show(name, found): print(f'{name:28}', *(f'{k} {100 * v:.1f}' for k, v in found.items()), flush=True)


def sweep(series='validation', count=500):
    torch.set_num_threads(1)
    measure, differences = Measure(series, count), {t: torch.load(state(t)) for t in strokes.TASKS}
    for task in strokes.TASKS:
        for i in range(11): show(f'{task} {i / 10}', measure.right([(i / 10, differences[task])]))
        for c in (-.5, -1): show(f'{task} {c}', measure.right([(c, differences[task])]))
    for i in range(1, 11): show(f'both {i / 10}', measure.right([(i / 10, d) for d in differences.values()]))


SHOWN, COLUMNS = 200, 20  # pictures of a sheet
TESTED = 500


def sheet(name, made, labels):
    """Pictures side by side, lossless, and what each shows."""
    whole = Image.new('RGB', (COLUMNS * train.SIZE, -(-len(made) // COLUMNS) * train.SIZE))
    for i, (picture, _) in enumerate(made): whole.paste(picture, (i % COLUMNS * train.SIZE, i // COLUMNS * train.SIZE))
    file = f'sheets/{name}.webp'
    os.makedirs(os.path.join(base_export.FOLDER, 'sheets'), exist_ok=True)
    whole.save(os.path.join(base_export.FOLDER, file), lossless=True, quality=100, method=6)
    return {'name': name, 'file': file, 'side': train.SIZE, 'columns': COLUMNS, 'labels': labels, 'pictures': [which for _, which in made]}


def export():
    torch.set_num_threads(1)
    differences = {t: torch.load(state(t)) for t in strokes.TASKS}
    one = lambda s: len(s['groups']) == 1 and not pictures.held_out_pairs(s)
    sets = [sheet(task, [strokes.example(task, 'shown', i, train.SIZE) for i in range(SHOWN)], labels) for task, labels in strokes.TASKS.items()]
    shapes = [pictures.example('shown', i, train.SIZE, one) for i in range(SHOWN)]
    sets.append(sheet('shapes', [(p, s['groups'][0]['shape']) for p, s in shapes], pictures.SHAPES))
    siblings = []
    for task, difference in differences.items():
        name = f'shapes_{task}.safetensors'
        file = os.path.join(base_export.FOLDER, name)
        save_file({'difference.' + n: p.contiguous() for n, p in difference.items()}, file, {'format': 'pt', 'base': 'shapes.safetensors', 'script': 'crates/clip/training/siblings.py', 'seed': str(train.SEED), **{k: str(v) for k, v in SETTINGS[task].items()}})
        siblings.append({'file': name, 'task': task, 'bytes': os.path.getsize(file), 'parameters': sum(p.numel() for p in difference.values())})
    measure, rows = Measure('test', TESTED), []
    def row(name, **coefficients):
        found = measure.right([(c, differences[t]) for t, c in coefficients.items()]); show(name, found)
        rows.append({'coefficients': coefficients, **{k: round(v, 4) for k, v in found.items()}})
    for task in strokes.TASKS:
        for i in range(0 if task == 'letters' else 1, 11): row(f'{task} {i / 10}', **{task: i / 10})
    for task in strokes.TASKS:
        for c in (-.5, -1.): row(f'{task} {c}', **{task: c})
    for i in range(4, 11): row(f'both {i / 10}', letters=i / 10, lines=i / 10)
    write_card({'base': 'shapes.safetensors', 'script': 'crates/clip/training/siblings.py', 'template': TEMPLATE, 'tested': TESTED, 'siblings': siblings, 'sets': sets, 'accuracy': rows, 'shown': shown(sets, differences)})


@torch.no_grad()
def shown(sets, differences):
    """How many pictures of each sheet are right at some coefficients: what the Rust code must find too."""
    measure, made = Measure('shown', 0), {}
    for known in sets:
        whole = np.asarray(Image.open(os.path.join(base_export.FOLDER, known['file'])).convert('RGB'))
        side = known['side']
        parts = [whole[i // COLUMNS * side:, i % COLUMNS * side:][:side, :side] for i in range(len(known['pictures']))]
        made[known['name']] = stacked(parts), torch.tensor(known['pictures'])
    classes = {name: measure.tasks['shape' if name == 'shapes' else name][2] for name in made}
    rows = []
    for coefficients in [{}, *({task: c} for task in differences for c in (.5, .8, 1.)), {task: .6 for task in differences}]:
        measure.mixed([(c, differences[task]) for task, c in coefficients.items()])
        right = {name: int(((images(measure.model, seen) @ classes[name].T).argmax(1) == answers).sum()) for name, (seen, answers) in made.items()}
        rows.append({'coefficients': coefficients, **right}); print('shown', coefficients, right, flush=True)
    return rows


def write_card(card):
    lines = []
    for key, value in card.items():
        inner = ',\n  '.join(json.dumps(v, separators=(',', ':')) for v in value) if isinstance(value, list) else ''
        lines.append(f'{json.dumps(key)}: ' + (f'[\n  {inner}\n]' if inner else json.dumps(value)))
    open(os.path.join(base_export.FOLDER, 'siblings.json'), 'w').write('{\n' + ',\n'.join(lines) + '\n}\n')


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('command', choices=['train', 'sweep', 'export'])
    parser.add_argument('task', nargs='?', choices=list(strokes.TASKS))
    parser.add_argument('--rate', type=float); parser.add_argument('--steps', type=int); parser.add_argument('--alone', action='store_true')
    arguments = parser.parse_args()
    if arguments.command == 'train':
        chosen = SETTINGS[arguments.task] | {k: v for k in ('rate', 'steps') if (v := getattr(arguments, k))}
        tune(arguments.task, alone=arguments.alone, **chosen)
    elif arguments.command == 'sweep': sweep()
    else: export()
