"""Writes the class lists and templates that the page offers, from open_clip_torch 3.3.0 (MIT).

    lists.py FOLDER_OF_OPEN_CLIP

public/clip/imagenet.txt     the 1,000 classes of ImageNet-1k as OpenAI named them for CLIP, in the order of their ids
public/clip/templates-80.txt the 80 templates for ImageNet, {} for the class
public/clip/templates-7.txt  the 7 that do nearly as well
"""
import os, runpy, sys

public = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../../../public/clip')
facts = runpy.run_path(os.path.join(sys.argv[1], 'zero_shot_metadata.py'))
lists = {
    'imagenet.txt': facts['IMAGENET_CLASSNAMES'],
    'templates-80.txt': [template('{}') for template in facts['OPENAI_IMAGENET_TEMPLATES']],
    'templates-7.txt': [template('{}') for template in facts['SIMPLE_IMAGENET_TEMPLATES']],
}
assert [len(lines) for lines in lists.values()] == [1000, 80, 7]
for name, lines in lists.items():
    with open(os.path.join(public, name), 'w') as f:
        f.write('\n'.join(lines) + '\n')
