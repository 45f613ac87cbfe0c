"""Makes containers/: one tiny CLIP, whose weights are the formula of formula_models.py, in the containers in which checkpoints
are published, and some that must be refused. Needs torch and safetensors. tests/containers.rs knows the same shapes.
"""
import collections, json, os, sys, zipfile
import numpy as np, torch
from safetensors.torch import save_file

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
from formula_models import scale_of, uniform
import math

out = os.path.join(here, 'containers')
os.makedirs(out, exist_ok=True)
W, H, E, P, G, V, C, L = 8, 16, 4, 2, 2, 12, 6, 2   # width, hidden, embedding, patch, grid, vocabulary, context, layers


def block(prefix):
    return {f'{prefix}.ln_1.weight': (W,), f'{prefix}.ln_1.bias': (W,), f'{prefix}.attn.in_proj_weight': (3 * W, W), f'{prefix}.attn.in_proj_bias': (3 * W,),
            f'{prefix}.attn.out_proj.weight': (W, W), f'{prefix}.attn.out_proj.bias': (W,), f'{prefix}.ln_2.weight': (W,), f'{prefix}.ln_2.bias': (W,),
            f'{prefix}.mlp.c_fc.weight': (H, W), f'{prefix}.mlp.c_fc.bias': (H,), f'{prefix}.mlp.c_proj.weight': (W, H), f'{prefix}.mlp.c_proj.bias': (W,)}


shapes = {'positional_embedding': (C, W), 'text_projection': (W, E), 'logit_scale': (), 'visual.class_embedding': (W,), 'visual.positional_embedding': (G * G + 1, W),
          'visual.proj': (W, E), 'visual.conv1.weight': (W, 3, P, P), 'visual.ln_pre.weight': (W,), 'visual.ln_pre.bias': (W,)}
for i in range(L): shapes |= block(f'visual.transformer.resblocks.{i}')
shapes |= {'visual.ln_post.weight': (W,), 'visual.ln_post.bias': (W,)}
for i in range(L): shapes |= block(f'transformer.resblocks.{i}')
shapes |= {'token_embedding.weight': (V, W), 'ln_final.weight': (W,), 'ln_final.bias': (W,)}


def tensor(name, shape):
    if name == 'logit_scale':
        return torch.tensor(math.log(100.0))
    o, s = scale_of(name, shape)
    return torch.from_numpy((o + s * uniform(name, math.prod(shape))).astype(np.float32)).reshape(shape)


sd = collections.OrderedDict((name, tensor(name, shape)) for name, shape in shapes.items())
RENAMED = {'visual.conv1.weight': 'vision_model.embeddings.patch_embedding.weight', 'visual.class_embedding': 'vision_model.embeddings.class_embedding',
           'visual.positional_embedding': 'vision_model.embeddings.position_embedding.weight', 'token_embedding.weight': 'text_model.embeddings.token_embedding.weight',
           'positional_embedding': 'text_model.embeddings.position_embedding.weight', 'logit_scale': 'logit_scale'}
MODULES = {'visual.ln_pre': 'vision_model.pre_layrnorm', 'visual.ln_post': 'vision_model.post_layernorm', 'ln_final': 'text_model.final_layer_norm',
           'ln_1': 'layer_norm1', 'ln_2': 'layer_norm2', 'attn.out_proj': 'self_attn.out_proj', 'mlp.c_fc': 'mlp.fc1', 'mlp.c_proj': 'mlp.fc2'}


def transformers(sd):
    o = {}
    for k, v in sd.items():
        prefix = 'vision_model' if k.startswith('visual.') else 'text_model'
        if k in RENAMED:
            o[RENAMED[k]] = v
        elif k in ('visual.proj', 'text_projection'):
            o['visual_projection.weight' if k == 'visual.proj' else 'text_projection.weight'] = v.T.contiguous()
        elif 'resblocks' in k:
            i, rest = k.split('resblocks.')[1].split('.', 1)
            if 'in_proj' in rest:
                for j, n in enumerate('qkv'):
                    o[f"{prefix}.encoder.layers.{i}.self_attn.{n}_proj.{rest.split('_')[-1]}"] = v[j * W:(j + 1) * W].contiguous()
            else:
                m, kind = rest.rsplit('.', 1)
                o[f'{prefix}.encoder.layers.{i}.{MODULES[m]}.{kind}'] = v
        else:
            m, kind = k.rsplit('.', 1)
            o[f'{MODULES[m]}.{kind}'] = v
    return o


