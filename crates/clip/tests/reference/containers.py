"""Makes containers/: one tiny CLIP, whose weights are the formula of formula_models.py, in the containers in which checkpoints
are published, and some that must be refused. Needs torch and safetensors. tests/containers.rs knows the same shapes.
"""
import collections, os, pickle, sys, zipfile
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

# To be refused.
some = {'visual.proj': sd['visual.proj']}
save(some, 'legacy.pt', _use_new_zipfile_serialization=False)
save({'state_dict': some, 'args': __import__('argparse').Namespace(lr=1)}, 'namespace.pt')
save({'visual.proj': sd['visual.proj'].T}, 'transposed.pt')
save({'epoch': 3}, 'no_tensors.pt')
torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), os.path.join(out, 'script.pt'))
print(sum(os.path.getsize(os.path.join(out, f)) for f in os.listdir(out)), 'bytes')
