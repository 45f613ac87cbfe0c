"""Mixtures by PyTorch of tiny models whose weights are a formula (formula_models.py); writes mix.json beside itself. Needs torch and open_clip_torch.

The base's tensors are the formula under their names, model k's under "k/" and their names. They are mixed in float64 and rounded
once; each tensor's first number and sum are stored, and the embeddings of an image and a text, computed in float64. `rounding` is by how
much PyTorch's own float32 is off, of these tensors and of those that are mixed in float32: where small variances are divided by, far more than one rounding.
"""
import json, os
import torch
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg
from formula_models import scale_of, uniform

# Coefficients of models 1, 2, ..., and whether the image tower alone is mixed.
CASES = [([0.3], True), ([1.0], True), ([-0.5], True), ([0.3], False), ([0.8, 0.8], True), ([-1.0, 1.0, 1.0], False), ([1 / 3] * 3, False)]


def tiny():
    vision = CLIPVisionCfg(layers=2, width=8, head_width=4, patch_size=2, image_size=4, mlp_ratio=2)
    text = CLIPTextCfg(context_length=6, vocab_size=12, width=8, heads=4, layers=2, mlp_ratio=2)
    return CLIP(4, vision, text).eval()


def state(model, of):
    made = {}
    for name, p in model.named_parameters():
        offset, scale = scale_of(name, tuple(p.shape))
        value = torch.from_numpy(offset + scale * uniform(of + name, p.numel())).float().reshape(p.shape)
        made[name] = torch.full_like(p, 100.0).log() if name == 'logit_scale' else value
    return made


@torch.no_grad()
def embeddings(tensors, dtype):
    model = tiny().to(dtype)
    model.attn_mask = model.attn_mask.to(dtype)
    model.load_state_dict(tensors, strict=False)
    image = (torch.arange(48, dtype=torch.float32) * .37).sin().to(dtype).reshape(1, 3, 4, 4)
    text = torch.tensor([[10, 3, 5, 1, 11, 0]])
    return [x for part in (model.encode_image(image, normalize=True), model.encode_text(text, normalize=True)) for x in part[0].tolist()]


def main():
    model, cases = tiny(), []
    base = {n: p.detach() for n, p in state(model, '').items()}
    for coefficients, image_alone in CASES:
        others = [state(model, f'{k}/') for k in range(1, len(coefficients) + 1)]
        def mixed(n, dtype):
            if image_alone and not n.startswith('visual.'): return base[n]
            start = base[n].to(dtype)
            return (start + sum(c * (o[n].detach().to(dtype) - start) for c, o in zip(coefficients, others))).float()
        single, double = ({n: mixed(n, dtype) for n in base} for dtype in (torch.float32, torch.float64))
        exact = embeddings(double, torch.float64)
        rounding = max(abs(x - y) for tensors in (single, double) for x, y in zip(embeddings(tensors, torch.float32), exact))
        cases.append({'coefficients': coefficients, 'tower': 'image' if image_alone else 'all', 'embeddings': exact, 'rounding': rounding,
                      'tensors': {n: [p.flatten()[0].item(), p.double().sum().item()] for n, p in double.items()}})
    lines = ',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases)
    open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'mix.json'), 'w').write(f'[\n{lines}\n]\n')


if __name__ == '__main__': main()