def save(value, name, **kw):
    torch.save(value, os.path.join(out, name), **kw)


hf = transformers(sd)
ids = {'text_model.embeddings.position_ids': torch.arange(C)[None], 'vision_model.embeddings.position_ids': torch.arange(G * G + 1)[None]}
save_file({k: v.clone() for k, v in sd.items()}, os.path.join(out, 'open_clip.safetensors'), metadata={'format': 'pt'})
save_file({k: v.half() for k, v in sd.items()}, os.path.join(out, 'open_clip_f16.safetensors'))
save_file({k: v.bfloat16() for k, v in sd.items()}, os.path.join(out, 'open_clip_bf16.safetensors'))
save_file({k: v.clone() for k, v in (hf | ids).items()}, os.path.join(out, 'transformers.safetensors'), metadata={'format': 'pt'})
save(sd, 'state_dict.pt')
save(hf | ids, 'transformers.bin')
save(collections.OrderedDict(('visual' + k[6:] if k.startswith('visual') else k if k == 'logit_scale' else 'text.' + k, v.half()) for k, v in sd.items()), 'custom_text_f16.pt')


# As a training run saves it: data-parallel names, an optimizer's state, numbers and text.
class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        for k, v in sd.items():
            self.register_parameter(k.replace('.', '__'), torch.nn.Parameter(v.clone()))


model = Model()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
sum(p.square().sum() for p in model.parameters()).backward()
optimizer.step()
# A MaMMUT as LAION's fork saves one while it trains: its first block lacks a perceptron.
mammut = {}
for k, shape in shapes.items():
    name = k.removeprefix('transformer.')
    if k == 'logit_scale' or k.startswith('visual.'):
        mammut[k] = (W, W) if k == 'visual.proj' else shape
    elif k == 'text_projection':
        mammut['text.text_projection'] = (W, V)
    elif '.0.mlp.' not in k and '.0.ln_2.' not in k:
        mammut[f'text.{name}'] = shape
    if k.startswith('transformer.resblocks.1.'):
        crossed = k.replace('transformer.resblocks.1', 'text.cross_attn.0')
        mammut[crossed] = shape
        if '.ln_1.' in crossed:
            mammut[crossed.replace('ln_1', 'ln_1_kv')] = shape
mammut['map_viz2txt_kv'] = (W, W)
save({'epoch': 48, 'name': 'tiny', 'state_dict': collections.OrderedDict((f'module.{k}', tensor(k, shape)) for k, shape in mammut.items())}, 'mammut.pt')
save({'epoch': 32, 'name': 'tiny', 'state_dict': collections.OrderedDict((f'module.{k}', torch.nn.Parameter(v)) for k, v in sd.items()), 'optimizer': optimizer.state_dict(), 'scaler': {'scale': 65536.0}}, 'training.pt')



class Tree(torch.nn.Module):
    """Modules and parameters by their names."""

    def __init__(self, tensors):
        super().__init__()
        below = {}
        for k, v in tensors.items():
            head, _, rest = k.partition('.')
            if rest:
                below.setdefault(head, {})[rest] = v
            else:
                self.register_parameter(head, torch.nn.Parameter(v.clone()))
        for head, more in below.items():
            self.add_module(head, Tree(more))

    def forward(self):
        return 0


# Rows apart from their neighbours, columns stored as rows, and all in one storage.
def view(v):
    return v if v.ndim < 2 else v.transpose(0, 1).contiguous().transpose(0, 1)


flat = torch.cat([v.reshape(-1) for v in sd.values()])
at = [0, *np.cumsum([v.numel() for v in sd.values()])]
save({k: view(v) for k, v in sd.items()}, 'views.pt')
save({k: flat[a:b].reshape(v.shape) for (k, v), a, b in zip(sd.items(), at, at[1:])}, 'one_storage.pt')
save({'epoch': 1, 'state_dict': {f'module.{k}': v for k, v in sd.items()}, 'optimizer': {'state': {0: {'exp_avg': torch.zeros(3, dtype=torch.int64)}}}}, 'legacy.pt', _use_new_zipfile_serialization=False)
save({'state_dict': sd, 'args': __import__('argparse').Namespace(lr=1)}, 'namespace.pt')
save(Tree(sd), 'whole.pt')
save({'model': {f'_orig_mod.module.clip_model.{k}': v for k, v in sd.items()}, 'loss': {'weight': torch.ones(2)}}, 'compiled.pt')
save({'state_dict': sd, 'state_dict_ema': {k: 1.01 * v for k, v in sd.items()}}, 'averaged.pt')
save({**sd, 'input_resolution': torch.tensor(4), 'context_length': torch.tensor(C), 'vocab_size': torch.tensor(V)}, 'openai.pt')
torch.jit.script(Tree(sd)).save(os.path.join(out, 'script.pt'))
with zipfile.ZipFile(os.path.join(out, 'views.pt')) as stored, zipfile.ZipFile(os.path.join(out, 'deflated.pt'), 'w', zipfile.ZIP_DEFLATED) as deflated:
    for member in stored.namelist():
        deflated.writestr(member, stored.read(member))
save_file({k: v.double() for k, v in sd.items()}, os.path.join(out, 'open_clip_f64.safetensors'))
save_file({**{k: v.clone() for k, v in sd.items()}, 'logit_bias': torch.tensor(-10.0)}, os.path.join(out, 'logit_bias.safetensors'))
# In several files with an index, as transformers writes them.
halves = dict(list(hf.items())[::2]), dict(list(hf.items())[1::2])
for stem, kind, write in (('model', 'safetensors', lambda part, name: save_file({k: v.clone() for k, v in part.items()}, os.path.join(out, name))), ('pytorch_model', 'bin', save)):
    places = {}
    for i, part in enumerate(halves):
        name = f'{stem}-{i + 1:05}-of-00002.{kind}'
        write(part, name)
        places |= dict.fromkeys(part, name)
    with open(os.path.join(out, f'{stem}.{kind}.index.json'), 'w') as f:
        json.dump({'metadata': {}, 'weight_map': places}, f)

# For the page, with a vocabulary that CLIP's tokenizer can be cut to: TorchScript, two files with an index and a configuration,
# and a file whose configuration asks for other preprocessing than OpenAI's.
page = os.path.join(out, 'page')
for folder in ('sharded', 'configured'):
    os.makedirs(os.path.join(page, folder), exist_ok=True)
words = {**sd, 'token_embedding.weight': tensor('token_embedding.weight', (1024, W)), 'positional_embedding': tensor('positional_embedding', (16, W))}
torch.jit.script(Tree(words)).save(os.path.join(page, 'script.pt'))
hf_words = transformers(words)
places = {}
for i, part in enumerate((dict(list(hf_words.items())[::2]), dict(list(hf_words.items())[1::2]))):
    name = f'model-{i + 1:05}-of-00002.safetensors'
    save_file({k: v.clone() for k, v in part.items()}, os.path.join(page, 'sharded', name))
    places |= dict.fromkeys(part, name)
save_file({k: v.clone() for k, v in words.items()}, os.path.join(page, 'configured', 'open_clip_model.safetensors'))
texts = {'sharded/model.safetensors.index.json': {'metadata': {}, 'weight_map': places},
         'sharded/config.json': {'model_type': 'clip', 'vision_config': {'num_attention_heads': 2}, 'text_config': {'num_attention_heads': 4}},
         'configured/open_clip_config.json': {'model_cfg': {'vision_cfg': {'width': W, 'head_width': 4}, 'text_cfg': {'heads': 4}},
                                   'preprocess_cfg': {'mean': [0.5] * 3, 'std': [0.5] * 3, 'interpolation': 'bilinear', 'resize_mode': 'squash', 'size': 4}}}
for name, value in texts.items():
    with open(os.path.join(page, name), 'w') as f:
        json.dump(value, f)
save({'state_dict': words, 'state_dict_ema': {k: 1.5 * v for k, v in words.items()}}, 'page/averaged.pt')

# To be refused.
save({'epoch': 3}, 'no_tensors.pt')
save(optimizer.state_dict(), 'optimizer.pt')
print(sum(os.path.getsize(os.path.join(out, f)) for f in os.listdir(out) if f != 'page'), 'bytes')
